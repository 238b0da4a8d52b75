"""The hand: webtoon faces drawn by code, and exact counterparts of each.

A `Person` (geometry, hair, colours) drawn in a `Title` (one webtoon's manner) is a picture. The same person in another
title, and another person in the same title, are its exact counterparts.

    from webtoonfaces import drawing
    person = drawing.random_person(np.random.default_rng(0))
    drawing.draw(person, drawing.TITLES["romance"], 256)  # -> PIL image
"""

from __future__ import annotations

from .draw import draw, svg
from .head import Head, Pose, fit_pose
from .people import FACTORS, Z_DIM, Drawn, person_of, random_person
from .person import Hair, MeasuredHair, Person
from .title import GROUPS, EyeHand, HairHand, Hand, Line, Palette, Title, group_of_location
from .titles import TITLES

__all__ = [
    "FACTORS",
    "GROUPS",
    "TITLES",
    "Z_DIM",
    "Drawn",
    "EyeHand",
    "Hair",
    "HairHand",
    "Hand",
    "Head",
    "Line",
    "MeasuredHair",
    "Palette",
    "Person",
    "Pose",
    "Title",
    "draw",
    "fit_pose",
    "group_of_location",
    "person_of",
    "random_person",
    "svg",
]
