"""Fixtures of several test modules: tiny models with random weights, and the embedded demo models."""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch
from xdist.scheduler import LoadFileScheduling

from webtoonfaces.models import stylegan2, swapae
from webtoonfaces.pretrained.generators import StyleGAN2, SwappingAutoencoder, load_stylegan2, load_swapae

TINY_STYLEGAN2 = stylegan2.StyleGAN2Config(size=32, channels=(16, 16, 8, 8), w_dim=24, mapping_layers=2)
TINY_SWAPAE = swapae.SwapAEConfig(channel=2, size=64, discriminator_channels=(8, 8, 8, 8, 8))


def pytest_configure(config: pytest.Config) -> None:
    """One thread for each of several processes that run tests: threads that fight over a core are slower than one."""
    if hasattr(config, "workerinput"):
        os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that tests start
        torch.set_num_threads(1)


class FileScheduling(LoadFileScheduling):
    """Gives the tests of a file to one process, which keeps what they share, and all that need the browser to one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "tests/browser" if file.startswith("tests/browser/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    return FileScheduling(config, log)


@pytest.fixture(scope="session")
def tiny_generator() -> StyleGAN2:
    """An untrained 32 px StyleGAN2: L = 8, D = 24."""
    torch.manual_seed(0)
    network = stylegan2.Generator(TINY_STYLEGAN2).eval().requires_grad_(False)
    network.measure_w_avg()
    return StyleGAN2(network, device="cpu")


@pytest.fixture(scope="session")
def tiny_swapae() -> SwappingAutoencoder:
    """An untrained Swapping Autoencoder of channel 2: L = 8, D = 128."""
    torch.manual_seed(1)
    networks = swapae.Encoder(TINY_SWAPAE), swapae.Generator(TINY_SWAPAE)
    encoder, generator = (network.eval().requires_grad_(False) for network in networks)
    for name, parameter in generator.named_parameters():
        if name.endswith("modulation.weight"):
            parameter.mul_(20)  # the styles of an untrained encoder hardly differ; this makes the differences visible
    return SwappingAutoencoder(encoder, generator, device="cpu")


@pytest.fixture(scope="session")
def demo_generator() -> StyleGAN2:
    return load_stylegan2("demo", device="cpu")


@pytest.fixture(scope="session")
def demo_swapae() -> SwappingAutoencoder:
    return load_swapae("demo", device="cpu")
