"""What an answer holds: the notes that are its own to end, and those that it must let go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Final

from meloformer.model import vocabulary as v
from meloformer.model.events import Event, Key, NoteOff, NoteOn
from meloformer.model.reading import Reading

# A note that has sounded so many bars ends at the next bar line: of older ones the network loses sight.
HELD_BARS: Final = 2


def let_go(reading: Reading, sounding: Set[Key]) -> list[int]:
    """Tokens that end, on the bar line, what the answer has held for HELD_BARS bars."""
    tokens: list[int] = []
    latest = reading.bar_tick - HELD_BARS * (reading.end_tick - reading.bar_tick)
    for instrument in sorted({instrument for instrument, _ in sounding}):
        held = reading.voices[instrument].sounding
        old = sorted(pitch for pitch, since in held.items() if since <= latest)
        if old:
            tokens.append(v.INST.id(instrument))
            tokens += [v.OFFALL] if len(old) == len(held) else [v.OFF.id(pitch) for pitch in old]
    return [v.POS.id(0), *tokens] if tokens else []


def own(events: Sequence[Event], sounding: set[Key]) -> Iterator[Event]:
    """An answer's own events: a release of a note that it did not strike is not its business."""
    for event in events:
        if isinstance(event, NoteOn) and event.instrument != v.DRUMS:
            sounding.add((event.instrument, event.pitch))
        elif isinstance(event, NoteOff):
            if (event.instrument, event.pitch) not in sounding:
                continue
            sounding.remove((event.instrument, event.pitch))
        yield event
