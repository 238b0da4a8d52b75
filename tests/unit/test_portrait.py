"""From a photo to a drawing: the mask of hair, what is measured, and what a user does with a portrait."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

import webtoonfaces as wf
from webtoonfaces import drawing
from webtoonfaces.cli.main import main
from webtoonfaces.drawing import pseudo_photo, trace_hair
from webtoonfaces.drawing.measure import PARTS, measure_person
from webtoonfaces.errors import BadInputError, FaceNotFoundError, ImageError, UnknownNameError
from webtoonfaces.faces import masks
from webtoonfaces.faces.align import to_unit


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return wf.example_photo()


@pytest.fixture(scope="module")
def portrait(photo: Image.Image) -> wf.Portrait:
    return wf.portrait(photo)


@pytest.fixture(scope="module")
def group(photo: Image.Image) -> Image.Image:
    """Three faces in one photo: large, mirrored, turned."""
    wide = Image.new("RGB", (1300, 560), (120, 130, 140))
    head = photo.crop((80, 0, 400, 260))
    wide.paste(head.resize((480, 390)), (10, 60))
    wide.paste(head.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (520, 120))
    wide.paste(head.rotate(12, Image.Resampling.BICUBIC, fillcolor=(120, 130, 140)).resize((400, 325)), (880, 100))
    return wide


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


def drawn_on_a_wall(seed: int, side: int = 256) -> tuple[drawing.Person, Image.Image, np.ndarray]:
    """A drawn person as soft and grainy as a photo, and the truth of what is hair."""
    rng = np.random.default_rng(seed)
    person = drawing.random_person(rng)
    while not isinstance(person.hair, drawing.Hair) or not 0.25 < person.hair.length < 0.6 or person.hair.tie:
        person = drawing.random_person(rng)
    title = drawing.TITLES["painterly"]
    red, blue = (
        np.asarray(drawing.draw(_dyed(person, color), title, side), dtype=float)
        for color in ((1.0, 0.0, 0.0), (0.0, 0.2, 1.0))
    )
    truth = masks.opened(np.abs(red - blue).max(2) > 70, 2)
    grainy = np.asarray(drawing.draw(person, title, side), dtype=float) + rng.normal(0, 5, (side, side, 3))
    picture = Image.fromarray(grainy.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))
    return person, picture, truth


def _dyed(person: drawing.Person, color: tuple[float, float, float]) -> drawing.Person:
    from dataclasses import replace

    return replace(person, hair_color=color)


# ------------------------------------------------------------------------------------------------------- masks


def test_hair_of_drawn_people_is_found() -> None:
    found = []
    for seed in range(4):
        person, picture, truth = drawn_on_a_wall(seed)
        mask = trace_hair.resized(masks.hair_mask(picture, person.points).astype(float), 256) > 0.5
        found.append(overlap(mask, truth))
    assert np.mean(found) > 0.8
    assert min(found) > 0.5


def test_the_astronauts_hair_is_where_she_has_it(portrait: wf.Portrait) -> None:
    mask = portrait.measured.mask
    assert mask.shape == (masks.SIDE, masks.SIDE)
    hair = {"crown": (0.5, 0.1), "fringe": (0.5, 0.28), "left": (0.15, 0.4), "right": (0.85, 0.4)}
    other = {"cheek": (0.4, 0.6), "wall": (0.05, 0.1), "chin": (0.5, 0.85), "suit": (0.5, 0.98)}
    at = {name: mask[round(y * masks.SIDE), round(x * masks.SIDE)] for name, (x, y) in {**hair, **other}.items()}
    assert {name for name, value in at.items() if value > 0.5} == set(hair)
    assert 0.2 < (mask > 0.5).mean() < 0.4


def test_a_bald_head_has_no_hair() -> None:
    from dataclasses import replace

    person = replace(drawing.random_person(np.random.default_rng(4)), hair=drawing.Hair(length=0.0), accessory="")
    picture = drawing.draw(person, drawing.TITLES["painterly"], 256)
    measured = measure_person(picture, person.points)
    assert (measured.mask > 0.5).mean() < 0.06
    drawing.draw(measured.person, drawing.TITLES["romance"], 64)


def test_connected_parts_and_their_neighbours() -> None:
    bits = np.zeros((12, 12), bool)
    bits[1:4, 1:4] = bits[6:11, 6:11] = True
    bits[5, 0] = True
    assert [int(part.sum()) for part in masks.parts(bits)] == [25, 9, 1]
    assert masks.without_specks(bits, 5).sum() == 34
    assert masks.reached(bits & (np.arange(12) < 5)[:, None] & (np.arange(12) > 0), bits).sum() == 9
    assert masks.dilated(bits, 1)[4, 2]
    assert (masks.eroded(masks.dilated(bits, 1), 1) & bits).sum() == bits.sum()


# ----------------------------------------------------------------------------------------------------- tracing


def test_an_outline_follows_its_mask_and_closes_above_the_frame() -> None:
    y, x = (np.mgrid[0:160, 0:160] + 0.5) / 160
    disc = (np.hypot(x - 0.5, y - 0.15) < 0.3).astype(float)
    (outline,) = trace_hair.outlines(disc)
    points = np.array(outline)
    assert 12 <= len(points) <= 240
    inside = points[(points[:, 1] > 0.02)]
    assert np.abs(np.hypot(inside[:, 0] - 0.5, inside[:, 1] - 0.15) - 0.3).max() < 0.02
    assert -0.16 < points[:, 1].min() < -0.03
    assert np.hypot(*np.diff(np.concatenate([points, points[:1]]), axis=0).T).max() < 0.05


def test_nothing_to_trace() -> None:
    assert trace_hair.outlines(np.zeros((160, 160))) == ()
    assert trace_hair.strands(np.zeros((160, 160)), np.zeros((160, 160)), np.array([0.5, 0.1])) == ()


def test_strands_run_along_the_texture_from_the_crown() -> None:
    y, x = (np.mgrid[0:160, 0:160] + 0.5) / 160
    crown = np.array([0.5, -0.2])
    angle = np.arctan2(x - crown[0], y - crown[1])
    picture = 50 + 30 * np.sin(angle * 90)
    mask = ((x > 0.2) & (x < 0.8) & (y > 0.1) & (y < 0.8)).astype(float)
    lines = [np.array(line) for line in trace_hair.strands(picture, mask, crown)]
    assert 6 <= len(lines) <= trace_hair.STRANDS
    for line in lines:
        away = np.hypot(*(line - crown).T)
        assert away[0] < away[-1]
        direction, ray = line[-1] - line[0], line[len(line) // 2] - crown
        assert abs(direction @ ray) / np.hypot(*direction) / np.hypot(*ray) > 0.95


# --------------------------------------------------------------------------------------------------- measuring


def test_the_astronaut_is_measured(portrait: wf.Portrait) -> None:
    person = portrait.person
    assert set(portrait.found) | set(portrait.plain) == set(PARTS)
    assert {"hair", "skin", "eyes", "gaze", "background"} <= set(portrait.found)
    assert isinstance(person.hair, drawing.MeasuredHair)
    assert len(person.hair.front) >= 1 and len(person.hair.strands) >= 5
    assert max(person.beard, person.moustache) < 0.1
    assert person.glasses == ""
    assert max(abs(value) for value in person.gaze) < 0.5
    assert abs(person.pose.yaw) < 12
    red, green, blue = person.skin
    assert red > green > blue and red > 0.6
    assert person.hair_color[0] > person.hair_color[2]
    assert drawing.Person.from_json(person.to_json()) == person


def test_measuring_twice_gives_the_same(photo: Image.Image, portrait: wf.Portrait) -> None:
    assert wf.portrait(photo).person == portrait.person


def test_colours_survive_a_coloured_light(portrait: wf.Portrait) -> None:
    crop = portrait.face.image
    warm = Image.fromarray((np.asarray(crop, dtype=float) * (1.0, 0.88, 0.72)).astype(np.uint8))
    assert portrait.face.landmarks is not None
    points = to_unit(portrait.face.landmarks, portrait.face.quad)
    skins = [np.array(measure_person(picture, points).person.skin) for picture in (crop, warm)]
    drift = np.abs(skins[0] / skins[0].mean() - skins[1] / skins[1].mean()).max()
    raw = np.array((1.0, 0.88, 0.72)) / np.mean((1.0, 0.88, 0.72))
    assert drift < 0.75 * np.abs(raw - 1).max()


def test_a_person_is_measured_by_68_points_of_the_crop() -> None:
    picture = Image.new("RGB", (128, 128))
    with pytest.raises(BadInputError, match="68"):
        measure_person(picture, np.zeros((5, 2)))
    with pytest.raises(BadInputError, match="unit square"):
        measure_person(picture, np.full((68, 2), 100.0))


def test_a_picture_of_nothing_is_drawn_plainly() -> None:
    person = drawing.random_person(np.random.default_rng(0))
    measured = measure_person(Image.new("RGB", (200, 200), (128, 128, 128)), person.points)
    assert "hair" in measured.plain
    drawing.draw(measured.person, drawing.TITLES["noir"], 64)


def painted_over(portrait: wf.Portrait, around: slice, color: tuple[int, int, int], size: float) -> Image.Image:
    """The astronaut's crop with a disc of one colour over some of her landmarks."""
    assert portrait.face.landmarks is not None
    points = to_unit(portrait.face.landmarks, portrait.face.quad)[around] * 256
    middle = points.mean(0)
    radius = size * np.ptp(points[:, 0]) / 2
    picture = portrait.face.image.resize((256, 256)).convert("RGB")
    box = [*(middle - radius), *(middle + radius)]
    ImageDraw.Draw(picture).ellipse(box, fill=color)
    return picture


def test_eyes_behind_dark_lenses_are_drawn_plainly(portrait: wf.Portrait) -> None:
    assert portrait.face.landmarks is not None
    points = to_unit(portrait.face.landmarks, portrait.face.quad)
    picture = painted_over(portrait, slice(36, 42), (18, 18, 22), 1.7)
    picture.paste(picture.crop((0, 0, 128, 256)).transpose(Image.Transpose.FLIP_LEFT_RIGHT), (128, 0))
    measured = measure_person(picture, points)
    assert {"eyes", "gaze"} <= set(measured.plain)
    assert {"eyes", "gaze"} <= set(portrait.found)
    assert measured.person.eye_open == drawing.Person(landmarks=measured.person.landmarks).eye_open


def test_a_mouth_behind_a_hand_is_drawn_plainly(portrait: wf.Portrait) -> None:
    assert portrait.face.landmarks is not None
    points = to_unit(portrait.face.landmarks, portrait.face.quad)
    cheek = np.asarray(portrait.face.image.resize((256, 256)))[150, 85]
    picture = painted_over(portrait, slice(48, 68), tuple(int(value) for value in cheek), 1.5)
    assert "lips" in measure_person(picture, points).plain
    assert "lips" in portrait.found


@pytest.mark.parametrize("squeeze", [0.45, 0.2])
def test_landmarks_of_a_profile_are_drawn(portrait: wf.Portrait, squeeze: float) -> None:
    person = drawing.random_person(np.random.default_rng(3))
    points = person.points.copy()
    nose = points[30]
    points[:, 0] = nose[0] + (points[:, 0] - nose[0]) * np.where(points[:, 0] > nose[0], squeeze, 1.2)
    measured = measure_person(portrait.face.image, points)
    assert abs(measured.person.pose.yaw) <= 60
    drawing.draw(measured.person, drawing.TITLES["action"], 64)


def test_a_face_of_forty_pixels_is_measured(portrait: wf.Portrait) -> None:
    assert portrait.face.landmarks is not None
    points = to_unit(portrait.face.landmarks, portrait.face.quad)
    tiny = portrait.face.image.resize((72, 72), Image.Resampling.LANCZOS).resize((512, 512), Image.Resampling.BICUBIC)
    measured = measure_person(tiny, points)
    assert {"hair", "skin"} <= set(measured.found)
    assert np.abs(np.subtract(measured.person.skin, portrait.person.skin)).max() < 0.06
    assert measured.person.glasses == ""


def test_a_hat_of_one_colour_is_survived(portrait: wf.Portrait) -> None:
    assert portrait.face.landmarks is not None
    points = to_unit(portrait.face.landmarks, portrait.face.quad)
    picture = portrait.face.image.resize((256, 256)).convert("RGB")
    ImageDraw.Draw(picture).rectangle((20, 0, 236, 88), fill=(30, 60, 150))
    measured = measure_person(picture, points)
    assert set(measured.found) | set(measured.plain) == set(PARTS)
    drawing.draw(measured.person, drawing.TITLES["daily"], 64)


def test_glasses_are_seen_where_they_are_worn() -> None:
    from dataclasses import replace

    rng = np.random.default_rng(321)
    for index, kind in enumerate(("round", "square", "half")):
        person = drawing.random_person(rng)
        for worn in ("", kind):
            wearer = replace(person, glasses=worn)
            photo = pseudo_photo.pseudo_photo(wearer, np.random.default_rng([321, index]), 256)
            assert bool(measure_person(photo, wearer.points).person.glasses) == bool(worn)


# ----------------------------------------------------------------------------------------------------- portraits


def test_titles_are_the_hands() -> None:
    assert wf.titles() == list(drawing.TITLES)
    assert "romance" in wf.titles() and len(wf.titles()) >= 12


def test_a_portrait_shows_itself(portrait: wf.Portrait) -> None:
    png = portrait._repr_png_()
    assert png is not None and png.startswith(b"\x89PNG")
    assert portrait.draw().size == (512, 512)
    assert portrait.draw("noir", 64).size == (64, 64)
    assert np.asarray(portrait.draw("noir", 64)).std() > 30
    assert portrait.svg("comedy").startswith("<svg")
    assert portrait.svg("comedy") != portrait.svg("noir")


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF"), ("jpg", b"\xff\xd8")]
)
def test_a_portrait_is_saved(portrait: wf.Portrait, tmp_path, suffix: str, start: bytes) -> None:
    path = portrait.save(tmp_path / "new" / f"p.{suffix}", "daily", 128)
    assert path.read_bytes().startswith(start)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_pdf_is_curves(portrait: wf.Portrait, tmp_path) -> None:
    pytest.importorskip("typst", reason="the extra `pdf` is not installed")
    pdfium = pytest.importorskip("pypdfium2")
    for title in wf.titles():
        document = pdfium.PdfDocument(portrait.save(tmp_path / f"{title}.pdf", title))
        (page,) = document
        assert page.get_size() == (432, 432)  # points: six inches
        assert not list(page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE]))
        bare = drawing.raster.rendered(portrait.svg(title), 512)
        seen = page.render(scale=512 / 432).to_pil().convert("RGB").resize((512, 512))
        # The dots of a screentone are antialiased differently; their shade is the same.
        small = [np.asarray(picture.reduce(8), dtype=float) for picture in (seen, bare)]
        assert np.abs(small[0] - small[1]).mean() < 3, title
    first = (tmp_path / "noir.pdf").read_bytes()
    assert portrait.save(tmp_path / "noir.pdf", "noir").read_bytes() == first


def test_without_typst_a_pdf_is_a_picture(portrait: wf.Portrait, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    path = portrait.save(tmp_path / "p.pdf", "daily", 128)
    assert b"/Subtype /Image" in path.read_bytes()
    with pytest.raises(BadInputError, match="4096"):
        portrait.save(tmp_path / "p.pdf", size=5)


def test_an_unknown_suffix_is_refused(portrait: wf.Portrait, tmp_path) -> None:
    with pytest.raises(ImageError, match="bmp"):
        portrait.save(tmp_path / "p.bmp")
    assert not list(tmp_path.iterdir())


def test_a_portrait_is_pasted_back(photo: Image.Image, portrait: wf.Portrait) -> None:
    before, after = np.asarray(photo, dtype=int), np.asarray(portrait.paste("noir"), dtype=int)
    assert after.shape == before.shape
    changed = np.abs(after - before).max(2) > 12
    left, top, right, bottom = (round(edge) for edge in portrait.face.box)
    assert changed[top:bottom, left:right].mean() > 0.7
    assert not changed[300:].any()
    assert 0.02 < changed.mean() < 0.12


@pytest.mark.parametrize("title", ["comedy", "thriller", "chibi"])
def test_a_pasted_portrait_wears_what_the_photo_shows(photo: Image.Image, title: str) -> None:
    """Neither drawn clothes nor a drawn ground come into the photo: only the head, and a bare neck."""
    scarf = photo.copy()
    scarf.paste((30, 160, 60), (90, 176, 350, 240))
    before, after = np.asarray(scarf, dtype=int), np.asarray(wf.portrait(scarf, title).paste(), dtype=int)
    changed = np.abs(after - before).max(2) > 12
    assert changed[100:160, 190:250].mean() > 0.8  # the face
    assert changed[186:].sum() == 0, "the scarf, below the soft edge"
    assert changed[:, 315:].sum() == 0, "the wall"


def test_a_bare_neck_is_drawn_and_a_covered_one_is_not(photo: Image.Image, portrait: wf.Portrait) -> None:
    points = to_unit(portrait.face.landmarks, portrait.face.quad)
    bare = masks.neck_mask(portrait.face.image, points)
    assert 0.03 < (bare > 0.5).mean() < 0.1
    assert bare[: int(points[30, 1] * masks.SIDE)].max() < 0.05, "it is below the face"
    covered = portrait.face.image.copy()
    chin = round(points[8, 1] * covered.height)
    covered.paste((40, 80, 170), (0, chin - 6, *covered.size))
    assert (masks.neck_mask(covered, points) > 0.5).mean() < 0.02  # what is left lies beside the jaw, above the chin


def test_every_face_of_a_group(group: Image.Image) -> None:
    faces = wf.align_faces(group, size=512)
    assert len(faces) == 3
    people = [wf.portrait(face).person for face in faces]
    for person in people:
        assert isinstance(person.hair, drawing.MeasuredHair) and person.hair.front
    assert wf.portrait(group, index=1).person == people[1]


def test_a_portrait_needs_a_face_a_title_and_landmarks(photo: Image.Image) -> None:
    with pytest.raises(UnknownNameError, match="noir"):
        wf.portrait(photo, "nior")
    with pytest.raises(FaceNotFoundError):
        wf.portrait(Image.new("RGB", (200, 200), "gray"))
    with pytest.raises(BadInputError, match="68"):
        wf.portrait(wf.align_face(photo, landmark_model="5"))
    with pytest.raises(BadInputError, match="4096"):
        wf.portrait(photo, size=5)


def test_a_made_up_face() -> None:
    one = wf.draw_face(5, title="noir")
    assert one.size == (256, 256)
    assert one.tobytes() == wf.draw_face(5, title="noir").tobytes()
    assert one.tobytes() != wf.draw_face(6, title="noir").tobytes()
    with pytest.raises(BadInputError, match="seed"):
        wf.draw_face(-1)
    with pytest.raises(UnknownNameError):
        wf.draw_face(1, title="no such title")


def test_a_portrait_is_a_cartoonizer(photo: Image.Image, tiny_swapae) -> None:
    face = wf.align_face(photo, size=256)
    sheet = wf.face2webtoon(face, styles=[face.image], swapae=tiny_swapae, locations=2, cartoonize="portrait:noir")
    expected = wf.portrait(face, "noir").draw(size=256)
    assert sheet.portrait.encoded.tobytes() == expected.tobytes()
    assert sheet.face.tobytes() == face.image.tobytes()
    crop = wf.cartoonize(face.image, model="portrait:noir")
    assert crop.size == (256, 256)
    assert np.abs(np.asarray(crop, dtype=float) - np.asarray(expected, dtype=float)).mean() < 30
    whole = wf.cartoonize(photo, model="portrait")
    assert whole.size == photo.size
    assert np.asarray(whole)[400:].tobytes() == np.asarray(photo)[400:].tobytes()
    with pytest.raises(UnknownNameError, match="noir"):
        wf.cartoonize(photo, model="portrait:nior")
    with pytest.raises(BadInputError, match="lines of its own"):
        wf.cartoonize(photo, model="portrait", edges="lines")


def test_the_demo_models_are_given_a_portrait(photo: Image.Image, demo_swapae, tiny_swapae) -> None:
    face = wf.align_face(photo, size=256)
    options = {"styles": [face.image], "locations": 2}
    usual = wf.face2webtoon(face, swapae=demo_swapae, **options)
    assert usual.portrait.encoded.tobytes() == wf.portrait(face, "romance").draw(size=256).tobytes()
    plain = wf.face2webtoon(face, swapae=demo_swapae, cartoonize=None, **options)
    assert plain.portrait.encoded.tobytes() == face.image.tobytes()
    other = wf.face2webtoon(face, swapae=tiny_swapae, **options)
    assert other.portrait.encoded.tobytes() == face.image.tobytes()
    uncut = wf.face2webtoon(face.image, swapae=demo_swapae, align=False, **options)
    assert uncut.portrait.encoded.tobytes() == face.image.tobytes()


def test_where_no_portrait_can_be_drawn_the_photo_is_taken(photo: Image.Image, demo_swapae) -> None:
    few = wf.align_face(photo, landmark_model="5", size=256)
    with pytest.warns(UserWarning, match="the photo itself was encoded"):
        sheet = wf.face2webtoon(few, styles=[few.image], swapae=demo_swapae, locations=2)
    assert sheet.portrait.encoded.tobytes() == few.image.tobytes()
    with pytest.raises(BadInputError, match="68"):
        wf.face2webtoon(few, styles=[few.image], swapae=demo_swapae, locations=2, cartoonize="portrait")


def test_the_command(group: Image.Image, tmp_path, capsys) -> None:
    group.save(tmp_path / "group.png")
    Image.new("RGB", (90, 90), "gray").save(tmp_path / "wall.png")
    out = tmp_path / "out"
    command = ["portrait", str(tmp_path / "wall.png"), str(tmp_path / "group.png"), "-o", str(out)]
    assert main([*command, "--titles", "noir,daily", "--size", "96", "--paste"]) == 1
    assert "wall.png" in capsys.readouterr().err
    named = {f"group-{face}-{title}.png" for face in (1, 2, 3) for title in ("noir", "daily")}
    assert {path.name for path in out.iterdir()} == named | {"group-noir.png", "group-daily.png"}
    assert main([*command, "--titles", "nior"]) == 1
    assert "noir" in capsys.readouterr().err
