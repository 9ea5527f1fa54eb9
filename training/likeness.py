"""How near an answer is to what was heard, and to what really followed."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from meloformer.model.score import Score
from meloformer.model.vocabulary import DRUMS
from meloformer.training.bars import SIXTEENTH, in_bars, jaccard, pitched, places, sixteenth

MOTIF_NOTES = 4
LONGEST_STEP = 16  # sixteenths between two notes of a motif; a longer rest parts them

Motif = tuple[tuple[int, int], ...]
Floats = NDArray[np.float64]


def echo(answer: Score, heard: Score) -> float:
    """How much of a heard bar comes back in an answered one, 0 to 1: 1 for a copy.

    The best overlap (Jaccard, of sixteenth and pitch) of each answered bar that has notes with any heard
    bar, in the mean; NaN where nothing was answered.
    """
    before = [places(bar) for bar in in_bars(heard)]
    now = [places(bar) for bar in in_bars(answer)]
    best = [max(jaccard(bar, other) for other in before) for bar in now if bar]
    return float(np.mean(best)) if best else math.nan


def onset_f1(answer: Score, other: Score) -> float:
    """How well the onsets of one predict the other's, 0 to 1: F1 over the (bar, sixteenth) that have any."""
    ours, theirs = _onsets(answer), _onsets(other)
    return 2 * len(ours & theirs) / max(1, len(ours) + len(theirs))


def chroma_similarity(answer: Score, other: Score) -> float:
    """How alike the pitch classes of the bars are, 0 to 1: the cosine of each bar's counts, in the mean.

    Bars that are without pitches in both do not count; NaN where all are. No drums.
    """
    bars = range(min(len(answer.meters), len(other.meters)))
    pairs = [(one, two) for one, two in zip(_chroma(answer)[bars], _chroma(other)[bars], strict=True)]
    cosines = [_cosine(one, two) for one, two in pairs if one.any() or two.any()]
    return float(np.mean(cosines)) if cosines else math.nan


def motif_overlap(answer: Score, heard: Score) -> float:
    """The share of the answer's motifs, 0 to 1, that were heard before, in any key: 1 for a copy.

    A motif is four notes in a row of an instrument's upper line, as three steps in pitch and time. NaN where
    the answer has none, as with drums alone.
    """
    before = set(motifs(heard))
    now = motifs(answer)
    return sum(motif in before for motif in now) / len(now) if now else math.nan


def motifs(score: Score) -> list[Motif]:
    """Steps (semitones, sixteenths) between each four notes in a row of every instrument's upper line."""
    found: list[Motif] = []
    for instrument in set(score.instruments()) - {DRUMS}:
        line = _upper_line(score, instrument)
        steps = [(two[1] - one[1], two[0] // SIXTEENTH - one[0] // SIXTEENTH) for one, two in pairwise(line)]
        runs = [tuple(steps[at : at + MOTIF_NOTES - 1]) for at in range(len(steps) - MOTIF_NOTES + 2)]
        found += [run for run in runs if all(step <= LONGEST_STEP for _, step in run)]
    return found


def _upper_line(score: Score, instrument: int) -> list[tuple[int, int]]:
    """(tick, pitch) of the highest note at each onset of an instrument."""
    highest: dict[int, int] = {}
    for note in score.notes:
        if note.instrument == instrument:
            highest[note.onset] = max(note.pitch, highest.get(note.onset, 0))
    return sorted(highest.items())


def _onsets(score: Score) -> set[tuple[int, int]]:
    return {(bar, sixteenth(note)) for bar, notes in enumerate(in_bars(score)) for note in notes}


def _chroma(score: Score) -> Floats:
    """How many notes of each pitch class begin in each bar [bars, 12]."""
    counts = np.zeros((len(score.meters), 12))
    for note in pitched(score):
        counts[score.bar_of(note.onset), note.pitch % 12] += 1
    return counts


def _cosine(one: Floats, two: Floats) -> float:
    length = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / length if length else 0.0
