"""The inputs of figures, and the sheet that they are arranged on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from PIL import Image, ImageOps
from torch import Tensor

from ..images import contact_sheet, frame, load_image
from ..pretrained.generators import StyleGAN2, SwappingAutoencoder, load_stylegan2, load_swapae

PSI = 0.7  # truncation of every sample, as in the original
SMALLEST_CELL, LARGEST_CELL = 160, 256  # px; the pictures of small models are enlarged


class Inputs:
    """The models, the pictures given (by default none), and the seed of the first sample.

    By default the models are the embedded demo models, loaded when a figure needs them.
    """

    def __init__(
        self,
        *,
        swapae: SwappingAutoencoder | None = None,
        generator: StyleGAN2 | None = None,
        images: Any = None,
        seed: int = 0,
    ):
        self._swapae, self._generator = swapae, generator
        self.given = images
        self.seed = seed

    @cached_property
    def swapae(self) -> SwappingAutoencoder:
        return self._swapae or load_swapae()

    @cached_property
    def generator(self) -> StyleGAN2:
        return self._generator or load_stylegan2()

    @property
    def is_demo(self) -> bool:
        """Whether the StyleGAN2 is the embedded one, whose data set is known."""
        weights = self._generator.weights if self._generator else None
        return self._generator is None or (weights is not None and weights.name == "demo")

    @cached_property
    def images(self) -> list[Image.Image]:
        """The pictures given, in RGB."""
        if self.given is None:
            return []
        several = isinstance(self.given, (list, tuple))
        return [load_image(one) for one in (self.given if several else [self.given])]

    def ws(self, count: int) -> Tensor:
        """Codes of `count` seeds, [count, L, D]."""
        return self.generator.sample_ws(range(self.seed, self.seed + count), truncation_psi=PSI)

    def samples(self, count: int) -> list[Image.Image]:
        return self.generator.render(self.ws(count))

    def pictures(self, count: int, *, lead: Callable[[], Image.Image] | None = None) -> list[Image.Image]:
        """The pictures given, if there are several; else `count` pictures: the given one, or `lead`, and samples."""
        given = self.images or ([lead()] if lead else [])
        return given if len(given) > 1 else given + self.samples(count - len(given))


def cell_for(model: StyleGAN2 | SwappingAutoencoder) -> int:
    """The side in px at which a model's pictures are shown."""
    return max(SMALLEST_CELL, min(LARGEST_CELL, model.size))


def margin_for(cell: int) -> int:
    return cell // 20


def sheet(pictures: Iterable[Image.Image | None], *, columns: int, cell: int) -> Image.Image:
    """Pictures row by row without gaps, `None` for a black cell, with a black margin around them."""
    return contact_sheet(pictures, columns=columns, cell=cell, margin=margin_for(cell))


def framed(picture: Image.Image, cell: int) -> Image.Image:
    """A picture in a cell with the yellow frame that marks the source."""
    return frame(ImageOps.pad(picture, (cell, cell), Image.Resampling.LANCZOS))
