"""The figures that show numbers: the titles of a data set, and FID during training. Uses matplotlib without pyplot."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from ..errors import BadInputError
from ..images import contact_sheet
from .inputs import Inputs, margin_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEMO_DATASET = Path(__file__).with_name("demo_dataset.json")
DPI, MARGIN = 120, margin_for(160)
MOST_TITLES = 150  # bars; a folder can contain any number of folders
BLUE = "#1f77b4"

# As published by the authors of naver-webtoon-faces in its README; they measured it over 10,000 samples.
PUBLISHED = (
    ("FFHQ", "256.54"),
    ("50k", "11.73"),
    ("100k", "9.29"),
    ("150k", "8.87"),
    ("200k", "8.11"),
    ("250k", "7.41"),
)
PUBLISHED_TITLE = "FID over 10,000 samples, as published\nin the README of naver-webtoon-faces"


@dataclass(frozen=True)
class Table:
    """A table of text: rows under a header."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def dataset(inputs: Inputs) -> Image.Image:
    """A bar for the number of pictures of each title, and the total; of the data set given, or of the demo data."""
    if inputs.given is not None:
        from ..data.folder import info

        return bar_chart(info(_path(inputs.given, "a folder or zip of pictures")).titles)
    if not inputs.is_demo:
        raise BadInputError(
            "It is not known which pictures this model was trained on. Give them as images='folder' (--data FOLDER on "
            "the command line): a folder or zip in which each folder is a title."
        )
    return bar_chart(json.loads(DEMO_DATASET.read_text(encoding="utf-8"))["titles"])


def bar_chart(titles: Mapping[str, int]) -> Image.Image:
    """Title -> count, as bars in the order given; only the 150 largest, if there are more."""
    from matplotlib.figure import Figure

    kept = sorted(titles, key=titles.__getitem__, reverse=True)[:MOST_TITLES]
    names = [title for title in titles if title in set(kept)]
    counts = [titles[name] for name in names]
    figure = Figure(figsize=(max(6, 1.5 + 0.22 * len(names)), 3.6), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    bars = axes.bar(range(len(names)), counts, width=0.7, color=BLUE)
    if len(names) <= 20:
        axes.bar_label(bars, labels=[f"{count:,}" for count in counts], fontsize=8, padding=2)
    shown = [name if len(name) <= 24 else f"{name[:22]}..." for name in names]
    long = len(names) > 8
    axes.set_xticks(
        range(len(names)), shown, rotation=90 if long else 0, fontsize=8, parse_math=False, fontfamily=_fonts()
    )
    axes.set_title(f"{len(titles):,} titles, {sum(titles.values()):,} pictures", fontsize=11)
    axes.margins(y=0.12)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_axisbelow(True)
    axes.grid(axis="y", alpha=0.4)
    axes.tick_params(length=0, labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return _picture(figure)


def fid(inputs: Inputs) -> Image.Image:
    """The published table, and the measurements of the run whose folder was given, if any."""
    tables = [Table(PUBLISHED_TITLE, ("Iteration", "FID"), PUBLISHED)]
    if inputs.given is not None:
        tables.append(_measured(_path(inputs.given, "the folder of a run")))
    return table_picture(tables)


def table_picture(tables: Sequence[Table]) -> Image.Image:
    """Tables side by side."""
    from matplotlib.figure import Figure

    widths = [max(3.6, 1.2 * len(table.header)) for table in tables]
    most = 1 + max(len(table.rows) for table in tables)
    figure = Figure(figsize=(sum(widths), 0.7 + 0.3 * most), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(tables), squeeze=False, width_ratios=widths)[0]
    for axes, table in zip(panels, tables, strict=True):
        _draw_table(axes, table, most)
    return _picture(figure)


def _draw_table(axes: Any, table: Table, most: int) -> None:
    """Draw a table; `most` rows fill the axes, so that several tables have rows of the same height."""
    axes.set_axis_off()
    axes.set_title(table.title, fontsize=10, parse_math=False)
    rows = [table.header, *table.rows]
    drawn = axes.table(
        cellText=rows, cellLoc="center", edges="horizontal", bbox=(0, 1 - len(rows) / most, 1, len(rows) / most)
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(10)
    for (row, _), cell in drawn.get_celld().items():
        cell.set_edgecolor("#bbbbbb")
        cell.get_text().set(parse_math=False, fontweight="bold" if row == 0 else "normal")


def _measured(run: Path) -> Table:
    """The measurements that `webtoonfaces evaluate` wrote into the folder of a run."""
    from ..metrics.table import read_table

    table = read_table(run)
    rows = [
        [f"{row.step:,}", *(str(row.scores[label]) if label in row.scores else "" for label in table.labels)]
        for row in table.rows
    ]
    return Table(f"Measured on {table.run}", ("Iteration", *table.labels), rows)


def _path(given: Any, what: str) -> Path:
    one = given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given
    if not isinstance(one, (str, os.PathLike)):
        raise BadInputError(f"This figure is made from the path of {what}: images='path'.")
    return Path(one)


def _fonts() -> list[str]:
    """matplotlib's own font, then the installed fonts with East Asian scripts, since titles are often Korean."""
    from matplotlib import font_manager

    east = ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo")
    here = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in east if name in here)]


def _picture(figure: Figure) -> Image.Image:
    """The figure as a picture, in a black margin."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return contact_sheet([buffer.getvalue()], margin=MARGIN)
