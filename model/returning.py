"""Whether a bar goes, so far, as earlier ones of the conversation did.

Where music repeats itself a network is so sure of what comes that cutting off the unlikely leaves no choice:
a bar that has come back once comes back for ever. Uncut, it leaves more nearly as often as in real music; and
of the same bar again and again an answer tires.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from copy import copy
from typing import Final

from meloformer.model import vocabulary as v
from meloformer.model.sampling import Chances

MOST_BARS: Final = 256  # that are known
LEAST_TOKENS: Final = 8  # two or three notes; many bars have less in common
TIRING: Final = 0.1  # of its odds are left to the same bar once more, for each time too many
MOST_TIRED: Final = 20  # times: after these it is as good as impossible, and still a number


class Returning:
    """The latest bars of a conversation, each known by its beginnings."""

    def __init__(self, tokens: Iterable[int] = (), answered: Iterable[bool] = ()) -> None:
        self._bars: deque[set[int]] = deque(maxlen=MOST_BARS)
        self._bar: set[int] = set()  # the beginnings of the present bar, as hashes
        self._beginning = 0  # the whole of it so far
        self._last: list[int] = []  # the bar before it, however loud
        self._present: list[int] = []
        self._heard = True  # somebody played it
        self._same = False  # it goes as that one did
        self._run = 0  # so many equal bars are behind it
        self._usual = 1  # so many are nothing special: they were heard
        for token, own in zip(tokens, answered, strict=True):
            self.take([token], own)

    def take(self, tokens: Iterable[int], answered: bool) -> None:
        """So the conversation goes on."""
        for token in tokens:
            if token == v.BAR:
                self._end_bar()
            self._heard = not answered
            if token not in v.VEL:
                self._same = self._same and self._expected() == token
                self._present.append(token)
            self._beginning = hash((self._beginning, token))
            self._bar.add(self._beginning)

    def copy(self) -> Returning:
        """The same, which goes its own way from here; bars that are over are shared."""
        other = copy(self)
        other._bars, other._bar, other._present = self._bars.copy(), self._bar.copy(), self._present.copy()
        return other

    def _end_bar(self) -> None:
        equal = self._same and len(self._present) == len(self._last)
        self._run = self._run + 1 if equal else 1
        if self._heard:
            self._usual = max(self._usual, self._run)
        self._bars.append(self._bar)
        self._last, self._present = self._present, []
        self._bar, self._beginning, self._same = set(), 0, True

    def _expected(self) -> int:
        """What would make the present bar go on as the last one did."""
        at = len(self._present)
        return self._last[at] if at < len(self._last) else v.BAR

    @property
    def times(self) -> int:
        """How often too many the last bar has come, if the present one goes like it so far; else 0."""
        return max(0, self._run - self._usual) if self._same else 0

    @property
    def again(self) -> bool:
        """Whether an earlier bar began as the present one, which is not too short or comes too often."""
        known = len(self._present) >= LEAST_TOKENS and any(self._beginning in bar for bar in self._bars)
        return known or self.times > 0

    def tired(self, chances: Chances) -> Chances:
        """The same chances [V], but the more often a bar has come, the less readily it comes once more."""
        if self.times == 0:
            return chances
        tired = chances.copy()
        tired[self._expected()] *= TIRING ** min(self.times, MOST_TIRED)
        tired /= tired.sum()
        return tired
