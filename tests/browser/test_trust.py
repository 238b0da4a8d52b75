"""A restarted kernel, a closed tab, and where the page's requests go."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext

from .lab import Notebook, running_lab

ROOT = "wf-interpolation-pad"
CODE = """\
import webtoonfaces as wf

explorer = wf.InterpolationPad(wf.load_stylegan2("demo"))
explorer"""
THREADS = "sum(one.name.startswith('webtoonfaces') for one in __import__('threading').enumerate())"


@pytest.mark.slow  # it starts a server of its own, to see every request from the first one on
def test_a_restart_and_a_closed_tab_end_nothing_and_nothing_is_fetched(
    browser: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # a restarted kernel's debugger prints advice otherwise
    asked: list[str] = []
    browser.on("request", lambda request: asked.append(request.url))
    browser.on("page", lambda page: page.on("websocket", lambda socket: asked.append(socket.url)))
    with running_lab(tmp_path, browser) as lab:
        lab.page.evaluate("code => wf.show(code)", CODE)
        notebook = Notebook(lab, lab.page, ROOT)
        notebook.settled()
        before = notebook.value("__import__('os').getpid()")
        lab.page.evaluate("wf.kernel().restart()")
        lab.until("wf.ready()", "the kernel is there again")
        assert notebook.value("'explorer' in globals()") is False
        assert notebook.value("__import__('os').getpid()") != before
        lab.page.evaluate("code => wf.show(code)", CODE)
        notebook.until("'explorer' in globals()")
        notebook.settled()
        notebook.drag(notebook.find(".wf-pad-handle"), [(40, -30), (70, 50)])
        notebook.until("explorer.x > 0.5")
        assert not lab.trouble()
        lab.page.close()

        lab.page = browser.new_page()
        lab.open()
        again = Notebook(lab, lab.page, ROOT)
        assert again.value("explorer.wait(60)") and again.value("explorer.x > 0.5")
        again.until(f"{THREADS} == 0")
        lab.page.evaluate("code => wf.show(code)", "explorer")
        again.settled()
        shown = again.picture()
        again.find(".wf-random").click()
        again.changed(shown)
        again.settled()
        assert not lab.trouble()
        again.run("explorer.close()")
        lab.page.close()
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:", "about:"))}
    assert hosts == {"127.0.0.1"}, sorted(url for url in asked if "127.0.0.1" not in url)[:10]
    assert len(asked) > 50 and any(url.startswith("ws:") for url in asked)
