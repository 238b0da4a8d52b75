"""Redrawing a photo in the styles of webtoons; it is encoded once and drawn in any number of styles.

The photo gives the structure; a style is that of a StyleGAN2 sample or of a picture. The layers before the swap
location keep the photo's own style, the others take the new one; noise is zero.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, overload

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from .. import codes
from ..errors import BadInputError, FaceNotFoundError, ImageError, MissingExtraError
from ..faces import AlignedFace, align_face
from ..images import ImageSource, contact_sheet, load_image, save_animation, save_image, scaled, to_pil
from ..pretrained.generators import Prefix, StyleGAN2, SwappingAutoencoder, load_stylegan2, load_swapae
from ..pretrained.upscaler import Upscale, Upscaler, as_upscaler, enlarged
from ..rendering.renderer import check_models
from .cartoonize import AUTO, Step, as_step, portrait_title, usual_step
from .portrait import portrait

Style: TypeAlias = "int | ImageSource"
CELL = 256  # px; the pictures of small models are enlarged to this size in sheets
LARGE_CELL = 512  # px; the same of pictures that an upscaler enlarged
ANCHORS = 10  # samples of the style exploration
STEPS, FPS = 10, 10  # from one of them to the next, and in a second: 9 x 10 = 90 frames, 9 seconds
FRAME_SHARE = 0.75  # side of a quarter of a frame, in cells of a sheet
BATCH = 9  # frames drawn at once; the number of frames is a multiple, so that the shared layers are kept
NOT_DRAWN = "No portrait of this face could be drawn, so the photo itself was encoded. {}"
LOCATIONS = (3, 5)  # where swaps are drawn unless others are asked for
PHOTOS = (".png", ".jpg", ".jpeg", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff", ".bmp")  # taken from a folder


class EncodedFace:
    """An encoded photo; `draw` takes any number of styles without encoding it again.

    Attributes: `picture` (the aligned photo, PIL), `encoded` (what was encoded: the photo, or its cartoon), `aligned`
    (AlignedFace or None), `structure` [1, C, h, w], `style` [1, L, D], `note` (why the photo itself was encoded where
    "auto" would have drawn its portrait; "" elsewhere).
    """

    def __init__(
        self,
        face: AlignedFace | ImageSource,
        swapae: SwappingAutoencoder,
        *,
        align: bool = True,
        cartoonize: Step = None,
        upscale: Upscale = None,
    ):
        """Align the photo and encode it.

        face : an AlignedFace, or anything `load_image` opens, which is aligned first unless `align` is False.
        cartoonize, upscale : how the photo is changed before it is encoded, and what is drawn enlarged; see
            `face2webtoon`, whose default is "auto".
        """
        self.swapae, self.upscaler = swapae, as_upscaler(upscale)
        if not isinstance(face, AlignedFace) and align:
            face = align_face(face, size=max(CELL, swapae.size))
        self.aligned = face if isinstance(face, AlignedFace) else None
        self.picture = face.image if isinstance(face, AlignedFace) else load_image(face)
        self.note = ""
        self.encoded = self._as_usual() if cartoonize == AUTO else self._prepared(cartoonize)
        self.structure, self.style = swapae.encode(self.encoded)

    def _as_usual(self) -> Image.Image:
        """What is encoded where nobody chose: a picture that was not cut out of a photo stays as it is."""
        if self.aligned is None:
            return self.picture
        try:
            return self._prepared(usual_step(self.swapae))
        except (FaceNotFoundError, MissingExtraError, BadInputError) as error:
            self.note = NOT_DRAWN.format(error)
            return self.picture

    def _prepared(self, cartoonize: Step) -> Image.Image:
        """What is encoded. A portrait is measured in the photo, if there is one, rather than in the small crop."""
        title = portrait_title(cartoonize)
        if title is not None and self.aligned is not None and self.aligned.landmarks is not None:
            return portrait(self.aligned, title).draw(size=self.picture.width)
        step = as_step(cartoonize)
        return step(self.picture) if step else self.picture

    def draw(self, styles: Tensor, *, location: float, prefix: Prefix | None = None) -> list[Image.Image]:
        """The photo in each style [N, L, D]; the first `location` layers keep its own.

        prefix : keeps the layers that do not change between calls with equally many styles, all drawn at once.
        """
        mixed = codes.swap_at(self.style, styles, location=location)
        if prefix is not None:
            return enlarged(to_pil(self.swapae.decode(self.structure, mixed, prefix=prefix)), self.upscaler)
        return self.swapae.render(self.structure, mixed, upscale=self.upscaler)

    def rebuild(self) -> Image.Image:
        """The photo with its own style: its reconstruction by the model."""
        return self.swapae.render(self.structure, self.style, upscale=self.upscaler)[0]


@dataclass(frozen=True)
class StyleEncoder:
    """Gives the style codes of seeds and pictures, together with the pictures, which sheets show."""

    swapae: SwappingAutoencoder
    generator: StyleGAN2 | None = None
    truncation_psi: float = 0.7
    upscaler: Upscaler | None = None  # of the pictures; what is encoded is never enlarged

    def from_ws(self, ws: Tensor) -> tuple[list[Image.Image], Tensor]:
        """StyleGAN2 codes [N, L, D] -> their pictures, and their styles [N, L', D'] for the Swapping Autoencoder."""
        generator = self._needed_generator()
        pictures, styles = [], []
        for part in ws.split(BATCH):
            images = generator.synthesis(part, noise_mode="const")
            styles.append(self.swapae.encode(images)[1])
            pictures += enlarged(to_pil(images), self.upscaler)
        return pictures, torch.cat(styles)

    def from_seeds(self, seeds: Sequence[int]) -> tuple[list[Image.Image], Tensor]:
        """The samples of seeds, and their styles; see `from_ws`."""
        return self.from_ws(self._needed_generator().sample_ws(seeds, truncation_psi=self.truncation_psi))

    def _needed_generator(self) -> StyleGAN2:
        if self.generator is None:
            raise BadInputError("Styles from seeds need a generator: pass generator=wf.load_stylegan2('demo').")
        return self.generator

    def gather(self, styles: Iterable[Style]) -> tuple[list[Image.Image], Tensor]:
        """The pictures and styles of seeds (whole numbers) and pictures (anything else), in the order given."""
        pictures, found = [], []
        for style in styles:
            if isinstance(style, (int, np.integer)):
                one, code = self.from_seeds([int(style)])
            else:
                one = [load_image(style)]
                code = self.swapae.encode(one[0])[1]
            pictures += one
            found.append(code)
        if not found:
            raise BadInputError("Give at least one style: a number of styles, seeds, or pictures.")
        return pictures, torch.cat(found)


@dataclass(frozen=True, eq=False)
class WebtoonSheet:
    """The result of `face2webtoon`: every picture, with methods to arrange and save them.

    `images[i][j]` is the photo at `locations[i]` in style j, `reconstruction` the photo with its own style; `name` is
    that of the photo's file, without its suffix, or "" if there is none; `style_names` are the styles' seeds or files.
    """

    portrait: EncodedFace
    style_encoder: StyleEncoder
    styles: list[Image.Image]
    codes: Tensor = field(repr=False)
    locations: tuple[float, ...] = LOCATIONS
    images: list[list[Image.Image]] = field(default_factory=list, repr=False)
    reconstruction: Image.Image | None = field(default=None, repr=False)
    name: str = ""
    style_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.style_names) != len(self.styles):
            object.__setattr__(self, "style_names", tuple(f"style {j}" for j in range(len(self.styles))))

    @property
    def face(self) -> Image.Image:
        """The aligned photo."""
        return self.portrait.picture

    @property
    def cell(self) -> int:
        """The side in px of a picture in sheets: 256, or 512 if pictures are enlarged; in animations less."""
        return CELL if self.portrait.upscaler is None else LARGE_CELL

    def sheet(self, *, cell: int | None = None, labels: bool = False) -> Image.Image:
        """Row 1: photo and styles. Then a row for each location: the reconstruction, and the photo in each style.

        cell : the side in px of a picture, by default `self.cell`.
        labels : write below each picture what it is.
        """
        rows: list[Image.Image | None] = [self.face, *self.styles]
        named: list[str] = ["photo", *self.style_names]
        for location, row in zip(self.locations, self.images, strict=True):
            rows += [self.reconstruction, *row]
            named += ["reconstruction", *[f"location {location:g}"] * len(row)]
        return contact_sheet(
            rows, columns=1 + len(self.styles), cell=cell or self.cell, labels=named if labels else None
        )

    def frames(
        self, *, seed: int = 0, location: float | None = None, cell: int | None = None, steps: int = STEPS
    ) -> Iterator[Image.Image]:
        """Frames of 2 x 2 cells (blank, style; photo, result) along a walk through ten samples.

        cell : side of a quarter in px, 192 unless given, 384 with an upscaler.
        steps : from one sample to the next; there are nine times as many frames.
        """
        if self.style_encoder.generator is None:
            raise BadInputError("The style exploration shows samples, so it needs a generator: pass generator=...")
        psi = self.style_encoder.truncation_psi
        anchors = self.style_encoder.generator.sample_ws(range(seed, seed + ANCHORS), truncation_psi=psi)
        location = self.locations[0] if location is None else location
        cell = cell or round(FRAME_SHARE * self.cell)
        photo = scaled(self.face, cell)  # once, and not for each frame
        shared = Prefix()  # the layers that keep the photo's own style are the same in all frames
        for ws in codes.loop(anchors, steps=steps, closed=False).split(BATCH):
            styles, found = self.style_encoder.from_ws(ws)
            results = self.portrait.draw(found, location=location, prefix=shared)
            for style, result in zip(styles, results, strict=True):
                yield contact_sheet([None, style, photo, result], columns=2, cell=cell)

    def gif(
        self, path: str | os.PathLike[str], *, seed: int = 0, location: float | None = None, cell: int | None = None
    ) -> Path:
        """Write the style exploration, 9 seconds, as the GIF, WebP or MP4 that `path` ends in; returns the path."""
        return save_animation(self.frames(seed=seed, location=location, cell=cell), path, fps=FPS)

    def save(self, path: str | os.PathLike[str]) -> list[Path]:
        """Write the sheet as one picture, or each picture into a folder; returns the paths.

        path : ends in .png, .jpg, .webp or .pdf for the sheet; has no ending, or is there already, for a folder. In a
            folder, results are named by location and style. Styles are numbered from 0, as `images` and `paste` number
            them.

        Raises ImageError for any other ending.
        """
        path = Path(path)
        if not path.is_dir() and path.suffix[1:2].isalpha():
            return [save_image(self.sheet(), path)]
        named = {"photo": self.face, "reconstruction": self.reconstruction}
        named |= {f"style-{j}": style for j, style in enumerate(self.styles)}
        for location, row in zip(self.locations, self.images, strict=True):
            named |= {f"location-{location:g}-style-{j}": picture for j, picture in enumerate(row)}
        return [save_image(picture, path / f"{name}.png") for name, picture in named.items() if picture is not None]

    def paste(self, *, style: int = 0, location: float | None = None) -> Image.Image:
        """The whole photo with one result as its face; styles count from 0, the default location is the first."""
        if self.portrait.aligned is None:
            raise BadInputError("This picture was not cut out of a photo, so it cannot be pasted back into one.")
        if not 0 <= style < len(self.styles):
            raise BadInputError(f"There is no style {style}: this sheet has styles 0 to {len(self.styles) - 1}.")
        if location is not None and location not in self.locations:
            drawn = ", ".join(f"{one:g}" for one in self.locations)
            raise BadInputError(f"This sheet has no pictures at location {location:g}, only at {drawn}.")
        row = 0 if location is None else self.locations.index(location)
        return self.portrait.aligned.paste(self.images[row][style])

    def _repr_png_(self) -> bytes | None:
        return self.sheet(labels=True)._repr_png_()


@overload
def face2webtoon(
    face: list[AlignedFace | ImageSource] | tuple[AlignedFace | ImageSource, ...],
    *,
    styles: int | ImageSource | Iterable[Style] = ...,
    swapae: SwappingAutoencoder | None = ...,
    generator: StyleGAN2 | None = ...,
    locations: float | Sequence[float] = ...,
    seed: int = ...,
    truncation_psi: float = ...,
    align: bool = ...,
    cartoonize: Step = ...,
    upscale: Upscale = ...,
) -> list[WebtoonSheet]: ...


@overload
def face2webtoon(
    face: AlignedFace | ImageSource,
    *,
    styles: int | ImageSource | Iterable[Style] = ...,
    swapae: SwappingAutoencoder | None = ...,
    generator: StyleGAN2 | None = ...,
    locations: float | Sequence[float] = ...,
    seed: int = ...,
    truncation_psi: float = ...,
    align: bool = ...,
    cartoonize: Step = ...,
    upscale: Upscale = ...,
) -> WebtoonSheet: ...


def face2webtoon(
    face: AlignedFace | ImageSource | list[AlignedFace | ImageSource] | tuple[AlignedFace | ImageSource, ...],
    *,
    styles: int | ImageSource | Iterable[Style] = 5,
    swapae: SwappingAutoencoder | None = None,
    generator: StyleGAN2 | None = None,
    locations: float | Sequence[float] = LOCATIONS,
    seed: int = 0,
    truncation_psi: float = 0.7,
    align: bool = True,
    cartoonize: Step = AUTO,
    upscale: Upscale = None,
) -> WebtoonSheet | list[WebtoonSheet]:
    """Redraw a photo in webtoon styles, or several.

    face : an AlignedFace, or anything `load_image` opens; it is aligned first unless `align` is False. A list of them,
        or the path of a folder of photos, gives a list of sheets, with a progress bar. There, a photo in which no face
        is found is left out, with a warning.
    styles : how many samples to use as styles (seeds `seed`, `seed + 1`, ...), one picture, or a list of seeds and
        pictures.
    swapae, generator : the models; by default the embedded demo models.
    locations : one swap location or several, 0 to L: this many of the L layers of the autoencoder keep the photo's own
        style. Low ones change shapes too, high ones only colours. Fractions blend a layer.
    truncation_psi : of the samples; a lower one makes them more average.
    cartoonize : how the photo is changed before it is encoded. "auto", the default, is "portrait" before the embedded
        demo models, which were taught by drawings, and nothing before other models or where `align` is False; where no
        portrait can be drawn, the photo itself is encoded, with a warning. None for not at all, True for the classical
        cartoon, "portrait" or "portrait:TITLE" for the face drawn as `wf.portrait` draws it, the name or path of a
        cartoonizer, or any function of a picture, such as
        `functools.partial(wf.cartoonize, model="facial-cartoonizer", edges="dexined")`. This helps a Swapping
        Autoencoder that was trained without photos. The sheet still shows the photo; the cartoon is
        `.portrait.encoded`.
    upscale : True enlarges what the models draw four times, so that ink stays crisp, and sheets have cells of 512 px;
        or the name of an upscaler. None and False leave the pictures as they are drawn.

    Raises FaceNotFoundError, ImageError, BadInputError, or WeightsError for the models.
    """
    check_models("face2webtoon", generator=generator, swapae=swapae)
    swapae = swapae or load_swapae()
    listed = listed_styles(styles, seed)
    if generator is None and any(isinstance(style, (int, np.integer)) for style in listed):
        generator = load_stylegan2()
    chosen = checked_locations(locations, swapae.num_ws)
    upscaler = as_upscaler(upscale)
    style_encoder = StyleEncoder(swapae, generator, truncation_psi, upscaler)
    photos = _photos(face)
    pictures, found = style_encoder.gather(listed)
    names = tuple(_named(style, index) for index, style in enumerate(listed))

    def sheet_of(face: AlignedFace | ImageSource) -> WebtoonSheet:
        portrait = EncodedFace(face, swapae, align=align, cartoonize=cartoonize, upscale=upscaler)
        if portrait.note:
            warnings.warn(portrait.note, stacklevel=3)
        drawn = [portrait.draw(found, location=location) for location in chosen]
        name = Path(face).stem if isinstance(face, (str, os.PathLike)) else ""
        rebuilt = portrait.rebuild()
        return WebtoonSheet(portrait, style_encoder, pictures, found, chosen, drawn, rebuilt, name, names)

    if photos is None:
        return sheet_of(face)  # type: ignore[arg-type]
    sheets = []
    for photo in tqdm(photos, unit="photo", disable=len(photos) < 2):
        try:
            sheets.append(sheet_of(photo))
        except FaceNotFoundError as error:
            if len(photos) == 1:
                raise
            label = photo if isinstance(photo, (str, os.PathLike)) else "a picture"
            warnings.warn(f"No sheet of {label}: {error}", stacklevel=2)
    if not sheets:
        raise FaceNotFoundError(f"No face was found in any of these {len(photos)} photos.")
    return sheets


def _named(style: Style, index: int) -> str:
    """What a label says of a style: its seed, the name of its file, or its number."""
    if isinstance(style, (int, np.integer)):
        return f"seed {style}"
    return Path(style).stem if isinstance(style, (str, os.PathLike)) else f"style {index}"


def checked_locations(locations: float | Sequence[float], layers: int) -> tuple[float, ...]:
    """Swap locations as a tuple; raises BadInputError where one is no number from 0 to `layers`, or there is none."""
    chosen = tuple(locations) if isinstance(locations, Iterable) else (locations,)
    if not all(isinstance(location, (int, float, np.number)) for location in chosen):
        raise BadInputError(f"locations are numbers, such as (3, 5), not {locations!r}.")
    if not chosen:
        raise BadInputError("Give at least one swap location, such as locations=(3,).")
    for location in chosen:
        if not 0 <= location <= layers:
            raise BadInputError(f"A swap location of this model goes from 0 to {layers}, not to {location:g}.")
    return chosen


def photos_in(folder: Path) -> list[Path]:
    """The photos of a folder, by name, without those in folders inside it. Raises ImageError where there is none."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTOS and not path.name.startswith("."))
    if not found:
        raise ImageError(f"There is no photo in the folder {folder}. Photos end in {', '.join(PHOTOS)}.")
    return found


def _photos(face: object) -> list[AlignedFace | ImageSource] | None:
    """What `face2webtoon` is given, if it is several photos; None for a single one."""
    if isinstance(face, (list, tuple)):
        if not face:
            raise BadInputError("The list of photos is empty. Give at least one.")
        return list(face)
    if isinstance(face, (str, os.PathLike)) and Path(face).expanduser().is_dir():
        return list(photos_in(Path(face).expanduser()))
    return None


def listed_styles(styles: int | ImageSource | Iterable[Style], seed: int) -> list[Style]:
    """The argument `styles` as a list of seeds and pictures; raises BadInputError if it is empty or something else."""
    if isinstance(styles, (int, np.integer)):
        styles = range(seed, seed + int(styles))
    if isinstance(styles, (str, bytes, os.PathLike, Image.Image, np.ndarray)):
        return [styles]
    if not isinstance(styles, Iterable):
        raise BadInputError(f"styles is a number, a picture, or a list of seeds and pictures, not {styles!r}.")
    listed = list(styles)
    if not listed:
        raise BadInputError("Give at least one style: a number of styles, seeds, or pictures.")
    return listed
