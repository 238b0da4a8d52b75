"""Saved pictures with their recipes, and the shelf: a folder of them that all explorers and later sessions share.

An item on the shelf is an ordinary PNG; its recipe contains the code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ..errors import BadInputError, ImageError, UnknownNameError
from ..images import load_image, png_text, save_image
from ..pretrained.generators import StyleGAN2, SwappingAutoencoder, load_recorded
from ..pretrained.upscaler import Upscaler, load_recorded_upscaler
from . import recipe as r
from .renderer import Renderer

FOLDER = "shelf"


def save_picture(picture: Image.Image, path: str | os.PathLike[str], recipe: r.Recipe) -> Path:
    """Write a PNG with its recipe, from which `replay` draws it again; BadInputError for other formats."""
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise BadInputError(f"A picture is saved with its recipe as PNG, but {path.name} does not end in .png.")
    return save_image(picture, path, metadata={r.KEY: recipe.to_json()})


def read_recipe(path: str | os.PathLike[str]) -> r.Recipe:
    """The recipe in a PNG; RecipeError if there is none or it cannot be read."""
    try:
        text = png_text(path, r.KEY)
    except ImageError as error:
        raise r.RecipeError(f"{_shown(path)} cannot be read as a PNG. {error}") from error
    if text is None:
        raise r.RecipeError(
            f"{_shown(path)} contains no recipe. Only PNGs saved by webtoonfaces have one, and image editors often "
            "remove it."
        )
    return r.Recipe.from_json(text)


def _shown(path: str | os.PathLike[str]) -> str:
    return Path(path).name[:200]


def replay(
    path: str | os.PathLike[str],
    *,
    generator: StyleGAN2 | None = None,
    swapae: SwappingAutoencoder | None = None,
    upscaler: Upscaler | None = None,
) -> Image.Image:
    """Draw a saved picture again: on the same machine and engine the same pixels, elsewhere within 2 of 255.

    The models that its recipe names are loaded if they are on this machine; nothing is ever downloaded. For a picture
    made with a model of your own, pass that model.

    Raises RecipeError for a picture without a usable recipe, WeightsError if a model is missing or another version.
    """
    recipe = read_recipe(path)
    given: dict[str, Any] = {"stylegan2": generator, "swapae": swapae, "upscaler": upscaler}
    for model in recipe.models:
        handle = given[model.family]
        if handle is not None and handle.weights is not None and handle.weights.sha256 == model.sha256:
            continue
        if not model.name:
            raise BadInputError(
                f"This picture was made with a {model.family} model that has no name (sha256 {model.sha256[:12]}...). "
                f"Pass it: replay(path, {'generator' if model.family == 'stylegan2' else model.family}=...)."
            )
        if model.family == "upscaler":
            given["upscaler"] = load_recorded_upscaler(model.name, model.sha256)
        else:
            given[model.family] = load_recorded(model.family, model.name, model.sha256)
    renderer = Renderer(given["stylegan2"], given["swapae"], upscaler=given["upscaler"])
    return renderer.draw(recipe.picture)


@dataclass(frozen=True)
class Item:
    """A picture on the shelf."""

    name: str
    path: Path

    @property
    def picture(self) -> Image.Image:
        return load_image(self.path)

    @property
    def recipe(self) -> r.Recipe:
        return read_recipe(self.path)


class Shelf:
    """A folder of saved pictures: `$WEBTOONFACES_SHELF`, or `shelf` in the current folder."""

    def __init__(self, folder: str | os.PathLike[str] | None = None):
        self.folder = Path(folder or os.environ.get("WEBTOONFACES_SHELF") or FOLDER)

    def __iter__(self) -> Iterator[Item]:
        """The newest first."""
        found = []
        with suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                # Files come and go, and links may lead nowhere.
                with suppress(OSError):
                    if entry.name.endswith(".png") and not entry.name.startswith(".") and entry.is_file():
                        found.append((entry.stat().st_mtime_ns, entry.name))
        for _, name in sorted(found, reverse=True):
            # A name need not be text; what a browser is sent has to be.
            shown = os.fsencode(name).decode("utf-8", "replace")
            yield Item(shown.removesuffix(".png"), self.folder / name)

    def __getitem__(self, name: str) -> Item:
        for item in self:
            if item.name == name:
                return item
        raise UnknownNameError("picture on the shelf", name, [item.name for item in self])

    def keep(self, picture: Image.Image, recipe: r.Recipe, *, name: str = "picture") -> Item:
        """Put a picture on the shelf; a number is added to a name that exists already."""
        stem = re.sub(r"[^\w -]+", "", name).strip()[:60] or "picture"
        path, number = self.folder / f"{stem}.png", 1
        while path.exists():
            number += 1
            path = self.folder / f"{stem} {number}.png"
        return Item(path.stem, save_picture(picture, path, recipe))
