"""The row below the picture that all explorers have: undo, random, keep, save, and the Python behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from .groups import named, row
from .stage import Stage


class Toolbar(w.VBox):
    """Buttons, the name of the file that Save writes, and the text that Copy as Python shows and copies.

    save : called with the file's name.     python : returns the cell's text.     copy : called with it.
    crisp : called with the switch that says whether the picture is enlarged, to bind it.
    """

    def __init__(
        self,
        stage: Stage,
        name: str,
        *,
        undo: Callable[[], Any],
        redo: Callable[[], Any],
        randomise: Callable[[], Any],
        reset: Callable[[], Any],
        keep: Callable[[], Any],
        save: Callable[[str], Any],
        python: Callable[[], str],
        copy: Callable[[str], Any],
        crisp: Callable[[w.Widget], Any],
    ):
        self._default = name
        # Sent when it is left: letter by letter, the last ones can arrive after the press of Save.
        field = w.Text(f"{name}.png", continuous_update=False, layout=w.Layout(width="150px"), placeholder="file.png")
        self._name = named(field, "Name of the file")
        self._code = named(w.Textarea(layout=w.Layout(width="100%", height="150px")), "The cell as text")
        self._hide = stage.button("Hide", "times", "Hide the cell", lambda: self._show_code(""))
        self._fold = w.VBox([self._code, self._hide], layout=w.Layout(display="none", width="100%"))
        self._fold.add_class("wf-code")
        self._python, self._copy = python, copy
        self._undo = stage.button("Undo", "undo", "Undo (Ctrl+Z)", undo)
        self._redo = stage.button("Redo", "repeat", "Redo (Ctrl+Shift+Z)", redo)
        crisper = w.ToggleButton(
            description="Crisp",
            icon="magic",
            tooltip="Crisp: enlarge the picture once it rests; off: the pixels that the model draws",
            layout={"width": "auto"},
        )
        crisper.add_class("wf-crisp")
        crisp(crisper)
        rows = [
            row(self._undo, self._redo),
            row(
                stage.button("Random", "random", "Random: something new", randomise),
                stage.button("Reset", "refresh", "Reset: back to the start", reset),
            ),
            row(
                stage.button("Keep", "bookmark", "Keep: put it on the shelf", keep),
                stage.button(
                    "Save", "save", "Save: a PNG under this name; wf.replay draws it again", lambda: save(self.name)
                ),
                self._name,
            ),
            row(
                stage.button("Copy as Python", "code", "Copy as Python: the cell that makes it", self._give_code),
                crisper,
            ),
        ]
        buttons = w.Box(rows)
        buttons.add_class("wf-toolbar")
        super().__init__([buttons, self._fold])

    @property
    def name(self) -> str:
        """The name of the file that Save writes; it ends in .png."""
        name = self._name.value.strip() or f"{self._default}.png"
        return name if name.lower().endswith(".png") else f"{name}.png"

    def offer(self, *, undo: bool, redo: bool) -> None:
        """Whether there is something to undo and to redo."""
        self._undo.disabled, self._redo.disabled = not undo, not redo

    def _give_code(self) -> None:
        text = self._python()
        self._show_code(text)
        self._copy(text)

    def _show_code(self, text: str) -> None:
        self._code.value = text
        self._fold.layout.display = "" if text else "none"
