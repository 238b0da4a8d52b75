"""Custom widgets, each one's Python beside its JavaScript and style; a plain twin serves where they cannot load."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import traitlets as t

HERE = Path(__file__).parent


def plain_only() -> bool:
    """True where custom widgets cannot load (Kaggle), or where the user says so with WEBTOONFACES_PLAIN=1."""
    return "KAGGLE_KERNEL_RUN_TYPE" in os.environ or os.environ.get("WEBTOONFACES_PLAIN") == "1"


def source(name: str) -> Any:
    """The text of a script or a style in this folder, as the trait in which anywidget looks for it.

    Given a path, anywidget would connect every widget to the file for as long as Python runs.
    """
    return t.Unicode((HERE / name).read_text(encoding="utf-8")).tag(sync=True)
