"""The latest request wins."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from webtoonfaces.rendering.scheduler import Scheduler

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interruption_ends_one_request_and_not_the_worker(error, caplog):
    shown = []

    def work(request: int) -> int:
        if request == 1:
            raise error
        return request

    scheduler = Scheduler(work, lambda request, result: shown.append(result))
    for request in (1, 2):
        scheduler.submit(request)
        assert scheduler.wait(10)
    assert shown == [2]
    assert error.__name__ in caplog.text


def test_a_worker_without_work_ends_and_starts_again():
    shown = []
    scheduler = Scheduler(lambda request: request, lambda request, _: shown.append(request), idle=0.01)
    for request in range(5):
        scheduler.submit(request)
        assert scheduler.wait(10)
        scheduler.join(10)
        assert not scheduler.running
    assert shown == list(range(5))


def test_a_request_at_the_moment_a_worker_ends_is_drawn():
    shown = []
    scheduler = Scheduler(lambda request: request, lambda request, _: shown.append(request), idle=0.001)
    for request in range(300):
        scheduler.submit(request)
        assert scheduler.wait(10)
        time.sleep(0.001)
    assert shown == list(range(300))


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
    scheduler.join(10)
    assert not scheduler.running
    assert shown == [1]


def test_wait_gives_up_in_time():
    gate = threading.Event()
    scheduler = Scheduler(lambda request: gate.wait(10), lambda *_: None)
    scheduler.submit(1)
    assert not scheduler.wait(0.05)
    gate.set()
    assert scheduler.wait(10)


def test_what_follows_is_drawn_and_waited_for():
    shown = []
    scheduler = Scheduler(
        lambda request: request,
        lambda request, _: shown.append(request),
        then=lambda request, _: request + 1 if request < 4 else None,
        settle=0.001,
    )
    scheduler.submit(1)
    assert scheduler.wait(10)
    assert shown == [1, 2, 3, 4]


def test_what_follows_gives_way_to_the_next_request():
    shown, about_to_follow = [], threading.Event()

    def then(request: int, _: int) -> int | None:
        if request != 1:
            return None
        about_to_follow.set()
        return 2

    scheduler = Scheduler(lambda request: request, lambda request, _: shown.append(request), then=then, settle=60)
    scheduler.submit(1)
    assert about_to_follow.wait(10)
    scheduler.submit(3)
    assert scheduler.wait(10), "no pause is sat out once there is something to draw"
    assert shown == [1, 3]


def test_closing_does_not_wait_for_what_would_follow():
    about_to_follow = threading.Event()
    scheduler = Scheduler(lambda r: r, lambda *_: None, then=lambda r, _: (about_to_follow.set(), r)[1], settle=60)
    scheduler.submit(1)
    assert about_to_follow.wait(10)
    scheduler.close()
    scheduler.join(10)
    assert not scheduler.running


def test_python_ends_while_a_picture_is_drawn():
    code = (
        "import threading, torch; from webtoonfaces.rendering.scheduler import Scheduler\n"
        "started = threading.Event()\n"
        "def work(request):\n"
        "    started.set()\n"
        "    for _ in range(200): torch.rand(64, 64) @ torch.rand(64, 64)\n"
        "s = Scheduler(work, lambda *_: None, then=lambda r, _: r, settle=0)\n"
        "s.submit(1); started.wait()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
