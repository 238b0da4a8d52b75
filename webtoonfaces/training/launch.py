"""From a preset, a data set and a few options to a running trainer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from ..errors import BadInputError, UnknownNameError
from ..weights import convert
from . import presets
from .data import PictureFolder, load_in_memory
from .run import RunOptions, Trainer, train
from .stylegan2 import StyleGAN2Trainer
from .swapae import SwapAETrainer


def launch(
    family: str, data: str | Path, out: str | Path, *, preset: str = "paper", init: Sequence[str | Path] = (),
    device: str | None = None, config: dict[str, Any] | None = None, say: Callable[[str], None] = print,
    **options: Any,
) -> Path:  # fmt: skip
    """Train `family` ("stylegan2" or "swapae") on `data`; returns the last checkpoint in `out`.

    preset : a name in `presets`.       init : checkpoints whose weights to start from, the optimiser anew.
    config : fields of the preset's recipe to change.       options : fields of `RunOptions`.
    """
    known = presets.FAMILIES[family]
    if preset not in known:
        raise UnknownNameError(f"{family} preset", preset, known)
    recipe = replace(known[preset].config, **(config or {}))
    chosen = {name: value for name, value in options.items() if value is not None}
    run = RunOptions(out=Path(out), **{"batch": known[preset].batch, **chosen})

    accelerator = Accelerator(cpu=device == "cpu")
    torch.manual_seed(run.seed)  # the networks' random start
    folder = PictureFolder(data, size=recipe.model.size, split="train")
    trainer: Trainer
    if family == "stylegan2":
        trainer = StyleGAN2Trainer(recipe, accelerator)
    else:
        examples, _ = load_in_memory(PictureFolder(data, size=recipe.model.size, split="held_out"), limit=12)
        trainer = SwapAETrainer(recipe, accelerator, examples=examples)
    if init:
        trainer.load_weights(_weights(family, init))  # type: ignore[attr-defined]
    return train(trainer, folder, run, say=say)


def _weights(family: str, paths: Sequence[str | Path]) -> dict[str, dict[str, torch.Tensor]]:
    """Every network that the files hold, as our state dicts."""
    found: dict[str, dict[str, torch.Tensor]] = {}
    for path in paths:
        names = [n for n in convert.FAMILIES[family] if n in convert.network_names(path, family)]
        if not names:
            raise BadInputError(f"{path} holds no network of a {family}.")
        checkpoint = convert.read(path, family, names=names)
        found |= {name: checkpoint.build(name).state_dict() for name in names}
    return found
