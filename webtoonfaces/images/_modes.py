"""Converting every PIL mode to upright sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from webtoonfaces.errors import ImageError

# Possible values of white in the modes that do not define it; the first that is not below the brightest pixel is used.
_WHITES = {"F": (1.0, 255.0, 65535.0), "I": (255.0, 65535.0, 2.0**31 - 1)}

_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}


def to_rgb(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    """A new RGB picture, upright and in sRGB, from a decoded one of any mode; transparent parts show `background`.

    Sixteen-bit greys map 65535 to white. The modes I and F do not define white: it is the smallest of 255, 65535 and
    2**31 - 1 (I) or of 1, 255 and 65535 (F) that is not below the brightest pixel. No metadata is kept.
    """
    image = _upright(image)
    color, alpha = _split(image)
    rgb = _to_srgb(color, image.info.get("icc_profile"))
    if alpha is not None:
        whole = Image.new("RGB", rgb.size, background)
        whole.paste(rgb, mask=alpha)
        rgb = whole
    rgb.info = {}  # otherwise Pillow would write a profile or a GPS position into the next file
    return rgb


def _upright(image: Image.Image) -> Image.Image:
    try:
        if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:
            return image  # a copy of a large picture costs 256 MB
        return ImageOps.exif_transpose(image)
    except Exception:  # Pillow's EXIF parser raises many kinds of exceptions; the picture itself may still be good
        return image


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours (L, RGB, CMYK or LAB; never `image` itself) and the opacity (L), if any."""
    if image.mode.startswith(("I", "F")):
        return _grey(image)
    if image.has_transparency_data:
        if image.mode in ("1", "L", "LA", "La"):
            grey, alpha = image.convert("LA").split()
            return grey, alpha
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        return rgba.convert("RGB"), rgba.getchannel("A")
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image.copy(), None
    return image.convert("RGB"), None


def _grey(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    values = np.asarray(image).astype(np.float32)
    if not np.isfinite(values).all():
        raise ImageError("The picture contains NaN or infinity.")
    brightest = float(values.max())
    white = next((white for white in _WHITES.get(image.mode, (65535.0,)) if brightest <= white), brightest)
    levels = np.rint(values.clip(0, white) * np.float32(255 / white)).astype(np.uint8)
    clear = image.info.get("transparency")  # in a grey PNG, the one value that is transparent
    alpha = Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)) if isinstance(clear, int) else None
    return Image.fromarray(levels), alpha


def _to_srgb(color: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """`color` as RGB, converted with its ICC profile if that is usable; a broken profile is ignored."""
    try:
        if icc_profile:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
            mode = _PROFILE_MODES.get(profile.profile.xcolor_space.strip())
            plain = "srgb" in ImageCms.getProfileDescription(profile).lower()
            if mode == "RGB" and color.mode == "L":
                color = color.convert("RGB")
            if mode == color.mode and not plain:
                return _transformed(color, profile)
        elif color.mode == "LAB":
            return _transformed(color, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
        pass  # Pillow was built without LittleCMS, or cannot read the profile: fall back to the plain conversion below
    if color.mode == "LAB":
        raise ImageError("The picture is in Lab colours, which could not be converted. Save it as RGB first.")
    return color if color.mode == "RGB" else color.convert("RGB")


def _transformed(color: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(color, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    if converted is None:  # happens only for conversions in place
        raise ValueError("Pillow returned no converted picture")
    return converted
