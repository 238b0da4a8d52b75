"""`SwapExplorer` as a person uses it, in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import webtoonfaces as wf
from webtoonfaces.images import encode

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
    notebook.drag(notebook.slider("own style"), [(40, 0), (-37, 0)])
    notebook.changed(before)
    notebook.release()
    notebook.until("explorer.location != 3")
    notebook.settled()
    location = notebook.value("explorer.location")
    assert 0 < location < 3
    assert location % 1, "a fraction can be chosen"
    assert notebook.find("[aria-label='swap location'] [aria-checked=true]").count() == 0


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
    notebook.until("explorer.style != 39")
    notebook.changed(before)
    notebook.settled()
    assert notebook.value("explorer.structure") == 26


def test_uploads_that_fail_and_succeed_say_so(notebook: Notebook, tmp_path: Path) -> None:
    before, style = notebook.picture(), notebook.find(".wf-style")
    style.get_by_role("button", name="file", exact=True).click()
    note = style.locator(".wf-picker-note")
    for name, content, told in (
        ("notes.png", b"no picture", "notes.png cannot be used, so nothing was changed."),
        ("me.jpg", encode(wf.example_photo(), "JPEG"), "me.jpg is the style now"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with notebook.page.expect_file_chooser() as dialogue:
            style.locator(".wf-picker-button").click()
        dialogue.value.set_files(path)
        note.get_by_text(told).wait_for()
        style.locator(".wf-picker-progress").wait_for(state="hidden")
    notebook.changed(before)
    notebook.settled()
    assert "# With me.jpg in this folder" in notebook.value("explorer.code")


def test_it_is_saved_and_drawn_again(notebook: Notebook) -> None:
    notebook.save_and_replay("swapped.png")
