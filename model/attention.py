"""Three ways to attend over whole rows with the same rules: FlexAttention, its SDPA twin, and plain matmuls.

FlexAttention skips the empty blocks of the mask and is meant for a GPU; on a CPU it has a compiled forward
only. The twin attends through the dense mask, and is the reference everywhere. Plain matmuls are the fastest
way to train short rows on a CPU (8 rows of 560 positions, forward and backward of one layer on one core in
bf16: 47 ms compiled, where SDPA took 134), but keep every score.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from meloformer.model.masks import Columns, Rule, hid_attention, part
from meloformer.model.network import Attend
from meloformer.model.precision import fastest

QUERY_BLOCK = 128
MOST_BLOCKS = 16  # or a few more: each is work for a compiler
RuleOf = Callable[[Columns], Rule]
FORBIDDEN = -1e30  # added to a score: as good as minus infinity, and no NaN where a row sees nothing


def dense_attend(columns: Columns, rule: RuleOf = hid_attention) -> Attend:
    """SDPA under the dense mask of these rows.

    Tokens never see later tokens, so their queries go in blocks, each over the keys up to its own end: half
    the work.
    """
    blocks = _blocks(columns, rule)

    def attend(layer: int, q_BHND: Tensor, k_BKND: Tensor, v_BKND: Tensor) -> Tensor:
        outs = [
            F.scaled_dot_product_attention(
                q_BHND[:, :, queries.start : queries.stop],
                k_BKND[:, :, :seen],
                v_BKND[:, :, :seen],
                attn_mask=bias_B1QN.to(q_BHND.dtype),
                enable_gqa=True,
            )
            for queries, seen, bias_B1QN in blocks
        ]
        return torch.cat(outs, dim=2)

    return attend


def matmul_attend(columns: Columns, rule: RuleOf = hid_attention) -> Attend:
    """The same as `dense_attend` in plain matmuls, the mask added to the scores: for training short rows."""
    blocks = _blocks(columns, rule)

    def attend(layer: int, q_BHND: Tensor, k_BKND: Tensor, v_BKND: Tensor) -> Tensor:
        rows, heads, _, dim = q_BHND.shape
        kv_heads = k_BKND.shape[1]
        scaled_BHND = q_BHND * dim**-0.5
        outs = []
        for queries, seen, bias_B1QN in blocks:
            q_BKQD = scaled_BHND[:, :, queries.start : queries.stop].reshape(rows, kv_heads, -1, dim)
            scores_BKQN = q_BKQD @ k_BKND[:, :, :seen].transpose(-1, -2)
            grouped = scores_BKQN.view(rows, kv_heads, heads // kv_heads, len(queries), seen)
            shares = torch.softmax(grouped + bias_B1QN[:, None], dim=-1)
            out_BKQD = shares.view(scores_BKQN.shape).to(v_BKND.dtype) @ v_BKND[:, :, :seen]
            outs.append(out_BKQD.view(rows, heads, len(queries), dim))
        return torch.cat(outs, dim=2)

    return attend


def _blocks(columns: Columns, rule: RuleOf) -> list[tuple[range, int, Tensor]]:
    """Each block of queries, how many keys it sees at most, and what is added to its scores [B, 1, Q, seen].

    Added once for all layers, in the type that training computes in: SDPA keeps what it is given, and of a
    mask of booleans it makes (and keeps) a copy in every layer.
    """
    seen_by, rows, device = rule(columns), len(columns.token), columns.token.device
    number = fastest(device.type)
    blocks = []
    for queries, seen in _query_spans(columns):
        mask_B1QN = part(seen_by, rows, queries, seen, device)
        bias_B1QN = torch.zeros_like(mask_B1QN, dtype=number).masked_fill(~mask_B1QN, FORBIDDEN)
        blocks.append((queries, seen, bias_B1QN))
    return blocks


def _query_spans(columns: Columns) -> list[tuple[range, int]]:
    """Blocks of queries; none sees a key from the second number on."""
    length = columns.token.shape[1]
    block = QUERY_BLOCK * max(1, length // (MOST_BLOCKS * QUERY_BLOCK))
    starts = range(columns.summaries, length, block)
    spans = [(range(columns.summaries), length)] if columns.summaries else []
    return spans + [
        (range(start, min(start + block, length)), min(start + block, length)) for start in starts
    ]


@lru_cache(maxsize=1)
def _compiled() -> Any:
    """flex_attention, compiled once for the process. An exhausted recompile limit must fail, not go dense."""
    torch._dynamo.config.fail_on_recompile_limit_hit = True
    return torch.compile(flex_attention, dynamic=False)


def block_mask(columns: Columns, rule: RuleOf = hid_attention) -> BlockMask:
    """The one BlockMask that all layers of a step share."""
    rows, length = columns.token.shape
    device = str(columns.token.device)
    return create_block_mask(rule(columns), rows, None, length, length, device=device)


def flex_attend(columns: Columns, rule: RuleOf = hid_attention) -> Attend:
    """FlexAttention under the same rules; lengths must be multiples of 128 for its blocks to be whole."""
    mask = block_mask(columns, rule)
    flex = _compiled()

    def attend(layer: int, q_BHND: Tensor, k_BKND: Tensor, v_BKND: Tensor) -> Tensor:
        out: Tensor = flex(q_BHND, k_BKND, v_BKND, block_mask=mask, enable_gqa=True)
        return out

    return attend
