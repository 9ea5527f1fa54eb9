"""FlexAttention beside its dense twin: how much of the mask is empty, and how long a forward takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from meloformer.scripts.bench_train import LENGTHS, rehearsal

if TYPE_CHECKING:
    from torch import Tensor

    from meloformer.model.masks import Columns
    from meloformer.model.network import Attend

REPEATS: Final = 3  # after one that is not measured; the quickest counts
BLOCK: Final = 128


def measure(size: str, minutes: float) -> Iterator[dict[str, Any]]:
    """One record for each length of one row of music, while the time lasts. Times in milliseconds."""
    import torch

    from meloformer.model.attention import block_mask, dense_attend, flex_attend
    from meloformer.model.shape import SIZES

    device = "cuda" if torch.cuda.is_available() else "cpu"
    until = time.monotonic() + 60 * minutes
    for length in LENGTHS:
        if time.monotonic() > until:
            return
        columns = _columns(length, device)
        heads = _heads(SIZES[size].heads, SIZES[size].kv_heads, columns)
        full = block_mask(columns)
        yield {
            "measure": "attention",
            "size": size,
            "device": device,
            "seq_len": length,
            "positions": columns.token.shape[1],
            "blocks_not_empty": round(1 - full.sparsity() / 100, 4),
            "flex_ms": _forward_ms(flex_attend(columns), heads),
            "dense_ms": _forward_ms(dense_attend(columns), heads),
        }


def _columns(length: int, device: str) -> Columns:
    """One packed row of music; as many summaries as fill whole blocks."""
    import torch

    from meloformer.model.masks import Columns
    from meloformer.training.loader import Rows, Windows
    from meloformer.training.windows import Chances

    bars = -(-Rows.of(length).bars // BLOCK) * BLOCK
    row = Windows(rehearsal(), Rows(length, bars), Chances(), 1, 0).row(0)
    return Columns.of(torch.from_numpy(row.columns)[None].to(device), bars)


def _heads(heads: int, kv_heads: int, columns: Columns) -> tuple[Tensor, Tensor, Tensor]:
    import torch

    from meloformer.model.precision import fastest
    from meloformer.model.shape import HEAD_DIM

    length, device = columns.token.shape[1], columns.token.device
    q, k, v = (
        torch.randn(1, count, length, HEAD_DIM, dtype=fastest(device.type), device=device)
        for count in (heads, kv_heads, kv_heads)
    )
    return q, k, v


def _forward_ms(attend: Attend, heads: tuple[Tensor, Tensor, Tensor]) -> float:
    import torch

    from meloformer.training.arithmetic import synchronise

    times: list[float] = []
    for _ in range(1 + REPEATS):
        began = time.perf_counter()
        with torch.no_grad():
            attend(0, *heads)
        synchronise(heads[0].device.type)
        times.append(time.perf_counter() - began)
    return round(1000 * min(times[1:]), 2)
