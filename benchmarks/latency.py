"""From a key on a slider to the new picture on the screen, in a browser: python -m benchmarks.latency [--full]

The reference, in the same run, is a slider that shows one of two pictures made beforehand: what the round trip through
browser, server and kernel costs when nothing is drawn. Needs Chromium and the demo models, or with `--full` networks of
the published size with the random weights of `tests/golden`. A key is pressed when all is at rest.

first : until the first picture, which may be a draft.
settled : until the full picture; beside it, what that is of the time in which the kernel drew the full picture.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

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
DEMO = 'G, AE = wf.load_stylegan2("demo"), wf.load_swapae("demo")'
FULL = """\
from benchmarks.run import Bench
bench = Bench()
G, AE = bench.stylegan2(), bench.swapae()"""
MODELS = """\
import webtoonfaces as wf
{models}
explorer = wf.{{}}
explorer"""
# The kernel writes down what it draws. What follows a picture, enlarged or small, is left out.
WATCH = """\
explorer.wait(300)
explorer.upscale = False
explorer.small_pictures = lambda: {}
explorer.wait(300)
drawn, render = [], explorer.stage.renderer.render
def watched(request):
    result = render(request)
    drawn.append((result.draft, result.seconds))
    return result
explorer.stage.renderer.render = watched
explorer.wait(300)
"""
# What is shown, its class, the slider (its label, or a selector) that is moved, and where that starts.
EXPLORERS = {
    "no model": (BARE, "wf-bare", "bare", ""),
    "InterpolationPad": ("InterpolationPad(G)", "wf-interpolation-pad", ".wf-pad-handle", "explorer.x = 0"),
    "LayerMixer": (
        "LayerMixer(G)",
        "wf-layer-mixer",
        "all",
        "explorer.strengths = [0] * len(explorer.strengths)",
    ),
    "SwapExplorer": (
        "SwapExplorer(AE, G)",
        "wf-swap-explorer",
        ".wf-strip-cell[tabindex='0']",
        "explorer.location = 0",
    ),
    "FaceStudio": (
        "FaceStudio(AE, G, photo=wf.example_photo())",
        "wf-face-studio",
        "own style",
        "explorer.location = 0",
    ),
}


@dataclass(frozen=True)
class Press:
    """Milliseconds from a key to the first picture and to the full one, and in which the kernel drew the latter."""

    first: float
    settled: float
    render: float
    draft: bool


def press(notebook: Notebook, label: str, key: str, *, watched: bool) -> Press:
    """What a key on a handle brings."""
    notebook.run("explorer.wait(60); drawn.clear()" if watched else "explorer.wait(60)")
    handle = notebook.find(label) if label.startswith(".") else notebook.slider(label)
    notebook.page.evaluate(
        """() => {
          wf.shown.length = 0;
          document.addEventListener("keydown", () => (wf.pressed = performance.now()), { capture: true, once: true });
        }"""
    )
    handle.press(key)
    notebook.lab.until("wf.shown.length", "a picture is shown")
    pictures: list[list[float]] = [[0, 0]]
    if watched:
        notebook.run("explorer.wait(60)")
        pictures = notebook.value("drawn")
        count = str(len(pictures))
        notebook.lab.until("wf.shown.length >= Number(count)", "the full picture is shown", count=count)
    shown: list[float] = notebook.page.evaluate("wf.shown.map((time) => time - wf.pressed)")
    return Press(shown[0], shown[len(pictures) - 1], 1000 * pictures[-1][1], bool(pictures[0][0]))


def measure(lab: Lab, name: str, models: str, presses: int) -> list[Press]:
    code, root, label, start = EXPLORERS[name]
    watched = name != "no model"
    with lab.showing(MODELS.format(models=models).format(code) if watched else code, root) as notebook:
        notebook.picture()
        if label == "all":
            notebook.unfold("Strength of each layer")
        notebook.run("explorer.wait(300)")
        notebook.run(start)
        if watched:
            notebook.run(WATCH)
        # There and back, so that also a short slider takes all presses.
        keys = (["ArrowRight"] * 10 + ["ArrowLeft"] * 10) * (presses // 20 + 1)
        return [press(notebook, label, key, watched=watched) for key in keys[: presses + WARM_UP]][WARM_UP:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="networks of the published size, with random weights")
    parser.add_argument("--presses", type=int, default=PRESSES, help="of each explorer")
    parser.add_argument("--only", default=",".join(EXPLORERS), help="comma-separated explorers")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    args = parser.parse_args()
    models = FULL if args.full else DEMO
    with starting_lab() as lab:
        found = {name: measure(lab, name, models, args.presses) for name in args.only.split(",")}
    print("| | drafts | first, ms | 95th of 100 | settled, ms | of the render time |\n|---|---|---|---|---|---|")
    for name, presses in found.items():
        first, settled = [p.first for p in presses], statistics.median(p.settled for p in presses)
        late = statistics.quantiles(first, n=20)[-1]
        drafts = sum(p.draft for p in presses)
        line = f"| {name} | {drafts} of {len(presses)} | {statistics.median(first):.0f} | {late:.0f}"
        share = "" if not presses[0].render else f"{statistics.median(p.settled / p.render for p in presses):.2f}"
        print(f"{line} | {settled:.0f} | {share} |")
    if args.json:
        args.json.write_text(
            json.dumps({name: [vars(p) for p in all_] for name, all_ in found.items()}, indent=1) + "\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
