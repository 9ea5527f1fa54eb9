"""A 5-gram over the same tokens as the model's: what counting alone can know.

Interpolated Kneser-Ney with three discounts (Chen and Goodman 1998, "modified Kneser-Ney"). The longest
contexts count how often a token followed, shorter ones in how many different longer contexts it did.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from meloformer.model import vocabulary as v

ORDER = 5
TOKEN_BITS = 11  # five tokens fit one 64-bit key, the latest in the lowest bits
LEAST_AT_ONCE = 1 << 22  # n-grams that are gathered before they are counted
USUAL_DISCOUNT = 0.75  # where there is too little to estimate one from

assert v.SIZE <= 1 << TOKEN_BITS

Tokens = NDArray[np.uint16]
Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
Chances = NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)


@dataclass(frozen=True, slots=True)
class Level:
    """All n-grams of one length: sorted keys, in which a context is a span, and running sums over them."""

    keys: Keys
    counted: Counts  # [keys + 1], how much the keys before have been counted
    discounted: Chances  # [keys + 1], how much was taken off them for what was never seen
    discounts: Chances  # what is taken off a count of 0, 1, 2, and 3 or more

    @classmethod
    def of(cls, keys: Keys, counts: Counts) -> Level:
        discounts = estimated_discounts(counts)
        taken = discounts[np.minimum(counts, 3)]
        return cls(keys, _running_sum(counts), _running_sum(taken), discounts)

    def chances(self, contexts: Keys, tokens: Keys, shorter: Chances) -> Chances:
        """The chance of each token after its context, given its chance after the `shorter` context."""
        first, stop = self._span(contexts)
        at, end = self._span((contexts << np.uint64(TOKEN_BITS)) | tokens, width=0)
        total = self.counted[stop] - self.counted[first]
        count = self.counted[end] - self.counted[at]
        kept = count - self.discounts[np.minimum(count, 3)]
        passed_on = (self.discounted[stop] - self.discounted[first]) * shorter
        return np.where(total > 0, (kept + passed_on) / np.maximum(total, 1), shorter)

    def _span(self, prefixes: Keys, width: int = TOKEN_BITS) -> tuple[Counts, Counts]:
        """Where the keys lie that begin with a prefix and go on for `width` bits."""
        low = prefixes << np.uint64(width)
        high = (prefixes + np.uint64(1)) << np.uint64(width)
        return np.searchsorted(self.keys, low), np.searchsorted(self.keys, high)


@dataclass(frozen=True, slots=True)
class Ngram:
    """Levels from single tokens up to the longest n-grams; below them every token has the same chance."""

    levels: tuple[Level, ...]

    def surprise(self, tokens: Tokens) -> Chances:
        """Bits of each token of a document but the first, given those before it."""
        return -np.log2(self.chances(tokens, tokens[1:]))

    def chances(self, tokens: Tokens, said: Tokens) -> Chances:
        """The chance that `said` [n - 1] stands where a document [n] has its tokens after the first."""
        return self.chances_after(packed(tokens, len(self.levels) - 1)[:-1], said)

    def chances_after(self, contexts: Keys, said: Tokens) -> Chances:
        """The chance of each token after its context, the packed tokens before it."""
        chances = np.full(len(said), 1 / v.SIZE)
        for order, level in enumerate(self.levels):
            chances = level.chances(latest(contexts, order), said.astype(np.uint64), chances)
        return chances


def count_ngrams(documents: Iterable[Tokens], order: int = ORDER) -> Ngram:
    """An n-gram model of documents; it takes about 24 bytes for each distinct n-gram."""
    keys, counts = _counted(documents, order)
    levels = [Level.of(keys, counts)]
    for shorter in range(order - 1, 0, -1):
        keys, counts = distinct(latest(keys, shorter))
        levels.append(Level.of(keys, counts))
    return Ngram(tuple(reversed(levels)))


def _counted(documents: Iterable[Tokens], order: int) -> tuple[Keys, Counts]:
    """Every n-gram of the documents once, and how often it stands there; some at a time, to save memory."""
    keys, counts = np.empty(0, np.uint64), np.empty(0, np.int64)
    waiting: list[Keys] = []
    for document in documents:
        waiting.append(packed(document, order)[1:])
        if sum(map(len, waiting)) > max(LEAST_AT_ONCE, len(keys)):
            keys, counts = _merged(keys, counts, waiting)
            waiting = []
    return _merged(keys, counts, waiting)


def _merged(keys: Keys, counts: Counts, more: list[Keys]) -> tuple[Keys, Counts]:
    new_keys, new_counts = distinct(np.concatenate([np.empty(0, np.uint64), *more]))
    both = np.concatenate([keys, new_keys])
    order = np.argsort(both, kind="stable")  # two sorted runs: merging them is what this kind does best
    both, summed = both[order], np.concatenate([counts, new_counts])[order]
    starts = _starts(both)
    return both[starts], np.add.reduceat(summed, starts) if len(starts) else summed


def packed(tokens: Tokens, order: int) -> Keys:
    """At each token, it and the `order - 1` before it as one key; before the first there is PAD."""
    keys = np.zeros(len(tokens), dtype=np.uint64)
    for back in range(min(order, len(tokens))):
        keys[back:] |= tokens[: len(tokens) - back].astype(np.uint64) << np.uint64(TOKEN_BITS * back)
    return keys


def latest(keys: Keys, order: int) -> Keys:
    """The same keys without all but their latest `order` tokens."""
    return keys & np.uint64((1 << TOKEN_BITS * order) - 1)


def distinct(keys: Keys) -> tuple[Keys, Counts]:
    """Each of some keys once, sorted, and how often it is there."""
    keys = np.sort(keys)
    starts = _starts(keys)
    return keys[starts], np.diff(starts, append=len(keys))


def _starts(keys: Keys) -> Counts:
    """Where in sorted keys a new one begins."""
    return np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])


def estimated_discounts(counts: Counts) -> Chances:
    """What to take off counts of 0, 1, 2 and 3 or more, from how many of each there are up to 4."""
    ones, twos, threes, fours = (int((counts == n).sum()) for n in (1, 2, 3, 4))
    if not (ones and twos and threes and fours):
        return np.array([0.0, USUAL_DISCOUNT, USUAL_DISCOUNT, USUAL_DISCOUNT])
    share = ones / (ones + 2 * twos)
    estimates = [1 - 2 * share * twos / ones, 2 - 3 * share * threes / twos, 3 - 4 * share * fours / threes]
    return np.array([0.0, *(min(max(one, 0.1), n) for n, one in enumerate(estimates, 1))])


def _running_sum(numbers: NDArray[Number]) -> NDArray[Number]:
    return np.concatenate([np.zeros(1, numbers.dtype), np.cumsum(numbers)])
