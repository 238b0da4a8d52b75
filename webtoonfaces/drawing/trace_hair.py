"""A mask of hair becomes lines a hand can draw: closed, smooth outlines, and strands along the hair's own flow."""

from __future__ import annotations

from typing import Any

import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from PIL import Image

from webtoonfaces.faces.masks import blurred, dilated, eroded

from .curves import Points
from .person import MAX_OUTLINES, MAX_POINTS, Outline

Grid = NDArray[np.float64]

MARGIN = 0.16  # beyond each side of the crop, in crops: where hair that the crop cuts is closed
SPACING = 0.016  # of an outline's points
LEAST_AREA = 0.0025  # of the crop: smaller outlines are no hair
SLOPE_ROWS = 8  # px of a mask, over which the slope at the frame is measured
LEAST_SHARE = 0.06  # of the largest outline's area
STRANDS = 24
GAP = 0.03  # between two strands, in crops
SHORTEST, LONGEST = 0.12, 0.8  # of a strand, in crops
STEP = 1.5  # px of a mask, along a strand
PLAIN = 0.3  # weight of the plain direction, where the texture's is about 1
FLOW_BLUR = 5.0  # px of a mask: finer turns of the hair are no locks


def outlines(mask: Grid) -> tuple[Outline, ...]:
    """The closed outlines of a mask `[S, S]` of values 0 to 1 over the unit square, the largest first.

    Where the crop cuts the hair, an outline runs on outside: above as a dome, elsewhere straight. At most eight
    outlines of at most 240 points each; none where there is no hair.
    """
    side = len(mask)
    pad = round(MARGIN * side)
    field = blurred(_extended(blurred(mask, 0.6), pad), 1.1)
    found: list[tuple[float, Points]] = []
    polygons, offsets = _filled(field)
    for polygon, ends in zip(polygons, offsets, strict=True):
        points = (polygon[: ends[1] - 1] - pad + 0.5) / side  # without its holes: a drawn outline is filled
        area = abs(_area(points))
        if area > LEAST_AREA:
            found.append((area, points))
    found.sort(key=lambda item: -item[0])
    return tuple(
        as_outline(_evened(points)) for area, points in found[:MAX_OUTLINES] if area > LEAST_SHARE * found[0][0]
    )


def _filled(field: Grid) -> tuple[list[Points], list[NDArray[np.uint32]]]:
    """Polygons round the values above one half: points of each, its outline first; and where its rings begin."""
    found: Any = contour_generator(z=field, fill_type=FillType.OuterOffset).filled(0.5, np.inf)
    return found


def strands(picture: Grid, mask: Grid, crown: Points) -> tuple[Outline, ...]:
    """Lines along the hair from root to tip, those that lie on top last.

    picture : lightness `[S, S]`.     mask : the hair, `[S, S]`.     crown : where hair grows from, unit square.

    The direction is that of the structure tensor; where the picture shows none, hair falls away from the crown.
    """
    side = len(mask)
    inside = mask > 0.5
    if inside.sum() < 30:
        return ()
    double = _flow(picture, mask, crown)
    ys, xs = np.nonzero(eroded(inside, 2))
    on_lattice = (xs % 5 == 2) & (ys % 5 == 2)
    seeds = np.stack([xs[on_lattice], ys[on_lattice]], 1).astype(float)
    if not len(seeds):
        return ()
    lines = _streamlines(double, inside, seeds)
    lines.sort(key=lambda line: -len(line))
    taken = np.zeros_like(inside)
    kept: list[Points] = []
    for line in lines:
        if len(line) * STEP < SHORTEST * side or len(kept) == STRANDS:
            break
        columns, rows = line.astype(int).T
        if taken[rows, columns].mean() > 0.25:
            continue
        mark = np.zeros_like(inside)
        mark[rows, columns] = True
        taken |= dilated(mark, max(2, round(GAP * side)))
        ends = np.hypot(*(line[[0, -1]] / side - crown).T)
        kept.append(line if ends[0] <= ends[1] else line[::-1])
    # Hair whose root is further from the crown lies below: it is painted first.
    kept.sort(key=lambda line: -float(np.hypot(*(line[0] / side - crown))))
    return tuple(as_outline((line[np.linspace(0, len(line) - 1, 8).astype(int)] + 0.5) / side) for line in kept)


def as_outline(points: Points) -> Outline:
    """An array as a person keeps it, to four decimals."""
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in points)


def _extended(mask: Grid, pad: int) -> Grid:
    """The mask with a margin into which the hair goes on."""
    side = len(mask)
    field = np.pad(mask, pad, mode="edge")
    up = np.arange(pad, 0, -1)[:, None]
    field[:pad] = 0.0
    row, lower = mask[:2].max(0) > 0.5, mask[SLOPE_ROWS] > 0.5
    for start, stop in _runs(row):
        middle, half = (start + stop - 1) / 2, (stop - start) / 2
        # The dome goes on with the slope at which the hair reaches the frame.
        below = [(b - a) / 2 for a, b in _runs(lower) if a <= middle < b]
        slope = SLOPE_ROWS / max(0.5, max(below, default=half) - half)
        height = half * float(np.clip(slope / 2, 0.06, 0.5))
        across = (np.arange(side + 2 * pad) - pad - middle) / max(half, 1)
        dome = height * np.clip(1 - across**2, 0, 1)
        field[:pad] = np.maximum(field[:pad], np.clip(dome[None] - up + 1.0, 0, 1))
    field[:2] = field[-2:] = 0.0
    field[:, :2] = field[:, -2:] = 0.0
    return field


def _runs(bits: NDArray[np.bool_]) -> list[tuple[int, int]]:
    steps = np.diff(np.concatenate([[0], bits.astype(int), [0]]))
    return list(zip(np.nonzero(steps == 1)[0].tolist(), np.nonzero(steps == -1)[0].tolist(), strict=True))


def _area(points: Points) -> float:
    x, y = points[:, 0], points[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _evened(points: Points) -> Points:
    """Evenly spaced points on a closed line, a little smoothed, the tips of locks kept."""
    count = len(points)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.4) ** 2)
    kernel /= kernel.sum()
    wrapped = np.concatenate([points[-4:], points, points[:4]])
    smooth = np.stack([np.convolve(wrapped[:, axis], kernel, "valid") for axis in (0, 1)], 1)
    around = np.concatenate([smooth, smooth[:1]])
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(around, axis=0).T))])
    number = int(np.clip(round(length[-1] / SPACING), 12, min(MAX_POINTS, max(12, count))))
    at = np.linspace(0, length[-1], number + 1)[:-1]
    return np.stack([np.interp(at, length, around[:, axis]) for axis in (0, 1)], 1)


def _flow(picture: Grid, mask: Grid, crown: Points) -> Grid:
    """The direction of hair as doubled angles `[2, S, S]` (cosine, sine)."""
    side = len(mask)
    gy, gx = np.gradient(blurred(picture, 0.9))
    # The edge of the hair is a strong gradient that says little about its texture.
    inner = eroded(mask > 0.5, 3)
    weight = np.where(inner, 1.0, 0.1) * (mask > 0.5)
    a, b, c = (blurred(weight * values, FLOW_BLUR) for values in (gx * gx, gx * gy, gy * gy))
    # Hair runs across its gradient: doubled angles are negated.
    total = a + c
    level = float(np.median(total[inner])) if inner.any() else 1.0
    strength = np.clip(total / (level + 1e-9), 0, 1.5) / (total + 1e-9)
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    away_x, away_y = (x + 0.5) / side - crown[0], (y + 0.5) / side - crown[1]
    fall = np.arctan2(away_y + 0.10 + 0.5 * np.clip(away_y, 0, 1), away_x)
    cosine = strength * (c - a) + PLAIN * np.cos(2 * fall)
    sine = strength * (-2 * b) + PLAIN * np.sin(2 * fall)
    return np.stack([blurred(cosine, FLOW_BLUR), blurred(sine, FLOW_BLUR)])


def _streamlines(double: Grid, inside: NDArray[np.bool_], seeds: Points) -> list[Points]:
    """The line through each seed, both ways, `[K, 2]` in pixels."""
    side = len(inside)
    halves = []
    longest = round(LONGEST * side / 2 / STEP)
    for sign in (1.0, -1.0):
        place, direction = seeds.copy(), np.zeros_like(seeds)
        alive = np.ones(len(seeds), bool)
        path = np.full((len(seeds), longest, 2), np.nan)
        for step in range(longest):
            column, row = np.rint(place).astype(int).T
            alive &= (column >= 0) & (column < side) & (row >= 0) & (row < side)
            column, row = column.clip(0, side - 1), row.clip(0, side - 1)
            alive &= inside[row, column]
            path[alive, step] = place[alive]
            angle = 0.5 * np.arctan2(double[1, row, column], double[0, row, column])
            turn = np.stack([np.cos(angle), np.sin(angle)], 1)
            if step == 0:
                direction = turn * sign
            else:
                turn *= np.where((turn * direction).sum(1) >= 0, 1.0, -1.0)[:, None]
                direction = 0.7 * direction + 0.3 * turn
                direction /= np.hypot(*direction.T)[:, None] + 1e-9
            place = place + direction * STEP
        halves.append(path)
    lines = np.concatenate([halves[1][:, :0:-1], halves[0]], 1)
    return [line[np.isfinite(line[:, 0])] for line in lines]


def resized(values: Grid, side: int) -> Grid:
    """A square grid at another size."""
    if len(values) == side:
        return values
    picture = Image.fromarray(values.astype(np.float32)).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=float)
