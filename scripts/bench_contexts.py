"""What seeing less costs in bits per note: the model's attention beside a dense one, seed by seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from meloformer.presets.reader import find, read

LENGTHS: Final = [2048, 8192]


def measure(
    data: Path,
    seq_lens: list[int],
    steps: int,
    seeds: int,
    size: str | None,
    preset: str | None,
    presets: Path,
) -> Iterator[dict[str, Any]]:
    """One record for each seed under each rule in each length of rows, as it is learnt."""
    from meloformer.model.shape import SIZES
    from meloformer.model.weights import load
    from meloformer.training.contexts import TINY, trials
    from meloformer.training.store import open_store

    shape, start = SIZES[size] if size else TINY, None
    if preset is not None:
        start = load(read(find(preset, presets)).weights)
    for trial in trials(open_store(data), seq_lens, steps, seeds, shape, start=start):
        yield {
            "measure": "contexts",
            "attention": trial.rule,
            "seq_len": trial.tokens,
            "seed": trial.seed,
            "tokens_seen": trial.seen,
            "bits_per_note": round(trial.bits.per_note, 4),
            "seconds": round(trial.seconds, 1),
        }
