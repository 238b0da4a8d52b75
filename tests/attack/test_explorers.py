"""Explorers under attack: many of them, floods of changes, models that fail, interruptions. None of it adds up."""

from __future__ import annotations

import gc
import os
import resource
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tests.widgets.conftest import same
from tests.widgets.test_explorer import display, gone, registered, workers
from webtoonfaces.pretrained.generators import StyleGAN2, SwappingAutoencoder
from webtoonfaces.rendering import scheduler
from webtoonfaces.rendering.saved import Shelf
from webtoonfaces.widgets.explorer import Explorer
from webtoonfaces.widgets.face_studio import FaceStudio
from webtoonfaces.widgets.interpolation_pad import InterpolationPad
from webtoonfaces.widgets.layer_mixer import LayerMixer
from webtoonfaces.widgets.swap_explorer import SwapExplorer

COUNT = int(os.environ.get("ATTACK_EXPLORERS", "4"))  # of all kinds together, opened and closed, or dropped
EVENTS = int(os.environ.get("ATTACK_EVENTS", "500"))
FAILURES = [RuntimeError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit, RecursionError, OSError]
CASES = [(kind, error) for kind in range(3) for error in FAILURES]
SLACK = 40 * 2**20  # bytes by which a process may grow for other reasons


@pytest.fixture
def make(
    tiny_generator: StyleGAN2, tiny_swapae: SwappingAutoencoder, tmp_path: Path
) -> Iterator[Callable[[int], Explorer]]:
    shelf = Shelf(tmp_path / "shelf")
    makers = (
        lambda: InterpolationPad(tiny_generator, seeds=(0, 1, 2, 3), shelf=shelf),
        lambda: LayerMixer(tiny_generator, seeds=(0, 1), shelf=shelf),
        lambda: SwapExplorer(tiny_swapae, tiny_generator, structure=0, style=1, shelf=shelf),
        lambda: FaceStudio(tiny_swapae, tiny_generator, photo=None, seed=0, shelf=shelf),
    )
    yield lambda number: makers[number % len(makers)]()


def resident() -> int:
    """Bytes that this process holds now; where the system does not say, the most it ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


def opened_and_closed(explorer: Explorer) -> None:
    display(explorer)
    explorer.reset()
    assert explorer.wait(60)
    explorer.close()


def dropped(explorer: Explorer) -> None:
    explorer.randomise()
    assert explorer.wait(60)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("use", [opened_and_closed, dropped])
def test_many_explorers_leave_nothing(make, use, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scheduler.Scheduler.__init__, "__kwdefaults__", {"then": None, "settle": 0.0, "idle": 0.2})
    for number in range(4):  # what is loaded and remembered once
        use(make(number))
    assert gone([])
    before, threads, bytes_before, refs = registered(), threading.active_count(), resident(), []
    for number in range(COUNT):
        explorer = make(number)
        refs.append(weakref.ref(explorer))
        use(explorer)
        del explorer
        gc.collect()
        assert workers() <= 8, "threads without work end"
    assert gone(refs)
    assert registered() == before and threading.active_count() <= threads
    assert resident() - bytes_before < SLACK


@pytest.mark.timeout(300)
def test_a_flood_of_changes_keeps_nothing(make):
    pad = make(0)
    assert pad.wait(60)

    def flood(count: int) -> float:
        started = time.monotonic()
        for number in range(count):
            pad.x, pad.y = number % 997 / 996, number % 641 / 640
            if number % 100 == 0:
                time.sleep(0)  # the worker draws meanwhile
        return time.monotonic() - started

    flood(200)
    assert pad.wait(60)
    before, bytes_before, drawn = registered(), resident(), pad.stage._scheduler.started
    took = flood(EVENTS)
    assert pad.wait(60)
    assert same(pad.image, pad.render())
    assert pad.stage._scheduler.started - drawn < EVENTS, "what is out of date is not drawn"
    assert took < EVENTS / 200, "changes do not wait for pictures"
    assert registered() == before and workers() <= 1
    assert resident() - bytes_before < SLACK
    pad.close()


@pytest.mark.parametrize(("kind", "error"), CASES if "ATTACK_EXPLORERS" in os.environ else CASES[1:3])
def test_a_model_that_fails_mid_drag_stops_one_picture(make, kind: int, error: type[BaseException], monkeypatch):
    explorer = make(kind)
    assert explorer.wait(60)
    renderer, calls = explorer.stage.renderer, []
    real = renderer.draw

    def draw(*arguments: object, **options: object) -> Image.Image:
        calls.append(arguments)
        if len(calls) % 2:
            raise error("no picture")
        return real(*arguments, **options)

    def draft(*arguments: object, **options: object) -> Image.Image:
        raise error("no draft")

    with monkeypatch.context() as patch:
        patch.setattr(renderer, "draw", draft)
        for _ in range(5):
            explorer.refresh(draft=True)
        explorer.randomise()
        assert explorer.wait(60)
        assert "role='alert'" in explorer.status.value
        patch.setattr(renderer, "draw", draw)
        for _ in range(4):
            explorer.randomise()
            assert explorer.wait(60)
    explorer.randomise()
    assert explorer.wait(60)
    assert "role='status'" in explorer.status.value and same(explorer.image, explorer.render())
    explorer.close()


def test_two_explorers_on_one_model_do_not_mix(make):
    pads = [make(0), make(0)]
    mixers = [make(1), make(1)]
    with ThreadPoolExecutor(4) as pool:

        def drag(explorer: Explorer) -> None:
            for number in range(20):
                if isinstance(explorer, InterpolationPad):
                    explorer.x = number / 20
                explorer.refresh(draft=True)
            explorer.randomise()

        list(pool.map(drag, [*pads, *mixers]))
    for explorer in [*pads, *mixers]:
        assert explorer.wait(120)
        assert same(explorer.image, explorer.render())
        explorer.close()


def test_a_cell_that_computes_and_an_explorer_share_a_model(make, tiny_generator: StyleGAN2):
    pad = make(0)
    ws = tiny_generator.sample_ws(range(4))
    alone = [picture.tobytes() for picture in tiny_generator.render(ws)]
    for number in range(15):  # a cell's loop, while the handle is dragged
        pad.x = number / 15
        assert [picture.tobytes() for picture in tiny_generator.render(ws)] == alone
    assert pad.wait(60) and same(pad.image, pad.render())
    pad.close()


def test_closing_while_it_draws(make):
    for number in range(4):
        explorer = make(number)
        explorer.randomise()
        explorer.close()
        explorer.close()
    assert gone([])
