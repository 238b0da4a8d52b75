"""`LayerMixer` as a person uses it, in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .lab import Lab, Notebook

CODE = """\
import webtoonfaces as wf

explorer = wf.LayerMixer(wf.load_stylegan2("demo"))
explorer"""


@pytest.fixture(scope="module")
def opened(lab: Lab) -> Iterator[Notebook]:
    with lab.showing(CODE, "wf-layer-mixer") as notebook:
        yield notebook


def test_a_drag_gives_layers_away_and_the_release_decides_it(notebook: Notebook) -> None:
    before, first = notebook.picture(), notebook.value("explorer.range")
    notebook.drag(notebook.slider("from, to"), [(-60, 0), (-400, 0)])
    notebook.changed(before)
    notebook.release()
    notebook.until(f"explorer.range == (0, {first[1]})")
    notebook.settled()
    assert set(notebook.value("explorer.sources")) == {1}


def test_a_layer_is_given_back(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.find("button:text-is('0 B')").click()
    notebook.changed(before)
    notebook.settled()
    assert notebook.value("explorer.sources")[0] == 0


def test_arrow_keys_weaken_a_layer(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.unfold("Strength of each layer")
    notebook.slider("1").press("ArrowLeft")
    notebook.until("explorer.strengths[1] < 1")
    notebook.changed(before)
    notebook.settled()


def test_a_sample_is_rolled_again(notebook: Notebook) -> None:
    before, seeds = notebook.picture(), notebook.value("explorer.seeds")
    notebook.find(".wf-reroll").nth(1).click()
    notebook.changed(before)
    notebook.settled()
    assert notebook.value("explorer.seeds[0]") == seeds[0]
    assert notebook.value("explorer.seeds[1]") != seeds[1]


def test_it_is_saved_and_drawn_again(notebook: Notebook) -> None:
    notebook.save_and_replay("mixed.png")


def test_the_matrix_is_shown(notebook: Notebook) -> None:
    before = notebook.picture()
    notebook.unfold("Matrix")
    notebook.find("").get_by_label("show the matrix").check()
    notebook.changed(before)
    notebook.settled()
