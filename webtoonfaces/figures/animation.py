"""A figure that is an animation."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ..errors import ImageError
from ..images import save_gif, save_mp4


@dataclass(frozen=True, eq=False)
class Animation:
    """Frames of one size, and their number per second; a notebook plays it."""

    frames: tuple[Image.Image, ...] = field(repr=False)
    fps: float = 20

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a `.gif` or an `.mp4` and return its path.

        Raises ImageError for another suffix, and MissingExtraError for an MP4 without the extra `video`.
        """
        suffix = Path(path).suffix.lower()
        if suffix == ".gif":
            return save_gif(self.frames, path, fps=self.fps)
        if suffix == ".mp4":
            return save_mp4(self.frames, path, fps=self.fps)
        raise ImageError(f"{Path(path).name!r} should end in .gif or .mp4: the suffix chooses the format.")

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            content = self.save(Path(folder, "animation.gif")).read_bytes()
        return {"image/gif": base64.b64encode(content).decode("ascii"), "text/plain": repr(self)}
