"""An explorer's attributes are traits: refused in plain words, observed, linked; and a misspelt one is told."""

from __future__ import annotations

import ipywidgets as w
import pytest
import traitlets as t

from webtoonfaces.errors import BadInputError, WebtoonFacesError
from webtoonfaces.widgets.face_studio import FaceStudio
from webtoonfaces.widgets.frontend.pad import Pad
from webtoonfaces.widgets.interpolation_pad import InterpolationPad
from webtoonfaces.widgets.layer_mixer import LayerMixer
from webtoonfaces.widgets.swap_explorer import SwapExplorer

from .page import find, move, part

REFUSED = {
    "pad": [
        ("x", 2, "from 0 to 1, not 2"),
        ("y", "a", "y is a number"),
        ("x", True, "x is a number"),
        ("x", float("nan"), "from 0 to 1"),
        ("psi", 9, "from 0 to 1.2, not 9"),
        ("cutoff", 2.5, "cutoff is a whole number"),
        ("method", "spline", "'lerp', 'slerp'"),
        ("grid", 1, "True or False"),
        ("rows", 1, "rows is a whole number from 2 to 9"),
        ("seeds", [1, 2], "4 values, one for each corner; 2 were given"),
        ("seeds", [1, 2, 3, -4], "A seed is a whole number"),
        ("seeds", [1, 2, 3, None], "A seed is a whole number"),
        ("seeds", "abcd", "a list"),
        ("seeds", 5, "a list"),
    ],
    "mixer": [
        ("seeds", [1, "b"], "A seed"),
        ("strengths", [1.0], "one for each layer; 1 were given"),
        ("range", (3, 99), "last layer of range"),
        ("range", (3, 2), "from 3 to"),
        ("range", 3, "a list"),
        ("layers", [99], "Each of layers is a whole number from 0 to 7"),
        ("rows", [-1], "A seed"),
        ("columns", [], "1 to 12 seeds, not 0"),
        ("current", 7, "one of"),
    ],
    "swap": [
        ("location", 99, "from 0 to 8, not 99"),
        ("location", None, "location is a number"),
        ("strengths", [2.0] * 8, "from 0 to 1, not 2.0"),
        ("noise", "random", "'none', 'const'"),
        ("style_mix", -0.1, "style_mix"),
        ("structure", -1, "structure is a whole number"),
    ],
    "studio": [
        ("location", -1, "from 0 to 8"),
        ("seed", -3, "seed is a whole number"),
        ("seed", 2.5, "seed is a whole number"),
        ("seed", None, "seed is a whole number"),
        ("psi", "much", "psi"),
        ("view", "everything", "'face', 'both', 'photo'"),
        ("show", "everything", "'face', 'both', 'photo'"),
        ("cartoonize", "cubism", "no cartoonizer called"),
    ],
}
# A value of each trait that differs from the first one.
CHANGES = {
    "pad": {
        "x": 0.25,
        "y": 0.75,
        "seeds": (4, 5, 6, 7),
        "psi": 0.4,
        "cutoff": 3,
        "method": "slerp",
        "grid": True,
        "rows": 2,
        "cols": 3,
    },
    "mixer": {
        "seeds": (5, 6, 7),
        "sources": (0, 1, 0, 0, 1, 1, 1, 1),
        "layers": (0, 2),
        "range": (1, 2),
        "strengths": (0.5,) * 8,
        "psi": 0.3,
        "matrix": True,
        "rows": (1, 2),
        "columns": (3,),
        "start": 1,
    },
    "swap": {
        "location": 2.25,
        "strengths": (0.25,) * 8,
        "structure_mix": 0.5,
        "style_mix": 0.5,
        "psi": 0.2,
        "noise": "const",
    },
    "studio": {
        "location": 2.5,
        "seed": 3,
        "psi": 0.1,
        "view": "both",
        "every_face": True,
        "title": "noir",
        "cartoonize": "classical",
    },
}


@pytest.fixture
def explorers(tiny_generator, tiny_swapae, shelf):
    made = {
        "pad": InterpolationPad(tiny_generator, seeds=(0, 1, 2, 3), shelf=shelf),
        "mixer": LayerMixer(tiny_generator, seeds=(0, 1), shelf=shelf),
        "swap": SwapExplorer(tiny_swapae, tiny_generator, structure=0, style=1, shelf=shelf),
        "studio": FaceStudio(tiny_swapae, tiny_generator, photo=None, seed=0, shelf=shelf),
    }
    yield made
    for explorer in made.values():
        explorer.close()


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_control_cannot_show_is_refused_and_nothing_changes(explorers, name):
    explorer = explorers[name]
    for attribute, value, words in REFUSED[name]:
        before = {key: getattr(explorer, key) for key, _, _ in REFUSED[name]}
        with pytest.raises(WebtoonFacesError, match=words):
            setattr(explorer, attribute, value)
        assert {key: getattr(explorer, key) for key in before} == before, attribute


@pytest.mark.parametrize("name", CHANGES)
def test_each_trait_is_heard_once_for_each_change(explorers, name):
    explorer, heard = explorers[name], []
    for attribute, value in CHANGES[name].items():
        heard.clear()
        explorer.observe(heard.append, attribute)
        setattr(explorer, attribute, value)
        if attribute != "range":  # which is heard each time it is asked for
            setattr(explorer, attribute, value)
        explorer.unobserve(heard.append, attribute)
        assert [change["new"] for change in heard] == [value], attribute
        assert getattr(explorer, attribute) == value


@pytest.mark.parametrize("name", CHANGES)
def test_each_trait_can_be_linked(explorers, tiny_generator, tiny_swapae, shelf, name):
    one = explorers[name]
    models = (tiny_swapae, tiny_generator) if name in ("swap", "studio") else (tiny_generator,)
    pictures = {"structure": 0, "style": 1} if name == "swap" else {}  # no traits, so they are not linked
    other = type(one)(*models, **pictures, shelf=shelf)
    for attribute, value in CHANGES[name].items():
        link = w.link((one, attribute), (other, attribute))
        setattr(one, attribute, value)
        assert getattr(other, attribute) == value, attribute
        link.unlink()
    assert one.scene() == other.scene() if name != "studio" else True
    other.close()


def test_traits_are_not_sent_to_the_page(explorers):
    """The page has the controls: the explorers' own traits would be a second way in, unchecked."""
    for name, explorer in explorers.items():
        assert not set(CHANGES[name]) & set(explorer.keys)


def test_a_drag_is_heard_with_both_places_set(explorers):
    pad, heard = explorers["pad"], []
    pad.observe(lambda change: heard.append((change["name"], pad.x, pad.y)), ["x", "y"])
    move(part(pad, Pad), x=0.2, y=0.9, dragging=True)
    assert sorted(heard) == [("x", 0.2, 0.9), ("y", 0.2, 0.9)]


def test_a_control_moves_its_trait_and_a_trait_its_control(explorers):
    pad = explorers["pad"]
    move(find(pad, "boldness"), value=0.30000000000000004)
    assert pad.psi == 0.3
    pad.psi = 0.9
    assert find(pad, "boldness").value == 0.9
    pad.x = 0.125
    assert part(pad, Pad).x == 0.125


def test_several_attributes_together_are_one_change(explorers):
    pad, heard = explorers["pad"], []
    pad.observe(lambda change: heard.append((change["name"], pad.psi, pad.method)), ["psi", "method"])
    with pad.together():
        pad.psi, pad.method, pad.psi = 0.1, "slerp", 0.2
        assert heard == []
    assert sorted(heard) == [("method", 0.2, "slerp"), ("psi", 0.2, "slerp")]
    with pytest.raises(BadInputError), pad.together():
        pad.psi, pad.method = 0.5, "spline"
    assert (pad.psi, pad.method) == (0.2, "slerp"), "all of it, or nothing"


def test_a_refusal_is_an_error_of_both_worlds(explorers):
    with pytest.raises(t.TraitError):
        explorers["pad"].psi = 7
    with pytest.raises(BadInputError):
        explorers["pad"].psi = 7


def test_read_only_ones_cannot_be_set(explorers):
    pad = explorers["pad"]
    for name in ("ws", "image", "code", "status"):
        with pytest.raises((AttributeError, t.TraitError)):
            setattr(pad, name, None)


@pytest.mark.parametrize("name", REFUSED)
def test_a_misspelt_attribute_is_told(explorers, name):
    explorer = explorers[name]
    with pytest.raises(AttributeError, match="Did you mean psi"):
        explorer.pssi = 0.5
    with pytest.raises(AttributeError, match="Did you mean psi"):
        explorer.truncation_psi = 0.5
    explorer.layout.width = "50%"  # what widgets have stays open
    explorer.layout = {"width": "40%"}


def test_places_are_counted(explorers):
    with pytest.raises(BadInputError, match="corner is a whole number from 0 to 3"):
        explorers["pad"].take("face", corner=4)
    with pytest.raises(BadInputError, match="sample is a whole number from 0 to 1"):
        explorers["mixer"].take("face", sample=2)
    with pytest.raises(KeyError, match="no place called"):
        explorers["swap"].take("face", place="middle")


def test_a_model_of_the_other_kind_or_its_name_is_told(tiny_generator, tiny_swapae):
    for make, words in (
        (lambda: InterpolationPad("demo"), "takes a StyleGAN2 here, not 'demo'"),
        (lambda: LayerMixer(tiny_swapae), "takes a StyleGAN2"),
        (lambda: SwapExplorer("demo", tiny_generator), "takes a Swapping Autoencoder here"),
        (lambda: FaceStudio(tiny_swapae, tiny_swapae), "load_stylegan2"),
    ):
        with pytest.raises(BadInputError, match=words):
            make()


def test_a_value_to_begin_with_is_checked(tiny_generator, tiny_swapae):
    for make in (
        lambda: InterpolationPad(tiny_generator, psi=9),
        lambda: InterpolationPad(tiny_generator, seeds=[1, 2]),
        lambda: LayerMixer(tiny_generator, seeds=[0, -1]),
        lambda: LayerMixer(tiny_generator, seeds=[4]),
        lambda: SwapExplorer(tiny_swapae, tiny_generator, location=9),
        lambda: SwapExplorer(tiny_swapae, tiny_generator, structure=b"no picture"),
        lambda: FaceStudio(tiny_swapae, tiny_generator, seed=-3),
        lambda: FaceStudio(tiny_swapae, tiny_generator, location=99),
        lambda: FaceStudio(tiny_swapae, tiny_generator, photo=b"no picture"),
    ):
        with pytest.raises(BadInputError):
            make()


def test_a_studio_takes_a_photo_as_an_attribute(explorers, photo):
    studio = explorers["studio"]
    assert studio.photo is None
    with pytest.raises(BadInputError, match=r"load\('photo.jpg'\)"):
        studio.render()
    with pytest.raises(BadInputError, match="no photo yet"):
        studio.face = 1
    studio.photo = photo
    assert studio.photo is not None and studio.photo.size == (150, 110)
    with pytest.raises(BadInputError, match=r"draw_crop\(\(left"):
        studio.face = 1  # no face was found in it
    for box in ((1, 2), "a", (9, 9, 2, 2)):
        with pytest.raises(BadInputError, match="box is"):
            studio.draw_crop(box)
    studio.draw_crop((0, 0, 100, 100))
    with pytest.raises(BadInputError, match="There is no face 'x' in this photo; it has 1"):
        studio.face = "x"
    studio.cartoonize = True  # as face2webtoon takes it
    assert studio.cartoonize == "classical"
