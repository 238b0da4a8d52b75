"""The pictures of a StyleGAN2 that are measured."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..codes import truncate
from ..images import as_levels
from ..models import stylegan2
from ..training.run_folder import seeded_w

SAMPLE_BATCH = 16


@torch.inference_mode()
def samples(
    generator: stylegan2.Generator, seeds: range, *, psi: float = 1.0, batch: int = SAMPLE_BATCH
) -> Iterator[Tensor]:
    """Batches of uint8 [n, 3, size, size]: the pictures of `seeds`, whatever the size of the batches.

    See `seeded_w`; the noise is random, and from the seed, too.
    """
    device = generator.w_avg.device
    for start in range(0, len(seeds), batch):
        chosen = seeds[start : start + batch]
        w = seeded_w(generator, chosen)
        ws = truncate(w[:, None].repeat(1, generator.num_ws, 1), generator.w_avg, psi=psi)  # [n, L, D]
        each = [torch.Generator().manual_seed(seed) for seed in chosen]

        def noise(_: int, side: int, each: list[torch.Generator] = each) -> Tensor:
            return torch.stack([torch.randn(1, side, side, generator=random) for random in each]).to(device)

        yield as_levels(generator.synthesis(ws, noise=noise)).cpu()
