"""Muon: torch's own is the slow twin, which multiplies in bf16 wherever it runs."""

from __future__ import annotations

import pytest
import torch

from meloformer.training.muon import MOMENTUM, Muon, orthogonal

RATE, DECAY = 0.02, 0.05
SHAPES = [(64, 64), (48, 96), (96, 48)]


@pytest.mark.parametrize("shape", SHAPES)
def test_its_steps_are_those_of_torch(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    ours, theirs = (torch.nn.Parameter(torch.ones(shape)) for _ in range(2))
    other = torch.optim.Muon(
        [theirs], lr=RATE, weight_decay=DECAY, momentum=MOMENTUM, adjust_lr_fn="match_rms_adamw"
    )
    own = Muon([ours], lr=RATE, weight_decay=DECAY)
    for _ in range(5):
        ours.grad = torch.randn(shape)
        theirs.grad = ours.grad.clone()
        own.step()
        other.step()
    moved = (ours - 1).norm()
    assert (ours - theirs).norm() < 0.03 * moved


@pytest.mark.parametrize("shape", SHAPES)
def test_a_matrix_is_made_orthogonal(shape: tuple[int, int]) -> None:
    torch.manual_seed(2)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)).float())
    assert 0.4 < values.min() < values.max() < 1.3
