"""Which chord the next bar stands on: what the network expects, more surely than it chooses notes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.model.chords import TEMPLATES
from meloformer.model.sampling import Chances, Sampling, distribution

# Of the temperature of notes; at the whole of it chords were heard before in 54 % of bars, in real music 66.
SURELY: Final = 0.6
# Chords that come back every bar (a chord that is kept) or every two to four: in real music hardly for longer
# than once as a whole. Of the odds of the chord that goes on with it so much is left, for each bar too many.
PERIODS: Final = (1, 2, 3, 4)
TIRING: Final = 0.3

SILENCE: Final = v.CHORD.id(v.NO_CHORD)  # or drums alone: chosen unheard, it ended the music
UNKNOWN: Final = v.CHORD.id(v.UNKNOWN_CHORD)

_IS_CHORD: Final = np.isin(np.arange(v.SIZE), np.arange(v.CHORD.start, v.CHORD.stop))


class Progression:
    """The chords of a conversation's bars, up to now."""

    def __init__(self) -> None:
        self._latest = deque[int](maxlen=PERIODS[-1])  # tokens
        self._runs = dict.fromkeys(PERIODS, 0)  # for so many bars each chord has been that of so many before
        self._usual = dict.fromkeys(PERIODS, 0)  # for no longer it was heard to be
        self._heard = set[int]()

    def take(self, tokens: Iterable[int], answered: bool) -> None:
        """So the conversation goes on."""
        for token in tokens:
            if token in v.CHORD:
                for period in PERIODS:
                    returns = self._before(period) == token
                    self._runs[period] = self._runs[period] + 1 if returns else 0
                self._latest.append(token)
                if not answered:
                    self._usual = {each: max(self._usual[each], self._runs[each]) for each in PERIODS}
                    self._heard.add(token)

    def copy(self) -> Progression:
        """The same, which goes its own way from here."""
        other = copy(self)
        other._latest, other._runs = self._latest.copy(), self._runs.copy()
        other._heard = self._heard.copy()
        return other

    def expected(
        self, logits: NDArray[np.float32], sampling: Sampling, scale: Sequence[int] | None = None
    ) -> Chances:
        """The chances [V] of the next chord, by a network's logits [V]; it lies in the scale (pitch classes).

        A bar without pitches comes only after one was heard. Whether the harmony moves is chosen as notes
        are, where it moves to more surely, and of what comes back again and again it tires.
        """
        uncut, allowed, last = sampling.uncut(), _IS_CHORD & _lies_in(scale), self._before(1)
        allowed[SILENCE] = SILENCE in self._heard or not self._is_pitched
        tired = self._tired(logits)
        plain = distribution(tired, allowed, uncut)
        if last is None or not allowed[last] or sampling.temperature == 0:
            return plain
        allowed[last] = False
        if not allowed.any():
            return plain
        surer = distribution(tired, allowed, replace(uncut, temperature=SURELY * sampling.temperature))
        surer *= 1 - plain[last]
        surer[last] = plain[last]
        return surer

    @property
    def is_on_chord(self) -> bool:
        """The present bar stands on a chord, so that something sounds in it."""
        return self._before(1) not in (None, SILENCE)

    @property
    def _is_pitched(self) -> bool:
        """There was more to be heard than drums."""
        return bool(self._heard - {SILENCE})

    def _before(self, bars: int) -> int | None:
        """The chord of so many bars before the next one."""
        return self._latest[-bars] if len(self._latest) >= bars else None

    def _tired(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same logits [V], but lower for chords that come back for longer than any were heard to."""
        tired = logits.copy()
        for period in PERIODS:
            times = self._runs[period] - self._usual[period] - (period - 1)
            chord = self._before(period)
            if chord is not None and times > 0 and self._is_tiring(chord):
                tired[chord] = min(tired[chord], logits[chord] + times * log(TIRING))
        return tired

    def _is_tiring(self, chord: int) -> bool:
        """It is the chord of pitches, which one hears to come back."""
        return chord != UNKNOWN and (chord != SILENCE or self._is_pitched)


def _lies_in(scale: Sequence[int] | None) -> NDArray[np.bool_]:
    """[V] False for chords with a tone outside the scale."""
    lies = np.ones(v.SIZE, np.bool_)
    if scale is not None:
        outside = np.delete(np.arange(12), list(scale))
        lies[v.CHORD.start : v.CHORD.start + len(TEMPLATES)] = ~TEMPLATES[:, outside].any(1)
    return lies
