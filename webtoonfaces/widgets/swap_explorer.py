"""`SwapExplorer`: the structure of one picture in the style of another, at any swap location."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Literal

import ipywidgets as w
from PIL import Image

from ..errors import UnknownNameError
from ..images import ImageSource, scaled
from ..rendering import recipe as r
from ..rendering.renderer import Renderer, check_models
from ..rendering.saved import Shelf
from ..rendering.to_python import Snippet
from ..webtoonize.encode import PictureCodes, picture_codes, swap_codes
from .explorer import Explorer
from .export import Page
from .frontend import plain_only
from .frontend.strip import PlainStrip, Strip
from .parts.accordion import Accordion
from .parts.groups import group, hint
from .parts.sliders import LABEL_WIDTH, StrengthSliders, location_hint, location_slider, psi_slider, slider
from .parts.source_box import SourceBox
from .parts.stage import Small
from .pictures import THUMBNAIL, VIEW, data_uri
from .traits import LAST_SEED, MAX_PSI, Choice, Float, Numbers, whole

STRUCTURE, STYLE = 26, 39  # seeds whose pictures swap well in the demo models
PLACES = ("structure", "style", "second_structure", "second_style")
SHARES = (0.25, 0.5, 0.75, 1.0)  # of the strengths, in the exported page


def _layers(explorer: SwapExplorer) -> int:
    return explorer.stage.renderer.swapae.num_ws


class SwapExplorer(Explorer):
    """Two pictures, swapped: the structure of one, and the style of the other from the swap location on.

    Traits, which can be observed and linked: `location`, the swap location, 0 (all style) to L (all the structure
    picture's own), at 2.5 layer 2 is half and half; `strengths`, how much of the style each layer takes, 0 to 1, of
    those that take any; `structure_mix` and `style_mix`, towards the second picture of each kind, 0 to 1; `psi`,
    truncation of the samples; `noise`, "none" or "const". Read-only: `image`, the last full picture; `code`, the cell.

    `structure`, `style`, `second_structure` and `second_style` are properties and no traits, because they may be
    photos: a seed, or anything `load_image` opens (or use `take`). A recipe holds a photo's codes, never the photo.

    Headless: set these, then `render()` or `snapshot(path)`; `export_html(path)` writes a page for a browser.

    Parameters: `swapae`, a Swapping Autoencoder; `generator`, the StyleGAN2 that samples come from; `structure` and
    `style`, seeds or pictures; `location`; `psi`; `shelf`, where Keep puts pictures.
    """

    css_class = "wf-swap-explorer"
    default_name = "swapped"
    source_name, result_name = "structure", "swapped"

    location = Float(
        3, low=0, high=_layers, help="The swap location, 0 (all style) to L; at 2.5 layer 2 is half and half."
    )
    strengths = Numbers(count=_layers, each="layer", help="How much of the style each layer takes, 0 to 1.")
    structure_mix = Float(0, low=0, high=1, help="From the structure picture (0) to the second one, style included.")
    style_mix = Float(0, low=0, high=1, help="From the style picture (0) to the second one (1).")
    psi = Float(0.7, low=0, high=MAX_PSI, help="Truncation of the samples.")
    # Not "random": a picture that is saved has to come out the same again.
    noise = Choice("none", "const", help='"none" or "const".')

    def __init__(
        self,
        swapae: Any,
        generator: Any,
        *,
        structure: int | ImageSource = STRUCTURE,
        style: int | ImageSource = STYLE,
        location: float = 3,
        psi: float = 0.7,
        shelf: Shelf | None = None,
    ):
        check_models(type(self).__name__, generator=generator, swapae=swapae)
        ones = [1.0] * swapae.num_ws
        super().__init__(Renderer(generator, swapae), shelf=shelf, location=location, psi=psi, strengths=ones)
        self._start = (structure, style, self.location, self.psi)
        self._boxes = {place: self._box(place, seed) for seed, place in enumerate(PLACES)}
        labels = [str(location) for location in range(_layers(self) + 1)]
        self._strip = (PlainStrip if plain_only() else Strip)(labels=labels, title="swap location")
        self._strip.layout.width = "100%"
        self._thumbnails = [""] * len(labels)
        self.arrange(self._controls())
        self.redraw_on("location", "strengths", "structure_mix", "style_mix", "psi", draft=True)
        self.redraw_on("noise")
        try:
            self.reset()
        except BaseException:  # a picture that cannot be read
            self.close()
            raise

    # the pictures

    @property
    def structure(self) -> Any:
        """The picture whose structure is taken: a seed, the name of something on the shelf, or a picture.

        Not a trait, because it may be a photo; nor are the three that follow.
        """
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

    def style_code(self, location: float, strengths: tuple[float, ...] | None = None) -> r.Code:
        """The style that is drawn, layer by layer, at a swap location, and with these strengths instead of its own."""
        strengths = self.strengths if strengths is None else strengths
        own = _between(self.codes("structure")[1], self.codes("second_structure")[1], self.structure_mix)
        style = _between(self.codes("style")[1], self.codes("second_style")[1], self.style_mix)
        swapped = r.SwapAt(own, style, location)
        if all(strength == 1 for strength in strengths):
            return swapped
        return r.Layers(own, swapped, tuple(range(_layers(self))), strengths)

    def scene(self) -> r.Picture:
        return self._at(self.location)

    def small_pictures(self) -> Small:
        found: dict[Any, r.Picture | Image.Image] = {place: self._small(place) for place in PLACES}
        # From the last location down: each differs from the one before in a layer that is drawn late.
        return found | {k: self._at(float(k)) for k in reversed(range(_layers(self) + 1))}

    def show_small(self, name: Any, picture: Image.Image) -> None:
        if name in self._boxes:
            self._boxes[name].show(picture)
        else:
            self._thumbnails[name] = data_uri(picture, side=THUMBNAIL)
            self._strip.thumbnails = list(self._thumbnails)

    def before(self) -> r.Picture | Image.Image:
        picture = self._small("structure")
        box = self._boxes["structure"]
        if isinstance(box.value, PictureCodes):
            return scaled(box.value.picture, VIEW)
        return picture if isinstance(picture, Image.Image) else r.Sheet((self.rested(picture),), 1, VIEW)

    def page(self) -> Page:
        layers, strengths = _layers(self), self.strengths
        pictures = []
        for share in SHARES:
            weaker = tuple(share * strength for strength in strengths)
            pictures += [self._at(float(location), weaker) for location in range(layers + 1)]
        nearest = (float(round(self.location)), float(len(SHARES) - 1))
        return Page(
            "A face in the style of another",
            pictures,
            layers + 1,
            nearest,
            across=("swap location", [str(location) for location in range(layers + 1)]),
            down=("strength", [f"{share:.0%}" for share in SHARES]),
        )

    def memory(self) -> dict[str, Any]:
        return super().memory() | {place: box.memory() for place, box in self._boxes.items()}

    def recall(self, memory: Mapping[str, Any]) -> None:
        for place, box in self._boxes.items():
            box.recall(memory[place])
        super().recall(memory)

    def shelf_changed(self) -> None:
        for box in self._boxes.values():
            box.list_shelf()

    def snippets(self) -> dict[r.Stored, Snippet]:
        found: dict[r.Stored, Snippet] = {}
        for box in self._boxes.values():
            if isinstance(box.value, PictureCodes):
                found |= box.value.snippets
        return found

    def reset(self) -> None:
        structure, style, location, psi = self._start
        with self.together():
            for place, source in zip(PLACES, (structure, style, 2, 3), strict=True):
                self._choose(place, source)
            self.location, self.psi, self.noise = location, psi, "none"
            self.structure_mix = self.style_mix = 0
            self.strengths = [1.0] * _layers(self)

    def randomise(self) -> None:
        for place in ("structure", "style"):
            self._boxes[place].choose_seed(random.randrange(100_000))
        self.refresh()

    # the screen

    def _controls(self) -> list[w.Widget]:
        location = location_slider(self.location, _layers(self))
        style_mix, structure_mix = slider("towards it", 0, 1), slider("towards it", 0, 1)
        strengths, psi = StrengthSliders(_layers(self)), psi_slider(self.psi)
        noise = w.Dropdown(
            options=[("none", "none"), ("fixed", "const")],
            description="noise",
            style={"description_width": LABEL_WIDTH},
            layout=w.Layout(width="180px"),
        )
        controls = {"location": location, "strengths": strengths, "psi": psi, "noise": noise}
        for name, control in (controls | {"style_mix": style_mix, "structure_mix": structure_mix}).items():
            self.bind(name, control)
        self.bind("location", self._strip)
        accordion = Accordion(
            {
                "Strength of each layer": [strengths],
                "Towards a second style": [style_mix, self._boxes["second_style"]],
                "Towards a second structure": [structure_mix, self._boxes["second_structure"]],
                "Boldness and noise": [psi, noise],
            }
        )
        return [
            group(
                "Swap location",
                self._strip,
                location,
                hint(location_hint("structure", _layers(self))),
            ),
            group(
                "Pictures",
                self._boxes["structure"],
                self._boxes["style"],
                hint("The structure says what is where, the style how it is drawn."),
            ),
            group("Details", accordion),
        ]

    def _box(self, place: str, seed: int) -> SourceBox:
        box = SourceBox(
            self.stage,
            self.shelf,
            place.replace("_", " "),
            seed,
            changed=self.refresh,
            take=lambda name: swap_codes(self.stage.renderer, self.shelf[name]),
            open_file=lambda source, align, name: picture_codes(self.stage.renderer, source, align=align, name=name),
        )
        box.add_class(f"wf-{place.replace('_', '-')}")
        return box

    def _choose(self, place: str, source: int | ImageSource) -> None:
        box = self._boxes[place]
        if isinstance(source, int):
            box.choose_seed(whole(place, source, 0, LAST_SEED))
        else:
            box.choose_file(source)
        self.refresh()

    def _at(self, location: float, strengths: tuple[float, ...] | None = None) -> r.Decoded:
        return r.Decoded(self.structure_code(), self.style_code(location, strengths), self.noise)

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
