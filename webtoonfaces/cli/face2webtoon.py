"""`webtoonfaces face2webtoon`: redraws a photo in webtoon styles."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from .align import aligned
from .flags import (
    add_command,
    add_face,
    add_out,
    add_place,
    add_psi,
    add_seed,
    add_stylegan2,
    add_swapae,
    add_upscale,
    each,
    jobs,
    reals,
    save,
)

NONE = "none"  # of --cartoonize: the photo as it is


def add_face2webtoon(commands: Any) -> None:
    parser = add_command(
        commands,
        "face2webtoon",
        "redraw a photo in webtoon styles",
        examples="webtoonfaces face2webtoon photo.jpg -o sheet.png\n"
        "webtoonfaces face2webtoon photo.jpg -o sheet.png --gif exploration.gif --seed 7\n"
        "webtoonfaces face2webtoon photo.jpg -o sheet.png --style drawing.png --style 3 --locations 2 4\n"
        "webtoonfaces face2webtoon photo.jpg -o sheet.png --cartoonize facial-cartoonizer --edges dexined\n"
        "webtoonfaces face2webtoon photo.jpg -o sheet.png --upscale\n"
        "webtoonfaces face2webtoon holiday/ -o sheets/\n"
        "webtoonfaces face2webtoon group.jpg -o group.png --each-face",
        run=_face2webtoon,
    )
    add_face(parser)
    add_out(parser, "sheet.png", "sheets")
    parser.add_argument("--gif", metavar="FILE", help="write the style exploration too: .gif, .webp or .mp4")
    parser.add_argument("--singles", metavar="DIR", help="write every picture by itself too")
    parser.add_argument(
        "--each-face",
        action="store_true",
        help="no sheet: the whole photo, with each face in a style of its own, at the first location",
    )
    parser.add_argument("--styles", type=int, default=5, help="how many samples to take as styles (default: 5)")
    parser.add_argument("--style", action="append", default=[], help="a seed or a picture; can be given several times")
    parser.add_argument("--locations", type=reals, nargs="+", help="swap locations (default: 3 5)")
    add_seed(parser)
    add_psi(parser)
    parser.add_argument(
        "--cartoonize",
        nargs="?",
        const="classical",
        metavar="MODEL",
        help="make a cartoon of the photo first; MODEL as in the command cartoonize, classical where it is left out; "
        "none for the photo itself (default: portrait for the demo models, none for others)",
    )
    parser.add_argument("--edges", metavar="NAME", help="the cartoon's lines: lines, dexined or a file")
    add_upscale(parser)
    add_swapae(parser)
    add_stylegan2(parser)
    add_place(parser)


def _face2webtoon(args: argparse.Namespace) -> int:
    import webtoonfaces as wf

    from ..errors import BadInputError
    from ..images import ANIMATIONS, check_target
    from ..webtoonize.cartoonize import AUTO, Step, cartoonize, portrait_title
    from ..webtoonize.face2webtoon import LOCATIONS, checked_locations

    if args.gif:
        check_target(args.gif, ANIMATIONS)
    if args.singles and Path(args.singles).expanduser().is_file():
        raise BadInputError(f"--singles {args.singles} is a file. It takes a folder.")
    if len(jobs(args)) > 1 and (args.gif or args.singles or args.box):
        raise BadInputError("--gif, --singles and --box are for one photo.")
    if args.each_face and (args.gif or args.singles or args.box or args.index or args.fallback):
        raise BadInputError(
            "--each-face redraws every face that is found; it takes none of --gif, --singles, --box, ..."
        )
    swapae = wf.load_swapae(args.swapae, device=args.device, checkpoints=args.checkpoints)
    locations = [location for part in args.locations or [LOCATIONS] for location in part]
    checked_locations(locations, swapae.num_ws)
    generator = wf.load_stylegan2(args.stylegan2, device=args.device, checkpoints=args.checkpoints)
    styles = [int(style) if style.isdigit() else style for style in args.style]
    if args.edges and args.cartoonize == NONE:
        raise BadInputError("--edges are the lines of a cartoon: leave out --cartoonize none.")
    step: Step = AUTO
    if args.cartoonize == NONE:
        step = None
    elif args.edges is None and portrait_title(args.cartoonize) is not None:
        step = args.cartoonize
    elif args.cartoonize or args.edges:
        step = partial(
            cartoonize, model=args.cartoonize, edges=args.edges, device=args.device, checkpoints=args.checkpoints
        )
    shared: dict[str, Any] = {
        "swapae": swapae,
        "generator": generator,
        "seed": args.seed,
        "truncation_psi": args.psi,
        "cartoonize": step,
        "upscale": args.upscale,
    }

    def draw(photo: Path, out: Path) -> None:
        if args.each_face:
            model = args.landmark_model
            whole = wf.group2webtoon(
                photo, styles=styles or None, location=locations[0], landmark_model=model, **shared
            )
            save(whole, out)
            return
        face = aligned(args, photo, max(256, swapae.size))
        sheet = wf.face2webtoon(face, styles=styles or args.styles, locations=locations, **shared)
        save(sheet.sheet(), out)
        if args.singles:
            print(f"wrote {len(sheet.save(args.singles))} pictures to {args.singles}")
        if args.gif:
            print(f"wrote {sheet.gif(args.gif, seed=args.seed)}")

    return each(args, draw)
