"""GIF, animated WebP and MP4."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from PIL import Image

from webtoonfaces.errors import BadInputError, ImageError, MissingExtraError
from webtoonfaces.images._load import ImageSource, load_image
from webtoonfaces.images._options import whole_number
from webtoonfaces.images._save import picture_file

_Indices: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]

_COLORS = 255  # of a GIF's 256: one entry means "the same as in the previous frame"
_UNCHANGED = 255
_IN_MEMORY = 64 * 1024 * 1024  # bytes of frames; more go to a temporary file

# Width of the range, in levels, by which the ordered dither shifts a pixel. Neighbouring colours in a palette of 255
# made from faces differ by about 14 levels; 6 hides the bands of a soft background and is not visible as a pattern.
_DITHER = 6


def save_gif(frames: Iterable[ImageSource], path: str | os.PathLike[str], *, fps: float = 20, loop: int = 0) -> Path:
    """Write `frames` (each anything `load_image` takes, all of one size) as a GIF and return its path.

    Nothing flickers: all frames share one palette, and a pixel's index depends only on its colour and position (an
    8 x 8 ordered dither, Bayer 1973), so static parts are identical, bit for bit, in every frame. Frames with at most
    255 colours in all (colours within 4 levels count as one) are not dithered.

    `frames` may be a generator and is read once. The raw frames are kept in a temporary file (in memory up to 64 MB)
    until the palette is known, then as one byte a pixel (47 MB for 180 frames of 512 x 512). `fps`, at most 50, is
    exact on average, since a GIF counts in hundredths of a second. `loop` 0 repeats for ever.

    Raises `ImageError` for another suffix, for no frames, and for frames of different sizes.
    """
    _check_fps(fps, most=50)
    whole_number(loop, "loop", most=65535)
    path = _with_suffix(path, ".gif")
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
        size, count, colors = _keep(frames, kept)
        palette, exact = _palette(colors)
        indexed = _indexed(kept, size, count, palette, dither=0 if exact else _DITHER)
        deltas = _deltas(indexed, palette)
        hundredths = [round(index * 100 / fps) for index in range(count + 1)]
        durations = [10 * (end - start) for start, end in pairwise(hundredths)]  # milliseconds
        options: dict[str, Any] = {"optimize": False}  # optimized, each frame would get a palette of its own
        if count > 1:
            options |= {"save_all": True, "append_images": deltas, "duration": durations, "loop": loop}
            options |= {"transparency": _UNCHANGED, "disposal": 1}
        first = next(deltas)
        with picture_file(path) as draft:
            first.save(draft, "GIF", **options)
    return path


def save_mp4(
    frames: Iterable[ImageSource], path: str | os.PathLike[str], *, fps: float = 20, quality: int = 90
) -> Path:
    """Write `frames` (each anything `load_image` takes, all of one size) as an H.264 video and return its path.

    Frames are encoded as they are read; none is kept. The pixel format is yuv420p in BT.709, which every browser and
    phone plays. It needs even sides, so an odd side is extended by repeating its last pixels. `quality`, 1 to 100,
    sets x264's constant rate factor: 90 is 17, where loss is hard to see.

    Raises `MissingExtraError` without `imageio-ffmpeg` (extra `video`).
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise MissingExtraError("Saving an MP4", "video", "imageio-ffmpeg") from error

    _check_fps(fps, most=240)
    crf = round(48 - 0.34 * whole_number(quality, "quality", least=1, most=100))
    path = _with_suffix(path, ".mp4")
    pictures = (_even(picture) for picture in _alike(frames))
    first = next(pictures, None)
    if first is None:
        raise ImageError("A video needs at least one frame.")
    # Stated in full, because a player that guesses another matrix shows shifted colours.
    filters = (
        "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,"
        "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    )
    with picture_file(path) as draft:
        writer = imageio_ffmpeg.write_frames(
            str(draft),
            first.size,
            fps=Fraction(fps).limit_denominator(1001),
            codec="libx264",
            quality=None,
            macro_block_size=1,
            ffmpeg_log_level="error",
            output_params=["-crf", str(crf), "-vf", filters, "-movflags", "+faststart"],
        )
        try:
            writer.send(None)
            writer.send(first.tobytes())
            for picture in pictures:
                writer.send(picture.tobytes())
        except RuntimeError as error:  # imageio-ffmpeg found no ffmpeg
            raise ImageError(f"The video could not be written: {error}") from error
        finally:
            writer.close()
        if not draft.exists() or not draft.stat().st_size:
            raise ImageError("The video could not be written: ffmpeg wrote no file.")
    return path


def save_webp(
    frames: Iterable[ImageSource], path: str | os.PathLike[str], *, fps: float = 20, loop: int = 0, quality: int = 80
) -> Path:
    """Write `frames` (each anything `load_image` takes, all of one size) as an animated WebP and return its path.

    It has all colours and is several times smaller than a GIF; browsers and phones play it. Frames are kept in memory
    until they are encoded. `loop` 0 repeats for ever; `quality` is 1 to 100.
    """
    _check_fps(fps, most=240)
    whole_number(loop, "loop", most=65535)
    whole_number(quality, "quality", least=1, most=100)
    path = _with_suffix(path, ".webp")
    pictures = list(_alike(frames))
    if not pictures:
        raise ImageError("An animation needs at least one frame.")
    times = [round(index * 1000 / fps) for index in range(len(pictures) + 1)]
    durations = [end - start for start, end in pairwise(times)]  # milliseconds
    with picture_file(path) as draft:
        pictures[0].save(
            draft,
            "WEBP",
            save_all=True,
            append_images=pictures[1:],
            duration=durations,
            loop=loop,
            quality=quality,
            method=2,
        )
    return path


def save_animation(frames: Iterable[ImageSource], path: str | os.PathLike[str], *, fps: float = 20) -> Path:
    """Write `frames` as .gif, .webp or .mp4, by the ending of `path`; ImageError for another, before any work."""
    savers: dict[str, Callable[..., Path]] = {".gif": save_gif, ".webp": save_webp, ".mp4": save_mp4}
    save = savers.get(Path(path).suffix.lower())
    if save is None:
        raise ImageError(f"{Path(path).name!r} should end in {', '.join(savers)}.")
    return save(frames, path, fps=fps)


def _check_fps(fps: float, *, most: int) -> None:
    if isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0 < fps <= most:
        raise BadInputError(f"fps must be above 0 and at most {most} here, not {fps!r}.")


def _with_suffix(path: str | os.PathLike[str], suffix: str) -> Path:
    path = Path(path).expanduser()
    if path.suffix.lower() != suffix:
        raise ImageError(f"{path.name!r} should end in {suffix}.")
    return path


def _alike(frames: Iterable[ImageSource]) -> Iterator[Image.Image]:
    size: tuple[int, int] | None = None
    for index, source in enumerate(frames):
        picture = load_image(source)
        size = size or picture.size
        if picture.size != size:
            raise ImageError(
                f"Frame {index} is {picture.width} x {picture.height}, the first is {size[0]} x {size[1]}: "
                "all frames of an animation have one size."
            )
        yield picture


def _even(picture: Image.Image) -> Image.Image:
    odd_width, odd_height = picture.width % 2, picture.height % 2
    if not odd_width and not odd_height:
        return picture
    return Image.fromarray(np.pad(np.asarray(picture), ((0, odd_height), (0, odd_width), (0, 0)), mode="edge"))


class _Histogram:
    """How often each colour occurs, and its mean, in bins of 4 x 4 x 4 levels."""

    def __init__(self) -> None:
        self.count = np.zeros(64**3, np.int64)
        self.total = np.zeros((3, 64**3))

    def add(self, picture: Image.Image) -> None:
        channels = np.asarray(picture).reshape(-1, 3).T
        red, green, blue = (channels >> 2).astype(np.int32)
        bins = (red << 12) | (green << 6) | blue
        self.count += np.bincount(bins, minlength=64**3)
        for channel, total in zip(channels, self.total, strict=True):
            total += np.bincount(bins, weights=channel, minlength=64**3)


def _keep(frames: Iterable[ImageSource], file: IO[bytes]) -> tuple[tuple[int, int], int, _Histogram]:
    """Write the raw pixels of all frames to `file`: their size, their number and their colours."""
    size, count, colors = (0, 0), 0, _Histogram()
    for picture in _alike(frames):
        size, count = picture.size, count + 1
        colors.add(picture)
        file.write(picture.tobytes())
    if not count:
        raise ImageError("An animation needs at least one frame.")
    return size, count, colors


def _palette(colors: _Histogram) -> tuple[Image.Image, bool]:
    """A palette image of at most 255 colours, and whether it contains every colour of the frames."""
    used = np.flatnonzero(colors.count)
    count = colors.count[used]
    means = np.rint(colors.total[:, used] / count).T.astype(np.uint8)  # [bins, 3]
    exact = len(used) <= _COLORS
    if not exact:
        # Median cut takes pixels, not weights. The power gives small areas, such as an eye, more weight against the
        # background; k-means then moves each colour to the mean of the colours it replaces.
        weights = count**0.75
        repeats = np.maximum(1, np.rint(weights / weights.sum() * 200_000)).astype(np.int64)
        pixels = Image.fromarray(np.repeat(means, repeats, axis=0)[None])
        quantized = pixels.quantize(_COLORS, method=Image.Quantize.MEDIANCUT, kmeans=1)
        means = np.asarray(quantized.getpalette(), np.uint8).reshape(-1, 3)[:_COLORS]
    palette = Image.new("P", (1, 1))
    # Pillow chooses the first of equal colours, so the padding, which includes `_UNCHANGED`, is never chosen.
    padding = np.repeat(means[:1], 256 - len(means), axis=0)
    palette.putpalette(np.concatenate([means, padding]).tobytes())
    return palette, exact


def _bayer(order: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The threshold matrix [2**order, 2**order] of ordered dithering (Bayer 1973), in (-0.5, 0.5)."""
    ranks = np.zeros((1, 1))
    for _ in range(order):
        ranks = np.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return ((ranks + 0.5) / ranks.size - 0.5).astype(np.float32)


def _indexed(
    file: IO[bytes], size: tuple[int, int], count: int, palette: Image.Image, *, dither: float
) -> Iterator[_Indices]:
    """The kept frames as palette indices [H, W]; each index depends only on its pixel's colour and position."""
    width, height = size
    tile = _bayer(3)
    across, down = math.ceil(width / len(tile)), math.ceil(height / len(tile))
    offsets = np.rint(np.tile(tile, (down, across))[:height, :width, None] * dither).astype(np.int16)
    file.seek(0)
    for _ in range(count):
        pixels = np.frombuffer(file.read(width * height * 3), np.uint8).reshape(height, width, 3)
        picture = Image.fromarray((pixels + offsets).clip(0, 255).astype(np.uint8))
        yield np.asarray(picture.quantize(palette=palette, dither=Image.Dither.NONE))


def _deltas(frames: Iterable[_Indices], palette: Image.Image) -> Iterator[Image.Image]:
    """The first frame in full, then only the changed pixels of each frame: long runs of one index compress well."""
    before: _Indices | None = None
    for indices in frames:
        kept = indices if before is None else np.where(indices == before, np.uint8(_UNCHANGED), indices)
        picture = Image.fromarray(kept)
        picture.putpalette(palette.getpalette() or [])
        before = indices
        yield picture
