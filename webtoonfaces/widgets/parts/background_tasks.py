"""Background tasks: what takes long and draws no picture for the view, such as reading a photo or writing a GIF.

They run on threads of their own, so that the kernel and the explorer stay free. A long task has a progress bar and a
cancel button.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import ipywidgets as w
import traitlets as t

from ...errors import BadInputError
from ...rendering.scheduler import Scheduler
from .stage import Stage

Item = TypeVar("Item")
LONG = "long"
TELL_S = 0.1  # between two messages about the progress


class CancelledError(Exception):
    """The user pressed Cancel."""


class Progress:
    """What a long task reports to: how far it is. Its methods raise CancelledError once the task is cancelled."""

    def __init__(self, tell: Callable[[int], None]):
        self._tell, self._cancelled, self._told = tell, threading.Event(), 0.0

    def cancel(self) -> None:
        self._cancelled.set()

    def at(self, done: int) -> None:
        """So many steps are done."""
        if self._cancelled.is_set():
            raise CancelledError
        if time.monotonic() - self._told > TELL_S:
            self._tell(done)
            self._told = time.monotonic()

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items; each is a step that is done once the next one is asked for."""
        for done, item in enumerate(items):
            self.at(done)
            yield item


class BackgroundTasks(w.HBox):
    """Runs tasks, and is the row that shows the long one: its title, a progress bar and a cancel button.

    Of short tasks of one kind the latest wins, and different kinds do not wait for each other. There is one long task
    at a time. `running` is true while there is; what goes wrong is shown in the stage's status line.
    """

    running = t.Bool(False, help="Whether a long task is running.").tag(sync=False)

    def __init__(self, stage: Stage):
        self._stage = stage
        self._slots: dict[str, Scheduler[Callable[[], None], None]] = {}
        self._progress: Progress | None = None
        self._title = ""
        self._words = w.Label()
        self._bar = w.IntProgress(min=0, layout=w.Layout(width="160px"))
        cancel = w.Button(description="Cancel", icon="times", tooltip="Stop it; nothing is saved")
        cancel.layout.width = "auto"
        cancel.add_class("wf-cancel")
        cancel.on_click(lambda _: self.cancel())
        super().__init__([self._words, self._bar, cancel], layout=w.Layout(display="none", align_items="center"))
        self.add_class("wf-task")

    def run(self, kind: str, task: Callable[[], Any]) -> None:
        """Do it as soon as the running task of its kind is over; one of its kind that is still waiting is dropped."""
        if kind not in self._slots:
            self._slots[kind] = Scheduler(self._work, lambda _task, _result: None)
        self._slots[kind].submit(task)

    def start(self, title: str, task: Callable[[Progress], str], *, steps: int) -> None:
        """Start a long task of so many steps; what it returns is shown in the status line.

        Raises BadInputError while another long task is running.
        """
        if self.running:
            raise BadInputError(f"{self._title} is still running. Wait for it, or cancel it.")

        def tell(done: int) -> None:
            self._bar.value, self._words.value = done, f"{title}: {done} of {steps}"

        self._progress = progress = Progress(tell)
        self.running, self._title, self._bar.max = True, title, steps
        tell(0)
        self.layout.display = None
        self._stage.tell(f"{title} ...")

        def work() -> None:
            try:
                self._stage.tell(task(progress))
            except CancelledError:
                self._stage.tell(f"{title}: cancelled, nothing was saved.")
            finally:
                self.layout.display = "none"
                self.running = False

        self.run(LONG, work)

    def cancel(self) -> None:
        """End the long task, if there is one, before its next step."""
        if self._progress is not None:
            self._progress.cancel()

    def wait(self, timeout: float) -> bool:
        """Until no task is running or waiting; False after `timeout` seconds."""
        end = time.monotonic() + timeout
        while all(slot.wait(max(0.0, end - time.monotonic())) for slot in list(self._slots.values())):
            if all(slot.wait(0) for slot in list(self._slots.values())):  # one may have led to another
                return True
        return False

    def close(self) -> None:
        self.cancel()
        for slot in list(self._slots.values()):
            slot.close()
        super().close()

    def _work(self, task: Callable[[], None]) -> None:
        try:
            self._stage.attempt(task)
        except BaseException as error:  # KeyboardInterrupt, SystemExit: they stop this task, not the worker
            self._stage.tell(f"Stopped by {type(error).__name__}. Nothing was saved.", error=True)
