"""Starting or resuming a run from a preset, a data set and options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from ..data.factors import People, people_of, z_of_seeds
from ..data.folder import PictureFolder, load_in_memory
from ..data.pairs import MixedTargets, Pairs, Places, following, mixed_targets
from ..data.small import SmallPictures
from ..errors import BadInputError, UnknownNameError
from ..weights import convert
from . import presets
from .run import RunOptions, train
from .run_folder import RunFolder
from .trainers import drawn, pairs, upscaler
from .trainers.stylegan2 import StyleGAN2Trainer
from .trainers.swapae import SwapAETrainer

FINETUNE = {"batch": 16, "photo_batch": 8, "kimg": 2000 * 16 / 1000}  # 2000 steps; kimg counts only the drawings
PRECISIONS = ("auto", "full", "bf16")
TUNED_FROM = 30  # minutes: cuDNN takes up to one of them to find the fastest way of every convolution


def launch(
    family: str,
    data: str | Path,
    out: str | Path,
    *,
    preset: str = "paper",
    init: Sequence[str | Path] = (),
    grow: bool = False,
    photos: str | Path | None = None,
    device: str | None = None,
    precision: str = "auto",
    config: Mapping[str, Any] | None = None,
    command: str = "",
    say: Callable[[str], None] = print,
    **options: Any,
) -> Path:
    """Train `family` ("stylegan2", "swapae" or "upscaler") on `data`; returns the last checkpoint in `out`.

    If `out` contains a run, it is resumed, with the configuration, batch and seed that it began with unless others are
    given.

    preset : a name in `presets`.       init : checkpoints whose weights to start from, with a new optimiser; such a run
    needs no warm-up, and has none unless `config` asks for it.
    grow : allow smaller networks in `init`.        photos : a folder of photos to finetune a SwapAE with.
    precision : "auto" computes in bfloat16 on CUDA devices that support it, "full" never and "bf16" always, which is
    for CPUs with matrix units (AMX).
    config : fields of the preset's configuration to change.       command : the command line, for the record.
    options : fields of `RunOptions`; None is the default.

    Raises `BadInputError` and `UnknownNameError` for options that do not fit, and the errors of `train`.
    """
    known = presets.FAMILIES[family]
    if preset not in known:
        raise UnknownNameError(f"{family} preset", preset, known)
    if precision not in PRECISIONS:
        raise UnknownNameError("precision", precision, PRECISIONS)
    begun = _begun(Path(out), family)
    preset = begun["preset"] if begun.get("preset") in known else preset
    if photos is not None:
        _check_finetuning(family, init, begun, known[preset].config)
    elif begun.get("photos"):
        raise BadInputError(f"{out} is finetuned with photos ({begun['photos']}). Give them again with --photos.")
    kept = {name: begun[name] for name in ("batch", "photo_batch", "seed") if name in begun}
    chosen = {name: value for name, value in options.items() if value is not None}
    settings: dict[str, Any] = {"batch": known[preset].batch, **(FINETUNE if photos is not None else {})}
    run = RunOptions(out=Path(out), **(settings | kept | chosen))
    configuration = _configuration(known[preset].config, begun, bool(init), config or {})
    if getattr(configuration, "freeze_d", 0) and not init and not begun:
        raise BadInputError(
            "--freeze-d keeps layers of a trained discriminator. Give weights to start from with --init."
        )

    accelerator = _accelerator(device, precision, tuned=run.minutes is None or run.minutes > TUNED_FROM)
    torch.manual_seed(run.seed)  # for the networks' initial weights
    folder: PictureFolder | Places | SmallPictures
    meanwhile: AbstractContextManager[None] = nullcontext()
    trainer: StyleGAN2Trainer | SwapAETrainer | pairs.PairTrainer | drawn.DrawnTrainer | upscaler.UpscalerTrainer
    if isinstance(configuration, upscaler.Config):
        main = accelerator.is_main_process
        folder = SmallPictures(Pairs(data, split="train", progress=main), progress=main)
        held_out = SmallPictures(Pairs(data, split="held_out"))
        trainer = upscaler.UpscalerTrainer(configuration, accelerator, folder, held_out=held_out)
    elif isinstance(configuration, pairs.Config | drawn.Config):
        people = Pairs(
            data,
            size=configuration.model.size,
            split="train",
            device=accelerator.device,
            follow=accelerator.num_processes == 1,  # processes that follow by themselves would see different persons
            progress=accelerator.is_main_process,
        )
        folder, meanwhile = Places(people), following(people)
        if isinstance(configuration, pairs.Config):
            trainer = _pair_trainer(configuration, accelerator, people, run)
        else:
            from_weights = bool(init or begun.get("init"))
            trainer = _drawn_trainer(configuration, accelerator, people, run, from_weights=from_weights)
    elif family == "stylegan2":
        folder = PictureFolder(data, size=configuration.model.size, split="train")
        trainer = StyleGAN2Trainer(configuration, accelerator)
    else:
        folder = PictureFolder(data, size=configuration.model.size, split="train")
        trainer = SwapAETrainer(configuration, accelerator, examples=_examples(data, configuration.model.size))
    if init and not begun:
        networks = weights(family, init)
        fresh = trainer.load_weights(networks, grow=grow)
        if accelerator.is_main_process:
            say(f"starting from {', '.join(sorted(networks))}" + (f"; new: {', '.join(fresh)}" if fresh else ""))
    photo_folder = PictureFolder(photos, size=configuration.model.size) if photos is not None else None
    about = {
        "preset": begun.get("preset", preset),
        "command": begun.get("command") or command,  # the command that began the run, not the one that resumes it
        "data": str(data),
        "photos": None if photos is None else str(photos),
        "init": begun.get("init", [Path(path).name for path in init]),
        "precision": accelerator.mixed_precision,
    }
    with meanwhile:
        return train(trainer, folder, run, photos=photo_folder, about=about, say=say)


def weights(family: str, paths: Sequence[str | Path]) -> dict[str, torch.nn.Module]:
    """Every network in the files, which may be the parts of one checkpoint."""
    checkpoint = convert.read_all(paths, family)
    if not checkpoint.networks:
        raise BadInputError(f"{', '.join(map(str, paths))} contains no network of a {family}.")
    return {name: checkpoint.build(name) for name in checkpoint.networks}


def _begun(out: Path, family: str) -> dict[str, Any]:
    """The options of the run in `out`, {} if there is none."""
    run = RunFolder.find(out)
    if run is None:
        return {}
    trained = run.begun.get("family", family)
    if trained != family:
        raise BadInputError(f"{out} contains the run of a {trained}, not of a {family}. Choose another folder.")
    return run.begun


def _configuration(preset: Any, begun: Mapping[str, Any], from_weights: bool, changes: Mapping[str, Any]) -> Any:
    """The preset's configuration, or the one that the run began with, with these changes."""
    configuration = _restored(preset, begun)
    if from_weights and not begun and hasattr(configuration, "warmup_kimg"):
        configuration = replace(configuration, warmup_kimg=0.0)
    known = {field.name: getattr(configuration, field.name) for field in fields(configuration) if field.name != "model"}
    for name, value in changes.items():
        if name not in known:
            raise UnknownNameError("field of the configuration", name, known)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        is_switch = isinstance(known[name], bool)
        if not (isinstance(value, bool) if is_switch else number or (value is None and name == "ada_target")):
            raise BadInputError(f"{name} takes {'true or false' if is_switch else 'a number'}, not {value!r}.")
    return replace(configuration, **changes)


def _restored(default: Any, values: Mapping[str, Any]) -> Any:
    """The dataclass `default`, with the fields replaced that are in the JSON `values`."""
    found: dict[str, Any] = {}
    for name in (field.name for field in fields(default) if field.name in values):
        own = getattr(default, name)
        given = values[name]
        found[name] = _restored(own, given) if is_dataclass(own) else tuple(given) if isinstance(own, tuple) else given
    return replace(default, **found)


def _check_finetuning(family: str, init: Sequence[str | Path], begun: Mapping[str, Any], configuration: Any) -> None:
    if family != "swapae":
        raise BadInputError("Only a SwapAE can be finetuned with photos.")
    if isinstance(configuration, pairs.Config):
        raise BadInputError(
            "A SwapAE learns by pairs from drawn persons and their photo-like pictures; other photos have no target. "
            "Leave out --photos, or choose another preset."
        )
    if not init and not begun:
        raise BadInputError("Finetuning with photos needs a trained SwapAE. Give one with --init.")


def _pair_trainer(configuration: Any, accelerator: Accelerator, folder: Pairs, run: RunOptions) -> pairs.PairTrainer:
    """The trainer of pairs; targets in mixed titles are drawn first."""
    held_out = Pairs(folder.path, size=folder.size, split="held_out")
    mixed = _mixed(configuration, accelerator, folder, run)
    return pairs.PairTrainer(configuration, accelerator, folder, held_out=held_out, mixed=mixed)


def _drawn_trainer(
    configuration: Any, accelerator: Accelerator, folder: Pairs, run: RunOptions, *, from_weights: bool
) -> drawn.DrawnTrainer:
    """The trainer of a StyleGAN2 by drawn persons, whose z the data set must know.

    from_weights : such a run has a mapping network, so it needs no factors.
    """
    held_out = Pairs(folder.path, size=folder.size, split="held_out")
    names = [*folder.names, *folder.to_come]
    if len(folder.z_seeds) < len(names) or len(held_out.z_seeds) < len(held_out.names):
        raise BadInputError(
            f"{folder.path} does not say from which z its persons are drawn. Draw it with: webtoonfaces data drawn"
        )
    width, seeds = configuration.model.w_dim, range(drawn.BANK_FROM, drawn.BANK_FROM + round(configuration.bank))
    make: Callable[..., People] = z_of_seeds if from_weights else people_of
    bank = None
    if not from_weights:
        with accelerator.main_process_first():
            bank = people_of(seeds, width, kept_in=run.out / "bank.npy", progress=accelerator.is_main_process)
    return drawn.DrawnTrainer(
        configuration,
        accelerator,
        folder,
        make([folder.z_seeds[name] for name in names], width),
        bank=bank,
        held_out=held_out,
        held_out_people=make([held_out.z_seeds[name] for name in held_out.names], width),
        mixed=_mixed(configuration, accelerator, folder, run),
    )


def _mixed(configuration: Any, accelerator: Accelerator, folder: Pairs, run: RunOptions) -> MixedTargets | None:
    """Targets in mixed titles, of the data set or the run's folder `mixed`; None where none are asked for."""
    if configuration.mixing <= 0 or configuration.mixed < 1:
        return None
    with accelerator.main_process_first():  # the others read what it drew
        return mixed_targets(
            folder,
            run.out / "mixed",
            count=round(configuration.mixed),
            seed=run.seed,
            progress=accelerator.is_main_process,
        )


def _accelerator(device: str | None, precision: str, *, tuned: bool) -> Accelerator:
    gains = device != "cpu" and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    if gains:
        torch.backends.cudnn.benchmark = tuned  # all steps have pictures of one size
    mixed = precision == "bf16" or (gains and precision == "auto")
    return Accelerator(cpu=device == "cpu", mixed_precision="bf16" if mixed else "no")


def _examples(data: str | Path, size: int) -> torch.Tensor:
    """The fixed pictures of a SwapAE's sample grids, uint8: held-out ones, if there are any."""
    try:
        folder = PictureFolder(data, size=size, split="held_out")
    except BadInputError:
        folder = PictureFolder(data, size=size)
    return load_in_memory(folder, limit=12)[0]
