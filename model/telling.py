"""A score as events, bar by bar, and as tokens: in which order it is told, and with which conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from meloformer.model import vocabulary as v
from meloformer.model.encoder import EncodeError, Encoder
from meloformer.model.events import BarStart, Event, Inner, NoteOff, NoteOn, TempoSet
from meloformer.model.score import Score


def events_of(score: Score) -> list[Inner]:
    """A score's tempo and note events in time order, releases before onsets; without its bar lines.

    What sounds to the very end has no release: the end of the piece is one.
    """
    tagged: list[tuple[int, int, Inner]] = [(t, 0, TempoSet(t, step)) for t, step in score.tempos]
    for onset, instrument, pitch, end, velocity in score.notes:
        tagged.append((onset, 2, NoteOn(onset, instrument, pitch, velocity)))
        if instrument != v.DRUMS and end < score.ticks:
            tagged.append((end, 1, NoteOff(end, instrument, pitch)))
    tagged.sort(key=lambda item: item[:2])
    return [event for _, _, event in tagged]


def by_bar(score: Score) -> list[list[Inner]]:
    """The events of each bar."""
    bars: list[list[Inner]] = [[] for _ in score.meters]
    bar, starts = 0, score.bar_starts
    for event in events_of(score) if bars else []:
        while event.tick >= starts[bar + 1]:
            bar += 1
        bars[bar].append(event)
    return bars


def told(score: Score) -> Iterator[Event]:
    """All events of a score with its bar lines, in time order."""
    for start, meter, events in zip(score.bar_starts, score.meters, by_bar(score), strict=False):
        yield BarStart(start, meter)
        yield from events


@dataclass(frozen=True, slots=True)
class Telling:
    """In which order, and with which conditions, a score is told.

    `chords`: a CHORD row value or None for each bar. `given`: for each bar, the instruments that are told
    first in it, or None where the bar has no such split. `missing`: bars (first, stop) told last, after the
    bars that follow them.
    """

    chords: Sequence[int | None] | None = None
    given: Sequence[frozenset[int] | None] | None = None
    missing: tuple[int, int] | None = None


PLAIN = Telling()


def encode(score: Score, telling: Telling = PLAIN, end: bool = True) -> list[int]:
    """A whole score as tokens, from BOS to EOS (`end`) or to the end of its last bar.

    Raises EncodeError for a score without bars, and for a missing span with no bars in it or after it.
    """
    bars = len(score.meters)
    if bars == 0:
        raise EncodeError("a score with no bars has no tokens; give it one")
    encoder = Encoder()
    tokens: list[int] = []
    if telling.missing is None:
        tokens += _tell(encoder, score, telling, 0)
    else:
        first, stop = telling.missing
        if not 0 <= first < stop < bars:
            raise EncodeError(
                f"a missing span of bars {first} to {stop} does not lie before the last of {bars}"
            )
        tokens += _tell(encoder, score.bars(0, first), telling, 0)
        tokens += encoder.mark(v.FUTURE)
        tokens += _tell(encoder, score.bars(stop, len(score.meters)), telling, stop)
        tokens += encoder.mark(v.PRESENT)
        tokens += _tell(encoder, score.bars(first, stop), telling, first)
    return tokens + (encoder.mark(v.EOS) if end else encoder.flush())


def _tell(encoder: Encoder, score: Score, telling: Telling, offset: int) -> Iterator[int]:
    """The bars of one part; `offset` is the index of its first bar in the telling's lists."""
    for index, events in enumerate(by_bar(score)):
        chord = telling.chords[offset + index] if telling.chords else None
        given = telling.given[offset + index] if telling.given else None
        yield from encoder.push(BarStart(score.bar_starts[index], score.meters[index], chord))
        if given is None:
            yield from _say(encoder, events)
            continue
        first = [isinstance(event, TempoSet) or event.instrument in given for event in events]
        yield from encoder.mark(v.GIVEN)
        yield from _say(encoder, list(compress(events, first)))
        yield from encoder.mark(v.MADE)
        yield from _say(encoder, [event for event, told in zip(events, first, strict=True) if not told])


def _say(encoder: Encoder, events: Sequence[Inner]) -> Iterator[int]:
    for event in events:
        yield from encoder.push(event)
