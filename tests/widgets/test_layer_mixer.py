"""Layers of several samples: by range, one by one, by strength; and the whole matrix."""

from __future__ import annotations

import ipywidgets as w
import pytest

import webtoonfaces as wf
from webtoonfaces import codes
from webtoonfaces.errors import BadInputError, UnknownNameError
from webtoonfaces.widgets.layer_mixer import LayerMixer
from webtoonfaces.widgets.parts.source_box import SourceBox

from .conftest import apart, same, saved_of
from .page import classes, find, hidden, part, styled, walk

L = 8


@pytest.fixture
def mixer(tiny_generator, shelf):
    made = LayerMixer(tiny_generator, seeds=(0, 1), shelf=shelf)
    made.upscale = False  # tests compare with what the models draw
    yield made
    made.close()


@pytest.fixture
def ws(tiny_generator):
    return tiny_generator.sample_ws([0, 1, 2], truncation_psi=0.7)


def test_starts_with_the_upper_half_from_b(mixer, ws, tiny_generator):
    assert mixer.sources == (0, 0, 0, 0, 1, 1, 1, 1)
    expected = codes.swap_layers(ws[:1], ws[1:2], layers=range(4, 8))
    assert same(mixer.render(), tiny_generator.render(expected)[0])
    assert mixer.range == (4, 7)


def test_what_is_no_choice_is_not_offered(mixer):
    letters = next(one for one in walk(mixer) if isinstance(one, w.Box) and mixer._letters in one.children)
    assert hidden(letters) and hidden(find(mixer, "Remove this sample")), "A and B stay, and B gives"
    mixer.add(2)
    assert not hidden(letters) and not hidden(find(mixer, "Remove this sample", nth=2))
    mixer.remove(1)
    assert hidden(letters) and hidden(find(mixer, "Remove this sample", nth=1))


def test_a_range_gives_just_its_layers(mixer, ws, tiny_generator):
    mixer.range = (2, 3)
    assert mixer.sources == (0, 0, 1, 1, 0, 0, 0, 0)
    assert same(mixer.render(), tiny_generator.render(codes.swap_layers(ws[:1], ws[1:2], layers=[2, 3]))[0])


def test_the_range_slider_and_the_buttons_agree(mixer):
    find(mixer, "from, to").value = (1, 2)
    assert [toggle.value for toggle in toggles(mixer)] == [False, True, True, *[False] * 5]
    toggles(mixer)[5].value = True
    assert mixer.sources == (0, 1, 1, 0, 0, 1, 0, 0)
    assert mixer.range == (1, 5)
    assert mixer.layers == (1, 2, 5)
    toggles(mixer)[1].value = False
    assert mixer.sources == (0, 0, 1, 0, 0, 1, 0, 0)
    assert [toggle.description for toggle in toggles(mixer)][:3] == ["0 A", "1 A", "2 B"]
    mixer.range = mixer.range
    assert mixer.layers == (2, 3, 4, 5), "a range has no gaps"
    mixer.layers = (7, 0, 0)
    assert mixer.sources == (1, 0, 0, 0, 0, 0, 0, 1) and mixer.range == (0, 7)


def toggles(mixer):
    """The layers' buttons."""
    return [find(mixer, f"Layer {layer}: take it, or give it back to A") for layer in range(L)]


def boxes(mixer):
    """The samples."""
    return [one for one in walk(mixer) if isinstance(one, SourceBox)]


def test_three_samples_share_the_layers(mixer, ws, tiny_generator):
    mixer.add(2)
    assert mixer.current == 2
    mixer.range = (6, 7)
    assert mixer.sources == (0, 0, 0, 0, 1, 1, 2, 2)
    mixed = codes.swap_layers(ws[:1], ws[1:2], layers=[4, 5])
    mixed = codes.swap_layers(mixed, ws[2:], layers=[6, 7])
    assert same(mixer.render(), tiny_generator.render(mixed)[0])
    mixer.current = 1
    assert mixer.range == (4, 5)


def test_each_layer_has_its_strength(mixer, ws, tiny_generator):
    mixer.strengths = [1, 1, 1, 1, 0.25, 1, 0, 1]
    expected = codes.swap_layers(ws[:1], ws[1:2], layers=range(4, 8), strength=[0.25, 1, 0, 1])
    assert same(mixer.render(), tiny_generator.render(expected)[0])
    find(mixer, "3").value = 0.75
    assert mixer.strengths == (1, 1, 1, 0.75, 0.25, 1, 0, 1)
    find(mixer, "all").value = 0.5
    assert mixer.strengths == (0.5,) * L and find(mixer, "3").value == 0.5


def test_a_sample_that_goes_leaves_its_layers_to_a(mixer):
    mixer.seeds = [10, 11, 12]
    mixer.sources = [0, 1, 2, 2, 1, 0, 1, 2]
    mixer.remove(1)
    assert mixer.seeds == (10, 12)
    assert mixer.sources == (0, 0, 1, 1, 0, 0, 0, 1)
    assert [box.title for box in boxes(mixer)] == ["A", "B"]
    with pytest.raises(BadInputError, match="2 to 8 samples"):
        mixer.remove(0)


def test_without_the_first_sample_the_second_is_the_base(mixer):
    mixer.seeds = [10, 11, 12]
    mixer.sources = [0, 1, 2, 2, 1, 0, 1, 2]
    mixer.remove(0)
    assert mixer.seeds == (11, 12)
    assert mixer.sources == (0, 0, 1, 1, 0, 0, 0, 1)


def test_a_seed_typed_and_rolled(mixer):
    find(boxes(mixer)[1], "seed").value = 77
    assert mixer.seeds == (0, 77)
    before = mixer.render()
    find(mixer, "Another sample for B").click()
    assert not same(mixer.render(), before)


def test_samples_are_drawn_small(mixer):
    assert mixer.wait(30)
    before = [styled(box, "wf-thumb").value for box in boxes(mixer)]
    assert all(before)
    mixer.seeds = (5, 1)
    assert mixer.wait(30)
    after = [styled(box, "wf-thumb").value for box in boxes(mixer)]
    assert [a == b for a, b in zip(after, before, strict=True)] == [False, True]


def test_a_sample_from_the_shelf(mixer, shelf, run_cell):
    mixer.range = (3, 5)
    kept = mixer.render()
    mixer.keep()
    mixer.take("mixed", sample=0)
    mixer.sources = [0] * L
    assert mixer.seeds == (None, 1)
    assert same(mixer.render(), kept)
    assert same(run_cell(mixer.to_python()), kept)
    box = boxes(mixer)[1]
    kind, shelf_list = part(box, w.ToggleButtons), part(box, w.Dropdown)
    kind.value = "shelf"
    assert mixer.seeds == (None, 1), "nothing was chosen yet"
    shelf_list.value = "mixed"
    assert mixer.seeds == (None, None)
    kind.value = "sample"
    assert mixer.seeds == (None, 1)
    with pytest.raises(UnknownNameError):
        mixer.take("nothing", sample=0)


def test_the_matrix_is_rows_with_columns_from_a_layer_on(mixer, tiny_generator):
    mixer.rows, mixer.columns, mixer.start, mixer.matrix = (5, 6), (7, 8, 9), 3, True
    sheet, side = mixer.render(), tiny_generator.size
    assert sheet.size == (4 * side, 3 * side)
    rows, columns = (tiny_generator.sample_ws(seeds, truncation_psi=0.7) for seeds in ((5, 6), (7, 8, 9)))

    def cell(row: int, column: int):
        return sheet.crop((column * side, row * side, (column + 1) * side, (row + 1) * side))

    assert same(cell(0, 2), tiny_generator.render(columns[1:2])[0])
    assert same(cell(2, 0), tiny_generator.render(rows[1:2])[0])
    assert same(cell(1, 3), tiny_generator.render(codes.swap_at(rows[:1], columns[2:], location=3))[0])
    assert cell(0, 0).getextrema() == ((0xB0, 0xB0),) * 3


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"range": (2, 2), "psi": 0.45},
        {"strengths": [0.1 * i for i in range(L)]},
        {"matrix": True, "rows": (3, 4), "columns": (9, 1, 2), "start": 5},
    ],
)
def test_the_cell_makes_the_same_pixels(setting, mixer, run_cell):
    for name, value in setting.items():
        setattr(mixer, name, value)
    assert same(run_cell(mixer.to_python()), mixer.render())


@pytest.mark.pixels
@pytest.mark.parametrize("matrix", [False, True])
def test_a_saved_picture_is_made_again(matrix, demo_generator, shelf, tmp_path):
    mixer = LayerMixer(demo_generator, shelf=shelf)
    mixer.upscale = False
    mixer.rows, mixer.columns, mixer.matrix = (1, 2), (3, 4), matrix
    mixer.strengths = [0.8] * demo_generator.num_ws
    path = mixer.snapshot(tmp_path / "mixed.png")
    replayed = wf.replay(path)
    if matrix:  # whose cells are drawn larger, so that the sheet is
        assert replayed.size == (513, 513) and apart(replayed.resize((64, 64)), mixer.render().resize((64, 64))) < 3
    else:
        assert same(replayed, saved_of(mixer.render()))
    mixer.close()


def test_reset_and_random(mixer):
    first = mixer.render()
    mixer.add(3)
    mixer.range, mixer.psi = (0, 6), 0.2
    mixer.randomise()
    assert len(mixer.seeds) == 3 and mixer.seeds != (0, 1, 3)
    mixer.reset()
    assert mixer.seeds == (0, 1) and mixer.psi == 0.7
    assert same(mixer.render(), first)
    mixer.matrix = True
    mixer.randomise()
    assert mixer.seeds == (0, 1) and mixer.rows != (0, 1, 2, 3)


def test_a_matrix_of_nonsense_is_told_and_stays_told(mixer):
    assert mixer.wait(30)
    mixer.matrix = True
    rows = find(mixer, "rows")
    rows.value = "1 two"
    assert mixer.wait(30)
    assert "role='alert'" in mixer.status.value and "1 two" in mixer.status.value
    rows.value = "1, 2"
    assert mixer.wait(30)
    assert "role='status'" in mixer.status.value
    assert mixer.rows == (1, 2)


def test_what_cannot_be_is_refused(mixer, tiny_generator):
    with pytest.raises(BadInputError, match="8 layers"):
        mixer.sources = [0, 1]
    with pytest.raises(BadInputError, match="0 to 1"):
        mixer.sources = [2] * L
    with pytest.raises(BadInputError, match="not 1"):
        LayerMixer(tiny_generator, seeds=[4])


def test_the_last_value_is_what_is_shown(mixer):
    for step in range(30):
        find(mixer, "5").value = step / 29
        find(mixer, "boldness").value = 0.3 + step / 100
    assert mixer.wait(30)
    assert same(mixer.image, mixer.render())


def test_the_codes_on_the_screen(mixer, ws, tiny_generator):
    assert (mixer.ws == codes.swap_layers(ws[:1], ws[1:2], layers=range(4, 8))).all()
    mixer.rows, mixer.columns, mixer.matrix = (1, 2), (3,), True
    assert mixer.ws.shape == (5, L, 24)


def test_samples_come_and_go_by_hand(mixer):
    find(mixer, "Add a sample").click()
    assert len(mixer.seeds) == len(boxes(mixer)) == 3 and mixer.current == 2
    mixer.range = (0, 0)
    find(boxes(mixer)[1], "Remove this sample").click()
    assert len(mixer.seeds) == 2 and mixer.sources == (1, *[0] * 7)
    find(mixer, "Remove this sample").click()
    assert "2 to 8 samples" in mixer.status.value


def test_where_to_find_it_on_the_page(mixer):
    assert "wf-layer-mixer" in classes(mixer)
