"""A StyleGAN2 taught with drawn persons: z and factors, its lessons, resuming, and the distance to the truth."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from webtoonfaces import drawing
from webtoonfaces.cli.evaluate import add_evaluate
from webtoonfaces.data.drawn import draw_data
from webtoonfaces.data.factors import (
    CHOICES,
    TITLES,
    Z_DIM,
    choice_tables,
    drawn_of,
    factors_of,
    people_of,
    titles_of,
    z_in_titles,
    z_of_seed,
    z_of_seeds,
)
from webtoonfaces.data.pairs import Pairs, groups_of_layers, mixed_targets
from webtoonfaces.errors import BadInputError
from webtoonfaces.images import as_floats
from webtoonfaces.metrics.distances import pixel_features
from webtoonfaces.metrics.drawn import measure_drawn
from webtoonfaces.metrics.table import read_table
from webtoonfaces.models.stylegan2 import Generator, StyleGAN2Config
from webtoonfaces.pretrained.generators import StyleGAN2
from webtoonfaces.pretrained.mobilenet import PACKAGE
from webtoonfaces.training import presets
from webtoonfaces.training.checkpoints import load_state
from webtoonfaces.training.export import export
from webtoonfaces.training.launch import launch
from webtoonfaces.training.step import Share, StepRandom
from webtoonfaces.training.trainers import drawn
from webtoonfaces.weights import convert

SIZE, PERSONS, NAMES = 32, 8, ("comedy", "noir")
MODEL = StyleGAN2Config(size=SIZE, channels=(8, 8, 8, 8), w_dim=112, mapping_layers=2, choices=CHOICES)
needs_features = pytest.mark.skipif(find_spec(PACKAGE) is None, reason="MobileNetV2's weights are not installed")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "d"
    return draw_data(out, persons=PERSONS, size=SIZE, titles=NAMES, photos=False, workers=1, progress=False)


@pytest.fixture(scope="module")
def every(data) -> Pairs:
    return Pairs(data)


def trainer_of(pairs: Pairs, mixed=None, from_weights=False, **recipe) -> drawn.DrawnTrainer:
    torch.manual_seed(0)
    config = drawn.Config(**{"model": MODEL, "feature_weight": 0.0, **recipe})
    people = (z_of_seeds if from_weights else people_of)([pairs.z_seeds[name] for name in pairs.names], MODEL.w_dim)
    others = {"bank": None if from_weights else people, "held_out": pairs, "held_out_people": people}
    return drawn.DrawnTrainer(config, Accelerator(cpu=True), pairs, people, **others, mixed=mixed)


def share(pairs: Pairs, rows: list[int], *, step: int = 0, slot: int = 0, slots: int = 1) -> Share:
    mine = rows[slot::slots]
    images = as_floats(torch.stack([pairs[row][0] for row in mine]))
    return Share(images, StepRandom(0, step, slot=slot, slots=slots), rows=torch.tensor(mine))


def test_a_z_stands_for_each_picture_of_a_data_set(every):
    people = people_of([every.z_seeds[name] for name in every.names], MODEL.w_dim)
    for column, name in enumerate(NAMES):
        titles = torch.full((PERSONS,), TITLES.index(name))
        z = z_in_titles(people.z, titles)
        assert torch.equal(titles_of(z), titles)
        assert torch.equal(z.sort(dim=1).values, people.z.sort(dim=1).values)  # as likely as before
        apart = (drawn_of(z, SIZE).int() - every.pictures[:, column].int()).abs()
        assert apart.max() <= 8 and apart.float().mean() < 0.05  # a data set's persons have rounded numbers
    assert torch.equal(z_in_titles(people.z, titles_of(people.z)), people.z)


def test_mixed_titles_of_a_z_are_drawn():
    z = torch.from_numpy(z_of_seed(5, Z_DIM)).float()[None]
    person = drawing.person_of(z[0].double().numpy(), len(TITLES)).person
    own, other = drawing.TITLES[TITLES[int(titles_of(z))]], drawing.TITLES["noir"]
    found = drawn_of(z, SIZE, others=torch.tensor([TITLES.index("noir")]), from_group=2)[0]
    wanted = drawing.draw(person, own.mixed(other, 2), SIZE)
    assert np.array_equal(found.permute(1, 2, 0).numpy(), np.asarray(wanted))


def test_factors_say_all_that_is_drawn():
    persons = [drawing.random_person(np.random.default_rng(seed)) for seed in range(12)]
    factors = np.stack([factors_of(person) for person in persons])
    assert factors.shape[1] > 136 + 18 and np.isfinite(factors).all()
    assert len(np.unique(factors, axis=0)) == 12
    bald = drawing.Person.from_json(
        json.dumps(json.loads(persons[0].to_json()) | {"glasses": "round", "mole": [0.1, 0.2]})
    )
    assert (factors_of(bald) != factors[0]).any()


def test_a_lesson_has_the_codes_of_its_target(every, tmp_path):
    mixed = mixed_targets(every, tmp_path, count=1)
    trainer = trainer_of(every, mixed, mixing=1.0)
    rows = 3 * list(range(len(every)))
    ws, target = trainer._lesson(share(every, rows), from_z=False)
    groups = groups_of_layers(MODEL.num_ws)
    seen = set()
    for i, row in enumerate(rows):
        who, title = divmod(row, len(NAMES))
        kept = int((ws[i] == ws[i, :1]).all(dim=1).sum())  # layers with the first one's code
        group = groups[kept] if kept < MODEL.num_ws else 0
        seen.add(group)
        if group == 0:
            assert torch.equal(target[i], as_floats(every.pictures[who, title]))
        else:
            own, other = (int(one) for one in mixed.titles[who, group - 1, 0])
            assert torch.equal(target[i], as_floats(every.drawn(who, own, other, group)))
    assert seen == {0, 1, 2}
    pure, plain = trainer_of(every, None, mixing=1.0)._lesson(share(every, rows), from_z=True)
    assert torch.equal(pure, pure[:, :1].expand_as(pure)) and torch.equal(plain, share(every, rows).images)


def test_parts_of_a_batch_give_the_same_step(every):
    whole, parts = trainer_of(every), trainer_of(every)
    rows = [1, 5, 12, 10]
    for step in range(2):
        a = whole.step([share(every, rows, step=step)], step=step, shown=4 * step)
        halves = [share(every, rows, step=step, slot=slot, slots=2) for slot in (0, 1)]
        b = parts.step(halves, step=step, shown=4 * step)
        assert a.keys() == b.keys() and a["l1"] == pytest.approx(b["l1"], rel=1e-3)


def test_pictures_and_mapping_are_learnt_then_both_together(every):
    trainer = trainer_of(every, learning_rate=0.005)
    rows = list(range(12))
    scores = [trainer.step([share(every, rows, step=step)], step=step, shown=12 * step) for step in range(60)]
    assert np.mean([s["l1"] for s in scores[-5:]]) < 0.75 * np.mean([s["l1"] for s in scores[:5]])
    assert np.mean([s["mapping"] for s in scores[-5:]]) < 0.7 * np.mean([s["mapping"] for s in scores[:5]])
    factors = [p.clone() for p in trainer.networks["factors"].parameters()]
    last = trainer.step([share(every, rows)], step=60, shown=720, done=0.9)
    assert last["rate"] == pytest.approx(0.005 * 0.3) and last["l1"] < scores[0]["l1"]
    rates = [group["lr"] for optimizer in trainer.optimizers.values() for group in optimizer.param_groups]
    assert rates[1:] == pytest.approx([rates[0] * drawn.MAPPING_RATE, rates[0] * drawn.REGRESSION_RATE])
    trainer.optimizers["g"].zero_grad()
    trainer._loss(share(every, rows), drawn.Scores(), from_z=True, adversarial=False).backward()
    assert all(p.grad is None for p in trainer.networks["factors"].parameters()) and factors
    assert all(p.grad is not None for p in trainer.networks["g"].style.parameters())


@needs_features
def test_an_adversary_is_asked_at_the_end_of_a_run(every):
    trainer = trainer_of(every, adversarial_weight=0.1, adversarial_from=0.5)
    rows = list(range(8))
    early = trainer.step([share(every, rows)], step=0, shown=0, done=0.4)
    assert early.keys().isdisjoint({"g", "d", "r1"})
    before = [p.clone() for p in trainer.networks["projected"].parameters()]
    halves = [share(every, rows, slot=slot, slots=2) for slot in (0, 1)]
    late = trainer.step(halves, step=16, shown=8, done=0.6)
    assert {"g", "d", "r1"} <= late.keys() and late["loss"] > late["l1"]
    assert any((a != b).any() for a, b in zip(before, trainer.networks["projected"].parameters(), strict=True))
    assert "r1" not in trainer.step(halves, step=17, shown=16, done=0.6)


def test_the_last_layers_hand_nothing_over():
    assert groups_of_layers(12) == [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3]


def test_grown_weights_keep_what_their_z_mean(every):
    torch.manual_seed(1)
    source = Generator(replace(MODEL, channels=(4, 4, 4, 4)))
    source.choices.load_state_dict(choice_tables())
    trainer = trainer_of(every, from_weights=True)
    assert trainer.load_weights({"g_ema": source}, grow=True) == []
    z = torch.randn(2, MODEL.w_dim)
    torch.testing.assert_close(trainer.networks["g"].mapping(z), source.mapping(z))
    with pytest.raises(BadInputError, match="choices in z"):
        trainer.load_weights({"g_ema": Generator(replace(MODEL, choices=()))}, grow=True)


def test_a_run_from_weights_draws_all_from_z(every):
    trainer = trainer_of(every, from_weights=True, learning_rate=0.01)
    before = [p.clone() for p in trainer.networks["g"].style.parameters()]
    rows = list(range(8))
    scores = [trainer.step([share(every, rows, step=step)], step=step, shown=8 * step) for step in range(30)]
    assert np.mean([s["l1"] for s in scores[-5:]]) < scores[0]["l1"] and "mapping" not in scores[0]
    assert all((a != b).any() for a, b in zip(before, trainer.networks["g"].style.parameters(), strict=True))
    assert trainer.networks.keys().isdisjoint({"factors"}) and trainer.optimizers.keys() == {"g"}


def test_choices_of_another_hand_are_refused(every):
    with pytest.raises(BadInputError, match="choices"):
        trainer_of(every, model=replace(MODEL, choices=(3, 2, 2)))


@pytest.fixture
def tiny(monkeypatch) -> drawn.Config:
    config = drawn.Config(model=MODEL, feature_weight=0.0, bank=4)
    monkeypatch.setitem(presets.STYLEGAN2, "tiny-drawn", presets.Preset(config, 4, "tiny"))
    return config


def stop(_: str) -> None:
    """What Ctrl-C does; a run says its first line after its first step."""
    os.kill(os.getpid(), signal.SIGINT)


@needs_features
def test_a_run_resumes_exactly_and_is_measured(data, tiny, tmp_path, capsys):
    plan = {"device": "cpu", "kimg": 6 * 4 / 1000, "seed": 3, "sample_kimg": 0.012}
    whole = launch("stylegan2", data, tmp_path / "whole", preset="tiny-drawn", say=str, **plan)
    launch("stylegan2", data, tmp_path / "parts", preset="tiny-drawn", say=stop, **plan)
    parts = launch("stylegan2", data, tmp_path / "parts", say=str, **plan)
    logs = [(tmp_path / out / "log.jsonl").read_text() for out in ("whole", "parts")]
    assert logs[0] == logs[1] and len(logs[0].splitlines()) == 6
    a, b = load_state(whole)["networks"], load_state(parts)["networks"]
    assert all(torch.equal(value, b[name][key]) for name in a for key, value in a[name].items())
    with Image.open(tmp_path / "whole" / "samples" / "000000012.png") as sheet:
        assert sheet.size == (2 * SIZE, 2 * SIZE)  # two persons are held out
    written = export(whole, tmp_path / "g.safetensors")
    assert '"mapping_steps": 4' in written.card.read_text()
    assert convert.read(written.files[0].path, "stylegan2").build("g_ema").config == MODEL

    parser = argparse.ArgumentParser()
    add_evaluate(parser.add_subparsers())
    out = tmp_path / "found.json"
    args = parser.parse_args(["evaluate", "drawn", str(tmp_path / "whole"), "--persons", "3", "-o", str(out)])
    assert args.run(args) == 0
    assert len(json.loads(out.read_text())["model"]) == MODEL.num_ws + 1
    assert "| 8 |" in capsys.readouterr().out
    assert "L1 to the drawn person of z, 3 persons" in read_table(tmp_path / "whole").labels


def test_the_truth_has_no_distance(monkeypatch):
    """A model that draws the mean picture is as far as the mean picture; one that looks z up is not far at all."""
    g = StyleGAN2(Generator(MODEL), device="cpu")
    monkeypatch.setattr(g, "mapping", lambda z: z[:, None].repeat(1, g.num_ws, 1))
    groups = groups_of_layers(g.num_ws)

    def synthesis(ws: torch.Tensor, *, noise_mode: str) -> torch.Tensor:
        kept = int((ws[:1] == ws[:1, :1]).all(dim=2).sum()) % g.num_ws
        kept = g.num_ws if torch.equal(ws[:, -1], ws[:, 0]) and full else kept
        return as_floats(drawn_of(ws[:, 0], SIZE, others=titles_of(ws[:, -1]), from_group=groups[kept]))

    full = False
    monkeypatch.setattr(g, "synthesis", synthesis)
    report = measure_drawn(g, pixel_features(), persons=3)
    assert all((one.l1, one.mobilenet) == (0, 0) for one in report.model[:-1])
    assert all(one.l1 > 0.05 for one in report.mean)
    assert report.walk == report.drawn_walk and 0 < report.walk.mean < report.walk.largest
    assert f"{report.walk.largest:.3f}" in report.markdown()


def test_data_without_z_cannot_teach(data, tiny, tmp_path):
    folder = Path(shutil.copytree(data, tmp_path / "d"))
    (folder / "persons.jsonl").unlink()
    with pytest.raises(BadInputError, match="from which z"):
        launch("stylegan2", folder, tmp_path / "run", preset="tiny-drawn", device="cpu", say=str)
