"""`LayerMixer`: which layers come from which sample, and how strongly."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import ipywidgets as w
from PIL import Image

from ..errors import BadInputError
from ..rendering import recipe as r
from ..rendering.renderer import Renderer, check_models
from ..rendering.saved import Shelf
from ..webtoonize.encode import face_code
from .explorer import Explorer
from .export import Page
from .lifetime import close_tree
from .parts.accordion import Accordion
from .parts.groups import group, hint, row
from .parts.sliders import LABEL_WIDTH, StrengthSliders, psi_slider, slider_label, wide
from .parts.source_box import SourceBox
from .parts.stage import Small
from .pictures import VIEW
from .traits import (
    MAX_PSI,
    Bool,
    Checked,
    Command,
    Float,
    Int,
    Integers,
    Numbers,
    RefusedError,
    Seeds,
    listed,
    one_of,
    whole,
)

SEEDS = (7, 57)  # of the demo model, two faces that mix well
LETTERS = string.ascii_uppercase
FEWEST_SAMPLES, MOST_SAMPLES = 2, 8
MOST_SIDE = 12  # rows or columns of the matrix
SHARES = (0.25, 0.5, 0.75, 1.0)  # of the strengths, in the exported page
CELL = 128  # px
LABEL = {"description_width": LABEL_WIDTH}


def _layers(mixer: LayerMixer) -> int:
    return mixer.stage.renderer.generator.num_ws


def _check_samples(count: int) -> None:
    if not FEWEST_SAMPLES <= count <= MOST_SAMPLES:
        raise RefusedError(f"Layers are mixed between {FEWEST_SAMPLES} to {MOST_SAMPLES} samples, not {count}.")


def _check_side(count: int) -> None:
    if not 1 <= count <= MOST_SIDE:
        raise RefusedError(f"Rows and columns of the matrix are 1 to {MOST_SIDE} seeds, not {count}.")


class LayerMixer(Explorer):
    """Samples whose layers are mixed: low layers decide pose and shape, high ones colours and strokes.

    The first sample, A, is the base: every layer is A's unless it is given to another.

    Traits, which can be observed and linked: `seeds`, A's first, None for a sample from the shelf (setting it sets how
    many samples there are); `sources`, for each layer the number of its sample, 0 is A; `current`, the sample that
    `layers` and `range` are about, from 1 (B); `layers`, those of the current sample, as in `wf.swap_layers`; `range`,
    the first and the last of them; `strengths`, how much of its own sample each layer takes, 0 (all A) to 1; `psi`,
    truncation; `matrix`, whether the sheet of `rows` by `columns` (seeds) is shown, whose columns' codes are taken from
    layer `start` on. Read-only: `ws`, the codes on the screen; `image`, the last full picture; `code`, the cell.

    Headless: set the traits, then `render()` or `snapshot(path)`; `export_html(path)` writes a page for a browser.

    Parameters: `generator`, a StyleGAN2; `seeds`, two or more; `psi`; `shelf`, where Keep puts pictures.
    """

    css_class = "wf-layer-mixer"
    default_name = "mixed"
    source_name, result_name = "sample A", "mixed"
    derived = ("layers", "range")

    seeds = Seeds(
        (0, 1),
        count=_check_samples,
        is_kept=lambda mixer, sample: mixer.is_kept(sample),
        help="The samples' seeds, A first; None for one from the shelf. Setting it sets how many samples there are.",
    )
    sources = Integers(
        check=lambda mixer, values: mixer.check_sources(values),
        help="The sample that each layer comes from, by its number: 0 is A.",
    )
    current = Checked(
        1,
        check=lambda mixer, value: one_of("current", value, range(1, len(mixer.seeds))),
        help="The sample that `layers`, `range` and the layers' buttons give layers to; from 1 (B).",
    )
    layers = Integers(
        check=lambda mixer, values: mixer.check_layers(values),
        help="The layers of the current sample; setting it gives just these to it.",
    )
    range = Command(
        (0, 0),
        check=lambda mixer, value: mixer.check_range(value),
        help="The first and the last layer of the current sample; setting it gives just this run to it.",
    )
    strengths = Numbers(
        count=_layers, each="layer", help="How much of its own sample each layer takes, 0 (all A) to 1."
    )
    psi = Float(0.7, low=0, high=MAX_PSI, help="Truncation of the samples.")
    matrix = Bool(False, help="Whether the sheet of `rows` by `columns` is shown instead of one picture.")
    rows = Seeds((0, 1, 2, 3), count=_check_side, help="Seeds of the matrix' first column: each row's own picture.")
    columns = Seeds((4, 5, 6, 7), count=_check_side, help="Seeds of the matrix' first row: each column's own picture.")
    start = Int(0, low=0, high=_layers, help="The layer from which on the matrix takes its columns' codes.")

    def __init__(self, generator: Any, *, seeds: Iterable[int] = SEEDS, psi: float = 0.7, shelf: Shelf | None = None):
        check_models(type(self).__name__, generator=generator)
        self._boxes: list[SourceBox] = []
        self._marking = False  # while `layers` and `range` follow `sources`
        super().__init__(Renderer(generator), shelf=shelf, seeds=seeds, psi=psi, **_first(generator.num_ws))
        self._start = (self.seeds, self.psi)
        self._samples = w.VBox(layout=w.Layout(width="100%"))
        self._letters = w.ToggleButtons(style={"button_width": "40px"})
        self._giver = row(slider_label("take from"), self._letters)
        self._run = w.IntRangeSlider(
            value=(0, 0), min=0, max=_layers(self) - 1, description="from, to", style=LABEL, layout=wide()
        )
        self._toggles = [
            w.ToggleButton(tooltip=f"Layer {layer}: take it, or give it back to A", layout=w.Layout(width="auto"))
            for layer in range(_layers(self))
        ]
        self._fields = {name: _field(name) for name in ("rows", "columns")}
        self._show_samples()
        self.arrange(self._controls())
        self._observe()
        self._mark_layers()

    def add(self, seed: int | None = None) -> None:
        """One more sample; it has no layers yet, and gets the next that are chosen."""
        with self.together():
            self.seeds = (*self.seeds, random.randrange(100_000) if seed is None else seed)
            self.current = len(self.seeds) - 1

    def remove(self, sample: int) -> None:
        """Take a sample away (0 is A); its layers become the first one's."""
        _check_samples(len(self.seeds) - 1)
        gone = self._checked(sample)
        with self.together():
            del self._boxes[gone]
            sources = [0 if source == gone else source - (source > gone) for source in self.sources]
            self.seeds = tuple(seed for place, seed in enumerate(self.seeds) if place != gone)
            self.sources = sources

    def take(self, name: str, *, sample: int) -> None:
        """Put a picture from the shelf in a sample's place (0 is A)."""
        self._boxes[self._checked(sample)].choose_kept(name)
        self._chosen()

    def is_kept(self, sample: int) -> bool:
        """Whether a sample is a picture from the shelf."""
        return sample < len(self._boxes) and self._boxes[sample].seed is None

    def sample_code(self, sample: int) -> r.Code:
        """The code of a sample, truncated; one from the shelf as it was kept."""
        seed = self.seeds[sample]
        return self._boxes[sample].value if seed is None else r.Seed(seed, self.psi)

    @property
    def ws(self) -> Any:
        """The codes on the screen, a tensor on the CPU: [1, L, D], or [N, L, D] of the matrix' pictures. A copy."""
        return self.stage.renderer.ws(self.scene())

    # what the traits check

    def check_sources(self, values: tuple[Any, ...]) -> tuple[int, ...]:
        """For each layer the number of a sample."""
        count = len(self.seeds)
        if len(values) != _layers(self) or not all(value in range(count) for value in values):
            raise BadInputError(
                f"Give the number of a sample, 0 to {count - 1}, for each of the {_layers(self)} layers."
            )
        return tuple(int(value) for value in values)

    def check_layers(self, values: tuple[Any, ...]) -> tuple[int, ...]:
        """Numbers of layers, each once, in ascending order."""
        return tuple(sorted({whole("Each of layers", value, 0, _layers(self) - 1) for value in values}))

    def check_range(self, value: Any) -> tuple[int, int]:
        """The first and the last layer of a run."""
        first, last = listed("range", value, count=2, each="end")
        end = _layers(self) - 1
        first = whole("The first layer of range", first, 0, end)
        return first, whole("The last layer of range", last, first, end)

    def _checked(self, sample: int) -> int:
        return whole("sample", sample, 0, len(self.seeds) - 1)

    # Explorer

    def scene(self) -> r.Picture:
        if self.matrix:
            for name, field in self._fields.items():
                _seeds(field.value, name)  # what was typed and cannot be read is told again until it is mended
            return self._sheet()
        return r.Face(self._mixed(self.sources))

    def _mixed(self, sources: tuple[int, ...], share: float = 1.0) -> r.Code:
        """The samples, mixed as `sources` say, each with this share of its strength."""
        code = self.sample_code(0)
        for sample in range(1, len(self.seeds)):
            mine = tuple(layer for layer, source in enumerate(sources) if source == sample)
            if mine:
                strengths = tuple(share * self.strengths[layer] for layer in mine)
                code = r.Layers(code, self.sample_code(sample), mine, strengths)
        return code

    def before(self) -> r.Picture | None:
        return None if self.matrix else r.Sheet((self.rested(r.Face(self.sample_code(0))),), 1, VIEW)

    def page(self) -> Page:
        count, pictures = _layers(self), []
        for share in SHARES:
            for first in range(count + 1):
                sources = tuple(self.current if layer >= first else 0 for layer in range(count))
                pictures.append(r.Face(self._mixed(sources, share)))
        begin = self.range[0] if self.layers else count
        return Page(
            f"The layers of sample {LETTERS[self.current]} in sample A",
            pictures,
            count + 1,
            (float(begin), float(len(SHARES) - 1)),
            across=(f"first layer of sample {LETTERS[self.current]}", [str(first) for first in range(count + 1)]),
            down=("strength", [f"{share:.0%}" for share in SHARES]),
        )

    def memory(self) -> dict[str, Any]:
        return super().memory() | {"boxes": tuple(box.memory() for box in self._boxes)}

    def recall(self, memory: Mapping[str, Any]) -> None:
        self._fit_boxes(len(memory["boxes"]))
        for box, chosen in zip(self._boxes, memory["boxes"], strict=True):
            box.recall(chosen)
        super().recall(memory)

    def small_pictures(self) -> Small:
        return {sample: r.Face(self.sample_code(sample)) for sample in range(len(self.seeds))}

    def show_small(self, name: Any, picture: Image.Image) -> None:
        with suppress(IndexError):  # it may have been removed since
            self._boxes[name].show(picture)

    def shelf_changed(self) -> None:
        for box in self._boxes:
            box.list_shelf()

    def reset(self) -> None:
        with self.together():
            self.seeds, self.psi = self._start
            self.current, self.matrix, self.rows, self.columns = 1, False, (0, 1, 2, 3), (4, 5, 6, 7)
            for name, value in _first(_layers(self)).items():
                setattr(self, name, value)
            for name, field in self._fields.items():
                _write(field, getattr(self, name))

    def randomise(self) -> None:
        with self.together():
            if self.matrix:
                self.rows, self.columns = _fresh(len(self.rows)), _fresh(len(self.columns))
            else:
                self.seeds = _fresh(len(self.seeds))

    # changes

    def _observe(self) -> None:
        self.observe(lambda _: self._use_seeds(), "seeds")
        self.observe(lambda _: self._mark_layers(), ["sources", "current"])
        self.observe(lambda change: self._give(change["new"]), "layers")
        self.observe(lambda change: self._give(range(change["new"][0], change["new"][1] + 1)), "range")
        self.redraw_on("psi", "start", "strengths", draft=True)
        self.redraw_on("matrix", "rows", "columns")
        for layer, toggle in enumerate(self._toggles):
            toggle.observe(lambda change, layer=layer: self._toggled(layer, change["new"]), "value")
        for name, field in self._fields.items():
            self.observe(lambda change, field=field: _write(field, change["new"]), name)
            _write(field, getattr(self, name))
            field.observe(lambda change, name=name: self._typed(name, change["new"]), "value")

    def _chosen(self) -> None:
        """A box chose something else, which may be another picture from the shelf."""
        with self.together():
            self.seeds = tuple(box.seed for box in self._boxes)
            self.refresh()

    def _use_seeds(self) -> None:
        count = len(self.seeds)
        with self.together():
            self._show_samples()
            if any(source >= count for source in self.sources):
                self.sources = [source if source < count else 0 for source in self.sources]
            self._offer_letters()
            self.refresh()

    def _show_samples(self) -> None:
        """A box for each sample, with its seed."""
        self._fit_boxes(len(self.seeds))
        for sample, (box, seed) in enumerate(zip(self._boxes, self.seeds, strict=True)):
            box.title = LETTERS[sample]
            box.offer_extra(len(self.seeds) > FEWEST_SAMPLES)  # the last two cannot be removed
            if seed is not None and box.seed != seed:
                box.choose_seed(seed)
        before = self._samples.children
        if before != tuple(self._boxes):
            self._samples.children = tuple(self._boxes)
            close_tree(*(box for box in before if box not in self._boxes))
            self.parts_changed()

    def _fit_boxes(self, count: int) -> None:
        """As many boxes as that; they are put on the screen by `_show_samples`."""
        del self._boxes[count:]
        while len(self._boxes) < count:
            self._boxes.append(self._box(len(self._boxes)))

    def _offer_letters(self) -> None:
        """The choice of the current sample, as there are samples now."""
        options = [(LETTERS[sample], sample) for sample in range(1, len(self.seeds))]
        self._giver.layout.display = None if len(options) > 1 else "none"  # with one there is no choice
        if list(self._letters.options) != options:
            current = min(self.current, len(options))
            self._letters.options = options
            self.current = current
        self._letters.value = self.current

    def _give(self, layers: Iterable[int]) -> None:
        """Just these layers to the current sample; the others that it had go back to A."""
        if self._marking:
            return
        chosen = set(layers)
        self.sources = [
            self.current if layer in chosen else 0 if source == self.current else source
            for layer, source in enumerate(self.sources)
        ]

    def _toggled(self, layer: int, taken: bool) -> None:
        if not self._marking:
            sources = list(self.sources)
            sources[layer] = self.current if taken else 0
            self.sources = sources

    def _mark_layers(self) -> None:
        """Buttons, `layers` and `range` as `sources` and `current` say."""
        mine = [layer for layer, source in enumerate(self.sources) if source == self.current]
        self._marking, before = True, self._marking
        try:
            for layer, (toggle, source) in enumerate(zip(self._toggles, self.sources, strict=True)):
                toggle.description = f"{layer} {LETTERS[source]}"
                toggle.value = source == self.current
            self.layers = mine
            if mine and self.range != (mine[0], mine[-1]):
                self.range = (mine[0], mine[-1])
        finally:
            self._marking = before
        self.refresh(draft=True)

    def _typed(self, name: str, text: str) -> None:
        with self.together():
            with suppress(BadInputError):  # `scene` says what is wrong, if the matrix is shown
                setattr(self, name, _seeds(text, name))
            self.refresh()

    # the screen

    def _controls(self) -> list[w.Widget]:
        add = self.stage.button("Add a sample", "plus", "One more sample to take layers from", self.add)
        psi, strengths = psi_slider(self.psi), StrengthSliders(_layers(self))
        matrix = w.Checkbox(value=False, description="show the matrix", indent=False)
        start = w.IntSlider(0, min=0, max=_layers(self), description="from layer", style=LABEL, layout=wide())
        toggles = w.Box(self._toggles)
        toggles.add_class("wf-layers")
        self._offer_letters()
        controls = {"current": self._letters, "range": self._run, "strengths": strengths, "psi": psi}
        for name, control in (controls | {"matrix": matrix, "start": start}).items():
            self.bind(name, control)
        accordion = Accordion(
            {
                "Strength of each layer": [strengths],
                "Boldness": [psi],
                "Matrix": [matrix, *self._fields.values(), start],
            }
        )
        return [
            group(
                "Layers",
                self._giver,
                self._run,
                toggles,
                hint(
                    "Each layer takes its part from the sample whose letter it has: the first layers make pose and "
                    "shape, the last ones colours and strokes."
                ),
            ),
            group("Samples", self._samples, row(add)),
            group("Details", accordion),
        ]

    def _box(self, sample: int) -> SourceBox:
        remove = self.stage.button("", "times", "Remove this sample", lambda: self.remove(self._boxes.index(box)))
        box = SourceBox(
            self.stage,
            self.shelf,
            LETTERS[sample],
            0,
            extra=[remove],
            changed=self._chosen,
            take=lambda name: face_code(self.stage.renderer, self.shelf[name]),
        )
        return box

    def _sheet(self) -> r.Sheet:
        rows, columns = (
            [r.Seed(seed, self.psi) for seed in seeds if seed is not None] for seeds in (self.rows, self.columns)
        )
        return r.matrix(rows, columns, start=self.start, cell=min(CELL, self.stage.renderer.generator.size))


def _first(layers: int) -> dict[str, Any]:
    """Attributes of a new mixer that depend on the model: B has the later half of the layers."""
    half = layers // 2
    sources = (0,) * half + (1,) * (layers - half)
    return {"sources": sources, "strengths": (1.0,) * layers, "start": half}


def _field(name: str) -> w.Text:
    return w.Text(continuous_update=False, description=name, style=LABEL, layout=wide())


def _write(field: w.Text, seeds: tuple[int | None, ...]) -> None:
    field.value = " ".join(map(str, seeds))


def _fresh(count: int) -> tuple[int, ...]:
    return tuple(random.randrange(100_000) for _ in range(count))


def _seeds(text: str, what: str) -> tuple[int, ...]:
    """Whole numbers, with spaces or commas between them."""
    words = text.replace(",", " ").split()
    if not all(word.isdecimal() and int(word) < 2**32 for word in words) or not 1 <= len(words) <= MOST_SIDE:
        raise BadInputError(f"The matrix' {what} are 1 to {MOST_SIDE} seeds, such as 0 1 2 3; not {text!r}.")
    return tuple(int(word) for word in words)
