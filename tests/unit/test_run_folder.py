"""A run's folder, read at its last checkpoint or at another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from webtoonfaces.errors import BadInputError
from webtoonfaces.models.stylegan2 import Generator, StyleGAN2Config
from webtoonfaces.training.checkpoints import save_state
from webtoonfaces.training.run_folder import OPTIONS, RunFolder

MODEL = {"size": 32, "channels": [8, 8, 8, 8], "w_dim": 16, "mapping_layers": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with checkpoints at steps 10 and 20, which was begun with a batch of 4."""
    torch.manual_seed(0)
    network = Generator(StyleGAN2Config(**{**MODEL, "channels": (8, 8, 8, 8)}))
    (tmp_path / OPTIONS).write_text(json.dumps({"family": "stylegan2", "model": MODEL, "mirror": False}))
    for step in (10, 20):
        state = {"step": step, "batch": 4, "family": "stylegan2", "networks": {"g_ema": network.state_dict()}}
        save_state(tmp_path, state, keep=2)
    return tmp_path


def test_a_folder_is_read_at_its_last_checkpoint(folder: Path) -> None:
    run = RunFolder.open(folder)
    assert (run.step, run.kimg, run.family, run.options["mirror"]) == (20, 0.08, "stylegan2", False)
    assert run == RunFolder.find(folder)
    earlier = RunFolder.open(folder / "state-000000010.pt")
    assert (earlier.folder, earlier.step) == (folder, 10)


def test_the_networks_are_those_of_the_checkpoint(folder: Path) -> None:
    run = RunFolder.open(folder)
    (network,) = run.networks().values()
    saved = run.state["networks"]["g_ema"]
    assert all(torch.equal(value, saved[key]) for key, value in network.state_dict().items() if key != "w_avg")
    assert network.config.size == 32  # type: ignore[union-attr]
    assert run.networks(["g_ema", "d"]).keys() == {"g_ema"}


def test_old_checkpoints_take_their_configuration_from_the_options(folder: Path) -> None:
    assert RunFolder.open(folder).config == RunFolder.open(folder).options
    (folder / OPTIONS).unlink()
    assert RunFolder.open(folder).options == RunFolder.open(folder).begun == {}


@pytest.mark.parametrize(("name", "told"), [("", "contains no checkpoint"), ("gone", "Check the path")])
def test_what_is_not_a_run_is_explained(name: str, told: str, tmp_path: Path) -> None:
    assert RunFolder.find(tmp_path) is None
    with pytest.raises(BadInputError, match=told):
        RunFolder.open(tmp_path / name)


def test_another_file_is_not_a_checkpoint(tmp_path: Path) -> None:
    torch.save({"a": 1}, tmp_path / "other.pt")
    with pytest.raises(BadInputError, match="not the checkpoint"):
        _ = RunFolder.open(tmp_path / "other.pt").family
