"""Controls that belong together: a group under a heading, a row, and a line that explains them."""

from __future__ import annotations

import html
from typing import TypeVar

import ipywidgets as w

Named = TypeVar("Named", bound=w.Widget)


def heading(text: str) -> w.HTML:
    """The line above some controls."""
    made = w.HTML(html.escape(text))
    made.add_class("wf-heading")
    return made


def group(title: str, *controls: w.Widget) -> w.VBox:
    """The controls in a frame, under a heading."""
    made = w.VBox([heading(title), *controls])
    made.add_class("wf-group")
    return made


def row(*controls: w.Widget) -> w.Box:
    """The controls side by side, in several lines where there is no room."""
    made = w.Box(list(controls))
    made.add_class("wf-row")
    return made


def named(control: Named, text: str) -> Named:
    """The control with a tooltip, which is also its name where it has no label."""
    setattr(control, "tooltip" if control.has_trait("tooltip") else "description_tooltip", text)  # ipywidgets 8 or 7
    return control


def hint(text: str) -> w.HTML:
    """A line in small letters."""
    made = w.HTML(html.escape(text))
    made.add_class("wf-hint")
    return made
