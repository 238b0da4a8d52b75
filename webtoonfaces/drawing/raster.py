"""SVG to pixels through resvg, and what is done to pixels afterwards."""

from __future__ import annotations

import io

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image


def rendered(svg: str, size: int, mode: str = "RGB") -> Image.Image:
    """The picture `size` x `size` of an SVG text, RGB or RGBA."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size)
    return Image.open(io.BytesIO(bytes(png))).convert(mode)


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
