"""Controls that are hidden under titles. The Accordion of ipywidgets cannot be opened without a mouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import ipywidgets as w

from .groups import heading, row


class Accordion(w.VBox):
    """A row of titles, each of which shows and hides its widgets below the row, under the same title.

    All are hidden at first.
    """

    def __init__(self, parts: Mapping[str, Sequence[w.Widget]]):
        buttons, panels = [], []
        for title, content in parts.items():
            button = w.ToggleButton(value=False, description=title, icon="caret-right", layout=w.Layout(width="auto"))
            layout = w.Layout(display="none", width="100%", padding="4px 0 8px 0")
            panel = w.VBox([heading(title), *content], layout=layout)
            button.observe(partial(_turn, button, panel), "value")
            buttons.append(button)
            panels.append(panel)
        super().__init__([row(*buttons), *panels], layout=w.Layout(width="100%"))
        self.add_class("wf-accordion")


def _turn(button: w.ToggleButton, panel: w.VBox, change: Any) -> None:
    panel.layout.display = "" if change.new else "none"
    button.icon = "caret-down" if change.new else "caret-right"
