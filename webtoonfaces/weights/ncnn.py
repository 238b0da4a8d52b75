"""Reading an upscaler from ncnn's files: a text of layers (`.param`) beside the numbers (`.bin`).

Only plain chains of 3 x 3 convolutions and PReLU are read, which is all that an upscaler of this package is made of.
Both files are bounded by their own sizes: the text says how many numbers each layer has, and the numbers must fill the
`.bin` to its last byte before a tensor is made.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import LayoutError, WeightsError, WeightsNotFoundError
from ..files import is_file, shown
from .scan import damaged

MAGIC = "7767517"
MOST_TEXT = 2**20  # bytes of the text
MOST_LAYERS = 500
MOST_CHANNELS = 4096
HALF = 0x01306B47  # the flag before weights that are stored as float16
FLOAT = 0  # ... as float32

# Layers without numbers, in the order in which they follow the chain or stand before it.
_PLAIN = ("Input", "Split", "PixelShuffle", "Interp", "BinaryOp")


@dataclass(frozen=True)
class _Layer:
    """A layer with numbers: a convolution, or a PReLU if `inputs` is 0."""

    channels: int
    inputs: int = 0


def read(path: Path) -> dict[str, Tensor]:
    """The state dict of a `models.upscaler.Upscaler` from a `.bin` and the `.param` beside it; float32.

    Raises WeightsNotFoundError if one of the two is missing, LayoutError for the layers of another network,
    WeightsError for files that are damaged or do not fit each other.
    """
    text = path.with_suffix(".param")
    for file in (path, text):
        if not is_file(file):
            raise WeightsNotFoundError(
                f"There is no file {shown(file)}. An ncnn network has two files, .param and .bin: "
                "put both in one folder."
            )
    try:
        if text.stat().st_size > MOST_TEXT:
            raise damaged(text, f"at most {MOST_TEXT:,} bytes are read")
        layers = _layers(text, text.read_text(encoding="ascii"))
        size, most = path.stat().st_size, sum(_most_bytes(layer) for layer in layers)
        if size > most:
            raise damaged(path, f"it has {size:,} bytes, and its layers have at most {most:,}")
        content = path.read_bytes()
    except UnicodeDecodeError as error:
        raise damaged(text, "it is no text") from error
    except OSError as error:
        raise WeightsError(f"{shown(path)} cannot be read: {error.strerror or error}.") from error
    return _numbers(path, layers, content)


def _layers(path: Path, text: str) -> list[_Layer]:
    lines = text.split("\n")
    if lines[0].strip() != MAGIC or len(lines) > MOST_LAYERS:
        raise damaged(path, "it is no list of ncnn's layers")
    found: list[_Layer] = []
    channels, ended = 3, False
    for line in lines[2:]:
        words = line.split()
        if not words:
            continue
        options = {key: value for key, _, value in (word.partition("=") for word in words[4:] if "=" in word)}
        kind = words[0]
        if kind == "Convolution" and not ended:
            outputs, count = _whole(path, options.get("0")), _whole(path, options.get("6"))
            shape = {"1": "3", "2": "1", "3": "1", "4": "1", "5": "1", "8": "0", "9": "0"}  # 3 x 3, padded, with a bias
            usual = {"2": "1", "3": "1", "8": "0", "9": "0"}
            wrong = any(options.get(key, usual.get(key)) != value for key, value in shape.items())
            if wrong or not 1 <= outputs <= MOST_CHANNELS or count != 9 * channels * outputs:
                raise _another(path, line)
            found.append(_Layer(outputs, channels))
            channels = outputs
        elif kind == "PReLU" and not ended:
            if _whole(path, options.get("0")) != channels:
                raise _another(path, line)
            found.append(_Layer(channels))
        elif kind == "PixelShuffle":
            if options.get("0") != "4" or channels != 48:
                raise _another(path, line)
            ended = True
        elif kind not in _PLAIN:
            raise _another(path, line)
    kinds = [layer.inputs > 0 for layer in found]  # convolution, PReLU, ..., convolution
    if not ended or len(found) < 3 or kinds != [index % 2 == 0 for index in range(len(found))] or not kinds[-1]:
        raise _another(path, "")
    return found


def _whole(path: Path, word: str | None) -> int:
    if word is None or not re.fullmatch(r"[0-9]{1,9}", word):
        raise damaged(path, "a layer has no size")
    return int(word)


def _another(path: Path, line: str) -> LayoutError:
    told = f" It has the layer {line.strip()[:60]!r}." if line else ""
    return LayoutError(
        f"{path.name} is not an upscaler by four of the kind SRVGGNetCompact, which is a chain of 3 x 3 convolutions "
        f"and PReLU.{told} Take realesr-animevideov3 for a factor of 4."
    )


def _most_bytes(layer: _Layer) -> int:
    return 4 * layer.channels + (4 + 4 * 9 * layer.inputs * layer.channels if layer.inputs else 0)


def _numbers(path: Path, layers: list[_Layer], content: bytes) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    at = 0

    def take(count: int, kind: str) -> Tensor:
        nonlocal at
        width = np.dtype(kind).itemsize
        start, at = at, at + -(-count * width // 4) * 4  # each block is filled up to four bytes
        if at > len(content):
            raise damaged(path, "it ends too early")
        return torch.from_numpy(np.frombuffer(content, kind, count, start).astype(np.float32))

    for index, layer in enumerate(layers):
        name = f"body.{index}"
        if layer.inputs:
            flag = int.from_bytes(content[at : at + 4], "little")
            at += 4
            if flag not in (HALF, FLOAT):
                raise damaged(path, "its numbers are stored in a way that is not read here")
            weight = take(math.prod((9, layer.inputs, layer.channels)), "<f2" if flag == HALF else "<f4")
            state[f"{name}.weight"] = weight.reshape(layer.channels, layer.inputs, 3, 3)
            state[f"{name}.bias"] = take(layer.channels, "<f4")
        else:
            state[f"{name}.weight"] = take(layer.channels, "<f4")
    if at != len(content):
        raise damaged(path, f"it has {len(content):,} bytes, and its layers have {at:,}")
    return state
