"""Swapping Autoencoder (Park et al. 2020, "Swapping Autoencoder for Deep Image Manipulation", arXiv:2007.00653).

Every width is a multiple of one number, `channel` (32 in published checkpoints). The style vector, which the paper
calls texture code, has 64 x channel values; the structure code is [C, H/16, W/16], with C = 8 in published checkpoints.
A network for small pictures may have a finer structure code, [C, H/8, W/8]: its encoder halves the size once less, and
its generator doubles it once less. Module names are those of published PyTorch checkpoints.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from .ops import (
    SQRT2,
    ConvLayer,
    EqualConv2d,
    EqualLinear,
    Prefix,
    ResBlock,
    ResidualDiscriminator,
    StyledConv,
    UpSkip,
    check_whole,
    published_channels,
    runs_frozen,
)

NOISE_MODES = ("const", "random", "none")
BLOCK_WIDTHS = (4, 8, 12, 16, 16, 16, 8, 4)  # of the generator's blocks, in multiples of `channel`
UP_FROM = {16: 4, 8: 5}  # side in px of a cell of the structure code -> the first block that doubles the size
Run = Callable[..., tuple[Tensor, ...]]  # name of a part, its tensors -> its results
TOGETHER = 32  # px: up to here a CPU draws a batch together, then picture by picture; larger maps fill its cache
PATCH_SIZE = 64  # px; the only size that the co-occurrence discriminator's last convolution takes


@dataclass(frozen=True)
class SwapAEConfig:
    """Sizes of the four networks.

    channel : the unit of width.      structure_channels : channels of the structure code.
    cell : side in px of the square that one place of the structure code stands for, 16 or 8.
    size : side in px of the training pictures. The image discriminator takes only this size; encoder and generator
        take any sides that are multiples of 16 and at least 64 px.
    discriminator_channels : the image discriminator's channel counts at 4, 8, ... `size` px.
    """

    channel: int = 32
    structure_channels: int = 8
    size: int = 256
    discriminator_channels: tuple[int, ...] = published_channels(256, 1)
    cell: int = 16

    def __post_init__(self) -> None:
        if type(self.cell) is not int or self.cell not in UP_FROM:
            raise ValueError(f"A cell of the structure code is 16 or 8 px wide, not {self.cell!r}.")
        check_whole("channel", self.channel, 1, 256)
        check_whole("structure_channels", self.structure_channels, 1, 512)
        check_whole("size", self.size, 32, 1024)
        if self.size % 16:
            raise ValueError(f"size is a multiple of 16, not {self.size}.")
        check_whole("the number of discriminator_channels", len(self.discriminator_channels), 4, 9)
        for width in self.discriminator_channels:
            check_whole("each of discriminator_channels", width, 1, 4096)

    @property
    def style_dim(self) -> int:
        """D, the number of values of the style vector."""
        return 64 * self.channel

    @property
    def num_ws(self) -> int:
        """L, the number of blocks that take a style."""
        return len(BLOCK_WIDTHS)

    @property
    def enlargements(self) -> tuple[int, ...]:
        """For each block of the generator how many times larger than the structure code its map is."""
        return tuple(2 ** max(0, i - UP_FROM[self.cell] + 1) for i in range(self.num_ws))


class Encoder(nn.Module):
    """Pictures [N, 3, H, W] -> structure code [N, C, H/cell, W/cell] and style vector [N, D]."""

    def __init__(self, config: SwapAEConfig = SwapAEConfig()):
        super().__init__()
        self.config = config
        c = config.channel
        self.stem = nn.Sequential(
            ConvLayer(3, c, 1),
            *(ResBlock(c * k, c * 2 * k, reflect=True) for k in (1, 2, 4)),
            ResBlock(c * 8, c * 16, down=config.cell == 16, reflect=True),
        )
        self.structure = nn.Sequential(ConvLayer(16 * c, 16 * c, 1), ConvLayer(16 * c, config.structure_channels, 1))
        self.texture = nn.Sequential(
            ConvLayer(16 * c, 32 * c, 3, down=True),
            ConvLayer(32 * c, 64 * c, 3, down=True),
            nn.AdaptiveAvgPool2d(1),
            ConvLayer(64 * c, 64 * c, 1),
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(images.contiguous(memory_format=torch.channels_last))  # [N, 16c, H/cell, W/cell]
        return self.structure(x), self.texture(x).flatten(1)


class StyledResBlock(nn.Module):
    """Two styled convolutions that share one style and one noise plane, beside a 1 x 1 skip."""

    def __init__(self, in_ch: int, out_ch: int, style_dim: int, *, up: bool = False):
        super().__init__()
        self.conv1 = StyledConv(in_ch, out_ch, style_dim, up=up)
        self.conv2 = StyledConv(out_ch, out_ch, style_dim)
        self.skip: nn.Sequential | None = None
        if up:
            self.skip = nn.Sequential(UpSkip(in_ch, out_ch))
        elif in_ch != out_ch:
            self.skip = nn.Sequential(EqualConv2d(in_ch, out_ch, 1))

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        y = self.conv2(self.conv1(x, style, noise), style, noise, gain=1 / SQRT2)
        if self.skip is None:
            return torch.add(y, x, alpha=1 / SQRT2)
        skip = self.skip[0](x, gain=1 / SQRT2)
        return y + skip if torch.is_grad_enabled() else y.add_(skip)


@lru_cache(maxsize=64)
def _const_noise(block: int, height: int, width: int) -> Tensor:
    """The plane [1, 1, height, width] of `noise_mode="const"`: the same on every machine and in every run."""
    seed = zlib.crc32(f"swapae noise {block} {height}x{width}".encode())
    with torch.inference_mode(False):
        return torch.randn(1, 1, height, width, generator=torch.Generator().manual_seed(seed))


class Generator(nn.Module):
    """Structure code and style -> pictures, through eight styled residual blocks."""

    def __init__(self, config: SwapAEConfig = SwapAEConfig()):
        super().__init__()
        self.config = config
        widths = [config.structure_channels, *(config.channel * k for k in BLOCK_WIDTHS)]
        self.layers = nn.ModuleList(
            StyledResBlock(before, width, config.style_dim, up=i >= UP_FROM[config.cell])
            for i, (before, width) in enumerate(itertools.pairwise(widths))
        )
        self.to_rgb = ConvLayer(widths[-1], 3, 1, activate=False)

    @property
    def num_ws(self) -> int:
        return self.config.num_ws

    def forward(
        self,
        structure: Tensor,
        style: Tensor,
        noise_mode: str = "const",
        noise: Sequence[Tensor | None] | None = None,
        prefix: Prefix | None = None,
        run: Run | None = None,
    ) -> Tensor:
        """structure [N, C, h, w] and style [N, D] or [N, L, D] -> pictures [N, 3, cell h, cell w], never clamped.

        noise_mode : "const", "random" or "none"; `noise`, one plane [N or 1, 1, H, W] for each block, overrides it.
        prefix : the state after the last call, to start at the first block whose style changed; not with random noise.
        run : computes "block0", "block1", ... in place of this network, the last with `to_rgb`; only without noise.
        """
        if noise_mode not in NOISE_MODES:
            raise ValueError(f"noise_mode is one of {', '.join(NOISE_MODES)}, not {noise_mode!r}.")
        ws = style[:, None].expand(-1, self.num_ws, -1) if style.ndim == 2 else style  # [N, L, D]
        first = prefix.resume(ws, (structure, noise_mode), lambda i: i) if prefix else 0
        x = prefix.kept[first] if prefix and first else structure.contiguous(memory_format=torch.channels_last)
        return self._from(first, x, structure.shape[2:], ws, noise_mode, noise, prefix, run)

    def _from(
        self,
        first: int,
        x: Tensor,
        sides: Sequence[int],
        ws: Tensor,
        noise_mode: str,
        noise: Sequence[Tensor | None] | None,
        prefix: Prefix | None,
        run: Run | None,
    ) -> Tensor:
        """The pictures, from block `first` on; `sides` are those of the structure code."""
        for i in range(first, len(self.layers)):
            height, width = (side * self.config.enlargements[i] for side in sides)
            if prefix:
                prefix.kept[i] = x
            elif len(x) > 1 and max(height, width) > TOGETHER and runs_frozen(x):
                singly = []
                for one in (slice(j, j + 1) for j in range(len(x))):
                    planes = noise and [p if p is None or len(p) == 1 else p[one] for p in noise]
                    singly.append(self._from(i, x[one], sides, ws[one], noise_mode, planes, None, run))
                return torch.cat(singly)
            if run:
                (x,) = run(f"block{i}", x, ws)
                continue
            plane = noise[i] if noise is not None else self._plane(noise_mode, i, height, width, x)
            x = self.layers[i](x, ws[:, i], plane)
        return x if run else self.to_rgb(x)

    @staticmethod
    def _plane(mode: str, block: int, height: int, width: int, like: Tensor) -> Tensor | None:
        if mode == "none":
            return None
        if mode == "const":
            return _const_noise(block, height, width).to(like.device, like.dtype)
        return torch.randn(like.shape[0], 1, height, width, device=like.device, dtype=like.dtype)


class Discriminator(ResidualDiscriminator):
    """Pictures, float32 [N, 3, size, size] -> logits [N, 1]; higher means taken for real."""

    def __init__(self, config: SwapAEConfig = SwapAEConfig()):
        super().__init__(config.discriminator_channels, stddev=False, widen_first=True)
        self.config = config


class CooccurrenceDiscriminator(nn.Module):
    """Judges whether a patch and the reference patches come from the same picture (section 3.2).

    patches [N, 3, 64, 64] and references [N * R, 3, 64, 64], input-major, R references for each patch ->
    logits [N, 1] and the mean reference code [N, 12 x channel, 1, 1], which can be passed in again.
    """

    def __init__(self, config: SwapAEConfig = SwapAEConfig()):
        super().__init__()
        self.config = config
        c = config.channel
        self.encoder = nn.Sequential(
            ConvLayer(3, c, 1),
            ResBlock(c, 2 * c),
            ResBlock(2 * c, 4 * c),
            ResBlock(4 * c, 8 * c),
            ResBlock(8 * c, 12 * c),
            ResBlock(12 * c, 12 * c),
            ResBlock(12 * c, 24 * c, down=False),
            ConvLayer(24 * c, 12 * c, 2, padding=0),
        )
        self.linear = nn.Sequential(
            EqualLinear(24 * c, 32 * c, activate=True),
            EqualLinear(32 * c, 32 * c, activate=True),
            EqualLinear(32 * c, 16 * c, activate=True),
            EqualLinear(16 * c, 1),
        )

    def forward(
        self, patches: Tensor, references: Tensor | None = None, *, reference_code: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        code = self.encoder(patches.contiguous(memory_format=torch.channels_last))  # [N, 12c, 1, 1]
        if reference_code is None:
            if references is None:
                raise ValueError("Give either reference patches or their code.")
            each = self.encoder(references.contiguous(memory_format=torch.channels_last))
            reference_code = each.view(patches.shape[0], -1, *each.shape[1:]).mean(dim=1)
        return self.linear(torch.cat([code, reference_code], dim=1).flatten(1)), reference_code
