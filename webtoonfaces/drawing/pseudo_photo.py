"""A person as a photo might show them: the same geometry as in the drawings, under real light, through a lens.

Flat layers (`photo_layers`) are lit by their relief (`photo_light`): lamps that throw shadows, light from all around, a
shine on skin and along hair (`photo_hair`). Behind them lies a blurred place (`photo_place`), before them a lens, film
and JPEG. What is random comes from the generator that is given; `hair_mask` is the exact truth of what is hair.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from . import photo_layers
from .person import Person
from .photo_light import Lit, Reliefs
from .photo_place import place
from .photo_scene import GAMMA, Light, random_light, white
from .relief import Grid, blurred, resized


def pseudo_photo(person: Person, rng: np.random.Generator, size: int = 256) -> Image.Image:
    """An RGB picture of `size` x `size` pixels, 16 to 4096, that keeps the person's geometry, as in every title.

    `rng` chooses light, place, lens and film. The same person and generator state give the same picture.
    """
    side = int(np.clip(round(1.25 * size), 128, 4096))
    person = photo_layers.photo_colors(person)
    parts = photo_layers.layers(person, side)
    light = random_light(rng)
    reliefs = Reliefs(person, parts)
    lit = Lit(person, parts, reliefs, light, rng, side)
    picture = place(person, light, rng, side)
    picture = lit.over(picture)
    return _developed(picture, lit.metered(picture), light, rng, size)


def hair_mask(person: Person, size: int) -> Image.Image:
    """Where a pseudo-photo of this person shows hair of the head: mode L, 255 on hair, 0 elsewhere, soft at the edge.

    Beard, brows and lashes do not count; hair that face, neck or clothes hide does not either.
    """
    parts = photo_layers.layers(person, size)
    hair = parts.hair_back * (1 - parts.body_alpha) * (1 - parts.face_alpha)
    hair = hair * (1 - parts.hair_short) + parts.hair_short
    hair = np.maximum(hair, parts.hair_front)
    return Image.fromarray((hair.clip(0, 1) * 255 + 0.5).astype(np.uint8))


def _developed(picture: Grid, face: float, light: Light, rng: np.random.Generator, size: int) -> Image.Image:
    """Lens, exposure, white balance, tone, grain, sharpening, JPEG."""
    side = picture.shape[0]
    u = rng.uniform
    at = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    far = at[:, None] ** 2 + at[None] ** 2
    vignette = 1 - u(0, 0.5) * far[..., None]
    glare = resized(blurred(resized(picture, 48).clip(0), 5), side)
    seen = blurred(picture, u(0.2, 0.75) * side / 160)
    picture = (seen + u(0.01, 0.05) * glare) * vignette
    # The camera exposes for the face and a little for the rest; it is not always right.
    middle = float(picture.mean())
    exposure = (0.335 / (0.75 * face + 0.25 * middle + 0.02)) ** 0.65 * u(0.82, 1.25)
    cast = (light.color + light.around) / (light.color + light.around).mean()
    balance = white(u(-0.28, 0.35)) / cast ** u(0.4, 0.95)
    picture = picture * (exposure * balance).astype(np.float32)
    picture = picture * (1 + u(0.04, 0.07) * picture) / (1 + 0.42 * picture)  # highlights roll off as on film
    coded = np.clip(picture * 1.18, 0, 1) ** (1 / GAMMA)
    contrast = u(1.05, 1.45)
    coded = 0.47 + (coded - 0.47) * contrast + u(-0.03, 0.03)
    grey = coded.mean(-1, keepdims=True)
    coded = grey + (coded - grey) * u(0.95, 1.2)
    image = Image.fromarray((np.clip(coded, 0, 1) * 255 + 0.5).astype(np.uint8))
    small = image.resize((size, size), Image.Resampling.LANCZOS)
    values: Grid = np.asarray(small, dtype=np.float32)
    values = values + u(0.0, 0.7) * (values - blurred(values, 0.9))  # cameras sharpen
    strength = rng.gamma(2.0, 0.9)
    dark = 1.15 - values.mean(-1, keepdims=True) / 400
    grey_grain = rng.standard_normal((size, size, 1), dtype=np.float32)
    color_grain = rng.standard_normal((size, size, 3), dtype=np.float32)
    values = values + blurred(grey_grain + 0.4 * color_grain, 0.45) * 1.4 * strength * dark
    image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    with io.BytesIO() as file:
        image.save(file, "JPEG", quality=int(rng.integers(70, 95)))
        return Image.open(file).convert("RGB")
