"""Steps a second of both trainers against a plain loop of the published recipe, side by side in one run.

The plain loop trains the same networks from the same weights on the same pictures with the operations that public
StyleGAN2 code falls back to where its CUDA extension cannot be built: a convolution weight for each sample in one
grouped convolution, filters as dense convolutions over maps filled up with zeros, biases, gains and activations as
passes of their own, and no channels-last memory. The losses of the first step have to agree; then steps alternate.

    python benchmarks/training_step.py --family stylegan2 --preset demo-cpu --steps 16

On a CPU the clock is this process's processor time, so that a busy machine does not decide.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor

from webtoonfaces.models import ops, stylegan2, swapae
from webtoonfaces.training import presets
from webtoonfaces.training.step import Share, StepRandom
from webtoonfaces.training.trainers.stylegan2 import StyleGAN2Trainer
from webtoonfaces.training.trainers.swapae import SwapAETrainer

KERNEL = torch.outer(torch.tensor([1.0, 3.0, 3.0, 1.0]), torch.tensor([1.0, 3.0, 3.0, 1.0])) / 64


def dense_filter(x: Tensor, padding: tuple[int, int], *, gain: float = 1.0, up: int = 1, down: int = 1) -> Tensor:
    """Fill up with zeros, pad, convolve every plane by itself, throw away."""
    n, c, h, w = x.shape
    planes = x.reshape(n * c, 1, h, 1, w, 1)
    planes = F.pad(planes, (0, up - 1, 0, 0, 0, up - 1)).view(n * c, 1, h * up, w * up)
    planes = F.conv2d(F.pad(planes, (*padding, *padding)), (KERNEL * gain).to(x)[None, None])
    planes = planes[:, :, ::down, ::down]
    return planes.reshape(n, c, *planes.shape[2:])


def plain_blur(x: Tensor, padding: tuple[int, int], *, gain: float = 1.0, stride: int = 1) -> Tensor:
    return dense_filter(x, padding, gain=gain, down=stride)


def plain_upsample(x: Tensor, *, gain: float = 4.0) -> Tensor:
    return dense_filter(x, (2, 1), gain=gain, up=2)


def plain_equal_conv(self: ops.EqualConv2d, x: Tensor, *, stride: int | None = None) -> Tensor:
    weight = (self.weight * self.scale).contiguous()
    return F.conv2d(x.contiguous(), weight, self.bias, stride=stride or self.stride, padding=self.padding)


def plain_up_skip(self: ops.UpSkip, x: Tensor) -> Tensor:
    x = F.conv_transpose2d(x, self.weight * self.scale, stride=2)  # [N, out, 2H-1, 2W-1]
    return dense_filter(x, (2, 2))


def plain_conv_layer(self: ops.ConvLayer, x: Tensor) -> Tensor:
    for part in self:
        if isinstance(part, ops.Blur):
            x = plain_blur(x, part.padding)
        elif isinstance(part, ops.EqualConv2d):  # where ours strides in the blur, published networks do so here
            x = plain_equal_conv(part, x, stride=2 if isinstance(self[0], ops.Blur) else 1)
        else:
            x = part(x)
    return x


def plain_res_block(self: ops.ResBlock, x: Tensor) -> Tensor:
    return (self.conv2(self.conv1(x)) + self.skip(x)) / ops.SQRT2


def plain_modulated(self: ops.ModulatedConv2d, x: Tensor, style: Tensor, bias: Tensor | None = None) -> Tensor:
    n, c, h, w = x.shape
    weight = self.weight * self.scale * self.modulation(style).view(n, 1, c, 1, 1)  # [N, out, in, k, k]
    if self.demodulate:
        weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
    out, k = weight.shape[1], weight.shape[3]
    x = x.reshape(1, n * c, h, w)
    if self.up:
        weight = weight.transpose(1, 2).reshape(n * c, out, k, k)
        x = F.conv_transpose2d(x, weight, stride=2, groups=n)
        x = plain_blur(x.view(n, out, *x.shape[2:]), (1, 1), gain=4.0)
    else:
        x = F.conv2d(x, weight.reshape(n * out, c, k, k), padding=self.padding, groups=n)
        x = x.view(n, out, *x.shape[2:])
    return x if bias is None else x + bias.view(1, -1, 1, 1)


def plain_styled(self: ops.StyledConv, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
    return self.activate(self.noise(self.conv(x, style), noise))


def plain_styled_block(self: swapae.StyledResBlock, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
    y = self.conv2(self.conv1(x, style, noise), style, noise)
    return (y + (x if self.skip is None else self.skip(x))) / ops.SQRT2


@contextmanager
def plain_operations() -> Iterator[None]:
    """The same networks, computed the published way."""
    forwards = {
        ops.EqualConv2d: plain_equal_conv,
        ops.UpSkip: plain_up_skip,
        ops.ConvLayer: plain_conv_layer,
        ops.ResBlock: plain_res_block,
        ops.ModulatedConv2d: plain_modulated,
        ops.StyledConv: plain_styled,
        swapae.StyledResBlock: plain_styled_block,
    }
    patches = [mock.patch.object(cls, "forward", forward) for cls, forward in forwards.items()]
    patches += [mock.patch.object(ops, "blur", plain_blur), mock.patch.object(ops, "upsample", plain_upsample)]
    patches += [mock.patch.object(stylegan2, "upsample", plain_upsample)]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


class Loop:
    """One trainer and its steps on pictures that are the same for every loop."""

    def __init__(self, family: str, preset: str, batch: int | None, *, plain: bool):
        chosen = presets.FAMILIES[family][preset]
        recipe = replace(chosen.config, warmup_kimg=0.0)
        self.plain, self.batch = plain, batch or chosen.batch
        torch.manual_seed(0)
        accelerator = Accelerator()
        self.device = accelerator.device
        self.trainer: StyleGAN2Trainer | SwapAETrainer
        if family == "stylegan2":
            self.trainer = StyleGAN2Trainer(recipe, accelerator)
        else:
            examples = torch.zeros(1, 3, recipe.model.size, recipe.model.size, dtype=torch.uint8)
            self.trainer = SwapAETrainer(recipe, accelerator, examples=examples)
        if plain:
            for network in self.trainer.networks.values():
                network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        random = torch.Generator().manual_seed(0)
        side = recipe.model.size
        images = (torch.rand(self.batch, 3, side, side, generator=random) * 2 - 1).to(self.device)
        self.images = images if plain else images.contiguous(memory_format=torch.channels_last)
        self.seconds: list[float] = []

    def step(self, number: int) -> dict[str, float]:
        share = Share(self.images, StepRandom(0, number, device=self.device))
        with plain_operations() if self.plain else _as_they_are():
            clock = _clock(self.device)
            started = clock()
            scores = self.trainer.step([share], step=number, shown=number * self.batch)
            self.seconds.append(clock() - started)
        return scores

    @property
    def speed(self) -> float:
        """Steps a second, without the first."""
        return len(self.seconds[1:]) / sum(self.seconds[1:])


@contextmanager
def _as_they_are() -> Iterator[None]:
    yield


def _clock(device: torch.device) -> Callable[[], float]:
    if device.type != "cuda":
        return time.process_time

    def synchronized() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return synchronized


def compare(family: str, preset: str, steps: int, batch: int | None) -> float:
    """Print both speeds; returns the ratio."""
    ours, plain = (Loop(family, preset, batch, plain=plain) for plain in (False, True))
    first = ours.step(0), plain.step(0)
    apart = max(abs(first[0][name] - value) / max(abs(value), 1e-3) for name, value in first[1].items())
    if apart > 1e-3:
        raise SystemExit(f"{family}: the two loops do not compute the same ({first[0]}, {first[1]}).")
    for number in range(1, steps + 1):
        for loop in (ours, plain) if number % 2 else (plain, ours):
            loop.step(number)
    ratio = ours.speed / plain.speed
    print(
        f"{family} {preset}, batch {ours.batch}, {ours.device.type}: {ours.speed:.3f} steps/s, plain loop "
        f"{plain.speed:.3f} steps/s, ratio {ratio:.2f} (losses of the first step within {apart:.0e})",
        flush=True,
    )
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=["stylegan2", "swapae", "both"], default="both")
    parser.add_argument("--preset", default="demo-cpu")
    parser.add_argument("--steps", type=int, default=16, help="steps of each loop; 16 hold every lazy penalty once")
    parser.add_argument("--batch", type=int)
    args = parser.parse_args()
    for family in ("stylegan2", "swapae") if args.family == "both" else (args.family,):
        compare(family, args.preset, args.steps, args.batch)


if __name__ == "__main__":
    main()
