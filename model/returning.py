"""Whether a bar goes, so far, as an earlier one of the conversation did.

Where music repeats itself a network is so sure of what comes that cutting off the unlikely leaves no choice:
a bar that has come back once comes back for ever. Uncut, it leaves more nearly as often as in real music.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from meloformer.model import vocabulary as v

MOST_BARS: Final = 256  # that are known
LEAST_TOKENS: Final = 8  # two or three notes; many bars have less in common


class Returning:
    """The latest bars of a conversation, each known by its beginnings."""

    def __init__(self, tokens: Iterable[int] = ()) -> None:
        self._bars: deque[set[int]] = deque(maxlen=MOST_BARS)
        self._bar: set[int] = set()  # the beginnings of the present bar, as hashes
        self._beginning = self._length = 0  # the whole of it so far, and its tokens
        self.take(tokens)

    def take(self, tokens: Iterable[int]) -> None:
        """So the conversation goes on."""
        for token in tokens:
            if token == v.BAR:
                self._bars.append(self._bar)
                self._bar, self._beginning, self._length = set(), 0, 0
            self._beginning = hash((self._beginning, token))
            self._length += 1
            self._bar.add(self._beginning)

    @property
    def again(self) -> bool:
        """Whether some earlier bar began with just the tokens of the present one, which are not too few."""
        return self._length >= LEAST_TOKENS and any(self._beginning in bar for bar in self._bars)
