"""A row of small pictures, one of which is chosen; plain buttons where custom widgets cannot load."""

from __future__ import annotations

import base64
from typing import Any

import anywidget
import ipywidgets as w
import traitlets as t

from ..lifetime import close_tree
from . import source

SIDE = 64  # px of a picture in the plain strip


class Strip(anywidget.AnyWidget):
    """The row: `thumbnails` are data URIs, `value` is a place in the row.

    A `value` between two places marks neither of them: the strip follows a slider, which may stand there.
    """

    _esm = source("strip.js")
    _css = source("strip.css")
    value = t.Float(0.0).tag(sync=True)
    title = t.Unicode().tag(sync=True)
    labels = t.List(t.Unicode()).tag(sync=True)
    thumbnails = t.List(t.Unicode()).tag(sync=True)


class PlainStrip(w.Box):
    """Pictures above buttons, with the traits of `Strip`; `labels` may become more and fewer."""

    value = t.Float(0.0)
    title = t.Unicode()
    labels = t.List(t.Unicode())
    thumbnails = t.List(t.Unicode())

    def __init__(self, *, labels: list[str], title: str, **traits: Any):
        self._cells: list[w.VBox] = []
        self._images: list[w.Image] = []
        self._buttons: list[w.Button] = []
        super().__init__(labels=labels, title=title, **traits)
        self.layout.flex_flow = "row wrap"
        self.observe(lambda _: self._fit(), "labels")
        self.observe(lambda _: self._mark(), "value")
        self.observe(lambda _: self._paint(), "thumbnails")
        self._fit()

    def _fit(self) -> None:
        """A picture and a button for each label."""
        for index, label in enumerate(self.labels[len(self._buttons) :], start=len(self._buttons)):
            self._images.append(w.Image(format="jpeg", width=SIDE, height=SIDE))
            button = w.Button(description=label, tooltip=f"{self.title} {label}", layout=w.Layout(width=f"{SIDE}px"))
            button.on_click(lambda _, index=index: setattr(self, "value", float(index)))
            self._buttons.append(button)
            self._cells.append(w.VBox([self._images[-1], button]))
        gone = self._cells[len(self.labels) :]
        for kept in (self._cells, self._images, self._buttons):
            del kept[len(self.labels) :]
        self.children = tuple(self._cells)
        close_tree(*gone)
        self._mark()
        self._paint()

    def _mark(self) -> None:
        for index, button in enumerate(self._buttons):
            button.button_style = "primary" if index == self.value else ""

    def _paint(self) -> None:
        for image, uri in zip(self._images, self.thumbnails, strict=False):
            content = base64.b64decode(uri.partition(",")[2])
            if image.value != content:
                image.value = content
