"""The reference of `benchmarks.run`: the two generators and the encoder as published code computes them.

A weight is built for each picture of the batch, the batch becomes groups of one convolution, the [1, 3, 3, 1] filter is
a dense 4 x 4 convolution with the channels folded into the batch, weights are scaled at every call, and memory is
contiguous. `tests/golden` checks it against the outputs of that code. It takes state dicts in the original layout, as
`weights.layouts.export` gives them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

StateDict = Mapping[str, Tensor]


def contiguous(state_dict: StateDict) -> dict[str, Tensor]:
    """A copy in which every tensor is contiguous, as published code has them."""
    return {key: value.detach().contiguous().clone() for key, value in state_dict.items()}


def _filter(x: Tensor, kernel: Tensor, padding: tuple[int, int], *, up: int = 1) -> Tensor:
    """[N, C, H, W] with zeros inserted, padded on both axes, and filtered."""
    n, c, h, w = x.shape
    x = x.reshape(n * c, 1, h, 1, w, 1)
    x = F.pad(x, (0, up - 1, 0, 0, 0, up - 1)).reshape(n * c, 1, h * up, w * up)
    x = F.conv2d(F.pad(x, (*padding, *padding)), kernel.flip(0, 1)[None, None])
    return x.reshape(n, c, *x.shape[2:])


def _activated(x: Tensor, bias: Tensor) -> Tensor:
    return F.leaky_relu(x + bias.view(1, -1, *[1] * (x.ndim - 2)), 0.2) * math.sqrt(2)


def _conv(sd: StateDict, key: str, x: Tensor, *, stride: int = 1, padding: int = 0) -> Tensor:
    weight = sd[f"{key}.weight"]
    return F.conv2d(x, weight / math.sqrt(weight[0].numel()), stride=stride, padding=padding)


def _modulated(sd: StateDict, key: str, x: Tensor, style: Tensor, *, up: bool = False, demodulate: bool = True):
    """x [N, in, H, W] and style [N, D] -> [N, out, H', W']."""
    weight = sd[f"{key}.weight"]  # [1, out, in, k, k]
    affine = sd[f"{key}.modulation.weight"]
    style = F.linear(style, affine / math.sqrt(affine.shape[1]), sd[f"{key}.modulation.bias"])
    n, (_, out, into, k, _) = len(x), weight.shape
    weight = weight / math.sqrt(into * k * k) * style.view(n, 1, into, 1, 1)
    if demodulate:
        weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4)) + 1e-8).view(n, out, 1, 1, 1)
    folded = x.reshape(1, n * into, *x.shape[2:])
    if not up:
        y = F.conv2d(folded, weight.view(n * out, into, k, k), padding=k // 2, groups=n)
        return y.view(n, out, *y.shape[2:])
    weight = weight.transpose(1, 2).reshape(n * into, out, k, k)
    y = F.conv_transpose2d(folded, weight, stride=2, groups=n)
    return _filter(y.view(n, out, *y.shape[2:]), sd[f"{key}.blur.kernel"], (1, 1))


def _styled(sd: StateDict, key: str, x: Tensor, style: Tensor, noise: Tensor | None, *, up: bool = False) -> Tensor:
    x = _modulated(sd, f"{key}.conv", x, style, up=up)
    if noise is not None:
        x = x + sd[f"{key}.noise.weight"] * noise
    return _activated(x, sd[f"{key}.activate.bias"])


def _to_rgb(sd: StateDict, key: str, x: Tensor, style: Tensor, smaller: Tensor | None = None) -> Tensor:
    rgb = _modulated(sd, f"{key}.conv", x, style, demodulate=False) + sd[f"{key}.bias"]
    return rgb if smaller is None else rgb + _filter(smaller, sd[f"{key}.upsample.kernel"], (2, 1), up=2)


def synthesis(sd: StateDict, ws: Tensor) -> Tensor:
    """StyleGAN2: ws [N, L, D] -> pictures [N, 3, size, size], with the checkpoint's own noise."""
    x = sd["input.input"].repeat(len(ws), 1, 1, 1)
    x = _styled(sd, "conv1", x, ws[:, 0], sd["noises.noise_0"])
    rgb = _to_rgb(sd, "to_rgb1", x, ws[:, 1])
    for k in range(ws.shape[1] // 2 - 1):
        i = 2 * k + 1
        x = _styled(sd, f"convs.{2 * k}", x, ws[:, i], sd[f"noises.noise_{i}"], up=True)
        x = _styled(sd, f"convs.{2 * k + 1}", x, ws[:, i + 1], sd[f"noises.noise_{i + 1}"])
        rgb = _to_rgb(sd, f"to_rgbs.{k}", x, ws[:, i + 2], rgb)
    return rgb


def _down(sd: StateDict, key: str, x: Tensor, *, kernel: int) -> Tensor:
    """The filter and the convolution of stride 2 of a layer that halves the size."""
    pad = 1 + kernel // 2
    return _conv(sd, f"{key}.1", _filter(x, sd[f"{key}.0.kernel"], (pad, pad)), stride=2)


def encode(sd: StateDict, images: Tensor) -> tuple[Tensor, Tensor]:
    """SwapAE's encoder with a cell of 16 px: pictures [N, 3, H, W] -> structure [N, C, H/16, W/16] and style [N, D]."""
    x = _activated(_conv(sd, "stem.0.0", images), sd["stem.0.1.bias"])
    for i in range(1, 5):
        y = _conv(sd, f"stem.{i}.conv1.1", F.pad(x, (1, 1, 1, 1), mode="reflect"))
        y = _activated(y, sd[f"stem.{i}.conv1.2.bias"])
        y = _activated(_down(sd, f"stem.{i}.conv2", y, kernel=3), sd[f"stem.{i}.conv2.2.bias"])
        x = (y + _down(sd, f"stem.{i}.skip", x, kernel=1)) / math.sqrt(2)
    structure = x
    for i in range(2):
        structure = _activated(_conv(sd, f"structure.{i}.0", structure), sd[f"structure.{i}.1.bias"])
    for i in range(2):
        x = _activated(_down(sd, f"texture.{i}", x, kernel=3), sd[f"texture.{i}.2.bias"])
    x = _activated(_conv(sd, "texture.3.0", x.mean(dim=(2, 3), keepdim=True)), sd["texture.3.1.bias"])
    return structure, x.flatten(1)


def decode(sd: StateDict, structure: Tensor, ws: Tensor) -> Tensor:
    """SwapAE's generator without noise: structure [N, C, h, w] and ws [N, L, D] -> pictures [N, 3, 16 h, 16 w]."""
    x = structure
    for i in range(ws.shape[1]):
        key = f"layers.{i}"
        up = f"{key}.conv1.conv.blur.kernel" in sd
        y = _styled(sd, f"{key}.conv1", x, ws[:, i], None, up=up)
        y = _styled(sd, f"{key}.conv2", y, ws[:, i], None)
        if up:
            weight = sd[f"{key}.skip.0.weight"]  # [in, out, 1, 1]
            x = F.conv_transpose2d(x, weight / math.sqrt(weight.shape[0]), stride=2)
            x = _filter(x, sd[f"{key}.skip.1.kernel"], (2, 2))
        elif f"{key}.skip.0.weight" in sd:
            x = _conv(sd, f"{key}.skip.0", x)
        x = (y + x) / math.sqrt(2)
    return _conv(sd, "to_rgb.0", x) + sd["to_rgb.0.bias"].view(1, -1, 1, 1)
