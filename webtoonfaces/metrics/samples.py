"""The model that is measured, and its samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import BadInputError
from ..images import as_levels
from ..pretrained.generators import StyleGAN2, SwappingAutoencoder, load_stylegan2, load_swapae
from ..pretrained.networks import is_file
from ..training.run_folder import RunFolder

SAMPLE_BATCH = 16


@dataclass(frozen=True)
class EvaluatedModel:
    """A model that is measured, and its run.

    handle : a StyleGAN2 or a SwappingAutoencoder.      file : the name of its file.
    run : None for a weight file.
    """

    handle: Any
    file: str
    run: RunFolder | None = None

    def __str__(self) -> str:
        return f"{self.run.folder.name}/{self.file} at {self.run.kimg:.1f} kimg" if self.run else self.file

    @property
    def mirror(self) -> bool | None:
        """Whether its training used mirrored pictures, too; None if that is not known."""
        return self.run.options.get("mirror") if self.run else None


def load_evaluated(
    source: str | Path, family: str, *, size: int | None = None, device: str | torch.device | None = None
) -> EvaluatedModel:
    """A model from a run's folder (its last checkpoint), a `state-*.pt`, a weight file, or a name from the registry.

    size : side in px at which a Swapping Autoencoder is measured; None takes the size that it was trained at.

    Raises BadInputError if there is no such file or if it is of another family, WeightsError if it is not usable,
    UnknownNameError if there is no such name.
    """
    path = Path(source).expanduser()
    if not path.exists() and is_file(str(source)):
        raise BadInputError(f"There is no run, no checkpoint and no weight at {path}. Check the path.")
    if path.is_dir() or path.match("state-*.pt"):
        return _of_run(RunFolder.open(path), family, size, device)
    if family == "stylegan2":
        generator = load_stylegan2(source, device=device)
        return EvaluatedModel(generator, _file(generator))
    swapae = load_swapae(source, device=device)
    return EvaluatedModel(_at_size(swapae, size), _file(swapae))


def _of_run(run: RunFolder, family: str, size: int | None, device: str | torch.device | None) -> EvaluatedModel:
    if run.family != family:
        raise BadInputError(f"{run.checkpoint} is the checkpoint of a {run.family}; this measures a {family}.")
    networks: dict[str, Any] = run.networks()
    if family == "stylegan2":
        return EvaluatedModel(StyleGAN2(networks["g_ema"], device=device), run.checkpoint.name, run)
    swapae = SwappingAutoencoder(networks["e_ema"], networks["g_ema"], device=device)
    return EvaluatedModel(_at_size(swapae, size), run.checkpoint.name, run)


def _at_size(swapae: SwappingAutoencoder, size: int | None) -> SwappingAutoencoder:
    if size is not None:
        swapae.generator.config = replace(swapae.generator.config, size=size)
    return swapae


def _file(handle: StyleGAN2 | SwappingAutoencoder) -> str:
    return handle.weights.path.name if handle.weights else ""


@torch.inference_mode()
def samples(generator: StyleGAN2, seeds: range, *, psi: float = 1.0, batch: int = SAMPLE_BATCH) -> Iterator[Tensor]:
    """The samples of `seeds` as batches of uint8 [n, 3, size, size] on the CPU.

    The noise is random but determined by the seed, so a sample does not depend on the batch.
    """
    for start in range(0, len(seeds), batch):
        chosen = seeds[start : start + batch]
        ws = generator.sample_ws(chosen, truncation_psi=psi)  # [n, L, D]
        each = [torch.Generator().manual_seed(seed) for seed in chosen]

        def noise(_: int, side: int, each: list[torch.Generator] = each) -> Tensor:
            return torch.stack([torch.randn(1, side, side, generator=random) for random in each]).to(generator.device)

        yield as_levels(generator.network.synthesis(ws, noise=noise)).cpu()
