"""`SwapExplorer` as a person uses it, in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .lab import Lab, Notebook

CODE = """\
import webtoonfaces as wf

explorer = wf.SwapExplorer(wf.load_swapae("demo"), wf.load_stylegan2("demo"))
explorer"""


@pytest.fixture(scope="module")
def opened(lab: Lab) -> Iterator[Notebook]:
    with lab.showing(CODE, "wf-swap-explorer") as notebook:
        yield notebook


def test_a_drag_moves_the_swap_location_and_the_release_decides_it(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.drag(notebook.slider("location"), [(40, 0), (-37, 0)])
    notebook.changed(before)
    notebook.release()
    notebook.until("explorer.location != 3")
    notebook.settled()
    location = notebook.value("explorer.location")
    assert 0 < location < 3
    assert location % 1, "a fraction can be chosen"
    assert notebook.find(".wf-strip [aria-checked=true]").count() == 0


def test_the_strip_is_clicked(notebook: Notebook) -> None:
    notebook.page.wait_for_function("[...document.querySelectorAll('.wf-strip img')].every((image) => image.src)")
    before = notebook.picture()
    notebook.find(".wf-strip-cell").nth(5).click()
    notebook.until("explorer.location == 5")
    notebook.changed(before)
    notebook.settled()
    assert notebook.find(".wf-strip-cell").nth(5).get_attribute("aria-checked") == "true"


def test_arrow_keys_walk_along_the_strip(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.find(".wf-strip-cell").nth(5).press("ArrowLeft")
    notebook.until("explorer.location == 4")
    notebook.changed(before)
    notebook.settled()


def test_the_style_is_rolled_again(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.find(".wf-style .wf-reroll").click()
    notebook.until("explorer.style != 1")
    notebook.changed(before)
    notebook.settled()
    assert notebook.value("explorer.structure") == 0


def test_it_is_saved_and_drawn_again(notebook: Notebook) -> None:
    notebook.save_and_replay("swapped.png")


def test_keys_stay_in_the_explorer(notebook: Notebook) -> None:
    notebook.keys_stay(notebook.find(".wf-strip-cell").first)
