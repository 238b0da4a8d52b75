"""Every notebook: kept without outputs, twinned with a script, free of anything but the public names, and it runs.

It runs headless in an empty folder and may reach this machine only, so what it needs travels with the package.
"""

from __future__ import annotations

import ast
import math
import os
import sys
from pathlib import Path
from queue import Empty
from typing import Any

import jupytext
import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.channels import AsyncZMQSocketChannel
from nbclient import NotebookClient
from traitlets import Type

import webtoonfaces as wf
from tools.write_notebooks import SCRIPTS, repository, written
from webtoonfaces.faces.detect import KEPT_DETECTOR

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_S = 240
LISTEN_S = 1.0

# Read by every Python that the notebook starts. An audit hook cannot be taken away again.
LOOPBACK_ONLY = """
import sys

def refuse(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host not in (None, "", "localhost", "::1") and not str(host).startswith("127."):
        raise ConnectionError(f"this notebook must not reach {host}")

sys.addaudithook(refuse)
"""


class Listening(AsyncZMQSocketChannel):
    """A channel that looks again every second: now and then a message wakes nobody, and is seen after the timeout."""

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        left = math.inf if timeout is None else timeout
        while True:
            try:
                return await super().get_msg(timeout=min(left, LISTEN_S))
            except Empty:
                left -= LISTEN_S
                if left <= 0:
                    raise


class ListeningClient(AsyncKernelClient):
    shell_channel_class = Type(Listening)
    iopub_channel_class = Type(Listening)


each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_of(path: Path) -> ast.Module:
    """The code of all cells, with IPython's % and ! lines made Python."""
    cells = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    return ast.parse("".join(TransformerManager().transform_cell(source) for source in cells))


def run(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook in a new kernel, in `folder`, without the network; raises `CellExecutionError` where it fails."""
    guard, cache, work = folder / "guard", folder / "cache", folder / "work"
    for each in (guard, cache, work):
        each.mkdir(parents=True)
    (guard / "sitecustomize.py").write_text(LOOPBACK_ONLY, encoding="utf-8")
    own = {
        "PYTHONPATH": os.pathsep.join([str(guard), str(ROOT)]),
        "WEBTOONFACES_CACHE": str(cache),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    kernel = AsyncKernelManager(kernel_name="python3", client_factory=ListeningClient)
    client = NotebookClient(notebook, km=kernel, timeout=CELL_S, resources={"metadata": {"path": work}})
    done = client.execute(env=os.environ | own)
    assert {path.name for path in cache.iterdir()} <= {KEPT_DETECTOR}, "something was downloaded"
    return done


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS, "notebooks/ is empty"


@each_notebook
def test_it_is_kept_without_outputs(path: Path) -> None:
    notebook = read(path)
    assert "widgets" not in notebook.metadata  # the states of widgets are outputs too
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), f"cell {number}"


@each_notebook
def test_it_has_an_equal_twin_that_can_be_reviewed(path: Path) -> None:
    script = SCRIPTS / f"{path.stem}.py"
    assert script.is_file(), f"{path.name} has no script in tools/notebooks"
    twin = jupytext.read(script, fmt="py:percent")
    content = [(cell.cell_type, cell.source) for cell in read(path).cells]
    assert content == [(cell.cell_type, cell.source) for cell in twin.cells]


@each_notebook
def test_it_is_as_its_script_writes_it(path: Path) -> None:
    for file, text in written(SCRIPTS / f"{path.stem}.py").items():
        assert file.read_text(encoding="utf-8") == text, "run tools/write_notebooks.py"


@each_notebook
def test_it_names_the_one_repository(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    owner_and_name = repository().removeprefix("https://github.com/")
    assert f"colab.research.google.com/github/{owner_and_name}/blob/main/notebooks/{path.name}" in text
    assert f"git+{repository()}" in text
    assert text.count("github") == text.count(owner_and_name)


@each_notebook
def test_it_needs_nothing_but_the_public_names(path: Path) -> None:
    tree = code_of(path)
    allowed = {"IPython", "PIL", "ipywidgets", "webtoonfaces", *sys.stdlib_module_names}
    aliases = {"webtoonfaces"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            aliases |= {alias.asname for alias in node.names if alias.name == "webtoonfaces" and alias.asname}
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.module == "webtoonfaces":
                assert {alias.name for alias in node.names} <= set(wf.__all__)
        else:
            continue
        for name in names:
            assert name.partition(".")[0] in allowed, f"{name} is imported"
            assert not name.startswith("webtoonfaces."), f"{name} is not for notebooks"
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases
    }
    assert used, "it does not use the package at all"
    assert used <= {*wf.__all__, "__version__"}


@each_notebook
def test_it_runs_with_nothing_downloaded(path: Path, tmp_path: Path) -> None:
    done = run(read(path), tmp_path)
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs, "it shows nothing"


@pytest.mark.parametrize(
    "source",
    [
        "import urllib.request\nurllib.request.urlopen('https://192.0.2.1/')",  # an address reserved for examples
        "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    ],
)
def test_a_notebook_that_reaches_out_is_caught(tmp_path: Path, source: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    with pytest.raises(Exception, match=r"must not reach 192\.0\.2\.1"):
        run(notebook, tmp_path)
