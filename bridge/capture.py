"""Hearing a phrase: live notes on transport beats become the model's events on ticks, as early as they can.

A phrase's tick 0 is a bar line of the transport. Events come out in time order and each exactly once, so the
model can take them in while the player plays. A release is told when it happens, unless it lies in a bar
that has not begun: then it waits, for a release alone does not begin a bar. What still sounds at the
phrase's last bar line has no release: to the model it is held over that line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from meloformer.bridge.hand import Hand
from meloformer.bridge.tempo import Bars
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn, TempoSet
from meloformer.model.score import Meter, bpm_of, tempo_step, velocity_bin
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER

EARLY_TICKS: Final = 3  # a first note up to a 32nd before a bar line belongs to the bar it opens
OVERHANG_TICKS: Final = 12  # a release up to an eighth after the last bar line belongs to that line


class Held(NamedTuple):
    """A heard note without its release; `let_go`: the key is up, the pedal holds it."""

    channel: int
    pitch: int
    instrument: int
    tick: int
    let_go: bool = False


class Release(NamedTuple):
    """A note that began in the tick `since` ends at `tick`, which is not told yet; it was let go at `at`."""

    tick: int
    instrument: int
    pitch: int
    since: int
    at: int


@dataclass(frozen=True, slots=True)
class Capture:
    """What has been heard of a phrase so far. Its methods give the new capture and the events to tell."""

    origin: float  # the transport's beat at the phrase's tick 0
    bars: Bars  # of the transport
    meter: Meter  # of the last bar told
    bar_tick: int = 0  # where the last bar told begins
    tick: int = 0  # of the last event told
    step: int = -1  # the last tempo told
    notes: int = 0
    touched: float = 0.0  # the transport's beat when something was last heard
    held: tuple[Held, ...] = ()
    pedals: frozenset[int] = frozenset()  # channels whose sustain pedal is down
    waiting: tuple[Release, ...] = ()  # in time order
    hand: Hand | None = None  # that plays; None: every tick is meant

    @classmethod
    def opened(
        cls, beat: float, bars: Bars, bpm: float, hand: Hand | None = None
    ) -> tuple[Capture, tuple[Event, ...]]:
        """A phrase whose first note comes at `beat`, played by a hand or written."""
        origin = bars.line_before(beat + EARLY_TICKS / TICKS_PER_QUARTER)
        meter, step = bars.meter_at(origin), tempo_step(bpm)
        opening = (BarStart(0, meter), TempoSet(0, step))
        return cls(origin, bars, meter, step=step, touched=beat, hand=hand), opening

    def tick_at(self, beat: float) -> int:
        """The nearest tick, never before what has been told."""
        return max(self.tick, round(self._ticks(beat)))

    def meant_at(self, beat: float) -> tuple[int, Hand | None]:
        """The tick at which a note was meant that is struck at `beat`, and what is then known of the hand."""
        if self.hand is None:
            return self.tick_at(beat), None
        tick, hand = self.hand.strikes(self._ticks(beat), self._tick_s)
        return max(self.tick, tick), hand

    def _ticks(self, beat: float) -> float:
        return (beat - self.origin) * TICKS_PER_QUARTER

    @property
    def _tick_s(self) -> float:
        """Seconds of a tick."""
        return 60.0 / bpm_of(self.step) / TICKS_PER_QUARTER

    @property
    def bar_end(self) -> int:
        return self.bar_tick + self.meter.ticks

    @property
    def is_silent(self) -> bool:
        """True while neither a key nor a pedal holds a note."""
        return not self.held

    def note_on(
        self, beat: float, channel: int, pitch: int, velocity: int, instrument: int, bpm: float
    ) -> tuple[Capture, tuple[Event, ...]]:
        """A note begins. The same pitch of the same instrument, still held, is struck again."""
        tick, hand = self.meant_at(beat)
        if hand is not None:
            velocity, hand = hand.hits(velocity, instrument)
        heard, events = self._reaching(tick, bpm)
        same = [each for each in heard.held if (each.instrument, each.pitch) == (instrument, pitch)]
        ending = [each for each in heard.waiting if (each.instrument, each.pitch) == (instrument, pitch)]
        begun = [each.tick for each in same] + [each.since for each in ending]
        if tick not in begun:  # else they are one note on the grid
            events += tuple(NoteOff(tick, instrument, pitch) for _ in begun)
            events += (NoteOn(tick, instrument, pitch, velocity_bin(velocity)),)
        held = tuple(each for each in heard.held if each not in same)
        waiting = tuple(each for each in heard.waiting if each not in ending)
        if instrument != DRUMS:
            held += (Held(channel, pitch, instrument, tick),)
        notes = heard.notes + 1
        return replace(heard, held=held, waiting=waiting, notes=notes, touched=beat, hand=hand), events

    def note_off(self, beat: float, channel: int, pitch: int) -> tuple[Capture, tuple[Event, ...]]:
        """A key goes up; a note that was not heard has no end either."""
        if channel in self.pedals:
            held = tuple(
                each._replace(let_go=True) if (each.channel, each.pitch) == (channel, pitch) else each
                for each in self.held
            )
            return replace(self, held=held), ()
        return self._released(beat, lambda each: (each.channel, each.pitch) == (channel, pitch))

    def pedal(self, beat: float, channel: int, down: bool) -> tuple[Capture, tuple[Event, ...]]:
        """The sustain pedal of a channel moves; up, it lets go of what no key holds."""
        if down:
            return replace(self, pedals=self.pedals | {channel}), ()
        lifted = replace(self, pedals=self.pedals - {channel})
        return lifted._released(beat, lambda each: each.channel == channel and each.let_go, by_pedal=True)

    def passed(self, beat: float) -> tuple[Capture, tuple[Event, ...]]:
        """Time has passed: releases that waited for it are told."""
        return self._telling(self.tick_at(beat))

    def begun(self, tick: int) -> tuple[Capture, tuple[Event, ...]]:
        """Every bar line up to `tick` is told, whether or not something is played in these bars."""
        heard, events = self._telling(tick)
        while tick >= heard.bar_end:
            heard, bar = heard._next_bar()
            heard, told = heard._telling(tick)
            events += (bar, *told)
        return heard, events

    def closed(self, beat: float, least_bars: int, bpm: float) -> tuple[Capture, tuple[Event, ...]]:
        """The phrase is over at `beat` and spans at least so many bars, and all that was held beyond them."""
        last = max((each.at for each in self.waiting), default=0)
        if self.held:
            last = max(last, self.tick_at(beat))
        asked = round((self.bars.after(least_bars - 1, self.origin) - self.origin) * TICKS_PER_QUARTER)
        closed, events = self._reaching(max(self.tick, asked, last - OVERHANG_TICKS), bpm)
        told, more = closed._telling(closed.bar_end)
        return replace(told, held=(), waiting=()), events + more

    def _released(
        self, beat: float, is_over: Callable[[Held], bool], by_pedal: bool = False
    ) -> tuple[Capture, tuple[Event, ...]]:
        ended = [each for each in self.held if is_over(each)]
        if not ended:
            return self, ()
        now = self.tick_at(beat)
        ends, hand = self._ends_of(ended, beat, by_pedal)
        held = tuple(each for each in self.held if each not in ended)
        waiting = tuple(sorted((*self.waiting, *ends)))
        return replace(self, held=held, waiting=waiting, touched=beat, hand=hand)._telling(now)

    def _ends_of(
        self, notes: Sequence[Held], beat: float, by_pedal: bool
    ) -> tuple[list[Release], Hand | None]:
        """Where notes were meant to end that are let go at `beat`, and what is then known of the hand."""
        ends, hand = [], self.hand
        for note in notes:
            end = at = max(self.tick_at(beat), note.tick + 1)
            if hand is not None and by_pedal:
                end = hand.lifts(self._ticks(beat), self._tick_s, note.tick)
            elif hand is not None:
                end, hand = hand.lets_go(self._ticks(beat), self._tick_s, note.tick)
            ends.append(Release(max(self.tick, end), note.instrument, note.pitch, note.tick, at))
        return ends, hand

    def _telling(self, tick: int) -> tuple[Capture, tuple[Event, ...]]:
        """Tell the waiting releases up to `tick`, as far as their bar has begun."""
        count = sum(off.tick <= tick and off.tick < self.bar_end for off in self.waiting)
        due, waiting = self.waiting[:count], self.waiting[count:]
        told = tuple(NoteOff(each.tick, each.instrument, each.pitch) for each in due)
        return replace(self, waiting=waiting, tick=due[-1].tick if due else self.tick), told

    def _reaching(self, tick: int, bpm: float) -> tuple[Capture, tuple[Event, ...]]:
        """Tell everything that comes before something new at `tick`: releases, bar lines, a new tempo."""
        heard, events = self.begun(tick)
        step = tempo_step(bpm)
        if step != heard.step:
            events += (TempoSet(tick, step),)
        return replace(heard, tick=tick, step=step), events

    def _next_bar(self) -> tuple[Capture, BarStart]:
        line = self.bar_end
        meter = self.bars.meter_at(self.origin + line / TICKS_PER_QUARTER)
        return replace(self, meter=meter, bar_tick=line, tick=line), BarStart(line, meter)
