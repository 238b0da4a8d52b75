"""Checkpoints in and out: original files, ours, and those that must be refused."""

from __future__ import annotations

import argparse
import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import webtoonfaces as wf
from tests.conftest import TINY_STYLEGAN2, TINY_SWAPAE
from webtoonfaces.errors import LayoutError, UnknownNameError, UnsafeFileError, WeightsError, WeightsNotFoundError
from webtoonfaces.models import stylegan2, swapae
from webtoonfaces.weights import convert


def stylegan2_file(path: Path, **extra) -> Path:
    """An original StyleGAN2 checkpoint of a tiny model: g, d, g_ema and the options as a Namespace."""
    torch.manual_seed(3)
    g, d = stylegan2.Generator(TINY_STYLEGAN2), stylegan2.Discriminator(TINY_STYLEGAN2)
    content = {
        "g": convert.export("stylegan2_generator", g),
        "d": convert.export("stylegan2_discriminator", d),
        "g_ema": convert.export("stylegan2_generator", g),
        "args": argparse.Namespace(size=32, latent=24, path="somewhere", augment=True, lr=0.002),
    }
    torch.save(content | extra, path)
    return path


def swapae_file(path: Path) -> Path:
    torch.manual_seed(4)
    e, g = swapae.Encoder(TINY_SWAPAE), swapae.Generator(TINY_SWAPAE)
    d, c = swapae.Discriminator(TINY_SWAPAE), swapae.CooccurrenceDiscriminator(TINY_SWAPAE)
    encoder, generator = convert.export("swapae_encoder", e), convert.export("swapae_generator", g)
    content = {
        "e": encoder,
        "g": generator,
        "e_ema": encoder,
        "g_ema": generator,
        "d": convert.export("swapae_discriminator", d),
        "cooccur": convert.export("swapae_cooccur", c),
        "g_optim": {"state": {}, "param_groups": []},
        "args": argparse.Namespace(channel=2, size=64),
    }
    torch.save(content, path)
    return path


def test_original_stylegan2_loads(tmp_path):
    g = wf.load_stylegan2(stylegan2_file(tmp_path / "250000.pt"), device="cpu")
    assert (g.size, g.num_ws, g.w_dim) == (32, 8, 24)
    assert g.w_avg.abs().sum() > 0
    assert g.weights.name == ""
    assert len(g.weights.sha256) == 64
    assert g.render(g.sample_ws([0]))[0].size == (32, 32)


def test_original_swapae_loads(tmp_path):
    ae = wf.load_swapae(swapae_file(tmp_path / "500000.pt"), device="cpu")
    assert (ae.num_ws, ae.style_dim, ae.size) == (8, 128, 64)
    structure, style = ae.encode(torch.zeros(1, 3, 64, 64))
    assert structure.shape == (1, 8, 4, 4)
    assert style.shape == (1, 8, 128)


def test_through_our_format_and_back_bit_for_bit(tmp_path):
    for family, write, names in (
        ("stylegan2", stylegan2_file, ("g_ema", "g", "d")),
        ("swapae", swapae_file, ("e_ema", "g_ema", "e", "g", "d", "cooccur")),
    ):
        original = write(tmp_path / f"{family}.pt")
        ours = convert.convert_file(original, tmp_path / f"{family}.safetensors", family, everything=True)
        back = convert.convert_file(ours, tmp_path / f"{family}-back.pt", family, everything=True)
        first, again = convert.unpickle(original), convert.unpickle(back)
        assert set(again) == set(names)
        for name in names:
            assert again[name].keys() == first[name].keys()
            assert all(torch.equal(again[name][key], value) for key, value in first[name].items())


def test_only_what_rendering_needs_is_kept_by_default(tmp_path):
    ours = convert.convert_file(stylegan2_file(tmp_path / "a.pt"), tmp_path / "a.safetensors", "stylegan2")
    assert convert.network_names(ours, "stylegan2") == {"g_ema"}
    assert json.loads(convert.read(ours, "stylegan2").metadata["config"])["g_ema"]["size"] == 32


def test_both_formats_render_the_same(tmp_path):
    original = stylegan2_file(tmp_path / "a.pt")
    ours = convert.convert_file(original, tmp_path / "a.safetensors", "stylegan2")
    a, b = wf.load_stylegan2(original, device="cpu"), wf.load_stylegan2(ours, device="cpu")
    assert torch.equal(a.synthesis(a.sample_ws([5])), b.synthesis(b.sample_ws([5])))


class Danger:
    def __reduce__(self):
        return (os.system, ("echo danger",))


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_what_would_run_code_is_refused_by_name(tmp_path, legacy):
    path = tmp_path / "evil.pt"
    torch.save({"g_ema": {}, "args": Danger()}, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(UnsafeFileError, match=r"evil\.pt was not opened.*posix\.system|nt\.system"):
        wf.load_stylegan2(path)


def test_a_namespace_does_not_open_the_door_for_others(tmp_path):
    path = stylegan2_file(tmp_path / "evil.pt", args=argparse.Namespace(size=32, hook=Danger()))
    with pytest.raises(UnsafeFileError, match="system"):
        wf.load_stylegan2(path)


def test_a_plain_pickle_is_refused(tmp_path):
    path = tmp_path / "plain.pt"
    path.write_bytes(pickle.dumps({"g_ema": Danger()}))
    with pytest.raises(WeightsError, match=r"plain\.pt"):
        wf.load_stylegan2(path)


def test_every_wrong_key_is_named_at_once():
    state = convert.export("stylegan2_generator", stylegan2.Generator(TINY_STYLEGAN2))
    del state["conv1.noise.weight"]
    state["extra.weight"] = torch.zeros(1)
    state["to_rgb1.bias"] = torch.zeros(1, 4, 1, 1)
    with pytest.raises(LayoutError) as error:
        convert.build("stylegan2_generator", state)
    for told in ("conv1.noise.weight", "extra.weight", "to_rgb1.bias is [1, 4, 1, 1], should be [1, 3, 1, 1]"):
        assert told in str(error.value)


def test_a_foreign_filter_is_refused():
    state = convert.export("stylegan2_generator", stylegan2.Generator(TINY_STYLEGAN2))
    state["convs.0.conv.blur.kernel"] = torch.ones(4, 4)
    with pytest.raises(LayoutError, match=r"convs\.0\.conv\.blur\.kernel"):
        convert.build("stylegan2_generator", state)


def test_unequal_copies_of_the_shared_block_are_refused():
    from tests.golden.fill import fill, layout_state_dict

    state = fill(layout_state_dict("cartoonizer"), "cartoonizer")
    state["res_blocks.2.conv_layer.0.bias"] = torch.zeros(128)
    with pytest.raises(LayoutError, match=r"res_blocks\.2\.conv_layer\.0\.bias differs"):
        convert.build("cartoonizer", state)


def test_a_state_dict_without_filters_is_enough():
    module = stylegan2.Generator(TINY_STYLEGAN2)
    state = {k: v for k, v in convert.export("stylegan2_generator", module).items() if not k.endswith("kernel")}
    assert convert.build("stylegan2_generator", state).config == TINY_STYLEGAN2


@pytest.mark.parametrize(("size", "multiplier"), [(32, 1), (64, 2), (1024, 1)])
def test_any_size_is_read_from_the_shapes(size, multiplier):
    channels = tuple(max(4, c // 16) for c in stylegan2.published_channels(size, multiplier))
    config = stylegan2.StyleGAN2Config(size=size, channels=channels, w_dim=16, mapping_layers=3)
    state = convert.export("stylegan2_generator", stylegan2.Generator(config))
    assert convert.build("stylegan2_generator", state).config == config


def test_swapae_of_any_width_is_read_from_the_shapes():
    for channel in (1, 3):
        config = swapae.SwapAEConfig(channel=channel)
        state = convert.export("swapae_generator", swapae.Generator(config))
        assert convert.build("swapae_generator", state).config.style_dim == 64 * channel


def test_the_wrong_kind_of_file(tmp_path):
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(stylegan2_file(tmp_path / "a.pt").read_bytes()[:5000])
    page = tmp_path / "page.safetensors"
    page.write_text("<html>quota</html>")
    foreign = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(1)}, foreign)
    cases = [
        (damaged, WeightsError, "cannot be read"),
        (page, WeightsError, "cannot be read"),
        (foreign, LayoutError, "webtoonfaces convert"),
        (swapae_file(tmp_path / "ae.pt"), LayoutError, "do not fit a stylegan2_generator"),
        (tmp_path / "nowhere.pt", WeightsNotFoundError, "There is no file"),
    ]
    for path, kind, told in cases:
        with pytest.raises(kind, match=told):
            wf.load_stylegan2(path)


def test_one_family_is_not_taken_for_another(tmp_path):
    ours = convert.convert_file(stylegan2_file(tmp_path / "a.pt"), tmp_path / "a.safetensors", "stylegan2")
    with pytest.raises(LayoutError, match="contains a stylegan2, not a swapae"):
        wf.load_swapae(ours)


def test_unknown_names():
    with pytest.raises(UnknownNameError, match="Did you mean webtoon"):
        wf.load_stylegan2("webtoons")
    with pytest.raises(UnknownNameError, match="stylegan2_generator"):
        convert.build("stylegan2_generatr", {})
