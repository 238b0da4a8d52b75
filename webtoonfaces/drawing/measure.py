"""A face in a photo becomes a person: pose, hair, colours and what is worn, each measured or left plain.

Nothing is guessed: what the pixels do not show keeps the plain value of `Person`, and `Measured` says which parts that
were. A person's sex is neither asked nor inferred; nor is age, because folds and shadows look alike in one photo, so a
portrait has no wrinkles (`replace(person, age=0.8)` draws them).
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from webtoonfaces.errors import BadInputError
from webtoonfaces.faces.masks import Frame, blurred, dilated, eroded, hair_mask, lab_of, polygon_mask

from . import trace_hair
from .colors import Color, adjusted, lightness, mix, multiply
from .curves import Points
from .head import Head, Pose, fit_pose
from .people import SKINS
from .person import MeasuredHair, Outline, Person

Grid = NDArray[np.float64]
Bits = NDArray[np.bool_]

SIDE = 256  # px at which a face is measured
EYE_SIDE = 96  # px of one eye's own picture
HUES, SATURATIONS = (0.017, 0.089), (0.10, 0.66)  # of skin under white light, as HSV has them
WHITES = np.array([1.07, 0.99, 0.94])  # of the eyes in white light, as a photo shows them
PAINTED = 0.4  # how far photographed skin goes to the painted one of its lightness
COVERED = 0.45  # of the cheeks' lightness: where the skin round both eyes is darker, the eyes are hidden
OLIVE = 0.098  # the yellowest hue, in turns, of dark hair
GREY = 4.5  # CIELAB chroma of skin below which a picture counts as colourless
PLAIN = Person(landmarks=((0.5, 0.5),) * 68)  # what stands where nothing was measured
PARTS = ("hair", "skin", "eyes", "gaze", "brows", "lips", "beard", "glasses", "clothes", "background")


@dataclass(frozen=True, eq=False)
class Measured:
    """A person, and how much of it the photo showed.

    `found` names the parts that were measured, `plain` those that were not, and are drawn plainly (both from `PARTS`).
    `mask` is the hair, float32 `[160, 160]` over the crop.
    """

    person: Person
    found: tuple[str, ...]
    plain: tuple[str, ...]
    mask: NDArray[np.float32] = field(repr=False)


def measure_person(crop: Image.Image, landmarks: Points) -> Measured:
    """The person in an upright crop.

    crop : square, as `align_face` cuts it, at least 64 px.     landmarks : its 68 points in the unit square, `[68, 2]`.

    Deterministic. Raises BadInputError for another number of landmarks, or for landmarks far outside the crop.
    """
    points = np.asarray(landmarks, dtype=float)
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise BadInputError(f"A person is measured by 68 landmarks (x, y), not by an array of shape {points.shape}.")
    if points.min() < -1 or points.max() > 2:
        raise BadInputError("These landmarks lie outside the crop: give them in the crop's own unit square.")
    return _Measurement(crop.convert("RGB"), points).result()


class _Measurement:
    def __init__(self, crop: Image.Image, points: Points):
        self.crop, self.points = crop, points
        self.pose = _within(fit_pose(points))
        self.head: Head = self.pose.head
        self.frame = Frame.of(points)
        small = crop.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        raw = np.asarray(small, dtype=float) / 255
        self.gains = _light(raw, points)
        self.rgb = (raw * self.gains).clip(0, 1)
        self.lab = lab_of(self.rgb)
        self.mask = hair_mask(crop, points)
        self.hair = trace_hair.resized(self.mask.astype(float), SIDE)
        centers = (np.arange(SIDE) + 0.5) / SIDE
        self.x, self.y = np.meshgrid(centers, centers)
        self.local = self.frame.local(np.stack([self.x, self.y], -1))
        self.found: set[str] = set()
        self.colored = True

    def result(self) -> Measured:
        values: dict[str, Any] = {}
        for measure in (
            self._skin,
            self._hair,
            self._eyes,
            self._brows,
            self._lips,
            self._beard,
            self._glasses,
            self._body,
            self._background,
        ):
            values |= measure()
        outline: Outline = tuple((float(x), float(y)) for x, y in self.points.round(5))
        person = Person(landmarks=outline, pose=self.pose, **values)
        found = tuple(part for part in PARTS if part in self.found)
        plain = tuple(part for part in PARTS if part not in self.found)
        return Measured(person, found, plain, self.mask)

    def _region(self, *polygons: Any) -> Bits:
        """The pixels of polygons given by landmark numbers."""
        bits = np.zeros((SIDE, SIDE), bool)
        for polygon in polygons:
            bits |= polygon_mask(self.points[list(polygon)], SIDE)
        return bits

    def _median(self, bits: Bits, low: float = 0.0, high: float = 1.0) -> Color:
        """The median colour of those pixels whose lightness lies between two quantiles of the region's."""
        chosen, light = self.rgb[bits], self.lab[bits][:, 0]
        if low > 0 or high < 1:
            a, b = np.quantile(light, [low, high])
            chosen = chosen[(light >= a) & (light <= b)]
        red, green, blue = np.median(chosen, axis=0).clip(0, 1).tolist()
        return (red, green, blue)

    # ---- skin

    def _skin(self) -> dict[str, Any]:
        cheeks = self._region((1, 3, 48, 31, 41), (15, 13, 54, 35, 46), (39, 42, 35, 31)) & (self.hair < 0.3)
        if cheeks.sum() < 30:
            cheeks = self._region((31, 35, 54, 48), (39, 42, 35, 31))
        self.cheeks = cheeks
        plain = lab_of(np.array(PLAIN.skin))
        lab = np.median(self.lab[cheeks], 0)
        if np.hypot(lab[1], lab[2]) < GREY:
            # A picture without colour: plain colours, as light as the picture shows.
            self.colored = False
        else:
            self.found.add("skin")
            self._balance(self._median(cheeks, 0.4, 0.8))
        self.skin_lab = np.median(self.lab[cheeks], 0)
        # Rather in the light than in the shade: titles lay their own shadows over it.
        skin = _painted(self._median(cheeks, 0.5, 0.85))
        if not self.colored:
            light = float(np.clip(lab_of(np.array(skin))[0] / plain[0], 0.35, 1.08))
            skin = adjusted(PLAIN.skin, saturation=1.25 - 0.25 * light, value=light)
        return {"skin": skin}

    def _balance(self, skin: Color) -> None:
        """Light that gives skin a hue which no skin has is taken out of the whole picture."""
        hue, saturation, value = colorsys.rgb_to_hsv(*skin)
        hue = hue - 1 if hue > 0.7 else hue
        allowed = colorsys.hsv_to_rgb(float(np.clip(hue, *HUES)) % 1.0, float(np.clip(saturation, *SATURATIONS)), value)
        gains = np.array(allowed) / np.maximum(skin, 0.02)
        if np.abs(gains - 1).max() > 0.005:
            self.gains = self.gains * gains.clip(0.7, 1.4)
            self.rgb = (self.rgb * gains.clip(0.7, 1.4)).clip(0, 1)
            self.lab = lab_of(self.rgb)

    # ---- hair

    def _hair(self) -> dict[str, Any]:
        mask = self.mask.astype(float)
        if mask.max() < 0.5:
            return {"hair": MeasuredHair()}
        side = len(mask)
        centers = (np.arange(side) + 0.5) / side
        # A slit under the chin keeps hair that meets there from covering the face when its outline is filled.
        slit = (np.abs(centers[None] - self.points[8, 0]) < 0.02) & (centers[:, None] > self.points[30, 1])
        front = np.where(slit, 0.0, mask)
        outlines = trace_hair.outlines(front)
        if not outlines:
            return {"hair": MeasuredHair()}
        self.found.add("hair")
        picture = trace_hair.resized(self.lab[..., 0], side)
        crown = self.head.scalp([0.0], [-0.75])[0]
        strands = trace_hair.strands(picture, front, crown)
        back = trace_hair.outlines(self._behind(mask))
        sure = (self.hair > 0.8) & (self.y < 1.0)
        sure = eroded(sure, 2) if eroded(sure, 2).sum() > 60 else self.hair > 0.5
        color = _warmed(self._median(sure, 0.5, 0.98))
        if not self.colored:
            # Dark hair is brown or black; light hair may be grey as well as blond, and stays nearly grey.
            brown = float(np.interp(lightness(color), [0.35, 0.65], [0.8, 0.2]))
            color = mix(color, multiply(color, (1.0, 0.84, 0.72)), brown)
        return {"hair": MeasuredHair(back=back, front=outlines, strands=strands), "hair_color": color}

    def _behind(self, mask: Grid) -> Grid:
        """What of the hair lies behind neck and jaw: each row filled between the hair on both sides."""
        side = len(mask)
        low = int(np.clip(self.points[[2, 14], 1].mean() * side, 0, side - 1))
        bits = mask > 0.5
        filled = mask.copy()
        middle = int(np.clip(self.points[30, 0] * side, 0, side - 1))
        for row in range(side):
            left, right = np.nonzero(bits[row, :middle])[0], np.nonzero(bits[row, middle:])[0]
            if len(left) and len(right):
                first, last = int(left[-1]), middle + int(right[0])
                if row < low or last - first < 0.62 * side:
                    filled[row, first : last + 1] = 1.0
        return filled

    # ---- eyes

    def _eyes(self) -> dict[str, Any]:
        heights, places, irises, lashes = [], [], [], []
        if self._eyes_covered():
            return {}
        for eye in (self.points[36:42], self.points[42:48]):
            wide = float(np.hypot(*(eye[3] - eye[0]))) + 1e-6
            high = (np.hypot(*(eye[1] - eye[5])) + np.hypot(*(eye[2] - eye[4]))) / 2
            heights.append(float(high) / wide)
            look = _Eye(self.crop, eye, self.gains, self.skin_lab)
            lashes.append(look.lash)
            if heights[-1] > 0.15 and look.iris is not None:
                places.append(look.gaze)
                irises.append(look.iris)
        self.found.add("eyes")
        opened = [float(np.clip((height - 0.08) / 0.13, 0.0, 1.0)) for height in heights]
        widest = max(heights)
        values: dict[str, Any] = {
            "eye_open": (opened[0], opened[1]),
            "eye_height": float(np.clip(0.32 + 0.5 * (widest - 0.31), 0.26, 0.40)) if widest > 0.15 else 0.32,
            "lashes": 0.4 + 0.6 * (float(np.mean(lashes)) - 0.4),
        }
        if places:
            self.found.add("gaze")
            # Up and down is hidden by the lids at this size: it stays plain.
            apart = len(places) == 2 and abs(places[0] - places[1]) > 0.7
            looks = min(places, key=abs) if apart else float(np.mean(places))
            values["gaze"] = (float(np.clip(looks, -0.9, 0.9)), 0.0)
            red, green, blue = np.mean(irises, 0).clip(0, 1).tolist()
            if self.colored:
                values["eye_color"] = adjusted((red, green, blue), saturation=1.15, value=1.2)
        return values

    def _eyes_covered(self) -> bool:
        """Whether dark lenses or hair hide both eyes: lids and the skin below them as dark as an iris."""
        darkest = []
        for eye in (self.points[36:42], self.points[42:48]):
            middle = eye.mean(0)
            around = polygon_mask(middle + (eye - middle) * (1.25, 2.6), SIDE) & ~polygon_mask(eye, SIDE)
            if around.sum() < 8:
                return False
            darkest.append(float(np.quantile(self.lab[around][:, 0], 0.6)))
        return max(darkest) < COVERED * self.skin_lab[0]

    def _brows(self) -> dict[str, Any]:
        contrast = []
        for brow in (self.points[17:22], self.points[22:27]):
            band = np.zeros((SIDE, SIDE), bool)
            down = self.frame.down * self.frame.unit
            band |= polygon_mask(np.concatenate([brow - down * 0.06, (brow + down * 0.07)[::-1]]), SIDE)
            around = polygon_mask(np.concatenate([brow - down * 0.22, (brow - down * 0.12)[::-1]]), SIDE)
            band &= self.hair < 0.4
            around &= self.hair < 0.3
            if band.sum() > 12 and around.sum() > 8:
                light = np.median(self.lab[around][:, 0])
                contrast.append((light - np.quantile(self.lab[band][:, 0], 0.25)) / (light + 10))
        if not contrast:
            return {}
        self.found.add("brows")
        return {"brows": float(np.clip(0.15 + 1.1 * np.mean(contrast), 0.15, 0.85))}

    # ---- mouth and beard

    def _lips(self) -> dict[str, Any]:
        lips = self._region(range(48, 60)) & ~self._region(range(60, 68))
        if lips.sum() < 12:
            return {}
        if not self.colored:
            return {}
        redder = float(np.median(self.lab[lips][:, 1]) - self.skin_lab[1])
        darker = float(self.skin_lab[0] - np.median(self.lab[lips][:, 0]))
        if redder < 1.0 and darker < 4.0:  # nothing but skin where lips should be: a hand, or lips too pale to see
            return {}
        self.found.add("lips")
        # A mouth moved off the skin's hue is painted; a pale one is left to the title.
        color = adjusted(self._median(lips, 0.3, 0.8), saturation=1.25)
        return {"lip_color": color, "lips": float(np.clip(0.12 + redder / 18, 0.1, 0.85))}

    def _beard(self) -> dict[str, Any]:
        bare = self.hair < 0.4
        chin = self._region((57, 5, 6, 7, 8, 9, 10, 11)) & bare & ~self._region(range(48, 60))
        jaw = self._region((3, 4, 5, 6, 48), (13, 12, 11, 10, 54)) & bare & ~self._region(range(48, 60))
        lip = self._region((31, 33, 35, 54, 52, 51, 50, 48)) & ~self._region(range(48, 60))
        lower = self.local[..., 1] > self.frame.local(self.points[33])[1] + 0.1
        lip &= lower | (lip.sum() < 40)
        if chin.sum() < 20 or jaw.sum() < 20 or lip.sum() < 8:
            return {}
        self.found.add("beard")
        rough = np.abs(self.lab[..., 0] - blurred(self.lab[..., 0], 2.5))
        calm = float(np.mean(rough[self.cheeks])) + 0.4

        def hairy(bits: Bits, dark: float) -> float:
            """How far a region is from the cheeks' colour: darkness beyond `dark`, greyness, texture."""
            here = np.median(self.lab[bits], 0)
            darker = (self.skin_lab[0] - here[0]) / (self.skin_lab[0] + 8) - dark
            paler = (np.hypot(*self.skin_lab[1:]) - np.hypot(*here[1:])) / 26
            grain = (float(np.mean(rough[bits])) / calm - 1.6) / 3
            return float(darker * 2.2 + min(0.2, max(0.0, 0.8 * paler)) + np.clip(grain, -0.2, 0.4))

        # Of both sides the one that looks less like a beard counts: the other may lie in the shade.
        halves = self.x < self.points[[8, 33], 0].mean(), self.x >= self.points[[8, 33], 0].mean()

        def both(bits: Bits, dark: float) -> float:
            return min(hairy(bits & half, dark) if (bits & half).sum() > 5 else 1.0 for half in halves)

        below, beside, above = both(chin, 0.14), both(jaw, 0.16), both(lip, 0.20)
        full = min(below, max(beside, below * 0.5))
        beard = float(np.clip((full - 0.34) / 0.9, 0, 1))
        moustache = float(np.clip((above - 0.08) / 0.3, 0, 1))
        stubble = float(np.clip((full - 0.16) / 0.3, 0, 0.8)) if beard < 0.1 else 0.0
        return {"beard": beard, "moustache": moustache, "stubble": stubble}

    # ---- what is worn

    def _glasses(self) -> dict[str, Any]:
        self.found.add("glasses")
        return {"glasses": _glasses(self.crop, self.points, self.frame)}

    def _body(self) -> dict[str, Any]:
        """Neck and clothes: below the chin, where hair does not cover them."""
        ratio = np.hypot(*(self.points[4] - self.points[12])) / (np.hypot(*(self.points[0] - self.points[16])) + 1e-6)
        values: dict[str, Any] = {"neck": float(np.clip(0.45 + (ratio - 0.80) * 4.0, 0.1, 0.9))}
        chin = self.points[8]
        below = (self.y > chin[1] + 0.03) & (self.hair < 0.3)
        offset = self.lab - self.skin_lab
        skin_like = (np.hypot(offset[..., 1], offset[..., 2]) < 13) & (offset[..., 0] > -42) & (offset[..., 0] < 14)
        cloth = below & ~dilated(skin_like, 2) & (np.abs(self.x - chin[0]) < 0.36)
        behind = self._ground()
        if behind.sum() > 100:
            beside = behind & (self.y > 0.4)
            wall = np.median(self.lab[beside if beside.sum() > 50 else behind], 0)
            unlike = cloth & (np.sqrt(((self.lab - wall) ** 2).sum(-1)) > 12)
            cloth = unlike if (unlike & (self.y > 0.9)).sum() > 150 else cloth
        cloth &= self.y > 0.90 if (cloth & (self.y > 0.90)).sum() > 150 else self.y > 2
        if cloth.sum() < 150:
            return values
        self.found.add("clothes")
        values["cloth_color"] = self._median(cloth)
        values["collar"] = self._collar(chin, skin_like, below)
        return values

    def _collar(self, chin: Points, skin_like: Bits, below: Bits) -> str:
        away = np.abs(self.x - chin[0])
        light = self.lab[..., 0]
        linen = below & ~skin_like & (away < 0.26) & (light > np.clip(self.skin_lab[0] + 6, 68, 86))
        jacket = below & (away > 0.18) & (away < 0.45) & (self.y > 0.88) & (light < 48)
        if linen.sum() > 0.006 * SIDE * SIDE and jacket.sum() > 0.006 * SIDE * SIDE:
            return "suit"
        column = below & (away < 0.03)
        if not column.any():
            return "crew"
        rows = np.nonzero(column.any(1))[0]
        bare = np.array([(skin_like & column)[row].sum() > 0.5 * column[row].sum() for row in rows])
        length = float(bare.sum()) / SIDE / self.frame.unit
        shown = float(rows[-1] - rows[0] + 1) / SIDE / self.frame.unit
        if length < 0.36 and shown - length > 0.08:
            return "turtle"
        sides = below & (self.y > 0.94) & (np.abs(np.abs(self.x - chin[0]) - 0.22) < 0.06)
        middle = below & (self.y > 0.94) & (np.abs(self.x - chin[0]) < 0.05)
        if not sides.any() or not middle.any():
            return "crew"
        outer, inner = np.median(self.lab[sides], 0), np.median(self.lab[middle], 0)
        skin_in_the_middle = (skin_like & middle).sum() > 0.5 * middle.sum()
        if skin_in_the_middle and length > 0.5:
            return "v"
        if not skin_in_the_middle and inner[0] - outer[0] > 30:
            return "suit"
        return "crew"

    def _background(self) -> dict[str, Any]:
        ground = self._ground()
        if ground.sum() < 200:
            return {}
        self.found.add("background")
        return {"background": self._median(ground)}

    def _ground(self) -> Bits:
        """What is neither head nor body for sure."""
        skull = np.hypot(self.local[..., 0] / 1.25, (self.local[..., 1] + 0.33) / 1.5)
        return (self.hair < 0.15) & (skull > 1.25) & (self.y < self.points[8, 1])


def _within(pose: Pose) -> Pose:
    """A pose as far as a person can have it: landmarks of a profile would turn the head further than it is drawn."""
    return replace(
        pose,
        yaw=float(np.clip(pose.yaw, -60, 60)),
        pitch=float(np.clip(pose.pitch, -45, 45)),
        scale=float(np.clip(pose.scale, 0.05, 4)),
        x=float(np.clip(pose.x, -2, 3)),
        y=float(np.clip(pose.y, -2, 3)),
    )


def _light(rgb: Grid, points: Points) -> Points:
    """Gains of red, green and blue that undo the light's colour.

    The whites of the eyes are the one thing in a face whose colour is known; where they are too small or too dark, the
    light counts as white.
    """
    whites = []
    for eye in (points[36:42], points[42:48]):
        inside = polygon_mask(eye, len(rgb))
        values = rgb[inside]
        if len(values) < 8:
            continue
        light = values.mean(1)
        chroma = np.ptp(values, axis=1)
        best = (light >= np.quantile(light, 0.6)) & (chroma < 0.30)
        if best.sum() >= 4:
            whites.append(np.median(values[best], 0))
    if not whites:
        return np.ones(3)
    white = np.mean(whites, 0)
    if white.mean() < 0.22:
        return np.ones(3)
    # Whites are small and take some colour of the skin around them, and a photo's mood should not be lost: what is
    # undone is half of the cast beyond that of whites in white light. How bright the photo is stays as it was taken.
    gains = (white.mean() * WHITES / white) ** 0.5
    return gains.clip(0.88, 1.14)


def _painted(skin: Color) -> Color:
    """Skin as it is painted: photographed skin is greyer, since it shows shadows, shine and the room's colours."""
    lights = [lightness(tone) for tone in SKINS[::-1]]
    tones = np.array(SKINS[::-1])
    light = lightness(skin)
    red, green, blue = (float(np.interp(light, lights, tones[:, channel])) for channel in range(3))
    return mix(skin, (red, green, blue), PAINTED)


def _warmed(color: Color) -> Color:
    """Hair's colour richer, as it is painted; a dark yellow turned to brown, since it reads as green in flat paint.

    Grey hair stays grey: the richer a colour is, the more it gains.
    """
    hue, saturation, value = colorsys.rgb_to_hsv(*color)
    if OLIVE < hue < 0.19 and value < 0.75 and saturation < 0.7:
        hue = OLIVE
    richer = saturation * (1 + 0.35 * float(np.clip((saturation - 0.12) / 0.15, 0, 1)))
    return colorsys.hsv_to_rgb(hue, min(0.85, max(saturation, richer)), min(1.0, 1.08 * value))


class _Eye:
    """One eye, cut out level: where its iris is, what colour it has, how dark the lash line."""

    def __init__(self, crop: Image.Image, eye: Points, gains: Points, skin: Points):
        along = eye[3] - eye[0]
        wide = float(np.hypot(*along)) + 1e-6
        along = along / wide
        down = np.array([-along[1], along[0]])
        middle = eye.mean(0)
        size = 1.3 * wide  # of the cut, in crops
        left_top = middle - (along + down) * size / 2
        step = size / EYE_SIDE * np.array(crop.size)
        corner = left_top * crop.size
        # Small crops are enlarged, large ones averaged: one smooth picture either way.
        if step.max() > 2:
            crop = crop.reduce(int(step.max()))
            step, corner = size / EYE_SIDE * np.array(crop.size), left_top * crop.size
        a, b = along * step, down * step
        coefficients = (a[0], b[0], corner[0], a[1], b[1], corner[1])
        cut = crop.transform((EYE_SIDE, EYE_SIDE), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
        rgb = (np.asarray(cut, dtype=float) / 255 * gains).clip(0, 1)
        local = np.stack([(eye - left_top) @ along, (eye - left_top) @ down], 1) / size
        inside = polygon_mask(local, EYE_SIDE)
        y, x = np.mgrid[0:EYE_SIDE, 0:EYE_SIDE] + 0.5
        half = wide / size * EYE_SIDE / 2
        self.iris: Points | None = None
        self.gaze = 0.0  # -1 to 1, to the picture's right
        self.lash = self._lash(rgb, local, skin)
        if inside.sum() < 60 or wide * crop.width < 7:
            return
        dark = 1 - blurred(rgb @ np.array([0.5, 0.35, 0.15]), 1.2)
        radius = 0.42 * half
        center = local.mean(0) * EYE_SIDE
        best, place = -1.0, center
        for offset_x in np.linspace(-0.62, 0.62, 25) * half:
            for offset_y in np.linspace(-0.16, 0.16, 5) * half:
                disc = (x - center[0] - offset_x) ** 2 + (y - center[1] - offset_y) ** 2 < radius**2
                seen = disc & inside
                rest = inside & ~disc
                if seen.sum() < 0.4 * disc.sum() or rest.sum() < 12:
                    continue
                # Corners are dark too: the middle is where an iris is expected.
                score = float(dark[seen].mean() - dark[rest].mean()) - 0.10 * (offset_x / half) ** 2
                if score > best:
                    best, place = score, center + np.array([offset_x, offset_y])
        if best < 0.04:
            return
        gaze = (place - center) / half
        self.gaze = float(gaze[0] * 2.4)
        distance = np.hypot(x - place[0], y - place[1])
        ring = (distance < 0.9 * radius) & (distance > 0.42 * radius) & inside & (y > place[1] - 0.15 * radius)
        if ring.sum() < 10:
            return
        values = rgb[ring]
        light = values.mean(1)
        low, high = np.quantile(light, [0.25, 0.8])
        self.iris = np.median(values[(light >= low) & (light <= high)], 0)

    @staticmethod
    def _lash(rgb: Grid, local: Points, skin: Points) -> float:
        """How much darker the upper lid's edge is than skin, 0 to 1."""
        light = lab_of(rgb)[..., 0]
        edge = local[:4] * EYE_SIDE
        t = np.linspace(0.15, 2.85, 24)
        line = np.stack([np.interp(t, np.arange(4), edge[:, axis]) for axis in (0, 1)], 1)
        darkest = []
        for x, y in line:
            rows = np.clip(np.arange(y - 7, y + 6).astype(int), 0, EYE_SIDE - 1)
            darkest.append(float(light[rows, int(np.clip(x, 0, EYE_SIDE - 1))].min()))
        contrast = (skin[0] - float(np.median(darkest))) / (skin[0] + 8)
        return float(np.clip(0.15 + (contrast - 0.42) * 1.7, 0.1, 0.9))


def _glasses(crop: Image.Image, points: Points, frame: Frame) -> str:
    """The shape of glasses, "" where there are none: rims are edges where a bare face is smooth."""
    side = 192
    light = lab_of(np.asarray(crop.resize((side, side), Image.Resampling.LANCZOS), dtype=float) / 255)[..., 0]
    light = blurred(light, 0.7)

    def sampled(places: Points) -> Grid:
        """Lightness at places `[..., 2]` of the unit square."""
        index = np.clip((places * side).astype(int), 0, side - 1)
        return light[index[..., 1], index[..., 0]]

    def valley(middle: Points, across: Points, reach: float, steps: int = 13) -> float:
        """How deep the darkest line is that crosses a bar of samples: `middle` `[N, 2]`, searched along `across`."""
        offsets = np.linspace(-reach, reach, steps) * frame.unit
        values = sampled(middle[:, None] + offsets[None, :, None] * across)
        ends = np.minimum(values[:, :3].mean(1), values[:, -3:].mean(1))
        return float(np.median((ends - values[:, 2:-2].min(1)).clip(0)))

    left, right = points[36:42].mean(0), points[42:48].mean(0)
    along, down = frame.along * frame.unit, frame.down * frame.unit
    bridge = valley((left + right) / 2 + np.linspace(-0.13, 0.13, 7)[:, None] * along - 0.02 * down, frame.down, 0.24)
    # Below and above the eyes, away from the lids, and at the lower corners of the lenses.
    lower, corners, upper = [], [], []
    for eye in (left, right):
        spots = eye + np.linspace(-0.16, 0.16, 7)[:, None] * along
        lower.append(valley(spots + 0.34 * down, frame.down, 0.15))
        for sign in (-1, 1):
            diagonal = (frame.down + sign * frame.along) / np.sqrt(2)
            spot = eye + 0.34 * frame.unit * diagonal + np.linspace(-0.04, 0.04, 3)[:, None] * (along * sign - down)
            corners.append(valley(spot, diagonal, 0.14))
        upper.append(valley(spots - 0.26 * down, frame.down, 0.10))
    # A frown makes lines beside the bridge, and a brow looks like an upper rim: the lower corners away from the nose
    # and the rims of both lenses tell.
    rim, outer = min(lower), (corners[0], corners[3])
    brow_line = float(np.mean(upper)) >= 3 and max(outer) >= 2
    if bridge < 8 or not (rim >= 4 or min(outer) >= 1.5 or brow_line):
        return ""
    if rim < 4:
        return "half"
    return "round" if float(np.mean(corners)) > 0.75 * rim else "square"
