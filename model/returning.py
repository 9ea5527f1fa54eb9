"""Whether bars come back: as earlier ones of the conversation did, or one part's again and again.

Where music repeats itself a network is so sure of what comes that cutting off the unlikely leaves no choice:
a bar that has come back once comes back for ever. Uncut, it leaves more nearly as often as in real music. And
of nearly the same bar of one part again and again an answer tires, more the longer it lasts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from meloformer.model import vocabulary as v

MOST_BARS: Final = 256  # that are known
LEAST_TOKENS: Final = 8  # two or three notes; many bars have less in common
TIRING: Final = 0.1  # of its odds are left to a note of such a bar, for each time too many
ALIKE: Final = 0.75  # of the pitches of either of two bars of a part, which are nearly the same then
MOST_TIRED: Final = 20  # times: after these it is as good as impossible, and still a number
ANYWHERE: Final = 0

# A note as bars are compared by it: its token, and of drums its tick in the bar. In real music drums are
# nearly the same all the time: theirs are just the same, or not.
Beginning = tuple[int, int]


@dataclass(slots=True)
class Part:
    """What one instrument begins in this bar, and began in the one before, however loud."""

    alike: float  # the share in common that makes bars nearly the same
    present: set[Beginning] = field(default_factory=set)
    last: set[Beginning] = field(default_factory=set)
    run: int = 0  # so many bars behind it are each nearly the one before
    usual: int = 0  # so many are nothing special: they were heard
    heard: bool = False  # somebody played in this bar

    def end_bar(self) -> None:
        """The next bar begins."""
        either = len(self.present | self.last)
        is_alike = len(self.present & self.last) >= self.alike * either
        self.run = self.run + 1 if is_alike else 1
        if self.heard:
            self.usual = max(self.usual, self.run)
        self.last, self.present, self.heard = self.present, set(), False

    def copy(self) -> Part:
        """The same, which goes its own way from here."""
        return replace(self, present=self.present.copy())

    def repeats(self, at: int) -> list[int]:
        """The tokens by which this bar would go on like the last one, where it is of such notes so far."""
        if len(self.present & self.last) < self.alike * len(self.present):
            return []
        return [token for tick, token in self.last if tick == at]


class Returning:
    """The latest bars of a conversation, each known by its beginnings, and the last one of each part."""

    def __init__(self, tokens: Iterable[int] = (), answered: Iterable[bool] = ()) -> None:
        self._bars: deque[set[int]] = deque(maxlen=MOST_BARS)
        self._bar: set[int] = set()  # the beginnings of the present bar, as hashes
        self._beginning = 0  # the whole of it so far
        self._length = 0  # in tokens, but for velocities
        self._parts: dict[int, Part] = {}
        self._position = self._instrument = -1
        for token, own in zip(tokens, answered, strict=True):
            self.take([token], own)

    def take(self, tokens: Iterable[int], answered: bool) -> None:
        """So the conversation goes on."""
        for token in tokens:
            if token in v.CHORD:
                continue  # the same notes may stand on another name
            if token == v.BAR:
                self._end_bar()
            elif token in v.POS:
                self._position = token - v.POS.start
            elif token in v.INST:
                self._instrument = token - v.INST.start
            elif token in v.ON or token in v.D:
                part = self._parts.setdefault(self._instrument, Part(1.0 if token in v.D else ALIKE))
                part.present.add((self._at, token))
                part.heard = part.heard or not answered
            self._length += token not in v.VEL
            self._beginning = hash((self._beginning, token))
            self._bar.add(self._beginning)

    def copy(self) -> Returning:
        """The same, which goes its own way from here; bars that are over are shared."""
        other = copy(self)
        other._bars, other._bar = self._bars.copy(), self._bar.copy()
        other._parts = {instrument: part.copy() for instrument, part in self._parts.items()}
        return other

    def _end_bar(self) -> None:
        self._bars.append(self._bar)
        self._bar, self._beginning, self._length = set(), 0, 0
        self._position = self._instrument = -1
        for part in self._parts.values():
            part.end_bar()

    @property
    def again(self) -> bool:
        """Whether an earlier bar began as the present one, which is not too short."""
        return self._length >= LEAST_TOKENS and any(self._beginning in bar for bar in self._bars)

    def tired(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same logits [V], but lower for the notes by which the present part would go on as before."""
        part = self._parts.get(self._instrument)
        if part is None or not (times := self._times(part)) or not (repeats := part.repeats(self._at)):
            return logits
        tired = logits.copy()
        tired[repeats] += min(times, MOST_TIRED) * log(TIRING)
        return tired

    def _times(self, part: Part) -> int:
        """How often too many its last bar has come; who was not heard may go on like anybody who was."""
        usual = part.usual or max(1, *(each.usual for each in self._parts.values()))
        return max(0, part.run - usual)

    @property
    def _at(self) -> int:
        """Where in the bar, as bars are compared."""
        return self._position if self._instrument == v.DRUMS else ANYWHERE
