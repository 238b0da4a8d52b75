"""The pad, kernel side: what its controls say is what is drawn, shown, kept, saved and written as Python."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image

import webtoonfaces as wf
from webtoonfaces import codes
from webtoonfaces.errors import BadInputError
from webtoonfaces.rendering.saved import Shelf
from webtoonfaces.widgets.interpolation_pad import InterpolationPad
from webtoonfaces.widgets.pad import PlainPad

from .conftest import same


@pytest.fixture
def pad(tiny_generator, shelf):
    made = InterpolationPad(tiny_generator, shelf=shelf)
    yield made
    made.close()


def test_the_picture_is_the_one_between_the_corners(pad, tiny_generator):
    pad.x, pad.y, pad.psi = 0.25, 0.75, 0.5
    ws = tiny_generator.sample_ws([0, 1, 2, 3], truncation_psi=0.5)
    left, right = codes.lerp(ws[:1], ws[2:3], 0.75), codes.lerp(ws[1:2], ws[3:], 0.75)
    assert same(pad.render(), tiny_generator.render(codes.lerp(left, right, 0.25))[0])
    pad.method = "slerp"
    left, right = codes.slerp(ws[:1], ws[2:3], 0.75), codes.slerp(ws[1:2], ws[3:], 0.75)
    assert same(pad.render(), tiny_generator.render(codes.slerp(left, right, 0.25))[0])


def test_cutoff_leaves_the_later_layers_alone(pad, tiny_generator):
    pad.x, pad.y, pad.psi, pad.cutoff = 0, 0, 0.2, 3
    ws = tiny_generator.sample_ws([0], truncation_psi=0.2, truncation_cutoff=3)
    assert same(pad.render(), tiny_generator.render(ws)[0])


def test_the_grid_has_the_corners_in_its_corners(pad, tiny_generator):
    pad.seeds = [7, 8, 9, 10]
    pad.grid = True
    grid, side = pad.render(), tiny_generator.size
    assert grid.size == (5 * side, 5 * side)
    corners = tiny_generator.render(tiny_generator.sample_ws([7, 8, 9, 10], truncation_psi=0.7), batch=1)
    for corner, (left, top) in zip(corners, ((0, 0), (4, 0), (0, 4), (4, 4)), strict=True):
        box = (left * side, top * side, (left + 1) * side, (top + 1) * side)
        assert same(grid.crop(box), corner)


def test_corners_are_drawn_after_the_picture_and_again_when_they_change(pad):
    assert pad.wait(30)
    before = list(pad._pad.thumbnails)
    assert len(before) == 4 and all(source.startswith("data:image/jpeg") for source in before)
    pad.seeds = [0, 1, 2, 99]
    assert pad.wait(30)
    after = pad._pad.thumbnails
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, True, False]


def test_a_seed_typed_and_one_rolled(pad):
    before = pad.render()
    pad.x = pad.y = 0.0
    pad._seeds[0].value = 41
    assert pad.seeds == (41, 1, 2, 3)
    assert not same(pad.render(), before)
    pad.randomise()
    assert pad.seeds != (41, 1, 2, 3)
    pad.reset()
    assert pad.seeds == (0, 1, 2, 3) and (pad.x, pad.y) == (0.5, 0.5)
    assert same(pad.render(), before)


@pytest.mark.parametrize("setting", [{}, {"method": "slerp"}, {"cutoff": 2, "psi": 0.35}, {"grid": True}])
def test_the_cell_makes_the_same_pixels(setting, pad, run_cell):
    pad.x, pad.y = 0.3, 0.9
    for name, value in setting.items():
        setattr(pad, name, value)
    assert same(run_cell(pad.to_python()), pad.render())


def test_what_is_kept_can_be_a_corner_and_a_cell(pad, shelf, run_cell):
    pad.x = pad.y = 0.4
    kept = pad.render()
    pad.keep()
    assert [item.name for item in Shelf(shelf.folder)] == ["between"]
    assert "between" in [value for _, value in pad._pick.options]
    pad.take("between", corner=3)
    pad.x = pad.y = 1.0
    assert same(pad.render(), kept)
    assert same(run_cell(pad.to_python()), kept)
    pad.seeds = [0, 1, 2, 3]
    assert not same(pad.render(), kept), "a seed takes the place of what was kept"


def test_keeping_tells_other_explorers(pad, tiny_generator, shelf):
    other = InterpolationPad(tiny_generator, shelf=Shelf(shelf.folder))
    apart = InterpolationPad(tiny_generator, shelf=Shelf(shelf.folder / "elsewhere"))
    pad.keep()
    assert len(other._pick.options) == 2
    assert len(apart._pick.options) == 1
    other.close(), apart.close()


def test_a_sheet_has_no_code_for_a_corner(pad):
    pad.grid = True
    pad.keep()
    with pytest.raises(BadInputError, match="no code"):
        pad.take("between", corner=0)


def test_a_code_of_another_model_is_refused(demo_generator, pad, shelf):
    other = InterpolationPad(demo_generator, shelf=shelf)
    other.keep()
    other.close()
    with pytest.raises(BadInputError, match="another model"):
        pad.take("between", corner=0)


def test_a_saved_picture_is_made_again(demo_generator, tmp_path, shelf):
    pad = InterpolationPad(demo_generator, shelf=shelf)
    pad.x, pad.method = 0.1, "slerp"
    path = pad.snapshot(tmp_path / "one.png")
    assert same(wf.replay(path), pad.render())
    pad.close()


def test_the_loop_is_an_animation(pad, tmp_path):
    with Image.open(pad.save_loop(tmp_path / "loop.gif", steps=2)) as loop:
        assert loop.n_frames == 8
        assert loop.size == (32, 32)


def test_the_last_position_is_what_is_shown(pad, tiny_generator):
    for step in range(40):
        pad._pad.dragging = True
        pad.x = step / 39
    assert pad.wait(30)
    shown = pad._shown
    assert not shown.draft, "also where the release never came"
    assert same(shown.picture, pad.render())
    assert "32 × 32 px" in pad.status.value
    assert Image.open(io.BytesIO(pad._image.value)).size == (384, 384)


def test_a_slow_drag_shows_drafts_and_ends_in_the_full_picture(pad, monkeypatch):
    drawn: list[tuple[float, bool]] = []
    free = threading.Event()
    real = pad._renderer.draw

    def draw(picture, *, draft=False):
        free.wait(10)
        made = real(picture, draft=draft)
        pad._renderer._reduced = draft
        drawn.append(draft)
        return made

    assert pad.wait(30)
    monkeypatch.setattr(pad._renderer, "draw", draw)
    pad._pad.dragging = True
    for step in range(40):
        pad.x = step / 39
    free.set()
    assert pad.wait(30)
    assert len(drawn) <= 3, "stale positions are dropped, and nothing is replayed"
    assert drawn[-2:] == [True, False]


def test_an_error_is_told_and_not_raised(pad):
    assert pad.wait(30)
    pad._corners[0] = wf.rendering.recipe.Stored("AAAA", (1, 1, 1))
    pad.refresh()
    assert pad.wait(30)
    assert "role='alert'" in pad.status.value
    assert "damaged" in pad.status.value or "size" in pad.status.value
    assert "<details>" in pad.status.value


def test_a_button_that_fails_says_so(pad):
    pad.attempt(pad._put)
    assert "Choose a picture" in pad.status.value
    pad.attempt(lambda: 1 / 0)
    assert "ZeroDivisionError" in pad.status.value


def test_four_corners_need_four_seeds(tiny_generator):
    with pytest.raises(BadInputError, match="one for each corner; 2 were given"):
        InterpolationPad(tiny_generator, seeds=[1, 2])


def test_without_custom_widgets_two_sliders_do(monkeypatch, tiny_generator, shelf):
    monkeypatch.setenv("WEBTOONFACES_PLAIN", "1")
    pad = InterpolationPad(tiny_generator, shelf=shelf)
    assert isinstance(pad._pad, PlainPad)
    pad._pad.children[0].value = 0.2
    assert pad.x == 0.2
    assert pad.wait(30)
    assert same(pad._shown.picture, pad.render())
    pad.close()


def test_where_to_find_things_on_the_page(pad):
    assert "wf-interpolation-pad" in pad._dom_classes
    assert "wf-view" in pad.view._dom_classes
    assert "wf-status" in pad.status._dom_classes
