"""A full disk: what was there stays, nothing half-written remains, and the message says what to do."""

from __future__ import annotations

import errno
import http.server
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from tests.attack.disk import full_disk, on_a_small_disk
from webtoonfaces import files
from webtoonfaces.errors import ImageError
from webtoonfaces.images import save_image
from webtoonfaces.rendering import recipe as r
from webtoonfaces.rendering.saved import Shelf
from webtoonfaces.training.checkpoints import CheckpointError, load_state, save_state, states

RECIPE = r.Recipe(r.Face(r.Seed(1)), (r.Model("stylegan2", "demo", "0" * 64),))


def noise(side: int = 64) -> Image.Image:
    return Image.effect_noise((side, side), 100).convert("RGB")


@pytest.mark.parametrize("after", [0, 1000])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_a_picture_is_replaced_whole_or_not_at_all(tmp_path: Path, name: str, after: int):
    path = save_image(noise(), tmp_path / name)
    kept = path.read_bytes()
    with full_disk(tmp_path, after=after), pytest.raises(ImageError, match="could not be written: No space left"):
        save_image(noise(), path)
    assert path.read_bytes() == kept
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_the_shelf_keeps_what_it_has(tmp_path: Path):
    shelf, picture = Shelf(tmp_path), noise()
    shelf.keep(picture, RECIPE)
    with full_disk(tmp_path), pytest.raises(ImageError, match="No space left"):
        shelf.keep(noise(), RECIPE)
    [item] = list(shelf)
    assert item.recipe == RECIPE and item.picture.tobytes() == picture.tobytes()
    shelf.keep(noise(), RECIPE)
    assert len(list(shelf)) == 2


def test_a_checkpoint_is_written_whole_or_not_at_all(tmp_path: Path):
    state = {"family": "line", "networks": {}, "filling": "x" * 50_000}
    kept = save_state(tmp_path, {"step": 1, **state}, keep=2)
    with full_disk(tmp_path, after=10_000), pytest.raises(CheckpointError, match="Is the disk full"):
        save_state(tmp_path, {"step": 2, **state}, keep=1)
    assert states(tmp_path) == [kept] and load_state(kept)["step"] == 1
    assert [found.name for found in tmp_path.iterdir()] == [kept.name]
    save_state(tmp_path, {"step": 2, **state}, keep=1)
    assert [load_state(path)["step"] for path in states(tmp_path)] == [2]


def test_the_trap_works(tmp_path: Path):
    with full_disk(tmp_path), pytest.raises(OSError) as caught:
        files.write_text(tmp_path / "a", "words")
    assert caught.value.errno == errno.ENOSPC and not list(tmp_path.iterdir())


SMALL_DISK = """
import sys
from pathlib import Path
from PIL import Image
from webtoonfaces.errors import DownloadError, ImageError
from webtoonfaces.images import save_image
from webtoonfaces.training.checkpoints import CheckpointError, load_state, save_state, states
from webtoonfaces.weights import store
from tests.unit.test_store import record
import torch

disk, address = Path(sys.argv[1]), sys.argv[2]
small = save_image(Image.new("RGB", (64, 64)), disk / "a.png").read_bytes()
save_state(disk, {"step": 1, "family": "line", "networks": {}}, keep=2)
large = {"step": 2, "family": "line", "networks": {}, "filling": torch.ones(10**6)}
for word, error, act in (
    ("picture", ImageError, lambda: save_image(Image.effect_noise((2000, 2000), 90), disk / "a.png")),
    ("checkpoint", CheckpointError, lambda: save_state(disk, large, keep=1)),
    ("download", DownloadError, lambda: store.fetch(record(address), checkpoints=disk, progress=False)),
):
    try:
        act()
    except error as caught:
        print(word, str(caught).replace("\\n", " "))
    assert (disk / "a.png").read_bytes() == small
    assert [load_state(path)["step"] for path in states(disk)] == [1]
    assert not [path for path in disk.rglob("*") if ".part" in path.name]
"""


class Endless(http.server.BaseHTTPRequestHandler):
    """Sends more than fits."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(4 * 2**20))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(b"PK\x03\x04" + bytes(4 * 2**20 - 4))

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_disk_that_is_really_full(tmp_path: Path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            told = on_a_small_disk(SMALL_DISK, tmp_path / "disk", f"http://127.0.0.1:{server.server_port}/w")
        finally:
            server.shutdown()
    lines = told.splitlines()
    assert [line.split()[0] for line in lines] == ["picture", "checkpoint", "download"]
    assert "No space left" in lines[0] and "Is the disk full" in lines[1] and "Free some space" in lines[2]
