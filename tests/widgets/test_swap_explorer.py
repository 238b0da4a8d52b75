"""Structure and style swapped: every source, every slider, the strip, and what a recipe may hold."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as w
import pytest
import torch
from PIL import Image

import webtoonfaces as wf
from webtoonfaces import codes
from webtoonfaces.errors import BadInputError, ImageError
from webtoonfaces.rendering import recipe as r
from webtoonfaces.rendering.saved import read_recipe
from webtoonfaces.widgets.frontend.picker import Picker
from webtoonfaces.widgets.frontend.strip import PlainStrip, Strip
from webtoonfaces.widgets.layer_mixer import LayerMixer
from webtoonfaces.widgets.swap_explorer import SwapExplorer

from .conftest import same
from .page import classes, find, part, send, styled

L = 8


@pytest.fixture
def swap(tiny_swapae, tiny_generator, shelf):
    made = SwapExplorer(tiny_swapae, tiny_generator, structure=0, style=1, shelf=shelf)
    made.upscale = False  # tests compare with what the models draw
    yield made
    made.close()


def code_of(swap, code) -> torch.Tensor:
    return swap.stage.renderer.code(code)


def encoded(swapae, picture: Image.Image):
    return swapae.encode(picture)


def test_the_first_layers_keep_the_structures_own_style(swap, tiny_swapae):
    (structure, own), (_, style) = (
        (code_of(swap, a), code_of(swap, b)) for a, b in (swap.codes("structure"), swap.codes("style"))
    )
    swap.location = 2.5
    expected = codes.swap_at(own, style, location=2.5)
    assert same(swap.render(), tiny_swapae.render(structure, expected)[0])
    swap.location = L
    assert same(swap.render(), tiny_swapae.render(structure, own)[0])


def test_strengths_weaken_the_style_layer_by_layer(swap, tiny_swapae):
    structure, own = (code_of(swap, code) for code in swap.codes("structure"))
    style = code_of(swap, swap.codes("style")[1])
    strengths = [i / 7 for i in range(L)]
    swap.location, swap.strengths = 1.5, strengths
    swapped = codes.swap_at(own, style, location=1.5)
    expected = codes.swap_layers(own, swapped, layers=range(L), strength=strengths)
    assert same(swap.render(), tiny_swapae.render(structure, expected)[0])
    find(swap, "all").value = 0.0
    assert same(swap.render(), tiny_swapae.render(structure, own)[0])


def test_mixes_go_from_the_first_to_the_second_picture(swap, tiny_generator, tiny_swapae):
    swap.second_structure, swap.second_style = 20, 21
    swap.structure_mix = swap.style_mix = 1.0
    other = SwapExplorer(tiny_swapae, tiny_generator, structure=20, style=21, shelf=swap.shelf)
    assert same(swap.render(), other.render())
    swap.structure_mix = swap.style_mix = 0.5
    structure = torch.lerp(*(code_of(swap, swap.codes(p)[0]) for p in ("structure", "second_structure")), 0.5)
    own, style = (
        codes.lerp(code_of(swap, swap.codes(a)[1]), code_of(swap, swap.codes(b)[1]), 0.5)
        for a, b in (("structure", "second_structure"), ("style", "second_style"))
    )
    expected = tiny_swapae.render(structure, codes.swap_at(own, style, location=3))[0]
    assert same(swap.render(), expected)
    other.close()


@pytest.mark.pixels
def test_fixed_noise_is_another_picture_and_repeats(swap):
    plain = swap.render()
    swap.noise = "const"
    assert same(swap.render(), swap.render())
    assert swap.scene().noise == "const"
    assert plain.size == swap.render().size


@pytest.mark.parametrize("give", [str, Path, lambda p: Path(p).read_bytes(), Image.open])
def test_a_picture_gives_its_codes(give, swap, tiny_swapae, photo):
    swap.structure = give(photo)
    swap.location = 4
    structure, own = encoded(tiny_swapae, Image.open(photo))
    assert structure.shape == (1, 8, 4, 5)
    style = code_of(swap, swap.codes("style")[1])
    assert same(swap.render(), tiny_swapae.render(structure, codes.swap_at(own, style, location=4))[0])


def test_a_recipe_holds_codes_and_neither_photo_nor_path(swap, photo, tmp_path):
    swap.structure, swap.style = photo, photo
    path = swap.snapshot(tmp_path / "saved.png")
    recipe = read_recipe(path)
    assert "me at home" not in recipe.to_json() and str(tmp_path) not in recipe.to_json()
    kinds = {type(node) for node in r.walk(recipe.picture)}
    assert kinds == {r.Decoded, r.SwapAt, r.Stored}
    with Image.open(path) as saved:
        assert "me at home" not in str(saved.info)


@pytest.mark.pixels
def test_a_saved_picture_is_made_again(demo_swapae, demo_generator, shelf, photo, tmp_path):
    swap = SwapExplorer(demo_swapae, demo_generator, structure=photo, style=4, location=2.25, shelf=shelf)
    swap.upscale = False
    swap.second_style, swap.style_mix, swap.noise = 6, 0.3, "const"
    path = swap.snapshot(tmp_path / "saved.png")
    assert same(wf.replay(path), swap.render())
    swap.close()


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"location": 1.35, "noise": "const", "psi": 0.4},
        {"strengths": [0.1 * i for i in range(L)]},
        {"structure_mix": 0.3, "style_mix": 0.6},
        {"structure": "photo"},
        {"structure": "photo", "style": "photo"},
    ],
)
def test_the_cell_makes_the_same_pixels(setting, swap, photo, run_cell):
    for name, value in setting.items():
        setattr(swap, name, photo if value == "photo" else value)
    assert same(run_cell(swap.to_python()), swap.render())


@pytest.mark.pixels
def test_the_cell_of_an_upload_reads_what_was_saved(demo_swapae, demo_generator, shelf, photo, run_cell):
    swap = SwapExplorer(demo_swapae, demo_generator, style=Path(photo).read_bytes(), shelf=shelf)
    swap.upscale = False
    find(swap, "file.png").value = "mine"
    cell = swap.to_python()
    assert "Save the picture first" in cell and "mine.png" in cell
    find(swap, "Save").click()
    assert same(run_cell(cell), Image.open("mine.png"))
    swap.close()


def test_from_the_shelf(swap, tiny_generator, run_cell):
    first = swap.render()
    structure, style = swap.structure_code(), swap.style_code(3)
    swap.keep()
    swap.take("swapped", place="structure")
    assert swap.structure == "swapped"
    assert swap.codes("structure") == (structure, style)
    swap.location = L
    assert same(swap.render(), first), "its own structure in its own style"
    assert same(run_cell(swap.to_python()), first)
    mixer = LayerMixer(tiny_generator, seeds=(0, 1), shelf=swap.shelf)
    mixer.upscale = False
    mixer.keep()
    swap.take("mixed", place="style")
    assert swap.codes("style")[1] == r.StyleOf(mixer.scene().code)
    mixer.matrix = True
    mixer.keep()
    with pytest.raises(BadInputError, match="sheet"):
        swap.take("mixed 2", place="style")
    mixer.close()


@pytest.mark.pixels
def test_what_was_mixed_again_and_again_can_still_be_read(swap, tmp_path):
    for _ in range(20):
        swap.location, swap.style_mix = 2, 0.5
        swap.keep()
        newest = next(iter(swap.shelf)).name
        swap.take(newest, place="style")
    read_recipe(swap.snapshot(tmp_path / "deep.png"))


def test_controls_choose_files(swap, photo):
    box = styled(swap, "wf-structure")
    kind, path = part(box, w.ToggleButtons), find(box, "or type its path")
    kind.value = "file"
    assert swap.structure == 0, "nothing was given yet"
    path.value = photo
    assert swap.structure == photo
    assert swap.wait(30)
    assert styled(box, "wf-thumb").value
    path.value = photo + ".missing"
    assert "There is no file" in swap.status.value and swap.structure == photo
    kind.value = "sample"
    assert swap.structure == 0
    kind.value = "file"
    assert swap.structure == photo


def test_cutting_out_a_face_where_there_is_none_is_told(swap, photo):
    pytest.importorskip("dlib")
    swap.structure = photo
    find(styled(swap, "wf-structure"), "cut out the face").value = True
    assert "role='alert'" in swap.status.value and "face" in swap.status.value


def test_no_picture_is_refused(swap):
    with pytest.raises(ImageError):
        swap.structure = b"not a picture"
    assert swap.structure == 0


def test_structures_of_two_shapes_are_not_mixed(swap, photo):
    swap.structure, swap.structure_mix = photo, 0.5
    assert swap.wait(30)
    assert "one shape" in swap.status.value


def test_all_locations_stand_side_by_side(swap):
    assert swap.wait(30)
    before = list(part(swap, Strip).thumbnails)
    assert len(before) == L + 1 and all(before)
    swap.location = 6
    assert swap.wait(30)
    assert part(swap, Strip).thumbnails == before, "where one stands changes none of them"
    swap.style = 9
    assert swap.wait(30)
    after = part(swap, Strip).thumbnails
    assert after[L] == before[L], "the last location has nothing of the style"
    assert all(a != b for a, b in zip(after[:L], before[:L], strict=True))


def test_the_strip_and_the_slider_go_together(swap):
    part(swap, Strip).value = 7.0
    assert swap.location == 7
    swap.location = 2.45
    assert part(swap, Strip).value == pytest.approx(2.45)


def test_without_custom_widgets_the_strip_is_buttons(monkeypatch, tiny_swapae, tiny_generator, shelf):
    monkeypatch.setenv("WEBTOONFACES_PLAIN", "1")
    swap = SwapExplorer(tiny_swapae, tiny_generator, structure=0, style=1, shelf=shelf)
    swap.upscale = False
    strip = part(swap, PlainStrip)
    find(strip, "5").click()
    assert swap.location == 5
    assert [bool(find(strip, str(k)).button_style) for k in range(L + 1)] == [k == 5 for k in range(L + 1)]
    assert swap.wait(30)
    assert all(bytes(part(strip, w.Image, nth=k).value[:2]) == b"\xff\xd8" for k in range(L + 1))
    swap.close()


def test_the_last_value_is_what_is_shown(swap):
    for step in range(30):
        find(swap, "own style").value = step / 10
        find(swap, "towards it").value = step / 30
    assert swap.wait(30)
    assert same(swap.image, swap.render())


def test_reset_and_random(swap, photo):
    first = swap.render()
    swap.structure, swap.location, swap.style_mix = photo, 7.5, 0.2
    swap.randomise()
    assert isinstance(swap.structure, int)
    swap.reset()
    assert (swap.structure, swap.style, swap.location, swap.style_mix) == (0, 1, 3.0, 0.0)
    assert same(swap.render(), first)


def test_a_location_that_is_none_is_refused(tiny_swapae, tiny_generator):
    with pytest.raises(BadInputError, match="0 to 8"):
        SwapExplorer(tiny_swapae, tiny_generator, location=9)


def test_where_to_find_it_on_the_page(swap):
    assert "wf-swap-explorer" in classes(swap)
    assert "wf-view" in classes(swap.stage.view)


def upload(swap: SwapExplorer, name: str, content: bytes) -> Picker:
    picker = part(swap, Picker, nth=1)  # of the style
    send(picker, {"kind": "photo", "name": name}, content)
    return picker


def test_an_upload_says_what_came_of_it(swap, photo):
    picker = upload(swap, "me.png", Path(photo).read_bytes())
    assert (picker.note, picker.busy) == ("me.png is the style now", False)
    assert isinstance(swap.style, bytes) and swap.wait(30) and same(swap.image, swap.render())
    picker = upload(swap, "notes.txt", b"no picture")
    assert picker.note.startswith("notes.txt cannot be used, so nothing was changed.") and not picker.busy
    assert isinstance(swap.style, bytes) and "alert" in swap.status.value


def test_the_cell_of_an_upload_shows_the_real_call_too(swap, photo, run_cell):
    upload(swap, "me.png", Path(photo).read_bytes())
    cell = swap.to_python()
    assert "wf.replay('swapped.png'" in cell and "# With me.png in this folder" in cell
    Path("me.png").write_bytes(Path(photo).read_bytes())
    lines = [line.removeprefix("# ") for line in cell.splitlines() if line.startswith("# ")]
    real = "\n".join(["import webtoonfaces as wf", *lines[1 : lines.index(next(x for x in lines if "Save the" in x))]])
    assert same(run_cell(real), swap.render())
