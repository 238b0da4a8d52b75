"""The same drawings at two sizes: exact pairs for learning to enlarge."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from webtoonfaces import drawing
from webtoonfaces.data.pairs import Pairs
from webtoonfaces.errors import BadInputError

FACTOR = 4


class SmallPictures(Dataset[tuple[Tensor, int]]):
    """The persons of a data set, drawn at a quarter of its size; item i is person and title as in `Pairs`.

    pictures : uint8 [N, 3, size, size], `size` a quarter of that of `large`.

    Raises BadInputError for a data set that does not say who its persons are, or whose size is no multiple of 4.
    """

    def __init__(self, large: Pairs, *, progress: bool = False):
        if large.size % FACTOR or set(large.names) - large.persons.keys():
            raise BadInputError(
                f"{large.path} is no data set that the upscaler can learn from: it is of persons drawn by "
                "`webtoonfaces data drawn --size 512`, whose file persons.jsonl says who they are."
            )
        self.large, self.size = large, large.size // FACTOR
        self.pictures = torch.empty(len(large), 3, self.size, self.size, dtype=torch.uint8)
        for index in tqdm(range(len(large)), desc="drawing small", unit="picture", disable=not progress):
            row, column = divmod(index, len(large.titles))
            title = drawing.TITLES[large.titles[column]]
            drawn = np.array(drawing.draw(large.persons[large.names[row]], title, self.size))
            self.pictures[index] = torch.from_numpy(drawn).permute(2, 0, 1)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.pictures[index], index

    def large_of(self, index: int) -> Tensor:
        """The picture of item `index` in full, uint8 [3, 4 size, 4 size]."""
        return self.large[index][0]
