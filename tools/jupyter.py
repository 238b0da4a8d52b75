"""Starts JupyterLab for `make lab`, reachable only from this machine and with Jupyter's own token, at the index.

Arguments are passed on to JupyterLab, for instance `--no-browser` or `--port=9000`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from webtoonfaces.cli import jupyter

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = "notebooks/00_index.ipynb"


def command(*extra: str) -> list[str]:
    """The command that starts the server; `extra` overrides other options."""
    return jupyter.command(ROOT, *extra, notebook=NOTEBOOK)


if __name__ == "__main__":
    print("JupyterLab opens in your browser; if it does not, open the address below that starts with http://127.0.0.1.")
    print("Ctrl-C, twice, stops it.", flush=True)
    start = command(*sys.argv[1:])
    os.execv(start[0], start)  # replaces this process, so that Ctrl-C goes only to the server
