"""How far a Swapping Autoencoder's swaps are from what should have been drawn, at every swap location.

On a data set of exact pairs the truth of a swap is known: the source's person in the style's title at the locations 0
and 1, in a mixture of both titles in between, and the source itself where all layers keep its style. Three numbers
compare a swap with it:

* L1, the mean absolute difference, range [-1, 1];
* the MobileNetV2 distance: the summed absolute difference of the 1280 pooled features, as a share of the truth's sum;
* the title rate: how often the title classifier says the same of both.

Two copies stand beside the model, for scale: the source unchanged, and the mean of the held-out pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..codes import swap_at
from ..data.pairs import MIXED_GROUPS, Pairs, groups_of_locations
from ..images import as_floats
from .classifier import TrainedClassifier
from .distances import Features
from .swap import BATCH, AutoEncoder

SWAPS = 96
MEASURES = ("L1", "MobileNetV2 distance", "title rate")


@dataclass(frozen=True)
class Closeness:
    """The three means over the swaps of one kind."""

    l1: float
    mobilenet: float
    title_rate: float


@dataclass(frozen=True)
class PairReport:
    """What `measure_pairs` found; position k of a list is swap location k, None where no truth is known.

    model, source, mean : of the swaps, the unchanged source and the mean picture.
    photo : of swaps at location 0 from photo-like pictures; None where the data set has none.
    accuracy : of the classifier on held-out pictures.      persons, swaps : how many were held out, and swapped.
    """

    model: list[Closeness | None]
    source: list[Closeness | None]
    mean: list[Closeness | None]
    photo: Closeness | None
    accuracy: float
    persons: int
    swaps: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def markdown(self) -> str:
        """The curve of every measure beside its copies."""
        lines = ["| swap location |"]
        for measure in MEASURES:
            lines[0] += f" {measure} | of the source | of the mean picture |"
        lines.append("|---:|" + "---:|" * 3 * len(MEASURES))
        for k, row in enumerate(zip(self.model, self.source, self.mean, strict=True)):
            cells = [cell for i in range(len(MEASURES)) for cell in (_cells(one)[i] for one in row)]
            lines.append(f"| {k} | " + " | ".join(cells) + " |")
        if self.photo is not None:
            found = zip(MEASURES, _cells(self.photo), strict=True)
            told = ", ".join(f"{measure} {value}" for measure, value in found)
            lines += ["", f"From photo-like pictures, at location 0: {told}."]
        lines += [
            "",
            f"{self.swaps} swaps between {self.persons} held-out persons, no noise. The title classifier knows "
            f"{self.accuracy:.1%} of held-out pictures.",
        ]
        if None in self.model:
            lines.append("Locations without numbers need persons.jsonl, which says who is shown.")
        return "\n".join(lines) + "\n"


def _cells(found: Closeness | None) -> tuple[str, str, str]:
    if found is None:
        return ("",) * 3
    return f"{found.l1:.4f}", f"{found.mobilenet:.3f}", f"{found.title_rate:.1%}"


@dataclass(frozen=True)
class Swap:
    """Whom and what one swap takes: rows of persons, columns of titles."""

    person: int
    title: int
    other_person: int
    other_title: int


def choose_swaps(persons: int, titles: int, *, count: int, seed: int = 0) -> list[Swap]:
    """Swaps between different persons in different titles; each person is a source equally often."""
    random = torch.Generator().manual_seed(seed)

    def another(than: int, of: int) -> int:
        return (than + 1 + int(torch.randint(of - 1, (), generator=random))) % of

    swaps = []
    for i in range(count):
        person, title = i % persons, int(torch.randint(titles, (), generator=random))
        swaps.append(Swap(person, title, another(person, persons), another(title, titles)))
    return swaps


@torch.inference_mode()
def measure_pairs(
    model: AutoEncoder,
    classifier: TrainedClassifier,
    features: Features,
    pairs: Pairs,
    *,
    locations: int,
    swaps: Sequence[Swap],
    progress: bool = False,
) -> PairReport:
    """Measure `model`, which has `locations` + 1 swap locations, on persons that it was not trained on."""
    groups = groups_of_locations(locations)
    judge = _Judge(classifier, features)
    every = as_floats(pairs.pictures.float().mean(dim=(0, 1))[None])  # [1, 3, S, S]
    found: dict[tuple[str, int], list[Tensor]] = {}

    def note(name: str, k: int, seen: _Described, truth: _Described) -> None:
        found.setdefault((name, k), []).append(_compare(seen, truth))

    parts = [swaps[start : start + BATCH] for start in range(0, len(swaps), BATCH)]
    for part in tqdm(parts, desc="swapping", disable=not progress):
        source = as_floats(torch.stack([pairs.pictures[swap.person, swap.title] for swap in part]))
        reference = as_floats(torch.stack([pairs.pictures[swap.other_person, swap.other_title] for swap in part]))
        (structure, own), (_, other) = model.encode(source), model.encode(reference)
        truths = {
            group: judge.describe(truth) for group in set(groups) if (truth := _truth(pairs, part, group)) is not None
        }
        copies = {"source": judge.describe(source), "mean": judge.describe(every.expand_as(source))}
        for k, group in enumerate(groups):
            if group not in truths:
                continue
            swapped = model.decode(structure, swap_at(own, other, location=k))
            for name, seen in {"model": judge.describe(swapped), **copies}.items():
                note(name, k, seen, truths[group])
        if pairs.photos is not None:
            photos = as_floats(torch.stack([pairs.photos[swap.person] for swap in part]))
            note("photo", 0, judge.describe(model.decode(model.encode(photos)[0], other)), truths[0])

    def closeness(name: str, k: int) -> Closeness | None:
        return Closeness(*torch.cat(found[name, k]).mean(dim=0).tolist()) if (name, k) in found else None

    curves = {name: [closeness(name, k) for k in range(locations + 1)] for name in ("model", "source", "mean")}
    return PairReport(
        **curves, photo=closeness("photo", 0), accuracy=classifier.accuracy, persons=len(pairs.names), swaps=len(swaps)
    )


def _truth(pairs: Pairs, swaps: Sequence[Swap], group: int) -> Tensor | None:
    """What should be drawn where the groups from number `group` on are the other title's; None if nobody knows."""
    if group in MIXED_GROUPS and len(pairs.persons) < len(pairs.names):
        return None
    return as_floats(torch.stack([pairs.drawn(swap.person, swap.title, swap.other_title, group) for swap in swaps]))


@dataclass(frozen=True)
class _Described:
    """Pictures, their features [N, D] and what the classifier takes them for [N]."""

    images: Tensor
    features: Tensor
    titles: Tensor


@dataclass(frozen=True)
class _Judge:
    classifier: TrainedClassifier
    features: Features

    def describe(self, images: Tensor) -> _Described:
        images = images.cpu().clamp(-1, 1)
        return _Described(images, self.features.of(images), self.classifier.titles_of(images).cpu())


def _compare(found: _Described, truth: _Described) -> Tensor:
    """The three measures of every picture, [N, 3]."""
    l1 = (found.images - truth.images).abs().mean(dim=(1, 2, 3))
    distance = (found.features - truth.features).abs().sum(dim=1) / truth.features.abs().sum(dim=1)
    return torch.stack([l1, distance, (found.titles == truth.titles).float()], dim=1)
