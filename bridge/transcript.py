"""The conversation as the bridge knows it: all that an engine must be told to go on where another one was.

What was heard and what was answered may come in any order inside the last bars; ticks are the conversation's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from meloformer.model.events import BarStart, Event, NoteOff, NoteOn, TempoSet
from meloformer.model.vocabulary import DRUMS

MOST_BARS: Final = 64  # twice as many as the network looks back
_RANKS: Final = {BarStart: 0, NoteOff: 1, TempoSet: 2, NoteOn: 3}  # of one moment


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar line and what happened in its bar, in the order in which it became known."""

    start: BarStart
    events: tuple[Event, ...] = ()
    closes: bool = False  # an answer begins here: what was held until then ends

    def in_order(self) -> Iterator[Event]:
        """In time order; what was made for a longer bar, before the meter changed, ends with this one."""
        end = self.start.tick + self.start.meter.ticks
        for event in sorted((self.start, *self.events), key=_moment):
            if event.tick < end:
                yield event
            elif isinstance(event, NoteOff):
                yield event._replace(tick=end)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The last bars of a conversation; `dropped` older ones are forgotten."""

    bars: tuple[Bar, ...] = ()
    dropped: int = 0
    is_asked: bool = False  # the next bar is the first of an answer

    def plus(self, event: Event) -> Transcript:
        """With one more event. A bar line that is there already may get another meter."""
        if isinstance(event, BarStart):
            return self._begun(event)
        place = next((at for at in reversed(range(len(self.bars))) if self._has(at, event)), None)
        if place is None:
            return self  # its bar is forgotten
        bar = self.bars[place]
        changed = replace(bar, events=(*bar.events, event))
        return replace(self, bars=(*self.bars[:place], changed, *self.bars[place + 1 :]))

    def asked(self) -> Transcript:
        """An answer is asked for: what is held ends with the last bar."""
        return replace(self, is_asked=True)

    def until(self, tick: int) -> Transcript:
        """Without the bars from this tick on: they are made anew."""
        return replace(self, bars=tuple(bar for bar in self.bars if bar.start.tick < tick), is_asked=False)

    def rewritten(self, first: int, last: int, of: int) -> Transcript:
        """The first `of` bars alone, and of those from `first` to `last` (both included) the lines alone."""
        kept = self.bars[: max(0, of - self.dropped)]
        spans = range(first - self.dropped, last - self.dropped + 1)
        bars = tuple(replace(bar, events=()) if at in spans else bar for at, bar in enumerate(kept))
        return replace(self, bars=bars, is_asked=False)

    def events(self) -> Iterator[Event]:
        """All of it in time order, its first bar at tick 0."""
        sounding: set[tuple[int, int]] = set()
        for bar in self.bars:
            if bar.closes:
                yield from (NoteOff(self._from_first(bar.start.tick), *key) for key in sorted(sounding))
                sounding.clear()
            for event in bar.in_order():
                if isinstance(event, NoteOff) and (event.instrument, event.pitch) not in sounding:
                    continue
                _follow(sounding, event)
                yield event._replace(tick=self._from_first(event.tick))

    def told_anew(self) -> Transcript:
        """The conversation of an engine that has been told `events`."""
        transcript = Transcript()
        for event in self.events():
            transcript = transcript.plus(event)
        return replace(transcript, is_asked=self.is_asked)

    def _begun(self, line: BarStart) -> Transcript:
        if self.bars and self.bars[-1].start.tick >= line.tick:
            bars = tuple(
                replace(bar, start=line) if bar.start.tick == line.tick else bar for bar in self.bars
            )
            return replace(self, bars=bars)
        bars = (*self.bars, Bar(line, closes=self.is_asked))
        late = max(0, len(bars) - MOST_BARS)
        return Transcript(bars[late:], self.dropped + late)

    def _has(self, at: int, event: Event) -> bool:
        """Whether an event belongs to this bar or a later one; a release on a line to the bar before it."""
        start = self.bars[at].start.tick
        return start < event.tick or (start == event.tick and not isinstance(event, NoteOff))

    def _from_first(self, tick: int) -> int:
        return tick - self.bars[0].start.tick


def _moment(event: Event) -> tuple[int, int]:
    return event.tick, _RANKS[type(event)]


def _follow(sounding: set[tuple[int, int]], event: Event) -> None:
    if isinstance(event, NoteOn) and event.instrument != DRUMS:
        sounding.add((event.instrument, event.pitch))
    elif isinstance(event, NoteOff):
        sounding.discard((event.instrument, event.pitch))
