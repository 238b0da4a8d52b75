"""Cartoons: the networks through the public functions, the classical cartoon, and pictures of structure codes."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import webtoonfaces as wf
from webtoonfaces.cli.main import main
from webtoonfaces.errors import BadInputError, LayoutError, UnknownNameError, WeightsNotFoundError
from webtoonfaces.images import to_pil, to_tensor
from webtoonfaces.pretrained import cartoonizers
from webtoonfaces.rendering.structure import structure_picture
from webtoonfaces.webtoonize import classical
from webtoonfaces.webtoonize.cartoonize import as_step, cartoonize, inked
from webtoonfaces.weights import convert

from ..golden.fill import fill, layout_state_dict, picture

REFERENCE = dict(np.load(Path(__file__).parents[1] / "golden" / "reference.npz"))
NETWORKS = ["cartoonizer", "animegan2"]
SIZES = [(1, 1), (2, 1), (37, 501), (64, 48)]


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files like those of users, bare state dicts and one of ours, with the weights of the golden vectors."""
    folder = tmp_path_factory.mktemp("weights")
    paths = {"cartoonizer": folder / "weight.pth", "dexined": folder / "10_model.pth"}
    for kind, path in paths.items():
        torch.save(fill(layout_state_dict(kind), kind), path)
    animegan2 = convert.build("animegan2", fill(layout_state_dict("animegan2"), "animegan2"))
    paths["animegan2"] = convert.write(folder / "mine.safetensors", "animegan2", {"net": animegan2})
    return paths


@pytest.fixture(scope="session")
def handles(weights):
    return {kind: cartoonizers.load_cartoonizer(weights[kind], device="cpu") for kind in NETWORKS}


@pytest.fixture(scope="session")
def edges(weights):
    pytest.importorskip("kornia", reason="the extra `edges` is not installed")
    return cartoonizers.load_edges(weights["dexined"], device="cpu")


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return wf.example_photo().crop((150, 40, 310, 200))


def noisy(size: tuple[int, int], seed: int = 0) -> Image.Image:
    levels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(levels)


def levels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(np.float32)


def off(ours: torch.Tensor, name: str) -> float:
    """The largest difference from a golden vector, as a share of its largest value."""
    reference = REFERENCE[name]
    found = ours.numpy()[..., ::4, ::4] if ours.shape != reference.shape else ours.numpy()
    return float(np.abs(found - reference).max() / np.abs(reference).max())


# ------------------------------------------------------------------------------------------------- golden vectors


def test_the_facial_cartoonizer_gives_the_golden_vector_in_bgr(handles):
    rgb = picture(1).flip(1)  # the golden vectors have the network's own order, blue first
    assert off(handles["cartoonizer"](rgb).flip(1), "cartoonizer_image") < 1e-4


def test_animegan2_gives_the_golden_vector_in_rgb(handles):
    assert off(handles["animegan2"](picture(1)), "animegan2_image") < 1e-4


def test_dexined_gives_the_golden_vector_in_bgr_less_the_mean(edges):
    bgr = 100 * picture(1) + torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    assert off(edges((bgr / 127.5 - 1).flip(1)), "dexined_6") < 1e-4


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_photo_goes_through_the_golden_network(kind, handles, weights):
    """A photo has 8 bits and the golden vectors are floats, so they agree up to rounding."""
    order = [2, 1, 0] if kind == "cartoonizer" else [0, 1, 2]
    source = to_pil(picture(1)[:, order])[0]
    drawn = cartoonize(source, model=weights[kind], device="cpu")
    assert drawn == to_pil(handles[kind](to_tensor(source)))[0]
    apart = np.abs(levels(drawn)[::4, ::4, order] - (REFERENCE[f"{kind}_image"][0].transpose(1, 2, 0) + 1) * 127.5)
    assert np.median(apart) < 4


def test_edges_darken_the_cartoon(handles, edges, weights, photo):
    plain = cartoonize(photo, model=handles["cartoonizer"])
    drawn = cartoonize(photo, model=handles["cartoonizer"], edges=edges, strength=0.5)
    ink = edges(to_tensor(photo)).sigmoid()[0, 0].numpy()
    share = np.clip((ink - 0.4) / 0.4, 0, 1)[..., None]
    assert 0.02 < (share > 0.5).mean() < 0.98, "the test needs places with and without ink"
    assert np.abs(levels(drawn) - levels(plain) * (1 - 0.5 * share)).max() < 2
    assert cartoonize(photo, model=handles["cartoonizer"], edges=edges, strength=0) == plain
    assert (
        cartoonize(photo, model=handles["cartoonizer"], edges=weights["dexined"], strength=0.5, device="cpu") == drawn
    )


# ------------------------------------------------------------------------------------------------- sizes and modes


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [None, *NETWORKS])
def test_any_size(kind, size, handles):
    source = noisy(size)
    drawn = cartoonize(source, model=handles[kind] if kind else None)
    assert (drawn.mode, drawn.size) == ("RGB", size)


@pytest.mark.parametrize("size", SIZES)
def test_edges_of_any_size(size, edges):
    assert edges(to_tensor(noisy(size))).shape == (1, 1, size[1], size[0])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_any_mode_is_drawn_as_its_rgb_picture(mode, photo):
    source = photo.convert("L").convert("I").convert(mode) if mode == "I;16" else photo.convert(mode)
    if mode in ("LA", "RGBA"):
        source.putalpha(Image.linear_gradient("L").resize(photo.size))
    drawn = cartoonize(source, size=64)
    assert drawn.mode == "RGB"
    assert drawn == cartoonize(wf.load_image(source), size=64)


def test_sides_are_continued_by_reflection_and_cut_off_again(handles):
    images = to_tensor(noisy((45, 33)))
    ours = handles["cartoonizer"](images)
    by_hand = np.pad(images.numpy(), ((0, 0), (0, 0), (0, 15), (0, 3)), mode="reflect")
    assert torch.equal(ours, handles["cartoonizer"](torch.from_numpy(by_hand))[..., :33, :45])


@pytest.mark.parametrize(("size", "multiple"), [((1, 1), 16), ((3, 2), 16), ((50, 47), 32), ((64, 32), 32)])
def test_reflection_is_numpys(size, multiple):
    images = to_tensor(noisy(size))
    height, width = (-(-side // multiple) * multiple for side in (size[1], size[0]))
    pad = ((0, 0), (0, 0), (0, height - size[1]), (0, width - size[0]))
    assert np.array_equal(cartoonizers.reflected(images, multiple).numpy(), np.pad(images.numpy(), pad, mode="reflect"))


def test_large_pictures_are_worked_on_small_and_given_large(handles, photo):
    large = photo.resize((640, 640))
    seen = []
    network = cartoonizers.Cartoonizer(handles["cartoonizer"].network, kind="cartoonizer", device="cpu")
    network._forward = lambda images: seen.append(tuple(images.shape)) or images
    assert cartoonize(large.crop((0, 0, 640, 320)), model=network, size=160).size == (640, 320)
    assert seen == [(1, 3, 80, 160)]


@pytest.mark.parametrize(("kind", "width", "core"), [("cartoonizer", 640, 64), ("dexined", 1328, 480)])
def test_parts_show_no_seams(kind, width, core, handles, edges, monkeypatch):
    network = edges if kind == "dexined" else handles[kind]
    images = to_tensor(noisy((width, 16)))
    whole = network(images)
    sizes = []
    forward = network._forward
    monkeypatch.setattr(cartoonizers, "CORE", core)
    monkeypatch.setattr(network, "_forward", lambda part: sizes.append(part.shape[3]) or forward(part))
    parts = network(images)
    assert len(sizes) == -(-width // core)
    assert max(sizes) < width
    assert (whole - parts).abs().max() < 1e-5 * whole.abs().max()
    narrow = cartoonizers.Traits(multiple=16, bgr=True, reach=16)
    monkeypatch.setattr(network, "traits", narrow)
    assert (whole - network(images)).abs().max() > 1e-3 * whole.abs().max(), "the test would not see a seam"


def test_animegan2_is_never_cut_into_parts(handles):
    with pytest.raises(BadInputError, match="size=1024"):
        handles["animegan2"](torch.zeros(1, 3, 2048, 2080))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classical", *NETWORKS])
def test_twelve_megapixels_in_bounded_memory(kind, weights, tmp_path):
    noisy((400, 300)).resize((4000, 3000)).save(tmp_path / "large.png", compress_level=1)
    code = (
        "import resource, sys, torch; torch.set_num_threads(1)\n"
        "from webtoonfaces.webtoonize.cartoonize import cartoonize\n"
        "print(*cartoonize(sys.argv[1], model=sys.argv[2], device='cpu').size)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "large.png"), str(weights.get(kind, kind))]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert told[:2] == ["4000", "3000"]
    assert int(told[2]) < 2.5e6, "kB"


# ---------------------------------------------------------------------------------------------- the classical cartoon


def test_the_classical_cartoon_is_deterministic(photo):
    assert cartoonize(photo) == cartoonize(photo, model="classical") == cartoonize(photo.copy(), edges="lines")


def disc() -> Image.Image:
    """A dark disc on light ground, grainy as a photo is."""
    plain = Image.new("RGB", (256, 256), (220, 200, 180))
    ImageDraw.Draw(plain).ellipse((64, 64, 192, 192), fill=(120, 60, 60))
    grain = np.random.default_rng(1).normal(0, 4, (256, 256, 1))
    return Image.fromarray((levels(plain) + grain).clip(0, 255).astype(np.uint8))


def test_grain_goes_and_edges_stay():
    source, flat = levels(disc()), levels(classical.paint(disc()))
    assert flat[10:50, 10:50].std(axis=(0, 1)).max() < 0.3 * source[10:50, 10:50].std(axis=(0, 1)).max()
    step = flat[128, 70].mean() - flat[128, 58].mean()
    assert step < -0.8 * (source[:40].mean() - source[120:136, 120:136].mean())


def test_lines_run_where_it_turns_dark_and_nowhere_else():
    ink = levels(classical.lines(disc()))
    y, x = np.mgrid[:256, :256] - 128
    radius = np.hypot(x, y)
    assert ink[np.abs(radius - 63.5) < 0.5].mean() > 150, "just inside the disc"
    assert ink[(radius < 60) | (radius > 67)].max() < 16, "grain is no line"


def test_lines_are_alike_at_two_sizes():
    photo = wf.example_photo()
    small, large = (classical.lines(photo.resize((side, side), Image.Resampling.LANCZOS)) for side in (256, 512))
    assert abs(levels(small).mean() - levels(large).mean()) < 0.2 * levels(large).mean()


def test_lightness_settles_on_levels_where_it_is_steep():
    def from_level(first: int, last: int) -> float:
        """Median distance from a level across a ramp of greys that begins and ends at these columns of 256."""
        greys = np.interp(np.arange(256), [first, last], [0, 255]).astype(np.uint8)
        ramp = Image.fromarray(np.tile(greys, (64, 1))).convert("RGB")
        lightness = classical.to_oklab(to_tensor(classical.paint(ramp)))[0, 0, 32].numpy() * classical.LEVELS
        lightness = lightness[(lightness > 0.6) & (lightness < classical.LEVELS - 0.6)]
        return float(np.median(np.abs(lightness - np.rint(lightness))))

    assert from_level(96, 160) < 0.08, "a quarter would be as evenly spread as the ramp itself"
    assert 0.1 < from_level(0, 256) < 0.2, "a gentle shade is not cut into bands"


def test_oklab_there_and_back():
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.allclose(classical.from_oklab(classical.to_oklab(images)), images, atol=1e-4)
    white, red = classical.to_oklab(torch.tensor([[1.0, 1, 1], [1, -1, -1]]).view(2, 3, 1, 1)).flatten(1)
    assert torch.allclose(white, torch.tensor([1.0, 0, 0]), atol=1e-3)
    assert torch.allclose(red, torch.tensor([0.628, 0.225, 0.126]), atol=1e-3)  # published by Ottosson


def test_ink_multiplies():
    cartoon, ink = Image.new("RGB", (2, 1), (200, 100, 50)), Image.new("L", (2, 1), 0)
    ink.putpixel((1, 0), 255)
    drawn = inked(cartoon, ink, strength=0.5)
    assert drawn.getpixel((0, 0)) == (200, 100, 50)
    assert np.abs(np.subtract(drawn.getpixel((1, 0)), (100, 50, 25))).max() <= 1


# ----------------------------------------------------------------------------------------------------- what goes wrong


def test_names_are_those_of_the_registry():
    names = cartoonizers.cartoonizer_names()
    assert {"facial-cartoonizer", "animegan2-face_paint_512_v2", "animegan2-celeba_distill"} <= set(names)
    assert all(name == record.name for name, record in names.items())


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"model": "facial-cartonizer"}, UnknownNameError, "facial-cartoonizer"),
        ({"model": "classic"}, UnknownNameError, "classical"),
        ({"model": "none.pth"}, WeightsNotFoundError, "none.pth"),
        ({"edges": "dexine"}, UnknownNameError, "dexined"),
        ({"edges": "line"}, UnknownNameError, "lines"),
        ({"strength": 1.5}, BadInputError, "strength"),
        ({"strength": float("nan")}, BadInputError, "strength"),
        ({"size": 0}, BadInputError, "size"),
        ({"size": 512.0}, BadInputError, "size"),
    ],
)
def test_a_wrong_option_is_refused_with_advice(options, error, told, photo):
    with pytest.raises(error, match=told):
        cartoonize(photo, **options)


def test_another_network_is_no_cartoonizer(weights, demo_swapae, tmp_path):
    with pytest.raises(LayoutError, match="cartoonizer"):
        cartoonizers.load_cartoonizer(weights["dexined"])
    with pytest.raises(LayoutError, match="swapae"):
        cartoonizers.load_cartoonizer(demo_swapae.weights.path)


def test_handles_say_what_they_are(handles):
    assert "weight.pth" in repr(handles["cartoonizer"])
    with pytest.raises(BadInputError, match="float"):
        handles["cartoonizer"](torch.zeros(3, 8, 8))


# ------------------------------------------------------------------------------------------------------ face2webtoon


def test_the_cartoon_is_encoded_and_the_photo_shown(photo, tiny_swapae, handles):
    draw = partial(wf.face2webtoon, photo, styles=[photo], swapae=tiny_swapae, align=False, locations=(3,))
    plain, drawn = draw(), draw(cartoonize=True)
    assert plain.portrait.encoded is plain.face
    assert drawn.face == plain.face == photo
    assert drawn.portrait.encoded == cartoonize(photo)
    assert not torch.equal(drawn.portrait.structure, plain.portrait.structure)
    assert torch.equal(draw(cartoonize=False).portrait.structure, plain.portrait.structure)
    own = draw(cartoonize=partial(cartoonize, model=handles["cartoonizer"], edges="lines"))
    assert own.portrait.encoded == cartoonize(photo, model=handles["cartoonizer"], edges="lines")
    assert draw(cartoonize=handles["cartoonizer"]).portrait.encoded == cartoonize(photo, model=handles["cartoonizer"])


def test_a_step_is_a_name_a_network_or_a_function(photo, weights):
    assert as_step(str(weights["cartoonizer"]))(photo) == cartoonize(photo, model=weights["cartoonizer"])
    assert as_step(lambda image: np.asarray(image)[::-1])(photo) == photo.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    with pytest.raises(BadInputError, match="function"):
        as_step(3)


def test_the_command_cartoonize(photo, weights, tmp_path):
    photo.save(tmp_path / "photo.png")
    asked = ["cartoonize", str(tmp_path / "photo.png"), "-o", str(tmp_path / "cartoon.png")]
    assert main([*asked, "--size", "96", "--strength", "0.5"]) == 0
    assert wf.load_image(tmp_path / "cartoon.png") == cartoonize(photo, size=96, strength=0.5)
    assert main([*asked, "--model", str(weights["cartoonizer"]), "--edges", "lines", "--device", "cpu"]) == 0
    assert wf.load_image(tmp_path / "cartoon.png") == cartoonize(photo, model=weights["cartoonizer"], edges="lines")
    assert main([*asked, "--model", "facial"]) == 1


@pytest.mark.parametrize("flags", [[], ["--cartoonize"], ["--edges", "lines"], ["--cartoonize", "FILE"]])
def test_the_command_face2webtoon_takes_the_step(flags, photo, weights, tmp_path, monkeypatch):
    steps = []

    def face2webtoon(face: Image.Image, *, cartoonize: Any, **_: Any) -> Any:
        steps.append(cartoonize)
        return SimpleNamespace(sheet=lambda: face)

    monkeypatch.setattr(wf, "face2webtoon", face2webtoon)
    monkeypatch.setattr("webtoonfaces.cli.face2webtoon.aligned", lambda *_: photo)
    named = [str(weights["cartoonizer"]) if flag == "FILE" else flag for flag in flags]
    assert main(["face2webtoon", "photo.png", "-o", str(tmp_path / "sheet.png"), "--device", "cpu", *named]) == 0
    if not flags:
        assert steps == ["auto"]
    else:
        expected = cartoonize(photo, model=weights["cartoonizer"] if "FILE" in flags else None)
        assert steps[0](photo) == expected


def plain_bilateral(images: torch.Tensor, *, sigma: float, rounds: int) -> torch.Tensor:
    """The formula of `classical.bilateral`, over the whole picture at once and in torch."""
    weighed = torch.tensor([1.0, classical.HUE, classical.HUE]).view(1, 3, 1, 1) / (classical.NEAR * 2**0.5)
    images, radius = images * weighed, int(np.ceil(2 * sigma))
    for _ in range(2 * rounds):
        around = torch.nn.functional.pad(images, (radius, radius, 0, 0), mode="replicate")
        besides = [around[..., step : step + images.shape[3]] for step in range(2 * radius + 1)]
        weights = [
            torch.exp(-((beside - images) ** 2).sum(1, keepdim=True) - 0.5 * ((step - radius) / sigma) ** 2)
            for step, beside in enumerate(besides)
        ]
        images = sum(w * beside for w, beside in zip(weights, besides, strict=True)) / sum(weights)
        images = images.transpose(2, 3)
    return images / weighed


@pytest.mark.parametrize("threads", [1, 2])
def test_the_quick_filter_draws_what_the_plain_one_does(photo, threads, monkeypatch):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        quick = [levels(draw(photo)) for draw in (classical.paint, classical.lines)]
    finally:
        torch.set_num_threads(before)
    monkeypatch.setattr(classical, "bilateral", plain_bilateral)
    for one, drawn in zip(quick, (classical.paint, classical.lines), strict=True):
        assert np.abs(one - levels(drawn(photo))).max() <= 2


# ------------------------------------------------------------------------------------------ structure, as a picture


@pytest.mark.parametrize(("size", "shown"), [((64, 64), (64, 64)), ((96, 160), (64, 112)), ((37, 501), (64, 864))])
def test_any_picture_has_a_structure_to_look_at(size, shown, tiny_swapae):
    structure, style = tiny_swapae.encode(noisy(size))
    assert structure_picture(structure).size == shown == tiny_swapae.render(structure, style)[0].size
    assert structure_picture(structure[0], cell=3).size == (shown[0] // 16 * 3, shown[1] // 16 * 3)


def test_what_varies_most_is_red():
    code = torch.zeros(8, 4, 10)
    code[5] = torch.linspace(-3, 3, 10)  # from left to right
    code[2] = torch.linspace(-1, 1, 4)[:, None]  # from top to bottom
    shown = levels(structure_picture(code, cell=1))
    assert shown[0, -1, 0] > 200 > 50 > shown[0, 0, 0]
    assert shown[-1, 0, 1] > 180 > 80 > shown[0, 0, 1]
    assert np.ptp(shown[..., 2]) == 0
    assert structure_picture(1000 * code) == structure_picture(code), "the scale does not matter"


def test_several_codes_share_their_colours():
    codes = torch.randn(2, 8, 5, 6, generator=torch.Generator().manual_seed(3))
    both = structure_picture(codes)
    assert both.size == (2 * 96, 80)
    swapped = structure_picture(codes.flip(0))
    assert swapped.crop((96, 0, 192, 80)) == both.crop((0, 0, 96, 80))
    assert structure_picture(codes[:1]) != both.crop((0, 0, 96, 80))


def test_what_does_not_vary_is_grey():
    assert structure_picture(torch.full((1, 8, 1, 1), 0.7)).getextrema() == ((128, 128),) * 3
    assert structure_picture(torch.full((1, 2, 3, 3), 0.7)).getextrema() == ((128, 128),) * 3


@pytest.mark.parametrize("wrong", [torch.zeros(4, 4), torch.zeros(1, 8, 0, 4), torch.full((8, 2, 2), float("nan"))])
def test_what_is_no_structure_code_is_refused(wrong):
    with pytest.raises(BadInputError, match="structure code"):
        structure_picture(wrong)
