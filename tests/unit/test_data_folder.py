"""Data sets: making a training set from a folder or a zip of pictures, safely, and resuming it."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import DataLoader

from webtoonfaces.data import folder
from webtoonfaces.data.folder import PictureFolder, content_key, info, load_in_memory, prepare
from webtoonfaces.errors import BadInputError, FaceNotFoundError, ImageError, UnknownNameError

STRIPES = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]


def encoded(color: tuple[int, int, int], size: tuple[int, int] = (96, 96), format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, format)
    return file.getvalue()


def striped(wide: int, high: int) -> Image.Image:
    """Red, green and blue thirds, side by side or (a picture that stands) one above the other."""
    image = Image.new("RGB", (3, 1) if wide >= high else (1, 3))
    image.putdata(STRIPES)
    return image.resize((wide, high), Image.Resampling.NEAREST)


def write_folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def many(titles: int = 3, each: int = 4, size: int = 32) -> dict[str, bytes]:
    return {
        f"title{title}/{index:03d}.png": encoded((title * 60, index % 256, 7), (size, size))
        for title in range(titles)
        for index in range(each)
    }


def manifest_of(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text("utf-8"))


# --- prepare


def test_prepare_crops_the_middle_and_lists_every_source(tmp_path: Path) -> None:
    files = {
        "naver/one.png": encoded((10, 20, 30)),
        "여신강림/2.jpg": encoded((90, 20, 30), (200, 120), "JPEG"),
        "daum/deep/3.webp": encoded((10, 90, 30), format="WEBP"),
        "notes.txt": b"no picture",
        "__MACOSX/naver/one.png": b"shadow",
        "naver/._one.png": b"shadow",
    }
    src = write_folder(tmp_path / "src", files)
    (src / "naver" / "wide.png").write_bytes(b"")
    striped(300, 100).save(src / "naver" / "wide.png")
    striped(100, 300).save(src / "naver" / "high.png")
    out = prepare(src, tmp_path / "out", size=64, origin="a heap", licence="CC0 1.0", progress=False)

    manifest = manifest_of(out)
    assert manifest["complete"] is True
    assert (manifest["source"], manifest["origin"], manifest["licence"]) == ("src", "a heap", "CC0 1.0")
    assert manifest["skipped"] == []
    by_source = {picture["source"]: picture for picture in manifest["pictures"]}
    assert set(by_source) == {"naver/one.png", "여신강림/2.jpg", "daum/deep/3.webp", "naver/wide.png", "naver/high.png"}
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.png")} == {
        picture["file"] for picture in manifest["pictures"]
    }
    for source, picture in by_source.items():
        assert Image.open(out / picture["file"]).size == (64, 64)
        assert picture["sha256"] == hashlib.sha256((src / source).read_bytes()).hexdigest()
    for name in ("naver/wide.png", "naver/high.png"):
        middle = np.asarray(Image.open(out / by_source[name]["file"]))
        assert np.abs(middle[8:-8, 8:-8].astype(int) - STRIPES[1]).max() <= 2
    assert PictureFolder(out).titles == ("daum/deep", "naver", "여신강림")


def test_shrinking_is_antialiased(tmp_path: Path) -> None:
    checks = np.indices((256, 256)).sum(0) % 2 * 255
    (tmp_path / "src").mkdir()
    Image.fromarray(checks.astype(np.uint8)).convert("RGB").save(tmp_path / "src" / "checks.png")
    out = prepare(tmp_path / "src", tmp_path / "out", size=64, progress=False)
    picture = np.asarray(Image.open(next(out.rglob("*.png")))).astype(int)
    assert np.abs(picture - 127).max() <= 4  # without antialiasing it would be black or white


def test_what_cannot_be_used_is_skipped_and_listed(tmp_path: Path) -> None:
    good = encoded((1, 2, 3))
    src = write_folder(
        tmp_path / "src",
        {
            "a/good.png": good,
            "a/again.png": good,
            "b/broken.png": b"\x89PNG nothing",
            "b/cut.png": encoded((5, 5, 5), (300, 300))[:90],
            "b/small.png": encoded((9, 9, 9), (40, 90)),
        },
    )
    out = prepare(src, tmp_path / "out", size=32, progress=False)
    skipped = {item["source"]: item["why"] for item in manifest_of(out)["skipped"]}
    assert set(skipped) == {"a/good.png", "b/broken.png", "b/cut.png", "b/small.png"}
    assert "the same picture as a/again.png" in skipped["a/good.png"]
    assert "40 x 90" in skipped["b/small.png"]
    assert len(list(out.rglob("*.png"))) == 1


def test_an_interrupted_preparation_goes_on_without_doing_work_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    src = write_folder(tmp_path / "src", many(size=80))
    whole = prepare(src, tmp_path / "whole", size=32, progress=False)
    decoded: list[bytes] = []
    load_image = folder.load_image

    def interrupted(source: bytes) -> Image.Image:
        if len(decoded) == 5:
            raise KeyboardInterrupt
        decoded.append(source)
        return load_image(source)

    monkeypatch.setattr(folder, "load_image", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare(src, tmp_path / "out", size=32, progress=False)
    assert manifest_of(tmp_path / "out")["complete"] is False
    assert len(manifest_of(tmp_path / "out")["pictures"]) == 5

    monkeypatch.setattr(folder, "load_image", lambda source: decoded.append(source) or load_image(source))
    out = prepare(src, tmp_path / "out", size=32, progress=False)
    assert len(decoded) == len(set(decoded)) == 12
    assert manifest_of(out) == manifest_of(whole)
    assert manifest_of(out)["complete"] is True


def test_pictures_of_a_run_that_was_killed_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    src = write_folder(tmp_path / "src", many(size=80))
    out = prepare(src, tmp_path / "out", size=32, progress=False)
    finished = manifest_of(out)
    manifest = {**finished, "complete": False, "pictures": []}  # the state before the first picture
    (out / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(folder, "load_image", lambda source: pytest.fail("made again"))
    prepare(src, out, size=32, progress=False)
    assert manifest_of(out) == finished


def test_data_sets_are_not_mixed(tmp_path: Path) -> None:
    src = write_folder(tmp_path / "src", many(size=80))
    out = prepare(src, tmp_path / "out", size=32, progress=False)
    with pytest.raises(BadInputError, match="size is 32, not 48"):
        prepare(src, out, size=48, progress=False)
    with pytest.raises(BadInputError, match="lies inside"):
        prepare(src, src / "prepared", size=32, progress=False)
    assert not (src / "prepared").exists()
    with pytest.raises(BadInputError, match="contains files"):
        prepare(out, src, size=32, progress=False)


def test_alignment_cuts_out_faces_and_skips_pictures_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def align_face(image: Image.Image, *, size: int, landmark_model: str) -> SimpleNamespace:
        if image.getpixel((0, 0))[0] == 0:
            raise FaceNotFoundError("No face was found.")
        return SimpleNamespace(image=Image.new("RGB", (size, size), (1, 2, int(landmark_model))))

    monkeypatch.setitem(sys.modules, "webtoonfaces.faces", SimpleNamespace(align_face=align_face))
    src = write_folder(tmp_path / "src", {"face.png": encoded((200, 0, 0)), "sky.png": encoded((0, 0, 200))})
    out = prepare(src, tmp_path / "out", size=32, align=True, landmark_model="5", progress=False)
    [picture] = manifest_of(out)["pictures"]
    assert Image.open(out / picture["file"]).getpixel((5, 5)) == (1, 2, 5)
    assert manifest_of(out)["skipped"] == [{"source": "sky.png", "why": "No face was found."}]
    assert manifest_of(out)["settings"]["align"] == "5"
    with pytest.raises(BadInputError, match="align is '5', not None"):
        prepare(src, out, size=32, progress=False)


def test_useless_sources_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="contains no pictures"):
        prepare(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(BadInputError, match="no folder or zip"):
        prepare(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(BadInputError, match="cannot be read as a zip"):
        prepare(tmp_path / "text.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    src = write_folder(tmp_path / "src", {"broken.png": b"?"})
    with pytest.raises(BadInputError, match="None of the 1 pictures"):
        prepare(src, tmp_path / "out", progress=False)
    with pytest.raises(BadInputError, match="3 pixels"):
        prepare(src, tmp_path / "out", size=3)


# --- zips


def test_a_zip_gives_what_its_folder_gives(tmp_path: Path) -> None:
    files = many(size=80)
    folder = prepare(write_folder(tmp_path / "faces", files), tmp_path / "a", size=32, progress=False)
    zipped = prepare(write_zip(tmp_path / "faces.zip", files), tmp_path / "b", size=32, progress=False)
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.png")} == {
        path.relative_to(zipped): path.read_bytes() for path in zipped.rglob("*.png")
    }


@pytest.mark.parametrize(
    "name",
    [
        "../../escape.png",
        "/etc/escape.png",
        "a/../../../escape.png",
        "..\\..\\escape.png",
        "C:\\escape.png",
        "a:b?/x.png",
    ],
)
def test_no_zip_writes_outside_its_folder(tmp_path: Path, name: str) -> None:
    source = write_zip(tmp_path / "evil.zip", {name: encoded((3, 3, 3)), "b/fine.png": encoded((4, 4, 4))})
    before = set(tmp_path.rglob("*"))
    out = prepare(source, tmp_path / "deep" / "er" / "out", size=32, progress=False)
    new = set(tmp_path.rglob("*")) - before
    assert all(path.is_relative_to(tmp_path / "deep") for path in new)
    assert all(path.is_relative_to(out) for path in new if path.is_file())
    for picture in manifest_of(out)["pictures"]:
        assert (out / picture["file"]).resolve().is_relative_to(out.resolve())
        assert "escape" not in picture["file"]


@given(st.text(st.characters(exclude_categories=()), max_size=120))
def test_any_title_becomes_a_plain_relative_folder(title: str) -> None:
    parts = folder._folder(title).split("/")
    assert len(parts) == len(title.split("/"))
    for part in parts:
        assert part not in ("", ".", "..")
        assert not part.startswith((".", " "))
        assert not part.endswith((".", " "))
        assert not set(part) & set('\\:*?"<>|\0\n')
        assert len(part) <= 87
        assert part.split(".")[0].upper() not in folder.RESERVED


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_titles_get_different_folders(one: str, other: str) -> None:
    assert (folder._folder(one) == folder._folder(other)) == (one == other)


def test_a_zip_that_lies_about_sizes_or_is_locked_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_zip(tmp_path / "odd.zip", {"a/big.png": b"0" * 5000, "a/fine.png": encoded((4, 4, 4))})
    content = bytearray(write_zip(tmp_path / "more.zip", {"a/locked.png": encoded((5, 5, 5))}).read_bytes())
    content[6] |= 1  # the flag of an encrypted member, in its own header and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(content)

    monkeypatch.setattr(folder, "LARGEST_FILE", 4000)
    out = prepare(path, tmp_path / "out", size=32, progress=False)
    [skipped] = manifest_of(out)["skipped"]
    assert skipped["source"] == "a/big.png"
    assert "too large for a picture" in skipped["why"]
    with pytest.raises(BadInputError, match="encrypted"):
        prepare(tmp_path / "locked.zip", tmp_path / "out2", size=32, progress=False)


# --- titles


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        (["1.png", "2.png"], ["root", "root"]),
        (["a/1.png", "b/1.png"], ["a", "b"]),
        (["faces/a/1.png", "faces/b/1.png"], ["a", "b"]),
        (["faces/1.png", "faces/2.png"], ["faces", "faces"]),
        (["a/1.png", "a/b/1.png"], ["a", "b"]),
        (["1.png", "a/1.png"], ["root", "a"]),
        (["../a/1.png", "/b/1.png", "c\\1.png"], ["a", "b", "c"]),
    ],
)
def test_a_title_is_the_folder_without_what_all_share(names: list[str], titles: list[str]) -> None:
    assert folder._titles(names, "root") == titles


# --- info and content_key


def test_info_counts_titles_sizes_and_what_cannot_be_read(tmp_path: Path) -> None:
    files = {**many(2, 3), "title0/wide.jpg": encoded((1, 1, 1), (50, 40), "JPEG"), "title1/broken.gif": b"GIF"}
    for path in (write_folder(tmp_path / "faces", files), write_zip(tmp_path / "faces.zip", files)):
        found = info(path)
        assert found.titles == {"title0": 4, "title1": 3}
        assert found.sizes == {(32, 32): 6, (50, 40): 1}
        assert found.total == 7
        assert found.unreadable == ("title1/broken.gif",)
        assert found.nbytes == sum(map(len, files.values()))
        text = str(found)
        for shown in ("title0", "title1", "32 x 32 px: 6", "50 x 40 px: 1", "1 cannot be read: title1/broken.gif"):
            assert shown in text


def test_the_content_key_follows_the_pictures_and_nothing_else(tmp_path: Path) -> None:
    one = write_folder(tmp_path / "one", many())
    other = write_folder(tmp_path / "other", many())
    (other / "manifest.json").write_text("{}")
    assert content_key(one) == content_key(other)
    (other / "title0" / "000.png").write_bytes(encoded((1, 2, 3), (33, 33)))
    assert content_key(one) != content_key(other)
    (one / "title0" / "000.png").rename(one / "title0" / "new.png")
    assert content_key(one) != content_key(write_folder(tmp_path / "third", many()))


# --- PictureFolder


@pytest.fixture(params=["folder", "zip"])
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "folder":
        return write_folder(tmp_path / "faces", many(3, 40))
    return write_zip(tmp_path / "faces.zip", many(3, 40))


def test_a_picture_is_uint8_channels_first_with_its_title(pictures: Path) -> None:
    dataset = PictureFolder(pictures)
    assert (len(dataset), dataset.size, dataset.titles) == (120, 32, ("title0", "title1", "title2"))
    picture, title = dataset[41]
    assert picture.dtype == torch.uint8
    assert picture.shape == (3, 32, 32)
    assert picture.is_contiguous()
    assert title == 1
    assert picture[:, 9, 9].tolist() == [60, 1, 7]
    assert torch.equal(dataset[-1][0], dataset[119][0])
    with pytest.raises(IndexError):
        dataset[120]


def test_another_size_is_made_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    striped(300, 100).save(tmp_path / "faces" / "wide.png")
    dataset = PictureFolder(tmp_path / "faces", size=16)
    assert dataset[0][0].shape == (3, 16, 16)
    assert (dataset[0][0][:, 4:12, 4:12].float().mean((1, 2)) - torch.tensor([30.0, 200, 30])).abs().max() < 2
    assert PictureFolder(tmp_path / "faces").size == 100


def test_mirroring_doubles_the_data(tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    striped(30, 30).save(tmp_path / "faces" / "a.png")
    striped(30, 30).rotate(180).save(tmp_path / "faces" / "b.png")
    dataset = PictureFolder(tmp_path / "faces", mirror=True)
    assert len(dataset) == 4
    for index in range(2):
        assert torch.equal(dataset[index + 2][0], dataset[index][0].flip(2))
        assert not torch.equal(dataset[index + 2][0], dataset[index][0])


def test_held_out_pictures_are_few_fixed_and_never_trained_on(pictures: Path, tmp_path: Path) -> None:
    def names(path: Path, split: folder.Split) -> set[str]:
        return {entry.name for entry in PictureFolder(path, split=split).entries}

    train, held_out = names(pictures, "train"), names(pictures, "held_out")
    assert not train & held_out
    assert len(train | held_out) == 120
    assert 1 <= len(held_out) <= 15
    more = write_folder(tmp_path / "more", many(3, 60))
    assert held_out <= names(more, "held_out")
    assert not train & names(more, "held_out")
    assert PictureFolder(pictures, split="held_out").titles == PictureFolder(pictures).titles


def test_a_held_out_share_of_a_large_set_is_a_twentieth() -> None:
    entries = [folder.Entry(f"t/{index:06d}.png", "t", 1) for index in range(20_000)]
    assert 900 < sum(entry.held_out for entry in entries) < 1100


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_with_processes_reads_the_same(pictures: Path, workers: int) -> None:
    dataset = PictureFolder(pictures)
    dataset[0]  # a zip is open now, and a forked process must not share its file position
    loader = DataLoader(dataset, batch_size=16, num_workers=workers)
    batches = torch.cat([batch for batch, _ in loader])
    assert torch.equal(batches, load_in_memory(dataset)[0])


def test_a_data_set_can_be_pickled(pictures: Path) -> None:
    dataset = PictureFolder(pictures)
    assert torch.equal(pickle.loads(pickle.dumps(dataset))[7][0], dataset[7][0])


def test_load_in_memory_takes_all_or_an_even_part(pictures: Path) -> None:
    dataset = PictureFolder(pictures)
    everything, labels = load_in_memory(dataset)
    assert everything.shape == (120, 3, 32, 32)
    assert everything.dtype == torch.uint8
    assert labels.dtype == torch.int64
    assert labels.bincount().tolist() == [40, 40, 40]
    part, part_labels = load_in_memory(dataset, limit=6)
    assert part_labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert torch.equal(part[2], everything[40])
    assert len(load_in_memory(dataset, limit=500)[0]) == 120
    with pytest.raises(BadInputError, match="limit of 0"):
        load_in_memory(dataset, limit=0)


def test_requests_that_cannot_be_met_are_refused(tmp_path: Path) -> None:
    faces = write_folder(tmp_path / "faces", {"a.png": encoded((1, 1, 1)), "b.png": b"broken"})
    with pytest.raises(UnknownNameError, match="train"):
        PictureFolder(faces, split="trian")  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="5 pixels"):
        PictureFolder(faces, size=5)
    with pytest.raises(ImageError, match=r"b\.png"):
        PictureFolder(faces)[1]
    lonely = write_folder(tmp_path / "lonely", {"a.png": encoded((1, 1, 1))})
    empty: folder.Split = "train" if PictureFolder(lonely).entries[0].held_out else "held_out"
    with pytest.raises(BadInputError, match="too few"):
        PictureFolder(lonely, split=empty)
