"""What holds for each of the four explorers: undo, keys, names, comparison, files, and how it ends."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from webtoonfaces import replay

from .axe import findings
from .lab import Lab, Notebook

MODELS = 'import webtoonfaces as wf\nG, AE = wf.load_stylegan2("demo"), wf.load_swapae("demo")\n'
CALLS = {
    "wf-interpolation-pad": "wf.InterpolationPad(G)",
    "wf-layer-mixer": "wf.LayerMixer(G)",
    "wf-swap-explorer": "wf.SwapExplorer(AE, G)",
    "wf-face-studio": "wf.FaceStudio(AE, G)",
}


HANDLES = {  # what is dragged, and where each of the steps goes
    "wf-interpolation-pad": ("", (3, -2)),
    "wf-layer-mixer": ("from, to", (-3, 0)),
    "wf-swap-explorer": ("own style", (3, 0)),
    "wf-face-studio": ("own style", (3, 0)),
}


OWN = {  # a control that only this explorer has
    "wf-interpolation-pad": ".wf-pad-handle",
    "wf-layer-mixer": ".wf-layers button",
    "wf-swap-explorer": "[aria-label='swap location'] .wf-strip-cell",
    "wf-face-studio": ".wf-reroll",
}


TAGS = {  # what the halves of the comparison are called
    "wf-layer-mixer": ("sample A", "mixed"),
    "wf-swap-explorer": ("structure", "swapped"),
    "wf-face-studio": ("photo", "webtoon"),
}


@pytest.fixture(scope="module", params=CALLS)
def opened(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Notebook]:
    with lab.showing(f"{MODELS}\nexplorer = {CALLS[request.param]}\nexplorer", request.param) as notebook:
        yield notebook


def test_what_is_unfolded_comes_into_sight_and_moves_no_button(notebook: Notebook) -> None:
    notebook.settled()
    buttons = notebook.find(".wf-accordion > .wf-row > button").all()
    places = [button.evaluate("one => [one.offsetLeft, one.offsetWidth]") for button in buttons]
    for button in buttons:
        notebook.unfold(button.inner_text().strip())
    assert [button.evaluate("one => [one.offsetLeft, one.offsetWidth]") for button in buttons] == places
    notebook.page.wait_for_function(
        """root => {
          const folds = [...document.querySelectorAll(`.${root} .wf-accordion`)];
          const panel = folds.at(-1)?.lastElementChild.getBoundingClientRect();
          const controls = document.querySelector(`.${root} .wf-controls`).getBoundingClientRect();
          if (!panel) return true;
          const whole = panel.bottom <= controls.bottom || panel.top < controls.top + 40;
          return panel.top >= controls.top - 1 && whole;
        }""",
        arg=notebook.root,
    )
    for button in buttons:
        button.press("Enter")


def test_random_is_undone_and_redone_with_keys_and_buttons(notebook: Notebook) -> None:
    notebook.settled()
    before = notebook.picture()
    notebook.find(".wf-random").click()
    after = notebook.changed(before)
    notebook.settled()
    after = notebook.picture()
    notebook.find(".wf-random").press("Control+z")
    notebook.changed(after)
    notebook.settled()
    assert notebook.picture() == before
    notebook.find(".wf-random").press("Control+Shift+z")
    notebook.changed(before)
    notebook.settled()
    assert notebook.picture() == after
    expect(notebook.find(".wf-redo")).to_be_disabled()
    notebook.find(".wf-undo").click()
    notebook.changed(after)
    notebook.settled()
    assert notebook.picture() == before
    expect(notebook.find(".wf-undo")).to_be_disabled()
    assert notebook.find(".wf-history .wf-strip-cell").count() == 2
    notebook.find(".wf-history .wf-strip-cell").nth(1).click()
    notebook.changed(before)
    notebook.settled()
    assert notebook.picture() == after


def test_a_drag_of_thirty_steps_is_undone_in_one(notebook: Notebook) -> None:
    notebook.settled()
    before, steps = notebook.picture(), notebook.find(".wf-history .wf-strip-cell")
    count = steps.count()
    label, (across, down) = HANDLES[notebook.root]
    handle = notebook.slider(label) if label else notebook.find(".wf-pad-handle")
    notebook.drag(handle, [(step * across, step * down) for step in range(1, 31)])
    notebook.changed(before)
    notebook.release()
    notebook.settled()
    after = notebook.picture()
    assert after != before
    expect(steps).to_have_count(count + 1)
    handle.press("Control+z")
    notebook.changed(after)
    notebook.settled()
    assert notebook.picture() == before
    expect(steps).to_have_count(count + 1)  # the drag can be done again


def test_keys_stay_inside_wherever_the_focus_is(notebook: Notebook) -> None:
    for part in (OWN[notebook.root], ".wf-random", ".wf-history .wf-strip-cell", ".wf-lens-enlarge"):
        notebook.keys_stay(notebook.find(part).first)


def test_nothing_serious_is_found_by_axe(notebook: Notebook) -> None:
    assert findings(notebook) == []
    for button in notebook.find(".wf-accordion > .wf-row > button").all():
        notebook.unfold(button.inner_text().strip())
    assert findings(notebook) == []


def test_every_control_has_a_name_that_can_be_read(notebook: Notebook) -> None:
    names = notebook.page.evaluate(
        """root => [...document.querySelectorAll(`.${root} button, .${root} input, .${root} select, .${root} textarea,
            .${root} img, .${root} [role=slider]`)].filter((one) => one.checkVisibility()).map((one) => [
              one.outerHTML.slice(0, 120),
              one.getAttribute("aria-label") ?? one.getAttribute("alt") ??
                ([...(one.labels ?? [])].map((label) => label.innerText).join(" ") || one.innerText),
              one.matches("img[alt='']"),
            ])""",
        notebook.root,
    )
    assert len(names) > 10
    for element, name, decorative in names:
        assert decorative or (name.strip() and name != "null" and any(letter.isalnum() for letter in name)), element
        assert all(ord(letter) < 0xE000 or ord(letter) > 0xF8FF for letter in name), element  # no icon's glyph


def test_the_keyboard_alone_saves_a_png(notebook: Notebook) -> None:
    name = f"{notebook.root}.png"
    notebook.run("explorer.wait(60)")
    notebook.find(".wf-lens-enlarge").focus()
    for _ in range(120):
        notebook.page.keyboard.press("Tab")
        if notebook.page.evaluate("document.activeElement.placeholder") == "file.png":
            break
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.type(name)
    notebook.page.keyboard.press("Shift+Tab")
    notebook.page.keyboard.press("Enter")
    notebook.told(f"saved {name}")
    with Image.open(notebook.lab.folder / name) as saved:
        assert max(saved.size) >= 512
        assert replay(notebook.lab.folder / name).tobytes() == saved.tobytes()


def test_the_browser_saves_the_same_file(notebook: Notebook) -> None:
    with notebook.page.expect_download() as waiting:
        notebook.find(".wf-lens-download").click()
    content = Path(waiting.value.path()).read_bytes()
    with Image.open(io.BytesIO(content)) as saved:
        assert "webtoonfaces" in saved.text and max(saved.size) >= 512
    assert notebook.value("len(explorer.png())") == len(content)


def test_before_and_after(notebook: Notebook) -> None:
    if notebook.root == "wf-interpolation-pad":
        expect(notebook.find(".wf-lens-compare")).to_be_hidden()
        return
    notebook.find(".wf-lens-compare").click()
    handle, cover = notebook.find(".wf-lens-handle"), notebook.find(".wf-lens")
    cover.wait_for()
    image, box = notebook.find(".wf-view img").bounding_box(), cover.bounding_box()
    assert image is not None and box is not None
    assert [round(box[side]) for side in box] == [round(image[side]) for side in box], "it lies over the picture"
    assert notebook.find(".wf-lens-tag").all_inner_texts() == list(TAGS[notebook.root])
    for tag, edge in zip(notebook.find(".wf-lens-tag").all(), ("left", "right"), strict=True):
        expect(tag).to_be_visible()
        place = tag.bounding_box()
        assert place is not None
        inner = place["x"] + place["width"] - box["x"] if edge == "left" else box["x"] + box["width"] - place["x"]
        assert inner < 0.3 * box["width"], "it stays in its corner, beside the face"
        assert place["y"] + place["height"] - box["y"] < 0.15 * box["height"], "and above it"
    name = handle.get_attribute("aria-label")
    assert name == "left of the line {}, right of it {}".format(*TAGS[notebook.root])
    notebook.drag(handle, [(60, 0)])
    notebook.release()
    assert handle.get_attribute("aria-valuenow") == str(round(100 * (box["width"] / 2 + 60) / box["width"]))
    handle.press("Home")
    assert handle.get_attribute("aria-valuenow") == "0"
    notebook.find(".wf-lens-compare").click()
    cover.wait_for(state="hidden")


def test_the_picture_is_enlarged_and_nothing_else_jumps(notebook: Notebook) -> None:
    def width() -> float:
        box = notebook.find(".wf-view").bounding_box()
        assert box is not None
        return box["width"]

    before = width()
    notebook.find(".wf-lens-enlarge").click()
    assert width() > 1.3 * before
    notebook.find(".wf-lens-enlarge").click()
    assert width() == before


def test_in_a_wide_window_the_picture_comes_first_and_what_is_unfolded_moves_nothing(notebook: Notebook) -> None:
    size = notebook.page.viewport_size
    assert size is not None
    notebook.page.set_viewport_size({"width": 1400, "height": 1000})
    notebook.page.evaluate("jupyterapp.shell.collapseLeft()")

    def below() -> float:
        root, line = (
            notebook.page.locator(f".{notebook.root}").bounding_box(),
            notebook.find(".wf-undo").bounding_box(),
        )
        assert root is not None and line is not None
        return line["y"] - root["y"]

    try:
        notebook.lab.until("document.querySelector(`.${root}`).clientWidth > 1100", "it is wide", root=notebook.root)
        view = notebook.find(".wf-view img").bounding_box()
        body, controls = (notebook.find(part).bounding_box() for part in (".wf-body", ".wf-controls"))
        assert view is not None and body is not None and controls is not None
        assert view["width"] > 0.5 * body["width"], "the picture has the larger half"
        assert view["height"] <= 720, "and can be seen whole"
        assert view["x"] + view["width"] + controls["width"] > body["x"] + 0.95 * body["width"], (
            "no room is left unused"
        )
        first = below()
        for button in notebook.find(".wf-accordion > .wf-row > button").all():
            button.press("Enter")
            assert below() == pytest.approx(first, abs=1)
    finally:
        notebook.page.set_viewport_size(size)


def test_copy_as_python_copies(notebook: Notebook, browser) -> None:
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.find(".wf-copy-as-python").click()
    notebook.told("copied")
    assert notebook.page.evaluate("navigator.clipboard.readText()") == notebook.run("print(explorer.code)")
    notebook.find(".wf-lens-copy").click()
    notebook.find(".wf-lens-said").get_by_text("copied").wait_for()
    kinds = notebook.page.evaluate("navigator.clipboard.read().then((items) => items[0].types)")
    assert kinds == ["image/png"]


def test_the_exported_page_works_from_disk_without_a_network(notebook: Notebook, browser) -> None:
    notebook.run(f"explorer.export_html('{notebook.root}.html')")
    path = notebook.lab.folder / f"{notebook.root}.html"
    assert path.stat().st_size <= 3e6
    page = browser.new_page()
    network = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    browser.new_cdp_session(page).send("Network.emulateNetworkConditions", network)
    try:
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda one: complaints.append(one.url) if one.url.startswith("http") else None)
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready]")
        look = "document.getElementById('picture').toDataURL()"
        before = page.evaluate(look)
        if notebook.root == "wf-interpolation-pad":
            box = page.locator(".wf-pad").bounding_box()
            assert box is not None
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.mouse.down()
            page.mouse.move(box["x"] + 20, box["y"] + 20, steps=5)
            page.mouse.up()
        else:
            page.locator(".wf-strip").first.locator(".wf-strip-cell").first.click()
        page.wait_for_function(f"before => {look} !== before", arg=before)
        assert not complaints
    finally:
        page.close()
