"""Takes screenshots of every explorer in JupyterLab: light, dark, narrow and wide, at rest and opened.

    .venv/bin/python -m tools.screenshots out/screens

writes the PNGs, and composes `docs/explorers.png` for the README from the light ones. Needs Chromium and the demo
models.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from tests.browser.lab import Lab, Notebook, starting_lab

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEAD = """\
import webtoonfaces as wf
G, AE = wf.load_stylegan2("demo"), wf.load_swapae("demo")
explorer = wf.{}
explorer"""
EXPLORERS = {
    "wf-interpolation-pad": "InterpolationPad(G)",
    "wf-layer-mixer": "LayerMixer(G)",
    "wf-swap-explorer": "SwapExplorer(AE, G)",
    "wf-face-studio": "FaceStudio(AE, G)",
}
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
LOOKS = {
    "light": (LIGHT, 1280),
    "dark": (DARK, 1280),
    "narrow": (LIGHT, 560),
    "narrow-dark": (DARK, 560),
    "wide": (LIGHT, 1400),
}
HEIGHT = 1400
ONE_WIDTH, GAP = 700, 20  # px: the width of an explorer in the README's picture, and the space between two


def take(notebook: Notebook, path: Path) -> None:
    """The explorer at rest, and with everything unfolded."""
    notebook.lab.until("wf.picture(root)", "a picture is shown", root=notebook.root)
    notebook.run("explorer.wait(60)")
    notebook.page.mouse.move(2, 2)  # or a button under the pointer looks pressed
    notebook.page.locator(f".{notebook.root}").screenshot(path=path)
    for button in notebook.find(".wf-accordion > .wf-row > button").all():
        button.press("Enter")
    if notebook.find(".wf-lens-compare").is_visible():
        notebook.find(".wf-lens-compare").click()
        notebook.find(".wf-lens").wait_for()
    notebook.page.locator(f".{notebook.root}").screenshot(path=path.with_stem(f"{path.stem}-opened"))


def look(lab: Lab, theme: str, width: int) -> None:
    """Switch theme and width, and hide the file browser."""
    lab.page.set_viewport_size({"width": width, "height": HEIGHT})
    lab.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    lab.page.evaluate("jupyterapp.shell.collapseLeft()")
    lab.until("document.body.dataset.jpThemeName === theme", "the theme is there", theme=theme)


def together(folder: Path) -> Image.Image:
    """The four light screenshots in two columns of equal width."""
    shots = []
    for root in EXPLORERS:
        with Image.open(folder / f"light-{root}.png") as taken:
            size = ONE_WIDTH, round(taken.height * ONE_WIDTH / taken.width)
            shots.append(taken.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    heights = [max(shot.height for shot in shots[row : row + 2]) for row in (0, 2)]
    sheet = Image.new("RGB", (2 * ONE_WIDTH + GAP, sum(heights) + GAP), "white")
    for index, shot in enumerate(shots):
        row, column = divmod(index, 2)
        sheet.paste(shot, (column * (ONE_WIDTH + GAP), row * (heights[0] + GAP)))
    return sheet


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/screens")
    folder.mkdir(parents=True, exist_ok=True)
    with starting_lab() as lab:
        for name, (theme, width) in LOOKS.items():
            look(lab, theme, width)
            for root, call in EXPLORERS.items():
                with lab.showing(HEAD.format(call), root) as notebook:
                    take(notebook, folder / f"{name}-{root}.png")
        for complaint in lab.trouble():
            print(f"complaint: {complaint}", file=sys.stderr)
    together(folder).save(DOCS / "explorers.png", optimize=True)
    print(f"wrote {folder} and docs/explorers.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
