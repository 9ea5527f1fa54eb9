"""A score bar by bar, on sixteenths: what the measures of music look at."""

from __future__ import annotations

from meloformer.model.score import Note, Score
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER

SIXTEENTH = TICKS_PER_QUARTER // 4  # ticks

Places = frozenset[tuple[int, int]]
"""(sixteenth in the bar, pitch); a drum is told from a pitch by 128 more."""


def in_bars(score: Score) -> list[list[Note]]:
    """The notes that begin in each bar, their ticks counted from its start."""
    bars: list[list[Note]] = [[] for _ in score.meters]
    for note in score.notes:
        bar = score.bar_of(note.onset)
        start = score.bar_starts[bar]
        bars[bar].append(note._replace(onset=note.onset - start, end=note.end - start))
    return bars


def places(notes: list[Note]) -> Places:
    """Where the notes of one bar stand, whoever plays them and however long."""
    return frozenset((sixteenth(note), note.pitch + 128 * (note.instrument == DRUMS)) for note in notes)


def sixteenth(note: Note) -> int:
    """The sixteenth in which a note of one bar begins."""
    return note.onset // SIXTEENTH


def pitched(score: Score) -> list[Note]:
    """All notes but the drums'."""
    return [note for note in score.notes if note.instrument != DRUMS]


def jaccard(one: frozenset[tuple[int, ...]], other: frozenset[tuple[int, ...]]) -> float:
    """What two sets share, of all that is in either: 0 to 1; two empty sets share nothing."""
    return len(one & other) / max(1, len(one | other))
