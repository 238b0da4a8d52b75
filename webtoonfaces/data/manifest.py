"""The `manifest.json` of a data set made by this package: its settings and its content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webtoonfaces.errors import BadInputError
from webtoonfaces.files import write_text

MANIFEST = "manifest.json"


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
    manifest = _read(path)
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


def _read(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BadInputError(f"{path} is damaged. Delete its folder and make the data set again.") from error
    if not isinstance(manifest, dict):
        raise BadInputError(f"{path} was not written by this package. Choose an empty folder.")
    return manifest
