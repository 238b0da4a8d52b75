"""Files that appear whole or not at all: everything that must not be found half-written is written through here."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DRAFT = "part"  # in the name of every file that is not finished


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` when the block ends, or is deleted on an error.

    Missing folders are created. Each call writes to a hidden file of its own with the suffix of `path`, so that several
    processes can write the same file, and libraries that choose a format by the suffix choose the right one.
    durable : wait until the disk has the content, so that not even a power cut leaves half of it.

    Raises OSError.
    """
    draft = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex[:12]}.{DRAFT}{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield draft
        if durable:
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, in the manner of `replacing`."""
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


def remove_drafts(folder: Path, pattern: str) -> None:
    """Delete what killed processes left of the files `pattern` in `folder`; nobody may be writing them now."""
    for draft in folder.glob(f".{pattern}.*.{DRAFT}*"):
        draft.unlink(missing_ok=True)
