"""Backgrounds, one manner each. What is random in them belongs to the person, so that it is the same in every title."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from .colors import BLACK, WHITE, Color, adjusted, lightness, mix
from .curves import SIDE, Points, closed, polygons
from .sketch import Sketch


def draw_background(sketch: Sketch) -> None:
    """Fills the picture."""
    _KINDS[sketch.title.palette.background](sketch)


def _colors(sketch: Sketch) -> tuple[Color, Color, Color]:
    """The person's own colour as the title shows it, and its mixtures with the title's two."""
    palette = sketch.title.palette
    own = sketch.tone(sketch.person.background, "ground")
    light = mix(own, palette.background_a, palette.background_mix)
    dark = mix(own, palette.background_b, palette.background_mix)
    return own, behind_hair(light, sketch.hair), behind_hair(dark, sketch.hair, light)


def behind_hair(ground: Color, hair: Color, light: Color = WHITE) -> Color:
    """The ground, more like `light` or deeper where the hair's own colour would make head and ground one surface."""
    near = 1 - max(abs(a - b) for a, b in zip(ground, hair, strict=True)) / 0.3
    if near <= 0:
        return ground
    away = mix(ground, light, 0.5) if lightness(hair) < 0.62 else adjusted(ground, saturation=1.2, value=0.8)
    return mix(ground, away, min(1.0, 1.6 * near))


def _flat(sketch: Sketch) -> None:
    own, light, _ = _colors(sketch)
    sketch.canvas.cover(behind_hair(adjusted(own, saturation=1.35, value=1.05), sketch.hair))
    if sketch.person.seed % 2:
        sketch.canvas.ellipse((0.5, 0.47), 0.42, 0.42, mix(own, light, 0.8))


def _gradient(sketch: Sketch) -> None:
    _, light, dark = _colors(sketch)
    sketch.canvas.wash([(0, light, 1), (1, dark, 1)], (0.2, 0), (0.7, 1))


def _discs(sketch: Sketch, count: int, least: float, most: float, sparkles: int) -> None:
    _gradient(sketch)
    rng = sketch.rng
    for x, y, size in rng.random((count, 3)):
        radius = least + (most - least) * size
        sketch.canvas.ellipse((x, y), radius, radius, WHITE, 0.18 + 0.28 * size)
    stars = []
    for x, y, size in rng.random((sparkles, 3)):
        r = 0.012 + 0.02 * size
        angle = np.linspace(0, 2 * math.pi, 9)[:-1]
        reach = np.where(np.arange(8) % 2 == 0, r, 0.2 * r)
        stars.append(np.array([x, 0.6 * y]) + np.stack([np.cos(angle) * reach, np.sin(angle) * reach], 1))
    if stars:
        sketch.canvas.fill(polygons(np.array(stars)), WHITE, 0.9)


def _speed(sketch: Sketch) -> None:
    _gradient(sketch)
    rng = sketch.rng
    angle = rng.random(22) * 2 * math.pi
    near = 0.40 + 0.1 * rng.random(22)
    wide = 0.012 + 0.03 * rng.random(22)
    middle = np.array([0.5, 0.48])

    def at(a: Points, r: Points | float) -> Points:
        return middle + np.stack([np.cos(a), np.sin(a)], 1) * np.reshape(r, (-1, 1))

    rays = np.stack([at(angle, near), at(angle + wide, 0.95), at(angle - wide, 0.95)], 1)
    sketch.canvas.fill(polygons(rays), mix(sketch.title.palette.background_b, BLACK, 0.3), 0.42)


def _tone(sketch: Sketch) -> None:
    sketch.canvas.still(mix(WHITE, BLACK, 0.04), _tone_dots(), mix(WHITE, BLACK, 0.8))


@cache
def _tone_dots() -> str:
    """Dots that get smaller from the top down."""
    rows, columns = np.meshgrid(np.arange(-1, 40), np.arange(-1, 27), indexing="ij")
    y = rows * 5.0
    x = columns * 10.0 + 5.0 * (rows % 2)
    radius = 2.1 * np.clip(1 - (y + 2) / 190, 0, 1) ** 0.7
    seen = radius > 0.4
    middles = np.stack([x[seen], y[seen]], 1)[:, None]
    diamond = 1.13 * np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])
    return polygons((middles + diamond * radius[seen][:, None, None]) / SIDE)


def _rays(sketch: Sketch) -> None:
    _, light, dark = _colors(sketch)
    sketch.canvas.cover(dark)
    angle = np.arange(12) * math.pi / 6 + 0.1
    middle = np.array([0.5, 0.45])
    end = [middle + 1.2 * np.stack([np.cos(a), np.sin(a)], 1) for a in (angle, angle + math.pi / 12)]
    rays = np.stack([np.broadcast_to(middle, (12, 2)), end[0], end[1]], 1)
    sketch.canvas.fill(polygons(rays), light, 0.85)


def _paint(sketch: Sketch) -> None:
    own, light, dark = _colors(sketch)
    sketch.canvas.wash([(0, dark, 1), (1, light, 1)], (0, 0), (1, 1))
    for x, y, size, tone in sketch.rng.random((5, 4)):
        color = mix(adjusted(own, hue=0.08 * (tone - 0.5), saturation=1.5), WHITE if tone > 0.5 else dark, 0.35)
        sketch.canvas.soft_spot((x, y), 0.18 + 0.2 * size, 0.14 + 0.2 * size, color, 0.75)


def _night(sketch: Sketch) -> None:
    palette = sketch.title.palette
    stops = [
        (0.0, palette.background_b, 1.0),
        (0.62, mix(palette.background_b, palette.background_a, 0.35), 1.0),
        (1.0, palette.background_a, 1.0),
    ]
    sketch.canvas.wash(stops, (0, 0), (0, 1))
    sketch.canvas.soft_spot((0.82, 0.2), 0.2, 0.2, mix(palette.background_a, WHITE, 0.5), 0.5)
    for x, y, size in sketch.rng.random((14, 3)):
        radius = 0.002 + 0.0045 * size
        sketch.canvas.ellipse((x, 0.8 * y), radius, radius, WHITE, 0.4 + 0.5 * size)


def _ink_wash(sketch: Sketch) -> None:
    _, light, dark = _colors(sketch)
    sketch.canvas.cover(light)
    rng = sketch.rng
    for level, opacity in ((0.42, 0.25), (0.6, 0.4)):
        x = np.linspace(-0.05, 1.05, 9)
        y = level + 0.16 * (rng.random(9) - 0.5)
        hills = np.concatenate([np.stack([x, y], 1), [(1.1, 1.1), (-0.1, 1.1)]])
        sketch.canvas.fill(closed(hills, 70), dark, opacity)
    sketch.canvas.ellipse((0.8, 0.17), 0.075, 0.075, mix(dark, (0.75, 0.2, 0.15), 0.75), 0.85)


def _window(sketch: Sketch) -> None:
    """A plain room: wall, light from a window."""
    own, light, dark = _colors(sketch)
    sketch.canvas.cover(behind_hair(mix(own, light, 0.55), sketch.hair))
    panes = np.array(
        [
            [(0.02, 0.0), (0.22, 0.0), (0.12, 0.62), (-0.08, 0.62)],
            [(0.27, 0.0), (0.47, 0.0), (0.37, 0.62), (0.17, 0.62)],
        ]
    )
    sketch.canvas.fill(polygons(panes), WHITE, 0.38)
    sketch.canvas.fill(polygons(np.array([[(0.0, 0.86), (1.0, 0.86), (1.0, 1.0), (0.0, 1.0)]])), dark, 0.35)


def _fog(sketch: Sketch) -> None:
    _, light, dark = _colors(sketch)
    sketch.canvas.wash([(0, dark, 1), (0.7, mix(dark, light, 0.5), 1), (1, dark, 1)], (0.2, 0), (0.8, 1))
    for x, y, size in sketch.rng.random((3, 3)):
        sketch.canvas.soft_spot((x, 0.5 + 0.5 * y), 0.25 + 0.2 * size, 0.1, light, 0.4)


def _shapes(sketch: Sketch) -> None:
    own, light, _ = _colors(sketch)
    sketch.canvas.cover(behind_hair(mix(own, light, 0.5), sketch.hair))
    hearts = []
    for x, y, size in sketch.rng.random((7, 3)):
        r = 0.02 + 0.03 * size
        t = np.linspace(0, 2 * math.pi, 14)[:-1]
        heart = np.stack([np.sin(t) ** 3, -(0.8 * np.cos(t) - 0.3 * np.cos(2 * t) - 0.12 * np.cos(3 * t))], 1)
        hearts.append(np.array([x, y]) + r * heart)
    sketch.canvas.fill(polygons(np.array(hearts)), mix(own, WHITE, 0.75), 0.85)


_KINDS = {
    "flat": _flat,
    "gradient": _gradient,
    "bokeh": lambda sketch: _discs(sketch, 9, 0.022, 0.085, 5),
    "clouds": lambda sketch: _discs(sketch, 5, 0.1, 0.27, 0),
    "speed": _speed,
    "tone": _tone,
    "rays": _rays,
    "paint": _paint,
    "night": _night,
    "wash": _ink_wash,
    "window": _window,
    "fog": _fog,
    "shapes": _shapes,
}
