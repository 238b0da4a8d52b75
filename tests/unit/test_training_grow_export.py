"""Starting from weights: the same sizes, larger ones, parts of a checkpoint; and exporting a run."""

from __future__ import annotations

import itertools
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from webtoonfaces.errors import BadInputError, WeightsError
from webtoonfaces.images import to_pil
from webtoonfaces.models import ops
from webtoonfaces.models import stylegan2 as sg
from webtoonfaces.models import swapae as ae
from webtoonfaces.training import card
from webtoonfaces.training import export as exporting
from webtoonfaces.training.checkpoints import load_state, states
from webtoonfaces.training.export import export
from webtoonfaces.training.launch import launch, weights
from webtoonfaces.training.trainers.grow import grown, start_from
from webtoonfaces.weights import convert

SMALL = sg.StyleGAN2Config(size=32, channels=(16, 16, 8, 8), w_dim=8, mapping_layers=2)
LARGER = sg.StyleGAN2Config(size=64, channels=(16, 16, 8, 8, 4), w_dim=8, mapping_layers=2)
WIDER = sg.StyleGAN2Config(size=32, channels=(24, 16, 16, 12), w_dim=8, mapping_layers=2)


def built(cls, config, seed: int = 0):
    torch.manual_seed(seed)
    network = cls(config)
    for parameter in network.parameters():  # biases and noise weights are 0 in a fresh network
        parameter.data += 0.1 * torch.randn_like(parameter)
    return network


def same_ws(num_ws: int) -> torch.Tensor:
    return torch.randn(3, 8, generator=torch.Generator().manual_seed(5))[:, None].expand(-1, num_ws, -1)


@torch.no_grad()
def test_a_generator_that_grew_draws_the_same_picture_enlarged():
    small, large = built(sg.Generator, SMALL), sg.Generator(LARGER)
    large.load_state_dict(grown("g", large, small))
    wanted = ops.upsample(small.synthesis(same_ws(SMALL.num_ws)))
    torch.testing.assert_close(large.synthesis(same_ws(LARGER.num_ws)), wanted, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_wider_generator_draws_the_same_picture():
    small, wide = built(sg.Generator, SMALL), built(sg.Generator, WIDER, seed=1)
    wide.load_state_dict(grown("g", wide, small))
    ws = same_ws(SMALL.num_ws)
    torch.testing.assert_close(wide.synthesis(ws), small.synthesis(ws), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_discriminator_that_grew_keeps_its_smaller_layers():
    small, large = built(sg.Discriminator, SMALL), sg.Discriminator(LARGER)
    before = large.state_dict()["convs.1.conv1.0.weight"].clone()
    large.load_state_dict(grown("d", large, small))
    x = torch.randn(4, 8, 32, 32)
    wanted, got = small.convs[1:](x), large.convs[2:](x)
    torch.testing.assert_close(got, wanted)
    torch.testing.assert_close(large.final_conv(ops.minibatch_stddev(got)), small.final_conv(ops.minibatch_stddev(got)))
    assert torch.equal(large.state_dict()["convs.1.conv1.0.weight"], before)


@torch.no_grad()
def test_a_wider_discriminator_judges_nearly_alike():
    """Nearly, because the minibatch's deviation is an average over all channels, the new ones too."""
    small, wide = built(sg.Discriminator, SMALL), built(sg.Discriminator, WIDER, seed=1)
    wide.load_state_dict(grown("d", wide, small))
    x = torch.randn(8, 3, 32, 32)
    wide_maps, maps = wide.convs(x), small.convs(x)
    torch.testing.assert_close(wide_maps[:, :16], maps, atol=1e-4, rtol=1e-4)
    spread = ops.minibatch_stddev(maps)[:, -1:]
    a = wide.final_linear(wide.final_conv(torch.cat([wide_maps, spread], dim=1)).flatten(1))
    b = small.final_linear(small.final_conv(torch.cat([maps, spread], dim=1)).flatten(1))
    torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("config", [LARGER, WIDER])
def test_other_sizes_need_to_be_asked_for(config):
    small = sg.Generator(SMALL)
    with pytest.raises(BadInputError, match=r"32 px and 16 16 8 8 channels.*--grow") as caught:
        start_from({"g": sg.Generator(config)}, {"g_ema": small})
    assert " ".join(map(str, config.channels)) in str(caught.value)
    start_from({"g": sg.Generator(config)}, {"g_ema": small}, grow=True)


@pytest.mark.parametrize(
    "config",
    [
        sg.StyleGAN2Config(size=32, channels=(8, 8, 8, 8), w_dim=8, mapping_layers=2),
        sg.StyleGAN2Config(size=64, channels=(16, 16, 8, 8, 4), w_dim=8, mapping_layers=3),
        sg.StyleGAN2Config(size=64, channels=(16, 16, 8, 8, 4), w_dim=16, mapping_layers=2),
    ],
)
def test_nothing_grows_into_another_shape(config):
    with pytest.raises(BadInputError, match="preset"):
        start_from({"g": sg.Generator(config)}, {"g": sg.Generator(SMALL)}, grow=True)


@torch.no_grad()
def test_a_swapae_grows_in_the_channels_of_its_structure():
    """What it encodes in the channels that it had stays, and it draws the same picture from them."""
    small, large = ae.SwapAEConfig(channel=1, size=64), ae.SwapAEConfig(channel=1, size=64, structure_channels=12)
    e, g = built(ae.Encoder, small), built(ae.Generator, small)
    networks = {"e": ae.Encoder(large), "g": ae.Generator(large)}
    with pytest.raises(BadInputError, match="12 structure channels"):
        start_from(networks, {"e": e, "g": g})
    assert start_from(networks, {"e": e, "g": g}, grow=True) == []
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    structure, style = e(x)
    more, same_style = networks["e"](x)
    torch.testing.assert_close(more[:, :8], structure)
    torch.testing.assert_close(same_style, style)
    wanted = g(structure, style, "none")
    torch.testing.assert_close(networks["g"](more, style, "none"), wanted, atol=1e-4, rtol=1e-4)
    with pytest.raises(BadInputError, match="preset"):
        start_from({"g": g}, {"g": networks["g"]}, grow=True)


def test_a_swapae_grows_in_size_and_in_no_width():
    small = ae.SwapAEConfig(channel=1, size=64, discriminator_channels=(8, 8, 8, 8, 4))
    large = ae.SwapAEConfig(channel=1, size=128, discriminator_channels=(8, 8, 8, 8, 4, 4))
    given = {"e_ema": ae.Encoder(small), "g": ae.Generator(small), "d": ae.Discriminator(small)}
    networks = {"e": ae.Encoder(large), "g_ema": ae.Generator(large), "d": ae.Discriminator(large)}
    networks["cooccur"] = ae.CooccurrenceDiscriminator(large)
    assert start_from(networks, given, grow=True) == ["cooccur"]
    assert torch.equal(networks["d"].convs[2].conv1[0].weight, given["d"].convs[1].conv1[0].weight)
    wide = ae.SwapAEConfig(channel=2)
    with pytest.raises(BadInputError, match="channel unit of 1"):
        start_from({"e": ae.Encoder(wide)}, given, grow=True)


# a run, exported and started from again


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "faces"
    random = np.random.default_rng(0)
    for i in range(20):
        path = folder / "title" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    about = {"count": 20, "artist": "Ann Author", "licence": "CC BY 4.0", "attribution": "Noise by Ann Author"}
    (folder / "manifest.json").write_text(json.dumps({"titles": {"title": about}}))
    return folder


@pytest.fixture(scope="module", params=["stylegan2", "swapae"])
def run(request, data, tmp_path_factory) -> tuple[str, Path]:
    out = tmp_path_factory.mktemp(f"run-{request.param}")
    options = {"preset": "smoke", "device": "cpu", "kimg": 0.004, "batch": 4, "command": "webtoonfaces train"}
    launch(request.param, data, out, say=str, **options)
    return request.param, out


def of_run(out: Path, name: str) -> dict[str, torch.Tensor]:
    return load_state(states(out)[-1])["networks"][name]


def test_an_exported_run_renders_what_it_trained(run, tmp_path):
    family, out = run
    written = export(out, tmp_path / "demo.safetensors", dtype=torch.float32)
    [file] = written.files
    assert file.nbytes == file.path.stat().st_size and len(file.sha256) == 64
    checkpoint = convert.read(file.path, family)
    for name in convert.NEEDED[family]:
        network = checkpoint.build(name)
        assert network.config.size == (32 if family == "stylegan2" else 64)
        for key, value in of_run(out, name).items():
            if key == "w_avg":  # a trainer does not measure it
                assert float(value.abs().max()) == 0 and float(network.w_avg.abs().max()) > 0
            else:
                assert torch.equal(network.state_dict()[key], value), key
    half = export(out, tmp_path / "half.safetensors")
    assert half.files[0].nbytes < 0.6 * file.nbytes


def test_resuming_keeps_the_command_that_began_the_run(data, tmp_path):
    """The card shows it as the command that makes the model. Resuming needs less: no weights, no configuration."""
    for kimg, command in ((0.004, "webtoonfaces train --init a"), (0.008, "webtoonfaces train")):
        launch("stylegan2", data, tmp_path, preset="smoke", device="cpu", kimg=kimg, batch=4, command=command, say=str)
    assert json.loads((tmp_path / "options.json").read_text())["command"] == "webtoonfaces train --init a"
    assert len(states(tmp_path)) == 2


def test_the_card_says_what_it_is(run, tmp_path, data):
    _, out = run
    written = export(out, tmp_path / "demo.safetensors", metrics={"KID": 0.03125}, limits=["Only noise."])
    text, sha256 = written.card.read_text(), written.files[0].sha256
    for told in ("# demo", "webtoonfaces train", "CC BY 4.0", "Ann Author", "KID | 0.03125", "Only noise.", sha256):
        assert told in text, told
    assert "0.0 thousand pictures (1 steps of 4)" in text
    assert "Nothing was measured" in export(out, tmp_path / "bare.safetensors").card.read_text()
    archive = tmp_path / "faces.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(data / "manifest.json", "faces/manifest.json")
    assert "Ann Author" in export(out, tmp_path / "zip.safetensors", data=archive).card.read_text()
    no_manifest = export(out, tmp_path / "none.safetensors", data=tmp_path).card.read_text()
    assert "has no manifest" in no_manifest


def test_the_card_shows_what_the_network_draws(run, data, tmp_path, monkeypatch):
    family, out = run
    size = 32 if family == "stylegan2" else 64
    if family == "swapae":
        assert export(out, tmp_path / "few.safetensors").sheet is None  # too few pictures were held out
        assert "few.png" not in (tmp_path / "few.md").read_text()
        pictures = torch.rand(12, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
        monkeypatch.setattr(card, "_held_out", lambda *_: pictures)
    written = export(out, tmp_path / "demo.safetensors", dtype=torch.float32)
    assert written.sheet == tmp_path / "demo.png" and "](demo.png)" in written.card.read_text()
    checkpoint = convert.read(written.files[0].path, family)
    networks = {name: checkpoint.build(name).eval() for name in convert.NEEDED[family]}
    sheet = card.card_sheet(family, networks, data=data, size=size)
    with Image.open(written.sheet) as shown, torch.inference_mode():
        assert np.array_equal(np.asarray(shown.convert("RGB")), np.asarray(sheet.convert("RGB")))
        g = networks["g_ema"]
        if family == "stylegan2":
            assert shown.size == (16 * 64, 4 * 64)
            z = torch.from_numpy(np.random.RandomState(17).randn(1, g.config.w_dim).astype(np.float32))
            picture = g.synthesis(g.mapping(z)[:, None].expand(-1, g.num_ws, -1), "const")
            place = (1, 1)
        else:
            assert shown.size == (9 * 64, 5 * 64)
            structure, style = networks["e_ema"](pictures[[2, 4 + 5]])
            ws = style[:, None].expand(-1, 8, -1)
            picture = g(structure[:1], torch.cat([ws[:1, :2], ws[1:, 2:]], dim=1), "none")
            place = (6, 3)
        whole = card._samples(networks) if family == "stylegan2" else card._swaps(networks, pictures)
        cell = whole.crop((64 * place[0], 64 * place[1], 64 * place[0] + 64, 64 * place[1] + 64))
        wanted = to_pil(picture)[0].resize((64, 64), Image.Resampling.LANCZOS)
        assert np.abs(np.asarray(cell, int) - np.asarray(wanted, int)).max() <= 2


def test_a_run_starts_from_the_parts_of_another(run, data, tmp_path, monkeypatch):
    family, out = run
    monkeypatch.setattr(exporting, "PART_BYTES", 60_000)
    files = [file.path for file in export(out, tmp_path / "all.safetensors", everything=True).files]
    assert len(files) > 2 and max(file.stat().st_size for file in files) < 60_000 + 200_000 * (family == "swapae")
    names = {path.name for path in files}
    assert f"all-00001-of-{len(files):05d}.safetensors" in names
    spread = [{key.split(".")[0] for key in safe_open(path, "pt").keys()} for path in files]  # noqa: SIM118
    assert any(a & b for a, b in itertools.pairwise(spread)), "no network is spread over two files"
    networks = weights(family, files)
    assert networks.keys() == set(convert.FAMILIES[family])
    for name, network in networks.items():
        for key, value in of_run(out, name).items():
            if key != "w_avg":
                torch.testing.assert_close(network.state_dict()[key], value, rtol=2e-3, atol=1e-4)
    with pytest.raises(WeightsError, match="part 2 is missing"):
        weights(family, [path for path in files if "-00002-" not in path.name])

    said: list[str] = []
    begun = tmp_path / "begun"
    launch(
        family,
        data,
        begun,
        preset="smoke",
        device="cpu",
        init=files,
        kimg=0.004,
        batch=4,
        say=said.append,
        config={"learning_rate": 0.0},
    )
    assert said[0].startswith("starting from") and "new" not in said[0]
    for name in ("g", "d"):
        for key, value in of_run(begun, name).items():
            torch.testing.assert_close(value, networks[name].state_dict()[key]) if key != "w_avg" else None
    assert json.loads((begun / "options.json").read_text())["init"] == [path.name for path in files]


def test_original_checkpoints_are_a_start(tmp_path):
    """Kim Seonghyeon's layout, as FFHQ's is: g, d and g_ema in one .pt, which is what transfer begins with."""
    networks = {"g": sg.Generator(SMALL), "d": sg.Discriminator(SMALL), "g_ema": sg.Generator(SMALL)}
    kinds = convert.FAMILIES["stylegan2"]
    torch.save({name: convert.export(kinds[name], net) for name, net in networks.items()}, tmp_path / "ffhq.pt")
    found = weights("stylegan2", [tmp_path / "ffhq.pt"])
    assert torch.equal(found["d"].state_dict()["convs.0.0.weight"], networks["d"].state_dict()["convs.0.0.weight"])
    torch.save({"g_ema": convert.export(kinds["g"], networks["g"])}, tmp_path / "alone.pt")
    assert weights("stylegan2", [tmp_path / "alone.pt"]).keys() == {"g_ema"}


def test_finetuning_with_photos_starts_from_weights_and_takes_its_defaults(data, tmp_path, run):
    family, out = run
    if family != "swapae":
        pytest.skip("only a SwapAE is finetuned")
    trained = export(out, tmp_path / "ae.safetensors").files[0].path
    with pytest.raises(BadInputError, match="--init"):
        launch("swapae", data, tmp_path / "new", preset="smoke", device="cpu", photos=data)
    said: list[str] = []
    path = launch(
        "swapae",
        data,
        tmp_path / "fine",
        preset="smoke",
        device="cpu",
        init=[trained],
        photos=data,
        minutes=1e-9,
        say=said.append,
    )
    options = json.loads((tmp_path / "fine" / "options.json").read_text())
    assert (options["batch"], options["photo_batch"], options["kimg"]) == (16, 8, 32)
    assert "new: d, cooccur" in said[0] and load_state(path)["step"] == 1
    with pytest.raises(BadInputError, match="--photos"):
        launch("swapae", data, tmp_path / "fine", preset="smoke", device="cpu")


@pytest.mark.parametrize(
    ("source", "out", "named"),
    [("nothing", "a.safetensors", "no run"), (".", "a.safetensors", "no checkpoint"), (".", "a.pt", "safetensors")],
)
def test_what_cannot_be_exported_is_explained(tmp_path, source, out, named):
    with pytest.raises(BadInputError, match=named):
        export(tmp_path / source, tmp_path / out)
