"""What can be done with the picture on the page: compare it with its source, enlarge it, copy it, download it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets as t

from . import source as text_of

Download = Callable[[], tuple[str, bytes] | None]


class Lens(anywidget.AnyWidget):
    """Buttons under the picture, and the line that is dragged over it.

    `source` says what the picture is compared with, "" where there is nothing; `comparing` is true while the line is
    shown; `before` is the source as a data URI. `download`, called when the button is pressed, gives name and bytes, or
    None.
    """

    _esm = text_of("lens.js")
    _css = text_of("lens.css")
    source = t.Unicode("").tag(sync=True)
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
