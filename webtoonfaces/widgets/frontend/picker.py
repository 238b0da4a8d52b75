"""A place to choose or drop a picture; the plain upload button where custom widgets cannot load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import ipywidgets as w
import traitlets as t

from . import source

Deliver = Callable[[str, bytes], None]
TOO_LARGE = "Files over 10 MB do not arrive from here: type the path of a larger one."


class Picker(anywidget.AnyWidget):
    """Calls `deliver(name, content)` with each picture that is chosen or dropped.

    `note` is a line under the button; `busy` is true while what was given is being worked on. A picture is a message
    and no trait, so that no photo is kept with the notebook's widget state.
    """

    _esm = source("picker.js")
    _css = source("picker.css")
    label = t.Unicode("").tag(sync=True)
    note = t.Unicode("").tag(sync=True)
    busy = t.Bool(False).tag(sync=True)

    def __init__(self, label: str, deliver: Deliver):
        super().__init__(label=label, layout=w.Layout(width="100%"))

        def received(_: Any, content: Any, buffers: list[Any]) -> None:
            if isinstance(content, dict) and content.get("kind") == "photo" and buffers:
                deliver(str(content.get("name"))[:255], bytes(buffers[0]))

        self.on_msg(received)


class PlainPicker(w.VBox):
    """The upload button of ipywidgets, with the traits of `Picker`."""

    note = t.Unicode("")
    busy = t.Bool(False)

    def __init__(self, label: str, deliver: Deliver):
        upload = w.FileUpload(accept="image/*", multiple=False, description=label)
        words = w.Label(TOO_LARGE)
        super().__init__([upload, words])
        t.dlink((self, "note"), (words, "value"), lambda note: note or TOO_LARGE)

        def uploaded(change: Any) -> None:
            for name, content in uploads(change["new"]):
                deliver(name, content)

        upload.observe(uploaded, "value")


def uploads(value: Any) -> list[tuple[str, bytes]]:
    """Names and contents of a FileUpload's value: ipywidgets 7 gives a dict of names, 8 a tuple of files."""
    if isinstance(value, dict):
        return [(str(name), bytes(file["content"])) for name, file in value.items()]
    return [(str(file["name"]), bytes(file["content"])) for file in value]
