"""`webtoonfaces data`: makes or describes a data set."""

from __future__ import annotations

import argparse
from typing import Any

from .flags import add_command, add_seed

EXAMPLES = """
webtoonfaces data toons toons/ --count 7000 --size 128
webtoonfaces data prepare my-pictures.zip faces/ --size 256 --align
webtoonfaces data info faces/
"""


def add_data(commands: Any) -> None:
    """Add the `data` command to the parser's sub-commands."""
    parser = add_command(commands, "data", "make or inspect a data set", examples=EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    toons = actions.add_parser("toons", help="draw the open data set")
    toons.add_argument("out")
    toons.add_argument("--count", type=int, default=7000, help="pictures over all titles (default: 7000)")
    toons.add_argument("--size", type=int, default=256)
    add_seed(toons, "of the drawings (default: 0)")
    toons.add_argument("--titles", nargs="+", help="only these")
    toons.add_argument("--workers", type=int, help="processes (default: one for each core)")
    toons.set_defaults(run=_toons)

    prepare = actions.add_parser("prepare", help="crop and resize a folder or zip of pictures")
    prepare.add_argument("source", help="folders inside are titles")
    prepare.add_argument("out")
    prepare.add_argument("--size", type=int, default=256)
    prepare.add_argument("--align", action="store_true", help="cut out the face that dlib finds")
    prepare.set_defaults(run=_prepare)

    info = actions.add_parser("info", help="titles, counts and sizes")
    info.add_argument("path", help="a folder or zip")
    info.set_defaults(run=_info)


def _toons(args: argparse.Namespace) -> int:
    from ..data.toons import draw_toons

    path = draw_toons(
        args.out, count=args.count, size=args.size, seed=args.seed, styles=args.titles, workers=args.workers
    )
    print(f"wrote {path}")
    return 0


def _prepare(args: argparse.Namespace) -> int:
    from ..data.folder import prepare

    print(f"wrote {prepare(args.source, args.out, size=args.size, align=args.align)}")
    return 0


def _info(args: argparse.Namespace) -> int:
    from ..data.folder import info

    print(info(args.path))
    return 0
