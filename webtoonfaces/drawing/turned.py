"""Where the features of a turned face may lie: its far side is narrow, and nothing on it may touch its contour.

Points are landmarks in the axes of the face: x along the line of the eyes, y down, `unit` is the distance of the eyes.
"""

from __future__ import annotations

import numpy as np

from .curves import Points
from .title import Hand

CHEEK = 0.24  # between the far eye and the contour, in units
FAR_JAW = (
    0.46,
    0.46,
    0.95,
)  # how far a turned jaw runs down, then level, in shares of its size; how far it is drawn so
NEAR_JAW = (0.4, 0.44, 0.8)
BRIDGE = 0.17  # between the far eye and the bridge of the nose, in units


def keep_features_inside(points: Points, yaw: float, unit: float, hand: Hand) -> None:
    """Brows, eyes, nose and mouth of a turned face move back as one, as far as its far eye needs room.

    A title's eyes are wider than the person's, and a flat projection leaves them no cheek on the far side. The near
    side has plenty: it gives as much as it can spare. The mouth then keeps its own margin. A hand that pulls no contour
    leaves every feature where the person has it.
    """
    if hand.jaw == 0:
        return
    side = 1.0 if yaw > 0 else -1.0
    contour = points[16:8:-1] if side > 0 else points[0:8]  # from the temple down
    others = points[0:8] if side > 0 else points[16:8:-1]
    far, near = (points[42:48], points[36:42]) if side > 0 else (points[36:42], points[42:48])
    height = far[:, 1].mean()
    bridge = 0.6 * points[27, 0] + 0.4 * points[28, 0]
    room = np.interp(height, contour[:, 1], contour[:, 0]) * side - bridge * side
    spare = bridge * side - np.interp(height, others[:, 1], others[:, 0]) * side
    wide = 0.5 * (np.ptp(far[:, 0]) + np.ptp(near[:, 0])) * (1 + 0.75 * max(0.0, hand.eye.width - 1))
    lack = wide + (CHEEK + BRIDGE) * unit - room
    # Not further than to the middle between the two contours: beyond it the face would look the other way.
    turned = min(1.0, max(0.0, abs(np.sin(yaw)) - 0.06) / 0.12)
    move = turned * min(max(0.0, lack), 0.34 * unit, max(0.0, 0.38 * (spare - room)))
    # The mouth has more room than the eyes, and it stays over the chin.
    share = np.interp(points[17:68, 1], [height, points[48:68, 1].mean()], [1.0, 0.7])
    points[17:68, 0] -= side * move * share
    # A pen draws the mouth along the line of the eyes: what perspective tilts looks skewed on a flat face.
    corner = points[54] - points[48]
    slope = 0.65 * float(corner[1] / (corner[0] + 1e-9))
    points[48:68, 1] -= slope * (points[48:68, 0] - points[48:68, 0].mean())
    _keep_mouth_inside(points, side, unit)


def _keep_mouth_inside(points: Points, side: float, unit: float) -> None:
    """A mouth keeps a margin of cheek on the side that a turned head hides."""
    corner, near = (54, 48) if side > 0 else (48, 54)
    far = points[9:17] if side > 0 else points[7::-1]  # from the chin up
    edge = np.interp(-points[corner, 1], -far[:, 1], far[:, 0] * side) - 0.32 * unit
    reach, start = points[corner, 0] * side, points[near, 0] * side
    if reach > edge and reach > start + 1e-6:
        # Half of what is missing moves the mouth, half narrows it.
        move = 0.5 * (reach - edge)
        points[48:68, 0] -= side * move
        start -= move
        share = max(0.7, (edge - start) / (reach - move - start))
        points[48:68, 0] = points[near, 0] + (points[48:68, 0] - points[near, 0]) * share


def bulge(points: Points, yaw: float, unit: float, hand: Hand) -> None:
    """A turned face's far contour is no smooth arc: it goes in at the eye, out at the cheekbone, in below it.

    Its near jaw, which perspective swells, is drawn slimmer, or the features would lie beside an empty cheek.
    """
    turned = max(0.0, abs(np.sin(yaw)) - 0.15)
    if turned == 0:
        return
    cheek = 1 + 6 * max(
        0.0, 0.96 - hand.face_length
    )  # a short face has round cheeks: they would be flat beside its eye
    profile = np.array([-0.1, -0.35, 0.7 * cheek, 0.8 * cheek, 0.4 * cheek, -0.2, -0.25, 0.0]) * turned * 0.24 * unit
    slim = np.array([0.0, 0.15, 0.45, 0.8, 1.0, 0.9, 0.6, 0.25]) * turned * 0.38 * unit
    if yaw > 0:
        points[16:8:-1, 0] += profile
        points[0:8, 0] += slim
    else:
        points[0:8, 0] -= profile
        points[16:8:-1, 0] -= slim


def round_jaw(points: Points, yaw: float, hand: Hand) -> None:
    """A turned face's jaw is one soft curve on either side, which runs level into the chin.

    A title's broad chin and short face make its far side a straight wall with a corner, its near side a slant, and hang
    the chin below the far eye: it comes back towards the middle of the lower face. A hand that pulls no contour leaves
    the jaw as the person has it.
    """
    turned = min(1.0, max(0.0, abs(np.sin(yaw)) - 0.08) / 0.22) * min(1.0, 2.4 * hand.jaw)
    if turned == 0:
        return
    side = 1.0 if yaw > 0 else -1.0
    far, near = (slice(16, 7, -1), slice(0, 9)) if side > 0 else (slice(0, 9), slice(16, 7, -1))
    chin = points[8]
    low = [5, 6, 7, 8, 9, 10, 11]
    middle = 0.5 * (points[far][4, 0] + points[near][4, 0])
    back = 0.5 * turned * max(0.0, side * float(chin[0] - middle))
    points[low, 0] -= side * back * np.array([0.2, 0.5, 0.85, 1.0, 0.85, 0.5, 0.2])
    for line, first, tall, wide, share in ((far, 2, *FAR_JAW), (near, 2, *NEAR_JAW)):
        jaw = points[line][first:]
        start, along = jaw[0], jaw[1] - points[line][first - 1]
        reach = chin - start
        # It starts in the contour's own direction, but never outwards: that would be a swollen cheek.
        lean = np.clip(along[0] / (abs(along[1]) + 1e-9) * np.sign(reach[0]), -0.15, 0.5) * np.sign(reach[0])
        handles = [start, start + tall * reach[1] * np.array([lean, 1.0]), chin - [wide * reach[0], 0.0], chin]
        t = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(jaw, axis=0).T))])
        t = (t / t[-1])[:, None]
        curve = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], 1) @ np.array(handles)
        jaw += share * turned * (curve - jaw)
