"""A phrase of our own, written down as data: four bars of a small band, for `demo` and `doctor`."""

from __future__ import annotations

from typing import Final, NamedTuple

from meloformer.model.score import DRUM_TICKS, Meter, Note, Score, TempoChange, tempo_step, velocity_bin
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER

BPM: Final = 104.0
METER: Final = Meter(4, 4)
BARS: Final = 4

TRUMPET, ELECTRIC_PIANO, BASS = 56, 4, 33
KICK, SNARE, CLOSED_HAT, OPEN_HAT, LOW_TOM, HIGH_TOM = 36, 38, 42, 46, 45, 48


class Played(NamedTuple):
    """A note as one writes it down: beat and length in quarters from the phrase's start, MIDI velocity."""

    beat: float
    length: float
    pitch: int
    velocity: int


# Dm7, G7, Cmaj7, Am7: the chord of each bar as the pianist's left and right hand hold it.
CHORDS: Final = ((53, 57, 60, 64), (53, 57, 59, 64), (52, 55, 59, 64), (52, 55, 60, 64))
ROOTS: Final = (38, 43, 36, 33)

# Beat, length and velocity of each strike, bar by bar.
COMPING: Final = (
    ((0, 1.25, 70), (1.5, 1, 62), (3, 0.5, 66)),
    ((0, 0.5, 72), (1.5, 1.5, 64), (3.5, 0.5, 60)),
    ((0.5, 1, 64), (2, 1, 70), (3.5, 0.5, 62)),
    ((0, 1.5, 72), (2.5, 1, 64)),
)

# Beat, length, semitones above the root, and velocity.
WALK: Final = (
    ((0, 1.25, 0, 96), (1.5, 0.5, 12, 80), (2, 1, 7, 90)),
    ((0, 0.75, 0, 96), (1, 0.5, 7, 82), (1.5, 0.5, 10, 80), (2, 1, 12, 90)),
    ((0, 1.25, 0, 96), (1.5, 0.5, 12, 80), (2, 0.75, 11, 88)),
    ((0, 1.75, 0, 98), (2, 0.5, 12, 84), (2.5, 0.5, 10, 80)),
)

MELODY: Final = (
    *(Played(0, 0.5, 74, 92), Played(0.5, 0.5, 77, 84), Played(1, 1, 81, 100), Played(2.5, 0.5, 79, 80)),
    *(Played(3, 0.5, 77, 86), Played(3.5, 0.5, 76, 78)),
    *(Played(4, 1.5, 74, 94), Played(5.5, 0.5, 71, 80), Played(6, 1, 74, 88), Played(7, 0.5, 76, 84)),
    *(Played(7.5, 0.5, 77, 88),),
    *(Played(8, 1, 79, 98), Played(9, 0.5, 76, 84), Played(9.5, 1, 72, 90), Played(11, 0.5, 71, 78)),
    *(Played(11.5, 0.5, 74, 82),),
    *(Played(12, 1.5, 72, 94), Played(13.5, 0.5, 69, 80), Played(14, 1.5, 76, 90)),
)

EIGHTHS: Final = tuple((eighth / 2, 56 if eighth % 2 else 74) for eighth in range(8))
BACKBEAT: Final = ((1, 94), (3, 94))

# Beat and velocity of each stroke, by drum; the last bar ends in a fill.
DRUMMING: Final = (
    (
        (CLOSED_HAT, EIGHTHS[:7]),
        (OPEN_HAT, ((3.5, 64),)),
        (KICK, ((0, 100), (1.5, 92), (2.5, 96))),
        (SNARE, BACKBEAT),
    ),
    ((CLOSED_HAT, EIGHTHS), (KICK, ((0, 100), (2.5, 96), (3.5, 84))), (SNARE, (*BACKBEAT, (1.75, 38)))),
    (
        (CLOSED_HAT, EIGHTHS[:7]),
        (OPEN_HAT, ((3.5, 64),)),
        (KICK, ((0, 100), (1.5, 92), (2.5, 96))),
        (SNARE, (*BACKBEAT, (2.25, 38))),
    ),
    (
        (CLOSED_HAT, EIGHTHS[:6]),
        (KICK, ((0, 100), (2, 94))),
        (SNARE, ((1, 94), (2.75, 60), (3, 84), (3.25, 72))),
        (HIGH_TOM, ((3.5, 88),)),
        (LOW_TOM, ((3.75, 96),)),
    ),
)


def phrase() -> Score:
    """The phrase on the grid."""
    notes = [
        *_notes(TRUMPET, MELODY),
        *_notes(ELECTRIC_PIANO, [chord for bar in range(BARS) for chord in _comping(bar)]),
        *_notes(BASS, [note for bar in range(BARS) for note in _bass(bar)]),
        *_notes(DRUMS, [hit for bar in range(BARS) for hit in _drums(bar)]),
    ]
    return Score((METER,) * BARS, (TempoChange(0, tempo_step(BPM)),), tuple(sorted(notes)))


def _comping(bar: int) -> list[Played]:
    """The chord of the bar as the left and right hand strike it."""
    return [
        Played(4 * bar + beat, length, pitch, velocity)
        for beat, length, velocity in COMPING[bar]
        for pitch in CHORDS[bar]
    ]


def _bass(bar: int) -> list[Played]:
    """The bar's steps above its root, and a step towards the next root."""
    root, following = ROOTS[bar], ROOTS[(bar + 1) % BARS]
    towards = following - 1 if following > root else following + 1
    steps = (*WALK[bar], (3, 0.75, towards - root, 84))
    return [Played(4 * bar + beat, length, root + above, velocity) for beat, length, above, velocity in steps]


def _drums(bar: int) -> list[Played]:
    """Each drum where it is struck."""
    return [Played(4 * bar + beat, 0.25, drum, loud) for drum, beats in DRUMMING[bar] for beat, loud in beats]


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
