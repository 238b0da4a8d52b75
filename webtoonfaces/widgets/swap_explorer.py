"""`SwapExplorer`: the structure of one picture in the style of another, at any swap location."""

from __future__ import annotations

import random
from collections.abc import Hashable
from typing import Any, Literal

import ipywidgets as w
from PIL import Image

from ..errors import UnknownNameError
from ..images import ImageSource
from ..rendering import recipe as r
from ..rendering.renderer import Renderer, check_models, scaled
from ..rendering.saved import Shelf
from ..rendering.to_python import Spelling
from ..webtoonize.encode import PictureCodes, picture_codes, swap_codes
from .control import MOST_PSI, Control, Strengths, allowed, number
from .explorer import THUMBNAIL, Explorer
from .folds import folds
from .pad import thumbnail
from .source_box import FULL, SourceBox
from .strip import make_strip

PLACES = ("structure", "style", "second_structure", "second_style")
LABEL = {"description_width": "72px"}


class SwapExplorer(Explorer):
    """Two pictures, swapped: the structure of one, and the style of the other from the swap location on.

    The first `location` layers keep the structure picture's own style. Each picture is a sample (a seed), a file, or
    from the shelf. Headless: set `structure`, `style`, `second_structure`, `second_style` to a seed or to anything
    `load_image` opens (or use `take`), and `location`, `strengths`, `structure_mix`, `style_mix`, `psi`, `noise`; then
    `render()` or `snapshot(path)`. A recipe holds a photo's codes, never the photo.

    Parameters: `swapae`, a Swapping Autoencoder; `generator`, the StyleGAN2 that samples come from; `structure` and
    `style`, seeds or pictures; `location`, 0 (all style) to L (all the structure picture's own).
    """

    css_class = "wf-swap-explorer"
    default_name = "swapped"

    def __init__(
        self, swapae: Any, generator: Any, *, structure: int | ImageSource = 0, style: int | ImageSource = 1,
        location: float = 3, psi: float = 0.7, shelf: Shelf | None = None,
    ):  # fmt: skip
        check_models(type(self).__name__, generator=generator, swapae=swapae)
        number("psi", psi, 0, MOST_PSI)
        self._layers = layers = swapae.num_ws
        location = number("location", location, 0, layers)
        self._start = (structure, style, location, psi)
        # The boxes' buttons write to the status line, which is made by `super().__init__`; they only act later.
        self._boxes = {place: self._box(place, seed) for seed, place in enumerate(PLACES)}
        self._location = w.FloatSlider(
            location, min=0, max=layers, step=0.05, description="location", readout_format=".2f",
            style=LABEL, layout=_wide(),
        )  # fmt: skip
        self._strip = make_strip([str(k) for k in range(layers + 1)], "swap location")
        self._strip.value = location
        self._all = _amount("all", 1.0, width="28px")
        self._strengths = [_amount(str(i), 1.0, width="28px") for i in range(layers)]
        self._structure_mix, self._style_mix = _amount("towards it", 0.0), _amount("towards it", 0.0)
        self._psi = w.FloatSlider(
            psi, min=0, max=MOST_PSI, step=0.01, description="psi", readout_format=".2f", style=LABEL, layout=_wide()
        )
        # Not "random": a picture that is saved has to come out the same again.
        self._noise = w.Dropdown(
            options=[("none", "none"), ("fixed", "const")], description="noise", style=LABEL,
            layout=w.Layout(width="180px"),
        )  # fmt: skip
        self._shown_strip: list[str] = [""] * (layers + 1)
        super().__init__(Renderer(generator, swapae), self._controls(), below=[self._strip_with_title()], shelf=shelf)
        self._observe()
        self.shelf_changed()
        self.reset()

    # state, from code or from the screen

    @property
    def structure(self) -> Any:
        """The picture whose structure is taken: a seed, the name of something on the shelf, or a picture."""
        return self._boxes["structure"].source

    @structure.setter
    def structure(self, source: int | ImageSource) -> None:
        self._choose("structure", source)

    @property
    def style(self) -> Any:
        """The picture whose style is taken."""
        return self._boxes["style"].source

    @style.setter
    def style(self, source: int | ImageSource) -> None:
        self._choose("style", source)

    @property
    def second_structure(self) -> Any:
        """The picture that `structure_mix` goes towards."""
        return self._boxes["second_structure"].source

    @second_structure.setter
    def second_structure(self, source: int | ImageSource) -> None:
        self._choose("second_structure", source)

    @property
    def second_style(self) -> Any:
        """The picture that `style_mix` goes towards."""
        return self._boxes["second_style"].source

    @second_style.setter
    def second_style(self, source: int | ImageSource) -> None:
        self._choose("second_style", source)

    @property
    def location(self) -> float:
        """The swap location, 0 (all style) to L; at 2.5 layer 2 is half and half."""
        return round(self._location.value, 6)

    @location.setter
    def location(self, value: float) -> None:
        self._location.value = allowed("location", self._location, value)

    strengths = Strengths("How much of the style each layer takes, 0 to 1, of those that take any.")

    structure_mix = Control[float](
        "_structure_mix",
        "From the structure picture (0) to the second one (1), its own style included.",
    )

    style_mix = Control[float]("_style_mix", "From the style picture (0) to the second one (1).")
    psi = Control[float]("_psi", "Truncation of the samples.")
    noise = Control[str]("_noise", '"none" or "const".')

    def take(self, name: str, *, place: Literal["structure", "style", "second_structure", "second_style"]) -> None:
        """Put a picture from the shelf in one of the four places."""
        if place not in self._boxes:
            raise UnknownNameError("place", place, self._boxes)
        self._boxes[place].choose_kept(name)
        self.refresh()

    # what is drawn

    def codes(self, place: str) -> tuple[r.Code, r.Code]:
        """Structure and style of the picture in a place."""
        box = self._boxes[place]
        if box.seed is not None:
            seed = r.Seed(box.seed, self.psi)
            return r.StructureOf(seed), r.StyleOf(seed)
        if isinstance(box.value, PictureCodes):
            return box.value.structure, box.value.style
        return box.value

    def structure_code(self) -> r.Code:
        """The structure that is drawn. Whatever edits a structure, by region say, belongs here."""
        return _between(self.codes("structure")[0], self.codes("second_structure")[0], self.structure_mix)

    def style_code(self, location: float) -> r.Code:
        """The style that is drawn, layer by layer, at a swap location."""
        own = _between(self.codes("structure")[1], self.codes("second_structure")[1], self.structure_mix)
        style = _between(self.codes("style")[1], self.codes("second_style")[1], self.style_mix)
        swapped = r.SwapAt(own, style, location)
        if all(strength == 1 for strength in self.strengths):
            return swapped
        return r.Layers(own, swapped, tuple(range(self._layers)), self.strengths)

    def expression(self) -> r.Picture:
        return self._at(self.location)

    def thumbnails(self) -> dict[Hashable, r.Picture | Image.Image]:
        found: dict[Hashable, r.Picture | Image.Image] = {place: self._small(place) for place in PLACES}
        # From the last location down: each differs from the one before in a layer that is drawn late.
        return found | {k: self._at(float(k)) for k in reversed(range(self._layers + 1))}

    def show_thumbnail(self, name: Any, picture: Image.Image) -> None:
        if name in self._boxes:
            self._boxes[name].show(picture)
        else:
            self._shown_strip[name] = thumbnail(picture, side=THUMBNAIL)
            self._strip.thumbnails = list(self._shown_strip)

    def shelf_changed(self) -> None:
        for box in self._boxes.values():
            box.list_shelf()

    def spellings(self) -> dict[r.Stored, Spelling]:
        found: dict[r.Stored, Spelling] = {}
        for box in self._boxes.values():
            if isinstance(box.value, PictureCodes):
                found |= box.value.spellings
        return found

    def reset(self) -> None:
        structure, style, location, psi = self._start
        with self.quietly():
            self._location.value, self._psi.value, self._noise.value = location, psi, "none"
            self._structure_mix.value = self._style_mix.value = 0.0
            self._all.value = 1.0
            self.strengths = [1.0] * self._layers
            for place, source in zip(PLACES, (structure, style, 2, 3), strict=True):
                self._choose(place, source)
        self.refresh()

    def randomise(self) -> None:
        with self.quietly():
            for place in ("structure", "style"):
                self._boxes[place].choose_seed(random.randrange(100_000))
        self.refresh()

    # the screen

    def _controls(self) -> list[w.Widget]:
        more = folds(
            {
                "Strength of each layer": [self._all, *self._strengths],
                "Towards a second style": [self._style_mix, self._boxes["second_style"]],
                "Towards a second structure": [self._structure_mix, self._boxes["second_structure"]],
                "Psi and noise": [self._psi, self._noise],
            }
        )
        return [self._boxes["structure"], self._boxes["style"], self._location, more]

    def _strip_with_title(self) -> w.Widget:
        title = w.HTML("<small>Swap location: 0 is all style, the last all the structure picture's own.</small>")
        return w.VBox([title, self._strip], layout=w.Layout(width="100%", margin="6px 0"))

    def _box(self, place: str, seed: int) -> SourceBox:
        box = SourceBox(
            self, place.replace("_", " "), seed, changed=self.refresh,
            take=lambda name: swap_codes(self._renderer, self.shelf[name]),
            open_file=lambda source, align: picture_codes(self._renderer, source, align=align),
        )  # fmt: skip
        box.add_class(f"wf-{place.replace('_', '-')}")
        return box

    def _observe(self) -> None:
        for slider in (self._psi, self._structure_mix, self._style_mix, *self._strengths):
            slider.observe(lambda _: self.refresh(draft=True), "value")
        self._noise.observe(lambda _: self.refresh(), "value")
        self._all.observe(lambda _: self._all_moved(), "value")
        self._location.observe(lambda _: self._location_moved(), "value")
        self._strip.observe(lambda change: setattr(self._location, "value", change.new), "value")

    def _location_moved(self) -> None:
        self._strip.value = self.location
        self.refresh(draft=True)

    def _all_moved(self) -> None:
        if self._mute:
            return
        with self.quietly():
            self.strengths = [self._all.value] * self._layers
        self.refresh(draft=True)

    def _choose(self, place: str, source: int | ImageSource) -> None:
        box = self._boxes[place]
        if isinstance(source, int):
            box.choose_seed(source)
        else:
            box.choose_file(source)
        self.refresh()

    def _at(self, location: float) -> r.Decoded:
        return r.Decoded(self.structure_code(), self.style_code(location), self.noise)

    def _small(self, place: str) -> r.Picture | Image.Image:
        box = self._boxes[place]
        if box.seed is not None:
            return r.Face(r.Seed(box.seed, self.psi))
        if isinstance(box.value, PictureCodes):
            return scaled(box.value.picture, THUMBNAIL)
        structure, style = box.value
        return r.Decoded(structure, style)


def _between(a: r.Code, b: r.Code, t: float) -> r.Code:
    return r.Blend(a, b, t) if t else a


def _wide() -> w.Layout:
    return w.Layout(width=FULL, max_width="420px")


def _amount(label: str, value: float, *, width: str = "72px") -> w.FloatSlider:
    return w.FloatSlider(
        value, min=0, max=1, step=0.05, description=label, readout_format=".2f",
        style={"description_width": width}, layout=_wide(),
    )  # fmt: skip
