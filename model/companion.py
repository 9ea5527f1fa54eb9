"""Playing along live: bar by bar, with a memory of what both really played."""

from __future__ import annotations

from collections.abc import Generator, Set
from dataclasses import dataclass, field
from typing import Final

from meloformer.model.events import BarStart, Event, Inner, Key, NoteOff, NoteOn
from meloformer.model.performer import Performer
from meloformer.model.points import Point
from meloformer.model.vocabulary import TICKS_PER_QUARTER

LONGEST_LEAD: Final = 2 * TICKS_PER_QUARTER  # before its line at which a bar may be asked for, in ticks


@dataclass(slots=True)
class Bar:
    """A bar that may still change: what the player does in it, and what was made for it beforehand."""

    start: BarStart
    played: list[Inner] = field(default_factory=list)
    made: list[Inner] = field(default_factory=list)

    def events(self) -> list[Inner]:
        """What both did, in time order; of one moment releases first, for they end earlier notes.

        What was made for a longer bar, before the meter changed, ends with this one.
        """
        end = self.start.tick + self.start.meter.ticks
        late = [event._replace(tick=end) for event in self.made if event.tick > end]
        inside = [event for event in self.made if event.tick <= end and not _opens(event, end)]
        ends = [event for event in late if isinstance(event, NoteOff)]
        return sorted([*self.played, *inside, *ends], key=_moment)

    def cut(self) -> set[Key]:
        """The notes that were made to begin where this bar is over by now."""
        end = self.start.tick + self.start.meter.ticks
        ons = [event for event in self.made if isinstance(event, NoteOn) and event.tick >= end]
        return {(note.instrument, note.pitch) for note in ons}


def _opens(event: Inner, line: int) -> bool:
    """True for what would begin on a bar line where the bar ends."""
    return event.tick == line and not isinstance(event, NoteOff)


class Companion:
    """Makes a bar before it is known what the player does in it, and tells it anew when it is.

    The last bar, or several of the shortest ones, may still be going on when the next one is made: the
    performer is taken back to their start each time, so that what it has heard in the end is what both really
    played. Bars are told whole: the given parts of a bar cannot be told first while they are not known.
    """

    def __init__(self, performer: Performer) -> None:
        self._performer = performer
        self._point: Point = performer.point()
        self._bars: list[Bar] = []
        self._sounding: set[Key] = set()

    def hear(self, event: Event) -> None:
        """Take what the player does, in time order, each bar's line first."""
        if isinstance(event, BarStart):
            self._bar(event)
            return
        begun = [bar for bar in self._bars if bar.start.tick <= event.tick]
        bar = begun[-1] if begun else self._bars[0]
        bar.played.append(event._replace(tick=max(event.tick, bar.start.tick)))

    def bar(self, start: BarStart, instruments: Set[int]) -> Generator[Event, None, None]:
        """Make the bar that begins at the next line, in these instruments; none plays where none is named.

        That line is at most LONGEST_LEAD after what the player does next.

        Notes may sound on into the bar after it; those of whom plays no more end at the line.
        """
        self._retell()
        bar = self._bar(start)
        self._performer.hear(start)
        yield start
        for off in self._let_go(start.tick, instruments):
            bar.made.append(off)
            yield off
        if not instruments:
            return
        for event in self._performer.fill_bar(instruments, self._sounding):
            assert not isinstance(event, BarStart)
            bar.made.append(event)
            yield event

    def leave(self) -> None:
        """Tell all bars as they were: the conversation goes on from there in another way."""
        self._retell()
        self._performer.settle()

    def _bar(self, start: BarStart) -> Bar:
        """The bar that begins here; one that is known already may have got another meter."""
        if not self._bars or self._bars[-1].start.tick < start.tick:
            self._bars.append(Bar(start))
        elif self._bars[-1].start.tick == start.tick:
            self._bars[-1].start = start
            self._sounding -= self._bars[-1].cut()
        return self._bars[-1]

    def _let_go(self, tick: int, instruments: Set[int]) -> list[NoteOff]:
        gone = sorted(key for key in self._sounding if key[0] not in instruments)
        self._sounding -= set(gone)
        return [NoteOff(tick, *key) for key in gone]

    def _retell(self) -> None:
        """Tell every bar as it was, as far as that is known; the latest ones may still change."""
        self._performer.go_back(self._point)
        while len(self._bars) > 1 and self._bars[1].start.tick <= self._open_from():
            self._tell(self._bars.pop(0))
        self._performer.settle()
        self._point = self._performer.point()
        for bar in self._bars:
            self._tell(bar)

    def _open_from(self) -> int:
        """The tick from which on the player may still do something, as seen from the last bar's end."""
        last = self._bars[-1].start
        return last.tick + last.meter.ticks - LONGEST_LEAD

    def _tell(self, bar: Bar) -> None:
        self._performer.hear(bar.start)
        for event in bar.events():
            self._performer.hear(event)


def _moment(event: Inner) -> tuple[int, bool]:
    """In time order, releases first: what one of them strikes, the other one's release does not end."""
    return event.tick, not isinstance(event, NoteOff)
