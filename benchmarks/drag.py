"""A drag of 60 steps with a model that takes 0.3 s a picture, in a browser: python -m benchmarks.drag

Three ways to answer it, in one run: `observe`, which draws in the callback; a queue, which draws every position; and
an explorer. Counted are the pictures drawn, and the time from the release to the last one on the screen. JupyterLab
sends a plain `observe` no new position before it has drawn the last one, which keeps it from falling behind, but the
kernel's widgets are deaf meanwhile.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tests.browser.lab import Lab, starting_lab

STEPS = 60
SLOW = """\
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import ipywidgets as w
from PIL import Image

import webtoonfaces as wf
from webtoonfaces.widgets.frontend.pad import Pad

drawn = []

def slow(x):
    time.sleep(0.3)
    drawn.append(x)
    return Image.new("RGB", (384, 384), (round(255 * x), 128, 128))

class Plain(w.VBox):
    def __init__(self):
        self.pad, self.picture, self.pool = Pad(), w.Image(format="jpeg"), ThreadPoolExecutor(1)
        view, status = w.Box([self.picture]), w.HTML()
        view.add_class("wf-view")
        status.add_class("wf-status")
        super().__init__([self.pad, view, status])
        self.add_class("wf-plain")
        self.show(0.5)

    x = property(lambda self: self.pad.x)

    def show(self, x):
        file = io.BytesIO()
        slow(x).save(file, "JPEG")
        self.picture.value = file.getvalue()

"""
OBSERVE = 'explorer = Plain()\nexplorer.pad.observe(lambda change: explorer.show(change.new), "x")\nexplorer'
QUEUE = (
    'explorer = Plain()\nexplorer.pad.observe(lambda change: explorer.pool.submit(explorer.show, change.new), "x")\n'
    "explorer"
)
EXPLORER = """\
explorer = wf.InterpolationPad(wf.load_stylegan2("demo"))
explorer.wait(60)
explorer.stage.renderer.draw = lambda picture, **_: slow(explorer.x)
explorer.refresh()
explorer"""
WAYS = {"observe": (OBSERVE, "wf-plain"), "queue": (QUEUE, "wf-plain"), "explorer": (EXPLORER, "wf-interpolation-pad")}


@dataclass(frozen=True)
class Drag:
    """What a drag brought: pictures drawn, and milliseconds from the release to the last one shown."""

    drawn: int
    settled: float


def measure(lab: Lab, name: str) -> Drag:
    code, root = WAYS[name]
    with lab.showing(SLOW + code, root) as notebook:
        notebook.picture()
        if name == "explorer":
            notebook.run("explorer.wait(60)")
        notebook.run("drawn.clear()")
        notebook.page.evaluate(
            """() => {
              const released = () => (wf.released = performance.now());
              document.addEventListener("pointerup", released, { capture: true, once: true });
            }"""
        )
        pad = notebook.find(".wf-pad").bounding_box()
        assert pad is not None
        notebook.drag(notebook.find(".wf-pad-handle"), [])
        x, y = pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] / 2
        for step in range(1, STEPS + 1):
            notebook.page.mouse.move(x + step * 0.45 * pad["width"] / STEPS, y)
        notebook.release()
        notebook.until("explorer.x > 0.94 and drawn and drawn[-1] == explorer.x")
        # The picture's colour tells what it was drawn from.
        wanted = notebook.value("round(255 * explorer.x)")
        notebook.lab.until(
            "wf.colour(root).then((red) => Math.abs(red - Number(wanted)) <= 2)",
            "the last picture is shown",
            root=root,
            wanted=str(wanted),
        )
        settled: float = notebook.page.evaluate("wf.shown[wf.shown.length - 1] - wf.released")
        return Drag(notebook.value("len(drawn)"), settled)


def main() -> int:
    with starting_lab() as lab:
        found = {name: measure(lab, name) for name in WAYS}
    plain = found["observe"]
    for name, drag in found.items():
        print(
            f"{name:10} {drag.drawn:3} pictures ({drag.drawn / plain.drawn:.1f} of observe), last one shown "
            f"{drag.settled / 1000:5.2f} s after the release ({drag.settled / plain.settled:.1f} of observe)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
