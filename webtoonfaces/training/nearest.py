"""Samples beside the training pictures that are nearest to them: does a generator draw, or does it copy?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from ..errors import BadInputError
from ..images import contact_sheet, to_pil
from .classifier import as_floats
from .data import PictureFolder
from .metrics import Features, data_rows, describe, describe_data, read

COLUMNS = 8


@dataclass(frozen=True)
class Neighbours:
    """For each of N samples its nearest training picture, by one kind of features.

    rows : index into the data set, int64 [N].      distances : root mean square difference of the vectors, [N].
    held_out : median distance of pictures that were held out of training, the measure of a newcomer; None without any.
    """

    label: str
    rows: Tensor
    distances: Tensor
    held_out: float | None

    def __str__(self) -> str:
        beside = f"; held-out pictures {self.held_out:.3f}" if self.held_out is not None else ""
        return f"nearest by {self.label}: median distance {float(self.distances.median()):.3f}{beside}"


def nearest(
    samples: Tensor,
    data: PictureFolder,
    features: Sequence[Features],
    *,
    held_out: PictureFolder | None = None,
    progress: bool = False,
) -> list[Neighbours]:
    """The pictures of `data` nearest to each of `samples`, uint8 [N, 3, H, W], by each of `features`."""
    found = []
    rows = torch.tensor(data_rows(data))
    for feature, vectors in zip(features, describe([samples], features), strict=True):
        known = describe_data(data, feature, progress=progress).vectors
        distances, places = _nearest(vectors, known)
        newcomers = None
        if held_out is not None:
            others = describe_data(held_out, feature, progress=progress).vectors
            newcomers = float(_nearest(others, known)[0].median())
        found.append(Neighbours(feature.label, rows[places], distances, newcomers))
    return found


def _nearest(vectors: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    distances, places = torch.cdist(vectors, known).min(dim=1)
    return distances / known.shape[1] ** 0.5, places


def nearest_sheet(samples: Tensor, data: PictureFolder, neighbours: Sequence[Neighbours]) -> Image.Image:
    """Bands of eight samples, below each its nearest pictures, one row for each kind of features."""
    if not len(samples):
        raise BadInputError("There is no sample to show. Ask for at least one.")
    rows = [to_pil(as_floats(samples))]
    labels = [["sample"] * len(samples)]
    for kind in neighbours:
        pictures = torch.cat(list(read(data, kind.rows.tolist())))
        rows.append(to_pil(as_floats(pictures)))
        labels.append([f"{kind.label}: {distance:.3f}" for distance in kind.distances.tolist()])
    cells: list[Image.Image | None] = []
    captions: list[str | None] = []
    for start in range(0, len(samples), COLUMNS):
        for row, words in zip(rows, labels, strict=True):
            blank = [None] * (COLUMNS - len(row[start : start + COLUMNS])) if len(samples) > COLUMNS else []
            cells += [*row[start : start + COLUMNS], *blank]
            captions += [*words[start : start + COLUMNS], *blank]
    columns = min(COLUMNS, len(samples))
    return contact_sheet(cells, columns=columns, gap=4, margin=8, background="white", labels=captions)
