"""Codes of pictures: of files and uploads, which are encoded, and of pictures on the shelf."""

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
from ..rendering.to_python import FaceOf, PhotoFile, Snippet, Source
from .face2webtoon import EncodedFace

MOST_NODES = 30  # of a code from the shelf; larger ones are stored as numbers, because mixtures of mixtures grow


@dataclass(frozen=True, eq=False)
class PictureCodes:
    """The codes of a picture by the Swapping Autoencoder. A recipe contains them, never the picture.

    structure : [1, C, H/16, W/16], style : [1, L, D], both kept as numbers.     picture : what was encoded.
    source : how the picture is opened again, None for what has no path.
    """

    structure: r.Stored
    style: r.Stored
    picture: Image.Image
    source: Source | None = None

    @property
    def snippets(self) -> dict[r.Stored, Snippet]:
        """How the two codes were made, for the cell that makes them again."""
        if self.source is None:
            return {}
        return {code: Snippet(self.source, part) for part, code in enumerate((self.structure, self.style))}


def picture_codes(renderer: Renderer, source: ImageSource, *, align: bool = False, name: str = "") -> PictureCodes:
    """Encode a picture for the renderer's Swapping Autoencoder.

    source : anything `load_image` opens.     align : align the face in it first.
    name : of the file that the picture was uploaded as.

    Raises ImageError, and FaceNotFoundError if no face is found.
    """
    swapae = renderer.swapae
    portrait = EncodedFace(source, swapae, align=align)
    opened: Source | None = None
    if isinstance(source, (str, os.PathLike)):
        opened = PhotoFile(os.fspath(source))
    elif name:
        opened = PhotoFile(name, uploaded=True)
    if isinstance(opened, PhotoFile) and portrait.aligned is not None:
        opened = FaceOf(opened, portrait.aligned.image.width)
    return PictureCodes(_stored(portrait.structure), _stored(portrait.style), portrait.picture, opened)


def face_code(renderer: Renderer, item: Item) -> r.Code:
    """The StyleGAN2 code of a picture on the shelf; BadInputError if it has none, or if another model made it."""
    picture = _single(item)
    if not isinstance(picture, r.Face):
        raise BadInputError(f"{item.name} is not a single picture of StyleGAN2, so it has no code. Take another one.")
    _check_models(renderer, item)
    return _settled(renderer, picture.code)


def swap_codes(renderer: Renderer, item: Item) -> tuple[r.Code, r.Code]:
    """The structure and the style of a picture on the shelf; those of a sample are computed from its picture."""
    picture = _single(item)
    if isinstance(picture, r.Sheet):
        raise BadInputError(f"{item.name} is a sheet of several pictures. Take a single picture.")
    _check_models(renderer, item)
    if isinstance(picture, r.Face):
        code = _settled(renderer, picture.code)
        return r.StructureOf(code), r.StyleOf(code)
    return _settled(renderer, picture.structure), _settled(renderer, picture.style)


def _single(item: Item) -> r.Face | r.Decoded | r.Sheet:
    """What is on the shelf, as a model draws it; one that was saved larger is a sheet of one, or enlarged."""
    picture = item.recipe.picture
    if isinstance(picture, r.Sheet) and len(picture.cells) == 1 and picture.cells[0] is not None:
        picture = picture.cells[0]
    return picture.picture if isinstance(picture, r.Enlarged) else picture


def _check_models(renderer: Renderer, item: Item) -> None:
    recipe = item.recipe
    made = {(model.family, model.sha256) for model in recipe.models}
    here = {(model.family, model.sha256) for model in renderer.recipe(recipe.picture).models}
    if {model for model in made if model[0] != "upscaler"} != {model for model in here if model[0] != "upscaler"}:
        raise BadInputError(f"{item.name} was made with another model. Codes of one model do not fit another.")


def _settled(renderer: Renderer, code: r.Code) -> r.Code:
    """The code itself, or its numbers if it has many nodes."""
    return code if sum(1 for _ in r.walk(code)) <= MOST_NODES else _stored(renderer.code(code))


def _stored(code: Tensor) -> r.Stored:
    return r.Stored.of(code.detach().cpu().numpy())
