"""A scene as the notebook cell that draws it: plain calls that make the same pixels. All text of such cells is here.

A code that came with an upload or off the shelf has no call that makes it; such a scene is drawn from a saved PNG.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ..pretrained.networks import Handle
from . import recipe as r
from .renderer import Renderer


@dataclass(frozen=True)
class PhotoFile:
    """A picture that is read from a path; an `uploaded` one is in the user's hands, and its path is only a name."""

    path: str
    uploaded: bool = False


@dataclass(frozen=True)
class ExamplePhoto:
    """The photo that comes with webtoonfaces."""


@dataclass(frozen=True)
class FaceOf:
    """A face that is cut out of a photo as `size` x `size` px: the one in `box`, or the one at `index` of all found.

    Where both are None it is the most prominent one.
    """

    photo: PhotoFile | ExamplePhoto
    size: int
    box: tuple[float, float, float, float] | None = None
    index: int | None = None


@dataclass(frozen=True)
class CartoonOf:
    """A face as the cartoon that `model` makes of it."""

    face: FaceOf
    model: str


@dataclass(frozen=True)
class PortraitOf:
    """A face as it is drawn in a title."""

    face: FaceOf
    title: str


Source: TypeAlias = PhotoFile | ExamplePhoto | FaceOf | CartoonOf | PortraitOf


@dataclass(frozen=True)
class Snippet:
    """How a kept code was made: it is the structure (`part` 0) or the style (1) of an encoded picture."""

    source: Source
    part: int


class _NoCallError(Exception):
    """A code that no call makes."""


def python_cell(
    scene: r.Picture,
    renderer: Renderer,
    *,
    snippets: Mapping[r.Stored, Snippet] | None = None,
    saved: str = "picture.png",
) -> str:
    """The cell whose last line is the picture of `scene`.

    snippets : how kept codes were made, where that is known, such as those of a file.
    saved : the PNG that the cell reads where some code has no call; the cell says so.
    """
    known = snippets or {}
    here = {code: snippet for code, snippet in known.items() if not _upload(snippet.source)}
    try:
        return _written(scene, renderer, here)
    except _NoCallError:
        pass
    try:
        called = _written(scene, renderer, known)
    except _NoCallError:
        return _replayed(scene, renderer, saved)
    names = sorted({name for snippet in known.values() if (name := _upload(snippet.source))})
    lines = [f"# {line}".rstrip() for line in called.splitlines() if line != "import webtoonfaces as wf" and line]
    before = [f"# With {' and '.join(names)} in this folder, these lines make it:", *lines, ""]
    return _replayed(scene, renderer, saved, before)


def portrait_cell(face: FaceOf | None, title: str) -> str:
    """The cell whose last line draws the portrait of a face; None: of a photo that no call opens."""
    if face is None:
        photo = ["# Put your photo here: the one on the screen was given in code.", 'photo = "photo.jpg"']
        return "\n".join(["import webtoonfaces as wf", "", *photo, f"wf.portrait(photo, title={title!r})"])
    name = _upload(face)
    uploaded = [f"# With {name} in this folder:"] if name else []
    return "\n".join(["import webtoonfaces as wf", "", *uploaded, f"wf.portrait({_aligned(face)}, title={title!r})"])


def _written(scene: r.Picture, renderer: Renderer, snippets: Mapping[r.Stored, Snippet]) -> str:
    writer = _Writer(renderer, snippets)
    last = writer.picture(scene)
    return "\n".join([*writer.head(), "", *writer.lines, last])


def _upload(source: Source) -> str:
    """The name of the upload that a source reads; "" where it reads none."""
    match source:
        case PhotoFile(path, uploaded):
            return path if uploaded else ""
        case FaceOf(photo=photo):
            return _upload(photo)
        case CartoonOf(face=face):
            return _upload(face)
    return ""


def _replayed(scene: r.Picture, renderer: Renderer, saved: str, before: Sequence[str] = ()) -> str:
    """The recipe names registered models; others have to be passed. `before` are lines above the call."""
    models = [model for model in renderer.recipe(scene).models if not model.name]
    loads = [_load(renderer, model.family) for model in models]
    names = {"stylegan2": "generator=G", "swapae": "swapae=AE", "upscaler": "upscaler=U"}
    given = "".join(f", {names[model.family]}" for model in models)
    lines = ["# Save the picture first: a part of it, an upload or a kept code, cannot be written as a call.", *loads]
    return "\n".join(["import webtoonfaces as wf", "", *before, *lines, f"wf.replay({saved!r}{given})"])


def _load(renderer: Renderer, family: str) -> str:
    """The line that loads a model: `G = ...`, `AE = ...` or `U = ...`."""
    handle: Handle = {"swapae": lambda: renderer.swapae, "upscaler": lambda: renderer.upscaler}.get(
        family, lambda: renderer.generator
    )()
    source = (handle.weights.name or str(handle.weights.path)) if handle.weights else "path/of/your/model.pt"
    name = {"swapae": "AE", "upscaler": "U"}.get(family, "G")
    return f"{name} = wf.load_{family}({source!r})"


class _Writer:
    """Gives every code that a scene is made of a variable, each once."""

    def __init__(self, renderer: Renderer, snippets: Mapping[r.Stored, Snippet]):
        self._renderer, self._snippets = renderer, snippets
        self.lines: list[str] = []
        self._names: dict[Hashable, str] = {}
        self._count: Counter[str] = Counter()
        self._uses_torch = False
        self._models: set[str] = set()

    def head(self) -> list[str]:
        """Imports, and the lines that load the models."""
        imports = ["import torch"] if self._uses_torch else []
        loads = [_load(self._renderer, family) for family in ("stylegan2", "swapae") if family in self._models]
        return [*imports, "import webtoonfaces as wf", "", *loads]

    # pictures

    def picture(self, scene: r.Picture) -> str:
        """The last line, which shows the picture."""
        match scene:
            case r.Sheet():
                if any(isinstance(cell, r.Enlarged) for cell in scene.cells):
                    plain = replace(scene, cells=tuple(_plain(cell) for cell in scene.cells))
                    if scene == r.Sheet(tuple(_large(cell) for cell in plain.cells), scene.columns, scene.cell):
                        more = self._upscale()
                        return self._grid(plain, more) or self._matrix(plain, more) or self._cells(scene)
                    return self._cells(scene)
                return self._grid(scene) or self._matrix(scene) or self._cells(scene)
            case r.Face():
                self._sample_together(scene)
                return self._face(scene)
            case r.Decoded():
                return self._webtoon(scene) or self._decoded(scene)
            case r.Enlarged(r.Face() as face):
                self._sample_together(face)
                return self._face(face, self._upscale())
            case r.Enlarged(r.Decoded() as decoded):
                return self._webtoon(decoded, self._upscale()) or self._decoded(decoded, self._upscale())
        raise _NoCallError

    def _upscale(self) -> str:
        """The option that enlarges what is drawn."""
        weights = self._renderer.upscaler.weights
        source = (weights.name or str(weights.path)) if weights else "path/of/your/upscaler.safetensors"
        return f", upscale={True if source == 'demo' else source!r}"

    def _face(self, face: r.Face, more: str = "") -> str:
        return f"{self._G}.render({self._code(face.code)}{_noise(face.noise, 'const')}{more})[0]"

    def _decoded(self, scene: r.Decoded, more: str = "") -> str:
        codes = f"{self._code(scene.structure)}, {self._code(scene.style)}"
        return f"{self._AE}.render({codes}{_noise(scene.noise, 'none')}{more})[0]"

    def _webtoon(self, scene: r.Decoded, more: str = "") -> str:
        """A photo's face in the style of a sample is what `face2webtoon` draws; "" for anything else."""
        match scene:
            case r.Decoded(r.Stored() as structure, r.SwapAt(r.Stored() as own, style, location), "none"):
                found, other = self._snippets.get(structure), self._snippets.get(own)
                if found is None or other is None or found.source != other.source:
                    return ""
                match style, found.source:
                    case r.StyleOf(r.Seed(seed, psi, None)), FaceOf() | CartoonOf() | PortraitOf() as source:
                        face, cartoon = _face_and_step(source)
                        options = f"swapae={self._AE}, generator={self._G}, locations=({location!r},)"
                        self.lines.append(f"face = {_aligned(face)}")
                        self.lines.append(
                            f"sheet = wf.face2webtoon(face, styles=[{seed}], {options}, "
                            f"truncation_psi={psi!r}{cartoon}{more})"
                        )
                        return "sheet.images[0][0]"
        return ""

    def _grid(self, sheet: r.Sheet, more: str = "") -> str:
        """The sheet between four corners; "" for anything else."""
        match sheet.cells[0]:
            case r.Face(r.Blend(r.Blend(a, c), r.Blend(b, d), _, method)):
                rows = len(sheet.cells) // sheet.columns
                corners = (a, b, c, d)
                if sheet != r.grid(corners, rows=rows, cols=sheet.columns, method=method, cell=sheet.cell):
                    return ""
                way = "" if method == "lerp" else f", method=wf.{method}"
                self.lines.append(f"ws = {self._stacked(corners)}")
                self.lines.append(f"grid = wf.interpolate(ws, rows={rows}, cols={sheet.columns}{way})")
                return f"wf.contact_sheet(G.render(grid, batch=1{more}), columns={sheet.columns}, cell={sheet.cell})"
        return ""

    def _matrix(self, sheet: r.Sheet, more: str = "") -> str:
        """The sheet of rows mixed with columns; "" for anything else."""
        columns = [cell.code for cell in sheet.cells[1 : sheet.columns] if isinstance(cell, r.Face)]
        rows = [cell.code for cell in sheet.cells[sheet.columns :: sheet.columns] if isinstance(cell, r.Face)]
        match sheet.cells[sheet.columns + 1 : sheet.columns + 2]:
            case (r.Face(r.SwapAt(location=location)),):
                start = int(location)
                if sheet != r.matrix(rows, columns, start=start, cell=sheet.cell):
                    return ""
                self.lines += [
                    f"rows = {self._stacked(rows)}",
                    f"columns = {self._stacked(columns)}",
                    f"cells = [None, *{self._G}.render(columns, batch=1{more})]",
                    "for row in rows.split(1):",
                    f"    mixed = wf.swap_at(row, columns, location={start})",
                    f"    cells += G.render(row{more}) + G.render(mixed, batch=1{more})",
                ]
                return f"wf.contact_sheet(cells, columns=1 + len(columns), cell={sheet.cell}, background={r.BLANK!r})"
        return ""

    def _cells(self, sheet: r.Sheet) -> str:
        """Any other sheet, cell by cell."""
        self.lines.append("cells = []")
        for cell in sheet.cells:
            plain, more = (cell.picture, self._upscale()) if isinstance(cell, r.Enlarged) else (cell, "")
            if plain is None:
                drawn = "None"
            elif isinstance(plain, r.Face):
                drawn = self._face(plain, more)
            elif isinstance(plain, r.Decoded):
                drawn = self._decoded(plain, more)
            else:  # a sheet of sheets
                raise _NoCallError
            self.lines.append(f"cells.append({drawn})")
        return f"wf.contact_sheet(cells, columns={sheet.columns}, cell={sheet.cell}, background={r.BLANK!r})"

    # codes

    @property
    def _G(self) -> str:  # noqa: N802
        self._models.add("stylegan2")
        return "G"

    @property
    def _AE(self) -> str:  # noqa: N802
        self._models.add("swapae")
        return "AE"

    def _code(self, code: r.Code) -> str:
        match code:
            case r.Seed():
                return self._named(code, "w", lambda: self._samples([code]))
            case r.Blend(a, b, t, method):
                way = "torch.lerp" if is_structure(a) or is_structure(b) else f"wf.{method}"
                if way == "torch.lerp":
                    self._uses_torch = True
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
                return self._part(face, lambda: self._encoded_sample(face), 0)
            case r.StyleOf(face):
                return self._part(face, lambda: self._encoded_sample(face), 1)
            case r.Stored() if code in self._snippets:
                found = self._snippets[code]
                return self._part(found.source, lambda: f"{self._AE}.encode({_opened(found.source)})", found.part)
        raise _NoCallError

    def _samples(self, seeds: Sequence[r.Seed]) -> str:
        """The call that samples seeds of one truncation."""
        cutoff = seeds[0].cutoff
        most = "" if cutoff is None else f", truncation_cutoff={cutoff}"
        numbers = [seed.seed for seed in seeds]
        return f"{self._G}.sample_ws({numbers}, truncation_psi={seeds[0].psi!r}{most})"

    def _sample_together(self, face: r.Face) -> None:
        """One call and one variable for all seeds of a face, where they share one truncation."""
        nodes = list(r.walk(face))
        match face.code:
            case r.Blend(r.Blend(a, c), r.Blend(b, d)):  # between four corners, which are numbered row by row
                nodes = [node for corner in (a, b, c, d) for node in r.walk(corner)]
        seeds = list(dict.fromkeys(node for node in nodes if isinstance(node, r.Seed)))
        if len(seeds) > 1 and len({(seed.psi, seed.cutoff) for seed in seeds}) == 1:
            self.lines.append(f"ws = {self._samples(seeds)}")
            self._names |= {seed: f"ws[{i}:{i + 1}]" for i, seed in enumerate(seeds)}

    def _stacked(self, codes: Sequence[r.Code]) -> str:
        """Several codes as one tensor [N, L, D]."""
        seeds = [code for code in codes if isinstance(code, r.Seed)]
        if len(seeds) == len(codes) and len({(seed.psi, seed.cutoff) for seed in seeds}) == 1:
            return self._samples(seeds)
        self._uses_torch = True
        return f"torch.cat([{', '.join(self._code(code) for code in codes)}])"

    def _encoded_sample(self, face: r.Code) -> str:
        return f"{self._AE}.encode({self._G}.synthesis({self._code(face)}))"

    def _named(self, key: r.Code, kind: str, make: Callable[[], str]) -> str:
        if key not in self._names:
            text = make()
            self._count[kind] += 1
            self._names[key] = f"{kind}{self._count[kind]}"
            self.lines.append(f"{self._names[key]} = {text}")
        return self._names[key]

    def _part(self, key: Hashable, make: Callable[[], str], part: int) -> str:
        """The structure (0) or the style (1) of something that is encoded once."""
        if ("pair", key) not in self._names:
            text = make()
            self._count["pair"] += 1
            number = str(self._count["pair"])
            self._names[("pair", key)] = number
            self.lines.append(f"structure{number}, style{number} = {text}")
        return ("structure", "style")[part] + self._names[("pair", key)]


def _plain(cell: r.Picture | None) -> r.Picture | None:
    return cell.picture if isinstance(cell, r.Enlarged) else cell


def _large(cell: r.Picture | None) -> r.Picture | None:
    return cell if cell is None else r.enlarged(cell)


def is_structure(code: r.Code) -> bool:
    """Whether a code is a structure [1, C, h, w], by the scene alone."""
    match code:
        case r.StructureOf():
            return True
        case r.Stored():
            return len(code.shape) == 4
        case r.Blend(a, _):
            return is_structure(a)
    return False


def _opened(source: Source) -> str:
    """The expression of a picture, as every function takes one."""
    match source:
        case PhotoFile(path=path):
            return repr(path)
        case ExamplePhoto():
            return "wf.example_photo()"
        case FaceOf():
            return f"{_aligned(source)}.image"
        case CartoonOf(face, model):
            return f"wf.cartoonize({_opened(face)}, model={model!r})"
        case PortraitOf(face, title):
            return f"wf.portrait({_aligned(face)}, title={title!r}, size={face.size}).draw()"


def _face_and_step(source: FaceOf | CartoonOf | PortraitOf) -> tuple[FaceOf, str]:
    """The face itself, and the option of `face2webtoon` that says what is made of it first."""
    match source:
        case CartoonOf(face, model):
            return face, f", cartoonize={model!r}"
        case PortraitOf(face, title):
            return face, f", cartoonize={f'portrait:{title}'!r}"
        case _:
            return source, ", cartoonize=None"  # the default draws a portrait before some models


def _aligned(face: FaceOf) -> str:
    """The call that makes the AlignedFace."""
    photo = _opened(face.photo)
    if face.index is not None:
        return f"wf.align_faces({photo}, size={face.size})[{face.index}]"
    box = "" if face.box is None else f", box={face.box}"
    return f"wf.align_face({photo}{box}, size={face.size})"


def _noise(noise: str, usual: str) -> str:
    return "" if noise == usual else f", noise_mode={noise!r}"
