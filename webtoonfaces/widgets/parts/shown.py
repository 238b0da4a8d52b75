"""The controls of `FaceStudio` that say what is shown: the view, the faces in it, and the title of the portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ...webtoonize.portrait import titles
from .groups import row
from .sliders import LABEL_WIDTH, wide

if TYPE_CHECKING:
    from ..face_studio import FaceStudio

VIEWS = (("face", "face"), ("before | after", "both"), ("drawn | webtoon", "drawn"), ("whole photo", "photo"))


def shown_controls(studio: FaceStudio) -> list[w.Widget]:
    """The controls, which follow the studio's traits and set them."""
    view = w.ToggleButtons(options=VIEWS, style={"button_width": "auto"})
    every = w.Checkbox(
        value=False, description="all faces", indent=False, layout=w.Layout(width="auto", margin="2px 8px")
    )
    title = w.Dropdown(
        options=titles(),
        value=studio.title,
        description="drawn as",
        style={"description_width": LABEL_WIDTH},
        layout=wide(),
    )

    def picked(change: Any) -> None:
        """Who chooses a title by hand wants to see it."""
        if change["new"] != studio.title:
            with studio.together():
                studio.title, studio.view = change["new"], "drawn"

    title.observe(picked, "value")
    for name, control in {"view": view, "every_face": every, "title": title}.items():
        studio.bind(name, control)
    return [row(view, every), title]
