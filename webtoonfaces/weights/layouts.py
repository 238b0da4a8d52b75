"""Converting the state dict of one network between the original layout, that of published checkpoints, and ours.

The original layout contains the fixed filters as `*.kernel` and modulated weights as [1, out, in, k, k]. Ours has no
filters, 4-D weights (so that channels-last applies), and `w_avg`. `convert` does the same for whole files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import LayoutError, MissingExtraError, UnknownNameError
from ..models import cartoonizers, ops, stylegan2, swapae, upscaler

StateDict = dict[str, Tensor]


def build(kind: str, state_dict: Mapping[str, Tensor], *, config: Any = None) -> nn.Module:
    """Network `kind` from a state dict in the original layout, in eval mode, float32, without gradients.

    `kind` is one of `kinds()`. The configuration is read from the tensors' shapes unless it is given. The fixed
    filters are optional; if present, they must have the values that the network uses.

    Raises LayoutError, which names all missing, unexpected and wrongly shaped keys.
    """
    builder = _builder(kind)
    strays = sorted(
        str(key)[:100] for key, value in state_dict.items() if not isinstance(key, str) or not isinstance(value, Tensor)
    )
    if strays:
        raise LayoutError(f"This is not the state dict of a {kind}: {_some(strays)} are not tensors.")
    if config is None:
        try:
            config = builder.infer(state_dict)
        except ValueError as error:
            raise LayoutError(f"These weights do not fit a {kind}: {error}") from error
    with torch.device("meta"):  # initializing weights that are replaced below would take seconds
        module = builder.make(config)
    layout = {key: tuple(value.shape) for key, value in original_view(module).items()}
    filters = fixed_filters(module)
    optional = {*filters, "w_avg"}
    layout |= {key: tuple(value.shape) for key, value in filters.items()}
    _check_layout(kind, layout, optional, state_dict)
    for key, value in state_dict.items():
        _check_numbers(kind, key, value)
    for key in sorted(filters.keys() & state_dict.keys()):
        if not torch.allclose(state_dict[key].float(), filters[key], atol=1e-6):
            raise LayoutError(
                f"The filter {key} of this {kind} is not [1, 3, 3, 1], which the network uses. It was trained with "
                "another architecture."
            )
    builder.check(state_dict)

    ours = {}
    for key, shape in ((k, tuple(v.shape)) for k, v in module.state_dict().items()):
        if key in state_dict:
            value = state_dict[key]
            ours[key] = (value.float() if value.is_floating_point() else value).reshape(shape)
    module.load_state_dict(ours | _absent_w_avg(module, ours), assign=True, strict=True)
    module.eval().requires_grad_(False)
    if "w_avg" in module.state_dict() and "w_avg" not in state_dict:
        module.measure_w_avg()  # type: ignore[operator]
    return module


def export(kind: str, module: nn.Module) -> StateDict:
    """The state dict of `module` in the original layout of `kind`, fixed filters included: the inverse of `build`."""
    _builder(kind)
    original = {key: value.detach() for key, value in original_view(module).items() if key != "w_avg"}
    return original | fixed_filters(module)


def kinds() -> tuple[str, ...]:
    """The networks that `build` knows."""
    return tuple(_BUILDERS)


def fixed_filters(module: nn.Module) -> StateDict:
    """The [1, 3, 3, 1] filters that the original layout of `module` stores, under their keys, float32 [4, 4]."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps) / 64
    found: StateDict = {}
    for name, part in module.named_modules():
        if isinstance(part, ops.Blur):
            found[f"{name}.kernel"] = kernel.clone()
        elif isinstance(part, ops.UpSkip):  # position 0 of its sequence; in the original layout the filter is at 1
            found[f"{name.removesuffix('0')}1.kernel"] = kernel.clone()
        elif isinstance(part, ops.ModulatedConv2d) and part.up:
            found[f"{name}.blur.kernel"] = kernel * 4
        elif isinstance(part, stylegan2.ToRGB) and name != "to_rgb1":  # the first does not enlarge
            found[f"{name}.upsample.kernel"] = kernel * 4
    return found


def original_view(module: nn.Module) -> StateDict:
    """Our state dict with modulated weights as [1, out, in, k, k], without filters."""
    modulated = {f"{name}.weight" for name, part in module.named_modules() if isinstance(part, ops.ModulatedConv2d)}
    return {
        key: (value.contiguous()[None] if key in modulated else value.contiguous())
        for key, value in module.state_dict().items()
    }


def from_ours(state_dict: Mapping[str, Tensor]) -> StateDict:
    """`module.state_dict()` of one of our networks in the original layout, for `build`; `w_avg` is left out."""
    return {
        key: value[None] if f"{key.removesuffix('weight')}modulation.weight" in state_dict else value
        for key, value in state_dict.items()
        if key != "w_avg"
    }


def _check_numbers(kind: str, key: str, value: Tensor) -> None:
    """Ordinary numbers, in the memory of this machine: finite floats, or the whole numbers that batch norm counts."""
    plain = value.layout == torch.strided and not value.is_quantized and not value.is_nested and not value.is_meta
    if not plain or value.is_complex():
        raise LayoutError(f"{key[:100]} of this {kind} is no plain tensor of real numbers, but {value.dtype}.")
    # A sum is finite only if all of its terms are, and takes an eighth of the time; yet it may overflow.
    if value.is_floating_point() and not value.sum().isfinite() and not value.isfinite().all():
        raise LayoutError(
            f"{key[:100]} of this {kind} holds numbers that are infinite or none (NaN). The file is damaged, or its "
            "training has diverged: get it again, or take an earlier checkpoint."
        )


def _some(words: list[str], most: int = 200) -> str:
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(word[:200] for word in words[:most]) + more


def _absent_w_avg(module: nn.Module, ours: StateDict) -> StateDict:
    absent = module.state_dict().keys() - ours.keys()
    return {key: torch.zeros(module.state_dict()[key].shape) for key in absent}


def _check_layout(
    kind: str, layout: Mapping[str, tuple[int, ...]], optional: set[str], given: Mapping[str, Tensor]
) -> None:
    wrong = [
        f"{key} is {list(given[key].shape)}, should be {list(shape)}"
        for key, shape in layout.items()
        if key in given and tuple(given[key].shape) != shape
    ]
    problems = [
        (label, keys)
        for label, keys in (
            ("missing", sorted(layout.keys() - given.keys() - optional)),
            ("unexpected", sorted(given.keys() - layout.keys())),
            ("of another shape", wrong),
        )
        if keys
    ]
    if problems:
        told = "; ".join(f"{label}: {_some(keys)}" for label, keys in problems)
        raise LayoutError(f"These weights do not fit a {kind}. Keys {told}. Is it a checkpoint of another model?")


# --------------------------------------------------------------------------------------------------------------
# How each network is built


@dataclass(frozen=True)
class _Builder:
    make: Callable[[Any], nn.Module]
    infer: Callable[[Mapping[str, Tensor]], Any] = lambda _: None
    check: Callable[[Mapping[str, Tensor]], None] = lambda _: None


def _count(state_dict: Iterable[str], pattern: str) -> int:
    """One more than the highest number that `pattern`'s group matches in the keys."""
    numbers = [int(m.group(1)) for key in state_dict if (m := re.match(pattern, key))]
    return max(numbers, default=-1) + 1


def _dim(state_dict: Mapping[str, Tensor], key: str, axis: int, default: int) -> int:
    """Size of one axis; if the key is missing, the published size, so that the layout check can name the key."""
    value = state_dict.get(key)
    return value.shape[axis] if value is not None and value.ndim > axis else default


def _sizes(steps: int) -> int:
    """Side of a picture after `steps` doublings of 4 px, limited to 32 to 1024 px."""
    return 4 * 2 ** min(max(steps, 3), 8)


CHOICE_AXES = (("choices.titles", 0, 2), ("choices.words", 0, 2), ("choices.edges", 2, 2))


def _stylegan2_generator(sd: Mapping[str, Tensor]) -> stylegan2.StyleGAN2Config:
    size = _sizes(_count(sd, r"to_rgbs\.(\d+)\."))
    published = ops.published_channels(size)
    channels = [_dim(sd, "input.input", 1, published[0])]
    for i, width in enumerate(published[1:]):
        channels.append(_dim(sd, f"convs.{2 * i}.conv.weight", 1, width))
    return stylegan2.StyleGAN2Config(
        size=size,
        channels=tuple(channels),
        w_dim=_dim(sd, "style.1.weight", 1, 512),
        mapping_layers=_count(sd, r"style\.(\d+)\.weight") - 1 if "style.1.weight" in sd else 8,
        choices=tuple(_dim(sd, *axis) for axis in CHOICE_AXES) if "choices.edges" in sd else (),
    )


def _choices_in_z(sd: Mapping[str, Tensor]) -> None:
    """LayoutError unless the places where numbers of z choose are places of z, and a word begins at 0."""
    if "choices.edges" not in sd:
        return
    places = torch.cat([sd["choices.titles"], sd["choices.words"], sd["choices.lever"][:1]]).long()
    low, high = sd["choices.lever"][1:]
    first = sd["choices.edges"][:, :, 0]
    width = sd["conv1.conv.modulation.weight"].shape[1]  # of w, as of z; there may be no mapping layer
    if places.min() < 0 or places.max() >= width or low >= high or first.any():
        raise LayoutError("The choices of this StyleGAN2 lie outside of its z. The file is damaged: get it again.")


def _discriminator_channels(sd: Mapping[str, Tensor], multiplier: int) -> tuple[int, ...]:
    size = _sizes(_count(sd, r"convs\.(\d+)\.") - 1)
    published = ops.published_channels(size, multiplier)[::-1]
    channels = [_dim(sd, "convs.0.0.weight", 0, published[0])]
    for i, width in enumerate(published[1:], start=1):
        channels.append(_dim(sd, f"convs.{i}.conv2.1.weight", 0, width))
    return tuple(channels[::-1])


def _stylegan2_discriminator(sd: Mapping[str, Tensor]) -> stylegan2.StyleGAN2Config:
    channels = _discriminator_channels(sd, 2)
    return stylegan2.StyleGAN2Config(size=_sizes(len(channels) - 1), channels=channels)


def _swapae_encoder(sd: Mapping[str, Tensor]) -> swapae.SwapAEConfig:
    return swapae.SwapAEConfig(
        channel=_dim(sd, "stem.0.0.weight", 0, 32),
        structure_channels=_dim(sd, "structure.1.0.weight", 0, 8),
        cell=8 if "stem.4.conv2.0.weight" in sd else 16,  # without the blur of a layer that halves the size
    )


def _swapae_generator(sd: Mapping[str, Tensor]) -> swapae.SwapAEConfig:
    return swapae.SwapAEConfig(
        channel=max(1, _dim(sd, "to_rgb.0.weight", 1, 128) // swapae.BLOCK_WIDTHS[-1]),
        structure_channels=_dim(sd, "layers.0.conv1.conv.weight", 2, 8),
        cell=8 if "layers.5.skip.0.weight" in sd and "layers.4.skip.0.weight" not in sd else 16,
    )


def _swapae_discriminator(sd: Mapping[str, Tensor]) -> swapae.SwapAEConfig:
    channels = _discriminator_channels(sd, 1)
    return swapae.SwapAEConfig(size=_sizes(len(channels) - 1), discriminator_channels=channels)


def _swapae_cooccur(sd: Mapping[str, Tensor]) -> swapae.SwapAEConfig:
    return swapae.SwapAEConfig(channel=_dim(sd, "encoder.0.0.weight", 0, 32))


def _upscaler(sd: Mapping[str, Tensor]) -> upscaler.UpscalerConfig:
    return upscaler.UpscalerConfig(
        width=_dim(sd, "body.0.weight", 0, 64), depth=max(0, (_count(sd, r"body\.(\d{1,4})\.weight") - 3) // 2)
    )


def _equal_blocks(sd: Mapping[str, Tensor]) -> None:
    """LayoutError unless the four residual blocks of a facial cartoonizer, which applies one block, are equal."""
    for key in (k for k in sd if k.startswith("res_blocks.0.")):
        for copy in (1, 2, 3):
            other = f"res_blocks.{copy}.{key.split('.', 2)[2]}"
            if not torch.equal(sd[key], sd[other]):
                raise LayoutError(
                    f"{other} differs from {key}. The facial cartoonizer applies one residual block four times, so "
                    "its file contains four equal copies; this one was trained with another architecture."
                )


def _dexined(_: Any) -> nn.Module:
    try:
        from ..models.edges import DexiNedMaps
    except ImportError as error:
        raise MissingExtraError("Drawing edges with DexiNed", "edges", "kornia") from error
    return DexiNedMaps()


_BUILDERS: dict[str, _Builder] = {
    "stylegan2_generator": _Builder(stylegan2.Generator, _stylegan2_generator, _choices_in_z),
    "stylegan2_discriminator": _Builder(stylegan2.Discriminator, _stylegan2_discriminator),
    "swapae_encoder": _Builder(swapae.Encoder, _swapae_encoder),
    "swapae_generator": _Builder(swapae.Generator, _swapae_generator),
    "swapae_discriminator": _Builder(swapae.Discriminator, _swapae_discriminator),
    "swapae_cooccur": _Builder(swapae.CooccurrenceDiscriminator, _swapae_cooccur),
    "cartoonizer": _Builder(lambda _: cartoonizers.FacialCartoonizer(), check=_equal_blocks),
    "animegan2": _Builder(lambda _: cartoonizers.AnimeGANv2()),
    "dexined": _Builder(_dexined),
    "upscaler": _Builder(upscaler.Upscaler, _upscaler),
}


def _builder(kind: str) -> _Builder:
    if kind not in _BUILDERS:
        raise UnknownNameError("network", kind, _BUILDERS)
    return _BUILDERS[kind]


def config_of(kind: str, values: Mapping[str, Any]) -> Any:
    """The configuration dataclass of `kind` from a header's JSON; None if the network has none."""
    configs: dict[str, Any] = {
        "stylegan2": stylegan2.StyleGAN2Config,
        "swapae": swapae.SwapAEConfig,
        "upscaler": upscaler.UpscalerConfig,
    }
    cls = configs.get(kind.split("_")[0])
    if cls is None:
        return None
    known = {field.name for field in fields(cls)}
    if not isinstance(values, Mapping):
        raise LayoutError(f"The header of this file does not describe a {kind}.")
    try:
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known})
    except (TypeError, ValueError) as error:
        raise LayoutError(f"The header of this file does not describe a {kind}: {error}") from error


def resized(kind: str, config: Any, size: int) -> Any:
    """`config` for pictures of another size, in px. Raises LayoutError for a size that no network has."""
    try:
        return replace(config, size=size)
    except ValueError as error:
        raise LayoutError(f"The options of this file do not describe a {kind}: {error}") from error
