"""What was heard and answered so far, as a network reads it: bar by bar, each with its chord.

A network that was told the chords of what it hears expects the next one, and all parts agree on what is
decided before their notes. So a bar that is being heard is kept back until its chord is known (heard_bar.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass

from meloformer.model import vocabulary as v
from meloformer.model.encoder import Encoder
from meloformer.model.events import Event, NoteOn
from meloformer.model.grammar import Grammar
from meloformer.model.heard_bar import HeardBar
from meloformer.model.manner import Manner
from meloformer.model.progression import Progression
from meloformer.model.returning import Returning


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a conversation had come: after so many tokens that stay, and in a bar that was being heard."""

    tokens: int
    bar: HeardBar | None
    grammar: Grammar
    encoder: Encoder
    heard: frozenset[int]
    in_step: bool
    returning: Returning
    manner: Manner
    progression: Progression


class Conversation:
    """`tokens` are all but those of a bar that is being heard; `answered`: which of them were not heard."""

    def __init__(self, tokens: Iterable[int] = ()) -> None:
        """It begins with these tokens, told in whatever way."""
        self.tokens, self.answered = list[int](), list[bool]()
        self.progression = Progression()
        self.grammar = Grammar()
        self.returning, self.manner = Returning(), Manner()
        self._bar: HeardBar | None = None
        for token in tokens:
            self.grammar.take(token)
            self._keep([token], answered=False)
        self.manner.take(self.tokens)
        self.returning.take(self.tokens, answered=False)
        self._encoder = Encoder.after(self.grammar)
        self._in_step = True  # the encoder stands where the grammar does
        self.heard = set(self.grammar.voices)

    @property
    def all_tokens(self) -> tuple[int, ...]:
        """With those of the bar that is being heard, which has no chord yet."""
        return (*self.tokens, *(self._bar.tokens if self._bar else ()))

    def hear(self, event: Event) -> None:
        """Take one event, in time order; raises EncodeError for one outside its bar or back in time."""
        self._step_in()
        self._hear(self._encoder.push(event))
        if isinstance(event, NoteOn):
            self.heard.add(event.instrument)

    def section(self, token: int) -> None:
        """GIVEN or MADE: what is heard next is told as that part of the present bar."""
        self._step_in()
        self._hear(self._encoder.mark(token))

    def say(self, tokens: Sequence[int]) -> list[Event]:
        """Take tokens of an answer, and tell what they decide."""
        self._leave_bar()
        self._keep(tokens, answered=True)
        self.returning.take(tokens, answered=True)
        return [event for token in tokens for event in self.grammar.take(token)]

    def close(self) -> None:
        """Tell what still waits, release what sounds just before the bar line, and hand over to the model."""
        self._step_in()
        self._hear(self._encoder.close_bar())
        self._end_bar(self.grammar.end_tick)
        self.grammar.open_bar()  # that of a heard bar in which nothing happened: no event of the answer
        self._in_step = False

    def closed(self) -> list[int]:
        """The tokens that `close` would add; nothing changes. None before the first bar."""
        if not self._in_step or self.grammar.meter is None:
            return []
        tokens, grammar = deepcopy(self._encoder).close_bar(), deepcopy(self.grammar)
        events = [event for token in tokens for event in grammar.take(token)]
        if self._bar is None:
            return tokens
        bar = self._bar.copy()
        bar.take(tokens, events)
        return bar.whole(grammar.end_tick)

    @property
    def is_hearing(self) -> bool:
        """A bar is being heard, and kept back."""
        return self._bar is not None

    @property
    def is_at_line(self) -> bool:
        """A bar was begun by who is heard, and nothing is told of it, not even its chord."""
        return self._bar is not None and self._bar.is_line

    def open_bar(self) -> None:
        """The rest of the bar that was begun is the model's: tell what still waits."""
        self._step_in()
        self._hear(self._encoder.flush())
        self._leave_bar()
        self.grammar.open_bar()  # whoever began it knows of it

    def follow(self) -> None:
        """What is heard next goes on where the model stopped in a bar."""
        self._encoder.follow(self.grammar)

    def mark(self) -> Mark:
        """This moment."""
        return Mark(
            tokens=len(self.tokens),
            bar=self._bar and self._bar.copy(),
            grammar=deepcopy(self.grammar),
            encoder=deepcopy(self._encoder),
            heard=frozenset(self.heard),
            in_step=self._in_step,
            returning=self.returning.copy(),
            manner=self.manner.copy(),
            progression=self.progression.copy(),
        )

    def go_back(self, mark: Mark) -> None:
        """Forget all that came after a moment, which may be used again."""
        del self.tokens[mark.tokens :], self.answered[mark.tokens :]
        self._bar = mark.bar and mark.bar.copy()
        self.grammar, self._encoder = deepcopy(mark.grammar), deepcopy(mark.encoder)
        self.heard, self._in_step = set(mark.heard), mark.in_step
        self.returning, self.manner = mark.returning.copy(), mark.manner.copy()
        self.progression = mark.progression.copy()

    def _step_in(self) -> None:
        """After an answer the encoder goes on where the grammar stands; what sounds ends with its bar."""
        if not self._in_step:
            self._encoder, self._in_step = Encoder.after(self.grammar), True
            self._encoder.release_at_bar_line()

    def _hear(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            events = self.grammar.take(token)
            if token == v.BAR:
                self._end_bar(self.grammar.bar_tick)
                self._bar = HeardBar(self.grammar.bar_tick, self.grammar.sounding)
            elif token in (v.GIVEN, v.MADE):
                self._leave_bar()  # the rest of it is told in another order
            if self._bar is None:
                self._keep([token], answered=False)
            else:
                self._bar.take([token], events)
        self.manner.take(tokens)
        self.returning.take(tokens, answered=False)

    def _end_bar(self, end: int) -> None:
        if self._bar is not None:
            self._keep(self._bar.whole(end), answered=False)
            self._bar = None

    def _leave_bar(self) -> None:
        """Somebody else goes on with the bar that was being heard: it is told as it is."""
        if self._bar is not None:
            self._keep(self._bar.tokens, answered=False)
            self._bar = None

    def _keep(self, tokens: Sequence[int], answered: bool) -> None:
        self.tokens += tokens
        self.answered += [answered] * len(tokens)
        self.progression.take(tokens, answered)
