"""The limits of one answer as a mask over the next token: whatever is chosen under it keeps them all.

A token that could only be followed by a forbidden one is forbidden itself: nobody is named who could do
nothing, no moment begins in which nobody could. So the choice is never empty.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass, replace

import numpy as np

from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, Event, NoteOn
from meloformer.model.grammar import Grammar
from meloformer.model.limits import (
    FREE,
    GRIDS,
    Bools,
    Limits,
    Playing,
    answer_mask,
    playable,
    playable_velocities,
)
from meloformer.model.manner import ANY_NOTES, STRAIGHT, Goal, Manner
from meloformer.model.reading import NOT_NAMED, Last, Reading, Section, Voice

_SILENT = Voice()
_UNHEARD = Manner()
_ANYWHERE = np.ones(v.POS.size, np.bool_)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """One instrument's rules, ready to be laid over the vocabulary."""

    playing: Playing
    pitches: Bools  # [128]
    velocities: Bools  # [32]


class Limiter:
    """Knows what has been answered so far; `allowed` tells what may come next, `saw` what came.

    Who was heard to play straight, by the `manner`, is answered so: notes begin on even parts of the beat
    alone, and end wherever they like.
    """

    def __init__(self, limits: Limits, heard: Set[int], manner: Manner = _UNHEARD) -> None:
        self._mask = answer_mask(limits, heard)
        self._rules = limits.rules
        named = np.flatnonzero(self._mask[v.INST.start : v.INST.stop]).tolist()
        self._players = frozenset(each for each in named if not self._rules.of(each).silent)
        self._mask[[v.INST.start + each for each in named if each not in self._players]] = False
        self._begins = STRAIGHT if manner.is_straight else _ANYWHERE  # [POS] where notes may begin
        self._closes = False  # with the bar that begins next
        self._manner = manner
        self.goal: Goal | None = None  # to which the present bar comes
        self._is_free = replace(self._rules, closes=False) == FREE and not manner.is_straight
        self._bounds = {} if self._is_free else {each: self._bounds_of(each) for each in self._players}
        self._grid = np.isin(np.arange(v.POS.size) % v.TICKS_PER_QUARTER, GRIDS[self._rules.grid])
        self._begun: Counter[int] = Counter()  # notes of the present bar, by instrument
        self._are_named = limits.instruments is not None
        self._room = manner.room + (ANY_NOTES * len(self._players - heard) if self._are_named else 0)
        self.awaited: set[int] = set()  # who was asked for by name, and has had no note since the bar before
        self._at_once: Counter[tuple[int, int]] = Counter()  # notes of a moment, by tick and instrument

    @property
    def is_crowded(self) -> bool:
        """The present bar has as many notes as it may have, and had better end."""
        return self._begun.total() >= self._room

    def close(self) -> None:
        """In the bar that begins next no note begins after its middle: in nine of ten pieces none does."""
        self._closes, self._is_free = True, False
        self._bounds = {each: self._bounds_of(each) for each in self._players}

    def saw(self, events: Iterable[Event]) -> None:
        """Events of the answer, in time order."""
        for event in events:
            if isinstance(event, BarStart):
                if self._closes:
                    self._begins = self._begins & (np.arange(v.POS.size) <= event.meter.ticks // 2)
                    self.goal = None if self._rules.chords else self._manner.goal
                self.awaited = set(self._players - self._begun.keys()) if self._are_named else set()
                self._begun.clear()
                self._at_once.clear()
            elif isinstance(event, NoteOn):
                self._begun[event.instrument] += 1
                self.awaited.discard(event.instrument)
                self._at_once[event.tick, event.instrument] += 1

    def allowed(self, grammar: Grammar) -> Bools:
        """[SIZE] booleans, never all false: what grammar and limits allow next."""
        mask = grammar.allowed() & self._mask
        if not self._is_free:
            if grammar.instrument != NOT_NAMED:
                self._limit_group(grammar, mask)
            self._limit_instruments(grammar, mask)
            if mask[v.POS.start : v.POS.stop].any():
                self._limit_moments(grammar, mask)
        return mask

    def _bounds_of(self, instrument: int) -> _Bounds:
        playing = self._rules.of(instrument)
        return _Bounds(playing, playable(self._rules, instrument)[0], playable_velocities(playing))

    def _limit_group(self, reading: Reading, mask: Bools) -> None:
        """Onsets of the present instrument, and velocities only where an onset may follow."""
        bounds = self._bounds.get(reading.instrument)
        if bounds is None:  # it began the moment, but is none of those who may go on
            for row in (v.ON, v.D, v.VEL):
                mask[row.start : row.stop] = False
            return
        row = v.D if reading.instrument == v.DRUMS else v.ON
        onsets = self._onsets(reading, reading.instrument)
        velocity = reading.voice().velocity
        in_range = velocity is not None and bool(bounds.velocities[velocity])
        mask[row.start : row.stop] &= onsets & (in_range or reading.last is Last.VEL)
        onsets[: reading.group.on + 1] = False
        onsets[list(reading.group.released)] = False
        mask[v.VEL.start : v.VEL.stop] &= bounds.velocities & onsets.any()

    def _limit_instruments(self, reading: Reading, mask: Bools) -> None:
        for instrument in self._players:
            if mask[v.INST.start + instrument]:
                acts = bool(_voice(reading, instrument).sounding) or self._onsets(reading, instrument).any()
                mask[v.INST.start + instrument] = acts

    def _limit_moments(self, reading: Reading, mask: Bools) -> None:
        """Moments on the grid, from the first on in which somebody could do something.

        Where notes begin in some places alone, another moment is for ending notes that sound.
        """
        given = reading.given if reading.section is Section.MADE else frozenset[int]()
        first = min((self._acts_from(reading, each) for each in self._players - given), default=v.POS.size)
        mask[v.POS.start : v.POS.stop] &= self._grid
        mask[v.POS.start : v.POS.start + first] = False
        if not any(_voice(reading, each).sounding for each in self._players - given):
            mask[v.POS.start : v.POS.stop] &= self._begins

    def _acts_from(self, reading: Reading, instrument: int) -> int:
        """The first tick of the bar at which an instrument has a note to end or may begin one."""
        density = self._bounds[instrument].playing.density
        if density is None or _voice(reading, instrument).sounding:
            return 0
        begun, quarter = self._begun[instrument], 0
        while begun >= math.ceil(density * (quarter + 1)):
            quarter += 1
        return min(quarter * v.TICKS_PER_QUARTER, v.POS.size)

    def _onsets(self, reading: Reading, instrument: int) -> Bools:
        """[128] pitches that the instrument may begin at the present moment; a copy."""
        if not self._begins[max(reading.position, 0)]:
            return np.zeros(128, np.bool_)
        bounds = self._bounds[instrument]
        quarters = max(reading.position, 0) // v.TICKS_PER_QUARTER + 1
        density, polyphony = bounds.playing.density, bounds.playing.polyphony
        if density is not None and self._begun[instrument] >= math.ceil(density * quarters):
            return np.zeros(128, np.bool_)
        if polyphony is None:
            return bounds.pitches.copy()
        if instrument == v.DRUMS:
            return bounds.pitches & (self._at_once[reading.tick, instrument] < polyphony)
        sounding = _voice(reading, instrument).sounding
        if len(sounding) < polyphony:
            return bounds.pitches.copy()
        # A note struck again takes its own place; where too many sound on from before, none is free yet.
        return _only(sounding if len(sounding) == polyphony else ()) & bounds.pitches


def _voice(reading: Reading, instrument: int) -> Voice:
    return reading.voices.get(instrument, _SILENT)


def _only(pitches: Iterable[int]) -> Bools:
    mask = np.zeros(128, np.bool_)
    mask[list(pitches)] = True
    return mask
