"""Turning a photo into a cartoon, for itself or for a Swapping Autoencoder that was trained on drawings.

A cartoon has two independent parts: flat colours, from a published network or from `classical`, and lines, from the
photo. naver-webtoon-faces combined a cartoonizer and an edge detector too, but never published how; here the cartoon is
darkened where there is a line, `cartoon * (1 - strength * ink)`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

import torch
from PIL import Image, ImageChops

from ..errors import BadInputError, UnknownNameError
from ..images import ImageSource, load_image, resized, shrunk, to_pil, to_tensor
from ..pretrained.cartoonizers import (
    DEXINED,
    Cartoonizer,
    EdgeDetector,
    cartoonizer_names,
    load_cartoonizer,
    load_edges,
)
from ..pretrained.generators import SwappingAutoencoder
from ..pretrained.networks import is_file
from . import classical
from .portrait import redrawn, title_of

Model: TypeAlias = "str | os.PathLike[str] | Cartoonizer | None"
Edges: TypeAlias = "str | os.PathLike[str] | EdgeDetector | None"
Folder: TypeAlias = "str | os.PathLike[str] | None"
Step: TypeAlias = "bool | str | os.PathLike[str] | Cartoonizer | Callable[[Image.Image], ImageSource] | None"

CLASSICAL, PORTRAIT, LINES = "classical", "portrait", "lines"
AUTO = "auto"  # what suits the model: see `usual_step`
PORTRAIT_TITLE = "romance"
FAINTEST, DARKEST = 0.4, 0.8  # the probability of an edge at which DexiNed's lines begin, and at which they are black
SMALLEST = 16  # px
BAND = 256  # rows


def cartoonize(
    image: ImageSource,
    *,
    model: Model = None,
    edges: Edges = None,
    strength: float = 0.85,
    size: int = classical.SIZE,
    device: str | torch.device | None = None,
    checkpoints: Folder = None,
) -> Image.Image:
    """A photo as a cartoon, an RGB picture of the photo's own size.

    image : anything `load_image` opens.
    model : how the colours are made.
        None or "classical": without a network, by smoothing, a few levels of lightness, and drawn lines. It treats
            faces like everything else; see `webtoonize.classical` for the methods.
        "portrait": the faces are measured and drawn, as `wf.portrait` does, in the title "romance", or in the one that
            is named: "portrait:noir". It has lines of its own.
        "facial-cartoonizer" (not for commercial use), "animegan2-face_paint_512_v2", "animegan2-celeba_distill",
            "animegan2-paprika", ...: published weights, downloaded once; or the path of such a file.
        A Cartoonizer from `pretrained.cartoonizers.load_cartoonizer`: to load it once and use it often.
    edges : how the lines are made. None: the classical model draws its own, the networks draw none.
        "lines": the classical model's lines.      "dexined", a file or an EdgeDetector: DexiNed's edges with a
        probability of at least 0.4, so that lines are thin.
    strength : of the lines, from 0, no lines, to 1, black lines.
    size : px, the longer side at which the picture is processed; a larger one is shrunk, and its cartoon enlarged. A
        smaller size gives a coarser drawing: the networks learned from pictures of 256 and 512 px. Above 1248 px the
        facial cartoonizer works in parts, without seams (DexiNed: 1600 px). AnimeGANv2 needs the whole picture at once:
        1.6 GB of memory at 1024 x 1024, and at most as many pixels as 2048 x 2048.
    device, checkpoints : as in `load_stylegan2`; classical colours and lines are always computed on the CPU.

    Raises ImageError, BadInputError, UnknownNameError; for the networks MissingExtraError and WeightsError.
    """
    if isinstance(size, bool) or not isinstance(size, int) or size < SMALLEST:
        raise BadInputError(f"size is a whole number of at least {SMALLEST} px, not {size!r}.")
    if not 0 <= strength <= 1:
        raise BadInputError(f"strength is a number from 0, no lines, to 1, black lines, not {strength!r}.")
    picture = load_image(image)
    title = portrait_title(model)
    if title is not None:
        if edges is not None:
            raise BadInputError("A portrait has lines of its own: leave out edges=..., or take another model.")
        return redrawn(picture, title)
    network = _cartoonizer(model, device, checkpoints)
    detector = _detector(LINES if network is None and edges is None else edges, device, checkpoints)
    # The ink first: a large picture takes four times the memory of its ink, and is not there yet while that is drawn.
    ink = None
    if detector is not None and strength > 0:
        ink = classical.lines(picture, size=size) if isinstance(detector, str) else _edges(picture, detector, size)
    flat = classical.paint(picture, size=size) if network is None else _redrawn(picture, network, size)
    del picture
    return flat if ink is None else inked(flat, ink, strength=strength)


def portrait_title(step: object) -> str | None:
    """The title that "portrait" or "portrait:TITLE" asks for; None for anything else. Raises UnknownNameError."""
    if not isinstance(step, str):
        return None
    name, colon, title = step.partition(":")
    if name != PORTRAIT or is_file(step):
        return None
    return title_of(title if colon else PORTRAIT_TITLE).name


def usual_step(swapae: SwappingAutoencoder) -> str | None:
    """What "auto" stands for: "portrait" before an embedded demo model, which was taught by drawings; else nothing."""
    return PORTRAIT if swapae.embedded else None


def inked(cartoon: Image.Image, ink: Image.Image, *, strength: float) -> Image.Image:
    """`cartoon`, RGB, darkened by `ink`, mode L of the same size: cartoon * (1 - strength * ink)."""
    shades = [round(255 - strength * level) for level in range(256)]
    result = Image.new("RGB", cartoon.size)
    for top in range(0, cartoon.height, BAND):  # in bands: the pictures may be large
        box = (0, top, cartoon.width, min(top + BAND, cartoon.height))
        shade = ink.crop(box).point(shades)
        result.paste(ImageChops.multiply(cartoon.crop(box), Image.merge("RGB", (shade, shade, shade))), box[:2])
    return result


def as_step(step: Step) -> Callable[[Image.Image], Image.Image] | None:
    """The argument of `face2webtoon(cartoonize=...)` as a function of a picture; None if it asks for nothing.

    None or False: nothing. True: the classical cartoon. A name, a path or a Cartoonizer: that model. Anything else is
    called with the picture, for instance `functools.partial(wf.cartoonize, model=..., edges="dexined")`.
    """
    if step is None or step is False:
        return None
    if step is True or isinstance(step, (str, os.PathLike, Cartoonizer)):
        model = None if step is True else step
        return lambda picture: cartoonize(picture, model=model)
    if not callable(step):
        raise BadInputError(f"cartoonize is True, the name of a model, or a function of a picture, not {step!r}.")
    return lambda picture: load_image(step(picture))


def _cartoonizer(model: Model, device: str | torch.device | None, checkpoints: Folder) -> Cartoonizer | None:
    if isinstance(model, Cartoonizer) or model is None or model == CLASSICAL:
        return model if isinstance(model, Cartoonizer) else None
    _check_name("cartoonizer", model, [CLASSICAL, PORTRAIT, *cartoonizer_names()])
    return load_cartoonizer(model, device=device, checkpoints=checkpoints)


def _detector(edges: Edges, device: str | torch.device | None, checkpoints: Folder) -> EdgeDetector | str | None:
    if isinstance(edges, EdgeDetector) or edges is None:
        return edges
    if edges == LINES:
        return LINES
    _check_name("edge detector", edges, [LINES, DEXINED])
    return load_edges(edges, device=device, checkpoints=checkpoints)


def _check_name(kind: str, source: str | os.PathLike[str], names: list[str]) -> None:
    text = os.fspath(source)
    if text not in names and not is_file(text):
        raise UnknownNameError(kind, text, names)


def _redrawn(picture: Image.Image, network: Cartoonizer, size: int) -> Image.Image:
    small = to_tensor(shrunk(picture, size))
    return resized(to_pil(network(small))[0], picture.size)


def _edges(picture: Image.Image, detector: EdgeDetector, size: int) -> Image.Image:
    probability = detector(to_tensor(shrunk(picture, size))).sigmoid()
    return classical.ramp(probability, picture.size, FAINTEST, DARKEST)
