"""Exporting a run's checkpoint as a weight file with a model card."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .. import files
from ..data.manifest import MANIFEST, MOST_BYTES
from ..errors import BadInputError
from ..weights import convert
from .card import LOCATION, SAMPLES, STRUCTURES, STYLES, card_sheet
from .presets import config_type
from .run_folder import OPTIONS, RunFolder
from .trainers import pairs

PART_BYTES = 16 * 2**20
WHAT = {
    "stylegan2": "A StyleGAN2 that draws faces",
    "swapae": "A Swapping Autoencoder that redraws a face in the style of another",
    "upscaler": "An upscaler that enlarges drawings of faces four times",
}
SHOWN = {
    "stylegan2": f"The samples of the seeds 0 to {SAMPLES - 1}, at full truncation (psi 1)",
    "swapae": f"{STRUCTURES} pictures that were held out of training, each in {STYLES} styles, swapped at location "
    f"{LOCATION}",
    "upscaler": "Parts of held-out drawings: enlarged by bicubic interpolation, by the network, and as they are drawn",
}
LIMITS = {
    "stylegan2": (
        "It draws only what its data shows: front views of single heads, in these titles' styles.",
        "Small or short training causes smeared details, odd eyes and faces that resemble each other.",
    ),
    "swapae": (
        "It knows only the drawings it was trained on. Another face, above all a photo, keeps its outline and large "
        "colours, and loses details that drawings of these styles do not have.",
        "Style and structure are not fully separated: a strong style can change the identity.",
    ),
    "upscaler": (
        "It knows flat colour, ink and screentone of drawings. A photograph comes out as if it were painted.",
        "What is thinner than a pixel of the small picture is guessed.",
    ),
}


@dataclass(frozen=True)
class WrittenFile:
    """A weight file, with what a record in the registry needs."""

    path: Path
    nbytes: int
    sha256: str


@dataclass(frozen=True)
class Exported:
    """The files that `export` wrote."""

    files: tuple[WrittenFile, ...]
    card: Path
    sheet: Path | None = None
    """The card's picture; None for a SwapAE whose data set does not exist."""


def export(
    source: str | Path,
    out: str | Path,
    *,
    everything: bool = False,
    dtype: torch.dtype = torch.float16,
    title: str | None = None,
    data: str | Path | None = None,
    metrics: Mapping[str, Any] | str | None = None,
    limits: Sequence[str] = (),
) -> Exported:
    """Write the checkpoint `source`, a run's folder or a `state-*.pt`, as `out` (.safetensors) and a model card.

    everything : all networks, to continue training, in parts of at most 16 MiB (`name-00001-of-00002.safetensors`);
        otherwise only the averaged ones, which rendering needs, in one file.
    dtype : of the tensors.     title : the card's heading.
    data : the data set whose titles and licences the card names; by default the run's own.
    metrics : measurements for the card: label -> number or text, or the Markdown of a run's table.
    limits : further sentences for the card's limits.

    Raises `BadInputError` for a source that is not a run or checkpoint, and for another suffix of `out`.
    """
    out = Path(out)
    if out.suffix != ".safetensors":
        raise BadInputError(f"Weights are written as .safetensors, not as {out.suffix or 'a file without suffix'}.")
    run = RunFolder.open(source)
    if "model" not in run.config:
        raise BadInputError(
            f"{run.checkpoint} does not say how large its networks are. The run's {OPTIONS} does: put it into "
            f"{run.folder}."
        )
    networks = run.networks(convert.FAMILIES[run.family] if everything else None)
    metadata = {"kimg": f"{run.kimg:.1f}", "command": run.options.get("command", "")}
    if everything:
        parts = convert.write_parts(out, run.family, networks, max_bytes=PART_BYTES, dtype=dtype, metadata=metadata)
    else:
        parts = [convert.write(out, run.family, networks, dtype=dtype, metadata=metadata)]
    files = tuple(_describe(path) for path in parts)
    card = out.with_suffix(".md")
    about = data if data is not None else run.options.get("data")
    sheet = _sheet(run, networks, about, out.with_suffix(".png"))
    sections = [
        _heading(run, networks, title or out.stem.replace("_", " "), dtype),
        f"![{SHOWN[run.family]}]({sheet.name})\n\n*{SHOWN[run.family]}*\n" if sheet else "",
        _files(files),
        _training(run),
        _data("Data", about),
        _data("Photos", run.options.get("photos")) if run.options.get("photos") else "",
        _metrics(metrics),
        _bullets("Limits", [*LIMITS[run.family], *limits]),
    ]
    card.write_text("\n".join(section for section in sections if section), encoding="utf-8")
    return Exported(files, card, sheet)


def _sheet(run: RunFolder, networks: Mapping[str, nn.Module], data: str | Path | None, path: Path) -> Path | None:
    """Write the card's picture, drawn by the exported networks; None if it cannot be drawn."""
    try:
        taught_by_pairs = config_type(run.family, run.config) is pairs.Config
        sheet = card_sheet(run.family, networks, data=data, size=run.config["model"].get("size"), pairs=taught_by_pairs)
    except BadInputError:
        return None
    sheet.save(path, optimize=True)
    return path


def _describe(path: Path) -> WrittenFile:
    return WrittenFile(path, path.stat().st_size, files.sha256(path))


def _heading(run: RunFolder, networks: Mapping[str, nn.Module], title: str, dtype: torch.dtype) -> str:
    needed = convert.NEEDED[run.family]
    count = sum(p.numel() for name in needed for p in networks[name].parameters()) / 1e6
    size = run.config["model"].get("size")
    sides = f"{size} x {size} px, " if size else ""
    kept = ", ".join(networks)
    return (
        f"# {title}\n\n{WHAT[run.family]}, {sides}{count:.1f} million parameters. Networks: {kept}, "
        f"stored as {str(dtype).removeprefix('torch.')}.\n"
    )


def _files(files: Sequence[WrittenFile]) -> str:
    rows = [f"| {file.path.name} | {file.nbytes} | `{file.sha256}` |" for file in files]
    return "\n".join(["## Files\n", "| file | bytes | sha256 |", "|---|---:|---|", *rows, ""])


def _training(run: RunFolder) -> str:
    options = run.options
    told = [f"Trained on {run.kimg:,.1f} thousand pictures ({run.step:,} steps of {run.state['batch']})."]
    if run.config.get("warmup_kimg"):
        warm = min(run.config["warmup_kimg"], run.kimg)
        told.append(f"{warm:,.1f} thousand of them were the warm-up without an adversary.")
    if options.get("init"):
        told.append(f"It started from the weights of {', '.join(options['init'])}.")
    kind = config_type(run.family, run.config)
    config = {name: value for name, value in run.config.items() if name in {field.name for field in fields(kind)}}
    lines = ["## Training\n", " ".join(told), ""]
    if options.get("command"):
        lines += ["```", options["command"], "```", ""]
    lines += ["The full configuration:", "", "```json", json.dumps(config, indent=1), "```", ""]
    return "\n".join(lines)


def _data(heading: str, source: str | Path | None) -> str:
    """Titles, artists and licences from the data set's manifest."""
    lines = [f"## {heading}\n"]
    manifest = _manifest(source)
    try:
        lines += _origins(manifest)
    except (AttributeError, KeyError, TypeError, ValueError):  # of another shape than this package writes
        lines.append("The data set's manifest cannot be read, so its origin and licences are not known.")
    return "\n".join([*lines, ""])


def _origins(manifest: Mapping[str, Any]) -> list[str]:
    lines = []
    titles = manifest.get("titles")
    if titles:
        lines += ["| title | pictures | artist | licence | attribution |", "|---|---:|---|---|---|"]
        lines += [
            f"| {name} | {about['count']} | {about['artist']} | {about['licence']} | {about['attribution']} |"
            for name, about in titles.items()
        ]
    elif "folders" in manifest:
        folders, settings = manifest["folders"], manifest["settings"]
        lines.append(
            f"{manifest['persons']:,} persons, each in {len(folders)} folders of pictures: {', '.join(folders)}. This "
            f"package's own drawing engine drew all of them ({settings['size']} px, seed {settings['seed']}); there is "
            "no picture of anybody else's in it."
        )
    elif manifest:
        origin, licence = manifest.get("origin") or "not stated", manifest.get("licence") or "not stated"
        lines.append(f"{len(manifest.get('pictures', ()))} pictures. Origin: {origin}. Licence: {licence}.")
    else:
        lines.append("The data set has no manifest, so its origin and licences are not known.")
    return lines


def _manifest(source: str | Path | None) -> dict[str, Any]:
    """The `manifest.json` in a folder or zip; {} if there is none."""
    if source is None:
        return {}
    path = Path(source)
    try:
        if path.is_dir():
            if not (path / MANIFEST).is_file():
                return {}
            manifest = json.loads((path / MANIFEST).read_text("utf-8"))
        else:
            with zipfile.ZipFile(path) as archive:
                name = min((n for n in archive.namelist() if n.split("/")[-1] == MANIFEST), key=len)
                with archive.open(name) as file:
                    manifest = json.loads(file.read(MOST_BYTES))
        return manifest if isinstance(manifest, dict) else {}
    except Exception:  # damaged zips raise of every kind; the card can do without
        return {}


def _metrics(metrics: Mapping[str, Any] | str | None) -> str:
    if metrics is None:
        return "## Metrics\n\nNothing was measured on this checkpoint.\n"
    if isinstance(metrics, str):
        return f"#{metrics}"  # its heading, one level deeper
    rows = [f"| {name} | {_value(value)} |" for name, value in metrics.items()]
    return "\n".join(["## Metrics\n", "| metric | value |", "|---|---:|", *rows, ""])


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _bullets(heading: str, sentences: Sequence[str]) -> str:
    return "\n".join([f"## {heading}\n", *(f"- {sentence}" for sentence in sentences), ""])
