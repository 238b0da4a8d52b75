"""Named training configurations. `paper` is the published one; `demo-cpu` made the embedded models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..data.factors import CHOICES
from ..models.ops import published_channels
from ..models.stylegan2 import StyleGAN2Config
from ..models.swapae import SwapAEConfig
from ..models.upscaler import UpscalerConfig
from .trainers import drawn, pairs, stylegan2, swapae, upscaler


@dataclass(frozen=True)
class Preset:
    """A configuration, its batch, and a line that describes it."""

    config: Any
    batch: int
    about: str


STYLEGAN2 = {
    "paper": Preset(stylegan2.Config(), 12, "256 px, 30 M parameters: transfer from FFHQ with --init"),
    "demo": Preset(
        stylegan2.Config(
            model=StyleGAN2Config(size=256, channels=(256, 256, 256, 192, 96, 48, 24), w_dim=256, mapping_layers=6),
            learning_rate=0.0025,
            r1=4.0,
            average_kimg=10,
        ),
        32,
        "256 px, about 5 M parameters: one GPU",
    ),
    "demo-cpu": Preset(
        stylegan2.Config(
            model=StyleGAN2Config(size=64, channels=(256, 192, 128, 64, 32), w_dim=256, mapping_layers=4),
            r1=0.1,
            path_weight=0.0,
            ada_speed=100_000,
            projected=True,
            average_kimg=5,
        ),
        8,  # at first, more steps help more than more pictures in a step
        "64 px, 2.7 M parameters, judged on frozen features: two cores",
    ),
    "demo-drawn": Preset(
        drawn.Config(
            model=StyleGAN2Config(
                size=128, channels=(256, 192, 128, 64, 32, 16), w_dim=256, mapping_layers=4, choices=CHOICES
            )
        ),
        8,
        "128 px, 3 M parameters, taught by drawn persons whose z is known: two cores",
    ),
    "demo-drawn-64": Preset(
        drawn.Config(
            model=StyleGAN2Config(
                size=64, channels=(256, 192, 128, 64, 32), w_dim=256, mapping_layers=4, choices=CHOICES
            )
        ),
        16,
        "64 px, to grow demo-drawn from with --init and --grow",
    ),
    "smoke": Preset(
        stylegan2.Config(
            model=StyleGAN2Config(size=32, channels=(32, 32, 16, 16), w_dim=32, mapping_layers=2), ada_speed=20_000
        ),
        8,
        "32 px, tiny: to see that everything works",
    ),
}

SWAPAE = {
    "paper": Preset(swapae.Config(), 10, "256 px, 64 M parameters in encoder and generator"),
    "demo": Preset(
        swapae.Config(
            model=SwapAEConfig(channel=8, discriminator_channels=tuple(c // 4 for c in published_channels(256, 1))),
            patches=4,
            corrupt=0.3,
            average_kimg=10,
        ),
        16,
        "256 px, 4 M parameters: one GPU",
    ),
    "demo-cpu": Preset(
        swapae.Config(
            model=SwapAEConfig(
                channel=8, structure_channels=16, size=128, discriminator_channels=(128, 128, 64, 32, 16, 16)
            ),
            beta1=0.5,
            warmup_kimg=60,
            feature_weight=1.0,
            statistics_weight=1.0,
            projected=True,
            adversarial_weight=0.3,
            r1=0.1,
            mixing=0.5,
            corrupt=0.5,
            average_kimg=4,
        ),
        8,
        "128 px, 4 M parameters, warmed up and judged on frozen features: two cores",
    ),
    "demo-pairs": Preset(
        pairs.Config(model=SwapAEConfig(channel=8, structure_channels=16, size=128, cell=8)),
        8,
        "128 px, 4 M parameters, taught by exact pairs of drawn persons: one core",
    ),
    "smoke": Preset(
        swapae.Config(
            model=SwapAEConfig(channel=2, size=64, discriminator_channels=(16, 16, 8, 8, 8)),
            patches=2,
            references=2,
            warmup_kimg=0.6,
        ),
        4,
        "64 px, tiny, 600 pictures without an adversary: to see that everything works",
    ),
}

UPSCALER = {
    "demo": Preset(
        upscaler.Config(model=UpscalerConfig(width=64, depth=8)),
        16,
        "4 x, 0.3 M parameters, taught by drawings of 512 px: half an hour on one core",
    ),
    "smoke": Preset(
        upscaler.Config(model=UpscalerConfig(width=8, depth=1), crop=8), 4, "4 x, tiny: to see that everything works"
    ),
}

FAMILIES = {"stylegan2": STYLEGAN2, "swapae": SWAPAE, "upscaler": UPSCALER}


def config_type(family: str, config: Mapping[str, Any]) -> type:
    """The class of a run's JSON `config`: the first whose fields are all in it, else that of `paper`."""
    kinds = dict.fromkeys(type(preset.config) for preset in FAMILIES[family].values())
    complete = [kind for kind in kinds if {field.name for field in fields(kind)} <= config.keys()]
    return (complete or list(kinds))[0]
