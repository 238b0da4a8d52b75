"""A button and a file name: what it saves takes a while, and is written in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets as w

from .background_tasks import BackgroundTasks, Progress
from .groups import named
from .stage import Stage


class SaveRow(w.Box):
    """Writes a file of the name in its field when its button is pressed.

    save : called with the name and the progress to report to, in the background; returns the path of the file.
    steps : how many steps that takes, asked when the button is pressed.
    note : a sentence that follows "saved NAME." in the status line.
    """

    def __init__(
        self,
        stage: Stage,
        tasks: BackgroundTasks,
        label: str,
        icon: str,
        *,
        name: str,
        tooltip: str,
        save: Callable[[str, Progress], Path],
        steps: Callable[[], int],
        note: str = "",
    ):
        field = named(
            w.Text(name, continuous_update=False, layout=w.Layout(width="150px")), f"Name of the file: {label}"
        )

        def press() -> None:
            path = field.value

            def write(progress: Progress) -> str:
                saved = save(path, progress)
                return f"saved {saved}. {note}" if note else f"saved {saved}"

            tasks.start(label, write, steps=steps())

        super().__init__([stage.button(label, icon, tooltip, press), field])
        self.layout.flex_flow, self.layout.align_items = "row wrap", "center"
