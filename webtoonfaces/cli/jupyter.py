"""`webtoonfaces lab`: starts JupyterLab, reachable only from this machine and protected by Jupyter's own token."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from .flags import add_command

UPLOAD_BYTES = 100 * 2**20  # with Jupyter's default of 10 MiB, a larger photo is lost without a message

SETTINGS = {
    "websocket_max_message_size": UPLOAD_BYTES,
    # JupyterLab has its own MathJax; without this its page names the address of an old one on a public server.
    "mathjax_url": "static/mathjax",
}


def add_lab(commands: Any) -> None:
    add_command(commands, "lab", "open JupyterLab", examples="webtoonfaces lab", run=_lab).add_argument(
        "arguments", nargs=argparse.REMAINDER, help="passed on to jupyter lab"
    )


def _lab(args: argparse.Namespace) -> int:
    import importlib.util
    import subprocess

    from ..errors import MissingExtraError

    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingExtraError("Opening JupyterLab", "lab", "jupyterlab")
    return subprocess.call(command(Path.cwd(), *args.arguments))


def command(root: Path, *extra: str, notebook: str = "") -> list[str]:
    """The command that starts JupyterLab in the folder `root` with `notebook` open; `extra` overrides other options."""
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={root}",
        *([f"--LabApp.default_url=/lab/tree/{notebook}"] if notebook else []),
        f"--ServerApp.tornado_settings={json.dumps(SETTINGS)}",
        # No requests to the network: no news, no search for updates or extensions.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),  # as in a container
        *extra,
    ]
