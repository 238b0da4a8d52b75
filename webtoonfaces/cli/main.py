"""The program `webtoonfaces`.

Exit codes: 0 success, 1 an error (the message says what to do), 2 a mistyped command, 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import WebtoonFacesError
from .align import add_align
from .cartoonize import add_cartoonize
from .data import add_data
from .doctor import add_doctor
from .evaluate import add_evaluate
from .export_onnx import add_export_onnx
from .face2webtoon import add_face2webtoon
from .figures import add_figures
from .jupyter import add_lab
from .portrait import add_portrait
from .sample import add_interpolate, add_sample
from .train import add_export, add_train
from .weights import add_convert, add_fetch, add_models

COMMANDS = (
    add_lab,
    add_models,
    add_fetch,
    add_convert,
    add_align,
    add_cartoonize,
    add_portrait,
    add_face2webtoon,
    add_sample,
    add_interpolate,
    add_doctor,
    add_figures,
    add_data,
    add_train,
    add_export,
    add_export_onnx,
    add_evaluate,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = _parser()
    args, rest = parser.parse_known_args(argv)
    if rest and not getattr(args, "passes_on", False):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    args.rest = rest  # of `lab`, which passes them on to Jupyter
    if not hasattr(args, "run"):
        parser.print_help()
        return 2
    try:
        return args.run(args)
    except WebtoonFacesError as error:
        print(f"webtoonfaces: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("webtoonfaces: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="webtoonfaces", description="Explore faces of webtoons.")
    parser.add_argument("--version", action="version", version=f"webtoonfaces {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    return parser
