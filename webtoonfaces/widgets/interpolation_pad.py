"""`InterpolationPad`: drag between four samples."""

from __future__ import annotations

import os
import random
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import ipywidgets as w
from PIL import Image

from ..errors import BadInputError
from ..images import save_gif, save_mp4
from ..rendering import recipe as r
from ..rendering.renderer import Renderer, check_models
from ..rendering.saved import Shelf
from ..rendering.to_python import load_line
from ..webtoonize.encode import face_code
from .control import LAST_SEED, MOST_PSI, Control, checked_seeds, number
from .explorer import Explorer
from .folds import folds
from .pad import make_pad, thumbnail

CORNERS = ("top left", "top right", "bottom left", "bottom right")
CELL = 128  # px
ROUND = (0, 1, 3, 2)  # the corners in the order of a walk round the square


class InterpolationPad(Explorer):
    """A square whose corners are samples, and the picture under the handle.

    Headless: set `x`, `y`, `seeds`, `psi`, `cutoff`, `method`, `grid` from code, then `render()` or `snapshot(path)`.

    Parameters: `generator`, a StyleGAN2; `seeds`, four of them; `shelf`, where `Keep` puts pictures.
    """

    css_class = "wf-interpolation-pad"
    default_name = "between"

    def __init__(
        self, generator: Any, *, seeds: Iterable[int] = (0, 1, 2, 3), psi: float = 0.7, shelf: Shelf | None = None
    ):
        check_models(type(self).__name__, generator=generator)
        number("psi", psi, 0, MOST_PSI)
        first = _four(seeds)
        self._start = (first, psi)
        self._corners: list[r.Code | None] = [None] * 4  # from the shelf; None: by seed
        self._pad = make_pad()
        self._seeds = [self._seed_box(i, seed) for i, seed in enumerate(first)]
        self._psi = w.FloatSlider(psi, min=0, max=MOST_PSI, step=0.01, description="psi", readout_format=".2f")
        self._cutoff = w.IntSlider(generator.num_ws, min=0, max=generator.num_ws, description="cutoff")
        self._method = w.ToggleButtons(options=[("straight", "lerp"), ("arc", "slerp")], description="way")
        self._grid = w.Checkbox(value=False, description="show the whole grid", indent=False)
        self._rows = w.BoundedIntText(5, min=2, max=9, description="rows")
        self._cols = w.BoundedIntText(5, min=2, max=9, description="columns")
        self._pick = w.Dropdown(options=[("from the shelf ...", "")], layout=w.Layout(width="auto"))
        self._which = w.Dropdown(options=[(name, i) for i, name in enumerate(CORNERS)], layout=w.Layout(width="auto"))
        super().__init__(Renderer(generator), self._controls(), shelf=shelf)
        self._observe()
        self.shelf_changed()
        self.refresh()

    # state, from code or from the screen

    @property
    def x(self) -> float:
        """Across, 0 (left) to 1 (right)."""
        return self._pad.x

    @x.setter
    def x(self, value: float) -> None:
        self._pad.x = number("x", value, 0, 1)

    @property
    def y(self) -> float:
        """Down, 0 (top) to 1 (bottom)."""
        return self._pad.y

    @y.setter
    def y(self, value: float) -> None:
        self._pad.y = number("y", value, 0, 1)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The corners' seeds: top left, top right, bottom left, bottom right."""
        return tuple(box.value for box in self._seeds)

    @seeds.setter
    def seeds(self, values: Iterable[int]) -> None:
        chosen = _four(values)
        with self.quietly():
            self._corners = [None] * 4
            for box, value in zip(self._seeds, chosen, strict=True):
                box.value = value
        self.refresh()

    psi = Control[float]("_psi", "Truncation of the corners.")
    cutoff = Control[int]("_cutoff", "How many of the first layers are truncated.")
    method = Control[str]("_method", '"lerp" or "slerp".')
    grid = Control[bool]("_grid", "Whether the whole grid is shown instead of one picture.")

    def corner(self, index: int) -> r.Code:
        """The code of a corner, truncated."""
        kept = self._corners[index]
        if kept is not None:
            return kept
        cutoff = None if self.cutoff >= self._renderer.generator.num_ws else self.cutoff
        return r.Seed(self._seeds[index].value, self.psi, cutoff)

    def take(self, name: str, *, corner: int) -> None:
        """Put a picture from the shelf into a corner (0 to 3)."""
        place = number("corner", corner, 0, len(CORNERS) - 1, whole=True)
        self._corners[place] = face_code(self._renderer, self.shelf[name])
        self.refresh()

    @property
    def _cell(self) -> int:
        """Side of a cell of the grid, px; never more than the model draws."""
        return min(CELL, self._renderer.generator.size)

    # Explorer

    def expression(self) -> r.Picture:
        corners = tuple(self.corner(i) for i in range(4))
        if self.grid:
            size = {"rows": self._rows.value, "cols": self._cols.value, "cell": self._cell}
            return r.grid(corners, **size, method=self.method)  # type: ignore[arg-type]
        return r.Face(r.between(corners, self.x, self.y, method=self.method))  # type: ignore[arg-type]

    def to_python(self) -> str:
        if any(self._corners):
            return super().to_python()
        generator = self._renderer.generator
        cutoff = "" if self.cutoff >= generator.num_ws else f", truncation_cutoff={self.cutoff}"
        head = (
            f"import webtoonfaces as wf\n\n{load_line(self._renderer, 'stylegan2')}\n"
            f"ws = G.sample_ws({list(self.seeds)}, truncation_psi={self.psi!r}{cutoff})\n"
        )
        if self.grid:
            method = "" if self.method == "lerp" else ", method=wf.slerp"
            rows, cols = self._rows.value, self._cols.value
            head += f"grid = wf.interpolate(ws, rows={rows}, cols={cols}{method})\n"
            return f"{head}wf.contact_sheet(G.render(grid, batch=1), columns={cols}, cell={self._cell})"
        way = f"wf.{self.method}"
        return (
            f"{head}left, right = {way}(ws[0:1], ws[2:3], {self.y!r}), {way}(ws[1:2], ws[3:4], {self.y!r})\n"
            f"G.render({way}(left, right, {self.x!r}))[0]"
        )

    def reset(self) -> None:
        seeds, psi = self._start
        with self.quietly():
            self._pad.x = self._pad.y = 0.5
            self._psi.value, self._cutoff.value = psi, self._renderer.generator.num_ws
            self._method.value, self._grid.value = "lerp", False
        self.seeds = seeds

    def randomise(self) -> None:
        self.seeds = [random.randrange(100_000) for _ in range(4)]

    def save_loop(self, path: str | os.PathLike[str], *, steps: int = 20) -> Path:
        """Write a walk round the four corners and back as .gif or .mp4; `steps` frames between two."""

        def frames() -> Iterable[Image.Image]:
            for here, following in zip(ROUND, (*ROUND[1:], ROUND[0]), strict=True):
                for i in range(steps):
                    code = r.Blend(self.corner(here), self.corner(following), i / steps, self.method)
                    yield self._renderer.draw(r.Face(code))

        return (save_mp4 if str(path).endswith(".mp4") else save_gif)(frames(), path)

    # the screen

    def _controls(self) -> list[w.Widget]:
        seeds = [w.HBox([box, self._reroll(i)]) for i, box in enumerate(self._seeds)]
        loop_name = w.Text(value="loop.gif", layout=w.Layout(width="110px"))

        def loop() -> None:
            self.tell("drawing the loop ...")
            self.tell(f"saved {self.save_loop(loop_name.value)}")

        shelf = w.HBox(
            [self._pick, self._which, self.button("Put", "arrow-right", "Put it into this corner", self._put)]
        )
        cutoff = w.HTML("<small>cutoff: how many layers psi acts on</small>")
        loop_row = w.HBox([self.button("Save loop", "film", "Save a walk round the corners", loop), loop_name])
        more = folds(
            {
                "Corners": [*seeds, shelf],
                "Truncation and way": [self._psi, self._cutoff, cutoff, self._method],
                "Grid": [self._grid, self._rows, self._cols],
                "Loop": [loop_row],
            }
        )
        return [self._pad, more]

    def _seed_box(self, index: int, seed: int) -> w.BoundedIntText:
        return w.BoundedIntText(
            seed, min=0, max=LAST_SEED, description=CORNERS[index], style={"description_width": "88px"},
            layout=w.Layout(width="210px"),
        )  # fmt: skip

    def _reroll(self, index: int) -> w.Button:
        def roll() -> None:
            self._seeds[index].value = random.randrange(100_000)

        made = self.button("", "random", f"Another sample for {CORNERS[index]}", roll)
        made.add_class(f"wf-reroll-{index}")
        return made

    def _observe(self) -> None:
        self._pad.observe(lambda _: self.refresh(draft=self._pad.dragging), ["x", "y", "dragging"])
        for index, box in enumerate(self._seeds):
            box.observe(lambda _, index=index: self._corner_changed(index), "value")
        for control in (self._psi, self._cutoff):
            control.observe(lambda _: self.refresh(draft=True), "value")
        for control in (self._method, self._grid, self._rows, self._cols):
            control.observe(lambda _: self.refresh(), "value")

    def _corner_changed(self, index: int) -> None:
        if self._mute:
            return
        self._corners[index] = None
        self.refresh()

    def thumbnails(self) -> dict[Hashable, r.Picture | Image.Image]:
        return {i: r.Face(self.corner(i)) for i in range(len(CORNERS))}

    def show_thumbnail(self, name: Any, picture: Image.Image) -> None:
        shown = [*self._pad.thumbnails, *[""] * len(CORNERS)][: len(CORNERS)]
        shown[name] = thumbnail(picture)
        self._pad.thumbnails = shown

    def shelf_changed(self) -> None:
        self._pick.options = [("from the shelf ...", ""), *((item.name, item.name) for item in self.shelf)]

    def _put(self) -> None:
        if not self._pick.value:
            self.shelf_changed()
            raise BadInputError("Choose a picture of the shelf first; Keep puts one there.")
        self.take(self._pick.value, corner=self._which.value)


def _four(values: Any) -> tuple[int, ...]:
    return checked_seeds("seeds", values, count=len(CORNERS), each="corner")
