"""The loss of trainers that know what should have been drawn.

It is L1 and the features of a frozen MobileNetV2. Both are least where a picture is the mean of all that is possible:
strands and grain that no input tells become a blur. So a run can end with a weak adversary, which sees drawn pictures
and targets, and whose say is only which texture is likely (after Isola et al. 2017, section 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from ...models.mobilenet import fused
from ...pretrained.mobilenet import load_mobilenet
from ..step import Scores, Share
from . import losses
from .projected import LAYERS, ProjectedDiscriminator, judge_step

JUDGE_RATE = 0.002
JUDGE_R1 = 0.1  # weight of the gradient at its inputs, which is computed every so many steps:
JUDGE_R1_EVERY = 16


class Supervision:
    """The loss of pictures whose targets are known, and the adversary's own step.

    l1_weight, feature_weight, adversarial_weight : with 0 for the last two, MobileNetV2 is not needed.
    size : side in px of the pictures.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        size: int,
        *,
        l1_weight: float,
        feature_weight: float,
        adversarial_weight: float,
    ):
        self._accelerator = accelerator
        self._l1, self._feature, self._adversarial = l1_weight, feature_weight, adversarial_weight
        needed = feature_weight > 0 or adversarial_weight > 0
        self._features = fused(load_mobilenet(accelerator.device)) if needed else None
        self.networks: dict[str, nn.Module] = {}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        if adversarial_weight > 0:
            judge = ProjectedDiscriminator(size).to(accelerator.device)
            lazy = JUDGE_R1_EVERY / (JUDGE_R1_EVERY + 1)  # R1 takes steps of its own
            self.networks["projected"] = judge
            self.optimizers["d"] = torch.optim.Adam(judge.parameters(), JUDGE_RATE * lazy, (0.0, 0.99**lazy))
        self._seen: list[tuple[list[Tensor], list[Tensor]]] = []  # of this step's shares: real maps, drawn maps

    def loss(self, drawn: Tensor, target: Tensor, scores: Scores, *, adversarial: bool) -> Tensor:
        """Of pictures float [N, 3, S, S], under autocast. Where `adversarial`, `judge` is to follow the step."""
        drawn = drawn.float()
        l1 = (drawn - target).abs().mean()
        scores.note(l1=l1)
        loss = self._l1 * l1
        if self._features is None:
            return loss
        with torch.no_grad():
            wanted = self._features.maps(target, layers=LAYERS)
        found = self._features.maps(drawn, layers=LAYERS)
        if self._feature > 0:
            feature = losses.feature_loss(found, wanted)
            scores.note(feature=feature)
            loss = loss + self._feature * feature
        if adversarial and self.networks:
            judge = self.networks["projected"]
            real, seen = judge.mixed(wanted), judge.mixed(found)  # type: ignore[operator]
            self._seen.append((real, [x.detach() for x in seen]))
            fooled = losses.generator_loss(judge(*seen))
            scores.note(g=fooled)
            loss = loss + self._adversarial * fooled
        return loss

    def judge(self, shares: Sequence[Share], step: int, scores: Scores) -> None:
        """A step of the adversary on what `loss` has seen since the last one; nothing without an adversary."""
        seen, self._seen = self._seen, []
        if not seen:
            return
        r1 = JUDGE_R1 * JUDGE_R1_EVERY if step % JUDGE_R1_EVERY == 0 else None
        judge_step(self._accelerator, self.networks["projected"], self.optimizers["d"], shares, seen, scores, r1=r1)
