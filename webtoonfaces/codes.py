"""Arithmetic on codes, for both models: pure functions on tensors [N, L, D].

A code is N pictures x L synthesis layers x D channels: StyleGAN2's `ws` and the Swapping Autoencoder's styles alike.
Every function takes any float dtype and any device, keeps both, and leaves its arguments as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from .errors import BadInputError

Interpolation = Callable[[Tensor, Tensor, float | Tensor], Tensor]


def check_codes(codes: Tensor, name: str = "codes") -> Tensor:
    """`codes` itself if it is a float tensor [N, L, D]; BadInputError otherwise."""
    if not isinstance(codes, Tensor) or codes.ndim != 3 or not codes.is_floating_point():
        found = f"{codes.dtype} {list(codes.shape)}" if isinstance(codes, Tensor) else type(codes).__name__
        raise BadInputError(
            f"{name} should be a float tensor [N, L, D] (pictures, layers, channels), not {found}. "
            "A single code keeps its first axis: ws[:1], not ws[0]."
        )
    return codes


def _pair(a: Tensor, b: Tensor) -> None:
    check_codes(a, "a")
    check_codes(b, "b")
    if a.shape[1:] != b.shape[1:] or (a.shape[0] != b.shape[0] and 1 not in (a.shape[0], b.shape[0])):
        raise BadInputError(
            f"These codes do not go together: {list(a.shape)} and {list(b.shape)}. Both must come from the same kind "
            "of model and contain equally many pictures, or one of them a single picture."
        )


def _amount(t: float | Tensor, like: Tensor) -> Tensor:
    """t as a tensor that broadcasts against [N, L, D]; a 1-D t contains one amount for each picture."""
    amount = torch.as_tensor(t, dtype=like.dtype, device=like.device)
    if not torch.isfinite(amount).all():
        raise BadInputError("An amount to interpolate by is NaN or infinite.")
    return amount.view(-1, 1, 1) if amount.ndim == 1 else amount


def lerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Straight line from a (t = 0) to b (t = 1); [N, L, D]. t is a number, or [N]; outside [0, 1] it extrapolates.

    The result is exactly a at t = 0 and b at t = 1, which `a + t * (b - a)` does not guarantee.

    >>> a, b = torch.zeros(1, 2, 3), torch.ones(1, 2, 3)
    >>> lerp(a, b, 0.25)[0, 0]
    tensor([0.2500, 0.2500, 0.2500])
    """
    _pair(a, b)
    t = _amount(t, a)
    return a * (1 - t) + b * t


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """The arc from a to b (Shoemake 1985) in each layer, with linearly interpolated length; [N, L, D].

    Zero codes and codes in the same or in exactly opposite directions define no arc; for them it is `lerp`.

    >>> a, b = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.0, 1.0]]])
    >>> slerp(a, b, 0.5)
    tensor([[[0.7071, 0.7071]]])
    """
    _pair(a, b)
    a, b = torch.broadcast_tensors(a, b)
    t = _amount(t, a)
    length_a, length_b = a.norm(dim=2, keepdim=True), b.norm(dim=2, keepdim=True)
    smallest = torch.finfo(a.dtype).tiny
    unit_a, unit_b = a / length_a.clamp_min(smallest), b / length_b.clamp_min(smallest)
    angle = (unit_a * unit_b).sum(dim=2, keepdim=True).clamp(-1, 1).acos()
    sine = angle.sin()
    straight = (sine < 1e-4) | (length_a == 0) | (length_b == 0)
    safe = torch.where(straight, torch.ones_like(sine), sine)
    arc = (((1 - t) * angle).sin() * unit_a + (t * angle).sin() * unit_b) / safe
    return torch.where(straight, lerp(a, b, t), arc * (length_a * (1 - t) + length_b * t))


def interpolate(ws: Tensor, *, rows: int = 5, cols: int = 5, method: Interpolation = lerp) -> Tensor:
    """Grid between four corners, [4, L, D] -> [rows, cols, L, D], bilinear with the default method.

    The corners are top left, top right, bottom left, bottom right. With one row (or column) it is the top (left) edge.

    >>> corners = torch.tensor([0.0, 2.0, 4.0, 6.0]).view(4, 1, 1)
    >>> interpolate(corners, rows=3, cols=3).squeeze()
    tensor([[0., 1., 2.],
            [2., 3., 4.],
            [4., 5., 6.]])
    """
    check_codes(ws, "ws")
    if ws.shape[0] != 4:
        raise BadInputError(f"A grid has four corners; {ws.shape[0]} codes were given.")
    if rows < 1 or cols < 1:
        raise BadInputError(f"A grid needs at least one row and one column, not {rows} x {cols}.")
    down = torch.linspace(0, 1, rows, dtype=ws.dtype, device=ws.device)
    across = torch.linspace(0, 1, cols, dtype=ws.dtype, device=ws.device)
    left = method(ws[0:1].expand(rows, -1, -1), ws[2:3].expand(rows, -1, -1), down)
    right = method(ws[1:2].expand(rows, -1, -1), ws[3:4].expand(rows, -1, -1), down)
    grid = method(left.repeat_interleave(cols, 0), right.repeat_interleave(cols, 0), across.repeat(rows))
    return grid.view(rows, cols, *grid.shape[1:])


def loop(ws: Tensor, *, steps: int = 20, method: str = "linear", closed: bool = True) -> Tensor:
    """A closed walk through all N codes and back to the first: [N, L, D] -> [N * steps, L, D].

    Frame i * steps is code i itself; the walk ends one step before the first code, so that it repeats smoothly.
    An open walk (`closed=False`) goes from the first code towards the last, in (N - 1) * steps frames.
    method : "linear", "slerp", or "cubic", a Catmull-Rom spline (1974), which passes smoothly through every code.

    >>> ws = torch.tensor([0.0, 1.0]).view(2, 1, 1)
    >>> loop(ws, steps=2).squeeze()
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    >>> loop(ws, steps=2, closed=False).squeeze()
    tensor([0.0000, 0.5000])
    """
    check_codes(ws, "ws")
    if steps < 1 or ws.shape[0] < 1:
        raise BadInputError("A loop needs at least one code and one step.")
    count = ws.shape[0]
    starts = torch.arange(count if closed else count - 1, device=ws.device).repeat_interleave(steps)

    def code(offset: int) -> Tensor:
        place = starts + offset
        return ws[place % count if closed else place.clamp(0, count - 1)]

    here, following = code(0), code(1)
    t = (torch.arange(steps, dtype=ws.dtype, device=ws.device) / steps).repeat(len(starts) // steps)
    if method == "linear":
        return lerp(here, following, t)
    if method == "slerp":
        return slerp(here, following, t)
    if method != "cubic":
        raise BadInputError(f"A loop is 'linear', 'slerp' or 'cubic', not {method!r}.")
    before, after = code(-1), code(2)
    t = t.view(-1, 1, 1)
    weights = (
        t * (t * (2 - t) - 1) / 2,
        (t * t * (3 * t - 5) + 2) / 2,
        t * (t * (4 - 3 * t) + 1) / 2,
        t * t * (t - 1) / 2,
    )
    return weights[0] * before + weights[1] * here + weights[2] * following + weights[3] * after


def truncate(ws: Tensor, w_avg: Tensor, *, psi: float | Tensor = 0.7, cutoff: int | None = None) -> Tensor:
    """The truncation trick: codes [N, L, D] moved towards the mean `w_avg` [D]; psi 1 changes nothing, 0 is the mean.

    psi is a number, or [N]. cutoff : truncate only this many first layers (Karras et al. 2019, appendix B).

    >>> ws = torch.full((1, 3, 1), 4.0)
    >>> truncate(ws, torch.zeros(1), psi=0.5, cutoff=2).squeeze()
    tensor([2., 2., 4.])
    """
    check_codes(ws, "ws")
    if w_avg.shape != ws.shape[2:]:
        raise BadInputError(f"w_avg is {list(w_avg.shape)}, but these codes have {ws.shape[2]} channels.")
    mean = w_avg.to(ws.device, ws.dtype).expand_as(ws)
    pulled = lerp(mean, ws, psi)
    return pulled if cutoff is None else swap_at(pulled, ws, location=cutoff)


def swap_layers(
    a: Tensor, b: Tensor, *, layers: Iterable[int], strength: float | Sequence[float] | Tensor = 1.0
) -> Tensor:
    """b's code at `layers`, a's elsewhere; [N, L, D].

    layers : indices from 0, negative ones from the end.     strength : how much of b, one number or one for each layer.

    >>> a, b = torch.zeros(1, 4, 1), torch.ones(1, 4, 1)
    >>> swap_layers(a, b, layers=[1, -1], strength=[0.5, 1]).squeeze()
    tensor([0.0000, 0.5000, 0.0000, 1.0000])
    """
    _pair(a, b)
    count = a.shape[1]
    chosen = list(layers)
    wrong = [layer for layer in chosen if not -count <= layer < count]
    if wrong:
        raise BadInputError(f"There is no layer {', '.join(map(str, wrong))}: this code has layers 0 to {count - 1}.")
    each = torch.as_tensor(strength, dtype=a.dtype, device=a.device)
    if each.ndim and each.shape != (len(chosen),):
        raise BadInputError(f"{len(chosen)} layers need one strength or {len(chosen)}, not {list(each.shape)}.")
    weights = a.new_zeros(count)
    if chosen:
        weights[chosen] = each
    return lerp(a, b, weights.view(1, -1, 1))


def swap_at(a: Tensor, b: Tensor, *, location: float) -> Tensor:
    """The first `location` layers from a, the rest from b; [N, L, D]: the swap location of the figures.

    0 is all b, L all a. A fraction blends one layer: at 2.5 layers 0 and 1 are a's, layer 2 is half and half.

    >>> a, b = torch.zeros(1, 4, 1), torch.ones(1, 4, 1)
    >>> swap_at(a, b, location=2.5).squeeze()
    tensor([0.0000, 0.0000, 0.5000, 1.0000])
    """
    _pair(a, b)
    count = a.shape[1]
    if isinstance(location, str) or not 0 <= location <= count:
        raise BadInputError(
            f"A swap location of this model goes from 0 to {count}, its number of layers, not to {location!r}."
        )
    positions = torch.arange(count, dtype=a.dtype, device=a.device)
    from_a = (location - positions).clamp(0, 1)
    return lerp(b, a, from_a.view(1, -1, 1))
