"""`InterpolationPad`: drag between four samples."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import ipywidgets as w
from PIL import Image

from ..errors import BadInputError
from ..images import save_animation, scaled
from ..rendering import recipe as r
from ..rendering.renderer import Renderer, check_models
from ..rendering.saved import Shelf
from ..webtoonize.encode import face_code
from .explorer import Explorer
from .export import Page
from .frontend import plain_only
from .frontend.pad import Pad, PlainPad
from .parts.accordion import Accordion
from .parts.background_tasks import Progress
from .parts.groups import group, hint, named, row
from .parts.save_row import SaveRow
from .parts.sliders import LABEL_WIDTH, psi_slider, slider_label, wide
from .parts.stage import Small
from .pictures import data_uri
from .traits import LAST_SEED, MAX_PSI, Bool, Choice, Float, Int, Seeds, seeds_for, whole

CORNERS = ("top left", "top right", "bottom left", "bottom right")
SEEDS = (7, 28, 39, 60)  # of the demo model, faces between which all places look good
CELL = 128  # px
SMALL = 80  # px of a corner's picture
ROUND = (0, 1, 3, 2)  # the corners in the order of a walk round the square
STEPS = 20  # frames of a loop between two corners
SMALLEST_LOOP = 384  # px
PAGE = 9  # pictures in a row of the exported page
NOTHING = ("from the shelf ...", "")
LABEL = {"description_width": LABEL_WIDTH}


def _layers(pad: InterpolationPad) -> int:
    return pad.stage.renderer.generator.num_ws


class InterpolationPad(Explorer):
    """A square whose corners are samples, and the picture under the handle.

    Traits, which can be observed and linked: `x`, across, 0 (left) to 1 (right); `y`, down, 0 to 1; `seeds` of the
    corners, top left, top right, bottom left, bottom right, None for one from the shelf; `psi`, truncation; `cutoff`,
    how many of the first layers are truncated; `method`, "lerp" or "slerp"; `grid`, whether the whole grid of `rows`
    by `cols` is shown. Read-only: `ws`, the codes on the screen; `image`, the last full picture; `code`, the cell.

    Headless: set the traits, then `render()` or `snapshot(path)`; `save_loop(path)` writes a walk round the corners;
    `export_html(path)` a page for a browser.

    Parameters: `generator`, a StyleGAN2; `seeds`, four of them; `psi`; `shelf`, where Keep puts pictures.
    """

    css_class = "wf-interpolation-pad"
    default_name = "between"

    x = Float(0.5, low=0, high=1, help="Across, 0 (left) to 1 (right).")
    y = Float(0.5, low=0, high=1, help="Down, 0 (top) to 1 (bottom).")
    seeds = Seeds(
        (0, 1, 2, 3),
        count=seeds_for("seeds", "corner", len(CORNERS)),
        is_kept=lambda pad, corner: pad.is_kept(corner),
        help="The corners' seeds: top left, top right, bottom left, bottom right; None for one from the shelf.",
    )
    psi = Float(0.7, low=0, high=MAX_PSI, help="Truncation of the corners.")
    cutoff = Int(0, low=0, high=_layers, help="How many of the first layers are truncated.")
    method = Choice("lerp", "slerp", help='"lerp" or "slerp".')
    grid = Bool(False, help="Whether the whole grid is shown instead of one picture.")
    rows = Int(5, low=2, high=9, help="Rows of the grid.")
    cols = Int(5, low=2, high=9, help="Columns of the grid.")

    def __init__(self, generator: Any, *, seeds: Iterable[int] = SEEDS, psi: float = 0.7, shelf: Shelf | None = None):
        check_models(type(self).__name__, generator=generator)
        self._corners: list[r.Code | None] = [None] * len(CORNERS)  # from the shelf; None: by seed
        super().__init__(Renderer(generator), shelf=shelf, seeds=seeds, psi=psi, cutoff=generator.num_ws)
        self._start = (self.seeds, self.psi)
        self._pad = (PlainPad if plain_only() else Pad)(layout=w.Layout(width="100%"))
        self._boxes = [self._seed_box(corner) for corner in range(len(CORNERS))]
        self._pick = named(w.Dropdown(options=[NOTHING], layout=w.Layout(width="auto")), "Picture of the shelf")
        names = [(name, corner) for corner, name in enumerate(CORNERS)]
        self._which = named(w.Dropdown(options=names, layout=w.Layout(width="auto")), "Corner to put it into")
        corners = group("Drag between four samples", self._pad)
        self.arrange([corners, group("Details", self._accordion())])
        self._pad.observe(lambda _: self._moved(), ["x", "y"])
        self._pad.observe(lambda _: self.refresh(draft=self._pad.dragging), "dragging")
        self.observe(lambda _: self._place(), ["x", "y"])
        self.observe(lambda change: self._use_seeds(change["new"]), "seeds")
        self.redraw_on("psi", "cutoff", draft=True)
        self.redraw_on("method", "grid", "rows", "cols")
        self.shelf_changed()
        self.refresh()

    def take(self, name: str, *, corner: int) -> None:
        """Put a picture from the shelf into a corner (0 to 3)."""
        place = whole("corner", corner, 0, len(CORNERS) - 1)
        self._corners[place] = face_code(self.stage.renderer, self.shelf[name])
        with self.together():
            self.seeds = (*self.seeds[:place], None, *self.seeds[place + 1 :])
            self.refresh()

    def is_kept(self, corner: int) -> bool:
        """Whether a corner is a picture from the shelf."""
        return self._corners[corner] is not None

    def corner(self, corner: int) -> r.Code:
        """The code of a corner, truncated; one from the shelf as it was kept."""
        kept, seed = self._corners[corner], self.seeds[corner]
        if kept is not None or seed is None:
            assert kept is not None  # only what is kept has no seed
            return kept
        return r.Seed(seed, self.psi, None if self.cutoff >= _layers(self) else self.cutoff)

    @property
    def ws(self) -> Any:
        """The codes on the screen, on the CPU: [1, L, D] of the picture, or [rows, cols, L, D] of the grid. A copy."""
        ws = self.stage.renderer.ws(self.scene())
        return ws.unflatten(0, (self.rows, self.cols)) if self.grid else ws

    def save_loop(self, path: str | os.PathLike[str], *, steps: int = STEPS) -> Path:
        """Write a walk round the four corners and back as .gif, .webp or .mp4; `steps` frames between two."""
        return self._write_loop(self._loop(steps), path)

    # Explorer

    def scene(self) -> r.Picture:
        corners = (self.corner(0), self.corner(1), self.corner(2), self.corner(3))
        if self.grid:
            cell = min(CELL, self.stage.renderer.generator.size)
            return r.grid(corners, rows=self.rows, cols=self.cols, cell=cell, method=self.method)
        return r.Face(r.between(corners, self.x, self.y, method=self.method))

    def reset(self) -> None:
        with self.together():
            self.x = self.y = 0.5
            self.seeds, self.psi = self._start
            self.cutoff, self.method, self.grid = _layers(self), "lerp", False

    def randomise(self) -> None:
        self.seeds = tuple(random.randrange(100_000) for _ in CORNERS)

    def page(self) -> Page:
        corners = (self.corner(0), self.corner(1), self.corner(2), self.corner(3))
        last = PAGE - 1
        cells = r.grid(corners, rows=PAGE, cols=PAGE, method=self.method).cells
        return Page(
            "Between four webtoon faces",
            [cell for cell in cells if cell is not None],
            PAGE,
            (last * self.x, last * self.y),
            corners=[r.Face(corner) for corner in corners],
        )

    def memory(self) -> dict[str, Any]:
        return super().memory() | {"kept": tuple(self._corners)}

    def recall(self, memory: Mapping[str, Any]) -> None:
        self._corners = list(memory["kept"])
        super().recall(memory)

    def small_pictures(self) -> Small:
        return {corner: r.Face(self.corner(corner)) for corner in range(len(CORNERS))}

    def show_small(self, name: Any, picture: Image.Image) -> None:
        shown = [*self._pad.thumbnails, *[""] * len(CORNERS)][: len(CORNERS)]
        shown[name] = data_uri(picture, side=SMALL)
        self._pad.thumbnails = shown

    def shelf_changed(self) -> None:
        self._pick.options = [NOTHING, *((item.name, item.name) for item in self.shelf)]

    # changes

    def _moved(self) -> None:
        """The handle was moved on the page."""
        with self.together():  # whoever observes `x` finds the `y` of the same place
            self.x, self.y = self._pad.x, self._pad.y

    def _place(self) -> None:
        """Put the handle where the attributes are, and draw."""
        with self._pad.hold_trait_notifications():
            if (round(self._pad.x, 6), round(self._pad.y, 6)) != (self.x, self.y):
                self._pad.x, self._pad.y = self.x, self.y
        self.refresh(draft=self._pad.dragging)

    def _use_seeds(self, seeds: tuple[int | None, ...]) -> None:
        for corner, seed in enumerate(seeds):
            if seed is not None:
                self._corners[corner] = None
                self._boxes[corner].value = seed
        self.refresh()

    def _seed_typed(self, corner: int, seed: int) -> None:
        self.seeds = (*self.seeds[:corner], seed, *self.seeds[corner + 1 :])

    def _put(self) -> None:
        if not self._pick.value:
            self.shelf_changed()
            raise BadInputError("Choose a picture of the shelf first; Keep puts one there.")
        self.take(self._pick.value, corner=self._which.value)

    def _loop(self, steps: int) -> Iterator[Image.Image]:
        corners, method = [self.corner(corner) for corner in ROUND], self.method
        for here, following in zip(corners, [*corners[1:], corners[0]], strict=True):
            for i in range(steps):
                yield self.stage.renderer.draw(r.Face(r.Blend(here, following, i / steps, method)))

    def _write_loop(self, frames: Iterable[Image.Image], path: str | os.PathLike[str]) -> Path:
        enlarged = (scaled(frame, max(SMALLEST_LOOP, *frame.size)) for frame in frames)
        return save_animation(enlarged, path)

    # the screen

    def _accordion(self) -> Accordion:
        psi = psi_slider(self.psi)
        cutoff = w.IntSlider(self.cutoff, min=0, max=_layers(self), description="cutoff", style=LABEL, layout=wide())
        method = w.ToggleButtons(options=[("straight", "lerp"), ("arc", "slerp")], style={"button_width": "auto"})
        grid = w.Checkbox(value=False, description="show the whole grid", indent=False)
        rows = w.BoundedIntText(
            self.rows, min=2, max=9, description="rows", style=LABEL, layout=w.Layout(width="150px")
        )
        cols = w.BoundedIntText(
            self.cols, min=2, max=9, description="columns", style=LABEL, layout=w.Layout(width="150px")
        )
        controls = {"psi": psi, "cutoff": cutoff, "method": method, "grid": grid, "rows": rows, "cols": cols}
        for name, control in controls.items():
            self.bind(name, control)
        seeds = [row(box, self._reroll(corner)) for corner, box in enumerate(self._boxes)]
        put = self.stage.button("Put", "arrow-right", "Put it into this corner", self._put)
        loop = SaveRow(
            self.stage,
            self.tasks,
            "Save loop",
            "film",
            name="loop.gif",
            tooltip="Save a walk round the corners, as .gif, .webp (smaller) or .mp4",
            save=self._save_loop_watched,
            steps=lambda: len(CORNERS) * STEPS,
        )
        return Accordion(
            {
                "Corners": [*seeds, row(self._pick, self._which, put)],
                "Boldness and path": [
                    psi,
                    cutoff,
                    hint("boldness: 0 is the average face, 1 the sample as it is; cutoff: how many layers it acts on"),
                    row(slider_label("path"), method),
                ],
                "Grid": [grid, rows, cols],
                "Loop": [loop],
            }
        )

    def _save_loop_watched(self, name: str, progress: Progress) -> Path:
        return self._write_loop(progress.watch(self._loop(STEPS)), name)

    def _seed_box(self, corner: int) -> w.BoundedIntText:
        box = w.BoundedIntText(
            self.seeds[corner],
            min=0,
            max=LAST_SEED,
            description=CORNERS[corner],
            style={"description_width": "88px"},
            layout=w.Layout(width="210px"),
        )
        box.observe(lambda change: self._seed_typed(corner, change["new"]), "value")
        return box

    def _reroll(self, corner: int) -> w.Button:
        def roll() -> None:
            self._seed_typed(corner, random.randrange(100_000))

        made = self.stage.button("", "random", f"Another sample for {CORNERS[corner]}", roll)
        made.add_class(f"wf-reroll-{corner}")
        return made
