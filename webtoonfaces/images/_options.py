"""Checks and conversions of options that several functions share."""

from __future__ import annotations

from typing import TypeAlias

from PIL import ImageColor

from webtoonfaces.errors import BadInputError

Color: TypeAlias = str | tuple[int, int, int]
Size: TypeAlias = int | tuple[int, int]


def as_color(color: Color) -> tuple[int, int, int]:
    """A colour as (r, g, b), 0 to 255 each, from such a triple, a CSS name or `#rrggbb`."""
    try:
        red, green, blue = (ImageColor.getrgb(color) if isinstance(color, str) else tuple(color))[:3]
        whole = int(red), int(green), int(blue)
    except (TypeError, ValueError) as error:
        raise BadInputError(f"{color!r} is not a colour. Give a name ('white'), '#rrggbb' or (r, g, b).") from error
    if any(channel not in range(256) for channel in whole):
        raise BadInputError(f"The colour {color!r} has a channel outside 0 to 255. Give three numbers in that range.")
    return whole


def as_size(size: Size, name: str) -> tuple[int, int]:
    """A size as (width, height), from such a pair or from one number for a square."""
    width, height = size if isinstance(size, (tuple, list)) and len(size) == 2 else (size, size)
    return whole_number(width, name, least=1), whole_number(height, name, least=1)


def whole_number(value: object, name: str, *, least: int = 0, most: int | None = None) -> int:
    """`value` as an int; BadInputError unless it is a whole number from `least` to `most`."""
    whole = -1 if isinstance(value, (bool, str)) or not hasattr(value, "__index__") else value.__index__()
    if whole < least or (most is not None and whole > most):
        limits = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise BadInputError(f"{name} must be a whole number {limits}, not {value!r}.")
    return whole
