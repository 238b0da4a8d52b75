"""Contact sheets of the hand, to be looked at: one for each feature, and of titles.

python -m webtoonfaces.drawing.sheets eyes out/eyes.png
python -m webtoonfaces.drawing.sheets title:romance out/romance.png --persons 64
python -m webtoonfaces.drawing.sheets all out/all.png --persons 12
python -m webtoonfaces.drawing.sheets photo-like out/photos.png --persons 24 --size 256
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from PIL import Image

from webtoonfaces.images import contact_sheet

from .draw import draw
from .people import random_person
from .person import Person
from .pseudo_photo import pseudo_photo
from .titles import TITLES

# What of a drawing each feature's sheet shows: left, top, right, bottom of the picture.
CROPS = {
    "eyes": (0.15, 0.33, 0.85, 0.60),
    "brows": (0.15, 0.28, 0.85, 0.52),
    "nose": (0.30, 0.42, 0.70, 0.76),
    "mouth": (0.25, 0.62, 0.75, 0.90),
    "face": (0.1, 0.2, 0.9, 1.0),
    "hair": (0.0, 0.0, 1.0, 1.0),
    "body": (0.0, 0.6, 1.0, 1.0),
    "extras": (0.0, 0.0, 1.0, 0.7),
    "background": (0.0, 0.0, 1.0, 1.0),
}


def persons(count: int, seed: int = 0) -> list[Person]:
    """The same random people for the same seed."""
    rng = np.random.default_rng(seed)
    return [random_person(rng) for _ in range(count)]


def feature_sheet(feature: str, count: int = 12, size: int = 192, seed: int = 0) -> Image.Image:
    """People in rows, titles in columns, cropped to one feature of CROPS."""
    left, top, right, bottom = (round(value * size) for value in CROPS[feature])
    drawn = [
        draw(person, title, size).crop((left, top, right, bottom))
        for person in persons(count, seed)
        for title in TITLES.values()
    ]
    return contact_sheet(drawn, columns=len(TITLES))


def title_sheet(title: str, count: int = 64, size: int = 128, seed: int = 0) -> Image.Image:
    """Many people in one title, in a square."""
    drawn = [draw(person, TITLES[title], size) for person in persons(count, seed)]
    return contact_sheet(drawn, background="white")


def photo_sheet(count: int = 64, size: int = 128, seed: int = 0) -> Image.Image:
    """Many people as photos might show them, in a square."""
    people = persons(count, seed)
    photos = [pseudo_photo(person, np.random.default_rng([seed, i]), size) for i, person in enumerate(people)]
    return contact_sheet(photos, background="white")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m webtoonfaces.drawing.sheets", description="Draw a contact sheet.")
    names = list(TITLES)
    what = ["all", "photo-like", *CROPS, *(f"title:{name}" for name in names)]
    parser.add_argument("what", choices=what, metavar="WHAT", help=f"one of {', '.join(what)}")
    parser.add_argument("out", help="the picture to write")
    parser.add_argument("--persons", type=int, default=None)
    parser.add_argument("--size", type=int, default=None, help="pixels of a drawing's side")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    kind, _, title = options.what.partition(":")
    make: Callable[..., Image.Image]
    if title:
        make = partial(title_sheet, title)
    elif kind == "photo-like":
        make = photo_sheet
    else:
        make = partial(feature_sheet, "hair" if kind == "all" else kind)
    counts = {"count": options.persons, "size": options.size, "seed": options.seed}
    make(**{key: value for key, value in counts.items() if value is not None}).save(options.out)


if __name__ == "__main__":
    main()
