"""The manner of what is heard: where in the beat notes begin, how many there are, which chord is home.

The key is the one whose usual weights of pitch classes correlate best with how often each was heard, after
Krumhansl and Schmuckler (C. Krumhansl, Cognitive Foundations of Musical Pitch, 1990).
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Final, NamedTuple

import numpy as np

from meloformer.model import vocabulary as v

PARTS: Final = (3, 4)  # ticks: thirty-seconds, and triplets of sixteenths
LEAST_NOTES: Final = 8  # fewer say nothing
MOST_ELSEWHERE: Final = 0.02  # of the notes; whoever plays live has more
# Of 504 stretches of real music none goes on to a bar of more than so many times the notes of the fullest
# bar before it, and of more than so many notes.
MOST_TIMES: Final = 4
ANY_NOTES: Final = 32
CLEAR: Final = 0.7  # a key's correlation from which on it is one

# [POS] whether a note that begins there begins straight.
STRAIGHT: Final = (np.arange(v.POS.size)[:, None] % v.TICKS_PER_QUARTER % np.array(PARTS) == 0).any(1)

# How often each pitch class, counted up from the final bass note, is heard before the final bar, in 3,594
# pieces of the training split that end on a plain triad.
WEIGHTS: Final = {
    "maj": (0.206, 0.009, 0.113, 0.024, 0.129, 0.108, 0.015, 0.198, 0.022, 0.079, 0.026, 0.070),
    "min": (0.196, 0.017, 0.100, 0.147, 0.015, 0.109, 0.016, 0.194, 0.077, 0.020, 0.064, 0.046),
}
HOMES: Final = [
    root * len(v.CHORD_QUALITIES) + v.CHORD_QUALITIES.index(mode) for mode in WEIGHTS for root in range(12)
]
_KEYS: Final = np.array([np.roll(weights, root) for weights in WEIGHTS.values() for root in range(12)])
_CENTRED: Final = _KEYS - _KEYS.mean(1, keepdims=True)
_SHAPES: Final = _CENTRED / np.linalg.norm(_CENTRED, axis=1, keepdims=True)  # [24, 12] of length 1


class Goal(NamedTuple):
    """How music comes home: to which pitch class, by whom who plays lowest, and whether nobody else plays."""

    root: int
    bass: int
    is_alone: bool


class Manner:
    """How a conversation has been played so far, by those who were heard."""

    def __init__(self) -> None:
        self._position = 0
        self._notes = self._elsewhere = 0
        self._pitch_classes = [0] * 12  # how often each was heard
        self._in_bar = self._fullest = 0  # notes of the present bar, and of the fullest
        self._instrument = -1
        self._heights: dict[int, tuple[int, int]] = {}  # of each instrument, the sum of pitches, and how many

    def take(self, tokens: Iterable[int]) -> None:
        """So it goes on."""
        for token in tokens:
            if token in v.POS:
                self._position = token - v.POS.start
            elif token in v.INST:
                self._instrument = token - v.INST.start
            elif token == v.BAR:
                self._in_bar = 0
            elif token in v.ON or token in v.D:
                self._notes += 1
                self._in_bar += 1
                self._fullest = max(self._fullest, self._in_bar)
                self._elsewhere += not STRAIGHT[self._position]
                if token in v.ON:
                    self._hear_pitch(token - v.ON.start)

    def _hear_pitch(self, pitch: int) -> None:
        self._pitch_classes[pitch % 12] += 1
        total, count = self._heights.get(self._instrument, (0, 0))
        self._heights[self._instrument] = total + pitch, count + 1

    def copy(self) -> Manner:
        """The same, which goes its own way from here."""
        other = copy(self)
        other._pitch_classes, other._heights = self._pitch_classes.copy(), self._heights.copy()
        return other

    @property
    def is_straight(self) -> bool:
        """Whether all or nearly all of enough notes begin straight."""
        return self._notes >= LEAST_NOTES and self._elsewhere <= MOST_ELSEWHERE * self._notes

    @property
    def room(self) -> int:
        """So many notes an answer to it may have in a bar, and no more."""
        return max(ANY_NOTES, MOST_TIMES * self._fullest)

    @property
    def home(self) -> int | None:
        """The CHORD row value of the key's own triad; None where no key is clear."""
        heard = np.array(self._pitch_classes, float)
        heard -= heard.mean()
        if sum(self._pitch_classes) < LEAST_NOTES or not heard.any():
            return None
        fits = _SHAPES @ heard / np.linalg.norm(heard)
        return HOMES[fits.argmax()] if fits.max() >= CLEAR else None

    @property
    def goal(self) -> Goal | None:
        """How it comes home; None where no key is clear."""
        home = self.home
        if home is None:
            return None
        means = {each: total / count for each, (total, count) in self._heights.items()}
        bass = min(means, key=lambda each: means[each])
        return Goal(home // len(v.CHORD_QUALITIES), bass, len(means) == 1)
