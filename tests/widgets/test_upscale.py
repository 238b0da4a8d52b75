"""The switch Crisp: the picture that rests is enlarged, in what is shown, saved and copied; drafts never are."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

import webtoonfaces as wf
from tests.widgets.conftest import same
from webtoonfaces.rendering.renderer import Renderer
from webtoonfaces.rendering.saved import read_recipe


@pytest.fixture
def mixer(tiny_generator):
    explorer = wf.LayerMixer(tiny_generator)
    yield explorer
    explorer.close()


def shown(explorer) -> Image.Image:
    assert explorer.wait()
    return Image.open(io.BytesIO(explorer.stage.view.children[0].value))


def test_the_cell_says_so(mixer):
    assert mixer.upscale
    assert "upscale=True" in mixer.code
    mixer.upscale = False
    assert "upscale" not in mixer.code


def test_what_is_saved_and_copied_is_what_is_shown(mixer, run_cell, tmp_path, tiny_generator):
    mixer.refresh()
    assert mixer.wait()
    assert "enlarged in" in mixer.status.value
    raw, large = mixer.render(), wf.upscale(mixer.render())
    assert same(mixer.image, raw)  # what the model draws
    assert same(run_cell(mixer.code), large)
    path = mixer.snapshot(tmp_path / "mix.png")
    recipe = read_recipe(path)
    assert "upscaler" in [model.family for model in recipe.models]
    assert same(Renderer(tiny_generator).draw(recipe.picture), Image.open(path))


def test_one_switch_leads_back(mixer):
    mixer.refresh()
    crisp = shown(mixer)
    switch = next(w for w in mixer._toolbar.children[0].children[-1].children if "wf-crisp" in w._dom_classes)
    assert switch.value is True
    switch.value = False
    assert not mixer.upscale
    plain = shown(mixer)
    assert crisp.tobytes() != plain.tobytes()
    assert "enlarged" not in mixer.status.value


def test_a_draft_is_not_enlarged(mixer, monkeypatch):
    mixer.wait()
    enlarged = []
    upscaler = mixer.stage.renderer.upscaler
    original = upscaler.enlarged
    monkeypatch.setattr(upscaler, "enlarged", lambda picture: enlarged.append(picture) or original(picture))
    for _ in range(5):  # each comes before the one before it has rested
        mixer.refresh(draft=True)
    assert mixer.wait()
    assert len(enlarged) <= 1


def test_what_it_is_compared_with_is_enlarged_alike(mixer):
    for mixer.upscale in (True, False):
        mixer.stage.lens.comparing = False
        mixer.stage.lens.comparing = True
        assert mixer.wait()
        data = mixer.stage.lens.before.split(",", 1)[1]
        assert Image.open(io.BytesIO(base64.b64decode(data))).width == shown(mixer).width
