"""Muon: momentum, made orthogonal, for the matrices inside a model.

Paper: Keller Jordan and others, "Muon: An optimizer for hidden layers in neural networks" (2024),
https://kellerjordan.github.io/posts/muon/. Deviation: fused matrices (queries, keys and values of
GPT-NeoX) are taken as one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """About U V^T of each matrix's singular value decomposition U S V^T, by Newton-Schulz iteration.

    Shapes: [many, rows, columns] -> the same; singular values end between about 0.7 and 1.2.
    """
    a, b, c = _COEFFICIENTS
    turned = matrices.shape[-2] > matrices.shape[-1]
    x: torch.Tensor = matrices.mT if turned else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(_ITERATIONS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if turned else x


class Muon(torch.optim.Optimizer):
    """Muon over two-dimensional parameters; matrices of one shape are handled together."""

    def __init__(
        self, parameters: Iterable[torch.Tensor], *, lr: float, momentum: float = 0.95
    ) -> None:
        """Take the parameters; lr is the step in units of the matrix's spectral norm."""
        super().__init__(list(parameters), {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every parameter along its orthogonal momentum (Nesterov)."""
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[torch.Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes[tuple(parameter.shape)].append(parameter)
            for same in shapes.values():
                self._move(same, group["lr"], group["momentum"])

    def _move(self, same: list[torch.Tensor], rate: float, momentum: float) -> None:
        ahead = []
        for parameter in same:
            grad = parameter.grad
            assert grad is not None
            state = self.state[parameter]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(parameter)
            state["momentum"].lerp_(grad, 1 - momentum)
            ahead.append(grad.lerp(state["momentum"], momentum))
        rows, columns = same[0].shape
        moves = orthogonal(torch.stack(ahead).bfloat16()).to(same[0].dtype)
        scale = rate * max(1.0, rows / columns) ** 0.5
        for parameter, move in zip(same, moves, strict=True):
            parameter.add_(move, alpha=-scale)
