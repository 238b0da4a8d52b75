"""Every figure of the original, by name: `names()`, `about(name)`, `draw(name)`, `show(name, ...)`.

The figures are those of the README of naver-webtoon-faces, with the same layout, drawn with any models and pictures.
The models default to the embedded demo models, the pictures to their samples.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from ..images import ImageSource
from ..pretrained.generators import StyleGAN2, SwappingAutoencoder
from .animation import Animation
from .catalog import BY_NAME, find
from .folded import Folded
from .inputs import Inputs

__all__ = ["Animation", "Folded", "about", "draw", "names", "show"]


def names() -> list[str]:
    """The name of every figure, in the original's order."""
    return list(BY_NAME)


def about(name: str) -> str:
    """What a figure shows, in a sentence. Raises UnknownNameError."""
    return find(name).about


def draw(
    name: str,
    *,
    swapae: SwappingAutoencoder | None = None,
    generator: StyleGAN2 | None = None,
    images: ImageSource | Sequence[ImageSource] | None = None,
    seed: int = 0,
) -> Image.Image | Animation:
    """Draw the figure called `name`: an RGB picture, or an `Animation`.

    swapae, generator : the models; by default the embedded demo models.
    images : one or several of anything `load_image` opens. The first is the source (the photo, the start of a strip),
        the others are the styles (the further stops of a strip), in any number. With a single picture the others are
        samples; by default all are samples, and the photo is the bundled one. Photos are aligned, or, if no face is
        found, cropped to their middle. The figures of StyleGAN2 alone use none. `dataset` takes the path of a folder or
        zip of pictures, `fid` the folder of a run that was measured.
    seed : of the samples; each figure adds its own number, so that all figures show different samples.

    Cells have the size of the model's pictures, at least 160 and at most 256 px. Raises UnknownNameError, and the
    errors of models and pictures: ImageError, BadInputError, WeightsError.
    """
    figure = find(name)
    inputs = Inputs(swapae=swapae, generator=generator, images=images, seed=figure.seed + seed)
    return figure.make(inputs, **figure.options)


def show(
    first: str,
    *others: str,
    height: int = 360,
    swapae: SwappingAutoencoder | None = None,
    generator: StyleGAN2 | None = None,
) -> Folded:
    """Draw figures for a notebook, which shows each below a line about it; all but the first are folded.

    height : px that a picture takes at most; an animation has its own size.     swapae, generator : as for `draw`.

    Raises UnknownNameError, before anything is drawn.
    """
    lines = {name: about(name) for name in (first, *others)}
    return Folded({name: draw(name, swapae=swapae, generator=generator) for name in lines}, lines, height)
