"""What an explorer asks of the page around it: keys, undo, names for the controls, a still picture. Shows nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import ipywidgets as w
import traitlets as t

from . import source


class Shell(anywidget.AnyWidget):
    """A child of the explorer's root. The stylesheet of all explorers comes with it.

    actions : called, without arguments, when the page sends the message of that name: "shown" (a page shows it),
    "press" and "release" (of the pointer inside the explorer), "undo", "redo", "copied", "not copied".
    """

    _esm = source("shell.js")
    _css = source("explorer.css")
    owner = t.Unicode("", help="The id of the explorer's model.").tag(sync=True)

    def __init__(self, owner: str, actions: Mapping[str, Callable[[], Any]]):
        super().__init__(owner=owner, layout=w.Layout(display="none"))

        def received(_: Any, content: Any, _buffers: list[Any]) -> None:
            if isinstance(content, dict) and content.get("kind") in actions:
                actions[content["kind"]]()

        self.on_msg(received)

    def copy(self, text: str) -> None:
        """Put a text on the clipboard of the one who looks at the page; "copied" or "not copied" answers."""
        self.send({"kind": "copy", "text": text})
