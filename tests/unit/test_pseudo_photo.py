"""Pseudo-photos: the person's geometry, the statistics of photographs, and an exact mask of the hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from webtoonfaces import drawing
from webtoonfaces.drawing import MeasuredHair, Person
from webtoonfaces.drawing.photo_layers import dye, photo_colors
from webtoonfaces.drawing.pseudo_photo import hair_mask, pseudo_photo
from webtoonfaces.drawing.relief import blurred, cast_shadow, face_depth, normals_of

Pixels = NDArray[np.float64]


def someone(seed: int, **changes: object) -> Person:
    return replace(drawing.random_person(np.random.default_rng(seed)), **changes)  # type: ignore[arg-type]


def photo(person: Person, seed: int = 0, size: int = 64) -> Pixels:
    return np.asarray(pseudo_photo(person, np.random.default_rng(seed), size), dtype=float)


def mask(person: Person, size: int = 64) -> Pixels:
    return np.asarray(hair_mask(person, size), dtype=float) / 255


def spot(picture: Pixels, place: Pixels, radius: int = 2) -> Pixels:
    """The mean colour around a point of the unit square."""
    x, y = (place * picture.shape[0]).astype(int)
    return picture[y - radius : y + radius + 1, x - radius : x + radius + 1].mean((0, 1))


@pytest.mark.parametrize("size", [16, 64, 129, 300])
def test_it_is_an_rgb_square_of_the_asked_size(size: int) -> None:
    image = pseudo_photo(someone(1), np.random.default_rng(0), size)
    assert (image.mode, image.size) == ("RGB", (size, size))


def test_the_same_generator_gives_the_same_photo_and_another_another_light() -> None:
    person = someone(2)
    assert np.array_equal(photo(person, 5), photo(person, 5))
    assert np.abs(photo(person, 5) - photo(person, 6)).mean() > 5


def test_many_persons_can_be_photographed() -> None:
    for seed in range(12):
        picture = photo(someone(seed), seed, 32)
        assert 25 < picture.mean() < 230  # neither black nor white
        assert picture.std() > 12


def test_hair_seen_in_a_photo_can_be_photographed_again() -> None:
    ring = [(0.5 + 0.34 * np.cos(a), 0.4 + 0.34 * np.sin(a)) for a in np.linspace(0, 6, 24)]
    cap = [(x, min(y, 0.28)) for x, y in ring]
    person = someone(
        3, hair=MeasuredHair(back=(tuple(ring),), front=(tuple(cap),), strands=(((0.5, 0.1), (0.4, 0.2), (0.3, 0.28)),))
    )
    assert mask(person)[10, 32] == 1
    assert np.isfinite(photo(person)).all()


def test_features_lie_where_the_landmarks_are() -> None:
    """Averaged over lights, an iris is darker than the cheek below it, and lips are redder."""
    for seed in (4, 15):
        person = someone(
            seed,
            glasses="",
            skin=(0.93, 0.77, 0.66),
            eye_open=(1.0, 1.0),
            beard=0.0,
            moustache=0.0,
            hair=drawing.Hair(length=0.05),
        )
        points = person.points
        shown = np.mean([photo(person, light, 128) for light in range(8)], axis=0)
        for eye, wing in ((slice(36, 42), 31), (slice(42, 48), 35)):
            cheek = points[eye].mean(0) * 0.45 + points[wing] * 0.55 + [0, 0.01]
            assert spot(shown, points[eye].mean(0), 1).mean() < spot(shown, cheek).mean() - 15
        lips = spot(shown, points[[51, 57, 62, 66]].mean(0), 1)
        chin = spot(shown, points[[8, 57]].mean(0))
        assert lips[0] / lips[1] > chin[0] / chin[1]


def test_light_comes_from_a_side_and_differs_between_photos() -> None:
    person = replace(drawing.Person.from_json(someone(5).to_json()), hair=drawing.Hair(length=0.05))
    points = person.points
    left, right = points[[2, 31]].mean(0), points[[14, 35]].mean(0)
    contrast = [np.log(spot(p, left).mean() / spot(p, right).mean()) for p in (photo(person, s, 64) for s in range(24))]
    assert max(contrast) > 0.25
    assert min(contrast) < -0.25


def test_dyed_hair_is_muted_and_natural_hair_keeps_its_hue() -> None:
    assert dye((0.36, 0.25, 0.16)) == 0
    assert dye((0.6, 0.28, 0.15)) == 0
    assert dye((0.2, 0.5, 0.95)) == dye((0.5, 0.2, 0.8)) == dye((0.3, 0.8, 0.3)) == 1
    vivid = photo_colors(someone(6, hair_color=(0.1, 0.4, 1.0))).hair_color
    assert max(vivid) - min(vivid) < 0.5
    red, green, blue = photo_colors(someone(6, hair_color=(0.6, 0.3, 0.15))).hair_color
    assert red > green > blue


def test_the_mask_is_where_the_hair_changes_the_photo() -> None:
    """Another colour of hair changes the flat layers inside the mask; there the photo changes most."""
    for seed in (7, 9, 11):
        person = someone(seed, glasses="", accessory="", beard=0.0, moustache=0.0, stubble=0.0, brows=0.0)
        person = replace(person, hair=drawing.Hair(length=0.6, fringe=0.4))
        dark, fair = (
            photo(replace(person, hair_color=c), 1, 128).mean(-1) for c in ((0.1, 0.08, 0.07), (0.92, 0.83, 0.6))
        )
        hair = mask(person, 128)
        changed = np.abs(fair / fair[hair < 0.1].mean() - dark / dark[hair < 0.1].mean())
        assert 0.05 < hair.mean() < 0.6
        assert changed[hair > 0.95].mean() > 6 * changed[blurred(hair.astype(np.float32), 2.5) < 0.02].mean()


def test_the_mask_follows_the_hair() -> None:
    person = someone(10)
    bald, short, long = (mask(replace(person, hair=drawing.Hair(length=length))).mean() for length in (0.0, 0.3, 0.9))
    assert bald == 0
    assert 0.03 < short < long
    assert (
        mask(replace(person, hair=drawing.Hair(length=0.9)), 128)[tuple((person.points[30][::-1] * 128).astype(int))]
        == 0
    )


def test_a_face_in_profile_is_lit_by_its_relief() -> None:
    """The nose stands out, the eyes lie deeper, and light from one side leaves the other in the shade."""
    person = drawing.random_person(np.random.default_rng(0))
    person = replace(
        person,
        pose=drawing.Pose(),
        landmarks=tuple(map(tuple, drawing.Pose().head.face(drawing.head.TEMPLATE).tolist())),
    )
    depth = face_depth(person, 96)
    assert np.isfinite(depth).all()

    def at(place: Pixels, grid: Pixels = depth) -> float:
        x, y = (place * 96).astype(int)
        return float(grid[y, x])

    points = person.points
    assert at(points[30]) > at(points[36:42].mean(0)) + 0.05
    assert at(points[30]) > at(points[48]) + 0.03
    normal = normals_of(depth)
    assert np.allclose(np.linalg.norm(normal, axis=-1), 1, atol=1e-5)
    light = np.array([0.9, -0.1, 0.45], dtype=np.float32)
    facing = normal @ light
    assert at(points[[14, 35]].mean(0), facing) > at(points[[2, 31]].mean(0), facing) + 0.3
    shadow = cast_shadow(depth, depth, light, 0.3, 0.02)
    beside_nose = points[31] - [0.03, 0.0]
    assert at(beside_nose, shadow) < 0.5 < at(points[35] + [0.03, 0.0], shadow)


def test_a_blur_keeps_the_mean_and_the_border() -> None:
    flat = np.full((40, 40, 3), 0.7, dtype=np.float32)
    for sigma in (0.4, 2.0, 9.0):
        assert np.allclose(blurred(flat, sigma), 0.7, atol=1e-5)
    spike = np.zeros((40, 40), dtype=np.float32)
    spike[20, 20] = 1
    for sigma in (0.8, 3.0):
        result = blurred(spike, sigma)
        assert result.sum() == pytest.approx(1, abs=1e-3)
        x = np.arange(40) - 20
        assert np.sqrt((result.sum(0) * x**2).sum()) == pytest.approx(sigma, rel=0.06)
