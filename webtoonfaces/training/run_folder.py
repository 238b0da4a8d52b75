"""What is to be measured: a run, one of its checkpoints, or a weight, as networks in eval mode."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import BadInputError
from ..models import stylegan2
from ..weights import convert, registry, store
from .checkpoints import load_state, states

SAMPLE_BATCH = 16


@dataclass(frozen=True)
class Subject:
    """Networks to be measured, and how far they were trained.

    networks : under their names in original files ("g_ema", "e_ema").      file : of the checkpoint, without folders.
    run : the folder of the run it belongs to.      step, kimg : of a run's checkpoint.
    size : side in px of the pictures it was trained on.        mirror : whether these were mirrored, too. Both are
    None where nothing says so.
    """

    family: str
    networks: dict[str, nn.Module]
    file: str
    run: Path | None = None
    step: int | None = None
    kimg: float | None = None
    size: int | None = None
    mirror: bool | None = None

    def __str__(self) -> str:
        stand = f" at {self.kimg:.1f} kimg" if self.kimg is not None else ""
        return f"{self.run.name}/{self.file}{stand}" if self.run else f"{self.file}{stand}"


def load_subject(source: str | Path, family: str, *, device: str | torch.device = "cpu") -> Subject:
    """A run's folder (its last checkpoint), a `state-*.pt` of one, a weight file, or a name from the registry.

    Raises
    ------
    BadInputError : there is no such file, or it is of another family.      WeightsError : the file is unusable.
    UnknownNameError : no file and no name.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        found = states(path)
        if not found:
            raise BadInputError(f"{path} holds no checkpoint (state-*.pt) yet. Let the run save one first.")
        path = found[-1]
    elif not path.is_file():
        if path.suffix or len(path.parts) > 1:
            raise BadInputError(f"There is no run, no checkpoint and no weight at {path}. Check the path.")
        path = store.fetch(registry.find(family, str(source)))
    subject = _of_run(path, family) if path.match("state-*.pt") else _of_weight(path, family)
    for network in subject.networks.values():
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return subject


def _of_run(path: Path, family: str) -> Subject:
    state = load_state(path)
    if state["family"] != family:
        raise BadInputError(f"{path} is the checkpoint of a {state['family']}; this measures a {family}.")
    options = _options(path.parent)
    networks = {name: _network(family, name, state["networks"][name]) for name in convert.NEEDED[family]}
    return Subject(
        family,
        networks,
        file=path.name,
        run=path.parent,
        step=state["step"],
        kimg=state["step"] * state["batch"] / 1000,
        size=_size(networks, options.get("model", {}).get("size")),
        mirror=options.get("mirror"),
    )


def _of_weight(path: Path, family: str) -> Subject:
    checkpoint = convert.read(path, family)
    networks = {name: checkpoint.build(name) for name in convert.NEEDED[family]}
    return Subject(family, networks, file=path.name, size=_size(networks, checkpoint.config.get("size")))


def _size(networks: Mapping[str, Any], said: int | None) -> int | None:
    """Side of the pictures: a StyleGAN2 shows it in its layers, for a SwapAE only its configuration may say so."""
    generator = networks["g_ema"]
    return generator.config.size if isinstance(generator, stylegan2.Generator) else said


def _options(run: Path) -> dict[str, Any]:
    path = run / "options.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def _network(family: str, name: str, state: Mapping[str, Tensor]) -> nn.Module:
    """A network from the state dict that a run keeps, which differs from the original one in modulated weights only."""
    original = {
        key: value[None] if f"{key.removesuffix('weight')}modulation.weight" in state else value
        for key, value in state.items()
        if key != "w_avg"  # a trainer does not keep it up to date; `build` measures it anew
    }
    return convert.build(convert.FAMILIES[family][name], original)


def seeded_w(generator: stylegan2.Generator, seeds: range) -> Tensor:
    """w [n, D] of seeds: z is from numpy's RandomState(seed), as everywhere in this package."""
    z = np.stack([np.random.RandomState(seed).randn(generator.config.w_dim) for seed in seeds])
    return generator.mapping(torch.from_numpy(z.astype(np.float32)).to(generator.w_avg.device))
