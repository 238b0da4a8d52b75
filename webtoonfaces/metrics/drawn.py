"""How far a StyleGAN2 that was taught with drawn persons is from what its z stands for, and from mixed titles.

A picture *swapped at k* has the first k layers' codes from one title and the rest from another, of the same person;
the truth is that person in the mixture of both, as `data.pairs.groups_of_layers` shares the groups out. k = 0 is the
plain picture of a z. The mean of the drawn pictures stands beside it, for scale.

A walk through z is as smooth as its steps are alike: they are measured along lines between persons of one title, beside
those of the drawn persons, which jump where a hairstyle or an ornament begins.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..codes import swap_at
from ..data.factors import TITLES, drawn_of, titles_of, z_in_titles, z_of_seed
from ..data.pairs import groups_of_layers
from ..images import as_floats
from ..pretrained.generators import StyleGAN2
from .distances import Features

FIRST_SEED = 3 * 2**30  # of the persons that are measured: neither a data set's nor of a trainer's bank
PERSONS = 64
BATCH = 16
LINES, STEPS = 8, 24


@dataclass(frozen=True)
class Distance:
    """Means over the pictures: L1, range [-1, 1], and that of the features as a share of the truth's size."""

    l1: float
    mobilenet: float


@dataclass(frozen=True)
class Steps:
    """The distances of neighbours along lines in z: features' mean difference, as a share of the features' size."""

    mean: float
    largest: float


@dataclass(frozen=True)
class DrawnReport:
    """What `measure_drawn` found; position k of a list is swap location k."""

    model: list[Distance]
    mean: list[Distance]
    persons: int
    walk: Steps
    drawn_walk: Steps

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def markdown(self) -> str:
        lines = [
            "| swap location | L1 | of the mean picture | MobileNetV2 distance | of the mean picture |",
            "|---:|---:|---:|---:|---:|",
        ]
        for k, (own, mean) in enumerate(zip(self.model, self.mean, strict=True)):
            lines.append(f"| {k} | {own.l1:.4f} | {mean.l1:.4f} | {own.mobilenet:.3f} | {mean.mobilenet:.3f} |")
        lines += [
            "",
            f"{self.persons} persons that no training has seen, no noise, full truncation (psi 1).",
            f"{LINES} lines of {STEPS} steps in z: a step changes {self.walk.mean:.3f} of MobileNetV2's features on "
            f"average, {self.walk.largest:.3f} at most; of the drawn persons' {self.drawn_walk.mean:.3f} and "
            f"{self.drawn_walk.largest:.3f}.",
        ]
        return "\n".join(lines) + "\n"


@torch.inference_mode()
def measure_drawn(
    generator: StyleGAN2, features: Features, *, persons: int = PERSONS, seed: int = FIRST_SEED, progress: bool = False
) -> DrawnReport:
    """Measure a StyleGAN2 whose z stand for drawn persons, as those of the preset `demo-drawn` do."""
    random = torch.Generator().manual_seed(seed)
    z = torch.stack([torch.from_numpy(z_of_seed(seed + i, generator.w_dim)).float() for i in range(persons)])
    others = (titles_of(z) + 1 + torch.randint(len(TITLES) - 1, (persons,), generator=random)) % len(TITLES)
    own, other = generator.mapping(z), generator.mapping(z_in_titles(z, others))
    groups = groups_of_layers(generator.num_ws)
    truths = {
        group: as_floats(drawn_of(z, generator.size, others=others, from_group=group))
        for group in tqdm(sorted(set(groups)), desc="drawing", disable=not progress)
    }
    mean = torch.cat(list(truths.values())).mean(dim=0, keepdim=True)
    described = {group: features.of(truth) for group, truth in truths.items()}
    model = []
    for k, group in enumerate(tqdm(groups, desc="generating", disable=not progress)):
        ws = swap_at(own, other, location=k)
        drawn = torch.cat([generator.synthesis(part, noise_mode="none").cpu() for part in ws.split(BATCH)])
        model.append(_distance(drawn, truths[group], described[group], features))
    mean_of = {
        group: _distance(mean.expand_as(truth), truth, described[group], features) for group, truth in truths.items()
    }
    walk, drawn_walk = _walks(generator, features, z[:LINES])
    return DrawnReport(model, [mean_of[group] for group in groups], persons, walk, drawn_walk)


def _walks(generator: StyleGAN2, features: Features, z: Tensor) -> tuple[Steps, Steps]:
    """From each z [N, D] to the next one in the same title: as the model draws it, and as the hand does."""
    ends = z_in_titles(z.roll(-1, dims=0), titles_of(z))
    along = torch.linspace(0, 1, STEPS + 1)[None, :, None]
    points = (z[:, None] + (ends - z)[:, None] * along).flatten(0, 1)
    images = [generator.synthesis(generator.mapping(part), noise_mode="none").cpu() for part in points.split(BATCH)]
    return (
        _steps(torch.cat(images).clamp(-1, 1), len(z), features),
        _steps(as_floats(drawn_of(points, generator.size)), len(z), features),
    )


def _steps(images: Tensor, lines: int, features: Features) -> Steps:
    found = features.of(images).unflatten(0, (lines, -1))
    size = found.abs().sum(dim=2).mean()
    step = found.diff(dim=1).abs().sum(dim=2) / size
    return Steps(float(step.mean()), float(step.max()))


def _distance(images: Tensor, truth: Tensor, wanted: Tensor, features: Features) -> Distance:
    images = images.clamp(-1, 1)
    share = (features.of(images) - wanted).abs().sum(dim=1) / wanted.abs().sum(dim=1)
    return Distance(float((images - truth).abs().mean()), float(share.mean()))
