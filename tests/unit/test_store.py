"""Finding, downloading and verifying weights, against a real server on the loopback."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import logging
import os
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.attack import corpus
from webtoonfaces.errors import (
    DownloadError,
    HashMismatchError,
    OfflineError,
    QuotaError,
    WeightsError,
    WeightsNotFoundError,
)
from webtoonfaces.pretrained import generators
from webtoonfaces.weights import download, store
from webtoonfaces.weights.registry import Record, Source


def checkpoint(**tensors: torch.Tensor) -> bytes:
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.getvalue()


WEIGHT = checkpoint(weight=torch.arange(256_000, dtype=torch.float32))
SHA256 = hashlib.sha256(WEIGHT).hexdigest()
OTHER = checkpoint(other=torch.ones(3500))
UNCONFIRMED = " unconfirmed"  # after a sha256 in pins.json, until the file was loaded
QUOTA_PAGE = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"


class Server(ThreadingHTTPServer):
    """Serves `files`; `status`, `cut` (bytes before the connection breaks, once each) and `moved` cause errors."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.status: dict[str, list[int]] = {}
        self.cut: dict[str, list[int]] = {}
        self.moved: dict[str, str] = {}
        self.tag = '"v1"'
        self.gate: threading.Event | None = None
        self.requests: list[tuple[str, str | None]] = []

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        wanted = self.headers.get("Range")
        self.server.requests.append((name, wanted))
        if self.server.gate:
            self.server.gate.wait(10)
        if name in self.server.moved:
            return self.answer(302, b"", {"Location": self.server.moved[name]})
        if self.server.status.get(name):
            return self.answer(self.server.status[name].pop(0), b"<html>trouble</html>")
        if name not in self.server.files:
            return self.answer(404, b"<html>not here</html>")
        body = self.server.files[name]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        headers = {"ETag": self.server.tag} if self.server.tag else {}
        if start and self.headers.get("If-Range") == self.server.tag:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return self.answer(206, body[start:], headers)
        return self.answer(200, body, headers)

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cuts = self.server.cut.get(self.path.lstrip("/"))
        self.wfile.write(body[: cuts.pop(0)] if cuts else body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test in its own folder and cache, without pauses, proxies, or anything remembered."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(download, "_FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(store, "_hashes", {})


def record(*addresses: str, **changes: object) -> Record:
    plain = Record(
        kind="animegan2",
        name="test",
        title="Test",
        filename="test.pt",
        aliases=("old_name.pt",),
        licence="MIT",
        origin="a test",
        format="state-dict-pt",
        sources=tuple(Source(url=address) for address in addresses),
    )
    return dataclasses.replace(plain, **changes)


def fetch(weight: Record, folder: Path, **options: bool) -> Path:
    return store.fetch(weight, checkpoints=folder, progress=False, **options)


def files_in(folder: Path) -> list[str]:
    """What a download left there; not the locks, nor the working folder of the tests."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return sorted(names - {".locks", "here"})


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ------------------------------------------------------------------------------------------------ where files lie


def test_the_order_of_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = Path(store.__file__).parents[1]
    own = package / "checkpoints" if (package / "checkpoints").is_dir() else package.parent / "checkpoints"
    here, cache = tmp_path / "here" / "checkpoints", tmp_path / "cache"
    assert store.search_folders(tmp_path / "mine") == [tmp_path / "mine", here, own.resolve(), cache]
    assert store.search_folders() == [here, own.resolve(), cache]
    assert store.search_folders("checkpoints") == store.search_folders()
    monkeypatch.delenv("WEBTOONFACES_CACHE")
    assert "webtoonfaces" in str(store.search_folders()[-1])


def test_the_first_folder_wins_and_aliases_count(tmp_path: Path):
    weight = record(aliases=("a.pt", "b.pt"))
    assert store.locate(weight) is None
    places = [tmp_path / "cache" / "test.pt", tmp_path / "here" / "checkpoints" / "b.pt", tmp_path / "mine" / "a.pt"]
    for place in places:
        place.parent.mkdir()
        place.write_bytes(WEIGHT)
        assert store.locate(weight, checkpoints=tmp_path / "mine") == place
    assert store.locate(weight) == places[1]


def test_downloads_go_to_the_clone_or_else_to_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert store.download_folder() == tmp_path / "cache"
    assert store.download_folder(tmp_path / "mine") == tmp_path / "mine"
    pyproject = tmp_path / "here" / "pyproject.toml"
    pyproject.write_text('[project]\nname = "something-else"\n')
    assert store.download_folder() == tmp_path / "cache"
    pyproject.write_text('[project]\nname = "webtoonfaces"\n')
    assert store.download_folder() == tmp_path / "here" / "checkpoints"
    (tmp_path / "here" / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "here" / "notebooks")
    assert store.download_folder() == tmp_path / "here" / "checkpoints"
    assert tmp_path / "here" / "checkpoints" in store.search_folders()


# ------------------------------------------------------------------------------------------------ downloading


def test_download(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    server.files["w"] = WEIGHT
    path = store.fetch(record(server.url("w"), sha256=SHA256, bytes=len(WEIGHT)), checkpoints=tmp_path / "new" / "mine")
    assert path == tmp_path / "new" / "mine" / "test.pt"
    assert path.read_bytes() == WEIGHT
    assert files_in(path.parent) == ["test.pt"]
    assert "test.pt" in capsys.readouterr().err  # the progress bar


def test_without_progress_it_is_quiet(server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    server.files["w"] = WEIGHT
    fetch(record(server.url("w")), tmp_path)
    assert capfd.readouterr() == ("", "")


def test_what_is_there_is_not_downloaded_again_unless_forced(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    weight = record(server.url("w"))
    assert fetch(weight, tmp_path) == fetch(weight, tmp_path)
    assert len(server.requests) == 1
    server.files["w"] = OTHER
    assert fetch(weight, tmp_path, force=True).read_bytes() == OTHER
    assert store.verify(tmp_path / "test.pt", weight) == hashlib.sha256(OTHER).hexdigest()


def test_a_wrong_hash_leaves_nothing(server: Server, tmp_path: Path):
    server.files["w"] = OTHER
    with pytest.raises(HashMismatchError) as caught:
        fetch(record(server.url("w"), sha256=SHA256), tmp_path / "mine")
    for part in (SHA256, hashlib.sha256(OTHER).hexdigest(), server.url("w"), "test.pt", str(tmp_path / "mine")):
        assert part in str(caught.value)
    assert files_in(tmp_path / "mine") == []


def test_a_wrong_size_or_start_is_refused(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    with pytest.raises(DownloadError, match=f"bytes long instead of {len(WEIGHT) + 1:,}"):
        fetch(record(server.url("w"), bytes=len(WEIGHT) + 1), tmp_path / "mine")
    server.files["w"] = b"version https://git-lfs.github.com/spec/v1"
    with pytest.raises(DownloadError, match="not a checkpoint"):
        fetch(record(server.url("w")), tmp_path / "mine")
    assert files_in(tmp_path / "mine") == []


@pytest.mark.parametrize("expected", ["", SHA256])
def test_a_web_page_instead_of_the_file(server: Server, tmp_path: Path, expected: str):
    server.files["w"] = QUOTA_PAGE
    with pytest.raises(QuotaError, match="web page") as caught:
        fetch(record(server.url("w"), sha256=expected), tmp_path / "mine")
    assert f"save the file as test.pt in the folder {tmp_path / 'mine'}" in str(caught.value)
    assert files_in(tmp_path / "mine") == []


def test_not_found(server: Server, tmp_path: Path):
    with pytest.raises(DownloadError, match="404") as caught:
        fetch(record(server.url("w")), tmp_path / "mine")
    assert type(caught.value) is DownloadError
    assert len(server.requests) == 1
    assert files_in(tmp_path / "mine") == []


def test_offline(tmp_path: Path):
    address = f"http://127.0.0.1:{closed_port()}/w"
    with pytest.raises(OfflineError, match="could not be reached") as caught:
        fetch(record(address), tmp_path / "mine")
    assert f"By hand: open {address} in a browser" in str(caught.value)
    assert files_in(tmp_path / "mine") == []


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    server.status["w"] = [503, 429]
    assert fetch(record(server.url("w"), sha256=SHA256), tmp_path).read_bytes() == WEIGHT
    server.status["w"] = [503] * 3
    with pytest.raises(DownloadError, match="503"):
        fetch(record(server.url("w")), tmp_path, force=True)
    assert len(server.requests) == 6


def test_a_broken_connection_is_taken_up_again(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    server.cut["w"] = [300_000, 400_000]
    assert fetch(record(server.url("w"), sha256=SHA256), tmp_path).read_bytes() == WEIGHT
    assert server.requests == [("w", None), ("w", "bytes=300000-"), ("w", "bytes=700000-")]
    assert files_in(tmp_path) == ["test.pt"]


def test_a_later_fetch_goes_on_where_the_last_one_broke_off(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    server.cut["w"] = [100_000] * 3
    weight = record(server.url("w"))
    with pytest.raises(DownloadError, match="lost after 300,000 of"):
        fetch(weight, tmp_path)
    assert not (tmp_path / "test.pt").exists()
    assert fetch(weight, tmp_path).read_bytes() == WEIGHT
    assert server.requests[-1] == ("w", "bytes=300000-")
    assert files_in(tmp_path) == ["pins.json", "test.pt"]


def test_a_file_that_changed_meanwhile_is_not_spliced(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    server.cut["w"] = [100_000] * 3
    with pytest.raises(DownloadError):
        fetch(record(server.url("w")), tmp_path)
    server.files["w"], server.tag = OTHER, '"v2"'
    assert fetch(record(server.url("w")), tmp_path).read_bytes() == OTHER


def test_files_of_two_sources_are_not_spliced(server: Server, tmp_path: Path):
    server.files |= {"one": OTHER, "two": WEIGHT}
    server.cut["one"] = [5_000] * 2 + [0]
    assert fetch(record(server.url("one"), server.url("two"), sha256=SHA256), tmp_path).read_bytes() == WEIGHT
    assert server.requests[-1] == ("two", None)
    assert files_in(tmp_path) == ["test.pt"]


def test_a_server_that_cannot_resume(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    server.tag = ""
    server.cut["w"] = [100_000]
    assert fetch(record(server.url("w"), sha256=SHA256), tmp_path).read_bytes() == WEIGHT
    assert server.requests == [("w", None), ("w", None)]
    server.cut["w"] = [100_000] * 3
    with pytest.raises(DownloadError):
        fetch(record(server.url("w")), tmp_path / "mine")
    assert files_in(tmp_path / "mine") == []


def test_a_range_beyond_the_end_starts_over(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    server.status["w"] = [416]
    (tmp_path / "test.pt.part").write_bytes(WEIGHT + b"too much")
    note = {"url": server.url("w"), "validator": server.tag}
    (tmp_path / "test.pt.part.json").write_text(json.dumps(note))
    assert fetch(record(server.url("w"), sha256=SHA256), tmp_path).read_bytes() == WEIGHT
    assert server.requests == [("w", f"bytes={len(WEIGHT) + 8}-"), ("w", None)]


def test_sources_are_tried_in_order(server: Server, tmp_path: Path):
    server.files |= {"page": QUOTA_PAGE, "wrong": OTHER, "right": WEIGHT, "unused": WEIGHT}
    offline = f"http://127.0.0.1:{closed_port()}/w"
    urls = [server.url(name) for name in ("missing", "page", "wrong", "right", "unused")]
    weight = record(offline, *urls, sha256=SHA256)
    assert fetch(weight, tmp_path).read_bytes() == WEIGHT
    assert [name for name, _ in server.requests] == ["missing", "page", "wrong", "right"]


def test_the_error_sums_up_all_sources(server: Server, tmp_path: Path):
    server.files |= {"page": QUOTA_PAGE, "wrong": OTHER}
    urls = [server.url(name) for name in ("missing", "page", "wrong")]
    with pytest.raises(DownloadError) as caught:
        fetch(record(*urls, sha256=SHA256), tmp_path)
    message = str(caught.value)
    assert type(caught.value) is DownloadError
    assert all(message.count(url) == 2 for url in urls)  # once with its reason, once among those to open by hand
    for reason in ("404", "web page", "sha256"):
        assert reason in message
    assert files_in(tmp_path) == []


def test_two_at_once_download_once(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    server.gate = threading.Event()
    weight = record(server.url("w"), sha256=SHA256)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(fetch(weight, tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    server.gate.set()
    for thread in threads:
        thread.join(20)
    assert found == [tmp_path / "test.pt"] * 2
    assert found[0].read_bytes() == WEIGHT
    assert len(server.requests) == 1
    assert files_in(tmp_path) == ["test.pt"]


def test_only_encrypted_addresses(server: Server, tmp_path: Path):
    server.moved["w"] = "http://example.org/w"
    with pytest.raises(DownloadError, match=r"http://example\.org/w is not encrypted"):
        fetch(record(server.url("w")), tmp_path)
    for address in ("http://example.org/w", "http://127.0.0.1.example.org/w", "ftp://127.0.0.1/w", "file:///etc/hosts"):
        with pytest.raises(DownloadError, match="is not encrypted"):
            fetch(record(address), tmp_path)
    encrypted = urllib.request.Request("https://example.org/w")
    with pytest.raises(DownloadError, match="is not encrypted"):  # not even back to this machine
        download._CheckedRedirects().redirect_request(encrypted, None, 302, "Found", {}, server.url("w"))


def test_no_proxy_stands_between_this_machine_and_itself(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    server.files["w"] = WEIGHT
    assert fetch(record(server.url("w")), tmp_path).read_bytes() == WEIGHT


def test_redirects_are_followed(server: Server, tmp_path: Path):
    server.moved["w"] = server.url("there")
    server.files["there"] = WEIGHT
    assert fetch(record(server.url("w"), sha256=SHA256), tmp_path).read_bytes() == WEIGHT


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    (tmp_path / "mine").write_text("a file, not a folder")
    with pytest.raises(DownloadError, match=r"cannot be stored in .*mine"):
        fetch(record(server.url("w")), tmp_path / "mine")


# ------------------------------------------------------------------------------------------------ Google Drive


@pytest.fixture
def drive(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(download, "_DRIVE_DOWNLOAD", server.url("{id}"))
    monkeypatch.setattr(download, "_RETRIES", 0)
    return server


ON_DRIVE = record(sources=(Source(drive="abcdefghijklmnopqrstuvwxyz"),))


def test_from_drive(drive: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    drive.files["abcdefghijklmnopqrstuvwxyz"] = WEIGHT
    path = fetch(dataclasses.replace(ON_DRIVE, sha256=SHA256), tmp_path)
    assert path.read_bytes() == WEIGHT
    assert files_in(tmp_path) == ["test.pt"]
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert capfd.readouterr() == ("", "")


def test_drive_shows_its_progress(drive: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    drive.files["abcdefghijklmnopqrstuvwxyz"] = WEIGHT
    store.fetch(ON_DRIVE, checkpoints=tmp_path)
    assert "100%" in capsys.readouterr().err


def test_drive_sends_its_quota_page_as_the_file(drive: Server, tmp_path: Path):
    drive.files["abcdefghijklmnopqrstuvwxyz"] = QUOTA_PAGE
    with pytest.raises(QuotaError, match="file/d/abcdefghijklmnopqrstuvwxyz/view"):
        fetch(ON_DRIVE, tmp_path)
    assert files_in(tmp_path) == []


def test_drive_refuses(drive: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import gdown

    drive.status["abcdefghijklmnopqrstuvwxyz"] = [403]
    with pytest.raises(QuotaError, match="too many people"):
        fetch(ON_DRIVE, tmp_path)
    with pytest.raises(DownloadError, match="404"):
        fetch(ON_DRIVE, tmp_path)

    def refuse(**options: object) -> None:
        raise gdown.exceptions.FileURLRetrievalError("Too many users have viewed or downloaded this file recently.")

    monkeypatch.setattr(gdown, "download", refuse)
    with pytest.raises(QuotaError, match="too many people"):
        fetch(ON_DRIVE, tmp_path)
    assert files_in(tmp_path) == []


def test_drive_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(download, "_DRIVE_DOWNLOAD", f"http://127.0.0.1:{closed_port()}/{{id}}")
    for retries in (0, 1):
        monkeypatch.setattr(download, "_RETRIES", retries)
        with pytest.raises(OfflineError, match="Google Drive could not be reached"):
            fetch(ON_DRIVE, tmp_path)
    assert files_in(tmp_path) == []


def test_drive_breaks_off(drive: Server, tmp_path: Path):
    drive.files |= {"abcdefghijklmnopqrstuvwxyz": WEIGHT, "w": WEIGHT}
    drive.cut["abcdefghijklmnopqrstuvwxyz"] = [100_000]
    with pytest.raises(DownloadError, match="Google Drive: "):
        fetch(ON_DRIVE, tmp_path)
    assert files_in(tmp_path) == [".drive-test.pt.part"]  # what gdown goes on from
    drive.cut["abcdefghijklmnopqrstuvwxyz"] = [100_000]
    both = dataclasses.replace(ON_DRIVE, sources=(*ON_DRIVE.sources, Source(url=drive.url("w"))))
    assert fetch(both, tmp_path).read_bytes() == WEIGHT
    assert ".drive-test.pt.part" not in files_in(tmp_path)


# ------------------------------------------------------------------------------------------------ verifying


def test_pinned_on_first_use_then_changed(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    weight = record(server.url("w"))
    path = fetch(weight, tmp_path)
    assert json.loads((tmp_path / "pins.json").read_text()) == {"test.pt": SHA256 + UNCONFIRMED}
    store.confirm(path, weight)
    assert json.loads((tmp_path / "pins.json").read_text()) == {"test.pt": SHA256}
    changed = bytearray(WEIGHT)
    changed[-1] ^= 1
    path.write_bytes(changed)
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))  # a clock tick later, however coarse the clock
    with pytest.raises(HashMismatchError) as caught:
        fetch(weight, tmp_path)
    message = str(caught.value)
    for part in (
        str(path),
        SHA256,
        hashlib.sha256(changed).hexdigest(),
        "Delete the file",
        str(tmp_path / "pins.json"),
    ):
        assert part in message


def test_a_pin_outlives_its_file(server: Server, tmp_path: Path):
    server.files["w"] = WEIGHT
    weight = record(server.url("w"))
    path = fetch(weight, tmp_path)
    store.confirm(path, weight)
    path.unlink()
    server.files["w"] = OTHER
    with pytest.raises(HashMismatchError, match="force=True"):
        fetch(weight, tmp_path)
    assert files_in(tmp_path) == ["pins.json"]
    assert fetch(weight, tmp_path, force=True).read_bytes() == OTHER


def test_a_cut_download_is_not_trusted(server: Server, tmp_path: Path):
    for cut in (WEIGHT[:500_000], WEIGHT[:-1], WEIGHT[:-22]):
        server.files["w"] = cut
        with pytest.raises(DownloadError, match="not a whole checkpoint"):
            fetch(record(server.url("w")), tmp_path)
        assert files_in(tmp_path) == []
    (tmp_path / "test.pt").write_bytes(WEIGHT[:500_000])  # as copied by hand
    with pytest.raises(DownloadError, match="not a whole checkpoint"):
        store.verify(tmp_path / "test.pt", record())
    assert files_in(tmp_path) == ["test.pt"]


def test_a_flipped_bit_is_not_pinned(tmp_path: Path):
    changed = bytearray(WEIGHT)
    changed[len(WEIGHT) // 2] ^= 1
    (tmp_path / "test.pt").write_bytes(changed)
    with pytest.raises(DownloadError, match="checksum"):
        store.verify(tmp_path / "test.pt", record())


def test_a_pin_that_no_load_confirmed_gives_way(server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    server.files["w"] = OTHER  # whole, and not the weight: no network was ever made of it
    weight = record(server.url("w"))
    fetch(weight, tmp_path).unlink()
    server.files["w"] = WEIGHT
    with caplog.at_level(logging.WARNING):
        path = fetch(weight, tmp_path)
    assert "never loaded" in caplog.text
    store.confirm(path, weight)
    assert json.loads((tmp_path / "pins.json").read_text()) == {"test.pt": SHA256}
    path.write_bytes(OTHER)
    with pytest.raises(HashMismatchError):
        store.verify(path, weight)


def test_a_load_confirms_the_pin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    weight = record(kind="stylegan2", format="rosinality-pt")
    (tmp_path / "test.pt").write_bytes(corpus.as_bytes(corpus.original()))
    monkeypatch.setattr(generators.registry, "find", lambda kind, name: weight)
    generators.load_stylegan2("test", checkpoints=tmp_path, device="cpu")
    assert UNCONFIRMED not in (tmp_path / "pins.json").read_text()
    (tmp_path / "test.pt").write_bytes(WEIGHT)
    (tmp_path / "pins.json").unlink()
    with pytest.raises(WeightsError):
        generators.load_stylegan2("test", checkpoints=tmp_path, device="cpu")
    assert UNCONFIRMED in (tmp_path / "pins.json").read_text()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"test.pt": [[[]]]}', '{"test.pt": "abc"}', "[]", '{"a": null}'])
def test_pins_that_are_none(tmp_path: Path, text: str):
    (tmp_path / "test.pt").write_bytes(WEIGHT)
    (tmp_path / "pins.json").write_text(text)
    with pytest.raises(WeightsError, match=r"pins\.json is damaged"):
        store.verify(tmp_path / "test.pt", record())


def test_pins_of_a_folder_add_up(tmp_path: Path):
    for name, content in (("test.pt", WEIGHT), ("old_name.pt", OTHER)):
        (tmp_path / name).write_bytes(content)
        store.verify(tmp_path / name, record())
    assert json.loads((tmp_path / "pins.json").read_text()) == {
        "old_name.pt": hashlib.sha256(OTHER).hexdigest() + UNCONFIRMED,
        "test.pt": SHA256 + UNCONFIRMED,
    }
    assert files_in(tmp_path) == ["old_name.pt", "pins.json", "test.pt"]


def test_a_known_hash_needs_no_pin(tmp_path: Path):
    path = tmp_path / "test.pt"
    path.write_bytes(WEIGHT)
    (tmp_path / "pins.json").write_text("damaged")
    assert store.verify(str(path), record(sha256=SHA256)) == SHA256
    with pytest.raises(WeightsError, match=r"pins\.json is damaged\. Delete it"):
        store.verify(path, record())


def test_an_embedded_file_is_not_pinned(tmp_path: Path):
    path = tmp_path / "test.safetensors"
    path.write_bytes((2).to_bytes(8, "little") + b"{}")
    weight = record(filename=path.name, format="safetensors", embedded=True)
    assert fetch(weight, tmp_path) == path
    assert files_in(tmp_path) == [path.name]
    with pytest.raises(HashMismatchError, match="Install the package again"):
        fetch(dataclasses.replace(weight, sha256=SHA256), tmp_path)


def test_pins_that_cannot_be_written_are_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / ".locks").write_text("in the way")
    (tmp_path / "test.pt").write_bytes(WEIGHT)
    with caplog.at_level(logging.WARNING):
        assert store.verify(tmp_path / "test.pt", record()) == SHA256
    assert "a change will go unnoticed" in caplog.text


def test_verifying_again_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "test.pt"
    path.write_bytes(WEIGHT)
    digest, calls = hashlib.file_digest, []
    monkeypatch.setattr(hashlib, "file_digest", lambda *given: calls.append(given) or digest(*given))
    for _ in range(3):
        store.verify(path, record(sha256=SHA256))
    assert len(calls) == 1
    path.write_bytes(OTHER)
    with pytest.raises(HashMismatchError):
        store.verify(path, record(sha256=SHA256))
    assert len(calls) == 2


def test_a_quota_page_saved_by_hand(tmp_path: Path):
    (tmp_path / "test.pt").write_bytes(b"\xef\xbb\xbf \n" + QUOTA_PAGE.lower())
    with pytest.raises(QuotaError, match="Delete the file; it is downloaded again"):
        fetch(record("https://example.org/w"), tmp_path)


def test_no_such_file(tmp_path: Path):
    with pytest.raises(WeightsError, match="cannot be read"):
        store.verify(tmp_path / "test.pt", record())


def test_a_weight_never_published(tmp_path: Path):
    weight = record(note="Its author never published it.")
    with pytest.raises(WeightsNotFoundError, match="never published it") as caught:
        fetch(weight, tmp_path / "mine", force=True)
    assert f"put it as test.pt or old_name.pt into the folder {tmp_path / 'mine'}" in str(caught.value)
    assert str(tmp_path / "cache") in str(caught.value)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "old_name.pt").write_bytes(WEIGHT)
    assert fetch(weight, tmp_path / "mine", force=True) == tmp_path / "mine" / "old_name.pt"


def test_an_embedded_weight_gone_missing(tmp_path: Path):
    with pytest.raises(WeightsNotFoundError, match="Install the package again"):
        fetch(record(filename="gone.safetensors", format="safetensors", embedded=True), tmp_path)


@given(st.binary(max_size=64))
def test_a_checkpoint_is_never_taken_for_a_web_page(tail: bytes):
    for file_format, start in (
        ("state-dict-pt", b"PK\x03\x04"),
        ("rosinality-pt", b"\x80\x02"),
        ("safetensors", b"\2" * 8 + b"{"),
    ):
        assert store._has_magic(start + tail, file_format)
        assert not store._is_web_page(start + tail)
    assert not any(store._has_magic(b"<html>" + tail, name) for name in ("state-dict-pt", "rosinality-pt"))
