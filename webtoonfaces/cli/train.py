"""`webtoonfaces train` and `export`: their arguments, and the calls behind them."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from .flags import add_command

TRAIN_EXAMPLES = """
webtoonfaces train stylegan2 drawn/ runs/sg --preset demo --minutes 60
webtoonfaces train swapae drawn/ runs/ae --preset demo-cpu --kimg 50
webtoonfaces train swapae drawn/ runs/pairs --preset demo-pairs --minutes 90
webtoonfaces train upscaler drawn512/ runs/up --preset demo --minutes 25 --precision bf16
webtoonfaces train stylegan2 drawn/ runs/large --preset demo --init small-*.safetensors --grow
webtoonfaces train swapae drawn/ runs/faces --preset demo --init ae.safetensors --photos portraits/
accelerate launch -m webtoonfaces train stylegan2 faces.zip runs/paper --init ffhq.pt
"""
TRAIN_NOTES = """\
The same command in the same folder resumes the run, with the configuration that it began with.
A run with --init has no warm-up; --set warmup_kimg=100 gives it one."""

EXPORT_EXAMPLES = """
webtoonfaces export runs/sg sg.safetensors
webtoonfaces export runs/ae shards/ae.safetensors --all
webtoonfaces export runs/ae/state-000012000.pt ae.safetensors --metrics swaps.json
"""
EXPORT_NOTES = "A model card, ae.md, and its picture, ae.png, are written beside the weights."


def add_train(commands: Any) -> None:
    """Add the `train` command to the parser's sub-commands."""
    parser = add_command(commands, "train", "train a model", examples=TRAIN_EXAMPLES, notes=TRAIN_NOTES, run=_train)
    parser.add_argument("family", choices=["stylegan2", "swapae", "upscaler"], help="the kind of model")
    parser.add_argument("data", help="a folder or zip of pictures; folders inside are titles")
    parser.add_argument("out", help="folder of the run: checkpoints, samples, log")
    parser.add_argument(
        "--preset",
        default="paper",
        help="paper, demo, demo-cpu, smoke; with drawn persons demo-pairs or demo-drawn (default: paper)",
    )
    parser.add_argument("--init", nargs="+", default=[], metavar="FILE", help="start from these weights")
    parser.add_argument("--grow", action="store_true", help="let --init hold smaller networks")
    parser.add_argument("--photos", metavar="FOLDER", help="finetune a SwapAE (--init) with these photos of faces")
    parser.add_argument("--freeze-d", type=int, metavar="N", help="keep the discriminator's N highest resolutions")
    parser.add_argument("--kimg", type=float, help="stop after so many thousand pictures in all")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--batch", type=int, help="pictures a step, over all processes")
    parser.add_argument("--photo-batch", type=int, help="photos a step beside them (default: 8)")
    parser.add_argument("--accumulate", type=int, help="compute a step in so many parts")
    parser.add_argument("--seed", type=int, help="of all that is random in the run")
    parser.add_argument("--workers", type=int, help="processes that read pictures")
    parser.add_argument("--save-minutes", type=float, help="time between checkpoints (default: 10)")
    parser.add_argument("--keep", type=int, help="checkpoints to keep (default: 2)")
    parser.add_argument("--sample-kimg", type=float, help="thousands of pictures between sample grids (default: 2)")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="FIELD=VALUE", help="change a field of the configuration"
    )
    parser.add_argument("--device", choices=["cpu"], help="cpu: do not use an accelerator")
    parser.add_argument("--precision", default="auto", help="auto: bfloat16 where CUDA gains by it; full; bf16")


def add_export(commands: Any) -> None:
    """Add the `export` command to the parser's sub-commands."""
    parser = add_command(
        commands,
        "export",
        "write a run's checkpoint as a weight file with a model card",
        examples=EXPORT_EXAMPLES,
        notes=EXPORT_NOTES,
        run=_export,
    )
    parser.add_argument("source", help="a run's folder, or one of its state-*.pt")
    parser.add_argument("out", help="the .safetensors file to write")
    parser.add_argument("--all", action="store_true", help="all networks, to train on from; in parts of 16 MiB")
    parser.add_argument("--float32", action="store_true", help="full precision, twice the size")
    parser.add_argument("--title", help="the card's heading")
    parser.add_argument("--data", help="the data set, for its licences (default: what the run was trained on)")
    parser.add_argument("--metrics", metavar="FILE", help="JSON with numbers for the card (default: those of the run)")
    parser.add_argument("--limit", action="append", default=[], metavar="TEXT", help="one more limit for the card")


def _train(args: argparse.Namespace) -> int:
    from ..errors import MissingExtraError

    try:
        from ..training.launch import launch
    except ModuleNotFoundError as error:
        if error.name != "accelerate":
            raise
        raise MissingExtraError("Training", "train", "accelerate") from error

    config = dict(_setting(word) for word in args.set)
    if args.freeze_d is not None:
        config["freeze_d"] = args.freeze_d
    launch(
        args.family,
        args.data,
        args.out,
        preset=args.preset,
        init=args.init,
        grow=args.grow,
        photos=args.photos,
        device=args.device,
        precision=args.precision,
        config=config,
        command=_typed(),
        kimg=args.kimg,
        minutes=args.minutes,
        batch=args.batch,
        photo_batch=args.photo_batch,
        accumulate=args.accumulate,
        seed=args.seed,
        workers=args.workers,
        save_minutes=args.save_minutes,
        keep=args.keep,
        sample_kimg=args.sample_kimg,
        say=lambda line: print(line, flush=True),
    )
    return 0


def _export(args: argparse.Namespace) -> int:
    import json

    import torch

    from ..errors import BadInputError
    from ..training.export import export

    metrics: Any = _measured(Path(args.source))
    if args.metrics:
        try:
            metrics = json.loads(Path(args.metrics).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadInputError(f"{args.metrics} cannot be read as JSON: {error}.") from error
    written = export(
        args.source,
        args.out,
        everything=args.all,
        dtype=torch.float32 if args.float32 else torch.float16,
        title=args.title,
        data=args.data,
        metrics=metrics,
        limits=args.limit,
    )
    for file in written.files:
        print(f"{file.path}  {file.nbytes} bytes  sha256 {file.sha256}")
    print(written.card)
    return 0


def _measured(source: Path) -> str | None:
    """The table of a run, given by its folder or one of its checkpoints, as Markdown; None if nothing was measured."""
    from ..metrics.table import FILE, read_table

    run = source if source.is_dir() else source.parent
    return read_table(run).markdown() if (run / FILE).is_file() else None


def _typed() -> str:
    """The command as it was typed, without the folder that the program lies in."""
    started = "accelerate launch -m webtoonfaces" if "LOCAL_RANK" in os.environ else "webtoonfaces"
    return f"{started} {shlex.join(sys.argv[1:])}"


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
