"""Scenes and recipes: frozen descriptions of a picture that can be hashed, rendered, written as JSON and read back.

A scene is a tree of two kinds of nodes. A *code* describes a tensor: that of a seed, a stored one, a mixture of two
others. A *picture* describes what is drawn from codes: a face, a photo's structure in a style, a sheet of pictures.
`renderer` evaluates them; this module only describes.

A recipe, a scene and its models, is stored in a PNG's metadata and may come from a stranger. It contains registry names
with their sha256, numbers and codes, never a path, an address or a photo. Reading it is strictly limited in size and
depth, and anything unknown is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .._version import __version__
from ..errors import BadInputError

BLANK = "#b0b0b0"  # of a cell without a picture: seen on a light page and on a dark one
KEY = "webtoonfaces"  # the key of the recipe in a PNG's metadata
FORMAT = 1
MOST_NODES, MOST_DEPTH, MOST_BYTES = 2000, 40, 4 * 2**20
MOST_PIXELS, MOST_CELL = 64_000_000, 1024  # of all sheets together; px, the side of a cell
MOST_SIDES = 4  # of a stored tensor: [N, C, h, w]


class RecipeError(BadInputError):
    """A recipe that is missing, damaged, too large, or from a newer version."""


@dataclass(frozen=True)
class Seed:
    """StyleGAN2's code of a seed: [1, L, D]."""

    seed: int
    psi: float = 0.7
    cutoff: int | None = None


@dataclass(frozen=True)
class Stored:
    """A stored tensor: float32, its bytes as base64."""

    data: str
    shape: tuple[int, ...]

    @staticmethod
    def of(array: np.ndarray) -> Stored:
        array = np.ascontiguousarray(array, dtype="<f4")
        return Stored(base64.b64encode(array.tobytes()).decode(), tuple(array.shape))

    def array(self) -> np.ndarray:
        """float32 of `shape`; RecipeError if the bytes are damaged, do not fit `shape`, or contain NaN or infinity."""
        try:
            raw = base64.b64decode(self.data, validate=True)
        except (binascii.Error, ValueError) as error:  # the latter for letters beyond ASCII
            raise RecipeError("A stored code in this recipe is damaged.") from error
        sides = len(self.shape) <= MOST_SIDES and all(side >= 1 for side in self.shape)
        if not sides or len(raw) != 4 * math.prod(self.shape):
            raise RecipeError("A stored code in this recipe is damaged: its data do not have the stated size.")
        array = np.frombuffer(raw, dtype="<f4").reshape(self.shape).astype(np.float32)
        if not np.isfinite(array).all():
            raise RecipeError("A stored code in this recipe contains NaN or infinity.")
        return array


@dataclass(frozen=True)
class Blend:
    """A code between two others: t = 0 is `a`, 1 is `b`."""

    a: Code
    b: Code
    t: float
    method: str = "lerp"


@dataclass(frozen=True)
class Layers:
    """`b` at some layers, each with its strength; `a` elsewhere."""

    a: Code
    b: Code
    layers: tuple[int, ...]
    strengths: tuple[float, ...]


@dataclass(frozen=True)
class SwapAt:
    """The first `location` layers from `a`, the rest from `b`."""

    a: Code
    b: Code
    location: float


@dataclass(frozen=True)
class StyleOf:
    """The Swapping Autoencoder's style of the face that a StyleGAN2 code draws."""

    face: Code


@dataclass(frozen=True)
class StructureOf:
    """The Swapping Autoencoder's structure of the face that a StyleGAN2 code draws."""

    face: Code


Code = Seed | Stored | Blend | Layers | SwapAt | StyleOf | StructureOf


@dataclass(frozen=True)
class Face:
    """The picture that StyleGAN2 draws from a code."""

    code: Code
    noise: str = "const"


@dataclass(frozen=True)
class Decoded:
    """The picture that the Swapping Autoencoder draws from a structure and a style."""

    structure: Code
    style: Code
    noise: str = "none"


@dataclass(frozen=True)
class Enlarged:
    """A picture that a model draws, enlarged four times by the upscaler."""

    picture: Face | Decoded


@dataclass(frozen=True)
class Sheet:
    """Pictures arranged row by row; None leaves a cell blank. `cell` is the side of a cell in px."""

    cells: tuple[Picture | None, ...]
    columns: int
    cell: int = 128


Picture = Face | Decoded | Enlarged | Sheet
_KINDS = {cls.__name__: cls for cls in (*typing.get_args(Code), *typing.get_args(Picture))}
_KINDS_READ = {**_KINDS, "Redrawn": Decoded}  # the name of `Decoded` in the first PNGs


@dataclass(frozen=True)
class Model:
    """A model as a recipe names it: `name` is the registry's, or "" for another file."""

    family: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Recipe:
    """A scene and the models that drew it."""

    picture: Picture
    models: tuple[Model, ...]
    version: str = __version__

    def to_json(self) -> str:
        """One line of JSON; RecipeError if it is too large to be read back."""
        content = {
            "format": FORMAT,
            "version": self.version,
            "models": [{"family": m.family, "name": m.name, "sha256": m.sha256} for m in self.models],
            "picture": _write(self.picture),
        }
        text = json.dumps(content, separators=(",", ":"), allow_nan=False)
        if len(text) > MOST_BYTES or sum(1 for _ in walk(self.picture)) > MOST_NODES:
            raise RecipeError("This picture has too many parts to save its recipe. Save a part of it.")
        return text

    @staticmethod
    def from_json(text: str) -> Recipe:
        """Read a recipe, which may come from a stranger. Raises RecipeError, which says what is wrong with it."""
        if len(text) > MOST_BYTES:
            raise RecipeError(
                f"This recipe is larger than {MOST_BYTES // 2**20} MiB, so webtoonfaces did not write it."
            )
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RecipeError("This recipe is damaged: it is not JSON.") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise RecipeError(
                "This recipe is from another version of webtoonfaces or from another program. Try to update "
                "webtoonfaces."
            )
        reader = _Reader()
        picture = reader.read(content.get("picture"), Picture, depth=0)
        pixels = sum(_pixels(sheet) for sheet in walk(picture) if isinstance(sheet, Sheet))
        if pixels > MOST_PIXELS:
            raise RecipeError(f"This recipe is of a sheet of more than {MOST_PIXELS // 10**6} megapixels.")
        models = content.get("models")
        if not isinstance(models, list) or len(models) > 8:
            raise RecipeError("This recipe is damaged: it has no list of models.")
        return Recipe(picture, tuple(_model(m) for m in models), _told(content.get("version")).strip("'"))


def _pixels(sheet: Sheet) -> int:
    """How many pixels a sheet from a stranger would have. Raises RecipeError for one that cannot be laid out."""
    if not 1 <= sheet.columns <= MOST_NODES or not 1 <= sheet.cell <= MOST_CELL or not sheet.cells:
        raise RecipeError(
            f"This recipe is of a sheet of {len(sheet.cells)} cells in {sheet.columns} columns, each of {sheet.cell} "
            f"px. A sheet has at most {MOST_NODES} columns, and cells of 1 to {MOST_CELL} px."
        )
    return sheet.columns * -(-len(sheet.cells) // sheet.columns) * sheet.cell**2


def enlarged(picture: Picture) -> Picture:
    """The picture as the upscaler enlarges it; of a sheet, each of its cells, in cells that are four times as large."""
    if isinstance(picture, Sheet):
        cells = tuple(None if cell is None else enlarged(cell) for cell in picture.cells)
        return Sheet(cells, picture.columns, min(4 * picture.cell, MOST_CELL))
    return Enlarged(picture) if isinstance(picture, Face | Decoded) else picture


def walk(node: Any) -> Iterator[Any]:
    """Every node of a scene, the scene itself first."""
    yield node
    if isinstance(node, tuple):
        for part in node:
            if part is not None and not isinstance(part, (int, float)):
                yield from walk(part)
    elif type(node).__name__ in _KINDS and not isinstance(node, Stored):
        for field in fields(node):
            value = getattr(node, field.name)
            if isinstance(value, tuple) or type(value).__name__ in _KINDS:
                yield from walk(value)


def grid(
    corners: tuple[Code, Code, Code, Code], *, rows: int, cols: int, method: str = "lerp", cell: int = 128
) -> Sheet:
    """The sheet between four corners (top left, top right, bottom left, bottom right)."""
    cells = []
    for i in range(rows):
        for j in range(cols):
            cells.append(Face(between(corners, j / max(1, cols - 1), i / max(1, rows - 1), method=method)))
    return Sheet(tuple(cells), cols, cell)


def matrix(rows: Sequence[Code], columns: Sequence[Code], *, start: int, cell: int = 128) -> Sheet:
    """The sheet of rows mixed with columns: each column's code from layer `start` on, and the row's before it.

    The first row and the first column show the codes themselves, and the corner between them is blank.
    """
    cells: list[Picture | None] = [None, *(Face(column) for column in columns)]
    for row in rows:
        cells += [Face(row), *(Face(SwapAt(row, column, float(start))) for column in columns)]
    return Sheet(tuple(cells), 1 + len(columns), cell)


def between(corners: tuple[Code, Code, Code, Code], x: float, y: float, *, method: str = "lerp") -> Code:
    """The code at (x, y) in the unit square between four corners; (0, 0) is top left."""
    left, right = Blend(corners[0], corners[2], y, method), Blend(corners[1], corners[3], y, method)
    return Blend(left, right, x, method)


def _model(content: Any) -> Model:
    if not isinstance(content, dict) or not all(isinstance(content.get(k), str) for k in ("family", "name", "sha256")):
        raise RecipeError("This recipe is damaged: it does not name its models.")
    if (
        len(content["sha256"]) != 64
        or len(content["name"]) > 64
        or content["family"] not in ("stylegan2", "swapae", "upscaler")
    ):
        raise RecipeError("This recipe is damaged: it names a model in an unknown way.")
    return Model(content["family"], content["name"], content["sha256"])


def _write(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_write(part) for part in value]
    if type(value).__name__ in _KINDS:
        return {"is": type(value).__name__} | {f.name: _write(getattr(value, f.name)) for f in fields(value)}
    return value


def _told(value: Any) -> str:
    """A value in a message: short, and never the whole of something nested."""
    return f"a {type(value).__name__}" if isinstance(value, (dict, list)) else repr(value)[:40]


class _Reader:
    """Builds the nodes of a scene from JSON by the types of their fields, within limits."""

    def __init__(self) -> None:
        self.nodes = 0

    def read(self, value: Any, wanted: Any, *, depth: int) -> Any:
        self.nodes += 1
        if depth > MOST_DEPTH or self.nodes > 20 * MOST_NODES:
            raise RecipeError("This recipe is nested too deeply or has too many parts.")
        allowed = typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,)
        if isinstance(value, dict):
            kind = _KINDS_READ.get(str(value.get("is")))
            if kind is None or kind not in allowed:
                raise RecipeError(f"This recipe contains {_told(value.get('is'))} in a place where none can be.")
            hints = typing.get_type_hints(kind)
            parts = {name: self.read(value.get(name), hint, depth=depth + 1) for name, hint in hints.items()}
            return kind(**parts)
        for option in allowed:
            if typing.get_origin(option) is tuple and isinstance(value, list):
                return tuple(self.read(v, typing.get_args(option)[0], depth=depth + 1) for v in value[: MOST_NODES + 1])
            if option is float and isinstance(value, (int, float)) and not isinstance(value, bool):
                if not abs(value) <= 1e6:  # also for NaN
                    raise RecipeError("This recipe contains NaN, infinity or a number that is too large.")
                return float(value)
            if option is int and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**32:
                return value
            if option is type(None) and value is None:
                return None
            if option is str and isinstance(value, str):
                return value
        raise RecipeError(f"This recipe contains {_told(value)} in place of another kind of value.")
