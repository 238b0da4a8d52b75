"""What every feature needs to be drawn: stylised landmarks, the axes of the face, the title's colours, the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from .canvas import Canvas, Paint
from .colors import BLACK, WHITE, Color, adjusted, darker, lightness, mix, multiply, ramp, rgb
from .curves import SIDE, Points, closed, polygons
from .head import TEMPLATE, Head
from .person import Hair, Person
from .title import Hand, Palette, Title
from .turned import bulge, keep_features_inside, round_jaw

Role = Literal["skin", "hair", "eye", "cloth", "lip", "ground", "other"]

HIDES_EAR = 0.12  # the turn in radians at which the cheek hides the far ear, and the near one lies on the head

# The contour of a frontal face as titles draw it, from the right temple's height down to the chin, template units.
IDEAL_JAW = np.array(
    [
        (0.262, 0.478),
        (0.263, 0.552),
        (0.254, 0.622),
        (0.231, 0.690),
        (0.191, 0.754),
        (0.141, 0.812),
        (0.089, 0.858),
        (0.043, 0.886),
    ]
)


def toned(palette: Palette, color: Color, role: Role) -> Color:
    """A person's colour as a palette shows it."""
    wash = {"skin": palette.wash_skin, "hair": palette.wash_hair}.get(role, palette.wash_rest)
    share = {"skin": palette.ramp_skin, "hair": palette.ramp_hair}.get(role, palette.ramp_rest)
    if role == "eye":
        wash, share = 0.5 * wash, 0.6 * share
    light = lightness(color)
    saturation = palette.saturation if role != "skin" else 1 + 0.5 * (palette.saturation - 1)
    result = adjusted(color, saturation=saturation, value=palette.value)
    if palette.ramp:
        result = mix(result, ramp(light, palette.ramp), share)
    result = mix(result, palette.wash, wash)
    if role == "skin" and lightness(result) < palette.skin_floor:
        lift = (palette.skin_floor - lightness(result)) / (1 - lightness(result))
        result = mix(result, mix(rgb("e8a878"), WHITE, 0.2) if not palette.grey else WHITE, lift)
    if palette.grey:
        grey = lightness(result)
        result = (grey, grey, grey)
    return result


_T = np.linspace(0, 1, 4)[:, None]
_JOINT = np.concatenate([(1 - _T) ** 3, 3 * _T * (1 - _T) ** 2, 3 * _T**2 * (1 - _T), _T**3], 1)  # of a cubic
_RIGHT_SIDE = [4, 3, 2, 1, 0, *range(25, 16, -1)]  # of forehead and contour in one array, from the top to the chin


@dataclass(eq=False)
class Sketch:
    """One drawing while it is made."""

    person: Person
    title: Title
    canvas: Canvas = field(default_factory=Canvas)

    @cached_property
    def head(self) -> Head:
        return self.person.head

    @cached_property
    def rng(self) -> np.random.Generator:
        """Chance that belongs to the person: the same in every title."""
        return np.random.default_rng(self.person.seed)

    # ---- geometry

    @cached_property
    def axes(self) -> tuple[Points, Points, Points, float]:
        """The point between the eyes, the unit vectors along and down the face, and the distance of the eyes."""
        points = self.person.points
        left, right = points[36:42].mean(0), points[42:48].mean(0)
        along = right - left
        unit = float(np.linalg.norm(along)) + 1e-9
        along = along / unit
        return (left + right) / 2, along, np.array([-along[1], along[0]]), unit

    @cached_property
    def ex(self) -> Points:
        return self.axes[1]

    @cached_property
    def ey(self) -> Points:
        return self.axes[2]

    @cached_property
    def unit(self) -> float:
        """The distance of the eyes' middles, the measure for the features' sizes."""
        return self.axes[3]

    @cached_property
    def landmarks(self) -> Points:
        """The person's landmarks as this title's hand places them: `[68, 2]`."""
        return stylised(self.person, self.title.hand, self.axes, self.head)

    @cached_property
    def shift_of_contour(self) -> Points:
        return self.landmarks[:17] - self.person.points[:17]

    def warp(self, points: Points) -> Points:
        """Points near the contour move as it moves, so that hair and ears stay on a stylised face."""
        source, shift = self._warping
        # The squared distance to each point of the contour, times a factor; its parts first, to sum in one product.
        squares = np.einsum("...i,...i->...", points, points)[..., None]
        known = np.concatenate([points, squares, np.ones_like(squares)], -1)
        moved = np.exp(known @ source) @ shift
        return points + moved[..., :2] / (moved[..., 2:] + 0.35)

    @cached_property
    def _warping(self) -> tuple[Points, Points]:
        source = self.person.points[:17]
        ones = np.ones((17, 1))
        factor = -1 / (2 * 0.06**2)
        squares = (source * source).sum(1, keepdims=True)
        return factor * np.concatenate([-2 * source, ones, squares], 1).T, np.concatenate(
            [self.shift_of_contour, ones], 1
        )

    @cached_property
    def forehead(self) -> Points:
        return self.warp(self.head.forehead)

    @cached_property
    def bare(self) -> bool:
        """Whether the head's own outline is seen: bald, or hair no longer than a cut by machine."""
        return isinstance(self.person.hair, Hair) and self.person.hair.length < 0.16

    @cached_property
    def crown(self) -> Points:
        """The outline of a bare head above its contour, from left to right over the top: `[15, 2]`.

        It goes in behind a near ear. On the side that a turn hides, the skull stays round down to the temple, goes in
        at the eye, and runs into the cheek in one smooth line.
        """
        points = self.warp(self.head.silhouette(np.linspace(-112, 112, 15), -0.014))
        for side, over, cheek in ((-1, points[4::-1], self.landmarks[1:4]), (1, points[10:], self.landmarks[15:12:-1])):
            far = min(1.0, max(0.0, self.turn * side / HIDES_EAR))
            if far == 0:
                continue
            # From the skull's own direction into the cheek's. A curve that began at the crown's corner would be flat.
            start, along, down = over[1], over[2] - over[0], cheek[2] - cheek[0]
            reach = float(np.linalg.norm(cheek[1] - start))
            along, down = along / np.linalg.norm(along), down / np.linalg.norm(down)
            joint = [start, start + 0.4 * reach * along, cheek[1] - 0.4 * reach * down, cheek[1]]
            curve = _JOINT @ np.array(joint)
            # Beside the eye a head goes in, between the brow's bone and the cheek's: a straight wall is a helmet's.
            deep = 0.08 * self.unit * min(1.0, max(0.0, abs(self.turn) - 0.1) / 0.3)
            curve += np.outer(np.array([0.0, -0.15, 1.0, 0.0]) * deep, -side * self.ex)
            over[1:] += far * (curve - over[1:])
        return points

    @cached_property
    def face_outline(self) -> str:
        """The path of the face: contour and forehead. A bare head that is turned is one surface up to its crown."""
        if self.bare and abs(self.turn) > HIDES_EAR:
            return closed(np.concatenate([self.crown, self.landmarks[14:1:-1]]), 70)
        return closed(np.concatenate([self.landmarks[:17], self.forehead]), 70)

    @cached_property
    def _contours(self) -> dict[int, tuple[Points, Points]]:
        """Heights and places along the face's axes of its left (-1) and right (1) contour, from the top down."""
        outline = np.concatenate([self.forehead, self.landmarks[:17]]) @ np.stack([self.ey, self.ex], 1)
        left, right = outline[4:18], outline[_RIGHT_SIDE]
        return {
            -1: (np.maximum.accumulate(left[:, 0]), left[:, 1]),
            1: (np.maximum.accumulate(right[:, 0]), right[:, 1]),
        }

    def contour(self, side: int, height: float | Points) -> Points:
        """Where the face's left (-1) or right (1) contour is along `ex`, at heights along `ey`."""
        heights, places = self._contours[side]
        return np.asarray(np.interp(height, heights, places))

    @cached_property
    def turn(self) -> float:
        """The yaw in radians as it is seen."""
        return self.head.yaw

    # ---- colours

    def tone(self, color: Color, role: Role) -> Color:
        return toned(self.title.palette, color, role)

    @cached_property
    def skin(self) -> Color:
        return self.tone(self.person.skin, "skin")

    @cached_property
    def hair(self) -> Color:
        palette = self.title.palette
        color = self.tone(self.person.hair_color, "hair")
        if palette.grey:  # ink, one grey, or paper
            light = lightness(self.person.hair_color)
            return rgb("141414") if light < 0.4 else rgb("fafafa") if light > 0.68 else rgb("a8a8a8")
        apart = lightness(color) - lightness(self.skin)
        if abs(apart) < 0.13:  # hair in the skin's lightness would look like skin
            color = mix(color, BLACK if lightness(self.skin) > 0.45 else WHITE, 0.28 - abs(apart))
        if lightness(palette.background_b) < 0.1:  # black hair against a night sky has no outline
            # The glow of a sky or a fog lifts it; a ground that is of one colour behind the head would swallow it.
            glow = palette.background_a if palette.background in ("night", "fog") else mix(palette.wash, BLACK, 0.3)
            color = mix(color, glow, 0.52 * max(0.0, 1 - lightness(color) / 0.27))
        return color

    @cached_property
    def cloth(self) -> Color:
        return self.tone(self.person.cloth_color, "cloth")

    @cached_property
    def lip(self) -> Color:
        lip = self.tone(self.person.lip_color, "lip")
        return mix(lip, self.tone(rgb("d87868"), "lip"), 0.5 * self.depth)

    @cached_property
    def eye(self) -> Color:
        return self.tone(self.person.eye_color, "eye")

    @cached_property
    def ink(self) -> Color:
        return self.title.line.ink

    @cached_property
    def skin_shadow(self) -> Color:
        return self.shadow(self.skin)

    @cached_property
    def skin_line(self) -> Color:
        """The colour of contours on skin."""
        line = mix(self.ink, mix(self.skin_shadow, self.ink, 0.35), self.title.line.tint)
        light = lightness(self.skin)
        return line if self.title.palette.grey else darker(line, light * (0.2 + 0.5 * light))

    @cached_property
    def depth(self) -> float:
        """How dark the skin is as this title shows it: 0 down to a medium tone, 1 for the darkest.

        On dark skin soft tones are lost: its lines are firmer, its lips, blush and rims lighter and warmer.
        """
        return 0.0 if self.title.palette.grey else min(1.0, max(0.0, (0.6 - lightness(self.skin)) / 0.2))

    @cached_property
    def hair_shadow(self) -> Color:
        if self.title.palette.grey:
            return BLACK if lightness(self.hair) < 0.3 else mix(self.hair, BLACK, 0.45)
        return self.shadow(self.hair)

    @cached_property
    def hair_line(self) -> Color:
        if self.title.palette.grey:
            return rgb("0a0a0a")
        line = mix(self.ink, mix(self.hair_shadow, self.ink, 0.3), self.title.line.tint)
        # Light ink on dark hair looks like cracks: lines are darker than the hair, on black hair a little lighter.
        light = lightness(self.hair)
        return darker(line, max(light - 0.16, 0.1 + 0.3 * light))

    @cached_property
    def hair_light(self) -> Color:
        if self.title.palette.grey:
            return WHITE if lightness(self.hair) < 0.5 else mix(self.hair, WHITE, 0.8)
        dark = lightness(self.hair) < 0.3
        lit = adjusted(self.hair, saturation=0.9, value=1.3)
        return mix(lit, mix(self.title.palette.light, WHITE, 0.4), 0.24 if dark else 0.38)

    def shadow(self, color: Color, depth: float = 1.0) -> Color:
        """The shadow tone of a colour in this title."""
        palette = self.title.palette
        share = min(1.0, palette.shadow_depth * self.title.line.strength * depth)
        if palette.grey:
            return mix(color, BLACK, 0.5 * share)
        rich = adjusted(color, saturation=1.12)
        return mix(rich, multiply(color, mix(palette.shadow, WHITE, 0.28)), share)

    # ---- shading

    def shade(
        self, regions: Sequence[str], base: Color, box: tuple[float, float, float, float], strength: float = 1.0
    ) -> None:
        """A shadow on the colour `base`. `regions` are nested paths, the widest first; `box` holds the widest: left,
        top, right, bottom in the unit square."""
        kind, dark = self.title.line.shade, self.shadow(base)
        canvas = self.canvas
        if kind == "flat" or not regions:
            return
        if kind == "cel":
            canvas.fill(regions[0], dark, strength)
        elif kind == "two":
            canvas.fill(regions[0], dark, strength)
            canvas.fill(regions[-1] if len(regions) > 1 else "", self.shadow(dark), 0.75 * strength)
        elif kind == "soft":
            for region in regions:
                canvas.fill(region, dark, 1 - (1 - 0.8 * strength) ** (1 / len(regions)))
        elif kind == "ink":
            canvas.fill(regions[-1], self.ink, 0.85 * strength)
            canvas.fill(regions[0], dark, 0.5 * strength)
        else:
            if kind != "tone":
                canvas.fill(regions[0], dark, 0.45 * strength)
            paint = (
                rgb("3c3c3c") if kind == "tone" else self.shadow(dark) if kind == "dots" else mix(dark, self.ink, 0.55)
            )
            pattern = _hatching(canvas, paint) if kind == "hatch" else _dots(canvas, paint, kind)
            canvas.fill(regions[0], pattern, min(1.0, 0.95 * strength))

    def line(self, path: str, width: float, paint: Paint | None = None, fill: Paint | None = None) -> None:
        """A contour; where the title draws no lines, only the fill."""
        if width > 0:
            self.canvas.stroke(path, paint if paint is not None else self.skin_line, width, fill=fill)
        elif fill is not None:
            self.canvas.fill(path, fill)


def stylised(person: Person, hand: Hand, axes: tuple[Points, Points, Points, float], head: Head) -> Points:
    """Landmarks pulled towards a hand's ideals, in the axes of the face."""
    origin, along, down, unit = axes
    basis = np.stack([along, down])
    points = (person.points - origin) @ basis.T
    strong = person.neck
    order = np.arange(17)
    # The contour: partly the person's own, narrowed; partly the title's ideal in the same pose.
    spread = 1.2 - np.abs(order - 8) / 20
    near_chin = np.exp(-((order - 8.0) ** 2) / 7)
    narrow = 1 + (hand.jaw_width * (0.975 + 0.05 * strong) - 1) * spread
    narrow *= 1 + (hand.chin + 0.16 * strong - 1.04) * near_chin * 0.75
    # The temples keep their place: a narrow face must not leave its eyes without room.
    narrow = 1 + (narrow - 1) * np.interp(np.abs(order - 8), [0, 5, 8], [1.0, 1.0, 0.3])
    middle = points[27, 0] + (points[8, 0] - points[27, 0]) * np.clip(points[:17, 1] / (points[8, 1] + 1e-9), 0, 1)
    own = points[:17].copy()
    own[:, 0] = middle + (own[:, 0] - middle) * narrow
    ideal = (_ideal_contour(hand, strong, head) - origin) @ basis.T
    ideal += (points[:17] - ideal).mean(0) * 0.5
    ideal += np.outer(np.sin(np.linspace(0, np.pi, 17)), (points[8] - ideal[8]) * 0.5)
    points[:17] += hand.jaw * (0.38 * ideal + 0.62 * own - points[:17]) + 0.5 * (1 - hand.jaw) * (own - points[:17])
    bulge(points, head.yaw, unit, hand)
    round_jaw(points, head.yaw, hand)
    _without_kinks(points)
    points[:, 1] += np.clip(points[:, 1], 0, None) * (hand.face_length - 1)
    points[27:36, 1] += np.clip(points[27:36, 1], 0, None) * (hand.nose_length - 1)
    mouth = points[48:68].mean(0)
    size = np.array([hand.mouth_size, (1 + hand.mouth_size) / 2])
    points[48:68] = mouth + (points[48:68] - mouth) * size - [0, hand.mouth_up]
    for eye, side in ((slice(36, 42), -1), (slice(42, 48), 1)):
        points[eye] += [side * hand.eye.apart, hand.eye.down]
    points[17:27, 1] += 0.4 * hand.eye.down - hand.brow_up
    keep_features_inside(points, head.yaw, unit, hand)
    return points @ basis + origin


def _without_kinks(points: Points) -> None:
    """A jaw that turns sharply at one point, beside a broad chin or over a narrow neck, is rounded there."""
    for _ in range(3):
        line = points[:17]
        before, after = line[1:-1] - line[:-2], line[2:] - line[1:-1]
        cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
        angle = np.abs(np.arctan2(cross, (before * after).sum(1)))
        # A hollow is smoothed sooner than a corner.
        hollow = cross > 0
        limit = np.where(hollow, 0.10, 0.42)
        share = np.clip((angle - limit) / 0.4, 0, 0.8)[:, None]
        share[[0, -1]] *= 0.5
        points[1:16] += share * (0.5 * (line[:-2] + line[2:]) - line[1:-1])


def _ideal_contour(hand: Hand, strong: float, head: Head) -> Points:
    shape = TEMPLATE[:17].copy()
    shape[:8, 0], shape[:8, 1] = -IDEAL_JAW[:, 0], IDEAL_JAW[:, 1]
    shape[16:8:-1, 0], shape[16:8:-1, 1] = IDEAL_JAW[:, 0], IDEAL_JAW[:, 1]
    order = np.arange(17)
    near_chin = np.exp(-((order - 8.0) ** 2) / 7)
    shape[:, 0] *= 1 + (hand.jaw_width * (0.975 + 0.06 * strong) - 1) * np.clip(1.2 - np.abs(order - 8) / 20, 0, 1)
    shape[:, 0] *= 1 + (hand.chin + 0.2 * strong - 1) * near_chin * 0.7
    template = TEMPLATE.copy()
    template[:17] = shape
    return head.face(template)[:17]


def _dots(canvas: Canvas, paint: Paint, kind: str) -> str:
    """Screentone: diamonds on a grid turned by 45 degrees."""
    pitch, radius = (4.3, 1.42) if kind == "tone" else (4.8, 1.55)
    side = pitch * 1.41
    diamond = radius * 1.12 * np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])
    middles = np.array([(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)])[:, None] * side
    return canvas.pattern(polygons((middles + diamond) / SIDE), paint, side, side)


def _hatching(canvas: Canvas, paint: Paint) -> str:
    """Slanted strokes, none as wide as its neighbours."""
    wide, slant = 4 * 4.48, 0.75
    tall = wide / slant  # a stroke that leaves a tile on one side goes on in the next: a turned tile is slow to paint
    width = 1.33 * np.array([0.75, 1.06, 0.87, 1.18])
    left = np.arange(8)[:, None] * 4.48 + 1.0
    right = left + np.resize(width, 8)[:, None]
    low = np.full((8, 1), tall)
    corners = np.concatenate([left, 0 * low, right, 0 * low, right - wide, low, left - wide, low], 1)
    strokes = corners.reshape(8, 4, 2)
    return canvas.pattern(polygons(strokes / SIDE), paint, wide, tall)


def bounds(points: Points, margin: float = 0.01) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of points, with a margin."""
    low, high = points.min(0) - margin, points.max(0) + margin
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
