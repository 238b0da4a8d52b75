"""Tests notebooks as on Colab: runs them up to their first picture, with Colab's packages and without this one.

The environment is made in a temporary folder and copied for each notebook. The first cell installs the wheel of this
clone instead of the repository; all other cells run unchanged, in a kernel of that environment. It must work without a
restart and within a time limit, and the landmark models, 100 MB, may be installed only if a face is aligned. If a check
fails, the exit code is 1 and the reason is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ("01_interpolation", "04_face2webtoon")  # one without a photo, and the one that most people want
PRESENT = ("torch", "numpy", "pillow", "matplotlib", "ipywidgets", "ipykernel")
LIMIT_S = 60
CELL_S = 300
SHOWN = {"application/vnd.jupyter.widget-view+json", "image/png", "image/jpeg"}
_REQUIREMENT = re.compile(r'"webtoonfaces(\[[\w,]+\])? @ git\+[^"]+"')

# Code that runs in the kernel between the notebook's own cells; each part prints JSON.
STATE = """
import importlib.metadata, importlib.util, json, sys
import ipywidgets
print(json.dumps({
    "versions": {each.name: each.version for each in importlib.metadata.distributions()},
    "widgets": [ipywidgets.__version__, id(ipywidgets)],
    "fetched": importlib.util.find_spec("face_recognition_models") is not None,
    "loaded": "face_recognition_models" in sys.modules,
}))
"""
PICTURE = """
import json
shown = _
if getattr(shown, "photo", shown) is None:
    shown.load(wf.example_photo())  # like the button "Example"
done = shown.wait()
picture = shown.render()
print(json.dumps({
    "explorer": type(shown).__name__,
    "on_screen": bool(done and shown.view.children[0].value),
    "size": picture.size,
    "colours": len(picture.getcolors(2**24)),
}))
"""


class CheckFailedError(Exception):
    """A problem that a person would have on Colab."""


# ------------------------------------------------------------------------------------------------ the environment


def build_wheel(folder: Path) -> Path:
    """The wheel of this clone."""
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def write_constraints(folder: Path) -> tuple[Path, Path]:
    """Two files: the versions of all of Colab's packages, and the same without Colab's own, which pip might replace."""
    colab = _pins(ROOT / "constraints-colab.txt")
    others = [pin for name, pin in _pins(ROOT / "constraints.txt").items() if name not in colab]
    full, free = folder / "full.txt", folder / "free.txt"
    full.write_text("\n".join([*others, *colab.values()]), encoding="utf-8")
    free.write_text("\n".join(others), encoding="utf-8")
    return full, free


def _pins(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(Requirement(line).name): line for line in lines if line and not line.startswith("#")}


def make_environment(folder: Path, constraints: Path) -> None:
    """An environment with the packages that Colab has before the first cell."""
    _run([sys.executable, "-m", "venv", str(folder)])
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    _run([*pip, *PRESENT], PIP_CONSTRAINT=str(constraints))
    # On Colab, packages are compiled to bytecode. All of torch would take a minute; this compiles what is imported.
    _run([python, "-c", "import ipykernel.kernelapp, ipywidgets, matplotlib.pyplot, PIL.Image, torch"])


def copy_environment(made: Path, copy: Path) -> Path:
    """A fast copy: its files are hard links, which is safe because pip replaces files and never writes into one."""
    shutil.copytree(made, copy, symlinks=True, copy_function=os.link)
    return copy


def _run(command: list[str], **variables: str) -> None:
    done = subprocess.run(
        command,
        cwd=tempfile.gettempdir(),
        env=_clean_environment() | variables,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise CheckFailedError(f"{' '.join(command)}\n{done.stdout}")


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "WEBTOONFACES"))}


# ---------------------------------------------------------------------------------------------------- a notebook


def cells_of(name: str, wheel: Path) -> list[nbformat.NotebookNode]:
    """The code cells of a notebook; the first installs the wheel, with the extras that it asks for."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    local = f" @ {wheel.as_uri()}"
    cells[0].source, found = _REQUIREMENT.subn(lambda m: f'"webtoonfaces{m[1] or ""}{local}"', cells[0].source)
    if found != 1:
        raise CheckFailedError(f"The first cell of {name} does not install webtoonfaces.")
    return cells


def rehearse(name: str, *, wheel: Path, environment: Path, constraints: Path, limit: float) -> str:
    """Run a notebook up to its first picture; returns the result in words.

    Raises CheckFailedError for a problem that a person would have on Colab.
    """
    folder = environment.parent / f"{name}-home"
    work = folder / "content"
    work.mkdir(parents=True)
    cells = cells_of(name, wheel)
    notebook = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell()])  # the last one is for the checks
    client = NotebookClient(
        notebook, km=_kernel(environment, folder), timeout=CELL_S, resources={"metadata": {"path": str(work)}}
    )
    variables = {
        "IPYTHONDIR": str(folder / "ipython"),
        "PIP_CONSTRAINT": str(constraints),
        "PIP_NO_CACHE_DIR": "1",  # download everything, as on a new machine
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the debugger would print a warning about Python itself
        "WEBTOONFACES_CACHE": str(folder / "cache"),
    }
    with client.setup_kernel(cleanup_kc=True, env=_clean_environment() | variables):

        def ask(question: str) -> Any:
            cell = client.execute_cell(nbformat.v4.new_code_cell(question), len(cells), store_history=False)
            return json.loads("".join(output.text for output in cell.outputs if output.get("name") == "stdout"))

        before = ask(STATE)
        check_start(before)
        began = time.monotonic()
        client.execute_cell(cells[0], 0)
        installed_s = time.monotonic() - began
        _run_until_shown(client, cells)
        check_landmarks(shown=ask(STATE))
        picture = ask(PICTURE)
        total_s = time.monotonic() - began
        after = ask(STATE)
    check_no_restart(before, after)
    check_landmarks(drawn=after)
    if not picture["on_screen"] or picture["colours"] < 2:
        raise CheckFailedError(f"{picture['explorer']} shows no picture: {picture}.")
    if total_s > limit:
        raise CheckFailedError(f"It took {total_s:.0f} s until the first picture; at most {limit:.0f} s are allowed.")
    width, height = picture["size"]
    return (
        f"{total_s:.0f} s from the first cell to the first picture, {installed_s:.0f} s of them to install; "
        f"{picture['explorer']}: {width} × {height} px, {picture['colours']} colours; "
        f"ipywidgets {after['widgets'][0]} before and after; "
        f"landmark models {'fetched, and loaded for the face' if after['fetched'] else 'not fetched'}"
    )


def _kernel(environment: Path, folder: Path) -> AsyncKernelManager:
    """A kernel of the environment, not of the one that runs this program."""
    spec = folder / "kernels" / "colab" / "kernel.json"
    spec.parent.mkdir(parents=True)
    start = [str(environment / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": start, "display_name": "Colab", "language": "python"}), encoding="utf-8")
    known = KernelSpecManager(kernel_dirs=[str(spec.parents[1])], ensure_native_kernel=False)
    return AsyncKernelManager(kernel_name="colab", kernel_spec_manager=known)


def _run_until_shown(client: NotebookClient, cells: list[nbformat.NotebookNode]) -> None:
    for number, cell in enumerate(cells[1:], start=1):
        client.execute_cell(cell, number)
        if any(SHOWN & set(output.get("data", {})) for output in cell.outputs):
            return
    raise CheckFailedError("No cell shows a picture.")


# ----------------------------------------------------------------------------------------------------- the checks


def check_start(state: Any) -> None:
    """Check that the environment is Colab's; otherwise the other checks would be meaningless."""
    versions = state["versions"]
    wrong = [
        f"{name} {versions[name]}"
        for name, wanted in (("ipywidgets", "7.7."), ("ipykernel", "6."))
        if not versions[name].startswith(wanted)
    ]
    if wrong or "webtoonfaces" in versions or state["fetched"]:
        raise CheckFailedError(f"The environment is not that of Colab: {wrong or 'this package is in it'}.")


def check_no_restart(before: Any, after: Any) -> None:
    """Check that no package was replaced, so that everything that the kernel has imported is up to date."""
    replaced = [
        f"{name} {version} by {after['versions'].get(name, 'nothing')}"
        for name, version in before["versions"].items()
        if after["versions"].get(name) != version
    ]
    if replaced:
        raise CheckFailedError(f"The first cell replaced {', '.join(replaced)}: Colab would ask for a restart.")
    if before["widgets"] != after["widgets"]:
        raise CheckFailedError(f"ipywidgets was imported again: {before['widgets']}, then {after['widgets']}.")


def check_landmarks(*, shown: Any = None, drawn: Any = None) -> None:
    """Check that the models are not loaded before a face is aligned, and not installed if no face is aligned."""
    if shown and shown["loaded"]:
        raise CheckFailedError("The landmark models are loaded before a face is aligned.")
    if drawn and drawn["fetched"] and not drawn["loaded"]:
        raise CheckFailedError("The landmark models were installed, but no face was aligned.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds to the first picture (default: 60)")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="colab-check-") as name:
            folder = Path(name)
            wheel = build_wheel(folder / "dist")
            full, free = write_constraints(folder)
            make_environment(folder / "environment", full)
            print(f"Colab's packages are installed after {time.monotonic() - began:.0f} s.", flush=True)
            for notebook in NOTEBOOKS:
                environment = copy_environment(folder / "environment", folder / notebook)
                told = rehearse(notebook, wheel=wheel, environment=environment, constraints=free, limit=options.limit)
                print(f"{notebook}: {told}.", flush=True)
    except (CheckFailedError, CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        print(f"colab-check failed: {error}", file=sys.stderr)
        return 1
    print(f"{time.monotonic() - began:.0f} s in all.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
