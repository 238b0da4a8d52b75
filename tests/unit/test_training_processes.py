"""Several processes: what `accelerate launch` starts on a machine without an accelerator talks over gloo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from webtoonfaces.training.checkpoints import load_state, states

RECIPES = {
    "stylegan2": ["r1_every=2", "path_every=2", "ada_speed=100", "ada_target=-2"],
    "swapae": ["warmup_kimg=0", "lazy_every=2", "patches=1", "references=1"],
}

# accelerate has no plain launcher for several processes on CPUs: `--cpu` wants MPI, or else starts one in silence.
# `--multi_gpu` starts them with torch's own launcher, and `--device cpu` keeps them off the device.
TWO_PROCESSES = [
    *("accelerate.commands.accelerate_cli", "launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "--num_cpu_threads_per_process", "1"),
    *("--main_process_port", "0", "-m"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("noise")
    random = np.random.default_rng(0)
    for i in range(24):
        Image.fromarray(random.integers(0, 255, (64, 64, 3), np.uint8)).save(folder / f"{i}.png")
    return folder


def train(family: str, data: Path, out: Path, *launcher: str) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", *launcher, "webtoonfaces", "train", family, str(data), str(out)),
            *("--preset", "smoke", "--device", "cpu", "--batch", "8", "--kimg", "0.024", "--set", *RECIPES[family]),
        ],
        check=True,
        timeout=280,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
@pytest.mark.parametrize("family", ["stylegan2", "swapae"])
def test_two_processes_take_the_step_of_one_with_twice_the_batch(family, data, tmp_path):
    train(family, data, tmp_path / "one")
    train(family, data, tmp_path / "two", *TWO_PROCESSES)
    one, two = (
        [json.loads(line) for line in (tmp_path / run / "log.jsonl").read_text().splitlines()] for run in ("one", "two")
    )
    assert len(one) == len(two) == 3
    for a, b in zip(one, two, strict=True):
        assert a == pytest.approx(b, rel=1e-3, abs=1e-5)
    a, b = (load_state(states(tmp_path / run)[-1])["networks"] for run in ("one", "two"))
    for name, network in a.items():
        for key, value in network.items():
            assert np.allclose(value, b[name][key], rtol=1e-2, atol=5e-3), f"{name}.{key}"
