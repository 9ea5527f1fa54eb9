"""A bar that is being heard, kept back until it is over: its chord stands before its notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from meloformer.model import vocabulary as v
from meloformer.model.chords import chord_of
from meloformer.model.events import Event, Key


@dataclass(slots=True)
class HeardBar:
    """The tokens from its line on, and what they decide; `sounding` sounds on from the bar before."""

    start: int
    sounding: frozenset[Key]
    tokens: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def take(self, tokens: Sequence[int], events: Sequence[Event]) -> None:
        """So it goes on."""
        self.tokens += tokens
        self.events += events

    def copy(self) -> HeardBar:
        """The same, which goes its own way from here."""
        return replace(self, tokens=self.tokens.copy(), events=self.events.copy())

    @property
    def is_line(self) -> bool:
        """Nothing is told of it but that it begins."""
        return len(self.tokens) == self._after_line

    @property
    def _after_line(self) -> int:
        """Where its chord stands, if it has one: after BAR, NUM and DEN."""
        return 3 if len(self.tokens) > 1 and self.tokens[1] in v.NUM else 1

    def whole(self, end: int) -> list[int]:
        """Its tokens with its chord, once it has ended at this tick."""
        at = self._after_line
        if len(self.tokens) > at and self.tokens[at] in v.CHORD:
            return self.tokens  # it was prescribed
        chord = v.CHORD.id(chord_of(self.start, end, self.sounding, self.events))
        return [*self.tokens[:at], chord, *self.tokens[at:]]
