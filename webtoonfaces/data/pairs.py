"""Exact counterparts: a data set in which the same file name in every title is the same person.

The folder `photo-like`, where there is one, holds the persons as a photo might show them. Such a data set says what a
swap should give: person p in the title t, whatever picture of p the structure comes from and whoever shows t. With
`persons.jsonl`, which `data drawn` writes, the persons can also be drawn in mixed titles, one's hand and another's line
and palette: the truth behind the swap locations in between. The folder `.mixed` has such pictures beforehand.

A training may begin while `data drawn` still draws: `Pairs(follow=True)` reads who is complete, and `following` goes on
reading in a thread.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from webtoonfaces import drawing
from webtoonfaces.data import drawn, manifest
from webtoonfaces.data.drawn import MIXED, MIXED_GROUPS, PERSONS, PHOTOS, held_out, mixes_of
from webtoonfaces.data.folder import PictureFolder, Split, square
from webtoonfaces.errors import BadInputError, UnknownNameError, WebtoonFacesError
from webtoonfaces.files import replacing
from webtoonfaces.images import load_image

MOST_LINE = 500_000  # characters of a line of `persons.jsonl`
OWN_GROUP = len(drawing.GROUPS)  # nothing is the other title's
WAIT = 0.5  # seconds until a data set that is still being drawn is looked at again
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
    z_seeds : name -> the seed of the z that the person is drawn from, as far as `data drawn` says so.

    split : "held_out" is the last twentieth of the names, "train" the others, None all. While `data drawn` is at work,
        these are of the persons it was asked for.
    size : the first picture's side unless given.       limit : read at most so many persons.
    device : where the pictures are kept.
    follow : of a data set that is still being drawn, take the persons in order up to the first who is missing, and
        leave room for the others, whom `more` reads. The first person must be complete.

    Raises `BadInputError` for a data set with a single title, or with fewer than two persons in the split.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        size: int | None = None,
        split: Split | None = None,
        limit: int | None = None,
        device: torch.device | str = "cpu",
        follow: bool = False,
        progress: bool = False,
    ):
        if split is not None and split not in get_args(Split):
            raise UnknownNameError("split", split, get_args(Split))
        self.path = Path(path)
        folder = PictureFolder(path, size=size)
        where = {
            (entry.title, PurePosixPath(entry.name).stem): row for row, entry in enumerate(folder.entries)
        }  # (title, name) -> row
        self.size, self.device = folder.size, torch.device(device)
        self.titles = tuple(title for title in folder.titles if title != PHOTOS)
        complete = {name for _, name in where if all((title, name) in where for title in folder.titles)}
        if len(self.titles) < 2 or len(complete) < 4:
            raise BadInputError(
                f"{path} shows {len(complete)} persons in each of its {len(self.titles)} titles. Pairs need at least "
                "two titles (folders) and four persons, each with one file name in all folders. Such a data set is "
                "drawn by: webtoonfaces data drawn"
            )
        self.plan = Plan(self.path)
        names = self.plan.names if self.plan.unfinished else sorted(complete)
        last = held_out(names)
        planned = {None: names, "train": names[: -len(last)], "held_out": last}[split][:limit]
        if self.plan.unfinished and self.plan.mixed:
            complete = {name for name in complete if all(file.is_file() for file in self._mixed_files(name))}
        self.to_come: Sequence[str] = []
        chosen = [name for name in planned if name in complete]
        if follow and self.plan.unfinished:
            chosen = list(takewhile(complete.__contains__, planned))
            self.to_come = planned[len(chosen) :]
        if not chosen:
            raise BadInputError(f"{path} has nobody complete in this part yet. Wait until more persons are drawn.")
        self.names: tuple[str, ...] = ()
        self.mixed: MixedTargets | None = None
        room, shape = len(chosen) + len(self.to_come), (3, self.size, self.size)
        self._pictures = torch.empty(room, len(self.titles), *shape, dtype=torch.uint8, device=device)
        self._photos = torch.empty(room, *shape, dtype=torch.uint8, device=device) if PHOTOS in folder.titles else None
        for name in tqdm(chosen, desc="reading", unit="person", disable=not progress):
            self._take(name, {title: folder[where[title, name]][0] for title in folder.titles})
        known = set(self.titles) <= drawing.TITLES.keys()
        self.persons, self.z_seeds = _persons(self.path, set(chosen)) if known else ({}, {})
        if self.plan.unfinished:
            self.z_seeds = {name: self.plan.z_seed(name) for name in (*chosen, *self.to_come)}

    @property
    def pictures(self) -> Tensor:
        return self._pictures[: len(self.names)]

    @property
    def photos(self) -> Tensor | None:
        return None if self._photos is None else self._photos[: len(self.names)]

    def __len__(self) -> int:
        return len(self.names) * len(self.titles)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        row, column = divmod(index, len(self.titles))
        return self.pictures[row, column], index

    def more(self) -> bool:
        """Read the next person of those to come, if all of their pictures are there; whether they were."""
        if not self.to_come:
            return False
        name = self.to_come[0]
        folders = [*self.titles, *([PHOTOS] if self._photos is not None else [])]
        files = {folder: self.path / folder / f"{name}.png" for folder in folders}
        mixes = self._mixed_files(name) if self.plan.mixed else []
        if not all(file.is_file() for file in (*files.values(), *mixes)):
            return False
        pictures = {folder: _read(file, self.size) for folder, file in files.items()}
        if self.mixed:
            self.mixed.take(len(self.names), name)
        self._take(name, pictures)
        self.to_come = self.to_come[1:]
        return True

    def _mixed_files(self, name: str) -> list[Path]:
        mixes = mixes_of(name, self.titles, self.plan.mixed, self.plan.seed)
        return [self.path / MIXED / mix.file for mix in mixes]

    def _take(self, name: str, pictures: dict[str, Tensor]) -> None:
        row = len(self.names)
        self._pictures[row] = torch.stack([pictures[title] for title in self.titles])
        if self._photos is not None:
            self._photos[row] = pictures[PHOTOS]
        self.names = (*self.names, name)  # at last: whoever reads meanwhile sees complete persons only

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


class Places(Dataset[tuple[Tensor, int]]):
    """The items of `Pairs` without their pictures, for trainers that take these from `Pairs` itself."""

    def __init__(self, pairs: Pairs):
        self.count = (len(pairs.names) + len(pairs.to_come)) * len(pairs.titles)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return torch.empty(3, 0, 0, dtype=torch.uint8), index


class MixedTargets:
    """Pictures of the persons in mixed titles, the same number for each person and each of `MIXED_GROUPS`.

    pictures : uint8 [P, 2, M, 3, size, size].      titles : own and other title of each, int64 [P, 2, M, 2].
    Both are on the device of the pairs, and have room for the persons to come.
    """

    def __init__(self, pairs: Pairs, folder: Path, *, count: int, seed: int):
        self.folder, self.count, self.seed = folder, count, seed
        self._titles, self._size = list(pairs.titles), pairs.size
        shape = (len(pairs.names) + len(pairs.to_come), len(MIXED_GROUPS), count)
        self.pictures = torch.empty(*shape, 3, pairs.size, pairs.size, dtype=torch.uint8, device=pairs.device)
        self.titles = torch.empty(*shape, 2, dtype=torch.int64, device=pairs.device)

    def mixes(self, name: str) -> list[drawn.Mix]:
        return mixes_of(name, self._titles, self.count, self.seed)

    def files(self, name: str) -> list[Path]:
        return [self.folder / mix.file for mix in self.mixes(name)]

    def take(self, row: int, name: str) -> None:
        """Read a person's pictures."""
        found = torch.stack([_read(file, self._size) for file in self.files(name)])
        titles = [[self._titles.index(mix.own), self._titles.index(mix.other)] for mix in self.mixes(name)]
        self.pictures[row] = found.unflatten(0, (len(MIXED_GROUPS), self.count))
        self.titles[row] = torch.tensor(titles).unflatten(0, (len(MIXED_GROUPS), self.count))


def mixed_targets(
    pairs: Pairs, folder: Path, *, count: int, seed: int = 0, progress: bool = False
) -> MixedTargets | None:
    """The pictures in the data set's `.mixed`; where it has none, `count` a person and group, drawn into `folder`.

    Which two titles are mixed is random, but fixed by the person's name and the seed. None where they would have to be
    drawn, and nothing says who the persons are.
    """
    plan = pairs.plan
    if plan.mixed:
        targets = MixedTargets(pairs, pairs.path / MIXED, count=plan.mixed, seed=plan.seed)
    elif len(pairs.persons) < len(pairs.names) or pairs.to_come:
        return None
    else:
        targets = MixedTargets(pairs, folder, count=count, seed=seed)
        folder.mkdir(parents=True, exist_ok=True)
    for row, name in enumerate(tqdm(pairs.names, desc="mixed titles", unit="person", disable=not progress)):
        for mix, file in zip(targets.mixes(name), targets.files(name), strict=True):
            if not file.is_file():
                own, other = pairs.titles.index(mix.own), pairs.titles.index(mix.other)
                picture = pairs.drawn(row, own, other, mix.group)
                with replacing(file) as draft:
                    Image.fromarray(picture.permute(1, 2, 0).numpy()).save(draft, format="PNG")
        targets.take(row, name)
    pairs.mixed = targets
    return targets


@contextmanager
def following(pairs: Pairs) -> Iterator[None]:
    """Read the persons to come in a thread, while they are being drawn.

    Raises, at the end, what kept the thread from reading on.
    """
    done = threading.Event()
    failed: list[WebtoonFacesError | OSError] = []

    def read() -> None:
        try:
            while pairs.to_come and not done.is_set():
                if not pairs.more():
                    done.wait(WAIT)
        except (WebtoonFacesError, OSError) as error:
            failed.append(error)

    thread = threading.Thread(target=read, daemon=True, name="following")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if failed:
        raise BadInputError(f"{pairs.path} could not be read to its end: {failed[0]}") from failed[0]


class Plan:
    """What `data drawn` was asked for, as the manifest says; nothing for any other pictures.

    names : of all persons, while they are being drawn.     mixed : mixtures of titles for each person and group.
    """

    def __init__(self, path: Path):
        told = manifest.read(path) if (path / manifest.MANIFEST).is_file() else {}
        settings = told.get("settings", {}) if told.get("kind") == drawn.KIND else {}
        self.seed, self.mixed = settings.get("seed", 0), settings.get("mixed", 0)
        self.unfinished = bool(settings) and told.get("complete") is False
        count = told.get("persons", 0) if self.unfinished else 0
        numbers = ((self.seed, drawn.SEEDS), (self.mixed, drawn.MIXTURES), (count, range(drawn.STRIDE)))
        if not all(type(number) is int and number in known for number, known in numbers):
            raise BadInputError(
                f"{path / manifest.MANIFEST} is damaged. Delete its folder and make the data set again."
            )
        self.names = [f"{index:06d}" for index in range(count)]

    def z_seed(self, name: str) -> int:
        return drawn.z_seed(int(name), self.seed)


def _read(file: Path, size: int) -> Tensor:
    """uint8 [3, size, size]."""
    return torch.from_numpy(np.array(square(load_image(file), size))).permute(2, 0, 1)


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
