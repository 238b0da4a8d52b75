"""CUDA graphs draw what the network draws. What needs a GPU is left out without one."""

from __future__ import annotations

import pytest
import torch

from tests.unit.test_engines import a_generator, a_swapae
from webtoonfaces.errors import BadInputError
from webtoonfaces.pretrained.generators import StyleGAN2, SwappingAutoencoder
from webtoonfaces.pretrained.graphs import KEPT, MOST, Graphs


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Convolutions in float32 as it is, not in TF32: ways that round differently would be a hundredth apart."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


def test_elsewhere_it_only_calls():
    calls = []
    graphs = Graphs()
    for _ in range(2):
        (found,) = graphs("double", lambda x: (calls.append(1), (2 * x,))[1], torch.ones(1, 3))
    assert torch.equal(found, torch.full((1, 3), 2.0)) and len(calls) == 2


def test_half_precision_is_for_gpus():
    with pytest.raises(BadInputError, match="bfloat16"):
        a_generator(precision="float16")


@needs_cuda
@pytest.mark.parametrize("count", [1, 3, MOST + 1])
def test_a_replay_draws_the_pictures_of_new_codes(count):
    plain = a_generator()
    G = StyleGAN2(plain.network, device="cuda")
    for seed in (0, 10):
        ws = G.sample_ws(range(seed, seed + count))
        with torch.no_grad():
            wanted = G.network.synthesis(ws)
        assert torch.allclose(G.synthesis(ws), wanted, atol=1e-3)
    draft = G.synthesis(ws, max_size=16)
    assert draft.shape[-1] == 16
    assert not torch.equal(G.synthesis(ws, noise_mode="none"), G.synthesis(ws))


@needs_cuda
def test_pictures_of_many_shapes_are_swapped():
    plain = a_swapae()
    AE = SwappingAutoencoder(plain.encoder, plain.generator, device="cuda", precision="float16")
    for width in range(64, 64 + 16 * (KEPT + 2), 16):
        images = torch.rand(1, 3, 64, width, device="cuda") * 2 - 1
        structure, style = AE.encode(images)
        with torch.no_grad():
            codes, _ = AE.encoder(images)
            wanted = AE.generator(structure, style, "none")
        assert (structure - codes).abs().max() < 0.05 * codes.abs().max()
        drawn = AE.decode(structure, style)
        assert drawn.shape == images.shape and (drawn - wanted).abs().max() < 0.05 * wanted.abs().max()


@needs_cuda
def test_what_cannot_be_recorded_is_called():
    graphs = Graphs()
    waits = lambda x: (x * float(x.sum()),)  # noqa: E731
    for _ in range(2):
        (found,) = graphs("waits", waits, torch.ones(1, 3, device="cuda"))
        assert torch.equal(found.cpu(), torch.full((1, 3), 3.0))
