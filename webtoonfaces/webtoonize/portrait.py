"""A face of a photo, drawn by the hand in any title: measured once, no network."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .. import drawing
from ..drawing.colors import BLACK, WHITE, Color
from ..drawing.measure import Measured, measure_person
from ..drawing.title import Title
from ..errors import BadInputError, ImageError, UnknownNameError
from ..faces import AlignedFace, align_face, align_faces
from ..faces.align import crop_quad, quad_side, to_unit
from ..faces.masks import below_jaw, blurred, neck_mask
from ..files import replacing, write_text
from ..images import ImageSource, load_image, save_image

TitleLike: TypeAlias = "str | Title"
SIZE = 512  # px; also of the crop that is measured
SMALLEST, LARGEST = 16, 4096
PDF_SIZE, PDF_INCHES = 2048, 6.0
# Typst sets it, and keeps the shapes of the SVG as shapes. Without a date, the same portrait is the same file.
PDF_PAGE = f"""#set document(date: none)
#set page(width: {PDF_INCHES}in, height: {PDF_INCHES}in, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%)"""
CROP_SHARE = 0.7  # of a square picture's side: a face's crop at least as large means that the picture is that crop
OPEN = "v"  # the collar that shows most of the neck; what is worn is not pasted
LINES = 11  # px of the cover, an odd number: more than twice the width of a line
COVER, FEATHER = 256, 0.012  # px, and share of the side: of the mask that is pasted through
ALIGN_AGAIN = "Give the photo itself, or align it with the 68-point model: wf.align_face(photo, landmark_model='68')."


def titles() -> list[str]:
    """The names of the titles that the hand draws in."""
    return list(drawing.TITLES)


def title_of(title: TitleLike) -> Title:
    """A title by its name; a Title is returned as it is. Raises UnknownNameError."""
    if isinstance(title, Title):
        return title
    if title not in drawing.TITLES:
        raise UnknownNameError("title", title, titles())
    return drawing.TITLES[title]


def draw_face(seed: int, *, title: TitleLike = "romance", size: int = 256) -> Image.Image:
    """A made-up face, RGB, `size` x `size` px: the same seed is the same person in every title.

    seed : a whole number from 0.     title : one of `titles()`, or a Title.     size : 16 to 4096.

    Raises UnknownNameError, BadInputError.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise BadInputError(f"A seed is a whole number from 0, not {seed!r}.")
    return drawing.draw(drawing.random_person(np.random.default_rng(int(seed))), title_of(title), _size(size))


@dataclass(frozen=True, eq=False)
class Portrait:
    """A face of a photo as a person that can be drawn in any title.

    `person` is plain data: `person.to_json()` keeps it. `found` and `plain` name the parts that were measured in the
    photo, and those that were not and are drawn plainly. `title` and `size` are used where none are given.
    """

    face: AlignedFace
    measured: Measured = field(repr=False)
    title: Title = field(repr=False)
    size: int = SIZE

    @property
    def person(self) -> drawing.Person:
        """Who was measured."""
        return self.measured.person

    @property
    def found(self) -> tuple[str, ...]:
        """The parts that were measured."""
        return self.measured.found

    @property
    def plain(self) -> tuple[str, ...]:
        """The parts that could not be measured and are drawn plainly."""
        return self.measured.plain

    def draw(self, title: TitleLike | None = None, size: int | None = None) -> Image.Image:
        """The portrait in a title: RGB, `size` x `size` px, 16 to 4096."""
        return drawing.draw(self.person, self._title(title), self.size if size is None else _size(size))

    def svg(self, title: TitleLike | None = None) -> str:
        """The portrait as SVG text. Grain, which some titles lay over their pictures, is in pixels only."""
        return drawing.svg(self.person, self._title(title), self.size)

    def save(self, path: str | os.PathLike[str], title: TitleLike | None = None, size: int | None = None) -> Path:
        """Write the portrait; the suffix chooses: .svg, .pdf (six inches wide), .png, .jpg or .webp.

        A PDF is curves, like the SVG, where the extra `pdf` is installed; without it, it is a picture of `size` px,
        2048 by default. A missing folder is created, and the file appears whole or not at all. Raises ImageError for
        another suffix.
        """
        path = Path(path).expanduser()
        suffix = path.suffix.lower()
        if suffix not in (".svg", ".pdf"):
            return save_image(self.draw(title, size), path)
        try:
            if suffix == ".svg":
                write_text(path, self.svg(title))
            else:
                self._write_pdf(path, title, PDF_SIZE if size is None else _size(size))
        except OSError as error:
            raise ImageError(f"{path} could not be written: {error.strerror or error}.") from error
        return path

    def _write_pdf(self, path: Path, title: TitleLike | None, side: int) -> None:
        try:
            import typst
        except ImportError:
            with replacing(path) as draft:
                self.draw(title, side).save(draft, "PDF", resolution=side / PDF_INCHES, quality=95)
            return
        page = typst.compile(PDF_PAGE.encode(), sys_inputs={"svg": self.svg(title)})
        with replacing(path) as draft:
            draft.write_bytes(page)

    def paste(self, title: TitleLike | None = None, *, onto: ImageSource | None = None) -> Image.Image:
        """The whole photo with the drawing in the place of head and bare neck; clothes and background stay the photo's.

        onto : the photo to paste into, for instance the one that another face was pasted into; by default its own.
        """
        side = int(np.clip(np.ceil(quad_side(self.face.quad)), 256, 2048))
        title = self._title(title)
        cover, seen = self._cover(title)
        picture = self.face.image if onto is None else crop_quad(load_image(onto), self.face.quad, side)
        ground = _without(picture.resize((side, side), Image.Resampling.LANCZOS), seen)
        return self.face.paste(_drawn_on(self.person, title, ground), mask=cover, onto=onto)

    def _cover(self, title: Title) -> tuple[Image.Image, NDArray[np.float64]]:
        """What `paste` covers, soft at the edge, mode L; and the head with its neck in the photo, `[COVER, COVER]`."""
        points = to_unit(np.asarray(self.face.landmarks), self.face.quad)
        neck = _resized(neck_mask(self.face.image, points))
        face, hair = _resized(np.asarray(self.face.mask(feather=0.03)) / 255), _resized(self.measured.mask)
        head = np.maximum(face, hair)

        # The drawn head without clothes and their lines, and of the drawn neck what is a bare neck in the photo too.
        bare = replace(self.person, collar=OPEN)
        clothes = _with_lines(_share(bare, title, "cloth_color"))
        under = _with_lines((_share(bare, title, "skin") > 0.2) & below_jaw(points, COVER))
        drawn = (1 - _share(bare, title, "background") - clothes).clip(0, 1) * (1 - under * (1 - neck))
        soft = blurred(np.maximum(drawn, head), COVER * FEATHER)
        away = np.minimum(np.arange(COVER) + 0.5, COVER - np.arange(COVER) - 0.5) / (2 * FEATHER * COVER)
        border = np.minimum(away[:, None], away[None]).clip(0, 1)
        cover = Image.fromarray((255 * (2 * soft).clip(0, 1) * border).astype(np.uint8))
        return cover, np.maximum(head, neck)

    def _title(self, title: TitleLike | None) -> Title:
        return self.title if title is None else title_of(title)

    def _repr_png_(self) -> bytes | None:
        return self.draw()._repr_png_()


def portrait(
    photo: AlignedFace | ImageSource, title: TitleLike = "romance", size: int = SIZE, *, index: int = 0
) -> Portrait:
    """A face of a photo, measured and drawn as a webtoon would: without any network, in any of the titles.

    photo : anything `load_image` opens, or an AlignedFace with 68 landmarks (from `align_face`, `align_faces`).
    title : one of `titles()`, or a Title: what the portrait shows itself in.
    size : px, 16 to 4096: how large it shows itself.
    index : which face of a photo of several, the most prominent being 0; `align_faces` gives them all.

    The result says which parts it `found` and which are drawn `plain`. Age is not measured: a portrait has no wrinkles,
    unless `dataclasses.replace(portrait.person, age=0.8)` is drawn. Raises FaceNotFoundError, ImageError,
    UnknownNameError, BadInputError, and MissingExtraError where dlib is needed and missing.
    """
    chosen, side = title_of(title), _size(size)
    face = photo if isinstance(photo, AlignedFace) else align_face(photo, size=SIZE, index=index)
    if face.landmarks is None or len(face.landmarks) != 68:
        raise BadInputError(f"A portrait is measured by 68 landmarks, which this face lacks. {ALIGN_AGAIN}")
    crop = face.image if face.image.width == SIZE else crop_quad(face.source, face.quad, SIZE)
    return Portrait(face, measure_person(crop, to_unit(face.landmarks, face.quad)), chosen, side)


def redrawn(picture: Image.Image, title: TitleLike) -> Image.Image:
    """The picture with its faces drawn, RGB of its own size: a crop of one face as a whole, others each in their place.

    Raises FaceNotFoundError, UnknownNameError, and MissingExtraError where dlib is missing.
    """
    faces = align_faces(picture, size=SIZE)
    side = picture.width
    if side == picture.height and quad_side(faces[0].quad) > CROP_SHARE * side:
        points = faces[0].landmarks
        if points is not None:
            measured = measure_person(picture, (points + 0.5) / side)
            drawn = drawing.draw(measured.person, title_of(title), max(SMALLEST, min(side, LARGEST)))
            return drawn.resize(picture.size, Image.Resampling.LANCZOS)
    for face in faces:
        picture = portrait(face, title).paste(onto=picture)
    return picture


def _share(person: drawing.Person, title: Title, part: str) -> NDArray[np.float32]:
    """How much of each pixel, `[COVER, COVER]`, 0 to 1, shows a colour of the person: "background", "skin" ...

    It is what changes between a drawing with that colour black and one with it white.
    """
    plain = replace(title.palette, background="flat", ramp=(), wash_skin=0.0, wash_rest=0.0, grey=False, value=1.0)
    line = replace(title.line, grain=0.0, shade="flat")
    bare = replace(title, palette=plain, line=line)
    black, white = (_pixels(drawing.draw(_colored(person, part, level), bare, COVER)) for level in (BLACK, WHITE))
    change = (white - black).max(2)
    return (change / max(float(change.max()), 1.0)).clip(0, 1).astype(np.float32)


def _colored(person: drawing.Person, part: str, color: Color) -> drawing.Person:
    """The person with one colour changed; seed 0, whose plain ground has no disc."""
    changed: dict[str, Any] = {part: color, "seed": 0}
    return replace(person, **changed)


def _pixels(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(picture, dtype=np.float64)


def _drawn_on(person: drawing.Person, title: Title, ground: Image.Image) -> Image.Image:
    """The person on a picture of the drawing's size; one on black and one on white tell what shows of the ground."""
    flat = replace(title, palette=replace(title.palette, background="flat"))
    bare = replace(person, collar=OPEN)
    black, white = (
        _pixels(drawing.draw(_colored(bare, "background", level), flat, ground.width)) for level in (BLACK, WHITE)
    )
    through = white - black
    levels = np.maximum(through.reshape(-1, 3).max(0), 1.0)
    through = (through / levels).clip(0, 1)
    at = np.unravel_index(through.mean(2).argmax(), through.shape[:2])
    pixels = black + through * (_pixels(ground) - black[at])
    return Image.fromarray((pixels.clip(0, 255) + 0.5).astype(np.uint8))


def _without(picture: Image.Image, head: NDArray[np.float64]) -> Image.Image:
    """The picture with what is beside the head `[COVER, COVER]` continued behind it, RGB."""
    small = _pixels(picture.convert("RGB").resize((COVER, COVER), Image.Resampling.LANCZOS))
    known = (1 - (2 * blurred(head, 3.0)).clip(0, 1))[..., None]
    levels = [(small * known, known)]
    while len(levels[-1][0]) > 4:  # each a quarter of the one before
        filled, weight = (part.reshape(len(part) // 2, 2, len(part) // 2, 2, -1).mean((1, 3)) for part in levels[-1])
        levels.append((filled, weight))
    filled, weight = levels[-1]
    behind = filled / np.maximum(weight, 1e-6)
    for filled, weight in levels[-2::-1]:
        wide = np.stack([_resized(channel, len(filled)) for channel in np.moveaxis(behind, 2, 0)], 2)
        behind = filled + (1 - weight) * wide
    continued = Image.fromarray((behind.clip(0, 255) + 0.5).astype(np.uint8))
    mask = Image.fromarray((255 * (1 - known[..., 0])).astype(np.uint8)).resize(picture.size)
    return Image.composite(continued.resize(picture.size, Image.Resampling.BICUBIC), picture.convert("RGB"), mask)


def _with_lines(values: NDArray[Any]) -> NDArray[np.float32]:
    """Values 0 to 1, and what is drawn round them."""
    return np.asarray(Image.fromarray(values.astype(np.float32)).filter(ImageFilter.MaxFilter(LINES)))


def _resized(values: NDArray[Any], side: int = COVER) -> NDArray[np.float64]:
    picture = Image.fromarray(np.asarray(values, dtype=np.float32))
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR), dtype=float)


def _size(size: int) -> int:
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not SMALLEST <= size <= LARGEST:
        raise BadInputError(f"size is {size!r}; a portrait's side is a whole number from {SMALLEST} to {LARGEST} px.")
    return int(size)
