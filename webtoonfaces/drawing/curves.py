"""Points in the unit square become the text of SVG paths in a view box of 256 x 256.

A curve is a float array `[K, 2]`; a batch of curves that have the same number of points is `[N, K, 2]`. Everything is
vectorised over a curve, because a picture has some hundred of them and should take a few milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

SIDE = 256.0  # of the view box


def closed(points: ArrayLike, corner: float = 62.0) -> str:
    """A smooth outline through the points; it keeps a corner where it turns by more than `corner` degrees."""
    p = np.asarray(points, dtype=float) * SIDE
    before, after = _handles(p, corner, is_closed=True)
    following, _ = _neighbours(len(p))
    end = p[following]
    return _move(p[0]) + _cubics(p + after, end - before[following], end) + "Z"


def opened(points: ArrayLike, corner: float = 75.0) -> str:
    """A smooth line through the points, to be stroked."""
    p = np.asarray(points, dtype=float) * SIDE
    before, after = _handles(p, corner, is_closed=False)
    return _move(p[0]) + _cubics((p + after)[:-1], (p - before)[1:], p[1:])


def polygon(points: ArrayLike) -> str:
    """A closed outline of straight sides."""
    return polygons(np.asarray(points, dtype=float)[None])


def polygons(points: Points) -> str:
    """Many outlines `[N, K, 2]` of straight sides as one path."""
    one = "M" + "L".join(["%.1f %.1f"] * points.shape[1]) + "Z"
    return one * len(points) % tuple((points * SIDE).ravel().tolist())


def brush(points: ArrayLike, width: float, profile: Sequence[float] = (0.0, 1.0, 0.0), samples: int = 10) -> str:
    """A line drawn with a brush: an outline to be filled. `width` in view box units, `profile` along the line."""
    return brushes(np.asarray(points, dtype=float)[None], width, profile, samples)


def brushes(lines: Points, width: float | Points, profile: Sequence[float] = (0.0, 1.0, 0.0), samples: int = 10) -> str:
    """Many brush lines `[N, K, 2]` as one path; `width` may be `[N]`."""
    if not len(lines):
        return ""
    path = resample(lines, samples)
    half = _profile(tuple(profile), samples) * np.reshape(np.asarray(width, dtype=float), (-1, 1, 1)) / (2 * SIDE)
    across = normals(path) * half
    return _leaves(path + across, path - across)


def ribbons(left: Points, right: Points) -> str:
    """Many shapes as one path, each between two edges `[N, K, 2]` that run the same way and meet at their ends."""
    return _leaves(left, right) if len(left) else ""


def each_ribbon(left: Points, right: Points) -> list[str]:
    """As `ribbons`, but one path for each shape."""
    return _each_leaf(left, right) if len(left) else []


def strokes(lines: Points) -> str:
    """Many lines `[N, K, 2]` as one path to be stroked."""
    return "".join(each_stroke(lines))


def each_stroke(lines: Points) -> list[str]:
    """As `strokes`, but one path for each line."""
    if not len(lines):
        return []
    p = lines * SIDE
    slope = np.empty_like(p)
    slope[:, 1:-1] = (p[:, 2:] - p[:, :-2]) / 6
    slope[:, 0], slope[:, -1] = (p[:, 1] - p[:, 0]) / 3, (p[:, -1] - p[:, -2]) / 3
    cubic = np.concatenate([(p + slope)[:, :-1], (p - slope)[:, 1:], p[:, 1:]], -1).reshape(len(p), -1)
    one = "M%.1f %.1f" + "C%.1f %.1f %.1f %.1f %.1f %.1f" * (p.shape[1] - 1)
    return [one % tuple(row) for row in np.concatenate([p[:, 0], cubic], 1).tolist()]


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


def _handles(p: Points, corner: float, *, is_closed: bool) -> tuple[Points, Points]:
    """Bezier handles before and after each point, as long as a third of the side they lie on."""
    following, previous = _neighbours(len(p))
    step = p[following] - p
    if not is_closed:
        step[-1] = step[-2]
    length = np.hypot(step[:, 0], step[:, 1])[:, None] + 1e-9
    unit = step / length
    last, last_length = unit[previous], length[previous]
    if not is_closed:
        last[0], last_length[0] = unit[0], length[0]
    sharp = ((last * unit).sum(1) < math.cos(math.radians(corner)))[:, None]
    along = last * length + unit * last_length
    along /= np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-9
    return np.where(sharp, last, along) * (last_length / 3), np.where(sharp, unit, along) * (length / 3)


@lru_cache(maxsize=256)
def _neighbours(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the following and the previous point of an outline (much quicker than `np.roll`)."""
    index = np.arange(count)
    return (index + 1) % count, (index - 1) % count


def _leaves(left: Points, right: Points) -> str:
    return "".join(_each_leaf(left, right))


def _each_leaf(left: Points, right: Points) -> list[str]:
    """Outlines along the left edges and back along the right ones, smooth but for the two ends."""
    n, k, _ = left.shape
    edges = np.stack([left, right[:, ::-1]], 1) * SIDE  # [N, 2, K, 2]
    slope = np.empty_like(edges)
    slope[:, :, 1:-1] = (edges[:, :, 2:] - edges[:, :, :-2]) / 6
    slope[:, :, 0] = (edges[:, :, 1] - edges[:, :, 0]) / 3
    slope[:, :, -1] = (edges[:, :, -1] - edges[:, :, -2]) / 3
    cubic = np.concatenate(
        [(edges + slope)[:, :, :-1], (edges - slope)[:, :, 1:], edges[:, :, 1:]], -1
    )  # [N, 2, K - 1, 6]
    values = np.concatenate(
        [
            edges[:, 0, 0],
            cubic[:, 0].reshape(n, -1),
            edges[:, 1, 0],
            cubic[:, 1].reshape(n, -1),
        ],
        1,
    )
    side = "C%.1f %.1f %.1f %.1f %.1f %.1f" * (k - 1)
    one = "M%.1f %.1f" + side + "L%.1f %.1f" + side + "Z"
    return [one % tuple(row) for row in values.tolist()]


def _move(point: Points) -> str:
    return f"M{point[0]:.1f} {point[1]:.1f}"


def _cubics(first: Points, second: Points, end: Points) -> str:
    values = np.concatenate([first, second, end], 1)
    return "C%.1f %.1f %.1f %.1f %.1f %.1f" * len(end) % tuple(values.ravel().tolist())


@lru_cache(maxsize=256)
def _profile(profile: tuple[float, ...], samples: int) -> Points:
    return np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, len(profile)), profile)[:, None]


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
