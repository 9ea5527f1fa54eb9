"""From channels to instruments and back: what a live note is heard as, and where an answered note leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meloformer.bridge.midi import DRUM_CHANNEL
from meloformer.model.vocabulary import DRUMS
from meloformer.presets.parts import Part, heard_as, played_on


def instrument_of(parts: Sequence[Part], programs: Mapping[int, int], channel: int, pitch: int) -> int:
    """The instrument, 0 to 128, that a live note is heard as.

    A part of the preset that owns the key decides; else the channel's last program change (`programs`, by
    channel); else General MIDI's habit: drums on channel 10, a piano on any other.
    """
    if any(part.channel == channel and part.holds(pitch) for part in parts):
        return heard_as(parts, channel, pitch)
    return DRUMS if channel == DRUM_CHANNEL else programs.get(channel, 0)


def way_out(
    parts: Sequence[Part], heard_on: Mapping[int, int], instrument: int, pitch: int
) -> tuple[int, int]:
    """The channel, 1 to 16, and the pitch at which an answered note leaves.

    The instrument's own part decides; else it leaves where it was heard (`heard_on`, channel by instrument);
    else by the part whose role takes it.
    """
    has_part = any(part.instrument == instrument for part in parts)
    if not has_part and instrument in heard_on:
        return heard_on[instrument], pitch
    return played_on(parts, instrument, pitch)
