"""Arranging pictures: contact sheets, strips and the swap sheet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

from webtoonfaces.errors import BadInputError, ImageError
from webtoonfaces.images._load import ImageSource, as_list, load_image
from webtoonfaces.images._options import Color, Size, as_color, as_size, whole_number
from webtoonfaces.images._sizes import resized

Label: TypeAlias = str | None


def contact_sheet(
    pictures: ImageSource | Iterable[ImageSource | None],
    *,
    columns: int | None = None,
    gap: int = 0,
    margin: int = 0,
    background: Color = "black",
    labels: Sequence[Label] | None = None,
    cell: Size | None = None,
) -> Image.Image:
    """One RGB picture of `pictures` (each anything `load_image` takes, or `None` for a blank cell), row by row.

    `columns` defaults to a number that makes the sheet nearly square; `gap` between and `margin` around the cells are
    in pixels. `cell`, a number or (width, height), defaults to the largest width and height among the pictures.
    Pictures are scaled to fit their cell, keep their proportions and are centred. `labels`, one for each picture or
    `None`, are written below. Raises `ImageError` for an empty list, and for blank cells only without `cell`.
    """
    loaded = [None if picture is None else load_image(picture, background=background) for picture in as_list(pictures)]
    if not loaded:
        raise ImageError("The list of pictures is empty. A sheet needs at least one picture.")
    if labels is not None and len(labels) != len(loaded):
        raise BadInputError(
            f"There are {len(labels)} labels for {len(loaded)} pictures. Give one for each picture, None for no label."
        )
    width, height = _cell_size(loaded, cell)
    columns = math.ceil(math.sqrt(len(loaded))) if columns is None else whole_number(columns, "columns", least=1)
    rows = math.ceil(len(loaded) / columns)
    gap, margin = whole_number(gap, "gap"), whole_number(margin, "margin")
    caption = _Caption(width, height, as_color(background)) if labels is not None else None
    step_x, step_y = width + gap, height + (caption.height if caption else 0) + gap
    size = 2 * margin + columns * step_x - gap, 2 * margin + rows * step_y - gap
    sheet = Image.new("RGB", size, as_color(background))
    for index, picture in enumerate(loaded):
        left, top = margin + index % columns * step_x, margin + index // columns * step_y
        if picture is not None:
            sheet.paste(_fitted(picture, (width, height), as_color(background)), (left, top))
        if caption and labels and labels[index]:
            caption.write(sheet, str(labels[index]), (left, top + height))
    return sheet


def strip(
    pictures: ImageSource | Iterable[ImageSource | None],
    *,
    gap: int = 0,
    margin: int = 0,
    background: Color = "black",
    labels: Sequence[Label] | None = None,
    cell: Size | None = None,
) -> Image.Image:
    """`contact_sheet` in one row."""
    row = as_list(pictures)
    return contact_sheet(
        row, columns=max(1, len(row)), gap=gap, margin=margin, background=background, labels=labels, cell=cell
    )


def frame(picture: ImageSource, *, color: Color = "#ffee00", width: int | None = None) -> Image.Image:
    """A copy of `picture` with a frame inside its edge, `width` pixels wide (default: 1/48 of the shorter side)."""
    framed = load_image(picture)
    width = max(1, round(min(framed.size) / 48)) if width is None else whole_number(width, "width", least=1)
    edges = (0, 0, framed.width - 1, framed.height - 1)
    ImageDraw.Draw(framed).rectangle(edges, outline=as_color(color), width=min(width, (min(framed.size) + 1) // 2))
    return framed


def swap_sheet(
    source: ImageSource,
    reconstruction: ImageSource,
    top_styles: Sequence[ImageSource],
    top_results: Sequence[ImageSource],
    bottom_styles: Sequence[ImageSource] = (),
    bottom_results: Sequence[ImageSource] = (),
    *,
    cell: Size | None = None,
    margin: int | None = None,
    frame_color: Color = "#ffee00",
) -> Image.Image:
    """A sheet of one structure in many styles.

    Row 1: the source, framed, and n top styles. Row 2: the source's reconstruction, and the source in each style above.
    With bottom styles, row 3 is the source in each style below, and row 4 those styles: with n of them the first
    column stays black, n + 1 of them fill it. `cell` is as in `contact_sheet`; `margin`, the black margin in pixels,
    defaults to 1/20 of a cell's width. Raises `ImageError` if the numbers of styles and results do not match.
    """
    top, bottom = len(top_styles), len(bottom_styles)
    if not top or len(top_results) != top or len(bottom_results) != bottom:
        raise ImageError(
            "A swap sheet needs at least one top style and one result for each style; there are "
            f"{top} and {len(top_results)} at the top, {bottom} and {len(bottom_results)} at the bottom."
        )
    if bottom not in (0, top, top + 1):
        raise ImageError(f"{top} top styles go with none, {top} or {top + 1} bottom styles, not {bottom}.")
    blank: list[None] = [None] * (top + 1 - bottom)
    given: list[ImageSource | None] = [source, *top_styles, reconstruction, *top_results]
    if bottom:
        given += [*blank, *bottom_results, *blank, *bottom_styles]
    loaded = [None if picture is None else load_image(picture, background="black") for picture in given]
    size = _cell_size(loaded, cell)
    # Framed after scaling, so that the frame's width does not depend on the size of the source.
    first = frame(_fitted(load_image(source, background="black"), size, (0, 0, 0)), color=frame_color)
    margin = round(size[0] / 20) if margin is None else margin
    return contact_sheet([first, *loaded[1:]], columns=top + 1, margin=margin, cell=size)


def _cell_size(pictures: Iterable[Image.Image | None], cell: Size | None) -> tuple[int, int]:
    if cell is not None:
        return as_size(cell, "cell")
    sizes = [picture.size for picture in pictures if picture is not None]
    if not sizes:
        raise ImageError("Every cell is blank, so the size of a cell is unknown. Give it, for example cell=256.")
    return max(width for width, _ in sizes), max(height for _, height in sizes)


def _fitted(picture: Image.Image, size: tuple[int, int], background: tuple[int, int, int]) -> Image.Image:
    """`picture` scaled to fit into `size` and centred there."""
    scale = min(size[0] / picture.width, size[1] / picture.height)
    inner = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    scaled = resized(picture, inner)
    if inner == size:
        return scaled
    canvas = Image.new("RGB", size, background)
    canvas.paste(scaled, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return canvas


class _Caption:
    """Writes one centred line in a band below a cell; text that is too long ends in an ellipsis."""

    def __init__(self, cell_width: int, cell_height: int, background: tuple[int, int, int]):
        size = min(32, max(10, min(cell_width, cell_height) // 14))
        self.width, self.height = cell_width, round(size * 1.6)
        self.font = ImageFont.load_default(size)
        luminance = 0.299 * background[0] + 0.587 * background[1] + 0.114 * background[2]
        self.color = "black" if luminance > 127 else "white"

    def write(self, sheet: Image.Image, text: str, corner: tuple[int, int]) -> None:
        text = self._shortened(" ".join(text.split()))
        middle = corner[0] + self.width / 2, corner[1] + self.height / 2
        ImageDraw.Draw(sheet).text(middle, text, fill=self.color, font=self.font, anchor="mm")

    def _shortened(self, text: str) -> str:
        room = self.width - 4
        if self.font.getlength(text) <= room:
            return text
        while text and self.font.getlength(f"{text}...") > room:
            text = text[:-1]
        return f"{text.rstrip()}..." if text else ""
