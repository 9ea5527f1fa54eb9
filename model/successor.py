"""A network that reads a conversation beside the one that plays it, and then goes on in its place."""

from __future__ import annotations

from collections.abc import Sequence

from meloformer.model import vocabulary as v
from meloformer.model.listener import Bookmark, Listener, Weights, in_common

# It reads so many of the last bars: no network sees the notes of bars even half as far back, and it is to be
# ready as soon in a long evening as in a short one.
MOST_BARS = 64
_OPENERS = (v.BOS, v.FUTURE, v.PRESENT)  # they stand in the bar that follows


class Successor:
    """Follows a conversation, given as its tokens, and can go back to every bar line that it has read."""

    def __init__(self, network: Weights) -> None:
        self.network = network
        self.listener = Listener(network)
        self._tokens: list[int] = []
        self._read = 0  # how many of them
        self._marks: dict[int, Bookmark] = {}  # by how many had been read

    def missing(self, tokens: Sequence[int]) -> int:
        """How many tokens there are to read until it stands at the end of these."""
        return len(tokens) - min(self._read, self._common(tokens))

    def read(self, tokens: Sequence[int]) -> None:
        """Read up to the end of this conversation; what it has read of another one is forgotten."""
        common = self._common(tokens)
        self._tokens = list(tokens)
        # a mark is where a bar has ended: there, too, a bar line must follow
        self._marks = {count: mark for count, mark in self._marks.items() if count < max(common, 1)}
        if not self._go_back(min(common, self._read)):
            self._begin()
        self._read_to(len(tokens))

    def bookmark_like(self, other: Bookmark, count: int) -> Bookmark | None:
        """The place after the first `count` tokens, where another network has this bookmark.

        None where its own reading began later.
        """
        if other.last is None and count in self._marks:
            return self._marks[count]
        if not self._go_back(count - 1):
            return None
        self._read_to(count)
        return self.listener.bookmark()

    def _common(self, tokens: Sequence[int]) -> int:
        """How many tokens from the beginning on are the same here and there."""
        if self._tokens == list(tokens[: len(self._tokens)]):
            return len(self._tokens)
        return in_common(self._tokens, tokens)

    def _go_back(self, count: int) -> bool:
        """To the last bar line within the first `count` tokens, unless it stands between the two already."""
        at = max((mark for mark in self._marks if mark <= count), default=None)
        if at is not None and not at <= self._read <= count:
            self.listener.go_back(self._marks[at])
            self._read = at
        return at is not None

    def _begin(self) -> None:
        """Where a conversation is long, with its last bars, as if it began there."""
        lines = [at for at, token in enumerate(self._tokens) if token == v.BAR]
        before = list[int]()
        self._read = 0
        if len(lines) > MOST_BARS:
            self._read = lines[-MOST_BARS]
            before = [v.BOS]
            if self._tokens[self._read + 1] not in v.NUM:
                before += [v.BAR, *_meter(self._tokens[: self._read])]
                self._read += 1
        self.listener = Listener(self.network)
        self.listener.read(before)
        self._marks = {self._read: self.listener.bookmark()}

    def _read_to(self, stop: int) -> None:
        start = self._read
        for at in range(start + 1, stop):
            if self._tokens[at] == v.BAR and self._tokens[at - 1] not in _OPENERS:
                self.listener.read(self._tokens[start:at])
                self.listener.end_bar()
                self._marks[at] = self.listener.bookmark()
                start = at
        self.listener.read(self._tokens[start:stop])
        self._read = stop


def _meter(tokens: Sequence[int]) -> tuple[int, int]:
    """The tokens of the meter that holds at the end of these."""
    at = max(at for at, token in enumerate(tokens) if token in v.NUM)
    return tokens[at], tokens[at + 1]
