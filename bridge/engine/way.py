"""How long the way to a far engine and back is, from the round trips of pings."""

from __future__ import annotations

import statistics
from collections import deque
from typing import Final

_FIRST: Final = 5  # one after the other, to know it soon
_LATER_S: Final = 0.5  # then so often; it also tells the far engine that the bridge is there
_ROUND_TRIPS: Final = 15
_TOLD_APART_S: Final = 0.001


class Way:
    """The median of the last round trips: a packet that was lost and sent again does not move it.

    The whole round trip counts, not half: what is asked too late is missed by the way there and by the way
    back.
    """

    def __init__(self) -> None:
        self._trips_s: deque[float] = deque(maxlen=_ROUND_TRIPS)
        self._sent_s: dict[int, float] = {}
        self._number = 0
        self._next_s = 0.0
        self._told_s: float | None = None

    def ping(self, now_s: float) -> int | None:
        """The number of the ping that is to be sent now; None: none is."""
        if now_s < self._next_s:
            return None
        self._number += 1
        self._sent_s[self._number] = now_s
        self._next_s = now_s + _LATER_S
        return self._number

    def pong(self, number: int, now_s: float) -> float | None:
        """A ping was answered; the seconds to and fro, where they have changed so that it matters."""
        sent_s = self._sent_s.pop(number, None)
        if sent_s is None:
            return None
        self._trips_s.append(now_s - sent_s)
        if len(self._trips_s) < _FIRST:
            self._next_s = now_s
            return None
        median_s = statistics.median(self._trips_s)
        if self._told_s is not None and abs(median_s - self._told_s) < _TOLD_APART_S:
            return None
        self._told_s = median_s
        return median_s

    def pause_s(self, now_s: float) -> float:
        """How long it is until the next ping."""
        return max(0.0, self._next_s - now_s)
