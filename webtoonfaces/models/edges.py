"""DexiNed (Poma et al. 2020, "Dense Extreme Inception Network for Edge Detection"), in kornia's implementation.

Importing this module needs kornia, the extra `edges`.
"""

from __future__ import annotations

import torch
from kornia.filters.dexined import DexiNed
from torch import Tensor


class DexiNedMaps(DexiNed):
    """DexiNed that returns all its maps: [N, 3, H, W] -> seven [N, 1, H, W], six scales and, last, their fusion.

    The input is BGR in [0, 255] minus (103.939, 116.779, 123.68), sides multiples of 16; the outputs are logits.
    """

    def __init__(self) -> None:
        super().__init__(pretrained=False)

    def forward(self, images: Tensor) -> list[Tensor]:  # type: ignore[override]
        sides = self.get_features(images)
        return [*sides, self.block_cat(torch.cat(sides, dim=1))]
