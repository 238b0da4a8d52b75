"""Hostile pictures: nothing runs, nothing hangs, and whatever is refused is refused in the package's own words."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import EpsImagePlugin, Image

import webtoonfaces as wf
from webtoonfaces.data.folder import info
from webtoonfaces.errors import BadInputError, ImageError
from webtoonfaces.images import MOST_OF_FORMAT, header_size, load_image, png_text, to_tensor
from webtoonfaces.pretrained.generators import SwappingAutoencoder
from webtoonfaces.rendering.recipe import RecipeError
from webtoonfaces.rendering.saved import Shelf, replay

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\n(evil) (w) file closefile\nshowpage\n%%EOF\n"


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises a size that its few bytes of pixels do not have."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `gs` that leaves a mark where it is started; returns the path of the mark."""
    mark, program = tmp_path / "started", tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    return mark


def test_no_picture_starts_a_program(tmp_path: Path, ghostscript: Path):
    shelf = Shelf(tmp_path / "shelf")
    shelf.folder.mkdir()
    path = shelf.folder / "holiday.png"
    path.write_bytes(EPS)
    for read in (replay, lambda p: shelf["holiday"].recipe):
        with pytest.raises(RecipeError, match=r"holiday\.png"):
            read(path)
    for read in (load_image, header_size, lambda p: shelf["holiday"].picture):
        with pytest.raises(ImageError):
            read(path)
    assert info(shelf.folder).unreadable == ("holiday.png",)
    assert not ghostscript.exists()
    with pytest.raises(Exception, match=r".*"), Image.open(path) as image:  # what Pillow alone does: the trap works
        image.load()
    assert ghostscript.exists()


@pytest.mark.parametrize("side", [9_000, 60_000])
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(tmp_path: Path, side: int):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of(side, side))
    with pytest.raises(RecipeError, match="megapixels"):
        replay(path)
    for read in (load_image, header_size):
        with pytest.raises(ImageError, match="megapixels"):
            read(path)
    assert info(tmp_path).unreadable == ("bomb.png",)


@pytest.mark.timeout(10)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path):
    path = tmp_path / "pipe.png"
    os.mkfifo(path)
    with pytest.raises(RecipeError, match="not a regular file"):
        replay(path)
    with pytest.raises(ImageError, match="not a regular file"):
        load_image(path)


def test_a_folder_is_called_a_folder(tmp_path: Path):
    with pytest.raises(ImageError, match="is a folder"):
        load_image(tmp_path)


def test_other_pictures_hold_no_recipe(tmp_path: Path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", "JPEG")
    with pytest.raises(ImageError):
        png_text(tmp_path / "a.png", "webtoonfaces")


@pytest.mark.timeout(30)
@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (20, 2000)])
def test_a_sliver_is_not_blown_up(size: tuple[int, int], tiny_swapae: SwappingAutoencoder):
    sliver = Image.new("RGB", size)
    for give in (sliver, [sliver, sliver], to_tensor(sliver)):
        with pytest.raises(BadInputError, match="Crop it"):
            tiny_swapae.encode(give)
    with pytest.raises(BadInputError, match="Crop it"):
        wf.SwapExplorer(structure=sliver, generator=None, swapae=tiny_swapae)
    assert tiny_swapae.encode(Image.new("RGB", (160, 20)))[0].shape[3] == 8 * 4


def test_a_structure_of_too_many_places_is_refused(tiny_swapae: SwappingAutoencoder):
    style = tiny_swapae.encode(Image.new("RGB", (64, 64)))[1]
    with pytest.raises(BadInputError, match="Crop the picture"):
        tiny_swapae.decode(torch.zeros(1, 8, 100, 100), style)


MEMORY = """
import resource, sys
from pathlib import Path
import webtoonfaces as wf
from webtoonfaces.images import load_image
(load_image if sys.argv[1] == "load" else wf.cartoonize)(sys.argv[2])  # the cartoon alone imports torch
status = Path("/proc/self/status")  # Linux counts in ru_maxrss what the process was before it became this program
found = [line.split()[1] for line in status.read_text().splitlines() if "VmHWM" in line] if status.is_file() else []
print(int(found[0] if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "mode", "options"),
    [
        ("webp", "RGB", {}),
        ("webp", "RGBA", {"lossless": True, "method": 0}),
        ("png", "RGBA", {"compress_level": 1}),
        ("jpg", "RGB", {}),
        ("jpg", "CMYK", {}),
        ("png", "P", {}),
        ("png", "I;16", {"compress_level": 1}),
        ("tif", "F", {}),
        ("jp2", "RGBA", {}),
    ],
)
def test_the_largest_picture_takes_no_more_memory_than_is_promised(tmp_path: Path, suffix: str, mode: str, options):
    assert memory_of("load", large(tmp_path / f"large.{suffix}", mode, **options)) < 1.1 * 1024


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["webp", "jpg"])
def test_nor_does_its_cartoon(tmp_path: Path, suffix: str):
    assert memory_of("cartoonize", large(tmp_path / f"large.{suffix}", "RGB")) < 1.25 * 1024


def large(path: Path, mode: str, **options: object) -> Path:
    """As many pixels as are read, and not of one colour."""
    side = int(MOST_OF_FORMAT["JPEG2000"] ** 0.5) if path.suffix == ".jp2" else 8000
    picture = Image.effect_noise((80, 80), 60).resize((side, side), Image.Resampling.BICUBIC)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    picture.convert(mode).save(path, **options)
    return path


def memory_of(call: str, path: Path) -> int:
    """MiB that a process takes which opens a picture, and does nothing else."""
    run = subprocess.run([sys.executable, "-c", MEMORY, call, path], capture_output=True, check=True, text=True)
    return int(run.stdout)


def test_a_jpeg_2000_may_have_fewer_pixels(tmp_path: Path):
    Image.new("L", (9_000, 5_000)).save(tmp_path / "large.jp2")
    for read in (load_image, header_size):
        with pytest.raises(ImageError, match="at most 40 are read"):
            read(tmp_path / "large.jp2")
