"""face2webtoon with tiny untrained models, whose arithmetic is the same as that of trained ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

import webtoonfaces as wf
from webtoonfaces import codes
from webtoonfaces.errors import BadInputError, FaceNotFoundError, ImageError
from webtoonfaces.images import to_pil
from webtoonfaces.webtoonize.face2webtoon import EncodedFace


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return wf.example_photo()


@pytest.fixture(scope="module")
def face(photo):
    return wf.align_face(photo, size=256)


@pytest.fixture(scope="module")
def result(face, tiny_swapae, tiny_generator):
    return wf.face2webtoon(face, styles=3, swapae=tiny_swapae, generator=tiny_generator, locations=(2, 5.5), seed=4)


def same(a: Image.Image, b: Image.Image) -> bool:
    return a.size == b.size and np.abs(np.asarray(a).astype(int) - np.asarray(b)).max() <= 1


def test_what_is_in_it(result, face, tiny_generator):
    assert result.face is face.image
    assert [len(row) for row in result.images] == [3, 3]
    assert all(p.size == (64, 64) for row in result.images for p in row)
    assert all(
        same(a, b)
        for a, b in zip(
            result.styles, tiny_generator.render(tiny_generator.sample_ws([4, 5, 6], truncation_psi=0.7)), strict=True
        )
    )


def test_each_picture_is_the_photo_swapped_at_its_location(result, tiny_swapae):
    portrait = result.portrait
    for location, row in zip(result.locations, result.images, strict=True):
        for j, picture in enumerate(row):
            mixed = codes.swap_at(portrait.style, result.codes[j : j + 1], location=location)
            alone = to_pil(tiny_swapae.decode(portrait.structure, mixed, noise_mode="none"))[0]
            assert same(picture, alone)


def test_sheet_layout(result):
    sheet = result.sheet(cell=64)
    assert sheet.size == (4 * 64, 3 * 64)

    def cell(row: int, column: int) -> Image.Image:
        return sheet.crop((64 * column, 64 * row, 64 * column + 64, 64 * row + 64))

    assert same(cell(1, 0), result.reconstruction)
    assert same(cell(2, 0), result.reconstruction)
    assert same(cell(1, 2), result.images[0][1])
    assert same(cell(2, 3), result.images[1][2])


def test_labels_say_what_each_picture_is(result, face, photo, tiny_swapae, tiny_generator, tmp_path):
    assert result.style_names == ("seed 4", "seed 5", "seed 6")
    bare, told = result.sheet(cell=128), result.sheet(cell=128, labels=True)
    band = told.height // 3 - 128
    assert told.width == bare.width and band > 8
    assert same(told.crop((0, 0, told.width, 128)), bare.crop((0, 0, bare.width, 128)))
    for row in range(3):
        for column in range(4):
            top = row * (128 + band) + 128
            assert np.ptp(np.asarray(told.crop((column * 128, top, column * 128 + 128, top + band)))) > 100
    photo.save(tmp_path / "drawing.png")
    named = wf.face2webtoon(face, styles=[tmp_path / "drawing.png", photo], swapae=tiny_swapae).style_names
    assert named == ("drawing", "style 1")


def test_location_8_is_the_photo_itself_and_0_the_style_alone(face, tiny_swapae, tiny_generator):
    sheet = wf.face2webtoon(face, styles=[9], swapae=tiny_swapae, generator=tiny_generator, locations=(8, 0))
    assert same(sheet.images[0][0], sheet.reconstruction)
    assert not same(sheet.images[1][0], sheet.reconstruction)


def test_styles_from_pictures_and_seeds_together(face, photo, tiny_swapae, tiny_generator, tmp_path):
    photo.save(tmp_path / "style.png")
    mixed = wf.face2webtoon(
        face, styles=[tmp_path / "style.png", 3, photo], swapae=tiny_swapae, generator=tiny_generator
    )
    assert len(mixed.styles) == 3
    assert mixed.codes.shape == (3, 8, 128)
    assert torch.equal(mixed.codes[0], mixed.codes[2])


def test_pictures_alone_need_no_generator(face, photo, tiny_swapae):
    sheet = wf.face2webtoon(face, styles=[photo], swapae=tiny_swapae)
    with pytest.raises(BadInputError, match="generator"):
        sheet.gif("never.gif")


def test_exploration_is_90_frames_of_2_by_2(result, tmp_path, monkeypatch):
    encoded = []
    monkeypatch.setattr(EncodedFace, "__init__", lambda *a, **k: encoded.append(1))
    frames = list(result.frames(cell=32))
    assert len(frames) == 90
    assert not encoded, "the photo is encoded once, when the sheet is made"
    assert frames[0].size == (64, 64)
    top_left = np.asarray(frames[7].crop((0, 0, 32, 32)))
    assert not top_left.any(), "the first quarter is blank"
    photos = [np.asarray(frame.crop((0, 32, 32, 64))) for frame in frames[::30]]
    assert all(np.array_equal(photos[0], one) for one in photos)
    styles = {frame.crop((32, 0, 64, 32)).tobytes() for frame in frames}
    assert len(styles) > 75, "every style is rendered"


def test_gif_on_disk(result, tmp_path):
    with Image.open(result.gif(tmp_path / "e.gif", cell=32)) as gif:
        assert gif.size == (64, 64)
        total = 0
        for i in range(gif.n_frames):
            gif.seek(i)
            total += gif.info["duration"]
    assert total == pytest.approx(9000, abs=10)  # ms; a GIF counts in hundredths of a second


def test_singles(result, tmp_path):
    paths = result.save(tmp_path / "all")
    assert len(paths) == 1 + 1 + 3 + 2 * 3
    assert {"photo.png", "reconstruction.png", "style-0.png", "location-5.5-style-2.png"} <= {p.name for p in paths}


def test_the_sheet_as_one_picture(result, tmp_path):
    [path] = result.save(tmp_path / "sheet.PNG")
    with Image.open(path) as saved:
        assert saved.size == result.sheet().size
    (tmp_path / "folder.png").mkdir()  # an existing folder of that name is used as a folder
    assert len(result.save(tmp_path / "folder.png")) > 1


def test_only_endings_of_pictures_are_no_folders(result, tmp_path):
    for name in ("sheet.svg", "sheet.psd", "sheet.gif"):
        with pytest.raises(ImageError, match="does not end in"):
            result.save(tmp_path / name)
    assert not list(tmp_path.iterdir())
    [path] = result.save(tmp_path / "sheet.pdf")
    assert path.read_bytes().startswith(b"%PDF")
    assert len(result.save(tmp_path / "at-3.5")) > 1


def test_several_photos_and_a_folder(face, photo, tiny_swapae, tiny_generator, tmp_path):
    models = {"swapae": tiny_swapae, "generator": tiny_generator}
    pair = wf.face2webtoon([face, face], styles=2, seed=4, **models)
    assert [sheet.name for sheet in pair] == ["", ""]
    alone = wf.face2webtoon(face, styles=2, seed=4, **models)
    assert all(same(a, b) for sheet in pair for a, b in zip(sheet.images[1], alone.images[1], strict=True))
    for name in ("b.png", "a.jpg"):
        photo.save(tmp_path / name)
    Image.new("RGB", (200, 200), "white").save(tmp_path / "c.png")
    with pytest.warns(UserWarning, match=r"c\.png"):
        sheets = wf.face2webtoon(tmp_path, styles=1, **models)
    assert [sheet.name for sheet in sheets] == ["a", "b"]
    with pytest.raises(FaceNotFoundError):
        wf.face2webtoon([tmp_path / "c.png"], styles=1, **models)
    for nothing in ([], tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(BadInputError, match=r"empty|no photo"):
            wf.face2webtoon(nothing, styles=1, **models)


def test_each_face_of_a_group_gets_its_own_style(photo, tiny_swapae, tiny_generator):
    head = photo.crop((0, 0, photo.width, 300))
    group = Image.new("RGB", (2 * head.width, head.height))
    group.paste(head, (0, 0))
    group.paste(head, (head.width, 0))
    faces = wf.align_faces(group, size=256)
    assert len(faces) == 2
    models = {"swapae": tiny_swapae, "generator": tiny_generator}
    drawn = wf.group2webtoon(group, seed=4, location=2, **models)
    expected = group
    for seed, one in enumerate(faces, start=4):
        expected = one.paste(wf.face2webtoon(one, styles=[seed], locations=2, **models).images[0][0], onto=expected)
    assert drawn.size == group.size
    assert drawn.tobytes() == expected.tobytes()
    alike = wf.group2webtoon(group, styles=[4], location=2, **models)
    assert alike.tobytes() != drawn.tobytes(), "one style serves both faces"
    with pytest.raises(BadInputError, match="goes from 0 to 8"):
        wf.group2webtoon(group, location=9, **models)


def test_one_style_and_one_location_need_no_list(face, photo, tiny_swapae, tiny_generator, tmp_path):
    photo.save(tmp_path / "style.png")
    for style in (str(tmp_path / "style.png"), tmp_path / "style.png", photo, np.asarray(photo)):
        one = wf.face2webtoon(face, styles=style, swapae=tiny_swapae, locations=3)
        assert one.locations == (3.0,) and len(one.styles) == 1
        assert one.styles[0].tobytes() == photo.convert("RGB").tobytes()
    models = {"swapae": tiny_swapae, "generator": tiny_generator}
    counted = wf.face2webtoon(face, styles=np.int64(2), locations=[np.float32(2)], **models)
    assert len(counted.styles) == 2
    for wrong, words in (
        ({"styles": 2.5}, "styles is a number"),
        ({"locations": "a"}, "locations are numbers"),
        ({"truncation_psi": "a"}, "truncation_psi"),
        ({"swapae": tiny_generator}, "takes a Swapping Autoencoder"),
        ({"generator": tiny_swapae}, "takes a StyleGAN2"),
    ):
        with pytest.raises(BadInputError, match=words):
            wf.face2webtoon(face, **({"styles": 1} | models | wrong))
    with pytest.raises(ImageError, match=r"gone\.png"):
        wf.face2webtoon(face, styles="gone.png", swapae=tiny_swapae)


def test_pasting_back_changes_the_face_alone(result, photo):
    pasted = result.paste(style=1, location=5.5)
    assert pasted.size == photo.size
    changed = np.asarray(pasted).astype(int) != np.asarray(photo)
    assert changed.any()
    assert not changed[300:].any(), "the suit is left as it was"


@pytest.mark.parametrize("wrong", [{"style": 3}, {"style": -1}, {"location": 4}])
def test_pasting_what_was_not_drawn_is_explained(result, wrong):
    with pytest.raises(BadInputError, match=r"this sheet has styles 0 to 2|only at 2, 5\.5"):
        result.paste(**wrong)


def test_a_photo_is_aligned_by_itself(photo, face, tiny_swapae):
    portrait = EncodedFace(photo, tiny_swapae)
    assert np.allclose(portrait.aligned.quad, face.quad)


def test_no_face_is_explained(tiny_swapae):
    with pytest.raises(FaceNotFoundError, match="fallback"):
        wf.face2webtoon(Image.new("RGB", (300, 300), "white"), styles=[3], swapae=tiny_swapae)


def test_without_alignment_the_picture_is_taken_whole(tiny_swapae):
    portrait = EncodedFace(Image.new("RGB", (300, 150), "white"), tiny_swapae, align=False)
    assert portrait.structure.shape == (1, 8, 4, 8)
    assert portrait.aligned is None


@pytest.mark.parametrize(("styles", "locations"), [([], (3,)), ([1], ()), ([1], (9,))])
def test_mistakes_are_explained(face, tiny_swapae, tiny_generator, styles, locations):
    with pytest.raises(BadInputError):
        wf.face2webtoon(face, styles=styles, swapae=tiny_swapae, generator=tiny_generator, locations=locations)
