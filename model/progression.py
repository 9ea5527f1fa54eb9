"""Which chord the next bar stands on: what the network expects, more surely than it chooses notes."""

from __future__ import annotations

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

# Of the temperature of notes, for the first answered bars and for all after them. Chords chosen at their full
# temperature were heard before in 54 % of bars, in real music 66 %; at 0.5 for ever, two of them alternate.
SURELY: Final = 0.5
LATER: Final = 0.75
SOON: Final = 8  # bars
TIRING: Final = 0.3  # of its odds are left to a chord that is kept, for each bar too many

SILENCE: Final = v.CHORD.id(v.NO_CHORD)  # or drums alone: chosen unheard, it ended the music
UNKNOWN: Final = v.CHORD.id(v.UNKNOWN_CHORD)

_IS_CHORD: Final = np.isin(np.arange(v.SIZE), np.arange(v.CHORD.start, v.CHORD.stop))


class Progression:
    """The chords of a conversation's bars, up to now."""

    def __init__(self) -> None:
        self._last: int | None = None  # a token
        self._run = 0  # for so many bars it has been kept
        self._usual = 1  # no chord was heard to be kept for longer
        self._heard = set[int]()
        self._since = 0  # answered bars, since one was heard

    def take(self, tokens: Iterable[int], answered: bool) -> None:
        """So the conversation goes on."""
        for token in tokens:
            if token in v.CHORD:
                self._run = self._run + 1 if token == self._last else 1
                self._last = token
                self._since = self._since + 1 if answered else 0
                if not answered:
                    self._usual = max(self._usual, self._run)
                    self._heard.add(token)

    def copy(self) -> Progression:
        """The same, which goes its own way from here."""
        other = copy(self)
        other._heard = self._heard.copy()
        return other

    def expected(
        self, logits: NDArray[np.float32], sampling: Sampling, scale: Sequence[int] | None = None
    ) -> Chances:
        """The chances [V] of the next chord, by a network's logits [V]; it lies in the scale (pitch classes).

        A bar without pitches comes only after one was heard. Whether the harmony moves is chosen as notes
        are, and the more readily the longer it has not; where it moves to, more surely, above all at first.
        """
        uncut, allowed, last = sampling.uncut(), _IS_CHORD & _lies_in(scale), self._last
        allowed[SILENCE] = SILENCE in self._heard or not self._is_pitched
        plain = distribution(self._tired(logits), allowed, uncut)
        if last is None or not allowed[last] or sampling.temperature == 0:
            return plain
        allowed[last] = False
        if not allowed.any():
            return plain
        surely = SURELY if self._since < SOON else LATER
        surer = distribution(logits, allowed, replace(uncut, temperature=surely * sampling.temperature))
        surer *= 1 - plain[last]
        surer[last] = plain[last]
        return surer

    @property
    def is_on_chord(self) -> bool:
        """The present bar stands on a chord, so that something sounds in it."""
        return self._last is not None and self._last != SILENCE

    @property
    def _is_pitched(self) -> bool:
        """There was more to be heard than drums."""
        return bool(self._heard - {SILENCE})

    def _tired(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same logits [V], but lower for a chord that is kept for longer than any was heard to be."""
        if self._last in (None, UNKNOWN) or (self._last == SILENCE and not self._is_pitched):
            return logits
        tired = logits.copy()
        tired[self._last] += max(0, self._run - self._usual) * log(TIRING)
        return tired


def _lies_in(scale: Sequence[int] | None) -> NDArray[np.bool_]:
    """[V] False for chords with a tone outside the scale."""
    lies = np.ones(v.SIZE, np.bool_)
    if scale is not None:
        outside = np.delete(np.arange(12), list(scale))
        lies[v.CHORD.start : v.CHORD.start + len(TEMPLATES)] = ~TEMPLATES[:, outside].any(1)
    return lies
