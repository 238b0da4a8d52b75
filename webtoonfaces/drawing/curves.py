"""Points in the unit square become the text of SVG paths.

A curve is a float array `[K, 2]`; a batch of curves that have the same number of points is `[N, K, 2]`. Everything is
vectorised over a curve, because a picture has some hundred of them and should take a few milliseconds. Within a
function a point is one complex number, which halves the calls of numpy. A path has whole numbers only, because they
are written and read several times faster than fractions: the view box is `VIEW_BOX` wide and high.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

SIDE = 256.0  # widths of lines are given in 256ths of the picture's side
FINE = 10  # units of the view box in one of them: what coordinates are rounded to
VIEW_BOX = round(SIDE * FINE)


def closed(points: ArrayLike, corner: float = 62.0) -> str:
    """A smooth outline through the points; it keeps a corner where it turns by more than `corner` degrees."""
    p = _units(points)
    following, previous = _neighbours(len(p))
    end = p[following]
    step = end - p
    length = np.abs(step) + 1e-9
    step /= length
    before, after = _handles(step, length, step[previous], length[previous], corner)
    numbers = _cubics(p + after, end - before[following], end)
    return f"M{numbers[-2]} {numbers[-1]}C{_text(numbers)}Z"


def traced(points: ArrayLike, corner: float = 62.0, each: int = 4) -> Points:
    """Points on the outline that `closed` draws: `[K * each, 2]`, `each` from every given point on."""
    p = _units(points)
    following, previous = _neighbours(len(p))
    step = p[following] - p
    length = np.abs(step) + 1e-9
    step /= length
    before, after = _handles(step, length, step[previous], length[previous], corner)
    t = np.arange(each) / each
    weights = np.array([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3])
    handles = np.stack([p, p + after, (p - before)[following], p[following]], 1)
    return (handles @ weights).reshape(-1, 1).view(float) / VIEW_BOX


def opened(points: ArrayLike, corner: float = 75.0) -> str:
    """A smooth line through the points, to be stroked."""
    p = _units(points)
    step = p[1:] - p[:-1]
    length = np.abs(step) + 1e-9
    before, after = step / 3, step / 3
    step /= length
    before[:-1], after[1:] = _handles(step[1:], length[1:], step[:-1], length[:-1], corner)
    numbers = _cubics(p[:-1] + after, p[1:] - before, p[1:])
    return f"M{round(p[0].real)} {round(p[0].imag)}C{_text(numbers)}"


def polygon(points: ArrayLike) -> str:
    """A closed outline of straight sides."""
    return polygons(np.asarray(points, dtype=float)[None])


def polygons(points: Points) -> str:
    """Many outlines `[N, K, 2]` of straight sides as one path."""
    return "".join([f"M{numbers}Z" for numbers in _texts(points.reshape(len(points), -1) * VIEW_BOX)])


def brush(points: ArrayLike, width: float, profile: Sequence[float] = (0.0, 1.0, 0.0), samples: int = 10) -> str:
    """A line drawn with a brush: an outline to be filled. `width` in view box units, `profile` along the line."""
    return brushes(np.asarray(points, dtype=float)[None], width, profile, samples)


def brushes(lines: Points, width: float | Points, profile: Sequence[float] = (0.0, 1.0, 0.0), samples: int = 10) -> str:
    """Many brush lines `[N, K, 2]` as one path; `width` may be `[N]`."""
    if not len(lines):
        return ""
    half = _profile(tuple(profile), samples) * np.reshape(np.asarray(width, dtype=float), (-1, 1)) * (FINE / 2)
    both = _units(lines) @ _places_and_steps(lines.shape[1], samples)
    path, along = both[:, :samples], both[:, samples:]
    across = along * (1j * half / (np.abs(along) + 1e-9))
    return "".join(_each_leaf(path + across, path - across))


def ribbons(left: Points, right: Points) -> str:
    """Many shapes as one path, each between two edges `[N, K, 2]` that run the same way and meet at their ends."""
    return "".join(each_ribbon(left, right))


def each_ribbon(left: Points, right: Points) -> list[str]:
    """As `ribbons`, but one path for each shape."""
    return _each_leaf(_units(left), _units(right)) if len(left) else []


def strokes(lines: Points) -> str:
    """Many lines `[N, K, 2]` as one path to be stroked."""
    return "".join(each_stroke(lines))


def each_stroke(lines: Points) -> list[str]:
    """As `strokes`, but one path for each line."""
    if not len(lines):
        return []
    return [f"M{start}C{curve}" for start, curve in _smooth(_units(lines))]


def resample(lines: Points, samples: int) -> Points:
    """`[..., K, 2]` -> `[..., samples, 2]` on the uniform Catmull-Rom curve through the points."""
    return _weights(lines.shape[-2], samples) @ lines


def normals(lines: Points) -> Points:
    """Unit normals `[..., K, 2]` of sampled curves."""
    along = np.empty_like(lines)
    along[..., 1:-1, :] = lines[..., 2:, :] - lines[..., :-2, :]
    along[..., 0, :] = lines[..., 1, :] - lines[..., 0, :]
    along[..., -1, :] = lines[..., -1, :] - lines[..., -2, :]
    length = np.hypot(along[..., 0], along[..., 1]) + 1e-9
    result = np.empty_like(along)
    np.divide(-along[..., 1], length, out=result[..., 0])
    np.divide(along[..., 0], length, out=result[..., 1])
    return result


def arc(a: ArrayLike, control: ArrayLike, b: ArrayLike, samples: int = 5) -> Points:
    """Points of a quadratic Bezier curve; arrays of equal leading shape give `[..., samples, 2]`."""
    t = np.linspace(0.0, 1.0, samples)[:, None]
    a, control, b = (np.asarray(point, dtype=float)[..., None, :] for point in (a, control, b))
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t * t * b


def inside(points: Points, outline: Points) -> NDArray[np.bool_]:
    """Which of `[N, 2]` points lie inside a polygon `[K, 2]` (even-odd rule)."""
    x, y = points[:, None, 0], points[:, None, 1]
    a, b = outline[None], np.roll(outline, -1, axis=0)[None]
    rise = np.where(b[..., 1] == a[..., 1], 1e-12, b[..., 1] - a[..., 1])
    crosses = (a[..., 1] > y) != (b[..., 1] > y)
    return (crosses & (x < (b[..., 0] - a[..., 0]) * (y - a[..., 1]) / rise + a[..., 0])).sum(1) % 2 == 1


def clockwise(outline: Points) -> Points:
    """The outline, turned round if need be, so that outlines in one path add up rather than cut holes."""
    x, y = outline[:, 0], outline[:, 1]
    area = (x * np.roll(y, -1) - np.roll(x, -1) * y).sum()
    return outline if area > 0 else outline[::-1]


def _units(points: ArrayLike) -> NDArray[np.complex128]:
    """Points `[..., 2]` of the unit square as complex numbers `[...]` in units of the view box."""
    return (np.ascontiguousarray(points, dtype=float) * VIEW_BOX).view(complex)[..., 0]


def _handles(
    unit: NDArray[np.complex128],
    length: NDArray[np.float64],
    last_unit: NDArray[np.complex128],
    last_length: NDArray[np.float64],
    corner: float,
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Bezier handles before and after points, from the steps after and before them: as long as a third of each."""
    before = last_unit * length + unit * last_length
    before /= np.abs(before) + 1e-9
    after = before
    sharp = (last_unit * unit.conj()).real < math.cos(math.radians(corner))
    if sharp.any():
        before, after = np.where(sharp, last_unit, before), np.where(sharp, unit, after)
    return before * (last_length / 3), after * (length / 3)


@lru_cache(maxsize=256)
def _neighbours(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the following and the previous point of an outline (much quicker than `np.roll`)."""
    index = np.arange(count)
    return (index + 1) % count, (index - 1) % count


def _smooth(p: NDArray[np.complex128]) -> list[tuple[str, str]]:
    """Smooth lines through evenly spaced points `[N, K]`: the text of each one's start and of its cubics."""
    rows = np.rint((p @ _smooth_weights(p.shape[1])).view(float)).astype(int).tolist()
    return [(f"{row[0]} {row[1]}", _text(row[2:])) for row in rows]


def _each_leaf(left: NDArray[np.complex128], right: NDArray[np.complex128]) -> list[str]:
    """Outlines along the left edges `[N, K]` and back along the right ones, smooth but for the two ends."""
    n = len(left)
    sides = _smooth(np.concatenate([left, right[:, ::-1]]))
    return [f"M{sides[i][0]}C{sides[i][1]}L{sides[n + i][0]}C{sides[n + i][1]}Z" for i in range(n)]


def _cubics(first: NDArray[np.complex128], second: NDArray[np.complex128], end: NDArray[np.complex128]) -> list[int]:
    """Handles and ends `[K]` as they follow one another in a path."""
    result = np.empty((len(end), 3), complex)
    result[:, 0], result[:, 1], result[:, 2] = first, second, end
    return np.rint(result.view(float)).astype(int).ravel().tolist()


def _texts(rows: NDArray[np.float64]) -> list[str]:
    """Each row of `[N, K]` as a path writes whole numbers. What a list shows is by far the quickest text of many."""
    return str(np.rint(rows).astype(int).tolist())[2:-2].replace(", ", " ").split("] [")


def _text(numbers: list[int]) -> str:
    return str(numbers)[1:-1].replace(", ", " ")


@lru_cache(maxsize=256)
def _profile(profile: tuple[float, ...], samples: int) -> Points:
    return np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, len(profile)), profile)


@lru_cache(maxsize=256)
def _smooth_weights(count: int) -> NDArray[np.complex128]:
    """What points `[..., count]` are multiplied by: `[count, 3 * count - 2]` for a start, and handles and ends."""
    unit = np.eye(count)
    slope = np.empty((count, count))
    slope[1:-1] = (unit[2:] - unit[:-2]) / 6
    slope[0], slope[-1] = (unit[1] - unit[0]) / 3, (unit[-1] - unit[-2]) / 3
    cubics = np.stack([(unit + slope)[:-1], (unit - slope)[1:], unit[1:]], 1).reshape(-1, count)
    return np.concatenate([unit[:1], cubics]).T.astype(complex)


@lru_cache(maxsize=256)
def _places_and_steps(count: int, samples: int) -> NDArray[np.complex128]:
    """What lines `[..., count]` are multiplied by: `[count, 2 * samples]` for points on them, and steps there."""
    places = _weights(count, samples)
    steps = np.empty_like(places)
    steps[1:-1] = places[2:] - places[:-2]
    steps[0], steps[-1] = places[1] - places[0], places[-1] - places[-2]
    return np.concatenate([places, steps]).T.astype(complex)


@lru_cache(maxsize=256)
def _weights(count: int, samples: int) -> Points:
    """Weights `[samples, count]` of a uniform Catmull-Rom curve through `count` points."""
    unit = np.eye(count)
    slope = np.zeros((count, count))
    slope[1:-1] = (unit[2:] - unit[:-2]) / 2
    slope[0], slope[-1] = unit[1] - unit[0], unit[-1] - unit[-2]
    along = np.linspace(0, count - 1, samples)
    index = np.minimum(along.astype(int), count - 2)
    t = (along - index)[:, None]
    return (
        (2 * t**3 - 3 * t**2 + 1) * unit[index]
        + (t**3 - 2 * t**2 + t) * slope[index]
        + (3 * t**2 - 2 * t**3) * unit[index + 1]
        + (t**3 - t**2) * slope[index + 1]
    )
