"""Distances, the title classifier, swap metrics and the table of a run, on small pictures drawn here."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from webtoonfaces.cli.evaluate import add_evaluate
from webtoonfaces.data.folder import PictureFolder, read
from webtoonfaces.errors import BadInputError, MissingExtraError, UnknownNameError
from webtoonfaces.images import as_floats, as_levels, shrink
from webtoonfaces.metrics import classifier as classifiers
from webtoonfaces.metrics import distances, evaluate, swap
from webtoonfaces.metrics import table as tables
from webtoonfaces.metrics.cache import cache_path, remembered
from webtoonfaces.metrics.distances import Score
from webtoonfaces.metrics.nearest import nearest, nearest_sheet
from webtoonfaces.metrics.samples import load_evaluated, samples
from webtoonfaces.pretrained.mobilenet import load_mobilenet
from webtoonfaces.training import presets
from webtoonfaces.training.trainers.stylegan2 import StyleGAN2Trainer

SIDE = 32
TITLES = ("dots", "rings", "stripes")


def _draw(title: str, random: np.random.RandomState) -> Image.Image:
    """One picture of a title, in random colours: the title is in the drawing alone."""
    back, ink = (tuple(int(level) for level in random.randint(low, low + 110, 3)) for low in (140, 0))
    image = Image.new("RGB", (SIDE, SIDE), back)
    pen = ImageDraw.Draw(image)
    shift = int(random.randint(0, 5))
    if title == "stripes":
        for y in range(shift, SIDE, 7):
            pen.line((0, y, SIDE, y), fill=ink, width=3)
    elif title == "rings":
        pen.ellipse((3 + shift, 3, 25 + shift, 27), outline=ink, width=3)
    else:
        for x in (6, 16, 26):
            for y in (6, 16, 26):
                pen.ellipse((x - 3 + shift // 2, y - 3, x + 2 + shift // 2, y + 2), fill=ink)
    return image


def _write(folder: Path, titles: tuple[str, ...], count: int) -> Path:
    random = np.random.RandomState(0)
    for title in titles:
        (folder / title).mkdir(parents=True)
        for i in range(count):
            _draw(title, random).save(folder / title / f"{i:04d}.png")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("data"), TITLES, 150)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEBTOONFACES_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def classifier(data: Path, cache: Path) -> classifiers.TrainedClassifier:
    return classifiers.load_or_train_classifier(data, steps=40, progress=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a StyleGAN2 run with one checkpoint of untrained networks, as `training.run` writes it."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    folder.mkdir()
    torch.manual_seed(0)
    config = presets.STYLEGAN2["smoke"].config
    trainer = StyleGAN2Trainer(config, Accelerator(cpu=True))
    networks = {name: network.state_dict() for name, network in trainer.networks.items()}
    torch.save({"step": 250, "batch": 8, "family": "stylegan2", "networks": networks}, folder / "state-000000250.pt")
    (folder / "options.json").write_text(json.dumps(dataclasses.asdict(config)))
    return folder


def _vectors(n: int, d: int = 8, *, shift: float = 0.0, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + shift


# ------------------------------------------------------------------------------------------------------ distances


def test_kid_is_the_unbiased_cubic_kernel_distance() -> None:
    x, y = _vectors(40, seed=1), _vectors(40, shift=0.5, seed=2)
    found = distances.kid(x, y, subset_size=40)  # every subset is the whole set

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / len(a) + 1) ** 3)

    a, b = x.double().numpy(), y.double().numpy()
    within = sum(kernel(s[i], s[j]) for s in (a, b) for i in range(40) for j in range(40) if i != j) / (40 * 39)
    across = sum(kernel(p, q) for p in a for q in b) / 40**2
    assert found.value == pytest.approx(within - 2 * across, rel=1e-3)
    assert found.spread == pytest.approx(0, abs=1e-5)


def test_kid_rises_with_the_difference_and_is_nothing_without_one() -> None:
    x = _vectors(400)
    none, some, much = (distances.kid(x, _vectors(400, shift=s, seed=9), subset_size=200) for s in (0, 0.3, 1.0))
    assert abs(none.value) < 3 * none.spread + 1e-3
    assert none.value < some.value < much.value


def test_kid_repeats_itself_and_leaves_the_global_random_numbers_alone() -> None:
    x, y = _vectors(60), _vectors(60, seed=1)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = distances.kid(x, y, subset_size=30)
    assert torch.equal(torch.rand(3), expected)
    assert distances.kid(x, y, subset_size=30) == first != distances.kid(x, y, subset_size=30, seed=1)


def test_kid_of_too_few_pictures_says_so() -> None:
    with pytest.raises(BadInputError, match="subsets of 500 pictures, and one side has only 60"):
        distances.kid(_vectors(900), _vectors(60))


@settings(max_examples=15, deadline=None)
@given(shift=st.floats(-3, 3), spread=st.floats(0.2, 4))
def test_frechet_of_one_feature_has_a_closed_form(shift: float, spread: float) -> None:
    x = _vectors(300, 1)
    y = x * spread + shift
    expected = (x.mean() - y.mean()) ** 2 + (x.std() - y.std()) ** 2
    assert distances.frechet(x, y) == pytest.approx(float(expected), rel=1e-3, abs=1e-3)


def test_kid_scale_sets_halves_against_titles() -> None:
    vectors = torch.cat([_vectors(80, shift=s, seed=i) for i, s in enumerate((0.0, 1.0, 3.0))])
    described = distances.Described(vectors, torch.arange(3).repeat_interleave(80))
    scale = distances.kid_scale(described, ("a", "b", "c"))
    assert set(scale.titles) == {("a", "b"), ("b", "c"), ("c", "a")}
    assert scale.halves.value < 0.1 * min(score.value for score in scale.titles.values())
    assert scale.titles["a", "b"].value < scale.titles["c", "a"].value


@pytest.mark.parametrize(("titles", "pairs"), [(1, []), (2, [("a", "b")])])
def test_kid_scale_of_few_titles(titles: int, pairs: list[tuple[str, str]]) -> None:
    described = distances.Described(_vectors(40), torch.arange(40) % titles)
    assert list(distances.kid_scale(described, ("a", "b")[:titles]).titles) == pairs


def test_fid_without_its_extra_names_the_line_to_type(monkeypatch: pytest.MonkeyPatch, data: Path, cache: Path) -> None:
    monkeypatch.setattr("torchmetrics.image.fid._TORCH_FIDELITY_AVAILABLE", False)
    with pytest.raises(MissingExtraError, match=r"torch-fidelity.*pip install 'webtoonfaces\[inception\]'"):
        distances.fid(PictureFolder(data, split="held_out"), [])


class _TinyInception(torch.nn.Module):
    num_features = 6

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        assert pictures.dtype == torch.uint8
        halves = pictures.float().unflatten(2, (2, -1)).mean(dim=(3, 4))
        return halves.flatten(1)


def test_fid_measures_the_data_set_once(monkeypatch: pytest.MonkeyPatch, data: Path, cache: Path) -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    monkeypatch.setattr(distances, "_inception", lambda: FrechetInceptionDistance(feature=_TinyInception()))
    folder = PictureFolder(data, split="held_out")
    pictures = torch.cat(list(read(folder, range(len(folder)))))
    assert distances.fid(folder, pictures.split(7)) == pytest.approx(0, abs=1e-2)
    monkeypatch.setattr(distances, "read", lambda *_: pytest.fail("the data set was read again"))
    assert distances.fid(folder, (255 - pictures).split(7)) > 100


# ------------------------------------------------------------------------------------------------------- features


def test_mobilenet_features_have_one_scale_for_all_sizes() -> None:
    random = np.random.RandomState(3)
    pictures = torch.stack([torch.from_numpy(np.array(_draw(title, random))).permute(2, 0, 1) for title in TITLES])
    larger = pictures.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)  # the same pictures of 128 px
    small, large = (distances.describe([p[:2], p[2:]], [distances.mobilenet_features()])[0] for p in (pictures, larger))
    assert small.shape == large.shape == (3, 1280)
    assert float(small.square().mean()) == pytest.approx(float(large.square().mean()), rel=0.5)
    enlarged = shrink(as_floats(pictures), 224)
    plain = load_mobilenet()(enlarged)  # whose batch normalisations are not folded away
    assert torch.allclose(small, plain, atol=1e-4)


def test_a_data_set_is_described_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path / "cache"))
    source = _write(tmp_path / "data", ("dots", "rings"), 5)
    calls: list[int] = []

    def describe(images: torch.Tensor) -> torch.Tensor:
        calls.append(len(images))
        return images.mean(dim=(2, 3))

    features = distances.Features("means", "means", describe)
    first = distances.describe_data(PictureFolder(source), features)
    again = distances.describe_data(PictureFolder(source), features)
    assert torch.equal(first.vectors, again.vectors)
    assert first.labels.tolist() == again.labels.tolist() == [0] * 5 + [1] * 5
    assert sum(calls) == 10
    mirrored = distances.describe_data(PictureFolder(source, mirror=True), features)
    assert mirrored.labels.tolist() == [0] * 5 + [1] * 5
    assert sum(calls) == 20
    assert distances.data_rows(PictureFolder(source, mirror=True), limit=4) == [0, 12, 5, 17]
    assert distances.data_rows(PictureFolder(source), limit=None) == list(range(10))
    (source / "dots" / "0000.png").unlink()
    assert len(distances.describe_data(PictureFolder(source), features).vectors) == 9


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "kept.safetensors"
    path.write_bytes(b"cut short")
    for _ in range(2):
        tensors, words = remembered(path, lambda: ({"x": torch.arange(3)}, {"says": "so"}))
        assert tensors["x"].tolist() == [0, 1, 2]
        assert words["says"] == "so"
    assert [file.name for file in tmp_path.iterdir()] == ["kept.safetensors"]


def test_the_cache_is_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path))
    assert cache_path("a", 1, 2).is_relative_to(tmp_path)
    assert len({cache_path("a", 1, 2), cache_path("a", 12), cache_path("b", 1, 2)}) == 3


# ----------------------------------------------------------------------------------------------- title classifier


def test_the_classifier_learns_titles_whatever_their_colours(classifier: classifiers.TrainedClassifier) -> None:
    assert classifier.titles == TITLES
    assert classifier.accuracy >= 0.9
    random = np.random.RandomState(99)
    drawn = torch.stack(
        [torch.from_numpy(np.array(_draw(title, random))).permute(2, 0, 1) for title in TITLES for _ in range(10)]
    )
    found = classifier.titles_of(as_floats(drawn))
    right = (found == torch.arange(3).repeat_interleave(10)).float().mean()
    assert right >= 0.9


def test_the_classifier_is_trained_once(
    classifier: classifiers.TrainedClassifier, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifiers, "_train", lambda *_, **__: pytest.fail("trained again"))
    again = classifiers.load_or_train_classifier(data, steps=40)
    assert (again.titles, again.accuracy, again.key) == (classifier.titles, classifier.accuracy, classifier.key)
    for one, other in zip(again.network.parameters(), classifier.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_classifiers_seed_decides(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        monkeypatch.setenv("WEBTOONFACES_CACHE", str(tmp_path / folder))
        trained = classifiers.load_or_train_classifier(data, seed=seed, steps=2, progress=False)
        heads.append(trained.network.head.weight)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_the_classifiers_features_have_a_unit_of_their_own(
    classifier: classifiers.TrainedClassifier, data: Path
) -> None:
    described = distances.describe_data(PictureFolder(data, split="train"), distances.classifier_features(classifier))
    assert described.vectors.shape[1] == 128
    assert float(described.vectors.square().mean()) == pytest.approx(classifiers.FEATURE_SQUARE, rel=0.02)


def test_one_title_cannot_be_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="one title"):
        classifiers.load_or_train_classifier(_write(tmp_path, ("dots",), 3))


def test_varied_pictures_keep_their_shape_and_are_repeatable() -> None:
    images = torch.rand(4, 3, 64, 64) * 2 - 1
    once, twice = (classifiers.vary(images, torch.Generator().manual_seed(3)) for _ in range(2))
    assert once.shape == images.shape
    assert torch.equal(once, twice)
    assert (once - images).abs().mean() > 0.05


# ---------------------------------------------------------------------------------------------------------- swaps

COLOURS = torch.tensor([[0.9, -0.9, -0.9], [-0.9, 0.9, -0.9]])
SWITCH = 4  # the layer in which the toy model's colour is


def _toys(n: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    """Squares at n different places (uint8 [n, 3, 64, 64]) in the colour of one of two titles, and the titles."""
    pictures = torch.zeros(n, 3, 64, 64)
    labels = torch.arange(n) % 2
    for i in range(n):
        y, x = 4 + 6 * (i // 8), 2 + 7 * (i % 8)
        pictures[i, :, y : y + 9, x : x + 6] = COLOURS[labels[i]].view(3, 1, 1)
    return as_levels(pictures), labels


class _ByColour:
    titles, accuracy = ("red", "green"), 1.0

    def titles_of(self, images: torch.Tensor) -> torch.Tensor:
        strongest = images.flatten(2).amax(dim=2)
        return (strongest[:, 1] > strongest[:, 0]).long()


def _encode(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    where = images.abs().amax(dim=1, keepdim=True) > 0.5
    colour = COLOURS[_ByColour().titles_of(images)]
    return where.float(), colour[:, None].repeat(1, 8, 1)


def _decode(structure: torch.Tensor, ws: torch.Tensor) -> torch.Tensor:
    return structure * ws[:, SWITCH, :, None, None]


def _measure(decode=_decode, **options) -> swap.SwapReport:
    model = SimpleNamespace(encode=_encode, decode=decode)
    return swap.measure_swaps(model, _ByColour(), *_toys(), pairs=70, **options)  # type: ignore[arg-type]


def test_a_model_that_swaps_well_is_told_where_its_style_is() -> None:
    report = _measure()
    assert report.style_transfer == [1.0] * (SWITCH + 1) + [0.0] * (8 - SWITCH)
    assert report.structure_match == [1.0] * 9
    assert report.l1 == pytest.approx(0, abs=0.01)
    assert report.own_title == 1
    assert report.pairs == 64


def test_a_model_that_loses_the_structure_is_found_out() -> None:
    report = _measure(lambda structure, ws: _decode(structure.roll(1, dims=0), ws))
    assert report.style_transfer[0] == 1
    assert max(report.structure_match) < 0.1
    assert report.l1 > 0.02


def test_swap_metrics_need_a_group_of_pictures() -> None:
    pictures, labels = _toys(20)
    with pytest.raises(BadInputError, match="compares 32 held-out pictures; this data set has 20"):
        swap.measure_swaps(SimpleNamespace(encode=_encode, decode=_decode), _ByColour(), pictures, labels)  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="at least 32 pairs; 8 were asked for"):
        swap.check_counts(64, 8)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=8, max_size=40).filter(lambda x: len(set(x)) > 1), st.integers(0, 5))
def test_pairs_are_of_different_titles(titles: list[int], seed: int) -> None:
    labels = torch.tensor(titles)
    sources, targets = swap.draw_pairs(labels, 3, group=8, seed=seed)
    assert sources.shape == targets.shape == (3, 8)
    assert (labels[sources] != labels[targets]).all()
    assert all(len(set(row.tolist())) == 8 for row in sources)
    again = swap.draw_pairs(labels, 3, group=8, seed=seed)
    assert torch.equal(sources, again[0]) and torch.equal(targets, again[1])


def test_pairs_need_two_titles() -> None:
    with pytest.raises(BadInputError, match="one title"):
        swap.draw_pairs(torch.zeros(40, dtype=torch.int64), 1)


def test_edges_forgive_colour_and_a_pixel_but_not_another_place() -> None:
    images = as_floats(_toys()[0])
    edges = swap.edge_maps(images)
    assert torch.allclose(edges.norm(dim=1), torch.ones(len(edges)))
    assert torch.allclose(swap.edge_maps(0.4 - 0.5 * images), edges, atol=1e-5)
    moved = swap.edge_maps(images.roll((1, 1), dims=(2, 3)))
    assert torch.equal(swap.nearest_edges(moved, edges), torch.arange(len(edges)))
    assert float((edges[0] * edges[12]).sum()) < 0.2 < float((edges[0] * moved[0]).sum())


def test_a_swap_report_can_be_read(tmp_path: Path) -> None:
    report = _measure()
    text = report.markdown()
    assert "| 4 | 100.0% | 100.0% |" in text
    assert "| 5 | 0.0% | 100.0% |" in text
    assert "is not reliable" not in text
    assert "is not reliable" in dataclasses.replace(report, accuracy=0.8).markdown()
    report.figure().savefig(tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as plot:
        assert plot.width > 300
    error = evaluate.swap_scores(dataclasses.replace(report, style_transfer=[0.5] * 9))["style transfer at 2, 64 pairs"]
    assert error == Score(0.5, pytest.approx(math.sqrt(0.25 / 64)))


# -------------------------------------------------------------------------------------------------------- models


def test_a_runs_checkpoint_is_the_network_that_was_saved(run: Path) -> None:
    model = load_evaluated(run, "stylegan2")
    assert (model.run.step, model.run.kimg, model.handle.size, model.mirror) == (250, 2.0, 32, True)
    assert str(model) == "tiny/state-000000250.pt at 2.0 kimg"
    torch.manual_seed(0)
    original = StyleGAN2Trainer(presets.STYLEGAN2["smoke"].config, Accelerator(cpu=True)).networks["g_ema"]
    z = torch.randn(2, 32)
    assert torch.allclose(model.handle.network(z, "none"), original(z, "none"), atol=1e-6)
    assert load_evaluated(run / "state-000000250.pt", "stylegan2").run.folder == run


def test_what_cannot_be_measured_is_said(run: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="checkpoint of a stylegan2; this measures a swapae"):
        load_evaluated(run, "swapae")
    with pytest.raises(BadInputError, match="no checkpoint"):
        load_evaluated(tmp_path, "stylegan2")
    with pytest.raises(BadInputError, match="Check the path"):
        load_evaluated(tmp_path / "gone.pt", "stylegan2")
    with pytest.raises(UnknownNameError, match="dmeo"):
        load_evaluated("dmeo", "stylegan2")


def test_samples_are_those_of_their_seeds_whatever_the_batch(run: Path) -> None:
    generator = load_evaluated(run, "stylegan2").handle
    every = torch.cat(list(samples(generator, range(5), batch=5)))  # type: ignore[arg-type]
    parts = torch.cat(list(samples(generator, range(2, 5), batch=2)))  # type: ignore[arg-type]
    assert every.shape == (5, 3, 32, 32) and every.dtype == torch.uint8
    assert (every[2:].int() - parts.int()).abs().max() <= 1
    assert not torch.equal(every[0], every[1])
    (mean,) = samples(generator, range(1), psi=0.0)  # type: ignore[arg-type]
    assert not torch.equal(mean[0], every[0])


def test_a_copied_picture_is_found(data: Path, cache: Path) -> None:
    folder = PictureFolder(data, mirror=True)
    rings = [i for i, entry in enumerate(folder.entries) if entry.title == "rings" and not entry.held_out]
    plain, newcomer = rings[7], next(i for i, entry in enumerate(folder.entries) if entry.held_out)
    shown = torch.stack([folder[plain][0], folder[rings[20]][0].flip(2), folder[newcomer][0]])
    (found,) = nearest(shown, folder, [distances.pixel_features()])
    total = len(folder.entries)
    assert [row % total for row in found.rows.tolist()][:2] == [plain, rings[20]]
    assert float(found.distances[:2].max()) < 1e-3 < float(found.distances[2])
    assert not any(folder.entries[row % total].held_out for row in found.rows.tolist())
    assert found.held_out is not None and found.held_out > 0.01
    for row, mirrored, picture in zip(found.rows[:2], found.mirrored[:2], shown[:2], strict=True):
        copy = folder[int(row)][0]
        assert torch.equal(copy.flip(2) if mirrored else copy, picture)
    sheet = nearest_sheet(shown, folder, [found])
    assert sheet.width >= 3 * SIDE and sheet.height >= 2 * SIDE


# ---------------------------------------------------------------------------------------------------------- table


def test_a_table_has_a_row_for_each_checkpoint_the_latest_value_counts(tmp_path: Path) -> None:
    for step, value in ((2000, 0.2), (1000, 0.5), (2000, 0.3)):
        tables.write_row(
            tmp_path,
            step=step,
            kimg=step / 100,
            checkpoint=f"state-{step}.pt",
            scores={"KID": Score(value, 0.01)},
            references={"KID": {"halves": 0.001}},
        )
    table = tables.read_table(tmp_path)
    assert [(row.step, row.scores["KID"].value) for row in table.rows] == [(1000, 0.5), (2000, 0.3)]
    assert "(row 0)" in table.markdown()
    tables.write_row(tmp_path, step=2000, kimg=20, checkpoint="state-2000.pt", scores={"L1": Score(0.1, 0)})
    tables.write_row(tmp_path, step=0, kimg=0, checkpoint="ffhq.pt", scores={"KID": Score(9.0, 0.1)})
    table = tables.read_table(tmp_path)
    text = table.markdown()
    assert table.labels == ["KID", "L1"]
    assert "| 0 | 0.0 | 9.0000 ± 0.1000 |  | ffhq.pt |" in text
    assert "| 2,000 | 20.0 | 0.3000 ± 0.0100 | 0.1000 | state-2000.pt |" in text
    assert "halves: 0.0010" in text and "(row 0)" not in text
    paths = tables.save_table(table, tmp_path / "out")
    assert json.loads(paths[1].read_text())["rows"][0]["checkpoint"] == "ffhq.pt"
    with Image.open(paths[2]) as plot:
        assert plot.width > 600


def test_a_table_of_nothing_and_of_nonsense(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="Nothing was measured"):
        tables.read_table(tmp_path)
    (tmp_path / tables.FILE).write_text('{"step": 3}\n')
    with pytest.raises(BadInputError, match="Line 1 of"):
        tables.read_table(tmp_path)


def _type(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_evaluate(parser.add_subparsers(required=True))
    args = parser.parse_args(["evaluate", *words])
    return args.run(args)


def test_evaluate_kid_and_table_from_the_command_line(
    run: Path,
    data: Path,
    classifier: classifiers.TrainedClassifier,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(distances, "PIXEL_SIDE", 8)
    monkeypatch.setattr(distances, "mobilenet_features", lambda *_, **__: distances.pixel_features())
    monkeypatch.setattr(evaluate, "load_or_train_classifier", lambda *_, **__: classifier)
    words = ("--samples", "48", "--subset-size", "40", "--device", "cpu")
    assert _type("kid", str(run), str(data), *words) == 0
    assert _type("kid", str(run / "state-000000250.pt"), str(data), *words, "--start-of", str(run)) == 0
    assert "two halves of the data" in capsys.readouterr().out
    assert _type("table", str(run)) == 0
    table = tables.read_table(run)
    assert [row.step for row in table.rows] == [0, 250]
    assert table.labels == ["KID on pixels, 48 samples", "KID on the title classifier, 48 samples"]
    for label in table.labels:  # an untrained generator is farther from the data than any half of them
        assert table.rows[1].scores[label].value > 5 * abs(table.references[label]["two halves of the data"])
    assert "| 250 | 2.0 |" in capsys.readouterr().out
    assert (run / "metrics.png").is_file()


def test_too_few_samples_are_refused_before_any_is_drawn(
    run: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "samples", lambda *_, **__: pytest.fail("drawn"))
    with pytest.raises(BadInputError, match="only 40"):
        _type("kid", str(run), str(data), "--samples", "40")


def test_evaluate_nearest_writes_a_sheet(
    run: Path,
    data: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(distances, "PIXEL_SIDE", 8)
    monkeypatch.setattr(distances, "mobilenet_features", lambda *_, **__: distances.pixel_features())
    out = tmp_path / "sheets" / "nearest.png"
    assert _type("nearest", str(run), str(data), "--samples", "9", "--no-mirror", "-o", str(out)) == 0
    assert "held-out pictures" in capsys.readouterr().out
    with Image.open(out) as sheet:
        assert sheet.width > 8 * SIDE
