"""Both trainers, tiny: exact resuming, equal shares, what is frozen, and that they learn."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from webtoonfaces.data.drawn import draw_data
from webtoonfaces.data.folder import PictureFolder, load_in_memory
from webtoonfaces.errors import BadInputError, UnknownNameError
from webtoonfaces.models.stylegan2 import Generator, StyleGAN2Config
from webtoonfaces.models.swapae import SwapAEConfig
from webtoonfaces.pretrained.mobilenet import PACKAGE, load_mobilenet
from webtoonfaces.training import presets
from webtoonfaces.training.checkpoints import load_state, states
from webtoonfaces.training.export import export
from webtoonfaces.training.launch import launch, weights
from webtoonfaces.training.step import Share, StepRandom
from webtoonfaces.training.trainers import losses, stylegan2, swapae
from webtoonfaces.training.trainers.projected import LAYERS, ProjectedDiscriminator
from webtoonfaces.weights import convert

needs_features = pytest.mark.skipif(find_spec(PACKAGE) is None, reason="MobileNetV2's weights are not installed")

STYLEGAN2 = stylegan2.Config(
    model=StyleGAN2Config(size=32, channels=(8, 8, 8, 8), w_dim=8, mapping_layers=2),
    r1_every=2,
    path_every=2,
    ada_speed=100,
)
SWAPAE = swapae.Config(
    model=SwapAEConfig(channel=1, size=64, discriminator_channels=(8, 8, 8, 8, 8)),
    patches=2,
    references=2,
    lazy_every=2,
    corrupt=0.5,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Twenty blobs in two titles: quickly made, and with something to learn."""
    folder = tmp_path_factory.mktemp("blobs")
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    random = np.random.default_rng(0)
    for i in range(20):
        inside = ((x - random.normal(0, 0.1)) ** 2 + y**2 < 0.4)[..., None]
        picture = np.where(inside, random.integers(150, 255, 3), random.integers(0, 100, 3)).astype(np.uint8)
        path = folder / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path)
    return folder


def trainer_of(family: str, **changes):
    torch.manual_seed(0)
    if family == "stylegan2":
        return stylegan2.StyleGAN2Trainer(replace(STYLEGAN2, **changes), Accelerator(cpu=True))
    examples = torch.zeros(2, 3, 64, 64, dtype=torch.uint8)
    return swapae.SwapAETrainer(replace(SWAPAE, **changes), Accelerator(cpu=True), examples=examples)


def shares(family: str, step: int, *, parts: int = 1, photos: bool = False, batch: int | None = None) -> list[Share]:
    usual, side = (8, 32) if family == "stylegan2" else (4, 64)
    batch = batch or usual
    images = torch.rand(batch, 3, side, side, generator=torch.Generator().manual_seed(step)) * 2 - 1
    seen = images.flip(0)[:2].contiguous() if photos else None
    return [
        Share(images[k::parts], StepRandom(0, step, slot=k, slots=parts), None if seen is None else seen[k::parts])
        for k in range(parts)
    ]


def averages(trainer) -> dict[str, torch.Tensor]:
    return {f"{n}.{k}": v for n, net in trainer.networks.items() for k, v in net.state_dict().items()}


FAMILIES = ["stylegan2", "swapae"]


@pytest.mark.parametrize("family", FAMILIES)
def test_parts_of_a_batch_give_the_same_step(family):
    """The same is what several processes do; tests/unit/test_training_processes.py starts two."""
    whole, parts = trainer_of(family), trainer_of(family)
    for step in range(2):
        a = whole.step(shares(family, step), step=step, shown=8 * step)
        b = parts.step(shares(family, step, parts=2), step=step, shown=8 * step)
        assert a.keys() == b.keys()
        assert a == pytest.approx(b, rel=2e-4, abs=1e-5)
    if family == "stylegan2":
        assert whole.scalars()["strength"] == parts.scalars()["strength"]
        assert whole.scalars()["path_mean"] == pytest.approx(parts.scalars()["path_mean"], rel=1e-4)
    for name, value in averages(whole).items():
        torch.testing.assert_close(averages(parts)[name], value, rtol=1e-3, atol=2e-3, msg=name)


PROJECTED = {
    "stylegan2": {"projected": True, "path_weight": 0.0, "r1": 0.1},
    "swapae": {"projected": True, "mixing": 0.5, "r1": 0.1, "feature_weight": 0.5, "statistics_weight": 0.3},
}


@needs_features
@pytest.mark.parametrize("family", FAMILIES)
def test_parts_give_the_same_step_with_a_projected_discriminator(family):
    whole, parts = (trainer_of(family, **PROJECTED[family]) for _ in range(2))
    assert "d" not in whole.networks and "cooccur" not in whole.networks
    for step in range(2):
        a = whole.step(shares(family, step, batch=8), step=step, shown=0)
        b = parts.step(shares(family, step, batch=8, parts=2), step=step, shown=0)
        assert {"d", "g"} <= a.keys() == b.keys()
        assert a == pytest.approx(b, rel=2e-3, abs=1e-4)
    if family == "stylegan2":  # counted by pictures, however many places of each are judged
        assert whole.scalars()["strength"] == pytest.approx(parts.scalars()["strength"], rel=1e-4)
        assert whole.scalars()["strength"]["count"] == 2 * 8


@needs_features
@pytest.mark.parametrize("size", [32, 64, 128])
def test_a_projected_discriminator_learns_to_tell_drawings_apart(size):
    torch.manual_seed(0)
    features, judge = load_mobilenet(), ProjectedDiscriminator(size)
    stripes = (torch.arange(size) // 4 % 2 * 2.0 - 1).expand(8, 3, size, size)
    noise = 0.2 * torch.randn(2, 8, 3, size, size)
    mixed = [judge.mixed(features.maps(x, layers=LAYERS)) for x in (stripes + noise[0], stripes.mT + noise[1])]
    assert [x.shape[2] for x in mixed[0]] == [size // 2, size // 4, size // 8, size // 16]
    optimizer = torch.optim.Adam(judge.parameters(), 0.002, (0.0, 0.99))
    assert all(not name.startswith(("mix", "join")) for name, _ in judge.named_parameters())
    found = []
    for _ in range(25):
        loss = losses.discriminator_loss(judge(*mixed[0]), judge(*mixed[1]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(float(loss.detach()))
    assert found[-1] < 0.3 * found[0]


@needs_features
def test_a_projected_discriminator_has_no_layers_to_freeze():
    with pytest.raises(BadInputError, match="no layers to freeze"):
        trainer_of("stylegan2", projected=True, freeze_d=1)


@needs_features
def test_mixed_pictures_keep_their_own_style_in_the_first_layers():
    trainer = trainer_of("swapae", mixing=1.0)
    n, half = 10, 4  # of which two are photos
    own, other = torch.zeros(n, 64), torch.ones(n, 64)
    ws = trainer._mixed(own, other, half, StepRandom(0, 0))
    kept = (ws == 0).all(dim=2).sum(dim=1)
    assert (kept[:half] == 0).all()  # those that are to be rebuilt
    assert set(kept[half:].tolist()) <= {1, 2, 3} and torch.equal(kept[half : half + 2], kept[2 * half :])
    for row, layers in zip(ws, kept, strict=True):
        assert (row[:layers] == 0).all() and (row[layers:] == 1).all()
    trainer = trainer_of("swapae", mixing=0.0)
    assert torch.equal(trainer._mixed(own, other, half, StepRandom(0, 0)), torch.ones(n, 8, 64))


def test_photos_join_in_parts_too():
    whole, parts = trainer_of("swapae"), trainer_of("swapae")
    a = whole.step(shares("swapae", 0, photos=True), step=0, shown=0)
    b = parts.step(shares("swapae", 0, parts=2, photos=True), step=0, shown=0)
    assert a == pytest.approx(b, rel=2e-4, abs=1e-5)


LONG = {
    "stylegan2": {"warmup_kimg": 0.016, "r1_every": 2, "path_every": 2, "ada_speed": 200, "ada_target": -2.0},
    "swapae": {"warmup_kimg": 0.008, "feature_weight": 0.5, "statistics_weight": 0.3, "lazy_every": 2, "corrupt": 0.5},
}


@needs_features
@pytest.mark.parametrize("projected", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_resuming_is_exact_through_every_phase(family, projected, data, tmp_path):
    """Stopped once in the warm-up and once after it, without the configuration: the same losses, bit for bit."""

    def go(out: str, steps: int, **options) -> Path:
        kimg = steps * presets.FAMILIES[family]["smoke"].batch / 1000
        return launch(family, data, tmp_path / out, preset="smoke", device="cpu", kimg=kimg, say=str, **options)

    steps = 9 if family == "stylegan2" else 5
    recipe = LONG[family] | ({"projected": True} if projected else {})
    whole = go("whole", steps, config=recipe, seed=3)
    go("parts", 1, config=recipe, seed=3)
    go("parts", steps - 2)
    parts = go("parts", steps)
    logs = [(tmp_path / out / "log.jsonl").read_text() for out in ("whole", "parts")]
    assert logs[0] == logs[1]
    rows = [json.loads(line) for line in logs[0].splitlines()]
    assert "l1" in rows[0] and "d" not in rows[0] and {"d", "g"} <= rows[-1].keys()
    a, b = load_state(whole), load_state(parts)
    assert a["scalars"] == b["scalars"]
    if family == "stylegan2":
        assert 0 < a["scalars"]["strength"]["p"] < 1
        assert a["scalars"]["path_mean"] > 0
    assert ("projected" in a["networks"]) == projected != ("d" in a["networks"])
    for name, network in a["networks"].items():
        assert all(torch.equal(value, b["networks"][name][key]) for key, value in network.items()), name
    files = [file.path for file in export(whole, tmp_path / "all.safetensors", everything=True).files]
    assert set(weights(family, files)) == set(convert.FAMILIES[family]) & a["networks"].keys()


def test_freeze_d_keeps_the_highest_resolutions():
    trainer = trainer_of("stylegan2", freeze_d=2)
    before = {k: v.clone() for k, v in trainer.networks["d"].state_dict().items()}
    for step in range(2):
        trainer.step(shares("stylegan2", step), step=step, shown=0)
    after = trainer.networks["d"].state_dict()
    frozen = {k for k in before if k.startswith(("convs.0.", "convs.1.", "convs.2."))}
    assert all(torch.equal(after[k], before[k]) for k in frozen)
    assert all(not torch.equal(after[k], before[k]) for k in before.keys() - frozen)
    with pytest.raises(BadInputError, match="3 resolutions"):
        trainer_of("stylegan2", freeze_d=4)


def test_mixing_takes_the_first_layers_from_one_code_and_the_rest_from_another():
    trainer = trainer_of("stylegan2", mixing=1.0)
    ws = trainer._ws(StepRandom(0, 0), 64)
    changes = (ws[:, 1:] != ws[:, :-1]).any(dim=2).sum(dim=1)
    assert (changes == 1).all()
    pure = trainer_of("stylegan2", mixing=0.0)._ws(StepRandom(0, 0), 64)
    assert torch.equal(pure, pure[:, :1].expand_as(pure))


def test_each_hybrid_is_compared_with_its_own_style():
    """Five redrawn pictures, of which three are photos, over two styles."""
    trainer = trainer_of("swapae", corrupt=0.0, mirror=False)
    [share] = shares("swapae", 0)
    share.photos = torch.rand(3, 3, 64, 64)
    seen = {}
    trainer.networks["g"].forward = lambda structure, style, noise: (
        seen.update(a=structure, b=style) or torch.zeros(len(style), 3, 64, 64)
    )
    drawn = trainer._draw(share)
    structure, style = trainer.networks["e"](torch.cat([share.images, share.photos]))
    assert drawn.style_rows.tolist() == [0, 1, 0, 1, 0]
    torch.testing.assert_close(seen["a"], structure[[0, 1, 0, 1, 4, 5, 6]])
    torch.testing.assert_close(seen["b"], style[[0, 1, 2, 3, 2, 3, 2]])
    assert torch.equal(drawn.source, share.images[:2]) and torch.equal(drawn.style, share.images[2:])


def test_a_swapae_needs_pairs():
    share = Share(torch.zeros(3, 3, 64, 64), StepRandom(0, 0))
    with pytest.raises(BadInputError, match="pairs"):
        trainer_of("swapae").step([share], step=0, shown=0)


def test_previews_show_every_example():
    assert trainer_of("stylegan2").preview().size == (8 * 32, 4 * 32)
    assert trainer_of("swapae").preview().size == (2 * 64, 3 * 64)


@pytest.mark.parametrize(
    ("options", "error", "named"),
    [
        ({"preset": "smok"}, UnknownNameError, "smoke"),
        ({"config": {"r2": 1}}, UnknownNameError, "r1"),
        ({"config": {"r1": "much"}}, BadInputError, "a number"),
        ({"config": {"mirror": 1}}, BadInputError, "true or false"),
        ({"config": {"freeze_d": 1}}, BadInputError, "--init"),
        ({"precision": "half"}, UnknownNameError, "full"),
        ({"photos": "x"}, BadInputError, "Only a SwapAE"),
    ],
)
def test_options_that_do_not_fit_are_explained(options, error, named, data, tmp_path):
    with pytest.raises(error, match=named):
        launch("stylegan2", data, tmp_path / "out", **{"preset": "smoke", "device": "cpu", **options})
    assert not states(tmp_path / "out")


def test_a_run_of_the_other_family_is_not_continued(data, tmp_path):
    launch("stylegan2", data, tmp_path, preset="smoke", device="cpu", kimg=0.008, say=str)
    with pytest.raises(BadInputError, match="stylegan2"):
        launch("swapae", data, tmp_path, preset="smoke", device="cpu", say=str)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("preset", ["demo", "demo-cpu", "drawn"])
def test_demo_models_fit_into_16_mib(family, preset):
    from webtoonfaces.models import stylegan2 as sg
    from webtoonfaces.models import swapae as ae

    if preset == "drawn":
        preset = {"stylegan2": "demo-drawn", "swapae": "demo-pairs"}[family]
    config = presets.FAMILIES[family][preset].config.model
    with torch.device("meta"):
        networks = [sg.Generator(config)] if family == "stylegan2" else [ae.Encoder(config), ae.Generator(config)]
    count = sum(value.numel() for network in networks for value in network.state_dict().values())
    assert 2 * count + 2**16 < 16 * 2**20
    if family == "stylegan2":
        assert count < 8e6


def test_the_paper_preset_is_the_published_recipe():
    sg, ae = presets.STYLEGAN2["paper"], presets.SWAPAE["paper"]
    assert (sg.batch, sg.config.r1, sg.config.path_weight, sg.config.mixing) == (12, 10, 2, 0.9)
    assert (sg.config.ada_target, sg.config.ada_speed) == (0.6, 500_000)
    assert (ae.batch, ae.config.r1, ae.config.cooccur_r1, ae.config.patches, ae.config.references) == (10, 10, 1, 8, 4)
    trainer = trainer_of("stylegan2", r1_every=16)
    rates = trainer.optimizers["d"].param_groups[0]
    assert rates["lr"] == pytest.approx(0.002 * 16 / 17) and rates["betas"] == pytest.approx((0, 0.99 ** (16 / 17)))


# on drawings


@pytest.fixture(scope="module")
def drawings(tmp_path_factory) -> Path:
    return drawn(tmp_path_factory, persons=3)


@pytest.fixture(scope="module")
def many_drawings(tmp_path_factory) -> Path:
    return drawn(tmp_path_factory, persons=25)


def drawn(tmp_path_factory, persons: int) -> Path:
    titles = ["romance", "noir", "pastel", "night"]
    out = tmp_path_factory.mktemp("drawn") / "d"
    return draw_data(out, persons=persons, size=64, titles=titles, workers=1, progress=False)


def smoke(family: str, data: Path, out: Path, steps: int) -> tuple[list[dict], float]:
    """The run's log, and by how many of 255 levels its samples changed between the half and the end."""
    preset = presets.FAMILIES[family]["smoke"]
    kimg = steps * preset.batch / 1000
    launch(family, data, out, preset="smoke", device="cpu", kimg=kimg, sample_kimg=kimg / 2, say=str)
    first, last = (np.asarray(Image.open(path), float) for path in sorted((out / "samples").iterdir()))
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert len(rows) == steps and all(np.isfinite(value) for row in rows for value in row.values())
    return rows, float(np.abs(first - last).mean())


def mean(rows: list[dict], name: str) -> float:
    return float(np.mean([row[name] for row in rows if name in row]))


@pytest.mark.slow
def test_stylegan2_learns_the_colours_of_the_drawings(many_drawings, tmp_path):
    """After 2,400 pictures of 32 px its average sample has gone more than half of the way to the average drawing."""
    _, changed = smoke("stylegan2", many_drawings, tmp_path, 300)
    assert changed > 5
    config = presets.STYLEGAN2["smoke"].config.model
    torch.manual_seed(0)
    fresh, trained = Generator(config), Generator(config)
    trained.load_state_dict(load_state(states(tmp_path)[-1])["networks"]["g_ema"])
    real = load_in_memory(PictureFolder(many_drawings, size=32))[0].float() / 127.5 - 1
    z = torch.randn(64, config.w_dim)
    with torch.no_grad():
        away = [float((g(z).mean(dim=0) - real.mean(dim=0)).abs().mean()) for g in (fresh, trained)]
    assert away[1] < 0.5 * away[0]


@pytest.mark.slow
def test_swapae_learns_to_rebuild_drawings(many_drawings, tmp_path):
    """By itself it learns to rebuild; then both discriminators learn to tell what is drawn from what is not."""
    rows, changed = smoke("swapae", many_drawings, tmp_path, 250)

    def mean(name: str, start: int, stop: int) -> float:
        return float(np.mean([row[name] for row in rows[start:stop]]))

    assert mean("l1", 125, 150) < 0.75 * mean("l1", 0, 25)
    assert mean("cooccur", 200, 250) < mean("cooccur", 150, 160) and mean("g", 200, 250) > mean("g", 150, 155)
    assert changed > 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_few_steps_on_drawings_change_the_samples(family, drawings, tmp_path):
    _, changed = smoke(family, drawings, tmp_path, 4)
    assert changed > 0


class Rough(Accelerator):
    """What a CUDA device that gains by bfloat16 does, on a CPU."""

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16)


@pytest.mark.parametrize("family", FAMILIES)
def test_bfloat16_steps_stay_close_to_exact_ones(family):
    exact, rough = trainer_of(family), trainer_of(family)
    rough.accelerator = Rough(cpu=True)
    for trainer in (exact, rough):
        if family == "stylegan2":
            trainer.strength.p = 0.5
    a, b = (trainer.step(shares(family, 0), step=0, shown=0) for trainer in (exact, rough))
    assert a.keys() == b.keys() and a != b
    for name, value in a.items():
        assert b[name] == pytest.approx(value, rel=0.1, abs=0.05), name
    for name, value in averages(rough).items():
        assert value.isfinite().all() and value.dtype == averages(exact)[name].dtype
