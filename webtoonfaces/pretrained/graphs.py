"""CUDA graphs: for a few pictures, a GPU computes a network's kernels in less time than Python needs to launch them.

The first call with tensors of some shapes records its kernels, and later ones launch them all at once.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

MOST = 8  # pictures; of more, launching takes less time than computing
KEPT = 8  # recordings of a handle; each keeps the memory of its maps
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Recording:
    graph: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


class Graphs:
    """The recorded calls of one handle, whose lock is held during a call. On other devices than CUDA it only calls."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Recording | None] = OrderedDict()

    @torch.no_grad()
    def __call__(self, name: Hashable, work: Callable[..., tuple[Tensor, ...]], *inputs: Tensor) -> tuple[Tensor, ...]:
        """What `work` makes of the inputs [N, ...]. It must be the same for the same `name`, and use no random numbers.

        Nothing that it computes may depend on values that the CPU would have to wait for.
        """
        first = inputs[0]
        if first.device.type != "cuda" or len(first) > MOST:
            return work(*inputs)
        key = name, *((tuple(x.shape), x.dtype) for x in inputs)
        if key not in self._kept:
            self._kept[key] = _record(work, inputs)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        found = self._kept[key]
        if found is None:
            return work(*inputs)
        for place, given in zip(found.inputs, inputs, strict=True):
            place.copy_(given)
        found.graph.replay()
        return tuple(x.clone() for x in found.outputs)


def _record(work: Callable[..., tuple[Tensor, ...]], inputs: tuple[Tensor, ...]) -> _Recording | None:
    """None if it cannot be recorded, as with an operation that waits for the GPU."""
    places = tuple(x.clone() for x in inputs)
    aside = torch.cuda.Stream(inputs[0].device)
    aside.wait_stream(torch.cuda.current_stream(inputs[0].device))
    with torch.cuda.stream(aside):
        for _ in range(2):  # what is made once, such as filters, must not be made while recording
            work(*places)
    torch.cuda.current_stream(inputs[0].device).wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.device(inputs[0].device), torch.cuda.graph(graph, capture_error_mode="thread_local"):
            outputs = work(*places)
    except RuntimeError as error:
        logger.warning("Pictures are drawn without a CUDA graph: %s", error)
        return None
    return _Recording(graph, places, outputs)
