"""A phrase given as a score becomes the model's events, through the same ear as a phrase that is played."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from meloformer.bridge.capture import Capture
from meloformer.bridge.incoming import PhraseNote
from meloformer.bridge.tempo import Bars
from meloformer.model.events import Event
from meloformer.model.score import Meter
from meloformer.model.vocabulary import TICKS_PER_QUARTER


def events_of(
    notes: Iterable[PhraseNote], instrument_of: Callable[[int, int], int], meter: Meter, bpm: float
) -> tuple[Event, ...]:
    """The events of a score whose beat 0 is a bar line, in time order.

    `instrument_of` tells the instrument of a channel and pitch. A note that is struck again while it sounds
    ends there.
    """
    heard, events = Capture.opened(0.0, Bars.of(meter), bpm)
    end = 0.0
    for tick, velocity, note in _moves(notes):
        end = tick / TICKS_PER_QUARTER
        if velocity:
            instrument = instrument_of(note.channel, note.pitch)
            heard, more = heard.note_on(end, note.channel, note.pitch, velocity, instrument, bpm)
        else:
            heard, more = heard.note_off(end, note.channel, note.pitch)
        events += more
    _, rest = heard.closed(end, least_bars=1, bpm=bpm)
    return events + rest


def _moves(notes: Iterable[PhraseNote]) -> list[tuple[int, int, PhraseNote]]:
    """Each note's on and off (velocity 0) with their ticks, in time order, offs first."""
    moves: list[tuple[int, int, PhraseNote]] = []
    next_onset: dict[tuple[int, int], int] = {}
    for note in sorted(notes, key=lambda note: note.onset_beat, reverse=True):
        key = (note.channel, note.pitch)
        onset = round(note.onset_beat * TICKS_PER_QUARTER)
        end = round((note.onset_beat + note.duration_beats) * TICKS_PER_QUARTER)
        if next_onset.get(key) != onset:  # else another note says the same
            moves.append((onset, note.velocity, note))
            moves.append((min(max(end, onset + 1), next_onset.get(key, end + 1)), 0, note))
        next_onset[key] = onset
    return sorted(moves, key=lambda move: (move[0], move[1] > 0, move[2].channel, move[2].pitch))
