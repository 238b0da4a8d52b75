"""Processes to be killed: forked from one that has imported torch already, so that a hundred of them take seconds."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from typing import Any

# The last two are imported by the first step of a training, and take a second.
PRELOADED = ["tests.unit.test_store", "tests.unit.test_training_run", "torch._dynamo", "torch.utils.tensorboard"]


def started(function: Callable[..., Any], *arguments: Any) -> ForkServerProcess:
    """A process of its own that calls an importable function."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=function, args=arguments, daemon=True)
    process.start()
    return process
