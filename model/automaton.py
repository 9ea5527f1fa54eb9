"""A suffix automaton that grows symbol by symbol: every stretch that has been said, and what came after it.

Blumer et al. 1985. A symbol takes the same time in the mean however much has been said before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

COUNTED_LINKS: Final = 32  # shorter stretches than these are counted too little, to bound a symbol's time


class Automaton:
    """All that has been said, as an automaton that knows every stretch of it.

    States are numbers. Each stands for stretches that end at the same places: the longest of them has
    `_length`, a shorter one that ends at more places is in the state `_link`. `_count` says at how many.
    """

    def __init__(self) -> None:
        self._next: list[dict[int, int]] = [{}]
        self._link = [-1]
        self._length = [0]
        self._count = [0]
        self._last = 0
        self._at = 0  # where what was said and followed since leads: its longest end that was said before
        self._matched = 0  # how long that end is

    def push(self, symbol: int) -> None:
        """One symbol more."""
        new = self._state({}, self._length[self._last] + 1, 0)
        at = self._last
        while at >= 0 and symbol not in self._next[at]:
            self._next[at][symbol] = new
            at = self._link[at]
        self._link[new] = 0 if at < 0 else self._longest_there(at, symbol)
        self._last = new
        self._count_up(new)
        self.rewind()

    def follow(self, symbol: int) -> None:
        """One symbol more, without learning it."""
        while self._at and symbol not in self._next[self._at]:
            self._at = self._link[self._at]
            self._matched = self._length[self._at]
        following = self._next[self._at].get(symbol)
        if following is not None:
            self._at, self._matched = following, self._matched + 1

    def rewind(self) -> None:
        """Back to the last symbol that was learnt."""
        self._at = max(0, self._link[self._last])
        self._matched = self._length[self._at]

    def __len__(self) -> int:
        """How many symbols have been said."""
        return self._length[self._last]

    @property
    def matched(self) -> int:
        """How many of the last symbols, in this order, have been said before."""
        return self._matched

    @property
    def state(self) -> int:
        """What stands for them."""
        return self._at

    def followers(self) -> Iterator[tuple[int, int]]:
        """What came after them, and how often."""
        return ((symbol, self._count[state]) for symbol, state in self._next[self._at].items())

    def fade(self, states: int) -> None:
        """Give back the room of so many states; it is not to be asked or told anything afterwards."""
        del self._next[-states:]

    def _longest_there(self, at: int, symbol: int) -> int:
        """The state of the stretch of `at` and then `symbol`, parted from any longer one it stood for too."""
        there = self._next[at][symbol]
        if self._length[there] == self._length[at] + 1:
            return there
        parted = self._state(dict(self._next[there]), self._length[at] + 1, self._count[there])
        self._link[parted] = self._link[there]
        self._link[there] = parted
        while at >= 0 and self._next[at].get(symbol) == there:
            self._next[at][symbol] = parted
            at = self._link[at]
        return parted

    def _state(self, following: dict[int, int], length: int, count: int) -> int:
        self._next.append(following)
        self._link.append(-1)
        self._length.append(length)
        self._count.append(count)
        return len(self._next) - 1

    def _count_up(self, state: int) -> None:
        for _ in range(COUNTED_LINKS):
            if state <= 0:
                return
            self._count[state] += 1
            state = self._link[state]
