"""Records an InterpolationPad while it is dragged in a real JupyterLab: `docs/pad.webp`, an animation for the README.

    .venv/bin/python -m tools.record_pad [docs/pad.webp]

The pointer of a headless browser cannot be seen, so the pad's own handle shows where it is. Needs Chromium and the demo
models.
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.browser.lab import Notebook, starting_lab
from webtoonfaces.images import save_webp

PATH = Path(__file__).resolve().parents[1] / "docs" / "pad.webp"
ROOT_CLASS = "wf-interpolation-pad"
CODE = """\
import webtoonfaces as wf
explorer = wf.InterpolationPad(wf.load_stylegan2("demo"))
explorer"""
FRAMES, FPS = 40, 10
WIDTH = 560  # px of the recording


def frames(notebook: Notebook) -> Iterator[Image.Image]:
    """A round trip of the handle over the pad: once along an oval, a screenshot at each step."""
    notebook.settled()
    explorer, pad = notebook.find(""), notebook.find(".wf-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None, "the pad cannot be seen"
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = notebook.page.mouse
    mouse.move(x, y)
    mouse.down()
    for step in range(FRAMES):
        turn = 2 * math.pi * step / FRAMES
        mouse.move(x + 0.42 * box["width"] * math.sin(turn), y - 0.42 * box["height"] * math.cos(turn), steps=2)
        notebook.settled()  # the full picture, not the draft, which is coarse on a busy machine
        with Image.open(io.BytesIO(explorer.screenshot())) as shot:
            yield shot.convert("RGB")
    mouse.up()


def cropped(shots: list[Image.Image]) -> list[Image.Image]:
    """All of one size, scaled to `WIDTH`, without what lies below the pad and the picture."""
    height = min(shot.height for shot in shots)
    width = min(shot.width for shot in shots)
    size = WIDTH, round(height * WIDTH / width)
    return [shot.crop((0, 0, width, height)).resize(size, Image.Resampling.LANCZOS) for shot in shots]


def main() -> int:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PATH
    with starting_lab() as lab:
        lab.page.set_viewport_size({"width": 1000, "height": 900})
        lab.page.evaluate("jupyterapp.shell.collapseLeft()")
        with lab.showing(CODE, ROOT_CLASS) as notebook:
            shots = list(frames(notebook))
        for complaint in lab.trouble():
            print(f"complaint: {complaint}", file=sys.stderr)
    written = save_webp(cropped(shots), path, fps=FPS, quality=70)
    print(f"wrote {written}: {written.stat().st_size / 1024:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
