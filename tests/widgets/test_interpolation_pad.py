"""The pad, kernel side: what its controls say is what is drawn, shown, kept, saved and written as Python."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from PIL import Image

import webtoonfaces as wf
from webtoonfaces import codes
from webtoonfaces.errors import BadInputError, ImageError
from webtoonfaces.rendering.saved import Shelf
from webtoonfaces.widgets.frontend.pad import Pad, PlainPad
from webtoonfaces.widgets.interpolation_pad import InterpolationPad

from .conftest import same, saved_of
from .page import classes, find, move, part, view, walk


@pytest.fixture
def pad(tiny_generator, shelf):
    made = InterpolationPad(tiny_generator, seeds=(0, 1, 2, 3), shelf=shelf)
    made.upscale = False  # tests compare with what the models draw
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


@pytest.mark.pixels
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
    before = list(part(pad, Pad).thumbnails)
    assert len(before) == 4 and all(source.startswith("data:image/jpeg") for source in before)
    pad.seeds = [0, 1, 2, 99]
    assert pad.wait(30)
    after = part(pad, Pad).thumbnails
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, True, False]


def test_a_seed_typed_and_one_rolled(pad):
    before = pad.render()
    pad.x = pad.y = 0.0
    find(pad, "top left").value = 41
    assert pad.seeds == (41, 1, 2, 3)
    assert not same(pad.render(), before)
    find(pad, "Another sample for top left").click()
    assert pad.seeds[0] != 41 and pad.seeds[1:] == (1, 2, 3)
    pad.randomise()
    assert pad.seeds[1:] != (1, 2, 3)
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
    pad.take("between", corner=3)
    assert pad.seeds == (0, 1, 2, None)
    pad.x = pad.y = 1.0
    assert same(pad.render(), kept)
    assert same(run_cell(pad.to_python()), kept)
    pad.grid = True
    assert same(run_cell(pad.to_python()), pad.render())
    pad.grid, pad.seeds = False, [0, 1, 2, 3]
    assert not same(pad.render(), kept), "a seed takes the place of what was kept"


def test_a_kept_picture_is_put_into_a_corner_by_hand(pad, shelf):
    put = find(pad, "Put")
    put.click()
    assert "Choose a picture" in pad.status.value
    pad.keep()
    shelf_list = offered(pad)
    assert shelf_list.options[1] == ("between", "between")
    shelf_list.value = "between"
    put.click()
    assert pad.seeds == (None, 1, 2, 3)
    find(pad, "top left").value = 9
    assert pad.seeds == (9, 1, 2, 3)


def offered(pad):
    """The list of what is on the shelf."""
    return next(one for one in walk(pad) if getattr(one, "options", ()) and one.options[0][0] == "from the shelf ...")


def test_keeping_tells_other_explorers(pad, tiny_generator, shelf):
    other = InterpolationPad(tiny_generator, seeds=(0, 1, 2, 3), shelf=Shelf(shelf.folder))
    apart = InterpolationPad(tiny_generator, seeds=(0, 1, 2, 3), shelf=Shelf(shelf.folder / "elsewhere"))
    pad.keep()
    assert len(offered(other).options) == 2
    assert len(offered(apart).options) == 1
    other.close()
    apart.close()


@pytest.mark.pixels
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


@pytest.mark.pixels
def test_a_saved_picture_is_made_again(demo_generator, tmp_path, shelf):
    pad = InterpolationPad(demo_generator, shelf=shelf)
    pad.upscale = False
    pad.x, pad.method = 0.1, "slerp"
    path = pad.snapshot(tmp_path / "one.png")
    assert same(wf.replay(path), saved_of(pad.render()))
    pad.close()


@pytest.mark.pixels
def test_the_loop_is_an_animation(pad, tmp_path):
    for name in ("loop.gif", "loop.webp"):
        with Image.open(pad.save_loop(tmp_path / name, steps=2)) as loop:
            assert loop.n_frames == 8
            assert loop.size == (384, 384), "a model's own 32 px are too small to share"
    with pytest.raises(ImageError, match=r"\.gif, \.webp, \.mp4"):
        pad.save_loop(tmp_path / "loop.svg")


def test_the_loop_is_written_in_the_background(pad, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    find(pad, "loop.gif", by="value").value = "walk.gif"
    find(pad, "Save loop").click()
    assert pad.tasks.running and pad.wait(60) and not pad.tasks.running
    with Image.open(tmp_path / "walk.gif") as loop:
        assert loop.n_frames == 80
    assert "saved walk.gif" in pad.status.value


def test_what_is_on_the_screen_for_the_next_cell(pad, tiny_generator):
    pad.x = 0.25
    assert pad.wait(30)
    assert same(pad.image, pad.render())
    assert same(tiny_generator.render(pad.ws)[0], pad.image)
    assert pad.code == pad.to_python()
    pad.ws.zero_()
    assert pad.ws.any(), "it is a copy"
    pad.grid, pad.rows, pad.cols = True, 2, 3
    assert pad.ws.shape == (2, 3, 8, 24)
    corners = tiny_generator.sample_ws([0, 1, 2, 3], truncation_psi=0.7)
    assert (pad.ws[1, 2] - corners[3]).abs().max() < 1e-5


def test_the_last_position_is_what_is_shown(pad, tiny_generator):
    for step in range(40):
        move(part(pad, Pad), x=step / 39, dragging=True)
    assert pad.wait(30)
    assert same(pad.image, pad.render()), "also where the release never came"
    assert "32 × 32 px" in pad.status.value
    assert view(pad).size == (512, 512)


def test_a_slow_drag_shows_drafts_and_ends_in_the_full_picture(pad, monkeypatch):
    drawn: list[bool] = []
    free, heard = threading.Event(), []
    renderer = pad.stage.renderer
    real = renderer.render

    def render(request):
        free.wait(10)
        drawn.append(request.draft)
        return replace(real(request), draft=request.draft)

    assert pad.wait(30)
    pad.observe(heard.append, "image")
    monkeypatch.setattr(renderer, "render", render)
    for step in range(40):
        move(part(pad, Pad), x=step / 39, dragging=True)
    free.set()
    assert pad.wait(30)
    assert len(drawn) <= 3, "stale positions are dropped, and nothing is replayed"
    assert drawn[-2:] == [True, False]
    assert len(heard) == 1, "a draft is not the last full picture"


def test_an_error_is_told_and_not_raised(pad, shelf):
    pad.keep()
    pad.take("between", corner=0)
    assert pad.wait(30)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no memory left")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pad.stage.renderer, "draw", fail)
        pad.x = 0.1
        assert pad.wait(30)
    assert "role='alert'" in pad.status.value and "no memory left" in pad.status.value
    assert "<details>" in pad.status.value
    pad.x = 0.2
    assert pad.wait(30)
    assert "role='status'" in pad.status.value


def test_a_button_that_fails_says_so(pad, monkeypatch):
    monkeypatch.setattr(pad.stage.renderer, "draw", lambda *_: 1 / 0)
    find(pad, "Save").click()
    assert "ZeroDivisionError" in pad.status.value


def test_four_corners_need_four_seeds(tiny_generator):
    with pytest.raises(BadInputError, match="one for each corner; 2 were given"):
        InterpolationPad(tiny_generator, seeds=[1, 2])


def test_without_custom_widgets_two_sliders_do(monkeypatch, tiny_generator, shelf):
    monkeypatch.setenv("WEBTOONFACES_PLAIN", "1")
    pad = InterpolationPad(tiny_generator, seeds=(0, 1, 2, 3), shelf=shelf)
    pad.upscale = False
    plain = part(pad, PlainPad)
    find(plain, "across").value = 0.2
    assert pad.x == 0.2
    assert pad.wait(30)
    assert same(pad.image, pad.render())
    pad.close()


def test_where_to_find_things_on_the_page(pad):
    assert "wf-interpolation-pad" in classes(pad)
    assert "wf-view" in classes(pad.stage.view)
    assert "wf-status" in classes(pad.status)
