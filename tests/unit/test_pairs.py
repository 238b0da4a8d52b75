"""Exact pairs: reading them, what a trainer learns from them, resuming, and how far swaps are from the truth."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from webtoonfaces import drawing
from webtoonfaces.cli.evaluate import add_evaluate
from webtoonfaces.data.drawn import draw_data, mixes_of, person
from webtoonfaces.data.pairs import Pairs, Places, following, groups_of_locations, mixed_targets
from webtoonfaces.errors import BadInputError, UnknownNameError
from webtoonfaces.images import as_floats
from webtoonfaces.metrics import classifier as classifiers
from webtoonfaces.metrics import evaluate
from webtoonfaces.metrics.distances import pixel_features
from webtoonfaces.metrics.pairs import PairReport, choose_swaps, measure_pairs
from webtoonfaces.metrics.table import read_table
from webtoonfaces.models.swapae import Encoder, Generator, SwapAEConfig
from webtoonfaces.pretrained.mobilenet import PACKAGE
from webtoonfaces.training import card, presets
from webtoonfaces.training.checkpoints import load_state
from webtoonfaces.training.export import export
from webtoonfaces.training.launch import launch
from webtoonfaces.training.step import Share, StepRandom
from webtoonfaces.training.trainers import pairs as trainers
from webtoonfaces.weights import convert

SIZE, PERSONS, TITLES = 64, 10, ("comedy", "noir", "romance")
MODEL = SwapAEConfig(channel=1, structure_channels=2, size=SIZE, cell=8)
needs_features = pytest.mark.skipif(find_spec(PACKAGE) is None, reason="MobileNetV2's weights are not installed")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "d"
    return draw_data(out, persons=PERSONS, size=SIZE, titles=TITLES, workers=1, progress=False)


@pytest.fixture(scope="module")
def every(data) -> Pairs:
    return Pairs(data)


def trainer_of(pairs: Pairs, mixed=None, **recipe) -> trainers.PairTrainer:
    torch.manual_seed(0)
    config = trainers.Config(model=MODEL, **{"feature_weight": 0.0, **recipe})
    return trainers.PairTrainer(config, Accelerator(cpu=True), pairs, held_out=pairs, mixed=mixed)


def share(pairs: Pairs, rows: list[int], *, step: int = 0, slot: int = 0, slots: int = 1) -> Share:
    mine = rows[slot::slots]
    images = as_floats(torch.stack([pairs[row][0] for row in mine]))
    return Share(images, StepRandom(0, step, slot=slot, slots=slots), rows=torch.tensor(mine))


def places(images: torch.Tensor, pairs: Pairs) -> list[tuple[int, int] | None]:
    """For each picture the person and the title it shows, None for one of no title."""
    known = as_floats(pairs.pictures)
    found = []
    for image in images:
        hits = (known == image).flatten(2).all(dim=2).nonzero().tolist()
        found.append(tuple(hits[0]) if hits else None)
    return found


# the data


def test_the_same_file_name_is_the_same_person(data, every):
    assert every.titles == TITLES and len(every) == PERSONS * len(TITLES)
    assert every.photos is not None and every.photos.shape == (PERSONS, 3, SIZE, SIZE)
    picture, row = every[5]
    assert row == 5
    with Image.open(data / "romance" / "000001.png") as image:
        assert np.array_equal(picture.permute(1, 2, 0).numpy(), np.asarray(image.convert("RGB")))


def test_whole_persons_are_held_out(data, every):
    train, held_out = Pairs(data, split="train"), Pairs(data, split="held_out")
    assert (*train.names, *held_out.names) == every.names and len(held_out.names) == 2
    assert torch.equal(held_out.pictures, every.pictures[-2:])


def test_a_person_who_lacks_a_title_is_left_out(data, tmp_path):
    folder = Path(shutil.copytree(data, tmp_path / "d"))
    (folder / "noir" / "000003.png").unlink()
    assert Pairs(folder).names == tuple(f"{i:06d}" for i in range(PERSONS) if i != 3)


def test_data_without_pairs_is_refused(data, tmp_path):
    shutil.copytree(data / "noir", tmp_path / "one" / "noir")
    with pytest.raises(BadInputError, match="data drawn"):
        Pairs(tmp_path / "one")
    with pytest.raises(UnknownNameError, match="held_out"):
        Pairs(data, split="test")  # type: ignore[arg-type]


def test_the_truth_between_two_titles_is_drawn(data, every, tmp_path):
    assert torch.equal(every.drawn(2, 0, 1, 0), every.pictures[2, 1])
    assert torch.equal(every.drawn(2, 0, 1, 3), every.pictures[2, 0])
    titles = [drawing.TITLES[name] for name in TITLES]
    for group in (1, 2):
        wanted = drawing.draw(every.persons["000002"], titles[0].mixed(titles[1], group), SIZE)
        assert np.array_equal(every.drawn(2, 0, 1, group).permute(1, 2, 0).numpy(), np.asarray(wanted))
    folder = Path(shutil.copytree(data, tmp_path / "d"))
    (folder / "persons.jsonl").unlink()
    nobody = Pairs(folder)
    assert torch.equal(nobody.drawn(2, 0, 1, 0), every.pictures[2, 1])
    with pytest.raises(BadInputError, match=r"persons\.jsonl"):
        nobody.drawn(2, 0, 1, 1)
    (folder / "persons.jsonl").write_text('{"file": "000000.png"}\n')
    with pytest.raises(BadInputError, match="Line 1"):
        Pairs(folder)


def test_mixed_targets_are_drawn_once(every, tmp_path, monkeypatch):
    first = mixed_targets(every, tmp_path, count=1)
    monkeypatch.setattr(Pairs, "drawn", None)
    again = mixed_targets(every, tmp_path, count=1)
    assert torch.equal(first.pictures, again.pictures) and torch.equal(first.titles, again.titles)
    monkeypatch.undo()
    own, other = (int(title) for title in first.titles[4, 1, 0])
    assert own != other and torch.equal(first.pictures[4, 1, 0], every.drawn(4, own, other, 2))


@pytest.fixture
def unfinished(tmp_path) -> Path:
    """A data set with mixtures as it is while it is being drawn: persons 3 and 4 are still to come."""
    out = tmp_path / "d"
    draw_data(out, persons=6, size=SIZE, titles=TITLES, photos=False, mixed=1, workers=1, progress=False)
    told = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps({**told, "complete": False}))
    (out / "persons.jsonl").unlink()
    (out / "away").mkdir()
    for file in [*out.glob("noir/000003.png"), *out.glob(".mixed/000002-*"), *out.glob("*/000004.png")]:
        if file.parent != out / "away":
            file.rename(tmp_path / f"{file.parent.name}--{file.name}")
    (out / "away").rmdir()
    return out


def appear(data: Path, number: int) -> None:
    for file in data.parent.glob(f"*--{number:06d}*"):
        folder, name = file.name.split("--")
        file.rename(data / folder / name)


def test_a_data_set_is_followed_while_it_is_drawn(unfinished, tmp_path):
    held_out = Pairs(unfinished, split="held_out")
    assert held_out.names == ("000005",) or len(held_out.names) <= 2
    followed = Pairs(unfinished, split="train", follow=True)
    assert followed.names == ("000000", "000001") and list(followed.to_come) == ["000002", "000003"]
    assert len(Places(followed)) == 4 * len(TITLES) and len(followed) == 2 * len(TITLES)
    mixed = mixed_targets(followed, tmp_path, count=1)
    assert not followed.more()  # its mixtures are missing
    appear(unfinished, 2)
    assert followed.more() and followed.names[-1] == "000002" and not followed.more()
    with following(followed):
        appear(unfinished, 3)
        deadline = time.monotonic() + 20
        while followed.to_come and time.monotonic() < deadline:
            time.sleep(0.05)
    assert followed.names == tuple(f"{i:06d}" for i in range(4))
    (unfinished / "manifest.json").unlink()  # now as pictures of which nothing more is known
    assert torch.equal(followed.pictures[3], Pairs(unfinished).pictures[3])
    own, other = (int(title) for title in mixed.titles[3, 0, 0])
    mix = mixes_of("000003", sorted(TITLES), 1, 0)[0]
    assert (TITLES[own], TITLES[other]) == (mix.own, mix.other)
    drawn = np.array(drawing.draw(person(3).person, mix.title(), SIZE))
    assert torch.equal(mixed.pictures[3, 0, 0], torch.from_numpy(drawn).permute(2, 0, 1))
    assert followed.z_seeds == {f"{i:06d}": i for i in range(4)}


def test_a_step_learns_from_those_who_are_there(unfinished, tmp_path):
    followed = Pairs(unfinished, split="train", follow=True)
    trainer = trainer_of(followed, mixed_targets(followed, tmp_path, count=1))
    places = Share(torch.empty(12, 3, 0, 0), StepRandom(0, 0), rows=torch.arange(12))
    lesson = trainer.lesson(places)
    known = as_floats(followed.pictures).flatten(0, 1)
    assert all((known == style).flatten(1).all(dim=1).any() for style in lesson.style)


def test_following_tells_what_stopped_it(unfinished):
    followed = Pairs(unfinished, split="train", follow=True)
    appear(unfinished, 2)
    (unfinished / "noir" / "000002.png").write_bytes(b"no picture")
    with pytest.raises(BadInputError, match="could not be read to its end"), following(followed):
        time.sleep(0.3)


def test_a_damaged_plan_is_refused(unfinished):
    told = json.loads((unfinished / "manifest.json").read_text())
    for wrong in ({"persons": 10**12}, {"settings": {**told["settings"], "mixed": "1"}}):
        (unfinished / "manifest.json").write_text(json.dumps({**told, **wrong}))
        with pytest.raises(BadInputError, match="damaged"):
            Pairs(unfinished, split="train", follow=True)


# the trainer


def test_a_lesson_shows_the_same_person_in_the_title_of_another(every):
    trainer = trainer_of(every, photo_like=0.0, corrupt=0.0, mixing=0.0)
    rows = list(range(len(every)))
    lesson = trainer.lesson(share(every, rows))
    assert (lesson.kept == 0).all()
    shown = zip(
        *(places(images, every) for images in (lesson.structure, lesson.style, lesson.target)), rows, strict=True
    )
    for (who, _), (other, style_title), target, row in shown:
        assert target == divmod(row, len(TITLES)) == (who, style_title)
        assert other != who


def test_photo_like_pictures_give_structures(every):
    trainer = trainer_of(every, photo_like=1.0, corrupt=0.0, mixing=0.0)
    rows = [3, 8, 21]
    lesson = trainer.lesson(share(every, rows))
    assert torch.equal(lesson.structure, as_floats(every.photos[[row // 3 for row in rows]]))
    corrupted = trainer_of(every, photo_like=1.0, corrupt=1.0, mixing=0.0).lesson(share(every, rows))
    assert not torch.equal(corrupted.structure, lesson.structure) and torch.equal(corrupted.target, lesson.target)


def test_kept_layers_have_their_exact_target(every, tmp_path):
    trainer = trainer_of(every, mixed_targets(every, tmp_path, count=1), mixing=1.0, photo_like=1.0, corrupt=1.0)
    rows = list(range(len(every)))
    lesson = trainer.lesson(share(every, rows))
    assert set(lesson.kept.tolist()) == set(range(1, 9))
    groups = groups_of_locations(8)
    assert groups == [0, 0, 1, 1, 1, 2, 2, 2, 3]
    sources, styles, targets = (places(x, every) for x in (lesson.structure, lesson.style, lesson.target))
    for i, row in enumerate(rows):
        group = groups[int(lesson.kept[i])]
        if group == 0:
            assert sources[i] is None and targets[i] == divmod(row, 3)  # a corrupted photo says nothing of a hand
        elif group == 3:
            assert targets[i] == sources[i] and sources[i][0] == row // 3
        else:
            (person, own), (_, other) = sources[i], styles[i]
            wanted = every.drawn(person, own, other, group)
            assert person == row // 3 and torch.equal(lesson.target[i], as_floats(wanted))


def test_without_persons_only_the_outer_locations_are_taught(every):
    lesson = trainer_of(every, mixing=1.0).lesson(share(every, list(range(len(every)))))
    assert set(lesson.kept.tolist()) == {0, 1, 8}


def test_parts_of_a_batch_give_the_same_step(every, tmp_path):
    mixed = mixed_targets(every, tmp_path, count=1)
    whole, parts = (trainer_of(every, mixed, mixing=0.5) for _ in range(2))
    rows = [1, 5, 12, 20]
    for step in range(2):
        a = whole.step([share(every, rows, step=step)], step=step, shown=4 * step)
        halves = [share(every, rows, step=step, slot=slot, slots=2) for slot in (0, 1)]
        b = parts.step(halves, step=step, shown=4 * step)
        assert a == pytest.approx(b, rel=2e-4, abs=1e-5)


def test_the_learning_rate_falls_to_nothing_in_the_last_third(every):
    trainer = trainer_of(every, learning_rate=0.01)
    rates = [trainer.step([share(every, [0, 4])], step=0, shown=0, done=done)["rate"] for done in (0, 0.6, 5 / 6, 1)]
    assert rates == pytest.approx([0.01, 0.01, 0.005, 0])


@needs_features
def test_it_learns_what_a_swap_should_give(every):
    trainer = trainer_of(every, feature_weight=1.0, photo_like=0.0, corrupt=0.0)
    losses = [
        trainer.step([share(every, [2, 9, 16, 23], step=step)], step=step, shown=4 * step)["loss"] for step in range(40)
    ]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


@pytest.fixture
def tiny(monkeypatch) -> trainers.Config:
    config = trainers.Config(model=MODEL, feature_weight=0.0, mixing=0.5)
    monkeypatch.setitem(presets.SWAPAE, "tiny-pairs", presets.Preset(config, 4, "tiny"))
    return config


def stop(_: str) -> None:
    """What Ctrl-C does; a run says its first line after its first step."""
    os.kill(os.getpid(), signal.SIGINT)


def test_resuming_is_exact(data, tiny, tmp_path):
    """Stopped after the first step, and resumed without being told the preset: the same losses bit by bit."""
    plan = {"device": "cpu", "kimg": 6 * 4 / 1000, "seed": 3}
    whole = launch("swapae", data, tmp_path / "whole", preset="tiny-pairs", say=str, **plan)
    first = launch("swapae", data, tmp_path / "parts", preset="tiny-pairs", say=stop, **plan)
    assert load_state(first)["step"] == 1
    parts = launch("swapae", data, tmp_path / "parts", say=str, **plan)
    logs = [(tmp_path / out / "log.jsonl").read_text() for out in ("whole", "parts")]
    assert logs[0] == logs[1] and len(logs[0].splitlines()) == 6
    a, b = load_state(whole)["networks"], load_state(parts)["networks"]
    assert all(torch.equal(value, b[name][key]) for name in a for key, value in a[name].items())


def test_a_run_leaves_a_sheet_and_a_card(data, every, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(card, "STYLES", 2)
    monkeypatch.setattr(card, "STRUCTURES", 0)  # two persons are held out
    last = launch(
        "swapae", data, tmp_path / "run", preset="tiny-pairs", device="cpu", kimg=0.004, sample_kimg=0.004, say=str
    )
    with Image.open(next((tmp_path / "run" / "samples").iterdir())) as sheet:
        assert sheet.size == ((1 + len(TITLES)) * SIZE, 3 * SIZE)
    written = export(last, tmp_path / "pairs.safetensors")
    told = written.card.read_text()
    assert written.sheet is not None and '"l1_weight": 2.0' in told and "comedy, noir, romance" in told
    checkpoint = convert.read(written.files[0].path, "swapae")
    assert checkpoint.build("g_ema").config == MODEL


def test_other_photos_are_no_pairs(data, tiny, tmp_path):
    with pytest.raises(BadInputError, match="--photos"):
        launch("swapae", data, tmp_path / "run", preset="tiny-pairs", device="cpu", photos=data, init=["x"])


def test_a_finer_structure_code_is_read_from_the_shapes():
    for cell in (8, 16):
        config = SwapAEConfig(channel=1, cell=cell)
        e, g = Encoder(config), Generator(config)
        structure, style = e(torch.zeros(1, 3, 64, 128))
        assert structure.shape[2:] == (64 // cell, 128 // cell)
        assert g(structure, style, "const").shape == (1, 3, 64, 128)
        for kind, network in (("swapae_encoder", e), ("swapae_generator", g)):
            assert convert.build(kind, convert.export(kind, network)).config.cell == cell
    with pytest.raises(ValueError, match="16 or 8"):
        SwapAEConfig(cell=4)


# the metric


class ByBrightness:
    titles, accuracy = ("dark", "bright"), 1.0

    def titles_of(self, images: torch.Tensor) -> torch.Tensor:
        return (images.mean(dim=(1, 2, 3)) > 0).long()


def measure(encode, decode, pairs: Pairs) -> PairReport:
    swaps = choose_swaps(len(pairs.names), len(pairs.titles), count=20)
    model = SimpleNamespace(encode=encode, decode=decode)
    return measure_pairs(model, ByBrightness(), pixel_features(), pairs, locations=8, swaps=swaps)  # type: ignore[arg-type]


def identity(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return images, torch.zeros(len(images), 8, 2)


def test_a_model_that_copies_is_measured_like_the_copy(every):
    report = measure(identity, lambda structure, _: structure, every)
    assert report.model == report.source
    own = report.model[8]
    assert own is not None and (own.l1, own.mobilenet, own.title_rate) == (0, 0, 1)
    curve = [one.l1 for one in report.model if one is not None]
    assert len(curve) == 9 and curve[0] == curve[1] > curve[2] == curve[4] > curve[5] == curve[7] > curve[8]
    assert report.photo is not None and report.photo.l1 > 0
    assert all(one is not None and one.l1 > 0 for one in report.mean)


def test_a_model_that_draws_the_truth_has_no_distance(every):
    """Its codes say who and in which title; its decoder looks the picture up."""

    def encode(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        codes = torch.tensor([place or (0, 0) for place in places(images, every)], dtype=torch.float32)
        return codes[:, :1, None, None], codes[:, 1:2, None].repeat(1, 8, 1)

    def decode(structure: torch.Tensor, ws: torch.Tensor) -> torch.Tensor:
        pictures = []
        for who, titles in zip(structure.flatten().int().tolist(), ws[..., 0].int().tolist(), strict=True):
            kept = sum(title == titles[0] for title in titles) if titles[0] != titles[-1] else 0
            group = groups_of_locations(8)[kept]
            pictures.append(every.drawn(who, titles[0], titles[-1], group))
        return as_floats(torch.stack(pictures))

    report = measure(encode, decode, every)
    assert all((one.l1, one.mobilenet, one.title_rate) == (0, 0, 1) for one in report.model if one is not None)
    assert report.model[1:8] == report.model[:7]


def test_without_persons_only_the_outer_locations_are_measured(data, tmp_path):
    folder = Path(shutil.copytree(data, tmp_path / "d"))
    (folder / "persons.jsonl").unlink()
    shutil.rmtree(folder / "photo-like")
    report = measure(identity, lambda structure, _: structure, Pairs(folder))
    assert [one is not None for one in report.model] == [True] * 2 + [False] * 6 + [True]
    assert report.photo is None
    assert "persons.jsonl" in report.markdown() and "| 4 |  |" in report.markdown()


@needs_features
def test_evaluate_pairs_from_the_command_line(data, tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path / "cache"))
    quick = classifiers.load_or_train_classifier
    monkeypatch.setattr(evaluate, "load_or_train_classifier", lambda *a, **options: quick(*a, **options, steps=20))
    monkeypatch.setattr(classifiers, "PictureFolder", everything)
    run = tmp_path / "run"
    launch("swapae", data, run, preset="tiny-pairs", device="cpu", kimg=0.004, say=str)
    parser = argparse.ArgumentParser()
    add_evaluate(parser.add_subparsers())
    out = tmp_path / "found.json"
    args = parser.parse_args(["evaluate", "pairs", str(run), str(data), "--swaps", "3", "-o", str(out)])
    assert args.run(args) == 0
    found = json.loads(out.read_text())
    assert len(found["model"]) == 9 and found["swaps"] == 3 and found["persons"] == 2
    assert "of the mean picture" in capsys.readouterr().out
    assert "L1 at 2, 3 swaps" in read_table(run).labels


def everything(path, *, split=None):
    """So few pictures hold out none of one title or another."""
    from webtoonfaces.data.folder import PictureFolder

    return PictureFolder(path)
