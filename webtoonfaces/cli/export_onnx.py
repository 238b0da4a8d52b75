"""`webtoonfaces export-onnx`: a model as ONNX files."""

from __future__ import annotations

import argparse
from typing import Any

from .flags import add_checkpoints, add_command


def add_export_onnx(commands: Any) -> None:
    parser = add_command(
        commands,
        "export-onnx",
        "write a model as ONNX files, for engines other than torch",
        examples="webtoonfaces export-onnx demo onnx/\nwebtoonfaces export-onnx demo onnx/ --kind swapae --cut 3",
        notes="The number of pictures is free in every file; in encode.onnx and decode.onnx, their sides are too.",
        run=_export,
    )
    parser.add_argument("model", metavar="MODEL", help="a name or a file")
    parser.add_argument("out", metavar="OUT", help="a folder")
    parser.add_argument("--kind", choices=["stylegan2", "swapae"], default="stylegan2", help="(default: stylegan2)")
    parser.add_argument(
        "--cut", type=int, metavar="LAYER", help="also write the synthesis in two files, cut before this layer"
    )
    add_checkpoints(parser)


def _export(args: argparse.Namespace) -> int:
    from ..pretrained.generators import load_stylegan2, load_swapae
    from ..pretrained.onnx_files import OPSET

    load: Any = {"stylegan2": load_stylegan2, "swapae": load_swapae}[args.kind]
    model = load(args.model, device="cpu", checkpoints=args.checkpoints)
    for path in model.to_onnx(args.out, cut=args.cut):
        print(f"wrote {path}, {path.stat().st_size / 2**20:.1f} MiB, opset {OPSET}")
    return 0
