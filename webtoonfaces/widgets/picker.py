"""A place to choose or drop a picture; the plain upload button where custom widgets cannot load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w
import traitlets as t

from .explorer import plain_only

HERE = Path(__file__).parent
Deliver = Callable[[str, bytes], None]
TOO_LARGE = "Files over 10 MB do not arrive from here: type the path of a larger one."


class PlainPicker(w.VBox):
    """ipywidgets' own upload button, with the traits of the real picker."""

    note = t.Unicode("")
    busy = t.Bool(False)

    def __init__(self, label: str, deliver: Deliver):
        self._upload = w.FileUpload(accept="image/*", multiple=False, description=label)
        self._words = w.Label(TOO_LARGE)
        super().__init__([self._upload, self._words])
        t.dlink((self, "note"), (self._words, "value"), lambda note: note or TOO_LARGE)
        self._deliver = deliver
        self._upload.observe(lambda change: self._uploaded(change["new"]), "value")

    def _uploaded(self, value: Any) -> None:
        for name, content in uploaded(value):
            self._deliver(name, content)


def uploaded(value: Any) -> list[tuple[str, bytes]]:
    """Names and contents of a FileUpload's value: ipywidgets 7 gives a dict of names, 8 a tuple of files."""
    if isinstance(value, dict):
        return [(str(name), bytes(file["content"])) for name, file in value.items()]
    return [(str(file["name"]), bytes(file["content"])) for file in value]


def make_picker(label: str, deliver: Deliver) -> Any:
    """The picker that this place can show; `deliver(name, content)` is called with each picture.

    Traits: `note`, a line under the button; `busy`, whether what was given is being worked on.
    """
    if plain_only():
        return PlainPicker(label, deliver)
    try:
        import anywidget
    except ImportError:
        return PlainPicker(label, deliver)

    class Picker(anywidget.AnyWidget):
        _esm = HERE / "picker.js"
        _css = HERE / "picker.css"
        label = t.Unicode("").tag(sync=True)
        note = t.Unicode("").tag(sync=True)
        busy = t.Bool(False).tag(sync=True)

    def heard(_: Any, content: Any, buffers: list[Any]) -> None:
        if isinstance(content, dict) and content.get("kind") == "photo" and buffers:
            deliver(str(content.get("name"))[:255], bytes(buffers[0]))

    made = Picker(label=label, layout=w.Layout(width="100%"))
    made.on_msg(heard)
    return made
