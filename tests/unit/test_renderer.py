"""Rendering scenes: the same pictures as plain calls, faster if little has changed; errors are returned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

import webtoonfaces as wf
from webtoonfaces import codes
from webtoonfaces.errors import BadInputError
from webtoonfaces.images import to_pil
from webtoonfaces.pretrained.generators import Prefix
from webtoonfaces.rendering import recipe as r
from webtoonfaces.rendering.renderer import Renderer, Request, scaled


@pytest.fixture
def renderer(tiny_generator, tiny_swapae):
    return Renderer(tiny_generator, tiny_swapae)


A, B = r.Seed(1), r.Seed(2, 1.0)


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture)


def test_codes_are_those_of_the_plain_calls(renderer, tiny_generator):
    a = tiny_generator.sample_ws([1], truncation_psi=0.7)
    b = tiny_generator.sample_ws([2])
    cases = {
        A: a,
        r.Seed(1, 0.5, 3): tiny_generator.sample_ws([1], truncation_psi=0.5, truncation_cutoff=3),
        r.Blend(A, B, 0.25): codes.lerp(a, b, 0.25),
        r.Blend(A, B, 0.25, "slerp"): codes.slerp(a, b, 0.25),
        r.Layers(A, B, (0, 5), (1.0, 0.5)): codes.swap_layers(a, b, layers=[0, 5], strength=[1.0, 0.5]),
        r.SwapAt(A, B, 2.5): codes.swap_at(a, b, location=2.5),
        r.Stored.of(a.numpy()): a,
    }
    for scene, expected in cases.items():
        assert torch.equal(renderer.code(scene), expected), scene


def test_styles_and_structures_of_samples(renderer, tiny_generator, tiny_swapae):
    image = tiny_generator.synthesis(renderer.code(A)).clamp(-1, 1)
    image = torch.nn.functional.interpolate(image, (64, 64), mode="bicubic", antialias=True).clamp(-1, 1)
    structure, style = tiny_swapae.encode(image)
    assert torch.equal(renderer.code(r.StructureOf(A)), structure)
    assert torch.equal(renderer.code(r.StyleOf(A)), style)
    drawn = renderer.draw(r.Decoded(r.StructureOf(A), r.StyleOf(B)))
    expected = to_pil(tiny_swapae.decode(structure, renderer.code(r.StyleOf(B))))[0]
    assert np.array_equal(pixels(drawn), pixels(expected))


def test_sheet_cells_are_the_single_pictures(renderer):
    sheet = r.Sheet((r.Face(A), None, r.Face(B), r.Decoded(r.StructureOf(A), r.StyleOf(B))), 2, 32)
    picture = renderer.draw(sheet)
    assert picture.size == (64, 64)
    assert np.array_equal(pixels(picture.crop((0, 32, 32, 64))), pixels(scaled(renderer.draw(sheet.cells[2]), 32)))
    assert (pixels(picture.crop((32, 0, 64, 32))) == 0xB0).all(), "seen on a light page and on a dark one"


def test_a_prefix_notices_codes_and_structures_that_were_changed_in_place(tiny_generator, tiny_swapae):
    ws, prefix = tiny_generator.sample_ws([1]), Prefix()
    tiny_generator.synthesis(ws, prefix=prefix)
    ws[:, 0] += 1
    assert torch.equal(tiny_generator.synthesis(ws, prefix=prefix), tiny_generator.synthesis(ws))
    structure, style = tiny_swapae.encode(torch.zeros(1, 3, 64, 64))
    prefix = Prefix()
    tiny_swapae.decode(structure, style, prefix=prefix)
    structure += 1
    assert torch.equal(tiny_swapae.decode(structure, style, prefix=prefix), tiny_swapae.decode(structure, style))


@pytest.mark.parametrize("changed", range(8))
def test_going_on_from_an_earlier_layer_changes_no_pixel(changed, tiny_generator, tiny_swapae):
    ws = tiny_generator.sample_ws([1, 2])
    a, b = ws[:1], codes.swap_layers(ws[:1], ws[1:], layers=[changed])
    prefix = Prefix()
    tiny_generator.synthesis(a, prefix=prefix)
    assert torch.equal(tiny_generator.synthesis(b, prefix=prefix), tiny_generator.synthesis(b))
    assert torch.equal(tiny_generator.synthesis(a, prefix=prefix), tiny_generator.synthesis(a))

    structure, style = tiny_swapae.encode(torch.rand(2, 3, 64, 64) * 2 - 1)
    a, b = style[:1], codes.swap_layers(style[:1], style[1:], layers=[changed])
    prefix = Prefix()
    tiny_swapae.decode(structure[:1], a, prefix=prefix)
    assert torch.equal(tiny_swapae.decode(structure[:1], b, prefix=prefix), tiny_swapae.decode(structure[:1], b))
    # another structure, or noise, must not go on from the old one
    assert torch.equal(tiny_swapae.decode(structure[1:], b, prefix=prefix), tiny_swapae.decode(structure[1:], b))
    const = tiny_swapae.decode(structure[1:], b, noise_mode="const")
    assert torch.equal(tiny_swapae.decode(structure[1:], b, noise_mode="const", prefix=prefix), const)


def test_only_layers_behind_the_change_are_computed(tiny_swapae):
    structure, style = tiny_swapae.encode(torch.rand(2, 3, 64, 64) * 2 - 1)
    calls: list[int] = []
    layers = tiny_swapae.generator.layers
    hooks = [layer.register_forward_hook(lambda *_, i=i: calls.append(i)) for i, layer in enumerate(layers)]
    try:
        prefix = Prefix()
        tiny_swapae.decode(structure[:1], style[:1], prefix=prefix)
        assert calls == list(range(8))
        calls.clear()
        tiny_swapae.decode(structure[:1], codes.swap_at(style[:1], style[1:], location=5), prefix=prefix)
        assert calls == [5, 6, 7]
        calls.clear()
        tiny_swapae.decode(structure[:1], codes.swap_at(style[:1], style[1:], location=5), prefix=prefix)
        assert calls == [7], "the last activations are all that the same picture needs"
    finally:
        for hook in hooks:
            hook.remove()


def test_drafts_keep_the_size_and_cost_less_when_slow(renderer, tiny_generator, monkeypatch):
    asked: list[int | None] = []
    real = tiny_generator.synthesis

    def slow(ws, *, max_size=None, **options):
        asked.append(max_size)
        return real(ws, max_size=max_size, **options)

    monkeypatch.setattr(tiny_generator, "synthesis", slow)
    renderer.budget = 0.05
    renderer._seconds[("stylegan2", 32)] = 1.0
    drawn = renderer.render(Request(r.Face(A), draft=True))
    assert drawn.picture.size == (32, 32)
    assert asked == [32], "nothing smaller is worth drawing"
    renderer._seconds = {("stylegan2", 32): 0.001}
    renderer.render(Request(r.Face(A), draft=True))
    assert asked[-1] == 32


def test_the_draft_of_a_slow_autoencoder_is_half_as_large_inside(renderer, tiny_swapae, monkeypatch):
    sizes: list[tuple[int, ...]] = []
    real = tiny_swapae.decode

    def spied(structure, *args, **options):
        sizes.append(tuple(structure.shape[2:]))
        return real(structure, *args, **options)

    monkeypatch.setattr(tiny_swapae, "decode", spied)
    structure, style = torch.rand(1, 8, 8, 8) - 0.5, torch.rand(1, 8, 128) - 0.5  # of a picture of 128 px
    picture = r.Decoded(r.Stored.of(structure.numpy()), r.Stored.of(style.numpy()))
    renderer._seconds[("swapae", 128)] = 5.0
    assert renderer.render(Request(picture, draft=True)).picture.size == (128, 128)
    assert renderer.render(Request(picture)).picture.size == (128, 128)
    assert sizes == [(4, 4), (8, 8)]


def test_drafts_and_pictures_of_an_autoencoder_both_start_at_the_block_that_changed(tiny_swapae):
    renderer, ran = Renderer(swapae=tiny_swapae), []
    structure = r.Stored.of(np.random.RandomState(0).randn(1, tiny_swapae.generator.config.structure_channels, 8, 8))
    a, b = (r.Stored.of(np.random.RandomState(i).randn(1, tiny_swapae.num_ws, tiny_swapae.style_dim)) for i in (1, 2))
    layers = tiny_swapae.generator.layers
    hooks = [layer.register_forward_hook(lambda *_, i=i: ran.append(i)) for i, layer in enumerate(layers)]
    for location in (6, 5, 4):
        picture = r.Decoded(structure, r.SwapAt(a, b, location))
        for draft in (True, False):
            renderer._seconds = {("swapae", tiny_swapae.cell * 8): 10.0}
            ran.clear()
            drawn = renderer.render(Request(picture, draft=draft))
            assert drawn.draft == draft and drawn.picture
            assert ran == list(range(0 if location == 6 else location, len(layers)))
    for hook in hooks:
        hook.remove()


def test_the_draft_of_a_slow_sheet_draws_fewer_tiles(renderer, tiny_generator, monkeypatch):
    drawn: list[object] = []
    real = tiny_generator.synthesis
    monkeypatch.setattr(tiny_generator, "synthesis", lambda *a, **k: (drawn.append(1), real(*a, **k))[1])
    sheet = r.grid(tuple(r.Seed(i) for i in range(4)), rows=5, cols=5, cell=16)
    renderer._seconds[("stylegan2", 32)] = renderer.budget / 5
    assert renderer.render(Request(sheet, draft=True)).picture.size == (80, 80)
    assert len(drawn) < 25
    renderer.render(Request(sheet))
    assert len(drawn) == 25, "the cells of the draft are not drawn again"


def test_errors_are_results(renderer, tiny_generator):
    rendered = renderer.render(Request(r.Face(r.SwapAt(A, B, 99.0))))
    assert rendered.picture is None
    assert "swap location" in rendered.error
    assert "Traceback" in rendered.traceback
    alone = Renderer(tiny_generator).render(Request(r.Decoded(A, B)))
    assert "Swapping Autoencoder" in alone.error


def test_recipe_names_the_models_that_were_used(demo_generator, demo_swapae):
    renderer = Renderer(demo_generator, demo_swapae)
    assert [m.family for m in renderer.recipe(r.Face(A)).models] == ["stylegan2"]
    both = renderer.recipe(r.Decoded(r.StructureOf(A), r.StyleOf(B)))
    assert [(m.family, m.name) for m in both.models] == [("stylegan2", "demo"), ("swapae", "demo")]
    assert both.models[0].sha256 == wf.load_stylegan2("demo").weights.sha256


def test_a_draft_that_came_out_whole_is_none(renderer, tiny_generator, tiny_swapae):
    assert not renderer.render(Request(r.Face(A), draft=True)).draft
    structure, style = torch.rand(1, 8, 8, 8) - 0.5, torch.rand(1, 8, 128) - 0.5  # of a picture of 128 px
    picture = r.Decoded(r.Stored.of(structure.numpy()), r.Stored.of(style.numpy()))
    renderer._seconds[("swapae", 128)] = 5.0
    assert renderer.render(Request(picture, draft=True)).draft
    assert not renderer.render(Request(picture)).draft
    sheet = r.grid(tuple(r.Seed(i) for i in range(4)), rows=5, cols=5, cell=16)
    renderer._seconds = {("stylegan2", 32): renderer.budget / 5}
    assert renderer.render(Request(sheet, draft=True)).draft
    renderer._seconds = {("stylegan2", 32): 0.0}
    assert not renderer.render(Request(sheet, draft=True)).draft


def test_structures_of_two_shapes_are_not_blended(renderer, tiny_swapae):
    wide, _ = tiny_swapae.encode(torch.rand(1, 3, 64, 128) * 2 - 1)
    blend = r.Blend(r.StructureOf(A), r.Stored.of(wide.numpy()), 0.5)
    assert "one shape" in renderer.render(Request(r.Decoded(blend, r.StyleOf(B)))).error


def test_models_in_each_others_place_are_refused(tiny_generator, tiny_swapae):
    with pytest.raises(BadInputError, match="in its place"):
        Renderer(tiny_swapae, tiny_generator)
