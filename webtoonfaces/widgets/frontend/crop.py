"""The photo with its faces framed, to pick one or draw a crop; a picture and two sliders where that cannot load."""

from __future__ import annotations

import anywidget
import ipywidgets as w
import traitlets as t

from ...images import encode
from ...webtoonize.photo import Photo
from ..pictures import QUALITY, data_uri
from . import source

SIDE = 720  # px, of the longer side of the photo that is shown


class Board(anywidget.AnyWidget):
    """The photo with a button round each face. `show(photo, picked=0)` puts a photo on it.

    `picked` is the index of a face; `drawn` is the crop that was drawn last (left, top, right, bottom in shares of the
    photo's sides), or [].
    """

    _esm = source("crop.js")
    _css = source("crop.css")
    picture = t.Unicode("").tag(sync=True)  # a data URI
    boxes = t.List(t.List(t.Float())).tag(sync=True)
    picked = t.Int(0).tag(sync=True)
    drawn = t.List(t.Float()).tag(sync=True)

    def show(self, photo: Photo, *, picked: int) -> None:
        view = photo.picture.copy()
        view.thumbnail((SIDE, SIDE))
        with self.hold_sync():
            self.picture, self.picked, self.drawn = data_uri(view), picked, []
            self.boxes = [list(box) for box in photo.boxes]


class PlainBoard(w.VBox):
    """The framed photo, and the crop as two ranges with a button; with the traits of `Board`."""

    picked = t.Int(0)
    drawn = t.List(t.Float())

    def __init__(self) -> None:
        self._photo: Photo | None = None
        self._image = w.Image(format="jpeg", layout=w.Layout(max_width="100%", width="320px"))
        self._across, self._down = (
            w.FloatRangeSlider(value=(25, 75), min=0, max=100, step=0.5, description=name, readout_format=".0f")
            for name in ("across %", "down %")
        )
        use = w.Button(description="Use this crop", tooltip="Take what is inside the frame as a face")
        super().__init__([self._image, self._across, self._down, use], layout=w.Layout(display="none"))
        for slider in (self._across, self._down):
            slider.observe(lambda _: self._paint(framed=True), "value")
        use.on_click(lambda _: self._take())

    def show(self, photo: Photo, *, picked: int) -> None:
        self._photo, self.picked, self.layout.display = photo, picked, ""
        self._paint(framed=not photo.faces)

    def _box(self) -> tuple[float, float, float, float]:
        (left, right), (top, bottom) = self._across.value, self._down.value
        return left / 100, top / 100, right / 100, bottom / 100

    def _paint(self, *, framed: bool) -> None:
        if self._photo is not None:
            view = self._photo.overview(side=SIDE, picked=self.picked, drawn=self._box() if framed else None)
            self._image.value = encode(view, "JPEG", quality=QUALITY)

    def _take(self) -> None:
        self.drawn = []
        self.drawn = list(self._box())
