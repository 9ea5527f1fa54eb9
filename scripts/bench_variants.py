"""What the model and its recipe could be instead, in bits per note: variant by variant, seed by seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from meloformer.presets.reader import find, read

LENGTHS: Final = [2048, 8192]


def contexts(
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
    from meloformer.training.store import open_store
    from meloformer.training.trials import TINY, trials
    from meloformer.training.variants import CONTEXTS

    shape, start = SIZES[size] if size else TINY, None
    if preset is not None:
        start = load(read(find(preset, presets)).weights)
    for trial in trials(open_store(data), CONTEXTS, seq_lens, steps, seeds, shape, start=start):
        yield {
            "measure": "contexts",
            "attention": trial.variant,
            "seq_len": trial.tokens,
            "seed": trial.seed,
            "tokens_seen": trial.seen,
            "bits_per_note": round(trial.bits.per_note, 4),
            "seconds": round(trial.seconds, 1),
        }


def ablations(
    data: Path, names: list[str] | None, seq_len: int, steps: int, seeds: int
) -> Iterator[dict[str, Any]]:
    """One record for each seed of these variants of the recipe (None: all), as it is learnt.

    Raises KeyError for a name that is none of them.
    """
    from meloformer.training.store import open_store
    from meloformer.training.trials import trials
    from meloformer.training.variants import ABLATIONS

    variants = {name: ABLATIONS[name] for name in names or ABLATIONS}
    for trial in trials(open_store(data), variants, [seq_len], steps, seeds):
        yield {
            "measure": "ablations",
            "variant": trial.variant,
            "seed": trial.seed,
            "parameters": trial.parameters,
            "tokens_seen": trial.seen,
            "bits_per_note": round(trial.bits.per_note, 4),
            "seconds": round(trial.seconds, 1),
        }
