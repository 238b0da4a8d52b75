"""Files are complete or not there, also after errors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webtoonfaces.files import remove_drafts, replacing, write_text


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    with replacing(path, durable=True) as draft:
        draft.write_text("half")
        assert not path.exists()
        assert draft.parent == path.parent and draft.suffix == path.suffix and draft.name.startswith(".")
        draft.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_an_error_leaves_the_older_file(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("older")
    with pytest.raises(type(error)), replacing(path) as draft:
        draft.write_text("half")
        raise error
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_several_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    texts = [str(number) * 10_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_text(path, text), texts))
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["x" * 250 + ".png", "웹" * 80 + ".png"])
def test_long_names(name: str, tmp_path: Path) -> None:
    write_text(tmp_path / name, "whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    path, other = tmp_path / "file.pt", tmp_path / "other.pt"
    with replacing(other) as others, replacing(path) as draft:
        draft.write_text("half")
        others.write_text("half")
        remove_drafts(tmp_path, "file*")
        assert not draft.exists() and others.exists()
        draft.write_text("whole")
