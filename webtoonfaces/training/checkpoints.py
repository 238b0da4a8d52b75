"""Writing and reading the checkpoints of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..errors import BadInputError, WebtoonFacesError, WeightsError
from ..files import remove_drafts, replacing
from ..weights import convert, scan


class CheckpointError(WebtoonFacesError):
    """A checkpoint could not be written; the earlier ones are intact."""


def states(folder: Path) -> list[Path]:
    """The run's checkpoints, oldest first; files of other names are none."""
    found = ((re.fullmatch(r"state-([0-9]{1,15})\.pt", path.name), path) for path in folder.glob("state-*.pt"))
    return [path for _, path in sorted((int(name[1]), path) for name, path in found if name and path.is_file())]


def newest_whole(folder: Path) -> Path | None:
    """The newest checkpoint that is complete; the newest of all if none is, None if there is none."""
    found = states(folder)[::-1]
    for path in found:
        try:
            scan.check_pickle(path)
            return path
        except WeightsError:
            continue
    return found[0] if found else None


def save_state(folder: Path, state: Mapping[str, Any], *, keep: int) -> Path:
    """Write `state` as the run's newest checkpoint and delete all but the last `keep`; returns its path.

    The file gets its name when its content is on the disk. Raises `CheckpointError` if it cannot be written.
    """
    path = folder / f"state-{state['step']:09d}.pt"
    remove_drafts(folder, "state-*.pt")
    try:
        with replacing(path, durable=True) as draft, draft.open("wb") as file:
            torch.save(dict(state), file)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError for some errors of the disk
        raise CheckpointError(
            f"The checkpoint could not be written to {folder} ({str(error).splitlines()[0]}). Is the disk full? "
            "Free some space and type the same command again; the run is resumed from the checkpoint before."
        ) from error
    for old in states(folder)[:-keep]:
        old.unlink()
    return path


def load_state(path: Path) -> dict[str, Any]:
    """The content of a file that `save_state` wrote, on the CPU. Raises `BadInputError` for another kind of file."""
    state = convert.unpickle(path)
    whole = isinstance(state, dict) and {"step", "family", "networks"} <= state.keys()
    if not whole or type(state["step"]) is not int or not isinstance(state["networks"], dict):
        raise BadInputError(f"{path} is not the checkpoint of a training run. Give a state-*.pt of one.")
    return state
