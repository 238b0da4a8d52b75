"""Picture data sets: a folder or a zip of pictures, in which each nested folder is a title.

`prepare` makes a training set of any pictures, `info` describes one, `PictureFolder` reads one as uint8 tensors. A zip
is read in place; nothing is ever unpacked under a name that the zip chose.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal, cast, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from webtoonfaces.data import manifest
from webtoonfaces.errors import BadInputError, FaceNotFoundError, ImageError, UnknownNameError
from webtoonfaces.files import replacing
from webtoonfaces.images import header_size, load_image

KIND = "webtoonfaces prepared pictures"
SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"))
SIZES = range(16, 2049)
LARGEST_FILE = 256 * 2**20  # bytes; a zip may contain members that unpack to much more
RESERVED = frozenset(("CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))))
BATCH = 32  # pictures in each batch of `read`
HELD_OUT_EVERY = 20  # one picture in this many is held out of training

# The exceptions of opening and unpacking a file that is damaged, encrypted or packed in an unusual way.
READ_ERRORS = (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)

Split = Literal["train", "held_out"]


@dataclass(frozen=True)
class Entry:
    """One picture of a data set, before it is opened."""

    name: str
    """Its path inside the folder or zip, with forward slashes."""
    title: str
    nbytes: int

    @property
    def held_out(self) -> bool:
        """Whether the picture is held out of training. It depends only on title and file name, so it never changes."""
        key = _sha256(f"{self.title}/{PurePosixPath(self.name).name}")
        return int(key[:16], 16) % HELD_OUT_EVERY == 0


class PictureFiles:
    """The pictures of a folder or a zip: a sorted list, and the bytes of each.

    Raises `BadInputError` for a path that is neither, and for one without pictures.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._zip: zipfile.ZipFile | None = None
        self._zip_process = 0
        if self.path.is_dir():
            self.is_zip = False
            files = _folder_files(self.path)
        elif self.path.is_file():
            self.is_zip = True
            files = _zip_files(self._open_zip())
        else:
            raise BadInputError(f"There is no folder or zip at {self.path}. Check the path.")
        pictures = sorted((name, size) for name, size in files if _is_picture(name))
        if not pictures:
            known = ", ".join(sorted(SUFFIXES))
            raise BadInputError(
                f"{self.path} contains no pictures. Give a folder or zip with files that end in {known}."
            )
        titles = _titles([name for name, _ in pictures], self.path.stem if self.is_zip else self.path.resolve().name)
        self.entries = tuple(Entry(name, title, size) for (name, size), title in zip(pictures, titles, strict=True))

    def open(self, entry: Entry) -> BinaryIO:
        """The file, open for reading; `ImageError` if it is too large, encrypted or damaged."""
        if entry.nbytes > LARGEST_FILE:
            raise ImageError(
                f"{_text(entry.name)} has more than {LARGEST_FILE // 2**20} MiB, which is too large for a picture."
            )
        try:
            if self.is_zip:
                return cast(BinaryIO, self._open_zip().open(entry.name))
            return (self.path / entry.name).open("rb")
        except READ_ERRORS as error:
            raise ImageError(f"{_text(entry.name)} cannot be read: {error}.") from error

    def read(self, entry: Entry) -> bytes:
        """The bytes of the file; raises the errors of `open`."""
        try:
            with self.open(entry) as file:
                return file.read(LARGEST_FILE)
        except READ_ERRORS as error:
            raise ImageError(f"{_text(entry.name)} cannot be read: {error}.") from error

    def _open_zip(self) -> zipfile.ZipFile:
        """The zip, opened once in each process: forked data loaders must not share one file position."""
        if self._zip is None or self._zip_process != os.getpid():
            try:
                self._zip = zipfile.ZipFile(self.path)
            except (zipfile.BadZipFile, OSError) as error:
                raise BadInputError(f"{self.path} is not a folder, and cannot be read as a zip: {error}.") from error
            self._zip_process = os.getpid()
        return self._zip

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_zip": None}  # an open file cannot be sent to another process


def prepare(
    src: str | Path,
    out: str | Path,
    *,
    size: int = 256,
    align: bool = False,
    landmark_model: str = "68",
    min_side: int = 64,
    origin: str = "",
    licence: str = "",
    progress: bool = True,
) -> Path:
    """Make a training set of the pictures in the folder or zip `src`; returns `out`.

    Every picture becomes a PNG of `size` x `size`, resized with antialiasing: its middle square, or with `align` its
    most prominent face (found by the `landmark_model` "68" or "5"; the latter is free for every use). Nested folders
    become titles. A file's name is a hash of the picture, so duplicates are taken once, and a second call continues the
    first, which may have been interrupted, or adds new pictures. `manifest.json` lists the origin of each picture, what
    was skipped and why, and `origin` and `licence` as given.

    Pictures that cannot be read, are smaller than `min_side` pixels or (with `align`) show no face are skipped. Raises
    `BadInputError` if no picture in `src` is usable, if `out` lies inside `src`, or if it contains other files.
    """
    if size not in SIZES:
        raise BadInputError(f"Pictures of {size} pixels cannot be made. Choose a size from {SIZES[0]} to {SIZES[-1]}.")
    source, out = PictureFiles(src), Path(out)
    if out.resolve().is_relative_to(source.path.resolve()):
        raise BadInputError(f"{out} lies inside {src}, where it would be read again. Choose a folder outside.")
    settings = {"size": size, "align": landmark_model if align else None, "min_side": min_side}
    earlier = manifest.open_folder(out, kind=KIND, settings=settings).get("pictures", ())
    pictures = {picture["sha256"]: picture for picture in earlier if (out / picture["file"]).exists()}
    work = _Preparation(source, out, size, landmark_model if align else None, min_side, pictures)

    def write(*, complete: bool) -> None:
        about = {"source": source.path.name, "origin": origin, "licence": licence, "complete": complete}
        manifest.write(out, {"kind": KIND, "settings": settings, **about, **work.listing()})

    write(complete=False)  # so that after a crash the pictures are known to belong to this data set
    try:
        for entry in tqdm(source.entries, unit="picture", disable=not progress):
            work.add(entry)
    except BaseException:
        write(complete=False)
        raise
    write(complete=True)
    if not pictures:
        raise BadInputError(
            f"None of the {len(work.skipped)} pictures in {src} could be used. The first: {work.skipped[0]['why']} "
            f"All are listed in {out / manifest.MANIFEST}."
        )
    return out


@dataclass
class _Preparation:
    """The state of `prepare`."""

    source: PictureFiles
    out: Path
    size: int
    landmark_model: str | None
    min_side: int
    pictures: dict[str, dict[str, str]]  # by the sha256 of the source
    skipped: list[dict[str, str]] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)  # sha256 -> name, of this call

    def add(self, entry: Entry) -> None:
        name = _text(entry.name)
        try:
            data = self.source.read(entry)
            sha256 = hashlib.sha256(data).hexdigest()
            if sha256 in self.seen:
                self.skipped.append({"source": name, "why": f"It is the same picture as {self.seen[sha256]}."})
                return
            if sha256 not in self.pictures:
                file = f"{_folder(entry.title)}/{sha256[:16]}.png"
                if not (self.out / file).exists():  # else it was written by a call that crashed before listing it
                    _save(self._make(data), self.out / file)
                self.pictures[sha256] = {"file": file, "source": name, "sha256": sha256}
            self.seen[sha256] = name
        except (ImageError, FaceNotFoundError) as error:
            self.skipped.append({"source": name, "why": str(error)})

    def listing(self) -> dict[str, list[dict[str, str]]]:
        pictures = sorted(self.pictures.values(), key=lambda picture: picture["file"])
        return {"pictures": pictures, "skipped": self.skipped}

    def _make(self, data: bytes) -> Image.Image:
        image = load_image(data)
        if min(image.size) < self.min_side:
            raise ImageError(
                f"It has only {image.width} x {image.height} pixels; both sides need at least {self.min_side}."
            )
        if self.landmark_model is None:
            return square(image, self.size)
        from webtoonfaces.faces import align_face

        return align_face(image, size=self.size, landmark_model=self.landmark_model).image


@dataclass(frozen=True)
class DataInfo:
    """The content of a data set; `print` shows it as a table."""

    path: str
    titles: dict[str, int]
    """Title -> the number of its pictures that can be read."""
    sizes: dict[tuple[int, int], int]
    """(width, height) -> the number of pictures of that size, the most frequent first."""
    nbytes: int
    held_out: int
    """The number of pictures in `split="held_out"`."""
    unreadable: tuple[str, ...]

    @property
    def total(self) -> int:
        """The number of pictures that can be read."""
        return sum(self.titles.values())

    def __str__(self) -> str:
        width = max(len(title) for title in (*self.titles, "total"))
        shown = [f"{wide} x {high} px: {count}" for (wide, high), count in list(self.sizes.items())[:5]]
        if len(self.sizes) > len(shown):
            shown.append(f"{len(self.sizes) - len(shown)} other sizes")
        lines = [
            self.path,
            *(f"  {title:<{width}}  {count:>7,}" for title, count in self.titles.items()),
            f"  {'total':<{width}}  {self.total:>7,}  ({self.held_out:,} held out, {self.nbytes / 2**20:,.1f} MiB)",
            "  " + "; ".join(shown),
        ]
        if self.unreadable:
            named = ", ".join(self.unreadable[:5]) + (", ..." if len(self.unreadable) > 5 else "")
            lines.append(f"  {len(self.unreadable)} cannot be read: {named}")
        return "\n".join(lines)


def info(path: str | Path) -> DataInfo:
    """Titles, counts and sizes of a folder or zip of pictures, from the headers of the files.

    Raises `BadInputError` for a path that is neither, and for one without a single picture.
    """
    source = PictureFiles(path)
    titles: Counter[str] = Counter(dict.fromkeys(sorted({entry.title for entry in source.entries}), 0))
    sizes: Counter[tuple[int, int]] = Counter()
    unreadable = []
    held_out = 0
    for entry in source.entries:
        try:
            sizes[_header_size(source, entry)] += 1
        except ImageError:
            unreadable.append(_text(entry.name))
        else:
            titles[entry.title] += 1
            held_out += entry.held_out
    return DataInfo(
        path=str(path),
        titles=dict(titles),
        sizes=dict(sizes.most_common()),
        nbytes=sum(entry.nbytes for entry in source.entries),
        held_out=held_out,
        unreadable=tuple(unreadable),
    )


def content_key(path: str | Path) -> str:
    """A SHA-256 over the names and sizes of a data set's pictures, as a key for results computed from it.

    It is fast and does not depend on the data set's path. If a picture is replaced by another with the same name and
    number of bytes, it does not change.
    """
    key = hashlib.sha256()
    for entry in PictureFiles(path).entries:
        key.update(f"{entry.name}\0{entry.nbytes}\n".encode("utf-8", "surrogatepass"))
    return key.hexdigest()


class PictureFolder(Dataset[tuple[Tensor, int]]):
    """A folder or zip of pictures as (uint8 [3, size, size] in RGB, index into `titles`).

    `size` defaults to the first picture's shorter side; other pictures are cropped to their middle square and resized.
    With `mirror` every picture occurs a second time, mirrored, at `index + len / 2`. One picture in 20, always the same
    ones, belongs to `split="held_out"`, the others to `split="train"`; None gives all. `titles` are those of the whole
    data set, for every split.

    Raises `BadInputError` for a path without pictures, and for a split that has none; reading a damaged picture
    raises `ImageError`.
    """

    def __init__(self, path: str | Path, *, size: int | None = None, mirror: bool = False, split: Split | None = None):
        if split is not None and split not in get_args(Split):
            raise UnknownNameError("split", split, get_args(Split))
        if size is not None and size not in SIZES:
            raise BadInputError(f"A size of {size} pixels is not possible. Choose one from {SIZES[0]} to {SIZES[-1]}.")
        self.source = PictureFiles(path)
        self.entries = tuple(
            entry for entry in self.source.entries if split is None or entry.held_out == (split == "held_out")
        )
        if not self.entries:
            raise BadInputError(
                f"None of the {len(self.source.entries)} pictures in {path} belongs to the split {split!r}; "
                "there are too few of them. Add pictures, or use all with `split=None`."
            )
        self.titles = tuple(sorted({entry.title for entry in self.source.entries}))
        self.size = size or min(_header_size(self.source, self.entries[0]))
        self.mirror = mirror
        self._title_index = {title: index for index, title in enumerate(self.titles)}

    def __len__(self) -> int:
        return len(self.entries) * (2 if self.mirror else 1)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"There is no picture {index}; the data set has {len(self)}.")
        mirrored, position = divmod(index % len(self), len(self.entries))
        entry = self.entries[position]
        try:
            image = square(load_image(self.source.read(entry)), self.size)
        except ImageError as error:
            raise ImageError(f"{_text(entry.name)} in {self.source.path}: {error}") from error
        picture = torch.from_numpy(np.array(image)).permute(2, 0, 1)  # [3, size, size]
        return (picture.flip(2) if mirrored else picture).contiguous(), self._title_index[entry.title]


def load_in_memory(
    dataset: PictureFolder, *, limit: int | None = None, progress: bool = False
) -> tuple[Tensor, Tensor]:
    """A small data set as one uint8 tensor [N, 3, size, size] and its title indices, int64 [N].

    `limit` takes only that many, spread evenly over the data set and so over its titles. 7,000 pictures of 128 px need
    344 MB. Raises `BadInputError` for a limit below 1.
    """
    if limit is not None and limit < 1:
        raise BadInputError(f"A limit of {limit} leaves no picture. Give 1 or more, or no limit.")
    count = len(dataset) if limit is None else min(limit, len(dataset))
    pictures = torch.empty(count, 3, dataset.size, dataset.size, dtype=torch.uint8)
    labels = torch.empty(count, dtype=torch.int64)
    for row in tqdm(range(count), unit="picture", disable=not progress):
        pictures[row], labels[row] = dataset[row * len(dataset) // count]
    return pictures, labels


def read(data: PictureFolder, rows: Sequence[int]) -> Iterator[Tensor]:
    """Batches of a data set's pictures, uint8 [n, 3, size, size]."""
    for start in range(0, len(rows), BATCH):
        yield torch.stack([data[row][0] for row in rows[start : start + BATCH]])


def _folder_files(root: Path) -> Iterator[tuple[str, int]]:
    """(path from `root` with forward slashes, bytes) of every file below; links to folders are not followed."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if path.is_file():
                yield path.relative_to(root).as_posix(), path.stat().st_size


def _zip_files(archive: zipfile.ZipFile) -> Iterator[tuple[str, int]]:
    for name, member in archive.NameToInfo.items():  # the last of members with the same name, like `open`
        if not member.is_dir():
            yield name, member.file_size


def _is_picture(name: str) -> bool:
    """Whether the name is that of a picture, by its suffix; not for hidden files and the extra files of macOS zips."""
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part not in (".", "..")) for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden


def _titles(names: list[str], root: str) -> list[str]:
    """Each picture's folder, without the folders that all of them share; `root` for pictures in no folder."""
    folders = [_folder_parts(name) for name in names]
    ends = zip(min(folders), max(folders), strict=False)  # folders shared by the first and last are shared by all
    shared = [part for part, other in takewhile(lambda pair: pair[0] == pair[1], ends)]
    outer = shared[-1] if shared else root
    return ["/".join(folder[len(shared) :]) or outer for folder in folders]


def _folder_parts(name: str) -> tuple[str, ...]:
    """The folders of a name, without the "/" and ".." that a member of a zip may begin with."""
    parts = PurePosixPath(name.replace("\\", "/")).parts[:-1]
    return tuple(part for part in parts if part not in ("/", "//", "..", "."))


def _folder(title: str) -> str:
    """A relative folder for a title: letters of any script are kept, other characters replaced."""
    return "/".join(_folder_name(part) for part in title.split("/"))


def _folder_name(part: str) -> str:
    safe = re.sub(r"[^\w.\- ]", "_", part)[:80].strip(" .")
    if part and safe == part and safe.split(".")[0].upper() not in RESERVED:
        return part
    return f"{safe or 'title'}-{_sha256(part)[:6]}"  # "a:b" and "a?b" remain two titles


def square(image: Image.Image, size: int) -> Image.Image:
    """The middle square, resized with antialiasing."""
    if image.size == (size, size):
        return image
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    return image.resize((size, size), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _header_size(source: PictureFiles, entry: Entry) -> tuple[int, int]:
    try:
        with source.open(entry) as file:
            return header_size(file)
    except (*READ_ERRORS, ImageError) as error:
        raise ImageError(f"{_text(entry.name)} cannot be read as a picture. Remove it, or prepare the data.") from error


def _save(image: Image.Image, path: Path) -> None:
    with replacing(path) as draft:  # a file with its final name is complete
        image.save(draft, format="PNG")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _text(name: str) -> str:
    """A file's name as text that can be written: some file systems allow names that are not valid text."""
    return name.encode("utf-8", "backslashreplace").decode()
