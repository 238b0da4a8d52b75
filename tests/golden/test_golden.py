"""Every network and the benchmarks' reference against what the original code computed, from the same weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import plain
from webtoonfaces.models.ops import arrange
from webtoonfaces.weights import convert

from .fill import draw, fill, layout_state_dict, picture

REFERENCE = dict(np.load(Path(__file__).parent / "reference.npz"))
LAYOUTS = json.loads((Path(__file__).parent / "layouts.json").read_text())  # of original checkpoints, by kind
TOLERANCE = 1e-4  # of the largest absolute value of the reference


@pytest.fixture(scope="module")
def build():
    built: dict[str, torch.nn.Module] = {}

    def get(kind: str) -> torch.nn.Module:
        if kind not in built:
            built[kind] = convert.build(kind, fill(layout_state_dict(kind), kind))
        return built[kind]

    return get


def check(name: str, ours: torch.Tensor) -> None:
    reference = REFERENCE[name]
    ours = ours.detach().numpy()
    if ours.shape != reference.shape:  # pictures are stored thinned
        ours = ours[..., ::4, ::4]
    assert ours.shape == reference.shape
    assert np.abs(ours - reference).max() <= TOLERANCE * np.abs(reference).max()


def repeat(w: torch.Tensor, layers: int = 14) -> torch.Tensor:
    return w[:, None].repeat(1, layers, 1)


def test_stylegan2_generator(build):
    g = build("stylegan2_generator")
    w, w2 = g.mapping(draw("z", (2, 512))), g.mapping(draw("z2", (2, 512)))
    check("sg_w", w)
    mean = g.mapping(draw("mean", (256, 512))).mean(dim=0, keepdim=True)
    check("sg_mean_w_256", mean)
    check("sg_image", g.synthesis(repeat(w), "const"))
    check("sg_image_psi0.7", g.synthesis(repeat(mean + 0.7 * (w - mean)), "const"))
    check("sg_mix_inject4", g.synthesis(torch.cat([repeat(w, 4), repeat(w2, 10)], dim=1), "const"))
    check("sg_wplus_7_7", g.synthesis(torch.cat([repeat(w, 7), repeat(w2, 7)], dim=1), "const"))


def test_reference_of_the_benchmarks():
    with torch.no_grad():
        state = fill(layout_state_dict("stylegan2_generator"), "stylegan2_generator")
        check("sg_image", plain.synthesis(state, repeat(torch.from_numpy(REFERENCE["sg_w"]))))
        structure, texture = plain.encode(fill(layout_state_dict("swapae_encoder"), "swapae_encoder"), picture(2))
        check("ae_structure", structure)
        check("ae_texture", texture)
        state = fill(layout_state_dict("swapae_generator"), "swapae_generator")
        check("ae_recon_zero_noise", plain.decode(state, structure, repeat(texture, 8)))


def test_frozen_and_arranged(build):
    """As handles use them: without gradients, with weights laid out for it."""
    g = arrange(build("stylegan2_generator"))
    e, d = arrange(build("swapae_encoder")), arrange(build("swapae_generator"))
    with torch.no_grad():
        check("sg_w", g.mapping(draw("z", (2, 512))))
        check("sg_image", g.synthesis(repeat(torch.from_numpy(REFERENCE["sg_w"])), "const"))
        structure, texture = e(picture(2))
        check("ae_structure", structure)
        check("ae_texture", texture)
        check("ae_recon_zero_noise", d(structure, texture, "none"))
        noise = [draw(f"noise_{i}", (2, 1, s, s)) for i, s in enumerate((16, 16, 16, 16, 32, 64, 128, 256))]
        check("ae_recon_noise", d(structure, texture, "none", noise=noise))


def test_stylegan2_discriminator(build):
    check("sd_logits", build("stylegan2_discriminator")(picture(4)))


def test_swapae(build):
    structure, texture = build("swapae_encoder")(picture(2))
    check("ae_structure", structure)
    check("ae_texture", texture)
    g = build("swapae_generator")
    check("ae_recon_zero_noise", g(structure, texture, "none"))
    noise = [draw(f"noise_{i}", (2, 1, s, s)) for i, s in enumerate((16, 16, 16, 16, 32, 64, 128, 256))]
    check("ae_recon_noise", g(structure, texture, "none", noise=noise))
    swaps = [name for name in REFERENCE if name.startswith("ae_swap_loc")]
    assert swaps
    for name in swaps:
        location = int(name.removeprefix("ae_swap_loc"))
        style = torch.cat([repeat(texture[:1], location), repeat(texture[1:], 8 - location)], dim=1)
        check(name, g(structure[:1], style, "none"))


def test_swapae_discriminators(build):
    check("ae_d_logits", build("swapae_discriminator")(picture(2)))
    logits, reference = build("swapae_cooccur")(picture(2, 64), picture(8, 64, phase=1))
    check("ae_cooccur_logits", logits)
    check("ae_cooccur_ref", reference)


def test_cartoonizers(build):
    check("cartoonizer_image", build("cartoonizer")(picture(1)))
    check("animegan2_image", build("animegan2")(picture(1)))


def test_dexined(build):
    pytest.importorskip("kornia", reason="the extra `edges` is not installed")
    maps = build("dexined")(100 * picture(1))
    for i, one in enumerate(maps):
        check(f"dexined_{i}", one)


def test_every_reference_is_checked():
    """A vector that is added to the reference must not go unnoticed."""
    source = Path(__file__).read_text()
    swaps, maps = "ae_swap_loc", "dexined_"
    assert all(f'"{name}"' in source or name.startswith((swaps, maps)) for name in REFERENCE)


@pytest.mark.parametrize("kind", [kind for kind in convert.kinds() if kind in LAYOUTS])
def test_export_is_bit_for_bit(kind, build):
    if kind == "dexined":
        pytest.importorskip("kornia", reason="the extra `edges` is not installed")
    original = fill(layout_state_dict(kind), kind)
    exported = convert.export(kind, build(kind))
    assert exported.keys() == original.keys()
    for key, value in original.items():
        assert exported[key].dtype == value.dtype
        assert torch.equal(exported[key], value), key
