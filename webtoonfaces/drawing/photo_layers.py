"""The flat layers of a pseudo-photo: what covers what, and its colour in plain light, without any stylising."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .body import draw_body
from .canvas import Canvas
from .colors import WHITE, Color, adjusted, lightness, mix, ramp, rgb
from .curves import Points, brush, brushes, clockwise, closed, resample, ribbons
from .extras import draw_accessory, draw_arms, draw_lenses
from .eyes import brow_paths
from .face import draw_ear, draw_face_shadows, draw_skin
from .hair_shape import HairShape, Locks, hair_shape
from .person import Hair, Person
from .raster import rendered
from .relief import Grid
from .sketch import Sketch
from .title import EyeHand, HairHand, Hand, Line, Palette, Title

# A manner that changes nothing: landmarks stay where they are, nothing is outlined.
PLAIN = Title(
    "photo-like",
    Hand(
        0.0,
        1.0,
        0.96,
        1.0,
        1.0,
        0.0,
        1.0,
        1.2,
        0.0,
        EyeHand("almond", 1.04, 0.6, 0.0, apart=0.0, down=0.0),
        HairHand(10, 0.85, 0.75, 0.5, -0.004, -0.15, flyaway=0.0),
        "none",
        "paint",
    ),
    Line(0.0, 0.0, rgb("1c1210"), 0.5, "flat", 0.35, 0.0, 0.0, "soft", 0.3, 0.0),
    Palette(shadow=rgb("a05848"), shadow_depth=0.4, background="flat"),
)


# Skin as it is in photographs, from light to dark: redder and less yellow than ink.
SKINS = tuple(map(rgb, ("e8c2ac", "deb298", "cc9e84", "b38870", "946e5c", "755346", "573e34", "3e2d27")))


@dataclass
class Layers:
    """Layers at one size: colours are gamma-coded float32 `[S, S, 3]`, alphas `[S, S]`, all in [0, 1]."""

    body: Grid
    body_alpha: Grid
    face: Grid
    face_alpha: Grid
    worn: Grid | None  # glasses and what is in the hair
    worn_alpha: Grid | None
    beard: Grid | None  # alpha
    natural: Color  # the colour of brows and beard
    hair_back: Grid
    hair_front: Grid
    hair_short: Grid
    shape: HairShape


def raster(canvas: Canvas, size: int) -> tuple[Grid, Grid]:
    """Colours `[S, S, 3]` and alpha `[S, S]` of a canvas."""
    values = np.asarray(rendered(canvas.svg(size), size, "RGBA"), dtype=np.float32) / 255
    return values[..., :3], values[..., 3]


def dye(color: Color) -> float:
    """0 for hair as it grows, which is redder than green and greener than blue; 1 for any other hue."""
    red, green, blue = color
    return min(1.0, 8.0 * max(0.0, green - red, blue - green - 0.02))


def photo_colors(person: Person) -> Person:
    """The person in the colours that skin, hair, eyes and cloth have: no fantasy, nothing as bright as paint."""
    skin = mix(person.skin, ramp(1 - (lightness(person.skin) - 0.18) / 0.72, SKINS), 0.7)
    dyed = dye(person.hair_color)
    hair = adjusted(person.hair_color, saturation=0.82 - 0.32 * dyed, value=0.8 - 0.24 * dyed)
    hair = mix(hair, rgb("2a2018"), 0.10 + 0.2 * dyed)
    eye = mix(adjusted(person.eye_color, saturation=0.65, value=0.8), rgb("3a2a1c"), 0.35)
    lip = mix(adjusted(person.lip_color, saturation=1.0, value=0.86), skin, 0.22 + 0.25 * (1 - lightness(skin)))
    cloth = adjusted(person.cloth_color, saturation=0.68, value=0.8)
    return replace(person, skin=skin, hair_color=hair, eye_color=eye, lip_color=lip, cloth_color=cloth)


def layers(person: Person, size: int) -> Layers:
    """All layers of a person whose colours `photo_colors` gave."""
    sketch = Sketch(person, PLAIN)
    draw_body(sketch)
    body, body_alpha = raster(sketch.canvas, size)

    # Dyed hair leaves brows and beard as they grow.
    natural = mix(person.hair_color, rgb("3c2c22"), 0.85 * dye(person.hair_color))
    shaven = Sketch(replace(person, hair_color=natural, beard=0.0, moustache=0.0, stubble=0.0), PLAIN)
    _face(shaven)
    face, face_alpha = raster(shaven.canvas, size)
    beard = None
    if max(person.beard, person.moustache, person.stubble) > 0.04:
        bearded = Sketch(replace(person, blush=0.0, freckles=0.0, mole=None, age=0.0, tears=0.0, anger=0.0), PLAIN)
        draw_face_shadows(bearded, "")
        beard = raster(bearded.canvas, size)[1]

    worn, worn_alpha = None, None
    if person.accessory or person.glasses:
        sketch.canvas = Canvas()
        draw_accessory(sketch)
        draw_lenses(sketch)
        worn, worn_alpha = raster(sketch.canvas, size)
        worn_alpha = worn_alpha * (1 - 0.7 * worn.min(-1) ** 2)  # lenses are clearer than in a drawing
        worn = worn * 0.8

    shape = hair_shape(person, PLAIN.hand.hair)
    back, front, short = _hair_masks(person, shape, size)
    return Layers(body, body_alpha, face, face_alpha, worn, worn_alpha, beard, natural, back, front, short, shape)


def hair_paths(shape: HairShape) -> tuple[str, str, str]:
    """The outlines of hair behind the head, over it, and shaved on the skin. All turn the same way: they add."""
    corner = 40 if shape.coils is not None else 62

    def outlines(points: list[Points]) -> str:
        return "".join(closed(clockwise(outline), corner) for outline in points)

    back = outlines(shape.back) + _lock_paths(shape.back_locks)
    front = outlines(shape.front)
    if not shape.clipped:
        front += _lock_paths(shape.sides) + _lock_paths(shape.fringe)
    return back, front, outlines(shape.shaved)


def _lock_paths(locks: Locks) -> str:
    x, y = np.moveaxis(np.concatenate([locks.left, locks.right[:, ::-1]], 1), -1, 0)
    area = (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(1)
    turned = (area < 0)[:, None, None]
    return ribbons(np.where(turned, locks.right, locks.left), np.where(turned, locks.left, locks.right))


def short_share(person: Person) -> float:
    """How far cropped hair covers the scalp."""
    return min(1.0, person.hair.length * 7) if isinstance(person.hair, Hair) else 0.0


def _hair_masks(person: Person, shape: HairShape, size: int) -> tuple[Grid, Grid, Grid]:
    """Alphas of the three layers from one raster: each in its colour, painted over those behind it."""
    canvas = Canvas()
    back, front, short = hair_paths(shape)
    canvas.fill(back, (1.0, 0.0, 0.0))
    canvas.fill(short, (0.0, 0.0, 1.0))
    canvas.fill(front, (0.0, 1.0, 0.0))
    values, alpha = raster(canvas, size)
    values = values * alpha[..., None]
    in_front, cropped = values[..., 1], values[..., 2]
    # Behind what lies over it, the back goes on: at an edge that both share, no seam is seen.
    behind = np.minimum(values.sum(-1), 1) if back else np.zeros_like(alpha)
    return behind, in_front, cropped * short_share(person)


def _face(sketch: Sketch) -> None:
    """Ears, skin, and the features in their own colours; light and shadow come later."""
    near = [side for side in (-1, 1) if sketch.turn * side < -0.12]
    for side in (-1, 1):
        if side not in near and sketch.turn * side < 0.35:
            draw_ear(sketch, side)
    draw_skin(sketch)
    draw_face_shadows(sketch, "")
    for side in near:
        draw_ear(sketch, side)
    _nostrils(sketch)
    _lips(sketch)
    for index, eye in enumerate((slice(36, 42), slice(42, 48))):
        _eye(sketch, index, sketch.person.points[eye])
    color = mix(mix(sketch.person.hair_color, rgb("1c1410"), 0.5), sketch.skin, 0.1)
    strong = 0.55 + 0.4 * sketch.person.brows
    sketch.canvas.fill(brow_paths(sketch), color, 0.72 * strong)
    sketch.canvas.fill(_brow_hairs(sketch), mix(color, rgb("0c0806"), 0.35), strong)
    draw_arms(sketch)


def _brow_hairs(sketch: Sketch) -> str:
    """Single hairs along both brows: upright at the inner end, then swept outwards."""
    points, unit = sketch.person.points, sketch.unit
    jitter = np.random.default_rng(sketch.person.seed + 3).uniform(-1, 1, (2, 22, 2))
    along = np.linspace(0, 1, 22)[:, None]
    lines = []
    for brow, side, shake in ((points[21:16:-1], -1.0, jitter[0]), (points[22:27], 1.0, jitter[1])):
        root = resample(brow, 22) + sketch.ey * unit * (0.045 * (1 - along**2) * shake[:, :1] + 0.01)
        sweep = sketch.ex * side * (0.25 + 0.75 * along) - sketch.ey * (0.85 - 0.8 * along + 0.15 * shake[:, 1:])
        tip = root + sweep * unit * 0.085 * (1 - 0.35 * along)
        lines.append(np.stack([root, (root + tip) / 2 - sketch.ey * 0.008 * unit, tip], 1))
    return brushes(np.concatenate(lines), 0.9 + 0.5 * sketch.person.brows, (0.9, 1, 0.1), 4)


def _nostrils(sketch: Sketch) -> None:
    points, unit = sketch.person.points, sketch.unit
    dark = mix(sketch.skin, rgb("3a1410"), 0.75)
    for wing, inner in ((31, 32), (35, 34)):
        place = points[wing] * 0.42 + points[inner] * 0.58 - sketch.ey * 0.01 * unit
        sketch.canvas.glow(place, 0.085 * unit, 0.05 * unit, dark, 0.85)
        out = points[wing] - points[inner]
        edge = np.array(
            [
                points[wing] + out * 0.45 - sketch.ey * 0.09 * unit,
                points[wing] + out * 0.5 - sketch.ey * 0.02 * unit,
                points[wing] + out * 0.1 + sketch.ey * 0.02 * unit,
            ]
        )
        sketch.canvas.fill(brush(edge, 1.6, (0.1, 1, 0.2), 6), dark, 0.35)


def _lips(sketch: Sketch) -> None:
    points, canvas, unit = sketch.person.points, sketch.canvas, sketch.unit
    lip, ey = sketch.lip, sketch.ey
    outer, inner = points[48:60], points[60:68]
    opening = float((inner[5:8] - inner[1:4]) @ ey @ np.ones(3)) / 3
    canvas.fill(closed(outer, 75), mix(lip, sketch.skin, 0.35), 0.55)
    middle = outer.mean(0)
    canvas.fill(closed(middle + (outer - middle) * (0.97, 0.9), 75), lip, 0.8)
    upper = np.concatenate([outer[:7], inner[4::-1]])
    canvas.fill(closed(upper, 75), mix(lip, rgb("5a2020"), 0.35), 0.5)
    if opening > 0.02 * unit:
        mouth = closed(inner, 60)
        canvas.fill(mouth, rgb("3a1214"))
        with canvas.clip(mouth):
            teeth = inner[:5] + ey * min(opening * 0.62, 0.13 * unit)
            canvas.fill(closed(np.concatenate([inner[:5] - ey * 0.1 * unit, teeth[::-1]]), 60), rgb("aca196"))
            for corner, inward in ((inner[0], inner[4]), (inner[4], inner[0])):
                canvas.glow(corner + 0.08 * (inward - corner), 0.16 * unit, 0.12 * unit, rgb("2a0c0e"), 0.8)
            canvas.glow(inner[6] + ey * 0.02, 0.16 * unit, 0.08 * unit, rgb("a85a58"), 0.8)
            canvas.fill(brush(inner[:5], 3.0, (1, 1), 8), rgb("3a1214"), 0.35)
    else:
        canvas.fill(
            brush((inner[:5] + inner[[0, 7, 6, 5, 4]]) / 2, 1.8, (0.5, 1, 0.8, 1, 0.5), 10), rgb("401418"), 0.75
        )
    for corner in (48, 54):
        canvas.glow(points[corner], 0.05 * unit, 0.035 * unit, mix(sketch.skin, rgb("50201c"), 0.7), 0.6)


def _eye(sketch: Sketch, index: int, eye: Points) -> None:
    canvas, person, unit = sketch.canvas, sketch.person, sketch.unit
    ex, ey = sketch.ex, sketch.ey
    middle = eye.mean(0)
    wide = float(np.linalg.norm(eye[3] - eye[0]))
    left_x, right_x = (eye[0], eye[3]) if eye[0] @ ex < eye[3] @ ex else (eye[3], eye[0])
    open_ = person.eye_open[index]
    lash = mix(rgb("14100e"), person.hair_color, 0.2)
    # Landmarks are a rough hexagon: lids are rounder.
    upper = np.stack(
        [
            left_x,
            eye[1] * 0.94 + left_x * 0.06 - ey * 0.010 * wide,
            (eye[1] + eye[2]) / 2 - ey * 0.055 * wide * open_,
            eye[2] * 0.94 + right_x * 0.06 - ey * 0.010 * wide,
            right_x,
        ]
    )
    lower = np.stack(
        [
            right_x,
            eye[4] * 0.95 + right_x * 0.05,
            (eye[4] + eye[5]) / 2 + ey * 0.02 * wide,
            eye[5] * 0.95 + left_x * 0.05,
            left_x,
        ]
    )
    socket = mix(sketch.skin, rgb("6a3428"), 0.35)
    canvas.glow(middle - ey * 0.06 * unit, 0.34 * unit, 0.2 * unit, socket, 0.45)
    canvas.glow(middle + ey * 0.14 * unit, 0.24 * unit, 0.1 * unit, socket, 0.25 + 0.3 * person.age)
    shut = float(np.mean((eye[[4, 5]] - eye[[1, 2]]) @ ey)) < 0.12 * wide
    if shut:
        canvas.fill(brush(lower[::-1], 2.6, (0.4, 1, 1, 0.5), 9), lash, 0.85)
    else:
        outline = closed(np.concatenate([upper, lower[1:-1]]), 50)
        canvas.fill(outline, rgb("beb4aa"))
        with canvas.clip(outline):
            for corner in (left_x, right_x):
                canvas.glow(corner, 0.22 * wide, 0.2 * wide, rgb("a86a5c"), 0.7)
            radius = 0.235 * wide
            gaze = (person.gaze[0] * 0.2, person.gaze[1] * 0.1)
            at = (
                (left_x + right_x) / 2
                + ex * gaze[0] * wide
                + (middle - (left_x + right_x) / 2) @ ey * ey
                + ey * (gaze[1] - 0.02) * wide
            )
            iris = sketch.eye
            paint = canvas.radial(
                [
                    (0.0, mix(iris, WHITE, 0.12), 1.0),
                    (0.6, iris, 1.0),
                    (0.85, mix(iris, rgb("120c0a"), 0.45), 1.0),
                    (1.0, rgb("1c1412"), 1.0),
                ],
                at,
                radius,
            )
            canvas.ellipse(at, radius, radius, paint)
            canvas.ellipse(at, 0.42 * radius, 0.42 * radius, rgb("080606"))
            shade = np.concatenate([upper - ey * 0.08 * wide, (upper + ey * 0.085 * wide)[::-1]])
            canvas.fill(closed(shade, 50), rgb("281814"), 0.5)
            glint = at + (-0.3 * ex - 0.42 * ey) * radius
            canvas.ellipse(glint, 0.19 * radius, 0.17 * radius, WHITE, 0.85)
        canvas.fill(brush(upper, 1.5 + 2.0 * person.lashes, (0.35, 1, 1, 0.6), 10), lash, 0.92)
        canvas.fill(brush(lower[::-1] + ey * 0.006 * wide, 1.0 + 0.6 * person.lashes, (0.2, 0.8, 0.4), 8), lash, 0.42)
        canvas.fill(
            brush(lower[::-1] + ey * 0.03 * wide, 1.8, (0.2, 1, 0.3), 8), mix(sketch.skin, rgb("e8b0a0"), 0.6), 0.35
        )
    crease = upper - ey * (0.085 + 0.03 * (1 - open_)) * wide * (1.0 if not shut else 1.6)
    canvas.fill(brush(crease, 2.0, (0.1, 1, 1, 0.2), 9), mix(sketch.skin, rgb("50241c"), 0.6), 0.55)
