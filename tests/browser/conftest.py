"""One browser and one JupyterLab for all tests of this folder, started when the first one asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from .lab import BROWSERS, Lab, Notebook, find_browser, running_lab, start_browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """The system's Chromium, with a fresh profile."""
    if find_browser() is None:
        lacking = f"there is none of {', '.join(BROWSERS)}: install one, for instance apt-get install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking)
    with sync_playwright() as playwright:
        context = start_browser(playwright, tmp_path_factory.mktemp("profile"))
        yield context
        context.close()


@pytest.fixture(scope="session")
def lab(browser: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab"), browser) as server:
        yield server


@pytest.fixture
def notebook(opened: Notebook) -> Iterator[Notebook]:
    """The module's explorer; the test fails where anything complained meanwhile, or an error is on the screen."""
    yield opened
    assert not opened.lab.trouble()
    assert opened.find(".wf-status [role=alert]").count() == 0
