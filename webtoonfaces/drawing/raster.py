"""A canvas to pixels: SVG through resvg, slow changes of colour through numpy, which takes a tenth of the time.

Two packages hold resvg. `resvg` is compiled for speed and takes a third of the time; `resvg_py`, compiled for size, is
there for every Python and platform. Their pixels are the same.
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .canvas import Canvas, Stop, Wash, document

try:
    from resvg import render, usvg
except ImportError:
    import resvg_py

    RASTERISER = "resvg_py"

    def _png(svg: str, size: int) -> bytes:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True))
else:
    RASTERISER = "resvg"

    def _png(svg: str, size: int) -> bytes:
        # Made for each picture, because only the thread that made them may use them; it takes a microsecond. They hold
        # no fonts: a drawing has no text.
        tree = usvg.Tree.from_str(svg, usvg.Options.default())
        scale = size / tree.int_size()[0]
        return bytes(render(tree, (scale, 0, 0, 0, scale, 0), bg_size=(size, size)))


STEPS = 1024  # of a wash from its first stop to its last: finer than eight bits


def rendered(svg: str, size: int, mode: str = "RGB") -> Image.Image:
    """The picture `size` x `size` of a square SVG text, RGB or RGBA."""
    picture = Image.open(io.BytesIO(_png(svg, size)))
    picture.load()
    return picture if picture.mode == mode else picture.convert(mode)


def painted(canvas: Canvas, size: int) -> Image.Image:
    """The picture `size` x `size` of a canvas whose ground is opaque, RGB: to a level what its `svg` gives."""
    under, svg, over = canvas.parts(size)
    if not under:
        picture = rendered(svg, size)
    elif isinstance(under[0], Wash):
        picture = _washed(np.zeros((size, size, 3), np.float32), [layer for layer in under if isinstance(layer, Wash)])
    else:
        picture = _still(under[0].text, size).copy()
    if under:
        shapes = rendered(svg, size, "RGBA")
        picture.paste(shapes, (0, 0), shapes)
    return _washed(np.asarray(picture, dtype=np.float32), over) if over else picture


@lru_cache(maxsize=2)
def _still(text: str, size: int) -> Image.Image:
    return rendered(document(text, size), size)


def _washed(pixels: NDArray[np.float32], washes: list[Wash]) -> Image.Image:
    """Washes over pixels `[S, S, 3]`, which must be writable."""
    for wash in washes:
        _wash(pixels, wash)
    return Image.fromarray((pixels + 0.5).astype(np.uint8))


def _wash(pixels: NDArray[np.float32], wash: Wash) -> None:
    size = len(pixels)
    center = ((np.arange(size) + 0.5) / size).astype(np.float32)
    across, down = (factor * center + shift for factor, shift in (wash.x, wash.y))
    if wash.linear:
        place = across + down[:, None]
    else:  # only what it reaches
        inside_x, inside_y = (np.flatnonzero(np.abs(part) < 1) for part in (across, down))
        if not len(inside_x) or not len(inside_y):
            return
        columns, rows = (slice(part[0], part[-1] + 1) for part in (inside_x, inside_y))
        pixels = pixels[rows, columns]
        place = np.sqrt(across[columns] ** 2 + (down[rows] ** 2)[:, None])
    levels, opacities = _table(wash.stops)
    index = (place * STEPS).astype(np.int32)
    if opacities is None:
        pixels[:] = levels.take(index, axis=0, mode="clip")
        return
    colors = levels if levels.ndim == 1 else levels.take(index, axis=0, mode="clip")
    pixels += (colors - pixels) * opacities.take(index, mode="clip")[..., None]


def _table(stops: tuple[Stop, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Levels `[STEPS, 3]`, `[3]` where all are one colour, and opacities `[STEPS]`, None where all are 1."""
    at = (np.arange(STEPS) + 0.5) / STEPS
    places = [stop[0] for stop in stops]
    colors = 255 * np.array([stop[1] for stop in stops], dtype=np.float32)
    alphas = [stop[2] for stop in stops]
    opacities = None if min(alphas) >= 1 else np.interp(at, places, alphas).astype(np.float32)
    if (colors == colors[0]).all():
        return colors[0], opacities
    return np.stack([np.interp(at, places, channel) for channel in colors.T], 1).astype(np.float32), opacities


def grained(picture: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Grain of paper: fine noise and broad blotches, `strength` of the range. It has the same look at every size."""
    side = picture.width
    fine = rng.standard_normal((256, 256)).astype(np.float32)
    broad = rng.standard_normal((24, 24)).astype(np.float32)
    texture = _resized(fine, side) * 0.7 + _resized(broad, side) * 0.5
    values = np.asarray(picture, dtype=np.float32) * (1 + strength * texture[..., None])
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def _resized(noise: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(noise).resize((side, side), Image.Resampling.BILINEAR))
