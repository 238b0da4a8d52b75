"""Finding, downloading and verifying the file of a weight.

A file is searched in the folder given as `checkpoints=`, in `./checkpoints`, in the package and in the user's cache. If
it is in none of them, it is downloaded under a temporary name, verified, and then renamed, so a file with its final
name is always complete. Its sha256 is checked on every load: against the registry, or, if none was published, against
the one that was noted in `pins.json` beside the file at first use.

Every error message tells how to download the file by hand.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from webtoonfaces import files
from webtoonfaces.errors import (
    DownloadError,
    HashMismatchError,
    QuotaError,
    UnsafeFileError,
    WeightsError,
    WeightsNotFoundError,
)
from webtoonfaces.files import cache_folder, expanded, is_file, write_text
from webtoonfaces.weights import scan
from webtoonfaces.weights.download import MOST_BYTES, can_resume, discard, download
from webtoonfaces.weights.registry import Record, Source

if TYPE_CHECKING:
    from filelock import BaseFileLock

FOLDER = "checkpoints"
PINS = "pins.json"

_PIN = re.compile(r"([0-9a-f]{64})( unconfirmed)?")
_WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|!--|html|head|\?xml)", re.IGNORECASE)

_log = logging.getLogger(__name__)
_hashes: dict[Path, tuple[tuple[int, int, int], str]] = {}

Folder: TypeAlias = str | os.PathLike[str]


# ------------------------------------------------------------------------------------------------ folders


def search_folders(checkpoints: Folder | None = None) -> list[Path]:
    """The folders in which weights are searched, in order; they need not exist.

    They are the folder given, `./checkpoints`, the one of the current clone, the one of the package, and the user's
    cache (`$WEBTOONFACES_CACHE`, by default the operating system's cache folder).
    """
    folders = [expanded(checkpoints)] if checkpoints is not None else []
    folders.append(Path(FOLDER))
    folders.extend(folder for folder in (_clone_folder(), _package_folder()) if folder is not None)
    folders.append(cache_folder())
    return list(dict.fromkeys(folder.resolve() for folder in folders))


def download_folder(checkpoints: Folder | None = None) -> Path:
    """The folder for downloads: the one given; else, inside a clone, its `checkpoints`; else the user's cache."""
    if checkpoints is not None:
        return expanded(checkpoints).resolve()
    return (_clone_folder() or cache_folder()).resolve()


def locate(record: Record, *, checkpoints: Folder | None = None) -> Path | None:
    """The file of a weight, under its own name or an alias; None if no folder contains it. It is not verified."""
    candidates = (folder / name for folder in search_folders(checkpoints) for name in record.filenames)
    return next((path for path in candidates if is_file(path)), None)


def _package_folder() -> Path | None:
    package = Path(__file__).parents[1]  # a real folder: weights are mapped into memory
    if (package / FOLDER).is_dir():
        return package / FOLDER  # installed from a wheel
    return package.parent / FOLDER if _is_clone(package.parent) else None


def _clone_folder() -> Path | None:
    here = Path.cwd()
    return next((folder / FOLDER for folder in (here, *here.parents) if _is_clone(folder)), None)


def _is_clone(folder: Path) -> bool:
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return project.get("project", {}).get("name") == "webtoonfaces"


# ------------------------------------------------------------------------------------------------ fetch and verify


def fetch(record: Record, *, checkpoints: Folder | None = None, progress: bool = True, force: bool = False) -> Path:
    """The path of a weight's file, downloaded if necessary and verified.

    checkpoints : a folder to search first, and to download to.      progress : show a progress bar for a download.
    force : download again, even if the file exists, and pin its sha256; without effect if there is no source.

    Raises WeightsNotFoundError if the file is in no folder and cannot be downloaded, OfflineError if no source could be
    reached, QuotaError if a web page came instead of the file (on Google Drive, its quota page), HashMismatchError if
    the file is not the recorded or pinned one, DownloadError for other failures, or different ones at the sources.
    """
    found = locate(record, checkpoints=checkpoints)
    if found is not None and not (force and record.sources):
        verify(found, record)
        return found
    folder = download_folder(checkpoints)
    if not record.sources:
        raise WeightsNotFoundError(_nowhere_message(record, folder, search_folders(checkpoints)))
    target = folder / record.filename
    try:
        with _lock(target):
            # Another process may have downloaded it while this one waited for the lock.
            if target.is_file() and not force:
                verify(target, record)
            else:
                _download(record, target, progress=progress, force=force)
    except OSError as error:
        raise DownloadError(
            f"The {record} cannot be stored in {folder}: {error.strerror or error}. Free some space, change the "
            f"permissions, or choose another folder with checkpoints=."
        ) from error
    return target


def verify(path: Folder, record: Record) -> str:
    """Check that a file is the weight of a record; returns its sha256 in hexadecimal.

    This is done on every load; the result is remembered, so only the first time is slow. If the registry has no sha256,
    the first one is pinned in `pins.json` beside the file. The embedded demo models are never pinned: they change with
    the package.

    Raises HashMismatchError if the sha256 is not the recorded or pinned one, QuotaError if the file is a web page,
    DownloadError if it does not have the recorded format or size, WeightsError if it or `pins.json` cannot be read.
    """
    path = expanded(path).absolute()
    pin = None if record.sha256 else _read_pins(path.parent).get(path.name)
    try:
        sha256 = _check(path, record, pin, what=str(path))
    except WeightsError as error:
        trust = f" If you trust the new file, remove its line from {path.parent / PINS}." if pin else ""
        raise type(error)(f"{error} {_remedy(record)}{trust}{_by_hand(record, path.parent)}") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not (record.sha256 or record.embedded) and (pin is None or pin.sha256 != sha256):
        _pin(path, _Pin(sha256))
    return sha256


def confirm(path: Folder, record: Record) -> None:
    """Note that a verified file was loaded as the network that it should be: from now on its sha256 is binding."""
    path = expanded(path).absolute()
    if record.sha256 or record.embedded:
        return
    pin = _read_pins(path.parent).get(path.name)
    if pin is not None and not pin.confirmed and pin.sha256 == _sha256(path):
        _pin(path, _Pin(pin.sha256, confirmed=True))


def _check(path: Path, record: Record, pin: _Pin | None, *, what: str) -> str:
    sha256 = _sha256(path)
    expected = record.sha256 or (pin.sha256 if pin else "")
    if expected and sha256 == expected:
        return sha256
    start, size = _read_start(path), path.stat().st_size
    if _is_web_page(start):
        raise QuotaError(
            f"{what} is a web page, not a weight. Google Drive sends one when too many people have downloaded a "
            f"file; its limit lasts about a day. In a browser where you are signed in to Google it often works sooner."
        )
    if record.sha256 or (pin and pin.confirmed):
        source = "the registry has" if record.sha256 else "at its first use it had"
        raise HashMismatchError(
            f"{what} is not the expected file: its sha256 is {sha256} ({size:,} bytes), {source} {expected}."
        )
    if not _has_magic(start, record.format):
        raise DownloadError(f"{what} is not a checkpoint: {size:,} bytes that do not start like {record.format}.")
    if record.bytes and size != record.bytes:
        raise DownloadError(f"{what} is {size:,} bytes long instead of {record.bytes:,}.")
    try:
        scan.check(path, safetensors=record.format == "safetensors")
    except UnsafeFileError:
        raise
    except WeightsError as error:
        raise DownloadError(f"{what} is not a whole checkpoint. {error}") from error
    if pin:
        _log.warning(
            "%s is another file than the one noted in %s, which was never loaded. It is complete, so it is used.",
            what,
            PINS,
        )
    return sha256


def _sha256(path: Path) -> str:
    status = path.stat()
    signature = (status.st_ino, status.st_size, status.st_mtime_ns)
    known = _hashes.get(path)
    if known is None or known[0] != signature:
        known = (signature, files.sha256(path))
        _hashes[path] = known
    return known[1]


def _read_start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1024)


def _is_web_page(start: bytes) -> bool:
    return _WEB_PAGE.match(start) is not None


def _has_magic(start: bytes, file_format: str) -> bool:
    if file_format == "safetensors":  # 8 bytes of header length, then the header in JSON
        return start[8:9] == b"{"
    zip_file, pickle_protocol_2 = b"PK\x03\x04", b"\x80\x02"  # torch.save since 1.6, and before
    return start.startswith((zip_file, pickle_protocol_2))


# ------------------------------------------------------------------------------------------------ pins and locks


@dataclass(frozen=True)
class _Pin:
    """The sha256 of a file that the registry has none for. It binds once the file was loaded as a network.

    In `pins.json` it is the sha256 alone, and before that the sha256 and the word "unconfirmed".
    """

    sha256: str
    confirmed: bool = False

    def __str__(self) -> str:
        return self.sha256 if self.confirmed else f"{self.sha256} unconfirmed"


def _read_pins(folder: Path) -> dict[str, _Pin]:
    path = folder / PINS
    try:
        pins = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        pins = None
    found = pins.items() if isinstance(pins, dict) else [("", None)]
    read = {name: _PIN.fullmatch(text) if isinstance(text, str) else None for name, text in found}
    if not all(read.values()):
        raise WeightsError(
            f"{path} is damaged. Delete it; the files beside it are pinned again when they are next used."
        )
    return {name: _Pin(match[1], confirmed=not match[2]) for name, match in read.items() if match}


def _pin(path: Path, pin: _Pin) -> None:
    pins = path.with_name(PINS)
    try:
        with _lock(pins):
            known = {name: str(other) for name, other in _read_pins(path.parent).items()}
            text = json.dumps(known | {path.name: str(pin)}, indent=2, sort_keys=True)
            write_text(pins, text + "\n")
    except OSError as error:
        _log.warning("The sha256 of %s could not be noted beside it (%s): a change will go unnoticed.", path, error)


def _lock(path: Path) -> BaseFileLock:
    """A lock between threads and processes, which the operating system frees if its process ends; makes the folder."""
    from filelock import FileLock

    locks = path.parent / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{path.name}.lock")


# ------------------------------------------------------------------------------------------------ downloading


def _download(record: Record, target: Path, *, progress: bool, force: bool) -> None:
    part = target.with_name(f"{target.name}.part")
    pin = None if record.sha256 or force else _read_pins(target.parent).get(target.name)
    failures: list[tuple[Source, WeightsError]] = []
    for source in record.sources:
        try:
            most = record.bytes or MOST_BYTES
            download(source, part, label=record.filename, progress=progress, most=most)
        except OSError:  # from the disk; network errors are raised as DownloadError
            discard(part)
            raise
        except DownloadError as error:
            if not can_resume(part):
                discard(part)
            failures.append((source, error))
            continue
        try:
            sha256 = _check(part, record, pin, what="What it sent")
        except WeightsError as error:
            discard(part)
            failures.append((source, error))
            continue
        part.replace(target)
        discard(part)
        if not record.sha256:
            _pin(target, pin if pin and pin.sha256 == sha256 else _Pin(sha256))
        return
    raise _failure(record, failures, target.parent, pinned=pin is not None)


# ------------------------------------------------------------------------------------------------ messages


def _failure(
    record: Record, failures: list[tuple[Source, WeightsError]], folder: Path, *, pinned: bool
) -> WeightsError:
    kinds = {type(error) for _, error in failures}
    kind = kinds.pop() if len(kinds) == 1 else DownloadError
    reasons = "".join(f"\n- {source.address}: {error}" for source, error in failures)
    advice = ""
    if pinned and any(isinstance(error, HashMismatchError) for _, error in failures):
        advice = "\nIf its author has published a new file on purpose, download it with force=True."
    return kind(f"The {record} could not be downloaded.{reasons}{advice}{_by_hand(record, folder)}")


def _remedy(record: Record) -> str:
    if record.embedded:
        return "Install the package again: pip install --force-reinstall --no-deps webtoonfaces."
    if record.sources:
        return "Delete the file; it is downloaded again when needed."
    return "Replace it with the right file."


def _by_hand(record: Record, folder: Path) -> str:
    if not record.sources:
        return ""
    addresses = " or ".join(source.address for source in record.sources)
    return f"\nBy hand: open {addresses} in a browser and save the file as {record.filename} in the folder {folder}."


def _nowhere_message(record: Record, folder: Path, searched: list[Path]) -> str:
    places = "".join(f"\n- {place}" for place in searched)
    if record.embedded:
        return (
            f"The {record} is part of the package, but its file {record.filename} is missing. {_remedy(record)} "
            f"These folders were searched:{places}"
        )
    names = " or ".join(record.filenames)
    return (
        f"The {record} is not on this machine and cannot be downloaded. {record.note}\n"
        f"If you have it, put it as {names} into the folder {folder}. These folders were searched:{places}"
    )
