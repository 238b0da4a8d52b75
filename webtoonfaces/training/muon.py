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
            moved = [weight for weight in group["params"] if weight.grad is not None]
            wide = [weight for weight in moved if weight.ndim > 1 and min(len(weight), weight[0].numel()) >= NARROW]
            known = {id(weight) for weight in wide}
            self._muon(wide, group["lr"], group["momentum"])
            self._adam([weight for weight in moved if id(weight) not in known], group["lr"] * ADAM_SHARE)
        return found

    # Several weights go through one call, because a GPU computes these small sums sooner than they are launched.

    def _muon(self, weights: list[Tensor], rate: float, momentum: float) -> None:
        if not weights:
            return
        gradients = [cast(Tensor, weight.grad) for weight in weights]
        kept = [self.state[weight].setdefault("momentum", torch.zeros_like(weight)) for weight in weights]
        torch._foreach_lerp_(kept, gradients, 1 - momentum)
        ahead = torch._foreach_lerp(gradients, kept, momentum)  # Nesterov's momentum
        for weight, matrix in zip(weights, ahead, strict=True):
            matrix = matrix.reshape(len(weight), -1)
            change = orthogonal(matrix).to(weight.dtype)
            weight.sub_(change.reshape(weight.shape), alpha=rate * STEP * max(matrix.shape) ** 0.5)

    def _adam(self, weights: list[Tensor], rate: float) -> None:
        if not weights:
            return
        gradients = [cast(Tensor, weight.grad) for weight in weights]
        states = [self.state[weight] for weight in weights]
        for weight, state in zip(weights, states, strict=True):
            if not state:
                state.update(steps=0, mean=torch.zeros_like(weight), square=torch.zeros_like(weight))
            state["steps"] += 1
        means, squares = ([state[name] for state in states] for name in ("mean", "square"))
        first, second = ADAM_BETAS
        torch._foreach_lerp_(means, gradients, 1 - first)
        torch._foreach_lerp_(squares, torch._foreach_mul(gradients, gradients), 1 - second)
        spread = torch._foreach_div(squares, [1 - second ** state["steps"] for state in states])
        torch._foreach_sqrt_(spread)
        torch._foreach_add_(spread, 1e-8)
        torch._foreach_addcdiv_(weights, means, spread, [-rate / (1 - first ** state["steps"]) for state in states])


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix [R, C] with singular values near 1 (0.7 to 1.2) and the same singular vectors, [R, C].

    Iterates a polynomial of the matrix, which is much faster than a decomposition (Newton-Schulz; Jordan et al. 2024).
    The result is bfloat16 where that is quick, float32 elsewhere.
    """
    a, b, c = TERMS
    wide = len(matrix) <= matrix.shape[1]
    x = (matrix if wide else matrix.t()).to(torch.bfloat16 if is_quick(matrix) else torch.float32)
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.t()
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide else x.t()


def is_quick(matrix: Tensor) -> bool:
    """Whether bfloat16 is, on its device: a CPU with AVX2 only emulates it, thirty times slower than float32."""
    return matrix.device.type != "cpu" or torch.backends.cpu.get_cpu_capability().startswith("AVX512")
