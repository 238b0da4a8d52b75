"""Recipes: writing and reading gives the same scene, and damaged or hostile recipes are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtoonfaces.rendering import recipe as r

MODELS = (r.Model("stylegan2", "demo", "0" * 64), r.Model("swapae", "", "f" * 64))
finite = st.floats(-10, 10)
leaves = st.one_of(
    st.builds(r.Seed, st.integers(0, 2**32 - 1), finite, st.none() | st.integers(0, 20)),
    st.builds(lambda v: r.Stored.of(np.array([v], np.float32)), st.lists(finite, min_size=1, max_size=5)),
)
code_trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(r.Blend, inner, inner, finite, st.sampled_from(["lerp", "slerp"])),
        st.builds(r.SwapAt, inner, inner, finite),
        st.builds(r.StyleOf, inner),
        st.builds(lambda a, b: r.Layers(a, b, (0, 3), (1.0, 0.5)), inner, inner),
    ),
    max_leaves=8,
)
pictures = st.one_of(
    st.builds(r.Face, code_trees),
    st.builds(r.Decoded, code_trees, code_trees),
    st.builds(lambda c: r.Sheet((r.Face(c), None, r.Face(c)), 3, 64), code_trees),
)


@settings(deadline=None, max_examples=60)
@given(pictures)
def test_there_and_back(picture):
    recipe = r.Recipe(picture, MODELS)
    again = r.Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert hash(again) == hash(recipe)


def test_it_tells_no_secrets():
    text = r.Recipe(r.Face(r.Seed(1)), MODELS).to_json()
    assert set(json.loads(text)) == {"format", "version", "models", "picture"}
    assert set(json.loads(text)["models"][0]) == {"family", "name", "sha256"}


def test_recipes_of_the_first_pngs_are_read():
    picture = r.Decoded(r.Seed(1), r.Seed(2))
    text = r.Recipe(picture, MODELS).to_json().replace('"Decoded"', '"Redrawn"')
    assert r.Recipe.from_json(json.dumps(json.loads(text) | {"size": None})).picture == picture


def damaged(**changes) -> str:
    content = json.loads(r.Recipe(r.Face(r.Seed(1)), MODELS).to_json())
    return json.dumps(content | changes)


def nested(depth: int) -> dict:
    code: dict = {"is": "Seed", "seed": 1, "psi": 1, "cutoff": None}
    for _ in range(depth):
        code = {"is": "StyleOf", "face": code}
    return {"is": "Face", "code": code, "noise": "none"}


def seed(**changes) -> dict:
    return {"is": "Face", "code": {"is": "Seed", "seed": 1, "psi": 1, "cutoff": None} | changes, "noise": "const"}


def stored(data: str, shape: list) -> dict:
    return {"is": "Face", "code": {"is": "Stored", "data": data, "shape": shape}, "noise": "const"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '"x"',
        "[" * 100_000,
        damaged(format=99),
        damaged(picture=None),
        damaged(picture={"is": "Popen", "args": ["ls"]}),
        damaged(picture={"is": "Seed", "seed": 1, "psi": 1, "cutoff": None}),
        damaged(picture=nested(500)),
        damaged(picture=seed(seed="1")),
        damaged(picture=seed(seed=True)),
        damaged(picture=seed(psi=None)),
        damaged(picture=seed(psi=1e300)),
        damaged(picture={"is": "Sheet", "cells": [seed()] * 50_000, "columns": 3, "cell": 64}),
        damaged(models=None),
        damaged(models=[{"family": "stylegan2", "name": "x"}]),
        damaged(models=[{"family": "os", "name": "x", "sha256": "0" * 64}]),
        damaged(models=[{"family": "swapae", "name": "x" * 1000, "sha256": "0" * 64}]),
        " " * (r.MOST_BYTES + 1),
    ],
)
def test_what_is_not_ours_is_refused(text):
    with pytest.raises(r.RecipeError):
        r.Recipe.from_json(text)


def test_infinite_numbers_are_refused():
    text = r.Recipe(r.Face(r.Seed(1, 0.5)), MODELS).to_json().replace("0.5", "Infinity")
    with pytest.raises(r.RecipeError):
        r.Recipe.from_json(text)


@pytest.mark.parametrize(
    ("data", "shape"), [("!!", [1]), ("AAAA", [1]), ("", [0]), ("AACAfw==", [1]), ("AAAAAA==", [2**31, 2**31])]
)
def test_a_damaged_kept_code_is_refused_when_it_is_used(data, shape):
    recipe = r.Recipe.from_json(damaged(picture=stored(data, shape)))
    with pytest.raises(r.RecipeError):
        recipe.picture.code.array()


def test_a_picture_of_too_many_parts_is_not_written():
    face = r.Face(r.Seed(1))
    with pytest.raises(r.RecipeError):
        r.Recipe(r.Sheet((face,) * 5000, 50), MODELS).to_json()


def test_grid_corners():
    corners = tuple(r.Seed(i) for i in range(4))
    sheet = r.grid(corners, rows=3, cols=4)
    assert len(sheet.cells) == 12
    assert sheet.cells[0] == r.Face(r.between(corners, 0, 0))
    assert sheet.cells[-1] == r.Face(r.between(corners, 1, 1))
