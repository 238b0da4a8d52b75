"""Nose and mouth, each in the manners that titles choose from."""

from __future__ import annotations

import numpy as np

from .colors import WHITE, Color, mix, rgb
from .curves import SIDE, Points, brush, brushes, closed, polygon
from .sketch import Sketch


def draw_nose(sketch: Sketch) -> None:
    """The nose: from nothing but a dot to one with a bridge."""
    kind, canvas, line = sketch.title.hand.nose, sketch.canvas, sketch.title.line
    if kind == "none":
        return
    ex, ey = sketch.ex, sketch.ey
    points = sketch.landmarks[27:36]
    tip, base = points[3], points[6]
    side = 1 if sketch.turn > -0.08 else -1
    wide = float(np.linalg.norm(points[8] - points[4])) / 2
    width = max(line.width, 1.2) * (1 + 0.3 * sketch.depth)
    ink = mix(sketch.skin_line, sketch.skin_shadow, 0.25 * (1 - sketch.depth))
    down = base - tip
    d = side * ex

    def stroke(path: list[Points], weight: float, profile: tuple[float, ...], samples: int = 8) -> None:
        canvas.fill(brush(np.array(path), weight, profile, samples), ink)

    if kind in ("mark", "bridge", "real", "tiny") and line.shade != "flat":
        shadow = [
            tip + d * wide * 0.05 + ey * wide * 0.1,
            tip + d * wide * 0.55 + ey * wide * 0.35,
            base + d * wide * 0.75,
        ]
        shadow += [base + ey * wide * 0.22, base - d * wide * 0.3 - ey * wide * 0.05]
        canvas.fill(closed(shadow), sketch.skin_shadow, 0.5 if kind == "tiny" else 0.72)
    if kind == "mark":
        stroke(
            [
                base - ex * wide * 0.42 - ey * wide * 0.08,
                base + ey * wide * 0.06,
                base + ex * wide * 0.38 - ey * wide * 0.1,
            ],
            width * 0.72,
            (0.15, 1, 0.15),
        )
        if abs(sketch.turn) > 0.2:
            stroke(
                [
                    tip - ey * wide * 0.75 + d * wide * 0.05,
                    tip - ey * wide * 0.2 + d * wide * 0.22,
                    tip + ey * wide * 0.25 + d * wide * 0.2,
                ],
                width * 0.6,
                (0, 0.8, 0.5),
            )
    elif kind == "tiny":
        stroke(
            [base - ex * wide * 0.22 - down * 0.35, base + ex * wide * 0.18 - down * 0.28],
            width * 0.85,
            (0.4, 1, 0.4),
            5,
        )
    elif kind == "dot":
        stroke(
            [tip - ey * wide * 0.25 + d * wide * 0.2, tip + d * wide * 0.75 + down * 0.55, base - d * wide * 0.15],
            width * 0.8,
            (0.5, 1, 0.6),
        )
    elif kind in ("bridge", "real"):
        top = points[0] * 0.35 + points[1] * 0.65
        weight = width * 0.75
        if kind == "bridge":
            stroke(
                [
                    top + d * wide * 0.22,
                    points[2] + d * wide * 0.30,
                    tip + d * wide * 0.34,
                    tip + d * wide * 0.42 + ey * wide * 0.3,
                ],
                weight,
                (0.02, 0.5, 1, 0.5),
                10,
            )
        else:
            stroke(
                [
                    points[0] + d * wide * 0.3,
                    points[1] + d * wide * 0.3,
                    points[2] + d * wide * 0.36,
                    tip + d * wide * 0.42,
                ],
                weight * 0.8,
                (0.3, 0.35, 0.6, 0.1),
                10,
            )
        stroke(
            [
                base - ex * wide * 0.55 - ey * wide * 0.12,
                base - ex * wide * 0.15 + ey * wide * 0.08,
                base + ex * wide * 0.25 + ey * wide * 0.05,
                base + ex * wide * 0.5 - ey * wide * 0.14,
            ],
            weight,
            (0.3, 1, 1, 0.3),
        )
        for sign, wing in ((-1, 4), (1, 8)):
            stroke(
                [
                    points[wing] - ey * wide * 0.32,
                    points[wing] + ex * sign * wide * 0.1 - ey * wide * 0.05,
                    points[wing] - ex * sign * wide * 0.06 + ey * wide * 0.08,
                ],
                weight * 0.75,
                (0.1, 0.9, 0.2),
                6,
            )
    else:  # soft: painted, without lines
        deep = mix(sketch.skin_shadow, rgb("5a1a20"), 0.25)
        # The shade beside the ridge begins as a point at the brow, widens to the wing and fades towards the cheek.
        flank = [points[0] + d * wide * 0.22, points[2] + d * wide * 0.25, tip + d * wide * 0.32]
        flank += [
            points[8 if side > 0 else 4] + d * wide * 0.05,
            points[3] * 0.5 + points[2] * 0.5 + d * wide * 0.75,
            points[1] + d * wide * 0.42,
        ]
        ridge = points[2] + d * wide * 0.2
        fade = [(0.0, sketch.skin_shadow, 0.5), (1.0, sketch.skin_shadow, 0.0)]
        canvas.fill(closed(flank), canvas.linear(fade, ridge, ridge + d * wide * 0.85 - ey * wide * 0.45))
        under = [points[4] + ey * wide * 0.02, points[5] + ey * wide * 0.05, base + ey * wide * 0.1]
        under += [points[7] + ey * wide * 0.05, points[8] + ey * wide * 0.02, base - ey * wide * 0.22]
        canvas.fill(closed(under), deep, 0.5)
        for wing, sign in ((5, -1), (7, 1)):
            canvas.ellipse(
                points[wing] + ex * sign * wide * 0.2 - ey * wide * 0.06,
                wide * 0.19,
                wide * 0.1,
                mix(deep, rgb("301015"), 0.6),
                0.75,
            )
        canvas.glow(
            tip - d * wide * 0.12 - ey * wide * 0.08, wide * 0.42, wide * 0.36, mix(sketch.skin, WHITE, 0.7), 0.6
        )


def draw_mouth(sketch: Sketch) -> None:
    """Lips, teeth and what expression makes of them."""
    if sketch.title.hand.mouth in ("comic", "cat"):
        _comic_mouth(sketch)
        return
    canvas, person, line = sketch.canvas, sketch.person, sketch.title.line
    ex, ey, unit = sketch.ex, sketch.ey, sketch.unit
    outer, inner = sketch.landmarks[48:60], sketch.landmarks[60:68]
    grey = sketch.title.palette.grey
    kind = sketch.title.hand.mouth
    ink = mix(sketch.skin_line, rgb("5a1a22"), 0.0 if grey else 0.25 * (1 - sketch.depth))
    width = max(line.width, 1.1) * (1 + 0.3 * sketch.depth)
    gap = float(((inner[5:8] - inner[1:4]) @ ey).mean()) / unit
    span = float(np.linalg.norm(outer[6] - outer[0]))
    upper = np.array([outer[0], inner[1], inner[2], inner[3], outer[6]])
    lower = np.array([outer[6], inner[5], inner[6], inner[7], outer[0]])
    painted = {
        "soft": 0.18 + 0.5 * person.lips,
        "line": 0.34 * person.lips,
        "lips": 0.3 + 0.62 * person.lips,
        "paint": 0.55 + 0.4 * person.lips,
    }[kind]
    painted += (max(painted, 0.55) - painted) * sketch.depth
    below_hair = person.moustache > 0.04 and person.beard <= 0.04
    lip = sketch.lip
    over = mix(lip, sketch.skin_shadow, 0.35)
    if person.beard > 0.04:  # pale lips would be a hole in a beard
        painted = max(painted, 0.8)
        lip = mix(lip, sketch.skin_shadow, 0.2)
        over = mix(lip, sketch.skin_shadow, 0.35)
        if grey:  # between paper and the greys that beards have
            lip, over = rgb("b8b8b8"), rgb("949494")
    if painted > 0.02:
        upper_lip = np.concatenate([outer[0:7], inner[[3, 2, 1]]])
        lower_lip = np.concatenate([outer[6:12], outer[:1], inner[[7, 6, 5]]])
        canvas.fill(closed(upper_lip, 75), over, painted * 0.88)
        # Below a moustache the lower lip tells which of the two is the mouth.
        canvas.fill(closed(lower_lip, 75), lip, max(painted, 0.5) if below_hair else painted)
    if gap > 0.03:
        opening = closed(np.concatenate([upper, lower[1:-1]]), 75)
        canvas.fill(opening, rgb("101010") if grey else mix(rgb("5a1822"), sketch.ink, 0.3))
        with canvas.clip(opening):
            deep = 0.45 * gap * unit if gap > 0.16 else 0.85 * gap * unit
            teeth = np.concatenate([upper, (upper + ey * max(deep, 0.012))[::-1]])
            canvas.fill(closed(teeth, 80), WHITE if grey else sketch.tone(rgb("fff8f4"), "other"))
            if gap > 0.12 and not grey:
                canvas.ellipse(
                    inner[6] + ey * 0.01, span * 0.28, gap * unit * 0.38, mix(sketch.lip, rgb("e06a70"), 0.5)
                )
            if person.anger > 0.35:  # clenched teeth
                canvas.fill(closed(np.concatenate([upper, (upper + ey * gap * unit * 0.9)[::-1]]), 80), WHITE, 0.9)
                seam = (upper + lower[::-1]) / 2
                canvas.fill(brush(seam, width * 0.5, (0.3, 1, 0.3)), ink)
        canvas.fill(brush(upper, width * 0.95, (0.5, 0.8, 1, 0.8, 0.5), 12), ink)
        canvas.fill(brush(lower, width * 0.6, (0.4, 0.8, 1, 0.8, 0.4), 12), mix(ink, sketch.skin_shadow, 0.25))
    else:
        seam = np.array(
            [
                outer[0],
                inner[1] * 0.6 + outer[0] * 0.4,
                inner[1],
                inner[2],
                inner[3],
                inner[3] * 0.6 + outer[6] * 0.4,
                outer[6],
            ]
        )
        paint = mix(sketch.lip, rgb("401018"), 0.7) if kind == "paint" else ink
        canvas.fill(
            brush(seam, width * (1.1 if kind == "paint" else 0.95), (0.35, 0.9, 0.6, 1.0, 0.6, 0.9, 0.35), 14), paint
        )
    below = sketch.landmarks[57]
    wide = span * 0.2
    if kind in ("soft", "line"):
        canvas.fill(
            brush(
                [below - ex * wide + ey * 0.004, below + ey * 0.010, below + ex * wide + ey * 0.004],
                width * 0.6,
                (0.1, 1, 0.1),
                7,
            ),
            mix(ink, sketch.skin_shadow, 0.5),
        )
    if line.shade not in ("flat", "tone"):
        pool = [
            below - ex * wide * 1.1 + ey * 0.013,
            below + ey * 0.016,
            below + ex * wide * 1.1 + ey * 0.013,
            below + ey * 0.028,
        ]
        canvas.fill(closed(pool), sketch.skin_shadow, 0.5)
    if painted >= 0.5 and not grey:
        shine = sketch.landmarks[57] * 0.55 + sketch.landmarks[66] * 0.45 - ex * span * 0.08
        canvas.ellipse(shine, span * 0.11, unit * 0.011, WHITE, 0.6)


# A moustache from its middle outwards: shares of its reach, and of its thickness down from its top. Highest under the
# nose and open over the middle of the lip: the other way round it would be a cupid's bow.
_MOUSTACHE_X = np.array([0.0, 0.30, 0.66, 1.0, 0.78, 0.46, 0.18, 0.0])
_MOUSTACHE_Y = np.array([0.0, 0.05, 0.40, 1.0, 0.96, 0.98, 0.86, 0.64])


def draw_moustache(sketch: Sketch, mouth: Points, root: Points, middle: float, color: Color, edge: Color) -> None:
    """Between nose and upper lip, with skin below it. `mouth` is in the face's axes from `root`, below the nose;
    `middle` is where the moustache's own is along them."""
    unit, axes, line = sketch.unit, np.stack([sketch.ex, sketch.ey]), sketch.title.line
    lip = float(mouth[:, 1].min()) - 0.6 * line.width / SIDE
    lower = lip - max(0.22 * lip, 0.07 * unit)
    thick = max(0.085 * unit, (lower - 0.06 * lip) * min(1.0, 0.7 + 0.5 * sketch.person.moustache))
    top = lower - thick
    sides = []
    for side, corner in ((-1, int(mouth[:, 0].argmin())), (1, int(mouth[:, 0].argmax()))):
        place, height = (float(value) for value in mouth[corner])
        # It ends beyond the mouth's corner and above it, but stays on the cheek of a turned face.
        cheek = float(sketch.contour(side, root @ sketch.ey + lower) - root @ sketch.ex) * side - 0.08 * unit
        reach = min(max(side * place + 0.05 * unit, side * middle + 0.28 * unit), cheek) - side * middle
        drop = min(thick + 0.04 * unit, max(0.5 * thick, height - 0.07 * unit - top))
        down = top + thick * _MOUSTACHE_Y
        down[3] = top + drop
        sides.append((side * reach, down))
    (left, left_down), (right, right_down) = sides
    outline = np.concatenate(
        [
            np.stack([middle + right * _MOUSTACHE_X, right_down], 1),
            np.stack([middle + left * _MOUSTACHE_X, left_down], 1)[-2:0:-1],
        ]
    )
    sketch.line(closed(root + outline @ axes, 70), 0.6 * line.hair_width, edge, color)
    # Hairs, which no lip has.
    along = np.array([0.10, 0.30, 0.52])
    hairs = []
    for reach in (left, right):
        x = middle + reach * np.stack([along, along + 0.10, along + 0.16], 1)
        y = top + thick * np.stack([0.18 + 0.3 * along, 0.4 + 0.3 * along, 0.7 + 0.2 * along], 1)
        hairs.append(np.stack([x, y], 2))
    sketch.canvas.fill(brushes(root + np.concatenate(hairs) @ axes, 1.3, (0.1, 1, 0.1), 5), edge, 0.7)


def smiles(sketch: Sketch) -> bool:
    """Whether the mouth of a comic title is drawn as a smile."""
    person = sketch.person
    _, gap, smile, _ = _comic_measures(sketch)
    if gap > 0.06:
        return smile < 0.05 and person.tears <= 0.05
    return smile < 0.02 and person.anger <= 0.3


def _comic_measures(sketch: Sketch) -> tuple[Points, float, float, float]:
    """The middle of the mouth, its opening in units of the eyes' distance, how far the corners hang, the width."""
    outer, inner = sketch.landmarks[48:60], sketch.landmarks[60:68]
    middle = (outer[0] + outer[6]) / 2
    span = float(np.linalg.norm(outer[6] - outer[0]))
    gap = float(((inner[5:8] - inner[1:4]) @ sketch.ey).mean()) / sketch.unit
    return middle, gap, float((middle - inner[2]) @ sketch.ey) / span, span


def _comic_depth(sketch: Sketch) -> float:
    _, gap, _, span = _comic_measures(sketch)
    return gap * sketch.unit * 1.6 + span * 0.12


def _comic_bend(sketch: Sketch) -> float:
    """How far the middle of a comic title's closed mouth hangs below its corners, in widths of the mouth."""
    smile = _comic_measures(sketch)[2]
    return max(-0.16, min(0.22 if sketch.person.tears <= 0.05 else -0.08, 0.05 - 1.2 * smile))


def _comic_opening(sketch: Sketch) -> Points:
    """The outline of a comic title's open mouth, from its left corner over the upper edge: a laugh or a cry."""
    middle, _, _, span = _comic_measures(sketch)
    deep = _comic_depth(sketch)
    if smiles(sketch):
        left, right = (sketch.landmarks[corner] - middle for corner in (48, 54))
        across, down = np.array([0.3, 0.0, -0.3]) * span, np.array([0.75, 1.0, 0.75]) * deep
        low = np.outer(across, sketch.ex) + np.outer(down, sketch.ey)
        return np.asarray(middle + np.concatenate([[left, 0 * left, right], low]))
    across = np.array([-0.22, 0.0, 0.22, 0.36, 0.0, -0.36]) * span
    down = np.array([-0.2, -0.35, -0.2, 0.5, 0.45, 0.5]) * deep
    return np.asarray(middle + np.outer(across, sketch.ex) + np.outer(down, sketch.ey))


def mouth_outline(sketch: Sketch) -> Points:
    """What the drawn mouth fills, from its left corner over the upper edge and back: where no beard may grow."""
    outer = sketch.landmarks[48:60]
    if sketch.title.hand.mouth not in ("comic", "cat"):
        return outer
    middle, gap, _, span = _comic_measures(sketch)
    if gap > 0.06:
        return _comic_opening(sketch)
    bend = 0.0 if sketch.person.anger > 0.3 else _comic_bend(sketch)
    across = np.array([-0.42, 0.0, 0.42, 0.0]) * span
    down = np.array([0.0, min(0.0, bend) - 0.05, 0.0, max(0.0, bend) + 0.06]) * span
    return np.asarray(middle + np.outer(across, sketch.ex) + np.outer(down, sketch.ey))


def _comic_mouth(sketch: Sketch) -> None:
    canvas, person, line = sketch.canvas, sketch.person, sketch.title.line
    ex, ey = sketch.ex, sketch.ey
    ink, width = sketch.ink, max(1.8, line.width)
    left, right = sketch.landmarks[48], sketch.landmarks[54]
    middle, gap, smile, span = _comic_measures(sketch)
    if gap > 0.06:
        deep, happy = _comic_depth(sketch), smiles(sketch)
        shape = _comic_opening(sketch)
        path = closed(shape, 80)
        canvas.fill(path, rgb("7a2430"))
        with canvas.clip(path):
            canvas.ellipse(middle + ey * deep * (1.05 if happy else 0.55), span * 0.3, deep * 0.5, rgb("f08a86"))
            if happy:
                band = [
                    left - ey * span * 0.2,
                    right - ey * span * 0.2,
                    right + ey * deep * 0.22,
                    left + ey * deep * 0.22,
                ]
                canvas.fill(polygon(band), WHITE)
        canvas.stroke(path, ink, width * 0.8)
        return
    if person.anger > 0.3:
        x = np.linspace(-0.36, 0.36, 5)
        y = np.array([0.05, -0.06, 0.05, -0.06, 0.05])
        canvas.fill(brush(middle + np.outer(x * span, ex) + np.outer(y * span, ey), width, (0.8, 1, 0.8), 9), ink)
    elif sketch.title.hand.mouth == "cat" and smile > -0.02 and person.tears <= 0.05:
        x = np.array([-0.36, -0.26, -0.1, 0.0, 0.1, 0.26, 0.36])
        y = np.array([-0.06, 0.04, 0.05, -0.05, 0.05, 0.04, -0.06])
        canvas.fill(
            brush(middle + np.outer(x * span, ex) + np.outer(y * span, ey), width * 0.9, (0.6, 1, 1, 1, 0.6), 14), ink
        )
    else:
        curve = [left + ex * span * 0.1, middle + ey * span * _comic_bend(sketch), right - ex * span * 0.1]
        canvas.fill(brush(curve, width * 0.95, (0.75, 1, 0.75), 10), ink)
