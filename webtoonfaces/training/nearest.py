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
from .metrics import BATCH, Features, data_rows, describe, describe_data, read

COLUMNS = 8
HELD_OUT_LIMIT = 200  # held-out pictures that show how far a newcomer is


@dataclass(frozen=True)
class Neighbours:
    """For each of N samples its nearest training picture, by one kind of features.

    rows : index into the data set, int64 [N].      mirrored : whether the mirrored picture is the nearest, bool [N].
    distances : root mean square difference of the vectors, [N].
    held_out : median distance of pictures that were held out of training, the measure of a newcomer; None without any.
    """

    label: str
    rows: Tensor
    mirrored: Tensor
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
    mirror: bool = False,
    held_out: PictureFolder | None = None,
    progress: bool = False,
) -> list[Neighbours]:
    """The pictures of `data` nearest to each of `samples`, uint8 [N, 3, H, W], by each of `features`.

    With `mirror` the mirrored pictures count, too; `data` itself, and `held_out`, are given without them.
    """
    found = []
    for feature in features:
        known = describe_data(data, feature, limit=None, progress=progress).vectors
        distances, rows, mirrored = _nearest(samples, feature, known, mirror)
        newcomers = None
        if held_out is not None:
            others = torch.cat(list(read(held_out, data_rows(held_out, limit=HELD_OUT_LIMIT))))
            newcomers = float(_nearest(others, feature, known, mirror)[0].median())
        found.append(Neighbours(feature.label, rows, mirrored, distances, newcomers))
    return found


def _nearest(pictures: Tensor, feature: Features, known: Tensor, mirror: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Distance, row and whether mirrored. The few pictures are mirrored rather than the many that are known."""
    sides = [pictures, pictures.flip(3)] if mirror else [pictures]
    found = [torch.cdist(describe(side.split(BATCH), [feature])[0], known).min(dim=1) for side in sides]
    distances, side = torch.stack([each.values for each in found]).min(dim=0)  # [N]
    rows = torch.stack([each.indices for each in found]).gather(0, side[None])[0]
    return distances / known.shape[1] ** 0.5, rows, side == 1


def nearest_sheet(samples: Tensor, data: PictureFolder, neighbours: Sequence[Neighbours]) -> Image.Image:
    """Bands of eight samples, below each its nearest pictures, one row for each kind of features."""
    if not len(samples):
        raise BadInputError("There is no sample to show. Ask for at least one.")
    rows = [to_pil(as_floats(samples))]
    labels = [["sample"] * len(samples)]
    for kind in neighbours:
        pictures = torch.cat(list(read(data, kind.rows.tolist())))
        pictures = torch.where(kind.mirrored.view(-1, 1, 1, 1), pictures.flip(3), pictures)
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
