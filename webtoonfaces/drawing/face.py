"""Skin: head, ears, shadows on the face, blush, beard, marks of age, tears and anger."""

from __future__ import annotations

import numpy as np

from .canvas import Paint
from .colors import BLACK, WHITE, Color, darker, lightness, mix, rgb
from .curves import SIDE, Points, brush, brushes, closed, opened, polygons, resample
from .eyes import Eye, lens
from .mouth import draw_moustache, mouth_outline, smiles
from .sketch import HIDES_EAR, Sketch, bounds

BEARD_APART = 0.13  # the least difference in lightness between a beard and the skin


def draw_ear(sketch: Sketch, side: int) -> None:
    """The ear on one side of the picture (-1 left, 1 right), with its ring or drop."""
    canvas, person, line = sketch.canvas, sketch.person, sketch.title.line
    ex = sketch.ex
    points = sketch.landmarks
    top, low = (points[0], points[2]) if side < 0 else (points[16], points[14])
    down = low - top
    length = float(np.linalg.norm(down)) + 1e-9
    down = down / length
    length = min(max(length, 0.09), 0.125) * 1.05
    # From the brow to the nose; that of the near side, which perspective lowers and whose jaw runs in, too.
    near = min(1.0, max(0.0, -sketch.turn * side / (2 * HIDES_EAR)))
    top = top - down * length * (0.10 + 0.20 * near)
    down = down + 0.45 * near * (sketch.ey - down)
    down = down / np.linalg.norm(down)
    out = ex * side
    wide = 0.052 * sketch.head.scale * (1 - min(1.0, max(0.0, 0.55 * sketch.turn * side / HIDES_EAR)))
    if sketch.turn * -side > HIDES_EAR:
        wide *= 1.25
        top = top - out * 0.01
    root = np.array(
        [
            top - out * 0.012 - down * length * 0.02,
            top + out * wide * 0.75 - down * length * 0.12,
            top + out * wide * 1.05 + down * length * 0.2,
            top + out * wide * 0.75 + down * length * 0.62,
            top + out * wide * 0.25 + down * length * 1.0,
            top - out * 0.012 + down * length * 0.9,
        ]
    )
    canvas.fill(closed(root, 150), sketch.skin if line.width else mix(sketch.skin, sketch.skin_shadow, 0.25))
    hollow = sketch.skin_shadow if line.shade != "flat" else mix(sketch.skin, sketch.skin_shadow, 0.6)
    if side > 0 and line.side > 0 and line.shade != "flat":  # it lies in the shadow of its side
        if line.shade in ("tone", "dots", "hatch"):
            sketch.shade([closed(root, 150)], sketch.skin, bounds(root), 0.8)
        else:  # one plain shade: a shadow in several layers leaves nothing of so small a shape
            # Its front meets skin that may be light; all in shadow, it would be a patch that belongs to nobody.
            back = np.array([root[0] * 0.35 + root[1] * 0.65, *root[1:5], root[4] * 0.5 + root[5] * 0.5])
            canvas.fill(closed(back, 150), sketch.skin_shadow, 0.9 if line.shade in ("two", "ink") else 0.6)
            hollow = mix(sketch.skin_shadow, sketch.skin_line, 0.3)
    canvas.stroke(opened(root, 150), sketch.skin_line, line.width * 0.85)
    shell = [
        root[1] * 0.55 + root[0] * 0.45 + down * length * 0.12,
        root[2] * 0.75 + root[0] * 0.25 + down * length * 0.03,
        root[3] * 0.7 + root[5] * 0.3 - down * length * 0.1,
        root[5] * 0.5 + root[2] * 0.5,
    ]
    canvas.fill(closed(shell), hollow, 0.8)
    if person.earring and sketch.turn * side < HIDES_EAR:
        _earring(sketch, top + out * wide * 0.35 + down * length * 1.02)


def _earring(sketch: Sketch, place: Points) -> None:
    canvas, ink = sketch.canvas, sketch.skin_line
    gold = WHITE if sketch.title.palette.grey else sketch.tone(rgb("f2d060"), "other")
    edge = max(0.7, sketch.title.line.width * 0.4)
    if sketch.person.earring == "stud":
        canvas.ellipse(place, 0.011, 0.011, gold, outline=(ink, edge))
    elif sketch.person.earring == "hoop":
        angle = np.linspace(-2.6, 2.6, 9) + np.pi / 2
        ring = place + np.stack([np.cos(angle) * 0.024, 0.03 + np.sin(angle) * 0.03], 1)
        canvas.fill(brush(ring, 3.4, (0.8, 1, 1, 0.8), 16), ink)
        canvas.fill(brush(ring, 1.9, (0.8, 1, 1, 0.8), 16), gold)
    else:
        drop = place + np.array([(0, 0), (0.012, 0.036), (0, 0.06), (-0.012, 0.036)])
        canvas.stroke(closed(drop, 30), ink, edge, fill=gold)


def draw_skin(sketch: Sketch) -> None:
    """The head's and the face's plain colour."""
    canvas, line = sketch.canvas, sketch.title.line
    if sketch.bare:
        sketch.line(closed(sketch.crown), line.width * 1.1, fill=sketch.skin)
    paint: Paint = sketch.skin
    if line.shade == "soft":
        light = sketch.axes[0] + sketch.ey * 0.06 - sketch.ex * 0.08
        stops = [
            (0.0, mix(sketch.skin, WHITE, 0.2), 1.0),
            (0.6, sketch.skin, 1.0),
            (1.0, mix(sketch.skin, sketch.skin_shadow, 0.5), 1.0),
        ]
        paint = canvas.radial(stops, light, 0.42)
    canvas.fill(sketch.face_outline, paint)


def draw_face_shadows(sketch: Sketch, fringe: str) -> None:
    """Shadows, blush and marks on the face; `fringe` is the path of the hair over the forehead, which casts one."""
    canvas, line = sketch.canvas, sketch.title.line
    with canvas.clip(sketch.face_outline):
        if line.shade == "soft" or line.shade == "hatch":
            for middle in _eye_middles(sketch):
                canvas.glow(middle - sketch.ey * 0.015, sketch.unit * 0.34, sketch.unit * 0.25, sketch.skin_shadow, 0.5)
        _side_shadow(sketch)
        _blush(sketch)
        _freckles(sketch)
        _beard(sketch)
        if fringe:
            _fringe_shadow(sketch, fringe)
        _age(sketch)


def _eye_middles(sketch: Sketch) -> tuple[Points, Points]:
    return sketch.landmarks[36:42].mean(0), sketch.landmarks[42:48].mean(0)


def _side_shadow(sketch: Sketch) -> None:
    """The side that is away from the light, which comes from the upper left."""
    line = sketch.title.line
    if line.side <= 0 or line.shade == "flat":
        return
    points, ex, ey = sketch.landmarks, sketch.ex, sketch.ey
    wide = line.side * 0.045 * sketch.head.scale * (1 + 0.9 * max(0.0, -sketch.turn))
    # On a bare head it goes up to the crown: an edge at the temple would cut the head in two.
    forehead = sketch.crown[10] if sketch.bare else sketch.forehead[0]
    hard = line.shade in ("two", "hatch", "tone", "ink")
    if hard:
        inset = np.array([0.3, 0.8, 1.3, 1.9, 1.35, 1.5, 1.1, 0.6, 0.0])
        drop = np.array([0, 0, -0.03, 0.01, 0, 0, -0.01, -0.012, -0.008])
        along = np.array(
            [forehead, points[16], points[14], points[14], points[13], points[12], points[11], points[10], points[8]]
        )
    else:
        inset = np.array([0.2, 0.35, 0.7, 1.35, 1.6, 1.45, 1.1, 0.6, 0.0])
        drop = np.array([0, 0, 0, 0.01, 0, 0, -0.008, -0.012, -0.006])
        along = np.array(
            [forehead, points[16], points[15], points[14], points[13], points[12], points[11], points[10], points[8]]
        )
    edge = along - np.outer(inset * wide, ex) + np.outer(drop, ey)
    if sketch.bare:
        inset[0] = 0.0
    outside = np.concatenate([points[8:14] + ex * 0.05, points[14:17] + ex * 0.15, [forehead + ex * 0.1]])
    shares = (1.0,) if line.shade == "cel" else (1.0, 0.55) if line.shade != "soft" else (1.25, 0.95, 0.65, 0.35)
    regions = []
    for share in shares:
        inner = along + (edge - along) * share
        regions.append(closed(np.concatenate([inner, outside]), 60))
    sketch.shade(regions, sketch.skin, bounds(np.concatenate([edge, points[8:17]])))
    if line.rim:
        rim = points[8:15] - ex * 0.005
        sketch.canvas.fill(brush(rim, 5.5, (0.0, 0.8, 1.0, 0.7, 0.0), 12), line.rim, 0.8)


def _fringe_shadow(sketch: Sketch, fringe: str) -> None:
    line = sketch.title.line
    if line.fringe <= 0:
        return
    scale = sketch.head.scale
    right = 0.0 if line.shade == "flat" else 0.008
    forehead = np.concatenate([sketch.forehead, sketch.landmarks[[0, 16, 28]]])
    canvas = sketch.canvas
    opaque = line.shade in ("cel", "two", "ink", "flat")
    # A long shadow is joined to the hair by a shorter one; soft ones are layers of different length.
    steps = (0.5, 1.0) if opaque else (1.3, 0.9, 0.5) if line.shade == "soft" else (1.0,)
    color = sketch.skin_shadow if line.shade != "flat" else mix(sketch.skin, sketch.skin_shadow, 0.7)
    for step in steps:
        with canvas.moved(right * step, line.fringe * scale * step):
            if opaque and step == 1.0:
                canvas.fill(fringe, color)
            elif opaque:  # a pen closes the slits between locks: light in them would look like chips
                canvas.stroke(fringe, color, 4.0)
            elif line.shade == "soft":
                canvas.fill(fringe, color, 0.3)
            else:
                sketch.shade([fringe], sketch.skin, bounds(forehead), 0.9)


def _blush(sketch: Sketch) -> None:
    line, person, canvas = sketch.title.line, sketch.person, sketch.canvas
    strength = line.blush_strength * (person.blush + 0.3 * person.tears + 0.3 * person.anger)
    if line.blush == "none" or strength < 0.05 or sketch.title.palette.grey:
        return
    ex, ey, points = sketch.ex, sketch.ey, sketch.landmarks
    red = sketch.tone(rgb("f06a80"), "lip")
    # Red on dark skin looks like a bruise: there a blush is a warm light.
    color = mix(mix(red, sketch.skin, 0.12), mix(sketch.skin, sketch.tone(rgb("f08a5c"), "lip"), 0.55), sketch.depth)
    strength *= 1 - 0.35 * sketch.depth
    for middle, cheek, side in zip(_eye_middles(sketch), (2, 14), (-1, 1), strict=True):
        place = middle * 0.62 + points[cheek] * 0.24 + points[30] * 0.14 + ey * 0.035
        # On the far side of a turned face there is less cheek: the blush lies in its middle and gets narrower.
        far = min(1.0, max(0.0, (sketch.turn * side - 0.1) / 0.3))
        edge = float(
            np.interp(place @ ey, points[:9] @ ey, points[:9] @ ex)
            if side < 0
            else np.interp(place @ ey, points[16:7:-1] @ ey, points[16:7:-1] @ ex)
        )
        nose = float(points[30] @ ex)
        room = abs(edge - nose)
        place = place + ex * far * (0.5 * edge + 0.5 * nose + 0.1 * (edge - nose) - float(place @ ex))
        wide = 1.0 + far * (min(1.0, 0.34 * room / 0.09) - 1.0)
        if line.blush == "oval":
            canvas.ellipse(place, 0.05 * wide, 0.031, color, min(0.75, strength * 0.6 + 0.12))
        else:
            canvas.glow(place, 0.09 * wide, 0.055, color, min(0.8, 0.8 * strength))
        if line.blush == "lines" and strength > 0.3:
            offsets = np.array([-0.024, 0.0, 0.024])[:, None] * wide
            roots = place + offsets * ex - ey * 0.012 + ex * 0.006
            tips = place + offsets * ex + ey * 0.012 - ex * 0.006
            canvas.fill(brushes(np.stack([roots, tips], 1), 1.4, (0.5, 1, 0.5), 4), mix(color, rgb("c03050"), 0.4), 0.7)


def _freckles(sketch: Sketch) -> None:
    person, canvas = sketch.person, sketch.canvas
    ex, ey, unit = sketch.ex, sketch.ey, sketch.unit
    brown = mix(sketch.skin_shadow, BLACK if sketch.title.palette.grey else rgb("7a3a20"), 0.45)
    if person.freckles > 0.02:
        places = np.random.default_rng(person.seed + 1).uniform(-1, 1, (18, 2))
        x, y = places[:, :1], places[:, 1:]
        middles = sketch.landmarks[29] + ex * x * unit * 0.52 + ey * (y * 0.035 + 0.01 + 0.03 * np.abs(x))
        dot = 0.0042 * np.array([(1, 0), (0.7, 0.7), (0, 1), (-0.7, 0.7), (-1, 0), (-0.7, -0.7), (0, -1), (0.7, -0.7)])
        canvas.fill(polygons(middles[:, None] + dot), brown, 0.25 + 0.5 * person.freckles)
    place = mole_place(sketch)
    if place is not None:
        canvas.ellipse(place, 0.006, 0.006, mix(sketch.skin_line, brown, 0.3))


def mole_place(sketch: Sketch) -> Points | None:
    """Where a mole is: on the near side of a turned face, and never on the lips."""
    mole, ex, ey = sketch.person.mole, sketch.ex, sketch.ey
    if mole is None:
        return None
    side = -1 if sketch.turn > 0 else 1
    place = sketch.landmarks[30] + ex * max(0.3, abs(mole[0])) * side * sketch.unit * 0.9 + ey * mole[1] * 0.12
    return _beside_mouth(sketch, place, side)


def _beside_mouth(sketch: Sketch, place: Points, side: int) -> Points:
    """A mole at the height of the mouth lies outside its corner, or below it where the cheek is narrow."""
    ex, ey, unit = sketch.ex, sketch.ey, sketch.unit
    mouth = sketch.landmarks[48:60]
    across, down = float(place @ ex) * side, float(place @ ey)
    high, low = float((mouth @ ey).min()), float((mouth @ ey).max())
    corner = float((mouth @ ex * side).max()) + 0.14 * unit
    if not high - 0.09 * unit < down < low + 0.07 * unit or across > corner:
        return place
    edge = float(sketch.contour(side, down)) * side - 0.10 * unit
    if corner < edge:
        return np.asarray(place + ex * side * (corner - across))
    return np.asarray(place + ey * (low + 0.12 * unit - down))


def _beard(sketch: Sketch) -> None:
    """Stubble, or a beard with its moustache, or a moustache: opaque, each with one clear edge."""
    person, canvas = sketch.person, sketch.canvas
    if max(person.beard, person.moustache, person.stubble) < 0.04:
        return
    color = beard_color(sketch)
    edge = mix(color, sketch.ink, 0.5)
    bearded = person.beard > 0.04
    if person.stubble > 0.04 and not bearded:  # short hairs along the jaw and over the lip
        canvas.fill(polygons(_stubble(sketch)), mix(sketch.skin_shadow, color, 0.55), 0.35 + 0.4 * person.stubble)
    if bearded:
        _draw_full_beard(sketch, color, edge)
    elif person.moustache > 0.04:
        mouth, root, _, _ = _lip_room(sketch)
        draw_moustache(sketch, mouth, root, _middle_of_lip(sketch, mouth), color, edge)


def _lip_room(sketch: Sketch) -> tuple[Points, Points, float, float]:
    """The mouth in the face's axes from below the nose, that place, and the upper and lower edge of a moustache."""
    root = sketch.landmarks[33]
    mouth = (mouth_outline(sketch) - root) @ np.stack([sketch.ex, sketch.ey], 1)
    lip = float(mouth[:, 1].min()) - 0.6 * sketch.title.line.width / SIDE
    upper = 0.16 * lip
    return mouth, root, upper, max(upper + 0.05 * sketch.unit, lip - max(0.15 * lip, 0.065 * sketch.unit))


def _draw_full_beard(sketch: Sketch, color: Color, edge: Color) -> None:
    """A beard that thins out on the cheeks: a veil of short hairs, then tufts over its edge, then strands along it."""
    canvas, ex, ey, unit = sketch.canvas, sketch.ex, sketch.ey, sketch.unit
    path, border = _full_beard(sketch)
    border = resample(border, 29)
    t = np.linspace(-1, 1, 29)
    veil = np.interp(np.abs(t), [0, 0.3, 0.5, 0.8, 1], [0.0, 0.02, 0.13, 0.12, 0.0]) * unit
    if sketch.title.line.shade != "flat" and not sketch.title.palette.grey:
        for share in (1.0, 0.5):
            outline = np.concatenate([border - share * veil[:, None] * ey, border[::-1] + 0.03 * unit * ey])
            canvas.fill(closed(outline, 100), mix(sketch.skin_shadow, color, 0.6), 0.22)
    canvas.fill(path, color)
    # Tufts lean to the middle, where these hairs have their roots. At the nose and the ears they are short.
    long = np.interp(np.abs(t), [0, 0.25, 0.5, 0.85, 1], [0.03, 0.05, 0.11, 0.11, 0.04]) * unit
    long *= np.resize([1.0, 0.55, 1.25, 0.7, 0.9], 29)
    tips = border - long[:, None] * (ey + np.sign(t)[:, None] * 0.45 * ex)
    roots = border + 0.06 * unit * ey
    tufts = np.stack([tips, 0.5 * (tips + roots), roots], 1)
    canvas.fill(brushes(tufts, 0.075 * unit * SIDE, (0.0, 0.7, 1.0), 4), color)
    # Strands that follow the jaw, dark and light by turns.
    jaw, mouth = sketch.landmarks[3:14], sketch.landmarks[57]
    jaw = np.concatenate([jaw, 0.5 * (jaw[1:] + jaw[:-1])])
    shift = np.resize([0.0, 0.10, -0.05, 0.06], len(jaw))[:, None]
    starts = jaw + (mouth - jaw) * (0.34 + shift)
    ends = starts + (jaw - starts) * 0.72 + (sketch.landmarks[8] - starts) * 0.08
    strands = np.stack([starts, 0.52 * starts + 0.48 * ends - 0.01 * unit * ey, ends], 1)
    if sketch.title.palette.grey:
        light = mix(color, WHITE, 0.5)
        canvas.fill(brushes(strands[1::2], 1.1, (0.1, 1, 0.1), 5), light, 0.7)
        return
    canvas.fill(brushes(strands[::2], 1.5, (0.0, 1, 0.2), 5), edge, 0.55)
    canvas.fill(brushes(strands[1::2], 1.7, (0.0, 1, 0.2), 5), mix(color, sketch.hair_light, 0.3), 0.6)


def _full_beard(sketch: Sketch) -> tuple[str, Points]:
    """From the ears along the jaw, over the whole chin and the upper lip; open where the lips are. And its upper border
    from the left ear to the right one.

    How far it has grown shows on the cheeks alone: less on the chin would be a strap.
    """
    person, unit, ex, ey = sketch.person, sketch.unit, sketch.ex, sketch.ey
    mouth, root, upper, lower = _lip_room(sketch)
    low, high = mouth.min(0), mouth.max(0)
    height = float(root @ ey)
    grown = min(1.0, 2.5 * person.beard)
    middle = _middle_of_lip(sketch, mouth)
    sides = []
    for side, corner in ((-1, float(low[0])), (1, float(high[0]))):
        hidden = min(1.0, max(0.0, (sketch.turn * side - 0.1) / 0.2))  # a cheek that turns away shows no sideburn
        ear, jaw = (sketch.landmarks[index] @ ey - height for index in ((1, 4) if side < 0 else (15, 12)))
        top = float(ear + (jaw - ear) * (0.15 + 0.45 * hidden))
        # Down the cheek in a bow, and up to the moustache: a straight edge would be a mask's.
        down = np.array([top, 0.42 * top + 0.58 * lower, lower + (0.12 - 0.05 * grown) * unit])
        contour = sketch.contour(side, down + height) - root @ ex
        room = np.maximum(0.0, contour * side - corner * side)
        inset = np.minimum(np.array([0.0, 0.05 + 0.03 * grown, 0.13 + 0.09 * grown]) * unit, 0.6 * room)
        cheek = np.stack([contour - side * inset, down], 1)
        lip = [
            (corner + side * min(0.16 * unit, 0.5 * float(room[2])), lower + (0.10 - 0.04 * grown) * unit),
            (corner + side * 0.01 * unit, 0.6 * upper + 0.4 * lower),
            (middle + 0.4 * (corner - middle), upper),
        ]
        sides.append(np.concatenate([cheek, lip]))
    left, right = sides
    inner = np.concatenate([left, [(middle, upper + 0.2 * (lower - upper))], right[::-1]])
    axes = np.stack([ex, ey])
    first, last = (float(edge[0, 1]) for edge in sides)
    below = sketch.landmarks[1:16]
    depth = below @ ey - height
    keep = np.where(np.arange(15) < 7, depth > first, depth > last)
    jaw_line = below[keep][::-1] + ey * 0.03
    outline = np.concatenate([root + inner @ axes, jaw_line])
    # Hardly any skin is left round the lips: more of it would be one large pale mouth.
    centre = (low + high) / 2
    gap = mouth + np.sign(mouth - centre) * np.array([0.02, 0.02]) * unit
    chin = float(sketch.landmarks[8] @ ey) - height
    gap[:, 1] = np.clip(gap[:, 1], lower, chin - 0.1 * unit)
    return closed(outline, 100) + closed((root + gap @ axes)[::-1], 100), root + inner @ axes


def _middle_of_lip(sketch: Sketch, mouth: Points) -> float:
    """Where the two halves of a moustache meet: below the nose, and over the mouth that a comic title has moved."""
    own = float((sketch.landmarks[51] - sketch.landmarks[33]) @ sketch.ex)
    middle = 0.5 * float(mouth[:, 0].min() + mouth[:, 0].max())
    return 0.4 * own + 0.6 * middle if sketch.title.hand.mouth in ("comic", "cat") else 0.7 * own + 0.3 * middle


def _stubble(sketch: Sketch) -> Points:
    """Dots `[N, 4, 2]` on chin, jaw and upper lip, the same on every face of a shape."""
    points, ex, ey, unit = sketch.landmarks, sketch.ex, sketch.ey, sketch.unit
    chance = np.random.default_rng(3).random((2, 76))
    along = np.linspace(3.0, 13.0, 66) + chance[0, :66] - 0.5
    low, share = along.astype(int), (along % 1)[:, None]
    jaw = points[low] * (1 - share) + points[np.minimum(low + 1, 16)] * share
    mouth = points[[48, 54, 57]].mean(0)
    chin = jaw + (mouth - jaw) * (0.10 + 0.42 * chance[1, :66, None])
    lip = points[33] * 0.45 + points[51] * 0.55
    above = lip + np.outer(np.linspace(-0.26, 0.26, 10) * unit, ex) + np.outer((chance[1, 66:] - 0.8) * 0.05 * unit, ey)
    size = 0.0026 * np.array([(1, 0), (0, 1.5), (-1, 0), (0, -1.5)])
    return np.concatenate([chin, above])[:, None] + size


def beard_color(sketch: Sketch) -> Color:
    """That of the hair, a little deeper; set off from the skin, in its own hue, to the side on which the hair is."""
    hair, skin = sketch.hair, lightness(sketch.skin)
    if sketch.title.palette.grey:
        return BLACK if lightness(hair) < 0.4 else mix(hair, BLACK, 0.5)
    above = min(1.0, max(0.0, (lightness(hair) - skin - 0.12) / 0.08))  # light hair on dark skin stays light
    color = mix(hair, sketch.hair_shadow, 0.45 * (1 - above))
    light, limit = lightness(color), 0.62 * skin
    # Brown, and not black, darkens it: black makes fair hair olive.
    brown = darker(sketch.tone(rgb("4a2a1a"), "hair"), 0.6 * limit)
    share = (light - limit) / (light - lightness(brown)) if light > limit else 0.0
    color = mix(color, brown, share * (1 - above))
    # Dyed pink it would be lipstick: it keeps half of the brown that grows there.
    pink = min(1.0, max(0.0, 5 * (min(color[0], color[2]) - color[1])))
    # And so it does where it would shine on dark skin in a colour that no hair has: green or blue.
    red, green, blue = sketch.person.hair_color
    dyed = above * min(1.0, max(0.0, 5 * max(green - red, blue - green)))
    color = mix(color, sketch.tone(rgb("4a2a1a"), "hair"), 0.55 * max(pink, dyed))
    color = mix(color, sketch.skin, 0.3 * above)  # skin shows through light hair; without it, it is a mask
    # As light as the skin it would be a stain: nearer than that it is darker.
    gap = lightness(color) - skin
    wanted = skin + float(np.interp(gap, [-BEARD_APART, 0.04, BEARD_APART], [-BEARD_APART, -BEARD_APART, BEARD_APART]))
    return darker(color, wanted) if abs(gap) < BEARD_APART else color


def _age(sketch: Sketch) -> None:
    """Lines from the nose to the mouth, at the eyes and on the forehead: none below 0.5."""
    strength = max(0.0, (sketch.person.age - 0.5) / 0.5)
    if strength <= 0.02:
        return
    points, ex, ey, unit = sketch.landmarks, sketch.ex, sketch.ey, sketch.unit
    width = max(1.0, sketch.title.line.width * 0.55) * (0.5 + 0.7 * strength)
    lines = []
    for wing, corner, eye, side in ((31, 48, 36, -1), (35, 54, 45, 1)):
        out = ex * side
        lines.append(
            [
                points[wing] + out * 0.014,
                points[wing] * 0.45 + points[corner] * 0.55 + out * 0.030,
                points[corner] + out * 0.020 - ey * 0.004,
            ]
        )
        if strength > 0.3:
            for lift in (-0.016, 0.004):
                lines.append(
                    [
                        points[eye] + out * 0.020 + ey * lift,
                        points[eye] + out * 0.032 + ey * lift * 1.3,
                        points[eye] + out * 0.044 + ey * lift * 2.4,
                    ]
                )
    if strength > 0.5:
        brow = (points[19] + points[24]) / 2
        for lift in (0.055, 0.085):
            lines.append(
                [brow - ex * unit * 0.38 - ey * lift, brow - ey * (lift + 0.006), brow + ex * unit * 0.38 - ey * lift]
            )
    sketch.canvas.fill(
        brushes(np.array(lines), width, (0.1, 1, 0.15), 8), mix(sketch.skin_line, sketch.skin_shadow, 0.45), 0.85
    )


def draw_emotion(sketch: Sketch, eyes: tuple[Eye, Eye]) -> None:
    """Tears and anger, as this title shows them; over the features."""
    person, canvas, line = sketch.person, sketch.canvas, sketch.title.line
    ex, ey, unit, points = sketch.ex, sketch.ey, sketch.unit, sketch.landmarks
    comic = sketch.title.hand.emotion == "comic"
    water = rgb("d8d8d8") if sketch.title.palette.grey else mix(sketch.tone(rgb("9ad0f0"), "other"), WHITE, 0.35)
    edge = mix(sketch.ink, water, 0.35)
    width = max(1.0, line.width * 0.5)
    axes = np.stack([ex, ey])
    if person.tears > 0.05:
        grown = min(1.0, (person.tears - 0.05) / 0.1)
        for index, side in ((0, -1), (1, 1)):
            eye = eyes[index]
            if person.glasses:  # below the lens, so that nothing crosses its rim
                middle, rx, ry = lens(sketch, eye)
                root = middle + ey * (ry + 0.07 * unit) + eye.out * 0.15 * rx
            elif eye.open == 0.0:  # from under the lashes of a closed eye
                root = eye.middle + ey * 0.3 * (eye.up + eye.low) + eye.out * 0.25 * eye.half
            else:
                root = eye.middle + eye.down * eye.low * 0.92 + eye.out * 0.25 * eye.half
            round_ = unit * (0.1 if comic else 0.06) * (0.7 + 0.5 * person.tears) * grown
            length = unit * (0.12 + 0.22 * person.tears) * grown
            foot = root + ey * length + ex * side * 0.05 * unit
            if person.glasses:
                foot = root + ey * max(length * 0.5, 1.9 * round_)
            margin = 1.3 * round_ + 0.02 * unit
            over = float(foot @ ex) * side - (sketch.contour(side, foot @ ey) * side - margin)
            if over > 0:  # on the cheek, not on its contour
                foot, root = foot - ex * side * over, root - ex * side * over
            if not comic:  # the wet track that a tear leaves
                canvas.fill(
                    brush([root, (root + foot) / 2 + ex * side * 0.01 * unit, foot], 1.6, (0.2, 1, 1), 6), water, 0.55
                )
            drop = (
                foot
                + round_
                * np.array(
                    [
                        (0, -1.9),
                        (0.62, -0.55),
                        (0.95, 0.28),
                        (0.62, 0.85),
                        (0, 1.05),
                        (-0.62, 0.85),
                        (-0.95, 0.28),
                        (-0.62, -0.55),
                    ]
                )
                @ axes
            )
            path = closed(drop, 60)
            canvas.stroke(path, edge, width * (1.3 if comic else 0.8), fill=water)
            canvas.ellipse(foot + (ey - ex) * round_ * 0.32, round_ * 0.2, round_ * 0.32, WHITE, 0.9)
    if person.anger > 0.1 and not comic:
        brow = (points[21] + points[22]) / 2
        marks = [
            [
                brow + ex * side * unit * 0.07 - ey * unit * 0.10,
                brow + ex * side * unit * 0.045,
                brow + ex * side * unit * 0.06 + ey * unit * 0.09,
            ]
            for side in (-1, 1)
        ]
        strength = min(1.0, 0.3 + person.anger)
        canvas.fill(brushes(np.array(marks), max(1.2, line.width * 0.8), (0.1, 1, 0.2), 7), sketch.skin_line, strength)


def draw_anger_mark(sketch: Sketch) -> None:
    """The comic sign of anger: four bent strokes, above everything."""
    person = sketch.person
    if person.anger < 0.25 or sketch.title.hand.emotion != "comic" or smiles(sketch):
        return
    # At the temple that is nearer to the viewer, half on the hair.
    near = -1.0 if sketch.turn > 0 or person.accessory else 1.0  # ornaments are on the right
    place = sketch.warp(sketch.head.scalp([0.80 * near], [0.10]))[0]
    red = sketch.ink if sketch.title.palette.grey else mix(rgb("e02a2a"), sketch.ink, 0.1)
    size = sketch.unit * (0.2 + 0.14 * min(1.0, person.anger))
    marks = []
    for quarter in range(4):
        angle = np.pi / 4 + quarter * np.pi / 2 + 0.2
        u, v = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        # A vein bulges away from the middle of the mark, where the four bends face one another.
        marks.append(
            place
            + size * np.array([u * 0.95 + v * 0.42, u * 0.42 + v * 0.20, u * 0.42 - v * 0.20, u * 0.95 - v * 0.42])
        )
    width = max(2.6, sketch.title.line.width * 1.1)
    # A light edge keeps it readable on red and brown hair.
    sketch.canvas.fill(brushes(np.array(marks), width + 2.0, (0.6, 1, 1, 0.6), 9), WHITE, 0.85)
    sketch.canvas.fill(brushes(np.array(marks), width, (0.35, 1, 1, 0.35), 9), red)


def draw_contour(sketch: Sketch) -> None:
    """The line of the jaw, thicker below, and that of a bare head, which goes on in it on the side turned away."""
    line = sketch.title.line
    if line.width <= 0:
        return
    path = np.concatenate([sketch.forehead[-1:], sketch.landmarks[:17], sketch.forehead[:1]])
    left, right = 0.2, 0.3
    if sketch.bare:
        crown = sketch.crown
        if sketch.turn < -HIDES_EAR:
            path, left = path[3:], 0.9
        elif sketch.turn > HIDES_EAR:
            path, right = path[:-3], 0.9
        else:
            crown = crown[2:13]
        sketch.canvas.stroke(opened(crown), sketch.skin_line, line.width * 1.05)
    profile = (left, max(0.6, left), 0.8, 0.9, 0.9, 1.0, 1.15, 1.0, 1.0, 1.1, 1.05, max(0.8, right), right)
    sketch.canvas.fill(brush(path, line.width * 1.12, profile, 24), sketch.skin_line)
