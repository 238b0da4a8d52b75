"""FaceStudio from the kernel's side, mostly with tiny untrained models: ugly pictures, but the same arithmetic."""

from __future__ import annotations

import datetime
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets as w
import numpy as np
import pytest
from PIL import Image

import webtoonfaces as wf
from webtoonfaces.errors import BadInputError, ImageError, MissingExtraError, UnknownNameError, WeightsError
from webtoonfaces.faces import find as detection
from webtoonfaces.images import encode, save_image
from webtoonfaces.rendering import recipe as r
from webtoonfaces.rendering.saved import Shelf, read_recipe
from webtoonfaces.webtoonize import photo as photo_module
from webtoonfaces.webtoonize.photo import Photo
from webtoonfaces.widgets.face_studio import FaceStudio
from webtoonfaces.widgets.frontend.crop import Board, PlainBoard
from webtoonfaces.widgets.frontend.picker import Picker, PlainPicker, uploads

from .conftest import saved_of
from .page import classes, find, hidden, part, seen, send, styled, view, walk

WAIT = 60
SEVEN = w.__version__.startswith("7.")
NOW = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
PATH = "or type its path"
ANIMATION = "Save a walk through the styles of ten samples"


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return wf.example_photo()


@pytest.fixture(scope="module")
def pair(portrait: Image.Image) -> Image.Image:
    """Two faces: the larger one on the left."""
    both = Image.new("RGB", (880, 512), "grey")
    both.paste(portrait, (0, 0))
    both.paste(portrait.resize((368, 368)), (512, 100))
    return both


@pytest.fixture(scope="module", autouse=True)
def seen_once() -> Iterator[None]:
    """Faces are found as ever, but in each picture once: that is what takes long."""
    known: dict[Any, Any] = {}

    def remembered(detect: Callable[..., Any]) -> Callable[..., Any]:
        def found(picture: Image.Image, **options: Any) -> Any:
            key = (detect, picture.tobytes(), tuple(options.items()))
            if key not in known:
                known[key] = detect(picture, **options)
            return known[key]

        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photo_module, "align_face", remembered(photo_module.align_face))
        patch.setattr(photo_module, "align_faces", remembered(photo_module.align_faces))
        yield


@pytest.fixture
def studio(tiny_swapae, tiny_generator, tmp_path):
    made = FaceStudio(tiny_swapae, tiny_generator, photo=None, seed=0, shelf=Shelf(tmp_path / "shelf"))
    made.upscale = False  # tests compare with what the models draw
    yield made
    made.close()


@pytest.fixture
def opened(studio, portrait):
    studio.load(portrait)
    assert studio.wait(WAIT)
    return studio


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB")).astype(int)


def upload(studio: FaceStudio, name: str, content: bytes) -> None:
    """What the browser's picker sends."""
    send(part(studio, Picker), {"kind": "photo", "name": name}, content)


def hints(studio: FaceStudio, text: str) -> list[w.Widget]:
    """The widgets that say so."""
    return [widget for widget in walk(studio) if isinstance(widget, w.HTML) and text in widget.value]


def read(studio: FaceStudio) -> Photo:
    """The photo of the studio, read again."""
    return Photo(studio.photo, studio.stage.renderer.swapae)


# the photo


def test_before_there_is_a_photo_it_says_what_to_do(studio):
    assert studio.photo is None and studio.faces == 0
    assert "Choose a photo" in studio.status.value and "alert" not in studio.status.value
    assert hidden(studio.stage.view)
    assert studio.wait(WAIT) and styled(studio, "wf-thumb").value  # the style is there to be seen
    for action in (studio.render, studio.paste, studio.to_python, studio.randomise):
        if action == studio.randomise:
            action()
        else:
            with pytest.raises(BadInputError, match="no photo yet"):
                action()


def test_classes_are_where_a_page_looks_for_them(studio):
    assert "wf-face-studio" in classes(studio)
    assert "wf-view" in classes(studio.stage.view)
    assert "wf-status" in classes(studio.status)


def test_an_upload_is_read_beside_the_widgets_and_shown(studio, portrait):
    upload(studio, "me.jpg", encode(portrait, "JPEG"))
    assert studio.wait(WAIT)
    assert studio.faces == 1 and studio.photo.size == portrait.size
    assert view(studio).size == (512, 512)
    assert part(studio, Picker).note == "me.jpg" and not part(studio, Picker).busy
    assert part(studio, Board).picture.startswith("data:image/jpeg") and len(part(studio, Board).boxes) == 1


def test_a_failed_upload_keeps_the_photo_and_says_why(opened):
    before, photo = seen(opened), opened.photo
    upload(opened, "notes.txt", b"no picture at all")
    assert opened.wait(WAIT)
    assert opened.photo is photo and seen(opened) == before
    assert "not a picture in a known format" in opened.status.value and "alert" in opened.status.value
    assert "notes.txt cannot be used" in part(opened, Picker).note and not part(opened, Picker).busy
    with pytest.raises(ImageError):
        opened.load(b"")
    find(opened, PATH).value = "there/is/none.png"
    assert opened.wait(WAIT)
    assert opened.photo is photo and "There is no file" in opened.status.value
    opened.seed = 9
    assert opened.wait(WAIT) and seen(opened) != before


def test_the_last_of_several_uploads_stays(studio, portrait, pair):
    for picture in (portrait, pair, portrait, pair):
        upload(studio, "one.png", encode(picture))
    assert studio.wait(WAIT)
    assert studio.photo.size == pair.size and studio.faces == 2


def test_a_path_and_the_example(studio, pair, tmp_path):
    save_image(pair, tmp_path / "pair.png")
    find(studio, PATH).value = str(tmp_path / "pair.png")
    assert studio.wait(WAIT) and studio.faces == 2
    find(studio, "Example").click()
    assert studio.wait(WAIT) and studio.faces == 1


# faces


def test_a_face_is_picked_by_its_number_or_on_the_photo(studio, pair):
    studio.load(pair)
    assert studio.wait(WAIT)
    assert studio.faces == 2 and studio.face == 0
    first = studio.render()
    part(studio, Board).picked = 1
    assert studio.face == 1 and studio.wait(WAIT)
    assert np.abs(pixels(studio.render()) - pixels(first)).max() > 0
    studio.face = 0
    assert part(studio, Board).picked == 0
    assert np.array_equal(pixels(studio.render()), pixels(first))
    with pytest.raises(BadInputError, match="no face 2"):
        studio.face = 2


def test_without_a_face_a_crop_is_drawn(studio):
    noise = Image.effect_noise((300, 200), 40).convert("RGB")
    studio.load(noise)
    assert studio.wait(WAIT) and studio.faces == 0
    assert "Draw a square" in studio.status.value
    assert view(studio).size == (300, 200)  # the photo itself, until there is a face
    with pytest.raises(BadInputError, match="Draw a square"):
        studio.render()
    part(studio, Board).drawn = [0.1, 0.2, 0.5, 0.8]
    assert studio.wait(WAIT)
    assert studio.faces == 1 and studio.render().size == (64, 64)
    assert part(studio, Board).boxes == [[0.1, 0.2, 0.5, 0.8]]
    assert np.array_equal(np.asarray(studio.paste())[:30], np.asarray(noise)[:30])  # outside the crop
    studio.draw_crop((32, 40, 150, 160))
    assert studio.faces == 1, "a crop in the same place replaces the one before"
    studio.draw_crop((180, 40, 290, 150))
    assert studio.faces == 2 and studio.face == 1


@pytest.mark.parametrize("box", [(10, 10, 12, 12), (600, 10, 700, 90), (90, 10, 20, 80)])
def test_a_crop_that_is_none_is_refused_and_changes_nothing(opened, box):
    with pytest.raises(BadInputError, match=r"crop|box is .*left must be less than right"):
        opened.draw_crop(box)
    assert opened.faces == 1


def test_smaller_faces_are_found_meanwhile_and_the_picked_one_stays(studio, pair):
    studio.load(pair)
    assert studio.face == 0
    assert studio.wait(WAIT)
    assert studio.faces == 2 and studio.face == 0 and len(part(studio, Board).boxes) == 2


def test_a_crop_round_a_face_is_set_upright_like_a_found_one(opened):
    photo = read(opened)
    (found,) = photo.faces
    assert photo.add(found.box) == 0 and len(photo.faces) == 1
    assert np.abs(photo.faces[0].quad - found.quad).max() < 0.1 * np.ptp(found.quad)
    assert photo.faces[0].landmarks is not None
    opened.draw_crop(found.box)
    assert opened.faces == 1


def test_without_dlib_a_crop_is_still_drawn(studio, portrait, monkeypatch):
    def missing(*_: object, **__: object) -> None:
        raise MissingExtraError("Finding faces", "faces", "dlib-bin")

    monkeypatch.setattr(photo_module, "align_face", detection.align_face)
    monkeypatch.setattr(detection, "find_faces", missing)
    monkeypatch.setattr(detection, "face_in_box", missing)
    studio.load(portrait)
    assert "pip install" in studio.status.value and "draw a square" in studio.status.value
    studio.draw_crop((100, 20, 300, 220))
    assert studio.wait(WAIT) and studio.render().size == (64, 64)


# style and location


def test_location_runs_from_the_style_to_the_photos_own_texture(opened):
    opened.location = 0
    styled = opened.render()
    opened.location = 8
    own = opened.render()
    assert np.array_equal(pixels(own), pixels(read(opened).portrait(0).rebuild()))
    opened.location = 2.5
    assert opened.wait(WAIT)
    between = pixels(opened.render())
    assert np.abs(between - pixels(own)).max() > 0 and np.abs(between - pixels(styled)).max() > 0


def test_a_style_by_picture_and_a_failed_one_keeps_it(opened, tmp_path):
    seeded = opened.render()
    opened.take_style(Image.radial_gradient("L").convert("RGB"))
    taken = opened.render()
    assert opened.seed is None and np.abs(pixels(taken) - pixels(seeded)).max() > 0
    with pytest.raises(ImageError):
        opened.take_style(b"nonsense")
    assert np.array_equal(pixels(opened.render()), pixels(taken))
    opened.seed = 0
    assert np.array_equal(pixels(opened.render()), pixels(seeded))


def test_a_style_from_the_shelf(opened, tiny_swapae, tiny_generator):
    opened.seed = 5
    wanted = opened.render()
    opened.keep()
    (item,) = opened.shelf
    opened.seed = 1
    opened.location = 0
    opened.take(item.name)  # structure and own texture are those of the same photo: the whole style comes back
    assert np.array_equal(pixels(opened.render()), pixels(wanted))
    with pytest.raises(UnknownNameError):
        opened.take("nothing")
    assert np.array_equal(pixels(opened.render()), pixels(wanted))


def test_random_and_reset(opened):
    start = opened.render()
    opened.location, opened.psi, opened.view = 6, 0.3, "both"
    opened.randomise()
    assert opened.photo is not None
    opened.reset()
    assert (opened.seed, opened.location, opened.psi, opened.view) == (0, 3, 0.7, "face")
    assert opened.wait(WAIT) and np.array_equal(pixels(opened.render()), pixels(start))


# the cartoon before encoding


def test_a_face_is_encoded_as_its_cartoon(opened):
    plain = pixels(opened.render())
    opened.cartoonize = "classical"
    assert opened.cartoonize == "classical" and find(opened, "start from").value == "classical"
    assert opened.wait(WAIT) and (pixels(opened.render()) != plain).any()
    photo = read(opened)
    portrait = photo.portrait(0, "classical")
    assert np.array_equal(pixels(portrait.encoded), pixels(wf.cartoonize(photo.faces[0].image)))
    opened.show = "both"  # the photo, its cartoon, and what comes of it
    assert opened.wait(WAIT) and view(opened).size == (960, 320)
    opened.reset()
    assert opened.cartoonize is None
    assert opened.wait(WAIT) and np.array_equal(pixels(opened.render()), plain)


def test_a_cartoon_chosen_by_hand_is_made_beside_the_widgets(opened):
    plain = seen(opened)
    find(opened, "start from").value = "classical"
    assert opened.wait(WAIT)
    assert opened.cartoonize == "classical" and seen(opened) != plain


def test_a_cartoonizer_that_cannot_be_had_changes_nothing(opened, monkeypatch):
    def fail(*_args: Any, **_options: Any) -> None:
        raise WeightsError("no network here")

    monkeypatch.setattr("webtoonfaces.webtoonize.cartoonize.load_cartoonizer", fail)
    find(opened, "start from").value = "facial-cartoonizer"
    assert opened.wait(WAIT)
    assert opened.cartoonize is None and find(opened, "start from").value == ""
    assert "no network here" in opened.status.value and "alert" in opened.status.value
    with pytest.raises(WeightsError):
        opened.cartoonize = "facial-cartoonizer"
    with pytest.raises(UnknownNameError, match="classical"):
        opened.cartoonize = "clasical"
    assert opened.cartoonize is None


def test_the_demo_models_are_given_the_portrait_and_others_the_photo(opened, portrait, demo_swapae, demo_generator):
    assert opened.cartoonize is None and find(opened, "start from").value == ""
    studio = FaceStudio(demo_swapae, demo_generator, photo=portrait)
    studio.upscale = False
    assert studio.cartoonize == "portrait" and find(studio, "start from").value == "portrait"
    studio.cartoonize = None
    studio.reset()
    assert studio.cartoonize == "portrait"
    studio.cartoonize = None
    studio.cartoonize = "auto"
    assert studio.cartoonize == "portrait"
    studio.close()


def test_a_crop_without_landmarks_is_encoded_itself_and_it_says_so(studio):
    studio.cartoonize = "portrait"
    studio.load(Image.effect_noise((300, 200), 40).convert("RGB"))
    studio.draw_crop((30, 20, 180, 170))
    assert studio.wait(WAIT) and studio.cartoonize == "portrait"
    drawn = pixels(studio.render())
    assert len(hints(studio, "photo itself was encoded")) == 1
    studio.cartoonize = None
    assert not hints(studio, "photo itself was encoded")
    assert studio.wait(WAIT) and np.array_equal(pixels(studio.render()), drawn)
    studio.view = "drawn"
    assert studio.wait(WAIT) and "No portrait of this face" in studio.status.value
    with pytest.raises(BadInputError, match="No portrait"):
        studio.portrait()


# the drawn portrait


@pytest.mark.pixels
def test_the_portrait_is_shown_beside_the_face_in_any_title(opened):
    opened.view = "drawn"
    assert opened.wait(WAIT) and view(opened).size == (640, 320)
    shown = pixels(view(opened))
    expected = wf.portrait(opened.photo).draw(opened.title, 320)
    assert np.abs(shown[:, :320] - pixels(expected)).mean() < 4
    opened.title = "noir"
    assert opened.wait(WAIT)
    assert np.abs(pixels(view(opened))[:, :320] - pixels(expected)).mean() > 10
    assert find(opened, "portrait").value == "noir"
    opened.reset()
    assert opened.title == wf.titles()[0] and opened.view == "face"


def test_a_title_chosen_by_hand_is_shown(opened):
    opened.title = "pastel"
    assert opened.view == "face"
    find(opened, "portrait").value = "comedy"
    assert (opened.title, opened.view) == ("comedy", "drawn")
    opened.undo()
    assert (opened.title, opened.view) == ("pastel", "face")


@pytest.mark.pixels
def test_the_portrait_is_saved_and_copied(opened, pair, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened.title = "noir"
    find(opened, "Save portrait").click()
    assert opened.wait(WAIT)
    assert (tmp_path / "portrait.svg").read_text(encoding="utf-8") == wf.portrait(opened.photo, "noir").svg()
    opened.load(save_image(pair, tmp_path / "pair.png"))
    assert opened.wait(WAIT)
    opened.face, opened.view = 1, "drawn"
    assert opened.wait(WAIT)
    drawn = drawn_by_cell(opened)
    assert "wf.portrait(" in opened.to_python() and drawn.person == opened.portrait().person
    assert drawn.draw(size=64).tobytes() == opened.portrait().draw(size=64).tobytes()


@pytest.mark.pixels
def test_the_cell_of_a_portrait_says_which_photo_it_needs(opened, portrait):
    opened.view = "drawn"
    assert 'photo = "photo.jpg"' in opened.to_python()
    upload(opened, "me.jpg", encode(portrait, "JPEG"))
    assert opened.wait(WAIT)
    assert "# With me.jpg in this folder:" in opened.to_python() and "wf.align_face('me.jpg'" in opened.to_python()


# what is shown and saved


def test_before_and_after_and_the_whole_photo(opened):
    opened.show = "both"
    assert opened.wait(WAIT) and view(opened).size == (640, 320)
    before = pixels(view(opened))[:, :320]
    crop = read(opened).faces[0].image.resize((320, 320), Image.Resampling.LANCZOS)
    assert np.abs(before - pixels(crop)).mean() < 4
    opened.show = "photo"
    assert opened.wait(WAIT) and view(opened).size == (512, 512)
    assert np.abs(pixels(view(opened)) - pixels(opened.paste())).mean() < 4


def test_one_face_or_all_are_pasted(studio, pair):
    studio.load(pair)
    assert studio.wait(WAIT)
    one = np.abs(pixels(studio.paste()) - pixels(pair)).sum(axis=2) > 0
    assert one[:, :512].any() and not one[:, 512:].any()
    studio.every_face = True
    both = np.abs(pixels(studio.paste()) - pixels(pair)).sum(axis=2) > 0
    assert both[:, 512:].any() and np.array_equal(both[:, :512], one[:, :512])


@pytest.mark.pixels
@pytest.mark.parametrize("cartoonize", [None, "classical"])
def test_a_saved_face_has_its_codes_and_replays(portrait, demo_swapae, demo_generator, tmp_path, cartoonize):
    shelf = Shelf(tmp_path / "shelf")
    studio = FaceStudio(demo_swapae, demo_generator, photo=portrait, seed=3, cartoonize=cartoonize, shelf=shelf)
    studio.upscale = False
    path = studio.snapshot(tmp_path / "me.png")
    assert np.array_equal(pixels(wf.replay(path)), pixels(saved_of(studio.render())))
    kept = [node for node in r.walk(read_recipe(path).picture) if isinstance(node, r.Stored)]
    assert len(kept) == 2  # structure and texture
    assert np.array_equal(kept[0].array(), read(studio).portrait(0, cartoonize or "").structure.numpy())
    studio.close()


def test_the_whole_photo_is_saved_without_a_recipe_and_it_says_so(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    find(opened, "Save photo").click()
    assert opened.wait(WAIT)
    with Image.open(tmp_path / "webtoon-photo.png") as saved:
        assert saved.size == opened.photo.size and not getattr(saved, "text", {})
    assert "recipe never holds a photo" in opened.status.value


@pytest.mark.pixels
@pytest.mark.parametrize("change", ["seed", "style", "crop", "second", "cartoon", "mixed"])
def test_the_cell_makes_the_same_pixels(pair, demo_swapae, demo_generator, tmp_path, change):
    studio = FaceStudio(demo_swapae, demo_generator, photo=None, shelf=Shelf(tmp_path / "shelf"), seed=4, location=2.5)
    studio.upscale = False
    studio.load(save_image(pair, tmp_path / "pair.png"))
    if change in ("style", "mixed"):
        studio.take_style(save_image(Image.radial_gradient("L"), tmp_path / "style.png"))
    if change in ("cartoon", "mixed"):
        studio.cartoonize = "classical"
    if change in ("crop", "mixed"):
        studio.draw_crop((120, 20, 330, 230))
    if change == "second":
        assert studio.wait(WAIT)
        studio.face = 1
    assert same_as_cell(studio)
    studio.close()


@pytest.mark.pixels
def test_the_cell_of_an_upload_reads_the_saved_picture(portrait, demo_swapae, demo_generator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    studio = FaceStudio(demo_swapae, demo_generator, photo=portrait, shelf=Shelf(tmp_path / "shelf"))
    studio.upscale = False
    assert "Save the picture first" in studio.to_python()
    find(studio, "Save").click()
    assert np.array_equal(pixels(drawn_by_cell(studio)), pixels(saved_of(studio.render())))
    studio.close()


def drawn_by_cell(studio: FaceStudio) -> Image.Image:
    *lines, last = studio.to_python().splitlines()
    names: dict[str, object] = {}
    exec("\n".join([*lines, f"result = {last}"]), names)
    return names["result"]


def same_as_cell(studio: FaceStudio) -> bool:
    return np.array_equal(pixels(drawn_by_cell(studio)), pixels(studio.render()))


# the animation


@pytest.fixture
def short(monkeypatch):
    """Few frames: two samples, six steps."""
    monkeypatch.setattr("webtoonfaces.webtoonize.face2webtoon.ANCHORS", 2)
    monkeypatch.setattr("webtoonfaces.webtoonize.photo.STEPS", 6)


def test_the_animation_is_written_in_the_background(opened, short, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    row, button = styled(opened, "wf-task"), find(opened, "Animation")
    assert hidden(row)
    button.click()
    assert opened.tasks.running and not hidden(row)
    button.click()
    assert "Animation is still running" in opened.status.value
    assert opened.wait(WAIT)
    with Image.open(tmp_path / "webtoon-face.webp") as animation:
        assert animation.n_frames == 6 and animation.size == (384, 384)
    assert "saved webtoon-face.webp" in opened.status.value and not opened.tasks.running and hidden(row)
    again = opened.save_exploration(tmp_path / "again.webp")
    assert again.read_bytes() == (tmp_path / "webtoon-face.webp").read_bytes()


@pytest.mark.parametrize("cancel", ["button", "code", "close"])
def test_a_cancelled_animation_leaves_no_file(opened, tmp_path, monkeypatch, cancel):
    monkeypatch.chdir(tmp_path)
    drawn = []
    original = Photo.exploration

    def exploration(self, *args, **options):
        for frame in original(self, *args, **options):
            drawn.append(frame)
            if len(drawn) == 3:
                {"button": find(opened, "Cancel").click, "code": opened.tasks.cancel, "close": opened.close}[cancel]()
            yield frame

    monkeypatch.setattr(photo_module.Photo, "exploration", exploration)
    find(opened, "Animation").click()
    assert opened.wait(WAIT)
    assert len(drawn) == 3 and not list(tmp_path.iterdir())
    assert "cancelled" in opened.status.value and not opened.tasks.running


def test_the_studio_is_free_while_an_animation_is_written(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, started, go_on = seen(opened), threading.Event(), threading.Event()

    def exploration(*_args, **_options):
        for _ in range(2):
            started.set()
            assert go_on.wait(WAIT)
            yield Image.new("RGB", (16, 16))

    monkeypatch.setattr(photo_module.Photo, "exploration", exploration)
    find(opened, "Animation").click()
    assert started.wait(WAIT)
    opened.location = 8
    assert opened.stage.wait(WAIT) and seen(opened) != first
    go_on.set()
    assert opened.wait(WAIT)


def test_pasting_every_face_back_can_be_cancelled(studio, pair, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    studio.load(pair)
    assert studio.wait(WAIT)
    studio.every_face = True
    assert studio.wait(WAIT)
    draw, count = studio.stage.renderer.draw, []

    def drawn(picture, **options):
        count.append(picture)
        studio.tasks.cancel()
        return draw(picture, **options)

    monkeypatch.setattr(studio.stage.renderer, "draw", drawn)
    find(studio, "Save photo").click()
    assert studio.wait(WAIT)
    assert len(count) == 1 and not list(tmp_path.iterdir()) and "cancelled" in studio.status.value


# the parts


def test_a_plain_picker_and_board_where_custom_widgets_cannot_load(
    tiny_swapae, tiny_generator, pair, tmp_path, monkeypatch
):
    monkeypatch.setenv("WEBTOONFACES_PLAIN", "1")
    studio = FaceStudio(tiny_swapae, tiny_generator, photo=None, seed=0, shelf=Shelf(tmp_path / "shelf"))
    studio.upscale = False
    board = part(studio, PlainBoard)
    assert "10 MB" in part(part(studio, PlainPicker), w.Label).value
    given = {"name": "pair.png", "type": "image/png", "size": 1, "last_modified": NOW, "content": encode(pair)}
    upload = part(studio, w.FileUpload)
    seven = {"pair.png": {"metadata": given, "content": given["content"]}}
    upload.set_trait("value", seven if SEVEN else (given,))
    assert studio.wait(WAIT) and studio.faces == 2
    with Image.open(io.BytesIO(part(board, w.Image).value)) as framed:
        assert framed.size == (720, 419)
    find(board, "across %").value, find(board, "down %").value = (70, 90), (30, 64.5)
    find(board, "Use this crop").click()
    assert studio.wait(WAIT) and studio.face == 1 and studio.faces == 2
    studio.close()


def test_uploads_of_both_ipywidgets():
    assert uploads({"a.png": {"metadata": {"name": "a.png"}, "content": b"x"}}) == [("a.png", b"x")]
    assert uploads(({"name": "a.png", "type": "image/png", "content": memoryview(b"x")},)) == [("a.png", b"x")]
    assert uploads({}) == uploads(()) == []


def test_the_picker_hears_photos_only():
    heard = []
    picker = Picker("Photo", lambda *given: heard.append(given))
    send(picker, {"kind": "other"}, b"x")
    send(picker, {"kind": "photo", "name": "a"})
    send(picker, {"kind": "photo", "name": "a"}, b"x")
    assert heard == [("a", b"x")]
    assert not picker.has_trait("content")  # no photo is kept in the notebook's widget state


def test_the_overview_numbers_and_frames_the_faces(pair, tiny_swapae):
    photo = Photo(pair, tiny_swapae)
    assert photo.search() == 1 and photo.search() == 0
    plain = pair.resize((440, 256), Image.Resampling.LANCZOS)
    view = photo.overview(side=440, picked=1)
    changed = np.abs(pixels(view) - pixels(plain)).sum(axis=2) > 0
    for left, top, right, bottom in photo.boxes:
        assert changed[round(top * 256), round(left * 440) : round(right * 440) - 2].all()
        assert not changed[round((top + bottom) / 2 * 256), round((left + right) / 2 * 440)]
        assert changed[round(bottom * 256) - 1, round(left * 440)]


def test_the_board_gets_shares_of_the_photo(pair, tiny_swapae):
    board = Board()
    photo = Photo(pair, tiny_swapae)
    board.show(photo, picked=0)
    assert board.picked == 0 and all(0 <= edge <= 1 for box in board.boxes for edge in box)
    assert board.boxes[0][0] * 880 == pytest.approx(photo.faces[0].box[0])
