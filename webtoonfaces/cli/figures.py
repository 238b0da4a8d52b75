"""`webtoonfaces figures`: draws the figures into a folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .flags import add_command, add_place, add_seed, add_stylegan2, add_swapae

EXAMPLES = """
webtoonfaces figures out/
webtoonfaces figures out/ stylegan2/1 "swapae/1*" --seed 7
webtoonfaces figures out/ --stylegan2 webtoon --swapae mine.safetensors
webtoonfaces figures out/ "swapae/*" --images face.png drawing-1.png drawing-2.png
webtoonfaces figures out/ dataset fid --data faces.zip --metrics runs/sg
"""
NOTES = """\
OUT/index.html shows all figures, OUT/contact.png all at a glance. If a figure cannot be made, the page says why, the
others are still made, and the exit code is 1."""


def add_figures(commands: Any) -> None:
    """Add the `figures` command to the parser's sub-commands."""
    parser = add_command(
        commands,
        "figures",
        "draw the figures of naver-webtoon-faces",
        examples=EXAMPLES,
        notes=NOTES,
        run=_figures,
    )
    parser.add_argument("out", help="the folder to write to")
    parser.add_argument("names", nargs="*", help='such as swapae/9, or "face2webtoon/*" (default: all)')
    add_stylegan2(parser)
    add_swapae(parser)
    parser.add_argument("--images", nargs="+", default=[], metavar="FILE", help="use these pictures instead of samples")
    parser.add_argument("--data", metavar="PATH", help="the folder or zip of pictures that `dataset` counts")
    parser.add_argument("--metrics", metavar="RUN", help="the folder of a run whose measurements `fid` shows too")
    add_seed(parser, "added to the seeds of all samples (default: 0)")
    add_place(parser)


def _figures(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ..errors import BadInputError
    from ..figures.gallery import Gallery, chosen
    from ..pretrained.generators import load_stylegan2, load_swapae

    names = chosen(args.names)
    if Path(args.out).expanduser().is_file():
        raise BadInputError(f"{args.out} is a file. The figures need a folder.")
    gallery = Gallery(
        args.out,
        images=args.images,
        data=args.data,
        run=args.metrics,
        seed=args.seed,
        swapae=load_swapae(args.swapae, device=args.device, checkpoints=args.checkpoints),
        generator=load_stylegan2(args.stylegan2, device=args.device, checkpoints=args.checkpoints),
    )
    failed = 0
    with tqdm(names, unit="figure") as progress:
        for name in progress:
            progress.set_description(name)
            entry = gallery.add(name)
            if entry.path is None:
                failed += 1
                progress.write(f"webtoonfaces: {name} could not be made. {entry.why}", file=sys.stderr)
    print(f"wrote {gallery.finish()}: {len(names) - failed} of {len(names)} figures")
    return 1 if failed else 0
