"""Writing a folder of figures: a file for each, a page that shows all, and a contact sheet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from ..errors import BadInputError, ImageError, UnknownNameError, WebtoonFacesError
from ..images import ImageSource, contact_sheet, load_image, save_image
from ..pretrained.generators import StyleGAN2, SwappingAutoencoder, load_stylegan2, load_swapae
from ..pretrained.networks import Weights
from .animation import Animation
from .catalog import BY_NAME, Figure, find
from .inputs import Inputs

PAGE, CONTACT = "index.html", "contact.png"
COLUMNS, THUMBNAIL, GAP, GREY = 5, (320, 240), 12, "#808080"

STYLE = """
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif;
       color: #222; background: #f4f4f2; }
nav a { display: inline-block; margin-right: .8rem; }
figure { margin: 3rem 0; }
figcaption { margin-bottom: .6rem; max-width: 45rem; }
img { display: block; max-width: 100%; height: auto; }
.failed { padding: .6rem .9rem; border-left: 4px solid #b00020; background: #fff; }
a { color: #0b57a4; }
"""


@dataclass(frozen=True, eq=False)
class Entry:
    """One figure of a gallery: its file, or the reason why it could not be made."""

    figure: Figure
    path: Path | None = None
    why: str = ""
    thumbnail: Image.Image | None = None


class Gallery:
    """Draws figures into a folder, each with one call of `add`; `finish` writes the page and the contact sheet.

    If a figure cannot be made, its entry says why, and further figures can be added. The pictures given are rotated, so
    that figures of one kind begin with different ones.
    """

    def __init__(
        self,
        out: str | os.PathLike[str],
        *,
        swapae: SwappingAutoencoder | None = None,
        generator: StyleGAN2 | None = None,
        images: Sequence[ImageSource] = (),
        data: str | os.PathLike[str] | None = None,
        run: str | os.PathLike[str] | None = None,
        seed: int = 0,
    ):
        """Make the folder `out`, and load the models.

        swapae, generator, seed : as in `draw`.     images : for every figure that takes pictures.
        data, run : the inputs of the figures `dataset` and `fid`.     Raises BadInputError if `out` cannot be a folder.
        """
        self.out = Path(out).expanduser()
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInputError(
                f"The figures need a folder, but {self.out} cannot be made: {error.strerror}. Choose another one."
            ) from error
        self.swapae = swapae or load_swapae()
        self.generator = generator or load_stylegan2()
        self.images = [load_image(image) for image in images]
        self.paths = {"dataset": data, "fid": run}
        self.seed = seed
        self.entries: list[Entry] = []

    def add(self, name: str) -> Entry:
        """Draw and write one figure. Raises UnknownNameError; other errors are reported in the entry."""
        figure = find(name)
        try:
            entry = self._made(figure)
        except WebtoonFacesError as error:
            entry = Entry(figure, why=str(error))
        except Exception as error:  # after any error, the other figures can still be made
            entry = Entry(figure, why=f"{type(error).__name__}: {error}")
        self.entries.append(entry)
        return entry

    def finish(self) -> Path:
        """Write `contact.png` and `index.html`; returns the page's path. Raises ImageError if that fails."""
        if self.entries:
            labels = [entry.figure.name if entry.path else f"{entry.figure.name}: failed" for entry in self.entries]
            thumbnails = [entry.thumbnail for entry in self.entries]
            contact = contact_sheet(
                thumbnails,
                columns=min(COLUMNS, len(thumbnails)),
                labels=labels,
                cell=THUMBNAIL,
                gap=GAP,
                margin=GAP,
                background=GREY,
            )
            save_image(contact, self.out / CONTACT)
        page = self.out / PAGE
        try:
            page.write_text(self._page(), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise ImageError(f"{page} could not be written: {error.strerror}.") from error
        return page

    def _made(self, figure: Figure) -> Entry:
        inputs = Inputs(
            swapae=self.swapae, generator=self.generator, images=self._given(figure), seed=figure.seed + self.seed
        )
        drawn = figure.make(inputs, **figure.options)
        if isinstance(drawn, Animation):
            path = drawn.save(self.out / f"{figure.name}.gif")
            still = drawn.frames[len(drawn.frames) // 2].copy()
        else:
            path = save_image(drawn, self.out / f"{figure.name}.png")
            still = drawn
        still.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
        return Entry(figure, path=path, thumbnail=still)

    def _given(self, figure: Figure) -> Any:
        if figure.name in self.paths:
            return self.paths[figure.name]
        if not self.images:
            return None
        turn = list(BY_NAME).index(figure.name) % len(self.images)
        count = figure.options.get("pictures", 1)
        return (self.images[turn:] + self.images[:turn])[:count]

    def _page(self) -> str:
        models = ", ".join(_described(model) for model in (self.generator, self.swapae))
        links = "\n".join(f'<a href="#{_address(e.figure.name)}">{escape(e.figure.name)}</a>' for e in self.entries)
        figures = "\n".join(self._section(entry) for entry in self.entries)
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>Figures</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Figures</h1>\n"
            f"<p>Drawn with {escape(models)}; seed {self.seed}.</p>\n"
            f"<nav>\n{links}\n</nav>\n{figures}\n</body>\n</html>\n"
        )

    def _section(self, entry: Entry) -> str:
        name = escape(entry.figure.name)
        if entry.path is None:
            shown = f'<p class="failed">It could not be made. {escape(entry.why)}</p>'
        else:
            source = _address(entry.path.relative_to(self.out).as_posix())
            shown = f'<img src="{source}" alt="{name}" loading="lazy">'
        return (
            f'<figure id="{_address(entry.figure.name)}">\n'
            f"<figcaption><strong>{name}</strong><br>{escape(entry.figure.about)}</figcaption>\n{shown}\n</figure>"
        )


def chosen(patterns: Sequence[str]) -> list[str]:
    """The figures whose names match one of the patterns, such as `swapae/*`, in the table's order; all for no pattern.

    Raises UnknownNameError for a pattern that matches no name.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in BY_NAME):
            raise UnknownNameError("figure", pattern, BY_NAME)
    return [name for name in BY_NAME if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)]


def _address(name: str) -> str:
    """A name as a relative address and an id, escaped for HTML."""
    return escape(quote(name))


def _described(model: StyleGAN2 | SwappingAutoencoder) -> str:
    weights: Weights | None = model.weights
    named = f"{weights.name or weights.path.name} (sha256 {weights.sha256[:12]})" if weights else "(unnamed)"
    return f"{type(model).__name__} {named} at {model.size} px"
