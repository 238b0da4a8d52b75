"""Reading a run's folder: its checkpoints, and the options that it began with."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from ..errors import BadInputError
from ..weights import convert
from ..weights.layouts import from_ours
from .checkpoints import load_state, newest_whole

OPTIONS = "options.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunFolder:
    """The run in `folder` at `checkpoint`. The files are read when their content is first needed."""

    folder: Path
    checkpoint: Path

    @classmethod
    def open(cls, source: str | Path) -> RunFolder:
        """A run, given by its folder (at its last checkpoint) or by one of its `state-*.pt`.

        Raises BadInputError if there is none.
        """
        path = Path(source).expanduser()
        if path.is_file():
            return cls(path.parent, path)
        if not path.is_dir():
            raise BadInputError(f"There is no run and no checkpoint at {path}. Check the path.")
        run = cls.find(path)
        if run is None:
            raise BadInputError(f"{path} contains no checkpoint (state-*.pt) yet. Wait until the run has saved one.")
        return run

    @classmethod
    def find(cls, folder: Path) -> RunFolder | None:
        """The run in a folder at its last whole checkpoint; None if there is no checkpoint."""
        found = newest_whole(folder)
        return cls(folder, found) if found else None

    @cached_property
    def state(self) -> dict[str, Any]:
        """The content of the checkpoint. Raises BadInputError for another kind of file."""
        return load_state(self.checkpoint)

    @cached_property
    def options(self) -> dict[str, Any]:
        """The content of `options.json`, which was written when the run began; {} if it is missing or damaged."""
        path = self.folder / OPTIONS
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            _log.warning("%s is damaged, so what it says of the run is not known.", path)
            return {}
        return content

    @property
    def begun(self) -> dict[str, Any]:
        """The options that the run began with, as far as they are known."""
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
        """The training configuration; for checkpoints of early runs it is only in `options.json`."""
        return self.state.get("config", self.options)

    def networks(self, names: Iterable[str] | None = None) -> dict[str, nn.Module]:
        """The networks with these names that the checkpoint contains, in eval mode; by default those for rendering."""
        wanted = convert.NEEDED[self.family] if names is None else names
        kept = self.state["networks"]  # a run with a projected discriminator has no other discriminator
        held = {name: from_ours(kept[name]) for name in wanted if name in kept}
        model = json.loads(json.dumps(self.config.get("model")))  # in the form of a file's header
        config = {} if model is None else dict.fromkeys(held, model)
        checkpoint = convert.Checkpoint(self.family, held, config, {})
        return {name: checkpoint.build(name) for name in held}
