"""Exact counterparts: a data set in which the same file name in every title is the same person.

The folder `photo-like`, where there is one, holds the persons as a photo might show them. Such a data set says what a
swap should give: person p in the title t, whatever picture of p the structure comes from and whoever shows t. With
`persons.jsonl`, which `data drawn` writes, the persons can also be drawn in mixed titles, one's hand and another's line
and palette: the truth behind the swap locations in between.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from webtoonfaces import drawing
from webtoonfaces.data.drawn import PERSONS, PHOTOS
from webtoonfaces.data.folder import HELD_OUT_EVERY, PictureFolder, Split
from webtoonfaces.errors import BadInputError, UnknownNameError
from webtoonfaces.files import replacing
from webtoonfaces.images import load_image

MIXED_GROUPS = (1, 2)  # of `Title.mixed`: the ones whose pictures are in no title's folder
MOST_LINE = 500_000  # characters of a line of `persons.jsonl`
OWN_GROUP = len(drawing.GROUPS)  # nothing is the other title's
LATE = 2  # last layers of a StyleGAN2, which change no more than details


def groups_of_locations(layers: int) -> list[int]:
    """For each swap location 0 to `layers` the first group of settings that is the other title's."""
    return [drawing.group_of_location(k, layers) for k in range(layers + 1)]


def groups_of_layers(layers: int) -> list[int]:
    """`groups_of_locations` for a StyleGAN2: its last two layers are left with the first title.

    They are the second convolution of the largest map and the one to RGB. Colours are summed over the maps of all
    sizes, so these two alone cannot hand over a palette.
    """
    groups = groups_of_locations(layers)
    return [OWN_GROUP if layers - LATE <= k < layers else group for k, group in enumerate(groups)]


class Pairs(Dataset[tuple[Tensor, int]]):
    """Persons in titles, decoded once and kept in memory: 2,000 persons in 15 folders at 128 px are 1.5 GB.

    Item i is the picture of person i // T in title i % T, uint8 [3, size, size], and i.

    pictures : uint8 [P, T, 3, size, size].     photos : uint8 [P, 3, size, size], None without `photo-like`.
    names : of the persons, their files' names without the ending; a person who lacks a title is left out.
    titles : the other folders.     persons : name -> person, {} without `persons.jsonl`.
    z_seeds : name -> the seed of the z that the person is drawn from, as far as `persons.jsonl` says so.

    split : "held_out" is the last twentieth of the names, "train" the others, None all.
    size : the first picture's side unless given.       limit : read at most so many persons.

    Raises `BadInputError` for a data set with a single title, or with fewer than two persons in the split.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        size: int | None = None,
        split: Split | None = None,
        limit: int | None = None,
        progress: bool = False,
    ):
        if split is not None and split not in get_args(Split):
            raise UnknownNameError("split", split, get_args(Split))
        self.path = Path(path)
        folder = PictureFolder(path, size=size)
        where = {
            (entry.title, PurePosixPath(entry.name).stem): row for row, entry in enumerate(folder.entries)
        }  # (title, name) -> row
        self.size = folder.size
        self.titles = tuple(title for title in folder.titles if title != PHOTOS)
        names = sorted({name for _, name in where if all((title, name) in where for title in folder.titles)})
        if len(self.titles) < 2 or len(names) < 4:
            raise BadInputError(
                f"{path} shows {len(names)} persons in each of its {len(self.titles)} titles. Pairs need at least two "
                "titles (folders) and four persons, each with one file name in all folders. Such a data set is drawn "
                "by: webtoonfaces data drawn"
            )
        held_out = max(2, len(names) // HELD_OUT_EVERY)
        chosen = {None: names, "train": names[:-held_out], "held_out": names[-held_out:]}[split][:limit]
        self.names = tuple(chosen)
        shape = (3, self.size, self.size)
        self.pictures = torch.empty(len(chosen), len(self.titles), *shape, dtype=torch.uint8)
        self.photos = torch.empty(len(chosen), *shape, dtype=torch.uint8) if PHOTOS in folder.titles else None
        for row, name in enumerate(tqdm(chosen, desc="reading", unit="person", disable=not progress)):
            for column, title in enumerate(self.titles):
                self.pictures[row, column] = folder[where[title, name]][0]
            if self.photos is not None:
                self.photos[row] = folder[where[PHOTOS, name]][0]
        known = set(self.titles) <= drawing.TITLES.keys()
        self.persons, self.z_seeds = _persons(self.path, set(chosen)) if known else ({}, {})

    def __len__(self) -> int:
        return len(self.names) * len(self.titles)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        row, column = divmod(index, len(self.titles))
        return self.pictures[row, column], index

    def drawn(self, person: int, title: int, other: int, from_group: int) -> Tensor:
        """Person in `title` with the groups of `other` from number `from_group` on, uint8 [3, size, size].

        Raises `BadInputError` for a group in between where nothing says who the person is.
        """
        if from_group == 0 or title == other:
            return self.pictures[person, other]
        if from_group == OWN_GROUP:
            return self.pictures[person, title]
        if self.names[person] not in self.persons:
            raise BadInputError(f"{self.path} has no {PERSONS} that tells who {self.names[person]} is.")
        who, own = self.persons[self.names[person]], drawing.TITLES[self.titles[title]]
        mixed = own.mixed(drawing.TITLES[self.titles[other]], from_group)
        return torch.from_numpy(np.array(drawing.draw(who, mixed, self.size))).permute(2, 0, 1)


@dataclass(frozen=True)
class MixedTargets:
    """Pictures of the persons in mixed titles, the same number for each person and each of `MIXED_GROUPS`.

    pictures : uint8 [P, 2, M, 3, size, size].      titles : own and other title of each, int64 [P, 2, M, 2].
    """

    pictures: Tensor
    titles: Tensor


def mixed_targets(pairs: Pairs, folder: Path, *, count: int, seed: int = 0, progress: bool = False) -> MixedTargets:
    """Draw, or read from `folder` what an earlier call drew there, `count` pictures a person and group.

    Which two titles are mixed is random, but fixed by the person's name and the seed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shape = (len(pairs.names), len(MIXED_GROUPS), count)
    pictures = torch.empty(*shape, 3, pairs.size, pairs.size, dtype=torch.uint8)
    titles = torch.empty(*shape, 2, dtype=torch.int64)
    for row, name in enumerate(tqdm(pairs.names, desc="mixed titles", unit="person", disable=not progress)):
        random = np.random.default_rng([seed, zlib.crc32(name.encode())])
        for i, group in enumerate(MIXED_GROUPS):
            for j in range(count):
                own, other = (int(title) for title in random.choice(len(pairs.titles), 2, replace=False))
                file = folder / f"{name}-{pairs.titles[own]}-{pairs.titles[other]}-{group}.png"
                if not file.is_file():
                    picture = pairs.drawn(row, own, other, group)
                    with replacing(file) as draft:
                        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(draft, format="PNG")
                pictures[row, i, j] = torch.from_numpy(np.array(load_image(file))).permute(2, 0, 1)
                titles[row, i, j] = torch.tensor([own, other])
    return MixedTargets(pictures, titles)


def _persons(path: Path, names: set[str]) -> tuple[dict[str, drawing.Person], dict[str, int]]:
    """What `persons.jsonl` says of the persons with these names, and their seeds; {} where there is no such file."""
    file = path / PERSONS
    found: dict[str, drawing.Person] = {}
    seeds: dict[str, int] = {}
    if not file.is_file():
        return found, seeds
    for number, line in enumerate(_lines(file), start=1):
        try:
            told = json.loads(line)
            name = PurePosixPath(told["file"]).stem
            if name in names:
                found[name] = drawing.Person.from_json(json.dumps(told["person"]))
                if "z_seed" in told:
                    seeds[name] = int(told["z_seed"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise BadInputError(f"Line {number} of {file} describes no person. Draw the data set again.") from error
    return found, seeds


def _lines(file: Path) -> Iterator[str]:
    """The lines of `persons.jsonl`, one by one; BadInputError for one that is longer than a person, or no text."""
    try:
        with file.open(encoding="utf-8") as opened:
            while line := opened.readline(MOST_LINE):
                if len(line) == MOST_LINE:
                    raise BadInputError(f"A line of {file} is longer than any person's. Draw the data set again.")
                yield line
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{file} cannot be read: {error}. Draw the data set again.") from error
