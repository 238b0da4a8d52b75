"""The losses. Pictures are float [N, 3, H, W] in [-1, 1], logits [N, 1]; each loss is a scalar."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...models.swapae import PATCH_SIZE


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Non-saturating loss of the generator (Goodfellow et al. 2014)."""
    return F.softplus(-fake_logits).mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Logistic loss of the discriminator."""
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def r1_penalty(logits: Tensor, inputs: Tensor | Sequence[Tensor]) -> Tensor:
    """Mean squared norm of the logits' gradient at real inputs (Mescheder et al. 2018); differentiable.

    `inputs` may be several tensors [N, ...], which are treated as one.
    """
    gradients = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return torch.stack([gradient.square().flatten(1).sum(dim=1) for gradient in gradients]).sum(dim=0).mean()


def path_lengths(images: Tensor, ws: Tensor, direction: Tensor) -> Tensor:
    """The length of a picture's change for a step in w, [N] (Karras et al. 2020, section 3.2).

    `direction` is N(0, 1) noise shaped like `images`; the gradient is taken over all layers of `ws` [N, L, D].
    """
    scaled = direction / (images.shape[2] * images.shape[3]) ** 0.5
    (gradient,) = torch.autograd.grad((images * scaled).sum(), ws, create_graph=True)
    return gradient.square().sum(dim=2).mean(dim=1).sqrt()


def feature_loss(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of feature maps; each map has the same weight (after Johnson et al. 2016, section 3)."""
    pairs = [(a.float(), b.float()) for a, b in zip(fake, real, strict=True)]
    return torch.stack([(a - b).abs().mean() / (b.abs().mean() + 1e-6) for a, b in pairs]).mean()


def statistics_loss(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Difference of the channels' means and deviations, which characterize a drawing's style (Li et al. 2017)."""
    distances = []
    for a, b in ((a.float(), b.float()) for a, b in zip(fake, real, strict=True)):
        mean = (a.mean(dim=(2, 3)) - b.mean(dim=(2, 3))).abs().mean()
        deviation = (a.std(dim=(2, 3)) - b.std(dim=(2, 3))).abs().mean()
        distances.append((mean + deviation) / (b.std(dim=(2, 3)).mean() + 1e-6))
    return torch.stack(distances).mean()


def cut_patches(
    images: Tensor, uniform: Tensor, *, size: int = PATCH_SIZE, smallest: float = 1 / 8, largest: float = 1 / 4
) -> Tensor:
    """Square patches cut at random and resized: [N, 3, H, W] -> [N * K, 3, size, size], input-major.

    uniform : [N, K, 3] in [0, 1): side, left and top of each patch; the side runs from `smallest` to `largest` of the
        picture's (Park et al. 2020, appendix B).
    """
    n, k, _ = uniform.shape
    side = smallest + (largest - smallest) * uniform[..., 0]  # of the picture's side, [N, K]
    centre = side[..., None] - 1 + 2 * (1 - side[..., None]) * uniform[..., 1:]  # x, y in [-1, 1]
    steps = (torch.arange(size, device=images.device) + 0.5) * 2 / size - 1
    x = centre[..., 0, None] + side[..., None] * steps  # [N, K, size]
    y = centre[..., 1, None] + side[..., None] * steps
    grid = torch.stack(
        [x[:, :, None, :].expand(-1, -1, size, -1), y[:, :, :, None].expand(-1, -1, -1, size)], dim=-1
    )  # [N, K, size, size, 2]
    cut = F.grid_sample(
        images, grid.view(n, k * size, size, 2), mode="bilinear", padding_mode="border", align_corners=False
    )
    return cut.view(n, -1, k, size, size).transpose(1, 2).reshape(n * k, -1, size, size)
