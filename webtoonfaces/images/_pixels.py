"""Converting arrays and tensors to PIL images and back: shapes, number types and ranges."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from PIL import Image

from webtoonfaces.errors import ImageError

if TYPE_CHECKING:
    import torch

# Arithmetic on [0, 1] floats may leave values slightly outside. A larger excess means another scale: an error.
_SLACK = 1 / 255


def to_pil(tensor: torch.Tensor) -> list[Image.Image]:
    """RGB pictures from a float tensor [N, 3, H, W] or [3, H, W] on any device, nominally in [-1, 1].

    Values outside the range are clamped; -1 becomes 0, 1 becomes 255, values between become the nearest level.
    Raises `ImageError` for another shape, for integers, and for NaN or infinity.
    """
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise ImageError(f"to_pil takes a tensor, not {type(tensor).__name__}. For anything else use load_image.")
    if tensor.ndim not in (3, 4) or tensor.shape[-3] != 3 or 0 in tensor.shape[-2:]:
        raise ImageError(f"A picture tensor is [N, 3, H, W] or [3, H, W]; this one is {list(tensor.shape)}.")
    if not tensor.is_floating_point():
        raise ImageError(f"A picture tensor contains floats in [-1, 1]; this one contains {tensor.dtype}.")
    batch = tensor.detach().reshape(-1, *tensor.shape[-3:]).float()  # [N, 3, H, W]
    if not torch.isfinite(batch).all():
        raise ImageError(
            "The picture contains NaN or infinity. The model or the code that made it has overflowed: try float32 "
            "instead of half precision, or another code."
        )
    levels = as_levels(batch)  # [N, 3, H, W]
    return [Image.fromarray(pixels) for pixels in levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()]


def as_levels(images: torch.Tensor) -> torch.Tensor:
    """Floats, clamped to [-1, 1] -> the nearest of 256 levels; uint8 of the same shape."""
    import torch

    return images.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)


def as_floats(levels: torch.Tensor) -> torch.Tensor:
    """Levels, uint8 -> float32 in [-1, 1] of the same shape; the inverse of `as_levels`."""
    return levels.float().div_(127.5).sub_(1)


def shrink(images: torch.Tensor, side: int) -> torch.Tensor:
    """Pictures [N, 3, H, W] resized to [N, 3, side, side] with antialiasing; the range stays the same."""
    import torch.nn.functional as F

    if images.shape[-2:] == (side, side):
        return images
    return F.interpolate(images, (side, side), mode="bilinear", align_corners=False, antialias=True)


def is_tensor(source: object) -> TypeGuard[torch.Tensor]:
    """Whether `source` is a torch tensor. Does not import torch: no tensor exists before torch is imported."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.Tensor)


def from_tensor(tensor: torch.Tensor) -> Image.Image:
    """One RGB picture from a tensor [3, H, W] or [1, 3, H, W]: float in [-1, 1], or uint8."""
    if tensor.ndim == 4 and tensor.shape[0] != 1:
        raise ImageError(
            f"This tensor contains {tensor.shape[0]} pictures, but one is needed: choose one with tensor[0], "
            "or use to_pil for all of them."
        )
    if str(tensor.dtype) != "torch.uint8":
        return to_pil(tensor)[0]
    if tensor.ndim not in (3, 4) or tensor.shape[-3] != 3 or 0 in tensor.shape[-2:]:
        raise ImageError(f"A picture tensor is [3, H, W] or [1, 3, H, W]; this one is {list(tensor.shape)}.")
    return Image.fromarray(tensor.reshape(tensor.shape[-3:]).permute(1, 2, 0).contiguous().cpu().numpy())


def from_array(array: np.ndarray[Any, Any]) -> Image.Image:
    """A picture (L, LA, RGB, RGBA) from an array [H, W] or [H, W, 1 to 4]: uint8, uint16, bool, float in [0, 1]."""
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 2, 3, 4) or 0 in array.shape:
        advice = ""
        if array.ndim == 3 and array.shape[0] in (1, 3, 4):
            advice = " Its first axis seems to be the channels: give array.transpose(1, 2, 0)."
        raise ImageError(f"A picture array is [H, W], [H, W, 3] or [H, W, 4]; this one is {list(array.shape)}.{advice}")
    levels = _eight_bits(array)
    return Image.fromarray(np.ascontiguousarray(levels[..., 0] if levels.ndim == 3 and channels == 1 else levels))


def _eight_bits(array: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 = 255 * 257
    if array.dtype.kind != "f":
        raise ImageError(
            f"A picture array contains uint8, uint16, or floats in [0, 1]; this one contains {array.dtype}. "
            "For values of 0 to 255, give array.astype('uint8')."
        )
    if not np.isfinite(array).all():
        raise ImageError("The picture array contains NaN or infinity.")
    low, high = float(array.min()), float(array.max())
    if low < -_SLACK or high > 1 + _SLACK:
        raise ImageError(
            f"A float picture array is in [0, 1]; this one goes from {low:.4g} to {high:.4g}. Divide by 255 if its "
            "range is [0, 255]; give (array + 1) / 2 if it is [-1, 1]; clip it if single values lie outside."
        )
    return np.rint(array.clip(0, 1).astype(np.float32) * 255).astype(np.uint8)
