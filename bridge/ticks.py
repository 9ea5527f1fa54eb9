"""A line through the ticks of a clock: where its beats are and how fast they come, in spite of jitter.

The line is fitted to as many of the last ticks as one steady or evenly changing tempo explains: long windows
for a steady clock, short ones after a change. How long is decided by intersecting confidence intervals (A.
Goldenshluger and A. Nemirovski, "On spatially adaptive estimation of nonparametric regression", 1997).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

TICKS_PER_BEAT: Final = 24
SLOWEST_BPM: Final = 20.0
FASTEST_BPM: Final = 400.0
LEAST: Final = 8  # fewer ticks than these are no tempo
MOST: Final = 96  # ticks that can still say something: four beats

# Windows that are tried: of a steady tempo (a straight line), and of one that changes evenly (a bent one).
_STRAIGHT: Final = (LEAST, 12, 18, 24, 36, 48, 72, MOST)
_BENT: Final = (24, 36, 48, 72, MOST)
_AHEAD: Final = 6  # ticks: windows must agree on where the clock will be a quarter of a beat from now
_SURE: Final = {1: 3.0, 2: 2.5}  # standard deviations within which they agree, by degree
_CLEARLY_BENT: Final = 4.0  # standard deviations from which on a bend is not chance
_LEAST_NOISE_S: Final = 0.0003
_BENDS_PER_NOISE: Final = math.sqrt(6) / 1.4826  # median of the second differences, as of normal jitter

_Matrix = tuple[tuple[float, ...], ...]


class Tick(NamedTuple):
    """A tick of a clock, counted from any of them, and when it came (monotonic seconds)."""

    number: int
    seconds: float


class Line(NamedTuple):
    """The moment of one tick, and the seconds from each to the next."""

    number: float
    seconds: float
    period: float

    @property
    def bpm(self) -> float:
        return 60 / TICKS_PER_BEAT / self.period

    @property
    def is_a_tempo(self) -> bool:
        """Whether it lies within what the transport's tempo may be."""
        return self.period > 0 and SLOWEST_BPM <= self.bpm <= FASTEST_BPM

    def number_at(self, seconds: float) -> float:
        return self.number + (seconds - self.seconds) / self.period

    def seconds_at(self, number: float) -> float:
        return self.seconds + (number - self.number) * self.period


def noise_of(ticks: Sequence[Tick]) -> float:
    """The jitter of ticks in seconds (one standard deviation), whatever their tempo does."""
    triples = zip(ticks, ticks[1:], ticks[2:], strict=False)
    evenly = ((a, b, c) for a, b, c in triples if a.number + c.number == 2 * b.number)
    bends = sorted(abs(a.seconds - 2 * b.seconds + c.seconds) for a, b, c in evenly)
    return max(_LEAST_NOISE_S, bends[len(bends) // 2] / _BENDS_PER_NOISE) if bends else _LEAST_NOISE_S


def straight(ticks: Sequence[Tick]) -> tuple[Line, float, float]:
    """The straight line through all ticks (at least two): it, its scatter, its period's error for noise 1."""
    fit = _fit(_moments(ticks, (len(ticks),))[0], degree=1)
    line = fit.line(ticks[-1])
    errors = [tick.seconds - line.seconds_at(tick.number) for tick in ticks]
    return line, math.sqrt(sum(error * error for error in errors) / len(errors)), fit.error(1)


def line_through(ticks: Sequence[Tick]) -> Line:
    """The tangent, at the last tick, of what the last ticks follow; at least `LEAST`, numbers ascending."""
    noise, windows = noise_of(ticks), _moments(ticks, _STRAIGHT)
    steady = _longest(windows, noise, degree=1)
    bent = _longest([window for window in windows if window.size in _BENT], noise, degree=2)
    if bent.size >= 2 * steady.size and abs(bent.factors[2]) > _CLEARLY_BENT * noise * bent.error(2):
        return bent.line(ticks[-1])
    return steady.line(ticks[-1])


class _Window(NamedTuple):
    """The last ticks by their sums: of powers of x, and of y times powers of x; in ticks and seconds."""

    size: int
    x: tuple[int, ...]
    y: tuple[float, ...]


def _moments(ticks: Sequence[Tick], sizes: Collection[int]) -> list[_Window]:
    """The windows of these sizes that there are, counted from the last tick, which is x = 0 and y = 0."""
    number, seconds = ticks[-1]
    x1 = x2 = x3 = x4 = 0
    y0 = y1 = y2 = 0.0
    windows = []
    for count, tick in enumerate(reversed(ticks), start=1):
        x, y = tick.number - number, tick.seconds - seconds
        square = x * x
        x1, x2, x3, x4 = x1 + x, x2 + square, x3 + square * x, x4 + square * square
        y0, y1, y2 = y0 + y, y1 + x * y, y2 + square * y
        if count in sizes:
            windows.append(_Window(count, (count, x1, x2, x3, x4), (y0, y1, y2)))
    return windows


class _Fit(NamedTuple):
    """A polynomial through the `size` last ticks, in ticks and seconds from the last."""

    size: int
    factors: tuple[float, ...] = ()
    covariance: _Matrix = ()  # of the factors, where the ticks' standard deviation is 1
    value: float = 0.0  # a little ahead of the last tick
    spread: float = 0.0  # the standard deviation of that

    def error(self, degree: int) -> float:
        """The standard deviation of a factor, where the ticks' is 1."""
        return math.sqrt(self.covariance[degree][degree])

    def line(self, last: Tick) -> Line:
        """Tick by tick at the pace that it will have until a little ahead."""
        return Line(last.number, last.seconds + self.factors[0], (self.value - self.factors[0]) / _AHEAD)


def _fit(window: _Window, degree: int) -> _Fit:
    covariance, spread = _solved(window.x, degree)
    factors = tuple(sum(a * b for a, b in zip(row, window.y, strict=False)) for row in covariance)
    value = sum(factor * _AHEAD**power for power, factor in enumerate(factors))
    return _Fit(window.size, factors, covariance, value, spread)


def _longest(windows: Sequence[_Window], noise: float, degree: int) -> _Fit:
    """The fit to the longest window that agrees with every shorter one."""
    low, high, found = -math.inf, math.inf, _Fit(0)
    for window in windows:
        fit = _fit(window, degree)
        within = _SURE[degree] * noise * fit.spread
        low, high = max(low, fit.value - within), min(high, fit.value + within)
        if low > high:
            break
        found = fit
    return found


@lru_cache(maxsize=256)
def _solved(x: tuple[int, ...], degree: int) -> tuple[_Matrix, float]:
    """The covariance of the factors, and the spread of the value ahead; kept, for few windows have gaps."""
    width = range(degree + 1)
    inverse = _inverse([[float(x[i + j]) for j in width] for i in width])
    variance = sum(inverse[i][j] * _AHEAD ** (i + j) for i in width for j in width)
    return inverse, math.sqrt(variance)


def _inverse(matrix: list[list[float]]) -> _Matrix:
    """By Gauss and Jordan."""
    size = range(len(matrix))
    rows = [[*row, *(float(i == j) for j in size)] for i, row in enumerate(matrix)]
    for pivot in size:
        rows[pivot] = [value / rows[pivot][pivot] for value in rows[pivot]]
        for other in size:
            if other != pivot:
                factor = rows[other][pivot]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[pivot], strict=True)]
    return tuple(tuple(row[len(rows) :]) for row in rows)
