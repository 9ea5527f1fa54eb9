"""Music on the grid: bars, tempi and notes as plain frozen values, with no file format and no torch."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from meloformer.model.vocabulary import (
    DENOMINATORS,
    DRUMS,
    MAX_BAR_TICKS,
    NUMERATORS,
    SLOWEST_BPM,
    TEMPO_STEPS_PER_OCTAVE,
    TEMPOS,
    TICKS_PER_QUARTER,
    VELOCITIES,
)

DRUM_TICKS = 6  # drums have no release in HID; a struck drum is written this long
DEFAULT_BPM = 120.0


class Meter(NamedTuple):
    """A bar's meter: numerator 1 to 32, denominator a power of two from 1 to 32."""

    numerator: int
    denominator: int

    @property
    def ticks(self) -> int:
        return self.numerator * 4 * TICKS_PER_QUARTER // self.denominator

    @property
    def is_encodable(self) -> bool:
        return (
            1 <= self.numerator <= NUMERATORS
            and self.denominator in DENOMINATORS
            and self.ticks <= MAX_BAR_TICKS
        )


class Note(NamedTuple):
    """One note: `onset` and `end` in ticks from the start, `instrument` 0 to 128, `velocity` a bin 0 to 31.

    The order of the fields is the order of notes in a score.
    """

    onset: int
    instrument: int
    pitch: int
    end: int
    velocity: int


class TempoChange(NamedTuple):
    """`step` is a row value of TEMPO: 16 * 2**(step/24) quarter notes per minute, from `tick` on."""

    tick: int
    step: int


@dataclass(frozen=True)
class Score:
    """A piece on the grid.

    `meters` has one entry per bar; `tempos` are sorted and start at tick 0; `notes` are sorted, and no
    two notes of one instrument and pitch overlap (drums excepted, they have no length).
    """

    meters: tuple[Meter, ...]
    tempos: tuple[TempoChange, ...]
    notes: tuple[Note, ...]

    @cached_property
    def bar_starts(self) -> tuple[int, ...]:
        """Ticks at which the bars start, and one more: the end of the piece."""
        return tuple(accumulate((meter.ticks for meter in self.meters), initial=0))

    @property
    def ticks(self) -> int:
        return self.bar_starts[-1]

    def bar_of(self, tick: int) -> int:
        """Index of the bar that holds `tick`; the last bar for anything later."""
        return min(bisect_right(self.bar_starts, tick) - 1, len(self.meters) - 1)

    def tempo_at(self, tick: int) -> int:
        """The tempo step in force at `tick`."""
        return self.tempos[bisect_right(self.tempos, (tick, TEMPOS)) - 1].step

    def bars(self, first: int, stop: int) -> Score:
        """The bars from `first` up to, not including, `stop`; held-over notes are left out, ends are cut."""
        low, high = self.bar_starts[first], self.bar_starts[stop]
        notes = tuple(
            note._replace(
                onset=note.onset - low,
                end=(note.end if note.instrument == DRUMS else min(note.end, high)) - low,
            )
            for note in self.notes
            if low <= note.onset < high
        )
        inside = tuple(TempoChange(t - low, step) for t, step in self.tempos if low < t < high)
        return Score(self.meters[first:stop], (TempoChange(0, self.tempo_at(low)), *inside), notes)

    def instruments(self) -> list[int]:
        return sorted({note.instrument for note in self.notes})


def tempo_step(bpm: float) -> int:
    """The nearest tempo step; bpm in quarter notes per minute, clipped to what the table holds."""
    if not 0 < bpm < math.inf:
        raise ValueError(f"a tempo is above 0 quarter notes per minute and finite, not {bpm}")
    step = round(TEMPO_STEPS_PER_OCTAVE * math.log2(bpm / SLOWEST_BPM))
    return max(0, min(TEMPOS - 1, step))


def bpm_of(step: int) -> float:
    """Quarter notes per minute of a tempo step."""
    return SLOWEST_BPM * float(2.0 ** (step / TEMPO_STEPS_PER_OCTAVE))


def velocity_bin(velocity: int) -> int:
    """MIDI velocity 1 to 127 to a bin 0 to 31."""
    return velocity * VELOCITIES // 128


def velocity_of(bin_: int) -> int:
    """The MIDI velocity in the middle of a bin."""
    return bin_ * 128 // VELOCITIES + 2
