"""Engines: what computes a handle's networks in place of torch.

An engine takes ONNX files, one for each block of a generator, so that a call can still start at the block that changed
(`Prefix`), and stop early for a draft. The files are made once and kept in the user's cache under the sha256 of the
weights; what OpenVINO compiles from them is kept beside them. One file for the whole network would draw a picture
about a twentieth faster (see DEVELOP.md), but would be needed besides the blocks.

"openvino-int8" replaces the larger blocks by those of `quantized`. It is refused where its pictures are too far from
those in float32.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .._version import __version__
from ..errors import BadInputError, MissingExtraError
from ..files import cache_folder
from . import quantized
from .onnx_files import Part

INT8 = "openvino-int8"
ENGINES = ("auto", "torch", "openvino", "onnx", INT8)
PACKAGES = {"openvino": ("openvino",), "onnx": ("onnxruntime",), INT8: ("openvino", "nncf")}
EXTRAS = {"openvino": "openvino", "onnx": "onnx", INT8: "int8"}
TOLERANCE = 1e-3  # of the range; what "auto" accepts between an engine and torch
logger = logging.getLogger(__name__)


def available() -> list[str]:
    """The engines whose packages are installed; "torch" always is."""
    return ["torch", *(name for name in PACKAGES if not _missing(name))]


def _missing(name: str) -> list[str]:
    return [package for package in PACKAGES[name] if importlib.util.find_spec(package) is None]


def choose(
    asked: str,
    *,
    device: torch.device,
    precision: str,
    sha256: str | None,
    network: nn.Module,
    parts: Callable[[], dict[str, Part]],
    sample: Callable[[Runner | None], Tensor],
    draw: quantized.Draw | None = None,
) -> Runner | None:
    """The runner of an engine; None for torch.

    "auto" takes the fastest of those installed whose picture is torch's, and torch if anything fails. "openvino-int8"
    is not among them, because its pictures differ.
    sha256 : of the weights; None for a network made in code, whose tensors are hashed.
    sample : one picture, drawn with a runner, or by torch.
    draw : the picture of a seed, drawn with a runner; None for a network that draws nothing by itself.
    """
    if asked not in ENGINES:
        raise BadInputError(f"engine is one of {', '.join(ENGINES)}, not {asked!r}.")
    if asked == "torch":
        return None
    if asked == "auto":
        names = [name for name in available() if name not in ("torch", INT8)]
        if device.type != "cpu" or precision != "float32" or not names:
            return None
        runners = {name: Runner(name, _folder(sha256, network), parts) for name in names}
        return _fastest(runners, sample)
    if device.type != "cpu":
        raise BadInputError(f"The engine {asked!r} computes on the CPU, not on {device}. Pass device='cpu'.")
    if precision != "float32":
        raise BadInputError(f"The engine {asked!r} computes in float32; for {precision}, pass engine='torch'.")
    if asked not in available():
        raise MissingExtraError(f"The engine {asked!r}", EXTRAS[asked], " and ".join(_missing(asked)))
    folder = _folder(sha256, network)
    return Runner(asked, folder, parts) if asked != INT8 else _int8(folder, parts, draw)


def _int8(folder: Path, parts: Callable[[], dict[str, Part]], draw: quantized.Draw | None) -> Runner:
    if draw is None:
        raise BadInputError(
            f"The engine {INT8!r} is calibrated by pictures that a model draws from seeds, and a Swapping Autoencoder "
            "has no seeds. Pass engine='openvino'."
        )
    blocks = folder / "int8"
    psnr = quantized.psnr_of(blocks)
    if psnr is None:
        exact = Runner("openvino", folder, parts)
        psnr = quantized.build(blocks, parts(), exact, lambda made: Runner(INT8, folder, parts, made), draw)
    if psnr < quantized.LEAST_PSNR:
        raise BadInputError(
            f"The engine {INT8!r} is refused for this model: its pictures have a PSNR of {psnr:.1f} dB against "
            f"float32, and at least {quantized.LEAST_PSNR:.0f} dB are needed. Pass engine='openvino' or 'torch'."
        )
    return Runner(INT8, folder, parts, blocks)


def _folder(sha256: str | None, network: nn.Module) -> Path:
    if sha256 is None:
        digest = hashlib.sha256()
        for key, value in sorted(network.state_dict().items()):
            digest.update(key.encode() + str(tuple(value.shape)).encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        sha256 = digest.hexdigest()
    return cache_folder() / "engines" / f"{sha256}-{__version__}"


def _fastest(runners: dict[str, Runner], sample: Callable[[Runner | None], Tensor]) -> Runner | None:
    def timed(runner: Runner | None) -> tuple[Tensor, float]:
        sample(runner)  # compiles
        start = time.perf_counter()
        return sample(runner), time.perf_counter() - start

    wanted, least = timed(None)
    chosen: Runner | None = None
    for name, runner in runners.items():
        try:
            drawn, seconds = timed(runner)
        except Exception as error:  # whatever it is, torch can draw the picture
            logger.warning("the engine %s is not used: %s: %s", name, type(error).__name__, error)
            continue
        if (drawn - wanted).abs().max() > TOLERANCE * (wanted.max() - wanted.min()):
            logger.warning("the engine %s is not used: its picture differs from torch's", name)
        elif seconds < least:
            chosen, least = runner, seconds
    return chosen


class Runner:
    """Computes parts of a network by name: `runner("block3", x, ws)` -> tuple of tensors.

    blocks : a folder with parts that replace those of the same name.
    """

    def __init__(self, engine: str, folder: Path, parts: Callable[[], dict[str, Part]], blocks: Path | None = None):
        self.engine, self.folder, self.blocks = engine, folder, blocks
        self._make = parts
        self._parts: dict[str, Part] | None = None
        self._compiled: dict[str, Callable[[list[Any]], list[Any]]] = {}

    def __call__(self, name: str, *tensors: Tensor) -> tuple[Tensor, ...]:
        if name not in self._compiled:
            path = self._path(name)
            self._compiled[name] = _onnxruntime(path) if self.engine == "onnx" else _openvino(path)
        arrays = [tensor.detach().contiguous().numpy() for tensor in tensors]
        return tuple(torch.from_numpy(array) for array in self._compiled[name](arrays))

    def _path(self, name: str) -> Path:
        if self.blocks is not None and (replaced := self.blocks / f"{name}.xml").is_file():
            return replaced
        path = self.folder / f"{name}.onnx"
        if not path.is_file():
            self._parts = self._parts or self._make()
            self._parts[name].write(path)
        return path


def _openvino(path: Path) -> Callable[[list[Any]], list[Any]]:
    import openvino

    core = openvino.Core()
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "CACHE_DIR": str(path.parent / "openvino"),
    }
    if path.suffix == ".onnx":
        options["INFERENCE_PRECISION_HINT"] = "f32"  # else bfloat16 where the CPU has it, which suits 8-bit blocks
    model = core.compile_model(core.read_model(path), "CPU", options)
    count = len(model.outputs)

    def run(arrays: list[Any]) -> list[Any]:
        result = model(arrays, share_inputs=True)
        return [result[i] for i in range(count)]

    return run


def _onnxruntime(path: Path) -> Callable[[list[Any]], list[Any]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    return lambda arrays: session.run(None, dict(zip(names, arrays, strict=True)))
