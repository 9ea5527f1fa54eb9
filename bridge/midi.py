"""The MIDI messages that the bridge understands and sends, as plain values; channels are 1 to 16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SUSTAIN: Final = 64
ALL_SOUND_OFF: Final = 120
ALL_NOTES_OFF: Final = 123
DRUM_CHANNEL: Final = 10
CHANNELS: Final = range(1, 17)


Key = tuple[int, int]  # channel and pitch


@dataclass(frozen=True, slots=True)
class MidiNote:
    """A note on; velocity 0 is its off."""

    channel: int
    pitch: int
    velocity: int

    @property
    def key(self) -> Key:
        """Which key of which channel."""
        return self.channel, self.pitch


@dataclass(frozen=True, slots=True)
class MidiControl:
    """A control change; all values 0 to 127."""

    channel: int
    control: int
    value: int


@dataclass(frozen=True, slots=True)
class MidiProgram:
    """A program change; `program` is 0 to 127, a General MIDI program."""

    channel: int
    program: int


@dataclass(frozen=True, slots=True)
class MidiTick:
    """A tick of a clock, 24 to a quarter note."""


@dataclass(frozen=True, slots=True)
class MidiStart:
    """Start from the beginning."""


@dataclass(frozen=True, slots=True)
class MidiContinue:
    """Start from where it stopped."""


@dataclass(frozen=True, slots=True)
class MidiStop:
    """Stop."""


@dataclass(frozen=True, slots=True)
class MidiPosition:
    """A song position, in sixteenth notes from the song's start (0 to 16383)."""

    sixteenths: int


MidiPlayed = MidiNote | MidiControl | MidiProgram
MidiClock = MidiTick | MidiStart | MidiContinue | MidiStop | MidiPosition
MidiIn = MidiPlayed | MidiClock
MidiOut = MidiPlayed | MidiClock
