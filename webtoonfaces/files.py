"""Writing files in one step, so that a file gets its name only when it is complete; and what is asked of files."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import HashMismatchError, WeightsNotFoundError

DRAFT = "part"  # in the name of every unfinished file


@contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """A path to write to; the file is renamed to `path` when the block ends, and deleted if the block fails.

    Missing folders are created. Each call gives a new hidden file in the same folder, so several processes can write
    the same file, and with the same suffix, so that libraries that choose a format by the suffix choose the right one.
    durable : wait until the content is on the disk, so that even a power failure leaves no half-written file.

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
    """Write `text` as UTF-8 with `replacing`."""
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


def remove_drafts(folder: Path, pattern: str) -> None:
    """Delete unfinished files, left by killed processes, of the files `pattern` in `folder`.

    No process may be writing such a file at this time.
    """
    for draft in folder.glob(f".{pattern}.*.{DRAFT}*"):
        draft.unlink(missing_ok=True)


def is_file(path: Path) -> bool:
    """Whether there is a regular file; False, too, for a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with `~` replaced by the home folder; as it is where there is no such user."""
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def cache_folder() -> Path:
    """Where files are kept that can be made or fetched again; it may not exist yet."""
    chosen = os.environ.get("WEBTOONFACES_CACHE")
    if chosen:
        return expanded(chosen)
    import platformdirs

    return platformdirs.user_cache_path("webtoonfaces", appauthor=False)


def shown(path: str | os.PathLike[str]) -> str:
    """A path as a message shows it: cut where it is very long, and with what is no text escaped."""
    text = os.fspath(path).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 300 else f"{text[:300]}..."


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, expected: str, advice: str) -> None:
    """Compare a file of another package with its recorded sha256.

    advice : how to get the file again, for the message of WeightsNotFoundError or HashMismatchError.
    """
    try:
        found = sha256(path)
    except OSError as error:
        raise WeightsNotFoundError(f"{path.name} is missing or cannot be read ({error.strerror}). {advice}") from error
    if found != expected:
        raise HashMismatchError(f"{path.name} is damaged: its sha256 is {found}, not {expected}. {advice}")
