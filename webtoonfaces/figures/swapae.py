"""The figures of the Swapping Autoencoder: strips between pictures, and one structure in many styles."""

from __future__ import annotations

import torch
from PIL import Image, ImageDraw, ImageFont, ImageOps
from torch import Tensor

from .. import codes
from ..images import swap_sheet
from ..pretrained.generators import SwappingAutoencoder, example_photo
from ..webtoonize.face2webtoon import EncodedFace, StyleEncoder
from .inputs import Inputs, cell_for, framed, margin_for, sheet

STRIP = 8  # pictures in a strip


def swaps(inputs: Inputs, *, pictures: int, location: float) -> Image.Image:
    """The first picture, framed, and the same in the style of each of the others at a swap location."""
    source, *styles = inputs.pictures(pictures)
    return swaps_of(EncodedFace(source, inputs.swapae, align=False), styles, location=location)


def outsider(inputs: Inputs, *, pictures: int, location: float) -> Image.Image:
    """`swaps` of a picture unlike the training data: by default a whole photo in greys."""
    source, *styles = inputs.pictures(pictures, lead=lambda: ImageOps.grayscale(example_photo()).convert("RGB"))
    return swaps_of(EncodedFace(source, inputs.swapae, align=False), styles, location=location)


def swaps_of(portrait: EncodedFace, styles: list[Image.Image], *, location: float) -> Image.Image:
    """The swap sheet of one structure in any number of styles, half of them above it and the rest below."""
    results = portrait.draw(styles_of(styles, portrait.swapae), location=location)
    top = max(1, len(styles) // 2)
    cell = cell_for(portrait.swapae)
    return swap_sheet(
        portrait.picture,
        portrait.rebuild(),
        styles[:top],
        results[:top],
        styles[top:],
        results[top:],
        cell=cell,
        margin=margin_for(cell),
    )


def every_location(inputs: Inputs, *, pictures: int) -> Image.Image:
    """First row: the source, framed, and the styles. Then a row for each swap location, a column for each style."""
    source, *styles = inputs.pictures(pictures)
    swapae, cell = inputs.swapae, cell_for(inputs.swapae)
    portrait = EncodedFace(source, swapae, align=False)
    found = styles_of(styles, swapae)
    cells = [framed(source, cell), *styles]
    for location in range(swapae.num_ws):
        cells += [_number(location, cell), *portrait.draw(found, location=location)]
    return sheet(cells, columns=len(styles) + 1, cell=cell)


def style_strip(inputs: Inputs, *, pictures: int) -> Image.Image:
    """Eight pictures: the structure of the first, and a style that changes from the first picture's to the last's."""
    stops = inputs.pictures(pictures)
    swapae = inputs.swapae
    path = walk(styles_of(stops, swapae), STRIP)
    strip = swapae.render(EncodedFace(stops[0], swapae, align=False).structure, path)
    return sheet(strip, columns=STRIP, cell=cell_for(swapae))


def structure_strip(inputs: Inputs, *, pictures: int) -> Image.Image:
    """Eight pictures: the style of the first, and a structure that changes from the first picture's to the last's."""
    first, *others = inputs.pictures(pictures)
    swapae = inputs.swapae
    alike = [first, *(ImageOps.fit(picture, first.size, Image.Resampling.LANCZOS) for picture in others)]
    portraits = [EncodedFace(picture, swapae, align=False) for picture in alike]
    structures = torch.cat([portrait.structure for portrait in portraits])  # [K, C, h, w]
    path = walk(structures.flatten(2), STRIP).unflatten(2, structures.shape[2:])  # [8, C, h, w]
    return sheet(swapae.render(path, portraits[0].style), columns=STRIP, cell=cell_for(swapae))


def walk(stops: Tensor, count: int) -> Tensor:
    """`count` codes at even steps along the straight lines through the stops: [K, L, D] -> [count, L, D]."""
    place = torch.linspace(0, len(stops) - 1, count, dtype=stops.dtype, device=stops.device)
    before = place.long().clamp(max=len(stops) - 2)
    return codes.lerp(stops[before], stops[before + 1], place - before)


def styles_of(pictures: list[Image.Image], swapae: SwappingAutoencoder) -> Tensor:
    """The style of each picture, [N, L, D]."""
    return StyleEncoder(swapae).gather(pictures)[1]


def _number(number: int, cell: int) -> Image.Image:
    """A black cell with a white number."""
    picture = Image.new("RGB", (cell, cell))
    middle = (cell / 2, cell / 2)
    ImageDraw.Draw(picture).text(middle, str(number), fill="white", font=ImageFont.load_default(cell // 3), anchor="mm")
    return picture
