"""webtoonfaces: explore faces of webtoons, and redraw a photo as one.

    import webtoonfaces as wf
    G, AE = wf.load_stylegan2("demo"), wf.load_swapae("demo")
    wf.face2webtoon("photo.jpg", swapae=AE, generator=G)

Everything is imported when it is first used, so that `import webtoonfaces` is quick and quiet.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import errors as errors
    from .codes import interpolate, lerp, loop, slerp, swap_at, swap_layers, truncate
    from .faces import AlignedFace, align_face, align_faces
    from .images import contact_sheet, load_image, save_gif, save_image, save_mp4, show, swap_sheet
    from .pretrained import (
        StyleGAN2,
        SwappingAutoencoder,
        available_models,
        example_photo,
        load_stylegan2,
        load_swapae,
    )
    from .studio.face2webtoon import face2webtoon
    from .studio.shelf import replay
    from .widgets.interpolation_pad import InterpolationPad

__all__ = [
    "AlignedFace",
    "InterpolationPad",
    "StyleGAN2",
    "SwappingAutoencoder",
    "__version__",
    "align_face",
    "align_faces",
    "available_models",
    "contact_sheet",
    "errors",
    "example_photo",
    "face2webtoon",
    "interpolate",
    "lerp",
    "load_image",
    "load_stylegan2",
    "load_swapae",
    "loop",
    "replay",
    "save_gif",
    "save_image",
    "save_mp4",
    "show",
    "slerp",
    "swap_at",
    "swap_layers",
    "swap_sheet",
    "truncate",
]

# Module -> the public names that live in it. A name that is its own module's stands for the module.
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
    "InterpolationPad",
        "align_face",
        "align_faces",
    ),
    "images": (
        "contact_sheet",
        "load_image",
        "replay",
    "save_gif",
        "save_image",
        "save_mp4",
        "show",
        "swap_sheet",
    ),
    "pretrained": (
        "StyleGAN2",
        "SwappingAutoencoder",
        "available_models",
        "example_photo",
        "load_stylegan2",
        "load_swapae",
    ),
    "studio.face2webtoon": ("face2webtoon",),
    "studio.shelf": ("replay",),
    "widgets.interpolation_pad": ("InterpolationPad",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"webtoonfaces has no {name!r}; its names are {', '.join(__all__)}")
    module = import_module(f".{_MODULES[name]}", __name__)
    value = module if _MODULES[name] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
