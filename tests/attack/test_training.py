"""Runs that go wrong: damaged files, a full disk, vanished pictures, kills. No step that was saved is ever lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest
import torch

from tests.attack.processes import started
from tests.unit.test_training_run import Line, data, files_of_at_most, log, run, weights  # noqa: F401  (a fixture)
from webtoonfaces.errors import ImageError, WeightsError
from webtoonfaces.training import run as loop
from webtoonfaces.training.checkpoints import CheckpointError, load_state, states
from webtoonfaces.training.run_folder import RunFolder

KILLS = int(os.environ.get("ATTACK_KILLS", "2"))


@pytest.mark.parametrize("damage", ["cut", "empty", "bit", "other", "pickle"])
def test_a_damaged_newest_checkpoint_is_left_out(tmp_path: Path, data: Path, damage: str):  # noqa: F811
    whole, *_ = run(tmp_path / "whole", data)
    out = tmp_path / "run"
    run(out, data, kimg=0.012)
    newest, *_ = run(out, data, kimg=0.02)
    content = newest.read_bytes()
    flipped = bytearray(content)
    flipped[content.index(weights(newest).numpy().tobytes())] ^= 1
    broken = {"cut": content[: len(content) // 2], "empty": b"", "bit": bytes(flipped), "pickle": b"\x80\x04."}
    if damage == "other":
        torch.save({"a": 1}, newest)
    else:
        newest.write_bytes(broken[damage])
    last, _, said = run(out, data)
    assert any(f"{newest.name} is left out" in line for line in said)
    assert any("resumed state-000000003.pt" in line for line in said)
    assert torch.equal(weights(last), weights(whole)) and log(out) == log(tmp_path / "whole")
    assert (out / f"damaged-{newest.name}").is_file() and newest not in states(out)


def test_only_checkpoints_are_checkpoints(tmp_path: Path, data: Path):  # noqa: F811
    run(tmp_path, data, kimg=0.012)
    (tmp_path / "state-best.pt").write_text("mine")
    (tmp_path / "state-000000009 (copy).pt").write_text("a copy")
    (tmp_path / "state-000000099.pt").mkdir()
    last, *_ = run(tmp_path, data)
    assert load_state(last)["step"] == 10
    assert (tmp_path / "state-best.pt").read_text() == "mine"


def test_a_run_folder_opens_at_its_last_whole_checkpoint(tmp_path: Path, data: Path):  # noqa: F811
    run(tmp_path, data, kimg=0.012)
    newest, *_ = run(tmp_path, data)
    newest.write_bytes(newest.read_bytes()[:300])
    (tmp_path / "options.json").write_text('{"family": ')
    found = RunFolder.open(tmp_path)
    assert found.step == 3 and found.options == {} and found.begun == {"rate": 0.01}
    for path in states(tmp_path):
        path.write_bytes(b"")
    with pytest.raises(WeightsError):
        _ = RunFolder.open(tmp_path).state


@pytest.mark.parametrize("text", ["{", "[1]", "null", "\udcff", "[" * 100_000, '{"a": 1}'])
def test_damaged_notes_stop_no_run(tmp_path: Path, data: Path, text: str):  # noqa: F811
    run(tmp_path, data, kimg=0.012)
    content = os.fsencode(text)
    (tmp_path / "options.json").write_bytes(content)
    lines = (tmp_path / "log.jsonl").read_bytes()
    (tmp_path / "log.jsonl").write_bytes(lines + content + b"\n" + content)
    RunFolder.open(tmp_path).begun  # noqa: B018
    last, *_ = run(tmp_path, data)
    assert load_state(last)["step"] == 10
    assert [row["step"] for row in log(tmp_path)] == list(range(1, 11))
    assert json.loads((tmp_path / "options.json").read_text())["family"] == "line"


def test_a_disk_that_fills_and_empties_costs_no_step(tmp_path: Path, data: Path):  # noqa: F811
    space = files_of_at_most(50_000)

    def at(step: int) -> None:
        if step == 2:
            space.__enter__()
        if step == 8:
            space.__exit__(None, None, None)

    last, _, said = run(tmp_path, data, Line(width=10_000, at_step=at), save_minutes=1e-9)
    assert load_state(last)["step"] == 10
    assert any("Training goes on" in line for line in said)


def test_what_does_not_fit_on_the_disk_is_saved_elsewhere(tmp_path: Path, data: Path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    real = loop.save_state

    def full(folder: Path, *arguments: object, **options: object) -> Path:
        if folder == tmp_path / "run":
            raise CheckpointError("The disk is full.")
        return real(folder, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "save_state", full)
    with pytest.raises(CheckpointError, match="move that file"):
        run(tmp_path / "run", data)
    [rescued] = tmp_path.glob("webtoonfaces-*/state-000000010.pt")
    assert load_state(rescued)["step"] == 10


@pytest.mark.parametrize("workers", [0, 1])
def test_a_vanished_picture_ends_the_run_behind_a_checkpoint(tmp_path: Path, data: Path, workers: int):  # noqa: F811
    pictures = tmp_path / "pictures"
    shutil.copytree(data, pictures)

    def at(step: int) -> None:
        if step == 4:
            for path in pictures.iterdir():
                path.unlink()

    with pytest.raises(ImageError):
        run(tmp_path / "run", pictures, Line(at_step=at), workers=workers, kimg=1)
    assert load_state(states(tmp_path / "run")[-1])["step"] >= 5
    assert not multiprocessing.active_children()  # which would be waited for at the end of this process


def long_run(out: Path, data: Path) -> None:  # noqa: F811
    run(out, data, kimg=0.2, save_minutes=1e-9, keep=2)


def test_a_kill_at_any_moment_leaves_only_whole_checkpoints(tmp_path: Path, data: Path):  # noqa: F811
    whole, *_ = run(tmp_path / "whole", data, kimg=0.2)
    out, chance, reached, kills = tmp_path / "run", random.Random(0), 0, 0
    while kills < KILLS:
        if reached == 50:  # the run is over before enough kills: another one
            shutil.rmtree(out)
            reached = 0
        process = started(long_run, out, data)
        seen = len(states(out)) and states(out)[-1]
        while process.is_alive() and (not states(out) or states(out)[-1] == seen):
            time.sleep(0.001)
        time.sleep(chance.random() * 0.02)
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        assert process.exitcode in (0, -signal.SIGKILL)
        for path in states(out):
            reached = max(reached, load_state(path)["step"])
        assert load_state(states(out)[-1])["step"] == reached
    last, *_ = run(out, data, kimg=0.2)
    assert torch.equal(weights(last), weights(whole))
