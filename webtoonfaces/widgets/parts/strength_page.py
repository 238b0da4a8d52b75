"""The page that `FaceStudio` exports: a face at every swap location, in four strengths of the style."""

from __future__ import annotations

from ...rendering import recipe as r
from ..export import Page

SHARES = (0.25, 0.5, 0.75, 1.0)  # of the style


def strength_page(structure: r.Code, texture: r.Code, style: r.Code, *, layers: int, location: float) -> Page:
    """`location` is where the page begins, in full strength."""
    pictures: list[r.Picture] = []
    for share in SHARES:
        for place in range(layers + 1):
            swapped = r.SwapAt(texture, style, float(place))
            whole = share == 1
            weaker = swapped if whole else r.Layers(texture, swapped, tuple(range(layers)), (share,) * layers)
            pictures.append(r.Decoded(structure, weaker))
    return Page(
        "A photo's face as a webtoon",
        pictures,
        layers + 1,
        (float(round(location)), float(len(SHARES) - 1)),
        across=("swap location", [str(place) for place in range(layers + 1)]),
        down=("strength", [f"{share:.0%}" for share in SHARES]),
    )
