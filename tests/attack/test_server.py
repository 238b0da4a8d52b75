"""JupyterLab as `make lab` starts it: on this machine only, with a token, and with no address of another server."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from webtoonfaces.cli import jupyter

pytest.importorskip("jupyterlab")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.timeout(120)
def test_the_page_names_no_other_server(tmp_path: Path):
    port = free_port()
    options = ("--no-browser", f"--port={port}", "--IdentityProvider.token=secret", "--ServerApp.log_level=ERROR")
    server = subprocess.Popen(jupyter.command(tmp_path, *options), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        page = ""
        while not page:
            assert server.poll() is None
            try:
                page = urllib.request.urlopen(f"{address}/lab?token=secret", timeout=10).read().decode()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        config = json.loads(page.split('<script id="jupyter-config-data" type="application/json">')[1].split("<")[0])
        assert config["fullMathjaxUrl"].startswith("/")
        assert "cdn" not in page.lower()
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}/api/contents", timeout=10)
    finally:
        server.terminate()
        server.wait(20)
