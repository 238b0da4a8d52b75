"""The networks of a handle as ONNX files, whole or cut between two layers. Needs the extra `onnx`.

All sizes that the network leaves free are free in the file: the number of pictures, and the sides of what a Swapping
Autoencoder encodes and decodes and an upscaler enlarges. Noise is what the handle's calls use by default: "const"
planes in StyleGAN2, none in a decoder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .. import files
from ..errors import BadInputError, MissingExtraError
from ..models import stylegan2, swapae, upscaler

OPSET = 18
BATCH, SIDES = {0: "batch"}, {0: "batch", 2: "height", 3: "width"}


class _Mapping(nn.Module):
    def __init__(self, network: stylegan2.Generator):
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        return self.network.mapping(z)


class _Start(nn.Module):
    """Codes -> map and picture before resolution step `last`; the picture alone if that is the end."""

    def __init__(self, network: stylegan2.Generator, last: int):
        super().__init__()
        self.network, self.last = network, last

    def forward(self, ws: Tensor) -> tuple[Tensor, Tensor] | Tensor:
        plane = self.network.noise_source("const", ws)
        x, rgb = self.network.start(ws, plane)
        for k in range(self.last):
            x, rgb = self.network.block(k, x, rgb, ws, plane)
        return rgb if self.last == len(self.network.to_rgbs) else (x, rgb)


class _Steps(nn.Module):
    """Map and picture before resolution step `first`, and codes -> those before step `last`; see `_Start`."""

    def __init__(self, network: stylegan2.Generator, first: int, last: int):
        super().__init__()
        self.network, self.first, self.last = network, first, last

    def forward(self, x: Tensor, rgb: Tensor, ws: Tensor) -> tuple[Tensor, Tensor] | Tensor:
        plane = self.network.noise_source("const", ws)
        for k in range(self.first, self.last):
            x, rgb = self.network.block(k, x, rgb, ws, plane)
        return rgb if self.last == len(self.network.to_rgbs) else (x, rgb)


class _Blocks(nn.Module):
    """The map (before block 0, the structure) and styles -> the map before block `last`, or at the end the picture."""

    def __init__(self, network: swapae.Generator, first: int, last: int):
        super().__init__()
        self.network, self.first, self.last = network, first, last

    def forward(self, x: Tensor, ws: Tensor) -> Tensor:
        for i in range(self.first, self.last):
            x = self.network.layers[i](x, ws[:, i], None)
        return self.network.to_rgb(x) if self.last == self.network.num_ws else x


@dataclass(frozen=True)
class Part:
    """What goes into one file: a module, the names of its inputs with an example and the free axes, and its outputs."""

    module: nn.Module
    inputs: dict[str, tuple[Tensor, dict[int, str]]]
    outputs: tuple[str, ...]

    def write(self, path: Path) -> None:
        """Write the ONNX file."""
        _need()
        shapes = tuple(dict.fromkeys(free, torch.export.Dim.DYNAMIC) for _, free in self.inputs.values())
        examples = tuple(example for example, _ in self.inputs.values())
        with files.replacing(path) as draft, torch.no_grad(), _quiet():
            torch.onnx.export(
                self.module.eval(),
                examples,
                draft,
                input_names=list(self.inputs),
                output_names=list(self.outputs),
                dynamic_shapes=shapes,
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )


def stylegan2_parts(network: stylegan2.Generator) -> dict[str, Part]:
    """ "mapping", "synthesis", and what `Generator.synthesis` is made of: "start", "block0", "block1", ..."""
    steps = len(network.to_rgbs)
    z = torch.randn(2, network.config.w_dim)
    found = {
        "mapping": Part(_Mapping(network), {"z": (z, BATCH)}, ("w",)),
        "synthesis": _start(network, steps),
        "start": _start(network, 0),
    }
    return found | {f"block{k}": _steps(network, k, k + 1) for k in range(steps)}


def _codes(network: Any, dim: int) -> tuple[Tensor, dict[int, str]]:
    return torch.randn(2, network.num_ws, dim), BATCH


def _start(network: stylegan2.Generator, last: int) -> Part:
    outputs = ("images",) if last == len(network.to_rgbs) else ("x", "rgb")
    return Part(_Start(network, last), {"ws": _codes(network, network.config.w_dim)}, outputs)


def _steps(network: stylegan2.Generator, first: int, last: int) -> Part:
    side, width = network.config.resolutions[first], network.config.channels[first]
    inputs = {
        "x": (torch.randn(2, width, side, side), BATCH),
        "rgb": (torch.randn(2, 3, side, side), BATCH),
        "ws": _codes(network, network.config.w_dim),
    }
    outputs = ("images",) if last == len(network.to_rgbs) else ("next_x", "next_rgb")
    return Part(_Steps(network, first, last), inputs, outputs)


def swapae_parts(encoder: swapae.Encoder, generator: swapae.Generator) -> dict[str, Part]:
    """ "encode", "decode", and the generator's blocks: "block0", "block1", ..."""
    images = torch.randn(2, 3, 96, 128)
    found = {
        "encode": Part(encoder, {"images": (images, SIDES)}, ("structure", "style")),
        "decode": _blocks(generator, 0, generator.num_ws),
    }
    return found | {f"block{i}": _blocks(generator, i, i + 1) for i in range(generator.num_ws)}


def _blocks(network: swapae.Generator, first: int, last: int) -> Part:
    widths = [network.config.structure_channels, *(network.config.channel * k for k in swapae.BLOCK_WIDTHS)]
    scale = network.config.enlargements[first - 1] if first else 1
    inputs = {
        "x" if first else "structure": (torch.randn(2, widths[first], 5 * scale, 6 * scale), SIDES),
        "ws": _codes(network, network.config.style_dim),
    }
    output = "images" if last == network.num_ws else "next_x" if first else "x"
    return Part(_Blocks(network, first, last), inputs, (output,))


def write_stylegan2(network: stylegan2.Generator, folder: str | os.PathLike[str], cut: int | None) -> list[Path]:
    """`mapping.onnx` and `synthesis.onnx`; with `cut`, also `synthesis-head.onnx`, which draws what the first `cut`
    layers decide, and `synthesis-tail.onnx`, which goes on from there."""
    parts = {name: part for name, part in stylegan2_parts(network).items() if name in ("mapping", "synthesis")}
    if cut is not None:
        _check_cut(cut, 2, network.num_ws - 1)
        step, steps = min((cut - 2) // 2, len(network.to_rgbs) - 1), len(network.to_rgbs)
        parts |= {"synthesis-head": _start(network, step), "synthesis-tail": _steps(network, step, steps)}
    return _write(parts, folder)


def write_swapae(
    encoder: swapae.Encoder, generator: swapae.Generator, folder: str | os.PathLike[str], cut: int | None
) -> list[Path]:
    """`encode.onnx` and `decode.onnx`; with `cut`, also `decode-head.onnx`, the first `cut` blocks, and
    `decode-tail.onnx`, the rest."""
    parts = {name: part for name, part in swapae_parts(encoder, generator).items() if name in ("encode", "decode")}
    if cut is not None:
        _check_cut(cut, 1, generator.num_ws - 1)
        parts |= {"decode-head": _blocks(generator, 0, cut), "decode-tail": _blocks(generator, cut, generator.num_ws)}
    return _write(parts, folder)


def write_upscaler(network: upscaler.Upscaler, path: str | os.PathLike[str]) -> Path:
    """One file, which enlarges pictures of any sides four times."""
    target = files.expanded(path)
    if target.suffix != ".onnx" or target.is_dir():
        raise BadInputError(f"An upscaler becomes one file: give a path that ends in .onnx, not {files.shown(target)}.")
    images = torch.randn(2, 3, 24, 32)
    _write_part(Part(network, {"images": (images, SIDES)}, ("enlarged",)), target)
    return target


def _check_cut(cut: int, least: int, most: int) -> None:
    if not isinstance(cut, int) or not least <= cut <= most:
        raise BadInputError(f"This network can be cut at a layer from {least} to {most}, not {cut!r}.")


def _write(parts: dict[str, Part], folder: str | os.PathLike[str]) -> list[Path]:
    _need()
    target = files.expanded(folder)
    if target.exists() and not target.is_dir():
        raise BadInputError(f"{files.shown(target)} is a file. Name a folder: a model becomes several ONNX files.")
    written = []
    for name, part in parts.items():
        written.append(target / f"{name}.onnx")
        _write_part(part, written[-1])
    return written


def _write_part(part: Part, path: Path) -> None:
    try:
        part.write(path)
    except OSError as error:
        raise BadInputError(f"{files.shown(path)} cannot be written: {error.strerror or error}.") from error


def _need() -> None:
    for package in ("onnx", "onnxscript"):
        try:
            __import__(package)
        except ImportError as error:
            raise MissingExtraError("Writing ONNX files", "onnx", package) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """torch's exporter warns of what it does not need, such as torchvision."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
