"""The latest request wins: one worker, one pending slot.

While a handle is dragged, requests come faster than pictures can be drawn. Drawing each of them would go on long after
the drag has ended; here a request that is still waiting when the next one comes is dropped, and the last one is always
drawn. What a result calls for (the full picture behind a draft, say) is drawn once no request has come for a moment,
and gives way to whatever is asked for meanwhile.
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


SETTLE_S = 0.15  # during a drag, requests come more often than this
IDLE_S = 2.0  # a thread without work ends after this; a new one costs less than a millisecond
PATIENCE_S = 30  # for a picture that is being drawn when Python ends

logger = logging.getLogger(__name__)
_all: weakref.WeakSet[Scheduler] = weakref.WeakSet()


@atexit.register
def _end() -> None:
    """Python must not end while a thread draws: torch would end the process with an abort."""
    running = list(_all)
    for scheduler in running:
        scheduler.close()
    for scheduler in running:
        scheduler.join(PATIENCE_S)


class Scheduler(Generic[Request, Result]):
    """Runs `work` on a thread of its own, and hands each result to `done`.

    `done` is called on the worker's thread, and so is `then`, which may answer a result with the request that should
    follow it: it is drawn unless another one was submitted within `settle` seconds, and may be followed in its turn,
    without a pause. An exception in one of the three, even KeyboardInterrupt or SystemExit, is logged and ends that
    request alone. The thread is started by the first request and ends after `idle` seconds without one.
    """

    def __init__(
        self,
        work: Callable[[Request], Result],
        done: Callable[[Request, Result], None],
        *,
        then: Callable[[Request, Result], Request | None] | None = None,
        settle: float = SETTLE_S,
        idle: float = IDLE_S,
    ):
        self._work, self._done, self._then, self._settle, self._idle = work, done, then, settle, idle
        self._condition = threading.Condition()
        self._pending: Request | None = None
        self._busy = self._closed = False
        self._thread: threading.Thread | None = None
        self.started = self.dropped = 0

    @property
    def running(self) -> bool:
        """Whether there is a thread; it may be waiting for a request."""
        thread = self._thread
        return thread is not None and thread.is_alive()

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
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _run(self) -> None:
        following, settle = None, self._settle
        while (taken := self._take(following, settle)) is not None:
            request, was_submitted = taken
            # What follows a submitted request waits for the settling time; what follows that need not wait again.
            settle = self._settle if was_submitted else 0.0
            following = self._draw(request)
            del request, taken  # a thread that waits keeps no picture alive

    def _take(self, following: Request | None, settle: float) -> tuple[Request, bool] | None:
        """Wait for what to draw: a submitted request and True, or `following` and False. None ends the thread."""

        def wanted() -> bool:
            return self._pending is not None or self._closed

        with self._condition:
            if following is None:
                self._busy = False
                self._condition.notify_all()
                self._condition.wait_for(wanted, self._idle)
            else:
                self._condition.wait_for(wanted, settle)
            submitted, self._pending = self._pending, None
            request = following if submitted is None else submitted
            if self._closed or request is None:
                self._busy, self._thread = False, self._thread if self._closed else None
                self._condition.notify_all()
                return None
            self._busy = True
            self.started += 1
            self._condition.notify_all()
            return request, submitted is not None

    def _draw(self, request: Request) -> Request | None:
        try:
            result = self._work(request)
            self._done(request, result)
            return self._then(request, result) if self._then else None
        except BaseException:  # whatever it is must not end the worker: the next request can still be drawn
            logger.exception("showing a picture failed")
            return None
