"""Distances between drawn pictures and a data set: KID and Frechet distances, with reference values.

KID is the kernel inception distance of Binkowski et al. 2018 (arXiv:1801.01401): degree 3, the mean over 10 subsets
of 500 pictures. Here it is measured on features of MobileNetV2 and of the title classifier instead of Inception's, and
its name always says on which. FID (Heusel et al. 2017, arXiv:1706.08500) is defined on Inception's features: the same
distance on other features is called a Frechet distance.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from ..data.folder import PictureFolder, content_key, read
from ..errors import BadInputError, MissingExtraError
from ..images import as_floats, shrink
from ..models.mobilenet import fused
from ..pretrained.mobilenet import load_mobilenet
from .cache import cache_path, remembered
from .classifier import TrainedClassifier

SUBSETS = 10
SUBSET_SIZE = 500
SAMPLES = 10_000
DATA_LIMIT = 10_000  # for KID, at most this many pictures of a data set are used, spread evenly
PIXEL_SIDE = 32
MOBILENET_SIDE = 224  # px, the size that it was trained at


@dataclass(frozen=True)
class Features:
    """A function from pictures to vectors.

    label : for output.       key : identifies the function in keys of the cache.
    of : pictures, float [N, 3, H, W] in [-1, 1] -> float32 [N, D] on the CPU.
    """

    label: str
    key: str
    of: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Described:
    """Vectors, float32 [N, D], of a data set's pictures and the indices of their titles, int64 [N]."""

    vectors: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Score:
    """A value and its spread: the standard deviation between KID's subsets, a rate's standard error, or 0."""

    value: float
    spread: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ± {self.spread:.4f}" if self.spread else f"{self.value:.4f}"


@dataclass(frozen=True)
class Scale:
    """Reference values for a KID: between two halves of the data set, and between pairs of titles."""

    halves: Score
    titles: dict[tuple[str, str], Score]


# ------------------------------------------------------------------------------------------------------- features


def mobilenet_features(*, device: str | torch.device = "cpu") -> Features:
    """MobileNetV2's 1280 pooled features of pictures resized to 224 px.

    Small pictures are enlarged to the size that it was trained at. Without that its features are several times as
    large, and KID, which depends on their sixth power, cannot be compared.
    """
    network = fused(load_mobilenet(device))
    # The maps of eight pictures fit into a CPU's cache; a GPU is faster with more at once.
    chunk = 8 if torch.device(device).type == "cpu" else 256

    def of(images: Tensor) -> Tensor:
        return torch.cat([network(shrink(part.to(device), MOBILENET_SIDE)) for part in images.split(chunk)]).cpu()

    return Features("MobileNetV2", "mobilenet", of)


def classifier_features(classifier: TrainedClassifier, *, device: str | torch.device = "cpu") -> Features:
    """The title classifier's 128 features, which are not used in any training."""
    return Features(
        "the title classifier",
        f"title-{classifier.key}",
        lambda images: classifier.network.features(images.to(device)).cpu(),
    )


def pixel_features() -> Features:
    """The pixels of the picture, resized to 32 px: [N, 3072]."""
    return Features("pixels", f"pixels-{PIXEL_SIDE}", lambda images: shrink(images, PIXEL_SIDE).flatten(1).cpu())


@torch.inference_mode()
def describe(
    batches: Iterable[Tensor], features: Sequence[Features], *, total: int | None = None, progress: bool = False
) -> list[Tensor]:
    """For each of `features` the vectors [N, D] of all pictures, given as batches of uint8 [n, 3, H, W].

    Drawn pictures are rounded to 256 levels too, so that both sides are treated equally.
    """
    found: list[list[Tensor]] = [[] for _ in features]
    with tqdm(total=total, unit="picture", disable=not progress) as bar:
        for pictures in batches:
            images = as_floats(pictures)
            for parts, feature in zip(found, features, strict=True):
                parts.append(feature.of(images).float())
            bar.update(len(pictures))
    return [torch.cat(parts) for parts in found]


def describe_data(
    data: PictureFolder, features: Features, *, limit: int | None = DATA_LIMIT, progress: bool = False
) -> Described:
    """The vectors of the pictures that `data_rows` selects; cached with a key made from the data set's content."""

    rows = data_rows(data, limit=limit)

    def make() -> tuple[dict[str, Tensor], dict[str, str]]:
        (vectors,) = describe(read(data, rows), [features], total=len(rows), progress=progress)
        labels = torch.tensor([data.titles.index(data.entries[row % len(data.entries)].title) for row in rows])
        return {"vectors": vectors, "labels": labels}, {"features": features.label}

    tensors, _ = remembered(cache_path("features", *_content(data), len(rows), features.key), make)
    return Described(tensors["vectors"], tensors["labels"])


def data_rows(data: PictureFolder, *, limit: int | None = DATA_LIMIT) -> list[int]:
    """The rows of the pictures that represent a data set: each once, or `limit` of them, spread evenly.

    If the data set has mirrored pictures, every second picture is mirrored: the same distribution for half the work.
    """
    total = len(data.entries)
    count = min(total, limit) if limit is not None else total
    rows = [row * total // count for row in range(count)]
    return [row + total * (data.mirror and place % 2) for place, row in enumerate(rows)]


def _content(data: PictureFolder) -> tuple[Any, ...]:
    held_out = {entry.held_out for entry in data.entries}
    return content_key(data.source.path), len(data.entries), sorted(held_out), data.size, data.mirror


# ------------------------------------------------------------------------------------------------------ distances


def kid(real: Tensor, drawn: Tensor, *, subsets: int = SUBSETS, subset_size: int = SUBSET_SIZE, seed: int = 0) -> Score:
    """Kernel distance between two sets of vectors, [N, D] and [M, D]; 0 is expected for equal distributions.

    The estimator is unbiased, so a value may be slightly negative, and sets of different sizes can be compared.

    Raises BadInputError if a set is smaller than `subset_size`.
    """
    check_enough(min(len(real), len(drawn)), subset_size=subset_size)
    from torchmetrics.image.kid import KernelInceptionDistance

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Metric `Kernel Inception Distance`")  # about its use of memory
        metric = KernelInceptionDistance(feature=nn.Identity(), subsets=subsets, subset_size=subset_size, degree=3)
    metric.update(real, real=True)
    metric.update(drawn, real=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # the metric chooses the subsets with the global generator
        value, spread = metric.compute()
    return Score(float(value), float(spread))


def check_enough(fewest: int, *, subset_size: int) -> None:
    """BadInputError if the smaller side has fewer pictures than a subset of KID needs."""
    if fewest < subset_size:
        raise BadInputError(
            f"KID compares subsets of {subset_size} pictures, and one side has only {fewest}. Give more pictures, or "
            "a smaller subset size."
        )


def kid_scale(described: Described, titles: Sequence[str], *, subset_size: int = SUBSET_SIZE, seed: int = 0) -> Scale:
    """KID between two random halves of a data set, and between each title and the next, the last and the first.

    If a half or a title has fewer pictures than a subset needs, the subsets are as large as possible.
    """
    vectors, labels = described.vectors, described.labels
    order = torch.randperm(len(vectors), generator=torch.Generator().manual_seed(seed))
    groups = {title: vectors[labels == index] for index, title in enumerate(titles)}
    groups = {title: group for title, group in groups.items() if len(group) > 1}

    def between(a: Tensor, b: Tensor) -> Score:
        return kid(a, b, subset_size=min(subset_size, len(a), len(b)), seed=seed)

    halves = between(vectors[order[: len(order) // 2]], vectors[order[len(order) // 2 :]])
    names = list(groups)
    ring = zip(names, names[1:] + names[:1], strict=True) if len(names) > 2 else [tuple(names)] * (len(names) == 2)
    return Scale(halves, {(a, b): between(groups[a], groups[b]) for a, b in ring})


def frechet(real: Tensor, drawn: Tensor) -> float:
    """Frechet distance between the normal distributions fitted to two sets of vectors, [N, D] and [M, D].

    Only on Inception's features it is FID; on others its values have another scale.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=_Vectors(real.shape[1]))
    metric.update(real, real=True)
    metric.update(drawn, real=False)
    return float(metric.compute())


def fid(data: PictureFolder, batches: Iterable[Tensor], *, device: str | torch.device = "cpu") -> float:
    """FID between a data set and drawn pictures, given as batches of uint8 [n, 3, H, W]; 2048 Inception features.

    The data set's statistics are computed once and cached with a key made from its content.

    Raises MissingExtraError without the extra `inception`.
    """
    metric = _inception().to(device)

    def make() -> tuple[dict[str, Tensor], dict[str, str]]:
        for pictures in read(data, data_rows(data, limit=None)):
            metric.update(pictures.to(device), real=True)
        return {name: getattr(metric, name) for name in _STATISTICS}, {}

    statistics, _ = remembered(cache_path("inception", *_content(data)), make)
    for name in _STATISTICS:
        setattr(metric, name, statistics[name].to(device))
    for pictures in batches:
        metric.update(pictures.to(device), real=False)
    return float(metric.compute())


_STATISTICS = ("real_features_sum", "real_features_cov_sum", "real_features_num_samples")


def _inception() -> Any:
    from torchmetrics.image.fid import FrechetInceptionDistance

    try:
        return FrechetInceptionDistance(feature=2048)
    except ModuleNotFoundError as error:
        raise MissingExtraError("FID", "inception", "torch-fidelity") from error


class _Vectors(nn.Identity):
    """Returns vectors that were computed before; `num_features` is their length."""

    def __init__(self, length: int):
        super().__init__()
        self.num_features = length
