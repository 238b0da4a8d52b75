"""Eyes, brows: what a reader looks at first. Each title has its own template; the person gives size, openness, gaze."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .colors import BLACK, WHITE, Color, adjusted, darker, lightness, mix, rgb
from .curves import SIDE, Points, brush, brushes, closed, normals, polygon, resample
from .person import Hair
from .sketch import Sketch

# Lids of each template as heights over x from the inner corner (-1) to the outer one (1), in units of the eye's height
# above and below its middle; the weight of the upper lash along the lid; how far the outer corner hangs.
UPPER_X = np.array([-1.0, -0.8, -0.48, -0.1, 0.28, 0.6, 0.85, 1.0])
LOWER_X = np.array([-1.0, -0.7, -0.25, 0.25, 0.7, 1.0])
_HEIGHTS = np.linspace(-0.5, 0.6, 5)  # where an eye's distance to the contour is measured


@dataclass(frozen=True)
class Template:
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    lash: tuple[float, ...]
    droop: float = 0.0


TEMPLATES = {
    "almond": Template(
        (0, 0.52, 0.90, 1.0, 0.95, 0.74, 0.40, 0.0),
        (0, 0.50, 0.88, 1.0, 0.72, 0.0),
        (0.15, 0.5, 0.8, 0.95, 1.1, 1.15, 1.0, 0.7),
    ),
    "round": Template(
        (0.05, 0.70, 1.0, 1.06, 1.02, 0.84, 0.52, 0.08),
        (0.05, 0.62, 0.98, 1.02, 0.74, 0.08),
        (0.3, 0.65, 0.9, 1.0, 1.05, 1.05, 0.9, 0.6),
    ),
    "sharp": Template(
        (0, 0.46, 0.86, 1.0, 1.0, 0.90, 0.66, 0.16),
        (0, 0.34, 0.62, 0.74, 0.56, 0.0),
        (0.35, 0.8, 1.0, 1.05, 1.05, 1.0, 0.85, 0.5),
        -0.05,
    ),
    "droopy": Template(
        (0.06, 0.72, 1.0, 1.0, 0.86, 0.62, 0.32, -0.1),
        (0.0, 0.46, 0.82, 0.98, 0.86, 0.1),
        (0.2, 0.6, 0.85, 0.95, 1.0, 1.05, 1.0, 0.8),
        0.28,
    ),
    "narrow": Template(
        (0, 0.60, 0.92, 1.0, 0.92, 0.72, 0.44, 0.02),
        (0, 0.30, 0.58, 0.70, 0.55, 0.0),
        (0.3, 0.6, 0.8, 0.9, 1.0, 1.05, 0.95, 0.6),
    ),
}


@dataclass
class Eye:
    """One eye's own axes and sizes, in the unit square."""

    middle: Points
    out: Points  # from the inner corner to the outer one
    down: Points
    half: float  # half of the drawn width
    size: float  # what heights are measured in
    up: float
    low: float
    open: float
    side: int
    far: float = 0.0  # 0 on a frontal face, up to 1 for the far eye of a turned one
    iris: float = 0.0  # the iris' radius, the same in both eyes
    lens: tuple[Points, float, float] | None = None  # middle and radii of the lens before it

    def at(self, x: Points, y: Points, tilt: float) -> Points:
        """Places along and across the eye -> picture points."""
        lift = np.clip(x, -0.3, 2.0) * tilt * self.half * 0.6
        return self.middle + np.outer(x * self.half, self.out) + np.outer(y - lift, self.down)


def measured_eyes(sketch: Sketch) -> tuple[Eye, Eye]:
    """The left and the right eye of the picture as this title draws them.

    Foreshortening alone would make the far eye of a turned head a slit: it keeps the near one's height and at least
    0.85 of its width. Where the face has no room for that, the near eye gets smaller.
    """
    left, right = _measured(sketch, 0), _measured(sketch, 1)
    _pair(sketch, left, right)
    far, near = (right, left) if sketch.turn > 0 else (left, right)
    if far.half < 0.85 * near.half:
        share = max(0.72, far.half / (0.85 * near.half))
        near.half *= share
        shrunk = 1 - 0.7 * (1 - share)
        near.size, near.up, near.low = near.size * shrunk, near.up * shrunk, near.low * shrunk
        grown = max(0.0, 0.85 * near.half - far.half)
        far.half += grown
        far.middle = far.middle - far.out * grown
    far.size, far.up, far.low = near.size * 0.98, near.up * 0.98, near.low * 0.98
    far.far = min(1.0, max(0.0, (abs(sketch.turn) - 0.08) / 0.25))
    for eye in (left, right):
        _keep_inside(sketch, eye)
    # Eyes of different widths are those of a turned head; on a frontal one they are the same.
    least = 1 - 0.15 * far.far
    near.half = min(near.half, far.half / least)
    if sketch.title.hand.jaw > 0:
        far.half = min(far.half, near.half / (1 - 0.05 * far.far))
    if sketch.person.glasses:
        _put_on_lenses(sketch, left, right)
    hand = sketch.title.hand.eye
    for eye in (left, right):  # white stays on both sides
        eye.iris = min(hand.iris * eye.size * hand.width * (0.94 + 0.06 * sketch.person.lashes), 0.8 * eye.half)
    left.iris = right.iris = min(left.iris, right.iris)
    return left, right


def _pair(sketch: Sketch, left: Eye, right: Eye) -> None:
    """Two eyes that look like one pair: what perspective tilts differently looks skewed on a flat face.

    Lids that differ a little are chance, and only a closed eye beside an open one is a wink. A hand that pulls no
    contour leaves the eyes where the person has them.
    """
    if min(left.open, right.open) > 0:
        left.open = right.open = max(left.open, right.open)
    if sketch.title.hand.jaw == 0:
        return
    slope = 0.5 * float(left.out @ sketch.ey + right.out @ sketch.ey)
    level = 0.5 * float((right.middle - left.middle) @ sketch.ey)
    for eye in (left, right):
        along = sketch.ex * eye.side * math.sqrt(max(0.0, 1 - slope * slope)) + sketch.ey * slope
        across = np.array([-along[1], along[0]]) * eye.side
        eye.out, eye.down = along, across
        eye.middle = eye.middle - sketch.ey * eye.side * level


def cheek_margin(sketch: Sketch) -> float:
    """How far eyes and brows stay from the contour: further where hair hangs over it."""
    hair = sketch.person.hair
    hangs = 0.0
    if isinstance(hair, Hair) and hair.sides >= 0.4:
        hangs = min(1.0, max(0.0, (hair.length - 0.22) / 0.1))
    return (0.11 + 0.06 * hangs) * sketch.unit


def _keep_inside(sketch: Sketch, eye: Eye) -> None:
    """An eye keeps a margin to the face's contour: it moves towards the nose as far as there is room, then shrinks."""
    margin = cheek_margin(sketch) + (0.08 * sketch.unit if sketch.person.glasses else 0.0)
    heights = float(eye.middle @ sketch.ey) + _HEIGHTS * (eye.up + eye.low)
    edge = float((sketch.contour(eye.side, heights) * eye.side).min()) - margin
    place = float(eye.middle @ sketch.ex) * eye.side
    over = place + eye.half * (1.06 if eye.far else 1.0) - edge
    if over <= 0:
        return
    nose = 0.6 * sketch.landmarks[27] + 0.4 * sketch.landmarks[28]
    room = max(0.0, place - eye.half - float(nose @ sketch.ex) * eye.side - 0.10 * sketch.unit)
    move = min(over, room)
    eye.middle = eye.middle - sketch.ex * eye.side * move
    shrink = min(0.22 * eye.half, 0.5 * (over - move))
    eye.half -= shrink
    eye.middle = eye.middle - sketch.ex * eye.side * shrink


def lens(sketch: Sketch, eye: Eye) -> tuple[Points, float, float]:
    """Middle and radii of the lens before an eye of somebody who wears glasses: it holds the whole drawn eye."""
    if eye.lens is None:
        raise ValueError("an eye has a lens where the person wears glasses")
    return eye.lens


def lens_power(kind: str) -> float:
    """The exponent of a lens' outline: 2 is an ellipse, more is a rounded rectangle."""
    return 2.0 if kind == "round" else 10 / 3


def _put_on_lenses(sketch: Sketch, left: Eye, right: Eye) -> None:
    """Lenses round the drawn eyes, larger than these as far as the face has room between nose and contour.

    Where it has none, the eyes move and get smaller: a lens that is cut, or beside its eye, is no lens.
    """
    eyes, opening = (left, right), max(1.0, left.open, right.open)
    share = 1.0
    for eye in eyes:
        middle, wide, tall = _fitted(sketch, eye, opening)
        inner, outer = _lens_room(sketch, eye, middle, 1.12 * wide, tall)
        place = float(middle @ sketch.ex) * eye.side
        move = max(0.0, inner + 1.12 * wide - place) - max(0.0, place + 1.12 * wide - outer)
        if outer - inner < 2.24 * wide:
            move = 0.5 * (inner + outer) - place
            share = min(share, max(0.7, (outer - inner) / (2.24 * wide)))
        eye.middle = eye.middle + sketch.ex * eye.side * move
    if share < 1:
        lower = 0.35 + 0.65 * share
        for eye in eyes:
            eye.half, eye.size, eye.up, eye.low = eye.half * share, eye.size * lower, eye.up * lower, eye.low * lower
    fitted = [_fitted(sketch, eye, opening) for eye in eyes]
    grow = 1.45 if sketch.title.hand.eye.template == "dot" else 1.22
    for eye, (middle, wide, tall) in zip(eyes, fitted, strict=True):
        inner, outer = _lens_room(sketch, eye, middle, wide, tall)
        place = float(middle @ sketch.ex) * eye.side
        grow = min(grow, max(1.0, min(place - inner, outer - place) / wide))
    high = grow * max(tall for _, _, tall in fitted)
    for eye, (middle, wide, _) in zip(eyes, fitted, strict=True):
        eye.lens = middle, grow * wide, high


def _lens_room(sketch: Sketch, eye: Eye, middle: Points, wide: float, tall: float) -> tuple[float, float]:
    """From where to where a lens may reach, outwards along the face: it keeps off the nose's bridge and the contour."""
    bridge = float((sketch.landmarks[27] * 0.6 + sketch.landmarks[28] * 0.4) @ sketch.ex) * eye.side
    # A cheek gets narrower below the eye: the lower half of the rim must fit, too.
    heights = float(middle @ sketch.ey) + tall * np.array([0.0, 0.35, 0.7])
    edge = sketch.contour(eye.side, heights) * eye.side + np.array([0.0, 0.02, 0.25]) * wide
    return bridge + 0.05 * sketch.unit, float(edge.min()) - 0.06 * sketch.unit


def _fitted(sketch: Sketch, eye: Eye, opening: float) -> tuple[Points, float, float]:
    """The least lens of the person's kind that holds the eye, as it would be when open, with a margin."""
    kind = sketch.person.glasses
    axes = np.stack([sketch.ex, sketch.ey])
    outline = (eye_outline(sketch, eye, opening) - eye.middle) @ axes.T
    low, high = outline.min(0), outline.max(0)
    middle = 0.5 * (low + high)
    wide, tall = (float(value) for value in 0.5 * (high - low) + 0.055 * sketch.unit)
    tall = max(tall, (0.94 if kind == "round" else 0.74) * wide)
    power = lens_power(kind)
    reach = float(((np.abs(outline - middle) / [wide, tall]) ** power).sum(1).max()) ** (1 / power)
    grow = max(1.0, 1.07 * reach)
    return eye.middle + middle @ axes, wide * grow, tall * grow


def eye_outline(sketch: Sketch, eye: Eye, opening: float) -> Points:
    """The edge of an eye as it is drawn when open so far, with its upper lash but without single ones."""
    hand = sketch.title.hand.eye
    if hand.template in ("dot", "bead"):
        bead = hand.template == "bead"
        radius, height = _dot_radii(sketch, eye, opening, bead=bead)
        gaze = 0.3 * abs(sketch.person.gaze[0]) * eye.size
        radius = max(radius + gaze, eye.half if bead else 0.0) + 0.1 * eye.size
        height += 0.25 * abs(sketch.person.gaze[1]) * eye.size
        angle = np.linspace(0, 2 * math.pi, 13)[:-1]
        return np.asarray(
            eye.middle + np.outer(np.cos(angle) * radius, sketch.ex) + np.outer(np.sin(angle) * height, sketch.ey)
        )
    tilt = _tilt(sketch)
    upper, lower, _ = _lids(sketch, eye, tilt, _widened(opening))
    return np.concatenate([upper, lower, *_lash_edge(sketch, eye, upper, tilt)])


def _widened(opening: float) -> float:
    return opening if opening < 1 else 1 + (opening - 1) * 0.6


def _tilt(sketch: Sketch) -> float:
    hand = sketch.title.hand.eye
    return hand.tilt * (0.75 + 0.35 * sketch.person.lashes) - TEMPLATES[hand.template].droop


def _lids(sketch: Sketch, eye: Eye, tilt: float, opening: float) -> tuple[Points, Points, Points]:
    """The upper and the lower lid, and the lower one's heights."""
    template = TEMPLATES[sketch.title.hand.eye.template]
    # A lid that comes down also sinks in its middle; anger flattens it.
    upper_y = -eye.up * np.array(template.upper) * opening + eye.low * max(0.0, 1 - opening) * 0.6 * (1 - UPPER_X**2)
    if sketch.person.anger > 0:
        frown = sketch.person.anger * eye.up * (0.18 if sketch.person.glasses else 0.26)
        upper_y += frown * np.clip(0.2 - UPPER_X, 0, 1.2) * (1 - UPPER_X**2 * 0.7)
    lower_y = eye.low * np.array(template.lower)
    return eye.at(UPPER_X, upper_y, tilt), eye.at(LOWER_X, lower_y, tilt), lower_y


def _lash_weight(sketch: Sketch, eye: Eye) -> float:
    hand = sketch.title.hand.eye
    return hand.lash * (0.55 + 0.5 * sketch.person.lashes) * eye.size * hand.width


def _lash_edge(sketch: Sketch, eye: Eye, upper: Points, tilt: float) -> tuple[Points, Points]:
    """The upper edge of the upper lash, and the tip of its wing `[1, 2]`."""
    hand, person = sketch.title.hand.eye, sketch.person
    thick = _lash_thickness(sketch, eye)
    reach = hand.wing * (0.3 + 0.8 * person.lashes) * (1 - 0.8 * eye.far) * (0.5 if person.glasses else 1.0)
    wing = eye.middle + eye.out * eye.half * (1.0 + reach)
    wing = wing - eye.down * (tilt * eye.half * 0.7 + reach * eye.half * (0.25 if hand.height < 0.65 else 0.12))
    top = upper - eye.down * thick[:, None]
    top[-1] = upper[-1] - eye.down * thick[-1] * 0.7
    return top, wing[None]


def _lash_thickness(sketch: Sketch, eye: Eye) -> Points:
    thick = _lash_weight(sketch, eye) * np.array(TEMPLATES[sketch.title.hand.eye.template].lash)
    return np.maximum(thick, (0.45 if eye.open >= 1 else 0.8) * sketch.title.line.width / SIDE)


def draw_eyes(sketch: Sketch, eyes: tuple[Eye, Eye]) -> None:
    """Both eyes."""
    for eye in eyes:
        _draw_eye(sketch, eye)


def _draw_eye(sketch: Sketch, eye: Eye) -> None:
    template = sketch.title.hand.eye.template
    if template in ("dot", "bead"):
        _dot_eye(sketch, eye, bead=template == "bead")
    elif eye.open < 0.25:
        _closed_eye(sketch, eye)
    else:
        _open_eye(sketch, eye)


def _measured(sketch: Sketch, index: int) -> Eye:
    hand, person = sketch.title.hand.eye, sketch.person
    points = sketch.landmarks[36:42] if index == 0 else sketch.landmarks[42:48]
    outer, inner = (points[0], points[3]) if index == 0 else (points[3], points[0])
    side = -1 if index == 0 else 1
    out = outer - inner
    half = float(np.linalg.norm(out)) / 2 + 1e-6
    out = out / (2 * half)
    down = np.array([-out[1], out[0]])
    down = down if down @ sketch.ey > 0 else -down
    strong = 1 - person.lashes
    child = max(0.0, 0.2 - person.age) * 0.6
    width = hand.width * (1.04 - 0.1 * strong + child)
    height = hand.height * (1.06 - 0.14 * strong + child) * (person.eye_height / 0.32) ** 0.8
    if person.glasses:  # an eye that fills its lens looks cut by it
        width = min(width, 1.25 + 0.4 * (width - 1.25))
        height = min(height, 0.70 + 0.5 * (height - 0.70))
    # A turned head narrows the far eye; its height stays.
    size = 0.14 * sketch.unit + 0.5 * half
    tall = size * hand.width * height * 1.06
    # A wide eye grows outwards more than towards the nose, and never over the contour of a turned face.
    gap = float(np.linalg.norm(sketch.landmarks[42] - sketch.landmarks[39]))
    inwards = min(half * max(0.0, width - 1) * 0.55, 0.17 * gap)
    room = _room(sketch, outer, out, index) - 0.6 * half
    outwards = min(half * 2 * max(0.0, width - 1) - inwards, room)
    if outwards < 0:  # the far eye of a turned face: it moves towards the nose, then it gets narrower
        inwards = max(0.0, min(inwards - outwards, 0.24 * gap))
    if width > 1 or outwards < 0:
        width = max(0.55, 1 + (inwards + outwards) / (2 * half))
    else:
        inwards = outwards = half * (width - 1)
    middle = (outer + inner) / 2 + sketch.ey * 0.02 * size + out * (outwards - inwards) / 2
    opening = max(0.0, min(1.2, person.eye_open[index]))
    # Between closed and half open an eye is a smudge: it is drawn as one or the other.
    # A narrow eye and an eye behind glasses have no room for a lid that hangs.
    least = 0.95 if person.glasses else float(np.interp(hand.height, [0.55, 0.95], [0.92, 0.74]))
    opening = 0.0 if opening < 0.3 else max(least, opening)
    return Eye(middle, out, down, half * width, size, tall * 0.64, tall * 0.36, opening, side)


def _room(sketch: Sketch, outer: Points, out: Points, index: int) -> float:
    """How far the face's contour is from an eye's outer corner."""
    contour = sketch.landmarks[0:4] if index == 0 else sketch.landmarks[16:12:-1]
    down = (contour - outer) @ sketch.ey
    return float(np.interp(0.0, down, (contour - outer) @ out))


def lash_color(sketch: Sketch) -> Color:
    """The ink of lids and lashes, always much darker than the skin."""
    ink = sketch.ink if sketch.title.line.width else mix(sketch.ink, rgb("20080c"), 0.4)
    light = lightness(sketch.skin)
    return darker(ink, light * (0.2 + 0.5 * light))  # light ink would be lost on dark skin


def _dot_eye(sketch: Sketch, eye: Eye, *, bead: bool) -> None:
    canvas, person, ink = sketch.canvas, sketch.person, sketch.ink
    width = max(1.6, sketch.title.line.width)
    if eye.open < 0.25 or _laughing(sketch):
        x = np.linspace(-1, 1, 7)
        arc = eye.at(x * 0.78, -0.62 * eye.up * (1 - x * x) + 0.25 * eye.up, 0.0)
        canvas.fill(brush(arc, width * 1.15, (0.6, 1, 0.6)), ink)
        return
    radius, height = _dot_radii(sketch, eye, eye.open, bead=bead)
    middle = eye.middle + sketch.ex * person.gaze[0] * eye.size * 0.3 + sketch.ey * person.gaze[1] * eye.size * 0.25
    iris = mix(ink, sketch.eye, 0.25)
    dark = min(1.0, max(0.0, (0.56 - lightness(sketch.skin)) / 0.12))
    if dark > 0:  # a dark eye on dark skin needs its white, at its sides: a ring of it would stare
        white = mix(sketch.title.palette.sclera, sketch.skin, 0.1)
        canvas.ellipse(eye.middle, radius + 0.2 * eye.size, 0.92 * height, white, 0.92 * dark)
    if bead:
        paint = canvas.linear(
            [
                (0.1, mix(ink, sketch.eye, 0.15), 1),
                (0.6, mix(ink, sketch.eye, 0.7), 1),
                (1, mix(sketch.eye, WHITE, 0.25 * (1 - dark)), 1),
            ],
            middle - sketch.ey * height,
            middle + sketch.ey * height,
        )
        canvas.ellipse(middle, radius, height, paint, outline=(ink, width * 0.7))
        lid = eye.at(
            np.array([-0.75, -0.4, 0.0, 0.4, 0.8, 0.98]), -height * np.array([0.55, 0.92, 1.05, 0.98, 0.66, 0.4]), 0
        )
        canvas.fill(brush(lid, width * 1.7, (0.3, 0.9, 1, 0.9, 0.3)), ink)
    else:
        canvas.ellipse(middle, radius, height, iris)
    canvas.ellipse(middle - sketch.ex * radius * 0.3 - sketch.ey * height * 0.4, radius * 0.4, height * 0.3, WHITE)
    if bead:
        canvas.ellipse(
            middle + sketch.ex * radius * 0.35 + sketch.ey * height * 0.4, radius * 0.2, height * 0.14, WHITE, 0.9
        )
    if person.lashes > 0.5:  # both eyes have them; those of the far one are seen shorter
        for share in (0.5, 0.95):
            root = middle + eye.out * radius * 0.85 * share - eye.down * height * (0.95 - 0.35 * share)
            long = eye.size * (1 - 0.4 * eye.far)
            tip = root + (eye.out * 0.34 - eye.down * 0.30 * (1.6 - share)) * long
            bend = root + (eye.out * 0.20 - eye.down * 0.08) * long
            canvas.fill(brush([root, bend, tip], width * 0.8, (1, 0.8, 0.2), 5), ink)


def _dot_radii(sketch: Sketch, eye: Eye, opening: float, *, bead: bool) -> tuple[float, float]:
    size = eye.size * sketch.title.hand.eye.height
    return size * (0.62 if bead else 0.48), size * (0.86 if bead else 0.74) * min(1.05, opening + 0.08)


def _laughing(sketch: Sketch) -> bool:
    """A comic title closes the eyes of whoever laughs with an open mouth."""
    mouth = sketch.person.points[48:68]
    gap = (mouth[18] - mouth[14]) @ sketch.ey / sketch.unit
    corners = ((mouth[0] + mouth[6]) / 2 - mouth[14]) @ sketch.ey / sketch.unit
    return bool(gap > 0.14 and corners < 0.0)


def _closed_eye(sketch: Sketch, eye: Eye) -> None:
    hand, line, person = sketch.title.hand.eye, sketch.title.line, sketch.person
    x = UPPER_X
    tall = eye.up + eye.low
    y = (-0.2 + 0.7 * (1 - x * x)) * tall * 0.3 + 0.07 * tall
    lid = eye.at(x, y, hand.tilt)
    weight = max(3.0, 1.2 * line.width, hand.lash * eye.size * SIDE * (0.55 + 0.4 * person.lashes))
    weight *= 1 + 0.5 * max(0.0, 0.6 - lightness(sketch.skin)) + 0.5 * max(0.0, hand.height - 0.8)
    ink = lash_color(sketch)
    light = mix(sketch.skin, WHITE, 0.16)
    if lightness(sketch.skin) < 0.6 and not sketch.title.palette.grey:  # the lid shines, and the lash stands out on it
        top = eye.at(x, y - 0.30 * tall * (1 - x * x) ** 0.7 - 0.02 * tall, hand.tilt)
        sketch.canvas.fill(closed(np.concatenate([top, lid[::-1]]), 70), light, 0.6)
    sketch.canvas.fill(brush(lid, weight, (0.2, 0.7, 1, 1, 0.35), 12), ink)
    if person.lashes > 0.4 and hand.spikes:
        for number in range(min(3, hand.spikes)):
            at = np.array([0.4 + 0.22 * number])
            root = eye.at(at, np.interp(at, x, y), hand.tilt)[0]
            reach = (0.55 + 0.6 * person.lashes) * eye.size * (1 - 0.5 * eye.far)
            tip = root + (eye.out * (0.2 + 0.12 * number) + eye.down * 0.27) * reach
            bend = root + (eye.out * (0.07 + 0.06 * number) + eye.down * 0.18) * reach
            sketch.canvas.fill(brush([root, bend, tip], max(1.2, weight * 0.5), (1, 0.8, 0.1), 5), ink)
    if hand.crease > 0:
        crease = eye.at(x[1:-1], y[1:-1] - 0.34 * tall, hand.tilt)
        sketch.canvas.fill(
            brush(crease, max(0.9, line.width * 0.55), (0.1, 1, 0.1), 8), mix(ink, sketch.skin_shadow, 0.7), 0.7
        )


def _open_eye(sketch: Sketch, eye: Eye) -> None:
    hand, line, person, canvas = sketch.title.hand.eye, sketch.title.line, sketch.person, sketch.canvas
    ink, tilt, opening = lash_color(sketch), _tilt(sketch), _widened(eye.open)
    upper, lower, lower_y = _lids(sketch, eye, tilt, opening)
    shape = np.concatenate([upper, lower[::-1][1:-1]])
    path = closed(shape, 80)
    sclera = WHITE if sketch.title.palette.grey else sketch.title.palette.sclera
    canvas.fill(path, sclera)
    with canvas.clip(path):
        _iris(sketch, eye, tilt)
        lid = np.concatenate([upper, (upper + eye.down * (eye.up * opening + eye.low) * 0.15)[::-1]])
        canvas.fill(closed(lid, 80), rgb("8a8a8a") if sketch.title.palette.grey else sketch.shadow(sclera), 0.75)
    _upper_lash(sketch, eye, upper, tilt, ink)
    if hand.lower > 0:
        start = 0.12 if hand.lower < 1.2 else -0.6
        x = np.linspace(start, 0.97, 6)
        edge = eye.at(x, np.interp(x, LOWER_X, lower_y), tilt)
        canvas.fill(
            brush(edge, max(0.9, line.width * 0.55 * hand.lower**0.5), (0.1, 0.6, 1, 0.7), 8),
            mix(ink, sketch.skin, 0.15),
        )
        if hand.lower > 1.4 and person.lashes > 0.5:
            for at in (0.25, 0.5, 0.75):
                root = eye.at(np.array([at]), np.interp([at], LOWER_X, lower_y), tilt)[0]
                tip = root + (eye.out * 0.2 + eye.down * 0.2) * eye.size
                canvas.fill(
                    brush([root, root + (eye.out * 0.1 + eye.down * 0.12) * eye.size, tip], 1.4, (1, 0.7, 0.1), 4), ink
                )
    if person.age > 0.5:  # a fold under the eye
        x = np.linspace(-0.7, 0.7, 5)
        fold = eye.at(x, np.interp(x, LOWER_X, lower_y) + 0.5 * eye.low + 0.1 * eye.size, tilt)
        canvas.fill(
            brush(fold, max(1.0, line.width * 0.5), (0.1, 1, 0.1), 7),
            sketch.skin_shadow,
            min(1.0, (person.age - 0.5) * 3),
        )


def _iris(sketch: Sketch, eye: Eye, tilt: float) -> None:
    hand, line, person, canvas = sketch.title.hand.eye, sketch.title.line, sketch.person, sketch.canvas
    radius = eye.iris
    height = radius * hand.iris_height
    if person.eye_open and eye.open > 1.05:  # wide eyes show white round a smaller iris
        radius, height = radius * 0.92, height * 0.92
    elif hand.iris > 0.5:  # a large iris reaches under the upper lid: white above it would stare
        height = max(height, min(1.5 * radius, 0.5 * (eye.up * min(eye.open, 1.0) + eye.low)))
    gaze_x, gaze_y = person.gaze
    middle = eye.at(
        np.array([eye.side * gaze_x * 0.32 - 0.03]),
        np.array([(eye.low - eye.up) * 0.5 + height * 0.02 + gaze_y * 0.2 * (eye.up + eye.low)]),
        tilt,
    )[0]
    color = sketch.eye
    grey = sketch.title.palette.grey
    # A brown iris keeps its own hue: violet shade and white light would make it grey.
    brown = 0.0 if grey else min(1.0, max(0.0, 6 * (color[0] - color[2])))
    brown *= min(1.0, max(0.0, 10 * (color[0] - color[1])))
    dark = mix(color, BLACK if grey else mix(rgb("1a0a20"), rgb("200c06"), brown), 0.74)
    light = adjusted(color, saturation=1.05 + 0.1 * brown, value=1.25 + 0.1 * brown)
    light = mix(light, sketch.title.palette.light, 0.2 * (1 - brown))
    ex, ey = sketch.ex, sketch.ey
    kind = line.iris
    if kind == "ink":
        canvas.ellipse(middle, radius, height, rgb("0c0c0c"))
        canvas.ellipse(middle + ey * height * 0.42, radius * 0.68, height * 0.44, mix(color, WHITE, 0.3), 0.9)
        canvas.ellipse(middle, radius * 0.44, height * 0.44, rgb("060606"))
    elif kind == "flat":
        canvas.ellipse(middle, radius, height, color, outline=(mix(dark, sketch.ink, 0.5), radius * SIDE * 0.2))
        band = np.array([(-1, -1), (1, -1), (1, -0.12), (-1, -0.12)])
        canvas.fill(
            polygon(middle + np.outer(band[:, 0] * radius, ex) + np.outer(band[:, 1] * height, ey)),
            mix(dark, color, 0.25),
            0.75,
        )
        canvas.ellipse(middle, radius * 0.42, height * 0.42, mix(dark, BLACK, 0.5))
    elif kind == "ring":
        canvas.ellipse(
            middle, radius, height, mix(color, BLACK, 0.15), outline=(mix(dark, BLACK, 0.4), radius * SIDE * 0.18)
        )
        canvas.ellipse(middle, radius * 0.66, height * 0.66, light, 0.85)
        canvas.ellipse(middle, radius * 0.3, height * 0.3, mix(dark, BLACK, 0.6))
    else:
        paint = canvas.linear(
            [(0.1, dark, 1), (0.52, color, 1), (1, light, 1)], middle - ey * height, middle + ey * height
        )
        canvas.ellipse(middle, radius, height, paint, outline=(mix(dark, sketch.ink, 0.5), radius * SIDE * 0.14))
        canvas.ellipse(middle - ey * height * 0.06, radius * 0.44, height * 0.46, mix(dark, BLACK, 0.4))
        canvas.ellipse(
            middle + ey * height * 0.58, radius * 0.6, height * 0.28, mix(light, WHITE, 0.35 - 0.2 * brown), 0.75
        )
    if line.sparkle > 0:
        size = line.sparkle**0.6
        spot = middle - ex * radius * 0.34 - ey * height * 0.42
        canvas.ellipse(spot, radius * 0.31 * size, height * 0.27 * size, WHITE)
        if line.sparkle > 0.8:
            canvas.ellipse(
                middle + ex * radius * 0.4 + ey * height * 0.42, radius * 0.17 * size, height * 0.14 * size, WHITE, 0.9
            )
        if kind == "star":
            angle = np.linspace(0, 2 * math.pi, 9)[:-1]
            reach = np.where(np.arange(8) % 2 == 0, 1, 0.28)[:, None]
            rays = np.stack([np.cos(angle) * radius * 0.4, np.sin(angle) * height * 0.42], 1) * reach
            canvas.fill(polygon(middle + ex * radius * 0.25 - ey * height * 0.28 + rays), WHITE)
            canvas.ellipse(middle - ex * radius * 0.42 + ey * height * 0.3, radius * 0.13, height * 0.12, WHITE)
    if person.tears > 0.05 and sketch.title.hand.emotion == "real":
        canvas.ellipse(
            middle + ey * eye.low * 0.9, eye.half * 0.8, eye.low * 0.3, WHITE, 0.55 * min(1.0, 2 * person.tears)
        )


def _upper_lash(sketch: Sketch, eye: Eye, upper: Points, tilt: float, ink: Color) -> None:
    """The upper lid's line, thick in its middle, with a wing and single lashes as far as the person has them."""
    hand, line, person, canvas = sketch.title.hand.eye, sketch.title.line, sketch.person, sketch.canvas
    lashes = person.lashes
    weight, thick = _lash_weight(sketch, eye), _lash_thickness(sketch, eye)
    top, wing = _lash_edge(sketch, eye, upper, tilt)
    canvas.fill(closed(np.concatenate([upper, wing, top[::-1]]), 70), ink)
    if hand.spikes and lashes > 0.45:
        count = hand.spikes
        at = 0.97 - np.arange(count) * (0.22 if count > 2 else 0.3)
        index = np.interp(at, UPPER_X, np.arange(8))
        low, high = index.astype(int), np.minimum(7, index.astype(int) + 1)
        share = (index % 1)[:, None]
        roots = upper[low] * (1 - share) + upper[high] * share - eye.down * (thick[low] * 0.6)[:, None]
        number = np.arange(count)[:, None]
        reach = eye.size * hand.width * (0.30 - 0.03 * number) * (0.4 + 0.8 * lashes)
        reach *= (0.55 if person.glasses else 1.0) * (1 - 0.5 * eye.far)
        tips = roots + (eye.out * (0.85 - 0.25 * number) - eye.down * (0.55 + 0.16 * number)) * reach
        bends = (roots + tips) / 2 + (eye.out * 0.1 + eye.down * 0.08) * reach
        canvas.fill(brushes(np.stack([roots, bends, tips], 1), max(1.3, weight * SIDE * 0.42), (1, 0.7, 0.05), 5), ink)
    if hand.crease > 0:
        tall = eye.up + eye.low
        crease = top[1:7] - eye.down * tall * (0.11 + 0.06 * lashes) + eye.out * eye.half * 0.04
        width = (line.width * 0.6 if line.width else 1.3) * hand.crease**0.5
        canvas.fill(
            brush(crease, width, (0.05, 0.7, 1, 0.6, 0.05), 9), mix(ink, sketch.shadow(sketch.skin, 1.2), 0.45), 0.9
        )


def brow_paths(sketch: Sketch, eyes: Sequence[Eye] = ()) -> str:
    """Both brows as one path."""
    if sketch.person.glasses:
        eyes = eyes or measured_eyes(sketch)
    return brow_path(sketch, 0, eyes) + brow_path(sketch, 1, eyes)


def brow_color(sketch: Sketch) -> Color:
    if sketch.title.palette.grey:
        return rgb("0c0c0c")
    hair = sketch.hair
    return darker(mix(hair, sketch.ink, 0.55 if lightness(hair) > 0.25 else 0.3), 0.45 * lightness(sketch.skin))


def brow_path(sketch: Sketch, index: int, eyes: Sequence[Eye]) -> str:
    """The left (0) or right (1) brow; `eyes` are needed where glasses are worn, whose rims it keeps off."""
    hand, person, points = sketch.title.hand, sketch.person, sketch.landmarks
    eye = points[36:42] if index == 0 else points[42:48]
    brow = points[17:22] if index == 0 else points[22:27][::-1]  # from the outer end to the inner one
    # A large eye pushes the brow up.
    room = 0.14 * sketch.unit + 0.25 * float(np.linalg.norm(eye[3] - eye[0]))
    eye_hand = hand.eye
    large = eye_hand.width * eye_hand.height * (0.70 if eye_hand.template not in ("dot", "bead") else 0.66)
    lack = room * large + 0.12 * sketch.unit - float((eye.mean(0) - brow.mean(0)) @ sketch.ey)
    brow = brow - sketch.ey * max(0.0, lack) * 0.8
    weight = hand.brow * (0.7 + 0.75 * person.brows) * sketch.unit * 0.078
    # It keeps a margin to the contour; what is beyond it is pressed together.
    side = -1 if index == 0 else 1
    if person.glasses:  # above the rim, or it would be one bar with it
        middle, _, high = lens(sketch, eyes[index])
        rim = float(middle @ sketch.ey) - high - 0.07 * sketch.unit - 0.5 * weight
        brow = brow - sketch.ey * min(0.16 * sketch.unit, max(0.0, float(brow[2] @ sketch.ey) - rim))
    inner = float(brow[-1] @ sketch.ex) * side
    reach = float(brow[0] @ sketch.ex) * side - inner
    room = float((sketch.contour(side, brow @ sketch.ey) * side).min()) - cheek_margin(sketch) - inner
    if reach > room > 0:
        along = (brow @ sketch.ex * side - inner)[:, None]
        brow = brow - sketch.ex * side * along * (1 - max(0.55, room / reach))
    # Foreshortening keeps the height of an arch: on a short brow it would be a loop.
    chord = brow[-1] - brow[0]
    length = float(np.linalg.norm(chord)) + 1e-9
    rise = np.array([-chord[1], chord[0]]) / length
    flat = 1 - min(1.0, max(0.45, length / (0.62 * sketch.unit)))
    brow = brow - np.outer((brow - brow[0]) @ rise * flat, rise)
    line = resample(brow, 9)
    across = normals(line)
    across *= np.sign(across @ sketch.ey)[:, None]
    comic = eye_hand.template in ("dot", "bead")
    profile = (0.4, 0.8, 1, 1, 1, 1, 1, 0.8, 0.4) if comic else (0.05, 0.35, 0.55, 0.72, 0.86, 0.97, 1.05, 1.0, 0.72)
    half = np.array(profile)[:, None] * weight / 2
    return closed(np.concatenate([line - across * half * 0.9, (line + across * half)[::-1]]), 70)
