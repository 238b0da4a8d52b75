"""Adding commands, the flags that several commands share, and conversions of arguments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Run = Callable[[argparse.Namespace], int]


def add_command(
    commands: Any,
    name: str,
    about: str,
    *,
    aliases: Sequence[str] = (),
    examples: str = "",
    notes: str = "",
    run: Run | None = None,
) -> argparse.ArgumentParser:
    """Add a command to the parser's sub-commands; `run` is None for one that has sub-commands of its own.

    about : a phrase that says what it does.        examples : a command a line.        notes : shown below them.
    aliases : other names of the command.
    """
    lines = [f"  {line}" for line in examples.strip().splitlines()]
    parser = commands.add_parser(
        name,
        aliases=aliases,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog="\n".join([*(["examples:"] if lines else []), *lines, notes]).rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if run is not None:
        parser.set_defaults(run=run)
    return parser


def add_stylegan2(parser: argparse.ArgumentParser) -> None:
    _add_model(parser, "StyleGAN2", "--stylegan2", "--model")


def add_swapae(parser: argparse.ArgumentParser) -> None:
    _add_model(parser, "Swapping Autoencoder", "--swapae")


def _add_model(parser: argparse.ArgumentParser, kind: str, *names: str) -> None:
    parser.add_argument(*names, default="demo", metavar="NAME", help=f"{kind}: a name or a file (default: demo)")


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", help="cpu, cuda or mps (default: cuda if available, else cpu)")


def add_checkpoints(parser: argparse.ArgumentParser, help: str = "search this folder for weights first") -> None:
    parser.add_argument("--checkpoints", metavar="DIR", help=help)


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add --device and --checkpoints."""
    add_device(parser)
    add_checkpoints(parser)


def add_psi(parser: argparse.ArgumentParser, *, default: float = 0.7) -> None:
    parser.add_argument(
        "--psi",
        "--truncation-psi",
        type=float,
        default=default,
        metavar="PSI",
        help=f"truncation of the samples: 0 gives the average face, 1 truncates nothing (default: {default:g})",
    )


def add_upscale(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--upscale",
        nargs="?",
        const=True,
        default=None,
        metavar="NAME",
        help="enlarge what the models draw four times, ink stays crisp; NAME of an upscaler or a file (default: demo)",
    )


def add_seed(parser: argparse.ArgumentParser, help: str = "of the first sample (default: 0)") -> None:
    parser.add_argument("--seed", type=int, default=0, help=help)


def add_photos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="a photo or a folder of photos, or several")


def add_out(parser: argparse.ArgumentParser, file: str, folder: str) -> None:
    """Where the pictures go; read by `jobs`."""
    parser.add_argument("-o", "--out", help=f"a picture, or a folder for several photos (default: {file}, {folder}/)")
    parser.set_defaults(out_file=file, out_folder=folder)


def jobs(args: argparse.Namespace) -> list[tuple[Path, Path]]:
    """Each photo of `add_photos`, and the picture that `add_out` wants of it. What cannot be written is refused here.

    One photo gives the picture named by -o. Several, or a folder, give PHOTO.png each, in the folder named by -o.
    """
    from ..errors import BadInputError
    from ..images import PICTURES, check_target
    from ..webtoonize.face2webtoon import photos_in

    given = [Path(photo).expanduser() for photo in args.photos]
    photos = [found for path in given for found in (photos_in(path) if path.is_dir() else [path])]
    if len(given) == 1 and not given[0].is_dir():
        return [(given[0], check_target(args.out or args.out_file))]
    folder = Path(args.out or args.out_folder).expanduser()
    if not folder.is_dir() and folder.suffix.lower() in PICTURES:
        raise BadInputError(f"-o {folder} names one picture, and these are {len(photos)} photos. Name a folder.")
    targets: list[Path] = []
    for photo in photos:
        target, number = folder / f"{photo.stem}.png", 2
        while target in targets:  # of photos in different folders, or with different endings
            target, number = folder / f"{photo.stem}-{number}.png", number + 1
        targets.append(check_target(target))
    return list(zip(photos, targets, strict=True))


def each(args: argparse.Namespace, work: Callable[[Path, Path], None]) -> int:
    """Do `work` for each of the `jobs`; returns the exit code.

    With several photos, one that cannot be used is told on the way, the others go on, and the exit code is 1.
    """
    from tqdm import tqdm

    from ..errors import FaceNotFoundError, ImageError

    listed = jobs(args)
    if len(listed) == 1:
        work(*listed[0])
        return 0
    failed = 0
    for photo, target in tqdm(listed, unit="photo"):
        try:
            work(photo, target)
        except (FaceNotFoundError, ImageError) as error:
            failed += 1
            tqdm.write(f"webtoonfaces: {photo}: {error}", file=sys.stderr)
    return 1 if failed else 0


def add_face(parser: argparse.ArgumentParser) -> None:
    """Photos, and how the face in each is found; read by `aligned`."""
    add_photos(parser)
    parser.add_argument(
        "--box",
        type=float,
        nargs=4,
        metavar=("L", "T", "R", "B"),
        help="where the head is, in pixels: left, top, right, bottom",
    )
    parser.add_argument("--index", type=int, default=0, help="which face; 0 is the most prominent")
    parser.add_argument("--fallback", choices=["center"], help="take the middle of the picture if no face is found")
    parser.add_argument(
        "--landmark-model",
        choices=["68", "5"],
        default="68",
        help="how many points mark a face (default: 68); the model of 5 is free for every use",
    )


def numbers(text: str) -> list[int]:
    """ "1,2,5-7" -> [1, 2, 5, 6, 7]."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        try:
            several = range(int(first), int(last) + 1) if dash else [int(first)]
        except ValueError:
            raise argparse.ArgumentTypeError(f"{part!r} is not a number or a range such as 0-7") from None
        if not several:
            raise argparse.ArgumentTypeError(f"{part!r} runs backwards: the smaller number comes first")
        found += several
    return found


def reals(text: str) -> list[float]:
    """ "2,4.5" -> [2.0, 4.5]."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number or a list such as 3,5") from None


def save(picture: Any, path: str | Path) -> None:
    """Write a picture and say so."""
    from ..images import save_image

    print(f"wrote {save_image(picture, path)}")
