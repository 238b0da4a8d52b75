"""The latest request wins: one worker, one pending slot.

While a handle is dragged, requests come faster than pictures can be drawn. Drawing each of them would go on long after
the hand has stopped; here a request that is still waiting when the next one comes is dropped, and the last one is
always drawn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Request = TypeVar("Request")
Result = TypeVar("Result")


class Scheduler(Generic[Request, Result]):
    """Runs `work` on a thread of its own, and hands each result to `done`.

    `work` must not raise: the renderer gives an error as a result. `done` is called on the worker's thread.
    """

    def __init__(self, work: Callable[[Request], Result], done: Callable[[Request, Result], None]):
        self._work, self._done = work, done
        self._condition = threading.Condition()
        self._pending: Request | None = None
        self._busy = self._closed = False
        self._thread: threading.Thread | None = None
        self.started = self.dropped = 0

    def submit(self, request: Request) -> None:
        """Draw this next; a request that was still waiting is dropped."""
        with self._condition:
            if self._closed:
                return
            self.dropped += self._pending is not None
            self._pending = request
            if self._thread is None:
                # A daemon: a notebook that is shut down does not wait for a picture.
                self._thread = threading.Thread(target=self._run, name="webtoonfaces-renderer", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Until nothing is pending or being drawn; False after `timeout` seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self._pending is None and not self._busy, timeout)

    def close(self) -> None:
        """Drop what is pending and let the worker end after its picture."""
        with self._condition:
            self._closed, self._pending = True, None
            self._condition.notify_all()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._busy = False
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._pending is not None or self._closed)
                if self._closed:
                    return
                request, self._pending = self._pending, None
                self._busy = True
                self.started += 1
            assert request is not None  # wait_for above
            try:
                self._done(request, self._work(request))
            except Exception:  # a failing callback must not end the worker: the next picture can still be drawn
                import logging

                logging.getLogger(__name__).exception("showing a picture failed")
