"""A discriminator on the features of a frozen MobileNetV2 (after Sauer et al. 2021, "Projected GANs Converge Faster").

It learns only to distinguish drawn features from real ones, not the features themselves. So its gradients are useful
after a few hundred pictures instead of tens of thousands, and a step costs little more than the generator. As in the
paper's section 3.2, fixed random convolutions first mix the channels of each map, and then the maps with each other,
from the deepest up, so that every head depends on all features. The paper uses spectral norm and the hinge loss; these
heads have the losses of the other discriminators here: logistic, with R1 at the features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from ...models import ops
from ..step import Scores, Share, minimise
from . import losses

LAYERS = (1, 3, 6, 13)  # MobileNetV2's maps at 1/2, 1/4, 1/8 and 1/16 of the picture's side
CHANNELS = (16, 24, 32, 96)
MIXED = 48  # channels of every mixed map
HEAD = 64
SMALLEST = 4  # px, the least side of a head's last map; each of its positions gives a logit


class ProjectedDiscriminator(nn.Module):
    """Maps of the layers `LAYERS`, [N, C, H, W] each -> logits [N, K], one for each position of each head's last map.

    size : side in px of the pictures that the maps are of; a power of two from 32 up.
    """

    def __init__(self, size: int):
        super().__init__()
        for i, channels in enumerate(CHANNELS):
            self.register_buffer(f"mix{i}", _random(MIXED, channels, 1))
        for i, _ in enumerate(pairwise(CHANNELS)):
            self.register_buffer(f"join{i}", _random(MIXED, MIXED, 3))
        self.heads = nn.ModuleList(_head(size >> (i + 1)) for i in range(len(CHANNELS)))

    def mixed(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """The maps, with mixed channels and joined with the deeper maps: the inputs of `forward`."""
        found: list[Tensor] = []
        for i in reversed(range(len(maps))):
            own = F.conv2d(maps[i], self.get_buffer(f"mix{i}"))
            if found:
                deeper = F.interpolate(found[-1], own.shape[2:], mode="nearest")
                own = (own + F.conv2d(deeper, self.get_buffer(f"join{i}"), padding=1)) / math.sqrt(2)
            found.append(own.float())
        return found[::-1]

    def forward(self, *mixed: Tensor) -> Tensor:
        return torch.cat([head(x).flatten(1) for head, x in zip(self.heads, mixed, strict=True)], dim=1).float()


def judge_step(
    accelerator: Accelerator,
    judge: nn.Module,
    optimizer: torch.optim.Optimizer,
    shares: Sequence[Share],
    seen: Sequence[tuple[list[Tensor], list[Tensor]]],
    scores: Scores,
    *,
    r1: float | None,
) -> None:
    """Train a discriminator with the mixed maps, real and drawn, that a generator's step has seen of each share.

    r1 : weight of the gradient at the real maps; None in a step without this penalty.
    """
    left = iter(seen)

    def loss(_: Share) -> Tensor:
        real, drawn = next(left)
        with accelerator.autocast():
            return losses.discriminator_loss(judge(*real), judge(*drawn))

    scores.note(d=minimise(accelerator, optimizer, shares, loss))
    if r1 is None:
        return
    left = iter(seen)

    def penalty(_: Share) -> Tensor:  # without autocast: it is differentiated twice
        real = [x.requires_grad_() for x in next(left)[0]]
        return r1 / 2 * losses.r1_penalty(judge(*real), real)

    scores.note(r1=minimise(accelerator, optimizer, shares, penalty))


def _random(out_ch: int, in_ch: int, kernel: int) -> Tensor:
    """The weight of a fixed random convolution that keeps the variance."""
    return torch.randn(out_ch, in_ch, kernel, kernel) / math.sqrt(in_ch * kernel * kernel)


class _Spread(nn.Module):
    """`ops.minibatch_stddev` as a module: it reveals a generator that always draws the same picture."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.minibatch_stddev(x)


def _head(side: int) -> nn.Sequential:
    layers: list[nn.Module] = [ops.ConvLayer(MIXED, HEAD, 1)]
    while side > SMALLEST:
        layers.append(ops.ConvLayer(HEAD, HEAD, 3, down=True))
        side //= 2
    layers += [_Spread(), ops.ConvLayer(HEAD + 1, HEAD, 3), ops.ConvLayer(HEAD, 1, 1, activate=False)]
    return nn.Sequential(*layers)
