"""The open data set: exact counterparts, the same everywhere, resumed without mixing, and a manifest that proves it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from webtoonfaces import drawing
from webtoonfaces.cli.main import main
from webtoonfaces.data import drawn
from webtoonfaces.data.drawn import draw_data, person, picture_path, z_of
from webtoonfaces.drawing.pseudo_photo import pseudo_photo
from webtoonfaces.errors import BadInputError, UnknownNameError

TITLES = ["noir", "romance"]


def small(out: Path, persons: int = 3, **options: object) -> Path:
    settings = {"persons": persons, "size": 32, "titles": TITLES, "workers": 1, "progress": False}
    return draw_data(out, **{**settings, **options})  # type: ignore[arg-type]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.png"))}


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("drawn") / "data")


def test_each_title_and_the_photos_have_the_same_file_names(data: Path) -> None:
    names = {
        folder.name: sorted(path.name for path in folder.iterdir()) for folder in data.iterdir() if folder.is_dir()
    }
    assert set(names) == {*TITLES, "photo-like"}
    assert all(files == ["000000.png", "000001.png", "000002.png"] for files in names.values())


def test_the_pictures_are_the_persons_of_the_listed_z(data: Path) -> None:
    rows = [json.loads(line) for line in (data / "persons.jsonl").read_text("utf-8").splitlines()]
    assert [row["file"] for row in rows] == ["000000.png", "000001.png", "000002.png"]
    for index, row in enumerate(rows):
        z = np.random.RandomState(row["z_seed"]).randn(drawing.Z_DIM)
        who = drawing.person_of(z, len(drawing.TITLES))
        assert drawing.Person.from_json(json.dumps(row["person"])) == who.person
        assert row["title"] == list(drawing.TITLES)[who.title]
        for title in TITLES:
            expected = np.asarray(drawing.draw(who.person, drawing.TITLES[title], 32))
            assert np.array_equal(pixels(picture_path(data, title, index)), expected)
        photo = np.asarray(pseudo_photo(who.person, np.random.default_rng([0, index]), 32))
        assert np.array_equal(pixels(picture_path(data, "photo-like", index)), photo)


def test_a_z_begins_the_one_that_a_generator_samples() -> None:
    assert np.array_equal(z_of(7), np.random.RandomState(7).randn(512)[: drawing.Z_DIM])
    assert np.array_equal(z_of(7, seed=2), np.random.RandomState(2 * 1_000_003 + 7).randn(drawing.Z_DIM))
    assert person(7).person != person(7, seed=2).person


def test_the_manifest_proves_the_pictures(data: Path) -> None:
    manifest = json.loads((data / "manifest.json").read_text("utf-8"))
    assert manifest["complete"] is True
    assert manifest["persons"] == 3
    assert manifest["settings"]["titles"] == TITLES
    for folder in (*TITLES, "photo-like"):
        pictures = sorted((data / folder).glob("*.png"))
        lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in pictures)
        assert manifest["folders"][folder] == {"count": 3, "sha256": hashlib.sha256(lines.encode()).hexdigest()}
    assert not list(data.rglob("*.part*"))


def test_an_interrupted_run_goes_on_and_grows_with_the_same_pictures(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = small(tmp_path / "parts", persons=2)
    picture_path(out, "noir", 0).unlink()
    made: list[str] = []
    draw = drawing.draw

    def counted(who: drawing.Person, title: drawing.Title, size: int) -> Image.Image:
        made.append(title.name)
        return draw(who, title, size)

    monkeypatch.setattr(drawing, "draw", counted)
    small(out, persons=3)
    assert sorted(made) == ["noir", "noir", "romance"]
    assert files_of(out) == files_of(data)
    for name in ("manifest.json", "persons.jsonl"):
        assert (out / name).read_bytes() == (data / name).read_bytes()


def test_a_killed_run_leaves_only_whole_pictures(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Image.Image, path: Path, **options: object) -> None:
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", fail)
        with pytest.raises(KeyboardInterrupt):
            small(tmp_path / "killed")
    assert not files_of(tmp_path / "killed")
    assert json.loads((tmp_path / "killed" / "manifest.json").read_text("utf-8"))["complete"] is False
    assert files_of(small(tmp_path / "killed")) == files_of(data)


def test_several_processes_draw_what_one_draws(tmp_path: Path) -> None:
    """Called from a script of its own, as the command line does: processes that start fresh import it again."""
    options = "persons=6, size=16, titles=['noir'], progress=False"
    code = "from webtoonfaces.data.drawn import draw_data\n"
    code += "if __name__ == '__main__':\n    draw_data({!r}, {}, workers=2)\n"
    script = tmp_path / "script.py"
    script.write_text(code.format(str(tmp_path / "two"), options))
    subprocess.run([sys.executable, str(script)], check=True, timeout=120)
    one = small(tmp_path / "one", persons=6, size=16, titles=["noir"])
    assert files_of(tmp_path / "two") == files_of(one)


def test_data_sets_are_not_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = small(tmp_path / "data", persons=2, size=16)
    before = files_of(out)
    for options, message in (
        ({"seed": 1}, "seed is 0, not 1"),
        ({"size": 32}, "size is 16, not 32"),
        ({"titles": ["noir"]}, "titles is"),
        ({"photos": False}, "photos is True, not False"),
        ({"persons": 1}, "already holds 2 persons"),
    ):
        with pytest.raises(BadInputError, match=message):
            small(out, **{"persons": 2, "size": 16, **options})  # type: ignore[arg-type]
    monkeypatch.setattr(drawn, "_versions", lambda: {"resvg_py": "9", "drawing": "another"})
    with pytest.raises(BadInputError, match="drawing is"):
        small(out, persons=2, size=16)
    assert files_of(out) == before

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "holiday.png").write_bytes(b"mine")
    with pytest.raises(BadInputError, match="contains files"):
        small(tmp_path / "other")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 8}, "8 pixels"),
        ({"workers": 0}, "0 processes"),
        ({"persons": 0}, "0 persons"),
        ({"seed": -1}, "no data set with seed -1"),
        ({"seed": 4294}, "seed 4294"),
        ({"persons": 2_000_000}, "no person 1999999"),
        ({"titles": [], "photos": False}, "nothing to draw"),
    ],
)
def test_requests_that_cannot_be_met_are_refused(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        small(tmp_path / "out", **options)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_misspelt_title_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="romance"):
        small(tmp_path / "out", titles=["romanse"])
    assert not list(tmp_path.iterdir())


def test_the_command_line_draws_the_chosen_titles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["data", "drawn", str(out), "--persons", "2", "--size", "16", "--workers", "1", "--no-photos"]
    assert main([*words, "--titles", "noir, pastel"]) == 0
    assert f"wrote {out}" in capsys.readouterr().out
    assert sorted(files_of(out)) == ["noir/000000.png", "noir/000001.png", "pastel/000000.png", "pastel/000001.png"]
