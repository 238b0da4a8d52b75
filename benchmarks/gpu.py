"""Times on a GPU against the published computation on the same card: batch 1 and 32, full-size networks.

    python -m benchmarks.gpu

The reference is `benchmarks/plain.py` in float32. Ours is float16 in channels-last memory, for a few pictures replayed
as one CUDA graph. Runs of both alternate; the table has the medians, and the PSNR between ours and ours in float32.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks import plain
from tests.golden.fill import fill, layout_state_dict, picture
from webtoonfaces.pretrained.generators import StyleGAN2, SwappingAutoencoder
from webtoonfaces.weights import convert

BATCHES = (1, 32)
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
        ws = made["float32"][0].sample_ws(range(n))
        images = picture(1).to(device).expand(n, -1, -1, -1).contiguous()
        structure, style = made["float32"][1].encode(images)
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


if __name__ == "__main__":
    main()
