"""The `manifest.json` of a data set made by this package: its settings and its content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from webtoonfaces.errors import BadInputError
from webtoonfaces.files import write_text

MANIFEST = "manifest.json"
MOST_BYTES = 512 * 2**20  # a million pictures, each with its origin and why it was skipped


def open_folder(out: Path, *, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Make the folder `out`, or check that its data set can be continued; returns its manifest, {} for a new folder.

    A data set can be continued only with the same `kind` and `settings`; otherwise `BadInputError` names what differs.
    """
    path = out / MANIFEST
    advice = "Choose an empty folder, or delete this one."
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file; the pictures need a folder.")
    if not path.exists():
        if out.exists() and any(out.iterdir()):
            raise BadInputError(f"{out} contains files, but no {MANIFEST} that describes them. {advice}")
        out.mkdir(parents=True, exist_ok=True)
        return {}
    manifest = read(out)
    if manifest.get("kind") != kind:
        raise BadInputError(f"{out} contains another kind of data set. {advice}")
    old = manifest.get("settings", {})
    changed = [f"{key} is {old.get(key)!r}, not {settings[key]!r}" for key in settings if old.get(key) != settings[key]]
    if changed:
        raise BadInputError(f"{out} contains pictures made with other settings: {'; '.join(changed)}. {advice}")
    return manifest


def write(out: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of `out` with `files.write_text`."""
    write_text(out / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a folder that has one; raises `BadInputError` for a damaged one."""
    path = folder / MANIFEST
    if not path.is_file():
        raise BadInputError(f"{path} is not a regular file. Delete its folder and make the data set again.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInputError(f"{path} has more than {MOST_BYTES:,} bytes, so it is no manifest of this package.")
        manifest = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path} is damaged. Delete its folder and make the data set again.") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("settings", {}), dict):
        raise BadInputError(f"{path} was not written by this package. Choose an empty folder.")
    persons, pictures = manifest.get("persons", 0), manifest.get("pictures", [])
    if type(persons) is not int or not isinstance(pictures, list) or not all(map(_is_picture, pictures)):
        raise BadInputError(f"{path} is damaged. Delete its folder and make the data set again.")
    return manifest


def _is_picture(entry: object) -> bool:
    """Whether an entry tells file and sha256 of a picture inside the folder."""
    if not isinstance(entry, dict):
        return False
    file, sha256 = entry.get("file"), entry.get("sha256")
    if not isinstance(file, str) or not isinstance(sha256, str):
        return False
    path = PurePath(file)
    return "\0" not in file and len(file) < 1000 and not path.is_absolute() and ".." not in path.parts
