"""Undo and redo in every explorer, what counts as one step, and the strip of pictures."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from webtoonfaces.images import encode
from webtoonfaces.widgets.explorer import Explorer
from webtoonfaces.widgets.face_studio import FaceStudio
from webtoonfaces.widgets.frontend.pad import Pad
from webtoonfaces.widgets.frontend.shell import Shell
from webtoonfaces.widgets.interpolation_pad import InterpolationPad
from webtoonfaces.widgets.layer_mixer import LayerMixer
from webtoonfaces.widgets.parts.history import MOST, TOGETHER_S, History
from webtoonfaces.widgets.swap_explorer import SwapExplorer

from .conftest import same
from .page import find, move, part, send, styled


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def history(clock: Clock) -> History:
    return History(lambda: None, clock=clock)


def states(history: History) -> list[object]:
    """The values of `x`, walking back from the present step."""
    found = []
    while history.can_undo:
        state = history.go(history.index - 1)
        assert state is not None
        found.append(state["x"])
    return found


def test_changes_of_one_name_within_a_second_are_one_step(history: History, clock: Clock) -> None:
    for value in range(5):
        history.note({"x": value, "y": 0}, value)
        clock.now += TOGETHER_S / 2
    assert states(history) == [0]


def test_later_changes_and_other_names_are_steps_of_their_own(history: History, clock: Clock) -> None:
    history.note({"x": 0, "y": 0}, 0)
    history.note({"x": 1, "y": 0}, 1)
    history.note({"x": 1, "y": 1}, 2)
    clock.now += TOGETHER_S
    history.note({"x": 1, "y": 2}, 3)
    history.note({"x": 1, "y": 2}, 3)  # the same state again is no step
    assert states(history) == [1, 1, 0]


def test_what_happens_while_the_pointer_is_down_is_one_step(history: History, clock: Clock) -> None:
    history.note({"x": 0, "y": 0}, 0)
    for start in (100, 200):  # two presses, however quick, are two steps
        history.press()
        for value in range(1, 30):
            clock.now += 2 * TOGETHER_S
            history.note({"x": start + value, "y": value}, value)
        history.release()
        history.note({"x": start + 30, "y": 29}, 30)  # it was sent before the release
    assert states(history) == [130, 0]


def test_a_change_after_undo_drops_what_could_be_redone(history: History, clock: Clock) -> None:
    for value in range(3):
        history.note({"x": value}, value)
        clock.now += TOGETHER_S
    history.go(0)
    assert history.can_redo and not history.can_undo
    history.note({"x": 9}, 9)
    assert not history.can_redo and states(history) == [0]


def test_so_many_steps_are_kept(history: History, clock: Clock) -> None:
    for value in range(MOST + 7):
        history.note({"x": value}, value)
        clock.now += TOGETHER_S
    assert len(history.pictures) == MOST and states(history)[-1] == 7
    assert history.go(MOST) is None and history.go(-1) is None


def test_a_picture_belongs_to_the_step_of_its_request(history: History, clock: Clock) -> None:
    history.note({"x": 0}, "first")
    clock.now += TOGETHER_S
    history.note({"x": 1}, "second")
    history.show("first", lambda: "one")
    history.show("first", lambda: "again")
    history.show("none", lambda: "lost")
    assert history.pictures == ["one", ""]


# in the explorers


@pytest.fixture
def make(tiny_generator, tiny_swapae, shelf, photo) -> Iterator[Callable[[str], Explorer]]:
    opened: list[Explorer] = []

    def studio() -> FaceStudio:
        found = FaceStudio(tiny_swapae, tiny_generator, photo=None, seed=0, shelf=shelf)
        found.load(photo)
        found.draw_crop((0, 0, 100, 100))
        return found

    makers: dict[str, Callable[[], Explorer]] = {
        "pad": lambda: InterpolationPad(tiny_generator, seeds=(0, 1, 2, 3), shelf=shelf),
        "mixer": lambda: LayerMixer(tiny_generator, seeds=(0, 1), shelf=shelf),
        "swap": lambda: SwapExplorer(tiny_swapae, tiny_generator, structure=0, style=1, shelf=shelf),
        "studio": studio,
    }

    def make(kind: str) -> Explorer:
        opened.append(makers[kind]())
        assert opened[-1].wait(60)
        return opened[-1]

    yield make
    for explorer in opened:
        explorer.close()


CHANGES: dict[str, list[Callable[[Explorer], object]]] = {
    "pad": [lambda e: setattr(e, "psi", 0.2), lambda e: setattr(e, "seeds", (4, 5, 6, 7)), lambda e: e.keep_and_take()],
    "mixer": [lambda e: e.add(9), lambda e: setattr(e, "range", (0, 3)), lambda e: e.remove(0)],
    "swap": [lambda e: setattr(e, "location", 5), lambda e: setattr(e, "style", 8)],
    "studio": [lambda e: setattr(e, "location", 5), lambda e: setattr(e, "seed", 8)],
}


@pytest.mark.parametrize("kind", CHANGES)
def test_random_reset_and_every_change_are_undone_and_redone(make, kind, monkeypatch) -> None:
    monkeypatch.setattr(InterpolationPad, "keep_and_take", _keep_and_take, raising=False)
    random.seed(1)
    explorer = make(kind)
    pictures = [explorer.render()]
    actions = [*CHANGES[kind], lambda e: find(e, "Random").click(), lambda e: find(e, "Reset").click()]
    for action in actions:
        explorer.history.separate()
        action(explorer)
        assert explorer.wait(60)
        pictures.append(explorer.render())
    for before in reversed(pictures[:-1]):
        explorer.undo()
        assert explorer.wait(60)
        assert same(explorer.render(), before) and same(explorer.image, before)
    assert not explorer.history.can_undo and find(explorer, "Undo").disabled
    for after in pictures[1:]:
        find(explorer, "Redo").click()
        assert explorer.wait(60) and same(explorer.render(), after)
    assert find(explorer, "Redo").disabled


def _keep_and_take(pad: InterpolationPad) -> None:
    pad.keep()
    pad.take("between", corner=3)


def test_a_drag_of_30_steps_is_undone_at_once(make) -> None:
    pad = make("pad")
    before, shell = pad.render(), part(pad, Shell)
    send(shell, {"kind": "press"})
    for step in range(1, 31):
        move(part(pad, Pad), x=0.5 + step / 100, y=0.5 - step / 100, dragging=True)
    send(shell, {"kind": "release"})
    move(part(pad, Pad), dragging=False)
    assert pad.wait(60) and pad.x == 0.8
    send(shell, {"kind": "undo"})
    assert pad.wait(60) and (pad.x, pad.y) == (0.5, 0.5) and same(pad.image, before)
    send(shell, {"kind": "redo"})
    assert (pad.x, pad.y) == (0.8, 0.2)


def test_the_strip_shows_every_step_and_goes_back_to_one(make) -> None:
    pad = make("pad")
    strip = styled(pad, "wf-history")
    for psi in (0.1, 0.2, 0.3):
        pad.history.separate()
        pad.psi = psi
        assert pad.wait(60)
    assert len(strip.labels) == 4 and strip.value == 3
    assert len(set(strip.thumbnails)) == 4 and all(one.startswith("data:image/jpeg") for one in strip.thumbnails)
    move(strip, value=1)
    assert pad.psi == 0.1 and pad.wait(60)
    assert len(strip.labels) == 4 and pad.history.can_redo


def test_an_upload_is_undone(make, photo) -> None:
    swap = make("swap")
    with open(photo, "rb") as file:  # noqa: PTH123
        swap.style = file.read()
    uploaded = swap.render()
    swap.undo()
    assert swap.style == 1
    swap.redo()
    assert same(swap.render(), uploaded) and encode(uploaded)


def test_another_photo_is_undone(make, photo) -> None:
    studio = make("studio")
    first, picture = studio.render(), studio.photo
    studio.history.separate()
    studio.load(picture.transpose(0))
    studio.draw_crop((0, 0, 100, 100))
    assert studio.wait(60) and not same(studio.render(), first)
    studio.undo()
    assert studio.photo is picture and studio.wait(60) and same(studio.render(), first)
