"""A figure that is an animation."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ..images import save_animation

WALK_STEPS = 20  # from one sample of a walk to the next, as on the original page


@dataclass(frozen=True, eq=False)
class Animation:
    """Frames of one size, and their number per second; a notebook plays it."""

    frames: tuple[Image.Image, ...] = field(repr=False)
    fps: float = 20

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a `.gif`, a `.webp` or an `.mp4` and return its path.

        Raises ImageError for another suffix, and MissingExtraError for an MP4 without the extra `video`.
        """
        return save_animation(self.frames, path, fps=self.fps)

    @property
    def html(self) -> str:
        """An element that plays it, with the frames inside."""
        with tempfile.TemporaryDirectory() as folder:
            content = self.save(Path(folder, "animation.webp")).read_bytes()
        data = base64.b64encode(content).decode("ascii")
        return f'<img src="data:image/webp;base64,{data}" alt="animation">'

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        # As HTML, because not every notebook knows the type image/webp.
        return {"text/html": self.html, "text/plain": repr(self)}
