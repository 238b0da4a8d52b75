"""Controls that belong together: a group under a heading, a row, and a line that explains them."""

from __future__ import annotations

import html

import ipywidgets as w


def group(heading: str, *controls: w.Widget) -> w.VBox:
    """The controls in a frame, under a heading."""
    title = w.HTML(html.escape(heading))
    title.add_class("wf-heading")
    made = w.VBox([title, *controls])
    made.add_class("wf-group")
    return made


def row(*controls: w.Widget) -> w.Box:
    """The controls side by side, in several lines where there is no room."""
    made = w.Box(list(controls))
    made.add_class("wf-row")
    return made


def hint(text: str) -> w.HTML:
    """A line in small letters."""
    made = w.HTML(html.escape(text))
    made.add_class("wf-hint")
    return made
