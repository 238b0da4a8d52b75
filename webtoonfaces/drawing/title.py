"""A title: the manner of one webtoon. Three groups of settings that combine freely.

*Hand* says how geometry, eyes and hair are stylised; *line* how contours and shadows are drawn; *palette* which colours
and which background. `title.mixed(other, from_group=1)` is the truth behind a swap location: own hand, the other's line
and palette.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .colors import BLACK, WHITE, Color

GROUPS = ("hand", "line", "palette")


@dataclass(frozen=True)
class EyeHand:
    """How a title draws eyes. Sizes are multiples of what the landmarks say."""

    template: str = "almond"  # almond, round, sharp, droopy, dot, bead
    width: float = 1.25
    height: float = 0.75
    tilt: float = 0.1
    iris: float = 0.56  # of the eye's half width
    iris_height: float = 1.2
    lash: float = 0.2
    wing: float = 0.25
    spikes: int = 2
    crease: float = 1.0
    lower: float = 0.8
    apart: float = 0.004
    down: float = 0.008


@dataclass(frozen=True)
class HairHand:
    """How a title draws hair: it redraws any head of hair with its own locks."""

    locks: int = 7  # on the forehead
    width: float = 1.0  # of a lock
    point: float = 0.8  # 0 blunt tips, 1 sharp ones
    bend: float = 0.3  # how far locks swing
    volume: float = 0.0
    spike: float = 0.0
    wave: float = 0.0
    strands: int = 1  # lines inside a lock
    shine: str = "band"  # band, streak, blob, ring, ink, soft, none
    flyaway: float = 0.5


@dataclass(frozen=True)
class Hand:
    """How a title stylises geometry. `jaw` pulls the contour to the title's own, given by `jaw_width` and `chin`."""

    jaw: float = 0.6
    jaw_width: float = 0.94
    chin: float = 0.8
    face_length: float = 0.98
    mouth_size: float = 0.85
    mouth_up: float = 0.0
    nose_length: float = 0.97
    brow: float = 1.0
    brow_up: float = 0.004
    eye: EyeHand = field(default_factory=EyeHand)
    hair: HairHand = field(default_factory=HairHand)
    nose: str = "mark"  # mark, tiny, dot, bridge, real, soft, none
    mouth: str = "soft"  # soft, line, lips, comic, paint, cat
    emotion: str = "real"  # real: tears and creases; comic: streams, veins, sweat


@dataclass(frozen=True)
class Line:
    """Contours and shadows. Widths are in 256ths of the picture's side; 0 draws no lines."""

    width: float = 2.0
    hair_width: float = 1.8
    ink: Color = (0.165, 0.110, 0.125)
    tint: float = 0.2  # how far a line takes the colour of what it surrounds
    shade: str = "cel"  # cel, two, soft, tone, dots, hatch, ink, flat
    strength: float = 1.0
    side: float = 0.8  # width of the shadow on the face's far side
    fringe: float = 0.03  # shadow under the fringe
    blush: str = "soft"  # soft, oval, lines, none
    blush_strength: float = 1.0
    sparkle: float = 1.0  # light in the eyes
    iris: str = "gradient"  # gradient, flat, ink, star, ring
    rim: Color | None = None  # a light from behind
    brow_through: bool = True  # brows seen through the fringe
    grain: float = 0.0  # paper or film, after the raster


@dataclass(frozen=True)
class Palette:
    """Colours. `saturation` and `value` multiply, `wash` is mixed in; `ramp` replaces colours by their lightness."""

    saturation: float = 1.0
    value: float = 1.0
    wash: Color = WHITE
    wash_skin: float = 0.0
    wash_hair: float = 0.0
    wash_rest: float = 0.0
    ramp: tuple[Color, ...] = ()
    ramp_skin: float = 0.0
    ramp_hair: float = 0.0
    ramp_rest: float = 0.0
    skin_floor: float = 0.0  # no skin is darker than this lightness: what keeps dark skin readable on dark pages
    shadow: Color = (0.690, 0.314, 0.416)
    shadow_depth: float = 0.72
    sclera: Color = (1.0, 0.980, 0.973)
    light: Color = WHITE
    grey: bool = False  # ink and paper only
    background: str = "gradient"
    background_a: Color = WHITE
    background_b: Color = BLACK
    background_mix: float = 0.4
    edge: Color | None = None  # light on the contour of dark hair, where the ground is as dark


@dataclass(frozen=True)
class Title:
    """One webtoon's manner: a name and three groups."""

    name: str
    hand: Hand = field(default_factory=Hand)
    line: Line = field(default_factory=Line)
    palette: Palette = field(default_factory=Palette)

    def mixed(self, other: Title, from_group: int) -> Title:
        """This title with `other`'s groups from number `from_group` on.

        0: all of the other; 1: own hand, the other's line and palette; 2: only the other's palette; 3: this title.
        """
        if not 0 <= from_group <= len(GROUPS):
            raise ValueError(f"from_group is a whole number from 0 to {len(GROUPS)}, not {from_group!r}")
        if from_group == len(GROUPS) or other == self:
            return self
        name = other.name if from_group == 0 else f"{self.name}+{other.name}@{from_group}"
        return replace(self, name=name, **{group: getattr(other, group) for group in GROUPS[from_group:]})


def group_of_location(location: float, locations: int = 8) -> int:
    """The first group that a swap location hands over: 0 for the first quarter of the layers, 1 up to five eighths of
    them, 2 for the rest, 3 behind the last. What counts is how many layers keep the own style."""
    share = location / locations
    return 0 if share < 0.25 else 1 if share < 0.625 else 2 if share < 1 else 3
