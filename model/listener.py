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


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a listener stood after some token; `last` is None where a bar has ended."""

    reader: Any
    placer: Placer
    last: Place | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """Tokens that were read before they came, and the place before them."""

    tokens: tuple[int, ...]
    mark: Bookmark


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
        ahead = self._ahead
        if ahead is not None and tuple(tokens[: len(ahead.tokens)]) == ahead.tokens:
            self._ahead, tokens = None, tokens[len(ahead.tokens) :]
        if tokens:
            self._take_back()
            self._read(tokens)

    def read_ahead(self, tokens: Sequence[int]) -> None:
        """Read what will probably come next; nothing else changes for whoever asks."""
        if self._ahead is None or self._ahead.tokens != tuple(tokens):
            mark = self.bookmark()
            self._read(tokens)
            self._ahead = Ahead(tuple(tokens), mark)

    def _take_back(self) -> None:
        """Forget what was read ahead."""
        if self._ahead is not None:
            self.go_back(self._ahead.mark)

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
