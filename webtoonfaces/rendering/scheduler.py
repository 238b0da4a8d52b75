"""The latest request wins: one worker, one pending slot.

While a handle is dragged, requests come faster than pictures can be drawn. Drawing each of them would go on long after
the hand has stopped; here a request that is still waiting when the next one comes is dropped, and the last one is
always drawn. What a result calls for (the full picture behind a draft, say) is drawn once the hand is still, and
gives way to whatever is asked for meanwhile.
"""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

Request = TypeVar("Request")
Result = TypeVar("Result")


SETTLE_S = 0.15  # a hand that drags sends something more often than this

PATIENCE_S = 30  # for a picture that is being drawn when Python ends

logger = logging.getLogger(__name__)
_all: weakref.WeakSet[Scheduler] = weakref.WeakSet()


@atexit.register
def _end() -> None:
    """Python must not be taken down under a thread that draws: torch would end the process with an abort."""
    running = list(_all)
    for scheduler in running:
        scheduler.close()
    for scheduler in running:
        scheduler.join(PATIENCE_S)


class Scheduler(Generic[Request, Result]):
    """Runs `work` on a thread of its own, and hands each result to `done`.

    `work` must not raise: the renderer gives an error as a result. `done` is called on the worker's thread, and so is
    `then`, which may answer a result with the request that should follow it: it is drawn unless another one was
    submitted within `settle` seconds, and may be followed in its turn, without a pause.
    """

    def __init__(
        self,
        work: Callable[[Request], Result],
        done: Callable[[Request, Result], None],
        *,
        then: Callable[[Request, Result], Request | None] | None = None,
        settle: float = SETTLE_S,
    ):
        self._work, self._done, self._then, self._settle = work, done, then, settle
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
                _all.add(self)
            self._condition.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Until nothing is pending, being drawn, or about to follow; False after `timeout` seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self._pending is None and not self._busy, timeout)

    def close(self) -> None:
        """Drop what is pending and let the worker end after its picture."""
        with self._condition:
            self._closed, self._pending = True, None
            self._condition.notify_all()

    def join(self, timeout: float) -> None:
        """After `close`: until the worker has ended, or `timeout` seconds."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        following, settle = None, self._settle
        while True:
            submitted = self._take(following, settle)
            if self._closed:
                return
            # What follows a submitted request waits for the hand to rest; what follows that need not wait again.
            request, settle = (following, 0.0) if submitted is None else (submitted, self._settle)
            assert request is not None  # `_take` gives one where nothing follows
            following = self._draw(request)

    def _take(self, following: Request | None, settle: float) -> Request | None:
        """The submitted request; None where `following` is to be drawn instead, or where all is over."""

        def wanted() -> bool:
            return self._pending is not None or self._closed

        with self._condition:
            if following is None:
                self._busy = False
                self._condition.notify_all()
                self._condition.wait_for(wanted)
            else:
                self._condition.wait_for(wanted, settle)
            submitted, self._pending = self._pending, None
            self._busy = not self._closed
            self.started += self._busy
            self._condition.notify_all()
            return submitted

    def _draw(self, request: Request) -> Request | None:
        try:
            result = self._work(request)
            self._done(request, result)
            return self._then(request, result) if self._then else None
        except Exception:  # a failing callback must not end the worker: the next picture can still be drawn
            logger.exception("showing a picture failed")
            return None
