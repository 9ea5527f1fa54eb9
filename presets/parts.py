"""Which instrument a channel is heard as, and which channel an answered note leaves on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

DRUMS: Final = 128  # an instrument is a General MIDI program, 0 to 127, or this for the drum kit
DRUM_CHANNEL: Final = 10
OCTAVE: Final = 12

# The instruments a role takes when they have no part of their own. "any" takes what no other role does.
ROLES: Final[Mapping[str, frozenset[int]]] = MappingProxyType(
    {
        "drums": frozenset({DRUMS}),
        "bass": frozenset(range(32, 40)),
        "chords": frozenset(range(32)),  # pianos, mallets, organs, guitars
        "strings": frozenset({*range(40, 56), *range(88, 96)}),  # and choirs and pads
        "melody": frozenset(range(56, 88)),  # brass, reeds, pipes, leads
        "any": frozenset(range(DRUMS)),
    }
)

FAMILIES: Final = ROLES.keys() - {"any"}


@dataclass(frozen=True, slots=True)
class Part:
    """One instrument of the band: where it is heard, and where it plays.

    `channel` is 1 to 16, `instrument` 0 to 127 or DRUMS, `low` and `high` the pitches it owns, both included
    and at least an octave. Two parts may share a channel: their ranges then split the keyboard.
    """

    channel: int
    instrument: int
    role: str
    low: int = 0
    high: int = 127

    def holds(self, pitch: int) -> bool:
        return self.low <= pitch <= self.high

    def takes(self, instrument: int) -> bool:
        return instrument == self.instrument or instrument in ROLES[self.role]

    def fitted(self, pitch: int) -> int:
        """The pitch, moved by octaves into this part's range; drum pitches name kit pieces and stay."""
        if self.instrument == DRUMS:
            return pitch
        if pitch < self.low:
            return pitch + _octaves(self.low - pitch)
        if pitch > self.high:
            return pitch - _octaves(pitch - self.high)
        return pitch


def natural_role(instrument: int) -> str:
    """The role whose family the instrument belongs to."""
    return next(role for role, family in ROLES.items() if instrument in family)


def heard_as(parts: Iterable[Part], channel: int, pitch: int) -> int:
    """The instrument a live note belongs to: 0 to 127, or DRUMS.

    Outside every part, channel 10 is the drum kit and any other channel a piano, as General MIDI has it.
    """
    for part in parts:
        if part.channel == channel and part.holds(pitch):
            return part.instrument
    return DRUMS if channel == DRUM_CHANNEL else 0


def played_on(parts: Sequence[Part], instrument: int, pitch: int) -> tuple[int, int]:
    """The channel, 1 to 16, and the pitch at which an answered note leaves.

    The instrument's own part comes first, then a part whose role takes it; with neither, the General MIDI
    channel of drums, or channel 1.
    """

    def distance(part: Part) -> tuple[bool, bool, bool]:
        return part.instrument != instrument, part.role == "any", not part.holds(pitch)

    part = min((part for part in parts if part.takes(instrument)), key=distance, default=None)
    if part is None:
        return (DRUM_CHANNEL if instrument == DRUMS else 1), pitch
    return part.channel, part.fitted(pitch)


def _octaves(gap: int) -> int:
    """The fewest whole octaves, in semitones, that cover a gap."""
    return -(-gap // OCTAVE) * OCTAVE
