"""Time and memory against the number of pictures and their side: python -m benchmarks.sizes [--threads 1]

Full-size networks with random weights: the published ones of 256 px for 1 to 64 pictures, and one picture of 64 to
1024 px. A StyleGAN2 of another side has more or fewer steps, of the published widths; the Swapping Autoencoder is the
same at every side. Writes `sizes.png` and `sizes.json` beside this file.

Each point is measured in a process of its own, forked from one that holds the networks, after a picture to warm up: the
time of the processor, which other work on the machine changes least, and the most memory beyond that of the networks.
Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.run import Bench, machine
from tests.golden.fill import picture
from webtoonfaces.models import stylegan2
from webtoonfaces.models.ops import published_channels
from webtoonfaces.pretrained.generators import StyleGAN2

BATCHES = (1, 2, 4, 8, 16, 25, 32, 64)
SIDES = (64, 128, 256, 512, 1024)
WORKS = ("synthesis", "encode", "decode")
HERE = Path(__file__).parent
UNIT = 2**20 if sys.platform == "darwin" else 2**10  # of `ru_maxrss` in a MiB


def network(side: int) -> StyleGAN2:
    torch.manual_seed(0)
    config = stylegan2.StyleGAN2Config(size=side, channels=published_channels(side))
    return StyleGAN2(stylegan2.Generator(config).eval().requires_grad_(False), device="cpu")


def made(bench: Bench, work: str, count: int, side: int) -> Callable[[], Any]:
    """What draws or encodes `count` pictures of `side` px."""
    if work == "synthesis":
        G = bench.stylegan2() if side == 256 else bench.once(f"G {side}", lambda: network(side))
        G.arrange()
        ws = torch.randn(count, G.num_ws, G.w_dim, generator=torch.Generator().manual_seed(0))
        return lambda: G.synthesis(ws)
    AE = bench.swapae()
    AE.arrange()
    if work == "encode":
        images = picture(1, side).expand(count, -1, -1, -1).contiguous()
        # As `AE.encode` does it, but without the resize to the side that the model was trained at.
        return torch.no_grad()(lambda: AE.encoder(images))
    places = side // AE.cell
    seed = torch.Generator().manual_seed(0)
    structure = torch.randn(count, AE.generator.config.structure_channels, places, places, generator=seed)
    style = torch.randn(count, AE.style_dim, generator=seed)
    return lambda: AE.decode(structure, style)


def measured(warm_up: Callable[[], Any], work: Callable[[], Any], threads: int) -> tuple[float, float, float]:
    """Seconds of the processor and of the clock, and MiB beyond what was held before."""
    receive, send = multiprocessing.get_context("fork").Pipe(duplex=False)

    def child() -> None:
        torch.set_num_threads(threads)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        warm_up()
        start = os.times()
        work()
        end, most = os.times(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        send.send((end.user + end.system - start.user - start.system, end.elapsed - start.elapsed, most - before))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    send.close()
    try:
        cpu, wall, most = receive.recv()
    except EOFError:
        raise RuntimeError("the process that measures was ended, perhaps for want of memory") from None
    finally:
        process.join()
    return cpu, wall, most / UNIT


def plot(points: list[dict[str, Any]], path: Path, about: dict[str, Any]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.2), layout="constrained")
    axes = figure.subplots(2, 2)
    label = {"synthesis": "StyleGAN2 synthesis", "encode": "SwapAE encode", "decode": "SwapAE decode"}
    for column, (by, ticks) in enumerate((("count", BATCHES), ("side", SIDES))):
        for row, value in enumerate(("cpu", "memory")):
            ax = axes[row, column]
            for work in WORKS:
                chosen = [p for p in points if p["work"] == work and p["by"] == by]
                x = [p[by] for p in chosen]
                scale = [p["count"] if by == "count" else (p["side"] / 256) ** 2 for p in chosen]
                y = [1000 * p["cpu"] / n if value == "cpu" else p["memory"] for p, n in zip(chosen, scale, strict=True)]
                ax.plot(x, y, marker="o", label=label[work])
            ax.set_xscale("log", base=2)
            ax.set_yscale("log", base=2 if value == "memory" else 10)
            ax.set_xticks(ticks, [str(tick) for tick in ticks])
            ax.grid(True, alpha=0.3)
            ax.set_xlabel("pictures of 256 px in a call" if by == "count" else "side of one picture, px")
            if value == "memory":
                held = [p["memory"] for p in points]
                powers = [2**i for i in range(3, 14) if min(held) / 2 <= 2**i <= 2 * max(held)]
                ax.set_yticks(powers, [f"{n} MiB" if n < 1024 else f"{n // 1024} GiB" for n in powers])
                ax.set_ylabel("memory beyond the networks")
            else:
                ax.yaxis.set_major_formatter("{x:g}")
                ax.yaxis.set_minor_formatter("")
                ax.set_ylabel("ms for each picture" if by == "count" else "ms for each 256 x 256 px")
    axes[0, 0].legend()
    figure.suptitle(f"{about.get('cpu', '')}, {about['capability']}, {about['threads']} thread(s), float32")
    figure.savefig(path, dpi=100)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--most", type=int, default=max(BATCHES), help="pictures in a call")
    parser.add_argument("--plot", action="store_true", help="only draw sizes.png again, from sizes.json")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for sizes.png and sizes.json")
    args = parser.parse_args()
    target = args.out / "sizes.json"
    if not args.plot:
        torch.set_num_threads(1)  # a fork must not find threads
        about = machine() | {"threads": args.threads}
        points: list[dict[str, Any]] = []
        wanted = [("count", count, 256) for count in BATCHES if count <= args.most] + [("side", 1, s) for s in SIDES]
        bench = Bench()
        for work in WORKS:
            for by, count, side in wanted:
                cpu, wall, memory = measured(made(bench, work, 1, side), made(bench, work, count, side), args.threads)
                points.append(
                    {"work": work, "by": by, "count": count, "side": side, "cpu": cpu, "wall": wall, "memory": memory}
                )
                print(f"{work}, {count} of {side} px: {cpu:.2f} s, {memory:.0f} MiB", file=sys.stderr)
        target.write_text(json.dumps({"machine": about, "points": points}, indent=1) + "\n")
    found = json.loads(target.read_text())
    plot(found["points"], args.out / "sizes.png", found["machine"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
