"""How scales, chords, grids and instruments are written: patterns that Python and ECMAScript read alike."""

from __future__ import annotations

from typing import Final

from meloformer.presets.parts import DRUMS

FREE: Final = "free"  # whatever the model likes
HEARD: Final = "heard"  # the instruments that were heard

_END: Final = r"$(?!\n)"
_ROOT: Final = "[A-G][#b]?"
_SCALE: Final = (
    "(?:(?:harmonic |melodic )?minor|major|dorian|phrygian|lydian|mixolydian|locrian"
    "|(?:major|minor) pentatonic|blues|whole tone)"
)
_QUALITY: Final = (
    "(?:maj7|maj9|maj|min7|min9|min6|min|m7b5|m7|m9|m6|m|hdim7|dim7|dim|aug|7sus4|7|9|13|6|add9|sus4|sus)"
)
_CHORD: Final = f"(?:N|{_ROOT}{_QUALITY}?(?:/{_ROOT})?)"
_PROGRAM: Final = "(?:drums|12[0-7]|1[01][0-9]|[1-9]?[0-9])"
_BETWEEN: Final = "(?:, ?| )"

SCALE_PATTERN: Final = f"^(?:{FREE}|{_ROOT} {_SCALE}){_END}"
GRID_PATTERN: Final = f"^(?:all|quarter|eighth|sixteenth|triplet){_END}"
CHORDS_PATTERN: Final = f"^(?:{FREE}|{_CHORD}(?:{_BETWEEN}{_CHORD})*){_END}"
PROGRAMS_PATTERN: Final = f"^(?:{HEARD}|{_PROGRAM}(?:{_BETWEEN}{_PROGRAM})*){_END}"


def instruments(said: str) -> tuple[int, ...] | None:
    """The instruments, 0 to 127 or DRUMS, that a text of PROGRAMS_PATTERN names; None: those heard."""
    if said == HEARD:
        return None
    names = said.replace(",", " ").split()
    return tuple(DRUMS if name == "drums" else int(name) for name in names)
