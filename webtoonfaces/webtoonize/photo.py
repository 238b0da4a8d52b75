"""A photo and the faces in it: finding them or taking crops drawn by hand, encoding them, and pasting them back."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence

import torch
from PIL import Image, ImageDraw, ImageFont

from ..errors import BadInputError, FaceNotFoundError, MissingExtraError
from ..faces import AlignedFace, align_face, align_faces
from ..faces.align import crop_quad, quad_from_box
from ..faces.find import checked_box
from ..images import ImageSource, load_image, shrunk
from ..pretrained.cartoonizers import cartoonizer_names
from ..pretrained.generators import StyleGAN2, SwappingAutoencoder, example_photo
from ..rendering import recipe as r
from ..rendering.to_python import CartoonOf, ExamplePhoto, FaceOf, PhotoFile, PortraitOf, Snippet, Source
from .cartoonize import CLASSICAL, PORTRAIT, portrait_title
from .face2webtoon import ANCHORS, CELL, NOT_DRAWN, STEPS, EncodedFace, StyleEncoder, WebtoonSheet
from .portrait import Portrait, portrait

Box = tuple[float, float, float, float]
EXAMPLE = ExamplePhoto()  # the photo that travels with the package
FRAMES = (ANCHORS - 1) * STEPS  # of `Photo.exploration`
SMALLEST = 16  # px, the least side of a crop drawn by hand
NO_PORTRAIT = "No eyes, nose and mouth were found in this crop. Pick another face, or draw the square closer round it."
COLOUR, PICKED = "#ffffff", "#ffd400"  # the frames of faces, and that of the picked face


class Photo:
    """A photo, its faces, and their codes, which are computed when needed. Safe to use from several threads.

    The most prominent face is searched at once, the others by `search`, which takes longer.

    Attributes: `picture`, the whole photo (RGB); `faces`, the AlignedFaces found so far, the most prominent first and
    those drawn by hand last; `advice`, the reason why no face was found, or "".
    """

    def __init__(self, source: ImageSource | ExamplePhoto, swapae: SwappingAutoencoder, *, name: str = ""):
        """source : anything `load_image` opens, or EXAMPLE.     name : of the file that it was uploaded as.

        Raises ImageError; finding no face is no error.
        """
        self._origin: PhotoFile | ExamplePhoto | None = None  # how a cell opens it again
        if isinstance(source, ExamplePhoto):
            self.picture, self._origin = example_photo(), source
        else:
            self.picture = load_image(source)
            if isinstance(source, (str, os.PathLike)):
                self._origin = PhotoFile(os.fspath(source))
            elif name:
                self._origin = PhotoFile(name, uploaded=True)
        self.swapae = swapae
        self.faces: list[AlignedFace] = []
        self.advice = ""
        self._portraits: dict[tuple[AlignedFace, str], EncodedFace] = {}
        self._stored: dict[tuple[AlignedFace, str], tuple[r.Stored, r.Stored]] = {}
        self._drawings: dict[AlignedFace, Portrait] = {}
        self._sources: dict[AlignedFace, FaceOf] = {}  # how a cell finds a face again
        self._lock = threading.RLock()
        try:
            first = align_face(self.picture, size=self.size)
            self.faces.append(first)
            self._remember(first)
        except FaceNotFoundError:
            self.advice = "No face was found in this photo. Draw a square round the head to use it as the face."
        except MissingExtraError as error:
            self.advice = f"{error} Or draw a square round the head to use it as the face."

    @property
    def size(self) -> int:
        """Side of the crops in px, the same as in `EncodedFace`."""
        return max(CELL, self.swapae.size)

    @property
    def boxes(self) -> list[Box]:
        """Left, top, right, bottom of each face, as fractions of the photo's width and height, 0 to 1."""
        width, height = self.picture.size
        found = []
        for face in self.faces:
            shares = [edge / side for edge, side in zip(face.box, (width, height, width, height), strict=True)]
            left, top, right, bottom = (min(1.0, max(0.0, share)) for share in shares)
            found.append((left, top, right, bottom))
        return found

    def search(self) -> int:
        """Search for all faces, also small ones; returns the number of new ones."""
        if self.advice:
            return 0  # without the most prominent face there are no others
        found = align_faces(self.picture, size=self.size)
        with self._lock:
            before = len(self.faces)
            for index, face in enumerate(found):
                if any(_same(known.box, face.box) for known in self.faces):
                    continue
                self.faces.append(face)
                self._remember(face, index=index)
            return len(self.faces) - before

    def add(self, box: Sequence[float]) -> int:
        """Add the face in a box drawn by hand (left, top, right, bottom, photo pixels); returns its index.

        If a face is found in the box, it is aligned; otherwise the square round the box is the crop. A known face in
        the same place is replaced. Raises BadInputError for a wrong box, and for one outside the photo.
        """
        left, top, right, bottom = (round(edge, 1) for edge in checked_box(box))
        if right - left < SMALLEST or bottom - top < SMALLEST:
            raise BadInputError(f"This crop is too small: draw it at least {SMALLEST} px wide and high.")
        if right <= 0 or bottom <= 0 or left >= self.picture.width or top >= self.picture.height:
            raise BadInputError("This crop lies outside the photo. Draw it inside.")
        face = self._in_box((left, top, right, bottom))
        with self._lock:
            for index, known in enumerate(self.faces):
                if _same(known.box, face.box):
                    self.faces[index] = face
                    return index
            self.faces.append(face)
            return len(self.faces) - 1

    def _in_box(self, box: Box) -> AlignedFace:
        try:
            face = align_face(self.picture, box=box, size=self.size)
            if face.score != 0:  # the detector, too, sees a face there (None: without dlib the crop is the box)
                self._remember(face, box=box)
                return face
        except FaceNotFoundError:
            pass
        quad = quad_from_box(box)
        return AlignedFace(crop_quad(self.picture, quad, self.size), quad, box, "box", self.picture)

    def portrait(self, index: int, cartoonizer: str = "") -> EncodedFace:
        """The face at `index`, or its cartoon by `cartoonizer`, encoded once.

        Where no portrait can be drawn, the face itself is encoded, and `note` says why. Raises UnknownNameError for an
        unknown cartoonizer, and the errors of downloading its weights.
        """
        with self._lock:
            key = self.face(index), cartoonizer
            if key not in self._portraits:
                drawn = portrait_title(cartoonizer) is not None
                plain = drawn and not _measurable(key[0])
                self._portraits[key] = EncodedFace(
                    key[0], self.swapae, cartoonize=None if plain else cartoonizer or None
                )
                if plain:
                    self._portraits[key].note = NOT_DRAWN.format(NO_PORTRAIT)
            return self._portraits[key]

    def drawing(self, index: int) -> Portrait:
        """The face at `index` as `wf.portrait` measures it, once. Raises BadInputError where that cannot be."""
        with self._lock:
            face = self.face(index)
            if not _measurable(face):
                raise BadInputError(f"No portrait of this face can be drawn. {NO_PORTRAIT}")
            if face not in self._drawings:
                self._drawings[face] = portrait(face)
            return self._drawings[face]

    def source(self, index: int) -> FaceOf | None:
        """How a cell finds the face at `index` again; None where no call does."""
        return self._sources.get(self.face(index))

    def face(self, index: int) -> AlignedFace:
        if not self.faces:
            raise BadInputError(f"{self.advice} In code: draw_crop((left, top, right, bottom)).")
        if index not in range(len(self.faces)):
            raise BadInputError(f"There is no face {index!r} in this photo; it has {len(self.faces)}, counted from 0.")
        return self.faces[index]

    def codes(self, index: int, cartoonizer: str = "") -> tuple[r.Stored, r.Stored]:
        """Structure [1, C, h, w] and style [1, L, D] of a face, as nodes of a scene; see `portrait`."""
        with self._lock:
            portrait = self.portrait(index, cartoonizer)
            key = self.faces[index], cartoonizer
            if key not in self._stored:
                structure, style = (r.Stored.of(code.cpu().numpy()) for code in (portrait.structure, portrait.style))
                self._stored[key] = structure, style
            return self._stored[key]

    def snippets(self, index: int, cartoonizer: str = "") -> dict[r.Stored, Snippet]:
        """How both codes of a face were made, for the cell that makes them again; {} where no call does.

        That is so for uploads, and for a crop drawn by hand in which no face was found.
        """
        found = self.source(index)
        if found is None:
            return {}
        codes = self.codes(index, cartoonizer)
        if self.portrait(index, cartoonizer).note:
            cartoonizer = ""
        title = portrait_title(cartoonizer)
        source: Source = found
        if title is not None:
            source = PortraitOf(found, title)
        elif cartoonizer:
            source = CartoonOf(found, cartoonizer)
        return {code: Snippet(source, part) for part, code in enumerate(codes)}

    def _remember(self, face: AlignedFace, *, box: Box | None = None, index: int | None = None) -> None:
        if self._origin is not None:
            self._sources[face] = FaceOf(self._origin, self.size, box, index)

    def paste(self, pictures: Mapping[int, Image.Image]) -> Image.Image:
        """The whole photo with a picture in place of each of these faces."""
        photo = self.picture
        for index, picture in pictures.items():
            photo = self.face(index).paste(picture, onto=photo)
        return photo

    def overview(self, *, side: int = 720, picked: int | None = None, drawn: Box | None = None) -> Image.Image:
        """The photo, its longer side at most `side` px, with a numbered frame round each face.

        `drawn` is a further frame without a number, in fractions of the photo's sides.
        """
        view = shrunk(self.picture, side).copy()
        pen = ImageDraw.Draw(view)
        line = max(2, side // 240)
        font = ImageFont.load_default(size=max(12, side // 24))
        for index, box in enumerate(self.boxes):
            left, top, right, bottom = _in_pixels(box, view.size)
            colour = PICKED if index == picked else COLOUR
            pen.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline="black", width=line + 2)
            pen.rectangle((left, top, right, bottom), outline=colour, width=line)
            _, _, across, down = pen.textbbox((0, 0), str(index + 1), font=font)
            above = max(0, top - down - 2 * line)  # above the frame, because a number would hide a small face
            pen.rectangle((left, above, left + across + 3 * line, above + down + 2 * line), fill=colour)
            pen.text((left + 2 * line, above + line), str(index + 1), font=font, fill="black")
        if drawn is not None:
            pen.rectangle(_in_pixels(drawn, view.size), outline=PICKED, width=line)
        return view

    def exploration(
        self, index: int, generator: StyleGAN2, *, seed: int, psi: float, location: float, cartoonizer: str = ""
    ) -> Iterator[Image.Image]:
        """The `FRAMES` pictures of `WebtoonSheet.frames`: a face in styles along a walk through ten samples."""
        source = StyleEncoder(self.swapae, generator, psi)
        sheet = WebtoonSheet(self.portrait(index, cartoonizer), source, [], torch.empty(0), (location,))
        return sheet.frames(seed=seed, steps=STEPS)


def cartoonizers() -> list[str]:
    """What a face may go through before it is encoded: the classical cartoon, a drawn portrait, published networks."""
    return [CLASSICAL, PORTRAIT, *cartoonizer_names()]


def _measurable(face: AlignedFace) -> bool:
    """Whether a portrait of it can be drawn."""
    return face.landmarks is not None and len(face.landmarks) == 68


def _same(a: Box, b: Box) -> bool:
    """Whether the middle of each box lies inside the other."""

    def holds(box: Box, other: Box) -> bool:
        x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
        return box[0] < x < box[2] and box[1] < y < box[3]

    return holds(a, b) and holds(b, a)


def _in_pixels(box: Box, size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    return left * size[0], top * size[1], right * size[0] - 1, bottom * size[1] - 1
