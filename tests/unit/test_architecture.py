"""The imports between modules, read from the source, so that imports inside functions count too.

Imports under `if TYPE_CHECKING:` are left out: they name a type and load nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

PACKAGE = "webtoonfaces"
ROOT = Path(__file__).parents[2] / PACKAGE

FOR_ALL = {"errors", "files", "_version"}
# From the highest level to the lowest: a part may import the parts in its row, which must be below it in this table.
MAY_IMPORT = {
    "__main__": {"cli"},
    "cli": {
        "__init__",
        "data",
        "drawing",
        "faces",
        "figures",
        "images",
        "metrics",
        "pretrained",
        "rendering",
        "training",
        "webtoonize",
        "weights",
        "widgets",
    },
    "__init__": {"codes", "drawing", "faces", "figures", "images", "pretrained", "rendering", "webtoonize", "widgets"},
    "widgets": {"images", "rendering", "webtoonize"},
    # `figures.tables` draws the titles of a data set and the measurements of a run.
    "figures": {"codes", "data", "faces", "images", "metrics", "pretrained", "rendering", "webtoonize"},
    "webtoonize": {"codes", "drawing", "faces", "images", "pretrained", "rendering"},
    "rendering": {"codes", "images", "pretrained"},
    # `metrics` measures runs, which it reads with `training.run_folder`; `training` never imports `metrics`.
    "metrics": {"codes", "data", "images", "models", "pretrained", "training", "weights"},
    "training": {"codes", "data", "images", "models", "pretrained", "weights"},
    "data": {"drawing", "faces", "images"},
    "drawing": {"faces", "images"},
    "faces": {"images"},
    "pretrained": {"codes", "images", "models", "weights"},
    "weights": {"models"},
    "codes": set(),
    "images": set(),
    "models": set(),
    "files": set(),
    "errors": set(),
    "_version": set(),
}
LEVELS = list(MAY_IMPORT)

# Libraries that only modules with one of these prefixes may import; with an empty tuple, no module may.
ONLY_IN = {
    "accelerate": ("training.",),
    "anywidget": ("widgets.",),
    "dlib": ("faces.detect",),
    "gdown": ("weights.download",),
    "http": ("weights.download",),
    "imageio_ffmpeg": ("images.",),
    "ipywidgets": ("widgets.",),
    "kornia": ("models.edges",),
    "pickle": ("weights.convert",),
    "requests": ("weights.download",),
    "resvg": ("drawing.raster",),
    "resvg_py": ("drawing.raster",),
    "socket": (),
    "torchmetrics": ("metrics.",),
    "torchvision": (),
    "typst": ("webtoonize.portrait",),
    "urllib.request": ("weights.download",),
}
WIDGETS_NEVER = {"dlib", "gdown", "kornia", "safetensors", "torch"}


@dataclass(frozen=True)
class Import:
    """One import in a module: its target as a dotted name, and its line."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}, line {self.line}: {self.target}"

    @property
    def top_level(self) -> str:
        return self.target.partition(".")[0]

    @property
    def sibling(self) -> str | None:
        """The part of the package that it imports, `__init__` for the package itself; None for a library."""
        if self.top_level != PACKAGE:
            return None
        return self.target.removeprefix(PACKAGE).removeprefix(".").partition(".")[0] or "__init__"

    @property
    def part(self) -> str:
        """The part of the package that imports."""
        return self.module.partition(".")[0]


def sources() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def module_name(path: Path) -> str:
    """`weights/store.py` is `weights.store`, `weights/__init__.py` is `weights.__init__`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, without those of `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from statements(child)


def exists(dotted: str) -> bool:
    """Whether a dotted name below the package is a module or a folder of it."""
    path = ROOT.parent.joinpath(*dotted.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def targets(node: ast.AST, module: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            folder = [PACKAGE, *module.split(".")][: -node.level]
            base = ".".join([*folder, *([base] if base else [])])
        for alias in node.names:
            full = f"{base}.{alias.name}".replace(f"{PACKAGE}.__version__", f"{PACKAGE}._version")
            yield full if base.partition(".")[0] != PACKAGE or exists(full) else base


@cache
def imports_of(path: Path) -> list[Import]:
    module = module_name(path)
    return [
        Import(module, target, getattr(node, "lineno", 0))
        for node in statements(tree(path))
        for target in targets(node, module)
    ]


def all_imports() -> list[Import]:
    return [found for path in sources() for found in imports_of(path)]


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
from typing import TYPE_CHECKING
from . import registry
from ..models import ops, swapae
from webtoonfaces.errors import WeightsError
if TYPE_CHECKING:
    import dlib
class Late:
    def load(self):
        import gdown.download
"""
    found = {target for node in statements(ast.parse(source)) for target in targets(node, "weights.store")}
    inside = {"errors", "models.ops", "models.swapae", "weights.registry"}
    assert found == {"typing.TYPE_CHECKING", "gdown.download"} | {f"{PACKAGE}.{name}" for name in inside}


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_imports_between_parts_point_one_way(path: Path) -> None:
    module = module_name(path)
    part = module.partition(".")[0]
    assert part in MAY_IMPORT, f"{part} is new: say in MAY_IMPORT what it may import"
    allowed = MAY_IMPORT[part] | FOR_ALL | ({part} if part != "__init__" else set())
    wrong = [str(i) for i in imports_of(path) if i.sibling is not None and i.sibling not in allowed]
    assert not wrong, f"{part} may import {', '.join(sorted(allowed))} only"


def test_every_arrow_points_down() -> None:
    """A part may only import what stands below it in MAY_IMPORT, so that parts form no circle."""
    upward = {
        f"{part} -> {other}"
        for part, others in MAY_IMPORT.items()
        for other in others | (FOR_ALL - {part} if part not in FOR_ALL else set())
        if LEVELS.index(other) <= LEVELS.index(part)
    }
    assert not upward


def test_modules_form_no_circle() -> None:
    """Not inside a part either, counting what is imported inside functions."""
    arrows: dict[str, set[str]] = {}
    for found in all_imports():
        if found.sibling is not None:
            arrows.setdefault(_full(found.module), set()).add(_full(found.target.removeprefix(PACKAGE).strip(".")))
    circles: list[list[str]] = []
    done: set[str] = set()

    def follow(module: str, path: list[str]) -> None:
        if module in path:
            circles.append([*path[path.index(module) :], module])
        elif module not in done:
            for target in sorted(arrows.get(module, ())):
                follow(target, [*path, module])
            done.add(module)

    for module in sorted(arrows):
        follow(module, [])
    assert not circles


def _full(dotted: str) -> str:
    """A module's own name below the package: a folder stands for its `__init__`."""
    name = dotted.removesuffix(".__init__") if dotted != "__init__" else ""
    return f"{name}.__init__".strip(".") if (ROOT / name.replace(".", "/")).is_dir() else name


def test_a_network_imports_no_other_network() -> None:
    inside = [i for i in all_imports() if i.part == "models" and i.sibling == "models"]
    parts = {f"{PACKAGE}.models.ops", f"{PACKAGE}.models.choices"}
    assert not [str(i) for i in inside if i.target not in parts]


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_in_its_own_place_only(library: str) -> None:
    places = ONLY_IN[library]
    users = [i for i in all_imports() if f"{i.target}.".startswith(f"{library}.")]
    assert not [str(i) for i in users if not i.module.startswith(places)]


def test_widgets_know_neither_networks_nor_files_of_weights() -> None:
    assert not [str(i) for i in all_imports() if i.part == "widgets" and i.top_level in WIDGETS_NEVER]


def test_torch_load_never_runs_what_is_in_a_file() -> None:
    calls = [
        (module_name(path), node)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) == "torch.load"
    ]
    assert "weights.convert" in {module for module, _ in calls}
    for module, call in calls:
        options = {option.arg: ast.unparse(option.value) for option in call.keywords}
        assert options.get("weights_only") == "True", f"{module}, line {call.lineno}"


def test_pictures_are_opened_in_one_place() -> None:
    """`images._load` allows certain formats only. Pillow alone would start programs for some of the others."""
    opening = {
        module_name(path)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Image.open", "PIL.Image.open")
    }
    own = {"drawing.raster", "drawing.pseudo_photo"}  # they decode what they have just encoded, no file
    assert opening - own == {"images._load"}
