"""How an explorer ends: as a still picture in the notebook, and as a page of its own."""

from __future__ import annotations

import base64
import io
import json
import re

import ipywidgets as w
import pytest
from PIL import Image

from webtoonfaces.errors import BadInputError
from webtoonfaces.widgets.face_studio import FaceStudio
from webtoonfaces.widgets.interpolation_pad import InterpolationPad
from webtoonfaces.widgets.layer_mixer import LayerMixer
from webtoonfaces.widgets.swap_explorer import SwapExplorer

from .conftest import apart, same, saved_of

KINDS = ("pad", "mixer", "swap", "studio")


@pytest.fixture
def make(tiny_generator, tiny_swapae, shelf, photo):
    def studio() -> FaceStudio:
        found = FaceStudio(tiny_swapae, tiny_generator, photo=None, seed=0, shelf=shelf)
        found.load(photo)
        found.draw_crop((0, 0, 100, 100))
        return found

    return {
        "pad": lambda: InterpolationPad(tiny_generator, seeds=(0, 1, 2, 3), shelf=shelf),
        "mixer": lambda: LayerMixer(tiny_generator, seeds=(0, 1), shelf=shelf),
        "swap": lambda: SwapExplorer(tiny_swapae, tiny_generator, structure=0, style=1, shelf=shelf),
        "studio": studio,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_output_carries_a_still_picture(make, kind, monkeypatch) -> None:
    explorer, shown = make[kind](), []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    if hasattr(w.Widget, "_ipython_display_"):
        explorer._ipython_display_()
    else:
        shown.append(explorer._repr_mimebundle_())
    assert shown[0]["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    with Image.open(io.BytesIO(base64.b64decode(shown[0]["image/png"]))) as still:
        assert same(still, saved_of(explorer.render()))
    explorer.close()


def test_a_studio_without_a_photo_has_no_still_picture(tiny_swapae, tiny_generator, shelf) -> None:
    studio = FaceStudio(tiny_swapae, tiny_generator, photo=None, seed=0, shelf=shelf)
    assert studio._still() == {}
    studio.close()


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_holds_the_neighbours_of_the_state(make, kind, tmp_path) -> None:
    explorer = make[kind]()
    path = explorer.export_html(tmp_path / "page.html")
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size <= 3e6 and "{{" not in text
    assert not re.search(r"https?://(?!www\.w3\.org)", text), "nothing is fetched"
    found = re.search(r'id="content">(.*?)</script>', text)
    assert found is not None
    content = json.loads(found[1])
    column, row = content["place"]
    assert column == round(column) and row == round(row)
    place = round(row) * content["columns"] + round(column)
    with Image.open(io.BytesIO(base64.b64decode(content["pictures"][place].partition(",")[2]))) as there:
        assert apart(there, explorer.render().resize(there.size, Image.Resampling.BICUBIC)) < 6
    explorer.close()


def test_a_page_that_cannot_be_so_small_is_refused_and_not_written(make, tmp_path) -> None:
    pad = make["pad"]()
    with pytest.raises(BadInputError, match="most_mb"):
        pad.export_html(tmp_path / "page.html", most_mb=0.01)
    with pytest.raises(BadInputError, match=r"ends in \.html"):
        pad.export_html(tmp_path / "page.pdf")
    assert not list(tmp_path.glob("page*"))
    pad.close()
