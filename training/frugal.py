"""Selective activation checkpointing: what is cheap is computed again, what is dear is remembered.

Remembered are the outputs of matrix products and of attention; everything between them (norms, rotations,
gates) is computed a second time in the backward. Source: Korthikanti et al. 2022, as PyTorch builds it.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

from meloformer.model.network import Network
from meloformer.model.shape import Shape, tensor_shapes

ROOM = 100_000_000 * 8192  # parameters times tokens of a row, up to which everything is remembered

_aten = torch.ops.aten
DEAR = frozenset(
    {
        _aten.mm.default,
        _aten.bmm.default,
        _aten.addmm.default,
        _aten._scaled_dot_product_flash_attention_for_cpu.default,
        _aten._scaled_dot_product_flash_attention.default,
        _aten._scaled_dot_product_efficient_attention.default,
        torch.ops.higher_order.flex_attention,
    }
)


def is_needed(shape: Shape, tokens: int) -> bool:
    """Whether rows of so many tokens should be learnt from with less memory, in exchange for some time."""
    return sum(map(math.prod, tensor_shapes(shape).values())) * tokens > ROOM


def spare(network: Network) -> None:
    """From now on each block remembers only what is dear. Weights and names stay as they are."""
    for block in network.blocks:
        block.forward = partial(
            checkpoint, block.forward, use_reentrant=False, context_fn=_contexts, preserve_rng_state=False
        )


def _contexts() -> Any:
    return create_selective_checkpoint_contexts(_policy)  # type: ignore[no-untyped-call]


def _policy(_: Any, op: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
    return CheckpointPolicy.MUST_SAVE if op in DEAR else CheckpointPolicy.PREFER_RECOMPUTE
