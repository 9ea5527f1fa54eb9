"""What a beat sounds like: how much each accent says for each place in a bar, and each tempo for itself.

The numbers were fitted, not chosen: to 8-beat phrases of half of the pieces of eight collections, so that the
true grid has the greatest share among all (a softmax, with a little decay; the method stands in
`training/LOG.md`). They are log odds: 0 says nothing.
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
    shapes = np.array([_shape(place, beats * BINS) for place in _places(beats)])
    table: Floats = np.array([rows[accent] for accent in ACCENTS]) @ shapes
    return table


def _shape(place: Place, bins: int) -> Floats:
    shape = np.zeros(bins)
    for beat in place.beats:
        for step in range(-place.reach, place.reach + 1):
            shape[(round(beat * BINS) + step) % bins] = 0.5 if abs(step) == place.reach else 1.0
    return shape


def tempo_score(periods: Floats, per_second: float, is_drums: bool) -> Floats:
    """How likely these lengths of a beat (seconds) are by themselves, at so many strikes a second."""
    density, length = np.log(per_second * periods) - 0.6, np.log(periods / 0.55)
    more, less = np.maximum(density, 0.0), np.minimum(density + 0.6, 0.0)
    terms = np.array([density, density**2, length, length**2, more, less])
    score: Floats = np.array(_DRUMS if is_drums else _TONES) @ terms
    return score


_TONES: Final = (0.88, -1.74, 0.88, -2.29, 1.50, 1.34)
_DRUMS: Final = (1.29, -2.05, 1.29, -5.70, 1.50, 1.34)
THREES: Final = 0.70  # for three beats in a bar, against four

QUADRUPLE: Final = _table(
    4,
    """
    kick      0.80  0.77  0.46  2.13  0.30  0.03 -0.30 -0.58  0.36  0.60 -0.09  0.48 -0.51 -0.43
    snare     1.01  1.17  0.31 -1.79 -0.39 -0.46  0.51  0.43  1.24  0.73  0.19  0.20  0.61  1.29
    drum      1.50  1.61  0.09 -0.05 -0.47  0.29  1.19  1.15  0.14  0.58  0.37  0.30  0.74  1.28
    note      1.06  1.23 -0.14 -0.19  0.82 -0.69  1.81  0.88  0.98  0.44  0.20  1.57 -0.31  0.94
    bass      0.89  1.05  0.32  1.14  0.90 -0.19  0.81  0.37  0.35 -0.14  0.03  0.30  0.17  0.39
    chord     1.15  1.31 -0.35  2.12  0.90 -1.00  0.74  0.77  0.22  0.30  0.67  1.44 -0.34  0.65
    long      0.48  0.96  0.71  0.78  0.43  0.70  0.75  0.79 -0.68 -0.02 -0.12  0.60  0.31  0.45
    first     0.62  1.68  1.01  3.20 -0.55  0.59 -0.00 -0.29 -0.41 -0.43 -0.82 -0.27 -0.55  0.13
    """,
)
TRIPLE: Final = _table(
    3,
    """
    kick      0.24  0.36  0.37  0.59 -0.11 -0.08  0.24  0.33 -0.14 -0.04 -0.13 -0.03  0.50 -0.11
    snare     0.60  0.68  0.56 -0.42  0.70 -0.09 -0.14 -0.25 -0.32 -0.09 -0.31 -0.07 -0.08  0.39
    drum      0.66  0.84  0.75  0.35  0.29  0.23  0.50  0.67 -0.44 -0.12 -0.43 -0.11  0.15  0.20
    note      1.19  1.12 -0.18  0.68  0.83 -0.31  1.92  0.78  0.97  0.63  0.11  0.35 -0.69 -0.39
    bass      1.08  0.90  0.37  1.43 -0.44 -0.05  0.48 -0.06 -0.14  0.42 -0.57  0.24  0.06 -0.08
    chord     0.75  1.14  0.66  0.82 -0.42 -0.88  0.43  0.00  0.14  0.53  0.50  0.59 -0.24  0.74
    long      0.96  1.06  0.72  0.78  0.32  0.26  0.47  0.36 -0.39 -0.09 -0.39 -0.13 -0.07 -0.04
    first     0.69  1.40  1.32  1.77 -0.18 -0.09 -0.16 -0.25 -0.09 -0.07 -0.05 -0.06 -0.13 -0.18
    """,
)
