"""What a stretch of music is like by itself: key, groove, density, polyphony. A mere copy has all of it.

The definitions are muspy's (Dong et al. 2020, `muspy.metrics`), which has them from Wu and Yang 2020 ("The
Jazz Transformer on the Front Line": entropy, groove) and Mogren 2016 ("C-RNN-GAN": scale, polyphony). What
has no value, such as the key of drums alone, is NaN.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from meloformer.model.score import Score
from meloformer.training.bars import SIXTEENTH, in_bars, pitched, sixteenth

MAJOR = (0, 2, 4, 5, 7, 9, 11)  # every natural minor scale has the notes of one of these

Floats = NDArray[np.float64]


def pitch_class_entropy(score: Score) -> float:
    """How many pitch classes share the notes, in bits: 0 for one, log2(12) = 3.58 for all alike; no drums."""
    histogram = _pitch_classes(score)
    shares = histogram[histogram > 0] / max(1.0, histogram.sum())
    return float(-(shares * np.log2(shares)).sum()) if len(shares) else math.nan


def scale_consistency(score: Score) -> float:
    """The share of notes, 0 to 1, that lie in the major or minor scale that fits best; no drums."""
    histogram = _pitch_classes(score)
    if not histogram.sum():
        return math.nan
    return float(max(histogram[[(root + step) % 12 for step in MAJOR]].sum() for root in range(12))) / float(
        histogram.sum()
    )


def groove_consistency(score: Score) -> float:
    """How alike neighbouring bars are in their onsets, 0 to 1: one less their mean distance.

    The distance of two bars is the share of their sixteenths where only one of them has an onset. Drums
    count. NaN for a single bar.
    """
    onsets = [{sixteenth(note) for note in bar} for bar in in_bars(score)]
    lengths = [-(-meter.ticks // SIXTEENTH) for meter in score.meters]
    distances = [
        len(one ^ two) / max(long, other)
        for (one, long), (two, other) in pairwise(zip(onsets, lengths, strict=True))
    ]
    return 1 - float(np.mean(distances)) if distances else math.nan


def density(score: Score) -> float:
    """Notes in a bar, drums included; 0 and more."""
    return len(score.notes) / max(1, len(score.meters))


def polyphony(score: Score) -> float:
    """How many notes sound at once in the mean, 1 and more, over the ticks in which any does; no drums."""
    sounding = np.zeros(score.ticks + 1, dtype=np.int64)
    for note in pitched(score):
        sounding[note.onset] += 1
        sounding[min(note.end, score.ticks)] -= 1
    sounding = np.cumsum(sounding)
    return float(sounding[sounding > 0].mean()) if (sounding > 0).any() else math.nan


def _pitch_classes(score: Score) -> Floats:
    """How many notes each of the twelve pitch classes has."""
    return np.bincount([note.pitch % 12 for note in pitched(score)], minlength=12).astype(np.float64)
