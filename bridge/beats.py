"""The beat of a phrase that was played without a clock: tempo, bar lines and meter, from its onsets alone.

Which grid makes these onsets likeliest? So asks Temperley ("Music and Probability", 2007), and so do we.
Every tempo from 40 to 208 is tried with every place of the bar line, in four beats and in three. Each onset,
laid on one bar of that grid, says by its accents how well it lies there: a kick on the first beat, a low or a
long note on a beat, nothing between the sixteenths. What an accent is worth where is a table that was fitted
to real music (`beat_scores.py`), and so is how likely a tempo is, and so many strikes a beat. All places of a
bar line are one circular correlation. Then the beats are followed through the phrase (`beat_grid.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from meloformer.bridge.beat_grid import Grid, follow, straight
from meloformer.bridge.beat_scores import (
    ACCENTS,
    BINS,
    QUADRUPLE,
    THREES,
    TRIPLE,
    tempo_score,
)
from meloformer.bridge.readings import READINGS, Reading, Verdict

SLOWEST_BPM: Final = 40.0
FASTEST_BPM: Final = 208.0
TEMPO_STEP: Final = 0.018  # between neighbouring tempi, as a logarithm
SAME_STRIKE_S: Final = 0.04  # onsets nearer than this to the first of them are one chord
FEWEST_STRIKES: Final = 4
# Tempo drifts: what was played longer ago says less of it. That is eight beats at 40.
WINDOW_S: Final = 12.0
WINDOW_STRIKES: Final = 64
LOW_QUANTILE: Final = 0.35  # a lowest note among so large a share of the lowest is bass
KICKS: Final = frozenset({35, 36})
SNARES: Final = frozenset({37, 38, 39, 40})
IMPOSSIBLE: Final = 1e6
METERS: Final = ((4, QUADRUPLE), (3, TRIPLE))

Floats = NDArray[np.float64]

PERIODS: Final[Floats] = 60.0 / np.exp(
    np.arange(math.log(SLOWEST_BPM), math.log(FASTEST_BPM) + TEMPO_STEP, TEMPO_STEP)
)


class Onset(NamedTuple):
    """A note begins, at `seconds` from whenever."""

    seconds: float
    pitch: int
    velocity: int
    is_drum: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a phrase's onsets say: beat 0 of the grid is the bar line at or before the first of them.

    `bpm` is the tempo at the phrase's end; `confidence` is the share (0 to 1) of that tempo among all tempi.
    """

    bpm: float
    beats_per_bar: int
    confidence: float
    grid: Grid


class Strike(NamedTuple):
    seconds: float
    notes: tuple[Onset, ...]


def estimate(
    onsets: Sequence[Onset],
    bpm: float | None = None,
    bar: float | None = None,
    verdict: Verdict | None = None,
) -> Estimate | None:
    """The beat of onsets in time order; None where they are too few, or all at once.

    `bpm`: the tempo is known; `bar`: the length of a bar is, in beats. Only what is left is found. `verdict`:
    what a model thinks of the ways to count the phrase so far.
    """
    strikes = strikes_of(onsets)
    if len(strikes) < FEWEST_STRIKES:
        return None
    seconds, accents = np.array([strike.seconds for strike in strikes]), accents_of(strikes)
    recent = _recent(seconds)
    times = seconds[recent]
    if len(times) < FEWEST_STRIKES or times[-1] - times[0] < SAME_STRIKE_S:
        return None
    periods = PERIODS if bpm is None else np.array([60.0 / bpm])
    scores = [_scores(times, accents[recent], periods, beats, table) for beats, table in METERS]
    nearly, confidence = _likeliest(scores)
    period, line = _best(scores, periods, nearly)
    grid = _followed(seconds.tolist(), float(times[0]), line, period, is_steady=bpm is not None)
    beats_per_bar, shift = _bars(grid, seconds, accents, bar, verdict)
    grid = Grid(grid.first - shift, grid.seconds).from_line(float(seconds[0]), _bar(bar, beats_per_bar))
    return Estimate(grid.bpm if bpm is None else bpm, beats_per_bar, confidence, grid)


def _bar(known: float | None, found: int) -> int:
    """Beats from bar line to bar line; where the tables know no such bars, the first note is on a line."""
    if known is None:
        return found
    return int(known) if known == int(known) and known % found in (0, found / 2) else 1


def strikes_of(onsets: Sequence[Onset]) -> list[Strike]:
    """Onsets that are one chord, together."""
    strikes: list[list[Onset]] = []
    for onset in onsets:
        if strikes and onset.seconds - strikes[-1][0].seconds < SAME_STRIKE_S:
            strikes[-1].append(onset)
        else:
            strikes.append([onset])
    return [Strike(notes[0].seconds, tuple(notes)) for notes in strikes]


def _recent(seconds: Floats) -> slice:
    """Which strikes say what the tempo is now."""
    since = int(np.searchsorted(seconds, seconds[-1] - WINDOW_S))
    return slice(max(since, len(seconds) - WINDOW_STRIKES), None)


def accents_of(strikes: list[Strike]) -> Floats:
    """How much each strike (row) has of each of ACCENTS (column)."""
    lows = [low for strike in strikes if (low := _lowest(strike)) is not None]
    bass = float(np.quantile(lows, LOW_QUANTILE)) if lows else 0.0
    times = [strike.seconds for strike in strikes]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    usual = sorted(gaps)[len(gaps) // 2]
    rows = np.zeros((len(strikes), len(ACCENTS)))
    for row, strike, gap in zip(rows, strikes, [*gaps, usual], strict=True):
        for note in strike.notes:
            if note.is_drum:
                kind = 0 if note.pitch in KICKS else 1 if note.pitch in SNARES else 2
                row[kind] = max(row[kind], note.velocity / 90)
        low = _lowest(strike)
        if low is not None:
            size = sum(not note.is_drum for note in strike.notes)
            row[3:6] = 1.0, float(low <= bass), min(size - 1, 4) / 2
        row[6] = min(2.0, max(0.0, math.log2(gap / usual)))
    rows[0, 7] = 3.0
    return rows


def _lowest(strike: Strike) -> int | None:
    return min((note.pitch for note in strike.notes if not note.is_drum), default=None)


def laid(times: Floats, accents: Floats, periods: Floats, beats: int) -> Floats:
    """Each accent (first axis) by period, in the bins of a bar that begins with the first strike."""
    bins, count = beats * BINS, len(times)
    places = np.floor((times - times[0]) / (beats * periods[:, None]) % 1.0 * bins).astype(int) % bins
    cells = np.arange(len(periods))[:, None] * bins + places
    found = np.zeros((accents.shape[1], len(periods), bins))
    for accent, bars in zip(accents.T, found, strict=True):
        there = accent.nonzero()[0]
        weights = np.tile(accent[there], len(periods))
        bars[:] = np.bincount(cells[:, there].ravel(), weights, minlength=bars.size).reshape(bars.shape)
    return found / math.sqrt(count)


def is_drums(accents: Floats) -> bool:
    """Whether there is more drumming than playing."""
    return bool(accents[:, :3].sum() > accents[:, 3].sum())


def _scores(times: Floats, accents: Floats, periods: Floats, beats: int, table: Floats) -> Floats:
    """The score of each period (row) with a bar line in each bin (column) after the first strike."""
    there = accents.any(axis=0)
    bars = np.fft.rfft(laid(times, accents[:, there], periods, beats))
    spectrum = (bars * np.fft.rfft(table[there]).conj()[:, None]).sum(axis=0)
    fits: Floats = np.fft.irfft(spectrum, n=beats * BINS)
    usual = tempo_score(periods, len(times) / float(times[-1] - times[0]), is_drums(accents))
    return fits + usual[:, None] + (THREES if beats == 3 else 0.0)


def _likeliest(scores: list[Floats]) -> tuple[slice, float]:
    """The likeliest tempo, as three neighbouring rows, and its share among all."""
    most = max(float(score.max()) for score in scores)
    shares = sum(np.exp(score - most).sum(axis=1) for score in scores)
    shares /= shares.sum()
    nearby = np.convolve(shares, (1.0, 1.0, 1.0), mode="same") if len(shares) > 1 else shares
    best = int(nearby.argmax())
    return slice(max(0, best - 1), best + 2), min(1.0, float(nearby[best]))


def _best(scores: list[Floats], periods: Floats, rows: slice) -> tuple[float, float]:
    """The best grid of these periods: seconds of a beat, and from the first strike to a beat."""
    near = max((score[rows] for score in scores), key=lambda score: float(score.max()))
    row, place = np.unravel_index(int(near.argmax()), near.shape)
    period = float(periods[rows][row])
    return period, (float(place) + 0.5) / BINS * period


def _followed(seconds: list[float], since: float, line: float, period: float, is_steady: bool) -> Grid:
    """The beats of the whole phrase."""
    if is_steady:
        return straight(seconds, since + line, period)
    return follow(seconds, since + line, period, since)


def _bars(
    grid: Grid, seconds: Floats, accents: Floats, bar: float | None, verdict: Verdict | None
) -> tuple[int, int]:
    """Beats in a bar, and the beat that begins one, by the accents of the whole phrase on its own beats."""
    places = np.array([round(grid.beat_at(at) * BINS) for at in seconds])
    said = {beats: accents @ table for beats, table in METERS}

    def score(reading: Reading) -> float:
        beats, shift = reading
        fits = said[beats][np.arange(len(places)), (places - shift * BINS) % (beats * BINS)].sum()
        found = fits / math.sqrt(len(places)) + (THREES if beats == 3 else 0.0)
        if verdict is not None:
            found += verdict.on(grid, reading)
        return float(found - IMPOSSIBLE * _is_ruled_out(beats, bar))

    return max(READINGS, key=score)


def _is_ruled_out(beats: int, bar: float | None) -> bool:
    """A bar that divides by three is not in four, nor one that divides by two in three."""
    return bar is not None and bar % (3 if beats == 4 else 2) == 0
