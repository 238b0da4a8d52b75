"""Every figure: its layout, and that its cells equal the single pictures. Models are tiny."""

from __future__ import annotations

import argparse
import base64
import dataclasses
import html
import io
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import webtoonfaces as wf
from webtoonfaces import codes, figures
from webtoonfaces.cli.figures import add_figures
from webtoonfaces.errors import BadInputError, ImageError, UnknownNameError
from webtoonfaces.figures import animation, catalog, inputs, photos, stylegan2, tables
from webtoonfaces.figures.gallery import Gallery, chosen
from webtoonfaces.images import contact_sheet, frame, to_pil, to_tensor
from webtoonfaces.metrics import table
from webtoonfaces.metrics.distances import Score
from webtoonfaces.pretrained import generators
from webtoonfaces.pretrained.generators import StyleGAN2, Weights
from webtoonfaces.webtoonize import cartoonize as cartoonize_module

CELL, MARGIN = 160, 8
YELLOW = (255, 238, 0)
NOTEBOOK = Path(__file__).parents[2] / "tools" / "notebooks" / "07_every_figure.py"
NAMES = [
    "dataset",
    "stylegan2/samples",
    "stylegan2/1",
    "stylegan2/2",
    "stylegan2/3",
    "stylegan2/exploration",
    *(f"swapae/{number}" for number in range(1, 23)),
    "swapae/jtbc",
    "face2webtoon/dh",
    "face2webtoon/dh-sheet",
    "face2webtoon/grb",
    "face2webtoon/je",
    "face2webtoon/jyp",
    "fid",
]


@pytest.fixture(scope="module")
def models(tiny_generator, tiny_swapae):
    return {"generator": tiny_generator, "swapae": tiny_swapae}


@pytest.fixture(scope="module")
def drawings(tiny_generator) -> list[Image.Image]:
    """Seven pictures that are not those of any figure's seeds."""
    return tiny_generator.render(tiny_generator.sample_ws(range(9000, 9007), truncation_psi=0.7))


@pytest.fixture
def cartoonizer(monkeypatch):
    """A stand-in whose cartoon of a picture is its negative."""
    monkeypatch.setattr(cartoonize_module, "cartoonize", lambda picture, **_: ImageOps.invert(picture))


@pytest.fixture
def charts(monkeypatch) -> list:
    """matplotlib's figures, as they were before they became pictures."""
    kept = []
    to_picture = tables._picture
    monkeypatch.setattr(tables, "_picture", lambda figure: kept.append(figure) or to_picture(figure))
    return kept


def size_of(columns: int, rows: int) -> tuple[int, int]:
    return columns * CELL + 2 * MARGIN, rows * CELL + 2 * MARGIN


def cell(picture: Image.Image, row: int, column: int, margin: int = MARGIN) -> Image.Image:
    left, top = margin + column * CELL, margin + row * CELL
    return picture.crop((left, top, left + CELL, top + CELL))


def same(shown: Image.Image, single: Image.Image) -> bool:
    """Whether a cell shows a picture, but for the last bit: batches differ in it from singles, enlarging doubles it."""
    expected = np.asarray(contact_sheet([single], cell=CELL)).astype(int)
    return bool(np.abs(np.asarray(shown) - expected).max() <= 2)


def is_black(picture: Image.Image) -> bool:
    return not np.asarray(picture).any()


def has_black_margin(picture: Image.Image) -> bool:
    pixels = np.array(picture)
    pixels[MARGIN:-MARGIN, MARGIN:-MARGIN] = 0
    return not pixels.any()


def sample(generator, seed: int) -> Image.Image:
    return generator.render(generator.sample_ws([seed], truncation_psi=0.7))[0]


def encoded(swapae, picture: Image.Image):
    return swapae.encode(to_tensor(picture, size=(swapae.size, swapae.size)))


def swapped(swapae, source: Image.Image, style: Image.Image, location: float) -> Image.Image:
    structure, own = encoded(swapae, source)
    mixed = codes.swap_at(own, encoded(swapae, style)[1], location=location)
    return to_pil(swapae.decode(structure, mixed, noise_mode="none"))[0]


# ------------------------------------------------------------------------------------------------------- names


def test_the_names_are_those_of_the_original():
    assert figures.names() == NAMES


def test_every_figure_says_what_it_teaches():
    told = [figures.about(name) for name in NAMES]
    assert all(re.fullmatch(r"[A-Z].{30,}[.]", sentence) for sentence in told)
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("ask", [figures.draw, figures.about])
def test_an_unknown_name_is_answered_with_the_nearest(ask):
    with pytest.raises(UnknownNameError, match="swapae/2"):
        ask("swapea/2")


def test_no_two_figures_share_their_samples():
    starts = sorted({figure.seed for figure in catalog.FIGURES})
    assert min(np.diff(starts)) >= 20  # more than any figure shows
    shared = [figure.name for figure in catalog.FIGURES if figure.seed == 2800]
    assert shared == ["face2webtoon/dh", "face2webtoon/dh-sheet"]


def test_the_notebook_shows_every_figure_with_its_sentence():
    calls = re.findall(r"wf\.figures\.show\((.*?)\*\*models", NOTEBOOK.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [name for call in calls for name in re.findall(r'"([^"]+)"', call)] == NAMES


# ------------------------------------------------------------------------------------------------------- StyleGAN2


def test_samples(models, tiny_generator):
    picture = figures.draw("stylegan2/samples", seed=5, **models)
    assert picture.size == size_of(3, 2)
    assert has_black_margin(picture)
    for index in range(6):
        assert same(cell(picture, index // 3, index % 3), sample(tiny_generator, 5 + index))


@pytest.mark.parametrize(("name", "first"), [("stylegan2/1", 100), ("stylegan2/2", 200)])
def test_four_way(models, tiny_generator, name, first):
    picture = figures.draw(name, **models)
    assert picture.size == size_of(5, 5)
    assert has_black_margin(picture)
    ws = tiny_generator.sample_ws(range(first, first + 4), truncation_psi=0.7)
    for row, column, weights in [
        (0, 0, (1, 0, 0, 0)),
        (0, 4, (0, 1, 0, 0)),
        (4, 0, (0, 0, 1, 0)),
        (4, 4, (0, 0, 0, 1)),
        (2, 2, (0.25, 0.25, 0.25, 0.25)),
        (0, 1, (0.75, 0.25, 0, 0)),
        (3, 0, (0.25, 0, 0.75, 0)),
    ]:
        between = (torch.tensor(weights).view(4, 1, 1) * ws).sum(0, keepdim=True)
        assert same(cell(picture, row, column), tiny_generator.render(between)[0]), (row, column)


def test_layer_swap(models, tiny_generator):
    picture = figures.draw("stylegan2/3", **models)
    assert picture.size == size_of(6, 6)
    assert is_black(cell(picture, 0, 0))
    ws = tiny_generator.sample_ws(range(300, 310), truncation_psi=0.7)
    singles = [sample(tiny_generator, seed) for seed in range(300, 310)]
    for index in range(5):
        assert same(cell(picture, 1 + index, 0), singles[index])
        assert same(cell(picture, 0, 1 + index), singles[5 + index])
    mixed = ws[2:3].clone()
    mixed[:, 4:] = ws[8:9, 4:]  # L = 8: the later half
    assert same(cell(picture, 3, 4), tiny_generator.render(mixed)[0])


def test_exploration(models, tiny_generator):
    walk = figures.draw("stylegan2/exploration", **models)
    assert (len(walk.frames), walk.fps) == (180, 20)
    assert walk.frames[0].size == (256 + 24, 256 + 24)
    for index, seed in [(0, 400), (20, 401), (160, 408)]:
        shown = walk.frames[index].crop((12, 12, 268, 268))
        expected = contact_sheet([sample(tiny_generator, seed)], cell=256)
        assert np.abs(np.asarray(shown).astype(int) - np.asarray(expected)).max() <= 2


# ------------------------------------------------------------------------------------------ Swapping Autoencoder


@pytest.mark.parametrize(
    ("name", "location", "top", "bottom", "first"),
    [
        ("swapae/1", 0, 5, 5, 500),
        ("swapae/9", 2, 4, 5, 1300),
        ("swapae/13", 3, 4, 5, 1700),
        ("swapae/17", 7, 4, 5, 2100),
    ],
)
def test_swap_sheets(models, tiny_generator, tiny_swapae, name, location, top, bottom, first):
    picture = figures.draw(name, **models)
    assert picture.size == size_of(top + 1, 4)
    assert has_black_margin(picture)
    source, *styles = [sample(tiny_generator, first + index) for index in range(1 + top + bottom)]
    assert same(cell(picture, 0, 0), frame(contact_sheet([source], cell=CELL)))
    assert picture.getpixel((MARGIN, MARGIN)) == YELLOW
    assert same(cell(picture, 1, 0), swapped(tiny_swapae, source, source, 8))
    blank = 1 if bottom == top else 0
    assert [is_black(cell(picture, row, 0)) for row in (2, 3)] == [bool(blank)] * 2
    for index, style in enumerate(styles):
        below = index >= top
        column = index - top + blank if below else index + 1
        assert same(cell(picture, 3 if below else 0, column), style)
        assert same(cell(picture, 2 if below else 1, column), swapped(tiny_swapae, source, style, location))


@pytest.mark.parametrize(("styles", "columns", "rows"), [(1, 2, 2), (2, 2, 4), (3, 2, 4), (6, 4, 4)])
def test_a_swap_sheet_takes_any_number_of_styles(models, drawings, tiny_swapae, styles, columns, rows):
    given = drawings[: styles + 1]
    picture = figures.draw("swapae/12", images=given, **models)
    assert picture.size == size_of(columns, rows)
    assert same(cell(picture, 1, 1), swapped(tiny_swapae, given[0], given[1], 3))


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_single_picture_is_joined_by_samples(models, drawings, tiny_generator, wrapped):
    picture = figures.draw("swapae/9", images=[drawings[0]] if wrapped else drawings[0], **models)
    assert picture.size == size_of(5, 4)
    assert same(cell(picture, 0, 1), sample(tiny_generator, 1300))


def test_pictures_can_be_files_of_any_shape(models, drawings, tmp_path):
    paths = [tmp_path / f"{index}.png" for index in range(3)]
    for path, size in zip(paths, [(200, 100), (64, 64), (50, 170)], strict=True):
        drawings[0].resize(size).save(path)
    assert figures.draw("swapae/9", images=paths, **models).size == size_of(2, 4)
    assert figures.draw("swapae/5", images=paths, **models).size == size_of(8, 1)


def test_style_strip(models, drawings, tiny_swapae):
    first, last = drawings[:2]
    picture = figures.draw("swapae/2", images=[first, last], **models)
    assert picture.size == size_of(8, 1)
    assert has_black_margin(picture)
    (structure, style), (_, other) = encoded(tiny_swapae, first), encoded(tiny_swapae, last)
    for index in range(8):
        between = style + (other - style) * index / 7
        assert same(cell(picture, 0, index), to_pil(tiny_swapae.decode(structure, between))[0])


def test_structure_strip(models, drawings, tiny_swapae):
    first, last = drawings[:2]
    picture = figures.draw("swapae/5", images=[first, last], **models)
    assert picture.size == size_of(8, 1)
    (structure, style), (other, _) = encoded(tiny_swapae, first), encoded(tiny_swapae, last)
    for index in range(8):
        between = structure + (other - structure) * index / 7
        assert same(cell(picture, 0, index), to_pil(tiny_swapae.decode(between, style))[0])


@pytest.mark.parametrize("name", ["swapae/4", "swapae/7"])
def test_a_strip_goes_through_every_picture(models, drawings, tiny_swapae, name):
    stops = drawings[:3] + drawings[4:6]
    picture = figures.draw(name, images=stops, **models)
    found = [encoded(tiny_swapae, stop) for stop in stops]
    structures, styles = (torch.cat(each) for each in zip(*found, strict=True))
    position = 4 * 3 / 7  # of cell 3 among five stops: between stop 1 and stop 2
    weight = position - 1
    if name == "swapae/4":
        expected = tiny_swapae.decode(structures[:1], torch.lerp(styles[1:2], styles[2:3], weight))
    else:
        expected = tiny_swapae.decode(torch.lerp(structures[1:2], structures[2:3], weight), styles[:1])
    assert same(cell(picture, 0, 3), to_pil(expected)[0])


def test_every_location(models, tiny_generator, tiny_swapae):
    picture = figures.draw("swapae/8", **models)
    assert picture.size == size_of(6, 9)
    source, *styles = [sample(tiny_generator, 1200 + index) for index in range(6)]
    assert picture.getpixel((MARGIN, MARGIN)) == YELLOW
    numbers = set()
    for location in range(8):
        numbers.add(cell(picture, location + 1, 0).tobytes())
        for column in (0, 4):
            expected = swapped(tiny_swapae, source, styles[column], location)
            assert same(cell(picture, location + 1, column + 1), expected)
    assert len(numbers) == 8


def test_the_picture_from_outside_has_no_colours(models):
    picture = figures.draw("swapae/18", **models)
    assert picture.size == size_of(6, 4)
    inside = np.asarray(cell(picture, 0, 0).crop((8, 8, 152, 152)))
    assert np.array_equal(inside[..., 0], inside[..., 2])
    assert inside.std() > 20


# ------------------------------------------------------------------------------------------------------- photos


@pytest.mark.parametrize(("name", "location"), [("swapae/19", 3), ("swapae/20", 2), ("swapae/21", 5)])
def test_the_cartoon_is_swapped_and_the_photo_is_shown(models, tiny_swapae, drawings, cartoonizer, name, location):
    photo = drawings[0].resize((256, 256))
    picture = figures.draw(name, images=[photo, *drawings[1:4]], **models)
    assert picture.size == size_of(2, 4)
    assert same(cell(picture, 0, 0), frame(contact_sheet([photo], cell=CELL)))
    cartoon = ImageOps.invert(photo)
    assert same(cell(picture, 1, 0), swapped(tiny_swapae, cartoon, cartoon, 8))
    assert same(cell(picture, 1, 1), swapped(tiny_swapae, cartoon, drawings[1], location))


def test_the_bundled_photo_is_aligned(models, cartoonizer):
    picture = figures.draw("swapae/19", **models)
    assert picture.size == size_of(6, 4)
    face = wf.align_face(wf.example_photo(), size=256).image
    assert same(cell(picture, 0, 0), frame(contact_sheet([face], cell=CELL)))


def test_failures(models, tiny_generator, tiny_swapae, cartoonizer):
    picture = figures.draw("swapae/22", **models)
    assert picture.size == size_of(6, 4)
    face = wf.align_face(wf.example_photo(), size=256).image
    cartoon = ImageOps.invert(ImageOps.flip(face))
    assert picture.getpixel((MARGIN, MARGIN)) == YELLOW
    assert same(cell(picture, 0, 1), cartoon)
    assert same(cell(picture, 0, 4), swapped(tiny_swapae, cartoon, sample(tiny_generator, 2602), 3))
    assert len({cell(picture, row, 0).tobytes() for row in range(4)}) == 4


def test_failures_of_photos_that_are_given(models, drawings, cartoonizer):
    picture = figures.draw("swapae/22", images=drawings[:2], **models)
    assert picture.size == size_of(6, 2)
    assert same(cell(picture, 1, 1), ImageOps.invert(drawings[1]))


def test_photo_strip(models, drawings, tiny_generator, tiny_swapae, cartoonizer):
    given = [drawing.resize((256, 256)) for drawing in drawings[:2]]
    picture = figures.draw("swapae/jtbc", images=given, **models)
    assert picture.size == size_of(2, 2)
    for column, photo in enumerate(given):
        assert same(cell(picture, 0, column), photo)
        style = sample(tiny_generator, 2700 + column)
        assert same(cell(picture, 1, column), swapped(tiny_swapae, ImageOps.invert(photo), style, 3))
    alone = figures.draw("swapae/jtbc", images=given[0], **models)
    assert alone.size == size_of(5, 2)
    assert same(cell(alone, 0, 4), given[0])


def test_photo_sheet(models):
    picture = figures.draw("face2webtoon/je", seed=2, **models)
    face = wf.align_face(wf.example_photo(), size=256)
    expected = wf.face2webtoon(face, styles=5, seed=3002, **models).sheet(cell=CELL)
    assert picture.size == (6 * CELL, 3 * CELL)
    assert np.array_equal(picture, expected)


def test_photo_sheet_with_given_styles(models, drawings):
    picture = figures.draw("face2webtoon/grb", images=drawings[:3], **models)
    assert picture.size == (3 * CELL, 3 * CELL)
    assert same(cell(picture, 0, 2, margin=0), drawings[2])


def test_photo_exploration(models, drawings, tiny_generator, monkeypatch):
    monkeypatch.setattr(photos, "WALK_STEPS", 2)
    walk = figures.draw("face2webtoon/dh", images=drawings[0].resize((256, 256)), **models)
    assert len(walk.frames) == 18
    still = walk.frames[4]
    assert still.size == (2 * CELL, 2 * CELL)
    assert is_black(cell(still, 0, 0, margin=0))
    assert same(cell(still, 0, 1, margin=0), sample(tiny_generator, 2802))


# ------------------------------------------------------------------------------------------------------- animations


def test_an_animation_can_be_read_twice_saved_and_shown(drawings, tmp_path):
    animation = figures.Animation(tuple(drawings[:3]), fps=10)
    assert list(animation.frames) == list(animation.frames)
    with Image.open(animation.save(tmp_path / "a.gif")) as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"]) == (3, (32, 32), 100)
    bundle = animation._repr_mimebundle_()
    assert bundle["text/html"].startswith('<img src="data:image/webp;base64,UklGR')  # RIFF
    assert "frames" not in bundle["text/plain"]
    with pytest.raises(ImageError, match=r"\.gif, \.webp, \.mp4"):
        animation.save(tmp_path / "a.png")


def test_an_animation_can_be_a_video(drawings, tmp_path):
    pytest.importorskip("imageio_ffmpeg")
    path = figures.Animation(tuple(drawings[:3])).save(tmp_path / "a.mp4")
    assert path.read_bytes()[4:8] == b"ftyp"


# ------------------------------------------------------------------------------------------------------- tables


def test_dataset_of_the_demo_models(charts):
    noted = json.loads(tables.DEMO_DATASET.read_text(encoding="utf-8"))
    assert noted["total"] == sum(noted["titles"].values())
    picture = figures.draw("dataset")
    assert has_black_margin(picture)
    (axes,) = charts[0].axes
    assert [label.get_text() for label in axes.get_xticklabels()] == list(noted["titles"])
    assert [bar.get_height() for bar in axes.patches] == list(noted["titles"].values())
    assert axes.get_title() == f"{len(noted['titles'])} titles, {noted['total']:,} pictures"


@pytest.mark.parametrize("as_list", [False, True])
def test_dataset_of_a_folder(tmp_path, charts, drawings, as_list, models):
    for title, count in (("$a_b$", 3), ("\u2028<b>", 1)):  # neither mathematics nor markup
        (tmp_path / title).mkdir()
        for index in range(count):
            drawings[index].save(tmp_path / title / f"{index}.png")
    figures.draw("dataset", images=[tmp_path] if as_list else str(tmp_path), **models)
    (axes,) = charts[0].axes
    assert [bar.get_height() for bar in axes.patches] == [3, 1]
    assert axes.get_title() == "2 titles, 4 pictures"


def test_dataset_of_very_many_titles_shows_the_largest(charts):
    picture = tables.bar_chart({f"title {index}": index for index in range(1000)})
    (axes,) = charts[0].axes
    assert [bar.get_height() for bar in axes.patches] == list(range(850, 1000))
    assert axes.get_title() == "1,000 titles, 499,500 pictures"
    assert picture.width < 6000


def test_dataset_of_a_model_that_nobody_described(models):
    with pytest.raises(BadInputError, match="images='folder'"):
        figures.draw("dataset", **models)


@pytest.mark.parametrize("name", ["dataset", "fid"])
def test_a_table_is_made_from_a_path(name, drawings, tmp_path):
    with pytest.raises(BadInputError, match="path of"):
        figures.draw(name, images=drawings)
    with pytest.raises(BadInputError, match="nowhere"):
        figures.draw(name, images=tmp_path / "nowhere")


def text_of(axes) -> list[list[str]]:
    (table,) = axes.tables
    found = table.get_celld()
    rows, columns = (max(place[axis] for place in found) + 1 for axis in (0, 1))
    return [[found[row, column].get_text().get_text() for column in range(columns)] for row in range(rows)]


def test_fid_is_the_published_table(charts):
    picture = figures.draw("fid")
    assert has_black_margin(picture)
    (axes,) = charts[0].axes
    assert "naver-webtoon-faces" in axes.get_title()
    assert text_of(axes) == [
        ["Iteration", "FID"],
        ["FFHQ", "256.54"],
        ["50k", "11.73"],
        ["100k", "9.29"],
        ["150k", "8.87"],
        ["200k", "8.11"],
        ["250k", "7.41"],
    ]


def test_fid_beside_a_run(charts, tmp_path):
    for step, value in ((0, 0.5), (1000, 0.25)):
        scores = {"KID": Score(value, 0.01)}
        table.write_row(tmp_path, step=step, kimg=step / 100, checkpoint="c", scores=scores)
    figures.draw("fid", images=tmp_path)
    published, run = charts[0].axes
    assert len(text_of(published)) == 7
    assert tmp_path.name in run.get_title()
    assert text_of(run) == [
        ["Iteration", "KID"],
        ["0", str(Score(0.5, 0.01))],
        ["1,000", str(Score(0.25, 0.01))],
    ]


# ------------------------------------------------------------------------------------------------------- gallery


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def sources(self) -> list[str]:
        return [attributes["src"] for tag, attributes in self.tags if tag == "img"]


def quick_gif(frames: Sequence[Image.Image], path: Path, *, fps: float) -> Path:
    """A GIF without the search for a palette, which takes seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(path, save_all=True, append_images=frames[1:])
    return path


def test_all_of_them(models, drawings, tmp_path, cartoonizer, monkeypatch):
    monkeypatch.setattr(photos, "WALK_STEPS", 2)
    monkeypatch.setattr(stylegan2, "WALK_STEPS", 2)
    monkeypatch.setattr(stylegan2, "LARGEST_CELL", 32)
    monkeypatch.setattr(inputs, "SMALLEST_CELL", 32)
    monkeypatch.setattr(animation, "save_animation", quick_gif)
    monkeypatch.setattr(photos, "_face", lambda photo, swapae: photo.resize((64, 64)))  # the search takes a second each
    (tmp_path / "data" / "title").mkdir(parents=True)
    drawings[0].save(tmp_path / "data" / "title" / "1.png")
    gallery = Gallery(tmp_path / "out", data=tmp_path / "data", **models)
    for name in figures.names():
        assert gallery.add(name).why == ""
    page = Page(gallery.finish())
    assert page.sources() == [entry.path.relative_to(tmp_path / "out").as_posix() for entry in gallery.entries]
    assert len(page.sources()) == len(NAMES)
    contents = {(tmp_path / "out" / source).read_bytes() for source in page.sources()}
    assert len(contents) == len(NAMES), "two figures are equal"
    for name in NAMES:
        assert figures.about(name) in page.text
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object"} == set()
    assert not re.search(r"https?:|//|url\(|@import", (tmp_path / "out" / "index.html").read_text(encoding="utf-8"))
    with Image.open(tmp_path / "out" / "contact.png") as contact:
        assert contact.width == 5 * (320 + 12) + 12


@pytest.fixture
def broken(monkeypatch):
    """`stylegan2/2` fails with an error of ours, `swapae/9` with another; both messages contain HTML."""

    def refuse(given, **options):
        raise BadInputError("<script>alert(1)</script> & so on")

    def crash(given, **options):
        raise ZeroDivisionError("</p><img src=x onerror=alert(2)>")

    for name, make in (("stylegan2/2", refuse), ("swapae/9", crash)):
        monkeypatch.setitem(catalog.BY_NAME, name, dataclasses.replace(catalog.BY_NAME[name], make=make))


def test_a_figure_that_fails_leaves_the_others(models, tmp_path, broken):
    gallery = Gallery(tmp_path, **models)
    for name in ("stylegan2/1", "stylegan2/2", "swapae/9", "swapae/2"):
        gallery.add(name)
    assert [entry.path is not None for entry in gallery.entries] == [True, False, False, True]
    page = Page(gallery.finish())
    assert page.sources() == ["stylegan2/1.png", "swapae/2.png"]
    assert "<script>alert(1)</script> & so on" in page.text
    assert "ZeroDivisionError: </p><img src=x onerror=alert(2)>" in page.text
    assert "script" not in {tag for tag, _ in page.tags}
    with Image.open(tmp_path / "contact.png") as contact:
        assert contact.width == 4 * (320 + 12) + 12


def test_names_of_models_are_escaped(models, tiny_generator, tmp_path):
    weights = Weights("stylegan2", "\"><script>x</script>&\udcff'", "ab" * 32, Path("file.pt"))
    hostile = StyleGAN2(tiny_generator.network, device="cpu", weights=weights)
    gallery = Gallery(tmp_path, generator=hostile, swapae=models["swapae"])
    gallery.add("fid")
    page = Page(gallery.finish())
    assert '"><script>x</script>&' in page.text
    assert "script" not in {tag for tag, _ in page.tags}


def test_given_pictures_take_turns(models, drawings, tmp_path):
    gallery = Gallery(tmp_path, images=drawings[:3], **models)
    sources = []
    for name in ("swapae/9", "swapae/10", "swapae/11"):
        sources.append(Image.open(gallery.add(name).path).crop((12, 12, 160, 160)).tobytes())
    assert len(set(sources)) == 3
    strip = Image.open(gallery.add("swapae/2").path)
    assert strip.size == size_of(8, 1)


def test_a_bad_picture_or_folder_is_told_at_once(models, tmp_path):
    with pytest.raises(ImageError, match=r"missing\.png"):
        Gallery(tmp_path / "out", images=[tmp_path / "missing.png"], **models)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="folder"):
        Gallery(tmp_path / "file" / "out", **models)


def test_an_empty_gallery_is_a_page(models, tmp_path):
    assert Page(Gallery(tmp_path, **models).finish()).sources() == []


def test_names_can_be_patterns():
    assert chosen([]) == NAMES
    assert chosen(["fid", "stylegan2/?"]) == ["stylegan2/1", "stylegan2/2", "stylegan2/3", "fid"]
    assert chosen(["swapae/1*"]) == ["swapae/1", *(f"swapae/{number}" for number in range(10, 20))]
    with pytest.raises(UnknownNameError, match="stylegan2"):
        chosen(["fid", "stylegan/*"])


# ------------------------------------------------------------------------------------------------------- the command


@pytest.fixture
def command(models, monkeypatch):
    """`webtoonfaces figures` with tiny models: arguments -> exit code."""
    monkeypatch.setattr(generators, "load_stylegan2", lambda *_, **__: models["generator"])
    monkeypatch.setattr(generators, "load_swapae", lambda *_, **__: models["swapae"])
    parser = argparse.ArgumentParser(prog="webtoonfaces")
    add_figures(parser.add_subparsers())

    def call(*arguments: str) -> int:
        args = parser.parse_args(["figures", *arguments])
        return args.run(args)

    return call


def test_command(command, tmp_path, capsys):
    assert command(str(tmp_path), "fid", "stylegan2/1", "--seed", "3") == 0
    told = capsys.readouterr()
    assert "2 of 2 figures" in told.out
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "contact.png", "fid.png", "stylegan2"}


def test_command_with_a_figure_that_fails(command, tmp_path, capsys, broken):
    assert command(str(tmp_path), "stylegan2/2", "swapae/9", "fid") == 1
    told = capsys.readouterr()
    assert "stylegan2/2 could not be made. <script>" in told.err
    assert "swapae/9 could not be made. ZeroDivisionError" in told.err
    assert "1 of 3 figures" in told.out
    assert (tmp_path / "fid.png").exists()


def test_command_passes_its_options_on(command, tmp_path, drawings):
    (tmp_path / "data" / "t").mkdir(parents=True)
    drawings[0].save(tmp_path / "data" / "t" / "1.png")
    drawings[0].save(tmp_path / "photo.png")
    out = tmp_path / "out"
    told = ["--images", str(tmp_path / "photo.png"), "--data", str(tmp_path / "data")]
    assert command(str(out), "swapae/9", "dataset", *told) == 0
    with Image.open(out / "swapae" / "9.png") as sheet:
        assert same(cell(sheet, 0, 0), frame(contact_sheet([drawings[0]], cell=CELL)))


def test_command_refuses_unknown_names_before_it_loads_anything(command, tmp_path):
    with pytest.raises(UnknownNameError, match="fid"):
        command(str(tmp_path / "out"), "fit")
    assert not (tmp_path / "out").exists()


def test_figures_are_shown_folded_but_for_the_first(tiny_swapae, tiny_generator) -> None:
    names = "swapae/2", "swapae/5", "fid"
    models = {"swapae": tiny_swapae, "generator": tiny_generator}
    page = wf.figures.show(*names, height=150, **models)._repr_html_()
    assert [part.startswith(" open") for part in page.split("<details")[1:]] == [True, False, False]
    for name in names:
        assert f"<b>{name}</b> &ensp;{html.escape(wf.figures.about(name))}</summary>" in page
        assert f'alt="{name}" style="max-height: 150px' in page
    data = page.partition("base64,")[2].partition('"')[0]
    with Image.open(io.BytesIO(base64.b64decode(data))) as shown:
        assert shown.size == wf.figures.draw("swapae/2", **models).size
    with pytest.raises(UnknownNameError, match="swapae/99"):
        wf.figures.show("swapae/2", "swapae/99", **models)
