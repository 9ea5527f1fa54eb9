"""Missing bars of a score: what stands before them and after them is told first, then they are made."""

from __future__ import annotations

from collections.abc import Generator, Set

from meloformer.model import vocabulary as v
from meloformer.model.chords import label
from meloformer.model.decoder import collect
from meloformer.model.events import BarStart, Event, Key, NoteOff, TempoSet
from meloformer.model.performer import Performer
from meloformer.model.score import Score
from meloformer.model.telling import Telling, encode


def infill(
    performer: Performer, score: Score, first: int, stop: int, instruments: Set[int]
) -> Generator[Event, None, None]:
    """The bars from `first` up to, not including, `stop` anew, in the meters that they have in the score.

    Only the new bars' own events, in ticks of the score, played by `instruments` (0 to 128); every NoteOn but
    a drum's gets its NoteOff, the last ones at the end of these bars. The dice of the performer roll on.
    """
    assert 0 <= first < stop <= len(score.meters), (first, stop)
    performer.restart(around(score, first, stop), gap=stop - first)
    sounding: set[Key] = set()
    for bar in range(first, stop):
        start = score.bar_starts[bar]
        line = BarStart(start, score.meters[bar], performer.limits.rules.chord(bar - first))
        performer.hear(line)
        yield line
        performer.hear(TempoSet(start, score.tempo_at(start)))
        yield from performer.fill_bar(instruments, sounding)
    yield from (NoteOff(score.bar_starts[stop], *key) for key in sorted(sounding))


def rewrite(performer: Performer, first: int, stop: int, bars: int) -> Generator[Event, None, None]:
    """Make some of the first `bars` bars of a conversation anew; it then consists of these `bars` bars.

    Those play that were heard in them, or whom the performer's limits name. Closing the generator early
    leaves the new bars as far as they were made.
    """
    score = performer.told().bars(0, bars)
    players = performer.limits.instruments
    made: list[Event] = []
    try:
        for event in infill(performer, score, first, stop, players or set(score.instruments())):
            made.append(event)
            yield event
    finally:
        performer.restart(_with_chords(renewed(score, first, stop, collect(made))))


def renewed(score: Score, first: int, stop: int, made: Score) -> Score:
    """A score with the notes of `made`, in ticks of the score, in place of those of these bars."""
    end = score.bar_starts[stop]
    before, after = score.bars(0, first).notes, score.bars(stop, len(score.meters)).notes
    moved = (note._replace(onset=note.onset + end, end=note.end + end) for note in after)
    return Score(score.meters, score.tempos, tuple(sorted([*before, *made.notes, *moved])))


def around(score: Score, first: int, stop: int) -> list[int]:
    """All of a score but these bars as tokens, up to where the first of them begins.

    Where bars follow them, these are told beforehand, as the future.
    """
    if stop < len(score.meters):
        tokens = encode(score, Telling(label(score), missing=(first, stop)), end=False)
        return tokens[: tokens.index(v.PRESENT) + 1]
    return _with_chords(score.bars(0, first)) if first else [v.BOS]


def _with_chords(score: Score) -> list[int]:
    """As a conversation tells it."""
    return encode(score, Telling(label(score)), end=False)
