"""MobileNetV2's convolutional part (Sandler et al. 2018, arXiv:1801.04381): features for metrics and discriminators.

FID is defined on Inception's features, so a distance between these is never called FID.
"""

from __future__ import annotations

import itertools
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# expansion, channels, repeats, stride of the first (Sandler et al. 2018, table 2)
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def _unit(in_ch: int, out_ch: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_ch, out_ch, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_ch),
        nn.ReLU6(),
    )


class InvertedResidual(nn.Module):
    def __init__(self, in_ch: int, out_ch: int, *, stride: int, expand: int):
        super().__init__()
        wide = in_ch * expand
        widen = [] if expand == 1 else [_unit(in_ch, wide, 1)]
        self.conv = nn.Sequential(
            *widen,
            _unit(wide, wide, 3, stride=stride, groups=wide),
            nn.Conv2d(wide, out_ch, 1, bias=False),
            nn.BatchNorm2d(out_ch),
        )
        self.add = stride == 1 and in_ch == out_ch

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.add else self.conv(x)


class MobileNetV2(nn.Module):
    """The convolutional part of MobileNetV2; pictures are float [N, 3, H, W] in [-1, 1]."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_unit(3, 32, 3, stride=2)]
        width = 32
        for expand, channels, repeats, stride in STAGES:
            for i in range(repeats):
                layers.append(InvertedResidual(width, channels, stride=stride if i == 0 else 1, expand=expand))
                width = channels
        layers.append(_unit(width, 1280, 1))
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def maps(self, images: Tensor, *, layers: tuple[int, ...]) -> list[Tensor]:
        """The maps [N, C, h, w] behind the given layers (0 to 18), for losses that compare pictures."""
        x = ((images + 1) / 2 - self.mean) / self.std
        x = x.contiguous(memory_format=torch.channels_last)
        found = []
        for i, layer in enumerate(list(self.features)[: max(layers) + 1]):
            x = layer(x)
            if i in layers:
                found.append(x)
        return found

    def forward(self, images: Tensor) -> Tensor:
        """Features of the last layer, averaged over places: [N, 1280]."""
        return self.maps(images, layers=(18,))[0].mean(dim=(2, 3))


def fused(network: Network) -> Network:
    """A network in eval mode with its batch normalisations folded into the convolutions: the same values, sooner."""
    for part in [part for part in network.modules() if isinstance(part, nn.Sequential)]:
        for i, (before, after) in enumerate(itertools.pairwise(part)):
            if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                part[i], part[i + 1] = nn.utils.fuse_conv_bn_eval(before, after), nn.Identity()
            elif isinstance(after, nn.ReLU6):
                after.inplace = True
    return network
