"""Where a photo is given and a face of it is picked or drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import ipywidgets as w

from ..images import ImageSource
from ..webtoonize.photo import Photo, example
from .crop import make_board
from .picker import make_picker

NO_FACE = -1


class PhotoPanel(w.VBox):
    """The picker, a path, the example; the photo with its faces; and which of them is picked.

    give : called with a name, a picture, and how Python says it ("" for an upload) when a photo is given.
    crop : called with left, top, right, bottom in shares of the photo's sides when a crop is drawn.
    pick : called with the index of a face when a hand picks it.
    """

    def __init__(
        self, *, give: Callable[[str, ImageSource, str], None], crop: Callable[[Sequence[float]], None],
        pick: Callable[[int], None],
    ):  # fmt: skip
        self._give, self._crop, self._pick = give, crop, pick
        self._arranging = False
        self._picker = make_picker("Photo", lambda name, content: give(name, content, ""))
        self.path = w.Text(
            placeholder="or its path, then Enter", continuous_update=False, layout=w.Layout(flex="1 1 140px")
        )
        self.example = w.Button(description="Example", tooltip="Take the photo that comes with webtoonfaces")
        self.example.layout.width = "auto"
        self.board = make_board()
        self._faces = w.Dropdown(
            description="face", layout=w.Layout(width="160px", display="none"), style={"description_width": "36px"},
            options=[("none yet", NO_FACE)],
        )  # fmt: skip
        row = w.Box([self.path, self.example], layout=w.Layout(flex_flow="row wrap", width="100%"))
        super().__init__([self._picker, row, self.board, self._faces], layout=w.Layout(width="100%"))
        self.path.observe(lambda change: self._path_typed(change["new"].strip()), "value")
        self.example.on_click(lambda _: give("the example", example(), "wf.example_photo()"))
        self.board.observe(lambda change: self._drawn_on_board(change["new"]), "drawn")
        self.board.observe(lambda change: self._picked_on_board(change["new"]), "picked")
        self._faces.observe(lambda change: self._picked(change["new"]), "value")

    @property
    def face(self) -> int:
        """Index of the picked face; `NO_FACE` where there is none."""
        return self._faces.value

    @face.setter
    def face(self, index: int) -> None:
        self._faces.value = index

    def tell(self, note: str, *, busy: bool = False) -> None:
        """What is being done with a photo that was given, or came of it."""
        self._picker.busy, self._picker.note = busy, note

    def arrange(self, photo: Photo, face: int) -> None:
        """Show a photo, or what is new about it, with a face picked; calls nothing back."""
        count = len(photo.faces)
        self._arranging = True
        try:
            self._faces.options = [(f"{index + 1} of {count}", index) for index in range(count)] or [("none", NO_FACE)]
            self._faces.value = face if count else NO_FACE
            self._faces.layout.display = "" if count > 1 else "none"
            self.board.show(photo, picked=face)
        finally:
            self._arranging = False

    def _path_typed(self, path: str) -> None:
        if path:
            self._give(Path(path).name, path, repr(path))

    def _drawn_on_board(self, shares: Sequence[float]) -> None:
        if len(shares) == 4:  # none are drawn where a photo is put on the board
            self._crop(shares)

    def _picked_on_board(self, index: int) -> None:
        if not self._arranging and index in [value for _, value in self._faces.options]:
            self._faces.value = index

    def _picked(self, index: int) -> None:
        if not self._arranging and index != NO_FACE:
            self.board.picked = index
            self._pick(index)
