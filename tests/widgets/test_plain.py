"""Explorers where custom widgets cannot load, as on Kaggle: the history and the comparison remain."""

from __future__ import annotations

import ipywidgets as w
import numpy as np
import pytest

from webtoonfaces import InterpolationPad, LayerMixer
from webtoonfaces.widgets.frontend.strip import PlainStrip

from .page import find, hidden, part, styled, view


@pytest.fixture
def mixer(monkeypatch, tiny_generator, shelf):
    monkeypatch.setenv("WEBTOONFACES_PLAIN", "1")
    made = LayerMixer(tiny_generator, seeds=(0, 1), shelf=shelf)
    assert made.wait(30)
    yield made
    made.close()


def test_the_last_steps_are_shown_and_gone_back_to(mixer):
    strip = part(styled(mixer, "wf-history"), PlainStrip)
    assert [button.description for button in _buttons(strip)] == ["step 1"]
    mixer.seeds = (5, 6)
    assert mixer.wait(30)
    assert [button.description for button in _buttons(strip)] == ["step 1", "step 2"]
    assert all(bytes(part(strip, w.Image, nth=step).value[:2]) == b"\xff\xd8" for step in range(2))
    find(strip, "step 1").click()
    assert mixer.seeds == (0, 1)
    mixer.seeds = (7, 8)  # takes the place of what was undone
    assert mixer.wait(30)
    assert len(strip.children) == 2 and part(strip, w.Image, nth=1).value


def test_the_source_is_laid_over_the_picture_up_to_a_line(mixer):
    drawn = np.asarray(view(mixer), np.int16)
    source = np.asarray(mixer.stage.renderer.draw(mixer.before()).resize(drawn.shape[1::-1]), np.int16)
    line = find(mixer, "up to")
    assert hidden(line)
    find(mixer, "Compare").value = True
    assert mixer.wait(30) and not hidden(line)
    assert not hidden(find(mixer, "sample A | mixed", by="value"))
    line.value = 0.25
    edge = drawn.shape[1] // 4
    both = np.asarray(view(mixer), np.int16)
    assert abs(both[:, : edge - 16] - source[:, : edge - 16]).mean() < 4
    assert abs(both[:, edge + 16 :] - drawn[:, edge + 16 :]).mean() < 4
    assert abs(drawn - source)[:, : edge - 16].mean() > 8, "the two do differ there"
    find(mixer, "Compare").value = False
    assert np.array_equal(np.asarray(view(mixer), np.int16), drawn)


def test_there_is_nothing_to_compare_a_pad_with(monkeypatch, tiny_generator, shelf):
    monkeypatch.setenv("WEBTOONFACES_PLAIN", "1")
    pad = InterpolationPad(tiny_generator, shelf=shelf)
    assert hidden(pad.stage.lens)
    pad.close()


def _buttons(strip: PlainStrip) -> list[w.Button]:
    return [part(cell, w.Button) for cell in strip.children]
