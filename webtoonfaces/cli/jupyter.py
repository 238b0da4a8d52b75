"""`webtoonfaces lab`: JupyterLab with the notebooks, on this machine only, with Jupyter's own token.

The notebooks are copied into a folder of the user's own, since the installed package is no place to work in. How the
server starts is in the configuration files of `lab_config/`. What is typed on the command line comes before those
files, so every option can be overridden.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import BadInputError, MissingExtraError
from ..files import replacing
from .flags import add_command

FOLDER, INDEX = "webtoonfaces-notebooks", "00_index.ipynb"
CONFIG = Path(__file__).with_name("lab_config")
EXAMPLES = """
webtoonfaces lab
webtoonfaces lab --dir faces --no-browser --port=9000
webtoonfaces lab 04_face2webtoon.ipynb
uvx --from "webtoonfaces[lab,faces]" webtoonfaces demo
"""
NOTES = """\
Everything else is passed on to `jupyter lab`, and runs in the folder. Notebooks that are there already stay as they
are. Ctrl-C, twice, stops the server."""


def add_lab(commands: Any) -> None:
    parser = add_command(
        commands,
        "lab",
        "copy the notebooks into a folder of your own and open them in JupyterLab",
        aliases=("demo",),
        examples=EXAMPLES,
        notes=NOTES,
        run=_lab,
    )
    parser.allow_abbrev = False  # of `--dir`: what is not ours is Jupyter's
    parser.add_argument("--dir", type=Path, default=Path(FOLDER), help=f"the folder (default: {FOLDER})")
    parser.set_defaults(passes_on=True)


def _lab(args: argparse.Namespace) -> int:
    import importlib.util

    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingExtraError("Opening JupyterLab", "lab", "jupyterlab")
    folder = args.dir.expanduser().resolve()
    copied = copy_notebooks(folder)
    print(f"{copied or 'No'} notebooks were copied to {folder}; those that were there stay as they are.", flush=True)
    os.chdir(folder)  # so that the name of a notebook, typed after the options, is found
    return serve([*place(folder, args.rest, notebook=INDEX), *args.rest])


def copy_notebooks(folder: Path) -> int:
    """Copy every notebook that `folder` lacks into it, making the folder; returns how many.

    Raises BadInputError if that cannot be done, for instance because a file has the folder's name.
    """
    copied = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in sorted(_source().glob("*.ipynb")):
            target = folder / notebook.name
            if not target.exists():
                with replacing(target) as draft:
                    draft.write_bytes(notebook.read_bytes())
                copied += 1
    except OSError as error:
        raise BadInputError(
            f"The notebooks cannot be copied to {folder}: {error.strerror or error}. Choose another folder with --dir."
        ) from error
    return copied


def _source() -> Path:
    """The folder of the notebooks: in the package, as the wheel installs it, or beside it, as in a clone."""
    package = Path(__file__).parents[1]
    carried = package / "notebooks"
    return carried if carried.is_dir() else package.parent / "notebooks"


def place(root: Path, typed: Sequence[str], *, notebook: str = "") -> list[str]:
    """The options for the server's folder and for the notebook it opens, without those that were typed.

    Jupyter refuses an option that it gets twice.
    """
    given = {word.partition("=")[0] for word in typed}
    options = []
    if not given & {"--ServerApp.root_dir", "--notebook-dir"}:
        options.append(f"--ServerApp.root_dir={root}")
    opened = any(not word.startswith("-") and word.endswith(".ipynb") for word in typed)
    if notebook and not opened and "--LabApp.default_url" not in given:
        options.append(f"--LabApp.default_url=/lab/tree/{notebook}")
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in given:  # in a container, say
        options.append("--allow-root")
    return options


def command(root: Path, *typed: str, notebook: str = "") -> list[str]:
    """The command line of a process that serves the folder `root`, and opens `notebook` inside it."""
    return [sys.executable, "-m", __name__, *place(root, typed, notebook=notebook), *typed]


def serve(arguments: Sequence[str]) -> int:
    """Run JupyterLab in this process until it is stopped, with `lab_config/` in front of the user's own files."""
    before = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([str(CONFIG), *([before] if before else [])])
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(argv=list(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
