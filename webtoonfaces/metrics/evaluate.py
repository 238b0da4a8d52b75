"""The measurements of `webtoonfaces evaluate`: from a model and a data set to a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from ..data.factors import Z_DIM
from ..data.folder import PictureFolder, load_in_memory
from ..data.pairs import Pairs
from ..errors import BadInputError
from ..pretrained.networks import best_device
from . import distances, drawn, pairs, swap
from .classifier import load_or_train_classifier
from .distances import Features, Scale, Score
from .drawn import DrawnReport
from .nearest import Neighbours, nearest, nearest_sheet
from .pairs import PairReport
from .samples import EvaluatedModel, load_evaluated, samples
from .swap import SwapReport
from .table import write_row

CURVE_LOCATIONS = (2, 3)  # the swap locations whose rates are in a run's table; they give the most pleasing results


@dataclass(frozen=True)
class KidEntry:
    """KID on one kind of features, with reference values."""

    label: str
    score: Score
    scale: Scale
    frechet: float

    def references(self) -> dict[str, float]:
        """At most three reference values: label -> KID."""
        found = {"two halves of the data": self.scale.halves.value}
        if self.scale.titles:
            ranked = sorted(self.scale.titles.items(), key=lambda item: item[1].value)
            for words, ((a, b), score) in (("nearest titles", ranked[0]), ("farthest titles", ranked[-1])):
                found[f"{words}, {a} and {b}"] = score.value
        return found


@dataclass(frozen=True)
class KidReport:
    """The result of `measure_kid`; `markdown` gives it as text."""

    model: EvaluatedModel
    conditions: str
    entries: tuple[KidEntry, ...]

    def scores(self) -> dict[str, Score]:
        """The entries of a run's table: column -> score."""
        return {f"{entry.label}, {self.conditions}": entry.score for entry in self.entries}

    def references(self) -> dict[str, dict[str, float]]:
        return {f"{entry.label}, {self.conditions}": entry.references() for entry in self.entries}

    def markdown(self) -> str:
        lines = [f"KID of {self.model}, {self.conditions}", "", "| | " + " | ".join(e.label for e in self.entries)]
        lines[-1] += " |"
        lines.append("|---|" + "---:|" * len(self.entries))
        lines.append("| **samples** | " + " | ".join(f"**{e.score}**" for e in self.entries) + " |")
        lines.append("| two halves of the data | " + " | ".join(str(e.scale.halves) for e in self.entries) + " |")
        for a, b in self.entries[0].scale.titles:
            cells = " | ".join(str(e.scale.titles[a, b]) for e in self.entries)
            lines.append(f"| {a} against {b} | {cells} |")
        lines.append("| Fréchet distance (not FID) | " + " | ".join(f"{e.frechet:.3f}" for e in self.entries) + " |")
        return "\n".join(lines) + "\n"


def measure_kid(
    source: str | Path,
    data: str | Path,
    *,
    count: int = distances.SAMPLES,
    psi: float = 1.0,
    seed: int = 0,
    subset_size: int = distances.SUBSET_SIZE,
    mirror: bool | None = None,
    device: str | None = None,
    progress: bool = True,
) -> KidReport:
    """KID between `count` samples of a StyleGAN2 and a data set, on MobileNetV2 and on the title classifier.

    source : as in `load_evaluated`.        psi : truncation; 1 truncates nothing.
    seed : of the first sample; the others follow.       mirror : whether mirrored pictures belong to the data set; None
    means as in the run of the checkpoint, and yes if that is not known.
    The classifier is not used for a data set with a single title.
    """
    place = best_device(device)
    model = load_evaluated(source, "stylegan2", device=place)
    folder = _folder(data, model, mirror)
    # Checked before the slow part:
    distances.check_enough(min(count, len(distances.data_rows(folder))), subset_size=subset_size)
    kinds = [distances.mobilenet_features(device=place)]
    if len(folder.titles) > 1:
        classifier = load_or_train_classifier(data, device=place, progress=progress)
        kinds.append(distances.classifier_features(classifier, device=place))
    drawn = distances.describe(_samples(model, count, seed, psi, False), kinds, total=count, progress=progress)
    entries = tuple(
        _entry(kind, vectors, folder, subset_size=subset_size, progress=progress)
        for kind, vectors in zip(kinds, drawn, strict=True)
    )
    return KidReport(model, _conditions(count, psi, folder.mirror), entries)


def _entry(kind: Features, drawn: Tensor, folder: PictureFolder, *, subset_size: int, progress: bool) -> KidEntry:
    real = distances.describe_data(folder, kind, progress=progress)
    return KidEntry(
        f"KID on {kind.label}",
        distances.kid(real.vectors, drawn, subset_size=subset_size),
        distances.kid_scale(real, folder.titles, subset_size=subset_size),
        distances.frechet(real.vectors, drawn),
    )


def measure_fid(
    source: str | Path,
    data: str | Path,
    *,
    count: int = distances.SAMPLES,
    psi: float = 1.0,
    seed: int = 0,
    mirror: bool | None = None,
    device: str | None = None,
    progress: bool = True,
) -> tuple[EvaluatedModel, dict[str, Score]]:
    """FID between `count` samples of a StyleGAN2 and a data set; see `measure_kid`.

    Raises MissingExtraError without the extra `inception`.
    """
    place = best_device(device)
    model = load_evaluated(source, "stylegan2", device=place)
    folder = _folder(data, model, mirror)
    value = distances.fid(folder, _samples(model, count, seed, psi, progress), device=place)
    return model, {f"FID, {_conditions(count, psi, folder.mirror)}": Score(value, 0.0)}


def measure_nearest(
    source: str | Path,
    data: str | Path,
    *,
    count: int = 16,
    psi: float = 1.0,
    seed: int = 0,
    mirror: bool | None = None,
    device: str | None = None,
    progress: bool = True,
) -> tuple[list[Neighbours], Image.Image]:
    """The training pictures nearest to `count` samples of a StyleGAN2, by MobileNetV2 and by pixels, and a sheet."""
    place = best_device(device)
    model = load_evaluated(source, "stylegan2", device=place)
    folder = _folder(data, model, mirror)
    kinds = [distances.mobilenet_features(device=place), distances.pixel_features()]
    drawn = torch.cat(list(_samples(model, count, seed, psi, progress)))
    neighbours = nearest(drawn, folder, kinds, progress=progress)
    return neighbours, nearest_sheet(drawn, folder, neighbours)


def measure_swap(
    source: str | Path,
    data: str | Path,
    *,
    pairs: int = swap.PAIRS,
    seed: int = 0,
    size: int | None = None,
    device: str | None = None,
    progress: bool = True,
) -> tuple[EvaluatedModel, SwapReport]:
    """Reconstruction error, style transfer rate and structure match of a Swapping Autoencoder on held-out pictures.

    size : side in px at which pictures are encoded and drawn; None takes the size that the model was trained at.
    """
    place = best_device(device)
    model = load_evaluated(source, "swapae", size=size, device=place)
    held_out = PictureFolder(data, size=model.handle.size, split="held_out")
    swap.check_counts(len(held_out), pairs)  # checked before the slow training of a classifier
    classifier = load_or_train_classifier(data, device=place, progress=progress)
    pictures, labels = load_in_memory(held_out)
    report = swap.measure_swaps(model.handle, classifier, pictures, labels, pairs=pairs, seed=seed, progress=progress)
    return model, report


def swap_scores(report: SwapReport) -> dict[str, Score]:
    """The entries of a swap report in a run's table; rates have their standard errors."""
    found = {"reconstruction L1": Score(report.l1, 0.0)}
    for name, rates in (("style transfer", report.style_transfer), ("structure match", report.structure_match)):
        for k in CURVE_LOCATIONS:
            error = (rates[k] * (1 - rates[k]) / report.pairs) ** 0.5
            found[f"{name} at {k}, {report.pairs} pairs"] = Score(rates[k], error)
    return found


def measure_pairs(
    source: str | Path,
    data: str | Path,
    *,
    swaps: int = pairs.SWAPS,
    seed: int = 0,
    size: int | None = None,
    device: str | None = None,
    progress: bool = True,
) -> tuple[EvaluatedModel, PairReport]:
    """A Swapping Autoencoder's swaps of held-out persons against what should have been drawn; see `metrics.pairs`.

    data : titles with equal file names, as `data drawn` makes them.        size : as in `measure_swap`.
    """
    if swaps < 1:
        raise BadInputError(f"At least one swap is to be measured, not {swaps}.")
    place = best_device(device)
    model = load_evaluated(source, "swapae", size=size, device=place)
    held_out = Pairs(data, size=model.handle.size, split="held_out")
    report = pairs.measure_pairs(
        model.handle,
        load_or_train_classifier(data, device=place, progress=progress),
        distances.mobilenet_features(device=place),
        held_out,
        locations=model.handle.num_ws,
        swaps=pairs.choose_swaps(len(held_out.names), len(held_out.titles), count=swaps, seed=seed),
        progress=progress,
    )
    return model, report


def pair_scores(report: PairReport) -> dict[str, Score]:
    """The columns that a report on pairs adds to a run's table."""
    found = {}
    rebuilt = len(report.model) - 1
    for name, one in (
        *((f"at {k}", report.model[k]) for k in (0, CURVE_LOCATIONS[0])),
        ("of reconstructions", report.model[rebuilt]),
        ("from photo-like", report.photo),
    ):
        if one is not None:
            found[f"L1 {name}, {report.swaps} swaps"] = Score(one.l1, 0.0)
            error = (one.title_rate * (1 - one.title_rate) / report.swaps) ** 0.5
            found[f"title rate {name}, {report.swaps} swaps"] = Score(one.title_rate, error)
    return found


def measure_drawn(
    source: str | Path, *, persons: int = drawn.PERSONS, device: str | None = None, progress: bool = True
) -> tuple[EvaluatedModel, DrawnReport]:
    """A StyleGAN2's pictures against the drawn persons that its z stand for; see `metrics.drawn`."""
    if persons < 1:
        raise BadInputError(f"At least one person is to be measured, not {persons}.")
    place = best_device(device)
    model = load_evaluated(source, "stylegan2", device=place)
    if model.handle.w_dim < Z_DIM:
        raise BadInputError(f"A z of {model.handle.w_dim} numbers stands for nobody: a drawn person takes {Z_DIM}.")
    features = distances.mobilenet_features(device=place)
    return model, drawn.measure_drawn(model.handle, features, persons=persons, progress=progress)


def drawn_scores(report: DrawnReport) -> dict[str, Score]:
    """The columns that a report on drawn persons adds to a run's table."""
    middle = len(report.model) // 2
    return {
        f"L1 to the drawn person {name}, {report.persons} persons": Score(report.model[k].l1, 0.0)
        for name, k in (("of z", 0), (f"at {middle}", middle))
    }


def record(
    model: EvaluatedModel,
    scores: dict[str, Score],
    *,
    start_of: str | Path | None = None,
    references: dict[str, dict[str, float]] | None = None,
) -> Path | None:
    """Write scores into the table of the model's run, or as row 0 of the run `start_of`; None without a run."""
    if start_of is not None:
        run = Path(start_of)
        if not run.is_dir():
            raise BadInputError(f"There is no run in {run}. Give the folder of a run with --start-of.")
        return write_row(run, step=0, kimg=0.0, checkpoint=model.file, scores=scores, references=references)
    if model.run is None:
        return None
    return write_row(
        model.run.folder,
        step=model.run.step,
        kimg=model.run.kimg,
        checkpoint=model.file,
        scores=scores,
        references=references,
    )


def _folder(data: str | Path, model: EvaluatedModel, mirror: bool | None) -> PictureFolder:
    mirrored = mirror if mirror is not None else model.mirror is not False
    return PictureFolder(data, size=model.handle.size, mirror=mirrored)


def _samples(model: EvaluatedModel, count: int, seed: int, psi: float, progress: bool) -> Iterator[Tensor]:
    batches = samples(model.handle, range(seed, seed + count), psi=psi)
    yield from tqdm(batches, desc="drawing", unit="batch", disable=not progress)


def _conditions(count: int, psi: float, mirror: bool) -> str:
    told = [f"{count:,} samples"]
    if psi != 1:
        told.append(f"psi {psi:g}")
    if not mirror:
        told.append("no mirrored data")
    return ", ".join(told)
