"""Keeps the keys that are pressed in an explorer from the notebook around it. Shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import ipywidgets as w

from . import source


class Keys(anywidget.AnyWidget):
    """A child of the explorer's root. `shown` is called when a page shows it, and so the explorer."""

    _esm = source("keys.js")

    def __init__(self, shown: Callable[[], None]):
        super().__init__(layout=w.Layout(display="none"))

        def received(_: Any, content: Any, _buffers: list[Any]) -> None:
            if isinstance(content, dict) and content.get("kind") == "shown":
                shown()

        self.on_msg(received)
