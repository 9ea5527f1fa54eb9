"""Ticks of two clocks at one port: does the one that was there tick among them still, and which are its own?

What decides is how the ticks lie in the beat of the clock that was there, tick by tick, as points on a
circle. One that goes on gathers its share of them at the top. One whose tempo has jumped spreads them evenly,
wherever it jumps to; only if it doubled are half of them at the top and half at the bottom, as two clocks of
one tempo are that lie half a tick apart. Those are not told apart: they are one stream.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from typing import Final

from meloformer.bridge.ticks import Line, Tick, straight

_SHARE: Final = 0.92  # of the ticks, and no more, may be the old clock's: else there is no second one
_THERE: Final = 0.4  # so much of what it must gather there shows that the old clock goes on,
_CHANCE: Final = 2.0  # and as much more as this, divided by the number of ticks, while they are few
_GONE: Final = 0.2  # and so little that it does not
_TWICE: Final = (1.8, 2.2)  # so many ticks in the place of one may be a doubled tempo
_EVEN: Final = 0.85  # so even those of a doubled tempo lie, where one lies as even as this noise lets it
_SURE: Final = 3.0  # standard deviations
_DOUBT: Final = 1.25  # jitter that is not normal may be so much more than it looks
_FEWEST: Final = 6  # ticks that should have come: before them none is missed
_LONG: Final = {False: 48, True: 96}  # ticks: longer is not waited for a proof


def goes_on(line: Line, ticks: Sequence[Tick], before: Tick, noise: float, suspected: bool) -> bool | None:
    """Whether the clock of `line`, whose last tick was `before`, is one of at least two in these ticks.

    None as long as they are too few to tell; where another clock is `suspected`, it takes more to be alone.
    """
    passed = line.number_at(ticks[-1].seconds) - before.number
    share = passed / len(ticks)
    if not 0 < share <= _SHARE:
        return False
    there, is_long = _gathered(line, ticks, noise).real / share, len(ticks) >= _LONG[suspected]
    if there >= _THERE + _CHANCE / len(ticks) or (is_long and there >= (_THERE + _GONE) / 2):
        return True
    if not is_long and (suspected or there > _GONE or passed < _FEWEST):
        return None
    if not _TWICE[0] <= 1 / share <= _TWICE[1]:
        return False
    if not is_long:
        return None
    noise *= _DOUBT if suspected else 1.0
    return abs(_gathered(straight(ticks)[0], ticks, noise)) < _EVEN or _alternate(ticks, noise)


def _alternate(ticks: Sequence[Tick], noise: float) -> bool:
    """Whether every other tick is of another tempo than those between them."""
    (line, _, error), (other, _, other_error) = straight(ticks[::2]), straight(ticks[1::2])
    return abs(line.period - other.period) > _SURE * noise * math.hypot(error, other_error)


def own(line: Line, ticks: Sequence[Tick], before: Tick, within: float) -> tuple[Tick, ...]:
    """Those that are the old clock's: of each of its moments the nearest, at most `within` ticks from it."""
    nearest: dict[int, Tick] = {}
    for tick in ticks:
        number = round(line.number_at(tick.seconds))
        off = abs(line.number_at(tick.seconds) - number)
        known = nearest.get(number)
        if off <= within and (known is None or off < abs(line.number_at(known.seconds) - number)):
            nearest[number] = Tick(number, tick.seconds)
    return tuple(nearest[number] for number in sorted(nearest) if number > before.number)


def _gathered(line: Line, ticks: Sequence[Tick], noise: float) -> complex:
    """How much the ticks gather on those of the line, from 0 to 1 (all that this noise lets be seen)."""
    points = (cmath.exp(2j * math.pi * line.number_at(tick.seconds)) for tick in ticks)
    return sum(points) / len(ticks) / math.exp(-2 * (math.pi * noise / line.period) ** 2)
