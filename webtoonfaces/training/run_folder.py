"""A run as it lies on the disk: its checkpoints, and the options that it was begun with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from ..errors import BadInputError
from ..weights import convert
from ..weights.layouts import from_ours
from .checkpoints import load_state, states

OPTIONS = "options.json"


@dataclass(frozen=True)
class RunFolder:
    """The run in `folder`, as it was at `checkpoint`. What lies in the files is read when it is first asked for."""

    folder: Path
    checkpoint: Path

    @classmethod
    def open(cls, source: str | Path) -> RunFolder:
        """A run by its folder, at its last checkpoint, or by one of its `state-*.pt`.

        Raises BadInputError where there is none.
        """
        path = Path(source).expanduser()
        if path.is_file():
            return cls(path.parent, path)
        if not path.is_dir():
            raise BadInputError(f"There is no run and no checkpoint at {path}. Check the path.")
        run = cls.find(path)
        if run is None:
            raise BadInputError(f"{path} holds no checkpoint (state-*.pt) yet. Let the run save one first.")
        return run

    @classmethod
    def find(cls, folder: Path) -> RunFolder | None:
        """The run in a folder at its last checkpoint; None where none was saved."""
        found = states(folder)
        return cls(folder, found[-1]) if found else None

    @cached_property
    def state(self) -> dict[str, Any]:
        """What the checkpoint holds. Raises BadInputError for another kind of file."""
        return load_state(self.checkpoint)

    @cached_property
    def options(self) -> dict[str, Any]:
        """What `options.json` says of how the run was begun; {} where it is missing."""
        path = self.folder / OPTIONS
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    @property
    def begun(self) -> dict[str, Any]:
        """The options that the run was begun with, as far as they are known."""
        return self.options or dict(self.state.get("config", {}))

    @property
    def family(self) -> str:
        return self.state["family"]

    @property
    def step(self) -> int:
        return self.state["step"]

    @property
    def kimg(self) -> float:
        """Thousands of pictures seen so far."""
        return self.step * self.state["batch"] / 1000

    @property
    def config(self) -> dict[str, Any]:
        """The training configuration; checkpoints of early runs leave it to `options.json`."""
        return self.state.get("config", self.options)

    def networks(self, names: Iterable[str] | None = None) -> dict[str, nn.Module]:
        """Those of the networks that the checkpoint holds, in eval mode; without names, what rendering needs."""
        wanted = convert.NEEDED[self.family] if names is None else names
        kept = self.state["networks"]  # a run with a projected discriminator has no other discriminator
        held = {name: from_ours(kept[name]) for name in wanted if name in kept}
        model = json.loads(json.dumps(self.config.get("model")))  # as the header of a file has it
        config = {} if model is None else dict.fromkeys(held, model)
        checkpoint = convert.Checkpoint(self.family, held, config, {})
        return {name: checkpoint.build(name) for name in held}
