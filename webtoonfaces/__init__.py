"""webtoonfaces: explore faces of webtoons, and redraw a photo as one.

    import webtoonfaces as wf
    G, AE = wf.load_stylegan2("demo"), wf.load_swapae("demo")
    wf.face2webtoon("photo.jpg", swapae=AE, generator=G)

Each name is imported when it is first used, so that `import webtoonfaces` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import errors as errors
    from . import figures as figures
    from .codes import interpolate, lerp, loop, slerp, swap_at, swap_layers, truncate
    from .faces import AlignedFace, align_face, align_faces
    from .images import contact_sheet, load_image, save_gif, save_image, save_mp4, save_webp, show, swap_sheet
    from .pretrained.generators import (
        StyleGAN2,
        SwappingAutoencoder,
        available_models,
        example_photo,
        load_stylegan2,
        load_swapae,
    )
    from .pretrained.upscaler import Upscaler, load_upscaler, upscale
    from .rendering.saved import replay
    from .rendering.structure import structure_picture
    from .webtoonize.cartoonize import cartoonize
    from .webtoonize.face2webtoon import face2webtoon
    from .webtoonize.group import group2webtoon
    from .webtoonize.portrait import Portrait, draw_face, portrait, titles
    from .widgets.face_studio import FaceStudio
    from .widgets.interpolation_pad import InterpolationPad
    from .widgets.layer_mixer import LayerMixer
    from .widgets.swap_explorer import SwapExplorer

__all__ = [
    "AlignedFace",
    "FaceStudio",
    "InterpolationPad",
    "LayerMixer",
    "Portrait",
    "StyleGAN2",
    "SwapExplorer",
    "SwappingAutoencoder",
    "Upscaler",
    "__version__",
    "align_face",
    "align_faces",
    "available_models",
    "cartoonize",
    "contact_sheet",
    "draw_face",
    "errors",
    "example_photo",
    "face2webtoon",
    "figures",
    "group2webtoon",
    "interpolate",
    "lerp",
    "load_image",
    "load_stylegan2",
    "load_swapae",
    "load_upscaler",
    "loop",
    "portrait",
    "replay",
    "save_gif",
    "save_image",
    "save_mp4",
    "save_webp",
    "show",
    "slerp",
    "structure_picture",
    "swap_at",
    "swap_layers",
    "swap_sheet",
    "titles",
    "truncate",
    "upscale",
]

# Module -> the public names that it defines. A name that equals its module's name is the module itself.
_HOMES = {
    "codes": (
        "interpolate",
        "lerp",
        "loop",
        "slerp",
        "swap_at",
        "swap_layers",
        "truncate",
    ),
    "errors": ("errors",),
    "faces": (
        "AlignedFace",
        "align_face",
        "align_faces",
    ),
    "figures": ("figures",),
    "images": (
        "contact_sheet",
        "load_image",
        "save_gif",
        "save_image",
        "save_mp4",
        "save_webp",
        "show",
        "swap_sheet",
    ),
    "pretrained.generators": (
        "StyleGAN2",
        "SwappingAutoencoder",
        "available_models",
        "example_photo",
        "load_stylegan2",
        "load_swapae",
    ),
    "pretrained.upscaler": (
        "Upscaler",
        "load_upscaler",
        "upscale",
    ),
    "rendering.saved": ("replay",),
    "rendering.structure": ("structure_picture",),
    "webtoonize.cartoonize": ("cartoonize",),
    "webtoonize.face2webtoon": ("face2webtoon",),
    "webtoonize.group": ("group2webtoon",),
    "webtoonize.portrait": (
        "Portrait",
        "draw_face",
        "portrait",
        "titles",
    ),
    "widgets.face_studio": ("FaceStudio",),
    "widgets.interpolation_pad": ("InterpolationPad",),
    "widgets.layer_mixer": ("LayerMixer",),
    "widgets.swap_explorer": ("SwapExplorer",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"webtoonfaces has no {name!r}; its names are {', '.join(__all__)}")
    module = import_module(f".{_MODULES[name]}", __name__)
    value = getattr(module, name, module)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
