"""Neck, shoulders and clothes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .colors import BLACK, WHITE, Color, lightness, mix, rgb
from .curves import brush, closed, opened
from .sketch import Sketch, bounds


def draw_body(sketch: Sketch) -> None:
    """Neck and shoulders, and what is worn on them."""
    canvas, person, line = sketch.canvas, sketch.person, sketch.title.line
    points = sketch.landmarks
    scale = sketch.head.scale
    under = sketch.head.project([(0, 0.78, -0.25)])[0]
    x = under[0] * 0.6 + points[8, 0] * 0.4
    # Where the chin is low, the shoulders rise into the picture: a tip of a collar alone would say nothing.
    y = min(points[8, 1], max(0.945 - 0.115 * scale, points[8, 1] - 0.11 * scale))
    wide = (0.118 + 0.048 * person.neck) * scale
    slope = 0.02 * person.neck
    half = np.array(
        [
            (-wide, y - 0.18 * scale),
            (-wide * 0.97, y + 0.01),
            (-wide - 0.03 * scale, y + 0.10 * scale),
            (-0.36 * scale, y + (0.22 - slope) * scale),
            (-0.36 * scale, 1.3),
        ]
    )
    shift = np.array([x, 0.0])
    neck = np.concatenate([half, (half * (-1, 1))[::-1]]) + shift
    canvas.fill(closed(neck), sketch.skin)
    _neck_shadow(sketch, x, wide, y)
    if line.width:
        for edge in (neck[:4], neck[-4:][::-1]):
            canvas.fill(brush(edge, line.width, (0.8, 1, 0.8, 0.3), 9), sketch.skin_line)
        if person.neck > 0.6:  # throat
            throat = np.array(
                [(x - 0.012, y + 0.055 * scale), (x + 0.004, y + 0.085 * scale), (x - 0.006, y + 0.105 * scale)]
            )
            canvas.fill(
                brush(throat, line.width * 0.6, (0.1, 1, 0.2), 6), mix(sketch.skin_line, sketch.skin_shadow, 0.4)
            )
    bone = y + 0.125 * scale
    for side in (-1, 1):
        line_of_bone = np.array(
            [
                (x + side * 0.05 * scale, bone + 0.045 * scale),
                (x + side * 0.14 * scale, bone + 0.02 * scale),
                (x + side * 0.24 * scale, bone + 0.035 * scale),
            ]
        )
        canvas.fill(brush(line_of_bone, max(1.0, line.width * 0.6), (0.1, 1, 0.2), 6), sketch.skin_shadow)
    _clothes(sketch, x, y + 0.115 * scale, wide, scale)


def _neck_shadow(sketch: Sketch, x: float, wide: float, y: float) -> None:
    """The head's shadow on the neck."""
    line, points = sketch.title.line, sketch.landmarks
    scale = sketch.head.scale
    deep = 0.05 * scale * (0.8 + 0.25 * line.side)
    steps = (1.0,) if line.shade in ("flat", "cel") else (1.0, 0.55) if line.shade != "soft" else (1.25, 0.85, 0.5)
    regions = []
    for step in steps:
        jaw = points[3:14] + np.array([0.0 if line.shade == "flat" else 0.012 * step, deep * step])
        jaw[:, 0] = np.clip(jaw[:, 0], x - wide, x + wide)
        regions.append(
            closed(np.concatenate([jaw[::-1], [(x - wide, y - 0.15 * scale), (x + wide, y - 0.15 * scale)]]), 40)
        )
    if line.shade == "flat":
        sketch.canvas.fill(regions[0], mix(sketch.skin, sketch.skin_shadow, 0.75))
    else:
        sketch.shade(regions, sketch.skin, (x - wide, y - 0.15 * scale, x + wide, y + 1.4 * deep))


def _clothes(sketch: Sketch, x: float, y: float, wide: float, k: float) -> None:
    canvas, person, line = sketch.canvas, sketch.person, sketch.title.line
    shift = np.array([x, 0.0])
    collar = person.collar
    cloth = sketch.cloth
    grey = sketch.title.palette.grey
    dark = sketch.shadow(cloth) if not grey else mix(cloth, BLACK if lightness(cloth) > 0.5 else WHITE, 0.3)
    ink = sketch.skin_line
    shoulder = 0.60 + 0.05 * person.neck
    side = [
        (-1.1 * k, 1.45),
        (-shoulder * k, y + 0.24 * k),
        (-0.38 * k, y + 0.105 * k),
        (-(wide + 0.10 * k), y + 0.02 * k),
        (-(wide + 0.035 * k), y - 0.025 * k),
    ]
    middles = {
        "crew": [(0, y + 0.075 * k)],
        "v": [(-0.03 * k, y + 0.20 * k), (0, y + 0.26 * k), (0.03 * k, y + 0.20 * k)],
        "shirt": [(0, y + 0.17 * k)],
        "suit": [(0, y + 0.30 * k)],
        "hood": [(0, y + 0.06 * k)],
        "turtle": [(0, y + 0.02)],
        "sailor": [(-0.03 * k, y + 0.17 * k), (0, y + 0.24 * k), (0.03 * k, y + 0.17 * k)],
        "robe": [(-0.02 * k, y + 0.16 * k), (0.01 * k, y + 0.24 * k), (0.05 * k, y + 0.16 * k)],
    }
    half = np.array(side)
    body = np.concatenate([half, middles[collar], (half * (-1, 1))[::-1]]) + shift
    sketch.line(closed(body, 40), line.width, paint=ink, fill=cloth)
    if line.shade != "flat":
        fold = [
            (wide + 0.075 * k, y + 0.03 * k),
            (0.34 * k, y + 0.112 * k),
            (0.58 * k, y + 0.23 * k),
            (0.9 * k, 1.4),
            (0.22 * k, 1.4),
            (0.27 * k, y + 0.2 * k),
        ]
        sketch.shade([closed(np.array(fold) + shift)], cloth, bounds(np.array(fold) + shift), 0.8)

    def piece(points: ArrayLike, paint: Color, corner: float = 30) -> None:
        sketch.line(closed(np.array(points) + shift, corner), line.width * 0.9, paint=ink, fill=paint)

    if collar in ("shirt", "suit"):
        linen = mix(cloth, WHITE, 0.2) if collar == "shirt" else sketch.tone(rgb("f4f2ee"), "cloth")
        if collar == "suit":
            piece([(-(wide + 0.05 * k), y), (0, y + 0.32 * k), (wide + 0.05 * k, y), (0, y + 0.12 * k)], linen, 20)
            tie = sketch.tone(mix(person.cloth_color, rgb("a03040"), 0.6), "cloth")
            piece(
                [
                    (-0.028 * k, y + 0.11 * k),
                    (0.028 * k, y + 0.11 * k),
                    (0.05 * k, y + 0.42 * k),
                    (-0.05 * k, y + 0.42 * k),
                ],
                tie,
                20,
            )
            piece(
                [
                    (-0.035 * k, y + 0.10 * k),
                    (0.035 * k, y + 0.10 * k),
                    (0.022 * k, y + 0.155 * k),
                    (-0.022 * k, y + 0.155 * k),
                ],
                tie,
                20,
            )
        for s in (-1, 1):
            piece(
                [
                    (s * (wide + 0.045 * k), y - 0.03 * k),
                    (s * 0.02 * k, y + 0.11 * k),
                    (s * 0.11 * k, y + 0.19 * k),
                    (s * 0.22 * k, y + 0.06 * k),
                ],
                linen,
            )
        if collar == "suit":
            for s in (-1, 1):
                piece(
                    [
                        (s * (wide + 0.075 * k), y),
                        (s * 0.235 * k, y + 0.16 * k),
                        (s * 0.155 * k, y + 0.19 * k),
                        (s * 0.20 * k, y + 0.23 * k),
                        (s * 0.02 * k, y + 0.46 * k),
                        (s * 0.085 * k, y + 0.2 * k),
                    ],
                    mix(cloth, dark, 0.25),
                    25,
                )
    elif collar == "hood":
        for s in (-1, 1):  # it lies round the neck and falls to the shoulders without a step
            piece(
                [
                    (s * (wide - 0.01 * k), y - 0.075 * k),
                    (s * (wide + 0.045 * k), y - 0.07 * k),
                    (s * (wide + 0.10 * k), y - 0.025 * k),
                    (s * (wide + 0.17 * k), y + 0.045 * k),
                    (s * (wide + 0.25 * k), y + 0.12 * k),
                    (s * (wide + 0.10 * k), y + 0.145 * k),
                    (s * 0.015 * k, y + 0.15 * k),
                    (s * 0.055 * k, y + 0.085 * k),
                ],
                mix(cloth, dark, 0.35),
                62,
            )
            cord = (
                np.array([(s * 0.055 * k, y + 0.12 * k), (s * 0.062 * k, y + 0.2 * k), (s * 0.055 * k, y + 0.28 * k)])
                + shift
            )
            canvas.stroke(opened(cord), mix(cloth, WHITE, 0.6), 2.0)
    elif collar == "turtle":
        roll = np.array(
            [
                (-(wide + 0.015 * k), y - 0.06 * k),
                (0, y - 0.03 * k),
                (wide + 0.015 * k, y - 0.06 * k),
                (wide + 0.06 * k, y + 0.09 * k),
                (0, y + 0.135 * k),
                (-(wide + 0.06 * k), y + 0.09 * k),
            ]
        )
        piece(roll, cloth, 50)
        fold = np.array([(-0.85 * wide, y + 0.078 * k), (0, y + 0.118 * k), (0.95 * wide, y + 0.07 * k)]) + shift
        canvas.fill(brush(fold, 1.8, (0.1, 0.7, 1, 0.2), 9), dark, 0.7)
    elif collar == "sailor":
        trim = sketch.tone(rgb("f6f4f0"), "cloth")
        for s in (-1, 1):
            outer = [
                (s * (wide + 0.04 * k), y - 0.02 * k),
                (s * 0.01 * k, y + 0.25 * k),
                (s * 0.16 * k, y + 0.3 * k),
                (s * 0.36 * k, y + 0.13 * k),
            ]
            piece(outer, trim)
            stripe = (
                np.array(
                    [
                        (s * (wide + 0.075 * k), y + 0.015 * k),
                        (s * 0.06 * k, y + 0.235 * k),
                        (s * 0.15 * k, y + 0.265 * k),
                        (s * 0.31 * k, y + 0.13 * k),
                    ]
                )
                + shift
            )
            canvas.stroke(opened(stripe, 20), cloth, 2.2)
        knot = sketch.tone(rgb("d04a5a"), "cloth")
        piece(
            [
                (0, y + 0.24 * k),
                (-0.09 * k, y + 0.20 * k),
                (-0.08 * k, y + 0.31 * k),
                (0, y + 0.27 * k),
                (0.08 * k, y + 0.31 * k),
                (0.09 * k, y + 0.20 * k),
            ],
            knot,
            40,
        )
    elif collar == "robe":
        band = sketch.tone(rgb("f6f2ea"), "cloth")
        piece(
            [
                (wide - 0.01 * k, y - 0.06 * k),
                (wide + 0.05 * k, y - 0.05 * k),
                (wide + 0.10 * k, y + 0.02 * k),
                (-0.02 * k, y + 0.34 * k),
                (-0.12 * k, y + 0.5 * k),
                (-0.10 * k, y + 0.36 * k),
            ],
            mix(band, sketch.shadow(band), 0.35),
            35,
        )
        piece(
            [
                (-(wide - 0.01 * k), y - 0.06 * k),
                (-(wide + 0.05 * k), y - 0.05 * k),
                (-(wide + 0.09 * k), y + 0.02 * k),
                (0.05 * k, y + 0.42 * k),
                (0.13 * k, y + 0.46 * k),
                (0.03 * k, y + 0.2 * k),
            ],
            band,
            35,
        )
    elif collar == "crew":
        rim = (
            np.array(
                [
                    (-(wide + 0.05 * k), y - 0.003),
                    (-0.09 * k, y + 0.06 * k),
                    (0, y + 0.079 * k),
                    (0.09 * k, y + 0.06 * k),
                    (wide + 0.05 * k, y - 0.003),
                ]
            )
            + shift
        )
        under = rim + np.array([0, 0.026 * k])
        canvas.fill(brush(under, max(1.0, line.width * 0.7), (0.4, 1, 0.4), 10), mix(ink, dark, 0.4))
