"""`webtoonfaces portrait`: its arguments, and the calls behind them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .flags import add_command

if TYPE_CHECKING:
    from ..faces import AlignedFace

FORMATS = ("png", "svg", "pdf", "jpg", "webp")
NOTES = """Each drawing is PHOTO-FACE-TITLE.png in the folder; faces are numbered from 1, the most prominent first.
Where a photo has no face the others go on, and the exit code is 1."""


def add_portrait(commands: Any) -> None:
    parser = add_command(
        commands,
        "portrait",
        "draw every face of photos as a webtoon portrait, without any network",
        examples="webtoonfaces portrait photo.jpg\n"
        "webtoonfaces portrait group.jpg -o portraits/ --titles all\n"
        "webtoonfaces portrait anna.jpg ben.jpg -o portraits/ --titles noir,pastel --format svg\n"
        "webtoonfaces portrait group.jpg --titles comedy --paste",
        notes=NOTES,
        run=_portrait,
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="a photo, or several")
    parser.add_argument("-o", "--out", default="portraits", metavar="DIR", help="the folder (default: portraits)")
    parser.add_argument(
        "--titles", default="romance", metavar="NAMES", help='titles with commas between, or "all" (default: romance)'
    )
    parser.add_argument("--size", type=int, default=512, help="side of a drawing in pixels (default: 512)")
    parser.add_argument("--format", choices=FORMATS, default="png", help="of the drawings (default: png)")
    parser.add_argument("--first", action="store_true", help="only the most prominent face of each photo")
    parser.add_argument(
        "--paste", action="store_true", help="also each whole photo with its faces drawn, PHOTO-TITLE.png"
    )


def _portrait(args: argparse.Namespace) -> int:
    from ..errors import FaceNotFoundError, ImageError
    from ..webtoonize.portrait import title_of, titles

    names = titles() if args.titles.strip() == "all" else [name.strip() for name in args.titles.split(",")]
    for name in names:
        title_of(name)  # a misspelt title is told before the work, not after it
    failed = 0
    for photo, stem in zip(args.photos, _stems(args.photos), strict=True):
        try:
            _draw(photo, stem, names, args)
        except (FaceNotFoundError, ImageError) as error:
            failed += 1
            print(f"webtoonfaces: {photo}: {error}", file=sys.stderr)
    return 1 if failed else 0


def _draw(photo: str, stem: str, names: list[str], args: argparse.Namespace) -> None:
    from ..faces import align_face, align_faces
    from ..images import save_image
    from ..webtoonize.portrait import SIZE, portrait

    faces: list[AlignedFace] = [align_face(photo, size=SIZE)] if args.first else align_faces(photo, size=SIZE)
    portraits = [portrait(face, size=args.size) for face in faces]
    folder = Path(args.out)
    for number, one in enumerate(portraits, start=1):
        for name in names:
            one.save(folder / f"{stem}-{number}-{name}.{args.format}", name, args.size)
        plain = f"; drawn plainly: {', '.join(one.plain)}" if one.plain else ""
        print(f"wrote {len(names)} of face {number} in {photo} to {folder}{plain}")
    if args.paste:
        for name in names:
            whole = faces[0].source
            for one in portraits:
                whole = one.paste(name, onto=whole)
            print(f"wrote {save_image(whole, folder / f'{stem}-{name}.png')}")


def _stems(photos: list[str]) -> list[str]:
    """A name for each photo; two of the same name in different folders are told apart by a number."""
    stems: list[str] = []
    for photo in photos:
        stem, number = Path(photo).stem, 2
        while stem in stems:
            stem = f"{Path(photo).stem}_{number}"
            number += 1
        stems.append(stem)
    return stems
