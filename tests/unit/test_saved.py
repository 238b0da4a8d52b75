"""Saved pictures: drawn again to the same pixels, and kept on a shelf that is a folder."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from webtoonfaces.errors import BadInputError, UnknownNameError, WeightsError
from webtoonfaces.images import save_image
from webtoonfaces.rendering import recipe as r
from webtoonfaces.rendering.renderer import Renderer
from webtoonfaces.rendering.saved import Shelf, read_recipe, replay, save_picture

FACE = r.Face(r.Blend(r.Seed(1), r.Seed(2), 0.3))
SWAP = r.Decoded(r.StructureOf(r.Seed(3)), r.SwapAt(r.StyleOf(r.Seed(3)), r.StyleOf(r.Seed(4)), 2.5))


@pytest.mark.parametrize("picture", [FACE, SWAP, r.Sheet((FACE, None, SWAP), 3, 48)], ids=["face", "swap", "sheet"])
def test_replay_gives_the_same_pixels(picture, demo_generator, demo_swapae, tmp_path):
    renderer = Renderer(demo_generator, demo_swapae)
    drawn = renderer.draw(picture)
    path = save_picture(drawn, tmp_path / "saved.png", renderer.recipe(picture))
    assert np.array_equal(np.asarray(replay(path)), np.asarray(drawn))


def test_nothing_is_fetched_or_run_for_a_strangers_file(tmp_path, monkeypatch):
    from webtoonfaces.pretrained import generators

    monkeypatch.setattr(generators.store, "fetch", lambda *a, **k: pytest.fail("fetched"))
    recipe = r.Recipe(FACE, (r.Model("stylegan2", "webtoon", "0" * 64),))
    path = save_picture(Image.new("RGB", (8, 8)), tmp_path / "s.png", recipe)
    monkeypatch.setattr(generators.store, "locate", lambda record, **_: None)
    with pytest.raises(WeightsError, match="webtoonfaces fetch stylegan2 webtoon"):
        replay(path)


def test_another_version_of_a_model_is_refused(tmp_path):
    recipe = r.Recipe(FACE, (r.Model("stylegan2", "demo", "0" * 64),))
    path = save_picture(Image.new("RGB", (8, 8)), tmp_path / "s.png", recipe)
    with pytest.raises(WeightsError, match="another version"):
        replay(path)


def test_a_model_of_ones_own_must_be_passed(tiny_generator, tmp_path):
    renderer = Renderer(tiny_generator)
    path = save_picture(renderer.draw(FACE), tmp_path / "s.png", renderer.recipe(FACE))
    with pytest.raises(BadInputError, match="generator="):
        replay(path)


def test_pictures_without_a_recipe_say_so(tmp_path):
    plain = save_image(Image.new("RGB", (8, 8)), tmp_path / "plain.png")
    with pytest.raises(r.RecipeError, match="contains no recipe"):
        replay(plain)
    with pytest.raises(r.RecipeError, match=r"There is no file .*missing\.png"):
        replay(tmp_path / "missing.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(r.RecipeError, match="cannot be read"):
        replay(tmp_path / "text.png")
    info = PngInfo()
    info.add_text(r.KEY, "x" * (r.MOST_BYTES + 10), zip=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "bomb.png", pnginfo=info)
    with pytest.raises(r.RecipeError):
        replay(tmp_path / "bomb.png")


def test_only_png_keeps_a_recipe(tmp_path):
    with pytest.raises(BadInputError, match="PNG"):
        save_picture(Image.new("RGB", (8, 8)), tmp_path / "s.jpg", r.Recipe(FACE, ()))


def test_shelf(tmp_path):
    shelf = Shelf(tmp_path / "shelf")
    assert list(shelf) == []
    recipe = r.Recipe(FACE, (r.Model("stylegan2", "demo", "0" * 64),))
    first = shelf.keep(Image.new("RGB", (8, 8), "red"), recipe, name="face")
    second = shelf.keep(Image.new("RGB", (8, 8), "blue"), recipe, name="face")
    odd = shelf.keep(Image.new("RGB", (8, 8)), recipe, name="../../etc/passwd")
    assert (first.name, second.name) == ("face", "face 2")
    assert odd.path.parent == tmp_path / "shelf"
    again = Shelf(tmp_path / "shelf")  # after a restart of the kernel
    assert [item.name for item in again][-1] == "face"
    assert again["face 2"].recipe == recipe
    assert again["face 2"].picture.getpixel((0, 0)) == (0, 0, 255)
    with pytest.raises(UnknownNameError, match="face 2"):
        again["face 3"]
    assert read_recipe(second.path) == recipe


def test_the_folder_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("WEBTOONFACES_SHELF", str(tmp_path / "mine"))
    assert Shelf().folder == tmp_path / "mine"
