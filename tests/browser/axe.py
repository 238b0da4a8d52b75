"""What axe-core, the checker of accessibility, finds inside an explorer."""

from __future__ import annotations

import os
from typing import Any

import pytest

from .lab import Notebook

GRAVE = ("serious", "critical")


def findings(notebook: Notebook) -> list[str]:
    """The serious findings inside the explorer, a line each: the rule, and the first elements that break it."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("axe-playwright-python is not installed")

    ran: Any = Axe().run(notebook.page, context=f".{notebook.root}")
    return [
        f"{found['id']}: {', '.join(node['html'][:120] for node in found['nodes'][:3])}"
        for found in ran.response["violations"]
        if found["impact"] in GRAVE
    ]
