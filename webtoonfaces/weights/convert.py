"""Foreign checkpoints in and out: the only place where a pickle is opened.

Three layouts of one network meet here:

* the *original* layout, the state dict of published PyTorch checkpoints. It stores fixed filters as `*.kernel` and
  modulated weights as [1, out, in, k, k];
* *ours*, `module.state_dict()`: no filters, 4-D weights (so that channels-last applies), and `w_avg`;
* our *file*: safetensors of the networks in the original layout without the filters, each under a prefix that is
  the network's name in the original `.pt` (`g_ema`, `e_ema`, `d`, ...), the configuration as JSON in the header.

Original `.pt` files are read with `weights_only=True` and one class allowed by name, `argparse.Namespace`, which
published files keep their training options in. Anything else that pickle would have to call is refused.
"""

from __future__ import annotations

import argparse
import json
import pickle
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import LayoutError, MissingExtraError, UnknownNameError, UnsafeFileError, WeightsError
from ..models import cartoonizers, ops, stylegan2, swapae

FORMAT = "webtoonfaces/1"
StateDict = dict[str, Tensor]

# --------------------------------------------------------------------------------------------------------------
# One network: original layout <-> module


def build(kind: str, state_dict: Mapping[str, Tensor], *, config: Any = None) -> nn.Module:
    """Network `kind` from a state dict in its original layout, in eval mode, float32, no gradients.

    `kind` is one of `kinds()`. The configuration is read from the tensors' shapes unless it is given. The fixed
    filters may be left out; where they are present they must hold the values that the network uses.

    Raises
    ------
    LayoutError : naming every missing, unexpected and wrongly shaped key at once.
    """
    recipe = _recipe(kind)
    strays = sorted(key for key, value in state_dict.items() if not isinstance(value, Tensor))
    if strays:
        raise LayoutError(f"This is no state dict of a {kind}: {', '.join(strays)} hold no tensors.")
    if config is None:
        config = recipe.infer(state_dict)
    with torch.device("meta"):  # random weights that are about to be replaced cost seconds
        module = recipe.make(config)
    layout = {key: tuple(value.shape) for key, value in _original_view(module).items()}
    filters = fixed_filters(module)
    optional = {*filters, "w_avg"}
    layout |= {key: tuple(value.shape) for key, value in filters.items()}
    _check_layout(kind, layout, optional, state_dict)
    for key in sorted(filters.keys() & state_dict.keys()):
        if not torch.allclose(state_dict[key].float(), filters[key], atol=1e-6):
            raise LayoutError(
                f"The filter {key} of this {kind} is not the [1, 3, 3, 1] one that the network is built on."
            )
    recipe.check(state_dict)

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
    _recipe(kind)
    original = {key: value.detach() for key, value in _original_view(module).items() if key != "w_avg"}
    return original | fixed_filters(module)


def kinds() -> tuple[str, ...]:
    """The networks that `build` knows."""
    return tuple(_RECIPES)


def fixed_filters(module: nn.Module) -> StateDict:
    """The [1, 3, 3, 1] filters that the original layout of `module` stores, under their keys, float32 [4, 4]."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps) / 64
    found: StateDict = {}
    for name, part in module.named_modules():
        if isinstance(part, ops.Blur):
            found[f"{name}.kernel"] = kernel.clone()
        elif isinstance(part, ops.UpSkip):  # position 0 of its sequence; the filter stood at 1
            found[f"{name.removesuffix('0')}1.kernel"] = kernel.clone()
        elif isinstance(part, ops.ModulatedConv2d) and part.up:
            found[f"{name}.blur.kernel"] = kernel * 4
        elif isinstance(part, stylegan2.ToRGB) and name != "to_rgb1":  # the first has nothing to enlarge
            found[f"{name}.upsample.kernel"] = kernel * 4
    return found


def _original_view(module: nn.Module) -> StateDict:
    """Our state dict with modulated weights as [1, out, in, k, k]; no filters."""
    modulated = {f"{name}.weight" for name, part in module.named_modules() if isinstance(part, ops.ModulatedConv2d)}
    return {
        key: (value.contiguous()[None] if key in modulated else value.contiguous())
        for key, value in module.state_dict().items()
    }


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
        told = "; ".join(f"{label}: {', '.join(keys)}" for label, keys in problems)
        raise LayoutError(f"These weights do not fit a {kind}. Keys {told}. Is it a checkpoint of another model?")


# --------------------------------------------------------------------------------------------------------------
# What is known of each network


@dataclass(frozen=True)
class _Recipe:
    make: Callable[[Any], nn.Module]
    infer: Callable[[Mapping[str, Tensor]], Any] = lambda _: None
    check: Callable[[Mapping[str, Tensor]], None] = lambda _: None


def _count(state_dict: Iterable[str], pattern: str) -> int:
    """One more than the highest number that `pattern`'s group takes among the keys."""
    numbers = [int(m.group(1)) for key in state_dict if (m := re.match(pattern, key))]
    return max(numbers, default=-1) + 1


def _dim(state_dict: Mapping[str, Tensor], key: str, axis: int, default: int) -> int:
    """Size of one axis; where the key is missing the published size, so that the layout check can name it."""
    value = state_dict.get(key)
    return value.shape[axis] if value is not None and value.ndim > axis else default


def _sizes(steps: int) -> int:
    """Side of a picture after so many doublings of 4 px, kept inside what networks are built for."""
    return 4 * 2 ** min(max(steps, 3), 8)


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
    )


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
        channel=_dim(sd, "stem.0.0.weight", 0, 32), structure_channels=_dim(sd, "structure.1.0.weight", 0, 8)
    )


def _swapae_generator(sd: Mapping[str, Tensor]) -> swapae.SwapAEConfig:
    return swapae.SwapAEConfig(
        channel=max(1, _dim(sd, "to_rgb.0.weight", 1, 128) // swapae.BLOCK_WIDTHS[-1]),
        structure_channels=_dim(sd, "layers.0.conv1.conv.weight", 2, 8),
    )


def _swapae_discriminator(sd: Mapping[str, Tensor]) -> swapae.SwapAEConfig:
    channels = _discriminator_channels(sd, 1)
    return swapae.SwapAEConfig(size=_sizes(len(channels) - 1), discriminator_channels=channels)


def _swapae_cooccur(sd: Mapping[str, Tensor]) -> swapae.SwapAEConfig:
    return swapae.SwapAEConfig(channel=_dim(sd, "encoder.0.0.weight", 0, 32))


def _equal_blocks(sd: Mapping[str, Tensor]) -> None:
    """The facial cartoonizer applies one residual block four times; its file must hold four equal copies."""
    for key in (k for k in sd if k.startswith("res_blocks.0.")):
        for copy in (1, 2, 3):
            other = f"res_blocks.{copy}.{key.split('.', 2)[2]}"
            if not torch.equal(sd[key], sd[other]):
                raise LayoutError(
                    f"{other} differs from {key}. The facial cartoonizer applies one residual block four times, so "
                    "its file holds four equal copies; this one was trained with another architecture."
                )


def _dexined(_: Any) -> nn.Module:
    try:
        from ..models.edges import DexiNedMaps
    except ImportError as error:
        raise MissingExtraError("Drawing edges with DexiNed", "edges", "kornia") from error
    return DexiNedMaps()


_RECIPES: dict[str, _Recipe] = {
    "stylegan2_generator": _Recipe(stylegan2.Generator, _stylegan2_generator),
    "stylegan2_discriminator": _Recipe(stylegan2.Discriminator, _stylegan2_discriminator),
    "swapae_encoder": _Recipe(swapae.Encoder, _swapae_encoder),
    "swapae_generator": _Recipe(swapae.Generator, _swapae_generator),
    "swapae_discriminator": _Recipe(swapae.Discriminator, _swapae_discriminator),
    "swapae_cooccur": _Recipe(swapae.CooccurrenceDiscriminator, _swapae_cooccur),
    "cartoonizer": _Recipe(lambda _: cartoonizers.FacialCartoonizer(), check=_equal_blocks),
    "animegan2": _Recipe(lambda _: cartoonizers.AnimeGANv2()),
    "dexined": _Recipe(_dexined),
}


def _recipe(kind: str) -> _Recipe:
    if kind not in _RECIPES:
        raise UnknownNameError("network", kind, _RECIPES)
    return _RECIPES[kind]


# --------------------------------------------------------------------------------------------------------------
# Whole files

# Name of a network in an original file -> its kind, for each family. The first entries are what a picture needs.
FAMILIES: dict[str, dict[str, str]] = {
    "stylegan2": {"g_ema": "stylegan2_generator", "g": "stylegan2_generator", "d": "stylegan2_discriminator"},
    "swapae": {
        "e_ema": "swapae_encoder",
        "g_ema": "swapae_generator",
        "e": "swapae_encoder",
        "g": "swapae_generator",
        "d": "swapae_discriminator",
        "cooccur": "swapae_cooccur",
    },
    "cartoonizer": {"net": "cartoonizer"},
    "animegan2": {"net": "animegan2"},
    "dexined": {"net": "dexined"},
}
NEEDED: dict[str, tuple[str, ...]] = {
    "stylegan2": ("g_ema",),
    "swapae": ("e_ema", "g_ema"),
    "cartoonizer": ("net",),
    "animegan2": ("net",),
    "dexined": ("net",),
}


@dataclass(frozen=True)
class Checkpoint:
    """A file that was read: the networks' state dicts in the original layout, and what the header says of them."""

    family: str
    networks: dict[str, StateDict]
    config: dict[str, Any]
    metadata: dict[str, str]

    def build(self, name: str) -> nn.Module:
        """The network under `name` ("g_ema", "d", ...)."""
        if name not in self.networks:
            raise LayoutError(
                f"This {self.family} file holds no network {name!r}, only {', '.join(sorted(self.networks))}."
            )
        kind = FAMILIES[self.family][name]
        return build(kind, self.networks[name], config=_config_of(kind, self.config) if self.config else None)


def _config_of(kind: str, values: Mapping[str, Any]) -> Any:
    """The configuration dataclass of `kind` from a header's JSON; None where the network has none."""
    cls = stylegan2.StyleGAN2Config if kind.startswith("stylegan2") else swapae.SwapAEConfig
    if not kind.startswith(("stylegan2", "swapae")):
        return None
    known = {field.name for field in fields(cls)}
    try:
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known})
    except (TypeError, ValueError) as error:
        raise LayoutError(f"The header of this file describes no {kind}: {error}") from error


def read(path: str | Path, family: str, *, names: Iterable[str] | None = None) -> Checkpoint:
    """Read a checkpoint of `family` ("stylegan2", "swapae", "cartoonizer", "animegan2", "dexined").

    `path` is one of our `.safetensors`, an original `.pt`, or a bare state dict. `names` limits what is read; the
    default is what rendering needs (the exponential moving averages). Safetensors are memory-mapped.

    Raises
    ------
    UnsafeFileError : the file would run code; the message names what.      LayoutError : it holds something else.
    WeightsError : it is no checkpoint at all, or a damaged one.
    """
    path = Path(path)
    wanted = tuple(names) if names is not None else NEEDED[family]
    if path.suffix == ".safetensors":
        return _read_safetensors(path, family, wanted)
    return _from_original(unpickle(path), path, family, wanted)


def unpickle(path: str | Path) -> Any:
    """What a `.pt` file holds, tensors on the CPU, by the one allow-list: tensors, containers, `argparse.Namespace`."""
    path = Path(path)
    with torch.serialization.safe_globals([argparse.Namespace]):
        try:
            unsafe = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        except (ValueError, RuntimeError, pickle.UnpicklingError):
            unsafe = []  # not torch's zip format; torch.load below applies the same allow-list to the older one
        if unsafe:
            raise UnsafeFileError(_unsafe(path, ", ".join(sorted(unsafe))))
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            named = re.search(r"(?:GLOBAL|class|function) ([\w.]+)", str(error))
            if named:
                raise UnsafeFileError(_unsafe(path, named.group(1))) from None
            raise WeightsError(_damaged(path)) from error
        except (RuntimeError, EOFError, ValueError, KeyError, OSError, IndexError) as error:
            raise WeightsError(_damaged(path)) from error


def _unsafe(path: Path, named: str) -> str:
    return (
        f"{path.name} was not opened, because it would run code on this machine: it asks for {named}. "
        "A checkpoint needs tensors, numbers and words only. Get it elsewhere, or ask its author for safetensors."
    )


def _damaged(path: Path) -> str:
    return (
        f"{path.name} cannot be read as a checkpoint. It may be damaged, cut short, or a web page saved under that "
        "name: look at its size, and download it again."
    )


def _from_original(content: Any, path: Path, family: str, wanted: Iterable[str]) -> Checkpoint:
    if not isinstance(content, Mapping):
        raise LayoutError(f"{path.name} holds no state dict but a {type(content).__name__}.")
    kinds_here = FAMILIES[family]
    networks = {name: dict(content[name]) for name in kinds_here if isinstance(content.get(name), Mapping)}
    if not networks and all(isinstance(value, Tensor) for value in content.values()):
        if len(NEEDED[family]) > 1:
            raise LayoutError(
                f"{path.name} is the bare state dict of one network; a {family} needs {' and '.join(NEEDED[family])}."
            )
        networks = {NEEDED[family][0]: dict(content)}
    for averaged, plain in (("g_ema", "g"), ("e_ema", "e")):  # some files keep the trained weights alone
        if averaged in kinds_here and averaged not in networks and plain in networks:
            networks[averaged] = networks[plain]
    missing = [name for name in wanted if name not in networks]
    if missing:
        raise LayoutError(
            f"{path.name} is no {family} checkpoint: it lacks {', '.join(missing)} and holds "
            f"{', '.join(sorted(map(str, content))[:12]) or 'nothing'}."
        )
    args = content.get("args")
    metadata = {k: str(v) for k, v in vars(args).items()} if isinstance(args, argparse.Namespace) else {}
    return Checkpoint(family, {name: networks[name] for name in wanted}, {}, metadata)


def _read_safetensors(path: Path, family: str, wanted: Iterable[str]) -> Checkpoint:
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise LayoutError(
                    f"{path.name} was not written by webtoonfaces: its header lacks format={FORMAT!r}. "
                    "Convert the original checkpoint with: webtoonfaces convert FILE.pt FILE.safetensors"
                )
            if header.get("family") != family:
                raise LayoutError(f"{path.name} holds a {header.get('family')}, not a {family}.")
            networks: dict[str, StateDict] = {}
            for name in wanted:
                keys = [key for key in file.keys() if key.startswith(f"{name}.")]  # noqa: SIM118  (no mapping)
                if not keys:
                    raise LayoutError(f"{path.name} holds no network {name!r}.")
                networks[name] = {key.removeprefix(f"{name}."): file.get_tensor(key) for key in keys}
    except (SafetensorError, OSError) as error:
        raise WeightsError(_damaged(path)) from error
    return Checkpoint(family, networks, json.loads(header.get("config", "{}")), dict(header))


def write(
    path: str | Path, family: str, networks: Mapping[str, nn.Module], *, dtype: torch.dtype | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:  # fmt: skip
    """Write networks as one safetensors file, under their names in original files ("g_ema", "d", ...).

    dtype : stores floating tensors so (`torch.float16` halves the file); None keeps them as they are.
    metadata : words for the header, besides format, family and configuration.
    """
    path = Path(path)
    tensors: StateDict = {}
    config: dict[str, Any] = {}
    for name, module in networks.items():
        own = getattr(module, "config", None)
        if own is not None and (not config or name in NEEDED[family]):
            config = asdict(own)
        for key, value in _original_view(module).items():
            value = value.detach().cpu()
            tensors[f"{name}.{key}"] = value.to(dtype) if dtype and value.is_floating_point() else value.clone()
    header = {**(metadata or {}), "format": FORMAT, "family": family, "config": json.dumps(config)}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    save_file(tensors, temporary, metadata=header)
    temporary.replace(path)
    return path


def convert_file(source: str | Path, target: str | Path, family: str, *, everything: bool = False) -> Path:
    """Convert a checkpoint between the original format (`.pt`, `.pth`) and ours (`.safetensors`), by the suffixes.

    everything : keep the discriminators and unaveraged networks too, for training on; otherwise what rendering needs.
    """
    source, target = Path(source), Path(target)
    names = NEEDED[family]
    if everything:
        names = tuple(name for name in FAMILIES[family] if name in _network_names(source, family))
    checkpoint = read(source, family, names=names)
    modules = {name: checkpoint.build(name) for name in names}
    if target.suffix == ".safetensors":
        kept = {k: v for k, v in checkpoint.metadata.items() if k not in ("format", "family", "config")}
        return write(target, family, modules, metadata=kept)
    exported = {name: export(FAMILIES[family][name], module) for name, module in modules.items()}
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".part")
    torch.save(exported.get("net", exported), temporary)
    temporary.replace(target)
    return target


def _network_names(path: Path, family: str) -> set[str]:
    if path.suffix == ".safetensors":
        with safe_open(path, framework="pt") as file:
            return {key.split(".", 1)[0] for key in file.keys()}  # noqa: SIM118
    content = unpickle(path)
    if not isinstance(content, Mapping):
        return set()
    return set(content) if any(name in content for name in FAMILIES[family]) else set(NEEDED[family])
