"""The table of figures: each one's name, how it is made, and what it teaches."""

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

    about : what it teaches, in a sentence.     seed : of its first sample, where `draw` is asked for seed 0.
    options : what `make` takes beside the inputs; `pictures` of them is how many it shows unless told otherwise.
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
        "How many pictures each title gave: what is common here is what the models draw most readily.",
    ),
    _row(
        "stylegan2/samples",
        stylegan2.samples,
        seed=0,
        about="Six seeds, six faces, truncated to 0.7: pulled towards the mean face, they are cleaner and less varied.",
    ),
    _row(
        "stylegan2/1",
        stylegan2.four_way,
        seed=100,
        about=(
            "Four samples in the corners and straight lines in w between them: each step is a face, not a cross-fade."
        ),
    ),
    _row(
        "stylegan2/2",
        stylegan2.four_way,
        seed=200,
        about="Four other corners: the code moves evenly, while hair, gaze and colour each change at their own moment.",
    ),
    _row(
        "stylegan2/3",
        stylegan2.layer_swap,
        seed=300,
        about=(
            "Each row's face with each column's code in the later half of the layers: the early ones keep pose "
            "and shape, "
            "the late ones bring colour and line."
        ),
    ),
    _row(
        "stylegan2/exploration",
        stylegan2.exploration,
        seed=400,
        about=(
            "A walk through ten samples, twenty steps from each to the next: what lies between two faces is faces too."
        ),
    ),
    _row(
        "swapae/1",
        swapae.swaps,
        seed=500,
        pictures=11,
        location=0,
        about="The framed face in ten styles, each used in every layer: what the structure code alone can hold on to.",
    ),
    _row(
        "swapae/2",
        swapae.style_strip,
        seed=600,
        pictures=2,
        about="One structure, while the style goes in eight even steps from its own to that of another picture.",
    ),
    _row(
        "swapae/3",
        swapae.style_strip,
        seed=700,
        pictures=2,
        about=(
            "The same walk for another pair: a style is one vector, so that what lies between two of them is a style."
        ),
    ),
    _row(
        "swapae/4",
        swapae.style_strip,
        seed=800,
        pictures=3,
        about="A style that goes by way of a third picture: a strip takes any number of stops.",
    ),
    _row(
        "swapae/5",
        swapae.structure_strip,
        seed=900,
        pictures=2,
        about=(
            "One style, while the structure goes in eight steps to another picture's: half way it is a double "
            "exposure, "
            "for the mean of two maps is no map of a face."
        ),
    ),
    _row(
        "swapae/6",
        swapae.structure_strip,
        seed=1000,
        pictures=2,
        about=(
            "Another pair: the less two faces overlap, the worse the middle. Changing one region at a time does better."
        ),
    ),
    _row(
        "swapae/7",
        swapae.structure_strip,
        seed=1100,
        pictures=3,
        about="Three structures in one strip: each stop is a clear face, each stretch between two is not.",
    ),
    _row(
        "swapae/8",
        swapae.every_location,
        seed=1200,
        pictures=6,
        about=(
            "Every swap location for one face. The number counts the layers that keep the face's own style: "
            "going down, "
            "its identity comes back, until only its colours are the other's."
        ),
    ),
    *(
        _row(f"swapae/{number}", swapae.swaps, seed=100 * number + 400, pictures=10, location=location, about=about)
        for number, location, about in (
            (9, 2, "Location 2: the two coarsest layers keep the face's own style, and with it who it is."),
            (10, 2, "Location 2 for another face: shading and line follow the style, the features mostly stay."),
            (11, 2, "Location 2 once more: a style far from the face's own costs it more of its likeness."),
            (12, 3, "Location 3: one more layer is the face's own, so that eyes and mouth are safer."),
            (13, 3, "Location 3 for another face: with 2, the place where a drawing takes a style most pleasingly."),
            (14, 3, "Location 3 once more: compare the same style across faces; colours agree, shapes do not."),
            (15, 7, "Location 7: only the last layer is the other's, which is enough to set the overall colour."),
            (16, 7, "Location 7 for another face: a colour filter, if a clever one."),
            (17, 7, "Location 7 once more: the drawing stays as it is in every line."),
        )
    ),
    _row(
        "swapae/18",
        swapae.outsider,
        seed=2200,
        pictures=12,
        location=3,
        about="A picture unlike anything in the data: how much survives shows how far the encoder can be trusted.",
    ),
    _row(
        "swapae/19",
        photos.cartoon_swaps,
        seed=2300,
        pictures=12,
        location=3,
        about="A photo made a drawing first, then swapped: a model that never saw a photo meets something it knows.",
    ),
    _row(
        "swapae/20",
        photos.cartoon_swaps,
        seed=2400,
        pictures=12,
        location=2,
        about="The same at location 2: more of the style's drawing, less of the likeness.",
    ),
    _row(
        "swapae/21",
        photos.cartoon_swaps,
        seed=2500,
        pictures=12,
        location=5,
        about="The same at location 5: the likeness of the photo, in the palette of the style.",
    ),
    _row(
        "swapae/22",
        photos.cartoon_failures,
        seed=2600,
        pictures=4,
        location=3,
        about=(
            "Where it fails: a face upside down, half outside, far too small, in the dark. What the cartoonizer "
            "loses, "
            "no swap brings back."
        ),
    ),
    _row(
        "swapae/jtbc",
        photos.photo_strip,
        seed=2700,
        pictures=5,
        location=3,
        about="Photo above, result below: the plainest test of whether someone is still recognised.",
    ),
    _row(
        "face2webtoon/dh",
        photos.photo_exploration,
        seed=2800,
        about=(
            "One photo, encoded once, while its style walks through ten samples: styles need no pictures of their own."
        ),
    ),
    *(
        _row(f"face2webtoon/{name}", photos.photo_sheet, seed=seed, pictures=6, about=about)
        for name, seed, about in (
            ("dh-sheet", 2800, "A photo in five sampled styles: above swapped at location 3, below at 5."),
            ("grb", 2900, "Five other styles. The first column is the photo in its own: no swap does better."),
            ("je", 3000, "The lower row keeps two more layers of the photo: more likeness, less webtoon."),
            ("jyp", 3100, "Noise is zero throughout, so that all that differs along a row is the style."),
        )
    ),
    _row(
        "fid",
        tables.fid,
        "From photographs to webtoons in 250,000 iterations: nearly all of the way lies in the first 50,000.",
    ),
)
BY_NAME = {figure.name: figure for figure in FIGURES}


def find(name: str) -> Figure:
    """A figure by its name; UnknownNameError where there is none."""
    if name not in BY_NAME:
        raise UnknownNameError("figure", name, BY_NAME)
    return BY_NAME[name]
