"""Adding commands, the flags that several commands share, and conversions of arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
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


def add_stylegan2(parser: argparse.ArgumentParser, *names: str) -> None:
    _add_model(parser, "StyleGAN2", *(names or ("--stylegan2",)))


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


def add_seed(parser: argparse.ArgumentParser, help: str = "of the first sample (default: 0)") -> None:
    parser.add_argument("--seed", type=int, default=0, help=help)


def add_face(parser: argparse.ArgumentParser) -> None:
    """Add a photo, and the flags that choose the face in it; `align.aligned` reads them."""
    parser.add_argument("photo")
    parser.add_argument(
        "--box", type=float, nargs=4, metavar=("L", "T", "R", "B"), help="position of the head, in pixels"
    )
    parser.add_argument("--index", type=int, default=0, help="which face; 0 is the most prominent")
    parser.add_argument("--fallback", choices=["center"], help="take the middle if no face is found")
    parser.add_argument("--landmark-model", choices=["68", "5"], default="68", help="5: free for every use")


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


def save(picture: Any, path: str) -> None:
    """Write a picture and print its path."""
    from ..images import save_image

    print(f"wrote {save_image(picture, path)}")
