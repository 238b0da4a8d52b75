"""Tensors kept between calls in the user's cache folder, under a name that says what they were computed from."""

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
    """The file for something of `kind` that is determined by `parts`, below `$WEBTOONFACES_CACHE` or its default."""
    key = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]
    return search_folders()[-1] / "evaluate" / f"{kind}-{key}.safetensors"


def remembered(path: Path, make: Callable[[], tuple[Tensors, Words]]) -> tuple[Tensors, Words]:
    """What `path` holds, tensors and words; made and written there first where it is missing or damaged."""
    if path.is_file():
        try:
            with safe_open(path, framework="pt") as file:
                return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
        except (SafetensorError, OSError):
            pass  # cut short by a crash, or not ours: make it again
    tensors, words = make()
    _write(path, tensors, words)
    return tensors, words


def _write(path: Path, tensors: Mapping[str, Tensor], words: Words) -> None:
    with replacing(path) as draft:  # two processes may compute the same
        save_file({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, draft, metadata=words)
