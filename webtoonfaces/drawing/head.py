"""The head that every person has: a template in three dimensions, its pose, and its surfaces in the picture.

Template coordinates: x to the picture's right, y down, z towards the viewer, in units in which a frontal head fills
an FFHQ crop. Picture coordinates: the unit square of such a crop, x to the right, y down. The projection is a weak
perspective: a rotation, one scale, a shift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from .curves import Points

CENTER = np.array([0.0, 0.55, -0.15])  # what the head turns about
SKULL_CENTER = np.array([0.0, 0.395, -0.22])
SKULL_RADII = np.array([0.298, 0.35, 0.36])
MIRROR = np.array([-1.0, 1.0, 1.0])


def _template() -> Points:
    """68 landmarks in dlib's order, of an average frontal face: float64 `[68, 3]`."""
    points = np.zeros((68, 3))
    jaw = np.array(
        [
            (-0.268, 0.478, -0.300),
            (-0.266, 0.555, -0.280),
            (-0.256, 0.628, -0.250),
            (-0.237, 0.698, -0.205),
            (-0.203, 0.762, -0.150),
            (-0.158, 0.815, -0.090),
            (-0.108, 0.857, -0.040),
            (-0.055, 0.886, 0.000),
            (0.000, 0.896, 0.012),
        ]
    )
    brow = np.array(
        [
            (-0.222, 0.428, -0.060),
            (-0.190, 0.403, -0.015),
            (-0.150, 0.393, 0.015),
            (-0.105, 0.398, 0.035),
            (-0.060, 0.412, 0.045),
        ]
    )
    eye = np.array(
        [
            (-0.178, 0.480, -0.035),
            (-0.145, 0.459, -0.010),
            (-0.100, 0.460, 0.000),
            (-0.068, 0.486, -0.005),
            (-0.102, 0.497, 0.000),
            (-0.144, 0.496, -0.010),
        ]
    )
    points[:9], points[9:17] = jaw, jaw[7::-1] * MIRROR
    points[17:22], points[22:27] = brow, brow[::-1] * MIRROR
    points[27:31] = [(0, 0.470, 0.05), (0, 0.520, 0.08), (0, 0.570, 0.11), (0, 0.612, 0.14)]
    nostrils = [(0.054, 0.645, 0.06), (0.028, 0.653, 0.08)]
    points[31:36] = [*(np.array(p) * MIRROR for p in nostrils), (0, 0.660, 0.09), *nostrils[::-1]]
    points[36:42], points[42:48] = eye, (eye * MIRROR)[[3, 2, 1, 0, 5, 4]]
    right_of_lips = [(0.098, 0.735, 0.02), (0.062, 0.723, 0.055), (0.024, 0.715, 0.075)]
    points[48:51] = np.array(right_of_lips) * MIRROR
    points[51] = (0, 0.720, 0.078)
    points[52:55] = right_of_lips[::-1]
    points[55:60] = [
        (0.062, 0.757, 0.055),
        (0.028, 0.773, 0.070),
        (0, 0.777, 0.072),
        (-0.028, 0.773, 0.070),
        (-0.062, 0.757, 0.055),
    ]
    points[60:68] = [
        (-0.088, 0.736, 0.025),
        (-0.03, 0.735, 0.065),
        (0, 0.738, 0.07),
        (0.03, 0.735, 0.065),
        (0.088, 0.736, 0.025),
        (0.03, 0.737, 0.065),
        (0, 0.740, 0.07),
        (-0.03, 0.737, 0.065),
    ]
    points.setflags(write=False)
    return points


TEMPLATE = _template()
FOREHEAD = np.array(  # from the right temple over the top to the left one
    [
        (0.272, 0.42, -0.26),
        (0.262, 0.31, -0.20),
        (0.215, 0.20, -0.13),
        (0.12, 0.13, -0.08),
        (0, 0.105, -0.06),
        (-0.12, 0.13, -0.08),
        (-0.215, 0.20, -0.13),
        (-0.262, 0.31, -0.20),
        (-0.272, 0.42, -0.26),
    ]
)


@dataclass(frozen=True)
class Pose:
    """Where a head is and where it looks.

    `yaw`, `pitch` and `roll` are degrees: positive yaw turns the nose to the picture's right, positive pitch lifts the
    chin, positive roll tilts the head clockwise. `scale` is 1 for a head that fills the crop; `x` and `y` place the
    head's centre in the unit square; `width` widens the head.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    scale: float = 1.0
    x: float = 0.5
    y: float = 0.55
    width: float = 1.0

    @property
    def head(self) -> Head:
        """The head in this pose."""
        return Head(self.scale * rotation(self.yaw, self.pitch, self.roll)[:2], np.array([self.x, self.y]), self.width)


@dataclass(frozen=True, eq=False)
class Head:
    """A posed head: template points become points of the picture through `matrix` `[2, 3]` and `shift` `[2]`."""

    matrix: Points
    shift: Points
    width: float = 1.0

    def project(self, points: ArrayLike) -> Points:
        """Template points `[..., 3]` -> picture points `[..., 2]`."""
        return (np.asarray(points, dtype=float) * (self.width, 1, 1) - CENTER) @ self.matrix.T + self.shift

    @cached_property
    def scale(self) -> float:
        """Picture units per template unit."""
        return float(np.linalg.norm(self.matrix, 2))

    @cached_property
    def up(self) -> Points:
        """The direction of the head's top in the picture, of length 1."""
        up = -self.matrix[:, 1]
        return up / (np.linalg.norm(up) + 1e-9)

    @cached_property
    def yaw(self) -> float:
        """The turn in radians as it is seen: positive to the picture's right."""
        right = np.array([-self.up[1], self.up[0]])
        return math.atan2(right @ self.matrix[:, 2], right @ self.matrix[:, 0])

    @cached_property
    def _skull(self) -> tuple[Points, Points]:
        radii = SKULL_RADII * (self.width, 1, 1)
        middle = (SKULL_CENTER - CENTER) @ self.matrix.T + self.shift
        return middle, self.matrix @ np.diag(radii**2) @ self.matrix.T

    def silhouette(self, angle: ArrayLike, beyond: ArrayLike = 0.0) -> Points:
        """The skull's outline at angles in degrees (0 at the top, positive to the right), moved out by `beyond`."""
        turn = np.radians(np.atleast_1d(np.asarray(angle, dtype=float)))
        right = np.array([-self.up[1], self.up[0]])
        out = np.sin(turn)[:, None] * right + np.cos(turn)[:, None] * self.up
        middle, ellipse = self._skull
        reach = out @ ellipse
        far = np.broadcast_to(np.asarray(beyond, dtype=float), turn.shape)[:, None] * self.scale
        return middle + reach / np.sqrt((reach * out).sum(1))[:, None] + out * far

    def scalp(self, across: ArrayLike, down: ArrayLike) -> Points:
        """Points on forehead and scalp: `across` -1..1; `down` 0 at the hairline, 1 at the brows, negative above."""
        u, v = np.broadcast_arrays(np.asarray(across, dtype=float), np.asarray(down, dtype=float))
        below = np.maximum(v, 0)
        above = np.minimum(v, 0)
        x = u * (0.252 + 0.018 * np.minimum(v, 1.2))
        y = 0.165 + 0.245 * below + 0.20 * above + 0.05 * u * u
        z = -0.04 - 0.15 * u * u + 0.05 * np.minimum(v, 1) + 0.25 * above
        return self.project(np.stack([x, y, z], -1))

    def face(self, points: Points) -> Points:
        """Template landmarks `[68, 3]` -> `[68, 2]`; the far side's contour lies on the silhouette."""
        points = points.copy()
        points[:17] = onto_silhouette(points[:17], self.yaw)
        return self.project(points)

    @cached_property
    def forehead(self) -> Points:
        """The forehead's outline from the right temple to the left one: `[9, 2]`."""
        return self.project(onto_silhouette(FOREHEAD, self.yaw))


def rotation(yaw: float, pitch: float, roll: float) -> Points:
    """The rotation matrix `[3, 3]` of a head's pose, angles in degrees: yaw first, roll last."""
    a, b, c = np.radians([yaw, pitch, roll])
    turn = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    nod = np.array([[1, 0, 0], [0, math.cos(b), math.sin(b)], [0, -math.sin(b), math.cos(b)]])
    tilt = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return tilt @ nod @ turn


def onto_silhouette(points: Points, yaw: float) -> Points:
    """Contour points of the side that a turned head hides slide along the cheek, to where its outline is seen."""
    points = points.copy()
    side = math.copysign(1.0, yaw)
    far = points[:, 0] * side > 0.02
    fullness = np.interp(points[:, 1], [0.48, 0.63, 0.76, 0.86], [1.1, 1.02, 0.62, 0.3])
    depth = (0.055 - points[:, 2]).clip(0.02) * fullness
    x = np.abs(points[:, 0])
    angle = np.arctan2(depth * abs(math.sin(yaw)), x * math.cos(yaw))
    points[far, 0] = (side * x * np.cos(angle))[far]
    points[far, 2] = (points[:, 2] + depth * np.sin(angle))[far]
    return points


def fit_pose(landmarks: Points) -> Pose:
    """The pose in which the template lies closest to 68 landmarks `[68, 2]` of the unit square.

    Least squares over brows, eyes, nose and mouth (the contour depends on the pose itself), then the nearest scaled
    rotation.
    """
    inner = np.arange(17, 68)
    columns = np.concatenate([TEMPLATE[inner] - CENTER, np.ones((51, 1))], 1)
    affine = np.linalg.lstsq(columns, landmarks[inner], rcond=None)[0][:3].T
    u, s, vt = np.linalg.svd(affine, full_matrices=False)
    scale = float(s.mean())
    first = u @ vt
    third = np.cross(first[0], first[1])
    pitch = math.degrees(math.asin(max(-1.0, min(1.0, -third[1]))))
    yaw = math.degrees(math.atan2(-third[0], third[2]))
    roll = math.degrees(math.atan2(-first[0, 1], first[1, 1]))
    shift = (landmarks[inner] - (TEMPLATE[inner] - CENTER) @ (scale * first).T).mean(0)
    pose = Pose(yaw, pitch, roll, scale, float(shift[0]), float(shift[1]))
    contour = pose.head.face(TEMPLATE)
    width = np.linalg.norm(landmarks[0] - landmarks[16]) / np.linalg.norm(contour[0] - contour[16])
    return Pose(yaw, pitch, roll, scale, pose.x, pose.y, float(np.clip(width, 0.85, 1.2)))
