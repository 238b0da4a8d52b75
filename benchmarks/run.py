"""Time of each kind of work, as ratios within one run.

    python -m benchmarks.run [--rows synthesis,decode] [--threads 2]

`ref` is the published computation (`benchmarks/plain.py`) or, where the table says "ours", another of our ways. `of
(a)` is the share of the rate of a 512-channel 3 x 3 convolution, measured in the same run. The full-size weights are
those of `tests/golden`, so nothing is downloaded. Repetitions of all rows are interleaved, and medians are of ratios of
neighbours.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import plain
from tests.golden.fill import fill, layout_state_dict, picture
from webtoonfaces.models import ops
from webtoonfaces.pretrained.generators import StyleGAN2, SwappingAutoencoder
from webtoonfaces.weights import convert

Work = Callable[[], Any]
SIDE, CHANNELS = 64, 512  # of the convolution whose rate is the measure (a)


@dataclass(frozen=True)
class Row:
    """One line. `against` is the reference; `pictures`: of ours, for one of it; `gflop` of one picture."""

    name: str
    against: str
    reference: Work
    ours: Work
    gflop: float = 0.0
    pictures: int = 1


class Bench:
    """The full-size models, made when a row first needs them."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def once(self, key: str, make: Work) -> Any:
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def state(self, kind: str) -> dict[str, Tensor]:
        return self.once(f"state {kind}", lambda: plain.contiguous(fill(layout_state_dict(kind), kind)))

    def network(self, kind: str) -> Any:
        return convert.build(kind, fill(layout_state_dict(kind), kind))

    def stylegan2(self, **options: Any) -> StyleGAN2:
        return self.once(
            f"G {options}", lambda: StyleGAN2(self.network("stylegan2_generator"), device="cpu", **options)
        )

    def swapae(self, **options: Any) -> SwappingAutoencoder:
        return self.once(
            f"AE {options}",
            lambda: SwappingAutoencoder(
                self.network("swapae_encoder"), self.network("swapae_generator"), device="cpu", **options
            ),
        )

    def ws(self, n: int) -> Tensor:
        return self.stylegan2().sample_ws(range(n), truncation_psi=0.7)

    def codes(self) -> tuple[Tensor, Tensor]:
        return self.once("codes", lambda: self.swapae().encode(picture(1)))


def arithmetic(network: Any, call: Work) -> float:
    """GFLOP of the network's convolutions in one call, without filters and products of vectors."""
    total = 0.0

    def count(part: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        at = inputs[0] if getattr(part, "up", False) or isinstance(part, ops.UpSkip) else output
        total += 2 * part.weight.numel() * at.shape[2] * at.shape[3] * len(output) / 1e9

    kinds = (ops.ModulatedConv2d, ops.EqualConv2d, ops.UpSkip)
    hooks = [part.register_forward_hook(count) for part in network.modules() if isinstance(part, kinds)]
    try:
        with torch.enable_grad():  # the frozen ways call no module for a convolution
            call()
    finally:
        for hook in hooks:
            hook.remove()
    return total


def _synthesis(bench: Bench, n: int) -> Row:
    G, sd, one, ws = bench.stylegan2(), bench.state("stylegan2_generator"), bench.ws(1), bench.ws(n)
    gflop = arithmetic(G.network, lambda: G.network.synthesis(one))
    name = "StyleGAN2 synthesis" + (f", {n} in a batch" if n > 1 else "")
    return Row(name, "plain", lambda: plain.synthesis(sd, one), lambda: G.synthesis(ws), gflop, n)


def _batch(bench: Bench) -> Row:
    G, one, ws = bench.stylegan2(), bench.ws(1), bench.ws(4)
    return Row("4 in a batch", "ours, 1", lambda: G.synthesis(one), lambda: G.synthesis(ws), pictures=4)


def _bfloat16(bench: Bench) -> Row:
    G, half, ws = bench.stylegan2(), bench.stylegan2(precision="bfloat16"), bench.ws(1)
    return Row("synthesis in bfloat16", "ours", lambda: G.synthesis(ws), lambda: half.synthesis(ws))


def _decode_bfloat16(bench: Bench) -> Row:
    AE, half, codes = bench.swapae(), bench.swapae(precision="bfloat16"), bench.codes()
    return Row("decode in bfloat16", "ours", lambda: AE.decode(*codes), lambda: half.decode(*codes))


def _encode(bench: Bench) -> Row:
    AE, sd, images = bench.swapae(), bench.state("swapae_encoder"), picture(1)
    gflop = arithmetic(AE.encoder, lambda: AE.encoder(images))
    return Row("SwapAE encode", "plain", lambda: plain.encode(sd, images), lambda: AE.encode(images), gflop)


def _decode(bench: Bench) -> Row:
    AE, sd, (structure, ws) = bench.swapae(), bench.state("swapae_generator"), bench.codes()
    gflop = arithmetic(AE.generator, lambda: AE.generator(structure, ws, "none"))
    work = (lambda: plain.decode(sd, structure, ws)), (lambda: AE.decode(structure, ws))
    return Row("SwapAE decode", "plain", *work, gflop)


def _engine_synthesis(bench: Bench, engine: str) -> Row:
    G, fast, ws = bench.stylegan2(), bench.stylegan2(engine=engine), bench.ws(1)
    sd = bench.state("stylegan2_generator")
    gflop = arithmetic(G.network, lambda: G.network.synthesis(ws))
    return Row(f"synthesis, {engine}", "plain", lambda: plain.synthesis(sd, ws), lambda: fast.synthesis(ws), gflop)


def _engine_decode(bench: Bench, engine: str) -> Row:
    fast, sd, codes = bench.swapae(engine=engine), bench.state("swapae_generator"), bench.codes()
    gflop = arithmetic(bench.swapae().generator, lambda: bench.swapae().generator(*codes, "none"))
    return Row(f"decode, {engine}", "plain", lambda: plain.decode(sd, *codes), lambda: fast.decode(*codes), gflop)


def _location(bench: Bench, k: int) -> Row:
    """The slider of the swap location between k and k + 1: the style of block k changes."""
    AE, (structure, ws), prefix, at = bench.swapae(), bench.codes(), ops.Prefix(), [0]
    other = ws.clone()
    other[:, k] = other[:, k].flip(-1)

    def move() -> Tensor:
        at[0] = 1 - at[0]
        return AE.decode(structure, (ws, other)[at[0]], prefix=prefix)

    return Row(f"swap location {k} to {k + 1}", "ours, whole", lambda: AE.decode(structure, ws), move)


def _layer(bench: Bench, layer: int) -> Row:
    G, ws, prefix, at = bench.stylegan2(), bench.ws(2), ops.Prefix(), [0]
    codes = ws[:1], torch.cat([ws[:1, :layer], ws[1:, layer:]], dim=1)

    def move() -> Tensor:
        at[0] = 1 - at[0]
        return G.synthesis(codes[at[0]], prefix=prefix)

    return Row(f"layers from {layer} on", "ours, whole", lambda: G.synthesis(codes[0]), move)


def _draft(bench: Bench) -> Row:
    G, ws = bench.stylegan2(), bench.ws(1)
    return Row("draft of 64 px", "ours, whole", lambda: G.synthesis(ws), lambda: G.synthesis(ws, max_size=64))


def _swap_draft(bench: Bench) -> Row:
    AE, (structure, ws) = bench.swapae(), bench.codes()
    half = F.interpolate(structure, scale_factor=0.5, mode="area")
    return Row("draft of a decode", "ours, whole", lambda: AE.decode(structure, ws), lambda: AE.decode(half, ws))


def _load(bench: Bench) -> Row:
    """A safetensors file, against building the network and `load_state_dict` from a `.pt`."""
    import webtoonfaces as wf
    from webtoonfaces.models import stylegan2

    folder = bench.once("folder", tempfile.TemporaryDirectory)
    ours, theirs = Path(folder.name) / "g.safetensors", Path(folder.name) / "g.pt"
    network = bench.network("stylegan2_generator")
    torch.save({"g_ema": bench.state("stylegan2_generator")}, theirs)
    convert.convert_file(theirs, ours, "stylegan2")

    def by_hand() -> None:
        state = torch.load(theirs, weights_only=True)["g_ema"]
        built = stylegan2.Generator(network.config)
        shapes = built.state_dict()
        built.load_state_dict({k: state[k].reshape(v.shape) for k, v in shapes.items() if k in state}, strict=False)

    return Row("load a StyleGAN2", "a .pt", by_hand, lambda: wf.load_stylegan2(ours))


def _align(_: Bench) -> Row:
    """A photo of 12 megapixels, one face, against detection at its full size."""
    from PIL import Image

    import webtoonfaces as wf
    from webtoonfaces.faces import detect

    photo = wf.example_photo().resize((3464, 3464), Image.Resampling.BICUBIC)
    whole = _whole_detector(detect, photo)
    return Row("align a photo of 12 MP", "full size", whole, lambda: wf.align_face(photo, size=256))


def _whole_detector(_: Any, photo: Any) -> Work:
    import dlib
    import numpy as np

    find, pixels = dlib.get_frontal_face_detector(), np.asarray(photo)
    return lambda: find(pixels, 0)


def _cold(_: Bench) -> Row:
    """The command line from photo to sheet with the demo models, against `import torch` alone."""
    folder = tempfile.mkdtemp()
    photo = Path(__file__).parents[1] / "checkpoints" / "astronaut.png"
    command = [sys.executable, "-m", "webtoonfaces", "face2webtoon", str(photo), "-o", str(Path(folder) / "sheet.png")]
    bare = [sys.executable, "-c", "import torch"]

    def run(words: list[str]) -> None:
        subprocess.run(words, check=True, capture_output=True)

    return Row("photo to sheet, cold", "import torch", lambda: run(bare), lambda: run(command))


ROWS: dict[str, Callable[[Bench], Row]] = {
    "synthesis": lambda b: _synthesis(b, 1),
    "synthesis-4": lambda b: _synthesis(b, 4),
    "synthesis-25": lambda b: _synthesis(b, 25),
    "batch": _batch,
    "bfloat16": _bfloat16,
    "encode": _encode,
    "decode": _decode,
    "decode-bfloat16": _decode_bfloat16,
    "openvino": lambda b: _engine_synthesis(b, "openvino"),
    "openvino-decode": lambda b: _engine_decode(b, "openvino"),
    "onnx": lambda b: _engine_synthesis(b, "onnx"),
    "onnx-decode": lambda b: _engine_decode(b, "onnx"),
    "location-3": lambda b: _location(b, 3),
    "location-7": lambda b: _location(b, 7),
    "layer-10": lambda b: _layer(b, 10),
    "draft": _draft,
    "draft-swapae": _swap_draft,
    "load": _load,
    "align": _align,
    "cold": _cold,
}
NEEDS = {"openvino": "openvino", "onnx": "onnxruntime", "align": "dlib"}  # first part of a row's name -> package


def measure(work: Work) -> tuple[float, float]:
    """Seconds of the clock and of the processor, of this process and its children."""
    gc.collect()
    before, used = time.perf_counter(), os.times()
    work()
    after = os.times()
    return time.perf_counter() - before, sum(after[:4]) - sum(used[:4])


def rate(threads: int) -> Work:
    x = torch.randn(1, CHANNELS, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(CHANNELS, CHANNELS, 3, 3).contiguous(memory_format=torch.channels_last)
    return lambda: [F.conv2d(x, weight, padding=1) for _ in range(3 * threads)]


def machine() -> dict[str, Any]:
    """What this was measured on."""
    about: dict[str, Any] = {"python": platform.python_version(), "torch": torch.__version__}
    about |= {"system": platform.platform(), "cores": os.cpu_count(), "threads": torch.get_num_threads()}
    about["capability"] = torch.backends.cpu.get_cpu_capability()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        text = info.read_text()
        about["cpu"] = next((x.split(":")[1].strip() for x in text.splitlines() if x.startswith("model name")), "")
        about["amx"] = "amx_tile" in text
    for package in ("openvino", "onnxruntime"):
        if importlib.util.find_spec(package):
            about[package] = __import__(package).__version__
    about["load before"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return about


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="comma-separated; all by default")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--clock", choices=["wall", "cpu"], default="wall", help="cpu: on a machine that does other work"
    )
    parser.add_argument("--json", type=Path, help="write the figures there too")
    args = parser.parse_args()
    if args.list:
        print("\n".join(ROWS))
        return 0
    torch.set_num_threads(args.threads)
    wanted = args.rows.split(",")
    if unknown := [name for name in wanted if name not in ROWS]:
        parser.error(f"there are no rows {', '.join(unknown)}; --list names them")
    about = machine()
    bench, peak = Bench(), rate(args.threads)
    peak_gflop = 3 * args.threads * 2 * 9 * CHANNELS**2 * SIDE**2 / 1e9
    rows = {}
    with torch.no_grad():
        peak()
        for name in wanted:
            need = NEEDS.get(name.split("-")[0])
            if need and importlib.util.find_spec(need) is None:
                print(f"{name}: not measured, {need} is not installed", file=sys.stderr)
                continue
            row = rows[name] = ROWS[name](bench)
            row.reference(), row.ours()  # warms up
        found: dict[str, list[dict[str, float]]] = {name: [] for name in rows}
        for _ in range(args.repeats):
            for name, row in rows.items():
                pair = {}
                for label, work in (("peak", peak), ("reference", row.reference), ("ours", row.ours)):
                    wall, cpu = measure(work)
                    pair |= {label: wall if args.clock == "wall" else cpu, f"{label} wall": wall, f"{label} cpu": cpu}
                found[name].append(pair)
    print(f"{'work':32} {'reference':>12} {'ms':>8} {'ours, ms':>9} {'ratio':>6} {'of (a)':>7}   ({args.clock} time)")
    results = []
    for name, row in rows.items():
        pairs = found[name]
        ours = statistics.median(p["ours"] / row.pictures for p in pairs)
        reference = statistics.median(p["reference"] for p in pairs)
        ratio = statistics.median(p["reference"] / (p["ours"] / row.pictures) for p in pairs)
        share = statistics.median(row.gflop / (p["ours"] / row.pictures) / (peak_gflop / p["peak"]) for p in pairs)
        told = f"{share:6.0%}" if row.gflop else ""
        print(f"{row.name:32} {row.against:>12} {reference * 1000:8.1f} {ours * 1000:9.1f} {ratio:6.2f} {told:>7}")
        results.append(
            {"row": name, "work": row.name, "reference": row.against, "reference_s": reference, "ours_s": ours}
            | {"ratio": ratio, "of_peak": share if row.gflop else None, "gflop": row.gflop, "runs": pairs}
        )
    rates = [peak_gflop / p["peak"] for pairs in found.values() for p in pairs]
    print(f"(a): {statistics.median(rates):.0f} GFLOP/s, {min(rates):.0f} to {max(rates):.0f}; {about}")
    if args.json:
        args.json.write_text(json.dumps({"machine": about, "clock": args.clock, "rows": results}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
