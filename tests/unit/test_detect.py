"""Faces found by dlib: the golden photo, and pictures made from it."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from webtoonfaces.cli.main import main
from webtoonfaces.errors import BadInputError, FaceNotFoundError, UnknownNameError
from webtoonfaces.faces import align_face, align_faces, detect, detect_faces
from webtoonfaces.faces.align import quad_from_landmarks

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "checkpoints" / "astronaut.png"
GOLDEN = json.loads((ROOT / "tests" / "golden" / "astronaut.json").read_text())
QUAD = np.array(GOLDEN["ffhq_quad_tl_bl_br_tr"])
SIDE = float(np.hypot(*(QUAD[3] - QUAD[0])))


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.open(PHOTO).convert("RGB")


def off(quad: np.ndarray, expected: np.ndarray) -> float:
    """The farthest corner's distance, in units of the expected side."""
    side = np.hypot(*(expected[3] - expected[0]))
    return float(np.hypot(*(quad - expected).T).max() / side)


def turned(photo: Image.Image, degrees: float) -> tuple[Image.Image, np.ndarray]:
    """The photo turned counter-clockwise on grey, and where the golden quad is in it."""
    picture = photo.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 90, 90))
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return picture, (QUAD - 255.5) @ turn.T + (np.array(picture.size) - 1) / 2


# --- the golden photo


@pytest.mark.parametrize(("name", "key"), [("68", "landmarks_68"), ("5", "landmarks_5")])
def test_the_astronaut_is_found_where_dlib_finds_her(photo, name, key):
    (face,) = detect_faces(photo, landmarks=name)
    assert face.box == tuple(GOLDEN["box_left_top_right_bottom"])
    assert face.model == f"dlib-{name}"
    assert face.score == pytest.approx(1.534, abs=0.01)
    assert face.landmarks.dtype == np.float64
    np.testing.assert_array_equal(face.landmarks, GOLDEN[key])


def test_her_quad_is_the_golden_one():
    face = align_face(PHOTO)
    assert np.abs(face.quad - QUAD).max() <= 1
    assert face.model == "dlib-68"
    assert face.image.size == (256, 256)


def test_the_free_model_comes_close():
    face = align_face(PHOTO, landmark_model="5")
    assert face.model == "dlib-5"
    assert face.landmarks.shape == (5, 2)
    assert off(face.quad, QUAD) < 0.08


def test_a_thorough_search_adds_no_false_face(photo):
    assert len(detect_faces(photo, thorough=True)) == 1
    assert len(detect_faces(photo, thorough=True, min_score=-0.3)) > 1


def test_the_surest_large_face_comes_first(photo):
    faces = detect_faces(photo, thorough=True, min_score=-0.3)
    assert faces[0].box == tuple(GOLDEN["box_left_top_right_bottom"])


def test_threads_agree(photo):
    with ThreadPoolExecutor(4) as pool:
        boxes = {face.box for faces in pool.map(detect_faces, [photo] * 8) for face in faces}
    assert boxes == {tuple(GOLDEN["box_left_top_right_bottom"])}


def test_a_kept_detector_is_the_one_of_dlib_and_a_damaged_file_is_made_again(photo, monkeypatch, tmp_path):
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path / "cache"))
    new = detect._detector.__wrapped__
    first = new()
    (kept,) = (tmp_path / "cache").iterdir()
    whole = kept.read_bytes()
    for found in (new(), first):
        boxes, scores, kinds = found.run(np.asarray(photo), 0, -1.0)
        assert len(boxes) > 1 and scores[0] == pytest.approx(1.534, abs=0.001) and len(set(kinds)) > 1
        assert (scores, kinds) == first.run(np.asarray(photo), 0, -1.0)[1:]
    kept.write_bytes(whole[:1000] + b"?" + whole[1001:])
    new()
    assert kept.read_bytes() == whole
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(kept / "no folder"))
    assert new().run(np.asarray(photo), 0, 0.0)[1] == first.run(np.asarray(photo), 0, 0.0)[1]


# --- pictures made from it


def test_twelve_megapixels_give_the_same_quad(photo):
    face = align_face(photo.resize((3464, 3464), Image.Resampling.BICUBIC))
    assert off((face.quad + 0.5) * 512 / 3464 - 0.5, QUAD) < 0.01


@pytest.mark.parametrize("degrees", [25, -25, 45, 90, -120])
def test_a_turned_photo_aligns_as_the_upright_one(photo, degrees):
    picture, expected = turned(photo, degrees)
    face = align_face(picture)
    assert off(face.quad, expected) < 0.03
    upright = np.asarray(align_face(photo).image.resize((64, 64), Image.Resampling.BOX), np.float64)
    crop = np.asarray(face.image.resize((64, 64), Image.Resampling.BOX), np.float64)
    assert np.abs(upright - crop)[8:56, 8:56].mean() < 12


@pytest.mark.parametrize("name", ["68", "5"])
def test_two_side_by_side_are_both_found(photo, name):
    pair = Image.new("RGB", (1024, 512))
    pair.paste(photo, (0, 0))
    pair.paste(photo, (512, 0))
    faces = sorted(align_faces(pair, landmark_model=name), key=lambda face: face.box)
    assert len(faces) == 2
    single = align_face(photo, landmark_model=name).quad
    for face, shift in zip(faces, (0, 512), strict=True):
        assert off(face.quad - [shift, 0], single) < 0.02
    by_index = {round(align_face(pair, index=i, landmark_model=name).box[0]) for i in (0, 1)}
    assert by_index == {round(face.box[0]) for face in faces}


def test_of_a_large_and_a_small_face_the_large_one_comes_first(photo):
    pair = Image.new("RGB", (768, 512), (90, 90, 90))
    pair.paste(photo, (256, 0))
    pair.paste(photo.resize((200, 200), Image.Resampling.LANCZOS), (20, 150))
    large, small = align_faces(pair)
    assert large.box[2] - large.box[0] > 2 * (small.box[2] - small.box[0])
    assert large.box[0] > 256 > small.box[2]
    with pytest.raises(FaceNotFoundError, match=r"Only 2 faces.*index 5"):
        align_face(pair, index=5)


def test_what_the_detector_doubts_is_left_out_beside_a_face(photo, monkeypatch, tmp_path, capsys):
    """A badge on a suit is a false detection, and must not be redrawn."""
    (sure,) = detect_faces(photo)
    found = [replace(sure, score=score) for score in (2.0, 0.1, 0.5, 0.29)]
    monkeypatch.setattr("webtoonfaces.faces.find.find_faces", lambda *_, **__: list(found))
    assert [face.score for face in align_faces(photo)] == [2.0, 0.5]
    assert align_face(photo, index=1).score == 0.5
    with pytest.raises(FaceNotFoundError, match="Only 2 faces"):
        align_face(photo, index=2)
    del found[0]
    assert [face.score for face in align_faces(photo)] == [0.1, 0.5]  # the most prominent one, as by align_face
    photo.save(tmp_path / "photo.png")
    arguments = ["align", str(tmp_path / "photo.png"), "-o", str(tmp_path / "face.png")]
    assert main(arguments) == 0
    assert "this may not be a face: the detector's score is 0.10" in capsys.readouterr().err
    del found[0]
    assert main(arguments) == 0
    assert capsys.readouterr().err == ""


def test_a_small_face_is_found_by_enlarging(photo):
    face = align_face(photo.resize((128, 128), Image.Resampling.LANCZOS))
    assert off((face.quad + 0.5) * 4 - 0.5, QUAD) < 0.04


def test_a_face_that_is_small_in_its_photo_is_found_only_by_a_finer_scan(photo):
    wide = Image.new("RGB", (1200, 800), (90, 90, 90))
    wide.paste(photo.resize((300, 300), Image.Resampling.LANCZOS), (700, 300))
    assert detect_faces(wide, max_side=512) == []
    (face,) = detect_faces(wide)
    expected = (QUAD + 0.5) * 300 / 512 - 0.5 + [700, 300]
    assert off(quad_from_landmarks(face.landmarks), expected) < 0.06


# --- a box by hand


@pytest.mark.parametrize("box", [(179, 83, 266, 170), (150, 20, 310, 180), (170, 60, 280, 190)])
def test_landmarks_are_predicted_in_a_box_by_hand(photo, box):
    face = align_face(photo, box=box)
    assert face.model == "dlib-68"
    assert off(face.quad, QUAD) < 0.05


def test_a_box_picks_one_of_two(photo):
    pair = Image.new("RGB", (1024, 512))
    pair.paste(photo, (0, 0))
    pair.paste(photo, (512, 0))
    assert off(align_face(pair, box=(512 + 150, 20, 512 + 310, 180)).quad - [512, 0], QUAD) < 0.05


def test_a_box_where_the_detector_sees_nothing_still_gives_a_crop(photo):
    face = align_face(photo, box=(330, 180, 430, 280))
    assert face.image.size == (256, 256)
    assert face.score <= 0


def test_a_box_outside_the_photo_is_refused(photo):
    with pytest.raises(BadInputError, match="outside the photo"):
        align_face(photo, box=(1000, 1000, 1100, 1100))


# --- no face


def test_no_face_is_an_error_with_advice(photo):
    sky = photo.crop((0, 300, 100, 400))
    assert detect_faces(sky) == []
    for find in (align_face, align_faces):
        with pytest.raises(FaceNotFoundError) as caught:
            find(sky)
        for advice in ("larger", "upright", "box=", "landmarks=", "fallback='center'"):
            assert advice in str(caught.value)


def test_the_fallback_is_the_middle_square(photo):
    wide = photo.crop((0, 300, 180, 400))
    face = align_face(wide, fallback="center", size=100)
    assert face.model == "center"
    assert face.landmarks is None
    assert face.score is None
    assert face.image.tobytes() == wide.crop((40, 0, 140, 100)).tobytes()
    assert face.paste(Image.new("RGB", (64, 64), "red")).getpixel((90, 50)) == (255, 0, 0)


def test_the_fallback_is_not_taken_where_there_is_a_face():
    assert align_face(PHOTO, fallback="center").model == "dlib-68"


def test_a_face_of_a_few_pixels_is_an_error_with_advice(photo):
    with pytest.raises(FaceNotFoundError, match="larger"):
        align_face(photo.resize((48, 48), Image.Resampling.LANCZOS))


def test_one_pixel_is_no_face():
    assert detect_faces(Image.new("RGB", (1, 1))) == []


def test_unknown_models_and_scans_that_cannot_be():
    with pytest.raises(UnknownNameError, match="landmark model"):
        detect_faces(PHOTO, landmarks="81")
    with pytest.raises(BadInputError, match="80 pixels"):
        detect_faces(PHOTO, max_side=40)


# --- the import


def test_the_import_is_quiet_and_light():
    code = (
        "import sys, webtoonfaces.faces;"
        "print([m for m in ('torch', 'dlib', 'matplotlib', 'gdown', 'ipywidgets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
