"""The embedded models: their cards are true, and no photo was in their training data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import webtoonfaces
from webtoonfaces.drawing import TITLES
from webtoonfaces.weights import registry, store

DEMOS = [record for record in registry.records() if record.embedded]
ASTRONAUT = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"  # as scikit-image publishes it
each_demo = pytest.mark.parametrize("record", DEMOS, ids=lambda record: record.kind)


def file_and_card(record: registry.Record) -> tuple[Path, str]:
    path = store.locate(record)
    assert path is not None
    return path, path.with_suffix(".md").read_text(encoding="utf-8")


@each_demo
def test_the_card_names_this_very_file(record: registry.Record) -> None:
    path, card = file_and_card(record)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert record.sha256 == sha256
    assert sha256 in card
    assert path.stat().st_size == record.bytes <= 16 * 2**20


@each_demo
def test_it_learned_from_the_drawing_engine_alone(record: registry.Record) -> None:
    data = file_and_card(record)[1].split("## Data")[1].split("\n## ")[0]
    assert set(data.split("folders of pictures: ")[1].split(".")[0].split(", ")) <= {*TITLES, "photo-like"}
    assert "drawing engine drew all of them" in data


def test_the_bundled_photo_is_in_no_shipped_manifest() -> None:
    root = Path(webtoonfaces.__file__).parent
    photo = next(f / "astronaut.png" for f in store.search_folders() if (f / "astronaut.png").is_file())
    assert hashlib.sha256(photo.read_bytes()).hexdigest() == ASTRONAUT
    shipped = [*root.rglob("*.json"), *(file_and_card(record)[0].with_suffix(".md") for record in DEMOS)]
    assert any(path.name == "demo_dataset.json" for path in shipped)
    for path in shipped:
        text = path.read_text(encoding="utf-8")
        assert "astronaut" not in text.lower(), path
        assert ASTRONAUT not in text, path


def test_the_dataset_figure_counts_what_the_cards_count() -> None:
    summary = json.loads((Path(webtoonfaces.__file__).parent / "figures/demo_dataset.json").read_text())
    assert summary["total"] == sum(summary["titles"].values())
    (persons,) = set(summary["titles"].values())
    for record in (record for record in DEMOS if record.kind != "upscaler"):
        assert f"{persons:,} persons, each in {len(summary['titles'])} folders" in file_and_card(record)[1]
