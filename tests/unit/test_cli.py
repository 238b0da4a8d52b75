"""The command line, run in this process; once through `python -m`."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from PIL import Image

import webtoonfaces as wf
from webtoonfaces.cli import doctor
from webtoonfaces.cli.main import main
from webtoonfaces.weights import convert

COMMANDS = [
    "lab",
    "models",
    "fetch",
    "convert",
    "align",
    "face2webtoon",
    "sample",
    "interpolate",
    "doctor",
    "figures",
    "train",
    "data",
    "export",
    "evaluate",
    "cartoonize",
    "portrait",
]


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    wf.example_photo().save(path)
    return path


def test_every_command_has_help_with_examples(capsys):
    for command in COMMANDS:
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
        assert f"webtoonfaces {command}" in capsys.readouterr().out.split("examples:")[1]


def test_no_command_shows_help(capsys):
    assert main([]) == 2
    assert "face2webtoon" in capsys.readouterr().out


def test_models(capsys):
    assert main(["models"]) == 0
    told = capsys.readouterr().out
    assert "not published" in told
    assert "to download" in told
    assert "demo" in told


def test_sample_and_interpolate(tmp_path, demo_generator):
    side = demo_generator.size
    assert main(["sample", "-o", str(tmp_path / "s.png"), "--seeds", "0-2,9", "--columns", "4"]) == 0
    assert Image.open(tmp_path / "s.png").size == (4 * side, side)
    assert main(["interpolate", "0", "1", "2", "3", "-o", str(tmp_path / "g.png"), "--rows", "2", "--cols", "3"]) == 0
    assert Image.open(tmp_path / "g.png").size == (3 * side, 2 * side)
    assert main(["interpolate", "0", "1", "2", "3", "-o", str(tmp_path / "l.gif"), "--steps", "2"]) == 0
    assert Image.open(tmp_path / "l.gif").n_frames == 8


def test_align(photo, tmp_path):
    assert main(["align", str(photo), "-o", str(tmp_path / "f.png"), "--size", "128"]) == 0
    assert Image.open(tmp_path / "f.png").size == (128, 128)
    assert main(["align", str(photo), "-o", str(tmp_path / "f.png"), "--all"]) == 0
    assert (tmp_path / "f-1.png").exists()


def test_face2webtoon(photo, tmp_path, capsys):
    sheet, singles = tmp_path / "sheet.png", tmp_path / "all"
    asked = ["face2webtoon", str(photo), "-o", str(sheet), "--singles", str(singles), "--locations", "2,4", "6"]
    assert main([*asked, "--style", "3", "--style", str(photo)]) == 0
    assert Image.open(sheet).size == (3 * 256, 4 * 256)
    assert len(list(singles.iterdir())) == 1 + 1 + 2 + 6
    assert "wrote" in capsys.readouterr().out


def test_a_folder_and_several_photos(photo, tmp_path, capsys):
    folder = tmp_path / "holiday"
    folder.mkdir()
    wf.example_photo().save(folder / "a.png")
    Image.new("RGB", (200, 200)).save(folder / "black.jpg")
    (folder / "notes.txt").touch()
    assert main(["cartoonize", str(folder), "-o", str(tmp_path / "cartoons"), "--size", "64"]) == 0
    assert {path.name for path in (tmp_path / "cartoons").iterdir()} == {"a.png", "black.png"}
    assert main(["align", str(photo), str(folder), "-o", str(tmp_path / "faces"), "--size", "64"]) == 1
    assert {path.name for path in (tmp_path / "faces").iterdir()} == {"photo.png", "a.png"}
    assert "black.jpg: " in capsys.readouterr().err, "the one without a face is told, and the others go on"
    assert main(["align", str(photo), str(folder / "a.png"), "-o", "one.png"]) == 1
    assert "Name a folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["align", str(tmp_path / "empty")]) == 1
    assert "There is no photo in the folder" in capsys.readouterr().err
    wf.example_photo().save(tmp_path / "holiday" / "photo.png")
    assert main(["cartoonize", str(photo), str(folder / "photo.png"), "-o", str(tmp_path / "two"), "--size", "64"]) == 0
    assert {path.name for path in (tmp_path / "two").iterdir()} == {"photo.png", "photo-2.png"}


def test_each_face_of_a_group(photo, tmp_path):
    out = tmp_path / "group.png"
    assert main(["face2webtoon", str(photo), "-o", str(out), "--each-face", "--seed", "4"]) == 0
    assert wf.load_image(out).size == wf.example_photo().size


def test_what_cannot_be_written_is_refused_before_the_work(photo, tmp_path, capsys, monkeypatch):
    def work(*_, **__):
        raise AssertionError("it began to work")

    for name in ("load_swapae", "load_stylegan2", "face2webtoon"):
        monkeypatch.setattr(wf, name, work)
    monkeypatch.setattr("webtoonfaces.cli.cartoonize.save", work)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.png").mkdir()
    face2webtoon = ["face2webtoon", str(photo)]
    for asked, told in (
        ([*face2webtoon, "-o", "sheet.svg"], "does not end in .png"),
        ([*face2webtoon, "-o", "sheet.psd"], "does not end in .png"),
        ([*face2webtoon, "-o", "folder"], "does not end in .png"),
        ([*face2webtoon, "-o", "folder.png"], "is a folder"),
        ([*face2webtoon, "-o", "photo.png/sheet.png"], "is a file, not a folder"),
        ([*face2webtoon, "--gif", "walk.png"], ".gif, .webp, .mp4"),
        ([*face2webtoon, "--singles", str(photo)], "is a file"),
        ([*face2webtoon, "--each-face", "--gif", "a.gif"], "--each-face"),
        ([*face2webtoon, str(photo), "--box", "1", "2", "3", "4"], "for one photo"),
        (["align", str(photo), "-o", "face.svg"], "does not end in .png"),
        (["cartoonize", str(photo), "-o", "cartoon.psd"], "does not end in .png"),
        (["sample", "-o", "faces.svg"], "does not end in .png"),
        (["interpolate", "0", "1", "2", "3", "-o", "faces.svg"], "does not end in .png"),
        (["figures", str(photo)], "The figures need a folder"),
    ):
        assert main(asked) == 1, asked
        assert told in capsys.readouterr().err


def test_locations_are_checked_before_the_photo_is_opened(tmp_path, capsys):
    assert main(["face2webtoon", "missing.png", "-o", str(tmp_path / "s.png"), "--locations", "3", "9"]) == 1
    assert "goes from 0 to 8" in capsys.readouterr().err


def test_a_model_has_one_name(capsys, monkeypatch):
    asked = []
    monkeypatch.setattr("webtoonfaces.weights.store.fetch", lambda record, **_: asked.append(record))
    assert main(["models"]) == 0
    listed = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    for kind, name in listed:
        assert main(["fetch", kind, name]) == 0
        assert (asked[-1].kind, asked[-1].name) == (kind, name)
        alone = [other for _, other in listed].count(name) == 1
        assert main(["fetch", name]) == (0 if alone else 1)
        if alone:
            assert asked[-1].name == name
    assert "Several weights are called 'demo'. Say which one: stylegan2 demo or swapae demo" in capsys.readouterr().err
    names = {name for kind, name in listed if kind in ("cartoonizer", "animegan2")}
    from webtoonfaces.webtoonize.photo import cartoonizers

    assert names < set(cartoonizers())


def test_convert(tmp_path, demo_generator):
    path = demo_generator.weights.path
    assert main(["convert", "stylegan2", str(path), str(tmp_path / "demo.pt")]) == 0
    assert main(["convert", "stylegan2", str(tmp_path / "demo.pt"), str(tmp_path / "again.safetensors")]) == 0
    first, again = (convert.read(p, "stylegan2").networks["g_ema"] for p in (path, tmp_path / "again.safetensors"))
    assert all((again[key] == value.float()).all() for key, value in first.items() if key != "w_avg")


def test_errors_are_sentences_with_exit_code_1(tmp_path, capsys):
    Image.new("RGB", (200, 200)).save(tmp_path / "black.png")
    for asked, told in (
        (["align", str(tmp_path / "missing.png")], "missing.png"),
        (["align", str(tmp_path / "black.png")], "--fallback center"),
        (["convert", "stylegan2", str(tmp_path / "missing.pt"), "x.safetensors"], "There is no file"),
        (["sample", "--model", "demmo"], "Did you mean demo"),
        (["fetch", "swapae", "webtoon"], "webtoon"),
    ):
        assert main(asked) == 1
        error = capsys.readouterr().err
        assert error.startswith("webtoonfaces: ")
        assert any(word in error for word in told.split("|"))
        assert "Traceback" not in error


def test_mistyped_arguments_exit_with_2(capsys):
    for asked in (["sample", "--seeds", "1-x"], ["sample", "--seeds", "5-2"], ["paint"], ["fetch"]):
        with pytest.raises(SystemExit) as stop:
            main(asked)
        assert stop.value.code == 2


def test_doctor_is_content_here(capsys):
    assert main(["doctor"]) == 0
    assert "sha256 as recorded" in capsys.readouterr().out


def test_doctor_times_the_engines(monkeypatch, capsys):
    from webtoonfaces.pretrained import engines, generators

    load, slept = generators.load_stylegan2, []

    def loaded(name, *, device, engine):
        if engine == "openvino":
            raise RuntimeError("no such instruction")
        model = load(name, device=device)
        if engine == "onnx":
            draw = model.synthesis
            monkeypatch.setattr(model, "synthesis", lambda ws: (slept.append(time.sleep(0.3)), draw(ws)))
        return model

    monkeypatch.setattr(engines, "available", lambda: ["torch", "openvino", "onnx"])
    monkeypatch.setattr(generators, "load_stylegan2", loaded)
    monkeypatch.setattr(doctor, "SPEED_S", 0.5)
    assert main(["doctor", "--speed"]) == 0
    told = {line[6:28].strip(): line[29:] for line in capsys.readouterr().out.splitlines()}
    assert told["engine torch"] == "1.00 x the rate of torch, the fastest here"
    assert told["engine openvino"] == "cannot be used"
    assert float(told["engine onnx"].split(" x ")[0]) < 1
    assert len(slept) >= 2  # one call compiles, the others are timed


def test_doctor_finds_a_damaged_model(monkeypatch, tmp_path, capsys):
    (tmp_path / "demo_stylegan2.safetensors").write_bytes(b"not a model")
    assert doctor.diagnose(checkpoints=str(tmp_path)) == 1
    assert "FIX   stylegan2 demo" in capsys.readouterr().out


def test_python_dash_m():
    run = subprocess.run(
        [sys.executable, "-m", "webtoonfaces", "--version"], capture_output=True, text=True, check=True
    )
    assert wf.__version__ in run.stdout
