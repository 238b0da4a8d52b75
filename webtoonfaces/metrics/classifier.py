"""The title classifier: a small network that predicts the title of a face.

It judges the Swapping Autoencoder's style transfer. Its features are used beside MobileNetV2's, because no model is
trained with them. Its training varies colour, position, size and sharpness, so that it must use the manner of drawing:
palettes are similar in all titles, and a model with little training draws every title blurred.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from ..data.folder import PictureFolder, Split, content_key
from ..errors import BadInputError
from ..images import as_floats, shrink
from .cache import cache_path, remembered

SIDE = 64  # px, the size of its input
WIDTHS = (24, 48, 96, 128)
STEPS = 800
BATCH = 64
LEARNING_RATE = 4e-3
EDITION = 1  # to be raised when a change of this file changes the classifier of the same data
FEATURE_SQUARE = 0.38  # mean square of its features, equal to that of MobileNetV2's on drawings
NEEDED_ACCURACY = 0.95  # on held-out pictures; below this the style transfer rate is not reliable


class TitleClassifier(nn.Module):
    """Pictures, float [N, 3, H, W] in [-1, 1] -> logits [N, titles]."""

    scale: Tensor

    def __init__(self, titles: int):
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for i, width in enumerate(WIDTHS):
            stride = 1 if i == len(WIDTHS) - 1 else 2
            layers += [nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            before = width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(before, titles)
        self.register_buffer("scale", torch.ones(()))

    def pooled(self, images: Tensor) -> Tensor:
        """The mean of the last map, [N, 128]."""
        return self.body(shrink(images, SIDE).contiguous(memory_format=torch.channels_last)).mean(dim=(2, 3))

    def features(self, images: Tensor) -> Tensor:
        """`pooled`, scaled to a mean square of 0.38 over the training pictures, [N, 128].

        KID depends on the scale of the features. A fixed scale makes the values of all classifiers comparable; it is
        that of MobileNetV2's features, so that both kinds of KID have a similar size.
        """
        return self.pooled(images) * self.scale

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.pooled(images))


@dataclass(frozen=True)
class TrainedClassifier:
    """A classifier in eval mode, its titles in the order of the logits, and its accuracy on held-out pictures."""

    network: TitleClassifier
    titles: tuple[str, ...]
    accuracy: float
    key: str
    """Identifies the classifier in keys of the cache."""

    @torch.inference_mode()
    def titles_of(self, images: Tensor) -> Tensor:
        """Pictures, float [N, 3, H, W] in [-1, 1] -> indices into `titles`, int64 [N]."""
        return self.network(images).argmax(dim=1)


def load_or_train_classifier(
    data: str | Path, *, seed: int = 0, steps: int = STEPS, device: str | torch.device = "cpu", progress: bool = True
) -> TrainedClassifier:
    """The classifier of a folder or zip of pictures with at least two titles.

    It is trained once on the training split, which takes about three minutes on one core, and cached with a key made
    from the data set's content; the same seed gives the same weights on one machine.

    Raises BadInputError if the data set has a single title, or too few pictures to hold any out.
    """
    if len(PictureFolder(data).titles) < 2:
        raise BadInputError(
            f"All pictures in {data} are of one title, so there are no titles to distinguish. Put each title's "
            "pictures into its own folder."
        )
    key = (content_key(data), seed, steps, EDITION)
    tensors, words = remembered(
        cache_path("classifier", *key), lambda: _train(data, seed=seed, steps=steps, device=device, progress=progress)
    )
    titles = tuple(json.loads(words["titles"]))
    network = TitleClassifier(len(titles))
    network.load_state_dict(tensors)
    network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return TrainedClassifier(network, titles, float(words["accuracy"]), "-".join(map(str, key)))


def _train(
    data: str | Path, *, seed: int, steps: int, device: str | torch.device, progress: bool
) -> tuple[dict[str, Tensor], dict[str, str]]:
    pictures, labels, titles = _shrunk(data, "train", progress)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = TitleClassifier(len(titles))
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.2)
    random = torch.Generator().manual_seed(seed)
    bar = tqdm(_batches(len(labels), steps, random), total=steps, desc="title classifier", disable=not progress)
    for rows in bar:
        images = vary(as_floats(pictures[rows]), random).to(device)
        loss = F.cross_entropy(network(images), labels[rows].to(device), label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()
    with torch.inference_mode():
        every = [network.pooled(as_floats(part).to(device)) for part in pictures.split(256)]
        network.scale.copy_((FEATURE_SQUARE / torch.cat(every).square().mean()).sqrt())
    accuracy = _accuracy(network, *_shrunk(data, "held_out", progress)[:2], device=device)
    return dict(network.state_dict()), {"titles": json.dumps(titles), "accuracy": repr(accuracy)}


def _shrunk(data: str | Path, split: Split, progress: bool) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """All pictures of a split as uint8 [N, 3, 64, 64], resized like in `TitleClassifier`, their labels, the titles."""
    folder = PictureFolder(data, split=split)
    pictures = torch.empty(len(folder), 3, SIDE, SIDE, dtype=torch.uint8)
    labels = torch.empty(len(folder), dtype=torch.int64)
    for row in tqdm(range(len(folder)), desc=f"reading {split}", unit="picture", disable=not progress):
        picture, labels[row] = folder[row]
        pictures[row] = shrink(picture[None].float(), SIDE)[0].round().clamp(0, 255).to(torch.uint8)
    return pictures, labels, folder.titles


def _batches(length: int, steps: int, random: torch.Generator) -> Iterator[Tensor]:
    """Rows of `steps` batches; every picture occurs once before any occurs again."""
    order = torch.empty(0, dtype=torch.int64)
    size = min(BATCH, length)
    for _ in range(steps):
        if len(order) < size:
            order = torch.cat([order, torch.randperm(length, generator=random)])
        yield order[:size]
        order = order[size:]


def _accuracy(network: TitleClassifier, pictures: Tensor, labels: Tensor, *, device: str | torch.device) -> float:
    with torch.inference_mode():
        found = torch.cat([network(as_floats(part).to(device)).argmax(dim=1).cpu() for part in pictures.split(256)])
    return float((found == labels).float().mean())


def vary(images: Tensor, random: torch.Generator) -> Tensor:
    """Pictures, float [N, 3, S, S] in [-1, 1], with random mirroring, shift, size, colours, blur and grain."""
    n = images.shape[0]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=random)

    images = _moved(images, uniform(0, 1) < 0.5, uniform(0.85, 1.2), uniform(-0.12, 0.12, 2), uniform(-0.15, 0.15))
    grey = images.mean(dim=1, keepdim=True)
    images = grey + (images - grey) * uniform(0.0, 1.5, 1, 1, 1)  # saturation
    images = images * uniform(0.75, 1.25, 3, 1, 1) + uniform(-0.25, 0.25, 3, 1, 1)
    soft = F.avg_pool2d(F.pad(images, (2, 2, 2, 2), mode="replicate"), 5, 1)
    images = images.lerp(soft, uniform(-0.6, 1.0, 1, 1, 1).clamp(min=0))
    grain = torch.randn(images.shape, generator=random)
    return images + grain * uniform(-0.06, 0.06, 1, 1, 1).clamp(min=0)


def _moved(images: Tensor, mirrored: Tensor, size: Tensor, shift: Tensor, turn: Tensor) -> Tensor:
    """The pictures mirrored, enlarged by `size`, shifted by `shift` half sides, rotated by `turn` radians."""
    cosine, sine = turn.cos() / size, turn.sin() / size
    sign = 1 - 2 * mirrored.float()
    matrix = torch.stack(
        [torch.stack([sign * cosine, -sine, shift[:, 0]], 1), torch.stack([sign * sine, cosine, shift[:, 1]], 1)], 1
    )  # [N, 2, 3]
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
