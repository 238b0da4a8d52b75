"""The training loop: budgets, checkpoints, interruptions. The trainer here is a linear layer."""

from __future__ import annotations

import json
import os
import resource
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image
from torch import nn

from webtoonfaces.data.folder import PictureFolder
from webtoonfaces.errors import BadInputError, WeightsError
from webtoonfaces.training.checkpoints import CheckpointError, load_state, save_state, states
from webtoonfaces.training.run import RunOptions, train
from webtoonfaces.training.step import DivergedError, minimise


@dataclass(frozen=True)
class Config:
    rate: float = 0.01


class Line:
    """The smallest trainer: one linear layer that learns the pictures' mean colour, with noise."""

    family = "line"

    def __init__(self, *, width: int = 1, at_step=lambda step: None, spoil_at: int | None = None):
        torch.manual_seed(0)
        self.accelerator = Accelerator(cpu=True)
        self.networks: dict[str, nn.Module] = {"n": nn.Linear(3, width)}
        self.optimizers = {"n": torch.optim.Adam(self.networks["n"].parameters(), 0.01)}
        self.at_step, self.spoil_at, self.count = at_step, spoil_at, 0

    def step(self, shares, *, step, shown, done=0.0):
        self.at_step(step)
        self.count += 1

        def loss(share):
            seen = share.images.mean(dim=(2, 3)) + share.random.normal(len(share.images), 3)
            if share.photos is not None:
                seen = seen + share.photos[: len(seen)].mean(dim=(2, 3))
            return self.networks["n"](seen).square().mean() * (float("nan") if step == self.spoil_at else 1)

        return {"loss": minimise(self.accelerator, self.optimizers["n"], shares, loss)}

    def scalars(self):
        return {"count": self.count}

    def load_scalars(self, scalars):
        self.count = scalars["count"]

    def preview(self):
        return Image.new("RGB", (8, 8), (self.count % 256, 0, 0))

    def config(self):
        return Config()


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for i in range(11):
        Image.fromarray(random.integers(0, 255, (16, 16, 3), np.uint8)).save(folder / f"{i}.png")
    return folder


def run(out: Path, data: Path, trainer: Line | None = None, **options) -> tuple[Path, Line, list[str]]:
    trainer, said = trainer or Line(), []
    photos = PictureFolder(data) if options.pop("photos", False) else None
    settings = RunOptions(out=out, **{"batch": 4, "kimg": 0.04, **options})
    return train(trainer, PictureFolder(data), settings, photos=photos, say=said.append), trainer, said


def log(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def weights(path: Path) -> torch.Tensor:
    return load_state(path)["networks"]["n"]["weight"]


@pytest.mark.parametrize("photos", [False, True])
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(tmp_path, data, photos):
    whole, *_ = run(tmp_path / "whole", data, photos=photos)
    run(tmp_path / "parts", data, photos=photos, kimg=0.012)
    parts, trainer, said = run(tmp_path / "parts", data, photos=photos)
    assert trainer.count == 10 and any("resumed" in line for line in said)
    assert log(tmp_path / "whole") == log(tmp_path / "parts")
    assert torch.equal(weights(whole), weights(parts))


def test_photos_take_part(tmp_path, data):
    with_photos, *_ = run(tmp_path / "a", data, photos=True)
    without, *_ = run(tmp_path / "b", data)
    assert not torch.equal(weights(with_photos), weights(without))


def test_parts_of_a_batch_give_the_same_step(tmp_path, data):
    whole, *_ = run(tmp_path / "whole", data, photos=True)
    parts, *_ = run(tmp_path / "parts", data, photos=True, accumulate=4)
    torch.testing.assert_close(weights(whole), weights(parts), rtol=1e-5, atol=1e-6)


def test_readers_in_other_processes_read_the_same(tmp_path, data):
    here, *_ = run(tmp_path / "here", data, kimg=0.012)
    there, *_ = run(tmp_path / "there", data, kimg=0.012, workers=1)
    assert torch.equal(weights(here), weights(there))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_before_the_run_leaves(tmp_path, data, number):
    before = signal.getsignal(number)
    trainer = Line(at_step=lambda step: os.kill(os.getpid(), number) if step == 2 else None)
    path, _, said = run(tmp_path, data, trainer)
    assert load_state(path)["step"] == 3 and "stopping on request" in said
    assert signal.getsignal(number) is before
    run(tmp_path, data)
    assert [row["step"] for row in log(tmp_path)] == list(range(1, 11))


def test_a_run_in_another_thread_leaves_signals_alone(tmp_path, data):
    thread = threading.Thread(target=run, args=(tmp_path, data), kwargs={"kimg": 0.008})
    thread.start()
    thread.join()
    assert load_state(states(tmp_path)[-1])["step"] == 2


def test_a_minute_budget_ends_the_run(tmp_path, data):
    path, _, _ = run(tmp_path, data, kimg=None, minutes=1e-9)
    assert load_state(path)["step"] == 1


def test_a_loss_that_is_no_number_leaves_the_last_checkpoint(tmp_path, data):
    good, *_ = run(tmp_path, data, kimg=0.012)
    kept = good.read_bytes()
    with pytest.raises(DivergedError, match="last checkpoint is intact"):
        run(tmp_path, data, Line(spoil_at=5))
    assert states(tmp_path) == [good] and good.read_bytes() == kept
    assert log(tmp_path)[-1]["step"] == 5
    run(tmp_path, data)  # resumed; the repeated steps are logged once
    assert [row["step"] for row in log(tmp_path)] == list(range(1, 11))


@contextmanager
def files_of_at_most(nbytes: int):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_earlier_checkpoints(tmp_path, data):
    good, *_ = run(tmp_path, data, Line(width=10_000), kimg=0.012)
    kept = good.read_bytes()
    with files_of_at_most(100_000), pytest.raises(CheckpointError, match="disk full"):
        run(tmp_path, data, Line(width=10_000))
    assert states(tmp_path) == [good] and good.read_bytes() == kept
    assert not list(tmp_path.glob("*.part*"))
    path, *_ = run(tmp_path, data, Line(width=10_000))
    assert load_state(path)["step"] == 10


def test_the_last_checkpoints_are_kept(tmp_path, data):
    run(tmp_path, data, save_minutes=1e-9, keep=3)
    assert [load_state(path)["step"] for path in states(tmp_path)] == [8, 9, 10]


def test_a_spent_run_is_left_alone(tmp_path, data):
    path, *_ = run(tmp_path, data)
    changed = path.stat().st_mtime_ns
    again, _, said = run(tmp_path, data)
    assert again == path and path.stat().st_mtime_ns == changed and any("already at" in line for line in said)


def test_samples_and_scalars_are_written(tmp_path, data):
    run(tmp_path, data, sample_kimg=0.02)
    assert [p.name for p in sorted((tmp_path / "samples").iterdir())] == ["000000020.png", "000000040.png"]
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [e.step for e in events.Scalars("loss")] == list(range(4, 44, 4))
    assert [e.step for e in events.Images("samples")] == [20, 40]


@pytest.mark.parametrize(("changed", "named"), [({"batch": 8}, "batch 4, not 8"), ({"seed": 1}, "seed 0, not 1")])
def test_another_run_in_the_folder_is_refused(tmp_path, data, changed, named):
    run(tmp_path, data)
    with pytest.raises(BadInputError, match=named):
        run(tmp_path, data, kimg=1, **changed)


def test_networks_of_another_size_are_refused(tmp_path, data):
    run(tmp_path, data)
    with pytest.raises(BadInputError, match="other sizes"):
        run(tmp_path, data, Line(width=2), kimg=1)


def test_a_damaged_checkpoint_is_named(tmp_path, data):
    path, *_ = run(tmp_path, data)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(WeightsError, match=path.name):
        run(tmp_path, data, kimg=1)
    torch.save({"a": 1}, path)
    with pytest.raises(BadInputError, match="not the checkpoint"):
        load_state(path)


def test_a_batch_that_cannot_be_shared_out_is_refused(tmp_path, data):
    with pytest.raises(BadInputError, match="multiple of 3"):
        run(tmp_path, data, accumulate=3)
    with pytest.raises(BadInputError, match="photo batch of 7"):
        run(tmp_path, data, accumulate=2, photos=True, photo_batch=7)


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"kimg": 0}, {"minutes": -1}, {"keep": 0}, {"seed": -1}])
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(BadInputError, match=f"--{next(iter(wrong))}"):
        RunOptions(out=Path("x"), **wrong)
    assert replace(RunOptions(out=Path("x")), kimg=1).kimg == 1


def test_saving_replaces_a_leftover(tmp_path):
    (tmp_path / ".state-000000001.pt.0123456789ab.part.pt").write_text("half a checkpoint")
    path = save_state(tmp_path, {"step": 1, "family": "line", "networks": {}}, keep=1)
    assert states(tmp_path) == [path] and not list(tmp_path.glob("*.part*"))
