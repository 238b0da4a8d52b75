"""Draws the pictures of the README that need no browser, into `docs/`, with the demo models.

`docs/cartoons.png` documents how the toolkit combines lines and colours before a photo is encoded, which the original
never published. Run it after a demo model has changed: `.venv/bin/python tools/draw_pictures.py`.
"""

from __future__ import annotations

import functools
import sys
import tempfile
from pathlib import Path

from PIL import Image

import webtoonfaces as wf
from webtoonfaces.figures.gallery import CONTACT, Gallery
from webtoonfaces.images import contact_sheet
from webtoonfaces.webtoonize.cartoonize import Step, inked
from webtoonfaces.webtoonize.classical import lines

DOCS = Path(__file__).resolve().parents[1] / "docs"
CELL, WIDTH, COLOURS = 160, 900, 256  # px of a picture, px of the sheet of figures, and colours of its palette
STYLE = 1  # seed of the style in which the cartoons are redrawn


def cartoons(generator: wf.StyleGAN2, swapae: wf.SwappingAutoencoder) -> Image.Image:
    """A face, its colours, its lines, and both together; below, the reconstruction of each, and in another style."""
    face = wf.align_face(wf.example_photo())
    colours = functools.partial(wf.cartoonize, strength=0)
    ink = lines(face.image)
    white = Image.new("RGB", face.image.size, "white")
    steps: dict[str, Step] = {
        "photo": None,
        "colours alone": colours,
        "lines alone": lambda picture: inked(white, ink, strength=0.85),
        "strength 0.4": functools.partial(wf.cartoonize, strength=0.4),
        "strength 0.85 (default)": wf.cartoonize,
    }
    sheets = [
        wf.face2webtoon(face, styles=[STYLE], swapae=swapae, generator=generator, locations=(3,), cartoonize=step)
        for step in steps.values()
    ]
    seen = [sheet.portrait.encoded for sheet in sheets]
    rebuilt = [sheet.reconstruction for sheet in sheets]
    redrawn = [sheet.images[0][0] for sheet in sheets]
    labels = [*steps, *["rebuilt"] * len(steps), *["in another style"] * len(steps)]
    return contact_sheet([*seen, *rebuilt, *redrawn], columns=len(steps), cell=CELL, gap=4, labels=labels)


def portraits() -> Image.Image:
    """The photo that travels with the package, and its portrait in every title."""
    portrait = wf.portrait(wf.example_photo())
    drawn = [portrait.draw(title, 2 * CELL) for title in wf.titles()]
    labels = ["photo", *wf.titles()]
    sheet = contact_sheet([portrait.face.image, *drawn], columns=5, cell=CELL + 20, gap=4, labels=labels)
    return sheet  # in all its colours: gradients would show bands


def figures(generator: wf.StyleGAN2, swapae: wf.SwappingAutoencoder) -> Image.Image:
    """Every figure, small, on one sheet."""
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery(folder, generator=generator, swapae=swapae)
        for name in wf.figures.names():
            entry = gallery.add(name)
            if entry.path is None:
                raise SystemExit(f"{name}: {entry.why}")
        gallery.finish()
        with Image.open(Path(folder) / CONTACT) as sheet:
            size = WIDTH, round(sheet.height * WIDTH / sheet.width)
            return sheet.convert("RGB").resize(size, Image.Resampling.LANCZOS).quantize(COLOURS)


def main() -> int:
    generator, swapae = wf.load_stylegan2("demo"), wf.load_swapae("demo")
    sheet = wf.face2webtoon(wf.example_photo(), styles=5, swapae=swapae, generator=generator, upscale=True)
    drawn = {
        "face2webtoon": sheet.sheet(cell=CELL),
        "portraits": portraits(),
        "cartoons": cartoons(generator, swapae),
        "figures": figures(generator, swapae),
    }
    for name, picture in drawn.items():
        path = DOCS / f"{name}.png"
        picture.save(path, optimize=True)
        print(f"wrote docs/{path.name}: {picture.width} x {picture.height} px, {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
