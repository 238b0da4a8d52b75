"""Aligning a face by its landmarks, and pasting a picture back into the photo: geometry with numpy and Pillow.

Points are `(x, y)` in photo pixels, x to the right and y down, with a pixel's *centre* at whole numbers (dlib's
convention, and that of the FFHQ alignment). A quad is `[4, 2]`: the crop's top left, bottom left, bottom right and
top right corner, as they lie in the photo. "Left" and "right" are those of the picture, not of the person.

The alignment is the one of the FFHQ data set (Karras, Laine, Aila, "A Style-Based Generator Architecture for
Generative Adversarial Networks", CVPR 2019, appendix A), whose rectangle was first given for CelebA-HQ (Karras, Aila,
Laine, Lehtinen, "Progressive Growing of GANs", ICLR 2018, appendix C).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageFilter

from webtoonfaces.errors import BadInputError
from webtoonfaces.images import ImageSource, load_image

Points = NDArray[np.float64]
Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]
Beyond = Literal["nothing", "mirror", "soften"]

MAX_SIZE = 4096

# The position of the mouth, estimated from the eyes and the base of the nose, in units of the distance from the middle
# of the eyes to the base of the nose: down (across the line of the eyes) and sideways (along it). Sideways it is less
# than 1 because the nose protrudes, so that it moves farther than the mouth when a head turns. Fitted to the 68-point
# mouths of photographed and painted faces. Over 31 of them, the median distance of the crop's corners from those of the
# 68-point crop is 4 % of its side; it is below 7 % for nine faces of ten, and at most 10 %.
MOUTH_DOWN, MOUTH_SIDEWAYS = 1.37, 0.5

ORDER = (
    "Give them in dlib's order; for 5 points: outer and inner corner of the eye on the picture's right, outer and "
    "inner corner of the eye on its left, base of the nose."
)

# The ellipse that the average face, with its forehead, fills in an FFHQ crop, in units of the crop's side. It replaces
# the face's outline if too few landmarks are known.
OVAL_CENTER, OVAL_RADII = (0.5, 0.535), (0.285, 0.385)
OVAL_POINTS = 64

# The distance of each of the ten brow points from the hairline, in units of the distance from brows to nose: 1 in the
# middle (the rule of thirds of portrait drawing), less at the temples.
FOREHEAD = np.array([0.35, 0.6, 0.8, 0.95, 1.05, 1.05, 0.95, 0.8, 0.6, 0.35])

# A pasted picture fades out towards the crop's border over this share of its side, whatever the face's outline is.
BORDER = 0.03
MASK_SIDE = 512  # px, the largest mask that is computed; for a larger face it is enlarged, which a soft mask allows


@dataclass(frozen=True, eq=False)
class AlignedFace:
    """A face cut out of a photo, upright and centred, with what is needed to paste it back.

    `image` is the crop (RGB, square). `landmarks` are float64 `[68, 2]` or `[5, 2]` in photo pixels, or None if none
    were needed; `box` is left, top, right, bottom in photo pixels; `quad` is float64 `[4, 2]`, the crop's corners in
    the photo; `source` is the upright RGB photo. `model` tells how the crop was placed: "dlib-68", "dlib-5", "hand"
    (landmarks given by the user), "box" (a box given by the user) or "center". `score` is the detector's confidence,
    None if the detector was not used.
    """

    image: Image.Image
    quad: Points
    box: Box
    model: str
    source: Image.Image = field(repr=False)
    landmarks: Points | None = field(default=None, repr=False)
    score: float | None = None

    @property
    def hull(self) -> Points:
        """The face's convex outline, forehead included: float64 `[K, 2]`, photo pixels, clockwise as seen."""
        return face_hull(self.quad, self.landmarks)

    def mask(self, *, feather: float = 0.1) -> Image.Image:
        """The area that `paste` covers, in the crop: mode "L", as large as `image`, white where it covers fully.

        `feather` is the width of the soft edge outside the face's outline, in units of the crop's side (0 to 0.5).
        """
        return _as_image(255 * self._soft_mask(feather, self.image.width))

    def paste(
        self,
        image: ImageSource,
        *,
        feather: float = 0.1,
        mask: ImageSource | None = None,
        onto: ImageSource | None = None,
    ) -> Image.Image:
        """The photo with `image` in place of the face; every pixel outside the mask stays the same.

        `image` is square, of any size, and anything that `load_image` takes; it covers the crop and is warped back with
        the inverse of the alignment. `feather` is described at `mask()`. A `mask` of your own (any picture, over the
        whole crop, white covers) replaces the face's outline and is used without change.
        `onto` is the photo to paste into, by default `source`; it must have the same size. To paste several faces, give
        the result of each paste to the next.

        The unchanged crop, pasted back, gives the photo again, up to the loss of resolution: no visible loss if the
        crop has at least as many pixels as the face had in the photo.

        Raises BadInputError for a picture that is not square and for a photo of another size, ImageError for anything
        that is not a picture.
        """
        picture = load_image(image)
        photo = self.source.copy() if onto is None else load_image(onto)
        if abs(picture.width - picture.height) > 0.01 * picture.width:
            raise BadInputError(
                f"The picture to paste is {picture.width} x {picture.height}, but the crop of the face is square. Give "
                "a square picture."
            )
        if photo.size != self.source.size:
            raise BadInputError(
                f"The photo to paste into is {photo.width} x {photo.height}; the face was cut out of a photo of "
                f"{self.source.width} x {self.source.height}. Give a photo of that size."
            )
        place = _overlap(self.quad, photo.size)
        if mask is None:
            side = int(np.clip(quad_side(self.quad), 64, MASK_SIDE))
            cover = Image.fromarray(self._soft_mask(feather, side).astype(np.float32))
        else:
            cover = Image.fromarray(np.asarray(load_image(mask).convert("L"), np.float32) / 255)

        old = np.asarray(photo.crop(place), np.float32)
        new = _back(picture, self.quad, place, beyond="mirror").clip(0, 255)
        alpha = _back(cover, self.quad, place, beyond="nothing").clip(0, 1)
        photo.paste(_as_image(old + (new - old) * alpha), place[:2])
        return photo

    def _soft_mask(self, feather: float, side: int) -> Points:
        """float64 `[side, side]`, 0 to 1, over the crop."""
        if not 0 <= feather <= 0.5:
            raise BadInputError(f"feather is {feather}; it is a share of the crop's side, from 0 (hard edge) to 0.5.")
        outline = to_unit(self.hull, self.quad)
        centers = (np.arange(side) + 0.5) / side
        x, y = np.meshgrid(centers, centers)
        # An edge narrower than one pixel would look jagged.
        inside = 1 - _distance_outside(outline, x, y) / max(feather, 1 / side)
        border = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) / BORDER
        cover = np.minimum(inside, border).clip(0, 1)
        return cover * cover * (3 - 2 * cover)

    def _repr_png_(self) -> bytes | None:
        return self.image._repr_png_()


def quad_from_landmarks(landmarks: ArrayLike) -> Points:
    """The FFHQ crop for 68 or 5 landmarks (`[68, 2]` or `[5, 2]`, dlib's order): `[4, 2]`.

    Raises BadInputError for other shapes, for NaN or infinity, and for points in another order.
    """
    points = as_points(landmarks)
    return ffhq_quad(points) if len(points) == 68 else quad_from_5_points(points)


def ffhq_quad(landmarks: ArrayLike) -> Points:
    """The FFHQ crop of a face: `[68, 2]` landmarks (iBUG order, as dlib's) -> quad `[4, 2]`.

    The crop's x axis is the mean direction of the eyes' line and of the perpendicular to the line from eyes to mouth;
    half its side is the larger of 2 eye distances and 1.8 times the distance from eyes to mouth; its centre lies a
    tenth of that distance below the eyes. The module's docstring names the papers.
    """
    points = as_points(landmarks, (68,))
    return _quad_from_features(points[36:42].mean(0), points[42:48].mean(0), points[[48, 54]].mean(0))


def quad_from_5_points(landmarks: ArrayLike) -> Points:
    """The FFHQ crop from `[5, 2]` landmarks, the mouth estimated from eyes and nose -> quad `[4, 2]`.

    The order is that of dlib's 5-point model: outer, inner corner of the eye on the picture's right; outer, inner
    corner of the eye on its left; base of the nose. The estimate is `MOUTH_DOWN` and `MOUTH_SIDEWAYS`.
    """
    points = as_points(landmarks, (5,))
    left, right, nose = points[2:4].mean(0), points[0:2].mean(0), points[4]
    if max(np.hypot(*(points[0] - points[1])), np.hypot(*(points[2] - points[3]))) > 0.8 * np.hypot(*(right - left)):
        raise BadInputError(f"These 5 landmarks do not form a face: an eye is as wide as the eyes are apart. {ORDER}")
    middle = (left + right) / 2
    along = (right - left) / max(np.hypot(*(right - left)), 1e-9)
    down = _quarter_turn(along)
    to_nose = nose - middle
    mouth = middle + MOUTH_SIDEWAYS * (to_nose @ along) * along + MOUTH_DOWN * (to_nose @ down) * down
    return _quad_from_features(left, right, mouth)


def quad_from_box(box: Box) -> Points:
    """The smallest square round a box (left, top, right, bottom; the edges are those of `PIL.Image.crop`): `[4, 2]`."""
    left, top, right, bottom = box
    half = max(right - left, bottom - top) / 2
    return square_quad(np.array([(left + right) / 2, (top + bottom) / 2]) - 0.5, 2 * half)


def square_quad(center: ArrayLike, side: float, degrees: float = 0.0) -> Points:
    """A square of `side` photo pixels round `center` `(x, y)`, turned clockwise by `degrees`: `[4, 2]`."""
    angle = np.radians(degrees)
    across = np.array([np.cos(angle), np.sin(angle)]) * side / 2
    return _parallelogram(np.asarray(center, np.float64), across, _quarter_turn(across))


def roll(landmarks: ArrayLike) -> float:
    """The rotation of a face in the picture's plane, in degrees, clockwise as seen; 0 is upright."""
    tl, _, _, tr = quad_from_landmarks(landmarks)
    return float(np.degrees(np.arctan2(*(tr - tl)[::-1])))


def face_hull(quad: ArrayLike, landmarks: ArrayLike | None = None) -> Points:
    """The convex outline of a face with its forehead: `[K, 2]`, photo pixels, clockwise as seen.

    With 68 landmarks it follows jaw and brows, and estimates the forehead above the brows by the rule of thirds. With
    fewer it is the oval of the average face in the crop `quad`.
    """
    if landmarks is not None and len(points := as_points(landmarks)) == 68:
        brows = points[17:27]
        up = brows.mean(0) - points[33]
        return _convex_hull(np.concatenate([points, brows + FOREHEAD[:, None] * up]))
    angles = np.linspace(0, 2 * np.pi, OVAL_POINTS, endpoint=False)
    oval = np.asarray(OVAL_CENTER) + np.asarray(OVAL_RADII) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return from_unit(oval, np.asarray(quad, np.float64))


def crop_quad(image: Image.Image, quad: ArrayLike, size: int) -> Image.Image:
    """The parallelogram `quad` `[4, 2]` of an RGB photo as a square picture: RGB, `size` x `size`.

    A large photo is low-pass filtered and then sampled at twice the needed resolution, which prevents aliasing. Beyond
    its border the photo is mirrored; with growing distance the mirrored part is blurred and faded to its median colour,
    as in FFHQ. The photo's own pixels stay sharp up to the border, so that they can be pasted back.

    Raises BadInputError for a size outside 16 to 4096, and for a quad that is not a parallelogram, is flat, does not
    touch the photo, or is more than eight times as large as the photo.
    """
    if not isinstance(size, int | np.integer) or not 16 <= size <= MAX_SIZE:
        raise BadInputError(f"size is {size!r}; a crop's side is a whole number from 16 to {MAX_SIZE}.")
    corners = np.asarray(quad, np.float64)
    _check_quad(corners, image.size)
    return _as_image(_resample(image, corners + 0.5, (size, size), beyond="soften"))


def from_unit(points: Points, quad: Points) -> Points:
    """Crop coordinates (0 to 1, the crop's edges) -> photo pixels: `[K, 2]` -> `[K, 2]`."""
    return quad[0] + points @ _axes(quad)


def as_points(landmarks: ArrayLike, counts: tuple[int, ...] = (68, 5)) -> Points:
    """Landmarks as float64 `[68, 2]` or `[5, 2]`; raises BadInputError for anything else."""
    try:
        points = np.array(landmarks, np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) not in counts:
        wanted = " or ".join(map(str, counts))
        raise BadInputError(
            f"The landmarks have the shape {points.shape}; {wanted} points are needed: "
            "a list of (x, y) in photo pixels, in dlib's order."
        )
    if not np.isfinite(points).all():
        raise BadInputError("The landmarks contain NaN or infinity. Give (x, y) in photo pixels for each.")
    return points


def _quad_from_features(left_eye: Points, right_eye: Points, mouth: Points) -> Points:
    eyes, across = (left_eye + right_eye) / 2, right_eye - left_eye
    down = mouth - eyes
    if across @ -_quarter_turn(down) <= 0:
        raise BadInputError(
            "These landmarks do not form a face: the mouth is not below the eyes, or left and right are swapped. "
            f"{ORDER}"
        )
    direction = across - _quarter_turn(down)
    half = max(2.0 * np.hypot(*across), 1.8 * np.hypot(*down))
    x = direction / np.hypot(*direction) * half
    return _parallelogram(eyes + 0.1 * down, x, _quarter_turn(x))


def _as_image(values: NDArray[Any]) -> Image.Image:
    """Floats, 0 to 255 -> a picture of mode "L" or "RGB", rounded to the nearest levels."""
    return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8))


def _quarter_turn(vector: Points) -> Points:
    """`vector` rotated by 90 degrees, clockwise as seen (y points down)."""
    return np.array([-vector[1], vector[0]])


def _parallelogram(center: Points, x: Points, y: Points) -> Points:
    return np.stack([center - x - y, center - x + y, center + x + y, center + x - y])


def _axes(quad: Points) -> Points:
    """The crop's x and y axis in the photo, each as long as the crop's side: rows of `[2, 2]`."""
    return np.stack([quad[3] - quad[0], quad[1] - quad[0]])


def quad_side(quad: Points) -> float:
    """The longer side of a crop, in photo pixels."""
    return float(np.hypot(*_axes(quad).T).max())


def to_unit(points: Points, quad: Points) -> Points:
    """Photo pixels -> crop coordinates (0 to 1, the crop's edges): `[K, 2]` -> `[K, 2]`."""
    return np.linalg.solve(_axes(quad).T, (points - quad[0]).T).T


def _check_quad(quad: Points, photo: tuple[int, int]) -> None:
    if quad.shape != (4, 2) or not np.isfinite(quad).all():
        raise BadInputError("A quad is four corners (x, y): top left, bottom left, bottom right, top right.")
    side = quad_side(quad)
    if np.abs(quad[0] + quad[2] - quad[1] - quad[3]).max() > 1e-3 * side:
        raise BadInputError("The quad's opposite sides are not parallel; only a parallelogram can be cut out.")
    if abs(np.linalg.det(_axes(quad))) < 1:
        raise BadInputError("The crop is smaller than one pixel of the photo. Check the landmarks or the box.")
    if (quad.max(0) < 0).any() or (quad.min(0) > np.array(photo) - 1).any():
        raise BadInputError("The crop lies outside the photo. Give landmarks or the box in pixels of the photo.")
    if side > 8 * max(photo):
        raise BadInputError("The crop is more than eight times as large as the photo. Check the landmarks or the box.")


def _overlap(quad: Points, photo: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of the photo that a quad touches, as `PIL.Image.crop` takes it."""
    left, top = np.floor(quad.min(0) + 0.5).astype(int).clip(0)
    right, bottom = np.minimum(np.ceil(quad.max(0) + 0.5).astype(int), photo)
    return int(left), int(top), int(right), int(bottom)


def _back(picture: Image.Image, quad: Points, place: tuple[int, int, int, int], *, beyond: Beyond) -> Floats:
    """A picture of the crop's area, warped back into the photo; the part in the photo's rectangle `place`."""
    left, top, right, bottom = place
    rectangle = np.array([[left, top], [left, bottom], [right, bottom], [right, top]], np.float64)
    corners = to_unit(rectangle, quad + 0.5) * picture.size
    return _resample(picture, corners, (right - left, bottom - top), beyond=beyond)


def _resample(image: Image.Image, corners: Points, size: tuple[int, int], *, beyond: Beyond) -> Floats:
    """The parallelogram with these corners (pixel *edges* at whole numbers) as `[height, width, channels]`, float32.

    The values keep the picture's range. Sampling is done in float because Pillow's cubic sampling of bytes rounds down.
    """
    width, height = size
    step = max(np.hypot(*(corners[3] - corners[0])) / width, np.hypot(*(corners[1] - corners[0])) / height)
    around, corners = _surroundings(image, corners, shrink=max(1.0, step / 2), beyond=beyond)
    fine = 2 if step > 1.0001 else 1
    fine_size = (fine * width, fine * height)
    across, down = (corners[3] - corners[0]) / fine_size[0], (corners[1] - corners[0]) / fine_size[1]
    coefficients = (across[0], down[0], corners[0, 0], across[1], down[1], corners[0, 1])
    channels = []
    for channel in np.moveaxis(np.atleast_3d(around).astype(np.float32), 2, 0):
        sampled = Image.fromarray(channel).transform(
            fine_size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC
        )
        channels.append(np.asarray(sampled.resize(size, Image.Resampling.LANCZOS) if fine > 1 else sampled))
    return np.stack(channels, axis=2)


def _surroundings(image: Image.Image, corners: Points, *, shrink: float, beyond: Beyond) -> tuple[NDArray[Any], Points]:
    """The pixels that a quad needs, also beyond the picture's border, `shrink` times smaller, and its corners there.

    Only that part is shrunk, and it is mirrored after shrinking: the cost depends on the crop, not on the photo.
    """
    margin = 4 * shrink  # the reach of a cubic and a Lanczos kernel
    low, high = np.floor(corners.min(0) - margin).astype(int), np.ceil(corners.max(0) + margin).astype(int)
    used = [_mirrored(np.arange(a, b), n) for a, b, n in zip(low, high, image.size, strict=True)]
    start, stop = np.array([i.min() for i in used]), np.array([i.max() + 1 for i in used])
    box = (*start.tolist(), *stop.tolist())
    if shrink > 1:
        # It is sampled at twice the needed resolution, so averages of whole pixels first cannot be seen in the end.
        sides = [max(1, round(n / shrink)) for n in stop - start]
        part = image.resize(sides, Image.Resampling.LANCZOS, box, reducing_gap=1.5)
    else:
        part = image.crop(box)
    scale = np.array(part.size) / (stop - start)
    corners = (corners - start) * scale

    low, high = np.floor(corners.min(0) - 4).astype(int), np.ceil(corners.max(0) + 4).astype(int)
    columns, rows = (np.arange(a, b) for a, b in zip(low, high, strict=True))
    region = np.asarray(part)[np.ix_(_mirrored(rows, part.height), _mirrored(columns, part.width))]
    first, last = -start * scale, (np.array(image.size) - start) * scale
    away = np.hypot(*np.meshgrid(_beyond(columns, first[0], last[0]), _beyond(rows, first[1], last[1])))
    if beyond == "nothing":
        region = np.where(away > 0, np.zeros(1, region.dtype), region)
    elif beyond == "soften" and away.any():
        region = _soften(region, away / quad_side(corners), quad_side(corners))
    return region, corners - low


def _mirrored(indices: NDArray[np.int_], length: int) -> NDArray[np.int_]:
    """Indices beyond 0 .. length - 1 reflected at the outermost pixels, as often as needed."""
    period = max(1, 2 * (length - 1))
    indices = indices % period
    return np.where(indices < length, indices, period - indices)


def _beyond(indices: NDArray[np.int_], first: float, last: float) -> Points:
    """The distance of each pixel's centre from the interval from `first` to `last`; 0 inside."""
    return np.maximum(np.maximum(first - indices - 0.5, indices + 0.5 - last), 0)


def _soften(region: NDArray[np.uint8], away: Points, side: float) -> NDArray[np.uint8]:
    """The mirrored border, blurred and faded to the median colour; `away` is the distance from the photo, in sides."""
    inside, outside = away == 0, away > 0
    median = np.median(region[inside] if inside.any() else region.reshape(-1, region.shape[2]), axis=0)
    blurred = np.asarray(Image.fromarray(region).filter(ImageFilter.GaussianBlur(0.02 * side)))[outside]
    mirrored, away = region[outside].astype(np.float64), away[outside][:, None]
    soft = mirrored + (blurred - mirrored) * (away / 0.05).clip(0, 1)
    result = region.copy()
    result[outside] = np.rint(soft + (median - soft) * (away / 0.4).clip(0, 1)).astype(np.uint8)
    return result


def _convex_hull(points: Points) -> Points:
    """Andrew's monotone chain (1979): the corners of the convex hull, clockwise as seen (y points down)."""

    def chain(ordered: list[Points]) -> list[Points]:
        hull: list[Points] = []
        for point in ordered:
            while len(hull) > 1 and np.linalg.det([hull[-1] - hull[-2], point - hull[-2]]) <= 0:
                hull.pop()
            hull.append(point)
        return hull[:-1]

    ordered = sorted(points, key=tuple)
    return np.array(chain(ordered) + chain(ordered[::-1]))


def _distance_outside(outline: Points, x: Points, y: Points) -> Points:
    """The distance of points from a convex outline (clockwise as seen); 0 inside."""
    outside = np.zeros(x.shape, bool)
    nearest = np.full(x.shape, np.inf)
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        edge = end - start
        dx, dy = x - start[0], y - start[1]
        outside |= edge[0] * dy - edge[1] * dx < 0
        along = ((dx * edge[0] + dy * edge[1]) / (edge @ edge)).clip(0, 1)
        nearest = np.minimum(nearest, np.hypot(dx - along * edge[0], dy - along * edge[1]))
    return np.where(outside, nearest, 0.0)
