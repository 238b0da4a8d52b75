"""`FaceStudio`: a photo of somebody, redrawn in the styles of webtoons, and put back into the photo."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ipywidgets as w
from PIL import Image

from ..errors import BadInputError, UnknownNameError
from ..images import ImageSource, save_animation, save_image, scaled, shrunk
from ..rendering import recipe as r
from ..rendering.renderer import Renderer, check_models
from ..rendering.saved import Shelf
from ..rendering.to_python import ExamplePhoto, Snippet, portrait_cell
from ..webtoonize.cartoonize import AUTO, PORTRAIT, usual_step
from ..webtoonize.encode import PictureCodes, picture_codes, swap_codes
from ..webtoonize.face2webtoon import FPS
from ..webtoonize.photo import EXAMPLE, Photo, cartoonizers
from ..webtoonize.portrait import Portrait, title_of, titles
from .explorer import Explorer
from .export import Page
from .parts.background_tasks import Progress
from .parts.encoded_menu import EncodedMenu
from .parts.groups import group, hint
from .parts.photo_panel import PhotoPanel
from .parts.photo_view import WHOLE, FaceRequest, PhotoView
from .parts.shown import shown_controls
from .parts.sliders import location_hint, location_slider, psi_slider
from .parts.source_box import SourceBox
from .parts.stage import Small
from .parts.strength_page import strength_page
from .parts.studio_files import studio_files
from .pictures import THUMBNAIL, VIEW
from .traits import MAX_PSI, Bool, Checked, Choice, Float, Seed

SEED = 39  # a style of the demo model that suits most photos
WELCOME = "Choose a photo, drop one, or type its path."


@dataclass(frozen=True)
class _Kept:
    """A style off the shelf, and its picture."""

    style: r.Code
    picture: Image.Image


def _layers(studio: FaceStudio) -> int:
    return studio.stage.renderer.swapae.num_ws


class FaceStudio(Explorer):
    """A photo's face in the style of a sample, of a picture, or of something on the shelf.

    Traits, which can be observed and linked: `face`, the index of the picked face, the most prominent one is 0; `seed`
    of the sample whose style is taken, None where the style is a picture's or from the shelf; `psi`, its truncation;
    `location`, the swap location, 0 to L: so many of the first layers keep the photo's own style, fractions blend a
    layer; `cartoonize`, what a face goes through before it is encoded: None, "classical" (or True), "portrait", or a
    published cartoonizer; `view`, what is shown: "face", "both" (before and after), "drawn" (the portrait that
    `wf.portrait` draws in a title, and the face) or "photo" (the whole one, pasted); `title`, of the portrait;
    `every_face`, whether all faces are pasted or the picked one alone. Read-only: `image`, the last full picture of
    the face; `code`, the cell; `faces`, how many are known.

    `photo` is a property and no trait, because photos are not compared or linked; setting it is `load`.

    Headless: `load(photo)`, set the traits, or call `take_style(picture)` and `take(name)`; then `render()` or
    `snapshot(path)` for the face, `paste()` or `save_photo(path)` for the whole photo, `portrait()` or
    `save_portrait(path)` for the drawing, and `save_exploration(path)` for a walk through styles. `draw_crop(box)`
    takes a face where none was found.

    Parameters: `swapae`, a SwappingAutoencoder; `generator`, a StyleGAN2, for styles by seed; `photo`, anything that
    `load_image` opens, the example that comes with webtoonfaces where none is given, None to begin without one; `seed`,
    `psi`, `location` and `cartoonize` to begin with, where "auto" is "portrait" for the embedded demo models and None
    for others; `shelf`, where Keep puts pictures.
    """

    css_class = "wf-face-studio"
    default_name = "webtoon-face"
    source_name, result_name = "photo", "webtoon"

    face = Checked(
        0,
        check=lambda studio, value: studio.check_face(value),
        help="Index of the picked face; the most prominent one is 0.",
    )
    seed = Seed(
        0,
        is_kept=lambda studio: studio.style_is_kept,
        help="Of the sample whose style is taken; None where the style is a picture's or from the shelf.",
    )
    psi = Float(0.7, low=0, high=MAX_PSI, help="Truncation of the sample.")
    location = Float(3, low=0, high=_layers, help="The swap location: so many layers keep the photo's own style.")
    cartoonize = Checked(
        None,
        check=lambda studio, value: studio.check_cartoonizer(value),
        help='What a face goes through before it is encoded: None, "classical" (or True), "portrait", "auto" for what '
        "suits the model, or a published cartoonizer.",
    )
    view = Choice(
        *("face", "both", "photo", "drawn"),
        help='What is shown: "face", "both" (before and after), "drawn" (the portrait beside it) or "photo".',
    )
    title = Choice(*titles(), help="The title that the portrait is drawn in.")
    every_face = Bool(False, help="Whether all faces are pasted into the whole photo, or the picked one alone.")

    def __init__(
        self,
        swapae: Any,
        generator: Any,
        *,
        photo: ImageSource | ExamplePhoto | None = EXAMPLE,
        seed: int = SEED,
        psi: float = 0.7,
        location: float = 3,
        cartoonize: str | bool | None = AUTO,
        shelf: Shelf | None = None,
    ):
        check_models(type(self).__name__, generator=generator, swapae=swapae)
        self._photo: Photo | None = None
        self._arranging = False  # while a photo is put on the screen
        first = {"seed": seed, "psi": psi, "location": location, "cartoonize": cartoonize}
        super().__init__(Renderer(generator, swapae), shelf=shelf, **first)
        self._start = {name: getattr(self, name) for name in first}
        self._photo_view = PhotoView(self.stage.renderer, self._face_scene)
        self._encoded = EncodedMenu(self.cartoonize or "", self._cartoonizer_picked)
        self._panel = PhotoPanel(
            give=self._photo_given, crop=self._crop_drawn, pick=self._face_picked, extra=[self._encoded]
        )
        self._style = SourceBox(
            self.stage,
            self.shelf,
            "style",
            seed,
            take=self._off_shelf,
            changed=self._style_chosen,
            open_file=lambda picture, align, name: picture_codes(self.stage.renderer, picture, align=align, name=name),
            headed=False,
        )
        self.stage.view.layout.display = "none"
        self.arrange(self._controls())
        self.redraw_on("psi", "location", draft=True)
        self.redraw_on("view", "every_face", "title")
        self.observe(lambda change: self._use_seed(change["new"]), "seed")
        self.observe(lambda change: self._use_face(change["new"]), "face")
        self.observe(lambda change: self._use_cartoonizer(change["new"]), "cartoonize")
        self.refresh()
        if photo is not None:
            try:
                self.load(photo)
            except BaseException:  # a photo that cannot be read
                self.close()
                raise

    # photos, faces and styles

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
    def show(self) -> str:
        """The same as `view`."""
        return self.view

    @show.setter
    def show(self, view: str) -> None:
        self.view = view

    @property
    def style_is_kept(self) -> bool:
        """Whether the style is a picture's or from the shelf, and not a sample's."""
        return self._style.seed is None

    def load(self, photo: ImageSource | ExamplePhoto, *, name: str = "") -> None:
        """Take another photo and find its face; the smaller ones are looked for in the background (`wait`).

        name : of the file that the photo was uploaded as, for the cell that Copy as Python writes.

        Raises ImageError, and then the former photo stays.
        """
        found = Photo(photo, self.stage.renderer.swapae, name=name)
        if found.faces:
            found.codes(0, self.cartoonize or "")
        self._arrange(found, 0)
        self.tasks.run("search", lambda: self._search(found))

    def draw_crop(self, box: Sequence[float]) -> None:
        """Take what is in a box (left, top, right, bottom, photo pixels) as a face, and pick it; see `Photo.add`."""
        photo = self._given()
        index = photo.add(box)
        photo.codes(index, self.cartoonize or "")
        if photo is self._photo:  # not where another one was given meanwhile
            self._arrange(photo, index)

    def take_style(self, picture: ImageSource) -> None:
        """Take the style of a picture. Raises ImageError, and then the former style stays."""
        self._style.choose_file(picture)
        self._style_chosen()

    def take(self, name: str) -> None:
        """Take the style of something on the shelf, which the models of this studio drew."""
        self._style.choose_kept(name)
        self._style_chosen()

    def paste(self) -> Image.Image:
        """The whole photo with the picked face redrawn, or with all of them where `every_face` is set."""
        request = self.request()
        return self._photo_view.pasted(request, self.stage.renderer.draw(request.picture))

    def save_photo(self, path: str | os.PathLike[str]) -> Path:
        """Save `paste()` as PNG, JPEG or WebP. It has no recipe: it shows the photo, which no recipe may hold."""
        return save_image(self.paste(), path)

    def portrait(self) -> Portrait:
        """The picked face as `wf.portrait` measures it, in the title of the studio: drawn without a network."""
        return replace(self._given().drawing(self.face), title=title_of(self.title))

    def save_portrait(self, path: str | os.PathLike[str]) -> Path:
        """Save `portrait()` as .svg, .pdf, .png, .jpg or .webp."""
        return self.portrait().save(path)

    def save_exploration(self, path: str | os.PathLike[str]) -> Path:
        """Write the picked face's walk through the styles of ten samples, from `seed` on, as .gif, .webp or .mp4."""
        return save_animation(self._exploration(), path, fps=FPS)

    # what the traits check

    def check_face(self, value: Any) -> int:
        """The index of a known face."""
        if not self._arranging:
            self._given().face(value)
        return value

    def check_cartoonizer(self, value: Any) -> str | None:
        """The name of a cartoonizer, through which the picked face is encoded; other faces follow when they are shown.

        Raises UnknownNameError, and what fetching weights raises; then all stays as it was.
        """
        if value == AUTO:
            value = usual_step(self.stage.renderer.swapae)
        name = cartoonizers()[0] if value is True else value or None  # True: the classical one, as in `face2webtoon`
        if name is not None and name not in cartoonizers():
            raise UnknownNameError("cartoonizer", name, cartoonizers())
        if self._photo is not None and self._photo.faces:
            self._photo.codes(self.face, name or "")
        return name

    # Explorer

    def scene(self) -> r.Picture:
        return self._face_scene(self._given(), self.face)

    def request(self, *, draft: bool = False) -> FaceRequest:
        how = (self.face, self.view, self.every_face, self.cartoonize or "", self.title)
        return FaceRequest(self.scene(), draft, self._photo, *how)

    def dress(self, request: Any, picture: Image.Image) -> Image.Image:
        return self._photo_view.dress(request, picture)

    def to_python(self) -> str:
        if self.view != "drawn":
            return super().to_python()
        return portrait_cell(self._given().source(self.face), self.title)

    def draw_state(self, *, draft: bool) -> None:
        if self.faces:
            super().draw_state(draft=draft)
            self._encoded.tell(self._given().portrait(self.face, self.cartoonize or "").note)
        else:
            self.stage.draw_small(self.small_pictures())
            self.stage.tell(WELCOME if self._photo is None else self._photo.advice, error=self._photo is not None)

    def small_pictures(self) -> Small:
        if self.seed is not None:
            return {"style": r.Face(r.Seed(self.seed, self.psi))}
        return {"style": scaled(self._style.value.picture, THUMBNAIL)}

    def show_small(self, name: Any, picture: Image.Image) -> None:
        self._style.show(picture)

    def before(self) -> Image.Image | None:
        photo = self._given()
        if self.view == "photo":
            return shrunk(photo.picture, WHOLE)
        return scaled(photo.portrait(self.face).picture, VIEW) if self.view == "face" else None

    def page(self) -> Page:
        structure, texture, style = self._parts(self._given(), self.face)
        return strength_page(structure, texture, style, layers=_layers(self), location=self.location)

    def memory(self) -> dict[str, Any]:
        return super().memory() | {"photo": self._photo, "style": self._style.memory()}

    def recall(self, memory: Mapping[str, Any]) -> None:
        self._style.recall(memory["style"])
        with self.together():
            if memory["photo"] is not self._photo:
                self._arrange(memory["photo"], memory["face"])
            super().recall(memory)

    def shelf_changed(self) -> None:
        self._style.list_shelf()

    def snippets(self) -> dict[r.Stored, Snippet]:
        found, style = self._given().snippets(self.face, self.cartoonize or ""), self._style.value
        return found | style.snippets if isinstance(style, PictureCodes) else found

    def reset(self) -> None:
        """The first style and location again; the photo stays."""
        with self.together():
            for name, value in self._start.items():
                setattr(self, name, value)
            self.view, self.every_face, self.title = "face", False, titles()[0]

    def randomise(self) -> None:
        self.seed = random.randrange(100_000)

    # changes

    def _given(self) -> Photo:
        if self._photo is None:
            raise BadInputError(f"There is no photo yet. {WELCOME} In code: load('photo.jpg').")
        return self._photo

    def _arrange(self, photo: Photo, face: int) -> None:
        """Put a photo, or what is new about it, on the screen."""
        self._photo = photo
        self._panel.arrange(photo, face)
        self.stage.view.layout.display = None
        if not photo.faces:
            self.stage.show(shrunk(photo.picture, WHOLE))
        self._arranging = True
        try:
            self.face = face
        finally:
            self._arranging = False
        self.refresh()

    def _search(self, photo: Photo) -> None:
        if photo.search() and photo is self._photo:
            self._panel.arrange(photo, self.face)

    def _use_face(self, face: int) -> None:
        if not self._arranging:
            self._panel.mark(face)
            self._encode(face)

    def _encode(self, face: int) -> None:
        """Encode a face in the background, then draw it."""
        photo = self._given()

        def encode() -> None:
            photo.codes(face, self.cartoonize or "")
            self.refresh()

        self.tasks.run("face", encode)

    def _use_seed(self, seed: int | None) -> None:
        if seed is not None and self._style.seed != seed:
            self._style.choose_seed(seed)
        self.refresh()

    def _style_chosen(self) -> None:
        """The box has another style, which may be another picture."""
        with self.together():
            self.seed = self._style.seed
            self.refresh()

    def _use_cartoonizer(self, name: str | None) -> None:
        self._encoded.choose(name or "")
        self.refresh()

    # what the controls ask for

    def _photo_given(self, name: str, source: Any) -> None:
        def read() -> None:
            self._panel.tell(f"looking for a face in {name} ...", busy=True)
            try:
                self.load(source, name=name if isinstance(source, bytes) else "")
            except Exception as error:
                self._panel.tell(f"{name} cannot be used, so nothing was changed. {error}")
                raise
            self._panel.tell(name)

        self.tasks.run("photo", read)

    def _crop_drawn(self, shares: Sequence[float]) -> None:
        if self._photo is not None:
            width, height = self._photo.picture.size
            left, top, right, bottom = shares
            self.stage.tell("reading the crop ...")
            box = (left * width, top * height, right * width, bottom * height)
            self.tasks.run("crop", lambda: self.draw_crop(box))

    def _face_picked(self, index: int) -> None:
        self.face = index

    def _cartoonizer_picked(self, name: str) -> None:
        """Its weights may have to be fetched first."""
        if name == (self.cartoonize or ""):
            return

        def use() -> None:
            try:
                self.cartoonize = name
            finally:
                self._encoded.choose(self.cartoonize or "")  # also where it failed

        what = "portrait" if name == PORTRAIT else f"cartoon, {name}"
        self.stage.tell(f"making its {what} ..." if name else "encoding the photo ...")
        self.tasks.run("face", use)

    # what is drawn

    def _face_scene(self, photo: Photo, face: int) -> r.Decoded:
        structure, texture, style = self._parts(photo, face)
        return r.Decoded(structure, r.SwapAt(texture, style, self.location))

    def _parts(self, photo: Photo, face: int) -> tuple[r.Code, r.Code, r.Code]:
        """The structure and the texture of a face, and the style."""
        structure, texture = photo.codes(min(face, max(0, len(photo.faces) - 1)), self.cartoonize or "")
        style = self._style.value.style if self.seed is None else r.StyleOf(r.Seed(self.seed, self.psi))
        return structure, texture, style

    def _off_shelf(self, name: str) -> _Kept:
        item = self.shelf[name]
        return _Kept(swap_codes(self.stage.renderer, item)[1], item.picture)

    def _exploration(self) -> Iterator[Image.Image]:
        return self._given().exploration(
            self.face,
            self.stage.renderer.generator,
            seed=self._start["seed"] if self.seed is None else self.seed,
            psi=self.psi,
            location=self.location,
            cartoonizer=self.cartoonize or "",
        )

    # the screen

    def _controls(self) -> list[w.Widget]:
        files = studio_files(
            self.stage,
            self.tasks,
            photo=self._write_photo,
            faces=lambda: max(1, self.faces) if self.every_face else 1,
            drawing=lambda name, _: self.save_portrait(name),
            animation=self._write_exploration,
        )
        psi, location = psi_slider(self.psi), location_slider(self.location, _layers(self))
        self.bind("psi", psi)
        self.bind("location", location)
        return [
            group("Photo", self._panel),
            group("Style", self._style, location, psi, hint(location_hint("photo", _layers(self)))),
            group("Show", *shown_controls(self)),
            group("Files", files),
        ]

    def _write_photo(self, name: str, progress: Progress) -> Path:
        request = self.request()
        drawn = self.stage.renderer.draw(request.picture)
        return save_image(self._photo_view.pasted(request, drawn, step=progress.at), name)

    def _write_exploration(self, name: str, progress: Progress) -> Path:
        return save_animation(progress.watch(self._exploration()), name, fps=FPS)
