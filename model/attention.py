"""Two ways to attend over whole rows with the same rules: FlexAttention, and its SDPA twin.

FlexAttention skips the empty blocks of the mask and is meant for a GPU; on a CPU it has a compiled forward
only. The twin attends through the dense mask: it trains on a CPU, and is the reference everywhere.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from meloformer.model.masks import Columns, dense, hid_attention
from meloformer.model.network import Attend

QUERY_BLOCK = 128


def dense_attend(columns: Columns) -> Attend:
    """SDPA under the dense mask of these rows.

    Tokens never see later tokens, so their queries go in blocks, each over the keys up to its own end: half
    the work.
    """
    rows, length = columns.token.shape
    mask = dense(hid_attention(columns), rows, length, columns.token.device)
    stops = range(columns.summaries + QUERY_BLOCK, length + QUERY_BLOCK, QUERY_BLOCK)
    spans = [(0, columns.summaries, length)] if columns.summaries else []
    spans += [(stop - QUERY_BLOCK, min(stop, length), min(stop, length)) for stop in stops]

    def attend(layer: int, q_BHND: Tensor, k_BKND: Tensor, v_BKND: Tensor) -> Tensor:
        blocks = [
            F.scaled_dot_product_attention(
                q_BHND[:, :, start:stop],
                k_BKND[:, :, :seen],
                v_BKND[:, :, :seen],
                attn_mask=mask[:, :, start:stop, :seen],
                enable_gqa=True,
            )
            for start, stop, seen in spans
        ]
        return torch.cat(blocks, dim=2)

    return attend


@lru_cache(maxsize=1)
def _compiled() -> Any:
    """flex_attention, compiled once for the process. An exhausted recompile limit must fail, not go dense."""
    torch._dynamo.config.fail_on_recompile_limit_hit = True
    return torch.compile(flex_attention, dynamic=False)


def block_mask(columns: Columns) -> BlockMask:
    """The one BlockMask that all layers of a step share."""
    rows, length = columns.token.shape
    rule, device = hid_attention(columns), str(columns.token.device)
    return create_block_mask(rule, rows, None, length, length, device=device)


def flex_attend(columns: Columns) -> Attend:
    """FlexAttention under the same rules; lengths must be multiples of 128 for its blocks to be whole."""
    mask = block_mask(columns)
    flex = _compiled()

    def attend(layer: int, q_BHND: Tensor, k_BKND: Tensor, v_BKND: Tensor) -> Tensor:
        out: Tensor = flex(q_BHND, k_BKND, v_BKND, block_mask=mask, enable_gqa=True)
        return out

    return attend
