"""What `FaceStudio` writes in the background: the whole photo, the drawn portrait, an animation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets as w

from ...webtoonize.photo import FRAMES
from .background_tasks import BackgroundTasks, Progress
from .groups import row
from .save_row import SaveRow
from .stage import Stage

NO_RECIPE = "It is the whole photo, so it has no recipe: a recipe never holds a photo."
Write = Callable[[str, Progress], Path]


def studio_files(
    stage: Stage, tasks: BackgroundTasks, *, photo: Write, faces: Callable[[], int], drawing: Write, animation: Write
) -> w.Box:
    """A button and a name for each; `faces` says how many are pasted into the whole photo."""
    return row(
        SaveRow(
            stage,
            tasks,
            "Save photo",
            "image",
            name="webtoon-photo.png",
            tooltip="Save the whole photo with the webtoon in it",
            save=photo,
            steps=faces,
            note=NO_RECIPE,
        ),
        SaveRow(
            stage,
            tasks,
            "Save portrait",
            "pencil",
            name="portrait.svg",
            tooltip="Save the portrait, as .svg or .pdf (curves), .png, .jpg or .webp",
            save=drawing,
            steps=lambda: 1,
        ),
        SaveRow(
            stage,
            tasks,
            "Animation",
            "film",
            name="webtoon-face.webp",
            tooltip="Save a walk through the styles of ten samples, as .webp (small), .gif or .mp4",
            save=animation,
            steps=lambda: FRAMES,
        ),
    )
