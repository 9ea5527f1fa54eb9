"""The last bar once more: a model that expects each bar to go on as the bar before it did.

It is a proper model over the same tokens: the token that the last bar had at this place gets a share of the
chance, an n-gram the rest. How large the share is depends on what kind of token it would be and on how many
in a row have been copied rightly; the shares are fitted on training pieces by expectation maximisation.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.training.ngram import Chances, Ngram, Tokens

NOTHING = -1  # what is copied in the first bar
STREAKS = (1, 2, 4, 8, 16)  # so many right copies in a row make a class
ROUNDS = 20  # of fitting; the shares stand still long before
KINDS = np.array([index for index, row in enumerate(v.TABLE.values()) for _ in range(row.size)])

Ints = NDArray[np.int64]


class Pointer:
    """A place in the last bar that follows along while the present bar is told."""

    def __init__(self) -> None:
        self.streak = 0  # right copies in a row
        self._last: list[int] = []  # what the last bar said after its BAR, the next BAR included
        self._positions: list[int] = []  # where in it the moments begin, and its end
        self._present: list[int] | None = None  # what the present bar has said after its BAR
        self._at = 0

    @property
    def expected(self) -> int:
        """The token that the last bar would say now."""
        return self._last[self._at] if self._last else NOTHING

    def push(self, token: int) -> None:
        """The token that was said."""
        right = token == self.expected
        self.streak = self.streak + 1 if right else 0
        if self._present is not None:
            self._present.append(token)
        if token == v.BAR:
            self._begin_bar()
        elif right:
            self._at += 1
        elif self._last:
            self._find(token)

    def _begin_bar(self) -> None:
        """The bar that has ended becomes the last one; its meter would not be told again."""
        self._last, self._present = self._present or [], []
        self._positions = [at for at, token in enumerate(self._last) if token in v.POS or token == v.BAR]
        self._at = self._positions[0] if self._last else 0

    def _find(self, token: int) -> None:
        """Catch up after a wrong copy: at the same place in the bar, or behind the same token."""
        if token in v.POS:
            places = [self._last[at] for at in self._positions[:-1]]
            self._at = self._positions[bisect_left(places, token)]
            self._at += self._last[self._at] == token
            return
        end = self._positions[bisect_left(self._positions, self._at)]
        if token in self._last[self._at : end]:
            self._at = self._last.index(token, self._at) + 1
        elif self._at < end and KINDS[token] == KINDS[self.expected]:
            self._at += 1  # another pitch or velocity in its place


@dataclass(frozen=True, slots=True)
class Copies:
    """For each token of a document but the first: what is expected, and the class of that expectation."""

    expected: Ints
    classes: Ints


def copies(tokens: Sequence[int]) -> Copies:
    pointer = Pointer()
    pointer.push(tokens[0])
    expected, streaks = [], []
    for token in tokens[1:]:
        expected.append(pointer.expected)
        streaks.append(pointer.streak)
        pointer.push(token)
    kinds = KINDS[np.maximum(expected, 0)]
    return Copies(np.array(expected), kinds * (len(STREAKS) + 1) + np.searchsorted(STREAKS, streaks, "right"))


@dataclass(frozen=True, slots=True)
class Copying:
    """`shares` holds, for each class, how much chance the copy gets; `otherwise` has the rest."""

    shares: Chances
    otherwise: Ngram

    def surprise(self, tokens: Tokens) -> Chances:
        """Bits of each token of a document but the first, given those before it."""
        return -np.log2(self.chances(tokens, tokens[1:]))

    def chances(self, tokens: Tokens, said: Tokens) -> Chances:
        """The chance that `said` [n - 1] stands where a document [n] has its tokens after the first."""
        found = copies(tokens.tolist())
        right = found.expected == said
        shares = np.where(found.expected == NOTHING, 0.0, self.shares[found.classes])
        chances: Chances = shares * right + (1 - shares) * self.otherwise.chances(tokens, said)
        return chances


def fit_copying(documents: Iterable[Tokens], otherwise: Ngram) -> Copying:
    """The shares under which these documents are likeliest."""
    gathered: list[tuple[NDArray[np.bool_], Ints, Chances]] = []
    for tokens in documents:
        said, found = tokens[1:], copies(tokens.tolist())
        kept = found.expected != NOTHING
        right = found.expected == said
        gathered.append((right[kept], found.classes[kept], otherwise.chances(tokens, said)[kept]))
    right, classes, chances = (np.concatenate(parts) for parts in zip(*gathered, strict=True))
    return Copying(fitted(right, classes, chances, len(v.TABLE) * (len(STREAKS) + 1)), otherwise)


def fitted(copied: Chances, classes: Ints, chances: Chances, size: int) -> Chances:
    """The share of a copy for each of `size` classes, by expectation maximisation.

    `copied` and `chances` are those of each token by the copy and otherwise. A class's share becomes how
    often the copy explains a token.
    """
    shares = np.full(size, 0.5)
    total = np.maximum(np.bincount(classes, minlength=size), 1)
    for _ in range(ROUNDS):
        by_copy = shares[classes] * copied
        explained = by_copy / (by_copy + (1 - shares[classes]) * chances)
        shares = np.bincount(classes, weights=explained, minlength=size) / total
    return shares
