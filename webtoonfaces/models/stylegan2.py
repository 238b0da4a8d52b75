"""StyleGAN2 (Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", arXiv:1912.04958).

Module names are those of published PyTorch checkpoints, so that state dicts have the same keys.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .choices import Choices
from .ops import (
    EqualLinear,
    ModulatedConv2d,
    PixelNorm,
    Prefix,
    ResidualDiscriminator,
    StyledConv,
    check_whole,
    normal,
    published_channels,
    resolutions,
    runs_frozen,
    upsample,
)

NOISE_MODES = ("const", "random", "none")
W_AVG_SAMPLES = 4096
Run = Callable[..., tuple[Tensor, ...]]  # name of a part, its tensors -> its results; "start", "block0", ...
TOGETHER = 32  # px: up to here a CPU draws a batch together, then picture by picture; larger maps fill its cache
NoiseSource = Callable[[int, int], Tensor | None]


@dataclass(frozen=True)
class StyleGAN2Config:
    """Sizes of a generator or discriminator.

    size : side of the picture in px, a power of two from 32 to 1024.
    channels : channel counts at 4, 8, ... `size` px; `published_channels` gives those of the paper.
    w_dim : width of z and w.      mapping_layers : depth of the mapping network.
    choices : where numbers of z choose (`choices.Choices`), how many of them choose a title, how many a word, and the
        most words of one; empty, as published, where none do.
    """

    size: int = 256
    channels: tuple[int, ...] = published_channels(256)
    w_dim: int = 512
    mapping_layers: int = 8
    choices: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_whole("size", self.size, 32, 1024)
        check_whole("w_dim", self.w_dim, 1, 4096)
        check_whole("mapping_layers", self.mapping_layers, 0, 64)
        for width in self.channels:
            check_whole("each of channels", width, 1, 4096)
        if self.choices:
            if len(self.choices) != 3:
                raise ValueError(f"choices is three numbers or none, not {len(self.choices)}.")
            for count in self.choices:
                check_whole("each of choices", count, 2, self.w_dim)
        if self.size not in (32, 64, 128, 256, 512, 1024):
            raise ValueError(f"A StyleGAN2 makes pictures of 32, 64, 128, 256, 512 or 1024 px, not {self.size}.")
        if len(self.channels) != len(resolutions(self.size)):
            raise ValueError(
                f"{self.size} px needs {len(resolutions(self.size))} channel counts, for 4 to {self.size} px; "
                f"{len(self.channels)} were given."
            )

    @property
    def resolutions(self) -> list[int]:
        """[4, 8, ... size]."""
        return resolutions(self.size)

    @property
    def num_ws(self) -> int:
        """L, the number of codes of one picture: 14 at 256 px."""
        return 2 * len(self.channels)


class ToRGB(nn.Module):
    """Modulated 1 x 1 convolution to RGB, added to the picture of the resolution before, doubled in size."""

    def __init__(self, in_ch: int, style_dim: int):
        super().__init__()
        self.conv = ModulatedConv2d(in_ch, 3, 1, style_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, x: Tensor, style: Tensor, smaller: Tensor | None = None) -> Tensor:
        rgb = self.conv(x, style, self.bias.flatten()).to(style.dtype)  # the pictures are summed in full precision
        if smaller is None:
            return rgb
        return rgb + upsample(smaller) if torch.is_grad_enabled() else rgb.add_(upsample(smaller))


class ConstantInput(nn.Module):
    """The learned 4 x 4 map at the start of synthesis."""

    def __init__(self, channels: int):
        super().__init__()
        self.input = nn.Parameter(normal(1, channels, 4, 4))


class Noises(nn.Module):
    """The planes of `noise_mode="const"`, one for each styled convolution."""

    def __init__(self, resolutions: list[int]):
        super().__init__()
        sides = [resolutions[0], *(side for side in resolutions[1:] for _ in range(2))]
        for i, side in enumerate(sides):
            self.register_buffer(f"noise_{i}", normal(1, 1, side, side))


def _of_one(noise: NoiseSource, one: slice) -> NoiseSource:
    """The planes of one picture of a batch."""

    def plane(i: int, side: int) -> Tensor | None:
        planes = noise(i, side)
        return planes if planes is None or len(planes) == 1 else planes[one]

    return plane


class Generator(nn.Module):
    """Mapping network (z -> w) and synthesis network (ws -> picture)."""

    w_avg: Tensor

    def __init__(self, config: StyleGAN2Config = StyleGAN2Config()):
        super().__init__()
        self.config = config
        d, widths = config.w_dim, config.channels
        self.choices = Choices(*config.choices) if config.choices else None
        self.style = nn.Sequential(
            PixelNorm(), *(EqualLinear(d, d, lr_mul=0.01, activate=True) for _ in range(config.mapping_layers))
        )
        self.input = ConstantInput(widths[0])
        self.conv1 = StyledConv(widths[0], widths[0], d)
        self.to_rgb1 = ToRGB(widths[0], d)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        for before, width in itertools.pairwise(widths):
            self.convs.append(StyledConv(before, width, d, up=True))
            self.convs.append(StyledConv(width, width, d))
            self.to_rgbs.append(ToRGB(width, d))
        self.noises = Noises(config.resolutions)
        self.register_buffer("w_avg", torch.zeros(d))

    @property
    def num_ws(self) -> int:
        return self.config.num_ws

    def mapping(self, z: Tensor) -> Tensor:
        """z, float32 [N, D] -> w [N, D]."""
        return self.style(z if self.choices is None else self.choices(z))

    @torch.no_grad()
    def measure_w_avg(self) -> Tensor:
        """Set `w_avg` [D] to the mean of w over 4096 z from `RandomState(0)`, and return it."""
        z = np.random.RandomState(0).randn(W_AVG_SAMPLES, self.config.w_dim).astype(np.float32)
        self.w_avg.copy_(self.mapping(torch.from_numpy(z).to(self.w_avg.device)).mean(dim=0))
        return self.w_avg

    def synthesis(
        self,
        ws: Tensor,
        noise_mode: str = "const",
        *,
        noise: NoiseSource | None = None,
        stop_at: int | None = None,
        prefix: Prefix | None = None,
        run: Run | None = None,
    ) -> Tensor:
        """ws, float32 [N, L, D] -> pictures [N, 3, size, size], nominally in [-1, 1], never clamped.

        noise_mode : "const" adds the checkpoint's own planes, "random" fresh ones, "none" no noise.
        noise : a function (index of the plane, its side in px) -> [N or 1, 1, side, side]; overrides the mode.
        stop_at : side in px of an earlier resolution; its own RGB picture is returned, a cheap draft of the whole.
        prefix : the state after the last call, to start at the first layer that changed; not with random noise.
        run : computes `start` and each `block` in place of this network; only with "const" noise.
        """
        plane = noise or self.noise_source(noise_mode, ws)
        if prefix is None:
            x, rgb = run("start", ws) if run else self.start(ws, plane)
            return self._from(0, x, rgb, ws, noise_mode, noise, stop_at, run)
        return self._resumed(prefix, ws, noise_mode, plane, stop_at, run)

    def _resumed(
        self,
        prefix: Prefix,
        ws: Tensor,
        noise_mode: str,
        plane: NoiseSource,
        stop_at: int | None,
        run: Run | None,
    ) -> Tensor:
        """The pictures, from the first resolution step of which a code changed.

        What is kept for step k depends on the codes of layers 0 to 2k + 1: the map that its first convolution has
        enlarged, which takes the code that the ToRGB before takes, too. Of an engine, whose parts are whole steps, it
        is the map before.
        """
        key = noise_mode, run is None, torch.is_autocast_enabled(ws.device.type)
        first = prefix.resume(ws, key, lambda k: 2 * k + 2)
        if first not in prefix.kept:
            x, rgb = run("start", ws) if run else self.start(ws, plane)
        for k in range(first, len(self.to_rgbs)):
            if stop_at is not None and self.config.resolutions[k + 1] > stop_at:
                return prefix.kept[k][1] if k in prefix.kept else rgb
            if k not in prefix.kept:
                prefix.kept[k] = (x if run else self.grow(k, x, ws, plane)), rgb
            x, rgb = prefix.kept[k]
            x, rgb = self._step(k, x, rgb, ws, plane, run) if run else self.finish(k, x, rgb, ws, plane)
        return rgb

    def _step(
        self, k: int, x: Tensor, rgb: Tensor, ws: Tensor, plane: NoiseSource, run: Run | None
    ) -> tuple[Tensor, Tensor]:
        if run is None:
            return self.block(k, x, rgb, ws, plane)
        results = run(f"block{k}", x, rgb, ws)
        return results[0], results[-1]  # the last block gives the picture alone

    def _from(
        self,
        first: int,
        x: Tensor,
        rgb: Tensor,
        ws: Tensor,
        noise_mode: str,
        noise: NoiseSource | None,
        stop_at: int | None,
        run: Run | None,
    ) -> Tensor:
        """The pictures, from resolution step `first` on."""
        plane = noise or self.noise_source(noise_mode, ws)
        for k in range(first, len(self.to_rgbs)):
            side = self.config.resolutions[k + 1]
            if stop_at is not None and side > stop_at:
                break
            if side > TOGETHER and len(ws) > 1 and runs_frozen(x):
                singly = []
                for one in (slice(j, j + 1) for j in range(len(ws))):
                    source = _of_one(noise, one) if noise else None
                    singly.append(self._from(k, x[one], rgb[one], ws[one], noise_mode, source, stop_at, run))
                return torch.cat(singly)
            x, rgb = self._step(k, x, rgb, ws, plane, run)
        return rgb

    def start(self, ws: Tensor, plane: NoiseSource) -> tuple[Tensor, Tensor]:
        """The map [N, C, 4, 4] and picture [N, 3, 4, 4] before the first resolution step."""
        x = self.input.input.expand(ws.shape[0], -1, -1, -1).contiguous(memory_format=torch.channels_last)
        x = self.conv1(x, ws[:, 0], plane(0, 4))
        return x, self.to_rgb1(x, ws[:, 1])

    def block(self, k: int, x: Tensor, rgb: Tensor, ws: Tensor, plane: NoiseSource) -> tuple[Tensor, Tensor]:
        """Resolution step k: a map and a picture -> those of twice the side."""
        return self.finish(k, self.grow(k, x, ws, plane), rgb, ws, plane)

    def grow(self, k: int, x: Tensor, ws: Tensor, plane: NoiseSource) -> Tensor:
        """The first half of resolution step k: the map of twice the side."""
        i, side = 2 * k + 1, self.config.resolutions[k + 1]
        return self.convs[2 * k](x, ws[:, i], plane(i, side))  # the code that the ToRGB before has taken, too

    def finish(self, k: int, x: Tensor, rgb: Tensor, ws: Tensor, plane: NoiseSource) -> tuple[Tensor, Tensor]:
        """The second half of resolution step k, from the enlarged map and the smaller picture."""
        i, side = 2 * k + 2, self.config.resolutions[k + 1]
        x = self.convs[2 * k + 1](x, ws[:, i], plane(i, side))
        return x, self.to_rgbs[k](x, ws[:, i + 1], rgb)

    def noise_source(self, mode: str, ws: Tensor) -> NoiseSource:
        """The planes of a noise mode, for the pictures of `ws`."""
        if mode == "const":
            return lambda i, side: getattr(self.noises, f"noise_{i}")
        if mode == "random":
            return lambda i, side: torch.randn(ws.shape[0], 1, side, side, device=ws.device, dtype=ws.dtype)
        if mode == "none":
            return lambda i, side: None
        raise ValueError(f"noise_mode is one of {', '.join(NOISE_MODES)}, not {mode!r}.")

    def forward(self, z: Tensor, noise_mode: str = "random") -> Tensor:
        """z [N, D] -> pictures [N, 3, size, size]."""
        return self.synthesis(self.mapping(z)[:, None].expand(-1, self.num_ws, -1), noise_mode)


class Discriminator(ResidualDiscriminator):
    """Pictures, float32 [N, 3, size, size] -> logits [N, 1]; higher means taken for real."""

    def __init__(self, config: StyleGAN2Config = StyleGAN2Config()):
        super().__init__(config.channels, stddev=True, widen_first=False)
        self.config = config
