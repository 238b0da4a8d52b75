"""`webtoonfaces export-onnx`: a model as ONNX files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import BadInputError
from .flags import add_checkpoints, add_command


def add_export_onnx(commands: Any) -> None:
    parser = add_command(
        commands,
        "export-onnx",
        "write a model as ONNX files, for engines other than torch",
        examples="webtoonfaces export-onnx demo onnx/\nwebtoonfaces export-onnx demo onnx/ --kind swapae --cut 3\n"
        "webtoonfaces export-onnx demo onnx/ --kind upscaler",
        notes="The number of pictures is free in every file; in encode.onnx, decode.onnx and upscale.onnx, so "
        "are their sides.",
        run=_export,
    )
    parser.add_argument("model", metavar="MODEL", help="a name or a file")
    parser.add_argument("out", metavar="OUT", help="a folder")
    parser.add_argument(
        "--kind", choices=["stylegan2", "swapae", "upscaler"], default="stylegan2", help="(default: stylegan2)"
    )
    parser.add_argument(
        "--cut", type=int, metavar="LAYER", help="also write the synthesis in two files, cut before this layer"
    )
    add_checkpoints(parser)


def _export(args: argparse.Namespace) -> int:
    from ..pretrained.onnx_files import OPSET

    for path in _files(args):
        print(f"wrote {path}, {path.stat().st_size / 2**20:.1f} MiB, opset {OPSET}")
    return 0


def _files(args: argparse.Namespace) -> list[Path]:
    from ..pretrained.generators import load_stylegan2, load_swapae
    from ..pretrained.upscaler import load_upscaler

    if args.kind == "upscaler":
        if args.cut is not None:
            raise BadInputError("An upscaler has no layers that take codes, so it cannot be cut. Leave --cut out.")
        upscaler = load_upscaler(args.model, device="cpu", checkpoints=args.checkpoints)
        return [upscaler.to_onnx(Path(args.out) / "upscale.onnx")]
    load: Any = {"stylegan2": load_stylegan2, "swapae": load_swapae}[args.kind]
    return load(args.model, device="cpu", checkpoints=args.checkpoints).to_onnx(args.out, cut=args.cut)
