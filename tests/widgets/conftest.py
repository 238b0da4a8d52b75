"""What the tests of the explorers share."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

import webtoonfaces as wf
from webtoonfaces.images import scaled
from webtoonfaces.rendering.saved import Shelf
from webtoonfaces.widgets.pictures import VIEW


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def run_cell(monkeypatch, tmp_path, tiny_generator, tiny_swapae) -> Callable[[str], Image.Image]:
    """Runs a cell as a notebook does, in an empty folder, and gives what its last line shows."""
    monkeypatch.setattr(wf, "load_stylegan2", lambda _: tiny_generator)
    monkeypatch.setattr(wf, "load_swapae", lambda _: tiny_swapae)
    monkeypatch.chdir(tmp_path)

    def run(cell: str) -> Image.Image:
        *body, last = ast.parse(cell).body
        assert isinstance(last, ast.Expr)
        names: dict[str, object] = {}
        exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)

    return run


@pytest.fixture
def photo(tmp_path) -> Iterator[str]:
    """The path of a picture that is no square and of no size that a model has."""
    levels = np.random.RandomState(0).randint(0, 255, (9, 12, 3), dtype=np.uint8)
    path = tmp_path / "me at home.png"
    Image.fromarray(levels).resize((150, 110), Image.Resampling.BICUBIC).save(path)
    yield str(path)


def same(a: Image.Image, b: Image.Image) -> bool:
    return a.size == b.size and np.array_equal(np.asarray(a), np.asarray(b))


def apart(a: Image.Image, b: Image.Image) -> float:
    """Mean difference of two pictures, of 255."""
    return float(np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).mean())


def saved_of(picture: Image.Image) -> Image.Image:
    """What Save writes of a square picture that a model drew: at least as large as it is shown."""
    return scaled(picture, max(VIEW, *picture.size))
