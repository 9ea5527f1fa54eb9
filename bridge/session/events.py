"""Everything that can happen to a session. All times are monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass

from meloformer.bridge.engine.messages import FromEngine
from meloformer.bridge.errors import Refused
from meloformer.bridge.incoming import Incoming
from meloformer.bridge.midi import MidiIn
from meloformer.bridge.tempo import Tempo
from meloformer.presets.preset import Preset


@dataclass(frozen=True, slots=True)
class Received:
    """An OSC message from `host`, that means the instant `at` (its bundle's time tag, else its arrival).

    `port`: from which it came; None where nobody waits there, as when a take is replayed.
    """

    message: Incoming
    host: str
    at: float
    port: int | None = None

    @property
    def sender(self) -> tuple[str, int] | None:
        """Where a refusal of it is answered."""
        return None if self.port is None else (self.host, self.port)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something from the wire that the border refused; it is answered with `/melo/error`."""

    refused: Refused


@dataclass(frozen=True, slots=True)
class Played:
    """A MIDI message that came in at the instant `at`."""

    message: MidiIn
    at: float


@dataclass(frozen=True, slots=True)
class MidiGone:
    """The MIDI ports are no more; they are opened again when they can be."""

    reason: str


@dataclass(frozen=True, slots=True)
class MidiBack:
    """They are open again."""

    ports: str


@dataclass(frozen=True, slots=True)
class Linked:
    """Where a Link session is, with bars of `quantum` beats, and how many others are in it.

    `pressed`: whether one of them has just started it or stopped it; None: neither.
    """

    tempo: Tempo
    quantum: float
    peers: int
    pressed: bool | None = None


@dataclass(frozen=True, slots=True)
class EngineStarted:
    """An engine process is there, empty: it is told what to load."""


@dataclass(frozen=True, slots=True)
class EngineGone:
    """The engine process ended by itself; another one is being started."""

    reason: str


@dataclass(frozen=True, slots=True)
class EngineDelay:
    """An engine on another machine: so many seconds pass on the way there and back."""

    seconds: float


@dataclass(frozen=True, slots=True)
class PresetRead:
    """A preset file was read and is sound: asked for by name, or saved while the bridge runs."""

    preset: Preset


@dataclass(frozen=True, slots=True)
class PresetRefused:
    """A preset file cannot be used; the one in use stays."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PresetsListed:
    """The names of the presets there are."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappingLost:
    """A controller could not be written into a preset's file; it works as long as the bridge runs."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakeLost:
    """The take cannot be written any further."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; nothing else happened."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The bridge is about to end: silence everything."""


SessionEvent = (
    Received
    | Rejected
    | Played
    | MidiGone
    | MidiBack
    | Linked
    | FromEngine
    | EngineStarted
    | EngineGone
    | EngineDelay
    | PresetRead
    | PresetRefused
    | PresetsListed
    | MappingLost
    | TakeLost
    | Tick
    | Closing
)
