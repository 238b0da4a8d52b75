"""What people wear on face and hair: glasses, clips, ribbons, bands, flowers."""

from __future__ import annotations

import math

import numpy as np

from .colors import WHITE, mix, rgb
from .curves import Points, brush, closed, opened, polygon
from .sketch import Sketch


def draw_glasses(sketch: Sketch) -> None:
    """Two lenses, a bridge, and the arms to the ears."""
    kind = sketch.person.glasses
    if not kind:
        return
    canvas, points = sketch.canvas, sketch.landmarks
    ex, ey = sketch.ex, sketch.ey
    eyes = [points[36:42], points[42:48]]
    halves = [float(np.linalg.norm(eye[3] - eye[0])) / 2 for eye in eyes]
    half = sum(halves) / 2
    grey = sketch.title.palette.grey
    frame = sketch.ink if grey else mix(sketch.skin_line, rgb("20202a"), 0.5)
    width = max(1.7, sketch.title.line.width * 0.9)
    large = 1 + 0.16 * max(0.0, sketch.title.hand.eye.width - 1)
    tall_eyes = 1 + 0.22 * max(0.0, sketch.title.hand.eye.width * sketch.title.hand.eye.height - 0.9)
    angle = np.linspace(0, 2 * math.pi, 17)[:-1]
    round_ = kind == "round"
    for index, (eye, own) in enumerate(zip(eyes, halves, strict=True)):
        middle = eye.mean(0)
        rx = own * 1.6 * large
        ry = half * (1.42 if round_ else 1.12) * tall_eyes
        power = 1.0 if round_ else 0.6
        x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power * rx
        y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power * ry
        rim = middle + np.outer(x, ex) + np.outer(y + ry * 0.12, ey)
        path = closed(rim, 100)
        canvas.fill(path, WHITE, 0.12)
        glint = np.array([(-0.6, 0.2), (-0.1, -0.62), (0.12, -0.62), (-0.38, 0.2)])
        canvas.fill(polygon(middle + np.outer(glint[:, 0] * rx, ex) + np.outer(glint[:, 1] * ry, ey)), WHITE, 0.32)
        canvas.stroke(path, frame, width)
        if kind == "half":
            canvas.stroke(opened(np.concatenate([rim[9:16], rim[:1]])), frame, width * 1.8)
        side = -1 if index == 0 else 1
        hinge = middle + ex * side * rx
        ear = points[0] if index == 0 else points[16]
        canvas.stroke(opened(np.array([hinge, (hinge + ear) / 2 - ey * 0.004, ear])), frame, width)
    a, b = eyes[0].mean(0) + ex * halves[0] * 1.58 * large, eyes[1].mean(0) - ex * halves[1] * 1.58 * large
    canvas.stroke(opened(np.array([a, (a + b) / 2 - ey * 0.012, b])), frame, width)


def draw_accessory(sketch: Sketch) -> None:
    """An ornament in the hair."""
    kind = sketch.person.accessory
    if not kind:
        return
    canvas, scale = sketch.canvas, sketch.head.scale
    color = sketch.tone(mix(sketch.person.cloth_color, rgb("e84a6a"), 0.55), "cloth")
    ink, width = sketch.hair_line, sketch.title.line.width * 0.8
    dark = sketch.shadow(color)
    ex, ey = sketch.ex, sketch.ey

    def place(across: float, down: float) -> Points:
        return sketch.warp(sketch.head.scalp([across], [down]))[0]

    def local(points: list[tuple[float, float]], at: Points, size: float) -> Points:
        offsets = np.array(points) * size * scale
        return at + np.outer(offsets[:, 0], ex) + np.outer(offsets[:, 1], ey)

    if kind == "band":
        across = np.linspace(-0.98, 0.98, 11)
        upper = sketch.warp(sketch.head.scalp(across, -0.50 + 0.9 * across**4))
        lower = sketch.warp(sketch.head.scalp(across, -0.26 + 0.84 * across**4))
        sketch.line(closed(np.concatenate([upper, lower[::-1]]), 60), width, paint=ink, fill=color)
        canvas.fill(brush((upper + lower)[6:] / 2, 3.0, (0.1, 1, 0.2), 8), dark, 0.6)
    elif kind == "clip":
        for shift in (0.0, 0.055):
            at = place(0.62, 0.02) + ey * shift * scale
            bar = local([(-0.065, -0.010), (0.06, -0.024), (0.068, -0.002), (-0.06, 0.014)], at, 1.0)
            sketch.line(closed(bar, 40), width, paint=ink, fill=color)
    elif kind == "ribbon":
        at = place(0.66, -0.52)
        for side in (-1, 1):
            loop = local([(0, 0), (side * 0.07, -0.065), (side * 0.15, -0.05), (side * 0.135, 0.045), (side * 0.06, 0.04)], at, 1.0)
            tail = local([(0, 0), (side * 0.025, 0.07), (side * 0.09, 0.125), (side * 0.10, 0.07), (side * 0.03, 0.0)], at, 1.0)
            sketch.line(closed(tail, 45), width, paint=ink, fill=mix(color, dark, 0.5))
            sketch.line(closed(loop, 60), width, paint=ink, fill=color)
        canvas.ellipse(at, 0.024 * scale, 0.026 * scale, color, outline=(ink, max(0.6, width)))
    else:  # flower
        at = place(0.72, -0.22)
        petal = sketch.tone(mix(rgb("f8d0d8"), sketch.person.cloth_color, 0.25), "cloth")
        for index in range(5):
            a = 2 * math.pi * index / 5 - 0.3
            tip = at + 0.052 * scale * np.array([math.cos(a), math.sin(a)])
            canvas.ellipse(tip, 0.042 * scale, 0.034 * scale, petal, degrees=math.degrees(a), outline=(ink, max(0.5, width * 0.8)) if width else None)
        canvas.ellipse(at, 0.024 * scale, 0.024 * scale, sketch.tone(rgb("f4c04a"), "cloth"))
