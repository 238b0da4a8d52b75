"""Starts JupyterLab as `make lab` does: on this machine only, with Jupyter's own token, at the first notebook.

What is typed after it is handed on to JupyterLab, for instance `--no-browser` or `--port=9000`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = "notebooks/face2webtoon.ipynb"
UPLOAD_BYTES = 100 * 2**20  # Jupyter's own limit of 10 MiB drops a larger photo without a word


def command(*extra: str) -> list[str]:
    """The command line that starts the server; `extra` comes last, so it wins."""
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{NOTEBOOK}",
        f'--ServerApp.tornado_settings={{"websocket_max_message_size": {UPLOAD_BYTES}}}',
        # Nothing is asked of the network: no news, no search for updates or extensions.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),  # in a container, say
        *extra,
    ]


if __name__ == "__main__":
    print("JupyterLab opens in your browser; if it does not, open the address below that starts with http://127.0.0.1.")
    print("Ctrl-C, twice, stops it.", flush=True)
    start = command(*sys.argv[1:])
    os.execv(start[0], start)  # this process becomes the server, so Ctrl-C reaches it alone
