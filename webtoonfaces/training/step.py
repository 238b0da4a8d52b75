"""One training step, on any number of processes: its random numbers, its pictures, its gradients.

A step is a function of (seed, step number, state): random numbers and pictures are chosen by generators that are seeded
by seed and step number. So a run that is stopped and resumed has the same losses as one that was not stopped, and a
batch gives the same step whether one process computes it, or two, or one in several parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import Sampler

from ..errors import WebtoonFacesError


class DivergedError(WebtoonFacesError):
    """A loss or a gradient became NaN or infinite; the last checkpoint is intact."""


class StepRandom:
    """The random numbers of one step, drawn for the whole batch; share `slot` of `slots` gets every slots-th row.

    Interleaved shares have the same groups for the minibatch standard deviation as the undivided batch.
    """

    def __init__(self, seed: int, step: int, *, slot: int = 0, slots: int = 1, device: torch.device | str = "cpu"):
        mixed = int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> np.uint64(1))
        self.generator = torch.Generator(device).manual_seed(mixed)
        self.device, self.slot, self.slots = device, slot, slots

    def normal(self, n: int, *shape: int) -> Tensor:
        """N(0, 1), float32 [n, *shape]."""
        every = torch.randn(n * self.slots, *shape, generator=self.generator, device=self.device)
        return every[self.slot :: self.slots]

    def uniform(self, n: int, *shape: int) -> Tensor:
        """Uniform in [0, 1), float32 [n, *shape]."""
        every = torch.rand(n * self.slots, *shape, generator=self.generator, device=self.device)
        return every[self.slot :: self.slots]


@dataclass
class Share:
    """The part of a batch that a process computes at once.

    images, photos : float32 [n, 3, S, S] in [-1, 1]; photos only for finetuning.
    rows : of each image its place in a data set of pairs, or its title; int64 [n].
    """

    images: Tensor
    random: StepRandom
    photos: Tensor | None = None
    rows: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)


class Scores:
    """The numbers that a step reports: for each name, the mean of the noted values over the step's shares."""

    def __init__(self) -> None:
        self._noted: dict[str, list[Tensor | float]] = {}

    def note(self, **values: Tensor | float) -> None:
        for name, value in values.items():
            self._noted.setdefault(name, []).append(value.detach() if isinstance(value, Tensor) else value)

    def means(self) -> dict[str, float]:
        """Read only now: a GPU would have to be waited for at every note."""
        return {name: sum(map(float, values)) / len(values) for name, values in self._noted.items()}


class StepSampler(Sampler[list[int]]):
    """Indices of the batch of each step, from `first_step` on, without end; each epoch is a new permutation.

    Of each batch only the positions whose remainder modulo `slots` is in `mine` are given, the shares of one process.
    """

    def __init__(
        self, length: int, batch: int, *, seed: int, first_step: int = 0, slots: int = 1, mine: range = range(1)
    ):
        self.length, self.batch, self.seed, self.first_step = length, batch, seed, first_step
        self.slots, self.mine = slots, mine
        self._epoch = -1
        self._order = np.empty(0, np.int64)

    def indices(self, step: int) -> list[int]:
        positions = [p for p in range(self.batch) if p % self.slots in self.mine]
        places = (divmod(step * self.batch + p, self.length) for p in positions)
        return [int(self._permutation(epoch)[place]) for epoch, place in places]

    def _permutation(self, epoch: int) -> np.ndarray:
        if self._epoch != epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self.seed, epoch]).permutation(self.length)
        return self._order

    def __iter__(self) -> Iterator[list[int]]:
        step = self.first_step
        while True:
            yield self.indices(step)
            step += 1


def minimise(
    accelerator: Accelerator,
    optimizer: torch.optim.Optimizer,
    shares: Sequence[Share],
    loss_of: Callable[[Share], Tensor],
) -> float:
    """One optimiser step on the mean loss over all shares of all processes; returns that loss.

    Gradients are averaged explicitly, in one message: PyTorch's distributed wrapper needs special handling of
    second-order penalties and of networks that are not used in a step. Only the gradients of this optimiser's
    parameters are computed, so that a generator's step does not compute those of its discriminator.

    Raises `DivergedError`, on every process, if a loss or gradient is NaN or infinite; then nothing is changed.
    """
    optimizer.zero_grad(set_to_none=True)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    total = torch.zeros(1, device=parameters[0].device)
    for share in shares:
        loss = loss_of(share) / len(shares)
        loss.backward(inputs=parameters)
        total += loss.detach()
    moved = [p for p in parameters if p.grad is not None]
    if accelerator.num_processes > 1:
        flat = torch.cat([total, *(p.grad.flatten() for p in moved)])
        flat = accelerator.reduce(flat, reduction="mean")
        total, *parts = flat.split([1, *(p.numel() for p in moved)])
        for parameter, part in zip(moved, parts, strict=True):
            parameter.grad = part.view_as(parameter)
    norm = torch.nn.utils.get_total_norm([p.grad for p in moved])
    if not math.isfinite(float(total)) or not math.isfinite(float(norm)):
        raise DivergedError(
            f"The loss became {float(total)} and its gradient {float(norm)}, so training cannot continue. The last "
            "checkpoint is intact: type the command again with a lower rate (--set learning_rate=0.001), or delete the "
            "last checkpoint to resume from the one before."
        )
    optimizer.step()
    return float(total)


@torch.no_grad()
def average(averaged: nn.Module, trained: nn.Module, *, decay: float) -> None:
    """Move the exponential moving average towards the trained network; buffers are copied."""
    get_ema_multi_avg_fn(decay)(list(averaged.parameters()), list(trained.parameters()), None)
    for slow, fast in zip(averaged.buffers(), trained.buffers(), strict=True):
        slow.copy_(fast)


def half_life(images: float, batch: int) -> float:
    """The decay of an average in which the weight of a step halves after this many pictures."""
    return 0.5 ** (batch / max(images, 1e-8))
