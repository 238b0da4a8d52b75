"""What `webtoonfaces lab` prepares before JupyterLab starts; that it starts is tested with the wheel."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from webtoonfaces.cli import jupyter
from webtoonfaces.cli.main import main
from webtoonfaces.errors import BadInputError

NOTEBOOKS = {path.name for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb")}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What JupyterLab would have been started with."""
    monkeypatch.chdir(tmp_path)
    calls: list[list[str]] = []
    monkeypatch.setattr(jupyter, "serve", lambda arguments: calls.append(list(arguments)) or 0)
    return calls


@pytest.mark.parametrize("word", ["lab", "demo"])
def test_the_notebooks_are_copied_and_the_index_is_opened(word: str, started: list[list[str]], tmp_path: Path) -> None:
    assert main([word, "--no-browser", "--port=9000"]) == 0
    folder = tmp_path / jupyter.FOLDER
    assert {path.name for path in folder.iterdir()} == NOTEBOOKS
    assert Path.cwd() == folder
    (arguments,) = started
    assert f"--ServerApp.root_dir={folder}" in arguments
    assert f"--LabApp.default_url=/lab/tree/{jupyter.INDEX}" in arguments
    assert arguments[-2:] == ["--no-browser", "--port=9000"]


def test_what_a_person_changed_stays(started: list[list[str]], tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / jupyter.INDEX).write_text("my own", encoding="utf-8")
    assert main(["lab", "--dir", "mine"]) == 0
    assert (mine / jupyter.INDEX).read_text(encoding="utf-8") == "my own"
    assert {path.name for path in mine.iterdir()} == NOTEBOOKS
    assert jupyter.copy_notebooks(mine) == 0


def test_no_option_is_given_twice(started: list[list[str]]) -> None:
    assert main(["lab", "04_face2webtoon.ipynb", "--notebook-dir", "/", "--allow-root"]) == 0
    assert started == [["04_face2webtoon.ipynb", "--notebook-dir", "/", "--allow-root"]]
    typed = ["--ServerApp.root_dir=/", "--LabApp.default_url=/tree", "--allow-root"]
    assert jupyter.place(Path("x"), typed, notebook="a.ipynb") == []
    assert jupyter.command(Path("x"), *typed) == [sys.executable, "-m", "webtoonfaces.cli.jupyter", *typed]


def test_a_file_in_the_way_is_explained(started: list[list[str]], tmp_path: Path, capsys) -> None:
    (tmp_path / "taken").touch()
    assert main(["lab", "--dir", "taken"]) == 1
    assert "Choose another folder with --dir" in capsys.readouterr().err
    assert not started
    with pytest.raises(BadInputError, match="taken"):
        jupyter.copy_notebooks(tmp_path / "taken" / "below")


def test_without_jupyterlab_the_remedy_is_told(
    started, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["demo"]) == 1
    told = capsys.readouterr().err
    assert "pip install 'webtoonfaces[lab]'" in told
    assert not list(tmp_path.iterdir()), "nothing is copied that cannot be opened"


def test_only_lab_passes_unknown_options_on(capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["models", "--port=9000"])
    assert stop.value.code == 2
    assert "--port=9000" in capsys.readouterr().err


def test_serving_puts_our_settings_first(monkeypatch: pytest.MonkeyPatch) -> None:
    labapp = pytest.importorskip("jupyterlab.labapp")
    seen = []
    monkeypatch.setattr(
        labapp.LabApp, "launch_instance", lambda argv: seen.append((argv, os.environ["JUPYTER_CONFIG_PATH"]))
    )
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    assert jupyter.serve(["--no-browser"]) == 0
    assert seen == [(["--no-browser"], f"{jupyter.CONFIG}{os.pathsep}theirs")]
