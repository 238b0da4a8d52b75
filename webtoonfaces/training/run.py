"""What every training run shares: budgets, checkpoints, resuming, logs. It knows no network.

A step is a function of (seed, step number, state): every random number and every choice of pictures is drawn from a
generator seeded by the two. So a run that is stopped and resumed gives the same losses as one that never stopped,
and a batch gives the same step whether one process computes it, two do, or one does it in parts.
"""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler

from ..errors import BadInputError, WebtoonFacesError
from .data import PictureFolder


class DivergedError(WebtoonFacesError):
    """A loss became infinite or no number; the last checkpoint is untouched."""


@dataclass(frozen=True)
class RunOptions:
    """How long and where to train.

    batch : pictures a step, over all processes.    accumulate : parts that a process computes its share in.
    kimg, minutes : stop after so many thousand pictures in all, or minutes of this call; None for no limit.
    save_minutes : time between checkpoints.        sample_kimg : pictures, in thousands, between sample grids.
    keep : checkpoints that are kept.               workers : processes that read pictures.
    """

    out: Path
    batch: int = 12
    accumulate: int = 1
    kimg: float | None = None
    minutes: float | None = None
    seed: int = 0
    save_minutes: float = 10.0
    sample_kimg: float = 2.0
    keep: int = 2
    workers: int = 0


class StepRandom:
    """The random numbers of one step. Draws are made for the whole batch; `slot` of `slots` shares gets every slots-th.

    Interleaved shares keep the groups of the minibatch standard deviation what they are in the undivided batch.
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
    """One process's part of a step, or one of several where gradients are accumulated."""

    images: Tensor
    random: StepRandom


class StepSampler(Sampler[list[int]]):
    """Indices of every step's batch, from `first_step` on and without end; an epoch is a new permutation."""

    def __init__(self, length: int, batch: int, *, seed: int, first_step: int = 0):
        if length < 1:
            raise BadInputError("The data set is empty.")
        self.length, self.batch, self.seed, self.first_step = length, batch, seed, first_step

    def indices(self, step: int) -> list[int]:
        start = step * self.batch
        found = []
        for position in range(start, start + self.batch):
            epoch, place = divmod(position, self.length)
            found.append(int(self._permutation(epoch)[place]))
        return found

    def _permutation(self, epoch: int) -> np.ndarray:
        if getattr(self, "_epoch", None) != epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self.seed, epoch]).permutation(self.length)
        return self._order

    def __iter__(self) -> Iterator[list[int]]:
        step = self.first_step
        while True:
            yield self.indices(step)
            step += 1


class Trainer(Protocol):
    """What `train` needs of a trainer."""

    family: str
    networks: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    accelerator: Accelerator

    def step(self, shares: Sequence[Share], *, step: int, shown: int) -> dict[str, float]: ...
    def scalars(self) -> dict[str, Any]: ...
    def load_scalars(self, scalars: dict[str, Any]) -> None: ...
    def preview(self) -> Image.Image: ...
    def config(self) -> Any: ...


def minimise(
    accelerator: Accelerator,
    optimizer: torch.optim.Optimizer,
    shares: Sequence[Share],
    loss_of: Callable[[Share], Tensor],
) -> float:
    """One optimiser step on the mean loss over all shares of all processes; returns the loss of this process.

    Gradients are averaged by hand, in one message: the usual wrapper would have to be told about every second-order
    penalty and every network that sits a step out.
    """
    optimizer.zero_grad(set_to_none=True)
    total = 0.0
    for share in shares:
        loss = loss_of(share) / len(shares)
        total += float(loss.detach())
        loss.backward()
    if not math.isfinite(total):
        raise DivergedError(
            f"The loss became {total}. The last checkpoint is as it was; go on from it with a lower learning rate."
        )
    parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    if accelerator.num_processes > 1:
        flat = torch.cat([p.grad.flatten() for p in parameters])  # type: ignore[union-attr]
        flat = accelerator.reduce(flat, reduction="mean")
        for parameter, part in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
            parameter.grad = part.view_as(parameter)
    optimizer.step()
    return total


@torch.no_grad()
def average(averaged: nn.Module, trained: nn.Module, *, decay: float) -> None:
    """Move the exponential moving average towards the trained network; buffers are copied."""
    for slow, fast in zip(averaged.parameters(), trained.parameters(), strict=True):
        slow.lerp_(fast.detach(), 1 - decay)
    for slow, fast in zip(averaged.buffers(), trained.buffers(), strict=True):
        slow.copy_(fast)


def half_life(images: float, batch: int) -> float:
    """Decay of an average whose weight halves after so many pictures."""
    return 0.5 ** (batch / max(images, 1e-8))


def train(trainer: Trainer, data: PictureFolder, options: RunOptions, *, say: Callable[[str], None] = print) -> Path:
    """Train until a budget is spent, Ctrl-C or SIGTERM; returns the last checkpoint. Resumes what `options.out` holds."""
    return _Loop(trainer, data, options, say).run()


class _Loop:
    def __init__(self, trainer: Trainer, data: PictureFolder, options: RunOptions, say: Callable[[str], None]):
        self.trainer, self.data, self.options = trainer, data, options
        self.accelerator = trainer.accelerator
        self.main = self.accelerator.is_main_process
        self.say = say if self.main else (lambda _: None)
        self.step = 0
        self.stopping = False
        slots = self.accelerator.num_processes * options.accumulate
        if options.batch % slots:
            raise BadInputError(
                f"A batch of {options.batch} does not divide into {self.accelerator.num_processes} processes times "
                f"{options.accumulate} parts."
            )
        self.slots = slots
        if self.main:
            options.out.mkdir(parents=True, exist_ok=True)

    def run(self) -> Path:
        self._resume()
        options, started, first = self.options, time.monotonic(), self.step
        if options.kimg is not None and self.shown >= options.kimg * 1000:
            self.say(f"already at {self.shown / 1000:.1f} kimg")
            return self._save()
        if self.main:
            description = {**asdict(options), "out": str(options.out), **asdict(self.trainer.config())}
            _write_json(options.out / "options.json", description)
        previous = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM)}
        saved = reported = time.monotonic()
        path: Path | None = None
        try:
            for images, _ in self._loader():
                scores = self.trainer.step(self._shares(images), step=self.step, shown=self.shown)
                self.step += 1
                now = time.monotonic()
                self._log(scores)
                if now - reported > 10 or self.step == first + 1:
                    speed = (self.step - first) * options.batch / (now - started)
                    self.say(_line(self.shown, now - started, speed, scores))
                    reported = now
                if self._crossed(options.sample_kimg):
                    self._sample()
                done = self._done(now - started)
                if done or now - saved > options.save_minutes * 60:
                    path = self._save()
                    saved = time.monotonic()
                if done:
                    break
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        if self._writer is not None:
            self._writer.close()
        assert path is not None  # the loop above ends by saving
        return path

    @property
    def shown(self) -> int:
        """Pictures seen so far, over all processes and earlier runs."""
        return self.step * self.options.batch

    def _done(self, seconds: float) -> bool:
        options = self.options
        over = options.kimg is not None and self.shown >= options.kimg * 1000
        late = options.minutes is not None and seconds >= options.minutes * 60
        flag = torch.tensor([float(self.stopping or over or late)], device=self.accelerator.device)
        return bool(self.accelerator.reduce(flag, reduction="sum").item())  # all leave at the same step

    def _stop(self, *_: Any) -> None:
        self.say("stopping after this step; a checkpoint will be saved")
        self.stopping = True

    def _crossed(self, kimg: float) -> bool:
        every = max(1, round(kimg * 1000 / self.options.batch))
        return self.step % every == 0

    def _loader(self) -> Iterator[tuple[Tensor, Tensor]]:
        sampler = StepSampler(len(self.data), self.options.batch, seed=self.options.seed, first_step=self.step)
        workers = self.options.workers
        return iter(DataLoader(self.data, batch_sampler=sampler, num_workers=workers, persistent_workers=workers > 0))

    def _shares(self, images: Tensor) -> list[Share]:
        device = self.accelerator.device
        shares = []
        for part in range(self.options.accumulate):
            slot = self.accelerator.process_index * self.options.accumulate + part
            random = StepRandom(self.options.seed, self.step, slot=slot, slots=self.slots, device=device)
            mine = images[slot :: self.slots].to(device).float().div_(127.5).sub_(1)
            shares.append(Share(mine.contiguous(memory_format=torch.channels_last), random))
        return shares

    # what is written

    _writer: Any = None

    def _log(self, scores: dict[str, float]) -> None:
        if not self.main:
            return
        with (self.options.out / "log.jsonl").open("a") as file:
            file.write(json.dumps({"step": self.step, "kimg": self.shown / 1000, **scores}) + "\n")
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self.options.out / "tensorboard"))
        for name, value in scores.items():
            self._writer.add_scalar(name, value, self.shown)

    def _sample(self) -> None:
        if not self.main:
            return
        picture = self.trainer.preview()
        folder = self.options.out / "samples"
        folder.mkdir(exist_ok=True)
        picture.save(folder / f"{self.shown // 1000:06d}k.png")
        self._writer.add_image("samples", np.asarray(picture), self.shown, dataformats="HWC")

    def _save(self) -> Path:
        path = self.options.out / f"state-{self.step:09d}.pt"
        if self.main:
            state = {
                "step": self.step,
                "batch": self.options.batch,
                "seed": self.options.seed,
                "family": self.trainer.family,
                "networks": {name: net.state_dict() for name, net in self.trainer.networks.items()},
                "optimizers": {name: o.state_dict() for name, o in self.trainer.optimizers.items()},
                "scalars": self.trainer.scalars(),
            }
            temporary = path.with_suffix(".part")
            torch.save(state, temporary)
            temporary.replace(path)
            for old in states(self.options.out)[: -self.options.keep]:
                old.unlink()
            self.say(f"saved {path}")
        self.accelerator.wait_for_everyone()
        return path

    def _resume(self) -> None:
        found = states(self.options.out)
        if not found:
            return
        state = torch.load(found[-1], map_location=self.accelerator.device, weights_only=True)
        for name in ("batch", "seed", "family"):
            now = self.trainer.family if name == "family" else getattr(self.options, name)
            if state[name] != now:
                raise BadInputError(
                    f"{self.options.out} was trained with {name} {state[name]}, not {now}. Go on with that, or choose "
                    "another folder and start from the weights with --init."
                )
        for name, net in self.trainer.networks.items():
            net.load_state_dict(state["networks"][name])
        for name, optimizer in self.trainer.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.trainer.load_scalars(state["scalars"])
        self.step = state["step"]
        self.say(f"resumed {found[-1].name} at {self.shown / 1000:.1f} kimg")


def states(folder: Path) -> list[Path]:
    """The run's checkpoints, oldest first."""
    return sorted(folder.glob("state-*.pt"))


def _line(shown: int, seconds: float, speed: float, scores: dict[str, float]) -> str:
    told = "  ".join(f"{name} {value:.3f}" for name, value in scores.items())
    return f"{shown / 1000:8.1f} kimg  {seconds / 60:6.1f} min  {speed:6.2f} img/s  {told}"


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, default=str) + "\n")
