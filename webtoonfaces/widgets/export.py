"""An explorer as one page for a browser: pictures drawn beforehand, under the scripts that the explorer itself uses."""

from __future__ import annotations

import base64
import html
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ..errors import BadInputError
from ..files import replacing
from ..images import encode, scaled
from ..rendering.recipe import Picture
from .frontend import HERE
from .pictures import STEP, data_uri

SIDES = (384, 320, 256, 192, 128, 96)  # px that are tried, the largest first
QUALITY = 82
MB = 10**6


@dataclass(frozen=True)
class Page:
    """Pictures to walk among, row by row.

    columns : in a row.     place : the column and the row to begin with; a fraction on a pad is between two.
    corners : pictures of a pad's corners; () for two strips, whose places are called `across` and `down`.
    """

    title: str
    pictures: Sequence[Picture]
    columns: int
    place: tuple[float, float]
    corners: Sequence[Picture] = ()
    across: tuple[str, Sequence[str]] = ("", ())
    down: tuple[str, Sequence[str]] = ("", ())


def write_page(
    page: Page, path: str | os.PathLike[str], *, draw: Callable[[Picture], Image.Image], most_mb: float
) -> Path:
    """Draw a page's pictures and write it; returns the path. Raises BadInputError where it cannot be so small."""
    path = Path(path).expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise BadInputError(f"A page ends in .html; {path.name!r} ends otherwise.")
    drawn = [draw(picture) for picture in page.pictures]
    corners = [data_uri(draw(corner), side=STEP) for corner in page.corners]
    for text in _pages(page, drawn, corners):
        content = text.encode()
        if len(content) <= most_mb * MB:
            with replacing(path) as draft:
                draft.write_bytes(content)
            return path
    raise BadInputError(f"{len(drawn)} pictures do not fit into {most_mb:g} MB. Give more with most_mb=...")


def _pages(page: Page, drawn: Sequence[Image.Image], corners: Sequence[str]) -> Iterator[str]:
    """The page, with ever smaller pictures."""
    for side in SIDES:
        if side != SIDES[-1] and side / 2 >= max(max(picture.size) for picture in drawn):
            continue  # nothing is won by enlarging that much
        jpegs = [encode(scaled(picture, side), "JPEG", quality=QUALITY) for picture in drawn]
        content = {
            "columns": page.columns,
            "place": page.place,
            "corners": corners,
            "across": {"title": page.across[0], "labels": list(page.across[1])},
            "down": {"title": page.down[0], "labels": list(page.down[1])},
            "pictures": [f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" for jpeg in jpegs],
        }
        yield _filled(page.title, content)


def _filled(title: str, content: dict[str, object]) -> str:
    def text(name: str) -> str:
        return (HERE / name).read_text(encoding="utf-8")

    script = "pad.js" if content["corners"] else "strip.js"
    parts = {
        "TITLE": html.escape(title),
        "STYLE": text("pad.css") + text("strip.css") + text("page.css"),
        "WIDGET": base64.b64encode(text(script).encode()).decode(),
        "CONTENT": json.dumps(content).replace("<", "\\u003c"),
        "SCRIPT": text("page.js"),
    }
    page = text("page.html")
    for name, value in parts.items():
        page = page.replace(f"{{{{{name}}}}}", value)
    return page
