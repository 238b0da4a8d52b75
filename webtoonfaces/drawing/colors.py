"""Colours of a drawing: tuples of red, green and blue, each a float in [0, 1]."""

from __future__ import annotations

import colorsys
from functools import lru_cache

Color = tuple[float, float, float]

WHITE: Color = (1.0, 1.0, 1.0)
BLACK: Color = (0.0, 0.0, 0.0)


def rgb(code: str) -> Color:
    """The colour of a code of six hexadecimal digits, with or without the `#`."""
    code = code.lstrip("#")
    return (int(code[0:2], 16) / 255, int(code[2:4], 16) / 255, int(code[4:6], 16) / 255)


@lru_cache(maxsize=4096)
def code(color: Color) -> str:
    """`#rrggbb`; what lies outside [0, 1] is clamped."""
    return "#" + "".join(f"{max(0, min(255, round(value * 255))):02x}" for value in color)


def mix(a: Color, b: Color, share: float) -> Color:
    """`a` where `share` is 0, `b` where it is 1."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def multiply(a: Color, b: Color) -> Color:
    """What two layers of ink give: the product of the channels."""
    return (a[0] * b[0], a[1] * b[1], a[2] * b[2])


def lightness(color: Color) -> float:
    """How light a colour looks, in [0, 1] (weights of ITU-R BT.601)."""
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


def adjusted(color: Color, *, hue: float = 0.0, saturation: float = 1.0, value: float = 1.0) -> Color:
    """The colour with its hue turned (1.0 is a whole turn) and its saturation and value multiplied, kept in range."""
    h, s, v = colorsys.rgb_to_hsv(*(max(0.0, min(1.0, channel)) for channel in color))
    return colorsys.hsv_to_rgb((h + hue) % 1.0, min(1.0, s * saturation), min(1.0, v * value))


def apart(color: Color, ground: Color) -> Color:
    """The colour, made lighter or darker where it would be lost on the colour behind it."""
    near = 1 - max(abs(a - b) for a, b in zip(color, ground, strict=True)) / 0.4
    grey = color[0] == color[1] == color[2]
    away = WHITE if lightness(ground) < 0.55 else rgb("202020") if grey else rgb("5a1030")
    return mix(color, away, 0.65 * min(1.0, max(0.0, 2 * near)))


def darker(color: Color, limit: float) -> Color:
    """The colour in its own hue, no lighter than `limit` (see `lightness`)."""
    light = lightness(color)
    return color if light <= limit else mix(BLACK, color, limit / light)


def ramp(position: float, colors: tuple[Color, ...]) -> Color:
    """The colour at `position` in [0, 1] of a row of evenly spaced colours."""
    along = max(0.0, min(1.0, position)) * (len(colors) - 1)
    index = min(int(along), len(colors) - 2)
    return mix(colors[index], colors[index + 1], along - index)
