"""What code may not set on an explorer: it is refused in words, and nothing changes."""

from __future__ import annotations

import pytest

from webtoonfaces.errors import BadInputError, WebtoonFacesError
from webtoonfaces.widgets.face_studio import FaceStudio
from webtoonfaces.widgets.interpolation_pad import InterpolationPad
from webtoonfaces.widgets.layer_mixer import LayerMixer
from webtoonfaces.widgets.swap_explorer import SwapExplorer

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
        ("seeds", [1, 2], "4 values, one for each corner; 2 were given"),
        ("seeds", [1, 2, 3, -4], "A seed is a whole number"),
        ("seeds", "abcd", "a list"),
        ("seeds", 5, "a list"),
    ],
    "mixer": [
        ("seeds", [1, "b"], "A seed"),
        ("strengths", [1.0], "one for each layer; 1 were given"),
        ("range", (3, 99), "last layer of range"),
        ("range", (3, 2), "from 3 to"),
        ("range", 3, "a list"),
        ("rows", [-1], "A seed"),
        ("current", 7, "one of"),
    ],
    "swap": [
        ("location", 99, "from 0 to 8, not 99"),
        ("location", None, "location is a number"),
        ("strengths", [2.0] * 8, "from 0 to 1, not 2.0"),
        ("noise", "random", "'none', 'const'"),
        ("style_mix", -0.1, "style_mix"),
    ],
    "studio": [
        ("location", -1, "from 0 to 8"),
        ("seed", -3, "seed is a whole number"),
        ("seed", 2.5, "seed is a whole number"),
        ("psi", "much", "psi"),
        ("show", "everything", "'face', 'both', 'photo'"),
        ("cartoonize", "cubism", "no cartoonizer called"),
    ],
}


@pytest.fixture
def explorers(tiny_generator, tiny_swapae, shelf):
    made = {
        "pad": InterpolationPad(tiny_generator, shelf=shelf),
        "mixer": LayerMixer(tiny_generator, shelf=shelf),
        "swap": SwapExplorer(tiny_swapae, tiny_generator, shelf=shelf),
        "studio": FaceStudio(tiny_swapae, tiny_generator, shelf=shelf),
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


def test_a_psi_or_seed_to_begin_with_is_checked(tiny_generator, tiny_swapae):
    for make in (
        lambda: InterpolationPad(tiny_generator, psi=9),
        lambda: LayerMixer(tiny_generator, seeds=[0, -1]),
        lambda: FaceStudio(tiny_swapae, tiny_generator, seed=-3),
        lambda: FaceStudio(tiny_swapae, tiny_generator, location=99),
    ):
        with pytest.raises(BadInputError):
            make()


def test_a_studio_takes_a_photo_as_an_attribute(explorers, photo):
    studio = explorers["studio"]
    with pytest.raises(BadInputError, match=r"load\('photo.jpg'\)"):
        studio.render()
    studio.photo = photo
    assert studio.photo is not None and studio.photo.size == (150, 110)
    with pytest.raises(BadInputError, match=r"draw_crop\(\(left"):
        studio.face = 0  # no face was found in it
    for box in ((1, 2), "a", (9, 9, 2, 2)):
        with pytest.raises(BadInputError, match="box is"):
            studio.draw_crop(box)
    studio.draw_crop((0, 0, 100, 100))
    with pytest.raises(BadInputError, match="There is no face 'x' in this photo; it has 1"):
        studio.face = "x"
    studio.cartoonize = True  # as face2webtoon takes it
    assert studio.cartoonize == "classical"
