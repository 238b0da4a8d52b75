"""The shape of hair: a person's numbers and a title's hand become outlines and overlapping locks in the picture.

Nothing here knows colours or SVG. A lock is a spine with a width: `[N, K, 2]` for N locks, from root to tip.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .curves import Points, arc, clockwise, normals, resample
from .head import Head
from .person import Hair, MeasuredHair, Person
from .title import HairHand

KNOTS = 7  # of a lock's edges


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

    back: list[Points] = field(default_factory=list)  # behind head and body
    back_locks: Locks = field(default_factory=no_locks)  # on the back mass: ties, tails
    shaved: list[Points] = field(default_factory=list)  # short hair on skin
    front: list[Points] = field(default_factory=list)  # the mass over the head
    sides: Locks = field(default_factory=no_locks)
    fringe: Locks = field(default_factory=no_locks)
    clipped: bool = False  # locks end at the front outline (hair seen in a photo)
    coils: Points | None = None  # small spirals `[N, K, 2]` on curled hair
    strands: Points | None = None  # flyaways `[N, 3, 2]`
    knots: list[Points] = field(default_factory=list)  # where hair is tied: small outlines


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
        self.volume = grown * (0.022 + 0.05 * hair.volume + hand.volume) + 0.085 * hair.curl * grown + 0.004
        # A small spike is a dent: below a quarter there are none.
        self.spike = max(0.0, min(1.0, hair.spike + hand.spike * grown) - 0.25) / 0.75
        self.spike *= 1 - 0.85 * float(np.clip((hair.length - 0.35) / 0.2, 0, 1))
        self.wave = min(1.2, hair.wave + hand.wave)
        self.tied = hair.tie != ""
        loose = 0.3 if self.tied else hair.length
        self.end = float(np.interp(loose, [0, 0.12, 0.3, 0.5, 0.75, 1], [0.46, 0.50, 0.575, 0.78, 1.02, 1.32]))
        self.long = float(np.clip((loose - 0.3) / 0.2, 0, 1))
        self.outer = 0.292 + 0.55 * self.volume + 0.02 * self.long
        self.inner = 0.262 - 0.022 * self.long

    def shape(self) -> HairShape:
        result = HairShape()
        if self.hair.length < 0.02:
            return result
        result.shaved = [self._cropped()]
        if self.hair.length < 0.16:
            return result
        result.back = [self._back()]
        front = self._front()
        result.front = [front]
        if self.hair.curl > 0.5:
            result.front = [_scalloped(front, 0.062 * self.head.scale)]
            result.back = [_scalloped(result.back[0], 0.075 * self.head.scale)]
            result.coils = self._coils()
            result.fringe = self._curls()
        else:
            result.sides = self._sides()
            result.fringe = self._fringe()
            result.strands = self._flyaways()
        self._tie(result)
        return result

    # ---- masses

    def _cropped(self) -> Points:
        top = self.head.silhouette(np.linspace(-100, 100, 13), 0.004 if self.hair.length >= 0.16 else -0.017)
        right = self.head.project([(0.276, 0.52, -0.25), (0.258, 0.545, -0.2)])
        left = self.head.project([(-0.258, 0.545, -0.2), (-0.276, 0.52, -0.25)])
        return np.concatenate([top, right, self._hairline(0.0), left])

    def _hairline(self, lower: float) -> Points:
        """From the right temple to the left one."""
        across = np.array([0.99, 0.9, 0.74, 0.4, 0, -0.4, -0.74, -0.9, -0.99])
        down = np.array([0.92, 0.5, 0.26, 0.17, 0.14, 0.17, 0.26, 0.5, 0.92])
        return self.head.scalp(across, down + lower)

    def _silhouette(self) -> Points:
        """The outer edge of the mass, from left to right over the top."""
        reach = 98 - 10 * self.long
        if self.spike == 0:
            at = np.linspace(-reach, reach, 13)
            base = self.volume * (1 - 0.35 * (np.abs(at) / reach) ** 2)
            base += 0.006 * np.sin(at / 17 + 3 * self.jitter[0])
            return self.head.silhouette(at, base)
        count = 8
        edges = np.linspace(-reach, reach, count + 1)
        edges[1:-1] += np.resize(self.jitter, count - 1) * 3
        sweep = 0.75 if self.hair.part <= 0 else -0.75
        angles, heights = [], []
        for index in range(count):
            a, b = edges[index], edges[index + 1]
            lean = sweep * (0.75 + 0.35 * self.jitter[index % 7]) * self.spike
            peak = (a + b) / 2 + (b - a) * lean
            tall = 0.085 * self.spike * (0.8 + 0.4 * self.jitter[(3 * index) % 7])
            tall *= 1 - 0.45 * (abs(peak) / reach) ** 2
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
        base = self.volume * (1 - 0.35 * (np.abs(at) / reach) ** 2)
        base += 0.006 * np.sin(at / 17 + 3 * self.jitter[0]) * min(1.0, self.hair.length * 2)
        base -= 0.012 * (1 - np.minimum(1, np.abs(at) / 60)) * (self.hair.open > 0.6) * (self.hair.open - 0.6)
        return self.head.silhouette(at, base + np.array(heights))

    def _front(self) -> Points:
        outline = [self._silhouette(), self._side(1), self._hairline(0.03), self._side(-1)[::-1]]
        return np.concatenate(outline)

    def _side(self, side: int) -> Points:
        """From the outer edge of the mass down one side and up to the temple."""
        project, end = self.head.project, self.end
        if self.hair.sides < 0.4:
            return project([(side * 0.268, 0.40, -0.27), (side * 0.262, 0.41, -0.22)])
        depth = -0.17
        # On the side that a head turns to, the face hides less of the hair.
        inner = self.inner + 0.15 * max(0.0, side * float(np.sin(self.head.yaw)))
        outer = max(self.outer, inner + 0.045)
        middle = (0.52 + end) / 2
        if self.long < 0.05:
            return project(
                [
                    (side * outer, 0.50, -0.25),
                    (side * (outer - 0.01), end - 0.03, -0.23),
                    (side * (outer - 0.026), end, -0.21),
                    (side * (inner + 0.002), end - 0.05, depth),
                    (side * inner, 0.50, depth),
                ]
            )
        swing = 0.014 * self.wave
        return project(
            [
                (side * outer, 0.52, -0.22),
                (side * (outer + 0.018 + swing), middle, -0.22),
                (side * (outer + 0.006 - swing), end - 0.06, -0.21),
                (side * (outer - 0.03), end + 0.012, -0.20),
                (side * (inner + 0.028), end - 0.012, depth),
                (side * (inner + 0.006 - swing), end - 0.08, depth),
                (side * (inner - 0.004 + swing), middle, depth),
                (side * (inner + 0.004), 0.52, depth),
            ]
        )

    def _back(self) -> Points:
        project = self.head.project
        top = self.head.silhouette(np.linspace(-92, 92, 9), self.volume * 0.7)
        if self.long < 0.05 or self.tied:
            neck = 0.66
            shape = [(0.215, 0.60, -0.32), (0.165, neck, -0.30), (0.13, neck + 0.04, -0.28), (0.09, neck + 0.01, -0.28)]
            return np.concatenate([top, project([*shape, *((-x, y, z) for x, y, z in shape[::-1])])])
        wide, end = 0.30 + 0.7 * self.volume, self.end + 0.03
        spread = 0.03 + 0.05 * self.hair.volume
        y = np.linspace(0.48, end, 7)
        swing = (0.006 + 0.022 * self.wave) * np.sin((y - 0.48) * 17 + 2 * self.jitter[3])
        x = wide + spread * np.clip((y - 0.45) / 0.6, 0, 1) + swing * np.clip((y - 0.5) * 4, 0, 1)
        x -= 0.09 * (1 - self.long) * np.clip((y - 0.52) / (end - 0.5), 0, 1) + 0.035 * np.clip(
            (y - end + 0.12) / 0.12, 0, 1
        )
        right = project(np.stack([x, y, np.full(7, -0.3)], 1))
        left = project(np.stack([-x, y, np.full(7, -0.3)], 1))[::-1]
        tips = np.linspace(x[-1], -x[-1], 13)[1:-1]
        drop = np.where(np.arange(11) % 2 == 0, -0.045, 0.03) + 0.012 * np.resize(self.jitter, 11)
        drop *= (0.3 + 0.6 * self.hand.point) * (0.35 + 0.65 * self.long)
        bottom = project(np.stack([tips, end + drop, np.full(11, -0.3)], 1))
        return np.concatenate([top, right, bottom, left])

    # ---- locks

    def _fringe(self) -> Locks:
        """Locks on the forehead, from the temples to the parting, so that those at the parting lie on top."""
        hair, hand = self.hair, self.hand
        if hair.fringe < 0.06:
            return no_locks()
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
        straight_v = (
            0.18 + (0.80 - 0.3 * max(0.0, hand.width - 1)) * hair.fringe + 0.12 * across**2 + 0.10 * other * hair.fringe
        )
        # Falling to both sides of the parting.
        swept_u = part + side * room * (0.30 + 0.78 * far)
        swept_v = 0.05 + (0.28 + 0.75 * hair.fringe) * (0.32 + 0.68 * far) + 0.06 * other
        tip_u = straight_u + (swept_u - straight_u) * hair.open
        tip_v = straight_v + (swept_v - straight_v) * hair.open
        tip_u = np.clip(tip_u, -1.08, 1.08)
        tip_u = tip_u + hand.bend * 0.16 * jitter
        lift = 0.42 + 0.2 * hair.volume
        straight_root = across * 0.62
        swept_root = part + side * 0.05 + 0.18 * (across - part)
        root_u = straight_root + (swept_root - straight_root) * hair.open
        root_v = -lift + (0.30 * far - 0.02) * hair.open
        bend = (0.5 + hand.bend) * hair.open
        control_u = (root_u + tip_u) / 2 + side * 0.26 * bend + hand.bend * 0.1 * jitter
        control_v = root_v + (tip_v - root_v) * (0.42 - 0.22 * bend)
        uv = arc(np.stack([root_u, root_v], -1), np.stack([control_u, control_v], -1), np.stack([tip_u, tip_v], -1), 6)
        spine = self.head.scalp(uv[..., 0], uv[..., 1])
        spacing = 1.9 * 0.26 / (count + 0.5) * self.head.scale
        width = spacing * (1.6 + 0.55 * other) * hand.width**0.5 * (1 + 0.25 * hair.open)
        order = np.argsort(-far, kind="stable")
        locks = _lock_edges(spine, width, hand.point, 0.55 * self.wave, float(self.jitter[2]))
        return Locks(locks.spine[order], locks.left[order], locks.right[order])

    def _sides(self) -> Locks:
        """Locks from the crown down both sides."""
        hair, hand, head = self.hair, self.hand, self.head
        part = float(np.clip(hair.part, -0.6, 0.6)) * (0.4 + 0.6 * hair.open)
        groups = []
        for side in (1, -1):
            if hair.sides < 0.4:
                continue
            inner = self.inner + 0.15 * max(0.0, side * float(np.sin(head.yaw)))
            outer = max(self.outer, inner + 0.05)
            count = 4 if hand.locks >= 6 else 3
            share = np.linspace(0.08, 0.92, count)  # 0 outermost
            if self.tied:  # combed back: one lock stays before the ear
                share = share[-1:]
                count = 1
            jitter = np.interp(share * 6, np.arange(7), self.jitter)
            x = outer + (inner - outer) * share
            root = head.scalp(part + side * (0.10 + 0.55 * (1 - share)), -0.52 + 0.26 * share)
            over = head.silhouette(
                side * (46 + 26 * (1 - share)), self.volume * (0.55 - 1.3 * share) - 0.012 - 0.045 * share
            )
            temple = head.project(np.stack([side * (x + 0.004), np.full(count, 0.46), np.full(count, -0.2)], 1))
            end = self.end - 0.035 * share - 0.03 * np.abs(jitter) + 0.02
            if self.tied:
                end = np.full(count, 0.74)
            low = head.project(
                np.stack([side * (x + 0.012 + 0.012 * jitter), (0.46 + end) / 2 + 0.02, np.full(count, -0.2)], 1)
            )
            tip = head.project(
                np.stack([side * (x - 0.014 + 0.02 * jitter * hand.bend), end, np.full(count, -0.19)], 1)
            )
            spine = np.stack([root, over, temple, low, tip], 1)
            width = np.full(count, (outer - inner + 0.03) / count * 1.8 * head.scale) * hand.width**0.5
            groups.append(_lock_edges(spine, width, hand.point, 0.8 * self.wave * self.long, float(self.jitter[4])))
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
        count = 34
        rng = self.rng
        angle = rng.uniform(-105, 105, count)
        depth = rng.uniform(-0.15, 0.11, count) * (0.6 + 0.4 * self.hair.volume)
        middles = self.head.silhouette(angle, depth)
        t = np.linspace(0, 4.4, 7)[None] + rng.uniform(0, 6, (count, 1))
        radius = (0.011 + 0.011 * rng.random((count, 1))) * self.head.scale * np.linspace(1, 0.55, 7)
        return middles[:, None] + np.stack([np.cos(t) * radius, np.sin(t) * radius], -1)

    def _flyaways(self) -> Points:
        count = round(8 * self.hand.flyaway)
        if not count:
            return np.zeros((0, 3, 2))
        rng = self.rng
        angle = rng.uniform(-75, 75, count)
        turn = np.where(rng.random(count) < 0.8, np.sign(angle), -np.sign(angle)) * rng.uniform(9, 20, count)
        height = self.volume * (1 - 0.35 * (np.abs(angle) / 95) ** 2)
        rise = rng.uniform(0.008, 0.026, count)
        silhouette = self.head.silhouette
        return np.stack(
            [
                silhouette(angle, height - 0.03),
                silhouette(angle + turn * 0.55, height + rise),
                silhouette(angle + turn, height + 0.4 * rise),
            ],
            1,
        )

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
            for angle in angles:
                middle = self.head.silhouette(angle, 0.045)[0]
                t = np.linspace(0, 2 * np.pi, 13)[:-1]
                ring = np.stack([np.cos(t) * 1.1, np.sin(t)], 1) * (1 + 0.05 * np.sin(3 * t))[:, None] * radius
                result.back.append(middle + ring)
                swirl = [
                    [(-0.75, 0.25), (-0.1, -0.5), (0.75, -0.15)],
                    [(-0.55, 0.6), (0.1, 0.05), (0.85, 0.3)],
                    [(-0.2, 0.85), (0.3, 0.5), (0.7, 0.65)],
                ]
                spine = middle + radius * np.array(swirl)
                result.back_locks = _joined(result.back_locks, _lock_edges(spine, np.full(3, 0.5 * radius), 1.0, 0.0))
        elif self.hair.curl > 0.5 and tie in ("ponytail", "twintails"):
            for angle in (side * (22 + 30 * high),) if tie == "ponytail" else (-58.0, 58.0):
                radius = scale * (0.16 if tie == "ponytail" else 0.125) * (0.8 + 0.4 * self.hair.volume)
                middle = self.head.silhouette(angle, 0.05 + self.volume * 0.6)[0]
                t = np.linspace(0, 2 * np.pi, 15)[:-1]
                ring = middle + np.stack([np.cos(t), np.sin(t)], 1) * radius
                result.back.append(_scalloped(ring, 0.06 * scale))
        elif tie == "ponytail":
            root = self.head.silhouette(side * (22 + 30 * high), 0.0)[0]
            self._tail(result, root, side, 0.55 + 0.35 * self.hair.length, 0.21)
        elif tie == "twintails":
            for sign in (-1.0, 1.0):
                root = self.head.silhouette(sign * (52 + 20 * high), 0.0)[0]
                self._tail(result, root, sign, 0.5 + 0.35 * self.hair.length, 0.13)
        else:  # a braid over one shoulder
            path = self.head.project(
                [
                    (side * 0.20, 0.72, -0.25),
                    (side * 0.27, 0.84, -0.1),
                    (side * 0.25, 1.0, 0.0),
                    (side * 0.22, 1.25, 0.0),
                ]
            )
            nodes = resample(path, 9)
            along = np.gradient(nodes, axis=0)
            along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
            across = np.stack([-along[:, 1], along[:, 0]], 1)
            wide = 0.055 * scale
            turn = np.where(np.arange(9) % 2 == 0, 1.0, -1.0)[:, None]
            start = nodes + across * turn * wide - along * wide * 0.9
            middle = nodes + across * turn * wide * 0.55 + along * wide * 0.2
            tip = nodes - across * turn * wide * 0.5 + along * wide * 1.1
            result.back_locks = _joined(
                result.back_locks, _lock_edges(np.stack([start, middle, tip], 1), np.full(9, wide * 1.5), 0.6, 0.0)
            )

    def _tail(self, result: HairShape, root: Points, side: float, length: float, swing: float) -> None:
        scale = self.head.scale
        away = root - self.head.silhouette(0.0, -0.3)[0]
        away /= np.linalg.norm(away) + 1e-9
        across = np.array([-away[1], away[0]])
        knot = [(-0.012, -0.034), (0.03, -0.03), (0.03, 0.03), (-0.012, 0.034)]
        result.knots.append(np.array([root + scale * (u * away + v * across) for u, v in knot]))
        offsets = np.array([0.0, 0.055, 0.105])
        spines = []
        for offset in offsets:
            out = swing - offset * 0.7
            spines.append(
                [
                    root,
                    root + scale * np.array([side * (0.07 + 0.5 * out), -0.07 + 0.55 * offset]),
                    root + scale * np.array([side * (0.06 + out), 0.16 + 0.2 * offset]),
                    root + scale * np.array([side * (0.05 + out * (1 + 0.2 * self.jitter[1])), 0.42]),
                    root
                    + scale * np.array([side * (0.03 + out * 0.75 + 0.05 * self.wave), length - 0.09 * offset / 0.05]),
                ]
            )
        width = np.array([0.125, 0.11, 0.09]) * scale * (0.8 + 0.45 * self.hair.volume)
        result.back_locks = _joined(
            result.back_locks, _lock_edges(np.array(spines), width, self.hand.point, 0.9 * self.wave)
        )


def _scalloped(outline: Points, size: float) -> Points:
    """An outline of round bumps."""
    outline = clockwise(outline)
    around = np.concatenate([outline, outline[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(around, axis=0), axis=1))])
    count = max(8, round(float(length[-1]) / size))
    at = np.linspace(0, length[-1], count + 1)[:-1]
    nodes = np.stack([np.interp(at, length, around[:, axis]) for axis in (0, 1)], 1)
    after = np.roll(nodes, -1, axis=0)
    side = after - nodes
    out = np.stack([side[:, 1], -side[:, 0]], 1)
    bumps = [nodes, nodes + 0.12 * side + 0.28 * out, nodes + 0.5 * side + 0.46 * out, nodes + 0.88 * side + 0.28 * out]
    return np.stack(bumps, 1).reshape(-1, 2)


def _measured(hair: MeasuredHair, hand: HairHand, head: Head) -> HairShape:
    """Hair from a photo: its outlines stay; a title's locks follow its strands."""
    result = HairShape(
        back=[clockwise(np.array(outline)) for outline in hair.back],
        front=[clockwise(np.array(outline)) for outline in hair.front],
        clipped=True,
    )
    if hair.curl > 0.5:
        result.front = [_scalloped(outline, 0.05 * head.scale) for outline in result.front]
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
    return result
