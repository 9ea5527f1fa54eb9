"""A MIDI clock as it comes: late, with ticks lost, with bursts, twice at once; and the beat that it means.

Values in, values out. The numbers of the ticks are the clock's own count; which beat of the transport the
first one is, the session knows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from meloformer.bridge import crowd
from meloformer.bridge.ticks import LEAST, MOST, TICKS_PER_BEAT, Line, Tick, line_through, noise_of, straight

SILENCE_S: Final = 1.0  # a clock that has not ticked for this long has stopped
FORGOTTEN_S: Final = 10.0  # until then it may go on: its ticks were held up, or a cable was out

# How far from its time a tick may be, in ticks, without being doubted; how far depends on the jitter.
_NARROWEST: Final = 0.25
_WIDEST: Final = 0.5
_JITTERS: Final = 4.0
_CROWDED: Final = 0.06  # the narrowest, while another clock ticks
# Doubtful ticks are one clock's if they scatter this little, in ticks, beyond what twice the jitter explains.
_SCATTER: Final = 0.05
_SAME: Final = 0.04  # two tempi this share apart, or less, are the same one
_SURE: Final = 3.0  # standard deviations
_LOST: Final = 0.75  # ticks: less than this is no lost tick, but a tempo that drifts
_FEWEST: Final = 4  # doubtful ticks can be judged
_MANY: Final = 8  # make a faster clock of ticks between those of the one there was
_HOPELESS: Final = 96  # so many doubtful ticks that make no clock are forgotten

# Another clock ticks at the same port if so many ticks were not this one's, in no shorter and no longer time.
_STRAYS: Final = 12
_BURST_S: Final = 0.05
_RARE_S: Final = 3.0
_ALONE_S: Final = 3.0  # without such a tick: the other has stopped

_NONE: Final = Tick(0, 0.0)


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is known of a clock from its ticks.

    A tick far from its time is doubtful. What it meant shows in the ticks that follow: it was only late;
    ticks before it were lost; the tempo has jumped; it belongs to another clock or to no clock at all.
    Until that is known the pulse goes on as before.

    While a second clock ticks at the same port, the one that was there first is kept, until it stops or, in
    the course of some beats, takes another tempo. What is not told apart: two clocks of one tempo half a tick
    apart, which are the ticks of a doubled one; one that is half or twice as fast, where the jitter is more
    than a tenth of a tick; two that begin together, of which none was first.
    """

    ticks: tuple[Tick, ...] = ()
    doubtful: tuple[Tick, ...] = ()
    line: Line | None = None
    noise: float = 0.0  # seconds
    silent: bool = False
    last: Tick = _NONE
    former: Pulse | None = None  # before it began anew, until it is clear that this is over
    strays: tuple[float, ...] = ()  # when the last ticks came that were not this clock's, in seconds

    @property
    def is_crowded(self) -> bool:
        """Whether another clock ticks at the same port."""
        if len(self.strays) < _STRAYS or self.last.seconds - self.strays[-1] > _ALONE_S:
            return False
        return _BURST_S <= self.strays[-1] - self.strays[0] <= _RARE_S

    @property
    def bpm(self) -> float | None:
        """None as long as the ticks are too few, or too odd, to tell."""
        return None if self.line is None else self.line.bpm

    @property
    def ends_at(self) -> float:
        """When it is over, in monotonic seconds, if no tick comes."""
        return self.last.seconds + SILENCE_S

    def beats_at(self, seconds: float) -> float:
        """Beats by its own count; where it has no tempo yet, those of the last tick."""
        number = self.last.number if self.line is None else self.line.number_at(seconds)
        return number / TICKS_PER_BEAT

    def stopped(self) -> Pulse:
        """Its ticks have not come."""
        return replace(self, silent=True)

    def ticked(self, seconds: float) -> Pulse:
        """With one more tick, that came at `seconds`."""
        if seconds > self.last.seconds + FORGOTTEN_S:
            return Pulse(last=Tick(1, seconds), ticks=(Tick(1, seconds),))
        tick = Tick(self.last.number + 1, max(seconds, self.last.seconds))
        counted = replace(self, last=tick, silent=False)
        if self.former is not None:
            return counted._begun(self.former)
        if self.line is None or abs(self._lateness(tick)) <= self._gate:
            return counted._with(self.ticks, tick)
        return counted._doubting()

    def restarted(self, seconds: float) -> Pulse:
        """With one more tick, with which the clock begins anew: nothing of its tempo or phase need remain.

        But another clock may have begun, and this one go on: the ticks that follow show it.
        """
        tick = Tick(self.last.number + 1, seconds)
        former = None if self.line is None else self._renumbered(tick, self.line)
        return Pulse(ticks=(tick,), last=tick, former=former)

    def _renumbered(self, like: Tick, line: Line) -> Pulse:
        """With other numbers, of which that of this tick, or the nearest one's, is one."""
        shift = like.number - round(line.number_at(like.seconds))
        ticks = tuple(Tick(tick.number + shift, tick.seconds) for tick in self.ticks)
        moved = line._replace(number=line.number + shift)
        return replace(self, ticks=ticks, doubtful=(), line=moved, former=None)

    @property
    def _gate(self) -> float:
        assert self.line is not None
        if self.is_crowded:
            return self._narrow_gate
        return min(_WIDEST, max(_NARROWEST, _JITTERS * self.noise / self.line.period))

    @property
    def _narrow_gate(self) -> float:
        """Where ticks of another clock may lie beside its own."""
        assert self.line is not None
        return min(_NARROWEST, max(_CROWDED, _SURE * self.noise / self.line.period))

    def _lateness(self, tick: Tick) -> float:
        """In ticks."""
        assert self.line is not None
        return self.line.number_at(tick.seconds) - tick.number

    def _with(self, before: tuple[Tick, ...], *new: Tick) -> Pulse:
        """These ticks are the clock's, and nothing is in doubt."""
        ticks = (*before, *new)[-MOST:]
        line = line_through(ticks) if len(ticks) >= LEAST else self.line
        if line is None or not line.is_a_tempo:
            line = self.line
        last = self.last._replace(number=ticks[-1].number)
        # Ticks of another clock among them would look like jitter, and let more of theirs in.
        noise = min(self.noise, noise_of(ticks)) if self.is_crowded else noise_of(ticks)
        return replace(self, ticks=ticks, doubtful=(), line=line, noise=noise, last=last)

    def _begun(self, former: Pulse) -> Pulse:
        """One more tick after it began anew: does the former clock go on beside the one that began?"""
        first, *new = (*self.ticks, self.last)
        if len(new) < _MANY:
            return replace(self, ticks=(first, *new))
        both = replace(former, doubtful=tuple(new), last=self.last)
        others = both._has_others()
        if others is None:
            return replace(self, ticks=(first, *new))
        if others:
            return both._own(both._of_line())
        return replace(self, former=None)._with((first, *new))

    def _doubting(self) -> Pulse:
        """The last tick is doubtful: wait, or see what it and those before it meant."""
        waiting = replace(self, doubtful=(*self.doubtful, self.last))
        number = len(waiting.doubtful)
        if number < _FEWEST:
            return waiting
        others = waiting._has_others() if number >= _MANY else False
        if others:
            return waiting._own(waiting._of_line())
        line, scatter, error = straight(waiting.doubtful)
        error *= _SURE * self.noise / line.period if line.is_a_tempo else 1.0
        kept = waiting._kept()
        usual = max(self.noise, straight(kept)[1]) if kept else self.noise
        is_one_clock = line.is_a_tempo and scatter <= 2 * usual + _SCATTER * line.period
        if len(kept) >= _FEWEST and not (is_one_clock and waiting._change(line) > _SAME):
            return waiting._own(kept)
        is_clear = others is False and (number >= _MANY or (not kept and waiting._is_slower(line)))
        if is_one_clock and is_clear:
            return waiting._one_clock(line, error)
        return waiting._forgetting() if number >= _HOPELESS else waiting

    def _has_others(self) -> bool | None:
        assert self.line is not None
        return crowd.goes_on(self.line, self.doubtful, self.ticks[-1], self.noise, self.is_crowded)

    def _is_slower(self, line: Line) -> bool:
        assert self.line is not None
        return line.period >= self.line.period

    def _of_line(self) -> tuple[Tick, ...]:
        """Those of the doubtful ticks that lie where the clock's should."""
        assert self.line is not None
        return crowd.own(self.line, self.doubtful, self.ticks[-1], self._narrow_gate)

    def _own(self, own: tuple[Tick, ...]) -> Pulse:
        """Of the doubtful ticks these are the clock's, and the others another's."""
        times = {tick.seconds for tick in own}
        others = (tick.seconds for tick in self.doubtful if tick.seconds not in times)
        return replace(self, strays=(*self.strays, *others)[-_STRAYS:])._with(self.ticks, *own)

    def _change(self, line: Line) -> float:
        """By what share its tempo is another one."""
        assert self.line is not None
        return abs(line.period / self.line.period - 1)

    def _one_clock(self, line: Line, error: float) -> Pulse:
        """The doubtful ticks are one clock: a new tempo, or the old one with ticks lost or doubled."""
        assert self.line is not None
        change = self._change(line)
        if change - error > _SAME:
            return replace(self, line=line)._with((), *self.doubtful)
        if error > _SAME:
            return self
        late = sum(map(self._lateness, self.doubtful)) / len(self.doubtful)
        lost = round(late) if change <= _SAME and abs(late) >= _LOST else 0
        return self._with(self.ticks, *(Tick(tick.number + lost, tick.seconds) for tick in self.doubtful))

    def _kept(self) -> tuple[Tick, ...]:
        """Those of the doubtful ticks that the clock would have sent as it was; none where one is missing."""
        assert self.line is not None
        if _SURE * self.noise > _NARROWEST * self.line.period:
            return ()
        ticks = self._of_line()
        if len(ticks) < _FEWEST // 2 or ticks[-1].number - ticks[0].number >= len(ticks):
            return ()
        begins = ticks[0].seconds == self.doubtful[0].seconds or ticks[0].number <= self.ticks[-1].number + 1
        return ticks if begins else ()

    def _forgetting(self) -> Pulse:
        """None of it makes sense: the clock is where it would be without."""
        assert self.line is not None
        number = round(self.line.number_at(self.last.seconds))
        return replace(self, doubtful=(), last=Tick(number, self.last.seconds))
