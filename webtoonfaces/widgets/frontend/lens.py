"""What can be done with the picture on the page: compare it with its source, enlarge it, copy it, download it.

Where custom widgets cannot load, comparing remains.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import anywidget
import ipywidgets as w
import traitlets as t
from PIL import Image

from ...images import load_image
from . import source as text_of

Download = Callable[[], tuple[str, bytes] | None]
LINE = 4  # px, the width of the plain line


class Lens(anywidget.AnyWidget):
    """Buttons under the picture, and the line that is dragged over it.

    `source` says what the picture is compared with, "" where there is nothing, and `result` what it is itself: these
    are the tags of the two halves; `comparing` is true while the line is shown; `before` is the source as a data URI.
    `download`, called when the button is pressed, gives name and bytes, or None.
    """

    _esm = text_of("lens.js")
    _css = text_of("lens.css")
    source = t.Unicode("").tag(sync=True)
    result = t.Unicode("").tag(sync=True)
    comparing = t.Bool(False).tag(sync=True)
    before = t.Unicode("").tag(sync=True)

    def __init__(self, download: Download):
        super().__init__()

        def received(_: Any, content: Any, _buffers: list[Any]) -> None:
            if isinstance(content, dict) and content.get("kind") == "download":
                file = download()
                if file is not None:
                    self.send({"kind": "file", "name": file[0]}, buffers=[file[1]])

        self.on_msg(received)


class PlainLens(w.HBox):
    """The traits of `Lens`, a button and a slider; `laid` makes the picture that shows both.

    `at` is where the line stands, 0 to 1 from the left: the source is left of it.
    """

    source = t.Unicode("")
    result = t.Unicode("")
    comparing = t.Bool(False)
    before = t.Unicode("")
    at = t.Float(0.5)

    def __init__(self) -> None:
        button = w.ToggleButton(value=False, description="Compare", tooltip="Show the source left of a line")
        line = w.FloatSlider(0.5, min=0, max=1, step=0.02, readout=False, description="up to")
        button.layout.width = "auto"
        line.layout.display = "none"
        names = w.Label(layout=w.Layout(display="none"))
        super().__init__([button, line, names])
        self.layout.display = "none"
        w.link((self, "comparing"), (button, "value"))
        w.link((self, "at"), (line, "value"))
        self.observe(lambda change: self._offer(bool(change["new"])), "source")
        self.observe(lambda _: setattr(names, "value", f"{self.source} | {self.result}"), ["source", "result"])
        for shown in (line, names):
            w.dlink((self, "comparing"), (shown.layout, "display"), lambda comparing: None if comparing else "none")

    def _offer(self, there: bool) -> None:
        self.layout.display = None if there else "none"

    def laid(self, picture: Image.Image) -> Image.Image:
        """The picture, and left of the line its source, scaled to the same size."""
        if not (self.comparing and self.before):
            return picture
        before = load_image(base64.b64decode(self.before.partition(",")[2])).resize(picture.size)
        made, edge = picture.copy(), round(self.at * picture.width)
        made.paste(before.crop((0, 0, edge, picture.height)), (0, 0))
        if 0 < edge < picture.width:
            made.paste((255, 255, 255), (max(0, edge - LINE // 2), 0, edge + LINE // 2, picture.height))
        return made
