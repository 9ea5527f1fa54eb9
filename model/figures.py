"""Figures: how the upper line of a part went on the last time, in any key.

A stretch of tokens (memory.py) is known again only while every part does what it did then. Here each part
is asked by itself: its last steps, from the highest note of a moment to that of its next one, and the time
that has passed since, whoever made them before. Only pitches are expected: when something is played, and
by whom, stays the model's choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from meloformer.model import vocabulary as v
from meloformer.model.reading import NOT_NAMED
from meloformer.model.score import Meter

FADING_AT_ONCE: Final = 8  # figures of what is forgotten; all at once would take tens of milliseconds
FEWEST_STEPS: Final = 2
MOST_STEPS: Final = 6
LONGEST_WAIT: Final = 16  # sixteenths; a longer rest begins a new line
# How much of the choice of a pitch goes to what is expected, by the number of steps that were known again.
# More than held-out music asks for (0.08 to 0.47): only so do figures come back in answers (training/LOG.md).
SHARES: Final = (0.0, 0.0, 0.4, 0.6, 0.75, 0.85, 0.9)

_SIXTEENTH: Final = v.TICKS_PER_QUARTER // 4

Step = tuple[int, int]
"""(semitones, sixteenths) from one moment's highest note to the next one's."""
Figure = tuple[tuple[Step, ...], int, int]
"""(steps, the latest first; sixteenths since the last; how many notes the moment has below this one)."""


class Line(NamedTuple):
    """The upper line of a part up to a moment: its last steps, the latest first, and where they led."""

    steps: tuple[Step, ...]
    sixteenth: int
    pitch: int


class Moment(NamedTuple):
    """What a part has struck at one sixteenth so far, and its line before that, if it has any."""

    line: Line | None
    sixteenth: int
    pitch: int = -1  # the highest
    notes: int = 0

    @property
    def wait(self) -> int:
        """Sixteenths since the moment before; more than LONGEST_WAIT where there is none to count from."""
        return LONGEST_WAIT + 1 if self.line is None else self.sixteenth - self.line.sixteenth

    def figures(self) -> Iterator[Figure]:
        """What led to the next note of this moment, the longest figure first."""
        if self.line is not None and self.wait <= LONGEST_WAIT:
            for count in range(len(self.line.steps), FEWEST_STEPS - 1, -1):
                yield self.line.steps[:count], self.wait, self.notes

    def struck(self, pitch: int) -> Moment:
        """With one note more."""
        return self._replace(pitch=max(self.pitch, pitch), notes=self.notes + 1)

    def ended(self) -> Line:
        """The line with this moment."""
        steps: tuple[Step, ...] = ()
        if self.line is not None and self.wait <= LONGEST_WAIT:
            steps = ((self.pitch - self.line.pitch, self.wait), *self.line.steps)[:MOST_STEPS]
        return Line(steps, self.sixteenth, self.pitch)


@dataclass(slots=True)
class Place:
    """Where a stream of tokens stands, as far as lines have to know; any stretch of a stream will do."""

    bar_tick: int = 0
    bar_ticks: int = 0
    numerator: int = 0
    position: int = 0
    instrument: int = NOT_NAMED

    @property
    def sixteenth(self) -> int:
        return (self.bar_tick + self.position) // _SIXTEENTH

    def read(self, token: int) -> None:
        if token == v.BAR:
            self.bar_tick, self.position = self.bar_tick + self.bar_ticks, 0
        elif token in v.NUM:
            self.numerator = token - v.NUM.start + 1
        elif token in v.DEN:
            self.bar_ticks = Meter(self.numerator, v.DENOMINATORS[token - v.DEN.start]).ticks
        elif token in v.POS:
            self.position = token - v.POS.start
        elif token in v.INST:
            self.instrument = token - v.INST.start


class Figures:
    """The figures of the last `most` notes that were learnt, and of half as many at least."""

    choice: ClassVar = slice(v.ON.start, v.ON.stop)  # the tokens between which it has a say

    def __init__(self, most: int, shares: tuple[float, ...] = SHARES) -> None:
        self.shares = shares
        self._most = most
        self._notes = 0  # learnt since the younger half began
        self._younger: dict[Figure, dict[int, int]] = {}  # how often which step in semitones came next
        self._older: dict[Figure, dict[int, int]] = {}
        self._fading: dict[Figure, dict[int, int]] = {}
        self._place = Place()
        self._moments: dict[int, Moment] = {}  # by instrument, its latest one
        self._learnt: tuple[Place, dict[int, Moment]] | None = None  # where all that was learnt ends

    def push(self, token: int) -> None:
        """Learn a token."""
        self._learnt = None
        if token in v.ON:
            self._learn(token - v.ON.start)
        self._read(token)

    def follow(self, token: int) -> None:
        """Walk on along a token without learning it."""
        if self._learnt is None:
            self._learnt = copy(self._place), dict(self._moments)
        self._read(token)

    def rewind(self) -> None:
        """Back to the last token that was learnt."""
        if self._learnt is not None:
            (self._place, self._moments), self._learnt = self._learnt, None

    @property
    def length_class(self) -> int:
        """How many of the present part's last steps were learnt in this order, up to MOST_STEPS."""
        known = self._known()
        return len(known[0][0]) if known else 0

    @property
    def share(self) -> float:
        """How much of the choice of a pitch its expectation gets, 0 to 1."""
        return self.shares[self.length_class]

    @property
    def context(self) -> Figure | None:
        """What was known again."""
        known = self._known()
        return known[0] if known else None

    def expected(self) -> Mapping[int, int]:
        """The pitches, as tokens, that came after them, and how often."""
        line, known = self._moment().line, self._known()
        if line is None or known is None:
            return {}
        pitches = ((line.pitch + step, count) for step, count in known[1].items())
        return {v.ON.id(pitch): count for pitch, count in pitches if 0 <= pitch < v.ON.size}

    def _known(self) -> tuple[Figure, Mapping[int, int]] | None:
        """The longest figure up to here that was learnt, and the steps that came after it."""
        for figure in self._moment().figures():
            if found := self._younger.get(figure) or self._older.get(figure):
                return figure, found
        return None

    def _moment(self) -> Moment:
        """The present instrument's present moment, begun or not."""
        now, latest = self._place.sixteenth, self._moments.get(self._place.instrument)
        if latest is None or now < latest.sixteenth:  # it goes back to an earlier bar, or to a bar's start
            return Moment(None, now)
        return latest if latest.sixteenth == now else Moment(latest.ended(), now)

    def _read(self, token: int) -> None:
        if token in v.ON:
            self._moments[self._place.instrument] = self._moment().struck(token - v.ON.start)
        elif token == v.BOS:
            self._moments.clear()
        else:
            self._place.read(token)

    def _learn(self, pitch: int) -> None:
        moment = self._moment()
        for figure in moment.figures():
            assert moment.line is not None
            followers, step = self._younger.setdefault(figure, {}), pitch - moment.line.pitch
            followers[step] = followers.get(step, 0) + 1
        self._notes += 1
        if self._notes == self._most // 2:
            self._fading, self._older, self._younger, self._notes = self._older, self._younger, {}, 0
        for _ in range(min(FADING_AT_ONCE, len(self._fading))):
            self._fading.popitem()
