"""The optimiser that makes every direction of a weight learn at the same pace."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from webtoonfaces.training.muon import ADAM_BETAS, ADAM_SHARE, Muon, orthogonal


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_singular_values_become_equal_and_vectors_stay(shape):
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    u, values, v = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonal(matrix).float()
    along = torch.diagonal(u.t() @ found @ v.t())  # what each singular value became
    assert found.shape == matrix.shape
    assert along.min() > 0.5 and along.max() < 1.35, "the values are not near 1"
    rest = found - u @ torch.diag(along) @ v
    assert rest.norm() < 0.05 * found.norm(), "the singular vectors have turned"
    assert values.max() / values.min() > 2, "the example had equal values from the start"


def test_a_matrix_of_zeros_stays_zero():
    assert torch.equal(orthogonal(torch.zeros(6, 9)), torch.zeros(6, 9, dtype=torch.bfloat16))


def losses(optimiser: str, rate: float, steps: int) -> list[float]:
    """Of a linear layer that learns a matrix from inputs whose directions differ a hundredfold in strength."""
    random = torch.Generator().manual_seed(0)
    turned = torch.linalg.qr(torch.randn(32, 32, generator=random)).Q
    inputs = torch.randn(512, 32, generator=random) * torch.logspace(0, -2, 32) @ turned
    wanted = torch.randn(32, 32, generator=random)
    layer = nn.Linear(32, 32, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
    kind = {"muon": Muon, "adam": torch.optim.Adam}[optimiser](layer.parameters(), rate)
    found = []
    for step in range(steps):
        kind.param_groups[0]["lr"] = rate * (1 - step / steps)
        loss = ((layer(inputs) - inputs @ wanted.t()) / inputs.std()).square().mean()
        kind.zero_grad()
        loss.backward()
        kind.step()
        found.append(float(loss.detach()))
    return found


def test_weak_directions_are_learnt_sooner_than_by_adam():
    ours = min(losses("muon", rate, 200)[-1] for rate in (0.1, 0.3, 1.0))
    adams = min(losses("adam", rate, 200)[-1] for rate in (0.01, 0.03, 0.1, 0.3))
    assert ours < 0.5 * adams, "each with the best of its rates"


def test_biases_and_narrow_weights_are_left_to_adam():
    random = torch.Generator().manual_seed(0)
    bias, narrow = (nn.Parameter(torch.randn(*shape, generator=random)) for shape in ((9,), (3, 9)))
    plain = [nn.Parameter(one.detach().clone()) for one in (bias, narrow)]
    ours, adam = Muon([bias, narrow], 0.02), torch.optim.Adam(plain, 0.02 * ADAM_SHARE, ADAM_BETAS)
    for _ in range(3):
        for one, other in zip((bias, narrow), plain, strict=True):
            one.grad = torch.randn(one.shape, generator=random)
            other.grad = one.grad.clone()
        ours.step()
        adam.step()
    for one, other in zip((bias, narrow), plain, strict=True):
        torch.testing.assert_close(one, other)


def test_a_step_is_as_long_as_the_rate_says_and_keeps_the_layout():
    conv = nn.Conv2d(16, 24, 3).to(memory_format=torch.channels_last)
    before = conv.weight.detach().clone()
    conv.weight.grad = torch.randn(conv.weight.shape, generator=torch.Generator().manual_seed(0))
    Muon([conv.weight], 0.1).step()
    change = (conv.weight.detach() - before).square().mean().sqrt()
    assert 0.012 < change < 0.025, "0.2 times the rate, up to how near 1 the singular values are"
    assert conv.weight.is_contiguous(memory_format=torch.channels_last)


def test_a_resumed_optimiser_takes_the_same_steps():
    def grown(layer: nn.Linear, optimiser: Muon, seeds: range) -> list[Tensor]:
        for seed in seeds:
            for weight in layer.parameters():
                weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed))
            optimiser.step()
        return [weight.detach().clone() for weight in layer.parameters()]

    layer = nn.Linear(8, 8)
    optimiser = Muon(layer.parameters(), 0.02)
    grown(layer, optimiser, range(3))
    other = copy.deepcopy(layer)
    resumed = Muon(other.parameters(), 0.5)
    resumed.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for one, two in zip(grown(layer, optimiser, range(3, 6)), grown(other, resumed, range(3, 6)), strict=True):
        assert torch.equal(one, two)


def test_a_closure_is_computed_with_gradients():
    layer = nn.Linear(8, 8)
    optimiser = Muon(layer.parameters(), 0.02)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = layer(torch.ones(1, 8)).square().sum()
        loss.backward()
        return loss

    first = float(optimiser.step(closure).detach())
    assert float(optimiser.step(closure).detach()) < first
