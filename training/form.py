"""How bars come back over a longer stretch: similarity by distance, and bars that are stuck."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from meloformer.model.score import Note, Score
from meloformer.model.vocabulary import DRUMS
from meloformer.training.bars import in_bars, jaccard

OFFSETS = 32  # bars

Floats = NDArray[np.float64]
Inside = frozenset[tuple[int, ...]]


def similarity_curve(scores: Sequence[Score], offsets: int = OFFSETS) -> Floats:
    """How alike bars are that lie 1, 2, ... bars apart [offsets], each 0 to 1, over all pairs of all scores.

    The likeness of two bars is the share of notes in either that are in both, with the same onset in the
    bar, pitch and duration (Yu et al. 2022, "Museformer", which takes one curve for a whole set of pieces);
    here also with the same instrument, and drums by their onset alone. NaN where no two bars lie so far
    apart.
    """
    sums, pairs = np.zeros(offsets), np.zeros(offsets)
    for score in scores:
        bars = [_inside(bar) for bar in in_bars(score)]
        for offset in range(1, min(offsets, len(bars) - 1) + 1):
            alike = [jaccard(one, two) for one, two in zip(bars, bars[offset:], strict=False) if one or two]
            sums[offset - 1] += sum(alike)
            pairs[offset - 1] += len(alike)
    return np.where(pairs > 0, sums / np.maximum(pairs, 1), np.nan)


def similarity_error(curve: Floats, real: Floats) -> float:
    """The mean absolute difference of two similarity curves, 0 to 1 (Museformer's SE)."""
    both = ~(np.isnan(curve) | np.isnan(real))
    return float(np.abs(curve - real)[both].mean()) if both.any() else float("nan")


def repeated_bars(score: Score) -> int:
    """The longest run of bars that are exactly the same, 0 and more; silent bars are no repetition."""
    bars = [_inside(bar) for bar in in_bars(score)]
    return max((len(list(run)) for bar, run in groupby(bars) if bar), default=0)


def silent_bars(score: Score) -> int:
    """The longest run of bars in which no note begins, 0 and more."""
    bars = [bool(bar) for bar in in_bars(score)]
    return max((len(list(run)) for sounds, run in groupby(bars) if not sounds), default=0)


def _inside(notes: Sequence[Note]) -> Inside:
    """The notes of one bar as what makes two of them the same."""
    return frozenset(
        (note.onset, note.instrument, note.pitch, 0 if note.instrument == DRUMS else note.end - note.onset)
        for note in notes
    )
