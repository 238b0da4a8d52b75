"""The arithmetic on codes, mostly by its properties."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from webtoonfaces import codes
from webtoonfaces.errors import BadInputError

amounts = st.floats(0, 1)
settings.register_profile("codes", deadline=None, max_examples=40)
settings.load_profile("codes")


@st.composite
def code_lists(draw, *, count: int | None = None, most: int = 5):
    n = count or draw(st.integers(1, most))
    layers, channels, seed = draw(st.integers(1, 9)), draw(st.integers(2, 16)), draw(st.integers(0, 2**31))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    return torch.randn(n, layers, channels, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@given(code_lists(count=2), amounts)
def test_interpolations_meet_their_ends_and_keep_dtype(ws, t):
    a, b = ws[:1], ws[1:]
    for between in (codes.lerp, codes.slerp):
        assert torch.equal(between(a, b, 0.0), a) or torch.allclose(between(a, b, 0.0), a, atol=1e-5)
        assert torch.allclose(between(a, b, 1.0), b, atol=1e-5)
        assert torch.allclose(between(a, b, t), between(b, a, 1 - t), atol=1e-4)
        assert between(a, b, t).dtype == ws.dtype
        assert torch.isfinite(between(a, b, t)).all()


@given(code_lists(count=2), amounts)
def test_lerp_lies_on_the_line(ws, t):
    a, b = ws[:1], ws[1:]
    assert torch.allclose(codes.lerp(a, b, t), a + t * (b - a), atol=1e-5)
    assert torch.equal(codes.lerp(a, b, 0), a)
    assert torch.equal(codes.lerp(a, b, 1), b)


@given(code_lists(count=2), amounts)
def test_slerp_keeps_the_length_between(ws, t):
    a, b = torch.nn.functional.normalize(ws[:1], dim=2), torch.nn.functional.normalize(ws[1:], dim=2)
    opposite = (a * b).sum(dim=2) < -0.999
    length = codes.slerp(a, b, t).norm(dim=2)
    assert torch.allclose(length[~opposite], torch.ones_like(length[~opposite]), atol=1e-3)


def test_slerp_of_parallel_and_zero_codes_is_lerp():
    a = torch.ones(1, 2, 4)
    for b in (2 * a, -a, torch.zeros_like(a)):
        assert torch.allclose(codes.slerp(a, b, 0.25), codes.lerp(a, b, 0.25))


def test_slerp_halfway_of_a_right_angle():
    a, b = torch.tensor([[[1.0, 0]]]), torch.tensor([[[0.0, 1]]])
    assert torch.allclose(codes.slerp(a, b, 0.5), torch.tensor([[[0.5**0.5, 0.5**0.5]]]))


def test_amount_for_each_picture():
    a, b = torch.zeros(3, 2, 4), torch.ones(3, 2, 4)
    assert torch.allclose(codes.lerp(a, b, torch.tensor([0.0, 0.5, 1.0]))[:, 0, 0], torch.tensor([0.0, 0.5, 1.0]))


@given(code_lists(count=4), st.integers(1, 6), st.integers(1, 6))
def test_grid_is_bilinear(ws, rows, cols):
    grid = codes.interpolate(ws, rows=rows, cols=cols)
    assert grid.shape == (rows, cols, *ws.shape[1:])
    v, u = torch.linspace(0, 1, rows, dtype=ws.dtype), torch.linspace(0, 1, cols, dtype=ws.dtype)
    for i in range(rows):
        for j in range(cols):
            left, right = ws[0] * (1 - v[i]) + ws[2] * v[i], ws[1] * (1 - v[i]) + ws[3] * v[i]
            assert torch.allclose(grid[i, j], left * (1 - u[j]) + right * u[j], atol=1e-5)


def test_grid_corners_are_the_samples():
    ws = torch.randn(4, 3, 5)
    grid = codes.interpolate(ws, rows=5, cols=5)
    for corner, (i, j) in enumerate([(0, 0), (0, -1), (-1, 0), (-1, -1)]):
        assert torch.equal(grid[i, j], ws[corner])


@given(code_lists(), st.integers(1, 7), st.sampled_from(["linear", "slerp", "cubic"]))
def test_loop_passes_every_code_and_closes(ws, steps, method):
    frames = codes.loop(ws, steps=steps, method=method)
    assert frames.shape == (len(ws) * steps, *ws.shape[1:])
    assert torch.allclose(frames[::steps], ws, atol=1e-5)
    again = codes.loop(ws.roll(-1, 0), steps=steps, method=method)  # where it starts does not matter
    assert torch.allclose(again, frames.roll(-steps, 0), atol=1e-5)


def test_cubic_loop_has_no_corner():
    """The step just before a code and the one just after it go the same way."""
    ws = torch.randn(5, 1, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    steps = 1000

    def bend(method: str) -> torch.Tensor:
        frames = codes.loop(ws, steps=steps, method=method)
        before, after = frames[steps] - frames[steps - 1], frames[steps + 1] - frames[steps]
        return 1 - torch.nn.functional.cosine_similarity(before.flatten(), after.flatten(), dim=0)

    assert bend("cubic") < 1e-3
    assert bend("linear") > 0.1


@pytest.mark.parametrize("method", ["linear", "slerp", "cubic"])
def test_open_walk(method):
    ws = torch.randn(10, 2, 4)
    frames = codes.loop(ws, steps=20, method=method, closed=False)
    assert len(frames) == 180
    assert torch.allclose(frames[::20], ws[:-1], atol=1e-5)
    assert (frames[-1] - ws[-1]).norm() < (frames[-1] - ws[-2]).norm()


@given(code_lists(), amounts)
def test_truncation(ws, psi):
    mean = ws.mean(dim=(0, 1))
    assert torch.allclose(codes.truncate(ws, mean, psi=psi), mean + psi * (ws - mean), atol=1e-5)
    assert torch.allclose(codes.truncate(ws, mean, psi=1), ws)
    assert torch.allclose(codes.truncate(ws, mean, psi=0), mean.expand_as(ws))


@given(code_lists(), st.data())
def test_truncation_cutoff(ws, data):
    cutoff = data.draw(st.integers(0, ws.shape[1]))
    mean = ws.mean(dim=(0, 1))
    cut = codes.truncate(ws, mean, psi=0.5, cutoff=cutoff)
    assert torch.allclose(cut[:, :cutoff], codes.truncate(ws, mean, psi=0.5)[:, :cutoff])
    assert torch.equal(cut[:, cutoff:], ws[:, cutoff:])


@given(code_lists(count=2), st.data())
def test_swap_layers(ws, data):
    a, b = ws[:1], ws[1:]
    count = ws.shape[1]
    layers = data.draw(st.lists(st.integers(-count, count - 1), unique_by=lambda i: i % count))
    mixed = codes.swap_layers(a, b, layers=layers)
    chosen = {layer % count for layer in layers}
    for layer in range(count):
        assert torch.equal(mixed[:, layer], (b if layer in chosen else a)[:, layer])


def test_swap_layers_by_strength():
    a, b = torch.zeros(1, 4, 2), torch.ones(1, 4, 2)
    assert codes.swap_layers(a, b, layers=[1, 3], strength=[0.25, 0.5])[0, :, 0].tolist() == [0, 0.25, 0, 0.5]
    assert codes.swap_layers(a, b, layers=range(2), strength=0.5)[0, :, 0].tolist() == [0.5, 0.5, 0, 0]


@given(code_lists(count=2), st.data())
def test_swap_location(ws, data):
    a, b = ws[:1], ws[1:]
    count = ws.shape[1]
    location = data.draw(st.floats(0, count))
    mixed = codes.swap_at(a, b, location=location)
    whole = int(location)
    assert torch.equal(mixed[:, :whole], a[:, :whole])
    assert torch.equal(mixed[:, whole + 1 :], b[:, whole + 1 :])
    if whole < count:
        part = location - whole
        assert torch.allclose(mixed[:, whole], part * a[:, whole] + (1 - part) * b[:, whole], atol=1e-4)


def test_swap_location_is_the_same_as_swapping_layers():
    a, b = torch.randn(3, 8, 4), torch.randn(3, 8, 4)
    for k in range(9):
        assert torch.equal(codes.swap_at(a, b, location=k), codes.swap_layers(a, b, layers=range(k, 8)))


def test_one_code_goes_with_many():
    one, many = torch.randn(1, 8, 4), torch.randn(5, 8, 4)
    assert codes.swap_at(one, many, location=3).shape == many.shape


def test_arguments_are_left_alone():
    ws = torch.randn(4, 3, 5)
    before = ws.clone()
    codes.interpolate(ws)
    codes.loop(ws)
    codes.truncate(ws, ws[0, 0])
    codes.swap_layers(ws, ws.flip(0), layers=[0])
    codes.swap_at(ws, ws.flip(0), location=1.5)
    assert torch.equal(ws, before)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda ws: codes.lerp(ws[0], ws[1], 0.5), "keeps its first axis"),
        (lambda ws: codes.lerp(ws, torch.randn(4, 2, 5), 0.5), "do not go together"),
        (lambda ws: codes.lerp(ws[:2], ws[:3], 0.5), "do not go together"),
        (lambda ws: codes.lerp(ws, ws, float("nan")), "NaN or infinite"),
        (lambda ws: codes.interpolate(ws[:3]), "four corners"),
        (lambda ws: codes.interpolate(ws, rows=0), "at least one row"),
        (lambda ws: codes.loop(ws, method="round"), "not 'round'"),
        (lambda ws: codes.truncate(ws, torch.zeros(7)), "5 channels"),
        (lambda ws: codes.swap_layers(ws, ws, layers=[3]), "no layer 3"),
        (lambda ws: codes.swap_layers(ws, ws, layers=[0, 1], strength=[1.0]), "2 layers need"),
        (lambda ws: codes.swap_at(ws, ws, location=3.5), "from 0 .* to 3"),
        (lambda ws: codes.swap_at(ws, ws, location=-1), "from 0"),
        (lambda ws: codes.check_codes([1, 2]), "not list"),
    ],
)
def test_mistakes_are_explained(call, told):
    with pytest.raises(BadInputError, match=told):
        call(torch.randn(4, 3, 5))
