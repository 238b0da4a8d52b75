"""Teaching the upscaler with exact pairs: a drawing is an SVG, so the same person is drawn at both sizes.

The large pictures are a data set's (`data drawn --size 512`), the small ones are drawn from its persons. Networks draw
worse than the hand: their contours are soft, and yet follow the pixels in steps, of which an upscaler that has seen
clean drawings only makes a stair. So a part of the small pictures gets harder edges, wobbles, is softened, and gets
faint noise, smooth as well as fine; the large picture stays as it is drawn, and ink becomes ink again.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn

from ...data.small import SmallPictures
from ...errors import BadInputError
from ...images import as_floats, contact_sheet, to_pil
from ...models.upscaler import FACTOR, Upscaler, UpscalerConfig
from ..step import Scores, Share, StepRandom, average, half_life, minimise
from .grow import start_from

PREVIEWED = 6
WARM_STEPS = 200  # steps in which the learning rate rises
TAPS = 5  # of the blur


@dataclass(frozen=True)
class Config:
    """The configuration.

    crop : side in px of the part of a small picture that a step sees; of the large one it is four times as long.
    edge_weight : of the mean absolute difference of neighbouring pixels' differences, which keeps ink crisp.
    degraded : share of the small pictures that are changed; the others stay as they are drawn.
    hardness : largest strength of their sharpening.     wobble, blur : largest deviations in px of their places, and of
        their blur.      noise : largest deviation of their noise, of a range of 2.
    average_kimg : half-life of the moving average, in thousands of pictures; at most a twentieth of those seen.
    """

    model: UpscalerConfig = field(default_factory=UpscalerConfig)
    crop: int = 32
    learning_rate: float = 0.0008
    edge_weight: float = 1.0
    degraded: float = 0.6
    hardness: float = 4.0
    wobble: float = 0.4
    blur: float = 0.8
    noise: float = 0.03
    average_kimg: float = 10.0


class UpscalerTrainer:
    """The network, its moving average, and one step; `run.train` does the rest."""

    family = "upscaler"

    def __init__(self, config: Config, accelerator: Accelerator, data: SmallPictures, *, held_out: SmallPictures):
        if not 1 <= config.crop <= data.size:
            raise BadInputError(f"crop is 1 to {data.size} px for these pictures, not {config.crop}.")
        self._config, self.accelerator = config, accelerator
        self._data, self._held_out = data, held_out
        g = Upscaler(config.model)
        self.networks: dict[str, nn.Module] = {"g": g, "g_ema": copy.deepcopy(g)}
        for name, network in self.networks.items():
            network.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            network.requires_grad_(name == "g")
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "g": torch.optim.Adam(g.parameters(), config.learning_rate, (0.9, 0.99))
        }

    def config(self) -> Config:
        return self._config

    def scalars(self) -> dict[str, Any]:
        return {}

    def load_scalars(self, scalars: dict[str, Any]) -> None:
        pass

    def load_weights(self, networks: Mapping[str, nn.Module], *, grow: bool = False) -> list[str]:
        """Start from these networks; returns the names of those left fresh."""
        return start_from(self.networks, networks, grow=grow)

    def step(self, shares: Sequence[Share], *, step: int, shown: int, done: float = 0.0) -> dict[str, float]:
        """One step on the whole batch, of which `shares` are this process's part.

        done : how much of the planned run lies behind, 0 to 1; the learning rate falls as half a cosine.
        """
        config, scores = self._config, Scores()
        rate = config.learning_rate * min(1.0, (step + 1) / WARM_STEPS) * (1 + math.cos(math.pi * done)) / 2
        for group in self.optimizers["g"].param_groups:
            group["lr"] = rate

        def loss_of(share: Share) -> Tensor:
            small, large = self._lesson(share)
            with self.accelerator.autocast():
                drawn = self.networks["g"](small).float()
            l1, edges = (drawn - large).abs().mean(), edge_loss(drawn, large)
            scores.note(l1=l1, edges=edges)
            return l1 + config.edge_weight * edges

        loss = minimise(self.accelerator, self.optimizers["g"], shares, loss_of)
        scores.note(loss=loss, rate=rate)
        batch = sum(len(share.images) for share in shares) * self.accelerator.num_processes
        decay = half_life(min(config.average_kimg * 1000, max(shown, batch) / 20), batch)
        average(self.networks["g_ema"], self.networks["g"], decay=decay)
        return scores.means()

    def _lesson(self, share: Share) -> tuple[Tensor, Tensor]:
        """Small pictures [n, 3, crop, crop], some degraded, and what they should give, [n, 3, 4 crop, 4 crop]."""
        config, rows = self._config, share.rows
        if rows is None:
            raise BadInputError("These pictures come without their places in a data set of pairs.")
        n, side = len(rows), config.crop
        u = share.random.uniform(n, 4).cpu()
        left, top = ((u[:, i] * (self._data.size - side + 1)).long() for i in (0, 1))
        small = torch.stack([share.images[i, :, y : y + side, x : x + side] for i, x, y in _places(left, top)])
        wide = FACTOR * side
        large = torch.stack(
            [
                self._data.large_of(int(rows[i]))[:, FACTOR * y : FACTOR * y + wide, FACTOR * x : FACTOR * x + wide]
                for i, x, y in _places(left, top)
            ]
        )
        large = as_floats(large).to(small.device)
        mirrored, turned = u[:, 2] < 0.5, u[:, 3] < 0.5
        for axis, chosen in ((3, mirrored), (2, turned)):
            mask = chosen.to(small.device).view(-1, 1, 1, 1)
            small, large = (torch.where(mask, one.flip(axis), one) for one in (small, large))
        small = degraded(small, share.random, config)
        last = torch.channels_last
        return small.contiguous(memory_format=last), large.contiguous(memory_format=last)

    @torch.no_grad()
    def preview(self) -> Image.Image:
        """The middle of held-out pictures: enlarged by bicubic interpolation, by the network, and the truth."""
        data, device = self._held_out, self.accelerator.device
        count, step = min(PREVIEWED, len(data)), len(data.large.titles) + 1
        rows = [i * step % len(data) for i in range(count)]
        small = as_floats(torch.stack([data[row][0] for row in rows])).to(device)
        side = data.size // 2
        corner = (data.size - side) // 2
        small = small[..., corner : corner + side, corner : corner + side]
        drawn = to_pil(self.networks["g_ema"](small.contiguous(memory_format=torch.channels_last)))
        wide, first = FACTOR * side, FACTOR * corner
        truth = to_pil(
            as_floats(torch.stack([data.large_of(row)[:, first : first + wide, first : first + wide] for row in rows]))
        )
        plain = [one.resize((wide, wide), Image.Resampling.BICUBIC) for one in to_pil(small)]
        return contact_sheet([*plain, *drawn, *truth], columns=count)


def _places(left: Tensor, top: Tensor) -> list[tuple[int, int, int]]:
    return [(i, int(x), int(y)) for i, (x, y) in enumerate(zip(left, top, strict=True))]


def edge_loss(drawn: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of the differences between neighbouring pixels, across and down."""
    off = drawn - truth
    return off.diff(dim=3).abs().mean() + off.diff(dim=2).abs().mean()


def degraded(images: Tensor, random: StepRandom, config: Config) -> Tensor:
    """A share of the pictures [N, 3, H, W] as a network draws them, each with strengths of its own."""
    n, device = len(images), images.device
    change, down, across, grain, cloud, hard, wobble = random.uniform(n, 7).to(device).unbind(1)
    made = hardened(images, config.hardness * hard)
    aside = (config.wobble * wobble).view(-1, 1, 1, 1)
    made = displaced(made, aside * random.normal(n, 2, *images.shape[2:]).to(device))
    made = blurred(made, config.blur * down, config.blur * across)
    fine = random.normal(n, *images.shape[1:]).to(device)
    smooth = F.avg_pool2d(random.normal(n, *images.shape[1:]).to(device), 3, 1, 1, count_include_pad=False)
    finely, smoothly = ((config.noise * one**2).view(-1, 1, 1, 1) for one in (grain, cloud))
    made = made + finely * fine + 2 * smoothly * smooth
    return torch.where((change < config.degraded).view(-1, 1, 1, 1), made, images).clamp(-1, 1)


def displaced(images: Tensor, by: Tensor) -> Tensor:
    """Each picture [N, 3, H, W] with its pixels taken from `by` [N, 2, H, W] px aside, x before y."""
    height, width = images.shape[2:]
    y, x = (torch.arange(side, device=images.device, dtype=images.dtype) for side in (height, width))
    at = torch.stack([x.expand(height, width), y[:, None].expand(height, width)]) + by
    scale = torch.tensor([2 / width, 2 / height], device=images.device).view(2, 1, 1)
    places = ((at + 0.5) * scale - 1).permute(0, 2, 3, 1)
    return F.grid_sample(images, places, mode="bilinear", padding_mode="border", align_corners=False)


def blurred(images: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Each picture [N, 3, H, W] under a Gaussian of its own deviations in px, [N], along the two axes."""
    n, half = len(images), TAPS // 2
    at = torch.arange(TAPS, device=images.device, dtype=images.dtype) - half
    for axis, deviation in ((2, down), (3, across)):
        kernel = torch.exp(-0.5 * (at / deviation.clamp(min=0.05)[:, None]) ** 2)
        kernel = kernel / kernel.sum(dim=1, keepdim=True)  # [N, taps]
        shape = (1, 1, TAPS, 1) if axis == 2 else (1, 1, 1, TAPS)
        weight = kernel.repeat_interleave(3, dim=0).reshape(3 * n, *shape[1:])
        padded = F.pad(images, (0, 0, half, half) if axis == 2 else (half, half, 0, 0), mode="replicate")
        images = F.conv2d(padded.reshape(1, 3 * n, *padded.shape[2:]), weight, groups=3 * n).view(images.shape)
    return images


def hardened(images: Tensor, strength: Tensor) -> Tensor:
    """Each picture [N, 3, H, W] sharpened by a strength of its own, [N], up to what is around a pixel and not beyond.

    Without that bound edges would get a rim of light, which networks do not draw.
    """
    one = torch.full((len(images),), 0.8, device=images.device)
    sharp = images + strength.view(-1, 1, 1, 1) * (images - blurred(images, one, one))
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    return sharp.clamp(-F.max_pool2d(-padded, 3, 1), F.max_pool2d(padded, 3, 1))
