"""A person: plain data that a title draws. The same person drawn in two titles is the same face in two manners.

Everything is measured in the unit square of an FFHQ-like crop, x to the right, y down. A person is frozen, made of
numbers, short words and tuples, and survives JSON unchanged. What comes from a file is checked: sizes, ranges, words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, get_type_hints

import numpy as np

from webtoonfaces.errors import BadInputError

from .colors import Color
from .curves import Points
from .head import Head, Pose

VERSION = 1
MAX_JSON = 400_000  # characters of a person's JSON
MAX_OUTLINES, MAX_POINTS, MAX_STRANDS = 8, 240, 60
LARGEST = 1000.0  # of any number in a person: neither NaN, nor infinity, nor a whole number without end

COLLARS = ("crew", "v", "shirt", "suit", "hood", "turtle", "sailor", "robe")
GLASSES = ("", "round", "square", "half")
EARRINGS = ("", "stud", "hoop", "drop")
TIES = ("", "ponytail", "bun", "two buns", "twintails", "braid")
ACCESSORIES = ("", "clip", "ribbon", "band", "flower")

Point = tuple[float, float]
Outline = tuple[Point, ...]


@dataclass(frozen=True)
class Hair:
    """Hair as continuous numbers in [0, 1], but for `part` (-1..1: where the parting is, in the picture's sense).

    length: 0 shaved, 0.12 cropped, 0.3 to the ears, 0.5 to the chin, 0.75 to the shoulders, 1 longer.
    volume: how far it stands off the skull. fringe: how far locks reach on the forehead (0: none, 1: into the eyes).
    open: 0 the fringe hangs straight, 1 it falls to both sides of the parting. wave: waves along the locks.
    curl: 1 for coils that stand off the head. spike: tips that stand away from the outline. sides: 0 shaved sides.
    tie: one of TIES; `tie_side` -1..1 says on which side and how high. locks: seven numbers in -1..1 that make this
    head of hair its own.
    """

    length: float = 0.5
    volume: float = 0.4
    fringe: float = 0.5
    part: float = 0.2
    open: float = 0.3
    wave: float = 0.1
    curl: float = 0.0
    spike: float = 0.1
    sides: float = 1.0
    tie: str = ""
    tie_side: float = 0.5
    locks: tuple[float, ...] = (0.0,) * 7


@dataclass(frozen=True)
class MeasuredHair:
    """Hair as it was seen in a photo: closed outlines behind and in front of the face, and strands along its flow."""

    back: tuple[Outline, ...] = ()
    front: tuple[Outline, ...] = ()
    strands: tuple[Outline, ...] = ()
    curl: float = 0.0


@dataclass(frozen=True)
class Person:
    """Who is drawn.

    `landmarks`: 68 points in dlib's order; they carry shape and expression. `pose`: the head's. Colours are floats in
    [0, 1]. Numbers without a comment are amounts in [0, 1].
    """

    landmarks: Outline
    pose: Pose = field(default_factory=Pose)
    hair: Hair | MeasuredHair = field(default_factory=Hair)
    skin: Color = (0.95, 0.79, 0.67)
    hair_color: Color = (0.23, 0.16, 0.15)
    eye_color: Color = (0.42, 0.26, 0.15)
    lip_color: Color = (0.78, 0.40, 0.42)
    cloth_color: Color = (0.24, 0.29, 0.42)
    background: Color = (0.79, 0.84, 0.89)
    gaze: Point = (0.0, 0.0)  # -1..1, to the picture's right and down
    eye_open: Point = (1.0, 1.0)  # left and right eye of the picture: 0 closed, 1 at rest, up to 1.2
    eye_height: float = 0.32  # of an open eye, in widths; 0.2..0.45
    lashes: float = 0.5
    lips: float = 0.5  # how full they are painted
    brows: float = 0.5  # how strong they are
    neck: float = 0.5  # slender to strong
    age: float = 0.25
    beard: float = 0.0
    moustache: float = 0.0
    stubble: float = 0.0
    freckles: float = 0.0
    blush: float = 0.3
    tears: float = 0.0
    anger: float = 0.0
    mole: Point | None = None  # -1..1, from the tip of the nose, in units of the eyes' distance
    glasses: str = ""
    earring: str = ""
    collar: str = "crew"
    accessory: str = ""
    seed: int = 0  # of what is drawn at random: background, freckles

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def points(self) -> Points:
        """The landmarks as a read-only float64 array `[68, 2]`."""
        points = np.array(self.landmarks, dtype=float)
        points.setflags(write=False)
        return points

    @cached_property
    def head(self) -> Head:
        """The posed head."""
        return self.pose.head

    def to_json(self) -> str:
        """This person as JSON text that `Person.from_json` reads."""
        kind = "measured" if isinstance(self.hair, MeasuredHair) else "shape"
        return json.dumps({"version": VERSION, "hair_kind": kind, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Person:
        """The person that `to_json` wrote. Raises BadInputError, which says what is wrong, for anything else."""
        if len(text) > MAX_JSON:
            raise BadInputError(f"This person's JSON has {len(text)} characters; at most {MAX_JSON} are read.")
        try:
            data = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise BadInputError(f"This is not a person's JSON: {str(error)[:120]}.") from None
        if not isinstance(data, dict) or data.pop("version", None) != VERSION:
            raise BadInputError(f"This is not a person's JSON of version {VERSION}.")
        kind = data.pop("hair_kind", "shape")
        if kind not in ("shape", "measured"):
            raise BadInputError("A person's `hair_kind` is 'shape' or 'measured'.")
        hair = MeasuredHair if kind == "measured" else Hair
        data["hair"] = _build(hair, data.get("hair", {}), "hair")
        data["pose"] = _build(Pose, data.get("pose", {}), "pose")
        return _build(cls, data, "person")


def _no_constant(name: str) -> float:
    raise ValueError(f"it contains {name}")


def _build(cls: type[Any], data: object, name: str) -> Any:
    """A dataclass from a mapping; unknown and missing names are told."""
    if not isinstance(data, Mapping):
        raise BadInputError(f"A person's `{name}` is an object of JSON, not {type(data).__name__}.")
    known = {f.name for f in fields(cls)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise BadInputError(f"A {name} has no {', '.join(repr(key[:40]) for key in unknown[:5])}.")
    if cls is Person and "landmarks" not in data:
        raise BadInputError("This person has no `landmarks`.")
    return cls(**{key: _tuples(value, depth=0) for key, value in data.items()})


def _tuples(value: object, depth: int) -> object:
    """JSON's lists as tuples, at most four levels deep."""
    if not isinstance(value, list):
        return value
    if depth == 4:
        raise BadInputError("A person's lists are at most four levels deep.")
    return tuple(_tuples(item, depth + 1) for item in value)


# What each number may be. What is not listed is an amount in [0, 1].
_RANGES = {
    "eye_height": (0.1, 0.6),
    "yaw": (-60.0, 60.0),
    "pitch": (-45.0, 45.0),
    "roll": (-180.0, 180.0),
    "scale": (0.05, 4.0),
    "x": (-2.0, 3.0),
    "y": (-2.0, 3.0),
    "width": (0.5, 2.0),
    "part": (-1.0, 1.0),
    "tie_side": (-1.0, 1.0),
}
_WORDS = {"glasses": GLASSES, "earring": EARRINGS, "collar": COLLARS, "accessory": ACCESSORIES, "tie": TIES}
_COLORS = ("skin", "hair_color", "eye_color", "lip_color", "cloth_color", "background")


def _check(person: Person) -> None:
    """Raises BadInputError where a person cannot be drawn."""
    if not isinstance(person.landmarks, tuple) or len(person.landmarks) != 68:
        raise BadInputError("A person has 68 landmarks, each a pair of numbers.")
    _check_points(person.landmarks, "landmarks")
    for name in _COLORS:
        _check_numbers(getattr(person, name), name, 3, 0.0, 1.0)
    _check_numbers(person.gaze, "gaze", 2, -1.0, 1.0)
    _check_numbers(person.eye_open, "eye_open", 2, 0.0, 1.2)
    if person.mole is not None:
        _check_numbers(person.mole, "mole", 2, -1.0, 1.0)
    if not isinstance(person.seed, int) or isinstance(person.seed, bool) or not 0 <= person.seed < 2**32:
        raise BadInputError("A person's `seed` is a whole number from 0 to 4294967295.")
    for part, kind in ((person, Person), (person.pose, Pose), (person.hair, type(person.hair))):
        if not isinstance(part, (Person, Pose, Hair, MeasuredHair)):
            raise BadInputError("A person's `pose` is a Pose, its `hair` a Hair or a MeasuredHair.")
        for name, hint in _hints(kind).items():
            value = getattr(part, name)
            if hint is float:
                low, high = _RANGES.get(name, (0.0, 1.0))
                _check_numbers((value,), name, 1, low, high)
            elif hint is str and value not in _WORDS[name]:
                allowed = ", ".join(repr(word) for word in _WORDS[name])
                raise BadInputError(f"A person's `{name}` is one of {allowed}, not {str(value)[:40]!r}.")
    if isinstance(person.hair, Hair):
        _check_numbers(person.hair.locks, "locks", 7, -1.0, 1.0)
    else:
        _check_measured(person.hair)


def _hints(kind: type[Any]) -> dict[str, Any]:
    if kind not in _hint_cache:
        _hint_cache[kind] = get_type_hints(kind)
    return _hint_cache[kind]


_hint_cache: dict[type[Any], dict[str, Any]] = {}


def _check_numbers(values: object, name: str, count: int, low: float, high: float) -> None:
    numbers = values if isinstance(values, tuple) and len(values) == count else None
    if numbers is None or not all(_is_number(value) and low <= value <= high for value in numbers):
        what = "a number" if count == 1 else f"{count} numbers"
        raise BadInputError(f"A person's `{name}` is {what} from {low:g} to {high:g}.")


def _check_points(points: object, name: str) -> None:
    """Pairs of numbers within four pictures of the frame: hair and shoulders may leave it, nothing needs more."""
    if not isinstance(points, tuple):
        raise BadInputError(f"A person's `{name}` are pairs of numbers.")
    for point in points:
        if (
            not isinstance(point, tuple)
            or len(point) != 2
            or not all(_is_number(value) and -4 <= value <= 5 for value in point)
        ):
            raise BadInputError(f"A person's `{name}` are pairs of numbers from -4 to 5.")


def _check_measured(hair: MeasuredHair) -> None:
    _check_numbers((hair.curl,), "curl", 1, 0.0, 1.0)
    for name, most, least in (("back", MAX_OUTLINES, 3), ("front", MAX_OUTLINES, 3), ("strands", MAX_STRANDS, 2)):
        outlines = getattr(hair, name)
        if not isinstance(outlines, tuple) or len(outlines) > most:
            raise BadInputError(f"A person's hair has at most {most} outlines in `{name}`.")
        for outline in outlines:
            if not isinstance(outline, tuple) or not least <= len(outline) <= MAX_POINTS:
                raise BadInputError(f"An outline in `{name}` has {least} to {MAX_POINTS} points.")
            _check_points(outline, name)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST
