"""Where a photo is given and a face of it is picked or drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as w

from ...webtoonize.photo import EXAMPLE, Photo
from ..frontend import plain_only
from ..frontend.crop import Board, PlainBoard
from ..frontend.picker import Picker, PlainPicker

NO_FACE = -1


class PhotoPanel(w.VBox):
    """The picker, a path, the example; the photo with its faces; and which of them is picked.

    give : called with a name and a picture (or EXAMPLE) when a photo is given.
    crop : called with left, top, right, bottom in shares of the photo's sides when a crop is drawn.
    pick : called with the index of a face when a control picks it.
    extra : what else has to be said of a photo, below the path.
    """

    def __init__(
        self,
        *,
        give: Callable[[str, Any], None],
        crop: Callable[[Sequence[float]], None],
        pick: Callable[[int], None],
        extra: Sequence[w.Widget] = (),
    ):
        self._give, self._crop, self._pick = give, crop, pick
        self._arranging = False
        plain = plain_only()
        self._picker = (PlainPicker if plain else Picker)("Photo", give)
        self._board = PlainBoard() if plain else Board()
        path = w.Text(
            placeholder="or type its path", continuous_update=False, layout=w.Layout(flex="1 1 0", min_width="0")
        )
        example = w.Button(
            description="Example",
            tooltip="Take the photo that comes with webtoonfaces",
            layout=w.Layout(width="auto", flex="0 0 auto"),
        )
        self._faces = w.Dropdown(
            description="face",
            layout=w.Layout(width="160px", display="none"),
            style={"description_width": "36px"},
            options=[("none yet", NO_FACE)],
        )
        row = w.Box([path, example], layout=w.Layout(width="100%"))
        super().__init__([self._picker, row, *extra, self._board, self._faces], layout=w.Layout(width="100%"))
        if not plain:
            self._board.add_class("wf-photo-board")
            self.add_class("wf-photo")
        path.observe(lambda change: self._path_typed(change["new"].strip()), "value")
        example.on_click(lambda _: give("the example", EXAMPLE))
        self._board.observe(lambda change: self._drawn_on_board(change["new"]), "drawn")
        self._board.observe(lambda change: self._picked(change["new"]), "picked")
        self._faces.observe(lambda change: self._picked(change["new"]), "value")

    def tell(self, note: str, *, busy: bool = False) -> None:
        """What is being done with a photo that was given, or what came of it."""
        self._picker.busy, self._picker.note = busy, note

    def arrange(self, photo: Photo, face: int) -> None:
        """Show a photo, or what is new about it, with a face picked; calls nothing back."""
        count = len(photo.faces)
        self._arranging = True
        try:
            self._faces.options = [(f"{index + 1} of {count}", index) for index in range(count)] or [("none", NO_FACE)]
            self._faces.value = face if count else NO_FACE
            self._faces.layout.display = None if count > 1 else "none"
            self._board.show(photo, picked=face)
        finally:
            self._arranging = False

    def mark(self, face: int) -> None:
        """Show another face as the picked one; calls nothing back."""
        self._arranging = True
        try:
            self._faces.value = self._board.picked = face
        finally:
            self._arranging = False

    def _path_typed(self, path: str) -> None:
        if path:
            self._give(Path(path).name, path)

    def _drawn_on_board(self, shares: Sequence[float]) -> None:
        if len(shares) == 4:  # it is empty where a photo is put on the board
            self._crop(shares)

    def _picked(self, index: int) -> None:
        if not self._arranging and index in [value for _, value in self._faces.options] and index != NO_FACE:
            self._pick(index)
