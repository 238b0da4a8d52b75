"""The titles the project draws: fourteen manners that a reader of webtoons tells apart."""

from __future__ import annotations

from .colors import rgb
from .title import EyeHand, HairHand, Hand, Line, Palette, Title


def _ramp(*codes: str) -> tuple[tuple[float, float, float], ...]:
    return tuple(map(rgb, codes))


ROMANCE = Title(
    "romance",
    Hand(0.85, 0.915, 0.68, mouth_size=0.9, nose_length=0.98, brow=0.85, eye=EyeHand("almond", 1.58, 0.98, 0.10, 0.58, 1.28, 0.30, 0.34, 3), hair=HairHand(8, 1.0, 0.9, 0.5, 0.006, wave=0.15, strands=2, shine="band", flyaway=0.9)),
    Line(1.5, 1.35, rgb("4a2030"), 0.25, "cel", 0.75, 0.7, blush="lines", sparkle=1.2),
    Palette(1.08, 1.04, rgb("fff0ea"), 0.06, 0.05, 0.05, shadow=rgb("c8607c"), background="bokeh", background_a=rgb("fff4f6"), background_b=rgb("f2b0c0"), background_mix=0.55, skin_floor=0.34),
)
ACTION = Title(
    "action",
    Hand(0.7, 0.95, 0.80, 0.99, mouth_size=0.86, brow=1.5, brow_up=-0.004, eye=EyeHand("sharp", 1.32, 0.60, 0.22, 0.44, 1.1, 0.22, 0.18, 0, 1.0, 0.8), hair=HairHand(6, 1.1, 1.0, 0.35, 0.012, 0.55, strands=1, shine="streak", flyaway=0.6), nose="bridge", mouth="line"),
    Line(2.7, 2.6, rgb("0c0a10"), 0.0, "two", 1.15, 1.1, blush="none", sparkle=0.7, iris="flat"),
    Palette(1.25, 0.98, rgb("20243a"), 0.0, 0.08, 0.10, shadow=rgb("7a3a58"), background="speed", background_a=rgb("ffd9a0"), background_b=rgb("2a2f52"), background_mix=0.6, skin_floor=0.30),
)
COMEDY = Title(
    "comedy",
    Hand(0.85, 1.06, 1.35, 0.89, 0.95, 0.012, 0.86, 1.2, 0.02, EyeHand("dot", 1.25, 1.0, 0.0, apart=0.008, down=0.028), HairHand(4, 1.35, 0.35, 0.2, 0.012, strands=0, shine="blob", flyaway=0.25), "dot", "comic", "comic"),
    Line(3.6, 3.4, rgb("2a1a14"), 0.0, "flat", 0.9, 0.0, 0.022, "oval", 1.3),
    Palette(1.25, 1.1, rgb("fff6d8"), 0.06, 0.06, 0.1, shadow=rgb("e08a5a"), background="flat", background_a=rgb("ffffff"), background_mix=0.5, skin_floor=0.34),
)
NOIR = Title(
    "noir",
    Hand(0.7, 0.93, 0.74, mouth_size=0.84, brow=1.25, brow_up=0.0, eye=EyeHand("sharp", 1.36, 0.62, 0.16, 0.46, 1.15, 0.26, 0.25, 1, 1.0, 0.9), hair=HairHand(7, 1.0, 1.0, 0.4, 0.004, 0.25, strands=2, shine="ink", flyaway=0.7), nose="bridge", mouth="line"),
    Line(2.4, 2.1, rgb("050505"), 0.0, "tone", 1.0, 1.1, 0.034, "none", 0.0, 0.8, "ink"),
    Palette(ramp=_ramp("6a6a6a", "b4b4b4", "e2e2e2", "fbfbfb", "ffffff"), ramp_skin=1.0, ramp_hair=0.0, ramp_rest=0.15, skin_floor=0.72, sclera=rgb("ffffff"), grey=True, background="tone"),
)
PASTEL = Title(
    "pastel",
    Hand(0.8, 1.0, 1.0, 0.93, 0.82, 0.004, 0.93, 0.75, 0.006, EyeHand("round", 1.52, 0.98, 0.02, 0.60, 1.22, 0.15, 0.10, 1, 0.5, 0.4, 0.008, 0.018), HairHand(7, 1.15, 0.6, 0.3, 0.016, wave=0.1, strands=1, shine="ring", flyaway=0.4), "tiny", "soft"),
    Line(1.6, 1.5, rgb("7a4a72"), 0.35, "cel", 0.6, 0.8, 0.026, "soft", 1.5, 1.4),
    Palette(1.05, 1.08, rgb("f6e0f2"), 0.10, 0.34, 0.34, shadow=rgb("d79ac8"), background="clouds", background_a=rgb("ffffff"), background_b=rgb("e8c8ee"), background_mix=0.55, skin_floor=0.50),
)
RETRO = Title(
    "retro",
    Hand(0.65, 0.90, 0.68, 1.0, 0.85, brow=0.7, brow_up=0.012, eye=EyeHand("round", 1.52, 0.96, 0.04, 0.56, 1.3, 0.30, 0.40, 5, 1.3, 1.6), hair=HairHand(9, 0.85, 0.9, 0.5, 0.014, 0.0, 0.35, 3, "ring", 0.3), nose="bridge", mouth="lips"),
    Line(2.0, 2.1, rgb("33161a"), 0.0, "dots", 0.8, 0.9, blush="soft", blush_strength=0.8, sparkle=2.0, iris="star", grain=0.035),
    Palette(1.15, 1.0, rgb("f3e2b8"), 0.10, 0.10, 0.16, _ramp("2b1a1c", "7a3b2c", "c9803f", "e9bf7c", "f6e6bd", "fbf2d6"), 0.5, 0.42, 0.35, 0.34, rgb("b85a3a"), sclera=rgb("fbf4dc"), background="rays", background_a=rgb("f8ecc8"), background_b=rgb("5aa8a0"), background_mix=0.8),
)
PAINTERLY = Title(
    "painterly",
    Hand(0.4, 0.96, 0.86, mouth_size=0.92, brow=1.05, eye=EyeHand("almond", 1.28, 0.66, 0.10, 0.48, 1.1, 0.19, 0.2, 1, 0.8, 0.5), hair=HairHand(9, 0.95, 0.85, 0.6, 0.008, wave=0.2, strands=3, shine="soft", flyaway=1.0), nose="soft", mouth="paint"),
    Line(0.0, 0.0, rgb("3a1c1c"), 0.6, "soft", 0.95, 1.2, blush="soft", blush_strength=0.9, sparkle=0.9, grain=0.02),
    Palette(1.08, 1.0, rgb("ffd9a8"), 0.06, 0.06, 0.08, shadow=rgb("a8485a"), background="paint", background_a=rgb("ffeed2"), background_b=rgb("6a5a6a"), background_mix=0.4, skin_floor=0.30),
)
THRILLER = Title(
    "thriller",
    Hand(0.3, 0.95, 0.88, 1.02, 0.92, brow=1.1, brow_up=-0.004, eye=EyeHand("narrow", 1.22, 0.54, 0.08, 0.38, 1.0, 0.15, 0.08, 0, 1.2, 1.3), hair=HairHand(8, 0.9, 1.0, 0.35, 0.0, 0.15, 0.1, 3, "none", 1.0), nose="real", mouth="line"),
    Line(1.7, 1.6, rgb("12181a"), 0.0, "hatch", 1.05, 1.15, blush="none", sparkle=0.35, iris="flat"),
    Palette(0.5, 1.04, rgb("6a7a74"), 0.02, 0.10, 0.14, _ramp("30403e", "8a9a94", "c2cac0", "e6e8dc"), 0.30, 0.0, 0.2, 0.50, rgb("3a5a58"), sclera=rgb("e6e8e0"), background="fog", background_a=rgb("7a8c86"), background_b=rgb("141a1c"), background_mix=0.8),
)
NIGHT = Title(
    "night",
    Hand(0.65, 0.94, 0.80, mouth_size=0.9, eye=EyeHand("almond", 1.46, 0.78, 0.14, 0.52, 1.2, 0.23, 0.28, 2), hair=HairHand(8, 1.0, 0.95, 0.4, 0.006, 0.1, strands=1, shine="band", flyaway=0.8)),
    Line(1.9, 1.7, rgb("0a0830"), 0.1, "cel", 1.15, 1.3, blush="soft", blush_strength=0.5, rim=rgb("ff7ac8")),
    Palette(1.0, 1.0, ramp=_ramp("0e1034", "2a3070", "5a68c0", "94a0ea", "ccccfc", "f2eaff"), ramp_skin=0.68, ramp_hair=0.62, ramp_rest=0.68, skin_floor=0.47, shadow=rgb("3434a0"), sclera=rgb("dfe4ff"), background="night", background_a=rgb("8a4a9a"), background_b=rgb("0c0c30")),
)
HISTORICAL = Title(
    "historical",
    Hand(0.6, 0.95, 0.82, 1.0, 0.74, brow=0.95, brow_up=0.004, eye=EyeHand("narrow", 1.36, 0.52, 0.16, 0.46, 1.1, 0.20, 0.38, 0, 0.7, 0.0), hair=HairHand(10, 0.8, 1.0, 0.55, 0.0, 0.0, 0.15, 3, "none", 0.8), nose="mark", mouth="lips"),
    Line(2.3, 2.0, rgb("241812"), 0.1, "ink", 0.7, 0.6, 0.022, "soft", 0.9, 0.4, "flat", grain=0.045),
    Palette(0.72, 1.0, rgb("efe0c0"), 0.16, 0.04, 0.30, shadow=rgb("b08a6a"), shadow_depth=0.55, sclera=rgb("f6eedc"), background="wash", background_a=rgb("f2e6cc"), background_b=rgb("8a8478"), background_mix=0.85, skin_floor=0.47),
)
DAILY = Title(
    "daily",
    Hand(0.65, 0.99, 1.0, 0.96, 0.86, 0.002, 0.95, 0.85, 0.006, EyeHand("bead", 1.2, 1.0, 0.0, apart=0.004, down=0.016), HairHand(5, 1.25, 0.55, 0.25, 0.004, strands=1, shine="none", flyaway=0.3), "tiny", "comic", "comic"),
    Line(2.0, 1.9, rgb("4a3a34"), 0.2, "cel", 0.45, 0.0, 0.022, "oval", 0.8),
    Palette(0.85, 1.05, rgb("fff8ee"), 0.10, 0.10, 0.2, shadow=rgb("d89a88"), shadow_depth=0.6, background="window", background_a=rgb("fdf6ea"), background_b=rgb("c8a888"), background_mix=0.55, skin_floor=0.34),
)
HORROR = Title(
    "horror",
    Hand(0.75, 0.90, 0.66, 1.03, 0.95, brow=0.8, brow_up=0.0, eye=EyeHand("round", 1.28, 0.84, 0.0, 0.32, 1.0, 0.16, 0.05, 0, 1.3, 2.0), hair=HairHand(10, 0.8, 1.0, 0.3, -0.006, 0.2, 0.25, 4, "none", 1.0), nose="real", mouth="line"),
    Line(1.6, 1.5, rgb("0a0608"), 0.0, "ink", 1.0, 1.3, 0.05, "none", 0.0, 0.0, "ring", grain=0.05),
    Palette(0.35, 0.98, rgb("9aa08a"), 0.12, 0.0, 0.3, _ramp("0e0c0e", "3a3a3a", "7a7a70", "b4b4a4", "dcdccc"), 0.25, 0.35, 0.35, 0.52, rgb("4a3a4a"), sclera=rgb("f0e8d8"), background="fog", background_a=rgb("5a2420"), background_b=rgb("0c0a0c"), background_mix=0.85),
)
CHIBI = Title(
    "chibi",
    Hand(0.9, 1.06, 1.05, 0.84, 0.72, 0.012, 0.82, 0.7, 0.014, EyeHand("round", 1.72, 1.22, -0.02, 0.66, 1.18, 0.18, 0.08, 2, 0.4, 0.3, 0.012, 0.030), HairHand(5, 1.4, 0.7, 0.3, 0.03, 0.1, strands=0, shine="ring", flyaway=0.3), "none", "cat", "comic"),
    Line(2.6, 2.5, rgb("5a2a3a"), 0.25, "cel", 0.7, 0.0, 0.026, "oval", 1.5, 1.8),
    Palette(1.2, 1.1, rgb("fff2f8"), 0.10, 0.10, 0.16, shadow=rgb("e08aa0"), shadow_depth=0.6, background="shapes", background_a=rgb("fff0f6"), background_b=rgb("f0a0c0"), background_mix=0.5, skin_floor=0.42),
)
FANTASY = Title(
    "fantasy",
    Hand(0.75, 0.92, 0.72, 0.99, 0.85, brow=0.9, eye=EyeHand("sharp", 1.42, 0.80, 0.20, 0.52, 1.25, 0.24, 0.42, 1, 1.0, 0.7), hair=HairHand(9, 0.95, 1.0, 0.7, 0.012, 0.12, 0.3, 2, "streak", 1.0), nose="mark", mouth="lips"),
    Line(1.7, 1.6, rgb("1c2a34"), 0.35, "two", 0.9, 0.9, blush="soft", blush_strength=0.6, sparkle=1.3, rim=rgb("8af0e0")),
    Palette(1.2, 1.02, rgb("d8f0e0"), 0.03, 0.05, 0.08, shadow=rgb("5a7a9a"), light=rgb("fff0b0"), background="paint", background_a=rgb("f2d890"), background_b=rgb("1c6a78"), background_mix=0.7, skin_floor=0.30),
)

TITLES: tuple[Title, ...] = (
    ROMANCE, ACTION, COMEDY, NOIR, PASTEL, RETRO, PAINTERLY, THRILLER, NIGHT, HISTORICAL, DAILY, HORROR, CHIBI, FANTASY,
)
BY_NAME = {title.name: title for title in TITLES}
