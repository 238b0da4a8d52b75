"""Caching tensors in the user's cache folder, in files named by a hash of the inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..files import replacing
from ..weights.store import search_folders

Tensors = dict[str, Tensor]
Words = dict[str, str]


def cache_path(kind: str, *parts: object) -> Path:
    """The file for a result of `kind` computed from `parts`, below `$WEBTOONFACES_CACHE` or its default."""
    key = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]
    return search_folders()[-1] / "evaluate" / f"{kind}-{key}.safetensors"


def remembered(path: Path, make: Callable[[], tuple[Tensors, Words]]) -> tuple[Tensors, Words]:
    """The tensors and text entries in `path`; if it is missing or damaged, they are computed by `make` and written."""
    if path.is_file():
        try:
            with safe_open(path, framework="pt") as file:
                return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
        except (SafetensorError, OSError):
            pass  # damaged, or another kind of file: compute it again
    tensors, words = make()
    _write(path, tensors, words)
    return tensors, words


def _write(path: Path, tensors: Mapping[str, Tensor], words: Words) -> None:
    with replacing(path) as draft:  # two processes may compute the same result
        save_file({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, draft, metadata=words)
