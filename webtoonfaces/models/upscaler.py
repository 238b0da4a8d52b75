"""A small network that enlarges drawings four times, in the layout of SRVGGNetCompact.

That layout (of Real-ESRGAN, Wang et al. 2021) computes everything at the size of the input: 3 x 3 convolutions with
PReLU, at the end one that gives 16 pixels for each, and a residual to the input enlarged by repetition. It is the
layout of `realesr-animevideov3`, so the same class holds those weights and our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

FACTOR = 4
WIDTHS, DEPTHS = range(1, 257), range(65)


@dataclass(frozen=True)
class UpscalerConfig:
    """Sizes of the network: channels of its layers, and how many layers lie between the first and the last."""

    width: int = 64
    depth: int = 16

    def __post_init__(self) -> None:
        for name, allowed in (("width", WIDTHS), ("depth", DEPTHS)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
                raise ValueError(f"an upscaler's {name} is {allowed[0]} to {allowed[-1]}, not {value!r}")

    @property
    def reach(self) -> int:
        """The distance in px of the input over which a pixel influences the result: one for each convolution."""
        return self.depth + 2


class Upscaler(nn.Module):
    """Pictures [N, 3, H, W], RGB in [-1, 1] -> [N, 3, 4 H, 4 W], nominally in [-1, 1], never clamped."""

    def __init__(self, config: UpscalerConfig | None = None):
        super().__init__()
        self.config = config = config or UpscalerConfig()
        layers: list[nn.Module] = [nn.Conv2d(3, config.width, 3, padding=1), nn.PReLU(config.width)]
        for _ in range(config.depth):
            layers += [nn.Conv2d(config.width, config.width, 3, padding=1), nn.PReLU(config.width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(config.width, 3 * FACTOR**2, 3, padding=1))

    def forward(self, images: Tensor) -> Tensor:
        x = (images + 1) / 2  # the published weights take and give [0, 1]
        details = F.pixel_shuffle(self.body(x), FACTOR)
        return (details + F.interpolate(x, scale_factor=FACTOR, mode="nearest")) * 2 - 1
