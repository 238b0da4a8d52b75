"""Reading, writing and arranging pictures; the only place that converts between files, PIL images and tensors.

`load_image` decodes every input, `encode` and the functions built on it write every output. torch, matplotlib and
ffmpeg are imported only by the functions that need them; importing this package loads Pillow and numpy.
"""

from webtoonfaces.images._animate import save_animation, save_gif, save_mp4, save_webp
from webtoonfaces.images._load import (
    MOST_OF_FORMAT,
    MOST_PIXELS,
    ImageSource,
    header_size,
    load_image,
    png_text,
    to_tensor,
)
from webtoonfaces.images._pixels import as_floats, as_levels, shrink, to_pil
from webtoonfaces.images._save import ANIMATIONS, PICTURES, check_target, encode, save_image
from webtoonfaces.images._sheets import contact_sheet, frame, strip, swap_sheet
from webtoonfaces.images._show import show
from webtoonfaces.images._sizes import resized, scaled, shrunk

__all__ = [
    "ANIMATIONS",
    "MOST_OF_FORMAT",
    "MOST_PIXELS",
    "PICTURES",
    "ImageSource",
    "as_floats",
    "as_levels",
    "check_target",
    "contact_sheet",
    "encode",
    "frame",
    "header_size",
    "load_image",
    "png_text",
    "resized",
    "save_animation",
    "save_gif",
    "save_image",
    "save_mp4",
    "save_webp",
    "scaled",
    "show",
    "shrink",
    "shrunk",
    "strip",
    "swap_sheet",
    "to_pil",
    "to_tensor",
]
