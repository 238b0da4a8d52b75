"""Loading cartoonizers, and the edge detector DexiNed, by a name or a path.

The handles take and return tensors of any size: sides are padded by reflection to a multiple that the network needs,
and large pictures are computed in parts. `webtoonize.cartoonize` combines cartoon and edges.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .. import files
from ..errors import BadInputError, LayoutError, UnknownNameError, WeightsNotFoundError
from ..weights import convert, registry
from .networks import Handle, Weights, is_file, load_networks, place

CORE = 768  # px, side of the parts in which a large picture is computed, without their surroundings
LARGEST = 2048 * 2048  # px, for networks that need the whole picture: about 6 GB of memory
DEXINED = "dexined"


@dataclass(frozen=True)
class Traits:
    """What a network requires of its pictures.

    multiple : the sides must be multiples of this, in px.      bgr : whether the first channel is blue.
    reach : the distance in px over which a pixel influences the result, rounded up to `multiple`; measured by
        gradients. None if it influences all of it: AnimeGANv2 normalizes over the whole picture, so parts would differ.
    """

    multiple: int
    bgr: bool
    reach: int | None


TRAITS = {
    "cartoonizer": Traits(multiple=16, bgr=True, reach=240),
    "animegan2": Traits(multiple=32, bgr=False, reach=None),
    "dexined": Traits(multiple=16, bgr=True, reach=416),
}
_KINDS = ("cartoonizer", "animegan2")


def cartoonizer_names() -> dict[str, registry.Record]:
    """The records of all cartoonizers by their names: "facial-cartoonizer", "animegan2-face_paint_512_v2", ..."""
    return {record.name: record for record in registry.records() if record.kind in _KINDS}


def load_cartoonizer(
    source: str | os.PathLike[str],
    *,
    device: str | torch.device | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
) -> Cartoonizer:
    """A cartoonizer by one of `cartoonizer_names()`, or from a file, whose content determines the network.

    `device`, `checkpoints` and errors as in `load_stylegan2`.
    """
    text = os.fspath(source)
    names = cartoonizer_names()
    if text in names:
        kind, found = names[text].kind, names[text].name
    elif not is_file(text):
        raise UnknownNameError("cartoonizer", text, names)
    elif not files.is_file(files.expanded(text)):
        raise WeightsNotFoundError(
            f"There is no file {files.shown(text)}. Give a .pt or .safetensors, or: {', '.join(names)}."
        )
    else:
        kind, found = _kind_of(files.expanded(text)), text
    networks, origin = load_networks(kind, found, checkpoints)
    return Cartoonizer(networks["net"], kind=kind, device=device, weights=origin)


def load_edges(
    source: str | os.PathLike[str] = DEXINED,
    *,
    device: str | torch.device | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
) -> EdgeDetector:
    """The edge detector DexiNed, by the name "dexined" or from a file; see `load_stylegan2`.

    Raises MissingExtraError without kornia, besides the errors there.
    """
    text = os.fspath(source)
    if text != DEXINED and not is_file(text):
        raise UnknownNameError("edge detector", text, [DEXINED])
    networks, origin = load_networks("dexined", text, checkpoints)
    return EdgeDetector(networks["net"], kind="dexined", device=device, weights=origin)


def _kind_of(path: Path) -> str:
    try:
        keys = convert.read(path, "animegan2").networks["net"]
    except LayoutError:
        return "cartoonizer"  # if it is another network, reading it as a cartoonizer raises an error that says so
    return "animegan2" if "out_layer.0.weight" in keys else "cartoonizer"


class _PictureNetwork(Handle):
    """A network that maps pictures to pictures. Attributes: `kind`, `weights`, `device`, `lock`."""

    def __init__(
        self, network: nn.Module, *, kind: str, device: str | torch.device | None = None, weights: Weights | None = None
    ):
        self.network = place(network, device)
        super().__init__(weights)
        self.kind, self.traits = kind, TRAITS[kind]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.kind} {self.label} on {self.device}>"

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def _forward(self, images: Tensor) -> Tensor:
        raise NotImplementedError

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape or not images.is_floating_point():
            raise BadInputError(f"Pictures are float [N, 3, H, W] in [-1, 1], not {images.dtype} {list(images.shape)}.")
        height, width = images.shape[2:]
        images = images.to(self.device, torch.float32)
        images = images.flip(1) if self.traits.bgr else images
        padded = reflected(images, self.traits.multiple)
        with self.lock:
            result = self._whole(padded) if self.traits.reach is None else self._in_parts(padded, self.traits.reach)
        result = result[..., :height, :width]
        return result.flip(1) if self.traits.bgr and result.shape[1] == 3 else result

    def _whole(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        if height * width > LARGEST:
            raise BadInputError(
                f"AnimeGANv2 needs the whole picture at once, which at {width} x {height} px takes too much memory. "
                "Make it smaller: cartoonize does so with size=1024."
            )
        return self._forward(images)

    def _in_parts(self, images: Tensor, reach: int) -> Tensor:
        """The same as `_forward`, in parts that are computed with all that can be felt in them."""
        down, across = (list(_parts(side, reach)) for side in images.shape[2:])
        count = len(down) * len(across)
        rows = []
        bar = tqdm(total=count, desc=self.kind, unit="part", leave=False, disable=count < 2)
        for top, bottom in down:
            row = []
            for left, right in across:
                y, x = max(0, top - reach), max(0, left - reach)
                part = self._forward(images[..., y : bottom + reach, x : right + reach])
                row.append(part[..., top - y : bottom - y, left - x : right - x].clone())
                bar.update()
            rows.append(torch.cat(row, dim=3))
        bar.close()
        return torch.cat(rows, dim=2)


class Cartoonizer(_PictureNetwork):
    """Pictures, float [N, 3, H, W], RGB in [-1, 1], any size -> cartoons of the same shape. Made by `load_cartoonizer`.

    AnimeGANv2 takes at most `LARGEST` px; the facial cartoonizer takes any number.
    """

    def _forward(self, images: Tensor) -> Tensor:
        return self.network(images)


class EdgeDetector(_PictureNetwork):
    """Pictures, float [N, 3, H, W], RGB in [-1, 1], any size -> logits of edges [N, 1, H, W]. Made by `load_edges`."""

    def _forward(self, images: Tensor) -> Tensor:
        mean = torch.tensor([103.939, 116.779, 123.68], device=images.device).view(1, 3, 1, 1)  # of ImageNet, BGR
        return self.network((images + 1) * 127.5 - mean)[-1]


def reflected(images: Tensor, multiple: int) -> Tensor:
    """[N, C, H, W], extended by reflection below and at the right to sides that are multiples of `multiple`."""
    for axis in (2, 3):
        side = images.shape[axis]
        last = max(1, side - 1)
        steps = torch.arange(-(-side // multiple) * multiple, device=images.device) % (2 * last)
        images = images.index_select(axis, torch.minimum(steps, 2 * last - steps).clamp(max=side - 1))
    return images


def _parts(side: int, reach: int) -> Iterator[tuple[int, int]]:
    """The first and last position of each part of a side; a single part if that is no larger with its surroundings."""
    step = CORE if side > CORE + 2 * reach else side
    for start in range(0, side, step):
        yield start, min(start + step, side)
