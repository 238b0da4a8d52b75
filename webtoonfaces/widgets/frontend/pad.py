"""A square to drag in, with a picture in each corner; two sliders where custom widgets cannot load."""

from __future__ import annotations

from typing import Any

import anywidget
import ipywidgets as w
import traitlets as t

from . import source


class Pad(anywidget.AnyWidget):
    """The square. `x` and `y` run from 0 to 1, (0, 0) is top left; `thumbnails` are four data URIs.

    `dragging` is true from the press of the pointer to its release.
    """

    _esm = source("pad.js")
    _css = source("pad.css")
    x = t.Float(0.5, min=0, max=1).tag(sync=True)
    y = t.Float(0.5, min=0, max=1).tag(sync=True)
    dragging = t.Bool(False).tag(sync=True)
    thumbnails = t.List(t.Unicode()).tag(sync=True)


class PlainPad(w.VBox):
    """x and y as two sliders, with the traits of `Pad`."""

    x = t.Float(0.5, min=0, max=1)
    y = t.Float(0.5, min=0, max=1)
    dragging = t.Bool(False)
    thumbnails = t.List(t.Unicode())

    def __init__(self, **traits: Any):
        sliders = {
            name: w.FloatSlider(0.5, min=0, max=1, step=0.01, description=label, readout_format=".2f")
            for name, label in (("x", "across"), ("y", "down"))
        }
        super().__init__(list(sliders.values()), **traits)
        for name, slider in sliders.items():
            t.link((self, name), (slider, "value"))
