"""What takes long and is no picture to draw: reading a photo, writing an animation. Each kind has a thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..rendering.scheduler import Scheduler

Errand = Callable[[], Any]


class Errands:
    """Runs errands beside the widgets' own thread; of one kind the latest wins, and different kinds do not meet.

    attempt : runs an errand and tells the user what goes wrong; it must not raise.
    """

    def __init__(self, attempt: Callable[[Errand], None]):
        self._attempt = attempt
        self._slots: dict[str, Scheduler[Errand, None]] = {}

    def run(self, kind: str, errand: Errand) -> None:
        """Do it as soon as one of its kind that is being done is over; one that is waiting is dropped."""
        if kind not in self._slots:
            self._slots[kind] = Scheduler(self._attempt, lambda _errand, _result: None)
        self._slots[kind].submit(errand)

    def wait(self, timeout: float) -> bool:
        """Until none is being done; False after `timeout` seconds."""
        end = time.monotonic() + timeout
        while all(slot.wait(max(0.0, end - time.monotonic())) for slot in list(self._slots.values())):
            if all(slot.wait(0) for slot in list(self._slots.values())):  # one may have led to another
                return True
        return False

    def close(self) -> None:
        for slot in list(self._slots.values()):
            slot.close()
