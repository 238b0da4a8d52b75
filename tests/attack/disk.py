"""Full disks: a real one of a few bytes, where this machine lets us mount it, and one that only says so."""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def full_disk(folder: Path, *, after: int = 0) -> Iterator[None]:
    """Whatever this process's Python writes below `folder` fails with ENOSPC after so many bytes.

    Files that are open already, and those that a library written in C opens, are not concerned.
    """
    real, left = io.open, [after]
    folder = folder.resolve()

    def opened(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        found = real(file, mode, *arguments, **options)
        below = isinstance(file, (str, os.PathLike)) and Path(file).resolve().is_relative_to(folder)
        if not below or not set(mode) & set("wax+"):
            return found
        write = found.write

        def limited(data: Any) -> int:
            left[0] -= len(data)
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(data)

        return _Limited(found, limited)

    with mock.patch.object(io, "open", opened), mock.patch.object(builtins, "open", opened):
        yield


class _Limited:
    """A file whose `write` is another function; all else is the file's own."""

    def __init__(self, file: Any, write: Any):
        self._file, self.write = file, write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Limited:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def on_a_small_disk(code: str, folder: Path, *arguments: str, kib: int = 1024) -> str:
    """What Python code prints that runs with a disk of `kib` KiB mounted at `folder`, which it alone sees.

    The test is skipped where nothing can be mounted.
    """
    folder.mkdir(exist_ok=True)
    inside = f'mount -t tmpfs -o size={kib}k tmpfs "$1" || exit 77; shift; exec "$@"'
    if shutil.which("unshare") is None:
        pytest.skip("a small disk needs unshare, of util-linux")
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", inside, "sh", folder, sys.executable, "-c", code]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [*command, folder, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    if run.returncode == 77 or run.stderr.startswith("unshare:"):
        pytest.skip(f"no disk can be mounted here: {run.stderr.strip()}")
    assert run.returncode == 0, run.stderr
    return run.stdout
