"""The one table that says what a token is.

Sizes, offsets, range checks, the documentation and the fingerprint that ties weights to a vocabulary
all read the rows below. HID: Hierarchical Instrument-aware Duration-free encoding.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

TICKS_PER_QUARTER: Final = 24
MAX_BAR_TICKS: Final = 16 * TICKS_PER_QUARTER
DRUMS: Final = 128  # the instrument number of the drum kit; 0 to 127 are General MIDI programs
INSTRUMENTS: Final = 129
VELOCITIES: Final = 32
NUMERATORS: Final = 32
DENOMINATORS: Final = (1, 2, 4, 8, 16, 32)
TEMPOS: Final = 128
TEMPO_STEPS_PER_OCTAVE: Final = 24
SLOWEST_BPM: Final = 16.0
CHORD_QUALITIES: Final = ("maj", "min", "dim", "aug", "7", "maj7", "min7", "hdim7", "sus4")
NO_CHORD: Final = 12 * len(CHORD_QUALITIES)
UNKNOWN_CHORD: Final = NO_CHORD + 1


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of token: `size` ids from `start` on; value v (0-based) has id `start + v`."""

    name: str
    size: int
    meaning: str
    start: int = 0

    @property
    def stop(self) -> int:
        return self.start + self.size

    def id(self, value: int) -> int:
        """The token id of a value; raises ValueError out of range."""
        if not 0 <= value < self.size:
            raise ValueError(f"{self.name} takes 0 to {self.size - 1}, not {value}")
        return self.start + value

    def __contains__(self, token: int) -> bool:
        return self.start <= token < self.stop


def _table(*rows: tuple[str, int, str]) -> dict[str, Row]:
    table: dict[str, Row] = {}
    start = 0
    for name, size, meaning in rows:
        table[name] = Row(name, size, meaning, start)
        start += size
    return table


TABLE: Final = _table(
    ("PAD", 1, "fills a packed row; never predicted"),
    ("BOS", 1, "a piece begins; every state (meter, tempo, velocities, sounding notes) is reset"),
    ("EOS", 1, "the piece ends; whatever sounds is released at the end of its last bar"),
    ("GIVEN", 1, "inside a bar: parts that are given follow"),
    ("MADE", 1, "inside a bar: the remaining parts follow, from the bar's start again"),
    ("FUTURE", 1, "bars follow that come later in the music than the missing span"),
    ("PRESENT", 1, "the missing span follows"),
    ("SUMMARY", 1, "the bar's summary; stands in the prefix of a row, never in the stream"),
    ("SPARE", 4, "kept free, so that a later addition keeps every id below"),
    ("BAR", 1, "a bar begins"),
    ("NUM", NUMERATORS, "meter numerator, 1 to 32; only when the meter changes"),
    ("DEN", len(DENOMINATORS), "meter denominator, 1 to 32 by powers of two; after NUM"),
    ("POS", MAX_BAR_TICKS, "a moment, in ticks of 1/24 quarter from the bar's start"),
    ("TEMPO", TEMPOS, "tempo step s: 16 * 2**(s/24) quarter notes per minute"),
    ("INST", INSTRUMENTS, "General MIDI program 0 to 127, or 128 for drums; only when it changes"),
    ("VEL", VELOCITIES, "velocity bin of four; only when it differs from this instrument's last"),
    ("ON", 128, "note on at this pitch; a sounding pitch is re-struck"),
    ("OFF", 128, "note off at this pitch"),
    ("OFFALL", 1, "everything this instrument sounds is released"),
    ("D", 128, "a drum is struck; drums have no release"),
    ("CHORD", UNKNOWN_CHORD + 1, "root x quality, no chord, unknown; a condition, optional in a bar"),
)

SIZE: Final = max(row.stop for row in TABLE.values())

PAD, BOS, EOS = TABLE["PAD"].start, TABLE["BOS"].start, TABLE["EOS"].start
GIVEN, MADE = TABLE["GIVEN"].start, TABLE["MADE"].start
FUTURE, PRESENT = TABLE["FUTURE"].start, TABLE["PRESENT"].start
SUMMARY, BAR, OFFALL = TABLE["SUMMARY"].start, TABLE["BAR"].start, TABLE["OFFALL"].start
NUM, DEN, POS, TEMPO = TABLE["NUM"], TABLE["DEN"], TABLE["POS"], TABLE["TEMPO"]
INST, VEL, ON, OFF, D, CHORD = (TABLE[name] for name in ("INST", "VEL", "ON", "OFF", "D", "CHORD"))


def fingerprint() -> str:
    """Twelve hex digits that change when any name, size or order in the table does."""
    text = ";".join(f"{row.name}:{row.start}:{row.size}" for row in TABLE.values())
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def describe(token: int) -> str:
    """A token as a person would write it, such as `POS 12`; raises ValueError for an id outside the table."""
    for row in TABLE.values():
        if token in row:
            return row.name if row.size == 1 else f"{row.name} {token - row.start}"
    raise ValueError(f"token {token} is outside the vocabulary (0 to {SIZE - 1})")
