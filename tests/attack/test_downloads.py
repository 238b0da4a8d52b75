"""A server that misbehaves: it stalls, cuts, lies, redirects and drips; what comes of it is whole or nothing."""

from __future__ import annotations

import gzip
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attack.disk import full_disk
from tests.attack.processes import started
from tests.unit.test_store import (  # noqa: F401  (fixtures)
    OTHER,
    QUOTA_PAGE,
    SHA256,
    WEIGHT,
    Handler,
    Server,
    apart,
    fetch,
    files_in,
    record,
    server,
)
from webtoonfaces.errors import DownloadError, WeightsError
from webtoonfaces.weights import download, store

KILLS = int(os.environ.get("ATTACK_KILLS", "2"))
PROCESSES = 10


@pytest.fixture
def behave(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Handler], None]], None]:  # noqa: F811
    """Let the server answer every request in a way of the test's own."""
    return lambda answer: monkeypatch.setattr(Handler, "do_GET", answer)


def head(handler: Handler, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def test_a_server_that_asks_for_time_gets_it(server: Server, tmp_path: Path, behave, monkeypatch):  # noqa: F811
    slept: list[float] = []
    monkeypatch.setattr(download.time, "sleep", slept.append)
    asked = iter(["3", "Wed, 21 Oct 2015 07:28:00 GMT"])

    def answer(handler: Handler) -> None:
        if (pause := next(asked, None)) is not None:
            return head(handler, 503, Retry_After=pause, Content_Length="0")
        return handler.answer(200, WEIGHT)

    behave(answer)
    assert fetch(record(server.url("w"), sha256=SHA256), tmp_path).read_bytes() == WEIGHT
    assert slept == [3.0, 0.0]


@pytest.mark.parametrize("pause", ["7200", "99999999999999999999", "soon", "-5", "²"])
def test_a_pause_of_hours_is_told_not_waited_for(server: Server, tmp_path: Path, behave, monkeypatch, pause):  # noqa: F811
    slept: list[float] = []
    monkeypatch.setattr(download.time, "sleep", slept.append)
    told = pause.encode("ascii", "ignore").decode()
    behave(lambda handler: head(handler, 429, Retry_After=told, Content_Length="0"))
    with pytest.raises(DownloadError, match="minutes" if pause.isdecimal() else "429"):
        fetch(record(server.url("w")), tmp_path)
    assert max(slept, default=0.0) <= download._LONGEST_PAUSE_S


@pytest.mark.timeout(60)
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_without_end_is_cut_off(server: Server, tmp_path: Path, behave, monkeypatch, announced):  # noqa: F811
    monkeypatch.setattr("webtoonfaces.weights.store.MOST_BYTES", 3_000_000)
    written: list[int] = []

    def answer(handler: Handler) -> None:
        head(handler, **({"Content_Length": str(10**12)} if announced else {}))
        try:
            for _ in range(2000):
                handler.wfile.write(bytes(100_000))
                written.append(100_000)
        except OSError:
            pass

    behave(answer)
    with pytest.raises(DownloadError, match="at most 3,000,000"):
        fetch(record(server.url("w")), tmp_path)
    assert sum(written) < 100_000_000
    assert files_in(tmp_path) == []


@pytest.mark.timeout(60)
def test_a_drip_is_given_up(server: Server, tmp_path: Path, behave, monkeypatch):  # noqa: F811
    monkeypatch.setattr(download, "_WINDOW_S", 0.3)

    def answer(handler: Handler) -> None:
        head(handler, Content_Length=str(len(WEIGHT)))
        try:
            for byte in WEIGHT:
                handler.wfile.write(bytes((byte,)))
                time.sleep(0.05)
        except OSError:
            pass

    behave(answer)
    started = time.monotonic()
    with pytest.raises(DownloadError, match="bytes a second"):
        fetch(record(server.url("w")), tmp_path)
    assert time.monotonic() - started < 20


@pytest.mark.timeout(60)
def test_a_stall_is_given_up(server: Server, tmp_path: Path, behave, monkeypatch):  # noqa: F811
    monkeypatch.setattr(download, "_TIMEOUT_S", 0.2)

    def answer(handler: Handler) -> None:
        head(handler, Content_Length=str(len(WEIGHT)))
        handler.wfile.write(WEIGHT[:1000])
        time.sleep(1)

    behave(answer)
    with pytest.raises(DownloadError, match="connection was lost"):
        fetch(record(server.url("w")), tmp_path)


@pytest.mark.parametrize(
    "target",
    [
        "http://[bad",
        "file:///etc/hosts",
        "ftp://127.0.0.1/x",
        "data:,x",
        "http://example.org/x",
        "//[",
        "/w",
        "http://",
    ],
)
def test_redirects_lead_nowhere_else(server: Server, tmp_path: Path, behave, target: str):  # noqa: F811
    behave(lambda handler: head(handler, 302, Location=target, Content_Length="0"))
    with pytest.raises(DownloadError):
        fetch(record(server.url("w")), tmp_path)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 451, 500, 502, 503])
@pytest.mark.parametrize("body", [b"", QUOTA_PAGE])
def test_every_refusal_is_told(server: Server, tmp_path: Path, behave, status: int, body: bytes):  # noqa: F811
    behave(lambda handler: handler.answer(status, body))
    with pytest.raises(DownloadError, match=str(status)):
        fetch(record(server.url("w")), tmp_path)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize(
    "body",
    [gzip.compress(bytes(10**7)), gzip.compress(WEIGHT), b"", b"PK\x03\x04", WEIGHT[:-1], WEIGHT + b"x", OTHER[:99]],
)
def test_lies_are_found_out(server: Server, tmp_path: Path, behave, body: bytes):  # noqa: F811
    def answer(handler: Handler) -> None:
        head(handler, Content_Encoding="gzip", Content_Length=str(len(body)), ETag='"v1"')
        handler.wfile.write(body)

    behave(answer)
    with pytest.raises(WeightsError):
        fetch(record(server.url("w")), tmp_path)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("span", ["bytes 5-10/3", "bytes 0-9/*", "bytes x", "", "bytes 300000-1/99999999999999999"])
def test_a_range_that_was_not_asked_for(server: Server, tmp_path: Path, behave, span: str):  # noqa: F811
    def answer(handler: Handler) -> None:
        if handler.headers.get("Range"):
            head(handler, 206, Content_Range=span, Content_Length="10")
            handler.wfile.write(bytes(10))
        else:
            head(handler, ETag='"v1"', Content_Length=str(len(WEIGHT)))
            handler.wfile.write(WEIGHT[:300_000])

    behave(answer)
    with pytest.raises(DownloadError):
        fetch(record(server.url("w")), tmp_path)
    assert not (tmp_path / "test.pt").exists()


def fetch_alone(address: str, folder: Path) -> None:
    download._FIRST_PAUSE_S = 0.0
    store.fetch(record(address, sha256=SHA256), checkpoints=folder, progress=False)


def test_processes_at_once_make_one_download(server: Server, tmp_path: Path):  # noqa: F811
    server.files["w"] = WEIGHT
    running = [started(fetch_alone, server.url("w"), tmp_path) for _ in range(PROCESSES)]
    for one in running:
        one.join(240)
    assert [one.exitcode for one in running] == [0] * PROCESSES
    assert len(server.requests) == 1
    assert (tmp_path / "test.pt").read_bytes() == WEIGHT


def test_a_killed_download_leaves_nothing_under_the_name(server: Server, tmp_path: Path, behave):  # noqa: F811
    original, chance = Handler.do_GET, random.Random(0)
    gate = threading.Event()

    def answer(handler: Handler) -> None:
        head(handler, ETag='"v1"', Content_Length=str(len(WEIGHT)))
        handler.wfile.write(WEIGHT[: chance.randrange(1, len(WEIGHT))])
        handler.wfile.flush()
        gate.wait(20)

    behave(answer)
    part = tmp_path / "test.pt.part"
    for _ in range(KILLS):
        part.unlink(missing_ok=True)
        running = started(fetch_alone, server.url("w"), tmp_path)
        while not (part.is_file() and part.stat().st_size):
            assert running.is_alive()
            time.sleep(0.001)
        time.sleep(chance.random() * 0.02)
        running.kill()
        running.join()
        assert running.exitcode == -signal.SIGKILL
        assert not (tmp_path / "test.pt").exists()
    gate.set()
    behave(original)
    server.files["w"] = WEIGHT
    assert fetch(record(server.url("w"), sha256=SHA256), tmp_path).read_bytes() == WEIGHT


@pytest.mark.parametrize("after", [0, 200_000])
def test_a_full_disk_is_told(server: Server, tmp_path: Path, after: int):  # noqa: F811
    server.files["w"] = WEIGHT
    folder = tmp_path / "weights"
    folder.mkdir()
    with full_disk(folder, after=after), pytest.raises(DownloadError, match=r"cannot be stored in .*Free some space"):
        fetch(record(server.url("w")), folder)
    assert files_in(folder) == []
    assert fetch(record(server.url("w"), sha256=SHA256), folder).read_bytes() == WEIGHT
