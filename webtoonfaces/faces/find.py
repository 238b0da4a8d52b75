"""Cutting aligned faces out of a photo; dlib finds them, or the user places them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

from numpy.typing import ArrayLike
from PIL import Image

from webtoonfaces.errors import BadInputError, FaceNotFoundError, MissingExtraError, UnknownNameError
from webtoonfaces.faces.align import (
    AlignedFace,
    Box,
    Points,
    as_points,
    crop_quad,
    quad_from_box,
    quad_from_landmarks,
)
from webtoonfaces.faces.detect import Face, face_in_box, find_faces
from webtoonfaces.images import ImageSource, load_image

ADVICE = (
    "Try a photo in which the face is larger, looks at the camera and is upright (profiles are not found). Or give its "
    "position: box=(left, top, right, bottom), or landmarks=[...] with 68 or 5 points. Or take the middle of the photo "
    "with fallback='center'."
)

SURE = 0.3  # the least score of a face beside others; below it, every second one is a false detection


def align_face(
    image: ImageSource,
    *,
    size: int = 256,
    landmarks: ArrayLike | None = None,
    box: Sequence[float] | None = None,
    fallback: str | None = None,
    landmark_model: str = "68",
    index: int = 0,
) -> AlignedFace:
    """One face of a photo, cut out upright and centred as in FFHQ.

    `image` is anything that `load_image` takes; `size` is the crop's side, 16 to 4096 pixels. By default dlib finds
    the face: the most prominent one, or the one at `index` in the order of `align_faces`. `landmark_model` is "68",
    or "5", the model that is free for every use (the 68-point model's training data exclude commercial use).

    To place the crop yourself, give `landmarks`, `[68, 2]` or `[5, 2]` points in photo pixels and in dlib's order,
    which needs no dlib; or `box`, left, top, right, bottom in photo pixels, drawn round the head. With dlib, landmarks
    are predicted in the box; without, the square round it is the crop. `fallback="center"` takes the largest square in
    the middle of the photo if no face is found.

    Raises FaceNotFoundError with advice, MissingExtraError if dlib is needed and missing, BadInputError for arguments
    that cannot be used, ImageError for anything that is not a picture.
    """
    photo = load_image(image)
    if fallback not in (None, "center"):
        raise UnknownNameError("fallback", str(fallback), ["center"])
    if landmarks is not None and box is not None:
        raise BadInputError("Give landmarks or a box, not both: landmarks already define the crop.")
    if landmarks is not None:
        return _by_landmarks(photo, as_points(landmarks), size)
    if box is not None:
        return _by_box(photo, checked_box(box), size, landmark_model)
    if index < 0:
        raise BadInputError(f"index is {index}; the most prominent face has index 0, the next 1.")
    try:
        faces = _believed(find_faces(photo, landmark_model, thorough=index > 0))
    except MissingExtraError as error:
        if fallback is None:
            raise
        warnings.warn(f"{error} Until then the middle of the photo is taken.", stacklevel=2)
        faces = []
    if index < len(faces):
        return _by_face(photo, faces[index], size)
    if fallback is not None:
        return _by_center(photo, size)
    raise FaceNotFoundError(_not_found(len(faces), index))


def align_faces(
    image: ImageSource, *, size: int = 256, landmark_model: str = "68", max_side: int = 2048
) -> list[AlignedFace]:
    """Every face of a photo, the most prominent (large and sure) first; never empty.

    Of the others, only sure ones (a `score` of at least 0.3) are taken, since all of them may be redrawn at once. A
    missing one can be given by `align_face(box=...)`.

    The arguments are those of `align_face`; `max_side` is the longest side of the finest scan: raise it for a crowd.
    For the order from left to right, sort by `face.box`. Raises FaceNotFoundError if no face is found.
    """
    photo = load_image(image)
    faces = _believed(find_faces(photo, landmark_model, max_side=max_side, thorough=True))
    if not faces:
        raise FaceNotFoundError(_not_found(0, 0))
    return [_by_face(photo, face, size) for face in faces]


def _believed(faces: list[Face]) -> list[Face]:
    return [face for index, face in enumerate(faces) if index == 0 or face.score >= SURE]


def _by_face(photo: Image.Image, face: Face, size: int) -> AlignedFace:
    quad = quad_from_landmarks(face.landmarks)
    return AlignedFace(
        crop_quad(photo, quad, size), quad, face.box, face.model, photo, landmarks=face.landmarks, score=face.score
    )


def _by_landmarks(photo: Image.Image, points: Points, size: int) -> AlignedFace:
    quad = quad_from_landmarks(points)
    (left, top), (right, bottom) = points.min(0).tolist(), points.max(0).tolist()
    return AlignedFace(crop_quad(photo, quad, size), quad, (left, top, right, bottom), "hand", photo, landmarks=points)


def _by_box(photo: Image.Image, box: Box, size: int, landmark_model: str) -> AlignedFace:
    try:
        return _by_face(photo, face_in_box(photo, box, landmarks=landmark_model), size)
    except MissingExtraError:
        quad = quad_from_box(box)
        return AlignedFace(crop_quad(photo, quad, size), quad, box, "box", photo)


def _by_center(photo: Image.Image, size: int) -> AlignedFace:
    side = min(photo.size)
    left, top = (photo.width - side) // 2, (photo.height - side) // 2
    box = (float(left), float(top), float(left + side), float(top + side))
    quad = quad_from_box(box)
    return AlignedFace(crop_quad(photo, quad, size), quad, box, "center", photo)


def checked_box(box: Sequence[float]) -> Box:
    """Left, top, right, bottom as numbers; BadInputError for anything else."""
    try:
        left, top, right, bottom = (float(edge) for edge in box)
    except (TypeError, ValueError):
        raise BadInputError(f"box is {box!r}. Give four numbers in photo pixels: left, top, right, bottom.") from None
    if not (-math.inf < left < right < math.inf and -math.inf < top < bottom < math.inf):
        raise BadInputError(f"box is {box!r}; left must be less than right, and top less than bottom.")
    return left, top, right, bottom


def _not_found(count: int, index: int) -> str:
    if count == 0:
        return f"No face was found in this photo. {ADVICE}"
    faces = "one face was" if count == 1 else f"{count} faces were"
    return f"Only {faces} found in this photo; there is no face with index {index} (the first has index 0). {ADVICE}"
