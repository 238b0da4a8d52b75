"""The shape of hair: a person's numbers and a title's hand become outlines and overlapping locks in the picture.

Nothing here knows colours or SVG. A lock is a spine with a width: `[N, K, 2]` for N locks, from root to tip.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .curves import Points, arc, clockwise, normals, resample
from .head import Head, onto_silhouette
from .person import Hair, MeasuredHair, Person
from .title import HairHand

KNOTS = 7  # of a lock's edges
NO_FRINGE = 0.16  # below it hair is combed back
CROPPED = 0.09  # how much lower the edge of cropped hair is: nothing hangs over the forehead, which would be an egg's


@dataclass
class Locks:
    """Overlapping locks in painting order: edges `[N, KNOTS, 2]` and the spine between them."""

    spine: Points
    left: Points
    right: Points

    def __len__(self) -> int:
        return len(self.spine)


def no_locks() -> Locks:
    empty = np.zeros((0, KNOTS, 2))
    return Locks(empty, empty, empty)


@dataclass
class HairShape:
    """Layers of a head of hair. Outlines are closed, `[K, 2]` each."""

    behind: list[Points] = field(default_factory=list)  # the mass behind head and body
    back_locks: Locks = field(default_factory=no_locks)  # on the back mass: the swirl of a bun
    tails: list[Points] = field(default_factory=list)  # ponytails, behind head and body
    tail_roots: list[Points] = field(default_factory=list)  # the shadow of the tie on each
    tail_lines: Points = field(default_factory=lambda: np.zeros((0, 4, 2)))  # strands inside them
    braid: list[Points] = field(default_factory=list)  # over the shoulder: tuft and links, the lowest first
    braid_tie: Points | None = None
    shaved: list[Points] = field(default_factory=list)  # short hair on skin
    stubs: Points = field(default_factory=lambda: np.zeros((0, 3, 2)))  # single short hairs along its edge
    front: list[Points] = field(default_factory=list)  # the mass over the head
    sides: Locks = field(default_factory=no_locks)
    fringe: Locks = field(default_factory=no_locks)
    stand: float = 0.03  # how far the mass stands off the skull
    hairline: Points | None = None  # of hair that is combed back, `[K, 2]`: nothing hangs over the forehead
    combed: Points = field(default_factory=lambda: np.zeros((0, 6, 2)))  # strands that begin there
    short: Points = field(default_factory=lambda: np.zeros((0, 3, 2)))  # short hairs across it
    clipped: bool = False  # locks end at the front outline (hair seen in a photo)
    coils: Points | None = None  # small spirals `[N, K, 2]` on curled hair
    strands: Points | None = None  # single hairs `[N, K, 2]`
    knots: list[Points] = field(default_factory=list)  # where hair is tied: small outlines

    @property
    def back(self) -> list[Points]:
        """Everything of the hair that is not over the head: the mass behind it, tails and braid."""
        return [*self.behind, *self.tails, *self.braid]


def hair_shape(person: Person, hand: HairHand) -> HairShape:
    """The hair of a person as one title's hand lays it."""
    if isinstance(person.hair, MeasuredHair):
        return _measured(person.hair, hand, person.head)
    return _Barber(person.hair, hand, person.head, person.seed).shape()


def _lock_edges(spine: Points, width: Points, point: float, wave: float, phase: float = 0.0) -> Locks:
    """Locks along spines `[N, M, 2]`, each `width` wide in its middle; `point` 0 gives blunt tips, 1 sharp ones."""
    path = resample(spine, KNOTS)
    across = normals(path)
    t = np.linspace(0, 1, KNOTS)
    if wave > 0:
        swing = np.sin(t * 9.5 + phase) * t * wave
        path = path + across * swing[None, :, None] * width[:, None, None] * 0.55
        across = normals(path)
    sharp = np.interp(t, [0, 0.2, 0.5, 0.75, 0.9, 1], [0.35, 0.75, 1.0, 0.72, 0.34, 0.0])
    blunt = np.interp(t, [0, 0.2, 0.5, 0.75, 0.93, 1], [0.45, 0.85, 1.0, 0.98, 0.80, 0.0])
    half = (sharp * point + blunt * (1 - point))[None, :, None] * width[:, None, None] / 2
    return Locks(path, path + across * half, path - across * half)


def _joined(*groups: Locks) -> Locks:
    return Locks(
        np.concatenate([g.spine for g in groups]),
        np.concatenate([g.left for g in groups]),
        np.concatenate([g.right for g in groups]),
    )


class _Barber:
    """Builds one head of hair."""

    def __init__(self, hair: Hair, hand: HairHand, head: Head, seed: int):
        self.hair, self.hand, self.head = hair, hand, head
        self.rng = np.random.default_rng(seed + 5)
        self.jitter = np.array(hair.locks)
        grown = min(1.0, hair.length / 0.3)
        self.tied = hair.tie != ""
        # Curls that are tied lie close to the head: beside a cloud of loose ones the tied ones would be a lump.
        cloud = 0.03 if self.tied else 0.085
        self.volume = grown * (0.022 + 0.05 * hair.volume + hand.volume) + cloud * hair.curl * grown + 0.004
        # A tall mass keeps a margin to the upper edge of the picture, as far as the head leaves room.
        room = float(head.silhouette(0.0)[0, 1]) / head.scale - 0.01
        self.volume = min(self.volume, max(0.055, room))
        self.above = max(0.03, room - self.volume)  # what is left for tips above the mass
        # A small spike is a dent: below a quarter there are none.
        self.spike = max(0.0, min(1.0, hair.spike + hand.spike * grown) - 0.25) / 0.75
        self.spike *= 1 - 0.85 * float(np.clip((hair.length - 0.35) / 0.2, 0, 1))
        self.wave = min(1.2, hair.wave + hand.wave)
        loose = 0.3 if self.tied else hair.length
        self.end = float(np.interp(loose, [0, 0.12, 0.3, 0.5, 0.75, 1], [0.46, 0.50, 0.575, 0.78, 1.02, 1.32]))
        self.long = float(np.clip((loose - 0.3) / 0.2, 0, 1))
        self.slim = float(np.clip((0.9 - self.long) / 0.3, 0, 1))  # 1 for sides that end in one tip
        self.undercut = hair.sides < 0.4
        self.swept = hair.fringe < NO_FRINGE and hair.curl <= 0.5  # back from the forehead
        self.close = close = (1 - self.long) * (hair.curl <= 0.5)  # 1 for hair that hugs the head
        # How much thinner the mass is at the temples than on top. Over shaved sides it ends on the skull; short hair
        # lies close there, or it would be a mushroom.
        self.taper = 1.05 if self.undercut else 0.35 + 0.45 * close
        self.outer = 0.292 + (0.55 - 0.4 * close) * self.volume + 0.02 * self.long
        self.inner = 0.262 - 0.022 * self.long

    def shape(self) -> HairShape:
        result = HairShape(stand=self.volume)
        if self.hair.length < 0.02:
            return result
        if self.hair.length < 0.16:
            result.shaved = [self._cropped()]
            result.stubs = self._stubs()
            return result
        if self.hair.sides < 0.4:
            result.shaved = [self._cropped()]
        result.behind = [self._back()]
        front = self._front()
        result.front = [front]
        if self.hair.curl > 0.5:
            result.front = [_scalloped(front, 0.062 * self.head.scale)]
            result.behind = [_scalloped(result.behind[0], 0.075 * self.head.scale)]
            result.coils = self._coils()
            result.fringe = self._curls()
        else:
            result.sides = self._sides()
            result.fringe = self._fringe()
            if self.swept:
                result.hairline, result.combed, result.short = self._combed()
            result.strands = self._flyaways()
        self._tie(result)
        return result

    # ---- masses

    def _cropped(self) -> Points:
        at = np.linspace(-100, 100, 13)
        # Below longer hair it goes in with that hair; a bare head has its own outline.
        top = self._skull(at, -0.006) if self.hair.length >= 0.16 else self.head.silhouette(at, -0.0135)
        # Before the ears; on the side that a turned head hides, no further than the cheek's outline.
        burns = onto_silhouette(np.array([(0.272, 0.50, -0.25), (0.250, 0.52, -0.2)]), self.head.yaw)
        others = onto_silhouette(np.array([(-0.250, 0.52, -0.2), (-0.272, 0.50, -0.25)]), self.head.yaw)
        right, left = self.head.project(burns), self.head.project(others)
        return np.concatenate([top, right, self._hairline(CROPPED if self.hair.length < 0.16 else 0.0), left])

    def _stubs(self) -> Points:
        """Short hairs across the edge of cropped hair, so that it does not end like a cap."""
        count = 46
        jitter = np.cos(np.arange(count) * 2.4 + 3 * self.jitter[0])
        across = np.linspace(-0.93, 0.93, count) + 0.014 * jitter[::-1]
        down = self._edge(np.abs(across)) + CROPPED
        reach = 0.03 + 0.035 * jitter
        # Above the edge they are sparse, in rows that follow it.
        rows, inner = np.repeat([0.16, 0.34, 0.52, 0.70], 9), np.resize(np.linspace(-0.82, 0.82, 9), 36)
        shift = np.resize(jitter, 36)
        above = self._edge(np.abs(inner)) + CROPPED - rows + 0.04 * shift
        inner = (inner + 0.05 * shift[::-1]) * (1 - 0.35 * rows)
        across, down = np.append(across, inner), np.append(down, above)
        reach, jitter = np.append(reach, np.full(36, 0.02)), np.append(jitter, shift)
        ends = [(across * 0.98, down - 0.10), (across, down - 0.02), (across + 0.012 * jitter, down + reach)]
        return np.stack([self.head.scalp(u, v) for u, v in ends], 1)

    def _edge(self, across: Points) -> Points:
        """How far down the hairline is, in `Head.scalp`'s sense."""
        return np.interp(across, [0, 0.4, 0.74, 0.9, 0.99], [0.14, 0.17, 0.26, 0.5, 0.92])

    def _hairline(self, lower: float) -> Points:
        """From the right temple to the left one."""
        across = np.array([0.99, 0.9, 0.74, 0.4, 0, -0.4, -0.74, -0.9, -0.99])
        return self.head.scalp(across, self._edge(np.abs(across)) + lower)

    @cached_property
    def _peak(self) -> tuple[Points, Points]:
        """The hairline of combed-back hair in `Head.scalp`'s numbers, from the right temple to the left one: lower than
        under a fringe, with corners, and a peak below the parting, deep in some and hardly there in others."""
        across = np.array([0.99, 0.92, 0.78, 0.56, 0.3, 0.1, 0, -0.1, -0.3, -0.56, -0.78, -0.92, -0.99])
        lower = np.array([0.03, 0.09, 0.08, 0.02, 0.08, 0.13, 0.14, 0.13, 0.08, 0.02, 0.08, 0.09, 0.03])
        peak = np.maximum(0.0, 1 - np.abs(across) / 0.5) * (0.07 + 0.07 * self.jitter[2])
        uneven = 0.03 * np.resize(self.jitter, 13) * (np.abs(across) < 0.9)
        middle = 0.5 * float(np.clip(self.hair.part, -0.6, 0.6)) * (1 - np.abs(across))
        return across + middle, self._edge(np.abs(across)) + lower + peak + uneven

    def _combed(self) -> tuple[Points, Points, Points]:
        """The hairline of combed-back hair, strands from it back over the head, and short hairs across it.

        An even edge would be a cap's: here hair begins, each strand where it likes.
        """
        u, v = self._peak
        count = 17
        wild = np.cos(np.arange(count) * 2.4 + 3 * self.jitter[0])
        across = np.linspace(-0.88, 0.88, count) + 0.035 * wild
        low = np.interp(across, u[::-1], v[::-1])
        part = float(np.clip(self.hair.part, -0.6, 0.6)) * 0.8
        side = np.tanh((across - part) * 4)
        begin = np.stack([across, low + 0.01], -1)
        bend = np.stack([across + 0.20 * side, low - 0.36 + 0.1 * np.abs(across)], -1)
        end = np.stack([across * 0.55 + 0.42 * side, np.full(count, -0.60)], -1)
        path = arc(begin, bend, end, 9)
        # Long and short by turns; the short ones stay at the edge.
        reach = 1 + (2.0 + 6.0 * (0.5 + 0.5 * np.cos(np.arange(count) * 3.9 + 2 * self.jitter[1]))).astype(int)
        lines = np.stack([resample(one[: one_reach + 1], 6) for one, one_reach in zip(path, reach, strict=True)])
        count = 54
        wild = np.cos(np.arange(count) * 2.4 + 5 * self.jitter[3])
        across = np.linspace(-0.9, 0.9, count) + 0.012 * wild[::-1]
        low = np.interp(across, u[::-1], v[::-1])
        lean = 0.012 * np.tanh((across - part) * 5)
        tips = [(across + lean, low - 0.10), (across, low - 0.01), (across - lean, low + 0.025 + 0.03 * wild)]
        short = np.stack([self.head.scalp(a, b) for a, b in tips], 1)
        return self.head.scalp(u, v), self.head.scalp(lines[..., 0], lines[..., 1]), short

    def _skull(self, angle: ArrayLike, beyond: ArrayLike) -> Points:
        """`Head.silhouette`; short hair on the side that a turned head hides goes in to the cheek before its end.

        There the skull is seen from its back, wider than the face: what stood on it would be a lump beside the eye.
        """
        points = self.head.silhouette(angle, beyond)
        if self.close == 0:
            return points
        right = np.array([-self.head.up[1], self.head.up[0]])
        at = np.atleast_1d(np.asarray(angle, dtype=float))
        for side in (1, -1):
            far = self.close * min(1.0, max(0.0, side * float(np.sin(self.head.yaw)) / 0.2))
            if far == 0:
                continue
            skull = self.head.silhouette(side * 98.0, self._rim(98.0))[0]
            cheek = self._beside(side, [(0.268 if self.undercut else self.outer, 0.455, -0.25)])[0]
            gap = max(0.0, side * float((skull - cheek) @ right))
            share = np.clip((side * at - 35) / 63, 0, 1.2) ** 1.5
            points = points - side * far * gap * share[:, None] * right
        return points

    @cached_property
    def _silhouette(self) -> Points:
        """The outer edge of the mass, from left to right over the top."""
        # Over shaved sides curls end above the ears: their bumps on the skull's side would hang as a lump.
        reach = 98 - 10 * self.long - 16 * (self.undercut and self.hair.curl > 0.5)
        if self.spike == 0:
            at = np.linspace(-reach, reach, 13)
            base = self.volume * (1 - self.taper * (np.abs(at) / reach) ** 2)
            base += 0.006 * np.sin(at / 17 + 3 * self.jitter[0]) * (1 - self.undercut * (np.abs(at) / reach))
            return self._skull(at, base)
        count = 8
        edges = np.linspace(-reach, reach, count + 1)
        edges[1:-1] += np.resize(self.jitter, count - 1) * 3
        sweep = 0.75 if self.hair.part <= 0 else -0.75
        angles, heights = [], []
        for index in range(count):
            a, b = edges[index], edges[index + 1]
            lean = sweep * (0.75 + 0.35 * self.jitter[index % 7]) * self.spike
            lean *= 1 - 0.7 * (0.5 * (a + b) / reach) ** 2  # beside the face none overhangs
            peak = (a + b) / 2 + (b - a) * lean
            tall = min(0.085, self.above) * self.spike * (0.8 + 0.4 * self.jitter[(3 * index) % 7])
            tall *= max(0.0, 1 - (0.95 if self.undercut else 0.80) * (abs(peak) / reach) ** 2)
            # A lock: full on the side it comes from, hollow on the side it leans to.
            near, far = (a, b) if lean >= 0 else (b, a)
            outer, inner = near + 0.5 * (peak - near), far + 0.35 * (peak - far)
            curve = [(a, 0.0), (outer, 0.68 * tall), (peak, tall), (inner, 0.2 * tall)]
            if lean < 0:
                curve = [(a, 0.0), (inner, 0.2 * tall), (peak, tall), (outer, 0.68 * tall)]
            angles += [point[0] for point in curve]
            heights += [point[1] for point in curve]
        angles.append(reach)
        heights.append(0.0)
        at = np.array(angles)
        base = self.volume * (1 - self.taper * (np.abs(at) / reach) ** 2)
        base += 0.006 * np.sin(at / 17 + 3 * self.jitter[0]) * min(1.0, self.hair.length * 2)
        base -= 0.012 * (1 - np.minimum(1, np.abs(at) / 60)) * (self.hair.open > 0.6) * (self.hair.open - 0.6)
        return self._skull(at, base + np.array(heights))

    def _front(self) -> Points:
        edge = self.head.scalp(*self._peak) if self.swept else self._hairline(0.03)
        outline = [self._silhouette, self._side(1), edge, self._side(-1)[::-1]]
        return np.concatenate(outline)

    def _side(self, side: int) -> Points:
        """From the outer edge of the mass down one side and up to the temple."""
        end = self.end
        if self.hair.sides < 0.4:
            return self._beside(side, [(0.268, 0.40, -0.27), (0.262, 0.41, -0.22)])
        depth, inner = -0.17, self.inner
        outer = max(self.outer, inner + 0.045)
        if self.hair.curl > 0.5:
            return self._beside(side, self._curled_side(side, outer) if self.long >= 0.05 else self._round_side(outer))
        swing, wide = 0.014 * self.wave, outer - inner
        # A narrow side ends close to the cheek in short tips: long ones would be claws.
        tuck, tall = 0.030 * (1 - self.long), min(1.0, wide / 0.11)
        top = min(0.52, end - 0.11)
        middle, turn = top + (0.36 + 0.14 * self.long) * (end - top), min(0.08, 0.46 * (end - top))
        hanging = [
            (outer, top, -0.22),
            (outer + 0.018 * (0.3 + 0.7 * self.long) + swing, middle, -0.22),
            (outer + 0.002 - 0.6 * tuck - swing, end - turn, -0.21),
            (outer - 0.36 * wide - tuck, end + 0.010 * tall, -0.20),  # two tips of different length, not a cut
            (outer - 0.48 * wide - tuck, end - 0.022 * tall, -0.20),
            (outer - 0.76 * wide - tuck, end + 0.032 * tall, depth),
            (inner + 0.03 * wide - 0.2 * tuck - swing, end - turn, depth),
            (inner - 0.004 + swing, middle, depth),
            (inner + 0.004, top, depth),
        ]
        # Hair that just covers the ear gets slim towards one tip on the cheek, with a shorter one behind it.
        drop = end - top
        tapered = [
            (outer, top, -0.22),
            (outer - 0.03 * wide, top + 0.30 * drop, -0.22),
            (outer - 0.20 * wide, top + 0.58 * drop, -0.21),
            (outer - 0.46 * wide, top + 0.86 * drop, -0.20),
            (outer - 0.52 * wide, top + 0.74 * drop, -0.20),
            (inner + 0.10 * wide, end + 0.02, depth),
            (inner - 0.02 * wide, top + 0.66 * drop, depth),
            (inner - 0.004, top + 0.36 * drop, depth),
            (inner + 0.004, top, depth),
        ]
        edge = self._beside(side, np.array(hanging) + self.slim * (np.array(tapered) - hanging))
        # It begins where the mass over the skull ends: a turned skull is seen from its back, wider than its ears.
        right = np.array([-self.head.up[1], self.head.up[0]])
        gap = self.close * max(0.0, side * float((self._silhouette[-1 if side > 0 else 0] - edge[0]) @ right))
        return edge + side * gap * np.array([1.0, 0.8, 0.4, 0.2, 0.15, 0.0, 0.0, 0.0, 0.0])[:, None] * right

    def _round_side(self, outer: float) -> Points:
        """Short curls on one side, which go in to the head before the ear."""
        tall = self.end - 0.455
        points = [(outer, 0.455, -0.25), (0.7 * outer + 0.3 * self.inner, 0.455 + 0.45 * tall, -0.24)]
        points += [(0.3 * outer + 0.7 * self.inner, self.end - 0.2 * tall, -0.22), (self.inner, self.end, -0.20)]
        return np.array([*points, (self.inner - 0.005, self.end - 0.5 * tall, -0.17), (self.inner, 0.48, -0.17)])

    def _curled_side(self, side: int, outer: float) -> Points:
        """Long curls on one side: a cloud that gets wider, and leaves the face below the jaw, where it goes behind the
        shoulder; with two straight edges it would be a roll."""
        t = np.linspace(0, 1, 7)
        y = 0.50 + (self.end - 0.05 - 0.50) * t
        phase = 2 * self.jitter[3] + side
        wide = outer + self.long * (0.10 * np.sin(0.5 * np.pi * t) + 0.02 * t) + 0.024 * np.sin(21 * y + phase)
        # Shorter ones go in again, or they would be a spaniel's ears.
        wide = wide - (1 - self.long) * (0.03 + 0.06 * t * t)
        near = self.inner + 0.020 * t * self.long + 0.018 * np.sin(19 * y + 2 + phase) * np.minimum(1, 5 * t)
        near = near + 0.11 * self.long * np.clip((y - 0.70) / 0.34, 0, 1)
        end = self.end + 0.03 * side * self.jitter[5]
        tip = [
            (wide[-1] - 0.025, end - 0.005),
            (0.5 * (wide[-1] + near[-1]), end + 0.02),
            (near[-1] + 0.015, end - 0.01),
        ]
        outline = np.concatenate([np.stack([wide, y], 1), tip, np.stack([near, y], 1)[::-1]])
        depth = np.concatenate([np.full(7, -0.22), np.full(3, -0.20), np.full(7, -0.17)])
        return np.concatenate([outline, depth[:, None]], 1)

    def _beside(self, side: int, points: ArrayLike) -> Points:
        """Points `(distance from the middle, y, z)` of the hair on one side of the head -> picture points.

        Where the head is turned away, the cheek's outline is what hair hangs from: it lies on it, without a slit.
        """
        p = np.asarray(points, dtype=float)
        plain = self.head.project(p * (side, 1, 1))
        far = min(1.0, max(0.0, side * float(np.sin(self.head.yaw)) / 0.2))
        if far == 0:
            return plain
        low = np.minimum(p[:, 1], 0.60)  # below the cheekbone hair hangs straight
        cheek = np.stack([np.full(len(p), side * 0.262), low, np.full(len(p), -0.2)], 1)
        right = np.array([-self.head.up[1], self.head.up[0]])
        edge = self.head.project(onto_silhouette(cheek, self.head.yaw))
        edge = edge - self.head.up * ((p[:, 1] - low) * self.head.scale)[:, None]
        edge = edge + right * (side * (1 - 0.5 * self.close) * (p[:, :1] - 0.255) * self.head.scale)
        return plain + far * (edge - plain)

    def _back(self) -> Points:
        project = self.head.project
        at = np.linspace(-92, 92, 9)
        stand = self.volume * (0.7 - 0.85 * self.undercut * (at / 92) ** 2) - 0.012 * self.undercut
        if self.undercut and self.hair.curl > 0.5:
            stand -= 0.05 * (at / 92) ** 2
        top = self._skull(at, stand)
        if self.hair.sides >= 0.4 and (self.long < 0.05 or self.tied):
            return self._nape()
        if self.hair.sides < 0.4:
            # It goes in under the ears and ends on the neck, so that no shelf sticks out.
            shape = [(0.232, 0.54, -0.32), (0.185, 0.61, -0.31), (0.135, 0.66, -0.29), (0.08, 0.68, -0.28)]
            return np.concatenate([top, project([*shape, *((-x, y, z) for x, y, z in shape[::-1])])])
        wide, end = 0.30 + 0.7 * self.volume, self.end + 0.03
        spread = 0.03 + 0.05 * self.hair.volume
        y = np.linspace(0.48, end, 7)
        swing = (0.006 + 0.022 * self.wave) * np.sin((y - 0.48) * 17 + 2 * self.jitter[3])
        x = wide + spread * np.clip((y - 0.45) / 0.6, 0, 1) + swing * np.clip((y - 0.5) * 4, 0, 1)
        x -= 0.09 * (1 - self.long) * np.clip((y - 0.52) / (end - 0.5), 0, 1) + 0.035 * np.clip(
            (y - end + 0.12) / 0.12, 0, 1
        )
        # Behind sides that end in a tip on the cheek it goes in to the neck, or it would flare out under them.
        x -= self.slim * np.clip((y - 0.5) / (end - 0.5), 0, 1) ** 1.5 * np.maximum(0, x - 0.22)
        # Short hair seen from one side goes in to the neck below the ear: what stood off it would be a flap.
        seen = float(np.sin(self.head.yaw)) / 0.5 * 0.11 * (1 - self.long) * np.clip((y - 0.47) / (end - 0.47), 0, 1)
        one, other = x - np.maximum(0, -seen), x - np.maximum(0, seen)
        right = project(np.stack([one, y, np.full(7, -0.3)], 1))
        left = project(np.stack([-other, y, np.full(7, -0.3)], 1))[::-1]
        tips = np.linspace(one[-1], -other[-1], 13)[1:-1]
        drop = np.where(np.arange(11) % 2 == 0, -0.045, 0.03) + 0.012 * np.resize(self.jitter, 11)
        drop *= (0.3 + 0.6 * self.hand.point) * (0.35 + 0.65 * self.long)
        bottom = project(np.stack([tips, end + drop, np.full(11, -0.3)], 1))
        return np.concatenate([top, right, bottom, left])

    def _nape(self) -> Points:
        """The back of short or tied hair: round the skull and in to the neck.

        On the side that a turned head hides the skull lies behind the face: there the mass follows the cheek, and fills
        what a narrow face and the lock before its ear leave open between them.
        """
        at = np.linspace(-92, 92, 9)
        top = self._skull(at, self.volume * 0.7)
        low = self.head.project(
            [(0.13, 0.665, -0.29), (0.08, 0.68, -0.28), (-0.08, 0.68, -0.28), (-0.13, 0.665, -0.29)]
        )
        stand = self.volume * np.array([0.55, 0.35, 0.1]) - [0.0, 0.008, 0.02]
        sides = []
        for side in (1, -1):
            skull = self.head.silhouette(side * np.array([103.0, 115.0, 127.0]), stand)
            cheek = self._beside(side, [(0.258, 0.48, -0.2), (0.246, 0.55, -0.2), (0.215, 0.62, -0.2)])
            far = min(1.0, max(0.0, side * float(np.sin(self.head.yaw)) / 0.2))
            sides.append(skull + far * (cheek - skull))
        return np.concatenate([top, sides[0], low, sides[1][::-1]])

    # ---- locks

    def _fringe(self) -> Locks:
        """Locks on the forehead, from the temples to the parting, so that those at the parting lie on top."""
        hair, hand = self.hair, self.hand
        if self.swept:
            return self._swept_back()
        # A fringe that hardly leaves the hairline would be a row of scales.
        reach = float(np.interp(hair.fringe, [NO_FRINGE, 1.0], [0.42, 1.0]))
        count = hand.locks
        across = np.linspace(-0.95, 0.95, count)
        jitter = np.interp(np.linspace(0, 6, count), np.arange(7), self.jitter)
        other = np.interp(np.linspace(0, 6, count), np.arange(7), self.jitter[::-1])
        across = across + 0.55 * jitter / count
        part = float(np.clip(hair.part, -0.6, 0.6))
        side = np.where(across >= part, 1.0, -1.0)
        room = np.where(side > 0, 1 - part, 1 + part)
        far = np.clip(np.abs(across - part) / room, 0, 1)  # 0 at the parting, 1 at the temple
        # Hanging straight.
        straight_u = across + 0.06 * side
        straight_v = 0.18 + (0.80 - 0.3 * max(0.0, hand.width - 1)) * reach + 0.12 * across**2 + 0.10 * other * reach
        # Falling to both sides of the parting.
        swept_u = part + side * room * (0.30 + 0.78 * far)
        swept_v = 0.05 + (0.28 + 0.75 * reach) * (0.32 + 0.68 * far) + 0.06 * other
        tip_u = straight_u + (swept_u - straight_u) * hair.open
        tip_v = straight_v + (swept_v - straight_v) * hair.open
        tip_u = np.clip(tip_u, -1.08, 1.08)
        tip_u = tip_u + hand.bend * 0.16 * jitter
        if self.undercut:  # no lock hangs beside the head
            tip_u = np.clip(tip_u, -0.9, 0.9)
        lift = 0.42 + 0.2 * hair.volume
        straight_root = across * 0.62
        swept_root = part + side * 0.05 + 0.18 * (across - part)
        root_u = straight_root + (swept_root - straight_root) * hair.open
        root_v = -lift + (0.30 * far - 0.02) * hair.open
        bend = (0.5 + hand.bend) * hair.open
        control_u = (root_u + tip_u) / 2 + side * 0.26 * np.minimum(room, 1) * bend + hand.bend * 0.1 * jitter
        control_v = root_v + (tip_v - root_v) * (0.42 - 0.22 * bend)
        uv = arc(np.stack([root_u, root_v], -1), np.stack([control_u, control_v], -1), np.stack([tip_u, tip_v], -1), 6)
        spine = self.head.scalp(uv[..., 0], uv[..., 1])
        spacing = 1.9 * 0.26 / (count + 0.5) * self.head.scale
        width = spacing * (1.6 + 0.55 * other) * hand.width**0.5 * (1 + 0.25 * hair.open)
        # On the narrow side of a parting there is no room for a wide lock: it would stand off the head as a lump.
        width = width * (1 - 0.5 * hair.open * np.clip(1.05 - room, 0, 1))
        order = np.argsort(-far, kind="stable")
        locks = _lock_edges(spine, width, hand.point, 0.3 * self.wave, float(self.jitter[2]))
        return Locks(locks.spine[order], locks.left[order], locks.right[order])

    def _swept_back(self) -> Locks:
        """Locks from the hairline back over the head, away from the parting: a forehead without a fringe."""
        count = self.hand.locks
        part = float(np.clip(self.hair.part, -0.6, 0.6)) * 0.8
        across = np.linspace(-0.9, 0.9, count)
        jitter = np.interp(np.linspace(0, 6, count), np.arange(7), self.jitter)
        across = across + 0.5 * jitter / count
        side = np.tanh((across - part) * 5)
        # From the back to the hairline, short of it by turns: what would cross it would be scales, not hair.
        low = self._edge(np.abs(across)) - 0.02 + 0.16 * jitter
        back = np.stack([across * 0.5 + 0.16 * side, np.full(count, -0.56)], -1)
        bend = np.stack([across * 0.8 + 0.16 * side, -0.30 + 0.1 * np.abs(across)], -1)
        uv = arc(back, bend, np.stack([np.clip(across, -0.97, 0.97), low], -1), 6)
        spine = self.head.scalp(uv[..., 0], uv[..., 1])
        width = np.full(count, 2.5 * 0.26 / (count + 0.5) * self.head.scale) * (1 + 0.4 * jitter)
        order = np.argsort(-np.abs(across - part), kind="stable")
        locks = _lock_edges(spine, width, 0.35 * self.hand.point, 0.0)
        return Locks(locks.spine[order], locks.left[order], locks.right[order])

    def _sides(self) -> Locks:
        """Locks from the crown down both sides."""
        hair, hand, head = self.hair, self.hand, self.head
        part = float(np.clip(hair.part, -0.6, 0.6)) * (0.4 + 0.6 * hair.open)
        groups = []
        for side in (1, -1):
            if hair.sides < 0.4:
                continue
            inner = self.inner
            outer = max(self.outer, inner + 0.05)
            # As many as have room: narrow ones are a bundle of lines.
            count = 2 if self.long < 0.3 else 3 if self.long < 0.7 or hand.locks < 6 else 4
            # Big and small locks by turns, none like its neighbour; 0 is the outermost.
            parts = np.array([1.25, 0.7, 1.1, 0.6])[:count] * (1 + 0.35 * self.jitter[1 : 1 + count] * side)
            parts = parts / parts.sum()
            share = 0.04 + 0.92 * (np.cumsum(parts) - 0.5 * parts)
            drop = np.array([0.0, 0.085, 0.02, 0.12])[:count] * (0.35 + 0.65 * self.long)
            if self.tied:  # combed back: one lock stays before the ear
                share, parts, drop = share[-1:], parts[-1:] * 1.6, drop[-1:] * 0
                count = 1
            jitter = np.interp(share * 6, np.arange(7), self.jitter)
            x = outer + (inner - outer) * share
            root = head.scalp(np.clip(part + side * (0.10 + 0.5 * (1 - share)), -0.62, 0.62), -0.52 + 0.26 * share)
            width = parts * (outer - inner + 0.03) * 1.75 * head.scale * hand.width**0.5
            angle = 46 + 26 * (1 - share)
            # A lock may not bulge out of the mass that it lies on.
            room = self.volume * (1 - self.taper * (angle / 98) ** 2) - 0.42 * width / head.scale - 0.003
            stand = np.minimum(self.volume * (0.55 - 1.3 * share) - 0.012 - 0.045 * share, room)
            over = head.silhouette(side * angle, stand)
            temple = self._beside(side, np.stack([x + 0.004, np.full(count, 0.46), np.full(count, -0.2)], 1))
            end = self.end - drop - 0.03 * np.abs(jitter) + 0.035
            # Short hair hugs the head: its locks are partings in the mass, whose own tips are its ends. What left it
            # would be a claw.
            short = max(self.close, self.slim * (hair.curl <= 0.5))
            end += short * (0.455 + (self.end - 0.455) * (0.30 + 0.38 * share) - end)
            hug = x - short * (0.6 * (x - inner) + 0.10 * (inner - 0.25))
            far = min(1.0, max(0.0, side * float(np.sin(head.yaw)) / 0.2))
            width = width * (1 - (0.25 + 0.3 * far) * short)
            if self.tied:
                end = np.full(count, 0.74)
            middle = (0.46 + end) / 2 + 0.02
            bow = 0.5 * (x + hug) + 0.012 * self.long + 0.012 * jitter
            low = self._beside(side, np.stack([bow, middle, np.full(count, -0.2)], 1))
            tip = self._beside(side, np.stack([hug - 0.014 + 0.02 * jitter * hand.bend, end, np.full(count, -0.19)], 1))
            spine = np.stack([root, over, temple, low, tip], 1)
            point = max(hand.point, 0.85 * short)
            groups.append(_lock_edges(spine, width, point, 0.8 * self.wave * self.long, float(self.jitter[4])))
        return _joined(*groups) if groups else no_locks()

    def _curls(self) -> Locks:
        """Rolled curls along the forehead."""
        count = 8
        across = np.linspace(-0.9, 0.9, count) + 0.04 * np.resize(self.jitter, count)
        down = 0.16 + 0.62 * across**2 + 0.34 * self.hair.fringe
        tip = self.head.scalp(across, down)
        root = self.head.scalp(across * 0.92, down - 0.42)
        bend = self.head.scalp(across + 0.1 * np.where(np.arange(count) % 2 == 0, 1, -1), down - 0.18)
        width = np.full(count, 0.095 * self.head.scale)
        return _lock_edges(np.stack([root, bend, tip], 1), width, 0.0, 0.0)

    def _coils(self) -> Points:
        rng = self.rng
        angle = rng.uniform(-105, 105, 34)
        depth = rng.uniform(-0.15, 0.11, 34) * (0.6 + 0.4 * self.hair.volume)
        middles = self.head.silhouette(angle, depth)
        if self.long > 0.05:
            down = np.linspace(0.52, min(self.end, 1.05), 8) + rng.uniform(-0.03, 0.03, 8)
            across = rng.uniform(self.inner + 0.01, self.outer + 0.05, 8)
            hanging = np.stack([across, down, np.full(8, -0.2)], 1)
            middles = np.concatenate(
                [middles, self._beside(1, hanging), self._beside(-1, hanging + np.array([0.01, 0.03, 0]))]
            )
        count = len(middles)
        t = np.linspace(0, 4.4, 7)[None] + rng.uniform(0, 6, (count, 1))
        radius = (0.011 + 0.011 * rng.random((count, 1))) * self.head.scale * np.linspace(1, 0.55, 7)
        return middles[:, None] + np.stack([np.cos(t) * radius, np.sin(t) * radius], -1)

    def _flyaways(self) -> Points:
        """At most two hairs that leave the outline where the hair flows, and come back to it."""
        count = round(2 * self.hand.flyaway)
        if not count:
            return np.zeros((0, 4, 2))
        angle = np.array([-24.0, 38.0])[:count] + 12 * self.jitter[:count]
        turn = np.sign(angle) * (16 + 5 * self.jitter[2 : 2 + count])
        base = self.volume * (1 - self.taper * (np.abs(angle) / 95) ** 2)
        rise = 0.010 + 0.006 * np.abs(self.jitter[4 : 4 + count])
        at = [(0.0, -0.03), (0.35, 0.0), (0.7, 0.8), (1.0, 1.0)]
        places = [
            self.head.silhouette(angle + share * turn, base + (lift * rise if lift >= 0 else lift))
            for share, lift in at
        ]
        return np.stack(places, 1)

    # ---- ties

    def _tie(self, result: HairShape) -> None:
        tie = self.hair.tie
        if not tie:
            return
        side = 1.0 if self.hair.tie_side >= 0 else -1.0
        high = abs(self.hair.tie_side)
        scale = self.head.scale
        if tie in ("bun", "two buns"):
            angles = (side * (8 + 22 * high),) if tie == "bun" else (-38.0, 38.0)
            radius = scale * (0.105 if tie == "bun" else 0.078) * (0.85 + 0.3 * self.hair.volume)
            for wanted in angles:
                angle = self._in_sight(wanted, 0.03 + 0.75 * radius)
                middle = self.head.silhouette(angle, self._rim(angle) + 0.5 * radius / scale)[0]
                middle = self._framed(middle, 1.25 * radius)
                result.tail_roots.append(self._knot(middle, angle, 0.95 * radius, 0.0)[0])
                result.knots.append(self._knot(middle, angle, 0.95 * radius, 0.0)[1])
                t = np.linspace(0, 2 * np.pi, 13)[:-1]
                ring = np.stack([np.cos(t) * 1.1, np.sin(t)], 1) * (1 + 0.05 * np.sin(3 * t))[:, None] * radius
                result.behind.append(middle + ring)
                swirl = [
                    [(-0.75, 0.25), (-0.1, -0.5), (0.75, -0.15)],
                    [(-0.55, 0.6), (0.1, 0.05), (0.85, 0.3)],
                    [(-0.2, 0.85), (0.3, 0.5), (0.7, 0.65)],
                ]
                spine = middle + radius * np.array(swirl)
                result.back_locks = _joined(result.back_locks, _lock_edges(spine, np.full(3, 0.5 * radius), 1.0, 0.0))
        elif self.hair.curl > 0.5 and tie != "braid":  # curls are tied to a puff
            for angle in (side * (40 + 18 * high),) if tie == "ponytail" else (-58.0, 58.0):
                radius = scale * (0.16 if tie == "ponytail" else 0.125) * (0.8 + 0.4 * self.hair.volume)
                middle = self.head.silhouette(angle, self._rim(angle) + 0.62 * radius / scale)[0]
                middle = self._framed(middle, 0.9 * radius)
                inward = self.head.silhouette(angle, -0.15)[0] - middle
                root = middle + 0.9 * radius * inward / np.linalg.norm(inward)
                t = np.linspace(0, 2 * np.pi, 15)[:-1]
                ring = middle + np.stack([np.cos(t), np.sin(t)], 1) * radius
                result.behind.append(_scalloped(ring, 0.06 * scale))
                shadow, knot = self._knot(root, angle, 0.30 * radius, 1.0)
                result.tail_roots.append(shadow)
                result.knots.append(knot)
        elif tie == "ponytail":
            self._tail(result, side * (28 + 30 * high), 0.52 + 0.3 * self.hair.length, 0.155)
        elif tie == "twintails":
            for sign in (-1.0, 1.0):
                self._tail(result, sign * (56 + 18 * high), 0.46 + 0.3 * self.hair.length, 0.125)
        else:
            self._braid(result, side)

    def _rim(self, angle: Any) -> Any:
        """How far the mass stands off the skull at an angle, a number or an array."""
        return self.volume * (1 - min(0.8, self.taper) * (angle / 98) ** 2)

    def _in_sight(self, angle: float, top: float) -> float:
        """The angle of a tie, or one further down the side, where the hair is as low in the picture as `top`.

        Where the crown is at the picture's edge, a tie would else be pressed down behind the hair.
        """
        side = 1.0 if angle > 0 else -1.0
        lower = np.linspace(abs(angle), 84.0, 8)
        heights = self.head.silhouette(side * lower, self._rim(lower))[:, 1]
        return side * float(np.interp(top, np.maximum.accumulate(heights), lower))

    @staticmethod
    def _framed(points: Points, margin: Points | float) -> Points:
        """The points, moved into the picture: what is tied is never cut by its sides or its top."""
        low, high = np.asarray(margin) + 0.03, 0.97 - np.asarray(margin)
        result = points.copy()
        result[..., 0] = np.minimum(np.maximum(points[..., 0], low), high)
        result[..., 1] = np.maximum(points[..., 1], low)
        return result

    def _knot(self, place: Points, angle: float, wide: float, out: float) -> tuple[Points, Points]:
        """The shadow of a tie and the tie itself, across the way out of the head; `wide` is half its width."""
        center = self.head.silhouette(angle, -0.15)[0]
        away = place - center
        away /= np.linalg.norm(away) + 1e-9
        across = np.array([-away[1], away[0]])
        band, shade = 0.020 * self.head.scale, 0.075 * self.head.scale
        if out == 0.0:  # the foot of a bun
            place = place - away * 0.86 * wide
            wide = 0.62 * wide
        outline = [
            (-band, -wide),
            (0.0, -1.12 * wide),
            (band, -wide),
            (1.3 * band, 0.0),
            (band, wide),
            (0.0, 1.12 * wide),
        ]
        outline += [(-band, wide), (-0.6 * band, 0.0)]
        shadow = [(0.0, -wide), (0.5 * shade, -1.25 * wide), (1.0 * shade, -0.4 * wide), (0.75 * shade, 0.0)]
        shadow += [(1.15 * shade, 0.5 * wide), (0.5 * shade, 1.25 * wide), (0.0, wide)]
        turn = np.stack([away, across])
        return place + np.array(shadow) @ turn, place + np.array(outline) @ turn

    def _tail(self, result: HairShape, angle: float, length: float, wide: float) -> None:
        """A tied tail: narrow at its root, full in the middle, pointed; as one closed outline.

        Where the picture ends soon beside the head, the tail hangs behind the head; nothing presses it flat.
        """
        scale = self.head.scale
        side = 1.0 if angle > 0 else -1.0
        wide *= scale * (0.75 + 0.5 * self.hair.volume)
        top = 0.03 + 0.4 * wide
        angle = self._in_sight(angle, top + 0.045 * scale)
        root = self.head.silhouette(angle, self._rim(angle) + 0.02)[0]
        sway = 0.03 * self.jitter[1] + 0.05 * self.wave * np.array([0, 0, 1, -0.7, 0.9])
        x = side * np.array([0.0, 0.055, 0.125, 0.130, 0.075]) + sway * np.array([0, 0, 1, 1, 1])
        y = np.array([0.0, -0.045, 0.10, 0.33, length])
        nodes = root + scale * np.stack([x, y], 1)
        half = 0.5 * wide * np.array([0.30, 0.46, 0.62, 0.88, 1.04, 1.02, 0.86, 0.58, 0.0])
        edge = 0.97 if side > 0 else 0.03
        over = float((resample(nodes, 9)[:, 0] * side + half).max()) - edge * side
        nodes[:, 0] -= side * max(0.0, over) * np.array([0.0, 0.7, 1.0, 1.0, 1.0])
        nodes[:, 1] = np.maximum(nodes[:, 1], top)
        spine = resample(nodes, 9)
        spine[:, 0] = np.clip(spine[:, 0], 0.02 + half, 0.98 - half)
        across = normals(spine)
        half = half[:, None]
        left, right = spine + across * half, spine - across * half
        tip = spine[-1]
        notch = spine[7] - (tip - spine[7]) * 0.1
        second = right[7] + 0.62 * (tip - spine[7])  # a second, shorter tip
        outline = np.concatenate([left[:-1], [tip, notch + 0.3 * (right[7] - notch), second], right[6::-1]])
        result.tails.append(clockwise(outline))
        lines = [spine + across * half * offset for offset in (-0.45, 0.1, 0.55)]
        ends = ((1, 6), (2, 8), (1, 5))
        parts = [resample(line[a : b + 1], 4) for line, (a, b) in zip(lines, ends, strict=True)]
        result.tail_lines = np.concatenate([result.tail_lines, np.array(parts)])
        shadow = np.concatenate([left[:3], [spine[1] * 0.5 + spine[2] * 0.5], right[2::-1]])
        result.tail_roots.append(shadow)
        place = spine[0] * 0.7 + spine[1] * 0.3
        result.knots.append(self._knot(place, angle, 0.3 * wide, 1.0)[1])
        # The hair of that side is drawn to the tie: a tail that only touches the head would hang from nothing.
        at = angle + np.array([-17.0, 0.0, 17.0])
        foot = self.head.silhouette(at, self._rim(at) - 0.012)
        away = (place - foot[1]) / (np.linalg.norm(place - foot[1]) + 1e-9)
        beside = 0.27 * wide * np.array([-away[1], away[0]])
        gathered = [foot[0], 0.45 * foot[0] + 0.55 * (place - beside) - 0.006 * away, place - beside, place + beside]
        gathered += [0.45 * foot[2] + 0.55 * (place + beside) - 0.006 * away, foot[2]]
        result.behind.append(clockwise(np.array(gathered)))

    def _braid(self, result: HairShape, side: float) -> None:
        """Links that overlap from the ear over one shoulder, with a tie and a tuft at the end."""
        scale = self.head.scale
        wide = 0.066 * scale * (0.85 + 0.3 * self.hair.volume)
        # It begins under the hair beside the ear, so that it hangs from the head and not from a lock.
        start = self._beside(int(side), [(0.268, 0.51, -0.20), (0.272, 0.62, -0.19), (0.280, 0.75, -0.14)])
        path = np.concatenate([start, self.head.project([(side * 0.265, 0.92, -0.02), (side * 0.23, 1.06, 0.0)])])
        path = self._framed(path, 1.6 * wide)
        path[:, 1] += np.linspace(0, 1, 5) * min(0.0, 0.92 - float(path[-1, 1]))
        count = 8
        nodes = resample(path, count)
        along = np.gradient(nodes, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
        across = np.stack([-along[:, 1], along[:, 0]], 1)
        step = float(np.linalg.norm(np.diff(nodes, axis=0), axis=1).mean())
        end, down, out = nodes[-1] + along[-1] * 0.75 * step, along[-1], across[-1]
        tuft = [
            (-0.2, -0.34),
            (0.5, -0.62),
            (1.05, -0.42),
            (1.6, -0.1),
            (1.25, 0.14),
            (1.5, 0.5),
            (0.7, 0.62),
            (-0.2, 0.34),
        ]
        result.braid.append(np.array([end + wide * (a * down + b * out) for a, b in tuft]))
        core = 0.5 * wide * across
        result.braid.append(np.concatenate([nodes + core, (nodes - core)[::-1]]))
        link = np.array(
            [
                (-0.70, 0.05),
                (-0.50, 0.66),
                (0.0, 1.0),
                (0.60, 0.86),
                (1.05, 0.30),
                (1.12, -0.30),
                (0.35, -0.34),
                (-0.4, -0.3),
            ]
        )
        shape = link * (step * 1.12, 1.1 * wide)
        for index in range(count - 1, -1, -1):
            turn = 1.0 if index % 2 == 0 else -1.0
            size = 0.82 + 0.18 * np.sin(np.pi * (index + 1) / (count + 1))
            result.braid.append(
                nodes[index] + size * (shape[:, :1] * along[index] + turn * shape[:, 1:] * across[index])
            )
        band = 0.35 * wide
        result.braid_tie = np.array(
            [
                end + a * down + b * out
                for a, b in ((-band, -0.45 * wide), (band, -0.5 * wide), (band, 0.5 * wide), (-band, 0.45 * wide))
            ]
        )


def _scalloped(outline: Points, size: float) -> Points:
    """An outline of round bumps."""
    outline = clockwise(outline)
    around = np.concatenate([outline, outline[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(around, axis=0), axis=1))])
    count = max(8, round(float(length[-1]) / size))
    # Curls of three sizes by turns: equal ones would look like a wig of rolls.
    share = np.resize(np.array([1.0, 0.62, 1.3, 0.8, 1.12, 0.55, 1.25, 0.9]), count)
    at = np.concatenate([[0.0], np.cumsum(share)[:-1]]) * (length[-1] / share.sum())
    nodes = np.stack([np.interp(at, length, around[:, axis]) for axis in (0, 1)], 1)
    after = np.roll(nodes, -1, axis=0)
    side = after - nodes
    out = np.stack([side[:, 1], -side[:, 0]], 1)
    bumps = [nodes, nodes + 0.12 * side + 0.28 * out, nodes + 0.5 * side + 0.46 * out, nodes + 0.88 * side + 0.28 * out]
    return np.stack(bumps, 1).reshape(-1, 2)


def _measured(hair: MeasuredHair, hand: HairHand, head: Head) -> HairShape:
    """Hair from a photo: its outlines stay; a title's locks follow its strands."""
    result = HairShape(
        behind=[clockwise(np.array(outline)) for outline in hair.back],
        front=[clockwise(np.array(outline)) for outline in hair.front],
        clipped=True,
    )
    partings = np.zeros((0, 4, 2))
    if hair.curl > 0.5:
        result.front = [_scalloped(outline, 0.05 * head.scale) for outline in result.front]
    elif result.front:
        lean = sum(strand[-1][0] - strand[0][0] for strand in hair.strands)
        result.front[0], partings = _in_locks(result.front[0], hand, head, 1.0 if lean >= 0 else -1.0)
    if hair.strands:
        spines = np.stack([resample(np.array(strand), KNOTS) for strand in hair.strands])
        length = np.linalg.norm(np.diff(spines, axis=1), axis=2).sum(1)
        # A hand lays as many locks as it always does, along the longest strands; the others become single hairs.
        count = min(len(spines), 2 * hand.locks + 2)
        is_lock = np.zeros(len(spines), bool)
        is_lock[np.argsort(-length, kind="stable")[:count]] = True
        broad = np.minimum(0.05 + 0.13 * length[is_lock], 0.115) * (7 / hand.locks) ** 0.5 * hand.width**0.5
        result.sides = _lock_edges(spines[is_lock], broad, hand.point, 0.4 * hand.wave)
        if hand.strands >= 2 and not is_lock.all():
            result.strands = spines[~is_lock][:, ::2]
    if len(partings):
        result.strands = partings if result.strands is None else np.concatenate([result.strands, partings])
    return result


def _in_locks(outline: Points, hand: HairHand, head: Head, lean: float) -> tuple[Points, Points]:
    """A measured outline with a hand's locks along its edge over the forehead, and lines `[N, 4, 2]` between them.

    A mask shows a fringe as one even edge; a pen ends it in tips of different width and length, which lean to one side.
    An edge that has tips of its own keeps them.
    """
    none = np.zeros((0, 4, 2))
    axes = np.array([[-head.up[1], head.up[0]], -head.up])  # to the right and down, of length 1
    place = (outline - head.scalp(0.0, 0.0)) @ axes.T / head.scale
    step = np.roll(place, -1, axis=0) - place
    # A clockwise outline runs to the left where hair ends below.
    low = (
        (np.abs(place[:, 0]) < 0.25) & (place[:, 1] > -0.08) & (place[:, 1] < 0.30) & (-step[:, 0] > np.abs(step[:, 1]))
    )
    if low.all() or not low.any():
        return outline, none
    first = int(np.argmin(low))  # the run that is looked for does not go on over the end of the list
    low, place = np.roll(low, -first), np.roll(place, -first, axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(int), [0]])))
    start, stop = max(zip(edges[::2], edges[1::2], strict=True), key=lambda run: run[1] - run[0])
    run = place[start:stop]
    wide = float(run[0, 0] - run[-1, 0])
    if len(run) < 5 or wide < 0.12:
        return outline, none
    rough = float(np.abs(run[:, 1] - np.polyval(np.polyfit(run[:, 0], run[:, 1], 3), run[:, 0])).max())
    count = max(3, round(wide / 0.5 * 0.7 * hand.locks))
    share = np.resize(np.array([1.0, 0.55, 1.6, 0.75, 1.3, 0.5]), count)
    ends = np.concatenate([[0.0], np.cumsum(share)]) / share.sum()
    size = wide * share / share.sum()
    drop = (0.014 + 0.22 * size) * (0.7 + 0.5 * hand.point) * np.resize(np.array([0.7, 0.85, 1.35, 0.75, 1.0]), count)
    drop *= max(0.0, 1 - rough / 0.03)
    notch = np.concatenate([[0.0], -0.35 * np.minimum(drop[1:], drop[:-1]), [0.0]])
    # From right to left: one side of a lock is full, the other hollow; a blunt tip has two corners.
    tip = 0.5 - 0.27 * lean
    blunt = 0.16 * (1 - hand.point)
    across = np.array([0.0, 0.5 * tip, tip - blunt, tip + blunt, 0.5 * (1 + tip)])
    fall = np.array([0.0, 0.56 - 0.06 * lean, 1.0, 1.0, 0.56 + 0.06 * lean])
    at = np.append((ends[:-1, None] + np.diff(ends)[:, None] * across).ravel(), 1.0)
    down = notch[:-1, None] * (1 - fall) + drop[:, None] * fall
    down[:, 0] = notch[:-1]
    along = np.linspace(0, 1, len(run))
    fringe = np.stack([np.interp(at, along, run[:, axis]) for axis in (0, 1)], 1)
    fringe[:, 1] += np.append(down.ravel(), 0.0)
    roots = fringe[5:-1:5]
    rise = np.minimum(drop[1:], drop[:-1])[:, None]
    curve = np.array([(0.0, 0.0), (0.25 * lean, 0.7), (0.6 * lean, 1.3), (1.1 * lean, 1.8)])
    lines = roots[:, None] - rise[:, None] * curve
    back = axes * head.scale
    origin = head.scalp(0.0, 0.0)
    changed = np.concatenate([place[:start], fringe, place[stop:]])
    return changed @ back + origin, lines @ back + origin
