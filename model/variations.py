"""Several answers to the same music, from one point of a conversation, of which one may be chosen."""

from __future__ import annotations

from collections.abc import Generator

from meloformer.model.events import Event
from meloformer.model.performer import Performer


class Variations:
    """Answers that begin where the performer stands now; until `leave`, nothing else is heard or answered."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer
        self._point = performer.point()
        self._answers: dict[str, tuple[int, ...]] = {}
        self._chosen = False

    def answer(self, name: str, bars: int) -> Generator[Event, None, None]:
        """One more, by dice of its own; when it is complete, it can be chosen by its name."""
        self._go_back()
        self._performer.throw(len(self._answers) + 1)
        yield from self._performer.answer(bars)
        self._answers[name] = self._performer.said

    def choose(self, name: str) -> None:
        """The conversation goes on from this one, unless another one is chosen after it."""
        self._go_back()
        self._performer.say(self._answers[name])
        self._chosen = True

    def leave(self) -> None:
        """Go on from the one that was chosen; where none was, as if there had been no variations."""
        if not self._chosen:
            self._go_back()
        self._performer.settle()

    def _go_back(self) -> None:
        self._performer.go_back(self._point)
        self._chosen = False
