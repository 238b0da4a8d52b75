"""The table of figures: names, functions that draw them, and descriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from ..errors import UnknownNameError
from . import photos, stylegan2, swapae, tables
from .animation import Animation


@dataclass(frozen=True)
class Figure:
    """One row of the table of figures.

    about : what it shows, in a sentence.     seed : of its first sample, if `draw` is called with seed 0.
    options : further arguments of `make`; `pictures` is the number of pictures that it shows by default.
    """

    name: str
    make: Callable[..., Image.Image | Animation]
    about: str
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


def _row(name: str, make: Callable[..., Any], about: str, *, seed: int = 0, **options: Any) -> Figure:
    return Figure(name, make, about, seed, options)


FIGURES = (
    _row(
        "dataset",
        tables.dataset,
        "The number of pictures of each title: a model draws most easily what is frequent.",
    ),
    _row(
        "stylegan2/samples",
        stylegan2.samples,
        seed=0,
        about="Samples of six seeds, truncated to 0.7: closer to the mean face, they are cleaner and less varied.",
    ),
    _row(
        "stylegan2/1",
        stylegan2.four_way,
        seed=100,
        about="Four samples in the corners, and straight lines in w between them.",
    ),
    _row(
        "stylegan2/2",
        stylegan2.four_way,
        seed=200,
        about="Four other corners: from step to step the code changes evenly.",
    ),
    _row(
        "stylegan2/3",
        stylegan2.layer_swap,
        seed=300,
        about="Each row's face, with each column's code in the later half of the layers.",
    ),
    _row(
        "stylegan2/exploration",
        stylegan2.exploration,
        seed=400,
        about="A walk through ten samples, twenty steps from each to the next.",
    ),
    _row(
        "swapae/1",
        swapae.swaps,
        seed=500,
        pictures=11,
        location=0,
        about="The framed face in ten styles, each used in every layer: this much is kept by the structure code alone.",
    ),
    _row(
        "swapae/2",
        swapae.style_strip,
        seed=610,
        pictures=2,
        about="One structure, while the style changes in eight even steps from its own to that of another picture.",
    ),
    _row(
        "swapae/3",
        swapae.style_strip,
        seed=700,
        pictures=2,
        about="The same for another pair: a style is one vector, so there are styles between two styles.",
    ),
    _row(
        "swapae/4",
        swapae.style_strip,
        seed=800,
        pictures=3,
        about="A style that passes through that of a third picture: a strip takes any number of stops.",
    ),
    _row(
        "swapae/5",
        swapae.structure_strip,
        seed=900,
        pictures=2,
        about="One style, while the structure changes in eight steps to another picture's.",
    ),
    _row(
        "swapae/6",
        swapae.structure_strip,
        seed=1000,
        pictures=2,
        about="Another pair: a structure is a map, and the mean of two maps need not be the map of a face.",
    ),
    _row(
        "swapae/7",
        swapae.structure_strip,
        seed=1100,
        pictures=3,
        about="Three structures in one strip, with steps between them.",
    ),
    _row(
        "swapae/8",
        swapae.every_location,
        seed=1200,
        pictures=6,
        about="The framed face in five styles, at every swap location from 0 to 7. Further down, more of its own is "
        "kept.",
    ),
    *(
        _row(f"swapae/{number}", swapae.swaps, seed=100 * number + 400, pictures=10, location=location, about=about)
        for number, location, about in (
            (9, 2, "Location 2: the two coarsest layers keep the face's own style."),
            (10, 2, "Location 2 for another face, with ten other styles."),
            (11, 2, "Location 2 for a third face, with ten more styles."),
            (12, 3, "Location 3: one more layer keeps the face's own style."),
            (13, 3, "Location 3 for another face, with ten other styles."),
            (14, 3, "Location 3 for a third face, with ten more styles."),
            (15, 7, "Location 7: only the last layer takes the other style."),
            (16, 7, "Location 7 for another face, with ten other styles."),
            (17, 7, "Location 7 for a third face, with ten more styles."),
        )
    ),
    _row(
        "swapae/18",
        swapae.outsider,
        seed=2200,
        pictures=12,
        location=3,
        about="A picture unlike the training data: compare it with its reconstruction, below it.",
    ),
    _row(
        "swapae/19",
        photos.cartoon_swaps,
        seed=2300,
        pictures=12,
        location=3,
        about="The framed photo, first turned into a cartoon, which is not shown, then swapped at location 3.",
    ),
    _row(
        "swapae/20",
        photos.cartoon_swaps,
        seed=2400,
        pictures=12,
        location=2,
        about="The same at location 2, with other styles above and below.",
    ),
    _row(
        "swapae/21",
        photos.cartoon_swaps,
        seed=2500,
        pictures=12,
        location=5,
        about="The same at location 5: only three layers take the other style.",
    ),
    _row(
        "swapae/22",
        photos.cartoon_failures,
        seed=2600,
        pictures=4,
        location=3,
        about="Hard photos, one in each row: a face upside down, half outside the picture, much too small, in the "
        "dark. Beside each its cartoon, and that in four styles.",
    ),
    _row(
        "swapae/jtbc",
        photos.photo_strip,
        seed=2700,
        pictures=5,
        location=3,
        about="Photo above, result below: the photo in five styles.",
    ),
    _row(
        "face2webtoon/dh",
        photos.photo_exploration,
        seed=2800,
        about="One photo, below left, while its style walks through those of ten samples. Above right is the sample "
        "whose style is taken, below it the photo in this style.",
    ),
    *(
        _row(f"face2webtoon/{name}", photos.photo_sheet, seed=seed, pictures=6, about=about)
        for name, seed, about in (
            ("dh-sheet", 2800, "A photo in five sampled styles: above swapped at location 3, below at 5."),
            ("grb", 2900, "Five other styles. The first column is the photo in its own style."),
            ("je", 3000, "The lower row keeps the photo's own style in two more layers."),
            ("jyp", 3100, "Noise is zero, so only the style differs along a row."),
        )
    ),
    _row(
        "fid",
        tables.fid,
        "The FID says how far samples are from the drawings that a model learned from: lower is closer. It fell in "
        "250,000 iterations, from a model of photographs (FFHQ) to one of webtoons, and most of that in the first "
        "50,000.",
    ),
)
BY_NAME = {figure.name: figure for figure in FIGURES}


def find(name: str) -> Figure:
    """A figure by its name; UnknownNameError if there is none."""
    if name not in BY_NAME:
        raise UnknownNameError("figure", name, BY_NAME)
    return BY_NAME[name]
