"""`webtoonfaces face2webtoon`: redraws a photo in webtoon styles."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from .align import aligned
from .flags import add_command, add_face, add_place, add_psi, add_seed, add_stylegan2, add_swapae, reals, save


def add_face2webtoon(commands: Any) -> None:
    parser = add_command(
        commands,
        "face2webtoon",
        "redraw a photo in webtoon styles",
        examples="webtoonfaces face2webtoon photo.jpg -o sheet.png\n"
        "webtoonfaces face2webtoon photo.jpg -o sheet.png --gif exploration.gif --seed 7\n"
        "webtoonfaces face2webtoon photo.jpg -o sheet.png --style drawing.png --style 3 --locations 2 4\n"
        "webtoonfaces face2webtoon photo.jpg -o sheet.png --cartoonize facial-cartoonizer --edges dexined",
        run=_face2webtoon,
    )
    add_face(parser)
    parser.add_argument("-o", "--out", default="sheet.png", help="the sheet (default: sheet.png)")
    parser.add_argument("--gif", metavar="FILE", help="write the style exploration too")
    parser.add_argument("--singles", metavar="DIR", help="write each picture into this folder too")
    parser.add_argument("--styles", type=int, default=5, help="number of samples to use as styles (default: 5)")
    parser.add_argument("--style", action="append", default=[], help="a seed or a picture; may be repeated")
    parser.add_argument("--locations", type=reals, nargs="+", default=[[3, 5]], help="swap locations (default: 3 5)")
    add_seed(parser)
    add_psi(parser)
    parser.add_argument(
        "--cartoonize",
        nargs="?",
        const="classical",
        metavar="MODEL",
        help="make a cartoon of the photo first; MODEL as in the command cartoonize (default: classical)",
    )
    parser.add_argument("--edges", metavar="NAME", help="the cartoon's lines: lines, dexined or a file")
    add_swapae(parser)
    add_stylegan2(parser)
    add_place(parser)


def _face2webtoon(args: argparse.Namespace) -> int:
    import webtoonfaces as wf

    from ..webtoonize.cartoonize import cartoonize, portrait_title

    swapae = wf.load_swapae(args.swapae, device=args.device, checkpoints=args.checkpoints)
    generator = wf.load_stylegan2(args.stylegan2, device=args.device, checkpoints=args.checkpoints)
    styles = [int(style) if style.isdigit() else style for style in args.style] or args.styles
    drawn = args.edges is None and portrait_title(args.cartoonize) is not None
    cartoon = partial(
        cartoonize, model=args.cartoonize, edges=args.edges, device=args.device, checkpoints=args.checkpoints
    )
    sheet = wf.face2webtoon(
        aligned(args, max(256, swapae.size)),
        styles=styles,
        swapae=swapae,
        generator=generator,
        locations=[location for part in args.locations for location in part],
        seed=args.seed,
        truncation_psi=args.psi,
        cartoonize=args.cartoonize if drawn else cartoon if args.cartoonize or args.edges else None,
    )
    save(sheet.sheet(), args.out)
    if args.singles:
        print(f"wrote {len(sheet.save(args.singles))} pictures to {args.singles}")
    if args.gif:
        print(f"wrote {sheet.gif(args.gif, seed=args.seed)}")
    return 0
