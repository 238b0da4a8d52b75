"""`webtoonfaces figures`: its arguments, and the calls behind them."""

from __future__ import annotations

import argparse
import sys
from typing import Any

EXAMPLES = """examples:
  webtoonfaces figures out/
  webtoonfaces figures out/ stylegan2/1 "swapae/1*" --seed 7
  webtoonfaces figures out/ --stylegan2 webtoon --swapae mine.safetensors
  webtoonfaces figures out/ "swapae/*" --images face.png drawing-1.png drawing-2.png
  webtoonfaces figures out/ dataset fid --data faces.zip --metrics runs/sg
OUT/index.html shows them all, OUT/contact.png at a glance. Where one cannot be made it says why, the others go on, and
the exit code is 1."""


def add_figures(commands: Any) -> None:
    """Add the `figures` command to the parser's sub-commands."""
    parser = commands.add_parser(
        "figures",
        help="draw every figure of the original, or some",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", help="the folder to write to")
    parser.add_argument("names", nargs="*", help='such as swapae/9, or "face2webtoon/*" (default: all)')
    parser.add_argument(
        "--stylegan2", "--model", default="demo", metavar="NAME", help="StyleGAN2: a name or a file (default: demo)"
    )
    parser.add_argument(
        "--swapae", default="demo", metavar="NAME", help="Swapping Autoencoder: a name or a file (default: demo)"
    )
    parser.add_argument("--images", nargs="+", default=[], metavar="FILE", help="use these pictures, not samples")
    parser.add_argument("--data", metavar="PATH", help="the folder or zip of pictures that `dataset` counts")
    parser.add_argument("--metrics", metavar="RUN", help="the folder of a run whose measurements `fid` shows too")
    parser.add_argument("--seed", type=int, default=0, help="added to the seeds of all samples")
    parser.add_argument("--device", help="cpu, cuda or mps (default: the best there is)")
    parser.add_argument("--checkpoints", metavar="DIR", help="look for weights here first")
    parser.set_defaults(run=_figures)


def _figures(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ..figures.gallery import Gallery, chosen
    from ..pretrained.generators import load_stylegan2, load_swapae

    names = chosen(args.names)
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
