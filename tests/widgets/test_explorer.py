"""What all explorers share."""

from __future__ import annotations

import ipywidgets as w

from webtoonfaces.widgets.explorer import _Job
from webtoonfaces.widgets.folds import folds
from webtoonfaces.widgets.interpolation_pad import InterpolationPad


def test_a_small_picture_that_gave_way_is_drawn_later(tiny_generator, shelf) -> None:
    pad = InterpolationPad(tiny_generator, shelf=shelf)
    assert pad.wait(60)
    shown = pad._shown
    assert shown is not None
    pad._scheduler.close()  # what follows is asked for by hand
    pad.seeds = (9, 1, 2, 3)
    job = pad._next(_Job(pad.request()), shown)
    assert job is not None
    assert job.thumbnail == 0
    assert pad._next(_Job(pad.request()), shown) == job, "a hand moved before it was drawn"
    pad._show(job, pad._renderer.render(job.request))
    assert pad._next(job, shown) is None
    pad.close()


def test_a_fold_opens_and_closes() -> None:
    content = w.IntSlider()
    made = folds({"one": [w.IntSlider()], "two": [content]})
    row, first, second = made.children
    assert (first.layout.display, second.layout.display) == ("none", "none")
    row.children[1].value = True
    assert (first.layout.display, second.layout.display) == ("none", "")
    assert second.children == (content,)
    row.children[1].value = False
    assert second.layout.display == "none"
