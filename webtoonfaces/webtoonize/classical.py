"""A photo as flat colours and drawn lines, without any trained weight; the default cartoonizer.

The method is that of Winnemoeller, Olsen & Gooch 2006, "Real-Time Video Abstraction": smooth the picture between edges,
quantize its lightness softly, draw lines where lightness falls. The lines follow the flow of the picture (Kang, Lee &
Chui 2007, "Coherent Line Drawing") with the soft threshold of Winnemoeller, Kyprianidis & Olsen 2012, "XDoG".

It is written in torch, which the package needs anyway. Every width is a fraction of the picture's longer side, so the
result does not depend on the size. A large picture is processed at a smaller size and enlarged before the lines'
threshold. Nothing is random.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ..images import resized, shrunk, to_pil, to_tensor

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

SIZE = 1024  # px, the default of the longer side at which pictures are processed
UNIT = 512  # px, the longer side for which the widths below are given

# Flat colours
SMOOTH, ROUNDS = 2.5, 4  # width of the bilateral filter in px, and how often it is applied
NEAR = 0.05  # distance in Oklab beyond which colours hardly mix
HUE = 1.6  # weight of a difference in hue, relative to one in lightness
LEVELS = 9  # of lightness
SOFTEST, CRISPEST = 0.02, 0.3  # slopes in levels a px: soft gradients stay smooth, steep ones become steps
SATURATION = 1.15
EDGE = 0.8  # px, smoothing along edges, which the bilateral filter leaves jagged

# Lines
LINE = 0.8  # px, the finer Gaussian; the coarser one is 1.6 times as wide (Marr & Hildreth 1980)
FLOW = 3.0  # px, averaging of the direction of the flow
STROKE = 4.0  # px, averaging of a line along the flow
FAINTEST, DARKEST = 0.006, 0.022  # decrease of lightness at which a line begins, and at which it is black

BAND = 32  # rows that are filtered at once
RAMP_BAND = 256  # rows of a picture at its own size
_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


@torch.no_grad()
def paint(picture: Image.Image, *, size: int = SIZE) -> Image.Image:
    """An RGB picture in flat colours, without lines, at its own size; processed with at most `size` px."""
    small, unit = _drawn_at(picture, size)
    lab = bilateral(small, sigma=SMOOTH * unit, rounds=ROUNDS)
    lightness = lab[:, :1]
    flat = torch.cat([_settled(lightness, unit), lab[:, 1:] * SATURATION], dim=1)
    flat = _along(flat, _across(lightness, EDGE * unit), EDGE * unit)
    return resized(to_pil(from_oklab(flat))[0], picture.size)


@torch.no_grad()
def lines(picture: Image.Image, *, size: int = SIZE) -> Image.Image:
    """The lines of an RGB picture, mode L at its own size: 255 is ink, 0 is no ink. `size` as in `paint`."""
    small, unit = _drawn_at(picture, size)
    lightness = bilateral(small, sigma=SMOOTH * unit, rounds=1)[:, :1]
    across = _across(lightness, FLOW * unit)
    return ramp(_along(_fall(lightness, across, unit), across, STROKE * unit), picture.size, FAINTEST, DARKEST)


def _drawn_at(picture: Image.Image, size: int) -> tuple[Tensor, float]:
    """The picture in Oklab at the size of processing, and the `UNIT`th part of its longer side in px."""
    small = shrunk(picture, size)
    return to_oklab(to_tensor(small)), max(small.size) / UNIT


def ramp(values: Tensor, size: tuple[int, int], low: float, high: float) -> Image.Image:
    """Values [1, 1, h, w] as a picture of mode L and `size`: 0 at `low` and below, 255 at `high` and above.

    The values are enlarged before the threshold, so that edges stay sharp.
    """
    field = resized(Image.fromarray(values[0, 0].float().cpu().numpy()), size)
    levels = np.empty((field.height, field.width), np.uint8)
    for top in range(0, field.height, RAMP_BAND):  # in bands: the picture may be large
        part = np.asarray(field.crop((0, top, field.width, min(top + RAMP_BAND, field.height))))
        part = (part - np.float32(low)) * np.float32(255 / (high - low))
        levels[top : top + len(part)] = np.rint(part.clip(0, 255))
    return Image.fromarray(levels)


# ----------------------------------------------------------------------------------------------------- colours


def to_oklab(images: Tensor) -> Tensor:
    """sRGB [N, 3, H, W] in [-1, 1] -> Oklab (Ottosson 2020): lightness 0 to 1, then green-red and blue-yellow."""
    rgb = (images + 1) / 2
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055).clamp(min=0) ** 2.4)
    return _matrix(_LAB, _matrix(_LMS, linear).clamp(min=0) ** (1 / 3))


def from_oklab(lab: Tensor) -> Tensor:
    """The inverse of `to_oklab`; colours outside sRGB are clipped."""
    inverse_lab, inverse_lms = (torch.tensor(m, dtype=torch.float64).inverse().tolist() for m in (_LAB, _LMS))
    linear = _matrix(inverse_lms, _matrix(inverse_lab, lab) ** 3).clamp(0, 1)
    rgb = torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb * 2 - 1


def _matrix(matrix: object, images: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", torch.tensor(matrix, dtype=images.dtype), images)


def bilateral(images: Tensor, *, sigma: float, rounds: int) -> Tensor:
    """Smooths Oklab [1, 3, H, W] between edges: by rows, then by columns (Pham & van Vliet 2005), `rounds` times.

    sigma : px. Colours with a distance of `NEAR` or more hardly mix.
    """
    # Scaled for the distance of colours: a change of hue is as much an edge as a change of lightness.
    weighed = torch.tensor([1.0, HUE, HUE]).div_(NEAR * math.sqrt(2)).view(1, 3, 1, 1)
    picture = np.ascontiguousarray((images * weighed)[0].numpy())
    # A few rows at a time stay in the processor's cache, which makes this three times as fast. Operations that small
    # are numpy's, in threads of our own: torch splits each of them over its threads, which then wait for one another,
    # and on a busy machine that wait takes most of the time.
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for _ in range(2 * rounds):
            bands = [picture[:, top : top + BAND] for top in range(0, picture.shape[1], BAND)]
            smoothed = pool.map(_bilateral_by_rows, bands, repeat(sigma))
            picture = np.ascontiguousarray(np.concatenate(list(smoothed), axis=1).transpose(0, 2, 1))
    return torch.from_numpy(picture)[None] / weighed


def _bilateral_by_rows(images: Floats, sigma: float) -> Floats:
    """One pass along the rows of weighed colours, float32 [3, H, W]."""
    radius, width = max(1, math.ceil(2 * sigma)), images.shape[2]
    around = np.pad(images, ((0, 0), (0, 0), (radius, radius)), mode="edge")
    total, weights = np.zeros_like(images), np.zeros_like(images[0])
    apart, weight = np.empty_like(images), np.empty_like(weights)
    for step in range(2 * radius + 1):
        beside = around[:, :, step : step + width]
        np.subtract(beside, images, out=apart)
        np.multiply(apart, apart, out=apart)
        np.add(apart[0], apart[1], out=weight)
        weight += apart[2]
        weight += np.float32(0.5 * ((step - radius) / sigma) ** 2)
        np.negative(weight, out=weight)
        np.exp(weight, out=weight)
        np.multiply(beside, weight, out=apart)
        total += apart
        weights += weight
    total /= weights
    return total


def _settled(lightness: Tensor, unit: float) -> Tensor:
    """Lightness [1, 1, H, W], softly quantized to `LEVELS`; the steeper the picture, the sharper the step."""
    slope = torch.cat(_slopes(lightness), dim=1).norm(dim=1, keepdim=True) * (unit * LEVELS)
    crispness = 1 + 9 * slope.clamp(SOFTEST, CRISPEST) / CRISPEST
    step = (lightness * LEVELS).floor() + 0.5  # half-way between two levels
    offset = torch.tanh((lightness * LEVELS - step) * 2 * crispness) / torch.tanh(crispness) / 2
    return (step + offset) / LEVELS


# ------------------------------------------------------------------------------------------------------- lines


def _fall(lightness: Tensor, across: Tensor, unit: float) -> Tensor:
    """How much darker each pixel is than its neighbours in the directions `across`; [1, 1, H, W]."""
    fine = max(LINE * unit, 0.5)
    pace = fine / 2
    reach = math.ceil(3.2 * fine / pace)  # two standard deviations of the coarser Gaussian
    steps = pace * torch.arange(-reach, reach + 1)
    profile = _gauss(steps, 1.6 * fine) - _gauss(steps, fine)
    place, fall = _pixels(lightness), torch.zeros_like(lightness)
    for step, weight in zip(steps.tolist(), profile.tolist(), strict=True):
        fall += weight * _sampled(lightness, place + step * across)
    return fall


def _along(values: Tensor, across: Tensor, sigma: float) -> Tensor:
    """Gaussian average of [1, C, H, W] along the streamlines at right angles to `across`, in both directions."""
    pace = max(1.0, sigma / 4)
    halved = _gauss(torch.arange(0, 2 * sigma + pace, pace), sigma)
    weights = (halved / (2 * halved.sum() - halved[0])).tolist()
    flow = pace * torch.cat([-across[:, 1:], across[:, :1]], dim=1)
    total = weights[0] * values
    for heading in (flow, -flow):
        place = _pixels(values)
        for step, weight in enumerate(weights[1:], start=2):
            place = place + heading
            total += weight * _sampled(values, place)
            if step == len(weights):
                break
            turn = _sampled(flow, place, mode="nearest")  # its sign means nothing, so it is chosen to go on
            heading = torch.where((turn * heading).sum(dim=1, keepdim=True) < 0, -turn, turn)
    return total


def _across(lightness: Tensor, sigma: float) -> Tensor:
    """Unit vectors (x, y) [1, 2, H, W] of the steepest change, from the structure tensor, smoothed over `sigma` px."""
    dx, dy = _slopes(lightness)
    xx, xy, yy = _blurred(torch.cat([dx * dx, dx * dy, dy * dy], dim=1), sigma).split(1, dim=1)
    angle = 0.5 * torch.atan2(2 * xy, xx - yy)
    return torch.cat([angle.cos(), angle.sin()], dim=1)


def _slopes(lightness: Tensor) -> tuple[Tensor, Tensor]:
    """Horizontal and vertical change a pixel, by Sobel's filter."""
    padded = F.pad(lightness, (1, 1, 1, 1), mode="replicate")
    across, down = padded[..., 2:] - padded[..., :-2], padded[..., 2:, :] - padded[..., :-2, :]
    dx = across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]
    dy = down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]
    return dx / 8, dy / 8


def _blurred(images: Tensor, sigma: float) -> Tensor:
    """Gaussian average of [1, C, H, W]. Sums of shifted pictures take half the time of a convolution of one row."""
    radius = max(1, math.ceil(3 * sigma))
    weights = _gauss(torch.arange(-radius, radius + 1, dtype=torch.float32), sigma).tolist()
    for dim, pad in ((3, (radius, radius, 0, 0)), (2, (0, 0, radius, radius))):
        length, around = images.shape[dim], F.pad(images, pad, mode="replicate")
        images = torch.zeros_like(images)
        for start, weight in enumerate(weights):
            images.add_(around.narrow(dim, start, length), alpha=weight)
    return images


def _gauss(steps: Tensor, sigma: float) -> Tensor:
    weights = torch.exp(-0.5 * (steps / sigma) ** 2)
    return weights / weights.sum()


def _pixels(images: Tensor) -> Tensor:
    """The position (x, y) of each pixel, in px: [1, 2, H, W]."""
    y, x = torch.meshgrid(
        torch.arange(images.shape[2], dtype=torch.float32),
        torch.arange(images.shape[3], dtype=torch.float32),
        indexing="ij",
    )
    return torch.stack([x, y])[None]


def _sampled(images: Tensor, place: Tensor, *, mode: str = "bilinear") -> Tensor:
    """Values of [1, C, H, W] at positions [1, 2, H, W] in px; beyond the border those of the border."""
    height, width = images.shape[2:]
    x, y = (2 * place[:, 0] + 1) / width - 1, (2 * place[:, 1] + 1) / height - 1
    grid = torch.stack([x, y], dim=-1)
    return F.grid_sample(images, grid, mode=mode, padding_mode="border", align_corners=False)
