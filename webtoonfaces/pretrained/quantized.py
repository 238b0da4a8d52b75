"""Blocks of a StyleGAN2 whose convolutions compute in 8-bit integers, for the engine "openvino-int8".

NNCF finds the range of each map from pictures that the model itself draws. Only blocks whose map is at least 16 px
wide are changed: those before take little time, and their errors would go through all that follow. Styles, filters and
the convolutions to RGB keep their precision. The picture of seeds that were not used for this is then compared with
the one in float32.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from .onnx_files import Part

CALIBRATION, HELD_OUT = range(1000, 1024), range(5000, 5008)  # seeds
SIDE = 16  # px of a block's map from which it is changed
LEAST_PSNR = 30.0  # dB
MEASURED = "measured.json"  # written last: with it, a folder is complete
Run = Callable[..., tuple[Tensor, ...]]
Draw = Callable[[int, Run], Tensor]  # seed, what computes the parts -> a picture [1, 3, H, W]
logger = logging.getLogger(__name__)


def psnr_of(folder: Path) -> float | None:
    """The PSNR in dB of the blocks in a folder; None if there are none, or they are not complete."""
    try:
        return float(json.loads((folder / MEASURED).read_text(encoding="utf-8"))["psnr"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def build(folder: Path, parts: dict[str, Part], exact: Any, runner: Callable[[Path], Any], draw: Draw) -> float:
    """Write the blocks to a folder, and return the PSNR in dB of the pictures of held-out seeds.

    Where that is below LEAST_PSNR, only the measurement is kept, so that the next call need not try again.

    exact : the runner of the float32 files, whose folder has them.
    runner : a folder -> what computes the parts with the blocks in it.
    """
    names = [name for name, part in parts.items() if name.startswith("block") and part.inputs["x"][0].shape[3] >= SIDE]
    logger.warning("The engine openvino-int8 is made for this model, once; this takes minutes for a large one.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".int8-", dir=folder.parent) as made:
        draft = Path(made) / folder.name
        draft.mkdir()
        inputs = _recorded(names, exact, draw)
        for name in names:
            _write(exact.folder / f"{name}.onnx", inputs.pop(name), draft / f"{name}.xml")
        psnr = _psnr(exact, runner(draft), draw)
        if psnr < LEAST_PSNR:
            shutil.rmtree(draft)
            draft.mkdir()
        (draft / MEASURED).write_text(json.dumps({"psnr": round(psnr, 2)}), encoding="utf-8")
        try:
            draft.rename(folder)
        except OSError:
            if psnr_of(folder) is None:  # else another process was faster
                raise
    return psnr


def _recorded(names: list[str], exact: Run, draw: Draw) -> dict[str, list[list[np.ndarray]]]:
    """What each block takes while the pictures for calibration are drawn."""
    found: dict[str, list[list[np.ndarray]]] = {name: [] for name in names}

    def run(name: str, *tensors: Tensor) -> tuple[Tensor, ...]:
        if name in found:
            found[name].append([tensor.numpy().copy() for tensor in tensors])
        return exact(name, *tensors)

    for seed in CALIBRATION:
        draw(seed, run)
    return found


def _write(source: Path, inputs: list[list[np.ndarray]], path: Path) -> None:
    import nncf
    import openvino
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    model = openvino.Core().read_model(source)
    names = [one.get_any_name() for one in model.inputs]
    exact = nncf.IgnoredScope(names=[op.get_friendly_name() for op in model.get_ops() if _stays(op)], validate=False)
    ranges = nncf.AdvancedQuantizationParameters(
        activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM  # 1 dB better than least and most
    )
    data = nncf.Dataset(inputs, lambda arrays: dict(zip(names, arrays, strict=True)))
    with _quiet():
        changed = nncf.quantize(
            model,
            data,
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(inputs),
            ignored_scope=exact,
            advanced_parameters=ranges,
        )
        openvino.save_model(changed, path, compress_to_fp16=False)


def _stays(op: Any) -> bool:
    """Whether an operation keeps its precision: styles, filters, the convolution to RGB."""
    kind = op.get_type_name()
    if kind in ("MatMul", "GroupConvolution", "GroupConvolutionBackpropData"):
        return True
    return kind == "Convolution" and op.output(0).get_partial_shape()[1] == 3


def _psnr(exact: Run, ours: Run, draw: Draw) -> float:
    """Over all pictures together, as they are seen: in [-1, 1]."""
    errors = [
        float((draw(seed, ours).clamp(-1, 1) - draw(seed, exact).clamp(-1, 1)).square().mean()) for seed in HELD_OUT
    ]
    return 10 * math.log10(4 / max(sum(errors) / len(errors), 1e-12))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """NNCF's progress goes to standard error, because standard output belongs to the caller; no remarks."""
    log = logging.getLogger("nncf")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        log.setLevel(level)
