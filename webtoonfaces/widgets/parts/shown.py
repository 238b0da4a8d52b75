"""The controls of `FaceStudio` that say what is shown: the view, the faces in it, and the title of the portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ...webtoonize.portrait import titles
from .groups import named, row
from .sliders import LABEL_WIDTH, wide

if TYPE_CHECKING:
    from ..face_studio import FaceStudio

VIEWS = (("face", "face"), ("before | after", "both"), ("portrait | webtoon", "drawn"), ("whole photo", "photo"))
HINTS = (
    "The face as a webtoon",
    "The photo's face, what the webtoon starts from, and the webtoon",
    "The portrait that is drawn by rule, and the webtoon",
    "The webtoon, put back into the photo",
)


def shown_controls(studio: FaceStudio) -> list[w.Widget]:
    """The controls, which follow the studio's traits and set them."""
    view = w.ToggleButtons(options=VIEWS, tooltips=HINTS, style={"button_width": "auto"})
    every = w.Checkbox(
        value=False, description="all faces of the photo", indent=False, layout=w.Layout(width="auto", margin="2px 8px")
    )
    named(every, "Redraw every face of the whole photo, and not only the picked one")
    title = w.Dropdown(
        options=titles(),
        value=studio.title,
        description="portrait",
        style={"description_width": LABEL_WIDTH},
        layout=wide(),
    )

    named(title, "The title in whose manner the portrait is drawn")

    def picked(change: Any) -> None:
        """Who chooses a title by hand wants to see it."""
        if change["new"] != studio.title:
            with studio.together():
                studio.title, studio.view = change["new"], "drawn"

    title.observe(picked, "value")
    for name, control in {"view": view, "every_face": every, "title": title}.items():
        studio.bind(name, control)
    return [row(view, every), title]
