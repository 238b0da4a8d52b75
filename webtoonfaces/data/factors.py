"""What decides a drawn picture, as numbers: of a person, and of the z that stands for person and title.

`person_of` gives each place of z one meaning. A StyleGAN2 that is taught with drawn persons learns the same map, so
that its seed i is person i of `data drawn` with seed 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from webtoonfaces import drawing
from webtoonfaces.drawing.people import PLACE, SEXES, words_of
from webtoonfaces.drawing.person import ACCESSORIES, COLLARS, EARRINGS, GLASSES, TIES
from webtoonfaces.files import replacing

TITLES = tuple(drawing.TITLES)
Z_DIM = drawing.Z_DIM  # numbers of z that say who is drawn, and in which title
LEAD = 1.7  # the largest of fourteen normal numbers, on average
_WORDS = {"glasses": GLASSES, "earring": EARRINGS, "collar": COLLARS, "accessory": ACCESSORIES, "tie": TIES}


def z_of_seed(seed: int, width: int) -> NDArray[np.float64]:
    """z `[width]` as StyleGAN2 samples it for a seed; the first `drawing.Z_DIM` numbers say who is drawn."""
    return np.random.RandomState(seed).randn(width)


def z_in_titles(z: Tensor, titles: Tensor) -> Tensor:
    """z [N, D] that stands for the title `titles` [N]: the largest title number trades places with that one's."""
    rows = torch.arange(len(z), device=z.device)
    own = titles_of(z)
    moved = z.clone()
    moved[rows, titles], moved[rows, own] = z[rows, own], z[rows, titles]
    return moved


def settled(z: Tensor) -> Tensor:
    """z [N, D] that stands for the same pictures, with every title and word as far from the others as it can be.

    Where the two largest title numbers are nearly equal, or a number is near the edge between two words, a small step
    of z changes the whole picture. Here the title's number is the usual largest of so many, the others are equal, and
    the number of a word is in the middle of those that stand for it.
    """
    found, rows = z.clone(), torch.arange(len(z), device=z.device)
    found[:, : len(TITLES)] = -LEAD / (len(TITLES) - 1)
    found[rows, titles_of(z)] = LEAD
    feminine, masculine = SEXES
    share = ((z[:, PLACE["masculinity"]] - feminine) / (masculine - feminine)).clamp(0, 1)
    for name, words in words_of(share * share * (3 - 2 * share)).items():
        edges = torch.stack([torch.as_tensor(each, device=z.device).expand(len(z)) for _, each in words]).cumsum(dim=0)
        edges = F.pad(edges[:-1].clamp(max=1), (0, 0, 1, 0))  # [words, N], the lower ones
        upper = F.pad(edges[1:], (0, 0, 0, 1), value=1.0)
        # In float32, 6 would be 1, which is beyond the last word.
        u = torch.special.ndtr(z[:, PLACE[name]].double()).clamp(max=1 - 1e-12)
        word = (u >= edges).sum(dim=0) - 1
        middle = (edges + upper).div(2)[word, rows]
        found[:, PLACE[name]] = torch.special.ndtri(middle).to(z.dtype)
    return found


def close_titles(z: Tensor, gaps: Tensor) -> Tensor:
    """z [N, D] whose second largest title number is raised to the largest less gaps [N]; their title stays."""
    values, places = z[:, : len(TITLES)].topk(2, dim=1)
    return z.scatter(1, places[:, 1:], torch.maximum(values[:, 1:], values[:, :1] - gaps[:, None]))


def factors_of(person: drawing.Person) -> NDArray[np.float32]:
    """Landmarks, pose, hair, colours and amounts as they are, words as one number each that is 1 for the one: `[F]`."""
    told = asdict(person)
    mole = told.pop("mole")
    told.pop("seed")
    found: list[float] = [float(mole is not None), *(mole or (0.0, 0.0))]
    for name, value in (*told.pop("hair").items(), *told.pop("pose").items(), *told.items()):
        if name in _WORDS:
            found += [float(value == word) for word in _WORDS[name]]
        else:
            found += np.ravel(value).tolist()
    return np.array(found, dtype=np.float32)


@dataclass(frozen=True)
class People:
    """Persons as z, float32 [N, width], and as factors, float32 [N, F]."""

    z: Tensor
    factors: Tensor


def people_of(seeds: Sequence[int], width: int, *, kept_in: Path | None = None, progress: bool = False) -> People:
    """The persons of these seeds; about 4 ms each, so their factors may be kept in a file for the next call."""
    z = np.stack([z_of_seed(seed, width) for seed in seeds])
    factors = np.load(kept_in) if kept_in is not None and kept_in.is_file() else None
    if factors is None or len(factors) != len(z):
        persons = (drawing.person_of(one, len(TITLES)).person for one in z)
        bar = tqdm(persons, desc="making up persons", total=len(z), disable=not progress)
        factors = np.stack([factors_of(person) for person in bar])
        if kept_in is not None:
            kept_in.parent.mkdir(parents=True, exist_ok=True)
            with replacing(kept_in) as draft, draft.open("wb") as file:
                np.save(file, factors)
    return People(torch.from_numpy(z.astype(np.float32)), torch.from_numpy(factors))


def unknown_people(seeds: Sequence[int], width: int) -> People:
    """The z of these seeds, with factors of 0, for those who need no factors; takes no time."""
    z = np.stack([z_of_seed(seed, width) for seed in seeds])
    one = factors_of(drawing.person_of(z[0], len(TITLES)).person)
    return People(torch.from_numpy(z.astype(np.float32)), torch.zeros(len(z), len(one)))


def titles_of(z: Tensor) -> Tensor:
    """The title that z [N, D] stands for, int64 [N]."""
    return z[:, : len(TITLES)].argmax(dim=1)


def drawn_of(z: Tensor, size: int, *, others: Tensor | None = None, from_group: int = 0) -> Tensor:
    """The pictures that z [N, D] stands for, uint8 [N, 3, size, size].

    others : titles [N], whose groups from number `from_group` on replace those of z's own title.
    """
    pictures = []
    for row, one in enumerate(z.double().cpu().numpy()):
        found = drawing.person_of(one, len(TITLES))
        title = drawing.TITLES[TITLES[found.title]]
        if others is not None:
            title = title.mixed(drawing.TITLES[TITLES[int(others[row])]], from_group)
        pictures.append(torch.from_numpy(np.array(drawing.draw(found.person, title, size))).permute(2, 0, 1))
    return torch.stack(pictures)
