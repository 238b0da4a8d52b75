"""From a key on a slider to the new picture on the screen, in a browser: python -m benchmarks.latency

The reference, in the same run, is a slider that shows one of two pictures made beforehand: what the round trip through
browser, server and kernel costs when nothing is drawn. Needs Chromium and the demo models; the first picture counts,
which for a slider may be a draft.
"""

from __future__ import annotations

import statistics
import sys

from tests.browser.lab import Lab, Notebook, starting_lab

PRESSES = 40
WARM_UP = 3
BARE = """\
import io
import ipywidgets as w
import numpy as np
from PIL import Image

def jpeg(seed):
    file = io.BytesIO()
    Image.fromarray(np.random.RandomState(seed).randint(0, 255, (24, 24, 3), np.uint8)).resize((384, 384)).save(
        file, "JPEG", quality=90
    )
    return file.getvalue()

class Bare(w.VBox):
    def wait(self, timeout):
        return True

frames = [jpeg(0), jpeg(1)]
slider, image = w.IntSlider(0, 0, 200, description="bare"), w.Image(value=frames[0], format="jpeg")
slider.observe(lambda change: setattr(image, "value", frames[change.new % 2]), "value")
view, status = w.Box([image]), w.HTML()
view.add_class("wf-view")
status.add_class("wf-status")
explorer = Bare([slider, view, status])
explorer.add_class("wf-bare")
explorer"""
MODELS = """\
import webtoonfaces as wf
G, AE = wf.load_stylegan2("demo"), wf.load_swapae("demo")
explorer = wf.{}
explorer"""
# What is shown, its class, the slider that is moved, and where that starts.
EXPLORERS = {
    "no model": (BARE, "wf-bare", "bare", ""),
    "InterpolationPad": (MODELS.format("InterpolationPad(G)"), "wf-interpolation-pad", None, "explorer.x = 0"),
    "LayerMixer": (
        MODELS.format("LayerMixer(G)"),
        "wf-layer-mixer",
        "all",
        "explorer.strengths = [0] * len(explorer.strengths)",
    ),
    "SwapExplorer": (MODELS.format("SwapExplorer(AE, G)"), "wf-swap-explorer", "location", "explorer.location = 0"),
    "FaceStudio": (
        MODELS.format("FaceStudio(AE, G, photo=wf.example_photo())"),
        "wf-face-studio",
        "location",
        "explorer.location = 0",
    ),
}


def press(notebook: Notebook, label: str | None, key: str) -> float:
    """Milliseconds from a key on a handle to the picture that it brings."""
    notebook.run("explorer.wait(60)")
    handle = notebook.find(".wf-pad-handle") if label is None else notebook.slider(label)
    notebook.page.evaluate(
        """() => {
          wf.shown.length = 0;
          document.addEventListener("keydown", () => (wf.pressed = performance.now()), { capture: true, once: true });
        }"""
    )
    handle.press(key)
    notebook.lab.until("wf.shown.length", "a picture is shown")
    taken: float = notebook.page.evaluate("wf.shown[0] - wf.pressed")
    return taken


def measure(lab: Lab, name: str) -> list[float]:
    code, root, label, start = EXPLORERS[name]
    with lab.showing(code, root) as notebook:
        notebook.picture()
        if label == "all":
            notebook.unfold("Strength of each layer")
        notebook.run("explorer.wait(120)")
        notebook.run(start)
        # There and back, so that also a short slider takes all presses.
        keys = (["ArrowRight"] * 10 + ["ArrowLeft"] * 10) * (PRESSES // 20 + 1)
        return [press(notebook, label, key) for key in keys[: PRESSES + WARM_UP]][WARM_UP:]


def main() -> int:
    with starting_lab() as lab:
        found = {name: measure(lab, name) for name in EXPLORERS}
    bare = statistics.median(found["no model"])
    print(f"{'':18} {'median':>8} {'95th':>8}   of the round trip alone   ({PRESSES} presses each)")
    for name, times in found.items():
        median, late = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(f"{name:18} {median:5.0f} ms {late:5.0f} ms {median / bare:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
