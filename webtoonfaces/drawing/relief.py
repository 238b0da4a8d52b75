"""How far head, hair and body stand out from the picture: grids of depth, by which a pseudo-photo is lit.

A grid is float32 `[N, N]` over the unit square of the crop, row by row from the top; depths are in its units, larger
towards the viewer.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .head import CENTER, SKULL_CENTER, TEMPLATE, Head
from .person import Person

Grid = NDArray[np.floating[Any]]

ROWS, COLUMNS = 60, 48  # of the template's face
# Where the profile of the face lies: (y, z) without the nose.
PROFILE = np.array(
    [
        (0.02, -0.22),
        (0.08, -0.11),
        (0.14, -0.055),
        (0.22, -0.015),
        (0.32, 0.012),
        (0.42, 0.028),
        (0.47, 0.022),
        (0.56, 0.028),
        (0.66, 0.040),
        (0.72, 0.050),
        (0.78, 0.046),
        (0.82, 0.034),
        (0.87, 0.026),
        (0.895, 0.005),
        (0.92, -0.05),
        (0.96, -0.14),
        (1.0, -0.2),
    ]
)
# Half the width of the face: (y, x).
WIDTH = np.array(
    [
        (0.02, 0.16),
        (0.1, 0.225),
        (0.2, 0.262),
        (0.4, 0.285),
        (0.55, 0.278),
        (0.65, 0.262),
        (0.76, 0.215),
        (0.86, 0.14),
        (1.0, 0.1),
    ]
)
# Soft bumps: x (both sides unless 0), y, height, width, tall.
BUMPS = np.array(
    [
        (0.0, 0.455, 0.014, 0.030, 0.040),
        (0.0, 0.53, 0.036, 0.027, 0.045),
        (0.0, 0.585, 0.054, 0.029, 0.038),
        (0.0, 0.622, 0.075, 0.034, 0.028),
        (0.041, 0.645, 0.034, 0.019, 0.017),
        (0.02, 0.662, -0.018, 0.012, 0.008),
        (0.123, 0.476, -0.030, 0.050, 0.030),
        (0.06, 0.480, -0.020, 0.022, 0.028),
        (0.123, 0.478, 0.020, 0.034, 0.019),
        (0.125, 0.412, 0.015, 0.060, 0.016),
        (0.0, 0.415, 0.006, 0.05, 0.022),
        (0.165, 0.590, 0.024, 0.060, 0.045),
        (0.120, 0.665, 0.012, 0.05, 0.04),
        (0.245, 0.40, -0.018, 0.03, 0.07),
        (0.0, 0.697, -0.008, 0.010, 0.016),
        (0.0, 0.724, 0.020, 0.052, 0.010),
        (0.0, 0.741, -0.016, 0.080, 0.006),
        (0.0, 0.762, 0.026, 0.042, 0.013),
        (0.0, 0.800, -0.016, 0.048, 0.014),
        (0.104, 0.738, -0.012, 0.018, 0.018),
        (0.0, 0.860, 0.020, 0.045, 0.026),
        (0.092, 0.690, -0.010, 0.018, 0.028),
        (0.19, 0.74, -0.012, 0.04, 0.05),
    ]
)


@cache
def _surface() -> NDArray[np.float64]:
    """The template's face as points `[ROWS, COLUMNS, 3]`."""
    y = np.linspace(0.03, 0.98, ROWS)[:, None]
    wide = np.interp(y, WIDTH[:, 0], WIDTH[:, 1])
    across = np.sin(np.linspace(-1, 1, COLUMNS) * 1.52)[None]
    x = across * wide
    z = np.interp(y, PROFILE[:, 0], PROFILE[:, 1]) - 0.34 * (1 - np.sqrt(1 - np.abs(across) ** 2.4 * 0.995))
    for at, down, height, width, tall in BUMPS:
        side = np.abs(x) if at else x
        z = z + height * np.exp(-((side - at) ** 2) / (2 * width**2) - (y - down) ** 2 / (2 * tall**2))
    points = np.stack([x, np.broadcast_to(y, x.shape), z], -1)
    points.setflags(write=False)
    return points


@cache
def _pull() -> NDArray[np.float64]:
    """How far each point of the surface follows each inner landmark: `[ROWS * COLUMNS, 51]`."""
    near = closeness(_surface().reshape(-1, 3)[:, :2], TEMPLATE[17:, :2], 0.045)
    return near / (near.sum(1, keepdims=True) + 0.15)


def closeness(points: NDArray[np.float64], others: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """A Gaussian of the distances between `[N, 2]` and `[M, 2]`: `[N, M]`, 1 where they meet."""
    square = (points**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * points @ others.T
    return np.exp(square * (-1 / (2 * sigma**2)))


@lru_cache(maxsize=64)
def _gauss(count: int, sigma: float) -> Grid:
    at = np.arange(count)
    weights = np.exp(-((at[:, None] - at[None]) ** 2) / (2 * max(sigma, 1e-3) ** 2))
    # Weights that count for nothing are 0: products of numbers near float32's least take a processor ten times as long.
    weights[weights < 1e-5] = 0.0
    result: Grid = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return result


def blurred(grid: Grid, sigma: float) -> Grid:
    """A Gaussian blur of `[N, N]` or `[N, N, C]`, `sigma` in cells; the border is not darkened."""
    cells = grid.shape[0]
    radius = math.ceil(3 * sigma)
    if cells >= 256 and radius * 12 < cells:  # few neighbours of many cells count: add them up
        taps = np.exp(-(np.arange(radius + 1) ** 2) / (2 * max(sigma, 1e-3) ** 2))
        taps = (taps / (taps[0] + 2 * taps[1:].sum())).astype(np.float32)
        for axis in (0, 1):
            wide = np.pad(grid, [(radius, radius) if axis == a else (0, 0) for a in range(grid.ndim)], mode="edge")
            total = grid * taps[0]
            for step in range(1, radius + 1):
                for start in (radius - step, radius + step):
                    total += (
                        wide[start : start + cells] * taps[step]
                        if axis == 0
                        else wide[:, start : start + cells] * taps[step]
                    )
            grid = total
        return grid
    weights = _gauss(cells, round(float(sigma), 2))
    if grid.ndim == 2:
        return weights @ grid @ weights.T
    channels = np.ascontiguousarray(np.moveaxis(grid, -1, 0))
    return np.moveaxis(weights @ channels @ weights.T, 0, -1)


def resized(grid: Grid, side: int) -> Grid:
    """`[N, N]` or `[N, N, C]` at another resolution, smoothly."""
    if grid.shape[0] == side:
        return grid
    if grid.ndim == 3:
        return np.stack([resized(grid[..., channel], side) for channel in range(grid.shape[2])], -1)
    image = Image.fromarray(np.ascontiguousarray(grid, dtype=np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC), dtype=np.float32)


def depth_axis(head: Head) -> NDArray[np.float64]:
    """The direction in template coordinates that comes towards the viewer, as long as the head's scale."""
    axis = np.cross(head.matrix[0], head.matrix[1])
    axis = axis / (np.linalg.norm(axis) + 1e-9) * head.scale
    return axis if axis[2] > 0 else -axis


def face_depth(person: Person, cells: int) -> Grid:
    """The relief of the face with this person's features; it goes on smoothly outside the face."""
    head = person.head
    surface = _surface().reshape(-1, 3)
    placed = head.project(surface)
    z = (surface * (head.width, 1, 1) - CENTER) @ depth_axis(head)
    # The template's features move to where this person's are.
    inner = np.arange(17, 68)
    moved = person.points[inner] - head.project(TEMPLATE[inner])
    placed = placed + _pull() @ moved
    mesh = np.concatenate([placed, z[:, None]], 1).reshape(ROWS, COLUMNS, 3)
    fine = np.stack([_enlarged(mesh[..., axis], 3) for axis in range(3)], -1).reshape(-1, 3)
    column, row = (fine[:, :2] * cells).astype(int).T
    seen = (column >= 0) & (column < cells) & (row >= 0) & (row < cells)
    fine, at = fine[seen], (row * cells + column)[seen]
    order = np.argsort(fine[:, 2], kind="stable")  # what is nearer is written later
    depth: Grid = np.zeros((cells, cells), dtype=np.float32)
    known: Grid = np.zeros((cells, cells), dtype=np.float32)
    depth.flat[at[order]] = fine[order, 2]
    known.flat[at] = 1
    seen_part = blurred(np.clip(blurred(known, 0.8) * 2, 0, 1), 2.0)
    for sigma in (0.8, 2.5, 8.0, 30.0):
        weight = blurred(known, sigma)
        filled = blurred(depth * known, sigma) / (weight + 1e-6)
        sure = np.clip(weight * (2 if sigma < 1 else 8), 0, 1)
        new = sure * (1 - known)
        depth = depth * known + filled * new
        total = known + new
        depth = depth / (total + 1e-6)
        known = np.clip(total, 0, 1)
    # Beyond its silhouette the head goes on turning away.
    return blurred(depth - 0.25 * head.scale * (1 - seen_part), cells / 110)


def _enlarged(values: NDArray[np.float64], times: int) -> NDArray[np.float32]:
    image = Image.fromarray(values.astype(np.float32))
    size = (values.shape[1] * times, values.shape[0] * times)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR), dtype=np.float32)


def skull_depth(head: Head, cells: int, beyond: float) -> Grid:
    """The skull `beyond` its surface, going on downwards as a cylinder: what hair lies on."""
    middle = head.project(SKULL_CENTER)
    around = head.silhouette([0.0, 90.0, 180.0, 270.0], beyond)
    right, up = np.array([-head.up[1], head.up[0]]), head.up
    half = (abs((around[1] - around[3]) @ right) / 2, abs((around[0] - around[2]) @ up) / 2)
    at = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(at - middle[0], at - middle[1])
    across = (x * right[0] + y * right[1]) / half[0]
    above = np.clip((x * up[0] + y * up[1]) / half[1], -0.25, None)
    inside = np.clip(1 - across**2 - above**2, 0, None)
    base = float((SKULL_CENTER - CENTER) @ depth_axis(head))
    return (base + 0.9 * half[1] * np.sqrt(inside)).astype(np.float32)


def inflated(mask: Grid, sigma: float, height: float) -> Grid:
    """A rounded cushion over a mask: 0 at its border, `height` well inside."""
    core = np.clip(blurred(mask, sigma) * 2 - 1, 0, 1)
    return height * np.sqrt(core)


def normals_of(depth: Grid) -> Grid:
    """Unit normals `[N, N, 3]` of a relief: x to the right, y down, z towards the viewer."""
    cells = depth.shape[0]
    down, right = np.gradient(depth * cells)
    long = 1 / np.sqrt(right * right + down * down + 1)
    return np.stack([-right * long, -down * long, long], -1).astype(np.float32)


def spread(grid: Grid, mask: Grid, sigma: float = 2.0) -> Grid:
    """What a layer `[N, N, C]` has inside its mask goes on beyond its border, so that the border has no seam."""
    inside = np.clip(2 * mask - 1, 0, 1)[..., None]
    weight = np.concatenate([grid * inside, inside], -1)
    far = blurred(weight, 3 * sigma)
    near = blurred(weight, sigma) + 0.02 * far
    outside = near[..., :-1] / (near[..., -1:] + 1e-5)
    return np.where(near[..., -1:] > 1e-4, grid * inside + outside * (1 - inside), grid)


def cast_shadow(depth: Grid, receiver: Grid, light: Grid, reach: float, soft: float) -> Grid:
    """How much of a light from direction `light` [3] reaches each cell of `receiver`: 1 all, 0 none.

    `depth` is what may stand in the way, `reach` how far a shadow falls in the picture, `soft` how gradually the light
    is hidden.
    """
    cells = depth.shape[0]
    flat = float(np.hypot(light[0], light[1])) + 1e-6
    direction, rise = light[:2] / flat, float(light[2]) / flat
    hidden = np.full_like(depth, -1.0)
    steps = 14
    for step in range(1, steps + 1):
        far = reach * (step / steps) ** 1.3
        x, y = np.rint(direction * far * cells).astype(int)
        if not x and not y:
            continue
        hidden = np.maximum(hidden, _shifted(depth, y, x) - receiver - rise * far)
    share = np.clip(hidden / soft, 0, 1)
    return 1 - share * share * (3 - 2 * share)


def _shifted(grid: Grid, down: int, right: int) -> Grid:
    """The value that lies `down` rows and `right` columns away; the border goes on."""
    cells = grid.shape[0]
    rows = np.clip(np.arange(cells) + down, 0, cells - 1)
    columns = np.clip(np.arange(cells) + right, 0, cells - 1)
    return grid[rows[:, None], columns[None]]
