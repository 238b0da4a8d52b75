"""The open data set: one folder a title, and the same file name in each folder is the same person.

`draw_data` draws any number of persons from a seed, each in every title and as a photo might show them. So what a
swap between two pictures should give is known exactly. The same seed and index give the same person on every machine.
The folder `.mixed`, where there is one, holds them in mixtures of two titles, one's hand and another's palette.

Person number i of a data set with seed s comes from z = `numpy.random.RandomState(s * 1_000_003 + i).randn(Z_DIM)` by
`drawing.person_of`. With seed 0 that z begins the one that StyleGAN2 samples for its seed i.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import multiprocessing
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from webtoonfaces import drawing
from webtoonfaces.data import manifest
from webtoonfaces.data.folder import HELD_OUT_EVERY
from webtoonfaces.drawing.pseudo_photo import pseudo_photo
from webtoonfaces.drawing.raster import RASTERISER
from webtoonfaces.errors import BadInputError, UnknownNameError
from webtoonfaces.files import replacing, write_text

KIND = "webtoonfaces drawn"
PHOTOS = "photo-like"  # the folder of the pseudo-photos
MIXED = ".mixed"  # the folder of the pictures in mixed titles; hidden, so that nothing takes it for a title
MIXED_GROUPS = (1, 2)  # of `Title.mixed`: the ones whose pictures are in no title's folder
PERSONS = "persons.jsonl"
SIZES = range(16, 2049)
STRIDE = 1_000_003  # between the z of two seeds: more than a data set has persons
MIXTURES = range(101)  # for each person and group
SEEDS = range(4294)  # beyond these numpy has no seed for every person
CHUNK = 4  # persons a worker draws before it reports; small enough for a lively progress bar
PREVIEWED = 16  # held-out persons who are drawn first
T = TypeVar("T")


def z_seed(index: int, seed: int = 0) -> int:
    """The seed of numpy's RandomState that gives the z of a data set's person."""
    return seed * STRIDE + index


def z_of(index: int, seed: int = 0) -> NDArray[np.float64]:
    """The z `[Z_DIM]` of a data set's person."""
    if seed not in SEEDS:
        raise BadInputError(f"There is no data set with seed {seed}. Choose a seed from {SEEDS[0]} to {SEEDS[-1]}.")
    if not 0 <= index < STRIDE:
        raise BadInputError(f"There is no person {index}. A data set has at most {STRIDE} persons, the first is 0.")
    return np.random.RandomState(z_seed(index, seed)).randn(drawing.Z_DIM)


def person(index: int, seed: int = 0) -> drawing.Drawn:
    """The person with this number, and the number of the title in which `person_of` draws them."""
    return drawing.person_of(z_of(index, seed), len(drawing.TITLES))


def picture_path(out: Path, folder: str, index: int) -> Path:
    """Where `draw_data` puts a person's picture in a title or in `PHOTOS`."""
    return out / folder / f"{index:06d}.png"


@dataclass(frozen=True)
class Mix:
    """A person in the title `own`, with the groups of `other` from number `group` on."""

    name: str
    own: str
    other: str
    group: int

    @property
    def file(self) -> str:
        return f"{self.name}-{self.own}-{self.other}-{self.group}.png"

    def title(self) -> drawing.Title:
        return drawing.TITLES[self.own].mixed(drawing.TITLES[self.other], self.group)


def mixes_of(name: str, titles: Sequence[str], count: int, seed: int) -> list[Mix]:
    """`count` mixtures for each of `MIXED_GROUPS`, group by group: random, but fixed by the person's name and seed."""
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    pairs = [(group, random.choice(len(titles), 2, replace=False)) for group in MIXED_GROUPS for _ in range(count)]
    return [Mix(name, titles[own], titles[other], group) for group, (own, other) in pairs]


def held_out(persons: Sequence[T]) -> Sequence[T]:
    """The persons, of all in their order, whom no training sees: the last twentieth, at least two."""
    return persons[-max(2, len(persons) // HELD_OUT_EVERY) :]


def draw_data(
    out: str | Path,
    *,
    persons: int,
    size: int = 128,
    seed: int = 0,
    titles: Iterable[str] | None = None,
    photos: bool = True,
    mixed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Draw the first `persons` persons of a seed into `out`; returns `out`.

    There is a folder for each of `titles` (all by default), `photo-like` with `photos`, and `.mixed` for that many
    mixtures of titles a person and group. `persons.jsonl` has a line of JSON for each person: `file`, `z_seed` (of
    numpy's RandomState), `title` (where `person_of` draws them) and `person`, which `Person.from_json` reads as text.
    `manifest.json` says how the set was made. A few of those who are held out are drawn first, to be shown beside a
    training that follows.

    Called again with the same settings it draws what is missing, so an interrupted run goes on, and more `persons` are
    added to those that are there. `workers` is the number of processes, one a core by default (a script of your own
    must then call this under `if __name__ == "__main__":`, as always with processes that start fresh).

    Raises `BadInputError` for settings that cannot be met, and for a folder that holds anything else, rather than
    mixing two data sets.
    """
    out = Path(out)
    names = tuple(dict.fromkeys(drawing.TITLES if titles is None else titles))
    for name in names:
        if name not in drawing.TITLES:
            raise UnknownNameError("title", name, drawing.TITLES)
    folders = (*names, PHOTOS) if photos else names
    if mixed not in MIXTURES or (mixed and len(names) < 2):
        raise BadInputError(f"Mixtures take two titles or more, and a number from 0 to {MIXTURES[-1]}.")
    if not folders:
        raise BadInputError("There is nothing to draw. Choose at least one title, or photos.")
    if size not in SIZES:
        raise BadInputError(f"{size} pixels cannot be drawn. Choose a size from {SIZES[0]} to {SIZES[-1]}.")
    if workers is not None and workers < 1:
        raise BadInputError(f"{workers} processes draw nothing. Give `workers` 1 or more, or leave it out.")
    if persons < 1:
        raise BadInputError(f"A data set of {persons} persons is empty. Ask for 1 or more.")
    z_of(persons - 1, seed)

    settings = {"seed": seed, "size": size, "titles": list(names), "photos": photos, "mixed": mixed, **_versions()}
    content: dict[str, Any] = {"kind": KIND, "settings": settings, "persons": persons}
    earlier = manifest.open_folder(out, kind=KIND, settings=settings).get("persons", 0)
    if earlier > persons:
        raise BadInputError(
            f"{out} already holds {earlier} persons, more than the {persons} asked for. "
            "Ask for at least as many, or choose an empty folder."
        )
    manifest.write(out, {**content, "complete": False})
    for folder in (*folders, MIXED) if mixed else folders:
        (out / folder).mkdir(exist_ok=True)
    todo = [_jobs(index, names, photos, mixed, seed) for index in range(persons)]
    last = held_out(todo)
    todo = [*last[:PREVIEWED], *todo[: -len(last)], *last[PREVIEWED:]]
    missing = [left for jobs in todo if (left := [job for job in jobs if not (out / job.path).exists()])]
    total = sum(map(len, todo))
    with tqdm(total=total, initial=total - sum(map(len, missing)), unit="picture", disable=not progress) as bar:
        for drawn in _draw_all(out, missing, seed, size, workers or os.cpu_count() or 1):
            bar.update(drawn)
    write_text(out / PERSONS, "".join(_line(index, seed) + "\n" for index in range(persons)))
    listed = {folder: {"count": persons, "sha256": _listing_hash(out, folder, persons)} for folder in folders}
    manifest.write(out, {**content, "folders": listed, "complete": True})
    return out


def _line(index: int, seed: int) -> str:
    drawn = person(index, seed)
    about = {
        "file": picture_path(Path(), "", index).name,
        "z_seed": z_seed(index, seed),
        "title": _names()[drawn.title],
    }
    return json.dumps({**about, "person": json.loads(drawn.person.to_json())}, separators=(",", ":"))


@cache
def _names() -> tuple[str, ...]:
    return tuple(drawing.TITLES)


def _versions() -> dict[str, str]:
    """What decides how a picture looks: the version of the rasteriser, and the SHA-256 of the code that draws."""
    code = hashlib.sha256()
    for path in sorted(Path(drawing.__file__).parent.glob("*.py")):
        code.update(f"{path.name}\n{path.read_text(encoding='utf-8')}".encode())
    return {RASTERISER: importlib.metadata.version(RASTERISER), "drawing": code.hexdigest()}


@dataclass(frozen=True)
class _Job:
    """One picture to draw: of a person in a folder's title, or in a mixture."""

    index: int
    folder: str
    mix: Mix | None = None

    @property
    def path(self) -> str:
        return f"{MIXED}/{self.mix.file}" if self.mix else f"{self.folder}/{self.index:06d}.png"


def _jobs(index: int, titles: Sequence[str], photos: bool, mixed: int, seed: int) -> list[_Job]:
    """All pictures of a person."""
    jobs = [_Job(index, folder) for folder in ((*titles, PHOTOS) if photos else titles)]
    mixes = mixes_of(f"{index:06d}", sorted(titles), mixed, seed) if mixed else []
    return [*jobs, *(_Job(index, MIXED, mix) for mix in dict.fromkeys(mixes))]


def _draw_all(out: Path, missing: Sequence[list[_Job]], seed: int, size: int, workers: int) -> Iterator[int]:
    """Draw every person's jobs and yield how many pictures were done, chunk by chunk."""
    chunks = [missing[start : start + CHUNK] for start in range(0, len(missing), CHUNK)]
    if workers == 1 or len(chunks) < 2:
        for chunk in chunks:
            yield _draw_chunk(out, chunk, seed, size)
        return
    with _pool(min(workers, len(chunks))) as pool:
        futures: list[Future[int]] = [pool.submit(_draw_chunk, out, chunk, seed, size) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that start fresh (a fork of one with torch's threads may hang) and stop early on Ctrl-C."""
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _draw_chunk(out: Path, chunk: Sequence[list[_Job]], seed: int, size: int) -> int:
    count = 0
    for jobs in chunk:
        index = jobs[0].index
        who = person(index, seed).person
        for job in jobs:
            if job.folder == PHOTOS:
                picture = pseudo_photo(who, np.random.default_rng([seed, index]), size)
            else:
                picture = drawing.draw(who, job.mix.title() if job.mix else drawing.TITLES[job.folder], size)
            # A file with its final name is complete: a run that goes on trusts it.
            with replacing(out / job.path) as draft:
                picture.save(draft, format="PNG", compress_level=4)
            count += 1
    return count


def _listing_hash(out: Path, folder: str, count: int) -> str:
    """SHA-256 over the lines "<sha256 of the file>  <name>" that `sha256sum *.png` writes for the first `count`."""
    listing = hashlib.sha256()
    for index in range(count):
        path = picture_path(out, folder, index)
        listing.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n".encode())
    return listing.hexdigest()
