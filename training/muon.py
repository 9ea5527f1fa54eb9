"""Muon for matrices of which every process holds a share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from meloformer.training.sharing import share_like


class ShardedMuon(torch.optim.Muon):
    """The step of torch's own Muon, whose momentum stays in shares.

    Muon makes a matrix orthogonal, which needs all of it: each is gathered for its step, and let go.
    Source: Muon (Jordan et al. 2024).
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)

    def _move(self, weight: Tensor, gradient: DTensor, group: dict[str, Any]) -> None:
        momentum = self.state[weight].setdefault("momentum_buffer", torch.zeros_like(gradient))
        momentum.lerp_(gradient, 1 - group["momentum"])
        towards = gradient.lerp(momentum, group["momentum"])
        step = _step_of(towards.full_tensor(), group)  # type: ignore[attr-defined]
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.add_(share_like(step, weight))


def _step_of(towards: Tensor, group: dict[str, Any]) -> Tensor:
    """How Muon moves a whole matrix: what it makes of nothing, without a momentum of its own."""
    moved = torch.nn.Parameter(torch.zeros_like(towards))
    moved.grad = towards
    options = {"lr": group["lr"], "adjust_lr_fn": group["adjust_lr_fn"]}
    alone = torch.optim.Muon([moved], momentum=0.0, nesterov=False, weight_decay=0.0, **options)
    alone.step()  # type: ignore[no-untyped-call]
    return moved.detach()
