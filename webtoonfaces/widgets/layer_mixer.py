"""`LayerMixer`: which layers come from which sample, and how strongly."""

from __future__ import annotations

import random
import string
from collections.abc import Hashable, Iterable
from typing import Any

import ipywidgets as w
from PIL import Image

from ..errors import BadInputError
from ..rendering import recipe as r
from ..rendering.renderer import Renderer, check_models
from ..rendering.saved import Shelf
from ..rendering.to_python import load_line
from ..webtoonize.encode import face_code
from .control import MOST_PSI, Control, Strengths, checked_seeds, listed, number
from .explorer import Explorer
from .folds import folds
from .source_box import FULL, SourceBox

LETTERS = string.ascii_uppercase
MOST_SAMPLES = 8
MOST_SIDE = 12  # rows or columns of the matrix
CELL = 128  # px
LABEL = {"description_width": "72px"}


class LayerMixer(Explorer):
    """Samples whose layers are mixed: low layers decide pose and shape, high ones colours and strokes.

    The first sample, A, is the base: every layer is A's unless it is given to another. Headless: set `sources`,
    `strengths`, `seeds`, `psi`, or `matrix` with `rows`, `columns` and `start` from code, then `render()` or
    `snapshot(path)`.

    Parameters: `generator`, a StyleGAN2; `seeds`, two or more; `shelf`, where `Keep` puts pictures.
    """

    css_class = "wf-layer-mixer"
    default_name = "mixed"

    def __init__(self, generator: Any, *, seeds: Iterable[int] = (0, 1), psi: float = 0.7, shelf: Shelf | None = None):
        check_models(type(self).__name__, generator=generator)
        number("psi", psi, 0, MOST_PSI)
        first = checked_seeds("seeds", seeds)
        _check_count(len(first))
        self._start = (first, psi)
        self._layers = layers = generator.num_ws
        self._sources = [0] * layers  # layer -> sample
        self._boxes: list[SourceBox] = []
        self._samples = w.VBox(layout=w.Layout(width="100%"))
        self._current = w.ToggleButtons(style={"button_width": "40px"})
        self._range = w.IntRangeSlider(
            value=(layers // 2, layers - 1), min=0, max=layers - 1, description="from - to", style=LABEL, layout=_wide()
        )
        self._toggles = [
            w.ToggleButton(tooltip=f"Layer {i}: take it, or give it back to A", layout=w.Layout(width="48px"))
            for i in range(layers)
        ]
        self._strengths = [_strength(str(i)) for i in range(layers)]
        self._all = _strength("all")
        self._psi = w.FloatSlider(
            psi, min=0, max=MOST_PSI, step=0.01, description="psi", readout_format=".2f", style=LABEL, layout=_wide()
        )
        self._matrix = w.Checkbox(value=False, description="show the matrix", indent=False)
        self._rows = w.Text(continuous_update=False, description="rows", style=LABEL, layout=_wide())
        self._columns = w.Text(continuous_update=False, description="columns", style=LABEL, layout=_wide())
        self._from = w.IntSlider(layers // 2, min=0, max=layers, description="from layer", style=LABEL, layout=_wide())
        super().__init__(Renderer(generator), self._controls(), shelf=shelf)
        self._observe()
        self.reset()

    # state, from code or from the screen

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The samples' seeds, A first; None for one from the shelf. Setting it sets how many samples there are."""
        return tuple(box.seed for box in self._boxes)

    @seeds.setter
    def seeds(self, values: Iterable[int]) -> None:
        chosen = checked_seeds("seeds", values)
        _check_count(len(chosen))
        while len(self._boxes) < len(chosen):
            self._boxes.append(self._box(len(self._boxes), 0))
        del self._boxes[len(chosen) :]
        for box, seed in zip(self._boxes, chosen, strict=True):
            box.choose_seed(seed)
        self._sources = [source if source < len(chosen) else 0 for source in self._sources]
        self._samples_changed()

    @property
    def sources(self) -> tuple[int, ...]:
        """The sample that each layer comes from, by its number: 0 is A."""
        return tuple(self._sources)

    @sources.setter
    def sources(self, values: Iterable[int]) -> None:
        chosen = list(listed("sources", values))
        if len(chosen) != self._layers or not all(value in range(len(self._boxes)) for value in chosen):
            raise BadInputError(
                f"Give the number of a sample, 0 to {len(self._boxes) - 1}, for each of the {self._layers} layers."
            )
        self._sources = chosen
        self._mark_layers()
        self.refresh()

    strengths = Strengths("How much of its own sample each layer takes, 0 (all A) to 1.")

    current = Control[int]("_current", "The sample that the range and the layers' buttons give layers to; from 1 (B).")

    @property
    def range(self) -> tuple[int, int]:
        """First and last layer of a run; setting it gives just these to the current sample."""
        return self._range.value

    @range.setter
    def range(self, value: tuple[int, int]) -> None:
        first, last = listed("range", value, count=2, each="end")
        end = self._layers - 1
        first = number("The first layer of range", first, 0, end, whole=True)
        last = number("The last layer of range", last, first, end, whole=True)
        with self.quietly():
            self._range.value = (first, last)
        self._range_moved()

    psi = Control[float]("_psi", "Truncation of the samples.")
    matrix = Control[bool]("_matrix", "Whether the sheet of `rows` by `columns` is shown instead of one picture.")

    @property
    def rows(self) -> tuple[int, ...]:
        """Seeds of the matrix' first column: each row's own picture."""
        return _seeds(self._rows.value, "rows")

    @rows.setter
    def rows(self, values: Iterable[int]) -> None:
        self._rows.value = " ".join(map(str, checked_seeds("rows", values)))

    @property
    def columns(self) -> tuple[int, ...]:
        """Seeds of the matrix' first row: each column's own picture."""
        return _seeds(self._columns.value, "columns")

    @columns.setter
    def columns(self, values: Iterable[int]) -> None:
        self._columns.value = " ".join(map(str, checked_seeds("columns", values)))

    start = Control[int]("_from", "The layer from which on the matrix takes its columns' codes, 0 (all) to L (none).")

    def add(self, seed: int | None = None) -> None:
        """One more sample; it has no layers yet, and gets the next that are chosen."""
        _check_count(len(self._boxes) + 1)
        self._boxes.append(self._box(len(self._boxes), random.randrange(100_000) if seed is None else seed))
        self._samples_changed(current=len(self._boxes) - 1)

    def remove(self, sample: int) -> None:
        """Take a sample away (0 is A); its layers become the first one's."""
        _check_count(len(self._boxes) - 1)
        self._boxes.pop(self._checked(sample))
        self._sources = [0 if source == sample else source - (source > sample) for source in self._sources]
        self._samples_changed()

    def take(self, name: str, *, sample: int) -> None:
        """Put a picture from the shelf in a sample's place (0 is A)."""
        self._boxes[self._checked(sample)].choose_kept(name)
        self.refresh()

    def _checked(self, sample: int) -> int:
        return number("sample", sample, 0, len(self._boxes) - 1, whole=True)

    def code(self, sample: int) -> r.Code:
        """The code of a sample, truncated; one from the shelf as it was kept."""
        seed = self._boxes[sample].seed
        return self._boxes[sample].value if seed is None else r.Seed(seed, self.psi)

    # Explorer

    def expression(self) -> r.Picture:
        if self.matrix:
            return self._sheet()
        code = self.code(0)
        for sample in range(1, len(self._boxes)):
            mine = tuple(layer for layer, source in enumerate(self._sources) if source == sample)
            if mine:
                code = r.Layers(code, self.code(sample), mine, tuple(self._strengths[layer].value for layer in mine))
        return r.Face(code)

    def thumbnails(self) -> dict[Hashable, r.Picture | Image.Image]:
        return {sample: r.Face(self.code(sample)) for sample in range(len(self._boxes))}

    def show_thumbnail(self, name: Any, picture: Image.Image) -> None:
        if name < len(self._boxes):  # it may have been removed since
            self._boxes[name].show(picture)

    def shelf_changed(self) -> None:
        for box in self._boxes:
            box.list_shelf()

    def to_python(self) -> str:
        if not self.matrix:
            return super().to_python()
        return "\n".join(
            [
                "import webtoonfaces as wf",
                "",
                load_line(self._renderer, "stylegan2"),
                f"rows = G.sample_ws({list(self.rows)}, truncation_psi={self.psi!r})",
                f"columns = G.sample_ws({list(self.columns)}, truncation_psi={self.psi!r})",
                "cells = [None, *G.render(columns, batch=1)]",
                "for row in rows.split(1):",
                f"    mixed = wf.swap_at(row, columns, location={self.start})",
                "    cells += G.render(row) + G.render(mixed, batch=1)",
                f"wf.contact_sheet(cells, columns=1 + len(columns), cell={self._cell})",
            ]
        )

    def reset(self) -> None:
        seeds, psi = self._start
        half = self._layers // 2
        with self.quietly():
            self._psi.value, self._matrix.value, self._from.value = psi, False, half
            self.rows, self.columns = (0, 1, 2, 3), (4, 5, 6, 7)
            self._all.value = 1.0
            self.strengths = [1.0] * self._layers
            self.seeds = seeds
            self._current.value = 1
            self.sources = [0] * half + [1] * (self._layers - half)
        self.refresh()

    def randomise(self) -> None:
        with self.quietly():
            if self.matrix:
                self.rows, self.columns = _fresh(len(self.rows)), _fresh(len(self.columns))
            else:
                self.seeds = _fresh(len(self._boxes))
        self.refresh()

    # the screen

    def _controls(self) -> list[w.Widget]:
        add = self.button("Add a sample", "plus", "One more sample to take layers from", self.add)
        hint = w.HTML("<small>Low layers: pose and shape. High layers: colours and strokes.</small>")
        giver = w.Box(
            [w.HTML("layers from"), self._current],
            layout=w.Layout(flex_flow="row wrap", align_items="center", grid_gap="8px", margin="2px"),
        )
        add.layout.align_self = "flex-start"
        toggles = w.Box(self._toggles, layout=w.Layout(flex_flow="row wrap"))
        more = folds(
            {
                "Strength of each layer": [self._all, *self._strengths],
                "Truncation": [self._psi],
                "Matrix": [self._matrix, self._rows, self._columns, self._from],
            }
        )
        return [self._samples, add, giver, self._range, toggles, hint, more]

    def _box(self, sample: int, seed: int) -> SourceBox:
        remove = self.button("", "times", "Remove this sample", lambda: self.remove(self._boxes.index(box)))
        box = SourceBox(
            self, LETTERS[sample], seed, extra=[remove], changed=self.refresh,
            take=lambda name: face_code(self._renderer, self.shelf[name]),
        )  # fmt: skip
        box.list_shelf()
        return box

    def _observe(self) -> None:
        for control in (self._psi, self._from, *self._strengths):
            control.observe(lambda _: self.refresh(draft=True), "value")
        for control in (self._matrix, self._rows, self._columns):
            control.observe(lambda _: self.refresh(), "value")
        self._current.observe(lambda _: self._mark_layers(), "value")
        self._range.observe(lambda _: self._range_moved(draft=True), "value")
        self._all.observe(lambda _: self._all_moved(), "value")
        for layer, toggle in enumerate(self._toggles):
            toggle.observe(lambda change, layer=layer: self._toggled(layer, change.new), "value")

    def _toggled(self, layer: int, taken: bool) -> None:
        if self._mute:
            return
        self._sources[layer] = self.current if taken else 0
        self._mark_layers()
        self.refresh()

    def _range_moved(self, *, draft: bool = False) -> None:
        if self._mute:
            return
        first, last = self._range.value
        for layer, source in enumerate(self._sources):
            if first <= layer <= last:
                self._sources[layer] = self.current
            elif source == self.current:
                self._sources[layer] = 0
        self._mark_layers(move_range=False)
        self.refresh(draft=draft)

    def _all_moved(self) -> None:
        if self._mute:
            return
        with self.quietly():
            self.strengths = [self._all.value] * self._layers
        self.refresh(draft=True)

    def _samples_changed(self, *, current: int | None = None) -> None:
        """The rows of samples, and the choice of the one to take layers from, as there are samples now."""
        kept = min(self.current or 1, len(self._boxes) - 1) if current is None else current
        with self.quietly():
            for sample, box in enumerate(self._boxes):
                box.title = LETTERS[sample]
            self._samples.children = tuple(self._boxes)
            self._current.options = [(LETTERS[sample], sample) for sample in range(1, len(self._boxes))]
            self._current.value = kept
        self._mark_layers()
        self.refresh()

    def _mark_layers(self, *, move_range: bool = True) -> None:
        """Buttons and range as `_sources` says."""
        with self.quietly():
            for layer, (toggle, source) in enumerate(zip(self._toggles, self._sources, strict=True)):
                toggle.description = f"{layer} {LETTERS[source]}"
                toggle.value = source == self.current
            mine = [layer for layer, source in enumerate(self._sources) if source == self.current]
            if mine and move_range:
                self._range.value = (mine[0], mine[-1])

    @property
    def _cell(self) -> int:
        """Side of a cell of the matrix, px; never more than the model draws."""
        return min(CELL, self._renderer.generator.size)

    def _sheet(self) -> r.Sheet:
        rows = [r.Seed(seed, self.psi) for seed in self.rows]
        columns = [r.Seed(seed, self.psi) for seed in self.columns]
        cells: list[r.Picture | None] = [None, *(r.Face(column) for column in columns)]
        for row in rows:
            cells += [r.Face(row), *(r.Face(r.SwapAt(row, column, float(self.start))) for column in columns)]
        return r.Sheet(tuple(cells), 1 + len(columns), self._cell)


def _wide() -> w.Layout:
    return w.Layout(width=FULL, max_width="420px")


def _strength(label: str) -> w.FloatSlider:
    return w.FloatSlider(
        1.0, min=0, max=1, step=0.05, description=label, readout_format=".2f",
        style={"description_width": "28px"}, layout=_wide(),
    )  # fmt: skip


def _fresh(count: int) -> list[int]:
    return [random.randrange(100_000) for _ in range(count)]


def _check_count(count: int) -> None:
    if not 2 <= count <= MOST_SAMPLES:
        raise BadInputError(f"Layers are mixed between 2 to {MOST_SAMPLES} samples, not {count}.")


def _seeds(text: str, what: str) -> tuple[int, ...]:
    """Whole numbers, with spaces or commas between them."""
    words = text.replace(",", " ").split()
    if not all(word.isdecimal() and int(word) < 2**32 for word in words) or not 1 <= len(words) <= MOST_SIDE:
        raise BadInputError(f"The matrix' {what} are 1 to {MOST_SIDE} seeds, such as 0 1 2 3; not {text!r}.")
    return tuple(int(word) for word in words)
