"""What all explorers share: pictures that follow, interruptions, and how long explorers live."""

from __future__ import annotations

import gc
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace

import ipywidgets as w
import pytest
from IPython.core.formatters import DisplayFormatter

from webtoonfaces.errors import BadInputError
from webtoonfaces.rendering.recipe import Sheet
from webtoonfaces.widgets.explorer import Explorer
from webtoonfaces.widgets.face_studio import FaceStudio
from webtoonfaces.widgets.frontend.pad import Pad
from webtoonfaces.widgets.frontend.shell import Shell
from webtoonfaces.widgets.interpolation_pad import InterpolationPad
from webtoonfaces.widgets.layer_mixer import LayerMixer
from webtoonfaces.widgets.parts.accordion import Accordion
from webtoonfaces.widgets.parts.background_tasks import Progress
from webtoonfaces.widgets.swap_explorer import SwapExplorer

from .conftest import same
from .page import find, hidden, part, send, styled

KINDS = ("InterpolationPad", "LayerMixer", "SwapExplorer", "FaceStudio")


@pytest.fixture
def make(tiny_generator, tiny_swapae, shelf) -> Iterator[Callable[[str], Explorer]]:
    makers = {
        "InterpolationPad": lambda: InterpolationPad(tiny_generator, seeds=(0, 1, 2, 3), shelf=shelf),
        "LayerMixer": lambda: LayerMixer(tiny_generator, seeds=(0, 1), shelf=shelf),
        "SwapExplorer": lambda: SwapExplorer(tiny_swapae, tiny_generator, structure=0, style=1, shelf=shelf),
        "FaceStudio": lambda: FaceStudio(tiny_swapae, tiny_generator, photo=None, seed=0, shelf=shelf),
    }
    yield lambda kind: makers[kind]()


def test_a_small_picture_that_gave_way_is_drawn_later(make, monkeypatch) -> None:
    pad = make("InterpolationPad")
    assert pad.wait(60)
    before, renderer, moved = list(part(pad, Pad).thumbnails), pad.stage.renderer, []
    real = renderer.render

    def render(request):
        if isinstance(request.picture, Sheet) and not moved:
            moved.append(True)
            pad.x = 0.75  # a handle moves while the first small picture is drawn
            return replace(real(request), picture=None)
        return real(request)

    monkeypatch.setattr(renderer, "render", render)
    pad.seeds = (9, 8, 7, 6)
    assert pad.wait(60)
    assert moved and same(pad.image, pad.render())
    after = part(pad, Pad).thumbnails
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, False, False], "the failed one stays"
    pad.close()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interruption_stops_a_picture_and_not_the_explorer(make, error, monkeypatch) -> None:
    pad = make("InterpolationPad")
    assert pad.wait(60)
    before = pad.image

    def interrupted(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(pad.stage.renderer, "draw", interrupted)
        pad.x = 0.1
        assert pad.wait(60)
    assert error.__name__ in pad.status.value and "role='alert'" in pad.status.value
    assert pad.image is before
    pad.x = 0.2
    assert pad.wait(60)
    assert same(pad.image, pad.render()) and "role='status'" in pad.status.value
    pad.close()


def test_an_interruption_stops_a_task_and_not_the_next_one(make) -> None:
    pad = make("InterpolationPad")
    assert pad.wait(60)  # its first picture has a line in the status, too

    def interrupted(_: object) -> str:
        raise KeyboardInterrupt

    pad.tasks.start("counting", interrupted, steps=3)
    assert pad.tasks.wait(60)
    assert "KeyboardInterrupt" in pad.status.value and not pad.tasks.running
    pad.tasks.start("counting", lambda progress: f"{sum(progress.watch(range(4)))} counted", steps=4)
    assert pad.tasks.wait(60)
    assert "6 counted" in pad.status.value
    pad.close()


def test_a_long_task_tells_how_far_it_is(make) -> None:
    pad = make("InterpolationPad")
    row, told = styled(pad, "wf-task"), []
    bar, words = part(row, w.IntProgress), part(row, w.Label)

    def work(progress: Progress) -> str:
        for _ in progress.watch(range(3)):
            time.sleep(0.15)  # longer than between two messages
            told.append((bar.value, words.value))
        return "done"

    pad.tasks.start("counting", work, steps=3)
    with pytest.raises(BadInputError, match="counting is still running"):
        pad.tasks.start("more", work, steps=3)
    assert pad.tasks.wait(60)
    assert told == [(0, "counting: 0 of 3"), (1, "counting: 1 of 3"), (2, "counting: 2 of 3")]
    assert "done" in pad.status.value and hidden(row)
    pad.close()


# how long they live


def registered() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return len(w.Widget.widgets)


def workers() -> int:
    return sum(thread.name.startswith("webtoonfaces") for thread in threading.enumerate())


def gone(refs: list[weakref.ref]) -> bool:
    """Whether all are collected, once their threads have ended for want of work."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        gc.collect()
        if not any(ref() for ref in refs) and not workers():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_dropped_explorer_is_collected(make, kind) -> None:
    before, refs = registered(), []
    for _ in range(3):
        explorer = make(kind)
        assert explorer.wait(60)
        explorer.reset()
        refs.append(weakref.ref(explorer))
        del explorer
    assert gone(refs)
    assert registered() == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_explorer_leaves_nothing(make, kind) -> None:
    before, explorer = registered(), make(kind)
    assert explorer.wait(60)
    display(explorer)
    assert registered() > before
    ref = weakref.ref(explorer)
    explorer.close()
    explorer.close()
    del explorer
    assert gone([ref])
    assert registered() == before


@pytest.mark.parametrize("by", ["display", "page"])
def test_an_explorer_on_a_page_stays(make, by) -> None:
    mixer = make("LayerMixer")
    assert mixer.wait(60)
    if by == "display":
        display(mixer)
    else:
        send(part(mixer, Shell), {"kind": "shown"})
    mixer.add(7)
    ref, letter = weakref.ref(mixer), find(mixer, "Another sample for C")
    del mixer
    gc.collect()
    assert ref() is not None
    letter.click()
    assert ref().seeds[2] != 7
    ref().close()


def display(explorer: Explorer) -> None:
    """What a notebook does with the last line of a cell."""
    DisplayFormatter().format(explorer)


def test_a_refused_explorer_leaves_nothing(tiny_generator, tiny_swapae, shelf) -> None:
    before = registered()
    for make in (
        lambda: InterpolationPad(tiny_generator, psi=9, shelf=shelf),
        lambda: SwapExplorer(tiny_swapae, tiny_generator, style=b"no picture", shelf=shelf),
    ):
        with pytest.raises(ValueError):
            make()
    gc.collect()
    assert registered() == before


def test_an_accordion_opens_and_closes() -> None:
    content = w.IntSlider()
    row, first, second = Accordion({"one": [w.IntSlider()], "two": [content]}).children
    assert (first.layout.display, second.layout.display) == ("none", "none")
    row.children[1].value = True
    assert (first.layout.display, second.layout.display) == ("none", "")
    assert second.children[0].value == "two" and second.children[1:] == (content,)
    row.children[1].value = False
    assert second.layout.display == "none"
