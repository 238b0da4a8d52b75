"""The picture of a model card: small results of a network that were not selected by hand.

For a StyleGAN2 they are the samples of the seeds 0 to 63; for a Swapping Autoencoder pictures held out of its training,
at even distances: four of them in the styles of eight others.
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
from ..errors import BadInputError
from ..images import as_floats, contact_sheet, to_pil
from ..pretrained.generators import StyleGAN2, SwappingAutoencoder

SAMPLES, SAMPLE_COLUMNS = 64, 16
STRUCTURES, STYLES, LOCATION = 4, 8, 2
CELL, MOST_COLOURS = 64, 256  # side of a cell in px; a palette makes the file a third as large


def card_sheet(family: str, networks: Mapping[str, Any], *, data: str | Path | None, size: int) -> Image.Image:
    """The sheet of a "stylegan2" or "swapae" with the averaged `networks`.

    data, size : the pictures that a SwapAE was trained on, and their side in px.

    Raises `BadInputError` if a SwapAE's data set does not exist any more or has too few held-out pictures.
    """
    sheet = _samples(networks) if family == "stylegan2" else _swaps(networks, data, size)
    return sheet.quantize(MOST_COLOURS)


def _samples(networks: Mapping[str, Any]) -> Image.Image:
    generator = StyleGAN2(networks["g_ema"], device="cpu")
    pictures = generator.render(generator.sample_ws(range(SAMPLES)))
    return contact_sheet(pictures, columns=SAMPLE_COLUMNS, cell=CELL)


def _swaps(networks: Mapping[str, Any], data: str | Path | None, size: int) -> Image.Image:
    """Styles in the first row, structures in the first column; a cell is its row's structure in its column's style."""
    swapae = SwappingAutoencoder(networks["e_ema"], networks["g_ema"], device="cpu")
    images = _held_out(data, size)
    structure, style = swapae.encode(images)
    pictures = to_pil(images)
    cells: list[Image.Image | None] = [None, *pictures[STRUCTURES:]]
    for row in range(STRUCTURES):
        swapped = swap_at(style[row : row + 1], style[STRUCTURES:], location=LOCATION)
        cells += [pictures[row], *swapae.render(structure[row : row + 1], swapped)]
    return contact_sheet(cells, columns=1 + STYLES, cell=CELL)


def _held_out(data: str | Path | None, size: int) -> Tensor:
    """Float pictures [STRUCTURES + STYLES, 3, size, size] in [-1, 1], spread over all titles."""
    if data is None or not Path(data).exists():
        raise BadInputError(f"The data set {data} does not exist, so no pictures can be swapped.")
    folder = PictureFolder(data, size=size, split="held_out")
    if len(folder) < STRUCTURES + STYLES:
        raise BadInputError(f"{data} has {len(folder)} held-out pictures; a sheet needs {STRUCTURES + STYLES}.")
    places = np.linspace(0, len(folder) - 1, STRUCTURES + STYLES).round().astype(int)
    chosen = [*places[1::3], *(place for i, place in enumerate(places) if i % 3 != 1)]
    return as_floats(torch.cat(list(read(folder, [int(place) for place in chosen]))))
