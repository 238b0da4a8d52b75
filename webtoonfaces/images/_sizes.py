"""Resizing pictures with antialiasing; a picture that already has the size is returned unchanged."""

from __future__ import annotations

from PIL import Image


def resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """`picture` at exactly `size`, whatever its proportions."""
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def scaled(picture: Image.Image, longer: int) -> Image.Image:
    """`picture` with a longer side of `longer` px: Lanczos to shrink, bicubic, which rings less, to enlarge."""
    most = max(picture.size)
    if longer == most:
        return picture
    width, height = (max(1, round(side * longer / most)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS if longer < most else Image.Resampling.BICUBIC)


def shrunk(picture: Image.Image, longest: int) -> Image.Image:
    """`picture` with a longer side of at most `longest` px."""
    return scaled(picture, min(longest, max(picture.size)))
