"""Times on a GPU against the published computation on the same card: batch 1 and 32, full-size networks.

    python -m benchmarks.gpu

The reference is `benchmarks/plain.py` in float32. Ours is float16 in channels-last memory, for a few pictures replayed
as one CUDA graph. Runs of both alternate; the table has the medians, and the PSNR between ours and ours in float32.

A second table compares ways to compute the [1, 3, 3, 1] filter, in float16: "pooling" is what the package does on CUDA
(`ops.pools`), "depthwise" what it does elsewhere, "planes" one dense convolution with the channels folded into the
batch, in contiguous memory, as published code does.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import plain
from tests.golden.fill import fill, layout_state_dict, picture
from webtoonfaces.models import ops
from webtoonfaces.pretrained.generators import StyleGAN2, SwappingAutoencoder
from webtoonfaces.weights import convert

BATCHES = (1, 32)
FILTERS = ("pooling", "depthwise", "planes")
TURNS = 12  # of each way, after warming up
SECONDS = 0.05  # that a turn takes at least


def network(kind: str) -> Any:
    return convert.build(kind, fill(layout_state_dict(kind), kind))


def state(kind: str, device: str) -> dict[str, Tensor]:
    return {key: value.to(device) for key, value in plain.contiguous(fill(layout_state_dict(kind), kind)).items()}


def seconds(work: Callable[[], Any], times: int) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(times):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / times


def medians(*ways: Callable[[], Any]) -> list[float]:
    """Of each way, in alternating turns."""
    for work in ways:
        seconds(work, 3)
    times = [max(1, round(SECONDS / seconds(work, 1))) for work in ways]
    found = [[seconds(work, n) for work, n in zip(ways, times, strict=True)] for _ in range(TURNS)]
    return [statistics.median(turns) for turns in zip(*found, strict=True)]


def psnr(a: Tensor, b: Tensor) -> float:
    """In dB, of pictures in [-1, 1]."""
    return float(10 * torch.log10(4 / (a.float() - b.float()).square().mean()))


def planes(x: Tensor, gain: float, stride: int, padding: int) -> Tensor:
    n, c, h, w = x.shape
    y = F.conv2d(x.reshape(n * c, 1, h, w), ops._filter(1, gain, x.dtype, x.device), stride=stride, padding=padding)
    return y.reshape(n, c, *y.shape[2:])


def larger_planes(x: Tensor, gain: float) -> Tensor:
    n, c, h, w = x.shape
    kernel = ops._filter(1, gain, x.dtype, x.device)
    return F.conv_transpose2d(x.reshape(n * c, 1, h, w), kernel, stride=2, padding=1).reshape(n, c, 2 * h, 2 * w)


@contextmanager
def filtering(way: str) -> Iterator[None]:
    """Compute the filter in one of `FILTERS`."""
    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(ops, "pools", lambda x: way != "depthwise"))
        if way == "planes":
            patches.enter_context(mock.patch.object(ops, "_pooled", planes))
            patches.enter_context(mock.patch.object(ops, "_stretched", larger_planes))
        yield


@torch.no_grad()
def main(device: str = "cuda") -> None:
    kinds = ("stylegan2_generator", "swapae_encoder", "swapae_generator")
    states = {kind: state(kind, device) for kind in kinds}
    made = {}
    for precision in ("float32", "float16"):
        G = StyleGAN2(network(kinds[0]), device=device, precision=precision)
        AE = SwappingAutoencoder(network(kinds[1]), network(kinds[2]), device=device, precision=precision)
        made[precision] = G, AE
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
    print("| work | plain, ms | ours float32 | ratio | ours float16 | ratio | PSNR |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for n in BATCHES:
        ws, images, structure, style = inputs(*made["float32"], n)
        rows: dict[str, tuple[Callable[[], Any], Callable[[str], Any]]] = {
            "synthesis": (
                lambda ws=ws: plain.synthesis(states[kinds[0]], ws),
                lambda p, ws=ws: made[p][0].synthesis(ws),
            ),
            "encode": (
                lambda images=images: plain.encode(states[kinds[1]], images)[0],
                lambda p, images=images: made[p][1].encode(images)[0],
            ),
            "decode": (
                lambda s=structure, w=style: plain.decode(states[kinds[2]], s, w),
                lambda p, s=structure, w=style: made[p][1].decode(s, w),
            ),
        }
        for name, (reference, ours) in rows.items():
            wanted = reference()
            apart = float((ours("float32") - wanted).abs().max() / (wanted.max() - wanted.min()))
            assert apart < 5e-3, f"{name}: {apart:.1e} of the range"  # cuDNN computes float32 in TF32
            theirs, full, half = medians(reference, lambda: ours("float32"), lambda: ours("float16"))  # noqa: B023
            quality = psnr(ours("float16"), ours("float32"))
            print(
                f"| {name}, batch {n} | {1e3 * theirs:.2f} | {1e3 * full:.2f} | {theirs / full:.2f} "
                f"| {1e3 * half:.2f} | {theirs / half:.2f} | {quality:.0f} dB |",
                flush=True,
            )

    print(f"\n| float16, ms | {' | '.join(FILTERS)} |\n|---|{'---:|' * len(FILTERS)}")
    for n in BATCHES:
        ws, images, structure, style = inputs(*made["float32"], n)
        works: dict[str, list[Callable[[], Any]]] = {"synthesis": [], "encode": [], "decode": []}
        for way in FILTERS:
            # Handles of their own, because each keeps the CUDA graphs that it has recorded.
            G = StyleGAN2(made["float16"][0].network, device=device, precision="float16")
            AE = SwappingAutoencoder(
                made["float16"][1].encoder, made["float16"][1].generator, device=device, precision="float16"
            )
            calls: dict[str, Callable[[], Any]] = {
                "synthesis": lambda G=G, ws=ws: G.synthesis(ws),
                "encode": lambda AE=AE, images=images: AE.encode(images)[0],
                "decode": lambda AE=AE, s=structure, w=style: AE.decode(s, w),
            }
            for name, call in calls.items():
                works[name].append(under(way, call))
        for name, ways in works.items():
            drawn = [work() for work in ways]
            assert min(psnr(one, drawn[0]) for one in drawn[1:]) > 45, f"{name}: the filters differ"
            times = " | ".join(f"{1e3 * found:.2f}" for found in medians(*ways))
            print(f"| {name}, batch {n} | {times} |", flush=True)


def inputs(G: StyleGAN2, AE: SwappingAutoencoder, n: int) -> tuple[Tensor, ...]:
    """Codes of n pictures, n pictures, and their structures and styles."""
    images = picture(1).to(AE.device).expand(n, -1, -1, -1).contiguous()
    return G.sample_ws(range(n)), images, *AE.encode(images)


def under(way: str, work: Callable[[], Any]) -> Callable[[], Any]:
    """`work` with one way to filter."""

    def call() -> Any:
        with filtering(way):
            return work()

    return call


if __name__ == "__main__":
    main()
