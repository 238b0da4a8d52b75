"""Teaching a Swapping Autoencoder with exact pairs (after Dosovitskiy et al. 2015, "Learning to Generate Chairs").

Where worlds can be drawn, what a swap should give is known: the structure comes from a picture of person p, in any
title or photo-like, the style from another person in title t, and the target is p in t. Swap locations are taught, too:
a part of the pictures keeps p's own style in its first k layers, and its target is p in the title that has the first
groups of settings from its own title and the rest from t, as `groups_of_locations` shares them out. With k = L
the target is the source itself, a reconstruction. The loss is that of `supervised`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn

from ...data.pairs import MIXED_GROUPS, OWN_GROUP, MixedTargets, Pairs, groups_of_locations
from ...errors import BadInputError
from ...images import as_floats, contact_sheet, to_pil
from ...models import swapae as models
from ..muon import Muon
from ..step import Scores, Share, StepRandom, average, half_life, minimise
from .augment import photo_like
from .grow import start_from
from .supervised import Supervision

PREVIEWED = 4  # persons of the sample grids
FALLS_FROM = 2 / 3  # of the planned run, where the learning rate begins to fall


@dataclass(frozen=True)
class Config:
    """The configuration.

    model : sizes of the networks.
    l1_weight, feature_weight : of the mean absolute difference, and of that of MobileNetV2's features.
    adversarial_weight : of the adversary that a run ends with.     adversarial_from : the part of the planned run after
        which it is asked.
    photo_like : share of the structures that come from photo-like pictures.
    corrupt : share of the structures, of those without a style of their own, that are made to look more like photos.
    mixing : share of the pictures that keep their own style in the first 1 to L layers.
    mixed : pictures a person that are drawn beforehand for mixed titles of each kind; 0 leaves these locations out.
    average_kimg : half-life of the moving average, in thousands of pictures; at most a twentieth of those seen.
    """

    model: models.SwapAEConfig = field(default_factory=models.SwapAEConfig)
    learning_rate: float = 0.02
    l1_weight: float = 2.0
    feature_weight: float = 1.0
    adversarial_weight: float = 0.0
    adversarial_from: float = 0.8
    photo_like: float = 0.35
    corrupt: float = 0.3
    mixing: float = 0.25
    mixed: int = 1
    average_kimg: float = 4.0


@dataclass
class Lesson:
    """What one share of a step shows: pictures float [n, 3, S, S], and how many first layers keep the own style [n]."""

    structure: Tensor
    style: Tensor
    target: Tensor
    kept: Tensor


class PairTrainer:
    """Encoder, generator and one step; `run.train` does the rest.

    pairs : what is learnt from, on the accelerator's device; a share's rows are places in it, and its pictures are not
        looked at.      held_out : for the sample grids.
    mixed : targets of the locations in between, there too; None leaves these out.
    """

    family = "swapae"

    def __init__(
        self,
        config: Config,
        accelerator: Accelerator,
        pairs: Pairs,
        *,
        held_out: Pairs,
        mixed: MixedTargets | None = None,
    ):
        self._config, self.accelerator = config, accelerator
        self._pairs, self._held_out, self._mixed = pairs, held_out, mixed
        self._groups = torch.tensor(groups_of_locations(config.model.num_ws), device=accelerator.device)
        e, g = models.Encoder(config.model), models.Generator(config.model)
        self._supervision = Supervision(
            accelerator,
            config.model.size,
            l1_weight=config.l1_weight,
            feature_weight=config.feature_weight,
            adversarial_weight=config.adversarial_weight,
        )
        self.networks: dict[str, nn.Module] = {
            "e": e,
            "g": g,
            "e_ema": copy.deepcopy(e),
            "g_ema": copy.deepcopy(g),
            **self._supervision.networks,
        }
        for name, network in self.networks.items():
            network.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            network.requires_grad_(not name.endswith("_ema"))
        parameters = [*self.networks["e"].parameters(), *self.networks["g"].parameters()]
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "g": Muon(parameters, config.learning_rate),
            **self._supervision.optimizers,
        }

    def config(self) -> Config:
        return self._config

    def scalars(self) -> dict[str, Any]:
        return {}

    def load_scalars(self, scalars: dict[str, Any]) -> None:
        """Nothing but weights to restore."""

    def load_weights(self, networks: Mapping[str, nn.Module], *, grow: bool = False) -> list[str]:
        """Start from these networks, whichever of the run's are given; returns the names of those left fresh."""
        return start_from(self.networks, networks, grow=grow)

    def step(self, shares: Sequence[Share], *, step: int, shown: int, done: float = 0.0) -> dict[str, float]:
        """One step of both networks on the whole batch, of which `shares` are this process's part.

        done : how much of the planned run lies behind, 0 to 1; in its last third the learning rate falls to nothing.
        """
        config, scores = self._config, Scores()
        rate = config.learning_rate * min(1.0, (1 - done) / (1 - FALLS_FROM))
        for group in self.optimizers["g"].param_groups:
            group["lr"] = rate

        def loss_of(share: Share) -> Tensor:
            with self.accelerator.autocast():
                return self._loss(self.lesson(share), scores, adversarial=done >= config.adversarial_from)

        loss = minimise(self.accelerator, self.optimizers["g"], shares, loss_of)
        self._supervision.judge(shares, step, scores)
        scores.note(loss=loss, rate=rate)
        batch = sum(len(share) for share in shares) * self.accelerator.num_processes
        # An average over more than has been seen would keep the random start alive.
        decay = half_life(min(config.average_kimg * 1000, max(shown, batch) / 20), batch)
        for name in ("e", "g"):
            average(self.networks[f"{name}_ema"], self.networks[name], decay=decay)
        return scores.means()

    def lesson(self, share: Share) -> Lesson:
        """What to learn from a share's pictures: each is a target, unless a mixed one or the source takes its place."""
        config, pairs = self._config, self._pairs
        if share.rows is None:
            raise BadInputError("These pictures come without their places in a data set of pairs.")
        n, persons, titles, layers = len(share.rows), len(pairs.names), len(pairs.titles), config.model.num_ws
        u = share.random.uniform(n, 8)
        rows = share.rows.to(u.device)
        who, title = rows // titles % persons, rows % titles  # of the persons to come, none is drawn yet
        other = (who + 1 + (u[:, 0] * (persons - 1)).long()) % persons
        own = (u[:, 1] * titles).long()
        kept = torch.where(u[:, 2] < config.mixing, 1 + (u[:, 3] * layers).long(), 0)
        group = self._groups[kept]
        is_mixed = (group == MIXED_GROUPS[0]) | (group == MIXED_GROUPS[1])
        if self._mixed is None:
            kept, group, is_mixed = kept * ~is_mixed, group * ~is_mixed, torch.zeros_like(is_mixed)
        target = as_floats(pairs.pictures[who, title])
        if self._mixed is not None:
            place = (group - MIXED_GROUPS[0]).clamp(0, len(MIXED_GROUPS) - 1)
            chosen = (u[:, 4] * self._mixed.pictures.shape[2]).long()
            mixed = self._mixed.titles[who, place, chosen]
            own, title = torch.where(is_mixed, mixed[:, 0], own), torch.where(is_mixed, mixed[:, 1], title)
            target = _where(is_mixed, as_floats(self._mixed.pictures[who, place, chosen]), target)
        portrait = as_floats(pairs.pictures[who, own])
        target = _where(group == OWN_GROUP, portrait, target)
        structure = portrait
        if pairs.photos is not None:
            structure = _where((u[:, 5] < config.photo_like) & (group == 0), as_floats(pairs.photos[who]), structure)
        structure = self._corrupted(structure, (u[:, 6] < config.corrupt) & (group == 0), share.random)
        style = as_floats(pairs.pictures[other, title])
        return Lesson(_placed(structure), _placed(style), _placed(target), kept)

    def _corrupted(self, images: Tensor, chosen: Tensor, random: StepRandom) -> Tensor:
        return _where(chosen, photo_like(images, 1.0, random), images)

    def _loss(self, lesson: Lesson, scores: Scores, *, adversarial: bool) -> Tensor:
        config, n = self._config, len(lesson.structure)
        structure, style = self.networks["e"](torch.cat([lesson.structure, lesson.style]))
        is_own = torch.arange(config.model.num_ws, device=style.device) < lesson.kept[:, None]  # [n, L]
        ws = torch.where(is_own[..., None], style[:n, None], style[n:, None])
        drawn = self.networks["g"](structure[:n], ws, "none")
        return self._supervision.loss(drawn, lesson.target, scores, adversarial=adversarial)

    @torch.no_grad()
    def preview(self) -> Image.Image:
        """Persons in the style of another one in every title, each row above what should have been drawn."""
        e, g = self.networks["e_ema"], self.networks["g_ema"]
        return swap_sheet(e, g, self._held_out, device=self.accelerator.device)


def swap_sheet(
    encoder: nn.Module,
    generator: nn.Module,
    pairs: Pairs,
    *,
    persons: int = PREVIEWED,
    device: torch.device | str = "cpu",
) -> Image.Image:
    """Above, one person in every title; below, others swapped into these, each row above the truth.

    Every second row starts from a photo-like picture where the data set has them.
    """
    titles = len(pairs.titles)
    styles = as_floats(pairs.pictures[-1]).to(device)
    _, style = encoder(styles)
    cells: list[Image.Image | None] = [None, *to_pil(styles)]
    for row in range(min(persons, len(pairs.names) - 1)):
        source = pairs.pictures[row, row % titles] if row % 2 or pairs.photos is None else pairs.photos[row]
        shown = as_floats(source[None]).to(device)
        structure, _ = encoder(shown)
        drawn = torch.cat([generator(structure.expand(len(part), -1, -1, -1), part, "none") for part in style.split(8)])
        cells += [*to_pil(shown), *to_pil(drawn), None, *to_pil(as_floats(pairs.pictures[row]))]
    return contact_sheet(cells, columns=1 + titles, cell=pairs.size)


def _placed(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


def _where(chosen: Tensor, images: Tensor, otherwise: Tensor) -> Tensor:
    return torch.where(chosen.view(-1, 1, 1, 1), images, otherwise)
