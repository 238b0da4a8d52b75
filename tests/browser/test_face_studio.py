"""`FaceStudio` as a person uses it, in JupyterLab."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator

import webtoonfaces as wf
from webtoonfaces.images import encode

from .lab import Lab, Notebook

LARGE = 2300  # px: three bytes a pixel are 15 MB
CODE = """\
import webtoonfaces as wf

explorer = wf.FaceStudio(wf.load_swapae("demo"), wf.load_stylegan2("demo"))
explorer"""


@pytest.fixture(scope="module")
def opened(lab: Lab) -> Iterator[Notebook]:
    with lab.showing(CODE, "wf-face-studio") as notebook:
        yield notebook


def choose(notebook: Notebook, path: Path) -> None:
    """Upload a file as a person does: with the button, and the browser's dialogue."""
    with notebook.page.expect_file_chooser() as dialogue:
        notebook.find(".wf-picker-button").first.click()
    dialogue.value.set_files(path)


def test_a_photo_of_15_mb_is_uploaded_and_redrawn(notebook: Notebook, tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    wf.example_photo().resize((LARGE, LARGE), Image.Resampling.BILINEAR).save(path, compress_level=0)
    assert path.stat().st_size > 15e6
    choose(notebook, path)
    notebook.picture()
    notebook.until("explorer.faces == 1")
    notebook.settled()
    assert max(notebook.value("explorer.photo.size")) <= LARGE


def test_another_photo_is_dropped(notebook: Notebook) -> None:
    before = notebook.picture()
    photo = wf.example_photo().crop((100, 0, 400, 300))
    bytes_ = base64.b64encode(encode(photo, "JPEG")).decode()
    transfer = notebook.page.evaluate_handle(
        """async (data) => {
          const bytes = await (await fetch(`data:image/jpeg;base64,${data}`)).arrayBuffer();
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
          return transfer;
        }""",
        bytes_,
    )
    notebook.find(".wf-picker").first.dispatch_event("drop", {"dataTransfer": transfer})
    notebook.until("explorer.photo.size == (300, 300)")
    notebook.changed(before)
    notebook.settled()


def test_a_drag_moves_the_swap_location_and_the_release_decides_it(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.drag(notebook.slider("own style"), [(20, 0), (60, 0)])
    notebook.changed(before)
    notebook.release()
    notebook.until("explorer.location > 3")
    notebook.settled()


def test_the_style_is_rolled_again(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.find(".wf-reroll").click()
    notebook.until("explorer.seed != 39")
    notebook.changed(before)
    notebook.settled()


def test_it_is_saved_and_drawn_again(notebook: Notebook) -> None:
    notebook.save_and_replay("face.png")


def test_a_gif_is_cancelled_while_the_kernel_stays_free(notebook: Notebook) -> None:
    notebook.find(".wf-animation").click()
    cancel = notebook.find(".wf-task .wf-cancel")
    cancel.wait_for()
    notebook.until("explorer.tasks.running")  # so a cell can run meanwhile
    before = notebook.picture()
    notebook.run("explorer.location = 8 - explorer.location")
    notebook.changed(before)
    cancel.click()
    notebook.told("Animation: cancelled, nothing was saved.")
    cancel.wait_for(state="hidden")
    assert not notebook.value("explorer.tasks.running")
    assert not list(notebook.lab.folder.glob("*.webp"))
    notebook.settled()


def test_nothing_jumps_when_another_view_is_chosen(notebook: Notebook) -> None:
    def places() -> list[float]:
        button = notebook.find("").get_by_role("button", name="before | after", exact=True)
        boxes = [part.bounding_box() for part in (button, *map(notebook.find, (".wf-view", ".wf-undo", ".wf-history")))]
        root = notebook.page.locator(f".{notebook.root}").bounding_box()
        assert root is not None
        return [box["y"] - root["y"] for box in boxes if box is not None]

    first = places()
    for name in ("before | after", "whole photo", "face"):
        before = notebook.picture()
        notebook.find("").get_by_role("button", name=name, exact=True).click()
        notebook.changed(before)
        assert places() == pytest.approx(first, abs=1), name


def test_the_picture_stays_in_sight_of_its_sliders_at_560_px(notebook: Notebook) -> None:
    size = notebook.page.viewport_size
    assert size is not None
    notebook.page.set_viewport_size({"width": 560, "height": 960})
    notebook.page.evaluate("jupyterapp.shell.collapseLeft()")
    try:
        view = notebook.find(".wf-view img")
        view.scroll_into_view_if_needed()
        slider = notebook.slider("own style")
        slider.scroll_into_view_if_needed()
        seen = "one => one.getBoundingClientRect().top > 0 && one.getBoundingClientRect().bottom < innerHeight"
        assert view.evaluate(seen) and slider.evaluate(seen)
        body = notebook.find("").first.evaluate("e => e.closest('.wf').scrollWidth <= e.closest('.wf').clientWidth + 1")
        assert body, "nothing is cut off at the side"
    finally:
        notebook.page.set_viewport_size(size)


@pytest.mark.parametrize("width", [560, 700, 1000, 1280, 1400])
def test_what_belongs_together_is_on_one_line(notebook: Notebook, width: int) -> None:
    def middle(one: Locator) -> float:
        box = one.bounding_box()
        assert box is not None
        return box["y"] + box["height"] / 2

    size = notebook.page.viewport_size
    assert size is not None
    notebook.page.set_viewport_size({"width": width, "height": 960})
    try:
        path, box = notebook.find("input[placeholder='or type its path']").first, notebook.find("input[type=checkbox]")
        path.scroll_into_view_if_needed()
        assert path.evaluate("one => one.clientWidth") > 60, "a path can be typed"
        assert middle(path) == pytest.approx(middle(notebook.find("button:text-is('Example')")), abs=2)
        every = box.and_(notebook.page.get_by_label("all faces of the photo"))
        assert middle(every) == pytest.approx(middle(every.locator("xpath=..")), abs=2)
        for button in notebook.find("button.jupyter-button").all():
            if button.is_visible():
                assert button.evaluate("one => one.clientHeight") < 40, button.inner_text()
    finally:
        notebook.page.set_viewport_size(size)


def test_the_whole_photo_is_shown(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.find("").get_by_role("button", name="whole photo", exact=True).click()
    notebook.changed(before)
