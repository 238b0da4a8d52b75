"""The figures of photos: face2webtoon, and the cartoonizer before the swap."""

from __future__ import annotations

from PIL import Image, ImageOps

from ..faces import align_face
from ..pretrained.generators import SwappingAutoencoder, example_photo
from ..webtoonize.face2webtoon import EncodedFace, WebtoonSheet, face2webtoon
from .animation import WALK_STEPS, Animation
from .inputs import PSI, Inputs, cell_for, framed, sheet
from .swapae import styles_of, swaps_of


def photo_sheet(inputs: Inputs, *, pictures: int) -> Image.Image:
    """Photo and styles; below, for swap locations 3 and 5, the photo's reconstruction and the photo in each style."""
    return _redrawn(inputs, inputs.images[1:], pictures - 1).sheet(cell=cell_for(inputs.swapae))


def photo_exploration(inputs: Inputs) -> Animation:
    """180 frames of 2 x 2 (blank, style; photo, result): the photo, while its style walks through ten samples."""
    redrawn = _redrawn(inputs, [], 1)
    return Animation(tuple(redrawn.frames(seed=inputs.seed, cell=cell_for(inputs.swapae), steps=WALK_STEPS)))


def cartoon_swaps(inputs: Inputs, *, pictures: int, location: float) -> Image.Image:
    """The swap sheet of a photo that was turned into a cartoon before it was encoded."""
    photo, *styles = inputs.pictures(pictures, lead=example_photo)
    return swaps_of(_cartoon(_face(photo, inputs.swapae), inputs.swapae), styles, location=location)


def cartoon_failures(inputs: Inputs, *, pictures: int, location: float) -> Image.Image:
    """A row for each difficult photo: the photo, framed, its cartoon, and the cartoon in four styles."""
    hard = inputs.images or _hard_photos(_face(example_photo(), inputs.swapae))
    swapae, cell = inputs.swapae, cell_for(inputs.swapae)
    styles = styles_of(inputs.samples(pictures), swapae)
    cells: list[Image.Image | None] = []
    for photo in hard:
        portrait = _cartoon(photo, swapae)
        cells += [framed(photo, cell), portrait.encoded, *portrait.draw(styles, location=location)]
    return sheet(cells, columns=2 + pictures, cell=cell)


def photo_strip(inputs: Inputs, *, pictures: int, location: float) -> Image.Image:
    """Photos, and below each its cartoon after a swap. A single photo is shown in several styles."""
    swapae = inputs.swapae
    faces = [_face(photo, swapae) for photo in inputs.images or [example_photo()]]
    portraits = [_cartoon(face, swapae) for face in faces]
    if len(faces) == 1:
        faces, portraits = faces * pictures, portraits * pictures
    styles = styles_of(inputs.samples(len(faces)), swapae)
    results = [
        portrait.draw(style[None], location=location)[0] for portrait, style in zip(portraits, styles, strict=True)
    ]
    return sheet([*faces, *results], columns=len(faces), cell=cell_for(swapae))


def _redrawn(inputs: Inputs, styles: list[Image.Image], count: int) -> WebtoonSheet:
    photo = inputs.images[0] if inputs.images else example_photo()
    seeds = range(inputs.seed, inputs.seed + count)
    return face2webtoon(
        _face(photo, inputs.swapae),
        styles=styles or seeds,
        align=False,
        swapae=inputs.swapae,
        generator=inputs.generator,
        seed=inputs.seed,
        truncation_psi=PSI,
    )


def _face(photo: Image.Image, swapae: SwappingAutoencoder) -> Image.Image:
    """The face of a photo, or its middle if no face is found."""
    return align_face(photo, size=max(256, swapae.size), fallback="center").image


def _cartoon(photo: Image.Image, swapae: SwappingAutoencoder) -> EncodedFace:
    """The photo's classical cartoon, which needs no weights, encoded."""
    return EncodedFace(photo, swapae, align=False, cartoonize=True)


def _hard_photos(face: Image.Image) -> list[Image.Image]:
    """Four difficult photos: upside down, half out of the picture, tiny, and dark."""
    side = face.width
    half = Image.new("RGB", face.size)
    half.paste(face, (side // 2, 0))
    tiny = face.resize((20, 20), Image.Resampling.LANCZOS).resize(face.size, Image.Resampling.BICUBIC)
    dark = face.point(lambda level: level // 8)
    return [ImageOps.flip(face), half, tiny, dark]
