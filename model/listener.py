"""A network that reads one stream, token by token or bar by bar, with a compact cache.

What it gives after any token equals the full forward over the same stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Union

import numpy as np
from numpy.typing import NDArray

from meloformer.model.array_reader import ArrayReader
from meloformer.model.arrays import Arrays
from meloformer.model.layout import Place, Placer

if TYPE_CHECKING:
    from meloformer.model.network import Network

Weights = Union["Network", Arrays]


class Reader(Protocol):
    """What reads one stream through a network: one bar is begun, read and ended before the next begins."""

    def begin_bar(self, place: Place) -> None:
        """Gather what a bar at this place can see."""

    def read(self, tokens: Sequence[int], places: Sequence[Place]) -> None:
        """Take tokens of the present bar, each seeing all before it."""

    def end_bar(self, place: Place) -> None:
        """Keep of the present bar what later bars see: its tokens and its summary."""

    def logits(self) -> NDArray[np.float32]:
        """[V] after the last token read."""

    def all_logits(self) -> NDArray[np.float32]:
        """[n, V] after each token of the last `read`."""

    def bookmark(self) -> Any:
        """What to hand to `go_back` later; it does not change when more is read."""

    def go_back(self, mark: Any) -> None:
        """Forget what was read after the bookmark."""

    def drop(self, count: int) -> None:
        """Forget the last `count` tokens of the present bar; read on before asking for logits."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a listener stood after some token; `last` is None where a bar has ended."""

    reader: Any
    placer: Placer
    last: Place | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """Tokens that were read before they came: the place before them, and that after the first bar of them."""

    tokens: tuple[int, ...]
    before: Bookmark
    in_bar: int
    after_bar: Bookmark


class Listener:
    """Reads tokens and tells how likely each next one is. `gap`: see layout.Placer."""

    def __init__(self, network: Weights, gap: int = 0) -> None:
        self.network = network
        self._reader = _reader(network, in_order=gap == 0)
        self._placer = Placer(gap)
        self._last: Place | None = None
        self._ahead: Ahead | None = None

    def read(self, tokens: Sequence[int]) -> None:
        """Take tokens into the cache; what was read ahead, and does come, is not read again."""
        if tokens:
            self._read(tokens[self._rejoin(tokens) :])

    def read_ahead(self, tokens: Sequence[int]) -> None:
        """Read what will probably come next; nothing else changes for whoever asks."""
        old = self._ahead
        if old is not None and old.tokens == tuple(tokens):
            return
        before = old.before if old else self.bookmark()
        read, in_bar = self._rejoin(tokens), _in_first_bar(tokens, copy(before.placer))
        if old is None or read < in_bar:
            self._read(tokens[read:in_bar])
            read, after_bar = in_bar, self.bookmark()
        else:
            after_bar = old.after_bar
        self._read(tokens[read:])
        self._ahead = Ahead(tuple(tokens), before, in_bar, after_bar)

    def _rejoin(self, tokens: Sequence[int]) -> int:
        """Stand where these tokens part from what was read ahead; so many of them are read.

        A bar that has grown since is read again only from where it changed.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return 0
        common = in_common(ahead.tokens, tokens)
        if common == len(ahead.tokens):
            return common
        kept = min(common, ahead.in_bar, len(tokens) - 1)
        self.go_back(ahead.after_bar if kept else ahead.before)
        if kept:
            self._reader.drop(ahead.in_bar - kept)
            self._placer = copy(ahead.before.placer)
            self._last = [self._placer.push(token) for token in tokens[:kept]][-1]
        return kept

    def _take_back(self) -> None:
        """Forget what was read ahead."""
        if self._ahead is not None:
            self.go_back(self._ahead.before)

    def surprises(self, tokens: Sequence[int]) -> Iterator[float]:
        """Take tokens bar by bar, and tell by how many nats each surprised; not the very first token."""
        self._take_back()
        for stretch, places in self._stretches(tokens):
            first = self._reader.logits()
            self._read_stretch(stretch, places)
            yield _nats(np.vstack([first, self._reader.all_logits()[:-1]]), stretch)

    def _read(self, tokens: Sequence[int]) -> None:
        for stretch, places in self._stretches(tokens):
            self._read_stretch(stretch, places)

    def _stretches(self, tokens: Sequence[int]) -> Iterator[tuple[Sequence[int], Sequence[Place]]]:
        """The tokens of one bar at a time, with their places."""
        places = [self._placer.push(token) for token in tokens]
        start = 0
        for stop in range(1, len(tokens) + 1):
            if stop == len(tokens) or places[stop].segment != places[start].segment:
                yield tokens[start:stop], places[start:stop]
                start = stop

    def end_bar(self) -> None:
        """The present bar is over: a bookmark holds no more of it than what later bars see."""
        self._take_back()
        self._end_bar()

    def _end_bar(self) -> None:
        if self._last is not None:
            self._reader.end_bar(self._last)
            self._last = None

    def logits(self) -> NDArray[np.float32]:
        """[V] after the last token read."""
        self._take_back()
        return self._reader.logits()

    def bookmark(self) -> Bookmark:
        """The place after the last token read."""
        self._take_back()
        return Bookmark(self._reader.bookmark(), copy(self._placer), self._last)

    def go_back(self, mark: Bookmark) -> None:
        """Forget every token read after the bookmark, which may be used again."""
        self._ahead = None
        self._reader.go_back(mark.reader)
        self._placer, self._last = copy(mark.placer), mark.last

    def _read_stretch(self, tokens: Sequence[int], places: Sequence[Place]) -> None:
        if self._last is None or places[0].segment != self._last.segment:
            self._end_bar()
            self._reader.begin_bar(places[0])
        self._reader.read(tokens, places)
        self._last = places[-1]


def in_common(some: Sequence[int], others: Sequence[int]) -> int:
    """With so many tokens both begin."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(some), len(others)))


def _in_first_bar(tokens: Sequence[int], placer: Placer) -> int:
    """So many of the tokens, told from there on, stand in one bar with the first of them."""
    segments = [placer.push(token).segment for token in tokens]
    return segments.count(segments[0])


def _nats(logits_nV: NDArray[np.float32], tokens: Sequence[int]) -> float:
    """-log of the probability of these tokens, each by its row."""
    most_n1 = logits_nV.max(axis=-1, keepdims=True)
    shares_n = most_n1[:, 0] + np.log(np.exp(logits_nV - most_n1).sum(axis=-1))
    return float((shares_n - logits_nV[np.arange(len(tokens)), tokens]).sum())


def _reader(network: Weights, in_order: bool) -> Reader:
    if isinstance(network, Arrays):
        return ArrayReader(network, in_order)
    from meloformer.model.cache import TorchReader  # only here: who plays with arrays never waits for torch

    return TorchReader(network, in_order)
