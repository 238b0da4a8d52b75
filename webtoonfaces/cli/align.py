"""`webtoonfaces align`: cuts a face out of a photo."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .flags import add_command, add_face, add_out, each, save


def add_align(commands: Any) -> None:
    parser = add_command(
        commands,
        "align",
        "cut a face out of a photo, upright and centred",
        examples="webtoonfaces align photo.jpg -o face.png\nwebtoonfaces align group.jpg -o face.png --all\n"
        "webtoonfaces align holiday/ -o faces/",
        run=_align,
    )
    add_face(parser)
    add_out(parser, "face.png", "faces")
    parser.add_argument("--size", type=int, default=256, help="side of the crop in pixels")
    parser.add_argument("--all", action="store_true", help="every face, as face-1.png, face-2.png, ...")


def _align(args: argparse.Namespace) -> int:
    from ..faces import align_faces

    def cut_out(photo: Path, out: Path) -> None:
        if not args.all:
            save(aligned(args, photo, args.size).image, out)
            return
        for i, face in enumerate(align_faces(photo, size=args.size, landmark_model=args.landmark_model), start=1):
            save(face.image, out.with_name(f"{out.stem}-{i}{out.suffix}"))

    return each(args, cut_out)


def aligned(args: argparse.Namespace, photo: Path, size: int) -> Any:
    """The AlignedFace of a photo that the flags of `add_face` name, `size` px a side; says so where it may be none."""
    from ..errors import FaceNotFoundError
    from ..faces import align_face
    from ..faces.find import SURE

    try:
        face = align_face(
            photo,
            size=size,
            box=args.box,
            index=args.index,
            fallback=args.fallback,
            landmark_model=args.landmark_model,
        )
    except FaceNotFoundError as error:
        raise FaceNotFoundError(f"{error} On the command line: --box L T R B, or --fallback center.") from None
    if args.box is None and face.score is not None and face.score < SURE:
        print(
            f"webtoonfaces: this may not be a face: the detector's score is {face.score:.2f}, and sure ones have "
            f"{SURE} or more. If it is not, give the position of the head: --box L T R B",
            file=sys.stderr,
        )
    return face
