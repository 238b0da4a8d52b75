"""`webtoonfaces sample` and `interpolate`: faces from seeds, and the faces between them."""

from __future__ import annotations

import argparse
from typing import Any

from .flags import add_command, add_place, add_psi, add_seed, add_stylegan2, add_upscale, numbers, save


def add_sample(commands: Any) -> None:
    parser = add_command(
        commands,
        "sample",
        "draw faces from seeds",
        examples="webtoonfaces sample -o faces.png --seeds 0-23\nwebtoonfaces sample -o one.png --seeds 7 --psi 0.5",
        run=_sample,
    )
    parser.add_argument("-o", "--out", default="samples.png", help="the picture (default: samples.png)")
    parser.add_argument("--seeds", type=numbers, help="such as 0-7 or 3,14,15 (default: eight from --seed on)")
    add_seed(parser)
    add_psi(parser)
    add_upscale(parser)
    parser.add_argument("--columns", type=int, help="faces in a row (default: about as many as rows)")
    add_stylegan2(parser)
    add_place(parser)


def _sample(args: argparse.Namespace) -> int:
    import webtoonfaces as wf

    from ..images import check_target

    check_target(args.out)
    g = wf.load_stylegan2(args.stylegan2, device=args.device, checkpoints=args.checkpoints)
    ws = g.sample_ws(args.seeds or range(args.seed, args.seed + 8), truncation_psi=args.psi)
    save(wf.contact_sheet(g.render(ws, upscale=args.upscale), columns=args.columns), args.out)
    return 0


def add_interpolate(commands: Any) -> None:
    parser = add_command(
        commands,
        "interpolate",
        "draw the faces between four seeds",
        examples="webtoonfaces interpolate 0 1 2 3 -o grid.png\nwebtoonfaces interpolate 5 6 7 8 -o loop.gif",
        run=_interpolate,
    )
    parser.add_argument("seeds", type=int, nargs=4, help="corners: top left, top right, bottom left, bottom right")
    parser.add_argument(
        "-o", "--out", default="grid.png", help=".png, .jpg or .pdf for a grid; .gif, .webp or .mp4 for a loop"
    )
    parser.add_argument("--rows", type=int, default=5, help="of the grid (default: 5)")
    parser.add_argument("--cols", type=int, default=5, help="columns of the grid (default: 5)")
    parser.add_argument("--steps", type=int, default=20, help="frames between two corners of a loop")
    add_psi(parser)
    add_upscale(parser)
    add_stylegan2(parser)
    add_place(parser)


def _interpolate(args: argparse.Namespace) -> int:
    import webtoonfaces as wf

    from ..images import ANIMATIONS, PICTURES, check_target, save_animation

    # A .webp may be either; for a grid there are four other endings.
    moving = check_target(args.out, (*PICTURES, *ANIMATIONS)).suffix.lower() in ANIMATIONS
    g = wf.load_stylegan2(args.stylegan2, device=args.device, checkpoints=args.checkpoints)
    ws = g.sample_ws(args.seeds, truncation_psi=args.psi)
    if moving:
        frames = g.render(
            wf.loop(ws[[0, 1, 3, 2]], steps=args.steps), upscale=args.upscale
        )  # round the square, not across it
        print(f"wrote {save_animation(frames, args.out)}")
    else:
        grid = wf.interpolate(ws, rows=args.rows, cols=args.cols)
        save(wf.contact_sheet(g.render(grid, upscale=args.upscale), columns=args.cols), args.out)
    return 0
