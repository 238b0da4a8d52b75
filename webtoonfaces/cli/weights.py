"""`webtoonfaces models`, `fetch` and `convert`: the files that models come in."""

from __future__ import annotations

import argparse
from typing import Any

from .flags import add_command


def add_models(commands: Any) -> None:
    add_command(commands, "models", "list the models that have a name", examples="webtoonfaces models", run=_models)


def _models(_: argparse.Namespace) -> int:
    from ..weights import registry, store

    uses = {
        "stylegan2": "--stylegan2",
        "swapae": "--swapae",
        "cartoonizer": "cartoonize --model",
        "animegan2": "cartoonize --model",
        "dexined": "cartoonize --edges",
        "upscaler": "--upscale",
    }
    for record in registry.records():
        here = store.locate(record)
        state = "here" if here else ("to download" if record.sources else "not published")
        print(f"{record.kind:11} {record.name:27} {state:14} {uses[record.kind]:19} {record.title}")
    return 0


def add_fetch(commands: Any) -> None:
    parser = add_command(
        commands,
        "fetch",
        "download a model's weights",
        examples="webtoonfaces fetch stylegan2 webtoon\nwebtoonfaces fetch animegan2-face_paint_512_v2",
        notes="`webtoonfaces models` lists kinds and names. The kind is needed where several share a name.",
        run=_fetch,
    )
    parser.add_argument(
        "kind", nargs="?", metavar="KIND", help="stylegan2, swapae, cartoonizer, animegan2, dexined or upscaler"
    )
    parser.add_argument("name", metavar="NAME", help="of the model, such as webtoon")
    parser.add_argument("--checkpoints", metavar="DIR", help="put it here")
    parser.add_argument("--force", action="store_true", help="download again")


def _fetch(args: argparse.Namespace) -> int:
    from ..weights import registry, store

    record = registry.find(args.kind, args.name) if args.kind else registry.named(args.name)
    print(f"{record.title}: {record.licence}")
    print(store.fetch(record, checkpoints=args.checkpoints, force=args.force))
    return 0


def add_convert(commands: Any) -> None:
    parser = add_command(
        commands,
        "convert",
        "convert a checkpoint from or to its original format",
        examples="webtoonfaces convert stylegan2 250000.pt webtoon.safetensors\n"
        "webtoonfaces convert swapae mine.safetensors mine.pt --all",
        run=_convert,
    )
    parser.add_argument("family", choices=["stylegan2", "swapae", "cartoonizer", "animegan2", "dexined"])
    parser.add_argument("source", help="the file to convert")
    parser.add_argument("target", help="ends in .safetensors or .pt")
    parser.add_argument("--all", action="store_true", help="keep discriminators and unaveraged networks")


def _convert(args: argparse.Namespace) -> int:
    from ..weights import convert

    print(f"wrote {convert.convert_file(args.source, args.target, args.family, everything=args.all)}")
    return 0
