"""Where codes come from besides seeds: a picture in a file, and what is on the shelf."""

from __future__ import annotations

import os
from dataclasses import dataclass

from PIL import Image
from torch import Tensor

from ..errors import BadInputError
from ..images import ImageSource
from ..rendering import recipe as r
from ..rendering.renderer import Renderer
from ..rendering.saved import Item
from ..rendering.to_python import Spelling
from .face2webtoon import EncodedFace

MOST_NODES = 30  # of a code that is taken off the shelf: mixing mixtures over and over would outgrow a recipe


@dataclass(frozen=True, eq=False)
class PictureCodes:
    """What the Swapping Autoencoder makes of a picture. The picture itself goes into no recipe.

    structure : [1, C, H/16, W/16], style : [1, L, D], both kept as numbers.     picture : what was encoded.
    python : the call that gives the two, or "" for what has no path.
    """

    structure: r.Stored
    style: r.Stored
    picture: Image.Image
    python: str = ""

    @property
    def spellings(self) -> dict[r.Stored, Spelling]:
        """The two codes, as a cell can write them."""
        if not self.python:
            return {}
        return {self.structure: Spelling(self.python, 0), self.style: Spelling(self.python, 1)}


def picture_codes(renderer: Renderer, source: ImageSource, *, align: bool = False) -> PictureCodes:
    """Encode a picture for the renderer's Swapping Autoencoder.

    source : anything `load_image` opens.     align : find the face in it first, and cut it out as for training.

    Raises ImageError, and FaceNotFoundError where there is no face to align.
    """
    swapae = renderer.swapae
    portrait = EncodedFace(source, swapae, align=align)
    python = ""
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        aligned = portrait.aligned
        python = f"AE.encode({f'wf.align_face({path!r}, size={aligned.image.width}).image' if aligned else repr(path)})"
    return PictureCodes(_stored(portrait.structure), _stored(portrait.style), portrait.picture, python)


def face_code(renderer: Renderer, item: Item) -> r.Code:
    """The StyleGAN2 code of something on the shelf; BadInputError where there is none, or another model's."""
    picture = item.recipe.picture
    if not isinstance(picture, r.Face):
        raise BadInputError(f"{item.name} is no single picture of StyleGAN2, so it has no code to take.")
    _check_models(renderer, item)
    return _settled(renderer, picture.code)


def swap_codes(renderer: Renderer, item: Item) -> tuple[r.Code, r.Code]:
    """The structure and the style of something on the shelf; a sample's are those of its picture."""
    picture = item.recipe.picture
    if isinstance(picture, r.Sheet):
        raise BadInputError(f"{item.name} is a sheet of several pictures. Take one that is single.")
    _check_models(renderer, item)
    if isinstance(picture, r.Face):
        code = _settled(renderer, picture.code)
        return r.StructureOf(code), r.StyleOf(code)
    return _settled(renderer, picture.structure), _settled(renderer, picture.style)


def _check_models(renderer: Renderer, item: Item) -> None:
    recipe = item.recipe
    made = {(model.family, model.sha256) for model in recipe.models}
    if made != {(model.family, model.sha256) for model in renderer.recipe(recipe.picture).models}:
        raise BadInputError(f"{item.name} was made with another model, and codes of one mean nothing to another.")


def _settled(renderer: Renderer, code: r.Code) -> r.Code:
    """The code itself, or its numbers where its history has grown long."""
    return code if sum(1 for _ in r.walk(code)) <= MOST_NODES else _stored(renderer.code(code))


def _stored(code: Tensor) -> r.Stored:
    return r.Stored.of(code.detach().cpu().numpy())
