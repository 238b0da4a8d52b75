"""The menu that says what a face goes through before it is encoded."""

from __future__ import annotations

import html
from collections.abc import Callable

import ipywidgets as w

from ...webtoonize.cartoonize import PORTRAIT
from ...webtoonize.photo import cartoonizers
from .groups import named
from .sliders import LABEL_WIDTH, wide


class EncodedMenu(w.VBox):
    """A menu, and below it a line that is there only while there is something to say.

    value : the name that is chosen first, "" for the photo itself.     pick : called with a name that the menu took.
    """

    def __init__(self, value: str, pick: Callable[[str], None]):
        self._menu = w.Dropdown(
            options=[("the photo as it is", ""), *((_label(name), name) for name in cartoonizers())],
            value=value,
            description="start from",
            style={"description_width": LABEL_WIDTH},
            layout=wide(),
        )
        named(self._menu, "What the webtoon is made from: the photo itself, or a drawing of it")
        self._line = w.HTML(layout=w.Layout(display="none"))
        self._line.add_class("wf-hint")
        super().__init__([self._menu, self._line])
        self._menu.observe(lambda change: pick(change["new"]), "value")

    def choose(self, name: str) -> None:
        self._menu.value = name

    def tell(self, text: str) -> None:
        """What has to be said of the choice; "" for nothing."""
        self._line.value = f"<span role='status'>{html.escape(text)}</span>" if text else ""
        self._line.layout.display = None if text else "none"


def _label(name: str) -> str:
    return "its drawn portrait" if name == PORTRAIT else f"its cartoon, {name}"
