"""Engines: what computes a handle's networks in place of torch.

An engine takes ONNX files, one for each block of a generator, so that a call can still start at the block that changed
(`Prefix`), and stop early for a draft. The files are made once and kept in the user's cache under the sha256 of the
weights; what OpenVINO compiles from them is kept beside them.
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
from ..weights import store
from .onnx_files import Part

ENGINES = ("auto", "torch", "openvino", "onnx")
PACKAGES = {"openvino": "openvino", "onnx": "onnxruntime"}
TOLERANCE = 1e-3  # of the range; what "auto" accepts between an engine and torch
logger = logging.getLogger(__name__)


def available() -> list[str]:
    """The engines whose packages are installed; "torch" always is."""
    return ["torch", *(name for name, package in PACKAGES.items() if importlib.util.find_spec(package) is not None)]


def choose(
    asked: str,
    *,
    device: torch.device,
    precision: str,
    sha256: str | None,
    network: nn.Module,
    parts: Callable[[], dict[str, Part]],
    sample: Callable[[Runner | None], Tensor],
) -> Runner | None:
    """The runner of an engine; None for torch.

    "auto" takes the fastest of those installed whose picture is torch's, and torch if anything fails.
    sha256 : of the weights; None for a network made in code, whose tensors are hashed.
    sample : one picture, drawn with a runner, or by torch.
    """
    if asked not in ENGINES:
        raise BadInputError(f"engine is one of {', '.join(ENGINES)}, not {asked!r}.")
    if asked == "torch":
        return None
    if asked == "auto":
        names = [name for name in available() if name != "torch"]
        if device.type != "cpu" or precision != "float32" or not names:
            return None
        runners = {name: Runner(name, _folder(sha256, network), parts) for name in names}
        return _fastest(runners, sample)
    if device.type != "cpu":
        raise BadInputError(f"The engine {asked!r} computes on the CPU, not on {device}. Pass device='cpu'.")
    if precision != "float32":
        raise BadInputError(f"The engine {asked!r} computes in float32; for {precision}, pass engine='torch'.")
    if asked not in available():
        raise MissingExtraError(f"The engine {asked!r}", asked, PACKAGES[asked])
    return Runner(asked, _folder(sha256, network), parts)


def _folder(sha256: str | None, network: nn.Module) -> Path:
    if sha256 is None:
        digest = hashlib.sha256()
        for key, value in sorted(network.state_dict().items()):
            digest.update(key.encode() + str(tuple(value.shape)).encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        sha256 = digest.hexdigest()
    return store.cache_folder() / "engines" / f"{sha256}-{__version__}"


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
    """Computes parts of a network by name: `runner("block3", x, ws)` -> tuple of tensors."""

    def __init__(self, engine: str, folder: Path, parts: Callable[[], dict[str, Part]]):
        self.engine, self.folder = engine, folder
        self._make = parts
        self._parts: dict[str, Part] | None = None
        self._compiled: dict[str, Callable[[list[Any]], list[Any]]] = {}

    def __call__(self, name: str, *tensors: Tensor) -> tuple[Tensor, ...]:
        if name not in self._compiled:
            path = self.folder / f"{name}.onnx"
            if not path.is_file():
                self._parts = self._parts or self._make()
                self._parts[name].write(path)
            self._compiled[name] = {"openvino": _openvino, "onnx": _onnxruntime}[self.engine](path)
        arrays = [tensor.detach().contiguous().numpy() for tensor in tensors]
        return tuple(torch.from_numpy(array) for array in self._compiled[name](arrays))


def _openvino(path: Path) -> Callable[[list[Any]], list[Any]]:
    import openvino

    core = openvino.Core()
    options = {
        "INFERENCE_PRECISION_HINT": "f32",  # else bfloat16 where the CPU has it
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "CACHE_DIR": str(path.parent / "openvino"),
    }
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
