"""Musical time as values: a tempo pinned at an instant, bar lines, and a clock that runs or stands still.

Beats are quarter notes from where the transport started; seconds are monotonic. Nothing here reads a clock.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from meloformer.model.score import DEFAULT_BPM, Meter
from meloformer.model.vocabulary import TICKS_PER_QUARTER

Quantise = Literal["now", "beat", "bar"]

COMMON_TIME: Final = Meter(4, 4)
# Two beats nearer than this are the same beat: far below a tick, far above what floats lose in a long night.
SAME_BEAT: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Tempo:
    """A steady tempo, pinned at one instant."""

    bpm: float
    beat: float  # at `seconds`
    seconds: float

    def beat_at(self, seconds: float) -> float:
        return self.beat + (seconds - self.seconds) * self.bpm / 60

    def seconds_at(self, beat: float) -> float:
        return self.seconds + (beat - self.beat) * 60 / self.bpm

    def changed(self, bpm: float, seconds: float) -> Tempo:
        """The same beat, a new tempo from here on."""
        return Tempo(bpm=bpm, beat=self.beat_at(seconds), seconds=seconds)


class MeterChange(NamedTuple):
    """From the bar line at `beat` on, bars are in `meter`."""

    beat: float
    meter: Meter


@dataclass(frozen=True, slots=True)
class Bars:
    """Where the bar lines are: the changes of meter in order, the first at beat 0."""

    changes: tuple[MeterChange, ...]

    @classmethod
    def of(cls, meter: Meter) -> Bars:
        """Every bar in the same meter."""
        return cls((MeterChange(0.0, meter),))

    def meter_at(self, beat: float) -> Meter:
        return self._change_at(beat).meter

    def line_before(self, beat: float) -> float:
        """The last bar line at or before `beat`."""
        start, meter = self._change_at(beat)
        return start + math.floor((beat + SAME_BEAT - start) / quarters(meter)) * quarters(meter)

    def line_after(self, beat: float) -> float:
        """The first bar line at or after `beat`."""
        line = self.line_before(beat)
        return line if beat - line <= SAME_BEAT else line + quarters(self.meter_at(line))

    def bar_at(self, beat: float) -> int:
        """How many whole bars lie before the one that holds `beat`."""
        count = 0
        for (start, meter), (stop, _) in zip(self.changes, self.changes[1:], strict=False):
            if stop > beat + SAME_BEAT:
                break
            count += round((stop - start) / quarters(meter))
        start, meter = self._change_at(beat)
        return count + math.floor((beat + SAME_BEAT - start) / quarters(meter))

    def after(self, bars: int, beat: float) -> float:
        """The bar line `bars` bars after the one at `beat`."""
        for _ in range(bars):
            beat += quarters(self.meter_at(beat))
        return beat

    def changed(self, meter: Meter, beat: float) -> Bars:
        """In `meter` from the first bar line at or after `beat` on; later changes are gone."""
        line = self.line_after(beat)
        kept = tuple(change for change in self.changes if change.beat < line - SAME_BEAT)
        return Bars((*kept, MeterChange(line, meter)))

    def _change_at(self, beat: float) -> MeterChange:
        starts = [change.beat for change in self.changes]
        return self.changes[max(bisect_right(starts, beat + SAME_BEAT) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Clock:
    """The transport: a tempo and bar lines, running or standing still.

    `lent`: it was started by music, not by a person, and stops again when the music is over.
    `ahead`: by how many beats it is ahead of another clock's count, by which it goes; None: by its own tempo.
    """

    tempo: Tempo
    bars: Bars
    running: bool = False
    lent: bool = False
    ahead: float | None = None

    @classmethod
    def standing(cls, seconds: float, bpm: float = DEFAULT_BPM, meter: Meter = COMMON_TIME) -> Clock:
        """A clock that stands still at beat 0."""
        return cls(Tempo(bpm, 0.0, seconds), Bars.of(meter))

    @property
    def bpm(self) -> float:
        return self.tempo.bpm

    @property
    def meter(self) -> Meter:
        """The meter asked for last, which may wait for its bar line."""
        return self.bars.changes[-1].meter

    def beat_at(self, seconds: float) -> float:
        return self.tempo.beat_at(seconds) if self.running else self.tempo.beat

    def seconds_at(self, beat: float) -> float | None:
        """When that beat is; None while the clock stands still."""
        return self.tempo.seconds_at(beat) if self.running else None

    def started(self, beat: float, seconds: float, lent: bool = False) -> Clock:
        """A new run, at `beat` now: the meter is the one asked for last, from beat 0 on."""
        return replace(self.moved(beat, seconds), running=True, lent=lent)

    def resumed(self, seconds: float) -> Clock:
        """Running from where it stands; one that runs belongs to a person from now on."""
        return replace(self, tempo=self.tempo_at(seconds), running=True, lent=False, ahead=None)

    def stopped(self, seconds: float) -> Clock:
        """Standing still where it is."""
        return replace(self, tempo=self.tempo_at(seconds), running=False, lent=False, ahead=None)

    def at_tempo(self, bpm: float, seconds: float) -> Clock:
        """The same beat, another tempo from here on."""
        return replace(self, tempo=replace(self.tempo_at(seconds), bpm=bpm), ahead=None)

    def led(self, beats: float, bpm: float, seconds: float) -> Clock:
        """The same run, by another clock that counts `beats` at `seconds`: at first there is no jump.

        It stays pinned where it was, as if it had always gone by this tempo, so that what happened a moment
        ago keeps its beat.
        """
        ahead = self.beat_at(seconds) - beats if self.ahead is None else self.ahead
        pinned = beats + ahead - (seconds - self.tempo.seconds) * bpm / 60
        return replace(self, tempo=replace(self.tempo, bpm=bpm, beat=pinned), ahead=ahead)

    def alone(self, seconds: float) -> Clock:
        """By its own tempo from here on, as fast as it is."""
        return replace(self, tempo=self.tempo_at(seconds), ahead=None)

    def moved(self, beat: float, seconds: float) -> Clock:
        """At another beat, running or not as before; its bars are counted in the meter asked for last."""
        return replace(self, tempo=Tempo(self.bpm, beat, seconds), bars=Bars.of(self.meter), ahead=None)

    def in_meter(self, meter: Meter, seconds: float) -> Clock:
        """In another meter from the next bar line on."""
        return replace(self, bars=self.bars.changed(meter, self.beat_at(seconds)))

    def tempo_at(self, seconds: float) -> Tempo:
        """The tempo, pinned at `seconds`."""
        return Tempo(self.bpm, self.beat_at(seconds), seconds)

    def next_point(self, quantise: Quantise, beat: float) -> float:
        """The first beat at or after `beat` where something quantised so may begin."""
        if quantise == "now":
            return beat
        return float(math.ceil(beat - SAME_BEAT)) if quantise == "beat" else self.bars.line_after(beat)


def quarters(meter: Meter) -> float:
    """The length of one bar in beats."""
    return meter.ticks / TICKS_PER_QUARTER
