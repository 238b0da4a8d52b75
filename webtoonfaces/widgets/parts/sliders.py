"""The sliders that several explorers have, alike in all of them."""

from __future__ import annotations

from typing import Any

import ipywidgets as w
import traitlets as t

from ..traits import MAX_PSI
from .groups import named

FULL = "calc(100% - 4px)"  # of what a control can take: ipywidgets puts a margin of 2 px round each
LABEL_WIDTH = "72px"


def wide() -> w.Layout:
    """Of a control that takes all the width there is, up to a limit."""
    return w.Layout(width=FULL, max_width="420px")


def slider_label(text: str) -> w.Label:
    """A label for a control that is no slider, in line with the labels of sliders."""
    return w.Label(text, layout=w.Layout(width=LABEL_WIDTH, justify_content="flex-end", display="flex"))


def slider(label: str, value: float, high: float, *, step: float = 0.05, label_width: str = LABEL_WIDTH) -> w.Widget:
    """A slider from 0 to `high`, shown with two decimals."""
    return w.FloatSlider(
        value,
        min=0,
        max=high,
        step=step,
        description=label,
        readout_format=".2f",
        style={"description_width": label_width},
        layout=wide(),
    )


def psi_slider(value: float) -> w.Widget:
    """Truncation."""
    return named(slider("boldness", value, MAX_PSI, step=0.01), "psi: 0 is the average face, 1 the sample as it is")


def location_slider(value: float, layers: int) -> w.Widget:
    """The swap location."""
    return named(
        slider("own style", value, layers), f"The swap location: so many of {layers} layers keep their own style"
    )


def location_hint(own: str, layers: int) -> str:
    """What the swap location does; `own` is the picture whose style is kept."""
    return (
        f"Own style 0: all from the new style; {layers}: the {own}'s own. Low values change shapes and colours, "
        "high ones colours only."
    )


class StrengthSliders(w.VBox):
    """A slider for each layer, and one above them that moves all; `value` is the tuple of the strengths."""

    value = t.Tuple().tag(sync=False)

    def __init__(self, layers: int):
        self._all = slider("all", 1.0, 1.0, label_width="28px")
        self._each = [slider(str(layer), 1.0, 1.0, label_width="28px") for layer in range(layers)]
        self._following = False
        super().__init__([self._all, *self._each], layout=w.Layout(width="100%"), value=(1.0,) * layers)
        self._all.observe(lambda change: setattr(self, "value", (change["new"],) * layers), "value")
        for one in self._each:
            one.observe(self._moved, "value")
        self.observe(lambda change: self._follow(change["new"]), "value")

    def _moved(self, _: Any) -> None:
        if not self._following:
            self.value = tuple(one.value for one in self._each)

    def _follow(self, strengths: tuple[float, ...]) -> None:
        self._following = True
        try:
            for one, strength in zip(self._each, strengths, strict=True):
                one.value = strength
            if len(set(strengths)) == 1:
                self._all.value = strengths[0]
        finally:
            self._following = False
