"""What happens in music, one event at a time; ticks of 1/24 quarter since the conversation started.

The streaming encoder takes these and gives tokens; the streaming decoder takes tokens and gives these.
"""

from __future__ import annotations

from typing import NamedTuple

from meloformer.model.score import Meter

Key = tuple[int, int]
"""A note that sounds: its instrument and pitch."""


class BarStart(NamedTuple):
    """A bar line; `chord` is a row value of CHORD where the bar carries one."""

    tick: int
    meter: Meter
    chord: int | None = None


class TempoSet(NamedTuple):
    """From `tick` on the tempo is `step` (a row value of TEMPO)."""

    tick: int
    step: int


class NoteOff(NamedTuple):
    tick: int
    instrument: int
    pitch: int


class NoteOn(NamedTuple):
    """`velocity` is a bin, 0 to 31; `instrument` 128 is the drum kit, whose notes have no NoteOff."""

    tick: int
    instrument: int
    pitch: int
    velocity: int


Inner = TempoSet | NoteOff | NoteOn  # what happens inside a bar
Event = BarStart | Inner
