"""Rendering a scene to a picture, or to an error that is returned, not raised. Independent of any widget.

The renderer caches codes, the cells of sheets, and the activations before the layer that changed. During a drag,
explorers ask for drafts; the renderer chooses their size so that the measured times stay within a budget.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from .. import codes
from ..errors import BadInputError, WebtoonFacesError
from ..images import contact_sheet, scaled, to_pil
from ..pretrained.generators import Prefix, StyleGAN2, SwappingAutoencoder
from ..pretrained.upscaler import FACTOR, Upscaler, as_upscaler
from . import recipe as r

Value = TypeVar("Value")
BUDGET_S = 0.08  # for a draft: twelve frames a second still look like motion
SMALLEST_DRAFT = 32  # px
KEPT_CODES, KEPT_CELLS = 512, 600


@dataclass(frozen=True)
class Request:
    """The scene to draw, and whether a draft is enough."""

    picture: r.Picture
    draft: bool = False


@dataclass(frozen=True)
class Rendered:
    """A picture, or an error message with its traceback, and the time it took.

    `draft` : whether it is less than the full picture; a fast model draws the full one even if a draft was requested.
    """

    picture: Image.Image | None
    seconds: float
    draft: bool = False
    error: str = ""
    traceback: str = ""


class _Kept(Generic[Value]):
    """A cache of the `most` values used last."""

    def __init__(self, most: int):
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._most = most

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = self._values[key] = make()
        while len(self._values) > self._most:
            self._values.popitem(last=False)
        return value


class Renderer:
    """Draws scenes with a StyleGAN2, a Swapping Autoencoder, or both. Safe to call from several threads."""

    def __init__(
        self,
        generator: StyleGAN2 | None = None,
        swapae: SwappingAutoencoder | None = None,
        *,
        upscaler: Upscaler | None = None,
        budget: float = BUDGET_S,
    ):
        """upscaler : what enlarges pictures; None loads the embedded one when a picture first needs it."""
        if not isinstance(generator, StyleGAN2 | None) or not isinstance(swapae, SwappingAutoencoder | None):
            raise BadInputError(
                "A StyleGAN2 and a Swapping Autoencoder are needed, each in its place in the call, but "
                f"{generator!r} and {swapae!r} were given."
            )
        self._generator, self._swapae, self._upscaler = generator, swapae, upscaler
        self.budget = budget
        self._lock = threading.RLock()
        self._codes: _Kept[Tensor] = _Kept(KEPT_CODES)
        self._cells: _Kept[Image.Image] = _Kept(KEPT_CELLS)
        self._face_prefix = Prefix()
        self._swap_prefixes = {False: Prefix(), True: Prefix()}  # of drafts: True; their maps have other sides
        self._seconds: dict[tuple[str, int], float] = {}  # (model, side) -> measured, smoothed
        self._reduced = False  # whether what is being drawn is less than the full picture

    @property
    def generator(self) -> StyleGAN2:
        if self._generator is None:
            raise BadInputError("This picture needs a StyleGAN2, and none was given. Pass generator=.")
        return self._generator

    @property
    def swapae(self) -> SwappingAutoencoder:
        if self._swapae is None:
            raise BadInputError("This picture needs a Swapping Autoencoder, and none was given. Pass swapae=.")
        return self._swapae

    @property
    def upscaler(self) -> Upscaler:
        if self._upscaler is None:
            self._upscaler = as_upscaler(True)
        return self._upscaler  # type: ignore[return-value]

    def render(self, request: Request) -> Rendered:
        """Draw a scene; an error is returned in the result, never raised."""
        started = time.perf_counter()
        try:
            with self._lock:
                self._reduced = False
                picture = self.draw(request.picture, draft=request.draft)
                reduced = self._reduced
        except Exception as error:  # a widget shows the result, so every error belongs in it
            told = str(error) if isinstance(error, WebtoonFacesError) else f"{type(error).__name__}: {error}"
            return Rendered(None, time.perf_counter() - started, request.draft, told, traceback.format_exc())
        return Rendered(picture, time.perf_counter() - started, reduced)

    def draw(self, picture: r.Picture, *, draft: bool = False) -> Image.Image:
        """The picture of a scene; errors are raised."""
        with self._lock:
            if isinstance(picture, r.Sheet):
                return self._sheet(picture, draft)
            if isinstance(picture, r.Enlarged):
                return self._enlarged(picture, draft)
            if isinstance(picture, r.Face):
                return self._face(picture, draft)
            return self._decoded(picture, draft)

    def code(self, code: r.Code) -> Tensor:
        """The tensor of a code, on the CPU, like stored codes: ws [1, L, D], or a structure [1, C, h, w]."""
        return self._codes.get(code, lambda: self._evaluate(code).cpu())

    def side(self, picture: r.Picture) -> int:
        """The longer side in px of what `draw` gives; of a sheet, that of a cell."""
        match picture:
            case r.Face():
                return self.generator.size
            case r.Decoded(structure=structure):
                return self.swapae.cell * max(self.code(structure).shape[2:])
            case r.Enlarged(inner):
                return FACTOR * self.side(inner)
        return picture.cell

    def ws(self, picture: r.Picture) -> Tensor:
        """The StyleGAN2 codes of a picture, a copy on the CPU: [N, L, D], one for each face in it, row by row."""
        cells = picture.cells if isinstance(picture, r.Sheet) else (picture,)
        plain = [cell.picture if isinstance(cell, r.Enlarged) else cell for cell in cells]
        return torch.cat([self.code(cell.code) for cell in plain if isinstance(cell, r.Face)])

    def recipe(self, picture: r.Picture) -> r.Recipe:
        """The recipe of a scene, for the metadata of its PNG."""
        used = []
        nodes = list(r.walk(picture))
        if any(isinstance(node, (r.Face, r.Seed, r.StyleOf, r.StructureOf)) for node in nodes):
            used.append(("stylegan2", self.generator.weights))
        if any(isinstance(node, (r.Decoded, r.StyleOf, r.StructureOf)) for node in nodes):
            used.append(("swapae", self.swapae.weights))
        if any(isinstance(node, r.Enlarged) for node in nodes):
            used.append(("upscaler", self.upscaler.weights))
        models = [r.Model(family, w.name if w else "", w.sha256 if w else "0" * 64) for family, w in used]
        return r.Recipe(picture, tuple(models))

    def _evaluate(self, code: r.Code) -> Tensor:
        match code:
            case r.Seed(seed, psi, cutoff):
                return self.generator.sample_ws([seed], truncation_psi=psi, truncation_cutoff=cutoff)
            case r.Stored():
                if code.shape[:1] != (1,):
                    raise BadInputError(f"A stored code is of one picture, [1, ...], not {list(code.shape)}.")
                return torch.from_numpy(code.array())
            case r.Blend(a, b, t, method):
                if method not in ("lerp", "slerp"):
                    raise BadInputError(f"Codes are blended by 'lerp' or 'slerp', not {method!r}.")
                first, second = self.code(a), self.code(b)
                if first.ndim == 4 or second.ndim == 4:  # structures have no layers
                    if first.shape != second.shape:
                        raise BadInputError(
                            "Only structures of one shape can be blended. Crop both pictures to a square."
                        )
                    return torch.lerp(first, second, t)
                return (codes.lerp if method == "lerp" else codes.slerp)(first, second, t)
            case r.Layers(a, b, layers, strengths):
                return codes.swap_layers(self.code(a), self.code(b), layers=layers, strength=list(strengths))
            case r.SwapAt(a, b, location):
                return codes.swap_at(self.code(a), self.code(b), location=location)
            case r.StyleOf(face):
                return self._encoded(face)[1]
            case r.StructureOf(face):
                return self._encoded(face)[0]

    def _encoded(self, face: r.Code) -> tuple[Tensor, Tensor]:
        return self.swapae.encode(self.generator.synthesis(self.code(face)))

    def _face(self, face: r.Face, draft: bool) -> Image.Image:
        ws = self.code(face.code)
        side = self._draft_side("stylegan2", self.generator.size) if draft else self.generator.size
        with self._timed("stylegan2", side):
            prefix = self._face_prefix if face.noise != "random" else None
            images = self.generator.synthesis(ws, noise_mode=face.noise, max_size=side, prefix=prefix)
        picture = to_pil(images)[0]
        if side == self.generator.size:
            return picture
        self._reduced = True
        return scaled(picture, self.generator.size)

    def _decoded(self, picture: r.Decoded, draft: bool) -> Image.Image:
        swapae, structure, style = self.swapae, self.code(picture.structure), self.code(picture.style)
        if structure.ndim != 4:
            raise BadInputError(f"A structure code is [1, C, h, w], not {list(structure.shape)}.")
        side = swapae.cell * max(structure.shape[2:])
        halved = draft and self._draft_side("swapae", side) < side and min(structure.shape[2:]) >= 8
        if halved:
            # This network has no smaller outputs; a structure of half the size takes a quarter of the work.
            structure = F.interpolate(structure, scale_factor=0.5, mode="area")
        with self._timed("swapae", self.swapae.cell * max(structure.shape[2:])):
            prefix = self._swap_prefixes[halved] if picture.noise != "random" else None
            images = swapae.decode(structure, style, noise_mode=picture.noise, prefix=prefix)
        drawn = to_pil(images)[0]
        if max(drawn.size) == side:
            return drawn
        self._reduced = True
        return scaled(drawn, side)

    def _enlarged(self, picture: r.Enlarged, draft: bool) -> Image.Image:
        drawn = self.draw(picture.picture, draft=draft)
        if not draft:
            return self.upscaler.enlarged(drawn)
        self._reduced = True
        return drawn

    def _sheet(self, sheet: r.Sheet, draft: bool) -> Image.Image:
        drawn: list[Image.Image | None] = []
        stride = self._draft_stride(sheet) if draft else 1
        for index, cell in enumerate(sheet.cells):
            if cell is None:
                drawn.append(None)
                continue
            row, column = divmod(index, sheet.columns)
            row, column = row - row % stride, column - column % stride
            stand_in = sheet.cells[row * sheet.columns + column] or cell
            self._reduced |= stand_in != cell
            drawn.append(
                self._cells.get((stand_in, sheet.cell), lambda: scaled(self.draw(stand_in), sheet.cell))  # noqa: B023
            )
        return contact_sheet(drawn, columns=sheet.columns, cell=sheet.cell, background=r.BLANK)

    def _draft_stride(self, sheet: r.Sheet) -> int:
        """1 to draw every cell; 2 to 4 to draw only every second to fourth row and column, shown for the others too."""
        known = [seconds for (_, _), seconds in self._seconds.items()]
        each = max(known, default=0.0)
        for stride in (1, 2, 3):
            if each * len(sheet.cells) / stride**2 <= self.budget:
                return stride
        return 4

    def _draft_side(self, model: str, full: int) -> int:
        """The largest side whose picture is drawn within the budget, according to the times measured so far."""
        side = full
        while side > SMALLEST_DRAFT:
            seconds = self._seconds.get((model, side))
            if seconds is None:
                larger = self._seconds.get((model, 2 * side))
                if larger is None or larger / 3 <= self.budget:  # a quarter of the pixels, plus constant costs
                    return side
            elif seconds <= self.budget:
                return side
            side //= 2
        return side

    @contextmanager
    def _timed(self, model: str, side: int) -> Iterator[None]:
        """Measure a block of code that succeeds, smoothed with earlier measurements."""
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self._seconds[model, side] = 0.7 * self._seconds.get((model, side), seconds) + 0.3 * seconds


def check_models(taker: str, *, generator: Any = None, swapae: Any = None) -> None:
    """BadInputError if `taker` was given the name of a model, or a model of the other kind."""
    for given, other, kind, load in (
        (generator, SwappingAutoencoder, "a StyleGAN2", "G = wf.load_stylegan2"),
        (swapae, StyleGAN2, "a Swapping Autoencoder", "AE = wf.load_swapae"),
    ):
        if isinstance(given, (str, other)):
            raise BadInputError(f"{taker} takes {kind} here, not {given!r}. Load one: {load}('demo').")
