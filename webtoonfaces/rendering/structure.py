"""A structure code as a picture: its first three principal components as red, green and blue."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from ..errors import BadInputError
from ..images import strip, to_pil

CELL = 16  # px of a picture for each position of its structure code
SPREAD = 2.5  # standard deviations from middle grey to full colour


@torch.no_grad()
def structure_picture(structure: Tensor, *, cell: int = CELL) -> Image.Image:
    """The structure code [C, h, w] or [N, C, h, w] of `AE.encode` as an RGB picture, `cell` px for each position.

    The C values of each position are projected onto their first three principal components; red varies most. Each
    component is scaled by its own standard deviation, and its sign is chosen so that the channel with the largest share
    is positive: the same code gives the same colours. The codes of several pictures share one set of components, so
    that their colours can be compared, and are shown side by side. With 16 px the picture is as large as the encoded
    one.

    Raises BadInputError for another shape, and for NaN or infinity.
    """
    codes = structure[None] if structure.ndim == 3 else structure
    if codes.ndim != 4 or 0 in codes.shape or not codes.is_floating_point() or not codes.isfinite().all():
        raise BadInputError(
            f"A structure code is float [C, h, w] or [N, C, h, w], as AE.encode(picture)[0], "
            f"without NaN or infinity, not {structure.dtype} {list(structure.shape)}."
        )
    if isinstance(cell, bool) or not isinstance(cell, int) or cell < 1:
        raise BadInputError(f"cell is a whole number of px, not {cell!r}.")
    count, channels, height, width = codes.shape
    places = codes.detach().cpu().double().permute(0, 2, 3, 1).reshape(-1, channels)
    components = _principal_components(places).reshape(count, height, width, 3).permute(0, 3, 1, 2)
    small = to_pil(components.float().clamp(-1, 1))
    return strip([one.resize((width * cell, height * cell), Image.Resampling.NEAREST) for one in small])


def _principal_components(places: Tensor) -> Tensor:
    """[P, C] -> the first three components [P, 3] in units of `SPREAD` standard deviations; 0 where nothing varies."""
    centred = places - places.mean(dim=0)
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :3]  # [C, 3], the largest first
    largest = axes.gather(0, axes.abs().argmax(dim=0, keepdim=True))
    found = centred @ (axes * largest.sign())
    spread = found.square().mean(dim=0).sqrt()
    varies = spread > 1e-6 * places.abs().max()  # less is a rounding error
    scaled = torch.where(varies, found / (SPREAD * spread).clamp(min=1e-30), 0.0)
    return torch.nn.functional.pad(scaled, (0, 3 - scaled.shape[1]))
