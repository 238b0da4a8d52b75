"""What the parts of a pseudo-photo share: the light of a scene, noise, and layers that are laid over one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .curves import Points
from .relief import Grid, resized

GAMMA = 2.2  # colours are lit linear and stored to this power
TO_VIEWER = np.array([0, 0, 1], dtype=np.float32)


@dataclass(frozen=True)
class Light:
    """One way a scene is lit. Colours are linear; `key` is a direction towards the lamp, y down, z to the viewer."""

    key: Grid
    color: Grid
    around: Grid  # light from above and from everywhere
    ground: Grid  # light from below
    soft: float  # width of the lamp: 0 the sun, 1 a window
    backdrop: float  # how bright the place behind is


def white(warmth: float) -> Grid:
    """White light that is cold (-1) to warm (1): `[3]`, linear."""
    return np.array([1.0 + 0.22 * warmth, 1.0, 1.0 - 0.30 * warmth], dtype=np.float32)


def unit(direction: Points | Grid) -> Grid:
    """The direction with length 1."""
    return (direction / np.sqrt((direction * direction).sum())).astype(np.float32)


@dataclass(frozen=True)
class _Lamp:
    """The ranges of one kind of light."""

    share: float  # of the photos
    aside: tuple[float, float]  # where the lamp is, against 1 towards the viewer
    above: tuple[float, float]
    strength: tuple[float, float]
    warmth: tuple[float, float]
    fill: tuple[float, float]  # light from all around
    fill_warmth: tuple[float, float]
    ground: tuple[float, float, float]  # how much of it comes back from below
    soft: float
    backdrop: tuple[float, float]


_LAMPS = {
    "window": _Lamp(
        *(0.30, (0.5, 1.5), (0.1, 0.6), (0.85, 1.05), (-0.5, 0.4)),
        *((0.22, 0.5), (-0.2, 0.5), (0.7, 0.7, 0.7), 0.9, (0.25, 1.0)),
    ),
    "shade": _Lamp(
        *(0.22, (0.0, 0.5), (0.6, 1.2), (0.3, 0.5), (-0.3, 0.2)),
        *((0.6, 0.75), (-0.6, 0.1), (0.52, 0.5, 0.45), 1.0, (0.5, 1.3)),
    ),
    "bulb": _Lamp(
        *(0.18, (0.1, 0.7), (0.5, 1.0), (0.65, 0.9), (0.2, 1.0)),
        *((0.3, 0.5), (0.1, 0.8), (0.7, 0.7, 0.7), 0.55, (0.2, 0.7)),
    ),
    "sun": _Lamp(
        *(0.12, (0.3, 1.0), (0.4, 1.0), (0.9, 1.15), (0.1, 0.5)),
        *((0.3, 0.45), (-0.8, -0.2), (0.8, 0.72, 0.6), 0.1, (0.6, 1.4)),
    ),
    "flash": _Lamp(
        *(0.08, (0.02, 0.15), (0.08, 0.3), (0.85, 1.0), (-0.1, 0.15)),
        *((0.12, 0.25), (0.0, 0.8), (1.0, 1.0, 1.0), 0.15, (0.05, 0.3)),
    ),
    "dusk": _Lamp(
        *(0.10, (0.8, 1.8), (0.0, 0.4), (0.9, 1.15), (0.7, 1.3)),
        *((0.22, 0.4), (-1.0, -0.4), (0.7, 0.7, 0.7), 0.35, (0.2, 0.8)),
    ),
}


def random_light(rng: np.random.Generator) -> Light:
    """A light of one of the kinds that portraits are taken in, from the left or the right."""
    lamp = _LAMPS[rng.choice(list(_LAMPS), p=[lamp.share for lamp in _LAMPS.values()])]
    key = unit(np.array([rng.choice([-1.0, 1.0]) * rng.uniform(*lamp.aside), -rng.uniform(*lamp.above), 1.0]))
    around = rng.uniform(*lamp.fill) * white(rng.uniform(*lamp.fill_warmth))
    color = rng.uniform(*lamp.strength) * white(rng.uniform(*lamp.warmth))
    ground = around * np.array(lamp.ground, dtype=np.float32)
    return Light(key, color, around, ground, lamp.soft, rng.uniform(*lamp.backdrop))


def noise(rng: np.random.Generator, cells: int, side: int) -> Grid:
    """Normal noise of a grain of 1 / `cells` of the picture, `[side, side]`, deviation 1 before it is enlarged."""
    return resized(rng.standard_normal((cells, cells), dtype=np.float32), side)


def mixed(below: Grid, above: Grid, alpha: Grid) -> Grid:
    return below + (above - below) * alpha[..., None]
