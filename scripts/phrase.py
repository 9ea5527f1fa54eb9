"""A phrase of our own, written down as data: four bars of a small band, for `demo` and `doctor`."""

from __future__ import annotations

from typing import Final, NamedTuple

from meloformer.model.score import DRUM_TICKS, Meter, Note, Score, TempoChange, tempo_step, velocity_bin
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER

BPM: Final = 104.0
METER: Final = Meter(4, 4)
BARS: Final = 4

VIBRAPHONE, ELECTRIC_PIANO, BASS = 11, 4, 33
KICK, SNARE, CLOSED_HAT, OPEN_HAT = 36, 38, 42, 46


class Played(NamedTuple):
    """A note as one writes it down: beat and length in quarters from the phrase's start, MIDI velocity."""

    beat: float
    length: float
    pitch: int
    velocity: int


# Dm7, G7, Cmaj7, Am7: the chord of each bar as the pianist's left and right hand hold it.
CHORDS: Final = ((53, 57, 60, 64), (53, 57, 59, 64), (52, 55, 59, 64), (52, 55, 60, 64))
ROOTS: Final = (38, 43, 36, 33)

MELODY: Final = (
    *(Played(0, 0.5, 74, 92), Played(0.5, 0.5, 77, 84), Played(1, 1, 81, 100), Played(2.5, 0.5, 79, 80)),
    *(Played(3, 0.5, 77, 86), Played(3.5, 0.5, 76, 78)),
    *(Played(4, 1.5, 74, 94), Played(5.5, 0.5, 71, 80), Played(6, 1, 74, 88), Played(7, 0.5, 76, 84)),
    *(Played(7.5, 0.5, 77, 88),),
    *(Played(8, 1, 79, 98), Played(9, 0.5, 76, 84), Played(9.5, 1, 72, 90), Played(11, 0.5, 71, 78)),
    *(Played(11.5, 0.5, 74, 82),),
    *(Played(12, 1.5, 72, 94), Played(13.5, 0.5, 69, 80), Played(14, 1.5, 76, 90)),
)


def phrase() -> Score:
    """The phrase on the grid."""
    notes = [
        *_notes(VIBRAPHONE, MELODY),
        *_notes(ELECTRIC_PIANO, [chord for bar in range(BARS) for chord in _comping(bar)]),
        *_notes(BASS, [note for bar in range(BARS) for note in _bass(bar)]),
        *_notes(DRUMS, [hit for bar in range(BARS) for hit in _drums(bar)]),
    ]
    return Score((METER,) * BARS, (TempoChange(0, tempo_step(BPM)),), tuple(sorted(notes)))


def _comping(bar: int) -> list[Played]:
    """The chord on the beat, again before the third, and short at the end."""
    strikes = ((0, 1.25, 70), (1.5, 1, 62), (3, 0.5, 66))
    return [
        Played(4 * bar + beat, length, pitch, velocity)
        for beat, length, velocity in strikes
        for pitch in CHORDS[bar]
    ]


def _bass(bar: int) -> list[Played]:
    """Root, octave and fifth, and a step towards the next root."""
    root, following = ROOTS[bar], ROOTS[(bar + 1) % BARS]
    towards = following - 1 if following > root else following + 1
    line = ((0, 1.25, root, 96), (1.5, 0.5, root + 12, 80), (2, 1, root + 7, 90), (3, 0.75, towards, 84))
    return [Played(4 * bar + beat, length, pitch, velocity) for beat, length, pitch, velocity in line]


def _drums(bar: int) -> list[Played]:
    """Eighths on the hi-hat, backbeat on the snare; the kick answers the bass."""
    hats = [(beat, CLOSED_HAT, 74) for beat in range(4)] + [(beat + 0.5, CLOSED_HAT, 56) for beat in range(3)]
    hats += [(3.5, OPEN_HAT, 64)]
    kicks = [(beat, KICK, 100) for beat in (0, 1.5, 2.5)]
    snares = [(beat, SNARE, 94) for beat in (1, 3)]
    return [Played(4 * bar + beat, 0.25, pitch, velocity) for beat, pitch, velocity in hats + kicks + snares]


def _notes(instrument: int, played: list[Played] | tuple[Played, ...]) -> list[Note]:
    return [
        Note(
            onset=_ticks(note.beat),
            instrument=instrument,
            pitch=note.pitch,
            end=_ticks(note.beat) + (DRUM_TICKS if instrument == DRUMS else _ticks(note.length)),
            velocity=velocity_bin(note.velocity),
        )
        for note in played
    ]


def _ticks(quarters: float) -> int:
    return round(quarters * TICKS_PER_QUARTER)
