"""`webtoonfaces evaluate`: measures a model."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .flags import add_command, add_device, add_psi, add_seed

EXAMPLES = """
webtoonfaces evaluate kid runs/sg drawn/ --samples 2000
webtoonfaces evaluate kid ffhq.pt faces/ --start-of runs/paper
webtoonfaces evaluate swap runs/ae drawn/ -o swaps/
webtoonfaces evaluate pairs runs/pairs drawn/ -o pairs.json
webtoonfaces evaluate drawn runs/drawn -o drawn.json
webtoonfaces evaluate nearest demo drawn/ -o nearest.png
webtoonfaces evaluate table runs/sg
"""
NOTES = """\
MODEL is the folder of a run (its last checkpoint), a state-*.pt in one, a .safetensors or original .pt, or a name.
Measurements of a run are kept in its metrics.jsonl, from which `table` is built."""

DATA_HELP = "a folder or zip of pictures; folders inside are titles"


def add_evaluate(commands: Any) -> None:
    """Add the `evaluate` command to the parser's sub-commands."""
    parser = add_command(commands, "evaluate", "measure a model", examples=EXAMPLES, notes=NOTES)
    kinds = parser.add_subparsers(dest="metric", required=True, metavar="METRIC")

    kid = kinds.add_parser("kid", help="KID of a StyleGAN2's samples, on MobileNetV2 and on the title classifier")
    _add_sampling(kid, count=10_000)
    kid.add_argument("--subset-size", type=int, default=500, help="pictures in each of KID's 10 subsets (default: 500)")
    _add_start_of(kid)
    kid.set_defaults(run=_kid)

    fid = kinds.add_parser("fid", help="FID of a StyleGAN2's samples; needs the extra `inception`")
    _add_sampling(fid, count=10_000)
    _add_start_of(fid)
    fid.set_defaults(run=_fid)

    swap = kinds.add_parser("swap", help="a SwapAE's reconstruction error, style transfer rate and structure match")
    _add_model(swap)
    swap.add_argument("--pairs", type=int, default=320, help="pictures swapped at each location (default: 320)")
    swap.add_argument("--size", type=int, help="side of the pictures in px (default: as in its training)")
    swap.add_argument("-o", "--out", type=Path, help="write a report, numbers and a plot into this folder")
    _add_start_of(swap)
    swap.set_defaults(run=_swap)

    pairs = kinds.add_parser("pairs", help="a SwapAE's swaps against what should have been drawn, on exact pairs")
    _add_model(pairs)
    pairs.add_argument("--swaps", type=int, default=96, help="pictures swapped at each location (default: 96)")
    pairs.add_argument("--size", type=int, help="side of the pictures in px (default: what it was trained on)")
    pairs.add_argument("-o", "--out", type=Path, default=Path("pairs.json"), help="(default: pairs.json)")
    _add_start_of(pairs)
    pairs.set_defaults(run=_pairs)

    drawn = kinds.add_parser("drawn", help="a StyleGAN2's pictures against the drawn persons that its z stand for")
    drawn.add_argument("model", help="a run, one of its checkpoints, a weight file or a name")
    drawn.add_argument("--persons", type=int, default=64, help="how many (default: 64)")
    drawn.add_argument("-o", "--out", type=Path, default=Path("drawn.json"), help="(default: drawn.json)")
    add_device(drawn)
    _add_start_of(drawn)
    drawn.set_defaults(run=_drawn)

    table = kinds.add_parser("table", help="every measurement of a run, as a table and a plot")
    table.add_argument("model", metavar="RUN", help="folder of a run")
    table.add_argument("-o", "--out", type=Path, help="folder for the files (default: the run's own)")
    table.set_defaults(run=_table)

    nearest = kinds.add_parser("nearest", help="samples beside the nearest training pictures, as a sheet")
    _add_sampling(nearest, count=16)
    nearest.add_argument("-o", "--out", type=Path, default=Path("nearest.png"), help="(default: nearest.png)")
    nearest.set_defaults(run=_nearest)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a run, one of its checkpoints, a weight file or a name")
    parser.add_argument("data", help=DATA_HELP)
    add_seed(parser)
    add_device(parser)


def _add_sampling(parser: argparse.ArgumentParser, *, count: int) -> None:
    _add_model(parser)
    parser.add_argument("--samples", type=int, default=count, help=f"pictures to draw (default: {count:,})")
    add_psi(parser, default=1)
    parser.add_argument(
        "--mirror",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="treat mirrored pictures as part of the data set (default: as in the training)",
    )


def _add_start_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start-of", metavar="RUN", help="MODEL is the start of this run: row 0 of its table")


def _sampling(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "count": args.samples,
        "psi": args.psi,
        "seed": args.seed,
        "mirror": args.mirror,
        "device": args.device,
    }


def _kid(args: argparse.Namespace) -> int:
    from ..metrics import evaluate

    report = evaluate.measure_kid(args.model, args.data, subset_size=args.subset_size, **_sampling(args))
    print(report.markdown())
    written = evaluate.record(report.model, report.scores(), start_of=args.start_of, references=report.references())
    _say_written([written])
    return 0


def _fid(args: argparse.Namespace) -> int:
    from ..metrics import evaluate

    model, scores = evaluate.measure_fid(args.model, args.data, **_sampling(args))
    for label, score in scores.items():
        print(f"{label} of {model}: {score.value:.2f}")
    _say_written([evaluate.record(model, scores, start_of=args.start_of)])
    return 0


def _swap(args: argparse.Namespace) -> int:
    from ..metrics import evaluate

    model, report = evaluate.measure_swap(
        args.model, args.data, pairs=args.pairs, seed=args.seed, size=args.size, device=args.device
    )
    print(f"Swaps of {model}\n\n{report.markdown()}")
    written = [evaluate.record(model, evaluate.swap_scores(report), start_of=args.start_of)]
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        paths = [args.out / f"swaps.{suffix}" for suffix in ("md", "json", "png")]
        paths[0].write_text(f"Swaps of {model}\n\n{report.markdown()}", encoding="utf-8")
        paths[1].write_text(json.dumps({"model": str(model), **report.as_dict()}, indent=1) + "\n", encoding="utf-8")
        report.figure().savefig(paths[2], dpi=120)
        written += paths
    _say_written(written)
    return 0


def _pairs(args: argparse.Namespace) -> int:
    from ..metrics import evaluate

    model, report = evaluate.measure_pairs(
        args.model, args.data, swaps=args.swaps, seed=args.seed, size=args.size, device=args.device
    )
    print(f"Pairs of {model}\n\n{report.markdown()}")
    content = json.dumps({"model": str(model), **report.as_dict()}, indent=1)
    args.out.write_text(content + "\n", encoding="utf-8")
    written = evaluate.record(model, evaluate.pair_scores(report), start_of=args.start_of)
    _say_written([written, args.out])
    return 0


def _drawn(args: argparse.Namespace) -> int:
    from ..metrics import evaluate

    model, report = evaluate.measure_drawn(args.model, persons=args.persons, device=args.device)
    print(f"Drawn persons of {model}\n\n{report.markdown()}")
    args.out.write_text(json.dumps({"model": str(model), **report.as_dict()}, indent=1) + "\n", encoding="utf-8")
    _say_written([evaluate.record(model, evaluate.drawn_scores(report), start_of=args.start_of), args.out])
    return 0


def _table(args: argparse.Namespace) -> int:
    from ..metrics.table import read_table, save_table

    table = read_table(args.model)
    print(table.markdown())
    _say_written(save_table(table, args.out or Path(args.model)))
    return 0


def _nearest(args: argparse.Namespace) -> int:
    from ..images import save_image
    from ..metrics import evaluate

    neighbours, sheet = evaluate.measure_nearest(args.model, args.data, **_sampling(args))
    for kind in neighbours:
        print(kind)
    save_image(sheet, args.out)
    _say_written([args.out])
    return 0


def _say_written(paths: list[Any]) -> None:
    for path in paths:
        if path is not None:
            print(f"written: {path}")
