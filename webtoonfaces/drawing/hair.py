"""Hair as it is painted: masses, then locks one over the other, then light and single strands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from .canvas import Paint
from .colors import BLACK, WHITE, Color, apart, darker, lightness, mix, rgb
from .curves import (
    SIDE,
    Points,
    brushes,
    clockwise,
    closed,
    each_ribbon,
    each_stroke,
    inside,
    opened,
    polygons,
    ribbons,
    traced,
)
from .hair_shape import HairShape, Locks, hair_shape
from .person import Hair
from .sketch import Sketch

EDGED = 0.56  # hair that is lighter than this stands off a dark ground by itself
EDGE, RIM = 3.2, 4.0  # the widest that light on a contour gets, in 256ths of the picture's side
PAPER = 4.4  # the free paper round a head, in the same unit
GLINT = -1.05  # where light lies on the crown: down from the eyes, in units of their distance


class HairPainter:
    """Paints the layers of one head of hair when their turn comes: `back`, `shaved`, `front`."""

    def __init__(self, sketch: Sketch):
        self.sketch, self.canvas = sketch, sketch.canvas
        self.line, self.hand = sketch.title.line, sketch.title.hand.hair
        self.shape: HairShape = _warped(hair_shape(sketch.person, self.hand), sketch)
        self.curled = self.shape.coils is not None
        self.front_path = "".join(closed(outline, 70 if self.curled else 62) for outline in self.shape.front)
        grey = sketch.title.palette.grey
        self.dark = lightness(sketch.hair) < 0.3
        self.inner_line: Color = sketch.hair_line
        if self.dark:  # ink on dark hair would not be seen
            self.inner_line = (
                WHITE
                if grey
                else mix(sketch.hair, BLACK, 0.6)
                if lightness(sketch.hair) > 0.16
                else mix(sketch.hair, WHITE, 0.14)
            )
        self.width = self.line.hair_width
        self.inner_width = self.width * (0.85 if not self.dark else 0.3 if grey else 0.6)

    @property
    def fringe_path(self) -> str:
        """Everything of the hair that hangs over the face: what casts a shadow on it."""
        if self.shape.hairline is not None:
            return ribbons(self.shape.sides.left, self.shape.sides.right)
        return self.front_path + ribbons(self.shape.fringe.left, self.shape.fringe.right)

    def covers_ear(self, side: int) -> bool:
        """Whether hair lies over the ear on one side (-1 left, 1 right): most of it would be covered."""
        hair = self.sketch.person.hair
        if isinstance(hair, Hair):
            return hair.length >= (0.20 if hair.curl > 0.5 else 0.26) and hair.sides >= 0.4
        top, low = self.sketch.landmarks[[0, 2] if side < 0 else [16, 14]]
        down = low - top
        place = 0.6 * top + 0.4 * low + side * 0.22 * np.array([abs(down[1]), -down[0]])
        return any(bool(inside(place[None], outline)[0]) for outline in self.shape.front)

    def back(self) -> None:
        sketch = self.sketch
        grey = sketch.title.palette.grey
        if sketch.title.palette.background == "tone":
            self._paper()
        deep = sketch.hair if grey and self.dark else mix(sketch.hair, sketch.hair_shadow, 0.62)
        # The first outline lies in the shadow of the head; what is tied does not.
        for index, outline in enumerate(self.shape.behind):
            paint = deep if index == 0 else sketch.hair if grey else mix(sketch.hair, sketch.hair_shadow, 0.12)
            self._contour(closed(outline, 70 if self.curled else 62), paint)
            if index:
                self._rims(outline, 70 if self.curled else 62)
        if len(self.shape.back_locks):
            self._locks(self.shape.back_locks, sketch.hair)
        if self.shape.behind:
            self._rims(self.shape.behind[0], 70 if self.curled else 62)
        for tail, root in zip(self.shape.tails, self.shape.tail_roots, strict=False):
            self._contour(closed(tail, 85), sketch.hair if grey else mix(sketch.hair, sketch.hair_shadow, 0.25))
            self.canvas.fill(closed(root, 60), sketch.hair_shadow, 0.85)
            self._rims(tail, 85)
        if not self.shape.tails:
            for root in self.shape.tail_roots:
                self.canvas.fill(closed(root, 60), sketch.hair_shadow, 0.85)
        if len(self.shape.tail_lines):
            paint = self.inner_line if self.width else sketch.hair_shadow
            self.canvas.fill(brushes(self.shape.tail_lines, max(1.4, 0.7 * self.width), (0.1, 1, 0.1), 7), paint, 0.85)
        for knot in self.shape.knots:
            sketch.line(closed(knot, 100), max(0.8, 0.8 * self.width), paint=sketch.hair_line, fill=self._band)

    @property
    def _band(self) -> Color:
        """The colour of what ties hair, always apart from it."""
        sketch = self.sketch
        return apart(sketch.tone(mix(sketch.person.cloth_color, rgb("d04a6a"), 0.4), "cloth"), sketch.hair)

    def braid(self) -> None:
        """Over the clothes, under the head."""
        sketch = self.sketch
        for link in self.shape.braid:
            path = closed(link, 62)
            self._contour(path, sketch.hair if self.width else mix(sketch.hair, sketch.hair_shadow, 0.15))
            # The part that goes under the next link lies in its shadow.
            if not (sketch.title.palette.grey and self.dark):
                low = link.mean(0) + (link - link.mean(0)) * 0.62
                edge = np.concatenate([link[:3], low[2::-1]])
                self.canvas.fill(closed(edge, 62), sketch.hair_shadow, 0.75)
        if self.shape.braid_tie is not None:
            sketch.line(closed(self.shape.braid_tie, 40), 0.8 * self.width, paint=sketch.hair_line, fill=self._band)

    def shaved(self) -> None:
        sketch = self.sketch
        hair = sketch.person.hair
        share = 1.0 if self.shape.front or not isinstance(hair, Hair) else min(1.0, 0.5 + 4 * hair.length)
        color = cropped_color(sketch)
        if self.shape.front:  # below longer hair it is that hair's own colour in the shade of it
            color = mix(color, mix(sketch.hair, sketch.hair_shadow, 0.6), 0.65)
        outline = "".join(closed(each) for each in self.shape.shaved)
        if not len(self.shape.stubs):
            self.canvas.fill(outline, color)
            return
        # What is cropped has the head's own outline, a side in the shade, and short hairs all over.
        dark = mix(color, sketch.hair_shadow, 0.45)
        with self.canvas.clip(closed(sketch.crown)):
            self.canvas.fill(outline, color, share)
            if self.line.shade not in ("flat", "tone"):
                inner = sketch.warp(
                    sketch.head.silhouette([0, 20, 40, 60, 80, 100], [-0.05, -0.07, -0.08, -0.09, -0.1, -0.1])
                )
                shade = np.concatenate([sketch.crown[7:], inner[::-1]])
                with self.canvas.clip(outline):
                    self.canvas.fill(closed(shade), dark, 0.5 * share)
            self.canvas.fill(brushes(self.shape.stubs, 1.7, (0.2, 1, 0.1), 3), dark, 0.8 * share)

    def front(self) -> None:
        if not self.shape.front:
            return
        sketch, canvas = self.sketch, self.canvas
        if self.shape.clipped and not self.width and self.line.shade == "flat":
            # Made-up hair shows its locks at its edge; the plain outline of hair in a photo needs a line.
            canvas.stroke(self.front_path, mix(sketch.hair, sketch.hair_shadow, 0.8), 1.3, fill=self._mass_paint())
        else:
            self._contour(self.front_path, self._mass_paint())
        if self.shape.clipped:
            with canvas.clip(self.front_path):
                self._shade_mass()
                self._flow(self.shape.sides)
                self._shine()
        else:
            self._shade_mass(clip=True)
            self._locks(self.shape.sides, sketch.hair)
            if self.shape.hairline is not None:
                self._combed(self.shape.hairline)
            else:
                self._locks(self.shape.fringe, sketch.hair)
            self._shine()
        self._strands()
        for outline in self.shape.front:
            self._rims(outline, 70 if self.curled else 62)

    def _paper(self) -> None:
        """The paper that a pen leaves free round a head, so that no tone touches its contour."""
        shape, sketch = self.shape, self.sketch
        rings = [*shape.behind, *shape.tails, *shape.front] or [sketch.crown]
        path = ""
        for outline in rings:  # moved out and filled: a wide pen would take a raster much longer
            ring = clockwise(traced(outline, each=2))
            path += polygons((ring + _outwards(ring) * (PAPER + 0.5 * self.width) / SIDE)[None])
        self.canvas.fill(path, mix(WHITE, BLACK, 0.01))

    def _rims(self, outline: Points, corner: float) -> None:
        """Light on the contour: the title's light from behind on one side, and on dark hair a pale edge on the other.

        It lies inside the outline that is drawn, follows its normals, and is broken here and there.
        """
        sketch = self.sketch
        rim, edge = self.line.rim, sketch.title.palette.edge
        dark = min(1.0, max(0.0, (EDGED - lightness(sketch.hair)) / 0.14))
        if rim is None and (edge is None or dark == 0):
            return
        ring = clockwise(traced(outline, corner))
        out = _outwards(ring)
        away = ring - sketch.axes[0]
        outer = (out * away).sum(1) / (np.hypot(away[:, 0], away[:, 1]) + 1e-9)  # what looks at the face is not lit
        place = np.arctan2(away[:, 0], -away[:, 1])
        broken = np.clip(1.1 + 1.4 * np.sin(7.0 * place + 3.0 * self._jitter[0]), 0, 1) * np.clip(3 * outer, 0, 1)
        if edge is not None and dark > 0:
            lit = np.clip(0.75 + 1.1 * out @ (-0.75, -0.66), 0, 1) * broken
            self._rim(ring, out, lit * EDGE / SIDE, mix(sketch.hair, edge, 0.8 * dark))
        if rim is not None:
            lit = np.clip(1.5 * out @ (0.95, -0.3) - 0.2, 0, 1) * broken
            self._rim(ring, out, lit * RIM / SIDE, mix(sketch.hair, rim, 0.7))

    def _rim(self, ring: Points, out: Points, width: Points, color: Color) -> None:
        inner = ring - out * width[:, None]
        self.canvas.fill(polygons(np.concatenate([ring, ring[:1], inner[:1], inner[::-1]])[None]), color)

    def _contour(self, path: str, paint: Paint) -> None:
        if self.width:
            self.canvas.stroke(path, self.sketch.hair_line, self.width, fill=paint)
        elif self.line.shade == "flat":  # pale hair on a pale page still has an edge
            self.canvas.stroke(path, mix(self.sketch.hair, darker(self.sketch.hair_shadow, 0.5), 0.8), 1.4, fill=paint)
        else:
            self.canvas.fill(path, paint)

    def _mass_paint(self) -> Paint:
        sketch = self.sketch
        if self.line.shade != "soft":
            return sketch.hair
        top = mix(sketch.hair, sketch.hair_shadow, 0.28)
        return self.canvas.linear(
            [(0, top, 1), (0.4, sketch.hair, 1), (1, mix(sketch.hair, sketch.hair_shadow, 0.5), 1)],
            (0.5, 0.0),
            (0.5, 0.95),
        )

    def _shade_mass(self, clip: bool = False) -> None:
        """The side of the hair that is away from the light."""
        sketch = self.sketch
        if self.line.shade in ("flat", "tone") or sketch.title.palette.grey:
            return
        if self.curled:  # a straight edge through round curls would look like a second colour of hair
            return
        head = sketch.head
        edge = sketch.warp(head.silhouette([104, 84, 66, 50, 40], [-0.09, -0.075, -0.045, 0.0, 0.10]))
        outside = sketch.warp(head.silhouette([40, 55, 70, 88, 106], 0.24))
        down = sketch.ey * 0.9
        region = closed(np.concatenate([outside, [outside[-1] + down], [edge[0] + down], edge]), 80)
        strength = 0.5 if self.line.shade == "soft" else 0.55
        if clip:
            with self.canvas.clip(self.front_path):
                self.canvas.fill(region, sketch.hair_shadow, strength)
        else:
            self.canvas.fill(region, sketch.hair_shadow, strength)

    def _locks(self, locks: Locks, color: Color) -> None:
        """Each lock: its colour, its shadow side, its line. Later ones cover earlier ones."""
        sketch, canvas = self.sketch, self.canvas
        if not len(locks):
            return
        grey = sketch.title.palette.grey
        shade = self.line.shade
        deep = sketch.hair_shadow
        middle = 0.5 * (locks.left + locks.right)
        # The shadow lies on the edge that is further to the right: away from the light.
        right_is_left = (locks.left[..., 0] > locks.right[..., 0])[..., None]
        dark_edge = np.where(right_is_left, locks.left, locks.right)
        t = np.linspace(0, 1, locks.left.shape[1])[None, :, None]
        inner_edge = dark_edge + (middle - dark_edge) * (0.9 * np.sin(np.pi * np.clip(t * 0.9 + 0.1, 0, 1)))
        flat = shade == "flat"
        parting = mix(color, deep, 0.7) if not self.dark else mix(color, WHITE, 0.13)
        bodies, shadows = each_ribbon(locks.left, locks.right), each_ribbon(dark_edge, inner_edge)
        left_lines, right_lines = each_stroke(locks.left[:, 2:]), each_stroke(locks.right[:, 2:])
        opacity = 0.35 if shade == "soft" else 0.62 if not grey else 0.5
        for index, body in enumerate(bodies):
            canvas.fill(body, color if flat or grey else mix(color, deep, 0.10 * (index % 3)))
            if not flat and not (grey and self.dark):
                canvas.fill(shadows[index], deep, opacity)
            if self.width:
                canvas.stroke(left_lines[index] + right_lines[index], self.inner_line, self.inner_width)
            elif flat:  # a title without lines on hair still parts one lock from the next
                canvas.stroke(right_lines[index], parting, 1.1)

    def _combed(self, hairline: Points) -> None:
        """Combed-back hair begins in short hairs on the skin, without a line; strands run back from there."""
        shape, sketch, canvas = self.shape, self.sketch, self.canvas
        canvas.stroke(opened(hairline[1:-1]), sketch.hair, self.width + 1.2)
        canvas.fill(brushes(shape.short, 3.0, (0.5, 1, 0.1), 3), sketch.hair)
        flat = self.line.shade in ("flat", "soft") or not self.width
        color: Color = mix(sketch.hair, sketch.hair_line, 0.4) if flat and not self.dark else self.inner_line
        canvas.fill(brushes(shape.combed, max(1.2, 1.25 * self.inner_width), (0.2, 1, 0.7, 0.05), 7), color, 0.9)

    def _flow(self, locks: Locks) -> None:
        """Hair that is combed back, or as a photo shows it: a shadow along each lock, and a line where it ends.

        These locks follow the flow of the whole hair, so they do not cover each other as hanging ones do.
        """
        sketch, canvas = self.sketch, self.canvas
        if not len(locks):
            return
        grey, shade = sketch.title.palette.grey, self.line.shade
        middle = 0.5 * (locks.left + locks.right)
        right_is_left = (locks.left[..., 0] > locks.right[..., 0])[..., None]
        edge = np.where(right_is_left, locks.left, locks.right)
        deep = sketch.hair_shadow if not self.dark else mix(sketch.hair, BLACK, 0.5)
        if not (grey and self.dark):
            t = np.linspace(0, 1, edge.shape[1])[None, :, None]
            inner = edge + (middle - edge) * np.sin(np.pi * t)
            strength = 0.45 if shade in ("soft", "flat") else 0.62 if not grey else 0.5
            canvas.fill(ribbons(edge, inner), deep, strength)
        if self.width:
            canvas.fill(brushes(edge, 1.15 * self.inner_width, (0.15, 1, 0.8, 0.05), 7), self.inner_line)
        elif shade == "flat":
            canvas.fill(brushes(edge, 1.5, (0.1, 1, 0.7, 0.05), 7), mix(sketch.hair, deep, 0.8), 0.9)

    def _shine(self) -> None:
        sketch, canvas, kind = self.sketch, self.canvas, self.hand.shine
        light = sketch.hair_light
        if self.curled:  # in every title: without them curls are a cloud
            self._coils()
            return
        if kind == "none":
            return
        if self.shape.clipped and kind in ("soft", "band", "ring", "blob"):
            self._glints(0.34 if kind == "soft" else 0.6)
            return
        if kind == "soft":
            self._halo(zigzag=True, strength=0.34)
        if kind in ("band", "ring"):
            self._halo(zigzag=kind == "band")
            return
        if kind == "blob":
            place = sketch.warp(sketch.head.scalp([-0.42, -0.12], [-0.34, -0.42]))
            canvas.ellipse(place[0], 0.055, 0.026, light, 0.85, -28)
            canvas.ellipse(place[1], 0.016, 0.013, light, 0.85, -20)
            return
        locks = self.shape.sides if self.shape.clipped else self.shape.fringe
        if not len(locks):
            self._halo(zigzag=True)
            return
        # Some of the locks catch the light, each at its own height.
        chosen = [index for index in range(len(locks)) if index % 5 not in (1, 3)]
        lit = Locks(locks.spine[chosen], locks.left[chosen], locks.right[chosen])
        at = partial(_along, lit.left, lit.right, lit.spine)
        if kind == "streak":
            canvas.fill(_lenses(at, 0.22, 0.62, 0.34), light, 0.7)
        elif kind == "ink":
            shift = 0.06 * np.resize(np.array([0.0, 1.0, -0.8, 0.5, -0.4]), len(chosen))[:, None]
            lines = []
            for offset, start, end in ((-0.5, 0.24, 0.46), (-0.12, 0.16, 0.58), (0.3, 0.3, 0.5)):
                points = [at(t, offset) for t in np.linspace(start, end, 4)]
                flow = points[-1] - points[0]
                lines.append(np.stack([point + shift * flow for point in points[:3]], 1))
            paint, opacity = (WHITE, 0.95) if self.dark else (rgb("707070"), 0.5)
            canvas.fill(brushes(np.concatenate(lines), 2.2, (0, 1, 0.1), 6), paint, opacity)
        else:
            canvas.fill(_lenses(at, 0.12, 0.5, 0.4), light, 0.28)

    def _glints(self, strength: float) -> None:
        """The light round the crown on hair seen in a photo: a patch on each lock that passes its height."""
        sketch, locks = self.sketch, self.shape.sides
        if not len(locks):
            return
        origin, _, down, unit = sketch.axes
        height = (locks.spine - origin) @ down / unit - GLINT
        rows, at = np.arange(len(locks)), np.abs(height).argmin(1)
        lit = (np.abs(height[rows, at]) < 0.35) & (at > 0) & (at < locks.spine.shape[1] - 1)
        rows, at = rows[lit], at[lit]
        if not len(rows):
            return
        middle = locks.spine[rows, at]
        ends = [0.2 * middle + 0.8 * locks.spine[rows, at + step] for step in (-1, 1)]
        wide = np.linalg.norm(locks.left[rows, at] - locks.right[rows, at], axis=1) * 256
        path = brushes(np.stack([ends[0], middle, ends[1]], 1), 0.3 * wide, (0.0, 1.0, 0.0), 8)
        self.canvas.fill(path, sketch.hair_light, strength)

    def _halo(self, *, zigzag: bool, strength: float = 0.6) -> None:
        """Light round the crown in pieces that taper: broken where hair parts, and elsewhere on each head.

        Where `zigzag` is set a piece is made of strokes along the hair, of different lengths, that touch each other.
        """
        sketch = self.sketch
        jitter = np.resize(np.array(self._jitter), 7)
        level = -0.33 + 0.05 * float(jitter[0])
        edges = np.array([(-0.70, -0.12), (-0.02, 0.30), (0.40, 0.58)]) + 0.09 * jitter[1:4, None]
        edges[:, 1] += 0.06 * jitter[4:7]
        tall = np.array([0.085, 0.06, 0.04]) * (1 + 0.25 * jitter[2:5])
        if float(jitter[5]) < -0.2:
            edges, tall = edges[:2], tall[:2]
        if zigzag:
            lines, widths = [], []
            for (start, end), high in zip(edges, tall, strict=True):
                count = max(3, round((end - start) / 0.075))
                t = (np.arange(count) + 0.5) / count
                across = start + (end - start) * t
                reach = high * np.sin(np.pi * t) ** 0.6 * (1.1 + 0.5 * np.resize(jitter, count))
                at = level + 0.10 * across**2
                top = sketch.head.scalp(across * 0.95, at - reach)
                low = sketch.head.scalp(across * 1.02, at + 1.15 * reach)
                lines.append(np.stack([top, 0.5 * (top + low), low], 1))
                widths.append(np.full(count, 1.5 * np.linalg.norm(np.ptp(lines[-1][:, 1], axis=0)) / count))
            path = brushes(sketch.warp(np.concatenate(lines)), np.concatenate(widths) * 256, (0.0, 1.0, 0.0), 5)
        else:
            left, right = [], []
            for (start, end), high in zip(edges, tall, strict=True):
                t = np.linspace(0, 1, 7)
                across = start + (end - start) * t
                thick = high * np.sin(np.pi * t) ** 0.75
                at = level + 0.10 * across**2
                left.append(sketch.head.scalp(across, at - 0.6 * thick))
                right.append(sketch.head.scalp(across, at + 0.6 * thick))
            path = ribbons(sketch.warp(np.array(left)), sketch.warp(np.array(right)))
        self.canvas.fill(path, sketch.hair_light, strength)

    @property
    def _jitter(self) -> tuple[float, ...]:
        hair = self.sketch.person.hair
        return hair.locks if isinstance(hair, Hair) else (0.0,)

    def _coils(self) -> None:
        coils = self.shape.coils
        if coils is None:
            return
        paint = self.sketch.hair_light if self.dark else self.sketch.hair_shadow
        width = max(1.5, self.width)
        with self.canvas.clip(self.front_path):
            self.canvas.fill(brushes(coils, width, (0.2, 1, 0.2), 6), paint, 0.75)

    def _strands(self) -> None:
        """Lines inside the locks and strands that leave the outline."""
        sketch, canvas, count = self.sketch, self.canvas, self.hand.strands
        locks, sides = self.shape.fringe, self.shape.sides
        width = max(0.9, self.width * 0.5)
        paint = self.inner_line if self.width else mix(sketch.hair_shadow, BLACK, 0.2)
        if count and not self.curled and not (self.dark and sketch.title.palette.grey):
            lines = []
            if len(sides):  # one line in a big lock, none like the next
                at = partial(_along, sides.left, sides.right, sides.spine)
                one = np.stack([at(0.2 + 0.55 * t, 0.35 - 0.5 * t) for t in (0, 0.33, 0.66, 1)], 1)
                lines.append(one[::2])
            if len(locks):
                at = partial(_along, locks.left, locks.right, locks.spine)
                for number in range(min(count, 2)):
                    offset = (number + 1) / (min(count, 2) + 1) * 1.5 - 0.75
                    start, end = 0.10 + 0.12 * (number % 2), 0.62 + 0.12 * (number % 2)
                    each = np.stack([at(start + (end - start) * t, offset) for t in (0, 0.33, 0.66, 1)], 1)
                    lines.append(each[number % 2 :: 2] if count < 3 else each)
            if lines:
                canvas.fill(
                    brushes(np.concatenate(lines), width, (0.1, 1, 0.7, 0.05), 5), paint, 0.55 if self.width else 0.3
                )
        if self.shape.strands is not None and len(self.shape.strands):
            canvas.fill(
                brushes(self.shape.strands, max(1.1, self.width * 0.8), (0.9, 0.7, 0.1), 6),
                sketch.hair_line if self.width else sketch.hair,
            )


def _outwards(ring: Points) -> Points:
    """The unit normals of a clockwise outline."""
    along = np.roll(ring, -1, 0) - np.roll(ring, 1, 0)
    out = np.stack([along[:, 1], -along[:, 0]], 1)
    return np.asarray(out / (np.hypot(along[:, 0], along[:, 1]) + 1e-9)[:, None])


def _along(left: Points, right: Points, spine: Points, t: float, offset: float) -> Points:
    """Points `[N, 2]` at share `t` of the locks, `offset` -1 at their right edge, 1 at their left."""
    position = t * (left.shape[1] - 1)
    low = min(int(position), left.shape[1] - 2)
    share = position - low
    a = left[:, low] * (1 - share) + left[:, low + 1] * share
    b = right[:, low] * (1 - share) + right[:, low + 1] * share
    return (a + b) / 2 + (a - b) / 2 * offset


def _lenses(at: Callable[[float, float], Points], start: float, end: float, wide: float) -> str:
    """A patch of light on each lock, pointed where it begins and ends."""
    middle = (start + end) / 2
    points = [at(start, 0.0), at(middle - 0.02, wide), at(middle + 0.04, wide), at(end, 0.15)]
    other = [at(start, 0.0), at(middle - 0.05, -wide), at(middle + 0.02, -wide), at(end, 0.15)]
    return ribbons(np.stack(points, 1), np.stack(other, 1))


def cropped_color(sketch: Sketch) -> Color:
    """Cropped hair as it shows on the skin: dark hair covers it, light and coloured hair is hardly more than a tint."""
    hair, skin = sketch.hair, sketch.skin
    dark = min(1.0, max(0.0, (lightness(skin) - lightness(hair)) / 0.35))
    vivid = min(1.0, 1.4 * max(0.0, max(hair) - min(hair) - 0.2))  # in full colour it would be a bathing cap
    share = 0.42 - 0.24 * dark * (1 - vivid) + 0.18 * vivid
    color = mix(hair, skin, share)
    if sketch.title.palette.grey:  # paper on paper would be a bald head
        color = mix(color, BLACK, 0.2 * min(1.0, max(0.0, 2 * lightness(color) - 1)))
    near = 1 - abs(lightness(color) - lightness(skin)) / 0.1
    # Lighter than the skin it would be a cap.
    return darker(mix(color, sketch.hair_shadow, 0.45 * max(0.0, near)), 0.82 * lightness(skin))


def _warped(shape: HairShape, sketch: Sketch) -> HairShape:
    """The hair on the stylised face. Everything in one pass, since each pass costs the same."""
    groups = {
        name: getattr(shape, name) for name in ("behind", "shaved", "front", "knots", "tails", "tail_roots", "braid")
    }
    bundles = {name: getattr(shape, name) for name in ("back_locks", "sides", "fringe")}
    arrays = {
        name: array
        for name in ("coils", "strands", "stubs", "tail_lines", "braid_tie", "hairline", "combed", "short")
        if (array := getattr(shape, name)) is not None
    }
    parts: list[Points] = [part for group in groups.values() for part in group]
    parts += [part for locks in bundles.values() for part in (locks.spine, locks.left, locks.right)]
    parts += arrays.values()
    moved = sketch.warp(np.concatenate([part.reshape(-1, 2) for part in parts]))
    ends = np.cumsum([part.size // 2 for part in parts])[:-1]
    pieces = iter([piece.reshape(part.shape) for piece, part in zip(np.split(moved, ends), parts, strict=True)])
    result = HairShape(clipped=shape.clipped, stand=shape.stand)
    for name, group in groups.items():
        setattr(result, name, [next(pieces) for _ in group])
    for name in bundles:
        setattr(result, name, Locks(next(pieces), next(pieces), next(pieces)))
    for name in arrays:
        setattr(result, name, next(pieces))
    return result
