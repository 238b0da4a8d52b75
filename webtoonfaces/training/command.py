"""`webtoonfaces train`, `data` and `evaluate`: their arguments, and the calls behind them."""

from __future__ import annotations

import argparse
from typing import Any

TRAIN_EXAMPLES = """examples:
  webtoonfaces train stylegan2 toons/ runs/sg --preset demo --minutes 60
  webtoonfaces train swapae toons/ runs/ae --preset demo-cpu --kimg 50
  accelerate launch -m webtoonfaces train stylegan2 faces.zip runs/paper --init ffhq.pt
A run that is started again in the same folder goes on where it stopped."""


def add_train(commands: Any) -> None:
    """Add the `train` command to the parser's sub-commands."""
    parser = commands.add_parser(
        "train", help="train a model", epilog=TRAIN_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("family", choices=["stylegan2", "swapae"])
    parser.add_argument("data", help="a folder or zip of pictures; folders inside are titles")
    parser.add_argument("out", help="folder of the run: checkpoints, samples, log")
    parser.add_argument("--preset", default="paper", help="paper, demo, demo-cpu or smoke (default: paper)")
    parser.add_argument("--init", nargs="+", default=[], metavar="FILE", help="start from these weights")
    parser.add_argument("--kimg", type=float, help="stop after so many thousand pictures in all")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--batch", type=int, help="pictures a step, over all processes")
    parser.add_argument("--accumulate", type=int, help="compute a step in so many parts")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--workers", type=int, help="processes that read pictures")
    parser.add_argument("--save-minutes", type=float, help="time between checkpoints")
    parser.add_argument("--sample-kimg", type=float, help="thousands of pictures between sample grids")
    parser.add_argument("--set", nargs="+", default=[], metavar="FIELD=VALUE", help="change a field of the recipe")
    parser.add_argument("--device", choices=["cpu"], help="cpu: do not use an accelerator")
    parser.set_defaults(run=_train)


def _train(args: argparse.Namespace) -> int:
    from .launch import launch

    launch(
        args.family, args.data, args.out, preset=args.preset, init=args.init, device=args.device,
        config=dict(_setting(word) for word in args.set), kimg=args.kimg, minutes=args.minutes, batch=args.batch,
        accumulate=args.accumulate, seed=args.seed, workers=args.workers, save_minutes=args.save_minutes,
        sample_kimg=args.sample_kimg, say=lambda line: print(line, flush=True),
    )  # fmt: skip
    return 0


def _setting(word: str) -> tuple[str, Any]:
    """ "r1=4" -> ("r1", 4)."""
    from ..errors import BadInputError

    name, equals, value = word.partition("=")
    if not equals:
        raise BadInputError(f"--set takes FIELD=VALUE, not {word!r}.")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, {"true": True, "false": False, "none": None}.get(value.lower(), value)
