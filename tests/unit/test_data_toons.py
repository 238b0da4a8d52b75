"""The open data set: drawn the same everywhere, framed alike, varied, attributed, and resumed without mixing."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtoonfaces.data import toons
from webtoonfaces.data.toons import BACKGROUNDS, STYLES, draw_toon, draw_toons, shares
from webtoonfaces.errors import BadInputError, UnknownNameError

pytest.importorskip("dicebear")
pytest.importorskip("resvg_py")

ROOT = Path(__file__).parents[2]


def pixels(style: str, index: int, **options: int) -> np.ndarray:
    return np.asarray(draw_toon(style, index, **options))


@pytest.mark.parametrize("style", STYLES)
def test_a_toon_is_an_rgb_square_of_the_asked_size(style: str) -> None:
    image = draw_toon(style, 3, size=80)
    assert image.mode == "RGB"
    assert image.size == (80, 80)


def test_the_same_request_gives_the_same_pixels_and_another_gives_others() -> None:
    first = pixels("lorelei", 5, size=48)
    assert np.array_equal(first, pixels("lorelei", 5, size=48))
    assert not np.array_equal(first, pixels("lorelei", 6, size=48))
    assert not np.array_equal(first, pixels("lorelei", 5, size=48, seed=1))


@pytest.mark.parametrize("style", STYLES)
def test_faces_of_a_style_differ(style: str) -> None:
    assert len({pixels(style, index, size=32).tobytes() for index in range(12)}) == 12


@pytest.mark.parametrize("style", STYLES)
def test_the_background_is_painted_and_the_face_fills_the_frame(style: str) -> None:
    backgrounds = {tuple(bytes.fromhex(color)) for color in BACKGROUNDS}
    drawn = []
    for index in range(10):
        toon = pixels(style, index, size=48)
        background, painted = Counter(map(tuple, toon[:, [0, -1]].reshape(-1, 3).tolist())).most_common(1)[0]
        if background in backgrounds and painted > 10:  # long hair may hide all of the border
            ink = (toon != background).any(2)
            drawn.append((np.ptp(np.flatnonzero(ink.any(0))) / 48, np.ptp(np.flatnonzero(ink.any(1))) / 48))
    assert len(drawn) >= 4
    width, height = np.median(drawn, axis=0)
    assert width > 0.6
    assert height > 0.75


@pytest.mark.parametrize("style", ["lorelei", "open-peeps", "adventurer"])
def test_half_of_the_faces_look_the_other_way(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mirrored = []
    crop = toons._crop
    monkeypatch.setattr(toons, "_crop", lambda svg, box, mirror: mirrored.append(mirror) or crop(svg, box, mirror))
    for index in range(30):
        draw_toon(style, index, size=16)
    assert 8 <= sum(mirrored) <= 22


def test_a_mirrored_face_is_cropped_on_the_other_side() -> None:
    svg = '<svg viewBox="0 0 100 100" fill="none"><svg viewBox="1 2 3 4"/></svg>'
    assert 'viewBox="30.000 20.000 60.000 60.000" fill' in toons._crop(svg, (0.6, 0.5, 0.6), mirrored=False)
    assert 'viewBox="10.000 20.000 60.000 60.000" fill' in toons._crop(svg, (0.6, 0.5, 0.6), mirrored=True)
    assert 'viewBox="1 2 3 4"' in toons._crop(svg, (0.6, 0.5, 0.6), mirrored=True)


@pytest.mark.parametrize("style", STYLES)
def test_every_option_and_weight_is_one_that_the_style_has(style: str) -> None:
    definition = json.loads(importlib.resources.files("dicebear_styles").joinpath(f"{style}.json").read_text("utf-8"))
    spec = STYLES[style]
    renamed = {new for names in spec.recolour.values() for new in names.values()}
    known = {f"{part}Probability" for part in definition["components"]}
    known |= {f"{color}Color" for color in {*definition["colors"], *renamed}}
    assert set(spec.options) <= known
    for part, weights in spec.weights.items():
        assert set(weights) <= set(definition["components"][part]["variants"])


@pytest.mark.parametrize("style", STYLES)
def test_artist_licence_and_source_are_those_the_style_itself_states(style: str) -> None:
    meta = json.loads(importlib.resources.files("dicebear_styles").joinpath(f"{style}.json").read_text("utf-8"))["meta"]
    spec = STYLES[style]
    assert (spec.artist, spec.artist_url) == (meta["creator"]["name"], meta["creator"]["url"])
    assert (spec.licence, spec.licence_url) == (meta["license"]["name"], meta["license"]["url"])
    assert (spec.work, spec.source) == (meta["source"]["name"], meta["source"]["url"])


def test_notice_names_every_style_with_artist_source_licence_and_changes() -> None:
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())
    for style, spec in STYLES.items():
        assert style in notice
        assert spec.attribution in notice


def test_teeth_and_clothes_of_notionists_are_not_coloured_as_skin() -> None:
    colours = {tuple(bytes.fromhex(color)) for color in toons.SKIN}
    for index in range(8):
        svg_colours = set(map(tuple, pixels("notionists", index, size=64).reshape(-1, 3).tolist()))
        assert len(svg_colours & colours) == 1  # one skin a face, however many colours its clothes have


@given(st.integers(7, 100_000))
def test_shares_add_up_and_are_even_but_for_the_scarce(count: int) -> None:
    given_shares = shares(count, STYLES)
    assert list(given_shares) == list(STYLES)
    assert sum(given_shares.values()) == count
    assert given_shares["toon-head"] == min(2000, -(-count // len(STYLES)))
    free = [share for name, share in given_shares.items() if STYLES[name].at_most is None]
    assert max(free) - min(free) <= 1


@given(st.integers(7, 30_000))
def test_shares_only_grow(count: int) -> None:
    less, more = shares(count, STYLES), shares(count + 1, STYLES)
    assert all(less[name] <= more[name] for name in STYLES)


def test_shares_that_cannot_be_given_are_refused() -> None:
    with pytest.raises(BadInputError, match="2000 different"):
        shares(2001, ["toon-head"])
    with pytest.raises(BadInputError, match="cannot be shared"):
        shares(2, ["lorelei", "micah", "big-ears"])
    with pytest.raises(BadInputError, match="No drawing style"):
        shares(5, [])


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.png"))}


def test_a_data_set_has_a_folder_a_title_and_a_manifest_that_proves_it(tmp_path: Path) -> None:
    out = draw_toons(tmp_path / "toons", count=9, size=32, seed=4, workers=1, progress=False)
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["complete"] is True
    assert manifest["settings"]["seed"] == 4
    assert manifest["settings"]["size"] == 32
    assert manifest["settings"]["packages"]["dicebear-core"]
    assert sum(title["count"] for title in manifest["titles"].values()) == 9
    assert {path.parent.name for path in out.rglob("*.png")} == set(STYLES)
    for name, title in manifest["titles"].items():
        assert title["artist"] == STYLES[name].artist
        assert "recoloured, cropped" in title["attribution"]
        pictures = sorted((out / name).glob("*.png"))
        assert len(pictures) == title["count"]
        lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in pictures)
        assert title["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert not list(out.rglob("*.part*"))
    assert np.array_equal(
        np.asarray(draw_toon("micah", 0, seed=4, size=32)),
        np.asarray(toons.Image.open(toons.toon_path(out, "micah", 0))),
    )


def test_an_interrupted_run_goes_on_and_grows_with_the_same_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = draw_toons(tmp_path / "whole", count=14, size=32, workers=1, progress=False)
    out = draw_toons(tmp_path / "parts", count=8, size=32, workers=1, progress=False)
    toons.toon_path(out, "lorelei", 0).unlink()
    drawn: list[tuple[str, int]] = []
    draw = toons.draw_toon
    monkeypatch.setattr(
        toons,
        "draw_toon",
        lambda style, index, **options: drawn.append((style, index)) or draw(style, index, **options),
    )
    draw_toons(out, count=14, size=32, workers=1, progress=False)
    assert len(drawn) == 7
    assert ("lorelei", 0) in drawn
    assert files_of(out) == files_of(whole)
    assert (out / "manifest.json").read_bytes() == (whole / "manifest.json").read_bytes()


def test_several_processes_draw_what_one_draws(tmp_path: Path) -> None:
    one = draw_toons(tmp_path / "one", count=40, size=16, styles=["micah"], workers=1, progress=False)
    two = draw_toons(tmp_path / "two", count=40, size=16, styles=["micah"], workers=2, progress=False)
    assert files_of(one) == files_of(two)


def test_data_sets_are_not_mixed(tmp_path: Path) -> None:
    def draw(out: Path, **options: object) -> None:
        draw_toons(out, **{"count": 4, "size": 16, "styles": ["micah"], "workers": 1, "progress": False, **options})  # type: ignore[arg-type]

    out = tmp_path / "toons"
    draw(out)
    before = files_of(out)
    with pytest.raises(BadInputError, match="seed is 0, not 1"):
        draw(out, seed=1)
    with pytest.raises(BadInputError, match="size is 16, not 32"):
        draw(out, size=32)
    with pytest.raises(BadInputError, match="styles is"):
        draw(out, styles=["micah", "big-ears"])
    with pytest.raises(BadInputError, match="already contains more"):
        draw(out, count=3)
    assert files_of(out) == before

    other = tmp_path / "other"
    other.mkdir()
    (other / "holiday.png").write_bytes(b"mine")
    with pytest.raises(BadInputError, match="contains files"):
        draw(other)
    (other / "manifest.json").write_text("{")
    with pytest.raises(BadInputError, match="damaged"):
        draw(other)
    (other / "manifest.json").write_text('{"kind": "a diary"}')
    with pytest.raises(BadInputError, match="another kind"):
        draw(other)
    with pytest.raises(BadInputError, match="is a file"):
        draw(other / "holiday.png")


def test_requests_that_cannot_be_met_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="lorelei"):
        draw_toon("lorelie", 0)
    with pytest.raises(UnknownNameError, match="micah"):
        draw_toons(tmp_path, count=5, styles=["mica"])
    with pytest.raises(BadInputError, match="8 pixels"):
        draw_toon("micah", 0, size=8)
    with pytest.raises(BadInputError, match="0 processes"):
        draw_toons(tmp_path, count=7, workers=0)
    assert not list(tmp_path.iterdir())
