"""The figures of StyleGAN2: samples, the faces between them, and codes swapped at a layer."""

from __future__ import annotations

from PIL import Image

from .. import codes
from ..webtoonize.face2webtoon import ANCHORS
from .animation import WALK_STEPS, Animation
from .inputs import LARGEST_CELL, Inputs, cell_for, sheet


def samples(inputs: Inputs, *, rows: int = 2, columns: int = 3) -> Image.Image:
    """The samples of rows x columns seeds."""
    return sheet(inputs.samples(rows * columns), columns=columns, cell=cell_for(inputs.generator))


def four_way(inputs: Inputs, *, side: int = 5) -> Image.Image:
    """Four samples in the corners of side x side faces, bilinear in w between them."""
    grid = codes.interpolate(inputs.ws(4), rows=side, cols=side)
    return sheet(inputs.generator.render(grid), columns=side, cell=cell_for(inputs.generator))


def layer_swap(inputs: Inputs, *, side: int = 5) -> Image.Image:
    """Two sets of samples, as first column and row. A cell has its row's code, from the middle layer its column's."""
    generator = inputs.generator
    ws = inputs.ws(2 * side)
    pictures = generator.render(ws)
    cells: list[Image.Image | None] = [None, *pictures[side:]]
    for row in range(side):
        mixed = codes.swap_at(ws[row : row + 1], ws[side:], location=generator.num_ws // 2)
        cells += [pictures[row], *generator.render(mixed)]
    return sheet(cells, columns=1 + side, cell=cell_for(generator))


def exploration(inputs: Inputs) -> Animation:
    """A walk through ten samples, twenty steps from each to the next: 180 frames."""
    walk = codes.loop(inputs.ws(ANCHORS), steps=WALK_STEPS, closed=False)
    pictures = inputs.generator.render(walk)
    return Animation(tuple(sheet([picture], columns=1, cell=LARGEST_CELL) for picture in pictures))
