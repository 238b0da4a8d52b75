"""The latest request wins."""

from __future__ import annotations

import threading

from webtoonfaces.studio.scheduler import Scheduler


def test_the_last_request_is_always_drawn_and_stale_ones_are_dropped():
    gate, shown, started = threading.Event(), [], threading.Event()

    def work(request: int) -> int:
        started.set()
        gate.wait(10)
        return request * 10

    scheduler = Scheduler(work, lambda request, result: shown.append((request, result)))
    scheduler.submit(0)
    assert started.wait(10)
    for request in range(1, 60):
        scheduler.submit(request)
    gate.set()
    assert scheduler.wait(10)
    assert shown == [(0, 0), (59, 590)]
    assert scheduler.dropped == 58
    assert scheduler.started == 2


def test_a_failing_callback_does_not_end_the_worker(caplog):
    shown = []

    def done(request: int, result: int) -> None:
        if request == 1:
            raise ValueError("no screen")
        shown.append(result)

    scheduler = Scheduler(lambda request: request, done)
    for request in (1, 2):
        scheduler.submit(request)
        assert scheduler.wait(10)
    assert shown == [2]
    assert "showing a picture failed" in caplog.text


def test_closing_drops_what_waits():
    gate, shown, started = threading.Event(), [], threading.Event()

    def work(request: int) -> int:
        started.set()
        gate.wait(10)
        return request

    scheduler = Scheduler(work, lambda request, _: shown.append(request))
    scheduler.submit(1)
    assert started.wait(10)
    scheduler.submit(2)
    scheduler.close()
    gate.set()
    scheduler.submit(3)
    scheduler._thread.join(10)
    assert not scheduler._thread.is_alive()
    assert shown == [1]


def test_wait_gives_up_in_time():
    gate = threading.Event()
    scheduler = Scheduler(lambda request: gate.wait(10), lambda *_: None)
    scheduler.submit(1)
    assert not scheduler.wait(0.05)
    gate.set()
    assert scheduler.wait(10)
