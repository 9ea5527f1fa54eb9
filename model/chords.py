"""Which chord a bar stands on, by matching what sounds in it with chord templates."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from meloformer.model.events import Event, NoteOff, NoteOn
from meloformer.model.score import Score
from meloformer.model.vocabulary import CHORD_QUALITIES, DRUMS, NO_CHORD, UNKNOWN_CHORD

PITCH_CLASS_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
INTERVALS = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "hdim7": (0, 3, 6, 10),
    "sus4": (0, 5, 7),
}
OUTSIDE_PENALTY = 0.7  # a sounding tone outside the chord costs this share of its weight
ABSENT_PENALTY = 0.06  # a chord tone that hardly sounds costs this: triads win over empty sevenths
BASS_BONUS = 0.15
LEAST_SHARE = 0.65  # below this share of chord tones the chord is unknown

Floats = NDArray[np.float64]


def _templates() -> Floats:
    """[12 * qualities, 12]: row root * qualities + quality, 1 at the chord's pitch classes."""
    rows = np.zeros((12 * len(CHORD_QUALITIES), 12))
    for root in range(12):
        for index, quality in enumerate(CHORD_QUALITIES):
            rows[root * len(CHORD_QUALITIES) + index, [(root + i) % 12 for i in INTERVALS[quality]]] = 1
    return rows


TEMPLATES = _templates()


def chord_name(chord: int) -> str:
    """A CHORD row value as a musician would write it: `C maj`, `N` for no chord, `?` for unknown."""
    if chord in (NO_CHORD, UNKNOWN_CHORD):
        return "N" if chord == NO_CHORD else "?"
    root, quality = divmod(chord, len(CHORD_QUALITIES))
    return f"{PITCH_CLASS_NAMES[root]} {CHORD_QUALITIES[quality]}"


def transposed(chord: int, semitones: int) -> int:
    """The same chord, moved."""
    if chord in (NO_CHORD, UNKNOWN_CHORD):
        return chord
    root, quality = divmod(chord, len(CHORD_QUALITIES))
    return (root + semitones) % 12 * len(CHORD_QUALITIES) + quality


def label(score: Score) -> list[int]:
    """One CHORD row value per bar."""
    return _named(*_chroma(score))


def chord_of(start: int, end: int, sounding: Iterable[tuple[int, int]], events: Iterable[Event]) -> int:
    """The CHORD row value of one bar from its events, from tick `start` up to `end`.

    `sounding`: the (instrument, pitch) that sound on from before it.
    """
    chroma, lowest = np.zeros((1, 12)), 128
    since = dict.fromkeys(sounding, start)

    def release(key: tuple[int, int], tick: int) -> None:
        nonlocal lowest
        ticks = tick - since.pop(key)
        chroma[0, key[1] % 12] += ticks
        lowest = min(lowest, key[1]) if ticks else lowest

    for event in events:
        if isinstance(event, NoteOff):
            release((event.instrument, event.pitch), event.tick)
        elif isinstance(event, NoteOn) and event.instrument != DRUMS:
            since[event.instrument, event.pitch] = event.tick
    for key in list(since):
        release(key, end)
    return _named(chroma, np.array([lowest % 12 if lowest < 128 else -1]))[0]


def _named(chroma: Floats, bass: NDArray[np.int64]) -> list[int]:
    """The CHORD row value of each bar, as `_chroma` tells of it."""
    total = chroma.sum(1, keepdims=True)
    share = chroma / np.maximum(total, 1e-9)
    inside = share @ TEMPLATES.T  # [bars, chords]
    absent = (share < 0.03).astype(float) @ TEMPLATES.T
    roots = np.repeat(np.arange(12), len(CHORD_QUALITIES))
    on_bass = (roots[None] == bass[:, None]).astype(float)
    points = inside - OUTSIDE_PENALTY * (1 - inside) - ABSENT_PENALTY * absent + BASS_BONUS * on_bass
    best = points.argmax(1)
    known = inside[np.arange(len(best)), best] >= LEAST_SHARE
    chords = np.where(known, best, UNKNOWN_CHORD)
    return [int(c) for c in np.where(total[:, 0] > 0, chords, NO_CHORD)]


def _chroma(score: Score) -> tuple[Floats, NDArray[np.int64]]:
    """Ticks that each pitch class sounds [bars, 12], and the class of each bar's lowest note (or -1)."""
    chroma = np.zeros((len(score.meters), 12))
    lowest = np.full(len(score.meters), 128)
    starts = score.bar_starts
    for onset, instrument, pitch, end, _ in score.notes:
        if instrument == DRUMS:
            continue
        bar = score.bar_of(onset)
        while bar < len(score.meters) and starts[bar] < end:
            chroma[bar, pitch % 12] += min(end, starts[bar + 1]) - max(onset, starts[bar])
            lowest[bar] = min(lowest[bar], pitch)
            bar += 1
    return chroma, np.where(lowest < 128, lowest % 12, -1)
