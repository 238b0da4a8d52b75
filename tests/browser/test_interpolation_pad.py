"""`InterpolationPad` as a person uses it, in JupyterLab."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from .lab import Lab, Notebook

CODE = """\
import webtoonfaces as wf

explorer = wf.InterpolationPad(wf.load_stylegan2("demo"))
explorer"""


@pytest.fixture(scope="module")
def opened(lab: Lab) -> Iterator[Notebook]:
    with lab.showing(CODE, "wf-interpolation-pad") as notebook:
        yield notebook


def test_a_drag_changes_the_picture_and_the_release_decides_it(notebook: Notebook) -> None:
    before = notebook.picture()
    pad = notebook.find(".wf-pad").bounding_box()
    assert pad is not None
    notebook.drag(notebook.find(".wf-pad-handle"), [(40, -30), (70, 50)])
    during = notebook.changed(before)
    notebook.release()
    notebook.settled()
    x, y = notebook.value("[explorer.x, explorer.y]")
    assert (x, y) == pytest.approx((0.5 + 70 / pad["width"], 0.5 + 50 / pad["height"]), abs=0.01)
    assert notebook.picture() != before
    assert len(during) > 1000


def test_arrow_keys_move_the_handle(notebook: Notebook) -> None:
    x, y = notebook.value("[explorer.x, explorer.y]")
    before = notebook.picture()
    handle = notebook.find(".wf-pad-handle")
    handle.focus()
    handle.press("ArrowLeft")
    handle.press("Shift+ArrowUp")
    notebook.until(f"abs(explorer.x - {x - 0.02}) < 1e-9 and abs(explorer.y - {y - 0.1}) < 1e-9")
    notebook.changed(before)
    notebook.settled()
    right, down = (math.floor(100 * at + 0.5) for at in notebook.value("[explorer.x, explorer.y]"))  # as scripts round
    described = f"{right} % to the right, {down} % down"
    assert handle.get_attribute("aria-valuetext") == described


def test_a_settled_change_is_heard_once(notebook: Notebook) -> None:
    """Of a key, which is one change, and of a drag, whose last place is the one that is told last."""
    notebook.run(
        "heard, pictures = [], []\n"
        "explorer.observe(lambda change: heard.append((change['name'], change['new'])), ['x', 'y'])\n"
        "explorer.observe(lambda change: pictures.append(change['new']), 'image')"
    )
    handle = notebook.find(".wf-pad-handle")
    handle.press("ArrowRight")
    notebook.until("heard")
    notebook.settled()
    assert notebook.value("heard == [('x', explorer.x)]")
    assert notebook.value("len(pictures) == 1 and pictures[0].tobytes() == explorer.render().tobytes()")
    notebook.drag(handle, [(10, 10), (20, -20)])
    notebook.release()
    notebook.settled()
    assert notebook.value("dict(heard) == {'x': explorer.x, 'y': explorer.y}")
    assert notebook.value("all(a != b for a, b in zip(heard, heard[1:]))")


def test_a_corner_is_rolled_again(notebook: Notebook) -> None:
    seeds, before = notebook.value("explorer.seeds"), notebook.picture()
    corner = notebook.find(".wf-pad-corner-0").get_attribute("src")
    notebook.unfold("Corners")
    notebook.find(".wf-reroll-0").click()
    notebook.changed(before)
    notebook.settled()
    rolled = notebook.value("explorer.seeds")
    assert rolled[0] != seeds[0]
    assert rolled[1:] == seeds[1:]
    assert notebook.find(".wf-pad-corner-0").get_attribute("src") != corner


def test_a_seed_is_typed(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.unfold("Corners")
    notebook.type("top left", "12345")
    notebook.until("explorer.seeds[0] == 12345")
    notebook.changed(before)
    notebook.settled()


def test_it_is_saved_and_drawn_again(notebook: Notebook) -> None:
    notebook.save_and_replay("between.png")


def test_it_is_kept_and_taken_into_a_corner(notebook: Notebook) -> None:
    notebook.find(".wf-keep").click()
    notebook.told("kept as between")
    before = notebook.picture()
    notebook.run("explorer.take('between', corner=3)")
    notebook.changed(before)
    notebook.settled()
    notebook.find(".wf-reset").click()
    notebook.until("explorer.x == 0.5 and explorer.seeds == (7, 28, 39, 60)")
    notebook.settled()


def test_what_fails_in_a_callback_is_noticed(opened: Notebook) -> None:
    """The checks of this folder are worth something only if they see what nobody looks at."""
    opened.run("fail = lambda change: 1 / 0; explorer.observe(fail, 'y')")
    opened.find(".wf-pad-handle").press("ArrowDown")
    opened.page.wait_for_function("wf.complaints.length > 0")
    assert "ZeroDivisionError" in "".join(opened.lab.trouble())
    opened.run("explorer.unobserve(fail, 'y')")
