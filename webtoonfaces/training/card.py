"""The picture of a model card: small results of a network that were not selected by hand.

For a StyleGAN2 they are the samples of the seeds 0 to 63; for a Swapping Autoencoder pictures held out of its training,
at even distances: four of them in the styles of eight others; for an upscaler parts of held-out drawings.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..codes import swap_at
from ..data.folder import PictureFolder, read
from ..data.pairs import Pairs
from ..data.small import SmallPictures
from ..errors import BadInputError
from ..images import as_floats, contact_sheet, to_pil
from ..pretrained.generators import StyleGAN2, SwappingAutoencoder
from ..pretrained.upscaler import Upscaler

SAMPLES, SAMPLE_COLUMNS = 64, 16
STRUCTURES, STYLES, LOCATION = 4, 8, 2
ENLARGED, PART = 6, 48  # pictures that an upscaler enlarges; side in px of the part of each small one
CELL, MOST_COLOURS = 64, 256  # side of a cell in px; a palette makes the file a third as large


def card_sheet(
    family: str, networks: Mapping[str, Any], *, data: str | Path | None, size: int | None, pairs: bool = False
) -> Image.Image:
    """The sheet of a "stylegan2", "swapae" or "upscaler" with the averaged `networks`.

    data, size : the pictures that the model was trained on, and their side in px, which an upscaler does not have.
    pairs : whether it was trained by pairs, which hold out whole persons.

    Raises `BadInputError` if a SwapAE's or an upscaler's data set does not exist any more or has too few held-out
    pictures.
    """
    if family == "stylegan2":
        sheet = _samples(networks)
    elif family == "upscaler":
        sheet = _enlarged(networks, data)
    elif size is None:
        raise BadInputError("A Swapping Autoencoder's pictures have a size.")
    else:
        sheet = _swaps(networks, _held_out_persons(data, size) if pairs else _held_out(data, size))
    return sheet.quantize(MOST_COLOURS)


def _samples(networks: Mapping[str, Any]) -> Image.Image:
    generator = StyleGAN2(networks["g_ema"], device="cpu")
    pictures = generator.render(generator.sample_ws(range(SAMPLES)))
    return contact_sheet(pictures, columns=SAMPLE_COLUMNS, cell=CELL)


def _swaps(networks: Mapping[str, Any], images: Tensor) -> Image.Image:
    """Styles in the first row, structures in the first column; a cell is its row's structure in its column's style."""
    swapae = SwappingAutoencoder(networks["e_ema"], networks["g_ema"], device="cpu")
    structure, style = swapae.encode(images)
    pictures = to_pil(images)
    cells: list[Image.Image | None] = [None, *pictures[STRUCTURES:]]
    for row in range(STRUCTURES):
        swapped = swap_at(style[row : row + 1], style[STRUCTURES:], location=LOCATION)
        cells += [pictures[row], *swapae.render(structure[row : row + 1], swapped)]
    return contact_sheet(cells, columns=1 + STYLES, cell=CELL)


def _enlarged(networks: Mapping[str, Any], data: str | Path | None) -> Image.Image:
    """Parts of held-out drawings at 100 %: enlarged by bicubic interpolation, by the network, and as they are drawn."""
    upscaler = Upscaler(networks["g_ema"], device="cpu")
    pictures = SmallPictures(Pairs(_existing(data), split="held_out", limit=2))
    rows: list[list[Image.Image]] = [[], [], []]
    for index in np.linspace(0, len(pictures) - 1, ENLARGED).round().astype(int):
        small = to_pil(as_floats(pictures[int(index)][0]))[0]
        large = to_pil(as_floats(pictures.large_of(int(index))))[0]
        side = min(PART, small.width)
        corner = (small.width - side) // 2
        box = (4 * corner, 4 * corner, 4 * (corner + side), 4 * (corner + side))
        plain = small.resize(large.size, Image.Resampling.BICUBIC)
        for row, picture in zip(rows, (plain, upscaler.enlarged(small), large), strict=True):
            row.append(picture.crop(box))
    return contact_sheet([picture for row in rows for picture in row], columns=ENLARGED)


def _held_out(data: str | Path | None, size: int) -> Tensor:
    """Float pictures [STRUCTURES + STYLES, 3, size, size] in [-1, 1], spread over all titles."""
    folder = PictureFolder(_existing(data), size=size, split="held_out")
    if len(folder) < STRUCTURES + STYLES:
        raise BadInputError(f"{data} has {len(folder)} held-out pictures; a sheet needs {STRUCTURES + STYLES}.")
    places = np.linspace(0, len(folder) - 1, STRUCTURES + STYLES).round().astype(int)
    chosen = [*places[1::3], *(place for i, place in enumerate(places) if i % 3 != 1)]
    return as_floats(torch.cat(list(read(folder, [int(place) for place in chosen]))))


def _held_out_persons(data: str | Path | None, size: int) -> Tensor:
    """The same of a data set of pairs: no two pictures show one person, and half of the structures are photo-like."""
    pairs = Pairs(_existing(data), size=size, split="held_out", limit=STRUCTURES + STYLES)
    count = len(pairs.names)
    if count < STRUCTURES + STYLES:
        raise BadInputError(f"{data} has {count} held-out persons; a sheet needs {STRUCTURES + STYLES}.")
    shown = [pairs.pictures[row, row * len(pairs.titles) // count] for row in range(count)]
    if pairs.photos is not None:
        shown[:STRUCTURES:2] = pairs.photos[:STRUCTURES:2]
    return as_floats(torch.stack(shown))


def _existing(data: str | Path | None) -> str | Path:
    if data is None or not Path(data).exists():
        raise BadInputError(f"The data set {data} does not exist, so no pictures can be swapped.")
    return data
