"""How much arithmetic a training step is, and how much a machine can do: the two sides of a utilisation."""

from __future__ import annotations

import time

import torch

from meloformer.model.masks import Columns, Rule, part
from meloformer.model.network import Network
from meloformer.model.precision import fastest
from meloformer.model.shape import HEAD_DIM, Shape
from meloformer.model.vocabulary import SIZE

SIDE = {"cpu": 1024, "cuda": 8192}  # of the square matrices that tell what a machine can do
LONG_ENOUGH_S = 0.5
PASSES = 3  # a backward is two forwards
QUERIES = 512  # counted at a time


def flops_of(shape: Shape, columns: Columns, rule: Rule) -> float:
    """Of one step's forward and backward: matrix products, and attention over the pairs that the rule allows.

    What is computed a second time to save memory does not count.
    """
    rows, length = columns.token.shape
    with torch.device("meta"):
        matrices = sum(p.numel() for p in Network(shape).blocks.parameters() if p.ndim == 2)
    other_projection = (
        shape.layers * shape.width * 2 * shape.kv_heads * HEAD_DIM
    )  # each position has one of two
    products = rows * length * (matrices - other_projection)
    table = rows * (length - columns.summaries) * SIZE * shape.width
    pairs = pairs_of(rule, rows, length, columns.token.device)
    return PASSES * (2.0 * (products + table) + 4.0 * pairs * shape.width * shape.layers)


def pairs_of(rule: Rule, rows: int, length: int, device: torch.device) -> int:
    """How many pairs of positions a rule allows; so many queries at a time, for all of them fill a memory."""
    starts = range(0, length, QUERIES)
    queries = (range(start, min(start + QUERIES, length)) for start in starts)
    return sum(int(part(rule, rows, each, length, device).sum()) for each in queries)


def matmul_flops_per_s(device: str) -> float:
    """The best that one product of large square matrices reaches on this device, in its fastest numbers."""
    side = SIDE[device]
    one = torch.randn(side, side, dtype=fastest(device), device=device)
    best, until = 0.0, time.perf_counter() + LONG_ENOUGH_S
    while not best or time.perf_counter() < until:
        synchronise(device)
        began = time.perf_counter()
        one @ one
        synchronise(device)
        best = max(best, 2 * side**3 / (time.perf_counter() - began))
    return best


def synchronise(device: str) -> None:
    """Wait until the device has done what it was told."""
    if device == "cuda":
        torch.cuda.synchronize()
