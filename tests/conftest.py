"""Fixtures of several test modules: tiny models with random weights, and the embedded demo models."""

from __future__ import annotations

import pytest
import torch

from webtoonfaces.models import stylegan2, swapae
from webtoonfaces.pretrained.generators import StyleGAN2, SwappingAutoencoder, load_stylegan2, load_swapae

TINY_STYLEGAN2 = stylegan2.StyleGAN2Config(size=32, channels=(16, 16, 8, 8), w_dim=24, mapping_layers=2)
TINY_SWAPAE = swapae.SwapAEConfig(channel=2, size=64, discriminator_channels=(8, 8, 8, 8, 8))


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
