"""Scenes as cells: what has no shorter form is written part by part, and makes the same pixels."""

from __future__ import annotations

import ast
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

import webtoonfaces as wf
from webtoonfaces.rendering import recipe as r
from webtoonfaces.rendering.renderer import Renderer
from webtoonfaces.rendering.to_python import (
    CartoonOf,
    ExamplePhoto,
    FaceOf,
    PhotoFile,
    PortraitOf,
    Snippet,
    python_cell,
)

A, B, C = r.Seed(1, 0.5), r.Seed(2, 0.5), r.Seed(3, 0.9, 2)
SWAPPED = r.Decoded(r.StructureOf(A), r.SwapAt(r.StyleOf(A), r.StyleOf(C), 2.5), "const")


@pytest.fixture
def renderer(tiny_generator, tiny_swapae) -> Renderer:
    return Renderer(tiny_generator, tiny_swapae)


@pytest.fixture
def run_cell(monkeypatch, tiny_generator, tiny_swapae) -> Callable[[str], Image.Image]:
    """Runs a cell as a notebook does, and gives what its last line shows."""
    monkeypatch.setattr(wf, "load_stylegan2", lambda _: tiny_generator)
    monkeypatch.setattr(wf, "load_swapae", lambda _: tiny_swapae)

    def run(cell: str) -> Image.Image:
        *body, last = ast.parse(cell).body
        assert isinstance(last, ast.Expr)
        names: dict[str, object] = {}
        exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)

    return run


@pytest.mark.parametrize(
    "scene",
    [
        r.Face(A),
        r.Face(r.Blend(A, r.Layers(B, C, (1, 3), (0.5, 1.0)), 0.25, "slerp")),
        SWAPPED,
        r.grid((A, B, C, r.SwapAt(A, B, 3.0)), rows=2, cols=3, cell=32),
        r.grid((A, B, r.Seed(7, 0.5), r.Seed(8, 0.5)), rows=3, cols=2, method="slerp", cell=32),
        r.matrix([A, C], [B, r.Blend(A, B, 0.5)], start=3, cell=32),
        r.Sheet((r.Face(A), None, SWAPPED, r.Face(B, "none")), 2, 32),
        r.Sheet((None, r.Face(A), r.Face(B), r.Face(r.SwapAt(A, B, 3.0))), 2, 32),  # no matrix: the row is B
    ],
)
def test_a_cell_makes_the_pixels_of_its_scene(scene, renderer, run_cell):
    drawn = run_cell(python_cell(scene, renderer))
    wanted = renderer.draw(scene)
    assert drawn.size == wanted.size
    assert np.array_equal(np.asarray(drawn), np.asarray(wanted))


def test_seeds_of_one_truncation_are_one_call(renderer):
    cell = python_cell(r.Face(r.between((A, B, r.Seed(7, 0.5), r.Seed(8, 0.5)), 0.2, 0.3)), renderer)
    assert "ws = G.sample_ws([1, 2, 7, 8], truncation_psi=0.5)" in cell and cell.count("sample_ws") == 1


@pytest.mark.parametrize(
    ("source", "call"),
    [
        (PhotoFile("me.jpg"), "AE.encode('me.jpg')"),
        (FaceOf(PhotoFile("me.jpg"), 256), "AE.encode(wf.align_face('me.jpg', size=256).image)"),
        (FaceOf(ExamplePhoto(), 64, index=1), "AE.encode(wf.align_faces(wf.example_photo(), size=64)[1].image)"),
        (
            CartoonOf(FaceOf(PhotoFile("a b.png"), 64, box=(1, 2, 3, 4)), "classical"),
            "AE.encode(wf.cartoonize(wf.align_face('a b.png', box=(1, 2, 3, 4), size=64).image, model='classical'))",
        ),
        (
            PortraitOf(FaceOf(PhotoFile("me.jpg"), 256), "noir"),
            "AE.encode(wf.portrait(wf.align_face('me.jpg', size=256), title='noir', size=256).draw())",
        ),
    ],
)
def test_a_kept_code_is_made_by_its_call(renderer, tiny_swapae, source, call):
    structure, style = (r.Stored.of(np.full(shape, 0.5, np.float32)) for shape in ((1, 8, 4, 4), (1, 8, 128)))
    snippets = {structure: Snippet(source, 0), style: Snippet(source, 1)}
    lines = python_cell(r.Decoded(structure, style), renderer, snippets=snippets).splitlines()
    assert lines[-2:] == [f"structure1, style1 = {call}", "AE.render(structure1, style1)[0]"]
    assert "Save the picture first" in python_cell(r.Decoded(structure, style), renderer, saved="mine.png")
