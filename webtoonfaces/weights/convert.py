"""Reading and writing checkpoints, in our format and in the original one. The only module that opens a pickle.

Our format is safetensors. It contains the networks in their original layout, without the fixed filters. The prefix of a
key is the network's name in an original `.pt` (`g_ema`, `e_ema`, `d`, ...); the header contains the configuration as
JSON.

Original `.pt` files are read with `weights_only=True` and a single allowed class, `argparse.Namespace`, in which
published files store their training options. A file that needs any other call is refused.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import LayoutError, WeightsError, WeightsNotFoundError
from ..files import is_file, replacing, shown
from . import ncnn, scan
from .layouts import StateDict, build, config_of, export, kinds, original_view, resized

__all__ = [
    "FAMILIES",
    "Checkpoint",
    "build",
    "convert_file",
    "export",
    "kinds",
    "network_names",
    "read",
    "read_all",
    "unpickle",
    "write",
    "write_parts",
]

FORMAT = "webtoonfaces/1"
MOST_PARTS = 10_000
MOST_WORDS = 1000  # characters of one of the options that an original file was trained with
PART = "part"  # in the header of a file that is one of several: "2/5"

# Name of a network in an original file -> its kind, for each family.
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
    "upscaler": {"g_ema": "upscaler", "g": "upscaler", "params": "upscaler"},  # Real-ESRGAN's files have `params`
}
NEEDED: dict[str, tuple[str, ...]] = {
    "stylegan2": ("g_ema",),
    "swapae": ("e_ema", "g_ema"),
    "cartoonizer": ("net",),
    "animegan2": ("net",),
    "dexined": ("net",),
    "upscaler": ("g_ema",),
}


@dataclass(frozen=True)
class Checkpoint:
    """The content of a file: the networks' state dicts in the original layout, and their description.

    `config` is the configuration of each network, if our header gives it. `metadata` is the rest of the header, or the
    training options of an original file.
    """

    family: str
    networks: dict[str, StateDict]
    config: dict[str, Any]
    metadata: dict[str, str]

    def build(self, name: str) -> nn.Module:
        """The network under `name` ("g_ema", "d", ...)."""
        if name not in self.networks:
            raise LayoutError(
                f"This {self.family} file contains no network {name!r}, only {', '.join(sorted(self.networks))}."
            )
        kind = FAMILIES[self.family][name]
        if name in self.config:
            return build(kind, self.networks[name], config=config_of(kind, self.config[name]))
        module = build(kind, self.networks[name])
        trained_at = self.metadata.get("size", "")
        if kind in ("swapae_encoder", "swapae_generator") and trained_at.isascii() and trained_at.isdigit():
            # These two take any size, so only the file's options tell the size that they were trained at.
            module.config = resized(kind, module.config, int(trained_at))
        return module


def read(path: str | Path, family: str, *, names: Iterable[str] | None = None) -> Checkpoint:
    """Read a checkpoint of `family` ("stylegan2", "upscaler", ...).

    `path` is one of our `.safetensors`, an original `.pt`, a bare state dict, or the `.bin` of an ncnn upscaler.
    `names` limits what is read; the default is what rendering needs (the exponential moving averages). Safetensors are
    memory-mapped.

    Raises UnsafeFileError if the file would run code (the message names it), LayoutError if it contains another kind of
    network, WeightsError if it is damaged or not a checkpoint, WeightsNotFoundError if there is no such file.
    """
    path = _existing(path)
    wanted = tuple(names) if names is not None else NEEDED[family]
    if path.suffix == ".safetensors":
        return _read_safetensors(path, family, wanted)
    if path.suffix == ".bin" and family == "upscaler":
        return Checkpoint(family, {"g_ema": ncnn.read(path)}, {}, {})
    return _from_original(unpickle(path), path, family, wanted)


def _existing(path: str | Path) -> Path:
    path = Path(path)
    if not is_file(path):
        raise WeightsNotFoundError(f"There is no file {shown(path)}. Check the path.")
    return path


def read_all(paths: Sequence[str | Path], family: str) -> Checkpoint:
    """Every network of `family` in the files, which are whole checkpoints or the parts of one.

    If two files contain the same network, the later one is used. Raises the errors of `read`, and `WeightsError` for a
    missing part.
    """
    joined = Checkpoint(family, {}, {}, {})
    parts: dict[int, set[int]] = {}
    for path in paths:
        here = network_names(path, family)
        checkpoint = read(path, family, names=[name for name in FAMILIES[family] if name in here])
        part, total = _part(checkpoint.metadata.get(PART, ""), Path(path))
        for name, tensors in checkpoint.networks.items():
            joined.networks[name] = joined.networks.get(name, {}) | tensors if total else tensors
        joined.config.update(checkpoint.config)
        joined.metadata.update(checkpoint.metadata)
        if total:
            parts.setdefault(total, set()).add(part)
    for count, found in parts.items():
        missing = sorted(set(range(1, count + 1)) - found)
        if missing:
            raise WeightsError(
                f"This checkpoint has {count} parts, and part {_some(map(str, missing))} is missing. Give all of "
                "its files, for instance as name-*.safetensors."
            )
    return joined


def _part(text: str, path: Path) -> tuple[int, int]:
    """Which part a file is, and of how many; (1, 0) for a whole one."""
    if not text:
        return 1, 0
    found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    part, total = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part <= total <= MOST_PARTS:
        raise WeightsError(
            f"{path.name} calls itself part {text[:40]!r} of a checkpoint; there are at most {MOST_PARTS:,}."
        )
    return part, total


def _some(words: Iterable[str], most: int = 12) -> str:
    """The first of many names, cut to a length that can be read."""
    listed = [word if len(word) <= 100 else f"{word[:100]}..." for word in words]
    more = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def unpickle(path: str | Path) -> Any:
    """The content of a `.pt` file on the CPU; only tensors, containers and `argparse.Namespace` are allowed."""
    path = Path(path)
    scan.check_pickle(path)
    with torch.serialization.safe_globals([argparse.Namespace]):
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # what is left of damages makes torch's reader raise of every kind
            raise scan.damaged(path) from error


def _from_original(content: Any, path: Path, family: str, wanted: Iterable[str]) -> Checkpoint:
    if not isinstance(content, Mapping):
        raise LayoutError(f"{path.name} contains a {type(content).__name__}, not a state dict.")
    kinds_here = FAMILIES[family]
    networks = {name: dict(content[name]) for name in kinds_here if isinstance(content.get(name), Mapping)}
    if not networks and all(isinstance(value, Tensor) for value in content.values()):
        if len(NEEDED[family]) > 1:
            raise LayoutError(
                f"{path.name} is the bare state dict of one network; a {family} needs {' and '.join(NEEDED[family])}."
            )
        networks = {NEEDED[family][0]: dict(content)}
    for averaged, plain in (
        ("g_ema", "g"),
        ("e_ema", "e"),
        ("g_ema", "params"),
    ):  # some files contain only the trained weights
        if averaged in kinds_here and averaged not in networks and plain in networks:
            networks[averaged] = networks[plain]
    missing = [name for name in wanted if name not in networks]
    if missing:
        raise LayoutError(
            f"{path.name} is not a {family} checkpoint: it lacks {', '.join(missing)} and contains "
            f"{_some(sorted(key for key in content if isinstance(key, str))) or 'nothing'}."
        )
    args = content.get("args")
    metadata = _plain_options(vars(args)) if isinstance(args, argparse.Namespace) else {}
    return Checkpoint(family, {name: networks[name] for name in wanted}, {}, metadata)


def _plain_options(options: Mapping[Any, Any]) -> dict[str, str]:
    """Those of the training options that are a number or a word: nested lists may stand for more than memory holds."""
    plain = {str(key): str(value) for key, value in options.items() if isinstance(value, (bool, int, float, str))}
    return {key: value for key, value in plain.items() if len(key) + len(value) <= MOST_WORDS}


def _read_safetensors(path: Path, family: str, wanted: Iterable[str]) -> Checkpoint:
    header = scan.safetensors_header(path).get("__metadata__") or {}
    if header.get("format") != FORMAT:
        raise LayoutError(
            f"{path.name} was not written by webtoonfaces: its header lacks format={FORMAT!r}. "
            "Convert the original checkpoint with: webtoonfaces convert FILE.pt FILE.safetensors"
        )
    if header.get("family") != family:
        raise LayoutError(f"{path.name} contains a {str(header.get('family'))[:40]}, not a {family}.")
    config = _config(header.get("config", "{}"), path)
    networks: dict[str, StateDict] = {}
    try:
        with safe_open(path, framework="pt") as file:
            for name in wanted:
                keys = [key for key in file.keys() if key.startswith(f"{name}.")]  # noqa: SIM118  (no mapping)
                if not keys:
                    raise LayoutError(f"{path.name} contains no network {name!r}.")
                networks[name] = {key.removeprefix(f"{name}."): file.get_tensor(key) for key in keys}
    except WeightsError:
        raise
    except Exception as error:  # of the library's own kinds, and of torch's
        raise scan.damaged(path) from error
    return Checkpoint(family, networks, config, dict(header))


def _config(text: str, path: Path) -> dict[str, Any]:
    """The configurations of the networks, from the header's JSON."""
    try:
        config = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        config = None
    if not isinstance(config, dict) or not all(isinstance(value, dict) for value in config.values()):
        raise LayoutError(f"The header of {path.name} describes its networks in no way that can be read.")
    return config


def write(
    path: str | Path,
    family: str,
    networks: Mapping[str, nn.Module],
    *,
    dtype: torch.dtype | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write networks as one safetensors file, under their names in original files ("g_ema", "d", ...).

    dtype : of the stored floating tensors (`torch.float16` halves the file); None keeps their own.
    metadata : more entries for the header, besides format, family and configuration.
    """
    return _write_file(Path(path), *_gathered(family, networks, dtype, metadata))


def write_parts(
    path: str | Path,
    family: str,
    networks: Mapping[str, nn.Module],
    *,
    max_bytes: int,
    dtype: torch.dtype | None = None,
    metadata: Mapping[str, str] | None = None,
) -> list[Path]:
    """Like `write`, in files of at most `max_bytes` named `name-00001-of-00003.safetensors`; `read_all` joins them.

    A tensor is never split: one that is larger than `max_bytes` gets its own file.
    """
    path = Path(path)
    tensors, header = _gathered(family, networks, dtype, metadata)
    room = max_bytes - len(json.dumps(header)) - 2**12
    parts: list[StateDict] = [{}]
    filled = 0
    for key, value in tensors.items():
        size = value.numel() * value.element_size() + len(key) + 2**7  # including its entry in the header
        if parts[-1] and filled + size > room:
            parts.append({})
            filled = 0
        parts[-1][key] = value
        filled += size
    return [
        _write_file(
            path.with_name(f"{path.stem}-{number:05d}-of-{len(parts):05d}{path.suffix}"),
            part,
            {**header, PART: f"{number}/{len(parts)}"},
        )
        for number, part in enumerate(parts, start=1)
    ]


def _gathered(
    family: str, networks: Mapping[str, nn.Module], dtype: torch.dtype | None, metadata: Mapping[str, str] | None
) -> tuple[StateDict, dict[str, str]]:
    """The tensors of all networks under their names in a file, and its header."""
    tensors: StateDict = {}
    config: dict[str, Any] = {}
    for name, module in networks.items():
        own: Any = getattr(module, "config", None)
        if own is not None:
            config[name] = asdict(own)
        for key, value in original_view(module).items():
            value = value.detach().cpu()
            tensors[f"{name}.{key}"] = value.to(dtype) if dtype and value.is_floating_point() else value.clone()
    return tensors, {**(metadata or {}), "format": FORMAT, "family": family, "config": json.dumps(config)}


def _write_file(path: Path, tensors: StateDict, header: dict[str, str]) -> Path:
    with replacing(path) as draft:
        save_file(tensors, draft, metadata=header)
        draft.chmod(0o644)  # safetensors makes files that only their owner can read
    return path


def convert_file(source: str | Path, target: str | Path, family: str, *, everything: bool = False) -> Path:
    """Convert a checkpoint between the original format (`.pt`, `.pth`) and ours (`.safetensors`), by the suffixes.

    everything : keep discriminators and unaveraged networks too, to continue training; otherwise only what rendering
    needs.
    """
    source, target = Path(source), Path(target)
    names = NEEDED[family]
    if everything:
        names = tuple(name for name in FAMILIES[family] if name in network_names(source, family))
    checkpoint = read(source, family, names=names)
    modules = {name: checkpoint.build(name) for name in names}
    if target.suffix == ".safetensors":
        kept = {k: v for k, v in checkpoint.metadata.items() if k not in ("format", "family", "config", PART)}
        return write(target, family, modules, metadata=kept)
    exported = {name: export(FAMILIES[family][name], module) for name, module in modules.items()}
    with replacing(target) as draft, draft.open("wb") as file:  # with a path, torch would write its name into the file
        torch.save(exported.get("net", exported), file)
    return target


def network_names(path: str | Path, family: str) -> set[str]:
    """The names of the networks in a file ("g_ema", "d", ...)."""
    path = _existing(path)
    if path.suffix == ".safetensors":
        return {key.split(".", 1)[0] for key in scan.safetensors_header(path) if key != "__metadata__"}
    content = unpickle(path)
    if not isinstance(content, Mapping):
        return set()
    if any(name in content for name in FAMILIES[family]):
        return {name for name in content if isinstance(name, str)}
    return set(NEEDED[family])
