"""The training pictures that are nearest to samples, which show whether a generator copies them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from ..data.folder import BATCH, PictureFolder, read
from ..errors import BadInputError
from ..images import as_floats, contact_sheet, to_pil
from .distances import Features, data_rows, describe, describe_data

COLUMNS = 8
SMALLEST_CELL = 128  # px, enough for a caption
HELD_OUT_LIMIT = 200  # held-out pictures for the usual distance of a new picture


@dataclass(frozen=True)
class Neighbours:
    """For each of N samples its nearest training picture, by one kind of features.

    rows : index into the data set, int64 [N].      mirrored : whether the mirrored picture is the nearest, [N].
    distances : root mean square difference of the vectors, [N].
    held_out : median distance of held-out pictures, the usual distance of a new picture; None if there are none.
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
    samples: Tensor, data: PictureFolder, features: Sequence[Features], *, progress: bool = False
) -> list[Neighbours]:
    """The training pictures of `data` nearest to each of `samples`, uint8 [N, 3, H, W], by each of `features`.

    `data` is the whole data set with its held-out pictures, whose distances are measured for comparison. Its mirrored
    pictures, if it has any, are included.
    """
    rows = torch.tensor(data_rows(data, limit=None))
    held_out = torch.tensor([data.entries[row % len(data.entries)].held_out for row in rows.tolist()])
    newcomers = torch.cat(list(read(data, rows[held_out][:HELD_OUT_LIMIT].tolist()))) if held_out.any() else None
    found = []
    for feature in features:
        known = describe_data(data, feature, limit=None, progress=progress).vectors[~held_out]
        distances, places, mirrored = _nearest(samples, feature, known, data.mirror)
        usual = None
        if newcomers is not None:
            usual = float(_nearest(newcomers, feature, known, data.mirror)[0].median())
        found.append(Neighbours(feature.label, rows[~held_out][places], mirrored, distances, usual))
    return found


def _nearest(pictures: Tensor, feature: Features, known: Tensor, mirror: bool) -> tuple[Tensor, Tensor, Tensor]:
    """For each of `pictures` the distance and index of the nearest of `known`, and whether it is nearest mirrored.

    The few pictures are mirrored instead of the many known ones, whose vectors exist for one orientation only.
    """
    sides = [pictures, pictures.flip(3)] if mirror else [pictures]
    found = []
    for shown in sides:
        (vectors,) = describe(shown.split(BATCH), [feature])
        # The faster algorithm is not exact for small distances, which would show a copy.
        found.append(torch.cdist(vectors, known, compute_mode="donot_use_mm_for_euclid_dist").min(dim=1))
    distances, side = torch.stack([each.values for each in found]).min(dim=0)  # [N]
    rows = torch.stack([each.indices for each in found]).gather(0, side[None])[0]
    return distances / known.shape[1] ** 0.5, rows, side == 1


def nearest_sheet(samples: Tensor, data: PictureFolder, neighbours: Sequence[Neighbours]) -> Image.Image:
    """Eight samples in a row; below each its nearest pictures, in a row for each kind of features."""
    if not len(samples):
        raise BadInputError("There are no samples to show. Ask for at least one.")
    rows = [to_pil(as_floats(samples))]
    labels = [["sample"] * len(samples)]
    for kind in neighbours:
        pictures = torch.cat(list(read(data, kind.rows.tolist())))
        pictures = torch.where(kind.mirrored.view(-1, 1, 1, 1), pictures.flip(3), pictures)
        rows.append(to_pil(as_floats(pictures)))
        labels.append([f"{kind.label} {distance:.3f}" for distance in kind.distances.tolist()])
    cells: list[Image.Image | None] = []
    captions: list[str | None] = []
    for start in range(0, len(samples), COLUMNS):
        for row, words in zip(rows, labels, strict=True):
            blank = [None] * (COLUMNS - len(row[start : start + COLUMNS])) if len(samples) > COLUMNS else []
            cells += [*row[start : start + COLUMNS], *blank]
            captions += [*words[start : start + COLUMNS], *blank]
    columns, side = min(COLUMNS, len(samples)), max(SMALLEST_CELL, samples.shape[3])
    return contact_sheet(cells, columns=columns, gap=4, margin=8, background="white", labels=captions, cell=side)
