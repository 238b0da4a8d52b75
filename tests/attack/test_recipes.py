"""Recipes and the shelf: whatever a stranger's PNG asks for is drawn within bounds or refused in our own words."""

from __future__ import annotations

import base64
import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.attack.corpus import mutated
from webtoonfaces.errors import BadInputError, WebtoonFacesError
from webtoonfaces.pretrained.generators import StyleGAN2, SwappingAutoencoder
from webtoonfaces.rendering import recipe as r
from webtoonfaces.rendering.renderer import Renderer
from webtoonfaces.rendering.saved import Shelf

MODELS = (r.Model("stylegan2", "demo", "0" * 64),)
SEED = {"is": "Seed", "seed": 1, "psi": 0.7, "cutoff": None}


def text_of(picture: Any) -> str:
    return json.dumps(json.loads(r.Recipe(r.Face(r.Seed(1)), MODELS).to_json()) | {"picture": picture})


def stored(shape: list[Any], data: str | None = None) -> dict[str, Any]:
    count = 1
    for side in shape:
        count *= side if isinstance(side, int) and 0 < side < 5000 else 1
    raw = base64.b64encode(bytes(4 * min(count, 700_000))).decode() if data is None else data
    return {"is": "Stored", "data": raw, "shape": shape}


def face(code: Any = SEED, noise: Any = "const") -> dict[str, Any]:
    return {"is": "Face", "code": code, "noise": noise}


def sheet(cells: list[Any], columns: Any, cell: Any) -> dict[str, Any]:
    return {"is": "Sheet", "cells": cells, "columns": columns, "cell": cell}


REFUSED = [
    face({**SEED, "psi": 10**400}),
    face({**SEED, "psi": -(10**400)}),
    face({**SEED, "psi": [[[[]]]]}),
    face({**SEED, "seed": -1}),
    face({**SEED, "cutoff": -5}),
    face({**SEED, "psi": 5}),
    face(stored([1, 8, 24], "é" * 400)),
    face(stored([1] * 100)),
    face(stored([1, 8, 24], "AAAA")),
    face(stored([300, 8, 24])),
    face(stored([1, 9, 24])),
    face(stored([])),
    face(noise="loud"),
    face({"is": "Layers", "a": SEED, "b": SEED, "layers": [99], "strengths": [1.0]}),
    face({"is": "Layers", "a": SEED, "b": SEED, "layers": [0, 1], "strengths": [1.0]}),
    face({"is": "SwapAt", "a": SEED, "b": SEED, "location": 1e6}),
    face({"is": "Blend", "a": SEED, "b": stored([1, 8, 3, 3]), "t": 0.5, "method": "lerp"}),
    face({"is": "Blend", "a": SEED, "b": SEED, "t": 0.5, "method": "eval"}),
    sheet([face()], 0, 64),
    sheet([face()], 2**31, 64),
    sheet([face()], -1, 64),
    sheet([face()], 1, 0),
    sheet([face()], 1, 60_000),
    sheet([face()] * 2000, 50, 512),
    sheet([], 1, 64),
    sheet([sheet([face()], 2000, 1024)], 1, 64),
    {"is": "Decoded", "structure": stored([1, 8]), "style": stored([1, 8, 128]), "noise": "none"},
    {"is": "Decoded", "structure": stored([1, 8, 300, 300]), "style": stored([1, 8, 128]), "noise": "none"},
    {"is": "Decoded", "structure": SEED, "style": SEED, "noise": "none"},
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("picture", REFUSED, ids=lambda picture: json.dumps(picture)[:60])
def test_what_cannot_be_drawn_is_refused(picture, tiny_generator: StyleGAN2, tiny_swapae: SwappingAutoencoder):
    with pytest.raises(BadInputError) as caught:
        Renderer(tiny_generator, tiny_swapae).draw(r.Recipe.from_json(text_of(picture)).picture)
    assert len(str(caught.value)) < 2000


numbers = st.one_of(st.integers(-(2**40), 2**40), st.floats(), st.booleans(), st.none(), st.text(max_size=3))
scalars = st.one_of(numbers, st.lists(numbers, max_size=3))
codes = st.recursive(
    st.one_of(
        st.builds(lambda *v: dict(zip(("is", "seed", "psi", "cutoff"), ("Seed", *v), strict=True)), *[scalars] * 3),
        st.builds(lambda s, p: {**SEED, "seed": s, "psi": p}, st.integers(0, 9), st.floats(-2, 2)),
        st.builds(stored, st.lists(st.integers(-1, 30), max_size=6)),
        st.builds(stored, st.sampled_from([[1, 8, 24], [1, 8, 128], [1, 8, 4, 4]])),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda a, b, t, m: {"is": "Blend", "a": a, "b": b, "t": t, "method": m},
            inner,
            inner,
            st.floats(0, 1) | scalars,
            st.sampled_from(["lerp", "slerp", ""]),
        ),
        st.builds(
            lambda a, b, at, n: {"is": "Layers", "a": a, "b": b, "layers": at, "strengths": n},
            inner,
            inner,
            st.lists(st.integers(-2, 12), max_size=4),
            st.lists(st.floats(-2, 2), max_size=4),
        ),
        st.builds(lambda a, b, at: {"is": "SwapAt", "a": a, "b": b, "location": at}, inner, inner, scalars),
        st.builds(lambda kind, a: {"is": kind, "face": a}, st.sampled_from(["StyleOf", "StructureOf"]), inner),
    ),
    max_leaves=4,
)
pictures = st.recursive(
    st.one_of(
        st.builds(face, codes, st.sampled_from(["const", "none", "random", ""])),
        st.builds(
            lambda a, b, n: {"is": "Decoded", "structure": a, "style": b, "noise": n}, codes, codes, st.just("none")
        ),
    ),
    lambda inner: st.builds(sheet, st.lists(inner | st.none(), max_size=3), st.integers(-1, 4) | scalars, scalars),
    max_leaves=3,
)


@settings(
    deadline=None, max_examples=int(os.environ.get("ATTACK_EXAMPLES", "60")), suppress_health_check=list(HealthCheck)
)
@given(pictures)
def test_any_recipe_is_drawn_or_refused(tiny_generator: StyleGAN2, tiny_swapae: SwappingAutoencoder, picture: Any):
    try:
        drawn = Renderer(tiny_generator, tiny_swapae).draw(r.Recipe.from_json(text_of(picture)).picture)
    except WebtoonFacesError:
        return
    assert drawn.width * drawn.height <= r.MOST_PIXELS


def test_mutated_recipes_raise_nothing_foreign():
    code = r.Blend(r.Seed(1), r.Stored.of(np.ones((1, 2, 3), np.float32)), 0.5)
    text = r.Recipe(r.Sheet((r.Face(code), None, r.Decoded(code, r.StyleOf(code))), 3, 64), MODELS).to_json()
    for seed in range(2000):
        try:
            r.Recipe.from_json(mutated(text.encode(), seed).decode("utf-8", "replace"))
        except WebtoonFacesError:
            pass
        except Exception as error:
            pytest.fail(f"{seed}: {type(error).__name__}: {error}")


def test_names_on_the_shelf_are_text(tmp_path: Path):
    shelf = Shelf(tmp_path)
    kept = shelf.keep(Image.new("RGB", (8, 8)), r.Recipe(r.Face(r.Seed(1)), MODELS))
    kept.path.rename(tmp_path / os.fsdecode(b"caf\xe9.png"))
    [item] = list(shelf)
    assert item.name.encode("utf-8") and shelf[item.name].picture.size == (8, 8)


def test_what_is_no_picture_is_not_on_the_shelf(tmp_path: Path):
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "gone")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    assert list(Shelf(tmp_path)) == []
    assert list(Shelf(tmp_path / "missing")) == []
    (tmp_path / "file").write_bytes(b"")
    assert list(Shelf(tmp_path / "file")) == []


def test_a_shelf_is_listed_while_files_come_and_go(tmp_path: Path):
    over = threading.Event()

    def churn() -> None:
        while not over.is_set():
            for number in range(20):
                (tmp_path / f"{number}.png").write_bytes(b"x")
            for number in range(20):
                (tmp_path / f"{number}.png").unlink()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(300):
            list(Shelf(tmp_path))
    finally:
        over.set()
        thread.join()
