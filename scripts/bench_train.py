"""What training costs on this machine: attention by attention, and longer rows while the time lasts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from meloformer.scripts.phrase import BARS, phrase

if TYPE_CHECKING:
    from datasets import Dataset

    from meloformer.model.score import Score
    from meloformer.training.speed import Cost

LENGTHS: Final = (2048, 8192, 16384, 32768)
ROUNDS: Final = 16  # of the demo's phrase, in a piece to learn from where no data set is given
MB: Final = 1e6


def measure(
    size: str, data: Path | None, steps: int, minutes: float, compile: bool
) -> Iterator[dict[str, Any]]:
    """One record for what the machine can do, then one for each length and each way to attend.

    After so many minutes no other is begun; one that the memory does not hold is told as such.
    """
    import torch

    from meloformer.training.arithmetic import matmul_flops_per_s
    from meloformer.training.speed import RULES
    from meloformer.training.store import open_store

    device = "cuda" if torch.cuda.is_available() else "cpu"
    until = time.monotonic() + 60 * minutes
    best = matmul_flops_per_s(device)
    about = {"measure": "train", "size": size, "device": device, "threads": torch.get_num_threads()}
    yield {**about, "matmul_gflops": round(best / 1e9, 1), "compiled": compile}
    store = open_store(data) if data else rehearsal()
    for length in LENGTHS:
        for rule in RULES:
            if time.monotonic() < until:
                kind = {**about, "seq_len": length, "attention": rule}
                yield kind | _cost(size, length, rule, store, steps, compile, best)


def _cost(
    size: str, length: int, rule: str, store: Dataset, steps: int, compile: bool, best: float
) -> dict[str, Any]:
    import torch

    from meloformer.training.speed import cost

    try:
        return _told(cost(size, length, rule, store, steps, compile), best)
    except (torch.OutOfMemoryError, MemoryError):
        return {"out_of_memory": True}


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
