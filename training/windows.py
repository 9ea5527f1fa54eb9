"""Windows of music as documents to learn from: a stretch of a piece, altered a little, told in some order.

Every document uses the whole grammar with some chance: chords, given parts and moved bars, so that one model
learns to continue, to accompany, to fill in and to follow a progression.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from meloformer.model import vocabulary as v
from meloformer.model.chords import transposed
from meloformer.model.layout import Document
from meloformer.model.score import Note, Score, TempoChange
from meloformer.model.telling import Telling, encode
from meloformer.training.rows import Piece, Sheet


@dataclass(frozen=True, slots=True)
class Chances:
    """How often a window is told in which way; chances are 0 to 1."""

    given_parts: float = 0.25
    missing_bars: float = 0.12
    dropped_parts: float = 0.15
    chords: tuple[float, ...] = (
        0.0,
        0.0,
        0.5,
        1.0,
        1.0,
    )  # shares of the bars that show one
    semitones: tuple[int, int] = (-5, 6)
    velocity_bins: int = 2  # at most so many up or down
    tempo_steps: int = 3


@dataclass(frozen=True, slots=True)
class Budget:
    """How much room there is: tokens, and bars (one summary each)."""

    tokens: int
    bars: int


def window(sheet: Sheet, budget: Budget, chances: Chances, rng: random.Random) -> Document:
    """A random stretch of a piece as a document within the budget.

    It ends with EOS only where the piece does, or where the last of its missing bars has been told.
    """
    score, chords, ends = _stretch(sheet, budget, rng)
    score, chords = _altered(score, chords, chances, rng)
    return _told(score, chords, ends, budget, chances, rng)


def _stretch(sheet: Sheet, budget: Budget, rng: random.Random) -> tuple[Score, tuple[int, ...], bool]:
    """Bars from a random one on, about as many as the budget can hold, and whether they reach the end."""
    bars = len(sheet)
    density = len(sheet.notes) / bars
    wanted = min(budget.bars, int(budget.tokens / (2.0 * density + 2)) + 1)
    first = rng.randrange(max(1, bars - wanted // 2)) if rng.random() > 0.15 else 0
    stop = min(bars, first + wanted)
    return *sheet.stretch(first, stop), stop == bars


def _altered(
    score: Score, chords: tuple[int, ...], chances: Chances, rng: random.Random
) -> tuple[Score, tuple[int, ...]]:
    """Another key, loudness and tempo, perhaps without some parts."""
    instruments = score.instruments()
    if len(instruments) > 1 and rng.random() < chances.dropped_parts:
        keep = set(rng.sample(instruments, rng.randint(1, len(instruments) - 1)))
        score = Score(score.meters, score.tempos, tuple(n for n in score.notes if n.instrument in keep))
    shift = _shift(score, rng.randint(*chances.semitones))
    louder = rng.randint(-chances.velocity_bins, chances.velocity_bins)
    faster = rng.randint(-chances.tempo_steps, chances.tempo_steps)
    moved = Score(score.meters, _faster(score, faster), _moved(score, shift, louder))
    return moved, tuple(transposed(chord, shift) for chord in chords)


def _shift(score: Score, semitones: int) -> int:
    """The transposition, or none where it would leave the keyboard."""
    pitches = [n.pitch for n in score.notes if n.instrument != v.DRUMS]
    inside = not pitches or (min(pitches) + semitones >= 0 and max(pitches) + semitones < 128)
    return semitones if inside else 0


def _moved(score: Score, semitones: int, louder: int) -> tuple[Note, ...]:
    return tuple(
        n._replace(
            pitch=n.pitch + (0 if n.instrument == v.DRUMS else semitones),
            velocity=max(0, min(v.VELOCITIES - 1, n.velocity + louder)),
        )
        for n in score.notes
    )


def _faster(score: Score, steps: int) -> tuple[TempoChange, ...]:
    changes: list[TempoChange] = []
    for tick, step in score.tempos:
        moved = max(0, min(v.TEMPOS - 1, step + steps))
        if not changes or changes[-1].step != moved:
            changes.append(TempoChange(tick, moved))
    return tuple(changes)


def _told(
    score: Score, chords: tuple[int, ...], ends: bool, budget: Budget, chances: Chances, rng: random.Random
) -> Document:
    """The stretch, told with chords in half of the bars and perhaps with given parts or missing bars."""
    shown = _shown_chords(chords, chances, rng)
    given = _given_parts(score, rng) if rng.random() < chances.given_parts else None
    if len(score.meters) >= 3 and rng.random() < chances.missing_bars:
        document = _with_missing_bars(score, shown, given, budget, rng)
        if document is not None:
            return document
    return Document(_cut(encode(score, Telling(shown, given), end=ends), budget))


def _shown_chords(chords: tuple[int, ...], chances: Chances, rng: random.Random) -> list[int | None]:
    """All, none, or half of the bars show their chord: half of all bars in the mean."""
    share = rng.choice(chances.chords)
    return [chord if rng.random() < share else None for chord in chords]


def _given_parts(score: Score, rng: random.Random) -> list[frozenset[int] | None] | None:
    """Some instruments are given in every bar from a random one on."""
    instruments = score.instruments()
    if len(instruments) < 2:
        return None
    given = frozenset(rng.sample(instruments, rng.randint(1, len(instruments) - 1)))
    first = 0 if rng.random() < 0.5 else rng.randrange(len(score.meters))
    return [given if bar >= first else None for bar in range(len(score.meters))]


def _with_missing_bars(
    score: Score,
    chords: list[int | None],
    given: list[frozenset[int] | None] | None,
    budget: Budget,
    rng: random.Random,
) -> Document | None:
    """The stretch with a span of bars told last; shortened until it fits, None where it does not."""
    bars = len(score.meters)
    while bars >= 3:
        span = rng.randint(1, max(1, bars // 3))
        first = rng.randrange(0, bars - span)
        telling = Telling(chords[:bars], given[:bars] if given else None, (first, first + span))
        tokens = encode(score.bars(0, bars), telling)
        if len(tokens) <= budget.tokens:
            return Document(tokens, gap=span)
        bars = bars * 2 // 3
    return None


def _cut(tokens: list[int], budget: Budget) -> list[int]:
    """Tokens up to the last bar line that fits the budget, or as many as fit of a longer first bar."""
    if len(tokens) <= budget.tokens:
        return tokens
    at = budget.tokens
    while at > 1 and tokens[at] != v.BAR:
        at -= 1
    return tokens[: at if at > 1 else budget.tokens]


def whole(piece: Piece, first: int, stop: int) -> list[int]:
    """Bars of a piece told plainly: no alteration, no chords. For evaluation."""
    return encode(piece.score.bars(first, stop), end=stop == len(piece.score.meters))
