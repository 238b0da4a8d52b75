"""A row of small pictures, one of which is chosen; plain buttons where custom widgets cannot load."""

from __future__ import annotations

import base64
from typing import Any

import anywidget
import ipywidgets as w
import traitlets as t

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
    """Pictures above buttons, with the traits of `Strip`."""

    value = t.Float(0.0)
    title = t.Unicode()
    labels = t.List(t.Unicode())
    thumbnails = t.List(t.Unicode())

    def __init__(self, *, labels: list[str], title: str, **traits: Any):
        self._images = [w.Image(format="jpeg", width=SIDE, height=SIDE) for _ in labels]
        self._buttons = [
            w.Button(description=label, tooltip=f"{title} {label}", layout=w.Layout(width=f"{SIDE}px"))
            for label in labels
        ]
        for index, button in enumerate(self._buttons):
            button.on_click(lambda _, index=index: setattr(self, "value", float(index)))
        cells = [w.VBox([image, button]) for image, button in zip(self._images, self._buttons, strict=True)]
        super().__init__(cells, labels=labels, title=title, **traits)
        self.layout.flex_flow = "row wrap"
        self.observe(lambda _: self._mark(), "value")
        self.observe(lambda _: self._paint(), "thumbnails")
        self._mark()

    def _mark(self) -> None:
        for index, button in enumerate(self._buttons):
            button.button_style = "primary" if index == self.value else ""

    def _paint(self) -> None:
        for image, uri in zip(self._images, self.thumbnails, strict=False):
            image.value = base64.b64decode(uri.partition(",")[2])
