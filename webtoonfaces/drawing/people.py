"""`person_of(z)`: a fixed map from a normal vector to a person and a title, and with it random people.

Each number of `z` has one meaning, given by its place in `FACTORS`, and drives it smoothly: neighbours in z look alike,
and a network can learn the map exactly. What is a word (a title, glasses, a collar) changes where a number crosses a
threshold; nothing else jumps. The map is part of a trained model's meaning, so places are only ever added at the end.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .colors import Color, mix, ramp, rgb
from .curves import Points
from .head import TEMPLATE, Pose, rotation
from .person import Hair, Person

TITLE_PLACES = 16  # the first numbers choose the title: the largest of as many as there are titles

FACTORS: tuple[str, ...] = (
    *(f"title {index}" for index in range(TITLE_PLACES)),
    *("yaw", "pitch", "roll", "zoom", "shift x", "shift y"),
    *("masculinity", "age", "face width", "jaw width", "chin length", "chin width", "eye size", "eye distance"),
    *("eye tilt", "eye height", "brow height", "brow arch", "brow strength", "nose length", "nose width"),
    *("mouth width", "mouth fullness", "smile", "mouth open", "surprise", "worry", "anger", "tears", "eyelids", "wink"),
    *("gaze x", "gaze y", "lashes", "lips", "neck", "beard", "moustache", "stubble", "freckles", "blush"),
    *("mole", "mole x", "mole y"),
    *("skin tone", "skin warmth", "hair tone", "hair redness", "hair dyed", "hair hue x", "hair hue y"),
    *("eye tone", "eye hue x", "eye hue y", "cloth tone", "cloth hue x", "cloth hue y", "ground hue x", "ground hue y"),
    *("ground tone", "hair length", "hair volume", "hair fringe", "hair part", "hair open", "hair wave", "hair curl"),
    *("hair spike", "hair sides", "tie", "tie side"),
    *(f"lock {index}" for index in range(7)),
    *("glasses", "earring", "collar", "accessory", "seed"),
)
PLACE = {name: index for index, name in enumerate(FACTORS)}
Z_DIM = len(FACTORS)

SKINS = tuple(map(rgb, ("fce6d8", "f8d8c2", "f1c8a8", "e2ad86", "cc9264", "ad7248", "8c5636", "6a4130", "4f3028")))
HAIRS = tuple(map(rgb, ("18161c", "241c1c", "3d2a22", "5f3d28", "8a5c34", "b98a4e", "dcb870", "ecd9a4")))
REDS = tuple(map(rgb, ("2a1418", "4a1e1c", "74301f", "9c4526", "c0602f", "d88a4c", "e8b070", "f0d0a8")))
GREYS = tuple(map(rgb, ("4a484c", "d9d6d4")))
IRISES = tuple(map(rgb, ("3a2418", "5a3820", "7d5228", "a8772f", "7f8a3f")))

SEXES = (-0.7, 0.7)  # of the number "masculinity": feminine below, masculine above


def words_of(masculine: Any) -> dict[str, tuple[tuple[str, Any], ...]]:
    """For each number of z that stands for a word, its words and the share of the people who have them, in order.

    masculine : from 0 to 1, a number or a tensor; so are the shares.
    Where shares add up to more than 1, fewer people have the last word.
    """
    return {
        "mole": (("", 0.9), ("mole", 0.1)),
        "glasses": (("", 0.82), ("round", 0.07), ("square", 0.06), ("half", 0.05)),
        "earring": (("", 0.62 + 0.2 * masculine), ("stud", 0.16), ("hoop", 0.12), ("drop", 0.1)),
        "collar": (
            *(("crew", 0.2), ("shirt", 0.2), ("suit", 0.16), ("v", 0.12), ("hood", 0.12)),
            *(("turtle", 0.1), ("sailor", 0.05), ("robe", 0.05)),
        ),
        "accessory": (("", 0.72 + 0.27 * masculine), ("clip", 0.1), ("ribbon", 0.07), ("band", 0.06), ("flower", 0.05)),
        "tie": (("", 0.6), ("ponytail", 0.14), ("bun", 0.08), ("two buns", 0.04), ("twintails", 0.07), ("braid", 0.07)),
    }


@dataclass(frozen=True)
class Drawn:
    """What a z stands for: a person, and the number of a title in the list of titles."""

    person: Person
    title: int


def person_of(z: ArrayLike, titles: int) -> Drawn:
    """The person and the title of a normal vector `z` of at least `Z_DIM` numbers; what is beyond them is not used."""
    values = np.asarray(z, dtype=float)
    if values.ndim != 1 or len(values) < Z_DIM or not np.isfinite(values[:Z_DIM]).all():
        raise ValueError(f"z is a vector of at least {Z_DIM} finite numbers")
    if not 1 <= titles <= TITLE_PLACES:
        raise ValueError(f"titles is a whole number from 1 to {TITLE_PLACES}")
    return Drawn(_person(_Numbers(values)), int(values[:titles].argmax()))


def random_person(rng: np.random.Generator) -> Person:
    """A person as `person_of` distributes them."""
    return _person(_Numbers(rng.normal(size=Z_DIM)))


class _Numbers:
    """The numbers of a z by name: `n` as they are (kept within 2.5), `u` uniform in 0..1."""

    def __init__(self, z: Points):
        self._z = z

    def n(self, name: str, deviation: float = 1.0) -> float:
        return deviation * max(-2.5, min(2.5, float(self._z[PLACE[name]])))

    def u(self, name: str, low: float = 0.0, high: float = 1.0) -> float:
        share = 0.5 * (1.0 + math.erf(float(self._z[PLACE[name]]) / math.sqrt(2.0)))
        return low + (high - low) * share

    def over(self, name: str, threshold: float) -> float:
        """0 for the first `threshold` of all people, then rising to 1: what most people do not have."""
        return max(0.0, (self.u(name) - threshold) / (1 - threshold))

    def one_of(self, name: str, words: Sequence[tuple[str, float]]) -> str:
        """A word by its share of the people; shares add up to 1 or more."""
        at = self.u(name)
        for word, share in words:
            at -= share
            if at < 0:
                return word
        return words[0][0]

    def hue(self, name: str) -> float:
        """A hue in turns, continuous and evenly spread: the angle of two numbers."""
        return math.atan2(self.n(f"{name} hue y"), self.n(f"{name} hue x")) / (2 * math.pi) % 1.0


def _crying(z: _Numbers) -> float:
    """From 0 to 1 in the first tenth of those who have tears: the mouth turns down and both eyes agree before the
    tears are seen."""
    return min(1.0, 10 * z.over("tears", 0.92))


def _smooth(value: float, low: float, high: float) -> float:
    t = max(0.0, min(1.0, (value - low) / (high - low)))
    return t * t * (3 - 2 * t)


def _person(z: _Numbers) -> Person:
    masculine = _smooth(z.n("masculinity"), *SEXES)
    words = words_of(masculine)
    age = z.u("age", 0.05, 0.55) + 0.4 * _smooth(z.u("age"), 0.86, 1.0)
    anger = z.over("anger", 0.86)
    face = _face(z, masculine, age, anger)
    lids = z.u("eyelids")
    rest = 1.06 - 0.5 * _smooth(lids, 0.82, 0.93) - 0.6 * _smooth(lids, 0.95, 0.965) + 0.1 * z.over("surprise", 0.8)
    crying = _crying(z)
    wink = 1.0 - _smooth(z.u("wink"), 0.965, 0.975) * (1 - _smooth(crying, 0.0, 0.3))
    eye_open = (max(0.0, min(rest, 1.2)), max(0.0, min(rest * wink, 1.2)))
    for eye, amount in ((slice(36, 42), eye_open[0]), (slice(42, 48), eye_open[1])):
        upper = np.arange(68)[eye][[1, 2]]
        floor = face[eye][[4, 5], 1].mean()
        face[upper, 1] = floor + (face[upper, 1] - floor) * (0.08 + 0.92 * amount)
    pose, landmarks = _posed(z, face)
    skin = mix(ramp(z.u("skin tone") ** 1.25, SKINS), rgb("e0a070"), 0.12 * abs(z.u("skin warmth") - 0.5))
    hair = _hair(z, masculine, age)
    hair_color = _hair_color(z, age)
    dark = _smooth(z.u("skin tone"), 0.6, 0.9)
    lip = mix(mix(skin, rgb("c04a55"), z.u("lips", 0.3, 0.62) * (1 - 0.4 * masculine)), rgb("6a2228"), 0.16 * dark)
    beards = _smooth(masculine, 0.6, 0.95) * _smooth(age, 0.2, 0.3)
    return Person(
        landmarks=tuple((float(x), float(y)) for x, y in landmarks),
        pose=pose,
        hair=hair,
        skin=skin,
        hair_color=hair_color,
        eye_color=_eye_color(z, dark),
        lip_color=lip,
        cloth_color=_toned(z, "cloth", (0.15, 0.75), (0.22, 0.95)),
        background=_toned(z, "ground", (0.12, 0.4), (0.72, 0.96)),
        gaze=(max(-1.0, min(1.0, z.n("gaze x", 0.25))), max(-1.0, min(1.0, z.n("gaze y", 0.12)))),
        eye_open=eye_open,
        eye_height=0.32 * (1 + z.n("eye height", 0.07)),
        lashes=max(0.0, min(1.0, 0.75 - 0.6 * masculine + z.n("lashes", 0.12))),
        lips=max(0.0, min(1.0, 0.7 - 0.5 * masculine + z.n("lips", 0.1))),
        brows=max(0.0, min(1.0, 0.35 + 0.3 * masculine + z.n("brow strength", 0.12))),
        neck=max(0.0, min(1.0, 0.3 + 0.45 * masculine + z.n("neck", 0.08))),
        age=max(0.0, min(1.0, age)),
        beard=beards * z.over("beard", 0.78),
        moustache=beards * z.over("moustache", 0.8),
        stubble=beards * z.over("stubble", 0.7) * 0.8,
        freckles=z.over("freckles", 0.82),
        blush=z.u("blush", 0.0, 0.8) * (1 - 0.5 * masculine),
        tears=0.15 * _smooth(crying, 0.3, 0.6) + 0.85 * z.over("tears", 0.92) * _smooth(crying, 0.3, 0.6),
        anger=anger,
        mole=(z.u("mole x", -0.8, 0.8), z.u("mole y", -0.2, 0.9)) if z.one_of("mole", words["mole"]) else None,
        **{name: z.one_of(name, words[name]) for name in ("glasses", "earring", "collar", "accessory")},
        seed=int(z.u("seed") * 997),
    )


def _face(z: _Numbers, masculine: float, age: float, anger: float) -> Points:
    """The template with this person's shape and expression: `[68, 3]`."""
    face = TEMPLATE.copy()
    order = np.arange(17)
    cheeks = np.exp(-((order - 4.0) ** 2) / 6) + np.exp(-((order - 12.0) ** 2) / 6)
    chin = np.exp(-((order - 8.0) ** 2) / 5)
    child = 1 - _smooth(age, 0.05, 0.25)
    face[:17, 0] *= 1 + z.n("face width", 0.036) + 0.01 * masculine
    face[:17, 0] *= 1 + (z.n("jaw width", 0.065) + 0.06 * masculine - 0.025) * cheeks
    chin_length = z.n("chin length", 0.016) + 0.014 * masculine - 0.02 * child
    face[:17, 1] += chin_length * chin
    face[[6, 7, 9, 10], 0] *= 1 + z.n("chin width", 0.13) + 0.18 * masculine
    size = 1.03 + z.n("eye size", 0.06) - 0.06 * masculine + 0.1 * child
    tilt = math.radians(z.n("eye tilt", 3.5) + 2.5 - masculine)
    for eye, side in ((slice(36, 42), -1), (slice(42, 48), 1)):
        middle = face[eye].mean(0)
        offset = (face[eye] - middle) * [size, size, 1]
        c, s = math.cos(-side * tilt), math.sin(-side * tilt)
        turned = np.stack([offset[:, 0] * c - offset[:, 1] * s, offset[:, 0] * s + offset[:, 1] * c, offset[:, 2]], 1)
        face[eye] = middle + turned + [side * z.n("eye distance", 0.006), 0.012 * child, 0]
    brows = slice(17, 27)
    face[brows, 1] += z.n("brow height", 0.007) + 0.010 * masculine - 0.014 * z.over("surprise", 0.7)
    middle_y = face[brows, 1].mean()
    face[brows, 1] = middle_y + (face[brows, 1] - middle_y) * (1 + z.n("brow arch", 0.3) - 0.25 * masculine)
    worry = z.over("worry", 0.75)
    for inner, outer, amount in (([20, 21, 22, 23], [17, 26], 0.020 * anger - 0.016 * worry),):
        face[inner, 1] += amount
        face[outer, 1] -= 0.5 * amount
    length = 1 + z.n("nose length", 0.045) + 0.04 * masculine - 0.03 - 0.06 * child
    face[27:36, 1] = 0.47 + (face[27:36, 1] - 0.47) * length
    face[31:36, 0] *= 1 + z.n("nose width", 0.1) + 0.1 * masculine - 0.05
    _mouth(z, face, masculine, worry, anger)
    face[48:68, 1] += (length - 1) * 0.09 + 0.3 * chin_length
    return face


def _mouth(z: _Numbers, face: Points, masculine: float, worry: float, anger: float) -> None:
    """Width, fullness and expression of the mouth, and the jaw that opens with it."""
    middle = face[48:68].mean(0)
    face[48:68, 0] *= 1 + z.n("mouth width", 0.06) + 0.05 * masculine - 0.04
    fullness = 1 + z.n("mouth fullness", 0.13) - 0.12 * masculine
    face[48:60, 1] = middle[1] + (face[48:60, 1] - middle[1]) * fullness
    smile = z.u("smile", -0.25, 1.25) * (1 - 0.8 * anger) - 0.35 * worry
    sad = min(smile, -0.3) - 0.5 * z.over("tears", 0.92)
    smile += (sad - smile) * _smooth(_crying(z), 0.0, 0.3)
    opening = z.over("mouth open", 0.66) ** 1.2
    smile *= 1 - 0.2 * opening
    face[[48, 54, 60, 64], 1] -= 0.026 * smile
    face[[48, 60], 0] -= 0.012 * max(smile, 0)
    face[[54, 64], 0] += 0.012 * max(smile, 0)
    face[[49, 53, 59, 55], 1] -= 0.006 * smile
    face[[55, 56, 57, 58, 59], 1] += 0.05 * opening * np.array([0.7, 1, 1.05, 1, 0.7])
    face[[65, 66, 67], 1] += 0.05 * opening
    face[5:12, 1] += 0.022 * opening
    face[[50, 51, 52, 61, 62, 63], 1] -= 0.004 * opening


def _posed(z: _Numbers, face: Points) -> tuple[Pose, Points]:
    """The pose that puts a turned face where an FFHQ-like crop has it, and the landmarks in that crop."""
    yaw = max(-35.0, min(35.0, z.n("yaw", 12)))
    pitch, roll = z.n("pitch", 5), z.n("roll", 4)
    width = 1 + z.n("face width", 0.036)
    turned = Pose(yaw, pitch, 0.0, 1.0, 0.0, 0.0, 1.0).head.face(face)
    left, right = turned[36:42].mean(0), turned[42:48].mean(0)
    eyes, mouth = (left + right) / 2, (turned[48] + turned[54]) / 2
    across, down = right - left, mouth - eyes
    axis = across - np.array([-down[1], down[0]])
    axis /= np.hypot(*axis)
    turn = abs(math.sin(math.radians(yaw)))
    zoom = z.u("zoom", 1.02, 1.16) + 0.2 * turn
    scale = 1 / (2 * zoom * max(np.hypot(*across) * 2.0, np.hypot(*down) * 1.8))
    upright = np.array([[axis[0], axis[1]], [-axis[1], axis[0]]])
    angle = math.radians(roll)
    tilt = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    place = tilt @ upright
    aim = np.array([0.5 + z.n("shift x", 0.009) + 0.13 * math.sin(math.radians(yaw)), 0.52 + z.n("shift y", 0.007)])
    shift = aim - scale * place @ (eyes + 0.1 * down)
    landmarks = turned @ (scale * place).T + shift
    full_roll = roll + math.degrees(math.atan2(upright[1, 0], upright[0, 0]))
    pose = Pose(yaw, pitch, full_roll, float(scale), float(shift[0]), float(shift[1]), width)
    assert np.allclose(pose.head.matrix, scale * place @ rotation(yaw, pitch, 0)[:2], atol=1e-6)
    return pose, landmarks


def _hair(z: _Numbers, masculine: float, age: float) -> Hair:
    length = z.u("hair length")
    short = 0.10 + 0.38 * length**1.3
    long = 0.34 + 0.66 * length**0.8
    reach = short + (long - short) * (1 - _smooth(masculine, 0.25, 0.85))
    bald = _smooth(age, 0.6, 0.9) * masculine * _smooth(z.u("hair length"), 0.5, 0.2)
    reach *= 1 - bald
    curl = _smooth(z.u("hair curl"), 0.84, 0.93)
    tie = ""
    if reach > 0.5:
        tie = z.one_of("tie", words_of(masculine)["tie"])
    sides = 1.0 - masculine * _smooth(z.u("hair sides"), 0.8, 0.9)
    return Hair(
        length=max(0.0, min(1.0, reach)),
        volume=z.u("hair volume", 0.15, 0.85),
        fringe=max(0.0, min(1.0, z.u("hair fringe", 0.0, 1.05) * _smooth(reach, 0.1, 0.25))),
        part=max(-1.0, min(1.0, z.n("hair part", 0.28))),
        open=z.u("hair open"),
        wave=max(0.0, z.u("hair wave", -0.3, 1.0)),
        curl=curl,
        spike=max(0.0, z.u("hair spike", -0.7, 1.0)) * (1 - curl),
        sides=sides,
        tie=tie,
        tie_side=z.u("tie side", -1, 1),
        locks=tuple(max(-1.0, min(1.0, z.n(f"lock {index}", 0.45))) for index in range(7)),
    )


def _hair_color(z: _Numbers, age: float) -> Color:
    dark = _smooth(z.u("skin tone"), 0.55, 0.9)  # dark skin goes with dark hair, unless it is dyed
    tone = z.u("hair tone") ** (1.5 + 2.5 * dark)
    natural = mix(ramp(tone, HAIRS), ramp(tone, REDS), _smooth(z.u("hair redness"), 0.7, 0.95))
    natural = mix(natural, ramp(0.3 + 0.7 * tone, GREYS), _smooth(age, 0.6, 0.85))
    dyed = colorsys.hsv_to_rgb(z.hue("hair"), 0.35 + 0.4 * tone, 0.95 - 0.3 * tone)
    return mix(natural, dyed, _smooth(z.u("hair dyed"), 0.62, 0.82))


def _eye_color(z: _Numbers, dark: float) -> Color:
    natural = ramp(z.u("eye tone") * (1 - 0.6 * dark), IRISES)
    vivid = colorsys.hsv_to_rgb(z.hue("eye"), 0.6, 0.72)
    return mix(natural, vivid, _smooth(z.u("eye tone"), 0.55, 0.7) * (1 - 0.7 * dark))


def _toned(z: _Numbers, name: str, saturation: tuple[float, float], value: tuple[float, float]) -> Color:
    tone = z.u(f"{name} tone")
    low, high = saturation
    return colorsys.hsv_to_rgb(z.hue(name), high + (low - high) * tone, value[0] + (value[1] - value[0]) * tone)
