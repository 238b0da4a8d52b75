"""Encoding and writing single pictures."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL.PngImagePlugin import PngInfo

from webtoonfaces.errors import ImageError
from webtoonfaces.files import replacing
from webtoonfaces.images._load import ImageSource, load_image
from webtoonfaces.images._options import whole_number

_SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".pdf": "PDF"}
PICTURES = tuple(_SUFFIXES)  # the endings of the pictures that `save_image` writes
ANIMATIONS = (".gif", ".webp", ".mp4")  # those of `save_gif`, `save_webp` and `save_mp4`


def encode(
    image: ImageSource, format: str = "PNG", *, quality: int = 90, metadata: Mapping[str, str] | None = None
) -> bytes:
    """The bytes of a PNG, JPEG, WebP or PDF file that shows `image`, which is anything `load_image` takes.

    `quality`, 1 to 100, is for all but PNG. JPEG keeps colour at full resolution (4:4:4), since thin coloured lines
    blur otherwise; a PDF is one page with such a JPEG on it; WebP uses its fastest method, for live views.
    Each entry of `metadata` becomes an iTXt chunk of a PNG (PNG specification, section 11.3.3.4), readable as
    `PIL.Image.open(...).text`; keys are 1 to 79 Latin-1 characters.

    Raises `ImageError` for an unknown format, and for metadata in a format other than PNG.
    """
    name = "JPEG" if format.upper() == "JPG" else format.upper()
    whole_number(quality, "quality", least=1, most=100)
    options: dict[str, Any]
    if name == "PNG":
        options = {"pnginfo": _png_info(metadata or {})}
    elif name == "JPEG":
        options = {"quality": quality, "subsampling": "4:4:4"}
    elif name == "WEBP":
        options = {"quality": quality, "method": 0}
    elif name == "PDF":
        options = {"quality": quality, "subsampling": "4:4:4"}
    else:
        raise ImageError(f"Pictures are written as PNG, JPEG or WebP, or as PDF, not {format!r}.")
    if metadata and name != "PNG":
        raise ImageError(f"Only PNG keeps metadata with a picture; {name} does not. Save as PNG, or without metadata.")
    picture = load_image(image)
    buffer = io.BytesIO()
    try:
        picture.save(buffer, name, **options)
    except (OSError, ValueError) as error:  # JPEG and WebP limit the sides
        raise ImageError(
            f"A picture of {picture.width} x {picture.height} px cannot be written as {name}: {error}."
        ) from error
    return buffer.getvalue()


def save_image(
    image: ImageSource, path: str | os.PathLike[str], *, quality: int = 95, metadata: Mapping[str, str] | None = None
) -> Path:
    """Write `image` as PNG, JPEG, WebP or PDF, by the suffix of `path`, and return the path; options as in `encode`.

    A missing folder is created. An older file is replaced only when the new one is complete. Raises `ImageError` for
    another suffix and if the file cannot be written.
    """
    path = check_target(path)
    format = _SUFFIXES[path.suffix.lower()]
    content = encode(image, format, quality=quality, metadata=metadata)
    with picture_file(path) as draft:
        draft.write_bytes(content)
    return path


def check_target(path: str | os.PathLike[str], endings: Sequence[str] = PICTURES) -> Path:
    """The path, if a picture or an animation can be written to it: for a check before long work.

    endings : those that are allowed, in lower case, such as `PICTURES` or `ANIMATIONS`.
    Raises `ImageError` for another ending, for a folder, and for a path that leads through a file.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in endings:
        use = {".gif": "save_gif", ".mp4": "save_mp4"}.get(path.suffix.lower(), "")
        advice = f" For an animation use {use}." if use and endings == PICTURES else ""
        raise ImageError(f"{path.name!r} does not end in {', '.join(endings)}: the suffix chooses the format.{advice}")
    if path.is_dir():
        raise ImageError(f"{path} is a folder. Give the name of a file, such as {path / f'picture{endings[0]}'}.")
    blocking = next((folder for folder in path.parents if folder.exists() and not folder.is_dir()), None)
    if blocking is not None:
        raise ImageError(f"{path} could not be written: {blocking} is a file, not a folder.")
    return path


@contextmanager
def picture_file(path: Path) -> Iterator[Path]:
    """`files.replacing` for a picture or an animation; ImageError if it cannot be written."""
    try:
        with replacing(path) as draft:
            yield draft
    except OSError as error:
        raise ImageError(f"{path} could not be written: {error.strerror or error}.") from error


def _png_info(metadata: Mapping[str, str]) -> PngInfo:
    info = PngInfo()
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ImageError(f"Keys and values of metadata are text; the value of {key!r} is {type(value).__name__}.")
        # The keyword rules of the PNG specification, section 11.3.3.2
        latin = all(" " <= char <= "~" or "\xa1" <= char <= "\xff" for char in key)
        if not (1 <= len(key) <= 79 and latin and key == key.strip() and "  " not in key):
            raise ImageError(
                f"{key!r} is not a valid key for metadata in a PNG: use 1 to 79 Latin-1 characters, single spaces only "
                "between words."
            )
        info.add_itxt(key, value)
    return info
