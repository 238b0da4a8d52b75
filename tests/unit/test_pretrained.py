"""The two handles: codes, pictures, and messages about mistakes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from PIL import Image

import webtoonfaces as wf
from webtoonfaces.errors import BadInputError
from webtoonfaces.images import to_pil, to_tensor

SEEDS_IN_A_FRESH_PROCESS = """
import hashlib, webtoonfaces as wf
ws = wf.load_stylegan2("demo", device="cpu").sample_ws([0, 7, 123456], truncation_psi=0.7)
print(hashlib.sha256(ws.numpy().tobytes()).hexdigest())
"""


def test_shapes_come_from_the_model(tiny_generator):
    g = tiny_generator
    ws = g.sample_ws([0, 1, 2])
    assert ws.shape == (3, g.num_ws, g.w_dim) == (3, 8, 24)
    assert g.synthesis(ws).shape == (3, 3, 32, 32)
    assert g.synthesis(ws).dtype == torch.float32
    assert g.w_avg.shape == (24,)
    assert [p.size for p in g.render(ws)] == [(32, 32)] * 3
    assert len(g.render(wf.interpolate(g.sample_ws(range(4)), rows=2, cols=3))) == 6


def test_seeds_are_numpys(tiny_generator):
    z = np.random.RandomState(5).randn(1, tiny_generator.w_dim).astype(np.float32)
    assert torch.equal(tiny_generator.sample_ws(5), tiny_generator.mapping(z))


def test_a_seeds_code_does_not_depend_on_its_neighbours(tiny_generator):
    together = tiny_generator.sample_ws(range(9), truncation_psi=0.7)
    for seed in range(9):
        assert torch.equal(together[seed : seed + 1], tiny_generator.sample_ws([seed], truncation_psi=0.7))


def test_seeds_give_the_same_codes_in_a_fresh_process(demo_generator):
    here = hashlib.sha256(demo_generator.sample_ws([0, 7, 123456], truncation_psi=0.7).numpy().tobytes()).hexdigest()
    run = subprocess.run([sys.executable, "-c", SEEDS_IN_A_FRESH_PROCESS], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == here


def test_w_avg_is_the_mean_of_4096_samples(tiny_generator):
    z = np.random.RandomState(0).randn(4096, tiny_generator.w_dim).astype(np.float32)
    assert torch.allclose(tiny_generator.w_avg, tiny_generator.mapping(z)[:, 0].mean(dim=0), atol=1e-6)


@pytest.mark.parametrize("psi", [9, -2.1, float("nan"), "a"])
def test_a_truncation_that_leaves_no_face_is_refused(tiny_generator, psi):
    with pytest.raises(BadInputError, match="from -2 to 2"):
        tiny_generator.sample_ws([0], truncation_psi=psi)


def test_truncation(tiny_generator):
    g = tiny_generator
    full, half = g.sample_ws([3]), g.sample_ws([3], truncation_psi=0.5)
    assert torch.allclose(half, (full + g.w_avg) / 2, atol=1e-6)
    cut = g.sample_ws([3], truncation_psi=0.5, truncation_cutoff=3)
    assert torch.equal(cut[:, 3:], full[:, 3:])
    assert torch.equal(cut[:, :3], half[:, :3])


def test_noise_modes(tiny_generator):
    g = tiny_generator
    for layer in [g.network.conv1, *g.network.convs]:
        layer.noise.weight.fill_(0.5)
    try:
        ws = g.sample_ws([0])
        assert torch.equal(g.synthesis(ws), g.synthesis(ws))
        assert not torch.equal(g.synthesis(ws, noise_mode="random"), g.synthesis(ws, noise_mode="random"))
        assert not torch.equal(g.synthesis(ws, noise_mode="none"), g.synthesis(ws))
    finally:
        for layer in [g.network.conv1, *g.network.convs]:
            layer.noise.weight.zero_()


def test_a_draft_is_an_earlier_resolution(tiny_generator):
    ws = tiny_generator.sample_ws([0])
    assert tiny_generator.synthesis(ws, max_size=16).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("family", ["stylegan2", "swapae"])
def test_a_batch_equals_its_pictures_one_by_one(family, demo_generator, demo_swapae):
    ws = demo_generator.sample_ws(range(5), truncation_psi=0.7)
    images = demo_generator.synthesis(ws)
    if family == "stylegan2":
        together, alone = images, torch.cat([demo_generator.synthesis(w[None]) for w in ws])
    else:
        scaled = images.clamp(-1, 1)
        structure, style = demo_swapae.encode(scaled)
        each = [demo_swapae.encode(one[None]) for one in scaled]
        together = demo_swapae.decode(structure, style)
        alone = torch.cat([demo_swapae.decode(*codes) for codes in each])
    assert (together - alone).abs().max() < 1e-4  # a 25th of one grey level of 255
    a, b = (np.stack([np.asarray(p) for p in to_pil(x)]).astype(int) for x in (together, alone))
    assert np.abs(a - b).max() <= 1


def test_batches_of_any_size_render_the_same(tiny_generator):
    ws = tiny_generator.sample_ws(range(7))
    small, large = tiny_generator.render(ws, batch=2), tiny_generator.render(ws, batch=7)
    assert all(np.abs(np.asarray(a).astype(int) - np.asarray(b)).max() <= 1 for a, b in zip(small, large, strict=True))


def test_encode_takes_whatever_is_a_picture(tiny_swapae, tmp_path):
    picture = Image.new("RGB", (96, 80), "tomato")
    picture.save(tmp_path / "p.png")
    for given in (picture, tmp_path / "p.png", [picture, picture.resize((50, 70))]):
        structure, style = tiny_swapae.encode(given)
        n = 2 if isinstance(given, list) else 1
        assert structure.shape == (n, 8, 4, 5)
        assert style.shape == (n, 8, 128)


@pytest.mark.parametrize(
    ("given", "codes"),
    [((64, 64), (4, 4)), ((70, 100), (4, 6)), ((20, 40), (4, 8)), ((1, 1), (4, 4)), ((512, 1024), (4, 8))],
)
def test_any_size_is_encoded_as_the_model_was_trained(tiny_swapae, given, codes):
    height, width = given
    for images in (torch.zeros(1, 3, *given), Image.new("RGB", (width, height))):
        structure, style = tiny_swapae.encode(images)
        assert structure.shape[2:] == codes
        assert style.shape == (1, 8, 128)


def test_samples_of_another_size_are_rebuilt_better_than_as_they_are(demo_generator, demo_swapae):
    """The autoencoder was trained at 128 px; at 64 px it distorts a face."""
    drawn = demo_generator.render(demo_generator.sample_ws(range(4), truncation_psi=0.7))
    samples = [picture.resize((64, 64), Image.Resampling.LANCZOS) for picture in drawn]

    def error(rebuilt: list[Image.Image]) -> float:
        pairs = zip(rebuilt, samples, strict=True)
        return float(np.mean([np.abs(np.subtract(a, b.resize(a.size), dtype=np.float32)).mean() for a, b in pairs]))

    rebuilt = demo_swapae.render(*demo_swapae.encode(samples))
    structure, style = demo_swapae.encoder(to_tensor(samples))
    assert {picture.size for picture in rebuilt} == {(128, 128)}
    assert error(rebuilt) < 0.75 * error(demo_swapae.render(structure, style))


def test_what_overshoots_is_clamped_before_it_is_encoded(tiny_swapae):
    images = torch.randn(1, 3, 64, 64)
    assert torch.equal(tiny_swapae.encode(images)[0], tiny_swapae.encode(images.clamp(-1, 1))[0])


def test_one_structure_goes_with_many_styles(tiny_swapae):
    structure, style = tiny_swapae.encode(torch.rand(3, 3, 64, 64) * 2 - 1)
    assert tiny_swapae.decode(structure[:1], style).shape == (3, 3, 64, 64)
    assert tiny_swapae.decode(structure, style[:1, 0]).shape == (3, 3, 64, 64)
    assert len(tiny_swapae.render(structure[:1], style.repeat(5, 1, 1), batch=4)) == 15


def test_one_vector_and_its_repetition_draw_the_same(tiny_swapae):
    structure, style = tiny_swapae.encode(torch.rand(1, 3, 64, 64) * 2 - 1)
    assert torch.equal(tiny_swapae.decode(structure, style), tiny_swapae.decode(structure, style[:, 0]))


def test_two_threads_at_once(tiny_generator):
    ws = tiny_generator.sample_ws(range(4))
    alone = tiny_generator.synthesis(ws)
    found: list[torch.Tensor] = []
    threads = [threading.Thread(target=lambda: found.append(tiny_generator.synthesis(ws))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(one, alone) for one in found)
    assert len(found) == 4


def test_demo_models_are_small_and_alike(demo_generator, demo_swapae):
    for handle in (demo_generator, demo_swapae):
        assert handle.weights.name == "demo"
        assert handle.weights.path.stat().st_size <= 16 * 2**20
    assert sum(p.numel() for p in demo_generator.network.parameters()) <= 8_000_000


def test_available_models():
    records = wf.available_models()
    assert {(r.kind, r.name) for r in records if r.embedded} == {
        ("stylegan2", "demo"),
        ("swapae", "demo"),
        ("upscaler", "demo"),
    }
    assert any(r.name == "webtoon" and r.kind == "stylegan2" for r in records)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda g, ae: g.sample_ws([-1]), "whole numbers"),
        (lambda g, ae: g.sample_ws([]), "empty"),
        (lambda g, ae: g.sample_ws(["a"]), "whole numbers"),
        (lambda g, ae: g.mapping(torch.zeros(1, 5)), r"\[N, 24\]"),
        (lambda g, ae: g.synthesis(torch.zeros(1, 8, 5)), "do not fit another"),
        (lambda g, ae: g.synthesis(torch.zeros(8, 24)), "first axis"),
        (lambda g, ae: g.synthesis(g.sample_ws([0]), noise_mode="loud"), "not 'loud'"),
        (lambda g, ae: ae.encode(torch.zeros(1, 4, 64, 64)), r"\[N, 3, H, W\]"),
        (lambda g, ae: ae.encode([]), "is empty"),
        (lambda g, ae: ae.decode(torch.zeros(1, 7, 4, 4), torch.zeros(1, 128)), r"\[N, 8, h, w\]"),
        (lambda g, ae: ae.decode(torch.zeros(1, 8, 4, 4), torch.zeros(1, 64)), "do not fit another"),
        (lambda g, ae: ae.decode(torch.zeros(2, 8, 4, 4), torch.zeros(3, 128)), "2 structures do not match 3"),
    ],
)
def test_mistakes_are_explained(call, told, tiny_generator, tiny_swapae):
    with pytest.raises(BadInputError, match=told):
        call(tiny_generator, tiny_swapae)
