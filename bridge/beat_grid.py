"""Beats followed through a phrase, note by note, as its tempo drifts."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from meloformer.bridge.capture import EARLY_TICKS
from meloformer.model.vocabulary import TICKS_PER_QUARTER

EARLY_BEATS: Final = EARLY_TICKS / TICKS_PER_QUARTER  # a first note so soon before a bar line opens its bar
# Where notes lie in a beat, and how much each such place says of where the beat is.
DUPLE: Final = ((0.0, 1.0), (0.25, 0.3), (0.5, 0.6), (0.75, 0.3), (1.0, 1.0))
THIRDS: Final = ((0.0, 1.0), (1 / 3, 0.4), (2 / 3, 0.4), (1.0, 1.0))
FURTHEST_BEATS: Final = 0.13  # a note further than this from its place says nothing
PHASE_GAIN: Final = 0.25
PERIOD_GAIN: Final = 0.08
REACH_BEATS: Final = 4.5  # a beat lies where the notes within this say that it does
LAST_BEATS: Final = 8  # the tempo at the end is that of so many beats
BOUNDS: Final = (0.75, 1.33)  # how far a phrase's tempo may drift


class Place(NamedTuple):
    """A strike that lies at `beat`, was struck at `seconds`, and says so much about it."""

    beat: float
    seconds: float
    weight: float


@dataclass(frozen=True, slots=True)
class Grid:
    """The seconds of successive beats, beginning with beat `first`; beyond them time goes on evenly."""

    first: int
    seconds: tuple[float, ...]

    @property
    def bpm(self) -> float:
        """The tempo at the end."""
        count = min(LAST_BEATS, len(self.seconds) - 1)
        return 60.0 * count / (self.seconds[-1] - self.seconds[-1 - count])

    def beat_at(self, seconds: float) -> float:
        if seconds > self.seconds[-1]:
            return self.first + len(self.seconds) - 1 + (seconds - self.seconds[-1]) * self.bpm / 60
        index = min(max(bisect_right(self.seconds, seconds) - 1, 0), len(self.seconds) - 2)
        sooner, later = self.seconds[index], self.seconds[index + 1]
        return self.first + index + (seconds - sooner) / (later - sooner)

    def seconds_at(self, beat: float) -> float:
        index = min(max(math.floor(beat) - self.first, 0), len(self.seconds) - 1)
        if index == len(self.seconds) - 1:
            return self.seconds[-1] + (beat - self.first - index) * 60 / self.bpm
        sooner, later = self.seconds[index], self.seconds[index + 1]
        return sooner + (beat - self.first - index) * (later - sooner)

    def from_line(self, seconds: float, beats_per_bar: float) -> Grid:
        """The same, counted from the bar line at or before `seconds`; now one is at beat 0."""
        line = math.floor((self.beat_at(seconds) + EARLY_BEATS) / beats_per_bar) * beats_per_bar
        return Grid(self.first - round(line), self.seconds)


def straight(strikes: Sequence[float], line: float, period: float) -> Grid:
    """Beats as even as can be from a bar line on, shifted to where the strikes say that they are."""
    places = [_nearest((at - line) / period, at, _division(strikes, line, period)) for at in strikes]
    heavy = sum(place.weight for place in places)
    late = sum(place.weight * (place.seconds - line - place.beat * period) for place in places)
    start = line + (late / heavy if heavy else 0.0)
    first, last = _span(places)
    return Grid(first, tuple(start + beat * period for beat in range(first, last + 1)))


def follow(strikes: Sequence[float], line: float, period: float, since: float) -> Grid:
    """Beats that go with the strikes, from the middle of those since `since` on to both ends.

    There a bar line is at `line`, and a beat takes `period`; all in seconds.
    """
    recent = [at for at in strikes if at >= since]
    division = _division(recent, line, period)
    line, period = _refined(recent, line, period, division)
    middle = recent[len(recent) // 2]
    later = [at for at in strikes if at >= middle]
    sooner = [at for at in reversed(strikes) if at < middle]
    places = [*_followed(sooner, line, period, middle, division)][::-1]
    places += _followed(later, line, period, middle, division)
    return _through(places, period)


def _division(strikes: Sequence[float], line: float, period: float) -> tuple[tuple[float, float], ...]:
    """In how many parts beats are divided: what lies nearer to thirds than to quarters says three."""

    def off(division: tuple[tuple[float, float], ...]) -> float:
        return sum(min(abs((at - line) / period % 1.0 - place) for place, _ in division) for at in strikes)

    return THIRDS if off(THIRDS) < off(DUPLE) else DUPLE


def _nearest(beat: float, seconds: float, division: tuple[tuple[float, float], ...]) -> Place:
    whole = math.floor(beat)
    place, weight = min(division, key=lambda each: abs(beat - whole - each[0]))
    near = abs(beat - whole - place) <= FURTHEST_BEATS
    return Place(whole + place, seconds, weight if near else 0.0)


def _refined(
    strikes: Sequence[float], line: float, period: float, division: tuple[tuple[float, float], ...]
) -> tuple[float, float]:
    """The line and the period that fit these strikes best, by least squares."""
    for _ in range(2):
        places = [_nearest((at - line) / period, at, division) for at in strikes]
        found = _fitted(places)
        if found is None or not BOUNDS[0] < found[1] / period < BOUNDS[1]:
            break
        line, period = found
    return line, period


def _fitted(places: Sequence[Place]) -> tuple[float, float] | None:
    """Where beat 0 is and how long a beat is; None where the places do not say."""
    heavy = sum(place.weight for place in places)
    if not heavy:
        return None
    beat = sum(place.weight * place.beat for place in places) / heavy
    seconds = sum(place.weight * place.seconds for place in places) / heavy
    spread = sum(place.weight * (place.beat - beat) ** 2 for place in places)
    if spread < 1.0:
        return None
    period = sum(p.weight * (p.beat - beat) * (p.seconds - seconds) for p in places) / spread
    return seconds - beat * period, period


def _followed(
    strikes: Sequence[float],
    line: float,
    period: float,
    since: float,
    division: tuple[tuple[float, float], ...],
) -> Iterator[Place]:
    """The place of each strike, further and further from `since`, forwards or backwards."""
    beat, seconds, usual = (since - line) / period, since, period
    for at in strikes:
        here = beat + (at - seconds) / period
        place = _nearest(here, at, division)
        error, gone = here - place.beat, here - beat
        beat, seconds = here - PHASE_GAIN * place.weight * error, at
        longer = 1.0 + PERIOD_GAIN * place.weight * error * math.copysign(min(abs(gone), 1.0), gone)
        period = min(max(period * longer, usual * BOUNDS[0]), usual * BOUNDS[1])
        yield place


def _beat(place: Place) -> float:
    return place.beat


def _span(places: Sequence[Place]) -> tuple[int, int]:
    return math.floor(places[0].beat), max(math.ceil(places[-1].beat), math.floor(places[0].beat) + 1)


def _through(places: Sequence[Place], period: float) -> Grid:
    """The beats of all that lies between, each where its neighbourhood says."""
    first, last = _span(places)
    places = sorted(places, key=_beat)
    found: list[float] = []
    for beat in range(first, last + 1):
        sooner = bisect_right(places, beat - REACH_BEATS, key=_beat)
        later = bisect_left(places, beat + REACH_BEATS, key=_beat)
        near = [
            place._replace(weight=place.weight * (1.0 - abs(place.beat - beat) / REACH_BEATS))
            for place in places[sooner:later]
        ]
        fit = _fitted(near)
        if fit is not None and BOUNDS[0] < fit[1] / period < BOUNDS[1]:
            at = fit[0] + beat * fit[1]
        elif found:
            at = found[-1] + period
        else:
            nearest = min(places, key=lambda place: abs(place.beat - beat))
            at = nearest.seconds + (beat - nearest.beat) * period
        if found:
            at = max(at, found[-1] + BOUNDS[0] * period)
        found.append(at)
    return Grid(first, tuple(found))
