"""Reading pictures: files, bytes, PIL images, arrays and tensors become RGB images or tensors."""

from __future__ import annotations

import io
import os
import re
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast

import numpy as np
from PIL import Image, UnidentifiedImageError

from webtoonfaces.errors import ImageError
from webtoonfaces.images._modes import to_rgb
from webtoonfaces.images._options import Color, Size, as_color, as_size, whole_number
from webtoonfaces.images._pixels import as_floats, from_array, from_tensor, is_tensor
from webtoonfaces.images._sizes import resized

if TYPE_CHECKING:
    import torch

ImageSource: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | np.ndarray[Any, Any] "
    "| torch.Tensor"
)

# Common formats. Others that Pillow can read are left out on purpose: some start a program (EPS), some contain pictures
# of another size than the header says (ICO). TGA has no signature, so it is tried last.
_FORMATS = (
    *("PNG", "JPEG", "MPO", "WEBP", "GIF", "TIFF", "BMP", "DIB", "AVIF", "HEIF", "JPEG2000", "PSD", "PPM", "QOI"),
    "TGA",
)

MOST_PIXELS = 64_000_000  # of a picture that is opened
# JPEG 2000 decodes to 32 bits a channel: up to 24 bytes a pixel, where other formats take at most 16.
MOST_OF_FORMAT = {"JPEG2000": 40_000_000}

_KNOWN = "PNG, JPEG, WebP, GIF, TIFF, BMP and PSD are read"

_opening = threading.Lock()  # Python's warning filters apply to the whole process


def load_image(source: ImageSource, *, background: Color = "white", max_pixels: int = MOST_PIXELS) -> Image.Image:
    """A new RGB picture, upright and in sRGB, from any kind of picture; the source is not changed.

    `source` is one of

    * a path, the bytes of a file, or a binary file object (read from its start, not closed);
    * a PIL image of any mode (an animation shows the frame it stands at; every other source its first frame);
    * an array [H, W] or [H, W, 1 to 4]: uint8, uint16, bool, or floats in [0, 1];
    * a tensor [3, H, W] or [1, 3, H, W]: floats in [-1, 1] (clamped), or uint8.

    The EXIF orientation is applied, and an embedded colour profile is converted to sRGB. Transparent parts show
    `background`, a CSS name, `#rrggbb` or (r, g, b). `_modes.to_rgb` describes how greys of 16 bits and more become
    8 bits. Nothing is ever fetched from the network.

    Raises `ImageError` for anything that is not a picture, cannot be found or read, is truncated, or has more than
    `max_pixels` pixels; the size is read from the header, before anything is decoded. `max_pixels` cannot raise
    Pillow's own limit, twice `PIL.Image.MAX_IMAGE_PIXELS`, nor that of JPEG 2000, which takes more memory: 40
    megapixels.
    """
    color = as_color(background)
    limit = whole_number(max_pixels, "max_pixels", least=1)
    if isinstance(source, Image.Image):
        return to_rgb(_decoded(source, "The PIL image", limit), color)
    if isinstance(source, np.ndarray):
        return to_rgb(_decoded(from_array(source), "The array", limit), color)
    if is_tensor(source):
        return to_rgb(_decoded(from_tensor(source), "The tensor", limit), color)
    with _stream(source) as (stream, name):
        return to_rgb(_decoded(_opened(stream, name), name, limit), color)


def header_size(source: ImageSource) -> tuple[int, int]:
    """Width and height in px of the picture in a file, as its header says; nothing is decoded.

    Raises `ImageError` for what is no picture, and for more pixels than `load_image` takes.
    """
    with _stream(source) as (stream, name), _opened(stream, name) as image:
        _check_size(image, name, MOST_PIXELS)
        return image.size


def png_text(source: ImageSource, key: str) -> str | None:
    """The text that a PNG keeps under `key`, None where it keeps none. Raises `ImageError` for anything but a PNG."""
    with _stream(source) as (stream, name), _opened(stream, name, ("PNG",)) as image:
        _decoded(image, name, MOST_PIXELS)  # a text may stand behind the pixels
        text = getattr(image, "text", {}).get(key)
    return None if text is None else str(text)


def to_tensor(image_or_images: ImageSource | Iterable[ImageSource], *, size: Size | None = None) -> torch.Tensor:
    """A float32 tensor [N, 3, H, W] in [-1, 1] from what `load_image` takes, a list of it, or a tensor [N, 3, H, W].

    `size`, a number for a square or (width, height), resizes each picture with antialiasing (Lanczos); nothing is
    cropped, so other proportions stretch it. Everything is rounded to 8 bits, float tensors too: level v becomes
    v / 127.5 - 1, which `to_pil` turns back into v.

    Raises `ImageError` for what `load_image` refuses, for an empty list, and for different sizes without `size`.
    """
    import torch

    pictures = [load_image(source) for source in as_list(image_or_images)]
    if not pictures:
        raise ImageError("The list of pictures is empty. Give at least one picture.")
    if size is not None:
        pictures = [resized(picture, as_size(size, "size")) for picture in pictures]
    sizes = sorted({picture.size for picture in pictures})
    if len(sizes) > 1:
        seen = ", ".join(f"{width} x {height}" for width, height in sizes[:4]) + (", ..." if len(sizes) > 4 else "")
        raise ImageError(f"The pictures have different sizes ({seen}). Give size=256, say, to make them alike.")
    levels = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures]))  # [N, H, W, 3]
    return as_floats(levels.permute(0, 3, 1, 2).contiguous())


def as_list(pictures: Any) -> list[Any]:
    """A list of pictures from any iterable, a tensor [N, 3, H, W], an array [N, H, W, C] or a single picture."""
    if is_tensor(pictures) or isinstance(pictures, np.ndarray):
        return list(pictures) if pictures.ndim == 4 else [pictures]
    single = isinstance(pictures, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(pictures, "read")
    return list(pictures) if isinstance(pictures, Iterable) and not single else [pictures]


@contextmanager
def _stream(source: object) -> Iterator[tuple[BinaryIO, str]]:
    """A binary stream, and its name for messages."""
    if isinstance(source, (str, os.PathLike)):
        path = _existing_file(os.fspath(source))
        try:
            stream = path.open("rb")
        except OSError as error:
            raise ImageError(f"{path} cannot be opened: {error.strerror}.") from error
        with stream:
            yield stream, str(path)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        yield io.BytesIO(bytes(source)), f"The data given ({memoryview(source).nbytes} bytes)"
    elif isinstance(source, io.TextIOBase):
        raise ImageError("The file was opened as text. Open it with open(path, 'rb'), or give its path.")
    elif hasattr(source, "read"):
        yield cast(BinaryIO, source), "The file object"
    else:
        raise ImageError(
            f"{type(source).__name__!r} is not a kind of picture. Give a path, bytes, a binary file, a PIL image, "
            "an array [H, W, 3] or a tensor [3, H, W]."
        )


def _existing_file(text: str | bytes) -> Path:
    text = os.fsdecode(text)
    shown = text if len(text) <= 200 else f"{text[:200]}..."
    if re.match(r"[a-z][a-z0-9+.-]+://", text, re.IGNORECASE):
        raise ImageError(
            f"{shown} is a web address, and pictures are never fetched from the network. Save the picture to a file "
            "and give its path."
        )
    path = Path(text).expanduser()
    try:
        if path.is_file():
            return path
        folder, found = path.is_dir(), path.exists()
    except (OSError, ValueError):  # not a possible file name
        folder = found = False
    if folder:
        raise ImageError(f"{shown} is a folder. Give the path of one picture in that folder.")
    if found:
        raise ImageError(f"{shown} is not a regular file. Give the path of a picture file.")
    raise ImageError(f"There is no file {shown!r} (looked for in {Path.cwd()}). Check the name and the folder.")


def _opened(stream: BinaryIO, name: str, formats: tuple[str, ...] | None = None) -> Image.Image:
    """The picture in `stream`; only its header has been read."""
    try:
        with _opening, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is lower, and an error
            return Image.open(stream, formats=formats or _formats())
    except Image.DecompressionBombError as error:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        raise ImageError(f"{name} has more than {most:.4g} megapixels. Make it smaller first.") from error
    except UnidentifiedImageError as error:
        raise ImageError(_no_picture(stream, name)) from error
    except Exception as error:  # on a damaged header Pillow's readers raise many kinds of exceptions
        raise ImageError(f"{name} cannot be read as a picture: {error}") from error


@cache
def _formats() -> tuple[str, ...]:
    Image.init()  # the known formats depend on how Pillow was built and on plugins such as pillow-heif
    return tuple(known for known in _FORMATS if known in Image.OPEN)


def _no_picture(stream: BinaryIO, name: str) -> str:
    try:
        stream.seek(0)
        start = stream.read(16)
    except (OSError, ValueError):
        start = b"?"
    if not start:
        return f"{name} is empty."
    if start[4:8] == b"ftyp":
        return f"{name} looks like a HEIC picture from a phone, or a video. Save it as JPEG or PNG first."
    return f"{name} is not a picture in a known format ({_KNOWN})."


def _decoded(image: Image.Image, name: str, limit: int) -> Image.Image:
    _check_size(image, name, limit)
    try:
        image.load()
    except Exception as error:  # on a damaged file Pillow's decoders raise many kinds of exceptions
        raise ImageError(f"{name} is truncated or damaged: {error}. Download or save it again.") from error
    return image


def _check_size(image: Image.Image, name: str, limit: int) -> None:
    width, height = image.size
    limit = min(limit, MOST_OF_FORMAT.get(image.format or "", limit))
    if width * height > limit:
        raise ImageError(
            f"{name} has {width} x {height} pixels, {width * height / 1e6:.4g} megapixels; "
            f"at most {limit / 1e6:.4g} are read. Make it smaller first."
        )
    if not width * height:
        raise ImageError(f"{name} has no pixels: its size is {width} x {height}.")
