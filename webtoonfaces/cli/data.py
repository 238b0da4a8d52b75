"""`webtoonfaces data`: makes or describes a data set."""

from __future__ import annotations

import argparse
from typing import Any

from .flags import add_command, add_seed

EXAMPLES = """
webtoonfaces data drawn drawn/ --persons 5000 --size 128
webtoonfaces data drawn two/ --persons 500 --titles romance,noir --no-photos
webtoonfaces data prepare my-pictures.zip faces/ --size 256 --align
webtoonfaces data info faces/
"""


def add_data(commands: Any) -> None:
    """Add the `data` command to the parser's sub-commands."""
    parser = add_command(commands, "data", "make or inspect a data set", examples=EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    drawn = actions.add_parser("drawn", help="draw the open data set: the same persons in every title, and as photos")
    drawn.add_argument("out", help="a folder for each title; the same file name in each is the same person")
    drawn.add_argument("--persons", type=int, default=5000, help="how many (default: 5000)")
    drawn.add_argument("--size", type=int, default=128, help="side of a picture in pixels (default: 128)")
    add_seed(drawn, "of the persons (default: 0)")
    drawn.add_argument("--titles", default="all", help="names with commas between them (default: all)")
    drawn.add_argument("--photos", action=argparse.BooleanOptionalAction, default=True, help="photo-like pictures too")
    drawn.add_argument("--mixed", type=int, default=0, help="mixtures of titles a person and group (default: 0)")
    drawn.add_argument("--workers", type=int, help="processes (default: one a core)")
    drawn.set_defaults(run=_drawn)

    prepare = actions.add_parser("prepare", help="crop and resize a folder or zip of pictures")
    prepare.add_argument("source", help="folders inside are titles")
    prepare.add_argument("out", help="the folder to write")
    prepare.add_argument("--size", type=int, default=256, help="side of the pictures in pixels (default: 256)")
    prepare.add_argument("--align", action="store_true", help="cut out the face that dlib finds")
    prepare.set_defaults(run=_prepare)

    info = actions.add_parser("info", help="titles, counts and sizes")
    info.add_argument("path", help="a folder or zip")
    info.set_defaults(run=_info)


def _drawn(args: argparse.Namespace) -> int:
    from ..data.drawn import draw_data

    titles = None if args.titles == "all" else [name.strip() for name in args.titles.split(",") if name.strip()]
    path = draw_data(
        args.out,
        persons=args.persons,
        size=args.size,
        seed=args.seed,
        titles=titles,
        photos=args.photos,
        mixed=args.mixed,
        workers=args.workers,
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
