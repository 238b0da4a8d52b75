"""How pictures are made small and sent to the browser."""

from __future__ import annotations

import base64

from PIL import Image

from ..images import encode

VIEW = 512  # px, the side that a picture is shown and saved at, at least
THUMBNAIL = 96  # px, the side of a small one
STEP = 64  # px, the side of one in the history
QUALITY = 90  # of the JPEG that is shown


def data_uri(picture: Image.Image, *, side: int | None = None) -> str:
    """A JPEG as a data URI; a square of `side` px where that is given."""
    if side is not None:
        picture = picture.resize((side, side), Image.Resampling.LANCZOS)
    return "data:image/jpeg;base64," + base64.b64encode(encode(picture, "JPEG", quality=85)).decode()
