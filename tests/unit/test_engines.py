"""ONNX files and engines draw what torch draws; what cannot be used is refused in words."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from webtoonfaces.cli.main import main
from webtoonfaces.errors import BadInputError, MissingExtraError
from webtoonfaces.models import ops, stylegan2, swapae, upscaler
from webtoonfaces.pretrained import engines, quantized
from webtoonfaces.pretrained.generators import StyleGAN2, SwappingAutoencoder
from webtoonfaces.pretrained.upscaler import Upscaler, load_upscaler

TOLERANCE = 1e-4  # of the range
PRESENT = [name for name in engines.available() if name not in ("torch", engines.INT8)]
needs_int8 = pytest.mark.skipif(engines.INT8 not in engines.available(), reason="the extra `int8` is not installed")
needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="the extra `onnx` is not installed",
)


def a_generator(**options):
    torch.manual_seed(0)
    config = stylegan2.StyleGAN2Config(size=64, channels=(16, 16, 12, 8, 8), w_dim=16, mapping_layers=2)
    network = stylegan2.Generator(config).eval().requires_grad_(False)
    for part in network.modules():
        if isinstance(part, ops.NoiseInjection):
            part.weight.fill_(0.3)
    return StyleGAN2(network, device="cpu", **options)


def a_swapae(cell=16, **options):
    torch.manual_seed(1)
    config = swapae.SwapAEConfig(channel=4, structure_channels=4, size=64, discriminator_channels=(8,) * 5, cell=cell)
    networks = swapae.Encoder(config), swapae.Generator(config)
    return SwappingAutoencoder(*(one.eval().requires_grad_(False) for one in networks), device="cpu", **options)


def session(path):
    import onnxruntime

    opened = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [one.name for one in opened.get_inputs()]
    return lambda *tensors: [
        torch.from_numpy(x) for x in opened.run(None, dict(zip(names, (t.numpy() for t in tensors), strict=True)))
    ]


def alike(ours, theirs):
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= TOLERANCE * (theirs.max() - theirs.min())


def codes(G, n):
    torch.manual_seed(n)
    return torch.randn(n, G.num_ws, G.w_dim)


@needs_onnx
def test_stylegan2_as_onnx(tmp_path):
    G = a_generator()
    paths = G.to_onnx(tmp_path, cut=6)
    assert [p.name for p in paths] == ["mapping.onnx", "synthesis.onnx", "synthesis-head.onnx", "synthesis-tail.onnx"]
    mapping, synthesis, head, tail = (session(path) for path in paths)
    for n in (1, 3):
        z, ws = torch.randn(n, 16), codes(G, n)
        alike(mapping(z)[0], G.network.mapping(z))
        alike(synthesis(ws)[0], G.synthesis(ws))
        mixed = torch.cat([ws[:, :6], codes(G, n + 5)[:n, 6:]], dim=1)
        alike(tail(*head(ws), mixed)[0], G.synthesis(mixed))  # the head has not seen the layers that differ


@needs_onnx
@pytest.mark.parametrize("cell", [pytest.param(16, marks=pytest.mark.slow), 8])
def test_swapae_as_onnx(tmp_path, cell):
    AE = a_swapae(cell)
    encode, decode, head, tail = (session(path) for path in AE.to_onnx(tmp_path, cut=3))
    for n, height, width in ((1, 64, 64), (3, 96, 64)):
        images = torch.rand(n, 3, height, width) * 2 - 1
        structure, style = AE.encode(images)
        ours = encode(images)
        alike(ours[0], structure)
        alike(ours[1], style[:, 0])
        ws = style + torch.randn_like(style)
        alike(decode(structure, ws)[0], AE.decode(structure, ws))
        alike(tail(*head(structure, ws), ws)[0], AE.decode(structure, ws))


@needs_onnx
def test_an_upscaler_as_onnx(tmp_path):
    torch.manual_seed(3)
    network = upscaler.Upscaler(upscaler.UpscalerConfig(width=8, depth=2)).eval().requires_grad_(False)
    handle = Upscaler(network, device="cpu")
    path = handle.to_onnx(tmp_path / "new" / "up.onnx")
    enlarge = session(path)
    for n, height, width in ((1, 16, 16), (3, 21, 40), (1, 1, 5)):
        images = torch.rand(n, 3, height, width) * 2 - 1
        (enlarged,) = enlarge(images)
        assert enlarged.shape == (n, 3, 4 * height, 4 * width)
        alike(enlarged, handle(images))


def test_an_upscaler_becomes_one_file(tmp_path, capsys):
    for path in (tmp_path, tmp_path / "up.pt"):
        with pytest.raises(BadInputError, match=r"ends in \.onnx"):
            Upscaler(upscaler.Upscaler(upscaler.UpscalerConfig(4, 0))).to_onnx(path)
    assert main(["export-onnx", "demo", str(tmp_path), "--kind", "upscaler", "--cut", "2"]) == 1
    assert "cannot be cut" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@needs_onnx
def test_the_command_exports_an_upscaler(tmp_path, capsys):
    assert main(["export-onnx", "demo", str(tmp_path / "out"), "--kind", "upscaler"]) == 0
    assert "upscale.onnx, " in capsys.readouterr().out
    images = torch.rand(1, 3, 32, 48) * 2 - 1
    alike(session(tmp_path / "out" / "upscale.onnx")(images)[0], load_upscaler("demo", device="cpu")(images))


@needs_onnx
@pytest.mark.slow
def test_the_command(tmp_path, capsys):
    assert main(["export-onnx", "demo", str(tmp_path / "out"), "--cut", "4"]) == 0
    told = capsys.readouterr().out
    assert told.count("opset 18") == 4
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert main(["export-onnx", "demo", str(tmp_path), "--cut", "1"]) == 1
    assert "from 2 to" in capsys.readouterr().err


@pytest.mark.parametrize("engine", PRESENT)
def test_an_engine_draws_what_torch_draws(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path))
    G, same = a_generator(), a_generator(engine=engine)
    assert same.engine == engine
    ws = codes(G, 3)
    alike(same.synthesis(ws), G.synthesis(ws))
    alike(same.synthesis(ws, max_size=32), G.synthesis(ws, max_size=32))
    alike(same.synthesis(ws, noise_mode="none"), G.synthesis(ws, noise_mode="none"))
    prefix, asked, run = ops.Prefix(), [], same._run
    monkeypatch.setattr(same, "_run", lambda name, *tensors: asked.append(name) or run(name, *tensors))
    alike(same.synthesis(ws, prefix=prefix), G.synthesis(ws))
    mixed = ws.clone()
    mixed[:, 8] += 1
    asked.clear()
    alike(same.synthesis(mixed, prefix=prefix), G.synthesis(mixed))
    assert asked == ["block3"]
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.onnx")}
    again = a_generator(engine=engine)  # from the cache
    alike(again.synthesis(ws[:1]), G.synthesis(ws[:1]))
    assert made and made == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.onnx")}


@pytest.mark.parametrize("engine", PRESENT)
def test_an_engine_starts_at_what_changed(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path))
    AE = a_swapae()
    same = a_swapae(engine=engine)
    structure, style = AE.encode(torch.rand(1, 3, 64, 64) * 2 - 1)
    alike(same.encode(torch.zeros(1, 3, 64, 64))[0], AE.encode(torch.zeros(1, 3, 64, 64))[0])
    prefix, asked = ops.Prefix(), []
    run = same._run
    monkeypatch.setattr(same, "_run", lambda name, *tensors: asked.append(name) or run(name, *tensors))
    alike(same.decode(structure, style, prefix=prefix), AE.decode(structure, style))
    style = style.clone()  # `Prefix` compares with the tensor of the last call
    style[:, 6] += 1
    asked.clear()
    alike(same.decode(structure, style, prefix=prefix), AE.decode(structure, style))
    assert asked == ["block6", "block7"]


def test_auto_never_surprises(tmp_path, monkeypatch):
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path))
    G = a_generator(engine="auto")
    assert G.engine in engines.available()
    monkeypatch.setattr(engines, "available", lambda: ["torch", "openvino", "onnx"])
    monkeypatch.setattr(engines, "_openvino", lambda path: lambda arrays: [a * 0 for a in arrays])
    monkeypatch.setattr(engines, "_onnxruntime", lambda path: 1 / 0)
    monkeypatch.setattr(engines.Part, "write", lambda part, path: None)
    assert a_generator(engine="auto").engine == "torch"


def test_engines_are_refused_in_words(monkeypatch):
    with pytest.raises(BadInputError, match="one of auto, torch, openvino, onnx"):
        a_generator(engine="fast")
    with pytest.raises(BadInputError, match="precision is one of"):
        a_generator(precision="int8")
    with pytest.raises(BadInputError, match="float32"):
        a_generator(engine="onnx", precision="bfloat16")
    monkeypatch.setattr(engines, "available", lambda: ["torch"])
    with pytest.raises(MissingExtraError, match=r"webtoonfaces\[openvino\]"):
        a_generator(engine="openvino")
    monkeypatch.setattr(engines, "_missing", lambda name: ["nncf"])
    with pytest.raises(MissingExtraError, match=r"package nncf.*webtoonfaces\[int8\]"):
        a_generator(engine=engines.INT8)


@needs_int8
def test_int8_is_measured_kept_and_resumed(tmp_path, monkeypatch):
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path))
    monkeypatch.setattr(quantized, "CALIBRATION", range(1000, 1006))
    monkeypatch.setattr(quantized, "HELD_OUT", range(5000, 5002))
    monkeypatch.setattr(quantized, "LEAST_PSNR", 15.0)  # an untrained network has few channels and a large range
    G, small = a_generator(), a_generator(engine=engines.INT8)
    assert small.engine == engines.INT8
    (folder,) = tmp_path.glob("engines/*/int8")
    assert sorted(path.name for path in folder.glob("*.xml")) == ["block2.xml", "block3.xml"]  # of 16 and 32 px
    kinds = {op.get_type_name() for op in openvino_model(folder / "block3.xml").get_ops()}
    assert "FakeQuantize" in kinds
    ws = G.sample_ws([7, 8])
    drawn, wanted = (torch.cat([one.synthesis(one.sample_ws(seed)) for seed in (5000, 5001)]) for one in (small, G))
    error = (drawn.clamp(-1, 1) - wanted.clamp(-1, 1)).square().mean()
    assert float(10 * torch.log10(4 / error)) == pytest.approx(quantized.psnr_of(folder), abs=0.05)
    alike(small.synthesis(ws, max_size=16), G.synthesis(ws, max_size=16))  # a draft: no changed block before it ends

    prefix, asked, run = ops.Prefix(), [], small._run
    monkeypatch.setattr(small, "_run", lambda name, *tensors: asked.append(name) or run(name, *tensors))
    small.synthesis(ws[:1], prefix=prefix)
    other = ws[:1].clone()
    other[:, 8] += 1
    asked.clear()
    resumed = small.synthesis(other, prefix=prefix)
    assert asked == ["block3"]
    alike(resumed, small.synthesis(other))

    monkeypatch.setattr(quantized, "build", None)  # the second time it comes from the disk
    assert torch.equal(a_generator(engine=engines.INT8).synthesis(ws), small.synthesis(ws))
    monkeypatch.setattr(quantized, "LEAST_PSNR", 30.0)
    (folder / quantized.MEASURED).write_text('{"psnr": 27.14}')
    with pytest.raises(BadInputError, match=r"PSNR of 27\.1 dB against float32, and at least 30 dB"):
        a_generator(engine=engines.INT8)


@needs_int8
def test_int8_that_is_too_far_off_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path))
    monkeypatch.setattr(quantized, "CALIBRATION", range(1000, 1002))
    monkeypatch.setattr(quantized, "HELD_OUT", range(5000, 5001))
    monkeypatch.setattr(quantized, "LEAST_PSNR", 300.0)
    with pytest.raises(BadInputError, match="at least 300 dB"):
        a_generator(engine=engines.INT8)
    (folder,) = tmp_path.glob("engines/*/int8")
    assert [path.name for path in folder.iterdir()] == [quantized.MEASURED]  # the figure stays, the blocks do not
    assert not list(folder.parent.glob(".int8-*"))


def openvino_model(path):
    import openvino

    return openvino.Core().read_model(path)


@needs_int8
def test_int8_needs_seeds(tmp_path, monkeypatch):
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path))
    with pytest.raises(BadInputError, match="has no seeds"):
        a_swapae(engine=engines.INT8)


@pytest.mark.parametrize("side", [64, 48])
def test_frozen_ways_are_exact(side):
    """What runs without gradients is what is trained: strips, composed filters, passes in place."""
    torch.manual_seed(2)
    conv = ops.StyledConv(6, 5, 8, up=True)
    ops.arrange(conv)
    x, style, noise = torch.randn(1, 6, side, side), torch.randn(1, 8), torch.randn(1, 1, 2 * side, 2 * side)
    with torch.no_grad():
        conv.noise.weight.fill_(0.5)
        kept = x.clone()
        for strip in (1 << 12, 1 << 15, 8 << 20):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(ops, "STRIP", strip)
                found = conv(x, style, noise)
            assert torch.equal(x, kept)
            with torch.enable_grad():
                alike(found, conv(x, style, noise).detach())
        double = conv._frozen(x.double(), style, noise, ops.SQRT2)  # another dtype: the composed convolution
        alike(double.float(), found)


def test_bfloat16_is_close():
    G, half = a_generator(), a_generator(precision="bfloat16")
    ws = codes(G, 2)
    drawn, wanted = half.synthesis(ws), G.synthesis(ws)
    assert drawn.dtype == torch.float32
    error = (drawn - wanted).square().mean()
    assert 10 * torch.log10((wanted.max() - wanted.min()).square() / error) >= 40


def test_a_batch_is_its_pictures():
    G, AE = a_generator(), a_swapae()
    ws = codes(G, 3)
    alike(G.synthesis(ws), torch.cat([G.synthesis(one[None]) for one in ws]))
    structure, style = AE.encode(torch.rand(3, 3, 64, 96) * 2 - 1)
    alike(AE.decode(structure, style), torch.cat([AE.decode(structure[i : i + 1], style[i : i + 1]) for i in range(3)]))
    noise = [torch.randn(3, 1, *(s * side for side in (4, 6))) for s in AE.generator.config.enlargements]
    whole = AE.generator(structure, style, "none", noise=noise)
    with torch.enable_grad():
        alike(whole, AE.generator(structure, style, "none", noise=noise).detach())
    assert np.isfinite(whole.numpy()).all()
