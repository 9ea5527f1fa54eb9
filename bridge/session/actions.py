"""Everything that a session can ask to be done. All times are monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass

from meloformer.bridge.engine.messages import ToEngine
from meloformer.bridge.midi import MidiOut
from meloformer.bridge.outgoing import Outgoing
from meloformer.presets.preset import MidiMapping


@dataclass(frozen=True, slots=True)
class Send:
    """An OSC message to every client, now; one that sounds carries the instant `at` as its time tag.

    `asker`: who gets it besides, by host and port, for having caused it; once, if it is a client.
    """

    message: Outgoing
    at: float | None = None
    asker: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class SendMidi:
    """A MIDI message to the output port, now."""

    message: MidiOut


@dataclass(frozen=True, slots=True)
class Tell:
    """A message to the engine, now."""

    message: ToEngine


@dataclass(frozen=True, slots=True)
class ReadPreset:
    """Read the preset of this name; tell the session PresetRead or PresetRefused."""

    name: str


@dataclass(frozen=True, slots=True)
class ListPresets:
    """Look which presets there are; tell the session PresetsListed."""


@dataclass(frozen=True, slots=True)
class KeepMapping:
    """Write a controller into the file of the preset of this name; MappingLost if that fails."""

    preset: str
    mapping: MidiMapping


@dataclass(frozen=True, slots=True)
class JoinLink:
    """Be in a Link session with bars of `quantum` beats; one that nobody else is in begins at `bpm`."""

    bpm: float
    quantum: float


@dataclass(frozen=True, slots=True)
class LeaveLink:
    """Be in no Link session."""


@dataclass(frozen=True, slots=True)
class LinkTempo:
    """The Link session's tempo, for everybody in it, from the instant `at` on."""

    bpm: float
    at: float


@dataclass(frozen=True, slots=True)
class LinkPlaying:
    """Everybody in the Link session who cares for that starts, or stops, at the instant `at`."""

    playing: bool
    at: float


LinkAction = JoinLink | LeaveLink | LinkTempo | LinkPlaying
Action = Send | SendMidi | Tell | ReadPreset | ListPresets | KeepMapping | LinkAction
