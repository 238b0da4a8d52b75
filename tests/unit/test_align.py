"""Landmarks -> crop -> photo: the geometry, and what can be done without dlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from webtoonfaces.errors import BadInputError, ImageError, MissingExtraError, UnknownNameError
from webtoonfaces.faces import AlignedFace, align_face, detect_faces
from webtoonfaces.faces.align import (
    as_points,
    crop_quad,
    face_hull,
    ffhq_quad,
    from_unit,
    quad_from_5_points,
    quad_from_box,
    quad_from_landmarks,
    roll,
    square_quad,
)

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "checkpoints" / "astronaut.png"
GOLDEN = json.loads((ROOT / "tests" / "golden" / "astronaut.json").read_text())
LANDMARKS = np.array(GOLDEN["landmarks_68"], np.float64)
LANDMARKS_5 = np.array(GOLDEN["landmarks_5"], np.float64)
QUAD = np.array(GOLDEN["ffhq_quad_tl_bl_br_tr"])
SIDE = float(np.hypot(*(QUAD[3] - QUAD[0])))
PINK = (220, 40, 160)


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.open(PHOTO).convert("RGB")


@pytest.fixture
def no_dlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)


def inside(face: AlignedFace, grow: int = 0) -> np.ndarray:
    """The pixels of the photo whose centre is in the face's hull, grown by some pixels: bool [H, W]."""
    mask = Image.new("L", face.source.size)
    ImageDraw.Draw(mask).polygon([tuple(point) for point in face.hull], fill=255)
    region = np.asarray(mask) > 0
    for axis in (0, 1):
        region = np.any([np.roll(region, shift, axis) for shift in range(-grow, grow + 1)], axis=0)
    return region


def difference(a: Image.Image, b: Image.Image) -> np.ndarray:
    return np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16))


def ramp(width: int, height: int) -> Image.Image:
    """Red is x and green is y, so that a colour tells where it comes from."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([x, y, np.full_like(x, 128)], axis=2).astype(np.uint8))


# --- quads


def test_the_golden_quad():
    np.testing.assert_allclose(ffhq_quad(LANDMARKS), QUAD, atol=1e-3)


def test_five_points_come_close_to_68():
    quad = quad_from_5_points(LANDMARKS_5)
    assert np.hypot(*(quad - QUAD).T).max() < 0.08 * SIDE


@settings(max_examples=50, deadline=None)
@given(
    degrees=st.floats(-180, 180),
    scale=st.floats(0.1, 20),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    points=st.sampled_from([LANDMARKS, LANDMARKS_5]),
)
def test_a_quad_moves_turns_and_grows_with_its_face(degrees, scale, shift, points):
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = quad_from_landmarks(points @ turn.T + shift)
    np.testing.assert_allclose(moved, quad_from_landmarks(points) @ turn.T + shift, atol=1e-6 * (1 + 500 * scale))
    turned = roll(points @ turn.T) - roll(points)
    assert abs((turned - degrees + 180) % 360 - 180) < 1e-6


def test_a_box_becomes_the_square_round_it():
    np.testing.assert_allclose(
        quad_from_box((10, 20, 110, 80)), np.array([[10, 0], [10, 100], [110, 100], [110, 0]]) - 0.5
    )


@pytest.mark.parametrize(
    ("points", "complaint"),
    [
        (LANDMARKS[:67], "shape"),
        (LANDMARKS[:, :1], "shape"),
        ("here", "shape"),
        ([[1, 2], [3]], "shape"),
        (np.where(np.arange(68)[:, None] == 3, np.nan, LANDMARKS), "NaN or infinity"),
        (LANDMARKS * [-1, 1], "swapped"),
        (LANDMARKS * [1, -1], "swapped"),
        (LANDMARKS_5 * [-1, 1], "swapped"),
        (np.zeros((5, 2)), "swapped"),
        # the order of other detectors: left eye, right eye, nose, corners of the mouth
        ([[203, 102], [246, 103], [224, 135], [201, 140], [245, 141]], "order"),
    ],
)
def test_landmarks_that_are_no_face_are_refused(points, complaint):
    with pytest.raises(BadInputError, match=complaint):
        quad_from_landmarks(points)


# --- the hull


def test_the_hull_holds_every_landmark_and_a_forehead():
    hull = face_hull(QUAD, LANDMARKS)
    edges = np.roll(hull, -1, axis=0) - hull
    to_points = LANDMARKS[:, None] - hull
    assert (edges[:, 0] * to_points[..., 1] - edges[:, 1] * to_points[..., 0] >= -1e-9).all()
    brows_to_nose = LANDMARKS[33, 1] - LANDMARKS[17:27, 1].mean()
    assert hull[:, 1].min() == pytest.approx(LANDMARKS[17:27, 1].min() - brows_to_nose, abs=0.1 * brows_to_nose)


def test_the_oval_of_an_unknown_face_is_about_the_hull_of_a_known_one():
    known, oval = face_hull(QUAD, LANDMARKS), face_hull(QUAD)
    for extreme in (np.min, np.max):
        np.testing.assert_allclose(extreme(oval, axis=0), extreme(known, axis=0), atol=0.08 * SIDE)


# --- crops


def test_a_crop_on_whole_pixels_is_the_photo_itself(photo):
    crop = crop_quad(photo, quad_from_box((100, 50, 228, 178)), 128)
    assert crop.tobytes() == photo.crop((100, 50, 228, 178)).tobytes()


def test_corners_go_to_corners():
    quad = square_quad((120, 110), 90, 30)
    crop = np.asarray(crop_quad(ramp(256, 240), quad, 90), np.float64)
    centers = (np.stack(np.meshgrid(np.arange(90), np.arange(90)), axis=2).reshape(-1, 2) + 0.5) / 90
    expected = from_unit(centers, quad).reshape(90, 90, 2)
    np.testing.assert_allclose(crop[..., :2], expected, atol=1.0)


@pytest.mark.parametrize("size", [64, 100, 256])
def test_fine_stripes_shrink_to_grey(size):
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = np.asarray(crop_quad(Image.fromarray(stripes), square_quad((511.5, 511.5), 640, 10), size))
    assert crop.min() > 115
    assert crop.max() < 140


def test_beyond_the_border_the_photo_is_mirrored_softly_and_its_own_pixels_stay(photo):
    corner = photo.crop((150, 60, 330, 230))
    quad = quad_from_box((-60, -60, 180, 180))
    crop = np.asarray(crop_quad(corner, quad, 240), np.float64)
    inside = np.asarray(corner, np.float64)[:170, :180]
    np.testing.assert_allclose(crop[60:230, 60:240], inside, atol=1)
    above, mirrored = crop[56:60, 60:], np.asarray(corner, np.float64)[1:5][::-1]
    assert np.abs(above - mirrored).mean() < 15
    sharp, soft = np.abs(np.diff(inside[:40], axis=1)).mean(), np.abs(np.diff(crop[:20, 60:], axis=1)).mean()
    assert soft < 0.2 * sharp


def test_a_crop_much_larger_than_its_photo_is_filled():
    crop = np.asarray(crop_quad(Image.new("RGB", (20, 10), PINK), square_quad((10, 5), 100), 64))
    assert (crop == PINK).all()


@pytest.mark.parametrize(
    ("quad", "size", "complaint"),
    [
        (QUAD, 8, "16 to"),
        (QUAD, 5000, "16 to"),
        (QUAD, 64.5, "whole number"),
        (QUAD[:3], 64, "four corners"),
        (QUAD * np.nan, 64, "four corners"),
        (QUAD + np.eye(4)[:, 2:3] * [30, 0], 64, "parallel"),
        (QUAD * 0, 64, "smaller than one pixel"),
        (QUAD + 2000, 64, "outside the photo"),
        (square_quad((0, 0), 9000), 64, "eight times"),
    ],
)
def test_crops_that_cannot_be_made_are_refused(photo, quad, size, complaint):
    with pytest.raises(BadInputError, match=complaint):
        crop_quad(photo, quad, size)


# --- back into the photo


@pytest.mark.parametrize("size", [256, 512])
def test_the_untouched_crop_pastes_back_to_the_photo(photo, size):
    face = align_face(photo, landmarks=LANDMARKS, size=size)
    back = face.paste(face.image)
    changed = difference(back, photo)
    assert changed[inside(face)].mean() <= 2
    assert np.percentile(changed[inside(face)], 99) <= 12


@pytest.mark.parametrize("feather", [0.0, 0.05, 0.1])
def test_a_solid_colour_covers_the_hull_and_nothing_far_from_it(photo, feather):
    face = align_face(photo, landmarks=LANDMARKS)
    pasted = face.paste(Image.new("RGB", (100, 100), PINK), feather=feather)
    covered = (np.asarray(pasted) == PINK).all(axis=2)
    assert covered[inside(face)].mean() >= 0.95
    outside = ~inside(face, grow=int(feather * SIDE) + 3)
    assert outside.mean() > 0.8
    assert not difference(pasted, photo)[outside].any()


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_pasted_decides_nothing_outside_the_mask(photo, seed):
    face = align_face(photo, landmarks=LANDMARKS)
    noise = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
    outside = ~inside(face, grow=int(0.1 * SIDE) + 3)
    assert not difference(face.paste(noise), photo)[outside].any()


@pytest.mark.parametrize("side", [64, 300, 1024])
def test_a_picture_of_any_size_lands_in_the_same_place(photo, side):
    face = align_face(photo, landmarks=LANDMARKS)
    reference = face.paste(face.image)
    other = face.paste(face.image.resize((side, side), Image.Resampling.LANCZOS))
    assert difference(other, reference)[inside(face)].mean() < (8 if side < 256 else 1.5)


def test_the_pasted_picture_is_not_shifted():
    """A crop of a linear ramp, pasted back, is the ramp; half a pixel of shift would be a difference of 0.5."""
    gradient = ramp(256, 256)
    face = align_face(gradient, landmarks=LANDMARKS * 0.5 + 20, size=200)
    changed = np.asarray(face.paste(face.image), np.float64) - np.asarray(gradient)
    assert np.abs(changed[inside(face)].mean(axis=0)).max() < 0.15


def test_pasting_leaves_the_source_alone(photo):
    face = align_face(photo, landmarks=LANDMARKS)
    before = face.source.tobytes()
    face.paste(Image.new("RGB", (64, 64), PINK))
    assert face.source.tobytes() == before


def test_a_face_at_the_border_is_pasted_as_far_as_there_is_photo(photo):
    corner = photo.crop((150, 60, 330, 230))
    face = align_face(corner, landmarks=LANDMARKS - [150, 60])
    pasted = np.asarray(face.paste(Image.new("RGB", (64, 64), PINK)))
    assert pasted.shape == (170, 180, 3)
    assert (pasted == PINK).all(axis=2)[inside(face)].mean() >= 0.95
    assert difference(face.paste(face.image), corner)[inside(face)].mean() <= 2


def test_a_mask_of_ones_own(photo):
    face = align_face(photo, landmarks=LANDMARKS)
    left_half = Image.new("L", (40, 40))
    left_half.paste(255, (0, 0, 20, 40))
    changed = difference(face.paste(Image.new("RGB", (64, 64), PINK), mask=left_half), photo).any(axis=2)
    rows, columns = np.nonzero(changed)
    unit = np.linalg.solve(
        np.stack([QUAD[3] - QUAD[0], QUAD[1] - QUAD[0]]).T, (np.stack([columns, rows]).T - QUAD[0]).T
    )
    assert unit[0].max() < 0.56
    assert unit[0].min() < 0.01
    assert np.ptp(unit[1]) > 0.98


def test_two_faces_are_pasted_one_after_the_other(photo):
    pair = Image.new("RGB", (1024, 512))
    pair.paste(photo, (0, 0))
    pair.paste(photo, (512, 0))
    left, right = (align_face(pair, landmarks=LANDMARKS + np.array([shift, 0])) for shift in (0, 512))
    both = right.paste(Image.new("RGB", (64, 64), "blue"), onto=left.paste(Image.new("RGB", (64, 64), PINK)))
    assert both.getpixel((224, 120)) == PINK
    assert both.getpixel((512 + 224, 120)) == (0, 0, 255)
    with pytest.raises(BadInputError, match=r"512 x 512.*1024 x 512"):
        left.paste(left.image, onto=photo)


def test_the_mask_shows_what_is_covered(photo):
    face = align_face(photo, landmarks=LANDMARKS, size=200)
    mask = np.asarray(face.mask())
    assert mask.shape == (200, 200)
    assert mask[100:120, 90:110].min() == 255
    assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) < 10
    hard = np.asarray(face.mask(feather=0))
    assert np.isin(hard, [0, 255]).mean() > 0.97
    assert hard.mean() < mask.mean()


def test_pastes_that_cannot_be_made_are_refused(photo):
    face = align_face(photo, landmarks=LANDMARKS)
    with pytest.raises(BadInputError, match=r"100 x 50.*square"):
        face.paste(Image.new("RGB", (100, 50)))
    with pytest.raises(BadInputError, match="feather"):
        face.paste(face.image, feather=0.7)
    with pytest.raises(ImageError):
        face.paste(b"not a picture")


# --- align_face by hand, without dlib


@pytest.mark.usefixtures("no_dlib")
@pytest.mark.parametrize(("points", "tolerance"), [(LANDMARKS, 1e-3), (LANDMARKS_5, 0.08 * SIDE)])
def test_landmarks_by_hand_need_no_dlib(points, tolerance):
    face = align_face(PHOTO, landmarks=points.tolist(), size=128)
    assert face.image.size == (128, 128)
    assert face.image.mode == "RGB"
    assert face.model == "hand"
    assert face.score is None
    assert face.source.size == (512, 512)
    np.testing.assert_array_equal(face.landmarks, as_points(points))
    assert np.hypot(*(face.quad - QUAD).T).max() <= tolerance
    assert face.paste(Image.new("RGB", (64, 64), PINK)).getpixel((224, 120)) == PINK


@pytest.mark.usefixtures("no_dlib")
def test_without_dlib_a_box_is_the_crop(photo):
    face = align_face(PHOTO, box=(150, 20, 310, 180), size=160)
    assert face.model == "box"
    assert face.landmarks is None
    assert face.image.tobytes() == photo.crop((150, 20, 310, 180)).tobytes()


@pytest.mark.usefixtures("no_dlib")
def test_without_dlib_the_error_is_the_line_to_type():
    for find in (align_face, detect_faces):
        with pytest.raises(MissingExtraError, match=r"pip install 'webtoonfaces\[faces\]'"):
            find(PHOTO)
    with pytest.warns(UserWarning, match="pip install"):
        assert align_face(PHOTO, fallback="center").model == "center"


def test_the_camera_s_orientation_is_applied(photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    sideways = tmp_path / "phone.png"
    photo.transpose(Image.Transpose.ROTATE_90).save(sideways, exif=exif)
    upright = align_face(PHOTO, landmarks=LANDMARKS)
    assert align_face(sideways, landmarks=LANDMARKS).image.tobytes() == upright.image.tobytes()


def test_a_notebook_shows_the_crop():
    face = align_face(PHOTO, landmarks=LANDMARKS, size=32)
    assert face._repr_png_().startswith(b"\x89PNG")
    assert len(repr(face)) < 400


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({"landmarks": LANDMARKS, "box": (0, 0, 9, 9)}, BadInputError, "not both"),
        ({"box": (0, 0, 9)}, BadInputError, "four numbers"),
        ({"box": "face"}, BadInputError, "four numbers"),
        ({"box": (9, 0, 0, 9)}, BadInputError, "left must be less"),
        ({"box": (0, 0, float("nan"), 9)}, BadInputError, "left must be less"),
        ({"box": (0, 0, float("inf"), 9)}, BadInputError, "left must be less"),
        ({"fallback": "centre"}, UnknownNameError, "center"),
        ({"index": -1}, BadInputError, "index 0"),
        ({"landmarks": LANDMARKS, "size": 5}, BadInputError, "16 to 4096"),
    ],
)
def test_arguments_that_contradict_or_cannot_be_used(options, error, complaint):
    with pytest.raises(error, match=complaint):
        align_face(PHOTO, **options)
