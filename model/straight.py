"""Whether notes begin on the beat's even parts: who plays straight is answered straight."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from meloformer.model import vocabulary as v

PARTS: Final = (3, 4)  # ticks: thirty-seconds, and triplets of sixteenths
LEAST_NOTES: Final = 8  # fewer say nothing
MOST_ELSEWHERE: Final = 0.02  # of the notes; whoever plays live has more

# [POS] whether a note that begins there begins straight.
STRAIGHT: Final = (np.arange(v.POS.size)[:, None] % v.TICKS_PER_QUARTER % np.array(PARTS) == 0).any(1)


class Places:
    """Where the notes of a conversation begin."""

    def __init__(self) -> None:
        self._position = 0
        self._notes = self._elsewhere = 0

    def take(self, tokens: Iterable[int]) -> None:
        """So it goes on."""
        for token in tokens:
            if token in v.POS:
                self._position = token - v.POS.start
            elif token in v.ON or token in v.D:
                self._notes += 1
                self._elsewhere += not STRAIGHT[self._position]

    @property
    def are_straight(self) -> bool:
        """Whether all or nearly all of enough notes begin straight."""
        return self._notes >= LEAST_NOTES and self._elsewhere <= MOST_ELSEWHERE * self._notes
