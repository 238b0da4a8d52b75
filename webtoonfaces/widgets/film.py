"""A button that writes an animation beside everything else, tells how far it is, and gives it up when pressed again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import ipywidgets as w
from PIL import Image

from ..images import save_gif
from .errands import Errands
from .explorer import Explorer

EVERY = 10  # frames between two words about it


class _GivenUpError(Exception):
    """The button was pressed again."""


class FilmButton(w.Box):
    """A button and the name of the GIF that it writes.

    explorer : whose status line tells how far it is.
    frames : called when the button is pressed; what it gives is drawn on the errands' thread.     count : of them.
    """

    def __init__(
        self, explorer: Explorer, errands: Errands, frames: Callable[[], Iterator[Image.Image]], *, count: int,
        name: str, tooltip: str,
    ):  # fmt: skip
        self._explorer, self._errands, self._frames, self._count = explorer, errands, frames, count
        self._stop = threading.Event()
        self._button = explorer.button("GIF", "film", tooltip, self.press)
        self._name = w.Text(value=name, layout=w.Layout(width="150px"))
        super().__init__([self._button, self._name], layout=w.Layout(flex_flow="row wrap", align_items="center"))

    @property
    def running(self) -> bool:
        return self._button.description == "Stop"

    def press(self) -> None:
        """Start writing, or give it up."""
        if self.running:
            self._stop.set()
            return
        path, frames = self._name.value, self._frames()
        self._stop.clear()
        self._button.description = "Stop"
        self._errands.run("film", lambda: self._write(path, frames))

    def give_up(self) -> None:
        """End at the next frame, if it is writing."""
        self._stop.set()

    def _write(self, path: str, frames: Iterator[Image.Image]) -> None:
        try:
            self._explorer.tell(f"saved {save_gif(self._watched(frames), path, fps=20)}")
        except _GivenUpError:
            self._explorer.tell("GIF: given up, and nothing was saved")
        finally:
            self._button.description = "GIF"

    def _watched(self, frames: Iterator[Image.Image]) -> Iterator[Image.Image]:
        for number, frame in enumerate(frames):
            if self._stop.is_set():
                raise _GivenUpError
            if number % EVERY == 0:
                self._explorer.tell(f"GIF: {number} of {self._count} frames; Stop gives it up")
            yield frame
