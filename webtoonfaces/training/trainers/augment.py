"""Adaptive augmentation, which prevents a discriminator from memorising, and photo-like corruption of drawings.

`augment` follows the geometric and colour parts of Karras et al. 2020, "Training Generative Adversarial Networks with
Limited Data" (appendix B): each transform is applied to each picture with probability p. It samples the picture once,
bilinearly with reflection, whereas the paper filters with wavelets between up- and down-sampling.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ...models.ops import full_precision
from ..step import StepRandom

GEOMETRY_DRAWS, COLOUR_DRAWS = 10, 5
TURNS = slice(5, 7)  # the random numbers of the two rotations by any angle


class Strength:
    """The augmentation probability p, controlled so that E[sign(D(real))] stays near `target`.

    Karras et al. 2020, section 3.1: p grows while that mean is above the target (0.6), and shrinks below it, at a rate
    of 0 to 1 within `speed` pictures.
    """

    def __init__(self, *, target: float = 0.6, speed: float = 500_000, p: float = 0.0, every: int = 4):
        self.target, self.speed, self.p, self.every = target, speed, p, every
        self._sum, self._count, self._steps = 0.0, 0, 0

    def observe(self, total: float, count: int) -> None:
        """Update p with the sum of sign(logits) over one step's `count` real pictures, those of all processes."""
        self._sum += total
        self._count += count
        self._steps += 1
        if self._steps == self.every:
            direction = 1 if self._sum / self._count > self.target else -1
            self.p = min(1.0, max(0.0, self.p + direction * self._count / self.speed))
            self._sum, self._count, self._steps = 0.0, 0, 0

    def scalars(self) -> dict[str, float]:
        return {"p": self.p, "sum": self._sum, "count": self._count, "steps": self._steps}

    def load(self, scalars: dict[str, float]) -> None:
        self.p, self._sum = scalars["p"], scalars["sum"]
        self._count, self._steps = int(scalars["count"]), int(scalars["steps"])


def mirrored(images: Tensor, random: StepRandom) -> Tensor:
    """Pictures [N, 3, H, W], each mirrored with probability 1/2."""
    flip = random.uniform(images.shape[0]) < 0.5
    return torch.where(flip.view(-1, 1, 1, 1), images.flip(3), images)


@full_precision
def augment(images: Tensor, p: float, random: StepRandom) -> Tensor:
    """Transform each picture [N, 3, H, W] at strength `p` in [0, 1]; differentiable."""
    n = images.shape[0]
    rolls = random.uniform(n, GEOMETRY_DRAWS + COLOUR_DRAWS)
    gates = rolls < p
    amounts = random.uniform(n, GEOMETRY_DRAWS + COLOUR_DRAWS)
    if p <= 0:
        return images
    # There is a rotation before and after the stretch; each has the probability that makes p for one of the two.
    gates[:, TURNS] = rolls[:, TURNS] < 1 - math.sqrt(1 - p)
    images = _warp(images, gates[:, :GEOMETRY_DRAWS], amounts[:, :GEOMETRY_DRAWS])
    return _recolour(images, gates[:, GEOMETRY_DRAWS:], amounts[:, GEOMETRY_DRAWS:])


def _normal(uniform: Tensor) -> Tensor:
    """N(0, 1) from uniform numbers."""
    return torch.erfinv((2 * uniform - 1).clamp(-0.9999, 0.9999)) * math.sqrt(2)


def _warp(images: Tensor, gate: Tensor, u: Tensor) -> Tensor:
    n = images.shape[0]
    one, zero = u.new_ones(n), u.new_zeros(n)

    size = images.shape[3]

    def only_if(i: int, value: Tensor, otherwise: Tensor) -> Tensor:
        return torch.where(gate[:, i], value, otherwise)

    def matrix(*rows: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        return torch.stack([torch.stack(row, dim=1) for row in (*rows, (zero, zero, one))], dim=1)

    def turn(angle: Tensor) -> Tensor:
        return matrix((angle.cos(), -angle.sin(), zero), (angle.sin(), angle.cos(), zero))

    flip = only_if(0, torch.where(u[:, 0] < 0.5, one, -one), one)
    quarter = only_if(1, (u[:, 1] * 4).floor() * (math.pi / 2), zero)
    shift_x, shift_y = (only_if(2, ((u[:, i] - 0.5) * 0.25 * size).round() / size, zero) for i in (2, 3))
    scale = only_if(4, torch.exp2(0.2 * _normal(u[:, 4])), one)
    before, after = (only_if(i, (u[:, i] - 0.5) * 2 * math.pi, zero) for i in (5, 6))
    stretch = only_if(7, torch.exp2(0.2 * _normal(u[:, 7])), one)
    drift_x, drift_y = (only_if(8, 0.25 * _normal(u[:, i]), zero) for i in (8, 9))
    transform = (
        matrix((flip, zero, 2 * shift_x), (zero, one, 2 * shift_y))
        @ turn(quarter + before)
        @ matrix((stretch / scale, zero, zero), (zero, 1 / (stretch * scale), zero))
        @ turn(after)
        @ matrix((one, zero, drift_x), (zero, one, drift_y))
    )
    grid = F.affine_grid(transform[:, :2], list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _recolour(images: Tensor, gate: Tensor, u: Tensor) -> Tensor:
    n = images.shape[0]
    identity = torch.eye(3, device=u.device).expand(n, 3, 3)
    grey = u.new_full((3,), 1 / math.sqrt(3))
    along = torch.outer(grey, grey)  # projection on the grey axis

    def only_if(i: int, value: Tensor, otherwise: Tensor) -> Tensor:
        return torch.where(gate[:, i].view(-1, *[1] * (value.ndim - 1)), value, otherwise)

    offset = only_if(0, 0.2 * _normal(u[:, 0]), u.new_zeros(n))
    contrast = only_if(1, torch.exp2(0.5 * _normal(u[:, 1])), u.new_ones(n))
    mirror = only_if(2, (u[:, 2] < 0.5).float(), u.new_zeros(n))
    angle = only_if(3, (u[:, 3] - 0.5) * 2 * math.pi, u.new_zeros(n))
    saturation = only_if(4, torch.exp2(_normal(u[:, 4])), u.new_ones(n))

    cross = u.new_tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    a = angle.view(-1, 1, 1)
    hue = a.cos() * identity + a.sin() * cross + (1 - a.cos()) * along  # Rodrigues, about the grey axis
    luma = identity - 2 * along * mirror.view(-1, 1, 1)
    colour = along + (identity - along) * saturation.view(-1, 1, 1)
    matrix = colour @ hue @ luma * contrast.view(-1, 1, 1)
    shift = matrix.sum(dim=2) * offset.view(-1, 1)  # brightness comes first: matrix @ (colour + offset)
    return torch.einsum("nij,njhw->nihw", matrix, images) + shift[:, :, None, None]


def photo_like(images: Tensor, chance: float, random: StepRandom) -> Tensor:
    """Make drawings [N, 3, H, W] look more like photos: uneven light, soft edges, grain, a colour cast.

    Each picture is changed with probability `chance`. An encoder that learns to reconstruct the clean drawing works
    better on real photos. No photo is involved.
    """
    n, _, height, width = images.shape
    u = random.uniform(n, 8)
    light = random.normal(n, 1, 4, 4)
    texture = random.normal(n, 3, height // 8, width // 8)
    grain = random.normal(n, 3, height, width)
    shape = (-1, 1, 1, 1)

    x = (images + 1) / 2
    x = x.clamp(0, 1) ** (0.6 + 1.1 * u[:, 0].view(shape))  # exposure
    field = F.interpolate(light, (height, width), mode="bicubic", align_corners=True)
    x = x * (1 + 0.25 * u[:, 1].view(shape) * field)
    cast = 1 + 0.24 * (u[:, 2:5].view(-1, 3, 1, 1) - 0.5)
    x = x * cast
    soft = F.avg_pool2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), 5, 1)
    x = torch.lerp(x, soft, u[:, 5].view(shape))
    pattern = F.interpolate(texture, (height, width), mode="bicubic", align_corners=True)
    x = x + 0.05 * u[:, 6].view(shape) * pattern + 0.02 * grain
    changed = (x.clamp(0, 1) * 2 - 1).contiguous(memory_format=torch.channels_last)
    return torch.where((u[:, 7] < chance).view(shape), changed, images)
