"""The places behind a pseudo-photo: out of focus, with the colours and the spectrum that photographs have."""

from __future__ import annotations

import math

import numpy as np

from .colors import rgb
from .curves import Points
from .person import Person
from .photo_scene import GAMMA, Light
from .relief import Grid, blurred, resized

PAINTS = "8a7a68 b8b0a4 5a6a4a 7a90a8 4a4440 a08060 d8d4cc 3c4a58 6a5248 98a890"  # of walls, furniture, streets


def _cloud(rng: np.random.Generator, cells: int, power: float) -> Grid:
    """Noise with a spectrum of 1 / f ** power, as photographs have it: mean 0, deviation 1."""
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(cells), np.fft.rfftfreq(cells), indexing="ij")) * cells
    spectrum = np.fft.rfft2(rng.standard_normal((cells, cells))) / np.maximum(f, 1) ** power
    spectrum[0, 0] = 0
    cloud = np.fft.irfft2(spectrum, s=(cells, cells))
    return (cloud / (cloud.std() + 1e-9)).astype(np.float32)


def _palette(person: Person, rng: np.random.Generator, count: int) -> Points:
    """Linear colours as rooms, streets and gardens have them."""
    base = np.array([rgb(code) for code in PAINTS.split()])
    chosen = base[rng.choice(len(base), count, replace=False)]
    own = np.array(person.background)
    own = own.mean() + (own - own.mean()) * 0.5
    chosen[0] = 0.5 * chosen[0] + 0.5 * own
    return chosen**GAMMA


def place(person: Person, light: Light, rng: np.random.Generator, side: int) -> Grid:
    """What lies behind: `[S, S, 3]`, linear, out of focus."""
    cells = 96
    kind = rng.choice(["wall", "room", "garden", "field", "lights"], p=[0.24, 0.28, 0.2, 0.18, 0.10])
    colors = _palette(person, rng, 5)
    at = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(at, at)
    blur = rng.uniform(0.8, 4.0)
    if kind == "wall":
        slope = 1 + 0.5 * (rng.uniform(-1, 1) * (x - 0.5) + rng.uniform(-1, 0.4) * (y - 0.5))
        picture = colors[0] * slope[..., None] * (1 + 0.05 * _cloud(rng, cells, 1.3)[..., None])
        blur = rng.uniform(0.5, 2)
    elif kind == "room":
        picture = np.broadcast_to(colors[0], (cells, cells, 3)).copy()
        for _ in range(rng.integers(5, 14)):  # furniture, frames, doors, windows
            left, top = rng.uniform(-0.2, 1.0, 2)
            wide, tall = rng.uniform(0.05, 0.45), rng.uniform(0.08, 0.9)
            box = (x > left) & (x < left + wide) & (y > top) & (y < top + tall)
            shade = colors[rng.integers(1, 5)] * rng.uniform(0.35, 1.5)
            if rng.random() < 0.12:
                shade = np.array([1.1, 1.1, 1.1]) * rng.uniform(0.7, 1.4)
            picture[box] = shade
        picture *= 1 + 0.14 * _cloud(rng, cells, 1.1)[..., None]
        blur = rng.uniform(0.5, 4.0)
    elif kind == "garden":
        horizon = rng.uniform(0.2, 0.75) + 0.06 * _cloud(rng, cells, 1.2)
        leaves = _cloud(rng, cells, 0.75)[..., None]
        sky = np.array([rgb("b8c8dc")]) ** GAMMA * rng.uniform(0.8, 1.6)
        green = np.array(rgb("56683a")) ** GAMMA * (1 + 0.5 * leaves) + colors[1] * 0.3
        share = np.clip((y - horizon) / 0.06 + 0.35 * leaves[..., 0] + 0.5, 0, 1)[..., None]
        picture = sky + (np.clip(green, 0.005, None) - sky) * share
        blur = rng.uniform(0.5, 4.0)
    else:
        a, b = _cloud(rng, cells, 1.15), _cloud(rng, cells, 1.15)
        weights = np.stack([np.exp(1.3 * (math.cos(k * 1.3) * a + math.sin(k * 1.3) * b)) for k in range(4)], -1)
        weights /= weights.sum(-1, keepdims=True)
        picture = weights @ colors[:4]
        picture = picture * (1 + 0.22 * _cloud(rng, cells, 0.9)[..., None])
    if kind == "lights":
        picture = blurred(picture.astype(np.float32), 3.0) * 0.35
        for _ in range(rng.integers(7, 18)):
            middle, radius = rng.uniform(0, 1, 2), rng.uniform(0.015, 0.06)
            far = np.hypot(x - middle[0], y - middle[1])
            disc = np.clip((radius - far) * cells + 0.5, 0, 1) * (0.8 + 0.2 * np.clip(far / radius, 0, 1) ** 4)
            hue = colors[rng.integers(0, 5)] * rng.uniform(1.0, 3.0) + np.array([0.12, 0.08, 0.03])
            picture = picture + disc[..., None] * hue
        blur = 0.6
    picture = blurred(np.clip(picture, 0, None).astype(np.float32), blur)
    tint = (light.color + light.around) / (light.color + light.around).mean()
    return resized((picture * tint * light.backdrop * 0.9).clip(0.002).astype(np.float32), side).clip(0.001)
