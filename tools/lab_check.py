"""Checks `make lab`: starts the same server, runs notebooks through it like JupyterLab, and stops it.

Cells are sent over the server's own web socket, so address, token, folder, kernel and notebook are those that a person
gets. If one of them fails, the exit code is 1 and the reason is printed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import nbformat
import websocket
from jupyter import NOTEBOOK, ROOT, command
from jupyter_server.services.kernels.connection.base import deserialize_binary_message

NOTEBOOKS = (NOTEBOOK, "notebooks/04_face2webtoon.ipynb")  # the one that opens first, and the one most people want
START_S = 90
NOTEBOOK_S = 900
STOP_S = 20
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/lab\S*\?token=[0-9a-f]+")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SESSION = uuid.uuid4().hex


class CheckFailedError(Exception):
    """A problem that a person would have with `make lab`."""


@dataclass(frozen=True)
class Server:
    """A running server, given by the address that it printed."""

    address: str

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.address).query)["token"][0]

    def ask(self, path: str, *, method: str = "GET", body: Any = None, token: str | None = None) -> bytes:
        """The server's answer to a request; without `token`, its own is sent."""
        request = urllib.request.Request(
            f"http://{self.host}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token if token is None else token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            content: bytes = answer.read()
        return content


@contextmanager
def running_lab() -> Iterator[Server]:
    """The server of `make lab`, on a free port, with its own settings and cache; it is stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="lab-check-") as folder:
        log = Path(folder, "server.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                command("--no-browser", f"--port={_free_port()}", "--ServerApp.port_retries=0"),
                cwd=ROOT,
                env=os.environ | _fresh_folders(Path(folder)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _wait_until_ready(process, log)
        except Exception:
            print(log.read_text(errors="replace")[-5000:], file=sys.stderr)
            raise
        finally:
            _stop(process)


def _fresh_folders(folder: Path) -> dict[str, str]:
    jupyter = [f"JUPYTER_{what}_DIR" for what in ("CONFIG", "DATA", "RUNTIME")]
    lab = [f"JUPYTERLAB_{what}_DIR" for what in ("SETTINGS", "WORKSPACES")]
    return {name: str(folder / name.lower()) for name in (*jupyter, *lab, "IPYTHONDIR", "WEBTOONFACES_CACHE")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> Server:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CheckFailedError(f"JupyterLab ended at once, with exit code {process.returncode}.")
        printed = _ADDRESS.search(log.read_text(errors="replace"))
        if printed is not None:
            server = Server(printed[0])
            try:
                server.ask("/api/status")
            except urllib.error.URLError:
                pass  # printed, but not listening yet
            else:
                return server
        time.sleep(0.2)
    raise CheckFailedError(f"JupyterLab printed no address that answers within {START_S} s.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)  # Jupyter stops its kernels, then itself
    try:
        process.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def check_page(server: Server) -> None:
    """Check that the printed address opens JupyterLab at the notebook, and that requests without the token fail."""
    if urlsplit(server.address).path != f"/lab/tree/{NOTEBOOK}":
        raise CheckFailedError(f"The printed address {server.address} does not open {NOTEBOOK}.")
    with urllib.request.urlopen(server.address, timeout=30) as answer:
        if b"jupyter-config-data" not in answer.read():
            raise CheckFailedError(f"{server.address} does not show JupyterLab.")
    try:
        server.ask("/api/contents", token="none")
    except urllib.error.HTTPError as refusal:
        if refusal.code == 403:
            return
    raise CheckFailedError("The server answers requests without its token.")


def run_notebook(server: Server, path: str) -> int:
    """Run every code cell of a notebook in a session of the server; returns their number.

    Raises CheckFailedError if a cell fails, or if the notebook takes longer than `NOTEBOOK_S`.
    """
    content = json.loads(server.ask(f"/api/contents/{path}?content=1"))["content"]
    cells = [cell for cell in nbformat.from_dict(content).cells if cell.cell_type == "code"]
    if not cells:
        raise CheckFailedError(f"{path} has no code to run.")
    session = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    opened = json.loads(server.ask("/api/sessions", method="POST", body=session))
    channels = websocket.create_connection(
        f"ws://{server.host}/api/kernels/{opened['kernel']['id']}/channels?session_id={_SESSION}",
        header=[f"Authorization: token {server.token}"],
        timeout=START_S,
    )
    deadline = time.monotonic() + NOTEBOOK_S
    try:
        for number, cell in enumerate(cells, start=1):
            error = _run_cell(channels, cell.source, deadline)
            if error:
                raise CheckFailedError(f"Cell {number} of {path} failed:\n{cell.source}\n\n{error}")
    except websocket.WebSocketTimeoutException:
        raise CheckFailedError(f"{path} took longer than {NOTEBOOK_S} s.") from None
    finally:
        channels.close()
        server.ask(f"/api/sessions/{opened['id']}", method="DELETE")
    return len(cells)


def _run_cell(channels: websocket.WebSocket, source: str, deadline: float) -> str | None:
    """Run one cell; returns its traceback, or None if there was no error."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": _SESSION, "username": ""}
    request = {
        "channel": "shell",
        "header": header | {"version": "5.3", "date": ""},
        "parent_header": {},
        "metadata": {},
        "content": {"code": source, "silent": False, "store_history": True, "allow_stdin": False},
    }
    channels.send(json.dumps(request))
    error, replied, idle = None, False, False
    while not (replied and idle):  # reply and output come over different channels, in any order
        channels.settimeout(max(deadline - time.monotonic(), 0.001))
        message = _receive(channels)
        if message["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "error" or (kind == "execute_reply" and content["status"] != "ok"):
            error = _COLOUR.sub("", "\n".join(content.get("traceback", []))) or content["status"]
        replied |= kind == "execute_reply"
        idle |= kind == "status" and content["execution_state"] == "idle"
    return error


def _receive(channels: websocket.WebSocket) -> dict[str, Any]:
    data = channels.recv()
    message: dict[str, Any] = json.loads(data) if isinstance(data, str) else deserialize_binary_message(data)
    return message


def main() -> int:
    began = time.monotonic()
    try:
        with running_lab() as server:
            print(f"JupyterLab answers after {time.monotonic() - began:.0f} s.", flush=True)
            check_page(server)
            for path in NOTEBOOKS:
                print(f"{path}: {run_notebook(server, path)} cells ran without an error.", flush=True)
    except (CheckFailedError, OSError, websocket.WebSocketException) as error:
        print(f"lab-check failed: {error}", file=sys.stderr)
        return 1
    print(f"{time.monotonic() - began:.0f} s in all.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
