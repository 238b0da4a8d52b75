"""Persons, `persons.jsonl` and manifests from strangers: read within bounds, or refused in the package's own words."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.attack import corpus
from webtoonfaces import drawing
from webtoonfaces.data import manifest
from webtoonfaces.data.drawn import PERSONS, draw_data
from webtoonfaces.data.folder import prepare
from webtoonfaces.data.pairs import Pairs
from webtoonfaces.drawing import Person
from webtoonfaces.drawing.person import MAX_JSON
from webtoonfaces.errors import BadInputError, WebtoonFacesError
from webtoonfaces.training import export

MUTANTS = int(os.environ.get("ATTACK_PERSONS", "150"))
TITLES = list(drawing.TITLES)[:2]


def person_json(**changed: object) -> str:
    whole = json.loads(drawing.person_of(np.zeros(drawing.Z_DIM), 1).person.to_json())
    return json.dumps({**whole, **changed})


HOSTILE = {
    "empty": "",
    "no object": "[]",
    "deep": "[" * 100_000,
    "long": " " * (MAX_JSON + 1),
    "digits": '{"version": ' + "9" * 5000 + "}",
    "NaN": person_json(age=float("nan")),
    "infinity": person_json(age=float("inf")),
    "version": person_json(version=2),
    "unknown": person_json(program="touch x"),
    "kind": person_json(hair_kind="__class__"),
    "hair": person_json(hair=[1]),
    "pose": person_json(pose=None),
    "landmarks": person_json(landmarks=[[0, 0]] * 67),
    "many landmarks": person_json(landmarks=[[0, 0]] * 20_000),
    "far away": person_json(landmarks=[[1e308, 0]] * 68),
    "huge whole number": person_json(landmarks=[[10**400, 0]] * 68),
    "huge amount": person_json(age=10**400),
    "deep list": person_json(skin=[[[[[[1]]]]]]),
    "word": person_json(collar="x" * 10_000),
    "list as word": person_json(collar=["crew"]),
    "colour": person_json(skin=[2, 0, 0]),
    "seed": person_json(seed=-1),
    "truth": person_json(age=True),
    "text": person_json(age="0.5"),
    "outlines": person_json(hair_kind="measured", hair={"back": [[[0, 0]] * 3] * 1000}),
    "points": person_json(hair_kind="measured", hair={"strands": [[[0, 0]] * 5000]}),
    "no points": person_json(hair_kind="measured", hair={"back": [[]]}),
    "locks": person_json(hair={"locks": [0.0] * 1000}),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_person_is_refused(kind: str):
    with pytest.raises(BadInputError) as caught:
        Person.from_json(HOSTILE[kind])
    assert len(str(caught.value)) < 1000


def test_mutated_persons_are_drawn_or_refused():
    """What is read can be drawn: the checks leave nothing to the hand that would fail there."""
    text, titles, drawn = person_json().encode(), list(drawing.TITLES.values()), 0
    for seed in range(MUTANTS):
        try:
            person = Person.from_json(corpus.mutated(text, seed).decode("utf-8", "replace"))
        except WebtoonFacesError:
            continue
        assert drawing.draw(person, titles[seed % len(titles)], 32).size == (32, 32), seed
        drawn += 1
    assert drawn


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "set"
    return draw_data(out, persons=4, size=16, titles=TITLES, photos=False, workers=1, progress=False)


@pytest.fixture
def copied(drawn: Path, tmp_path: Path) -> Path:
    """The same data set, without `persons.jsonl`."""
    return Path(shutil.copytree(drawn, tmp_path / "set", ignore=shutil.ignore_patterns(PERSONS)))


LINES = ["{", "[]", "null", "3", '{"file": 3}', '{"file": "000000.png"}', "[" * 100_000, '"x"', "{}", " " * 600_000]
LINES += ['{"file": "000000.png", "person": ' + person + "}" for person in ("null", "[]", '{"version": 1}')]
LINES += ['{"file": "000000.png", "z_seed": 1e999, "person": ' + person_json() + "}", "\udcff"]


@pytest.mark.parametrize("line", LINES, ids=lambda line: ascii(line[:24]))
def test_damaged_lines_of_persons_are_named(drawn: Path, copied: Path, line: str):
    (copied / PERSONS).write_bytes((drawn / PERSONS).read_bytes() + line.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(BadInputError, match=r"persons\.jsonl") as caught:
        Pairs(copied)
    assert len(str(caught.value)) < 1000


def test_persons_with_other_names_are_left_out(copied: Path):
    names = ["/etc/passwd", "../../x", "", "\0", "x" * 10_000]
    lines = [json.dumps({"file": name, "person": json.loads(person_json())}) for name in names]
    (copied / PERSONS).write_text("\n".join(lines) + "\n")
    assert Pairs(copied).persons == {}


CHANGES: list[object] = [
    [],
    None,
    3,
    "words",
    {"kind": None},
    {"kind": "other"},
    {"settings": []},
    {"settings": None},
    {"persons": "many"},
    {"persons": None},
    {"persons": 10**30},
    {"pictures": "many"},
    {"pictures": [3]},
    {"pictures": [{}]},
    {"pictures": [{"file": 3, "sha256": "x"}]},
    {"pictures": [{"file": "../../outside.png", "sha256": "x"}]},
    {"pictures": [{"file": "/etc/hosts", "sha256": "x"}]},
    {"pictures": [{"file": "x" * 5000, "sha256": "x"}]},
    {"pictures": [{"file": "a\0b", "sha256": "x"}]},
]


def manifests(whole: dict[str, object]) -> list[bytes]:
    texts = [json.dumps({**whole, **one} if isinstance(one, dict) else one) for one in CHANGES]
    return [*(text.encode() for text in texts), b"", b"{", b"[" * 100_000, b"\xff", b"9" * 5000]


def test_damaged_manifests_are_refused(drawn: Path):
    path = drawn / manifest.MANIFEST
    kept = path.read_bytes()
    try:
        for content in manifests(json.loads(kept)):
            path.write_bytes(content)
            with pytest.raises(BadInputError) as caught:
                draw_data(drawn, persons=4, size=16, titles=TITLES, photos=False, workers=1, progress=False)
                pytest.fail(f"taken: {content[:200]!r}")
            assert len(str(caught.value)) < 20_000
            assert export._data("Data", drawn)
    finally:
        path.write_bytes(kept)


def test_damaged_manifests_of_prepared_pictures(tmp_path: Path):
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    Image.effect_noise((64, 64), 90).save(source / "a.png")
    prepare(source, out, size=32, min_side=16, progress=False)
    whole = json.loads((out / manifest.MANIFEST).read_bytes())
    for content in manifests(whole):
        (out / manifest.MANIFEST).write_bytes(content)
        try:
            prepare(source, out, size=32, min_side=16, progress=False)
        except BadInputError as error:
            assert len(str(error)) < 20_000
        assert export._data("Data", out)


@pytest.mark.parametrize(
    "about", [{"titles": 3}, {"titles": {"a": 1}}, {"titles": []}, {"folders": 1}, {"pictures": 1}]
)
def test_a_card_is_written_whatever_the_manifest_says(tmp_path: Path, about: dict[str, object]):
    (tmp_path / manifest.MANIFEST).write_text(json.dumps(about))
    assert export._data("Data", tmp_path).startswith("## Data")


@pytest.mark.timeout(10)
def test_a_pipe_is_no_manifest(tmp_path: Path):
    os.mkfifo(tmp_path / manifest.MANIFEST)
    with pytest.raises(BadInputError, match="not a regular file"):
        manifest.open_folder(tmp_path, kind="x", settings={})
    assert export._data("Data", tmp_path)
