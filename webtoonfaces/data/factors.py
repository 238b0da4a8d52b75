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
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from webtoonfaces import drawing
from webtoonfaces.drawing.people import PLACE, SEXES, words_of
from webtoonfaces.drawing.person import ACCESSORIES, COLLARS, EARRINGS, GLASSES, TIES
from webtoonfaces.files import replacing

TITLES = tuple(drawing.TITLES)
Z_DIM = drawing.Z_DIM  # numbers of z that say who is drawn, and in which title
MILLION = 1_000_000  # shares are counted in millionths, as `models.choices` does
_EVERY = words_of(0.0)
CHOICES = (len(TITLES), len(_EVERY), max(map(len, _EVERY.values())))  # of a generator whose z stands for persons
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


def choice_tables() -> dict[str, Tensor]:
    """Where numbers of z choose a title or a word, as `person_of` reads them, for `models.choices.Choices`."""
    names, most = list(_EVERY), CHOICES[2]
    edges = np.full((2, len(names), most), 2 * MILLION)  # beyond any share: no word
    for row, name in enumerate(names):
        first, last = (np.cumsum([0.0, *(share for _, share in words_of(sex)[name][:-1])]) for sex in (0.0, 1.0))
        edges[0, row, : len(first)] = np.rint(MILLION * first)
        edges[1, row, : len(first)] = np.rint(MILLION * (last - first))
    edges[1, edges[0] == 2 * MILLION] = 0
    return {
        "titles": torch.arange(len(TITLES)),
        "words": torch.tensor([PLACE[name] for name in names]),
        "edges": torch.from_numpy(edges),
        "lever": torch.tensor([PLACE["masculinity"], *(round(MILLION * edge) for edge in SEXES)]),
    }


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
    """Persons as z, float32 [N, width], and as factors, float32 [N, F], where these are asked for."""

    z: Tensor
    factors: Tensor | None = None

    def to(self, device: torch.device) -> People:
        return People(self.z.to(device), None if self.factors is None else self.factors.to(device))


def z_of_seeds(seeds: Sequence[int], width: int) -> People:
    """The persons of these seeds, without their factors; takes no time."""
    return People(torch.from_numpy(np.stack([z_of_seed(seed, width) for seed in seeds]).astype(np.float32)))


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
