"""What a beat sounds like: how much each accent says for each place in a bar, and each tempo for itself.

The numbers were fitted, not chosen: to 8-beat phrases of half of the pieces of eight collections, so that the
true grid has the greatest share among all. `scripts/fit_beats.py` is the method; `training/LOG.md` says where
these numbers began. They are log odds: 0 says nothing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS: Final = 24  # of a beat
# What a strike may have. Long: until the next one it takes longer than usual. First: it begins the phrase.
ACCENTS: Final = ("kick", "snare", "drum", "note", "bass", "chord", "long", "first")


class Place(NamedTuple):
    """Places in a bar, in beats, that count as one, with so many bins to either side, the last by half."""

    beats: tuple[float, ...]
    reach: int


def _places(beats: int) -> tuple[Place, ...]:
    """The columns of a table of so many beats in a bar."""
    each = tuple(range(beats))
    halves, last_quarters = (tuple(beat + part for beat in each) for part in (0.5, 0.75))
    quarters = tuple(beat + part for beat in each for part in (0.25, 0.75))
    thirds = tuple(beat + part for beat in each for part in (1 / 3, 2 / 3))
    return (
        Place(each, 1),
        Place(each, 2),
        Place(each, 3),
        Place((0.0,), 2),
        Place((2.0,) if beats == 4 else (1.0,), 2),
        Place((0.5, 2.5) if beats == 4 else (0.5,), 2),
        Place(halves, 1),
        Place(halves, 2),
        Place(quarters, 2),
        Place(last_quarters, 1),
        Place(thirds, 2),
        Place(tuple(beat + 2 / 3 for beat in each), 1),
        Place((beats - 0.5,), 2),
        Place((beats - 1.0,), 2),
    )


def _table(beats: int, text: str) -> Floats:
    """What each accent (row) says in each bin of a bar (column); the columns of the text are places."""
    lines = [line.split() for line in text.strip().splitlines()]
    rows = {name: [float(number) for number in numbers] for name, *numbers in lines}
    table: Floats = np.array([rows[accent] for accent in ACCENTS]) @ shapes(beats)
    return table


def shapes(beats: int) -> Floats:
    """How much each place (row) has of each bin (column) of a bar."""
    return np.array([_shape(place, beats * BINS) for place in _places(beats)])


def _shape(place: Place, bins: int) -> Floats:
    shape = np.zeros(bins)
    for beat in place.beats:
        for step in range(-place.reach, place.reach + 1):
            shape[(round(beat * BINS) + step) % bins] = 0.5 if abs(step) == place.reach else 1.0
    return shape


def tempo_score(periods: Floats, per_second: float, is_drums: bool) -> Floats:
    """How likely these lengths of a beat (seconds) are by themselves, at so many strikes a second."""
    score: Floats = np.array(_DRUMS if is_drums else _TONES) @ tempo_terms(periods, per_second)
    return score


def tempo_terms(periods: Floats, per_second: float) -> Floats:
    """What that is made of: strikes in a beat and the length of a beat, as logarithms, and their squares."""
    density, length = np.log(per_second * periods) - 0.6, np.log(periods / 0.55)
    more, less = np.maximum(density, 0.0), np.minimum(density + 0.6, 0.0)
    return np.array([density, density**2, length, length**2, more, less])


_TONES: Final = (0.24, -0.71, 0.24, -1.85, 1.61, 9.46)
_DRUMS: Final = (2.28, -3.46, 2.28, -4.52, 1.61, 9.46)
THREES: Final = 1.50  # for three beats in a bar, against four

QUADRUPLE: Final = _table(
    4,
    """
    kick     -0.73  0.99  1.37  4.71  1.02  0.32 -0.34  0.25  0.17  0.92 -0.26  2.51  0.62 -0.68
    snare     0.78  1.76  0.92 -3.81 -2.31 -1.23  0.02  1.71  1.75  1.32  0.21  0.44  1.14  0.88
    drum      0.07  2.47  0.31 -0.62 -0.44  0.13  0.54  1.79  0.46  0.73  0.80 -0.08  0.88  1.00
    note      1.62  0.78 -0.36 -0.80  0.19 -1.02  2.79 -0.31  0.64  0.77 -0.10  2.12  0.75  0.83
    bass      1.54  0.27 -0.93  1.36  1.49 -0.34  0.01  0.08  0.32 -0.97 -0.92  0.27  0.29  0.27
    chord     0.83  2.27 -1.30  2.72  0.83 -0.65 -0.20  1.46  0.22  1.07  0.55  1.25 -0.46  0.97
    long     -0.16  0.91  1.63  0.63  0.25  0.30  0.90  0.59 -0.26 -0.49  0.53  0.96  0.37  0.02
    first    -0.67  1.80  1.26  2.72 -0.59  1.12 -0.15 -0.60  1.22 -2.15 -0.78 -1.11  0.33 -0.59
    """,
)
TRIPLE: Final = _table(
    3,
    """
    kick      0.54  0.83  0.92  2.69 -0.99 -0.53  0.29  0.48 -0.67 -0.22 -0.32 -0.09  1.51 -0.87
    snare     0.64  0.62  0.59 -2.20  2.09 -0.12 -0.51 -0.62 -0.28 -0.18 -0.12 -0.12 -0.18  0.74
    drum      0.61  0.85  0.99  0.34  0.31  0.09  0.53  0.70 -0.41 -0.04  0.05  0.68  0.09  0.20
    note      1.07  1.44 -1.37  0.29  0.92 -0.30  2.44 -0.34  0.43  0.87 -0.27  1.20 -0.14  0.23
    bass      1.02  0.71 -0.17  1.45 -0.55  0.02  0.11 -0.51 -0.90  0.55 -0.41  0.12 -0.27 -0.19
    chord     0.48  1.53 -0.00  1.27 -0.39 -0.69 -0.07  0.57 -0.44  1.60  1.34  0.11 -0.37  0.65
    long      0.18  1.12  1.46  0.86  0.53  0.06  0.19  0.24 -1.10 -0.51 -0.37 -0.19  0.73 -0.27
    first    -0.01  0.68  1.99  1.49 -0.51  0.43  0.01  0.35 -0.14  0.01 -0.29 -0.13 -0.74 -0.30
    """,
)
