"""A mask of hair becomes lines a hand can draw: closed, smooth outlines, and strands along the hair's own flow."""

from __future__ import annotations

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray
from PIL import Image

from webtoonfaces.faces.masks import blurred, eroded

from .curves import Points
from .person import MAX_OUTLINES, MAX_POINTS, Outline

Grid = NDArray[np.float64]

MARGIN = 0.16  # beyond each side of the crop, in crops: where hair that the crop cuts is closed
SPACING = 0.016  # of an outline's points
LEAST_AREA = 0.0025  # of the crop: smaller outlines are no hair
STRANDS = 26
STEP = 1.5  # px of a mask, along a strand


def outlines(mask: Grid) -> tuple[Outline, ...]:
    """The closed outlines of a mask `[S, S]` of values 0 to 1 over the unit square, the largest first.

    Where the crop cuts the hair, an outline runs on outside: above as a dome, elsewhere straight. At most eight outlines
    of at most 240 points each; none where there is no hair.
    """
    side = len(mask)
    pad = round(MARGIN * side)
    field = blurred(_extended(blurred(mask, 0.6), pad), 1.1)
    found: list[tuple[float, Points]] = []
    polygons, offsets = contour_generator(z=field, fill_type="OuterOffset").filled(0.5, np.inf)
    for polygon, ends in zip(polygons, offsets, strict=True):
        points = (polygon[: ends[1] - 1] - pad + 0.5) / side  # without its holes: a drawn outline is filled
        area = abs(_area(points))
        if area > LEAST_AREA:
            found.append((area, points))
    found.sort(key=lambda item: -item[0])
    return tuple(as_outline(_evened(points)) for _, points in found[:MAX_OUTLINES])


def strands(picture: Grid, mask: Grid, crown: Points) -> tuple[tuple[Outline, ...], float]:
    """Lines along the hair from root to tip, those that lie on top last; and how clear the hair's direction is, 0 to 1.

    picture : lightness `[S, S]`.     mask : the hair, `[S, S]`.     crown : where hair grows from, unit square.

    The direction is that of the structure tensor; where the picture shows none, hair falls away from the crown.
    """
    side = len(mask)
    inside = mask > 0.5
    if inside.sum() < 30:
        return (), 0.0
    double, clear = _flow(picture, mask, crown)
    room = eroded(inside, 2)
    used = np.zeros_like(inside)
    lines: list[Points] = []
    # Seeds on a fixed lattice, the longest hair first: from the crown outwards.
    ys, xs = np.nonzero(room)
    away = np.hypot(xs - crown[0] * side, ys - crown[1] * side)
    lattice = ((xs // 3 * 7919 + ys // 3 * 104729) % 1009) / 1009
    gap = max(3, round(0.03 * side))
    for index in np.argsort(np.abs(away / side - 0.33) + 0.35 * lattice, kind="stable"):
        if len(lines) == STRANDS:
            break
        if used[ys[index], xs[index]]:
            continue
        line = _streamline(double, inside, used, (float(xs[index]), float(ys[index])), side)
        if len(line) * STEP < 0.11 * side:
            continue
        for x, y in line.astype(int):
            used[max(0, y - gap) : y + gap + 1, max(0, x - gap) : x + gap + 1] = True
        ends = np.hypot(*(line[[0, -1]] / side - crown).T)
        lines.append(line if ends[0] <= ends[1] else line[::-1])
    # Hair that ends further down lies below: it is painted first.
    lines.sort(key=lambda line: -float(np.hypot(*(line.mean(0) / side - crown))))
    picked = [line[np.linspace(0, len(line) - 1, 7).astype(int)] for line in lines]
    return tuple(as_outline((line + 0.5) / side) for line in picked), clear


def as_outline(points: Points) -> Outline:
    """An array as a person keeps it, to four decimals."""
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in points)


def _extended(mask: Grid, pad: int) -> Grid:
    """The mask with a margin into which the hair goes on."""
    side = len(mask)
    field = np.pad(mask, pad, mode="edge")
    up = np.arange(pad, 0, -1)[:, None]
    field[:pad] = 0.0
    row = mask[:3].max(0) > 0.5
    for start, stop in _runs(row):
        middle, half = pad + (start + stop - 1) / 2, (stop - start) / 2
        across = (np.arange(side + 2 * pad) - middle) / max(half, 1)
        height = 0.26 * half * np.sqrt(np.clip(1 - across**2, 0, 1))
        field[:pad] = np.maximum(field[:pad], (up <= height[None] + 0.5).astype(float))
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


def _flow(picture: Grid, mask: Grid, crown: Points) -> tuple[Grid, float]:
    """The direction of hair as doubled angles `[2, S, S]` (cosine, sine), and how clear it is."""
    side = len(mask)
    soft = blurred(picture, 0.8)
    gy, gx = np.gradient(soft)
    # The edge of the hair is a strong gradient that says little about its texture.
    weight = np.where(eroded(mask > 0.5, 3), 1.0, 0.15) * (mask > 0.5)
    a, b, c = (blurred(weight * values, 3.2) for values in (gx * gx, gx * gy, gy * gy))
    # Along the hair is across the gradient: doubled angles are negated.
    cosine, sine = -(a - c), -2 * b
    total = a + c + 1e-9
    coherence = np.hypot(cosine, sine) / total
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    away_x, away_y = (x + 0.5) / side - crown[0], (y + 0.5) / side - crown[1]
    # Away from the crown, and down where it hangs.
    fall = np.arctan2(away_y + 0.10 + 0.5 * np.clip(away_y, 0, 1), away_x)
    inside = eroded(mask > 0.5, 3)
    level = np.median(total[inside]) if inside.any() else 1.0
    strength = np.clip(total / (level + 1e-9), 0, 1.5) / total
    share = 0.16
    cosine = strength * cosine + share * np.cos(2 * fall)
    sine = strength * sine + share * np.sin(2 * fall)
    size = np.hypot(cosine, sine) + 1e-9
    field = np.stack([blurred(cosine / size, 1.5), blurred(sine / size, 1.5)])
    return field, float(np.mean(coherence[inside])) if inside.any() else 0.0


def _streamline(double: Grid, inside: NDArray[np.bool_], used: NDArray[np.bool_], seed: tuple[float, float], side: int) -> Points:
    """A line through a seed, both ways, `[K, 2]` in pixels, at most half the crop long."""
    halves = []
    longest = round(0.30 * side / STEP)
    for sign in (1.0, -1.0):
        place = np.array(seed)
        direction: Points | None = None
        half = []
        for _ in range(longest):
            column, row = int(place[0] + 0.5), int(place[1] + 0.5)
            if not (0 <= column < side and 0 <= row < side) or not inside[row, column] or (used[row, column] and len(half) > 3):
                break
            half.append(place.copy())
            angle = 0.5 * np.arctan2(double[1, row, column], double[0, row, column])
            step = np.array([np.cos(angle), np.sin(angle)])
            if direction is None:
                direction = step * sign
            else:
                step = step if step @ direction >= 0 else -step
                direction = 0.65 * direction + 0.35 * step
                direction /= np.hypot(*direction) + 1e-9
            place = place + direction * STEP
        halves.append(half)
    points = halves[1][::-1] + halves[0][1:]
    return np.array(points) if points else np.zeros((0, 2))


def resized(values: Grid, side: int) -> Grid:
    """A square grid at another size."""
    if len(values) == side:
        return values
    picture = Image.fromarray(values.astype(np.float32)).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=float)
