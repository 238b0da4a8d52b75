"""`FaceStudio`: a photo of somebody, redrawn in the styles of webtoons, and put back into the photo."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ipywidgets as w
from PIL import Image

from ..errors import BadInputError, UnknownNameError, WebtoonFacesError
from ..images import ImageSource, encode, save_gif, save_image, strip
from ..rendering import recipe as r
from ..rendering.renderer import Rendered, Renderer, Request, check_models, scaled
from ..rendering.saved import Shelf
from ..rendering.to_python import Spelling, load_line
from ..webtoonize.encode import PictureCodes, picture_codes, swap_codes
from ..webtoonize.photo import FRAMES, Photo, cartoonizers
from .control import MOST_PSI, Control, allowed, number
from .errands import Errands
from .explorer import QUALITY, THUMBNAIL, Explorer
from .film import FilmButton
from .photo_panel import PhotoPanel
from .source_box import SourceBox

VIEWS = (("face", "face"), ("before | after", "both"), ("whole photo", "photo"))
LABEL = {"description_width": "60px"}
BESIDE, WHOLE = 320, 640  # px, the side of each picture side by side, and of a whole photo
WELCOME = "Choose a photo, drop one, or type its path."
NO_RECIPE = "It is the whole photo, so it has no recipe: a recipe never holds a photo."


@dataclass(frozen=True)
class _Shot(Request):
    """A face to draw, and how it is then shown."""

    photo: Photo | None = None
    face: int = 0
    view: str = "face"
    every: bool = False
    cartoonizer: str = ""


@dataclass(frozen=True)
class _Kept:
    """A style off the shelf, and its picture."""

    style: r.Code
    picture: Image.Image


class FaceStudio(Explorer):
    """A photo's face in the style of a sample, of a picture, or of something on the shelf.

    Headless: `load(photo)`, set `face`, `seed`, `psi`, `location`, `cartoonize`, or call `take_style(picture)` and
    `take(name)`; then `render()` or `snapshot(path)` for the face, `paste()` or `save_photo(path)` for the whole photo,
    and `save_exploration(path)` for a walk through styles. `draw_crop(box)` takes a face where none was found.

    Parameters: `swapae`, a SwappingAutoencoder; `generator`, a StyleGAN2, for styles by seed; `photo`, anything that
    shows one; `seed` and `psi` of the first style; `location`, how many of the first layers keep the photo's texture;
    `cartoonize`, what a face goes through before it is encoded, as in `face2webtoon`, but by name.
    """

    css_class = "wf-face-studio"
    default_name = "webtoon-face"

    def __init__(
        self, swapae: Any, generator: Any, *, photo: ImageSource | None = None, seed: int = 0, psi: float = 0.7,
        location: float = 3, cartoonize: str | bool | None = None, shelf: Shelf | None = None,
    ):  # fmt: skip
        check_models(type(self).__name__, generator=generator, swapae=swapae)
        number("psi", psi, 0, MOST_PSI)
        self._start = (seed, psi, number("location", location, 0, swapae.num_ws), _known_cartoonizer(cartoonize))
        self._cartoonizer = self._start[3]
        self._photo: Photo | None = None
        self._spelled = ""  # how Python says the photo; "" for an upload
        self._errands = Errands(self.attempt)
        self._panel = PhotoPanel(give=self._photo_given, crop=self._crop_drawn, pick=self._face_picked)
        self._style = SourceBox(
            self, "style", seed, take=self._off_shelf, changed=self.refresh,
            open_file=lambda picture, align: picture_codes(self._renderer, picture, align=align),
        )  # fmt: skip
        self._psi = w.FloatSlider(
            psi, min=0, max=MOST_PSI, step=0.01, description="psi", readout_format=".2f", style=LABEL, layout=_wide()
        )
        self._location = w.FloatSlider(
            self._start[2], min=0, max=swapae.num_ws, step=0.05, description="location", readout_format=".2f",
            style=LABEL, layout=_wide(),
        )  # fmt: skip
        names = [("the photo", ""), *((f"its cartoon, {name}", name) for name in cartoonizers())]
        self._encoded = w.Dropdown(
            options=names, value=self._cartoonizer, description="from", style=LABEL, layout=_wide(),
        )  # fmt: skip
        self._view = w.ToggleButtons(options=VIEWS, style={"button_width": "auto"})
        self._every = w.Checkbox(
            value=False, description="all faces", indent=False, layout=w.Layout(width="auto", margin="2px 8px")
        )
        super().__init__(Renderer(generator, swapae), self._controls(), shelf=shelf)
        for control in (self._psi, self._location):
            control.observe(lambda _: self.refresh(draft=True), "value")
        for control in (self._view, self._every):
            control.observe(lambda _: self.refresh(), "value")
        self._encoded.observe(lambda change: self._cartoonizer_picked(change["new"]), "value")
        self.view.layout.display = "none"
        self.shelf_changed()
        if photo is None:
            self.refresh()
        else:
            self.load(photo)

    # state, from code or from the screen

    @property
    def photo(self) -> Image.Image | None:
        """The whole photo; None as long as there is none. Setting it is `load`."""
        return None if self._photo is None else self._photo.picture

    @photo.setter
    def photo(self, photo: ImageSource) -> None:
        self.load(photo)

    @property
    def faces(self) -> int:
        """How many faces are known in the photo; `wait` until the small ones are found, too."""
        return 0 if self._photo is None else len(self._photo.faces)

    @property
    def face(self) -> int:
        """Index of the picked face; the most prominent one is 0."""
        return max(0, self._panel.face)

    @face.setter
    def face(self, value: int) -> None:
        self._given().face(value)
        self._panel.face = value

    @property
    def seed(self) -> int | None:
        """Of the sample whose style is taken; None where the style is a picture's or from the shelf."""
        return self._style.seed

    @seed.setter
    def seed(self, value: int) -> None:
        self._style.choose_seed(value)
        self.refresh()

    psi = Control[float]("_psi", "Truncation of the sample.")

    @property
    def location(self) -> float:
        """The swap location, 0 to L: the first so many layers keep the photo's own texture; fractions blend a layer."""
        return round(self._location.value, 6)

    @location.setter
    def location(self, value: float) -> None:
        self._location.value = allowed("location", self._location, value)

    @property
    def cartoonize(self) -> str | None:
        """What a face goes through before it is encoded: None, "classical" (or True), or a published cartoonizer.

        Setting it raises UnknownNameError, and what fetching weights raises; then all stays as it was.
        """
        return self._cartoonizer or None

    @cartoonize.setter
    def cartoonize(self, name: str | bool | None) -> None:
        self._use_cartoonizer(_known_cartoonizer(name))

    show = Control[str](
        "_view", 'What is on the screen: "face", "both" (before and after), or "photo" (the whole one, pasted).'
    )

    every_face = Control[bool]("_every", "Whether all faces are pasted into the whole photo, or the picked one alone.")

    def load(self, photo: ImageSource) -> None:
        """Take another photo and find its face; the smaller ones are looked for meanwhile (`wait`).

        Raises ImageError, and then the former photo stays.
        """
        self._load(photo, repr(os.fspath(photo)) if isinstance(photo, (str, os.PathLike)) else "")

    def draw_crop(self, box: Sequence[float]) -> None:
        """Take what is in a box (left, top, right, bottom, photo pixels) as a face, and pick it; see `Photo.add`."""
        photo = self._given()
        index = photo.add(box)
        photo.codes(index, self._cartoonizer)
        if photo is self._photo:  # not where another one was given meanwhile
            self._arrange(photo, index)

    def take_style(self, picture: ImageSource) -> None:
        """Take the style of a picture. Raises ImageError, and then the former style stays."""
        self._style.choose_file(picture)
        self.refresh()

    def take(self, name: str) -> None:
        """Take the style of something on the shelf, which the models of this studio drew."""
        self._style.choose_kept(name)
        self.refresh()

    def paste(self) -> Image.Image:
        """The whole photo with the picked face redrawn, or with all of them where `every_face` is set."""
        shot = self.request()
        return self._pasted(shot, self._renderer.draw(shot.picture))

    def save_photo(self, path: str | os.PathLike[str]) -> Path:
        """Save `paste()` as PNG, JPEG or WebP. It has no recipe: it shows the photo, which no recipe may hold."""
        return save_image(self.paste(), path)

    def save_exploration(self, path: str | os.PathLike[str]) -> Path:
        """Write the picked face's walk through the styles of ten samples, from `seed` on, as a GIF."""
        return save_gif(self._frames(), path, fps=20)

    # Explorer

    def expression(self) -> r.Picture:
        return self._redrawn(self._given(), self.face)

    def request(self, *, draft: bool = False) -> _Shot:
        return _Shot(self.expression(), draft, self._photo, self.face, self.show, self.every_face, self._cartoonizer)

    def refresh(self, *, draft: bool = False) -> None:
        if self._photo is not None and self._photo.faces:
            super().refresh(draft=draft)
        elif not self._mute:
            self.refresh_thumbnails()
            self.tell(WELCOME if self._photo is None else self._photo.advice, error=self._photo is not None)

    def thumbnails(self) -> Mapping[Hashable, r.Picture | Image.Image]:
        if self.seed is not None:
            return {"style": r.Face(r.Seed(self.seed, self.psi))}
        return {"style": scaled(self._style.value.picture, THUMBNAIL)}

    def show_thumbnail(self, name: Any, picture: Image.Image) -> None:
        self._style.show(picture)

    def shelf_changed(self) -> None:
        self._style.list_shelf()

    def spellings(self) -> Mapping[r.Stored, Spelling]:
        found = self._given().spellings(self.face, self._spelled, self._cartoonizer)
        style = self._style.value
        return found | style.spellings if isinstance(style, PictureCodes) else found

    def to_python(self) -> str:
        face = self._given().python(self.face, self._spelled) if self._spelled else ""
        if self.seed is None or not face:
            return super().to_python()
        loads = [load_line(self._renderer, family) for family in ("stylegan2", "swapae")]
        options = f"swapae=AE, generator=G, locations=({self.location!r},), truncation_psi={self.psi!r}"
        if self._cartoonizer:
            options += f", cartoonize={self._cartoonizer!r}"
        made = f"sheet = wf.face2webtoon(face, styles=[{self.seed}], {options})"
        return "\n".join(["import webtoonfaces as wf", "", *loads, f"face = {face}", made, "sheet.images[0][0]"])

    def reset(self) -> None:
        """The first style and location again; the photo stays."""
        seed, psi, location, cartoonizer = self._start
        with self.quietly():
            self._psi.value, self._location.value = psi, location
            self._view.value, self._every.value = "face", False
            self._use_cartoonizer(cartoonizer)
        self.seed = seed

    def randomise(self) -> None:
        self.seed = random.randrange(100_000)

    def wait(self, timeout: float = 60) -> bool:
        """Until all that was given is read, written and shown; False after `timeout` seconds."""
        end = time.monotonic() + timeout
        return self._errands.wait(timeout) and super().wait(max(0.0, end - time.monotonic()))

    def close(self) -> None:
        if hasattr(self, "_film"):  # not where making the studio failed
            self._film.give_up()
            self._errands.close()
        super().close()

    # photos, faces and styles

    def _given(self) -> Photo:
        if self._photo is None:
            raise BadInputError(f"There is no photo yet. {WELCOME} In code: load('photo.jpg').")
        return self._photo

    def _load(self, source: ImageSource, spelled: str) -> None:
        photo = Photo(source, self._renderer.swapae)
        if photo.faces:
            photo.codes(0, self._cartoonizer)
        self._spelled = spelled
        self._arrange(photo, 0)
        self._errands.run("search", lambda: self._search(photo))

    def _search(self, photo: Photo) -> None:
        if photo.search() and photo is self._photo:
            self._panel.arrange(photo, self.face)

    def _arrange(self, photo: Photo, face: int) -> None:
        """Put a photo, or what is new about it, on the screen."""
        self._photo = photo
        self._panel.arrange(photo, face)
        self.view.layout.display = ""
        if not photo.faces:
            self._show_undrawn(photo)
        self.refresh()

    def _redrawn(self, photo: Photo, face: int) -> r.Decoded:
        structure, texture = photo.codes(min(face, max(0, len(photo.faces) - 1)), self._cartoonizer)
        return r.Decoded(structure, r.SwapAt(texture, self._style_code(), self.location))

    def _style_code(self) -> r.Code:
        return self._style.value.style if self.seed is None else r.StyleOf(r.Seed(self.seed, self.psi))

    def _off_shelf(self, name: str) -> _Kept:
        item = self.shelf[name]
        return _Kept(swap_codes(self._renderer, item)[1], item.picture)

    def _frames(self) -> Iterator[Image.Image]:
        seed = self._start[0] if self.seed is None else self.seed
        return self._given().exploration(
            self.face, self._renderer.generator, seed=seed, psi=self.psi, location=self.location,
            cartoonizer=self._cartoonizer,
        )  # fmt: skip

    def _use_cartoonizer(self, name: str) -> None:
        """Encode the picked face through it; the others follow when they are asked for."""
        before = self._cartoonizer
        try:
            if self._photo is not None and self._photo.faces:
                self._photo.codes(self.face, name)
            self._cartoonizer = name
        finally:
            self._encoded.value = self._cartoonizer  # also where it failed, or was set by code
        if name != before:
            self.refresh()

    # showing

    def _show(self, job: Any, rendered: Rendered) -> None:
        if job.thumbnail is None and rendered.picture is not None:
            try:
                rendered = replace(rendered, picture=self._dressed(job.request, rendered.picture))
            except WebtoonFacesError as error:
                rendered = replace(rendered, picture=None, error=str(error))
        super()._show(job, rendered)

    def _dressed(self, shot: _Shot, drawn: Image.Image) -> Image.Image:
        """What is shown of a drawn face: itself, what it was drawn from beside it, or the whole photo with it."""
        if shot.photo is None or shot.view == "face":
            return drawn
        if shot.view == "both":
            portrait = shot.photo.portrait(shot.face, shot.cartoonizer)
            return strip([portrait.picture, *([portrait.encoded] if shot.cartoonizer else []), drawn], cell=BESIDE)
        return _at_most(self._pasted(shot, drawn), WHOLE)

    def _pasted(self, shot: _Shot, drawn: Image.Image) -> Image.Image:
        assert shot.photo is not None  # there is no expression without a photo
        others = [index for index in range(len(shot.photo.faces)) if shot.every and index != shot.face]
        pictures = {i: self._renderer.draw(self._redrawn(shot.photo, i), draft=shot.draft) for i in others}
        return shot.photo.paste(pictures | {shot.face: drawn})

    def _show_undrawn(self, photo: Photo) -> None:
        """Show the photo itself as long as no face in it can be drawn."""
        small = _at_most(photo.picture, WHOLE)
        with self._front:
            self._image.value = encode(small, "JPEG", quality=QUALITY)
            self._image.width = str(small.width)

    # the screen

    def _controls(self) -> list[w.Widget]:
        photo_name = w.Text(value="webtoon-photo.png", layout=w.Layout(width="150px"))
        self._film = FilmButton(
            self, self._errands, self._frames, count=FRAMES, name="webtoon-face.gif",
            tooltip="Save a walk through the styles of ten samples",
        )  # fmt: skip

        def save() -> None:
            self.tell("drawing the photo ...")
            self.tell(f"saved {self.save_photo(photo_name.value)}. {NO_RECIPE}")

        save_photo = self.button("Save photo", "image", "Save the whole photo with the redrawn faces", save)
        layout = w.Layout(flex_flow="row wrap", align_items="center")
        return [
            self._panel,
            self._style,
            self._psi,
            self._location,
            self._encoded,
            w.Box([self._view, self._every], layout=layout),
            w.Box([w.Box([save_photo, photo_name], layout=layout), self._film], layout=layout),
        ]

    def _photo_given(self, name: str, source: ImageSource, spelled: str) -> None:
        def read() -> None:
            self._panel.tell(f"looking for a face in {name} ...", busy=True)
            try:
                self._load(source, spelled)
            except Exception as error:
                self._panel.tell(f"{name} cannot be used, so nothing was changed. {error}")
                raise
            self._panel.tell(name)

        self._errands.run("photo", read)

    def _crop_drawn(self, shares: Sequence[float]) -> None:
        if self._photo is not None:
            width, height = self._photo.picture.size
            left, top, right, bottom = shares
            self.tell("reading the crop ...")
            box = (left * width, top * height, right * width, bottom * height)
            self._errands.run("crop", lambda: self.draw_crop(box))

    def _face_picked(self, index: int) -> None:
        photo = self._given()

        def read() -> None:
            photo.codes(index, self._cartoonizer)
            self.refresh()

        self._errands.run("face", read)

    def _cartoonizer_picked(self, name: str) -> None:
        """By a hand: its weights may have to be fetched first."""
        if name != self._cartoonizer:
            self.tell(f"making its cartoon, {name} ..." if name else "encoding the photo ...")
            self._errands.run("face", lambda: self._use_cartoonizer(name))


def _known_cartoonizer(name: str | bool | None) -> str:
    name = cartoonizers()[0] if name is True else name  # the classical one, as in `face2webtoon`
    if name and name not in cartoonizers():
        raise UnknownNameError("cartoonizer", name, cartoonizers())
    return name or ""


def _wide() -> w.Layout:
    return w.Layout(width="100%", max_width="420px")


def _at_most(picture: Image.Image, side: int) -> Image.Image:
    """With a longer side of at most `side` px."""
    return scaled(picture, min(side, max(picture.size)))
