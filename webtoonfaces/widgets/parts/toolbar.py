"""The row below the picture that all explorers have: random, reset, keep, save, and the Python behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from .stage import Stage


class Toolbar(w.VBox):
    """Buttons, the name of the file that Save writes, and the text that Copy as Python shows.

    save : called with the file's name.     python : returns the cell's text.
    """

    def __init__(
        self,
        stage: Stage,
        name: str,
        *,
        randomise: Callable[[], Any],
        reset: Callable[[], Any],
        keep: Callable[[], Any],
        save: Callable[[str], Any],
        python: Callable[[], str],
    ):
        self._default = name
        self._name = w.Text(value=f"{name}.png", layout=w.Layout(width="170px"), placeholder="file.png")
        self._code = w.Textarea(layout=w.Layout(width="100%", height="120px", display="none"))
        self._code.add_class("wf-code")
        self._python = python
        buttons = [
            stage.button("Random", "random", "Something new", randomise),
            stage.button("Reset", "undo", "Back to the start", reset),
            stage.button("Keep", "bookmark", "Put it on the shelf", keep),
            stage.button("Save", "download", "Save a PNG with its recipe under this name", lambda: save(self.name)),
            self._name,
            stage.button("Copy as Python", "code", "Show the cell that makes this picture", self._toggle_code),
        ]
        super().__init__([w.Box(buttons, layout=w.Layout(flex_flow="row wrap")), self._code])

    @property
    def name(self) -> str:
        """The name of the file that Save writes; it ends in .png."""
        name = self._name.value.strip() or f"{self._default}.png"
        return name if name.lower().endswith(".png") else f"{name}.png"

    def _toggle_code(self) -> None:
        hidden = self._code.layout.display == "none"
        self._code.value = self._python() if hidden else ""
        self._code.layout.display = "" if hidden else "none"
