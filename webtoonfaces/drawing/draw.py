"""A person in a title becomes SVG, and the SVG a picture. The order in which features are painted is here."""

from __future__ import annotations

import numpy as np
from PIL import Image

from . import raster
from .background import draw_background
from .body import draw_body
from .canvas import Canvas
from .colors import lightness, rgb
from .extras import draw_accessory, draw_arms, draw_lenses
from .eyes import brow_color, brow_paths, draw_eyes, measured_eyes
from .face import draw_anger_mark, draw_contour, draw_ear, draw_emotion, draw_face_shadows, draw_skin
from .hair import HairPainter
from .mouth import draw_mouth, draw_nose
from .person import Person
from .sketch import HIDES_EAR, Sketch
from .title import Title


def svg(person: Person, title: Title, size: int = 256) -> str:
    """The drawing as SVG text, `size` pixels wide and high. Deterministic: the same input gives the same text."""
    return _drawn(person, title).svg(size)


def draw(person: Person, title: Title, size: int = 256) -> Image.Image:
    """The drawing as an RGB picture of `size` x `size` pixels, 16 to 4096."""
    picture = raster.painted(_drawn(person, title), size)
    if title.line.grain > 0:
        picture = raster.grained(picture, title.line.grain, np.random.default_rng(person.seed))
    return picture


def _drawn(person: Person, title: Title) -> Canvas:
    sketch = Sketch(person, title)
    hair = HairPainter(sketch)
    draw_background(sketch)
    hair.back()
    draw_body(sketch)
    hair.braid()
    near = [side for side in (-1, 1) if sketch.turn * side < -HIDES_EAR]
    for side in (-1, 1):
        if side not in near and sketch.turn * side < HIDES_EAR and not hair.covers_ear(side):
            draw_ear(sketch, side)
    draw_skin(sketch)
    draw_face_shadows(sketch, hair.fringe_path)
    hair.shaved()
    draw_nose(sketch)
    draw_mouth(sketch)
    draw_contour(sketch)
    for side in near:
        if not hair.covers_ear(side):
            draw_ear(sketch, side)
    eyes = measured_eyes(sketch)
    draw_eyes(sketch, eyes)
    brows, color = brow_paths(sketch, eyes), brow_color(sketch)
    sketch.canvas.fill(brows, color)
    draw_emotion(sketch, eyes)
    draw_arms(sketch, eyes)
    draw_lenses(sketch, eyes)
    hair.front()
    if title.line.brow_through and hair.shape.front and not hair.curled:
        sketch.canvas.fill(brows, color, 0.3)
    draw_accessory(sketch)
    draw_anger_mark(sketch)
    _finish(sketch)
    return sketch.canvas


def _finish(sketch: Sketch) -> None:
    """Light over the whole picture."""
    line, canvas = sketch.title.line, sketch.canvas
    if line.shade == "hatch" or (line.shade == "ink" and sketch.title.palette.background == "fog"):
        dark = sketch.title.palette.background_b
        canvas.wash([(0.55, dark, 0.0), (1.0, dark, 0.6)], (0.3, 0.2), (0.85, 1.0))
    elif line.shade == "soft":
        # On dark hair and skin the same light would be a grey veil.
        light = 0.24 * min(1.0, 0.25 + 1.5 * min(lightness(sketch.hair), lightness(sketch.skin)))
        canvas.wash([(0.0, rgb("fff0d0"), light), (0.7, rgb("fff0d0"), 0.0)], (0.1, 0.0), (0.7, 0.9))
