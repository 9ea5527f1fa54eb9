"""What training costs on this machine: attention by attention, and longer rows while the time lasts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from meloformer.scripts.phrase import BARS, phrase

if TYPE_CHECKING:
    from datasets import Dataset

    from meloformer.model.score import Score
    from meloformer.model.shape import Shape
    from meloformer.training.recipe import Recipe
    from meloformer.training.speed import Cost

LENGTHS: Final = (2048, 8192, 16384, 32768)
ROUNDS: Final = 16  # of the demo's phrase, in a piece to learn from where no data set is given
MB: Final = 1e6


def measure(
    size: str, data: Path | None, steps: int, minutes: float, compile: bool
) -> Iterator[dict[str, Any]]:
    """One record for what the machine can do, then one for each length and each way to attend.

    After so many minutes no other is begun; one that the memory does not hold is told as such. Each has a
    process of its own: its peak is not another's, and where the system ends it, the next one has its turn.
    """
    import torch

    from meloformer.model.shape import SIZES
    from meloformer.training.arithmetic import matmul_flops_per_s
    from meloformer.training.recipe import recipe_for
    from meloformer.training.speed import RULES

    device = "cuda" if torch.cuda.is_available() else "cpu"
    until = time.monotonic() + 60 * minutes
    best = matmul_flops_per_s(device)
    about = {"measure": "train", "size": size, "device": device, "threads": torch.get_num_threads()}
    yield {**about, "matmul_gflops": round(best / 1e9, 1), "compiled": compile}
    for length in LENGTHS:
        recipe = replace(recipe_for(size, length), warmup=0)
        for rule in RULES:
            if time.monotonic() < until:
                kind = {**about, "seq_len": length, "attention": rule}
                yield kind | _cost(best, SIZES[size], recipe, rule, data, steps, compile)


def _cost(best: float, *of: Any) -> dict[str, Any]:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        cost = _or_none(process.submit(_cost_here, *of))
    return {"out_of_memory": True} if cost is None else _told(cost, best)


def _or_none(found: Future[Cost | None]) -> Cost | None:
    """What was found; None where the system has ended who looked for it."""
    try:
        return found.result()
    except BrokenProcessPool:
        return None


def _cost_here(
    shape: Shape, recipe: Recipe, rule: str, data: Path | None, steps: int, compile: bool
) -> Cost | None:
    """What it costs; None where the memory does not hold it."""
    import torch

    from meloformer.training.speed import cost
    from meloformer.training.store import open_store

    store = open_store(data) if data else rehearsal()
    try:
        return cost(shape, recipe, rule, store, steps, compile)
    except (torch.OutOfMemoryError, MemoryError):
        return None


def _told(cost: Cost, best: float) -> dict[str, Any]:
    return {
        "tokens_per_second": round(cost.tokens / cost.seconds, 1),
        "flop_utilisation": round(cost.flops / cost.seconds / best, 4),
        "peak_mb": round(cost.peak_bytes / MB),
        "saved_mb_per_layer": round(cost.layer_bytes / MB, 2),
        "recompiles": cost.recompiles,
        "waiting_share": round(cost.waiting_s / cost.seconds, 4),
    }


def rehearsal() -> Dataset:
    """A few long pieces made of the demo's phrase."""
    from meloformer.model.chords import label
    from meloformer.training.rows import Piece
    from meloformer.training.store import in_memory

    score = _repeated(phrase())
    chords = tuple(label(score))
    return in_memory(Piece("", f"rehearsal {number}", score, chords) for number in range(4))


def _repeated(score: Score) -> Score:
    shifts = [round_ * score.ticks for round_ in range(ROUNDS)]
    notes = [n._replace(onset=n.onset + shift, end=n.end + shift) for shift in shifts for n in score.notes]
    return replace(score, meters=score.meters[:1] * BARS * ROUNDS, notes=tuple(notes))
