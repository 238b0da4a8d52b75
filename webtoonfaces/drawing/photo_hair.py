"""The hair of a pseudo-photo: strands along its flow, shine across it, and a ragged edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .hair_shape import HairShape
from .person import Hair, Person
from .photo_layers import Layers
from .photo_scene import GAMMA, TO_VIEWER, Light, noise, unit
from .relief import Grid, blurred, closeness, normals_of, resized

FLOW_CELLS = 32  # of the grid of hair directions


class Strands:
    """Hair: strands along its flow, shine across it, an edge that is not cut with scissors."""

    def __init__(self, person: Person, parts: Layers, light: Light, rng: np.random.Generator, side: int):
        self.person, self.light, self.side = person, light, side
        curled = parts.shape.coils is not None
        double = resized(_flow(person, parts.shape, rng, curled), side)
        self.angle = 0.5 * np.arctan2(double[..., 1], double[..., 0])
        union = np.maximum(np.maximum(parts.hair_back, parts.hair_front), parts.hair_short)
        self.union = blurred(union, 0.006 * side) > 0.02
        self.noise = _combed(self.angle, self.union, rng, side, curled)
        self.tone = rng.uniform(0.85, 1.1)

    def edge(self, mask: Grid) -> Grid:
        """The mask with single hairs at its border."""
        soft = blurred(mask, 0.006 * self.side)
        border = 4 * soft * (1 - soft)
        return np.clip((soft - 0.5) * 1.6 + 0.5 + 0.22 * border * self.noise, 0, 1)

    def layer(self, depth: Grid, lit: Grid) -> Grid:
        """A layer of hair with this relief under the light `lit` `[S, S, 3]`."""
        side, light = self.side, self.light
        base = np.array(self.person.hair_color, dtype=np.float32) ** GAMMA * self.tone
        normal = resized(normals_of(depth), side)
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        # The tangent lies on the surface: it rises where the surface falls away from the viewer.
        rise = -(normal[..., 0] * cos + normal[..., 1] * sin) / np.maximum(normal[..., 2], 0.25)
        length = np.sqrt(1 + rise * rise)
        half = unit(light.key + TO_VIEWER)
        along = (cos * half[0] + sin * half[1] + rise * half[2]) / length + 0.12 * self.noise
        shine = np.clip(1 - along**2, 0, 1)
        facing = np.clip(normal @ light.key, 0, 1) ** 1.5
        shadow = np.clip(lit.mean(-1), 0, 1.2)
        strand = np.clip(1 + 0.38 * self.noise, 0.2, 2.0)
        first = shine**40 * facing * shadow * strand
        second = shine**9 * facing * shadow * strand
        color = base * lit * (strand * (0.72 + 0.28 * shine))[..., None]
        color += (0.075 * first)[..., None] * light.color + (0.55 * second)[..., None] * base * light.color
        return color.astype(np.float32)


def _flow(person: Person, shape: HairShape, rng: np.random.Generator, curled: bool) -> Grid:
    """The direction of the hair as cosine and sine of the doubled angle: `[FLOW_CELLS, FLOW_CELLS, 2]`."""
    head = person.head
    spines = np.concatenate([shape.back_locks.spine, shape.sides.spine, shape.fringe.spine])
    at = (np.arange(FLOW_CELLS) + 0.5) / FLOW_CELLS
    cells = np.stack(np.meshgrid(at, at), -1).reshape(-1, 2)
    crown = head.silhouette(0.0, -0.06)[0]
    out = cells - crown
    down = -head.up
    fall = np.clip((out @ down) / (0.5 * head.scale), 0, 1)[:, None]
    base = out / (np.linalg.norm(out, axis=1, keepdims=True) + 1e-6) * (1 - fall) + down * (fall + 0.15)
    angle = np.arctan2(base[:, 1], base[:, 0])
    field = 0.06 * np.stack([np.cos(2 * angle), np.sin(2 * angle)], 1)
    if len(spines):
        middle = (spines[:, 1:] + spines[:, :-1]) / 2
        along = spines[:, 1:] - spines[:, :-1]
        turn = 2 * np.arctan2(along[..., 1], along[..., 0]).ravel()
        near = closeness(cells, middle.reshape(-1, 2), 0.03 * head.scale)
        field = field + near @ np.stack([np.cos(turn), np.sin(turn)], 1)
    field = field / (np.linalg.norm(field, axis=1, keepdims=True) + 1e-9)
    if curled:
        swing = 2.6 * rng.standard_normal(len(cells))
    else:
        wave = person.hair.wave if isinstance(person.hair, Hair) else 0.2
        swing = 0.15 * wave * np.sin(cells[:, 1] * 34 + 6 * noise(rng, 5, FLOW_CELLS).ravel())
    c, s = np.cos(2 * swing), np.sin(2 * swing)
    field = np.stack([field[:, 0] * c - field[:, 1] * s, field[:, 0] * s + field[:, 1] * c], 1)
    return field.reshape(FLOW_CELLS, FLOW_CELLS, 2).astype(np.float32)


def _combed(angle: Grid, where: NDArray[np.bool_], rng: np.random.Generator, side: int, curled: bool) -> Grid:
    """Noise smeared along the flow (a line integral convolution): strands and clumps, mean 0, deviation about 1."""
    fine = noise(rng, min(side, 256), side)
    clump = noise(rng, 64, side)
    broad = noise(rng, 26, side)
    # A single hair is finer than a pixel of a small picture: there only locks are seen.
    seen = min(1.0, side / 330)
    source = (1.3 * seen * fine + (0.75 - 0.4 * seen) * clump + 0.2 * broad).ravel()
    rows, columns = np.nonzero(where)
    result = np.zeros((side, side), np.float32)
    if not len(rows):
        return result
    step = side / (110 if not curled else 300)
    vx, vy = (np.cos(angle) * step).astype(np.float32), (np.sin(angle) * step).astype(np.float32)
    total = source[rows * side + columns].copy()
    steps = 10 if not curled else 4
    for sign in (1.0, -1.0):
        x, y = columns.astype(np.float32), rows.astype(np.float32)
        # Doubled angles know no sign: keep going the way we came.
        last_x, last_y = vx[rows, columns] * sign, vy[rows, columns] * sign
        for _ in range(steps):
            x = x + last_x
            y = y + last_y
            at = np.clip(y, 0, side - 1).astype(np.int32) * side + np.clip(x, 0, side - 1).astype(np.int32)
            total += source[at]
            next_x, next_y = vx.ravel()[at], vy.ravel()[at]
            turn = np.where(next_x * last_x + next_y * last_y < 0, -1, 1).astype(np.float32)
            last_x, last_y = next_x * turn, next_y * turn
    total -= total.mean()
    result[rows, columns] = np.clip(total / (total.std() + 1e-6), -2.6, 2.6)
    return blurred(result, 0.55 * 160 / min(side, 320)) * (0.75 + 0.35 * seen)
