"""Measuring a Swapping Autoencoder: reconstruction, style transfer and structure at every swap location.

A picture *swapped at k* has the source's structure, the source's style in the first k layers and the target's style in
the others, without noise. Two rates are measured:

* style transfer rate: how often the title classifier predicts the target's title;
* structure match: how often its edge map is nearer to that of its source than to those of 31 other pictures.

k = 0 takes the whole style from the target, k = L from the source: with k the first rate falls and the second rises.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from ..codes import swap_at
from ..errors import BadInputError
from ..images import as_floats, shrink
from .classifier import NEEDED_ACCURACY, TrainedClassifier

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUP = 32  # sources with which a swapped picture is compared, its own included
PAIRS = 320
BATCH = 16
EDGE_SIDE = 64  # px
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


class AutoEncoder(Protocol):
    """The interface of the measured model: a `SwappingAutoencoder`, or another object with these methods."""

    def encode(self, images: Tensor, /) -> tuple[Tensor, Tensor]:
        """Float [N, 3, H, W] in [-1, 1] -> structure [N, C, h, w] and style [N, L, D]."""

    def decode(self, structure: Tensor, style: Tensor, /) -> Tensor:
        """Structure and style -> pictures like those, without noise."""


@dataclass(frozen=True)
class SwapReport:
    """The result of `measure_swaps`. Rates are in [0, 1]; position k of a list is swap location k.

    l1 : mean absolute difference between held-out pictures and their reconstructions, for the range [-1, 1].
    own_title : how often the classifier predicts the right title of a reconstruction, a limit of the transfer rate.
    accuracy : of the classifier on held-out pictures.      pairs : number of swaps.      group : pictures compared.
    """

    l1: float
    style_transfer: list[float]
    structure_match: list[float]
    own_title: float
    accuracy: float
    titles: int
    pairs: int
    group: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def markdown(self) -> str:
        """Both curves as a table, after the other values."""
        lines = [
            f"Reconstruction L1 on held-out pictures: {self.l1:.4f} (range [-1, 1]).",
            f"The title classifier is right for {self.accuracy:.1%} of held-out pictures, and for {self.own_title:.1%} "
            "of their reconstructions.",
            *self._caveat(),
            "",
            f"| swap location | style transfer rate | structure match (among {self.group}) |",
            "|---:|---:|---:|",
        ]
        rates = zip(self.style_transfer, self.structure_match, strict=True)
        lines += [f"| {k} | {style:.1%} | {structure:.1%} |" for k, (style, structure) in enumerate(rates)]
        chance = f"by chance, {1 / self.titles:.0%} of styles and {1 / self.group:.0%} of structures are right"
        lines += ["", f"{self.pairs} pairs of different titles, no noise; {chance}."]
        return "\n".join(lines) + "\n"

    def _caveat(self) -> list[str]:
        if self.accuracy >= NEEDED_ACCURACY:
            return []
        return [
            f"Its accuracy is below {NEEDED_ACCURACY:.0%}, so the style transfer rate is not reliable. Add pictures to "
            "the data."
        ]

    def figure(self) -> Figure:
        """Both curves over the swap location."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(self.style_transfer))
        axes.plot(places, [100 * rate for rate in self.style_transfer], "o-", color="#d1495b", label="style transfer")
        axes.plot(places, [100 * rate for rate in self.structure_match], "s-", color="#00798c", label="structure match")
        axes.axhline(100 / self.titles, color="#d1495b", linestyle=":", linewidth=1, label="by chance")
        axes.axhline(100 / self.group, color="#00798c", linestyle=":", linewidth=1, label="by chance")
        axes.set(xlabel="swap location k", ylabel="pictures, %", ylim=(-3, 103), xticks=list(places))
        axes.set_title(f"Style and structure of swapped pictures ({self.pairs} pairs)", fontsize=11)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        return figure


@torch.inference_mode()
def measure_swaps(
    model: AutoEncoder,
    classifier: TrainedClassifier,
    pictures: Tensor,
    labels: Tensor,
    *,
    pairs: int = PAIRS,
    group: int = GROUP,
    seed: int = 0,
    progress: bool = False,
) -> SwapReport:
    """Measure `model` on pictures it was not trained on, uint8 [N, 3, H, W], with their titles, int64 [N].

    pairs : rounded down to whole groups.        labels : indices into the classifier's titles.

    Raises BadInputError for fewer pictures or pairs than one group, and for a single title.
    """
    check_counts(len(pictures), pairs, group=group)
    sources, targets = draw_pairs(labels, pairs // group, group=group, seed=seed)
    codes = [model.encode(as_floats(part)) for part in pictures.split(BATCH)]
    structure = torch.cat([code[0] for code in codes]).cpu()
    style = torch.cat([code[1] for code in codes]).cpu()  # [N, L, D]
    places = style.shape[1] + 1
    rebuilt = torch.cat([model.decode(*code).cpu() for code in codes]).clamp(-1, 1)
    own = torch.cat([classifier.titles_of(part) for part in rebuilt.split(BATCH)])
    edges = edge_maps(as_floats(pictures))

    right_style, right_structure = torch.zeros(places), torch.zeros(places)
    for rows, others in tqdm(list(zip(sources, targets, strict=True)), desc="swapping", disable=not progress):
        for k in range(places):
            ws = swap_at(style[rows], style[others], location=k)
            parts = zip(structure[rows].split(BATCH), ws.split(BATCH), strict=True)
            swapped = torch.cat([model.decode(*part).cpu() for part in parts]).clamp(-1, 1)
            right_style[k] += (classifier.titles_of(swapped).cpu() == labels[others]).sum()
            right_structure[k] += (nearest_edges(edge_maps(swapped), edges[rows]) == torch.arange(group)).sum()
    total = sources.numel()
    return SwapReport(
        l1=float((rebuilt - as_floats(pictures)).abs().mean()),
        style_transfer=(right_style / total).tolist(),
        structure_match=(right_structure / total).tolist(),
        own_title=float((own.cpu() == labels).float().mean()),
        accuracy=classifier.accuracy,
        titles=len(classifier.titles),
        pairs=total,
        group=group,
    )


def check_counts(pictures: int, pairs: int, *, group: int = GROUP) -> None:
    """BadInputError for fewer held-out pictures or pairs than one group."""
    if pictures < group:
        raise BadInputError(
            f"The structure match compares {group} held-out pictures; this data set has {pictures}. Add pictures."
        )
    if pairs < group:
        raise BadInputError(f"The structure match needs at least {group} pairs; {pairs} were asked for.")


def draw_pairs(labels: Tensor, groups: int, *, group: int = GROUP, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random rows of sources and of their targets, int64 [groups, group] each.

    The sources of a group are different pictures; each target is of another title than its source, and all other titles
    have the same probability.
    """
    if len(labels.unique()) < 2:
        raise BadInputError(
            "All held-out pictures are of one title, so there is no other style to swap in. Add pictures of other "
            "titles."
        )
    random = torch.Generator().manual_seed(seed)
    sources = torch.stack([torch.randperm(len(labels), generator=random)[:group] for _ in range(groups)])
    members = {int(title): torch.nonzero(labels == title).flatten() for title in labels.unique()}

    def pick(choices: Any) -> Any:
        return choices[int(torch.randint(len(choices), (), generator=random))]

    targets = [pick(members[pick([t for t in members if t != int(labels[row])])]) for row in sources.flatten()]
    return sources, torch.stack(targets).view_as(sources)


def edge_maps(images: Tensor) -> Tensor:
    """Pictures, float [N, 3, H, W] -> where their edges are, [N, 4096] of zero mean and unit length.

    They are Sobel's magnitude of the brightness at 64 px, blurred by about a pixel, so that slightly displaced lines
    still match. Colours, contrast and the thickness of lines have little influence.
    """
    weights = torch.tensor(LUMA, dtype=images.dtype, device=images.device).view(1, 3, 1, 1)
    grey = (shrink(images, EDGE_SIDE) * weights).sum(dim=1, keepdim=True)
    smooth, slope = torch.tensor([1.0, 2.0, 1.0]) / 4, torch.tensor([-1.0, 0.0, 1.0]) / 2
    across = torch.outer(smooth, slope)
    sobel = torch.stack([across, across.T])[:, None].to(grey)  # [2, 1, 3, 3]
    size = F.conv2d(F.pad(grey, (1, 1, 1, 1), mode="replicate"), sobel).norm(dim=1, keepdim=True)
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16  # a binomial: a Gaussian of sigma 1
    soft = torch.outer(taps, taps)[None, None].to(grey)
    soft_edges = F.conv2d(F.pad(size, (2, 2, 2, 2), mode="replicate"), soft).flatten(1)
    centred = soft_edges - soft_edges.mean(dim=1, keepdim=True)
    return F.normalize(centred, dim=1)


def nearest_edges(edges: Tensor, candidates: Tensor) -> Tensor:
    """For each edge map [N, P] the index of the candidate [M, P] with the highest correlation, int64 [N]."""
    return (edges @ candidates.T).argmax(dim=1)
