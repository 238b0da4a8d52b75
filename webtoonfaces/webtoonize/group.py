"""A photo of several people, each face redrawn in a style of its own."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image
from tqdm.auto import tqdm

from ..faces import align_faces
from ..images import ImageSource
from ..pretrained.generators import StyleGAN2, SwappingAutoencoder, load_swapae
from ..pretrained.upscaler import Upscale, as_upscaler
from ..rendering.renderer import check_models
from .cartoonize import AUTO, Step
from .face2webtoon import CELL, LOCATIONS, Style, checked_locations, face2webtoon, listed_styles


def group2webtoon(
    photo: ImageSource,
    *,
    styles: int | ImageSource | Iterable[Style] | None = None,
    swapae: SwappingAutoencoder | None = None,
    generator: StyleGAN2 | None = None,
    location: float = LOCATIONS[0],
    seed: int = 0,
    truncation_psi: float = 0.7,
    cartoonize: Step = AUTO,
    landmark_model: str = "68",
    upscale: Upscale = None,
) -> Image.Image:
    """The whole photo, RGB, with each face redrawn in a style of its own and put back.

    photo : anything `load_image` opens; the faces are those of `align_faces`, the most prominent first.
    styles : as in `face2webtoon`; the first face takes the first style, and after the last style they begin again.
        None: a sample for each face, of the seeds `seed`, `seed + 1`, ...
    location : the swap location, 0 to L.

    The other arguments are those of `face2webtoon` and `align_faces`; so are the errors.
    """
    check_models("group2webtoon", generator=generator, swapae=swapae)
    swapae = swapae or load_swapae()
    checked_locations(location, swapae.num_ws)
    chosen = None if styles is None else listed_styles(styles, seed)
    faces = align_faces(photo, size=max(CELL, swapae.size), landmark_model=landmark_model)
    upscaler = as_upscaler(upscale)
    whole = faces[0].source
    for index, face in enumerate(tqdm(faces, unit="face", disable=len(faces) < 2)):
        sheet = face2webtoon(
            face,
            styles=[seed + index if chosen is None else chosen[index % len(chosen)]],
            swapae=swapae,
            generator=generator,
            locations=location,
            truncation_psi=truncation_psi,
            cartoonize=cartoonize,
            upscale=upscaler,
        )
        whole = face.paste(sheet.images[0][0], onto=whole)
    return whole
