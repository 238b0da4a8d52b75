"""A picture's expression as the notebook cell that draws it: plain calls, the same pixels.

What cannot be spelled out, a code that came with an upload or off the shelf, is drawn from a saved PNG instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import recipe as r
from .renderer import Renderer

SCALE = """
def as_large(images):  # as AE was trained
    return F.interpolate(images, ({size}, {size}), mode="bicubic", antialias=True).clamp(-1, 1)
"""


@dataclass(frozen=True)
class Spelling:
    """Python for a pair of codes (structure, style), and which of the two is meant: 0 or 1."""

    pair: str
    part: int


class _UnspeakableError(Exception):
    """A code that no call makes."""


def python_cell(
    picture: r.Picture,
    renderer: Renderer,
    *,
    spellings: Mapping[r.Stored, Spelling] | None = None,
    saved: str = "picture.png",
) -> str:
    """The cell whose last line is `picture`.

    spellings : calls for kept codes that have one, such as those of a file.
    saved : the PNG that it reads where something has none; the cell says so.
    """
    writer = _Writer(renderer, spellings or {})
    try:
        last = writer.picture(picture)
    except _UnspeakableError:
        return _replayed(picture, renderer, saved)
    return "\n".join([*writer.head(), "", *writer.lines, last])


def load_line(renderer: Renderer, family: str) -> str:
    """The line that loads a model: `G = ...` or `AE = ...`."""
    swaps = family == "swapae"
    weights = renderer.swapae.weights if swaps else renderer.generator.weights
    source = (weights.name or str(weights.path)) if weights else "path/of/your/model.pt"
    return f"{'AE' if swaps else 'G'} = wf.load_{family}({source!r})"


def _replayed(picture: r.Picture, renderer: Renderer, saved: str) -> str:
    """The recipe names registered models; others have to be handed over."""
    models = [model for model in renderer.recipe(picture).models if not model.name]
    loads = [load_line(renderer, model.family) for model in models]
    given = "".join(f", {'generator=G' if m.family == 'stylegan2' else 'swapae=AE'}" for m in models)
    lines = ["# Save the picture first: a part of it, an upload or a kept code, cannot be written as a call.", *loads]
    return "\n".join(["import webtoonfaces as wf", "", *lines, f"wf.replay({saved!r}{given})"])


class _Writer:
    """Gives every code that an expression is made of a variable, each once."""

    def __init__(self, renderer: Renderer, spellings: Mapping[r.Stored, Spelling]):
        self._renderer, self._spellings = renderer, spellings
        self.lines: list[str] = []
        self._names: dict[Any, str] = {}
        self._count: Counter[str] = Counter()
        self._models: set[str] = set()

    def head(self) -> list[str]:
        text = "\n".join(self.lines)
        imports = [
            line
            for line, sign in (
                ("import torch", "torch."),
                ("import torch.nn.functional as F", "as_large("),
                ("from PIL import Image", "Image."),
            )
            if sign in text
        ]
        loads = [load_line(self._renderer, family) for family in ("stylegan2", "swapae") if family in self._models]
        helper = [SCALE.format(size=self._renderer.swapae.size)] if "as_large(" in text else []
        return [*imports, "import webtoonfaces as wf", "", *loads, *helper]

    def picture(self, picture: r.Picture) -> str:
        match picture:
            case r.Face(code, noise):
                self._models.add("stylegan2")
                return f"G.render({self._code(code)}{_noise(noise, 'const')})[0]"
            case r.Decoded(structure, style, noise):
                self._models.add("swapae")
                return f"AE.render({self._code(structure)}, {self._code(style)}{_noise(noise, 'none')})[0]"
        raise _UnspeakableError

    def _code(self, code: r.Code) -> str:
        match code:
            case r.Seed(seed, psi, cutoff):
                self._models.add("stylegan2")
                most = "" if cutoff is None else f", truncation_cutoff={cutoff}"
                return self._named(code, "w", lambda: f"G.sample_ws([{seed}], truncation_psi={psi!r}{most})")
            case r.Blend(a, b, t, method):
                way = "torch.lerp" if is_structure(a) or is_structure(b) else f"wf.{method}"
                return self._named(code, "between", lambda: f"{way}({self._code(a)}, {self._code(b)}, {t!r})")
            case r.Layers(a, b, layers, strengths):
                most = "" if set(strengths) <= {1.0} else f", strength={list(strengths)}"
                chosen = f"layers={list(layers)}{most}"
                return self._named(code, "mixed", lambda: f"wf.swap_layers({self._code(a)}, {self._code(b)}, {chosen})")
            case r.SwapAt(a, b, location):
                return self._named(
                    code, "swapped", lambda: f"wf.swap_at({self._code(a)}, {self._code(b)}, location={location!r})"
                )
            case r.StructureOf(face):
                return self._pair(face, lambda: self._encoded(face), 0)
            case r.StyleOf(face):
                return self._pair(face, lambda: self._encoded(face), 1)
            case r.Stored() if code in self._spellings:
                found = self._spellings[code]
                self._models.add("swapae")
                return self._pair(found.pair, lambda: found.pair, found.part)
        raise _UnspeakableError

    def _encoded(self, face: r.Code) -> str:
        self._models.add("swapae")
        images = f"G.synthesis({self._code(face)}).clamp(-1, 1)"
        same = self._renderer.generator.size == self._renderer.swapae.size
        return f"AE.encode({images})" if same else f"AE.encode(as_large({images}))"

    def _named(self, key: Any, kind: str, make: Callable[[], str]) -> str:
        if key not in self._names:
            text = make()
            self._count[kind] += 1
            self._names[key] = f"{kind}{self._count[kind]}"
            self.lines.append(f"{self._names[key]} = {text}")
        return self._names[key]

    def _pair(self, key: Any, make: Callable[[], str], part: int) -> str:
        if ("pair", key) not in self._names:
            text = make()
            self._count["pair"] += 1
            number = str(self._count["pair"])
            self._names[("pair", key)] = number
            self.lines.append(f"structure{number}, style{number} = {text}")
        return ("structure", "style")[part] + self._names[("pair", key)]


def is_structure(code: r.Code) -> bool:
    """Whether a code is a structure [1, C, h, w], by its expression alone."""
    match code:
        case r.StructureOf():
            return True
        case r.Stored():
            return len(code.shape) == 4
        case r.Blend(a, _):
            return is_structure(a)
    return False


def _noise(noise: str, usual: str) -> str:
    return "" if noise == usual else f", noise_mode={noise!r}"
