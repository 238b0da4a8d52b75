"""Teaching a StyleGAN2 with drawn persons: z stands for a person in a title, and the picture of it is known.

A mapping network that learns from pictures alone never leaves the mean one: all that decides a picture is mixed in one
z, and the network learns slowly by design. So there are two ways into w. A plain network of three layers takes the
person's factors (landmarks, colours, hair, words, title) and teaches synthesis together with the pictures; meanwhile
the mapping network is taught, by regression, to give the same w for z. In the last part of a planned run, the
pictures are drawn from z, and both networks learn together while the learning rate falls.

A run that starts from trained weights, such as smaller ones that are grown, has a mapping network already, and all its
pictures are drawn from z. What a mapping network cannot learn is a step: where the title or a word changes, it draws a
mixture of both. So it is given z with its choices made (`models.choices`).

Layers are taught, too: with one title's w in the first layers and another's in the rest, the target is the person in
the mixture of both, so that early layers hold the hand, middle ones the line and late ones the palette.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn

from ...data.factors import CHOICES, TITLES, People, choice_tables, z_in_titles
from ...data.pairs import MIXED_GROUPS, MixedTargets, Pairs, groups_of_layers
from ...errors import BadInputError
from ...images import as_floats, contact_sheet, to_pil
from ...models import stylegan2 as models
from ...models.ops import EqualLinear
from ..muon import Muon
from ..step import Scores, Share, average, half_life, minimise
from .grow import start_from
from .supervised import Supervision

FALLS_FROM = 2 / 3  # of the planned run, where the learning rate begins to fall
MAPPING_RATE = 100  # times the learning rate: the mapping network scales its weights down to a hundredth
REGRESSION_RATE = 300  # the same for its regression, which runs ahead: measured against 100, which lags behind
BANK_FROM = 2**31  # the first seed of the bank: no data set's person
REGRESSED = 16  # z for each picture of a batch, in a step of the mapping network
PREVIEWED = 8


@dataclass(frozen=True)
class Config:
    """The configuration.

    model : sizes of the networks; w_dim is at least the numbers of z that say who is drawn, choices are `CHOICES`.
    l1_weight, feature_weight : of the mean absolute difference, and of that of MobileNetV2's features.
    adversarial_weight : of the adversary that a run ends with.     adversarial_from : the part of the planned run after
        which it is asked.
    mapping_steps : of the mapping network's regression, for each step of the others.
    bank : persons that it learns from, none of whom is in the data set; each takes 4 ms to make up.
    joint_from : part of the planned run after which pictures are drawn from z.
        These three are not used by a run that starts from weights.
    mixing : share of the pictures with two titles' codes.      mixed : pictures a person and kind for these.
    average_kimg : half-life of the moving average, in thousands of pictures; at most a twentieth of those seen.
    """

    model: models.StyleGAN2Config = field(default_factory=models.StyleGAN2Config)
    learning_rate: float = 0.02
    l1_weight: float = 2.0
    feature_weight: float = 1.0
    adversarial_weight: float = 0.0
    adversarial_from: float = 0.8
    mapping_steps: int = 4
    bank: int = 24_000
    joint_from: float = 0.7
    mixing: float = 0.2
    mixed: int = 1
    average_kimg: float = 10.0


class FactorNetwork(nn.Module):
    """Factors [N, F] and titles one-hot [N, T] -> w [N, D], through three layers.

    mean, spread : of each factor over the persons that are learnt from, [F].
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, mean: Tensor, spread: Tensor, w_dim: int):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.layers = nn.Sequential(
            EqualLinear(len(mean) + len(TITLES), w_dim, activate=True),
            EqualLinear(w_dim, w_dim, activate=True),
            EqualLinear(w_dim, w_dim, activate=True),  # as the mapping network ends, which is to give the same
        )

    def forward(self, factors: Tensor, titles: Tensor) -> Tensor:
        one_hot = 4 * F.one_hot(titles, len(TITLES)).to(factors.dtype)  # as large as several factors together
        return self.layers(torch.cat([(factors - self.mean) / self.spread, one_hot], dim=1))


class DrawnTrainer:
    """Generator, factor network and one step; `run.train` does the rest.

    pairs, people : the pictures that are learnt from, on the accelerator's device, and whom they show, row by row, also
        those to come. A share's rows are places in `pairs`, and its pictures are not looked at.
    bank : more persons, for the mapping network; None for a run that starts from weights, which draws all from z.
    held_out, held_out_people : for the sample grids.       mixed : pictures in mixed titles; None leaves these out.
    """

    family = "stylegan2"

    def __init__(
        self,
        config: Config,
        accelerator: Accelerator,
        pairs: Pairs,
        people: People,
        *,
        bank: People | None,
        held_out: Pairs,
        held_out_people: People,
        mixed: MixedTargets | None = None,
    ):
        self._config, self.accelerator, self._mixed = config, accelerator, mixed
        self._pairs, self._held_out = pairs, held_out
        self._people, self._held_out_people = (one.to(accelerator.device) for one in (people, held_out_people))
        self._bank = None if bank is None else bank.to(accelerator.device)
        self._groups = torch.tensor(groups_of_layers(config.model.num_ws), device=accelerator.device)
        self._titles = torch.tensor([TITLES.index(title) for title in pairs.titles], device=accelerator.device)
        g = models.Generator(config.model)
        if g.choices is not None:
            if config.model.choices != CHOICES:
                raise BadInputError(f"choices is {CHOICES} for drawn persons, or (), not {config.model.choices}.")
            g.choices.load_state_dict(choice_tables())
        self._supervision = Supervision(
            accelerator,
            config.model.size,
            l1_weight=config.l1_weight,
            feature_weight=config.feature_weight,
            adversarial_weight=config.adversarial_weight,
        )
        teacher: dict[str, nn.Module] = {}
        if bank is not None:
            if people.factors is None or bank.factors is None:
                raise ValueError("people and bank need their factors")
            every = torch.cat([people.factors, bank.factors])
            teacher["factors"] = FactorNetwork(every.mean(dim=0), every.std(dim=0).clamp(min=1e-3), config.model.w_dim)
        self.networks: dict[str, nn.Module] = {
            "g": g,
            **teacher,
            "g_ema": copy.deepcopy(g),
            **self._supervision.networks,
        }
        for name, network in self.networks.items():
            network.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            network.requires_grad_(name != "g_ema")
        mapping = set(g.style.parameters())
        synthesis = [p for p in g.parameters() if p not in mapping]
        groups: list[dict[str, Any]] = [
            {"params": [*synthesis, *(p for network in teacher.values() for p in network.parameters())]},
            {"params": [*g.style.parameters()]},
        ]
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "g": Muon(groups, config.learning_rate),
            **self._supervision.optimizers,
        }
        if bank is not None:
            self.optimizers["mapping"] = Muon(g.style.parameters(), config.learning_rate * REGRESSION_RATE)

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
        """One step of all networks on the whole batch, of which `shares` are this process's part.

        done : how much of the planned run lies behind, 0 to 1; in its last third the learning rate falls to nothing.
        """
        config, scores = self._config, Scores()
        rate = config.learning_rate * min(1.0, (1 - done) / (1 - FALLS_FROM))
        synthesis, joint = self.optimizers["g"].param_groups
        synthesis["lr"], joint["lr"] = rate, rate * MAPPING_RATE

        def loss_of(share: Share) -> Tensor:
            with self.accelerator.autocast():
                from_z = self._bank is None or done > config.joint_from
                return self._loss(share, scores, from_z=from_z, adversarial=done >= config.adversarial_from)

        loss = minimise(self.accelerator, self.optimizers["g"], shares, loss_of)
        self._supervision.judge(shares, step, scores)
        scores.note(loss=loss, rate=rate)
        if self._bank is not None:
            regression = self.optimizers["mapping"]
            regression.param_groups[0]["lr"] = rate * REGRESSION_RATE
            for _ in range(round(config.mapping_steps)):
                scores.note(mapping=minimise(self.accelerator, regression, shares, self._regression))
        batch = sum(len(share) for share in shares) * self.accelerator.num_processes
        # An average over more than has been seen would keep the random start alive.
        decay = half_life(min(config.average_kimg * 1000, max(shown, batch) / 20), batch)
        average(self.networks["g_ema"], self.networks["g"], decay=decay)
        return scores.means()

    def _loss(self, share: Share, scores: Scores, *, from_z: bool, adversarial: bool) -> Tensor:
        ws, target = self._lesson(share, from_z=from_z)
        drawn = self.networks["g"].synthesis(ws, "none")  # type: ignore[operator]
        return self._supervision.loss(drawn, target, scores, adversarial=adversarial)

    def _lesson(self, share: Share, *, from_z: bool) -> tuple[Tensor, Tensor]:
        """Codes ws [n, L, D], and what they should give."""
        config, pairs = self._config, self._pairs
        if share.rows is None:
            raise BadInputError("These pictures come without their places in a data set of pairs.")
        layers = config.model.num_ws
        u = share.random.uniform(len(share.rows), 3)
        rows = share.rows.to(u.device)
        who, title = rows // len(pairs.titles) % len(pairs.names), rows % len(pairs.titles)
        kept = torch.where(u[:, 0] < config.mixing, 1 + (u[:, 1] * (layers - 1)).long(), 0)
        group = self._groups[kept]
        own, target = title, as_floats(pairs.pictures[who, title])
        is_mixed = (group == MIXED_GROUPS[0]) | (group == MIXED_GROUPS[1])
        if self._mixed is None:
            kept = kept * 0
        else:
            kept = kept * is_mixed
            place = (group - MIXED_GROUPS[0]).clamp(0, len(MIXED_GROUPS) - 1)
            chosen = (u[:, 2] * self._mixed.pictures.shape[2]).long()
            titles = self._mixed.titles[who, place, chosen]
            own, title = torch.where(is_mixed, titles[:, 0], own), torch.where(is_mixed, titles[:, 1], title)
            pictures = as_floats(self._mixed.pictures[who, place, chosen])
            target = torch.where(is_mixed.view(-1, 1, 1, 1), pictures, target)
        first, rest = (self._w(self._people, who, self._titles[one], from_z=from_z) for one in (own, title))
        is_own = torch.arange(layers, device=kept.device) < kept[:, None]  # [n, L]
        ws = torch.where(is_own[..., None], first[:, None], rest[:, None])
        return ws, target.contiguous(memory_format=torch.channels_last)

    def _w(self, people: People, who: Tensor, titles: Tensor, *, from_z: bool) -> Tensor:
        if from_z:
            return self.networks["g"].mapping(z_in_titles(people.z[who], titles))  # type: ignore[operator]
        assert people.factors is not None
        return self.networks["factors"](people.factors[who], titles)

    def _regression(self, share: Share) -> Tensor:
        """How far the mapping network is from the w that it is taught, as a share of how much these differ."""
        bank = self._bank
        assert bank is not None
        u = share.random.uniform(len(share), REGRESSED, 2).flatten(0, 1)
        who, titles = (u[:, 0] * len(bank.z)).long(), (u[:, 1] * len(TITLES)).long()
        with torch.no_grad():
            wanted = self._w(bank, who, titles, from_z=False)
        found = self._w(bank, who, titles, from_z=True)
        return (found - wanted).square().mean() / wanted.var(dim=0).mean().clamp(min=1e-6)

    @torch.no_grad()
    def preview(self) -> Image.Image:
        """Held-out persons, each in a title of its own: as drawn, and from z below."""
        g, pairs = self.networks["g_ema"], self._held_out
        count = min(PREVIEWED, len(pairs.names))
        rows = torch.arange(count)
        titles = self._titles[rows.to(self._titles.device) % len(pairs.titles)]
        who = rows.to(titles.device)
        w = g.mapping(z_in_titles(self._held_out_people.z[who], titles))  # type: ignore[operator]
        drawn = g.synthesis(w[:, None].expand(-1, self._config.model.num_ws, -1), "none")  # type: ignore[operator]
        truth = as_floats(pairs.pictures[rows, rows % len(pairs.titles)])
        return contact_sheet([*to_pil(truth), *to_pil(drawn)], columns=count)
