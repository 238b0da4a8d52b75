"""`webtoonfaces cartoonize`: redraws a photo as a cartoon."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .flags import add_command, add_out, add_photos, add_place, each, save


def add_cartoonize(commands: Any) -> None:
    parser = add_command(
        commands,
        "cartoonize",
        "redraw a photo as a cartoon",
        examples="webtoonfaces cartoonize photo.jpg -o cartoon.png\n"
        "webtoonfaces cartoonize holiday/ -o cartoons/\n"
        "webtoonfaces cartoonize photo.jpg -o cartoon.png --model animegan2-face_paint_512_v2\n"
        "webtoonfaces cartoonize photo.jpg -o cartoon.png --model facial-cartoonizer --edges dexined",
        run=_cartoonize,
    )
    add_photos(parser)
    add_out(parser, "cartoon.png", "cartoons")
    parser.add_argument(
        "--model",
        default="classical",
        metavar="NAME",
        help="classical, portrait, portrait:TITLE, facial-cartoonizer, animegan2-..., or a file (default: classical; "
        "neither that nor portrait downloads anything)",
    )
    parser.add_argument("--edges", metavar="NAME", help="lines, dexined or a file (default: the model's own)")
    parser.add_argument("--strength", type=float, default=0.85, help="of the lines, 0 to 1 (default: 0.85)")
    parser.add_argument("--size", type=int, default=1024, help="longer side of processing, in pixels (default: 1024)")
    add_place(parser)


def _cartoonize(args: argparse.Namespace) -> int:
    from ..webtoonize.cartoonize import cartoonize

    def draw(photo: Path, out: Path) -> None:
        cartoon = cartoonize(
            photo,
            model=args.model,
            edges=args.edges,
            strength=args.strength,
            size=args.size,
            device=args.device,
            checkpoints=args.checkpoints,
        )
        save(cartoon, out)

    return each(args, draw)
