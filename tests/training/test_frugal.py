"""Selective checkpointing: less is remembered, the same is learnt; and every size can be trained."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from meloformer.model.layout import pack
from meloformer.model.masks import Columns
from meloformer.model.network import Network
from meloformer.model.shape import SIZES, Shape
from meloformer.training import frugal
from meloformer.training.loss import loss_of
from meloformer.training.speed import attend_under, saved_bytes
from music import columns, document
from music import network as random_network

SHAPE = Shape(width=64, layers=2, kv_heads=1)


def row() -> tuple[Columns, torch.Tensor]:
    packed = pack([document(3, bars=8)], 12, 500)
    return columns([packed], 12), torch.from_numpy(packed.targets)[None]


def test_gradients_are_the_same_and_less_is_saved_for_them() -> None:
    plain, frugally = (random_network(SHAPE).requires_grad_(True) for _ in range(2))
    frugal.spare(frugally)
    losses = [loss_of(network, *row()) for network in (plain, frugally)]
    for loss in losses:
        loss.backward()
    assert losses[0].item() == losses[1].item()
    for one, other in zip(plain.parameters(), frugally.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-3, rtol=1e-2)
    saved = [saved_bytes(partial(loss_of, network, *row()), network) for network in (plain, frugally)]
    assert saved[1] < saved[0]
    assert plain.state_dict().keys() == frugally.state_dict().keys()


def test_it_begins_where_rows_are_long_and_weights_many() -> None:
    assert not frugal.is_needed(SIZES["base"], 8192)
    assert frugal.is_needed(SIZES["large"], 8192)
    assert not frugal.is_needed(SIZES["xlarge"], 512)


@pytest.mark.parametrize("size", ["base", "large", "xlarge"])
def test_every_size_runs_a_step(size: str) -> None:
    """On the device without memory: shapes fit, backward included."""
    with torch.device("meta"):
        network = Network(SIZES[size])
    frugal.spare(network)
    given, targets = row()
    meta = Columns.of(torch.empty(1, 6, given.token.shape[1], dtype=torch.int32, device="meta"), 12)
    logits = network(meta, attend_under("causal", meta))
    logits.float().mean().backward()
    assert logits.shape[:2] == targets.shape
    assert all(p.grad is not None for p in network.parameters())
