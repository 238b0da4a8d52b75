"""Numbers of z that stand for a choice, moved to the middle of what stands for the same one.

In a world that can be drawn, some numbers of z choose: the largest of several says in which title, and the share of the
people below a number says which collar. At the edge between two of them a small step of z changes the whole picture.
A mapping network is smooth and draws a mixture there, of both titles or of both collars. So it is given each choice as
far from its edges as it can be; what is drawn is the same.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAD = 1.7  # the largest of fourteen normal numbers, on average
MILLION = 1_000_000
NEVER = 2 * MILLION  # the lower edge of a word that is not there


class Choices(nn.Module):
    """z [N, D] -> z [N, D] that stands for the same pictures.

    titles : places of z, [T], the largest of which chooses.
    words : places of z, [W], each of which chooses a word by the share of normal numbers that are below.
    edges : where each word begins, in millionths of that share, [2, W, K]; `NEVER` where there is no word. The first
        plane holds where they begin if another place of z is low, the second how much later if it is high.
    lever : that place, and from which of its values to which it rises, in millionths.

    All are whole numbers, which no half precision rounds.
    """

    titles: Tensor
    words: Tensor
    edges: Tensor
    lever: Tensor

    def __init__(self, titles: int, words: int, most: int):
        super().__init__()
        self.register_buffer("titles", torch.arange(titles))
        self.register_buffer("words", torch.arange(words))
        self.register_buffer("edges", torch.full((2, words, most), NEVER))
        self.register_buffer("lever", torch.tensor([0, -MILLION, MILLION]))
        self.edges[:, :, 0] = 0

    def forward(self, z: Tensor) -> Tensor:
        count = len(self.titles)
        rest = LEAD / (count - 1)
        leading = F.one_hot(z.index_select(1, self.titles).argmax(dim=1), count).to(z.dtype)
        low, high = self.lever[1] / MILLION, self.lever[2] / MILLION
        share = ((z.index_select(1, self.lever[:1]) - low) / (high - low)).clamp(0, 1)
        share = share * share * (3 - 2 * share)
        lower = (self.edges[0] + self.edges[1] * share[:, :, None]) / MILLION  # [N, W, K]
        upper = F.pad(lower[:, :, 1:], (0, 1), value=1.0).clamp(max=1)
        below = (1 + torch.erf(z.index_select(1, self.words) / math.sqrt(2))) / 2
        below = below.clamp(max=1 - 1e-6)  # in float32 it reaches 1, which is beyond the last word
        word = (below[:, :, None] >= lower).sum(dim=2, keepdim=True) - 1
        middle = ((lower + upper) / 2).gather(2, word)[:, :, 0]
        settled = z.index_copy(1, self.titles, (LEAD + rest) * leading - rest)
        return settled.index_copy(1, self.words, normal_number(middle))


def normal_number(below: Tensor) -> Tensor:
    """The number with this share of normal ones below, within a five-hundredth.

    Winitzki 2008, "A handy approximation for the error function and its inverse", equation 7: of logarithms and roots,
    which every engine computes.
    """
    a = 0.147
    x = 2 * below - 1
    log = torch.log((1 - x * x).clamp(min=1e-12))
    half = 2 / (math.pi * a) + log / 2
    return math.sqrt(2) * x.sign() * (half.square() - log / a).sqrt().sub(half).clamp(min=0).sqrt()
