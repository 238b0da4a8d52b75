"""Time of each kind of work, as ratios within one run.

The reference is the published computation (`benchmarks/plain.py`) or, where the table says "ours", another of our ways.
`of (a)` is the share of the rate of a 512-channel 3 x 3 convolution, measured in the same run. The full-size weights
are those of `tests/golden`, so nothing is downloaded. Repetitions of all rows are interleaved, and medians are of the
ratios of neighbours. The figures so far are written after each run, so one that is stopped has given something.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import io
import itertools
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
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
from webtoonfaces.rendering import recipe
from webtoonfaces.rendering.renderer import Renderer, Request
from webtoonfaces.weights import convert

Work = Callable[[], Any]
SIDE, CHANNELS = 64, 512  # of the convolution whose rate is the measure (a)


@dataclass(frozen=True)
class Row:
    """One line. `against` names the reference; ours draws `pictures` for its one; `gflop` is of one picture.

    warm_up : what is done before the first run, by default both works.
    note : asked for after the runs, what is to be known beside the name.
    """

    name: str
    against: str
    reference: Work
    ours: Work
    gflop: float = 0.0
    pictures: int = 1
    warm_up: Work | None = None
    note: Callable[[], str] | None = None


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
    reference = lambda: plain.synthesis(sd, one)  # noqa: E731
    return Row(name, "plain", reference, lambda: G.synthesis(ws), gflop, n, warm_up=lambda: G.synthesis(ws[:4]))


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


def _engine_synthesis(bench: Bench, engine: str, n: int = 1) -> Row:
    G, fast, one, ws = bench.stylegan2(), bench.stylegan2(engine=engine), bench.ws(1), bench.ws(n)
    sd = bench.state("stylegan2_generator")
    gflop = arithmetic(G.network, lambda: G.network.synthesis(one))
    name, reference = f"synthesis, {engine}" + (f", {n} in a batch" if n > 1 else ""), lambda: plain.synthesis(sd, one)
    return Row(name, "plain", reference, lambda: fast.synthesis(ws), gflop, n, warm_up=lambda: fast.synthesis(ws[:2]))


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


def _stored(codes: Tensor) -> recipe.Stored:
    return recipe.Stored.of(codes.numpy())


def _dragged(name: str, renderer: Renderer, pictures: list[recipe.Picture], model: str) -> Row:
    """Drafts as explorers draw them while a handle moves through the pictures, against the pictures themselves."""
    turn = itertools.cycle(pictures)

    def shown(draft: bool) -> None:
        drawn = renderer.render(Request(next(turn), draft=draft))
        assert drawn.picture is not None, drawn.error

    def warm_up() -> None:  # a renderer measures how long its pictures take, and then chooses
        for draft in (False, *[True] * 6, False):
            shown(draft)

    chosen = lambda: f"{renderer._draft_side(model, renderer.side(pictures[0]))} px"  # noqa: E731
    return Row(name, "ours, whole", lambda: shown(False), lambda: shown(True), warm_up=warm_up, note=chosen)


def _drag(bench: Bench) -> Row:
    """All layers change, as on the interpolation pad. The renderer takes the largest draft that is drawn in 80 ms."""
    ws = bench.ws(2)
    pictures = [recipe.Face(_stored(torch.lerp(ws[:1], ws[1:], t / 5))) for t in range(5)]
    return _dragged("draft while dragging, StyleGAN2", Renderer(bench.stylegan2()), pictures, "stylegan2")


def _swap_drag(bench: Bench, locations: Sequence[int]) -> Row:
    """Another style in all blocks; with `locations`, a slider of the swap location that moves through them."""
    structure, ws = bench.codes()
    styles = [_stored(style) for style in (ws, ws.flip(-1), ws.roll(1, -1))]
    if locations:
        styles = [recipe.SwapAt(styles[0], styles[1], at) for at in locations]
    pictures = [recipe.Decoded(_stored(structure), style) for style in styles]
    name = "draft while dragging, SwapAE" + (f", locations {min(locations)} to {max(locations)}" if locations else "")
    return _dragged(name, Renderer(swapae=bench.swapae()), pictures, "swapae")


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


FRAMES, LOCATION = 180, 3


def _walk(bench: Bench, count: int) -> tuple[Tensor, list[Tensor]]:
    """A structure, and styles that change from the swap location on, as in the exploration of a photo."""
    structure, ws = bench.codes()
    rest = [torch.lerp(ws, ws.flip(-1), i / count)[:, LOCATION:] for i in range(count)]
    return structure, [torch.cat([ws[:, :LOCATION], style], dim=1) for style in rest]


def _animation(bench: Bench) -> Row:
    """One frame of an exploration, against a loop that encodes the photo for every frame.

    Six of the 180 frames are drawn. Encoding the photo once is part of it, so the whole would be slightly faster.
    """
    AE, images, (_, styles) = bench.swapae(), picture(1), _walk(bench, FRAMES // 30)
    encoder, generator = bench.state("swapae_encoder"), bench.state("swapae_generator")

    def every_frame() -> None:
        plain.decode(generator, plain.encode(encoder, images)[0], styles[0])

    def ours() -> None:
        prefix = ops.Prefix()
        code, _ = AE.encode(images)
        for style in styles:
            AE.decode(code, style, prefix=prefix)

    return Row("a frame of an exploration", "encodes each", every_frame, ours, pictures=len(styles))


def _gif(bench: Bench) -> Row:
    """The GIF of 180 frames of 256 px, for each frame, against drawing a frame.

    The frames are those of a walk, drawn at every thirtieth and faded between them.
    """
    from PIL import Image

    from webtoonfaces.images import save_gif, to_pil

    AE, folder = bench.swapae(), bench.once("folder", tempfile.TemporaryDirectory)
    structure, styles = _walk(bench, FRAMES // 30 + 1)
    prefix, turn = ops.Prefix(), itertools.cycle(styles)
    drawn = [to_pil(AE.decode(structure, style))[0] for style in styles]
    frames = [Image.blend(a, b, t / 30) for a, b in itertools.pairwise(drawn) for t in range(30)]

    def frame() -> Any:
        return to_pil(AE.decode(structure, next(turn), prefix=prefix))[0]

    name, write = "a frame of its GIF written", lambda: save_gif(frames, Path(folder.name) / "exploration.gif")
    return Row(name, "drawing it", frame, write, pictures=len(frames), warm_up=lambda: (frame(), frame()))


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
    """The command line from photo to sheet with the demo models, against twice `import torch` and the work itself."""
    from webtoonfaces.cli.main import main as command_line

    folder = tempfile.mkdtemp()
    photo = Path(__file__).parents[1] / "checkpoints" / "astronaut.png"
    words = ["face2webtoon", str(photo), "-o", str(Path(folder) / "sheet.png")]
    # An installed package is compiled; here the first run compiles it.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["OMP_NUM_THREADS"] = str(torch.get_num_threads())

    def run(*options: str) -> None:
        subprocess.run([sys.executable, *options], check=True, capture_output=True, env=environment)

    def reference() -> None:
        run("-c", "import torch")
        run("-c", "import torch")
        with redirect_stdout(io.StringIO()):
            command_line(words)

    return Row("photo to sheet, cold", "2 torch + work", reference, lambda: run("-m", "webtoonfaces", *words))


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
    "openvino-25": lambda b: _engine_synthesis(b, "openvino", 25),
    "openvino-decode": lambda b: _engine_decode(b, "openvino"),
    "onnx": lambda b: _engine_synthesis(b, "onnx"),
    "onnx-25": lambda b: _engine_synthesis(b, "onnx", 25),
    "onnx-decode": lambda b: _engine_decode(b, "onnx"),
    "location-3": lambda b: _location(b, 3),
    "location-7": lambda b: _location(b, 7),
    "layer-10": lambda b: _layer(b, 10),
    "drag": _drag,
    "drag-swapae": lambda b: _swap_drag(b, ()),
    "drag-location": lambda b: _swap_drag(b, (3, 4, 5, 4)),
    "animation": _animation,
    "gif": _gif,
    "load": _load,
    "align": _align,
    "cold": _cold,
}
GOALS = {"synthesis": 2.2, "synthesis-4": 2.2, "synthesis-25": 2.2, "batch": 1, "bfloat16": 1.5, "encode": 2}
GOALS |= {"decode": 2.2, "openvino": 2.6, "openvino-decode": 2.8, "location-7": 2.3, "layer-10": 2, "drag": 8}
GOALS |= {
    "openvino-25": 3,
    "onnx-25": 3,
    "drag-swapae": 4,
    "drag-location": 4,
    "animation": 4,
    "gif": 3,
    "load": 5,
    "align": 5,
    "cold": 1,
}
NEEDS = {
    "openvino": "openvino",
    "onnx": "onnxruntime",
    "align": "dlib",
    "cold": "dlib",
}  # first part of a row's name -> package


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
        about["amx"], about["bfloat16"] = "amx_tile" in text, "amx_bf16" in text or "avx512_bf16" in text
    for package in ("openvino", "onnxruntime"):
        if importlib.util.find_spec(package):
            about[package] = __import__(package).__version__
    about["load before"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return about


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="comma-separated; all by default")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    parser.add_argument("--repeats", type=int, default=1, help="of every row in a run")
    parser.add_argument("--runs", type=int, default=1, help="of the whole table, of which medians are taken")
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
    rows = {}
    with torch.no_grad():
        peak()
        for name in wanted:
            if missing := lacks(name, about):
                print(f"{name}: not measured, {missing}", file=sys.stderr)
                continue
            row = rows[name] = ROWS[name](bench)
            if row.warm_up:
                row.warm_up()
            else:
                row.reference(), row.ours()
        runs = []
        for number in range(1, args.runs + 1):
            runs.append(measured(rows, peak, args.repeats, args.clock, f"run {number} of {args.runs}"))
            about["most memory in GiB"], about["runs"] = memory(), number
            results = [summary(name, row, [run[name] for run in runs], args.threads) for name, row in rows.items()]
            if args.json:
                told = {"machine": about, "clock": args.clock, "rows": results}
                args.json.write_text(json.dumps(told, indent=1) + "\n")
    peak_rate = peak_gflop(args.threads) / statistics.median(
        p["peak"] for run in runs for pairs in run.values() for p in pairs
    )
    print(table(results))
    print(f"\n(a): {peak_rate:.0f} GFLOP/s; {args.clock} time; medians of {args.runs} runs of {args.repeats}; {about}")
    print(f"Most memory of the process, with all models of these rows: {memory():.2f} GiB")
    return 0


def lacks(name: str, about: dict[str, Any]) -> str:
    """Why a row cannot be measured here, or ""."""
    package = NEEDS.get(name.split("-")[0])
    if package and importlib.util.find_spec(package) is None:
        return f"{package} is not installed"
    if name.endswith("bfloat16") and about.get("bfloat16") is False:
        return "this CPU has no bfloat16"
    return ""


def peak_gflop(threads: int) -> float:
    """Of what `rate` gives."""
    return 3 * threads * 2 * 9 * CHANNELS**2 * SIDE**2 / 1e9


def measured(
    rows: dict[str, Row], peak: Work, repeats: int, clock: str, label: str
) -> dict[str, list[dict[str, float]]]:
    """The times of one run, in seconds: for each row and repetition those of the three works."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in rows}
    for _ in range(repeats):
        for name, row in rows.items():
            pair = {}
            for which, work in (("peak", peak), ("reference", row.reference), ("ours", row.ours)):
                wall, cpu = measure(work)
                pair |= {which: wall if clock == "wall" else cpu, f"{which} wall": wall, f"{which} cpu": cpu}
            found[name].append(pair)
            print(f"{label}, {name}: {pair['reference'] * row.pictures / pair['ours']:.2f}", file=sys.stderr)
    return found


def summary(name: str, row: Row, runs: list[list[dict[str, float]]], threads: int) -> dict[str, Any]:
    """The medians over the runs of the medians of each run."""

    def middle(of: Callable[[dict[str, float]], float]) -> float:
        return statistics.median(statistics.median(map(of, pairs)) for pairs in runs)

    share = middle(lambda p: row.gflop * row.pictures / p["ours"] / (peak_gflop(threads) / p["peak"]))
    return {
        "row": name,
        "work": row.name + (f" ({row.note()})" if row.note else ""),
        "reference": row.against,
        "reference_s": middle(lambda p: p["reference"]),
        "ours_s": middle(lambda p: p["ours"] / row.pictures),
        "ratio": middle(lambda p: p["reference"] * row.pictures / p["ours"]),
        "goal": GOALS.get(name),
        "of_peak": share if row.gflop else None,
        "gflop": row.gflop,
        "runs": runs,
    }


def table(results: list[dict[str, Any]]) -> str:
    """The results in Markdown, as `benchmarks/README.md` has them."""
    lines = ["| work | reference | ms | ours, ms | ratio | goal | of (a) |", "|---|---|---|---|---|---|---|"]
    for r in results:
        share = f"{r['of_peak']:.0%}" if r["of_peak"] else ""
        goal = f"{r['goal']:g}" if r["goal"] else ""
        times = f"{1000 * r['reference_s']:.0f} | {1000 * r['ours_s']:.0f} | {r['ratio']:.2f}"
        lines.append(f"| {r['work']} | {r['reference']} | {times} | {goal} | {share} |")
    return "\n".join(lines)


def memory() -> float:
    """The most memory that this process has held, in GiB; not a number where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return math.nan
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**30 if sys.platform == "darwin" else 2**20)


if __name__ == "__main__":
    sys.exit(main())
