"""A square to drag in, with a picture in each corner; two sliders where custom widgets cannot load."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import ipywidgets as w
import traitlets as t
from PIL import Image

from ..images import encode
from .explorer import plain_only

HERE = Path(__file__).parent


class PlainPad(w.VBox):
    """x and y as two sliders, with the traits of the real pad."""

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


def make_pad() -> Any:
    """The pad that this place can show: traits `x`, `y` in [0, 1], `dragging`, `thumbnails` (four data URIs)."""
    if plain_only():
        return PlainPad()
    try:
        import anywidget
    except ImportError:
        return PlainPad()

    class Pad(anywidget.AnyWidget):
        _esm = HERE / "pad.js"
        _css = HERE / "pad.css"
        x = t.Float(0.5, min=0, max=1).tag(sync=True)
        y = t.Float(0.5, min=0, max=1).tag(sync=True)
        dragging = t.Bool(False).tag(sync=True)
        thumbnails = t.List(t.Unicode()).tag(sync=True)

    return Pad(layout=w.Layout(width="100%"))


def thumbnail(picture: Image.Image, *, side: int = 80) -> str:
    """A small JPEG as a data URI."""
    small = picture.resize((side, side), Image.Resampling.LANCZOS)
    return "data:image/jpeg;base64," + base64.b64encode(encode(small, "JPEG", quality=85)).decode()
