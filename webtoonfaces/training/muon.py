"""Muon, an optimiser that makes every direction of a weight learn at the same pace.

Adam scales each number of a weight by itself. Of a weight as a whole, it then learns the few directions in which most
gradients point, and hardly the others. Muon takes the momentum of the weight as a matrix and makes its singular values
equal before it is added (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"). Where a
network is told what it should draw, it needs a fraction of Adam's pictures. PyTorch's own `torch.optim.Muon` takes
matrices only; these networks are made of convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

NARROW = 4  # a weight with fewer rows or columns than this is left to Adam
ADAM_SHARE = 0.15  # of the learning rate, for biases, gains and narrow weights
ADAM_BETAS = (0.9, 0.99)
STEP = 0.2  # root mean square of a step's numbers, times the learning rate (Liu et al. 2025, section 2.2)
TERMS = (3.4445, -4.7750, 2.0315)  # of the odd polynomial whose iteration draws singular values towards 1
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Muon for weights of two or more axes, whose first is the output; Adam for everything else.

    rate : learning rate. A step changes a weight's numbers by 0.2 times this, on average.
    momentum : how much of the last step's direction is kept, 0 to 1.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]], rate: float, *, momentum: float = 0.95
    ):
        super().__init__(parameters, {"lr": rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        found = None
        if closure is not None:
            with torch.enable_grad():
                found = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                if weight.ndim < 2 or min(len(weight), weight[0].numel()) < NARROW:
                    self._adam(weight, group["lr"] * ADAM_SHARE)
                else:
                    self._muon(weight, group["lr"], group["momentum"])
        return found

    def _muon(self, weight: Tensor, rate: float, momentum: float) -> None:
        state, gradient = self.state[weight], cast(Tensor, weight.grad)
        kept = state.setdefault("momentum", torch.zeros_like(weight))
        kept.lerp_(gradient, 1 - momentum)
        matrix = gradient.lerp(kept, momentum).reshape(len(weight), -1)  # Nesterov's momentum
        change = orthogonal(matrix).to(weight.dtype)
        weight.sub_(change.reshape(weight.shape), alpha=rate * STEP * max(matrix.shape) ** 0.5)

    def _adam(self, weight: Tensor, rate: float) -> None:
        state, gradient = self.state[weight], cast(Tensor, weight.grad)
        if not state:
            state.update(steps=0, mean=torch.zeros_like(weight), square=torch.zeros_like(weight))
        state["steps"] += 1
        first, second = ADAM_BETAS
        state["mean"].lerp_(gradient, 1 - first)
        state["square"].lerp_(gradient.square(), 1 - second)
        spread = (state["square"] / (1 - second ** state["steps"])).sqrt_().add_(1e-8)
        weight.addcdiv_(state["mean"] / (1 - first ** state["steps"]), spread, value=-rate)


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix [R, C] with singular values near 1 (0.7 to 1.2) and the same singular vectors, bfloat16 [R, C].

    Iterates a polynomial of the matrix, which is much faster than a decomposition (Newton-Schulz; Jordan et al. 2024).
    """
    a, b, c = TERMS
    wide = len(matrix) <= matrix.shape[1]
    x = (matrix if wide else matrix.t()).bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.t()
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide else x.t()
