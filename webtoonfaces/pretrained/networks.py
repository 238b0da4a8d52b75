"""What all handles share: a name or a path becomes networks on a device, and where they came from."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .. import files
from ..errors import BadInputError, WeightsError, WeightsNotFoundError
from ..models.ops import arrange
from ..weights import convert, registry, store
from .graphs import Graphs

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Weights:
    """The file of a handle's network, as a recipe names it.

    name : the registry's name, or "" for another file.
    digest : the sha256 of the file, or the thread's result that it will be; `sha256` is the text.
    """

    family: str
    name: str
    digest: str | Future[str]
    path: Path

    @property
    def sha256(self) -> str:
        """Of the file, in hexadecimal. Raises WeightsError if it could not be read to its end."""
        if isinstance(self.digest, str):
            return self.digest
        try:
            return self.digest.result()
        except OSError as error:
            raise WeightsError(f"{files.shown(self.path)} cannot be read: {error.strerror or error}.") from error


def best_device(asked: str | torch.device | None = None) -> torch.device:
    """The device asked for; by default CUDA if there is a CUDA device, else the CPU.

    Apple's MPS is used only if asked for: some of its convolutions were wrong in the past, without any error.
    """
    return torch.device(asked or ("cuda" if torch.cuda.is_available() else "cpu"))


def load_networks(
    family: str, source: str | os.PathLike[str], checkpoints: Any
) -> tuple[dict[str, nn.Module], Weights]:
    """The networks that rendering needs, from a name or the path of a file, and their origin; see `load_stylegan2`."""
    text = os.fspath(source)
    if is_file(text):
        path = files.expanded(text)
        if not files.is_file(path):
            raise WeightsNotFoundError(
                f"There is no file {files.shown(path)}. Give the path of a .safetensors or .pt file, or one of these "
                f"names: {', '.join(r.name for r in registry.records() if r.kind == family)}."
            )
        # No record tells what its sha256 should be, so nothing waits for it: a thread computes it for recipes.
        try:
            opened = path.open("rb")  # the same file, even if another one gets its name meanwhile
        except OSError as error:
            raise WeightsError(f"{files.shown(path)} cannot be read: {error.strerror or error}.") from error
        pool = ThreadPoolExecutor(1, "sha256")
        digest = pool.submit(_sha256, opened)
        pool.shutdown(wait=False)
        return _built(path, family), Weights(family, "", digest, path)
    record = registry.find(family, text)
    path = store.fetch(record, checkpoints=checkpoints)
    sha256 = store.verify(path, record)
    networks = _built(path, family)
    store.confirm(path, record)
    return networks, Weights(family, record.name, sha256, path)


def _sha256(file: BufferedReader) -> str:
    with file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _built(path: Path, family: str) -> dict[str, nn.Module]:
    checkpoint = convert.read(path, family)
    return {name: checkpoint.build(name) for name in convert.NEEDED[family]}


def is_file(text: str) -> bool:
    """Whether a text is the path of a file, not a name."""
    return Path(text).suffix in (".safetensors", ".pt", ".pth", ".bin", ".ckpt") or os.sep in text


def place(network: Any, device: str | torch.device | None) -> Any:
    """The network on `device` (see `best_device`); `Handle.computing` lays it out in memory."""
    return network.to(best_device(device))


class Handle:
    """A loaded model: its `weights`, None for a network made in code, the `precision` of its convolutions, and the
    `lock` that its calls hold."""

    def __init__(self, weights: Weights | None, precision: str = "float32", *, networks: Sequence[nn.Module] = ()):
        """networks : are laid out in memory as is fastest for convolutions, when something is first computed."""
        if precision not in PRECISIONS:
            raise BadInputError(f"precision is one of {', '.join(PRECISIONS)}, not {precision!r}.")
        if precision == "float16" and self.device.type != "cuda":
            raise BadInputError(f"float16 is computed on CUDA, not on {self.device}. Pass precision='bfloat16'.")
        self.weights, self.precision = weights, precision
        self.lock = threading.RLock()
        self._graphs = Graphs()
        self._unarranged = list(networks)

    @property
    def label(self) -> str:
        """The registry's name, else the name of the file; "unnamed" for a network made in code."""
        return (self.weights.name or self.weights.path.name) if self.weights else "unnamed"

    @property
    def embedded(self) -> bool:
        """Whether it is a demo model that travels with the package."""
        weights = self.weights
        return weights is not None and weights.name != "" and registry.find(weights.family, weights.name).embedded

    @property
    def device(self) -> torch.device:
        raise NotImplementedError

    def arrange(self) -> None:
        """Lay the networks out in memory, once."""
        while self._unarranged:
            arrange(self._unarranged.pop())

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Hold the lock, and compute in the precision asked for."""
        dtype = PRECISIONS[self.precision]
        # Autocast's cache of weights ends with the call, but a CUDA graph keeps on reading them where they were.
        lower = dtype if dtype != torch.float32 else None  # autocast to float32 would warn
        cache = self.device.type != "cuda"
        with self.lock, torch.autocast(self.device.type, lower, cache_enabled=cache) if lower else nullcontext():
            self.arrange()
            yield
