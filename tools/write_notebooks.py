"""Writes every notebook from its script in `tools/notebooks` (py:percent), without outputs: edit the script, run this.

Each notebook begins with a title, a link that opens it on Colab, and a cell that installs the package if it is missing.
Link and cell name the repository, so they are written here, from pyproject's `Repository`. The extra `faces` contains
landmark models of 100 MB, so it is installed only if a face is aligned, that is, if a cell uses a name of `ALIGNING`.

The link is plain text: a badge would be loaded from another server whenever a notebook is opened.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import jupytext
import nbformat

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS, FOLDER = ROOT / "tools" / "notebooks", ROOT / "notebooks"
INSTALL = """\
try:
    import webtoonfaces as wf
except ModuleNotFoundError:  # for example on Colab; installs what is missing, without a restart
    import subprocess
    import sys

    package = "webtoonfaces{extra} @ git+{repository}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)
    import webtoonfaces as wf"""
ALIGNING = re.compile(r"\bwf\.(align_faces?|face2webtoon|portrait|FaceStudio|figures\.draw)\b")
LINK = "[Open in Colab](https://colab.research.google.com/github/{name}/blob/main/notebooks/{notebook})"
_VERSIONS = re.compile(r"^# +(format|jupytext)_version: .*\n", re.MULTILINE)
_OLD_LINK = re.compile(r"\n*^\[Open in Colab\]\(.*\)$\n*", re.MULTILINE)


def repository() -> str:
    """The address of the repository, from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address: str = project["urls"]["Repository"]
    return address


def extra_for(notebook: nbformat.NotebookNode) -> str:
    """The extra that the first cell installs with the package."""
    aligns = any(ALIGNING.search(cell.source) for cell in notebook.cells if cell.cell_type == "code")
    return "[faces]" if aligns else ""


def written(script: Path) -> dict[Path, str]:
    """The contents of a notebook and its script, by their paths."""
    address = repository()
    notebook = jupytext.read(script, fmt="py:percent")
    name = address.removeprefix("https://github.com/")
    link = LINK.format(name=name, notebook=script.with_suffix(".ipynb").name)
    title, _, rest = _OLD_LINK.sub("\n", notebook.cells[0].source).partition("\n")
    notebook.cells[0].source = f"{title}\n{link}\n\n{rest.strip()}".strip()

    second = notebook.cells[1]
    if second.cell_type != "code" or "except ModuleNotFoundError" not in second.source:
        notebook.cells.insert(1, nbformat.v4.new_code_cell())
    notebook.cells[1].source = INSTALL.format(repository=address, extra=extra_for(notebook))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{script.stem}-{number}"  # unique, and always the same
    twin = _VERSIONS.sub("", jupytext.writes(notebook, fmt="py:percent"))
    kernel = notebook.metadata["kernelspec"]
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return {script: twin, FOLDER / f"{script.stem}.ipynb": f"{nbformat.writes(notebook)}\n"}


def main() -> int:
    for script in sorted(SCRIPTS.glob("*.py")):
        for path, text in written(script).items():
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
                print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
