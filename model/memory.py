"""What was played, remembered exactly: what came next the last time?

The longest stretch up to now that has been there before is looked up twice: as it is, and as steps from pitch
to pitch, so that a phrase is known again in another key; and each part is asked how its own line went on
(figures.py). What came after it is mixed into the model's choice; how much of it depends on how long the
stretch is. The shares are fitted on held-out music (`meloformer bench memory`). Infini-gram (Liu et al. 2024)
does the same with a suffix array.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Mapping
from copy import copy
from typing import ClassVar, Final

from meloformer.model import vocabulary as v
from meloformer.model.automaton import Automaton
from meloformer.model.figures import Figures
from meloformer.model.sampling import Allowed, Chances

FADING_AT_ONCE: Final = 8  # states of what is forgotten; all at once would take tens of milliseconds
MOST_TOKENS: Final = 32_768  # remembered at most, and half of them at least: some 300 full bars
# Of a stretch, in tokens; each begins a class. Shorter ones come back by chance: mixed in, they brought notes
# of anywhere, and the groove was lost.
LENGTHS: Final = (12, 16, 24, 32, 48, 64)
# How much of the chance goes to what is remembered, by the class of its length; the first: shorter ones.
MOVED_SHARES: Final = (0.0, 0.73, 0.83, 0.89, 0.89, 0.94, 0.97)
EXACT_SHARES: Final = (0.0, 0.40, 0.40, 0.40, 0.34, 0.42, 0.42)

TOKENS_A_NOTE: Final = 4  # or so

_WIDEST: Final = 127  # semitones
_ON_STEPS: Final = v.SIZE + _WIDEST  # the symbol of a note on at the pitch before it
_OFF_STEPS: Final = _ON_STEPS + 2 * _WIDEST + 1
_FIRST_PITCH: Final = 60  # what the first step is counted from


class Exact:
    """Tokens as they are."""

    def symbol(self, token: int) -> int:
        """What a token is called; it has been said then."""
        return token

    def token(self, symbol: int) -> int | None:
        """The token that a symbol would be now, None where there is none."""
        return symbol


class Moved:
    """Pitches as steps from the pitch before, of whatever part; everything else as it is."""

    def __init__(self) -> None:
        self._pitch = _FIRST_PITCH

    def symbol(self, token: int) -> int:
        for row, zero in ((v.ON, _ON_STEPS), (v.OFF, _OFF_STEPS)):
            if token in row:
                before, self._pitch = self._pitch, token - row.start
                return zero + self._pitch - before
        return token

    def token(self, symbol: int) -> int | None:
        for row, zero in ((v.ON, _ON_STEPS), (v.OFF, _OFF_STEPS)):
            if abs(symbol - zero) <= _WIDEST:
                pitch = self._pitch + symbol - zero
                return row.id(pitch) if 0 <= pitch < row.size else None
        return symbol


class Recall:
    """All that was played as one automaton, in one way of telling it.

    When it holds half of what it may, a younger automaton begins beside it, which takes its place when it is
    full: so it forgets without a moment in which it has to begin anew.
    """

    choice: ClassVar = slice(0, v.SIZE)  # the tokens between which it has a say: all

    def __init__(self, telling: Exact | Moved, shares: tuple[float, ...], most: int = MOST_TOKENS) -> None:
        self.shares = shares
        self._telling = self._learnt_telling = telling
        self._most = most
        self._automaton, self._younger, self._fading = Automaton(), Automaton(), Automaton()

    def push(self, token: int) -> None:
        """Learn a token."""
        symbol = self._telling.symbol(token)
        self._learnt_telling = copy(self._telling)
        self._automaton.push(symbol)
        if len(self._automaton) > self._most // 2:
            self._younger.push(symbol)
        if len(self._automaton) == self._most:
            self._fading = self._automaton
            self._automaton, self._younger = self._younger, Automaton()
        self._fading.fade(FADING_AT_ONCE)

    def follow(self, token: int) -> None:
        """Walk on along a token without learning it."""
        self._automaton.follow(self._telling.symbol(token))

    def rewind(self) -> None:
        """Back to the last token that was learnt."""
        self._telling = copy(self._learnt_telling)
        self._automaton.rewind()

    @property
    def length_class(self) -> int:
        """The class of how many of the last tokens have been there before, in this order."""
        return bisect_right(LENGTHS, self._automaton.matched)

    @property
    def share(self) -> float:
        """How much of the chance its expectation gets, 0 to 1."""
        return self.shares[self.length_class]

    @property
    def context(self) -> int:
        """What was known again."""
        return self._automaton.state

    def expected(self) -> Mapping[int, int]:
        """The tokens that came after them, and how often."""
        followers = ((self._telling.token(symbol), count) for symbol, count in self._automaton.followers())
        return {token: count for token, count in followers if token is not None}


class Memory:
    """All that was played, `most` tokens of it, mixed into what comes next."""

    def __init__(self, most: int = MOST_TOKENS) -> None:
        # The surer one comes later: it has more of the choice.
        self.recalls: tuple[Figures | Recall, ...] = (
            Figures(most // TOKENS_A_NOTE),
            Recall(Moved(), MOVED_SHARES, most),
            Recall(Exact(), EXACT_SHARES, most),
        )
        # From where each was followed since the last token that was learnt. It leads from there but once:
        # else a heard bar would come back for ever.
        self._followed: set[tuple[int, Hashable]] = set()

    def push(self, token: int) -> None:
        """Learn a token."""
        self._followed.clear()
        for recall in self.recalls:
            recall.push(token)

    def follow(self, token: int) -> None:
        """Walk on along a token without learning it: what came next after such a stretch?"""
        for index, recall in enumerate(self.recalls):
            if token in recall.expected():
                self._followed.add((index, recall.context))
            recall.follow(token)

    def rewind(self) -> None:
        """Back to the last token that was learnt."""
        self._followed.clear()
        for recall in self.recalls:
            recall.rewind()

    def mixed(self, chances: Chances, allowed: Allowed, strength: float) -> Chances:
        """Chances [V] of a model with what is remembered mixed in, 0 outside `allowed`; they sum to one.

        What the model itself leaves no chance stays without one: in another key a figure may lie off every
        instrument's ground. A figure chooses between pitches, a stretch of all parts between tokens.
        `strength` 0 to 1: 0 leaves the chances as they are, at 1 the memory has its full share.
        """
        possible = allowed & (chances > 0)
        for index, recall in enumerate(self.recalls):
            if (index, recall.context) not in self._followed:
                chances = _led(chances, recall, strength * recall.share, possible)
        return chances


def _led(chances: Chances, recall: Figures | Recall, share: float, possible: Allowed) -> Chances:
    """Chances [V] where `share` of its choice goes to what a recall expects, as far as that is possible."""
    expected = {token: count for token, count in recall.expected().items() if possible[token]}
    total = sum(expected.values())
    if not share or not total:
        return chances
    led, at_stake = chances.copy(), chances[recall.choice].sum()
    led[recall.choice] *= 1 - share
    for token, count in expected.items():
        led[token] += share * at_stake * count / total
    return led
