"""Muon: momentum whose matrices are made orthogonal, so that a step moves every direction equally far.

Torch has one, which multiplies in bf16 wherever it runs and knows whole matrices only. This one multiplies in
the numbers that are fastest where it runs; and a matrix of which every process holds a share is gathered for
its step, and let go.

Sources: Muon (Jordan et al. 2024), and steps as long as those of AdamW: Moonlight (Liu et al. 2025).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from meloformer.model.precision import fastest
from meloformer.training.sharing import share_like

ROUNDS: Final = 5
QUINTIC: Final = (3.4445, -4.7750, 2.0315)  # steep at nothing, and near 1 after ROUNDS: Jordan et al. 2024
MOMENTUM: Final = 0.95
USUAL_LENGTH: Final = 0.2  # of AdamW's steps, as a root mean square


class Muon(torch.optim.Optimizer):
    """For matrices alone, whole or in shares, with Nesterov's momentum and decoupled weight decay."""

    def __init__(self, matrices: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": MOMENTUM})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every matrix that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    step = self._step_of(weight, weight.grad, group["momentum"])
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.sub_(step, alpha=group["lr"])

    def _step_of(self, weight: Tensor, gradient: Tensor, keep: float) -> Tensor:
        state = self.state[weight]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        momentum = state["momentum_buffer"].lerp_(gradient, 1 - keep)
        towards = gradient.lerp(momentum, keep)
        whole: Tensor = towards.full_tensor() if isinstance(towards, DTensor) else towards
        return share_like(_even(whole), weight)


def _even(towards: Tensor) -> Tensor:
    """Orthogonal, and as long as a step of AdamW."""
    return orthogonal(towards) * (USUAL_LENGTH * math.sqrt(max(towards.shape)))


def orthogonal(matrix_MN: Tensor) -> Tensor:
    """The same with singular values of about 1 (0.4 to 1.3), by Newton and Schulz's iteration."""
    wide = matrix_MN.T if matrix_MN.shape[0] > matrix_MN.shape[1] else matrix_MN
    wide = (wide / wide.norm().clamp(min=1e-7)).to(fastest(wide.device.type))
    a, b, c = QUINTIC
    for _ in range(ROUNDS):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    wide = wide.to(matrix_MN.dtype)
    return wide.T if matrix_MN.shape[0] > matrix_MN.shape[1] else wide
