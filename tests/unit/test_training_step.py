"""Random numbers, shares and gradients of a step."""

from __future__ import annotations

import math

import pytest
import torch
from accelerate import Accelerator
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from webtoonfaces.training.step import (
    DivergedError,
    Scores,
    Share,
    StepRandom,
    StepSampler,
    average,
    half_life,
    minimise,
)

slots_and_rows = st.tuples(st.integers(1, 6), st.integers(1, 5))


@given(slots_and_rows, st.integers(0, 2**31), st.integers(0, 2**31))
def test_shares_of_random_numbers_make_up_the_whole(shape, seed, step):
    slots, rows = shape
    whole = StepRandom(seed, step)
    parts = [StepRandom(seed, step, slot=slot, slots=slots) for slot in range(slots)]
    for draw in (lambda r, n: r.normal(n, 2, 3), lambda r, n: r.uniform(n), lambda r, n: r.normal(n)):
        everything = draw(whole, rows * slots)
        for slot, part in enumerate(parts):
            assert torch.equal(draw(part, rows), everything[slot::slots])


def test_every_step_has_its_own_random_numbers():
    drawn = {float(StepRandom(seed, step).normal(1)) for seed in range(3) for step in range(20)}
    assert len(drawn) == 60


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 99), st.integers(0, 30))
def test_an_epoch_shows_every_picture_once(length, batch, seed, first):
    sampler = StepSampler(length, batch, seed=seed)
    shown = [i for step in range(math.ceil(2 * length / batch)) for i in sampler.indices(step)]
    assert sorted(shown[:length]) == sorted(shown[length : 2 * length]) == list(range(length))
    resumed = iter(StepSampler(length, batch, seed=seed, first_step=first))
    assert [next(resumed) for _ in range(3)] == [sampler.indices(first + i) for i in range(3)]


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(5, 50))
def test_processes_read_the_batch_between_them(processes, accumulate, rows, length):
    slots = processes * accumulate
    whole = StepSampler(length, rows * slots, seed=0).indices(3)
    for process in range(processes):
        mine = range(process * accumulate, (process + 1) * accumulate)
        read = StepSampler(length, rows * slots, seed=0, slots=slots, mine=mine).indices(3)
        for part in range(accumulate):
            assert read[part::accumulate] == whole[process * accumulate + part :: slots]


def a_share(images: torch.Tensor) -> Share:
    return Share(images, StepRandom(0, 0))


def test_minimise_steps_on_the_mean_over_shares_and_leaves_others_alone():
    torch.manual_seed(0)
    net, other = nn.Linear(3, 1), nn.Linear(1, 1)
    images = torch.randn(4, 3)

    def loss(share: Share) -> torch.Tensor:
        return other(net(share.images)).square().mean()

    loss(a_share(images)).backward()
    expected = [p - 0.1 * p.grad for p in net.parameters()]
    other.zero_grad()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    before = float(loss(a_share(images)).detach())
    told = minimise(Accelerator(cpu=True), optimizer, [a_share(images[::2]), a_share(images[1::2])], loss)
    assert told == pytest.approx(before, rel=1e-5)
    for parameter, wanted in zip(net.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.detach(), wanted.detach())
    assert all(p.grad is None for p in other.parameters())  # what its owner's step would throw away is not computed


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_changes_nothing(value):
    net = nn.Linear(2, 1)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    with pytest.raises(DivergedError, match="learning_rate"):
        minimise(
            Accelerator(cpu=True),
            torch.optim.SGD(net.parameters(), 1.0),
            [a_share(torch.ones(1, 2))],
            lambda share: net(share.images).sum() * value,
        )
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


def test_a_gradient_that_is_no_number_changes_nothing():
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    with pytest.raises(DivergedError):
        minimise(
            Accelerator(cpu=True),
            torch.optim.SGD(net.parameters(), 1.0),
            [a_share(torch.ones(1, 1))],
            lambda share: net(share.images).sqrt().sum(),  # 0, with an infinite slope
        )
    assert float(net.weight.detach()) == 0


def test_average_halves_a_difference_within_its_half_life():
    slow, fast = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    nn.init.zeros_(slow.weight)
    fast.running_mean += 3
    for _ in range(10):
        average(slow, fast, decay=half_life(images=80, batch=8))
    torch.testing.assert_close(slow.weight.detach(), torch.full((2,), 0.5))
    assert torch.equal(slow.running_mean, fast.running_mean)


def test_scores_are_means_over_shares():
    scores = Scores()
    scores.note(a=torch.tensor(1.0, requires_grad=True), b=2)
    scores.note(a=3)
    assert scores.means() == {"a": 2.0, "b": 2.0}
