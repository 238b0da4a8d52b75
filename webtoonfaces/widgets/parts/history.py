"""The last states of an explorer, to go back to.

A state is a mapping of names to values that compare as equal where nothing changed. What belongs together is one step:
all that happens while the pointer is down, and changes of the same names that follow each other within a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

MOST = 20
TOGETHER_S = 1.0

State = Mapping[str, Any]


@dataclass
class Step:
    """A state and the request that draws it; `picture` is a small one as a data URI, "" until it was drawn."""

    state: State
    request: Hashable
    names: frozenset[str] = frozenset()  # that differ from the step before
    picture: str = ""


class History:
    """At most `MOST` steps, and which of them is on the screen. Safe to call from several threads.

    changed : called without arguments when there is something new to show.     clock : seconds.
    """

    def __init__(self, changed: Callable[[], None], *, clock: Callable[[], float] = time.monotonic):
        self._changed, self._clock = changed, clock
        self._lock = threading.RLock()
        self._steps: list[Step] = []
        self._index = -1
        self._down = self._apart = False
        self._last = -TOGETHER_S

    @property
    def index(self) -> int:
        """The step on the screen; -1 before there is one."""
        return self._index

    @property
    def pictures(self) -> list[str]:
        """The small pictures of all steps, the oldest first."""
        with self._lock:
            return [step.picture for step in self._steps]

    @property
    def can_undo(self) -> bool:
        return self._index > 0

    @property
    def can_redo(self) -> bool:
        return self._index < len(self._steps) - 1

    def press(self) -> None:
        """The pointer went down: what follows is a step of its own, until `release`."""
        self._down = self._apart = True

    def release(self) -> None:
        """The pointer went up; what was sent before and comes later still belongs to its step."""
        self._down = False

    def separate(self) -> None:
        """The next change begins a step."""
        self._apart = True

    def note(self, state: State, request: Hashable) -> None:
        """This is the state now."""
        with self._lock:
            current = self._steps[self._index] if self._steps else None
            names = frozenset(state) if current is None else _differing(current.state, state)
            if current is not None and not names:
                current.request = request
                return
            now, apart = self._clock(), self._apart
            self._apart = False
            together = self._down or (now - self._last < TOGETHER_S and current is not None and names <= current.names)
            if current is not None and self._index > 0 and together and not apart and not self.can_redo:
                current.state, current.request, current.picture = state, request, ""
                current.names |= names
                self._last = now
                return
            del self._steps[self._index + 1 :]
            self._steps.append(Step(state, request, names))
            del self._steps[:-MOST]
            self._index, self._last = len(self._steps) - 1, now
        self._changed()

    def show(self, request: Hashable, picture: Callable[[], str]) -> None:
        """What a request drew, for the step that it is of; `picture` is called where it has none yet."""
        with self._lock:
            found = [step for step in self._steps if not step.picture and step.request == request]
            for step in found:
                step.picture = picture()
        if found:
            self._changed()

    def go(self, index: int) -> State | None:
        """Make this step the present one; its state, or None where there is no such step."""
        with self._lock:
            if index not in range(len(self._steps)) or index == self._index:
                return None
            self._index, self._apart = index, True
            state = self._steps[index].state
        self._changed()
        return state


def _differing(a: State, b: State) -> frozenset[str]:
    return frozenset(name for name in b if name not in a or a[name] != b[name])
