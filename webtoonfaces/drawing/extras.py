"""What people wear on face and hair: glasses, clips, ribbons, bands, flowers."""

from __future__ import annotations

import math

import numpy as np

from .colors import WHITE, Color, apart, darker, lightness, mix, rgb
from .curves import Points, brush, closed, opened
from .eyes import Eye, lens, lens_power, measured_eyes
from .person import Hair
from .sketch import HIDES_EAR, Sketch


def _frame(sketch: Sketch) -> tuple[Color, float]:
    """The colour of a frame and the width of its line."""
    color = sketch.ink if sketch.title.palette.grey else mix(sketch.skin_line, rgb("20202a"), 0.5)
    color = darker(color, 0.32 * lightness(sketch.skin))
    # A dark rim is lost between dark skin and dark lashes: there a drawing has it in gold. A photo shows what is worn.
    gold = min(1.0, max(0.0, (sketch.depth - 0.44) / 0.02)) if sketch.title.hand.jaw > 0 else 0.0
    metal = mix(rgb("f4cc70"), sketch.tone(rgb("f4cc70"), "other"), 0.4)
    return mix(color, metal, gold), max(1.7, sketch.title.line.width * 0.9)


def draw_arms(sketch: Sketch, eyes: tuple[Eye, Eye] | None = None) -> None:
    """The arms of glasses, to the ears that are seen and to the contour that hides one; the hair covers them."""
    if not sketch.person.glasses:
        return
    eyes = eyes or measured_eyes(sketch)
    color, width = _frame(sketch)
    for index, side in ((0, -1), (1, 1)):
        middle, rx, ry = lens(sketch, eyes[index])
        hinge = middle + sketch.ex * side * rx
        if sketch.turn * side > HIDES_EAR:
            height = float(hinge @ sketch.ey) - 0.1 * ry
            end = sketch.ex * float(sketch.contour(side, height)) + sketch.ey * height
        else:
            end = sketch.landmarks[0 if index == 0 else 16] - sketch.ey * 0.004
        if float((end - hinge) @ sketch.ex) * side > 0.02 * sketch.unit:
            sketch.canvas.stroke(opened(np.array([hinge, (hinge + end) / 2 - sketch.ey * 0.004, end])), color, width)


def draw_lenses(sketch: Sketch, eyes: tuple[Eye, Eye] | None = None) -> None:
    """Two lenses and a bridge."""
    kind = sketch.person.glasses
    if not kind:
        return
    eyes = eyes or measured_eyes(sketch)
    canvas, ex, ey = sketch.canvas, sketch.ex, sketch.ey
    color, width = _frame(sketch)
    angle = np.linspace(0, 2 * math.pi, 17)[:-1]
    power = 2 / lens_power(kind)
    inner = []
    for index in (0, 1):
        middle, rx, ry = lens(sketch, eyes[index])
        x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power * rx
        y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power * ry
        rim = middle + np.outer(x, ex) + np.outer(y, ey)
        path = closed(rim, 100)
        canvas.fill(path, WHITE, 0.06)
        if sketch.person.eye_open[index] > 0.5:
            glint = np.array([(-0.84, 0.0), (-0.72, -0.5), (-0.36, -0.84)])
            shine = middle + np.outer(glint[:, 0] * rx, ex) + np.outer(glint[:, 1] * ry, ey)
            canvas.fill(brush(shine, 2.4, (0.1, 1, 0.1), 8), WHITE, 0.55)
        canvas.stroke(path, color, width)
        if kind == "half":
            canvas.stroke(opened(np.concatenate([rim[9:16], rim[:1]])), color, width * 1.8)
        inner.append(middle + ex * rx * (1 if index == 0 else -1))
    a, b = inner
    canvas.stroke(opened(np.array([a, (a + b) / 2 - ey * 0.012, b])), color, width)


def _over_head(sketch: Sketch, top: float, ends: float) -> Points:
    """An arc over the head from one edge of the hair to the other; `top` as in `Head.scalp`, `ends` in degrees."""
    hair = sketch.person.hair
    stand = 0.03 + (0.04 * hair.volume if isinstance(hair, Hair) else 0.02) + sketch.title.hand.hair.volume
    left, right = sketch.head.silhouette([-ends, ends], stand * 0.62)
    middle = (left + right) / 2
    crown = sketch.head.scalp([0.0], [top])[0] - middle
    angle = np.linspace(-np.pi / 2, np.pi / 2, 11)
    return sketch.warp(middle + np.outer(np.sin(angle), (right - left) / 2) + np.outer(np.cos(angle), crown))


def draw_accessory(sketch: Sketch) -> None:
    """An ornament in the hair."""
    kind, hair = sketch.person.accessory, sketch.person.hair
    if not kind or (isinstance(hair, Hair) and hair.length < 0.25):  # nothing holds in cropped hair
        return
    canvas, scale = sketch.canvas, sketch.head.scale
    color = apart(sketch.tone(mix(sketch.person.cloth_color, rgb("e84a6a"), 0.55), "cloth"), sketch.hair)
    ink, width = sketch.hair_line, sketch.title.line.width * 0.8
    dark = sketch.shadow(color)
    ex, ey = sketch.ex, sketch.ey

    def place(across: float, down: float) -> Points:
        return sketch.warp(sketch.head.scalp([across], [down]))[0]

    def local(points: list[tuple[float, float]], at: Points, size: float) -> Points:
        offsets = np.array(points) * size * scale
        return at + np.outer(offsets[:, 0], ex) + np.outer(offsets[:, 1], ey)

    if kind == "band":
        upper, lower = (_over_head(sketch, top, ends) for top, ends in ((-0.60, 76.0), (-0.40, 84.0)))
        sketch.line(closed(np.concatenate([upper, lower[::-1]]), 60), width, paint=ink, fill=color)
        canvas.fill(brush((upper + lower)[5:] / 2, 3.0, (0.1, 1, 0.2), 8), dark, 0.6)
    elif kind == "clip":
        # One broad drop with its tongue: two bars on locks that part read as a sign.
        at = place(0.62, 0.04)
        drop = [(-0.085, 0.040), (-0.070, 0.020), (0.020, -0.040), (0.066, -0.058), (0.088, -0.036), (0.074, -0.004)]
        drop += [(0.030, 0.022), (-0.066, 0.052)]
        sketch.line(closed(local(drop, at, 1.0), 62), width, paint=ink, fill=color)
        tongue = local([(-0.045, 0.029), (0.010, 0.001), (0.052, -0.026)], at, 1.0)
        canvas.fill(brush(tongue, 4.2 * scale / 0.9, (0.3, 0.8, 1.0), 8), dark, 0.9)
        shine = local([(0.000, -0.022), (0.034, -0.041), (0.062, -0.050)], at, 1.0)
        canvas.fill(brush(shine, 2.2, (0.1, 1, 0.1), 6), WHITE, 0.55)
    elif kind == "ribbon":
        at = place(0.66, -0.52)
        for side in (-1, 1):
            loop = local(
                [(0, 0), (side * 0.07, -0.065), (side * 0.15, -0.05), (side * 0.135, 0.045), (side * 0.06, 0.04)],
                at,
                1.0,
            )
            tail = local(
                [(0, 0), (side * 0.025, 0.07), (side * 0.09, 0.125), (side * 0.10, 0.07), (side * 0.03, 0.0)], at, 1.0
            )
            sketch.line(closed(tail, 45), width, paint=ink, fill=mix(color, dark, 0.5))
            sketch.line(closed(loop, 60), width, paint=ink, fill=color)
        canvas.ellipse(at, 0.024 * scale, 0.026 * scale, color, outline=(ink, max(0.6, width)))
    else:  # flower
        at = place(0.72, -0.22)
        petal = sketch.tone(mix(rgb("f8d0d8"), sketch.person.cloth_color, 0.25), "cloth")
        for index in range(5):
            a = 2 * math.pi * index / 5 - 0.3
            tip = at + 0.052 * scale * np.array([math.cos(a), math.sin(a)])
            canvas.ellipse(
                tip,
                0.042 * scale,
                0.034 * scale,
                petal,
                degrees=math.degrees(a),
                outline=(ink, max(0.5, width * 0.8)) if width else None,
            )
        canvas.ellipse(at, 0.024 * scale, 0.024 * scale, sketch.tone(rgb("f4c04a"), "cloth"))
