"""Several figures in one output of a notebook: each below a line that says what it shows, all but the first folded."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html import escape

from PIL import Image

from ..images import encode
from .animation import Animation

QUALITY = 90


@dataclass(frozen=True, eq=False)
class Folded:
    """Figures by name, what each shows, and how high a picture may be in px; a notebook shows them."""

    figures: dict[str, Image.Image | Animation] = field(repr=False)
    about: dict[str, str] = field(repr=False)
    height: int = 360

    def _repr_html_(self) -> str:
        return "".join(self._fold(name, is_open=not index) for index, name in enumerate(self.figures))

    def _fold(self, name: str, *, is_open: bool) -> str:
        line = f"<b>{escape(name)}</b> &ensp;{escape(self.about[name])}"
        head = f'<summary style="cursor: pointer; padding: 4px 0">{line}</summary>'
        return f"<details{' open' if is_open else ''}>{head}{self._picture(name)}</details>"

    def _picture(self, name: str) -> str:
        figure = self.figures[name]
        if isinstance(figure, Animation):
            return figure.html
        data = base64.b64encode(encode(figure, "WEBP", quality=QUALITY)).decode("ascii")
        style = f"max-height: {self.height}px; max-width: 100%"
        return f'<img src="data:image/webp;base64,{data}" alt="{escape(name)}" style="{style}">'
