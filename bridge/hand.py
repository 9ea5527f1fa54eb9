"""Where a note was meant that a hand played: no hand is even, and the network has mostly read even music.

A chord whose notes come ten milliseconds apart is several moments on a fine grid, and a phrase of these is
music of another kind. So each strike is heard where it was probably meant: at a place that music often uses,
and this player has used, unless it lies further from there than this player usually strikes. A sequencer
strikes where it means to: its scatter is next to nothing, and what it plays is kept to the tick. Notes are
heard in their whole lengths, as scores write them, not for as long as the key was down, and what is about as
loud as the note before is as loud.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final, NamedTuple

from meloformer.model.vocabulary import TICKS_PER_QUARTER

# How often notes begin at each tick of a beat, in scores that lie on a grid, as notes of somebody's playing.
_OFTEN: Final = {0: 16.0, 12: 9.3, 6: 3.3, 18: 3.3, 8: 1.6, 16: 1.6, 3: 0.5, 9: 0.5, 15: 0.5, 21: 0.5}
_OFTEN_TOO: Final = {4: 0.4, 20: 0.4}
_SELDOM: Final = 0.03
USUAL: Final = tuple((_OFTEN | _OFTEN_TOO).get(tick, _SELDOM) for tick in range(TICKS_PER_QUARTER))

_REACH: Final = 8  # ticks to either side in which a place is looked for
_KEPT: Final = 64  # of the latest strikes and lengths
_FEWEST: Final = 8  # of them tell something
_DEVIATION: Final = 1.48  # standard deviation of a normal scatter over its median size
_FIRST_S: Final = 0.015  # the scatter of strikes before there are so many
_LEAST_S, _MOST_S = 0.002, 0.03
_NARROWEST: Final = 0.08  # ticks
_CHORD_S: Final = 0.04  # what is struck so soon after another note
_TOGETHER: Final = 0.25  # is that likely to be meant with it
_RELEASES: Final = 2.0  # keys are let go so much less exactly than they are struck
# A key is held for less than the whole note, each player in their own way.
_FIRST_HELD: Final = (0.88, 0.1)  # the share, and its deviation
_LEAST_DEVIATION: Final = 0.03
_FURTHER: Final = 24  # ticks by which a note is longer at most
# Fingers are not even either: what differs by no more from the note before, in MIDI steps, is as loud.
_AS_LOUD: Final = 16
_SEQUENCER_S: Final = 0.004  # who strikes so exactly means every step


class Strike(NamedTuple):
    """The last one: where it was struck and where it was meant, in ticks."""

    at: float
    meant: int


@dataclass(frozen=True, slots=True)
class Hand:
    """What is known of somebody's playing. Places and times are ticks from a bar line."""

    uses: tuple[float, ...] = USUAL  # of each tick of a beat
    misses: tuple[float, ...] = ()  # of the latest strikes, in seconds
    held: tuple[float, ...] = ()  # shares of the latest notes for which their keys were down
    last: Strike | None = None
    loud: Mapping[int, int] = field(default_factory=dict)  # the latest velocity of each instrument, as meant

    def strikes(self, at: float, tick_s: float) -> tuple[int, Hand]:
        """The tick at which a note was meant that is struck at `at`, and what is known now.

        `tick_s`: seconds of a tick.
        """
        scatter, beside = max(self._scatter_s / tick_s, _NARROWEST), self._beside(at, tick_s)
        together = _TOGETHER * sum(self.uses)
        likely = {
            place: (self._use(place) + together * (place == beside)) * _normal((at - place) / scatter)
            for place in range(round(at) - _REACH, round(at) + _REACH + 1)
        }
        meant, whole = max(likely, key=likely.__getitem__), sum(likely.values())
        uses = list(self.uses)
        for place, chance in likely.items():
            uses[place % TICKS_PER_QUARTER] += chance / whole
        misses = (*self.misses, (at - meant) * tick_s)[-_KEPT:]
        return meant, replace(self, uses=tuple(uses), misses=misses, last=Strike(at, meant))

    def hits(self, velocity: int, instrument: int) -> tuple[int, Hand]:
        """The velocity (1 to 127) that was meant."""
        before = self.loud.get(instrument, velocity)
        is_as_loud = abs(velocity - before) <= _AS_LOUD and self._scatter_s > _SEQUENCER_S
        meant = before if is_as_loud else velocity
        return meant, replace(self, loud={**self.loud, instrument: meant})

    def lets_go(self, at: float, tick_s: float, since: int) -> tuple[int, Hand]:
        """The tick at which a note was meant to end that began in the tick `since`; a key goes up at `at`."""
        meant = self._end(at, tick_s, since, *self._held)
        share = max(at - since, 0.0) / (meant - since)
        return meant, replace(self, held=(*self.held, share)[-_KEPT:])

    def lifts(self, at: float, tick_s: float, since: int) -> int:
        """The same where the pedal goes up: what it held was meant to sound until then."""
        return self._end(at, tick_s, since, 1.0, 0.0)

    def _end(self, at: float, tick_s: float, since: int, usual: float, deviation: float) -> int:
        """`usual`: the share of a note for which it is held, and how far it is from that."""
        slack = _RELEASES * self._scatter_s / tick_s

        def chance(place: int) -> float:
            whole = place - since
            scatter = math.hypot(deviation * whole, slack)
            return self._use(place) * _normal((at - since - usual * whole) / scatter) / scatter

        first = max(since + 1, round(at) - _REACH)
        last = round(at) + max(_REACH, min(round(at) - since, _FURTHER))
        return max(range(first, max(first, last) + 1), key=chance)

    def _use(self, place: int) -> float:
        return self.uses[place % TICKS_PER_QUARTER]

    @property
    def _scatter_s(self) -> float:
        """How far from where they are meant strikes lie, in seconds (a standard deviation)."""
        if len(self.misses) < _FEWEST:
            return _FIRST_S
        return min(max(_DEVIATION * median(map(abs, self.misses)), _LEAST_S), _MOST_S)

    @property
    def _held(self) -> tuple[float, float]:
        """For which share of a note its key is down, and how far from it (a standard deviation)."""
        if len(self.held) < _FEWEST:
            return _FIRST_HELD
        usual = median(self.held)
        return usual, max(_LEAST_DEVIATION, _DEVIATION * median(abs(share - usual) for share in self.held))

    def _beside(self, at: float, tick_s: float) -> int | None:
        """Where the chord was meant of which this is a note."""
        if self.last is None or abs(at - self.last.at) * tick_s > _CHORD_S:
            return None
        return self.last.meant


def _normal(deviations: float) -> float:
    """The normal density, but for a factor; never zero, so that of far places the nearest is found."""
    return math.exp(-min(deviations * deviations / 2, 600.0))
