"""The command line: one thin command for each public call.

Exit codes: 0 done, 1 something went wrong (the message says what to do), 2 the command was mistyped, 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import WebtoonFacesError
from .data import add_data
from .evaluate import add_evaluate
from .figures import add_figures
from .train import add_export, add_train

Run = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = _parser()
    args = parser.parse_args(argv)
    if not hasattr(args, "run"):
        parser.print_help()
        return 2
    try:
        return args.run(args)
    except WebtoonFacesError as error:
        print(f"webtoonfaces: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("webtoonfaces: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="webtoonfaces", description="Explore faces of webtoons.")
    parser.add_argument("--version", action="version", version=f"webtoonfaces {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (_lab, _models, _fetch, _convert, _align, _cartoonize, _face2webtoon, _sample, _interpolate, _doctor):
        add(commands)
    for add in (add_figures, add_data, add_train, add_export, add_evaluate):
        add(commands)
    return parser


def _add(commands: Any, name: str, about: str, examples: str, run: Run) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_model(parser: argparse.ArgumentParser, *, kind: str, flag: str) -> None:
    parser.add_argument(flag, default="demo", metavar="NAME", help=f"{kind}: a name or a file (default: demo)")


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", help="cpu, cuda or mps (default: the best there is)")
    parser.add_argument("--checkpoints", metavar="DIR", help="look for weights here first")


def _add_psi(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--psi",
        "--truncation-psi",
        type=float,
        default=0.7,
        metavar="PSI",
        help="truncation of the samples: 0 the average face, 1 none (default: 0.7)",
    )


def _numbers(text: str) -> list[int]:
    """ "1,2,5-7" -> [1, 2, 5, 6, 7]."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        try:
            numbers = range(int(first), int(last) + 1) if dash else [int(first)]
        except ValueError:
            raise argparse.ArgumentTypeError(f"{part!r} is no number and no range such as 0-7") from None
        if not numbers:
            raise argparse.ArgumentTypeError(f"{part!r} runs backwards: the smaller number comes first")
        found += numbers
    return found


def _reals(text: str) -> list[float]:
    """ "2,4.5" -> [2.0, 4.5]."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number, and no list such as 3,5") from None


def _save(picture: Any, path: str) -> None:
    from ..images import save_image

    print(f"wrote {save_image(picture, path)}")


# ---------------------------------------------------------------------------------------------------------------


def _lab(commands: Any) -> None:
    _add(commands, "lab", "open JupyterLab", "  webtoonfaces lab", _run_lab).add_argument(
        "arguments", nargs=argparse.REMAINDER, help="passed on to jupyter lab"
    )


def _run_lab(args: argparse.Namespace) -> int:
    import importlib.util
    import subprocess

    from ..errors import MissingExtraError
    from .jupyter import command

    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingExtraError("Opening JupyterLab", "lab", "jupyterlab")
    return subprocess.call(command(Path.cwd(), *args.arguments))


def _models(commands: Any) -> None:
    _add(commands, "models", "list the models that have a name", "  webtoonfaces models", _run_models)


def _run_models(_: argparse.Namespace) -> int:
    from ..pretrained.cartoonizers import DEXINED, cartoonizer_names
    from ..weights import registry, store

    uses = {record: f" (cartoonize --model {name})" for name, record in cartoonizer_names().items()}
    uses[registry.find("dexined", "biped")] = f" (cartoonize --edges {DEXINED})"
    for record in registry.records():
        here = store.locate(record)
        state = "here" if here else ("to download" if record.sources else "not published")
        print(f"{record.kind:11} {record.name:20} {state:14} {record.title}{uses.get(record, '')}")
    return 0


def _fetch(commands: Any) -> None:
    parser = _add(
        commands,
        "fetch",
        "download a model's weights",
        "  webtoonfaces fetch stylegan2 webtoon\n  webtoonfaces fetch animegan2 face_paint_512_v2",
        _run_fetch,
    )
    parser.add_argument("kind", help="stylegan2, swapae, cartoonizer, animegan2 or dexined")
    parser.add_argument("name")
    parser.add_argument("--checkpoints", metavar="DIR", help="put it here")
    parser.add_argument("--force", action="store_true", help="download again")


def _run_fetch(args: argparse.Namespace) -> int:
    from ..weights import registry, store

    record = registry.find(args.kind, args.name)
    print(f"{record.title}: {record.licence}")
    print(store.fetch(record, checkpoints=args.checkpoints, force=args.force))
    return 0


def _convert(commands: Any) -> None:
    parser = _add(
        commands,
        "convert",
        "convert a checkpoint from or to its original format",
        "  webtoonfaces convert stylegan2 250000.pt webtoon.safetensors\n"
        "  webtoonfaces convert swapae mine.safetensors mine.pt --all",
        _run_convert,
    )
    parser.add_argument("family", choices=["stylegan2", "swapae", "cartoonizer", "animegan2", "dexined"])
    parser.add_argument("source")
    parser.add_argument("target", help="ends in .safetensors or .pt")
    parser.add_argument("--all", action="store_true", help="keep discriminators and unaveraged networks")


def _run_convert(args: argparse.Namespace) -> int:
    from ..weights import convert

    print(f"wrote {convert.convert_file(args.source, args.target, args.family, everything=args.all)}")
    return 0


def _add_face(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo")
    parser.add_argument("--box", type=float, nargs=4, metavar=("L", "T", "R", "B"), help="where the head is, in pixels")
    parser.add_argument("--index", type=int, default=0, help="which face, 0 being the most prominent")
    parser.add_argument("--fallback", choices=["center"], help="take the middle where no face is found")
    parser.add_argument("--landmark-model", choices=["68", "5"], default="68", help="5: free for every use")


def _aligned(args: argparse.Namespace, size: int) -> Any:
    from ..errors import FaceNotFoundError
    from ..faces import align_face
    from ..faces.find import SURE

    try:
        face = align_face(
            args.photo,
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
            f"webtoonfaces: this may be no face: the detector's score is {face.score:.2f}, and sure ones have "
            f"{SURE} or more. If it is none, say where the head is: --box L T R B",
            file=sys.stderr,
        )
    return face


def _align(commands: Any) -> None:
    parser = _add(
        commands,
        "align",
        "cut a face out of a photo, upright and centred",
        "  webtoonfaces align photo.jpg -o face.png\n  webtoonfaces align group.jpg -o face.png --all",
        _run_align,
    )
    _add_face(parser)
    parser.add_argument("-o", "--out", default="face.png")
    parser.add_argument("--size", type=int, default=256, help="side of the crop in pixels")
    parser.add_argument("--all", action="store_true", help="every face, as face-1.png, face-2.png, ...")


def _run_align(args: argparse.Namespace) -> int:
    if not args.all:
        _save(_aligned(args, args.size).image, args.out)
        return 0
    from ..faces import align_faces

    out = Path(args.out)
    for i, face in enumerate(align_faces(args.photo, size=args.size, landmark_model=args.landmark_model), start=1):
        _save(face.image, str(out.with_name(f"{out.stem}-{i}{out.suffix}")))
    return 0


def _cartoonize(commands: Any) -> None:
    parser = _add(
        commands,
        "cartoonize",
        "redraw a photo as a cartoon",
        "  webtoonfaces cartoonize photo.jpg -o cartoon.png\n"
        "  webtoonfaces cartoonize photo.jpg -o cartoon.png --model animegan2-face_paint_512_v2\n"
        "  webtoonfaces cartoonize photo.jpg -o cartoon.png --model facial-cartoonizer --edges dexined",
        _run_cartoonize,
    )
    parser.add_argument("photo")
    parser.add_argument("-o", "--out", default="cartoon.png")
    parser.add_argument(
        "--model",
        default="classical",
        metavar="NAME",
        help="classical, facial-cartoonizer, animegan2-..., or a file (default: classical, which downloads nothing)",
    )
    parser.add_argument("--edges", metavar="NAME", help="lines, dexined or a file (default: the model's own)")
    parser.add_argument("--strength", type=float, default=0.85, help="of the lines, 0 to 1 (default: 0.85)")
    parser.add_argument("--size", type=int, default=1024, help="longer side it is drawn at, in pixels (default: 1024)")
    _add_place(parser)


def _run_cartoonize(args: argparse.Namespace) -> int:
    from ..webtoonize.cartoonize import cartoonize

    cartoon = cartoonize(
        args.photo,
        model=args.model,
        edges=args.edges,
        strength=args.strength,
        size=args.size,
        device=args.device,
        checkpoints=args.checkpoints,
    )
    _save(cartoon, args.out)
    return 0


def _face2webtoon(commands: Any) -> None:
    parser = _add(
        commands,
        "face2webtoon",
        "redraw a photo in webtoon styles",
        "  webtoonfaces face2webtoon photo.jpg -o sheet.png\n"
        "  webtoonfaces face2webtoon photo.jpg -o sheet.png --gif exploration.gif --seed 7\n"
        "  webtoonfaces face2webtoon photo.jpg -o sheet.png --style drawing.png --style 3 --locations 2 4\n"
        "  webtoonfaces face2webtoon photo.jpg -o sheet.png --cartoonize facial-cartoonizer --edges dexined",
        _run_face2webtoon,
    )
    _add_face(parser)
    parser.add_argument("-o", "--out", default="sheet.png", help="the sheet (default: sheet.png)")
    parser.add_argument("--gif", metavar="FILE", help="write the style exploration too")
    parser.add_argument("--singles", metavar="DIR", help="write every picture by itself too")
    parser.add_argument("--styles", type=int, default=5, help="how many samples to take as styles (default: 5)")
    parser.add_argument("--style", action="append", default=[], help="a seed or a picture; can be given several times")
    parser.add_argument("--locations", type=_reals, nargs="+", default=[[3, 5]], help="swap locations (default: 3 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the first sample")
    _add_psi(parser)
    parser.add_argument(
        "--cartoonize",
        nargs="?",
        const="classical",
        metavar="MODEL",
        help="make a cartoon of the photo first; MODEL as in the command cartoonize (default: classical)",
    )
    parser.add_argument("--edges", metavar="NAME", help="the cartoon's lines: lines, dexined or a file")
    _add_model(parser, kind="Swapping Autoencoder", flag="--swapae")
    _add_model(parser, kind="StyleGAN2", flag="--stylegan2")
    _add_place(parser)


def _run_face2webtoon(args: argparse.Namespace) -> int:
    import webtoonfaces as wf

    from ..webtoonize.cartoonize import cartoonize

    swapae = wf.load_swapae(args.swapae, device=args.device, checkpoints=args.checkpoints)
    generator = wf.load_stylegan2(args.stylegan2, device=args.device, checkpoints=args.checkpoints)
    styles = [int(style) if style.isdigit() else style for style in args.style] or args.styles
    cartoon = partial(
        cartoonize, model=args.cartoonize, edges=args.edges, device=args.device, checkpoints=args.checkpoints
    )
    sheet = wf.face2webtoon(
        _aligned(args, max(256, swapae.size)),
        styles=styles,
        swapae=swapae,
        generator=generator,
        locations=[location for part in args.locations for location in part],
        seed=args.seed,
        truncation_psi=args.psi,
        cartoonize=cartoon if args.cartoonize or args.edges else None,
    )
    _save(sheet.sheet(), args.out)
    if args.singles:
        print(f"wrote {len(sheet.save(args.singles))} pictures to {args.singles}")
    if args.gif:
        print(f"wrote {sheet.gif(args.gif, seed=args.seed)}")
    return 0


def _sample(commands: Any) -> None:
    parser = _add(
        commands,
        "sample",
        "draw faces from seeds",
        "  webtoonfaces sample -o faces.png --seeds 0-23\n  webtoonfaces sample -o one.png --seeds 7 --psi 0.5",
        _run_sample,
    )
    parser.add_argument("-o", "--out", default="samples.png")
    parser.add_argument("--seeds", type=_numbers, help="such as 0-7 or 3,14,15 (default: eight from --seed on)")
    parser.add_argument("--seed", type=int, default=0)
    _add_psi(parser)
    parser.add_argument("--columns", type=int)
    _add_model(parser, kind="StyleGAN2", flag="--model")
    _add_place(parser)


def _run_sample(args: argparse.Namespace) -> int:
    import webtoonfaces as wf

    g = wf.load_stylegan2(args.model, device=args.device, checkpoints=args.checkpoints)
    ws = g.sample_ws(args.seeds or range(args.seed, args.seed + 8), truncation_psi=args.psi)
    _save(wf.contact_sheet(g.render(ws), columns=args.columns), args.out)
    return 0


def _interpolate(commands: Any) -> None:
    parser = _add(
        commands,
        "interpolate",
        "draw the faces between four seeds",
        "  webtoonfaces interpolate 0 1 2 3 -o grid.png\n  webtoonfaces interpolate 5 6 7 8 -o loop.gif",
        _run_interpolate,
    )
    parser.add_argument("seeds", type=int, nargs=4, help="corners: top left, top right, bottom left, bottom right")
    parser.add_argument("-o", "--out", default="grid.png", help=".png for a grid, .gif or .mp4 for a loop")
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--cols", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="frames between two corners of a loop")
    _add_psi(parser)
    _add_model(parser, kind="StyleGAN2", flag="--model")
    _add_place(parser)


def _run_interpolate(args: argparse.Namespace) -> int:
    import webtoonfaces as wf

    g = wf.load_stylegan2(args.model, device=args.device, checkpoints=args.checkpoints)
    ws = g.sample_ws(args.seeds, truncation_psi=args.psi)
    if args.out.endswith((".gif", ".mp4")):
        frames = g.render(wf.loop(ws[[0, 1, 3, 2]], steps=args.steps))  # round the square, not across it
        print(f"wrote {(wf.save_gif if args.out.endswith('.gif') else wf.save_mp4)(frames, args.out)}")
    else:
        grid = wf.interpolate(ws, rows=args.rows, cols=args.cols)
        _save(wf.contact_sheet(g.render(grid), columns=args.cols), args.out)
    return 0


def _doctor(commands: Any) -> None:
    parser = _add(
        commands, "doctor", "check the installation and say what to fix", "  webtoonfaces doctor", _run_doctor
    )
    parser.add_argument("--checkpoints", metavar="DIR", help="check the weights in this folder too")


def _run_doctor(args: argparse.Namespace) -> int:
    from .doctor import diagnose

    return diagnose(checkpoints=args.checkpoints)
