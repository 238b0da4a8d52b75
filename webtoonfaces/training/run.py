"""The training loop of every kind of model: budgets, checkpoints, resuming, logs."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..errors import BadInputError, MissingExtraError, WebtoonFacesError, WeightsError
from ..files import replacing, write_text
from ..images import as_floats
from .checkpoints import CheckpointError, load_state, save_state, states
from .run_folder import OPTIONS
from .step import Share, StepRandom, StepSampler

SAY_EVERY = 10.0  # seconds between progress lines


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The folder, the budgets and the batches of a run.

    batch : pictures a step, over all processes.    photo_batch : photos a step, if there are any.
    accumulate : parts in which a process computes its share.        keep : number of checkpoints to keep.
    kimg, minutes : stop after this many thousand pictures in all, or minutes of this call; None for no limit.
    save_minutes : time between checkpoints.        sample_kimg : pictures, in thousands, between sample grids.
    workers : processes that read pictures.

    Raises `BadInputError` for a number out of range.
    """

    out: Path
    batch: int = 12
    photo_batch: int = 8
    accumulate: int = 1
    kimg: float | None = None
    minutes: float | None = None
    seed: int = 0
    save_minutes: float = 10.0
    sample_kimg: float = 2.0
    keep: int = 2
    workers: int = 0

    def __post_init__(self) -> None:
        for name in ("batch", "photo_batch", "accumulate", "keep"):
            if getattr(self, name) < 1:
                raise BadInputError(f"--{name.replace('_', '-')} must be at least 1, not {getattr(self, name)}.")
        for name in ("kimg", "minutes", "save_minutes", "sample_kimg"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise BadInputError(f"--{name.replace('_', '-')} must be more than 0, not {value}.")
        for name in ("seed", "workers"):
            if getattr(self, name) < 0:
                raise BadInputError(f"--{name} must be at least 0, not {getattr(self, name)}.")


class Pictures(Protocol):
    """A data set: item i is a picture, uint8 [3, S, S], and what the data set says of it, such as its title."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> tuple[Tensor, int]: ...


class Trainer(Protocol):
    """The interface of a trainer."""

    family: str
    networks: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    accelerator: Accelerator

    def step(self, shares: Sequence[Share], *, step: int, shown: int, done: float = 0.0) -> dict[str, float]: ...
    def scalars(self) -> dict[str, Any]: ...
    def load_scalars(self, scalars: dict[str, Any]) -> None: ...
    def preview(self) -> Image.Image: ...
    def config(self) -> Any: ...


def train(
    trainer: Trainer,
    data: Pictures,
    options: RunOptions,
    *,
    photos: Pictures | None = None,
    about: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Train until a budget is used up, Ctrl-C or SIGTERM; returns the last checkpoint. Resumes a run in `options.out`.

    photos : more pictures for each step, beside those of `data`.       about : further entries for `options.json`.

    Raises BadInputError if `options.out` contains a run that these options do not continue, or if the batch cannot be
    divided among the processes; DivergedError if a loss is not finite; CheckpointError if the disk is full.
    """
    return _Loop(trainer, data, photos, options, about or {}, say).run()


class _Loop:
    def __init__(
        self,
        trainer: Trainer,
        data: Pictures,
        photos: Pictures | None,
        options: RunOptions,
        about: Mapping[str, Any],
        say: Callable[[str], None],
    ):
        self.trainer, self.data, self.photos, self.options, self.about = trainer, data, photos, options, about
        self.accelerator = trainer.accelerator
        self.main = self.accelerator.is_main_process
        self.say = say if self.main else (lambda _: None)
        self.step = 0
        self.stopping = False
        processes, parts = self.accelerator.num_processes, options.accumulate
        self.slots = processes * parts
        for name in ("batch", "photo_batch") if photos is not None else ("batch",):
            if getattr(options, name) % self.slots:
                raise BadInputError(
                    f"A {name.replace('_', ' ')} of {getattr(options, name)} does not divide into {processes} "
                    f"processes times {parts} parts. Choose a multiple of {self.slots}."
                )
        if self.main:
            options.out.mkdir(parents=True, exist_ok=True)

    def run(self) -> Path:
        self._resume()
        if self._spent():
            self.say(f"already at {self.shown / 1000:.1f} kimg")
            return (states(self.options.out) or [self._save()])[-1]
        if self.main:
            description = {**asdict(self.options), **asdict(self.trainer.config()), **self.about}
            content = json.dumps({"family": self.trainer.family, **description}, indent=1, default=str)
            with self._aside():
                write_text(self.options.out / OPTIONS, content + "\n")
        try:
            with _signals(self._stop):
                return self._train()
        finally:
            if self._writer is not None:
                with self._aside():
                    self._writer.close()

    def _train(self) -> Path:
        options, first = self.options, self.step
        started = reported = saved = time.monotonic()
        batches = self._batches()
        while True:
            try:
                images, rows, photos = next(batches)
            except Exception as error:  # a picture has vanished or cannot be read any more
                self._keep_steps_since(first)
                # The traceback would keep the processes that read pictures alive. They ignore SIGTERM, so Python would
                # wait for them at its end without end.
                batches = iter(())
                raise error.with_traceback(None) from error.__cause__
            shares, done = self._shares(images, rows, photos), self._done(time.monotonic() - started)
            scores = self._agreed(self.trainer.step(shares, step=self.step, shown=self.shown, done=done))
            self.step += 1
            now = time.monotonic()
            self._log(scores)
            if now - reported > SAY_EVERY or self.step == first + 1:
                speed = (self.step - first) * options.batch / (now - started)
                self.say(_line(self.shown, now - started, speed, scores))
                reported = now
            if self._crossed(options.sample_kimg):
                self._sample()
            late = options.minutes is not None and now - started >= options.minutes * 60
            leave, save = self._any(self.stopping or late or self._spent(), now - saved > options.save_minutes * 60)
            if self.stopping and leave:
                self.say("stopping on request")
            if leave:
                break
            if save:
                self._save_if_possible()
                saved = time.monotonic()
        return self._save_or_rescue()

    @property
    def shown(self) -> int:
        """Pictures seen so far, over all processes and earlier runs."""
        return self.step * self.options.batch

    def _spent(self) -> bool:
        return self.options.kimg is not None and self.shown >= self.options.kimg * 1000

    def _done(self, seconds: float) -> float:
        """How much of the planned run lies behind, 0 to 1: of its pictures, or of this call's minutes.

        Without a plan it is 0. Resuming is exact where pictures are planned: minutes are counted anew by each call.
        """
        kimg, minutes = self.options.kimg, self.options.minutes
        shares = [self.shown / (kimg * 1000) if kimg else 0.0, seconds / (minutes * 60) if minutes else 0.0]
        if self.accelerator.num_processes > 1:  # their clocks differ, their steps must not
            mine = torch.tensor(shares, dtype=torch.float64, device=self.accelerator.device)
            shares = (self.accelerator.reduce(mine, reduction="mean")).tolist()
        return min(1.0, max(shares))

    def _any(self, *flags: bool) -> list[bool]:
        """Each flag, true if it is true on any process: all processes must save and stop at the same step."""
        mine = torch.tensor(flags, dtype=torch.float32, device=self.accelerator.device)
        return self.accelerator.reduce(mine, reduction="sum").bool().tolist()

    def _agreed(self, scores: dict[str, float]) -> dict[str, float]:
        """The scores' means over all processes."""
        if self.accelerator.num_processes == 1:
            return scores
        mine = torch.tensor(list(scores.values()), device=self.accelerator.device)
        return dict(zip(scores, self.accelerator.reduce(mine, reduction="mean").tolist(), strict=True))

    def _stop(self, *_: Any) -> None:
        self.stopping = True  # only this: a handler must not print, since it may interrupt a print

    def _crossed(self, kimg: float) -> bool:
        every = max(1, round(kimg * 1000 / self.options.batch))
        return self.step % every == 0

    # pictures

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
        images = self._loader(self.data, self.options.batch, self.options.seed)
        if self.photos is None:
            return ((seen, rows, None) for seen, rows in images)
        photos = self._loader(self.photos, self.options.photo_batch, self.options.seed + 1)
        return ((seen, rows, faces) for (seen, rows), (faces, _) in zip(images, photos, strict=False))

    def _loader(self, folder: Pictures, batch: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of pictures, uint8, and what the data set says of each, int64."""
        first = self.accelerator.process_index * self.options.accumulate
        mine = range(first, first + self.options.accumulate)
        sampler = StepSampler(len(folder), batch, seed=seed, first_step=self.step, slots=self.slots, mine=mine)
        workers = self.options.workers
        loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
            folder,  # type: ignore[arg-type]
            batch_sampler=sampler,
            num_workers=workers,
            worker_init_fn=_leave_signals_to_parent,
            persistent_workers=workers > 0,
            pin_memory=self.accelerator.device.type == "cuda",
        )
        return iter(loader)

    def _shares(self, images: Tensor, rows: Tensor, photos: Tensor | None) -> list[Share]:
        parts, device = self.options.accumulate, self.accelerator.device
        shares = []
        for part in range(parts):
            slot = self.accelerator.process_index * parts + part
            random = StepRandom(self.options.seed, self.step, slot=slot, slots=self.slots, device=device)
            seen = None if photos is None else _placed(photos[part::parts], device)
            shares.append(Share(_placed(images[part::parts], device), random, seen, rows[part::parts]))
        return shares

    # output

    _writer: Any = None

    def _log(self, scores: dict[str, float]) -> None:
        if not self.main:
            return
        with self._aside():
            with (self.options.out / "log.jsonl").open("a") as file:
                file.write(json.dumps({"step": self.step, "kimg": self.shown / 1000, **scores}) + "\n")
            for name, value in scores.items():
                self._board().add_scalar(name, value, self.shown)

    _told = False

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Around what only describes the run: it does not end for a full disk, which may have room again later."""
        try:
            yield
        except OSError as error:
            if not self._told:
                self._told = True
                self.say(f"{self.options.out} cannot be written to ({error}). Training goes on. Free some space.")

    def _board(self) -> Any:
        if self._writer is None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as error:
                raise MissingExtraError("Training", "train", "tensorboard") from error
            self._writer = SummaryWriter(str(self.options.out / "tensorboard"), purge_step=self.shown)
        return self._writer

    def _sample(self) -> None:
        if not self.main:
            return
        picture = self.trainer.preview()
        folder = self.options.out / "samples"
        with self._aside():
            folder.mkdir(exist_ok=True)
            with replacing(folder / f"{self.shown:09d}.png") as draft:
                picture.save(draft)
            self._board().add_image("samples", np.asarray(picture), self.shown, dataformats="HWC")

    def _save_if_possible(self) -> None:
        """A checkpoint on the way; one that cannot be written is written at the next time."""
        try:
            self._save()
        except CheckpointError as error:
            self.say(f"{error} Training goes on, and the checkpoint is tried again.")
            self.accelerator.wait_for_everyone()

    def _save_or_rescue(self) -> Path:
        """The last checkpoint; where it cannot be written to the run's folder, into one for temporary files."""
        try:
            return self._save()
        except CheckpointError as error:
            folder = Path(tempfile.mkdtemp(prefix="webtoonfaces-"))
            try:
                path = self._write(folder)
            except CheckpointError:
                shutil.rmtree(folder, ignore_errors=True)
                raise error from None
            raise CheckpointError(f"{error} The steps of this run are in {path}: move that file there first.") from None

    def _keep_steps_since(self, first: int) -> None:
        """Save before an error ends the run. The other processes are not waited for: they may be gone."""
        if self.main and self.step > first:
            self.say(f"saved {self._write(self.options.out)}")

    def _save(self) -> Path:
        path = self.options.out / f"state-{self.step:09d}.pt"
        if self.main:
            path = self._write(self.options.out)
            self.say(f"saved {path}")
        self.accelerator.wait_for_everyone()
        return path

    def _write(self, folder: Path) -> Path:
        state = {
            "step": self.step,
            "batch": self.options.batch,
            "seed": self.options.seed,
            "family": self.trainer.family,
            "config": asdict(self.trainer.config()),
            "networks": {name: net.state_dict() for name, net in self.trainer.networks.items()},
            "optimizers": {name: o.state_dict() for name, o in self.trainer.optimizers.items()},
            "scalars": self.trainer.scalars(),
        }
        return save_state(folder, state, keep=self.options.keep)

    def _resume(self) -> None:
        path, state, damaged = self._newest()
        if path is None:
            return
        for name in ("batch", "seed", "family"):
            now = self.trainer.family if name == "family" else getattr(self.options, name)
            if state.get(name) != now:
                raise BadInputError(
                    f"{self.options.out} was trained with {name} {state.get(name)}, not {now}. Resume it with that, "
                    "or choose another folder and start from the weights with --init."
                )
        try:
            for name, net in self.trainer.networks.items():
                net.load_state_dict(state["networks"][name])
            for name, optimizer in self.trainer.optimizers.items():
                optimizer.load_state_dict(state["optimizers"][name])
            self.trainer.load_scalars(state["scalars"])
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise BadInputError(
                f"{path} was trained with networks of other sizes, or with other networks. Resume it with its own "
                "configuration, or choose another folder and start from the weights with --init."
            ) from error
        self.step = state["step"]
        if self.main:
            with self._aside():
                _forget_after(self.options.out / "log.jsonl", self.step)
        self.accelerator.wait_for_everyone()  # before the main process deletes a checkpoint that another still reads
        if self.main:
            for other in damaged:  # out of the way: it counts no more as the newest, and is there to be looked at
                other.replace(other.with_name(f"damaged-{other.name}"))
        self.say(f"resumed {path.name} at {self.shown / 1000:.1f} kimg")

    def _newest(self) -> tuple[Path | None, dict[str, Any], list[Path]]:
        """The newest checkpoint that can be read, its content, and the damaged ones that are newer."""
        damaged: dict[Path, WebtoonFacesError] = {}
        for path in reversed(states(self.options.out)):
            try:
                return path, load_state(path), list(damaged)
            except (BadInputError, WeightsError) as error:
                damaged[path] = error
                self.say(f"{path.name} is left out: {error}")
        if damaged:
            raise next(iter(damaged.values()))
        return None, {}, []


@contextmanager
def _signals(stop: Callable[..., None]) -> Iterator[None]:
    """Call `stop` on Ctrl-C and SIGTERM. Only the main thread can set handlers; in others this does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _leave_signals_to_parent(_: int) -> None:
    """Ignore Ctrl-C in processes that read pictures: if one ended, the run would end before saving a checkpoint."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _placed(images: Tensor, device: torch.device) -> Tensor:
    """Levels, uint8 [N, 3, H, W] -> floats in [-1, 1] on the device."""
    return as_floats(images.to(device, non_blocking=True)).contiguous(memory_format=torch.channels_last)


def _forget_after(log: Path, step: int) -> None:
    """Remove the log's lines of the steps that are repeated after resuming."""
    if not log.exists():
        return
    kept = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        try:
            known = line.endswith("\n") and json.loads(line)["step"] <= step
        except (ValueError, LookupError, TypeError, RecursionError):  # a damaged line
            known = False
        if known:
            kept.append(line)
    write_text(log, "".join(kept))


def _line(shown: int, seconds: float, speed: float, scores: dict[str, float]) -> str:
    told = "  ".join(f"{name} {value:.3f}" for name, value in scores.items())
    return f"{shown / 1000:8.1f} kimg  {seconds / 60:6.1f} min  {speed:6.2f} img/s  {told}"
