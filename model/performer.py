"""The musician's interface to a model: feed it what was played, ask it what comes next."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence, Set
from dataclasses import replace
from weakref import WeakSet

import numpy as np

from meloformer.model import vocabulary as v
from meloformer.model.conversation import Conversation
from meloformer.model.decoder import decode
from meloformer.model.encoder import bar_line
from meloformer.model.events import BarStart, Event, Key, NoteOff, NoteOn
from meloformer.model.grammar import Grammar
from meloformer.model.leaning import homeward, invited, onward
from meloformer.model.limiter import Limiter
from meloformer.model.limits import Limits
from meloformer.model.listener import Listener, Weights
from meloformer.model.points import Line, Point
from meloformer.model.reading import Last, Section
from meloformer.model.recollection import Recollections
from meloformer.model.sampling import Chances, Sampling, choose, distribution, likeliest
from meloformer.model.score import Meter, Score
from meloformer.model.sounding import let_go, own
from meloformer.model.successor import Successor

MOST_TOKENS_IN_A_BAR = 480  # a bar that grows past this is closed at the next chance
MOST_LINES = 64  # bar lines of answers from which on they can be made anew
COMMON_TIME = Meter(4, 4)
NO_LIMITS = Limits()


class Performer:
    """One conversation with a network. Not for more than one thread.

    Events come in and go out in ticks of 1/24 quarter since the conversation began; same seed, same answer.
    What is heard is learnt by heart, too (see recollection.py).
    """

    def __init__(self, network: Weights, sampling: Sampling, seed: int, limits: Limits = NO_LIMITS) -> None:
        self.sampling, self.limits, self.seed = sampling, limits, seed
        self._network, self._conversation = network, Conversation()
        self._revocable = False  # there is a point to go back to
        self.recollections = Recollections()
        self.reset()

    def reset(self) -> None:
        """Forget everything but the sitting, the dice included: a new conversation."""
        self.throw()
        self.restart([])

    def throw(self, *which: int) -> None:
        """Take up dice that begin with the seed, or other ones that begin with it and these numbers."""
        self._random = np.random.default_rng([self.seed, *which] if which else self.seed)

    def restart(self, tokens: Sequence[int], gap: int = 0) -> None:
        """Another conversation, which has begun with these tokens; the dice roll on. `gap`: see Placer.

        The memory of the sitting does not learn these tokens: told anew, they are no other music.
        """
        self._listener = Listener(self._network, gap)
        if self._conversation.is_hearing:
            self._conversation.close()  # the last bar, too, was heard
        self._recollect()
        self._conversation = Conversation(tokens)
        self._read = 0  # how many of its tokens the network has read; the rest when the next choice needs it
        self._answer_at = 0  # after so many of them the latest answer began
        self.recollections.begin(len(tokens))
        self._revocable = False
        self._lines: dict[int, Line] = {}  # by tick, the latest ones inside answers
        self._points = WeakSet[Point]()  # to which somebody may want to go back

    def hear(self, event: Event) -> None:
        """Take one event, in time order, a BarStart first; `catch_up` lets the network read it.

        Raises EncodeError for an event outside its bar or back in time.
        """
        self._conversation.hear(event)

    def section(self, token: int) -> None:
        """GIVEN or MADE: what is heard next is told as that part of the present bar."""
        self._conversation.section(token)

    @property
    def said(self) -> tuple[int, ...]:
        """The latest answer, to be said again."""
        return tuple(self._conversation.tokens[self._answer_at :])

    def say(self, tokens: Sequence[int]) -> None:
        """Take what this conversation once answered here, as if it answered it again."""
        self._close_heard()
        self._conversation.say(tokens)

    def point(self) -> Point:
        """This moment, to go back to until `settle`; meanwhile nothing is learnt by heart, nor comes back."""
        self._revocable = True
        return self._here()

    def _here(self) -> Point:
        self.catch_up()
        point = Point(self._conversation.mark(), self._listener.bookmark())
        self._points.add(point)
        return point

    def settle(self) -> None:
        """Nothing is taken back any more: what has been played may be learnt by heart."""
        self._revocable = False
        self._recollect()

    def go_back(self, point: Point) -> None:
        """Forget all that came after a point of this conversation; the dice roll on."""
        count = point.mark.tokens
        self._conversation.go_back(point.mark)
        self._lines = {at: line for at, line in self._lines.items() if line.point.mark.tokens <= count}
        self.recollections.go_back(count)
        if point.bookmark is None:
            self._listener, self._read = Listener(self._network), 0
        else:
            self._listener.go_back(point.bookmark)
            self._read = count

    def catch_up(self) -> None:
        """Let the network read all that was told; an answer can then begin sooner."""
        self._listener.read(self._conversation.tokens[self._read :])
        self._read = len(self._conversation.tokens)
        self._recollect()

    def read_ahead(self) -> None:
        """Let the network read what would stand before an answer, should one be asked for now."""
        self.catch_up()
        if closed := self._conversation.closed():
            self._listener.read_ahead([*closed, *bar_line(None, self.limits.rules.chord(0))])

    @property
    def tokens(self) -> tuple[int, ...]:
        """The conversation so far."""
        return self._conversation.all_tokens

    def told(self) -> Score:
        """The conversation so far as music; what was heard is closed at its bar line."""
        self._close_heard()
        return decode(self._conversation.tokens)

    def continue_with(self, successor: Successor) -> None:
        """Go on with another network, from the next token on, also inside an answer, but not in an infill."""
        tokens = self._conversation.tokens
        successor.read(tokens)
        for point in self._points:
            if point.bookmark is not None:
                point.bookmark = successor.bookmark_like(point.bookmark, point.mark.tokens)
        successor.read(tokens)
        self._network, self._listener = successor.network, successor.listener
        self._read = len(tokens)

    def answer(self, bars: int) -> Generator[Event, None, None]:
        """The next `bars` bars, each event as soon as it is decided.

        What was heard is closed at its bar line. Every NoteOn but a drum's gets its NoteOff, the last ones at
        the final bar line. Closing the generator early leaves the conversation where it stopped.
        """
        self._close_heard()
        self._answer_at = len(self._conversation.tokens)
        yield from self._bars(range(bars), set())

    def revise(self, tick: int, bars: int, meter: Meter) -> Generator[Event, None, None]:
        """The last `bars` bars of an answer anew, from its bar line at `tick` on, in this meter.

        By dice of their own; by the limits and the sampling as they are now. Raises KeyError for a tick at
        which none of the latest answers has a bar line.
        """
        line = self._lines[tick]
        self.go_back(line.point)
        self.throw(tick)
        self._lines = {at: kept for at, kept in self._lines.items() if at < tick}
        yield from self._bars(range(line.bar, line.bar + bars), set(line.sounding), meter)

    def fill_bar(
        self, instruments: Set[int], sounding: set[Key], owed: bool = False
    ) -> Generator[Event, None, None]:
        """The rest of the bar that was begun, in these instruments, each event as soon as it is decided.

        `sounding` holds the notes made that sound; it is kept up to date, so that they may sound on after it.
        `owed`: the bar does not end without a note.
        """
        if self._conversation.is_at_line:
            self._plan()
        self._conversation.open_bar()
        limits = replace(self.limits, instruments=frozenset(instruments))
        limiter = Limiter(limits, self._conversation.heard, self._conversation.manner)
        try:
            yield from self._fill(limiter, sounding, owed)
        finally:
            self._conversation.follow()

    def _bars(
        self, bars: range, sounding: set[Key], meter: Meter | None = None
    ) -> Generator[Event, None, None]:
        """These bars of an answer, counted from its first; what sounds at the end of the last ends there."""
        limiter = Limiter(self.limits, self._conversation.heard, self._conversation.manner)
        for bar in bars:
            if bar > 0:
                self._remember_line(bar, sounding)
            new = None if meter == self._grammar.meter else meter
            chord = self.limits.rules.chord(bar)
            if self.limits.rules.closes and 0 < bar == bars.stop - 1:
                limiter.close()
                chord = self._conversation.manner.home if chord is None else chord
            yield from self._bar(limiter, bar_line(new, chord), sounding)
        yield from (NoteOff(self._grammar.end_tick, *key) for key in sorted(sounding))

    def _remember_line(self, bar: int, sounding: Set[Key]) -> None:
        """Here a bar of an answer ends and its next one begins: it may be made anew from here on."""
        if len(self._lines) == MOST_LINES:
            del self._lines[min(self._lines)]
        self._listener.end_bar()
        self._lines[self._grammar.end_tick] = Line(self._here(), bar, frozenset(sounding))

    def _bar(self, limiter: Limiter, line: Sequence[int], sounding: set[Key]) -> Iterator[Event]:
        """One new bar, up to where the next one would begin."""
        self._conversation.say(line)
        if self._grammar.last is not Last.CHORD:
            self._plan()
        owed = self._conversation.progression.is_on_chord and not self._grammar.sounding
        opened = self._grammar.open_bar()
        limiter.saw(opened)
        yield from opened
        yield from self._fill(limiter, sounding, owed)

    def _fill(self, limiter: Limiter, sounding: set[Key], owed: bool = False) -> Iterator[Event]:
        """The present bar from here, up to where the next one would begin."""
        if self._grammar.position < 0:
            yield from own(self._conversation.say(let_go(self._grammar, sounding)), sounding)
        length = 0
        while (token := self._choose(limiter, length > MOST_TOKENS_IN_A_BAR, owed)) != v.BAR:
            length += 1
            events = self._conversation.say([token])
            owed = owed and not any(isinstance(event, NoteOn) for event in events)
            limiter.saw(events)
            yield from own(events, sounding)

    def _close_heard(self) -> None:
        """Hand over to the model at the next bar line."""
        if self._grammar.meter is None:
            self.hear(BarStart(0, COMMON_TIME))
        self._conversation.close()

    @property
    def _grammar(self) -> Grammar:
        return self._conversation.grammar

    def _choose(self, limiter: Limiter, crowded: bool, owed: bool) -> int:
        permitted = limiter.allowed(self._grammar)
        if owed and permitted.sum() > 1:
            permitted[v.BAR] = False
        if (crowded or limiter.is_crowded) and permitted[v.BAR]:
            return v.BAR
        self.catch_up()
        returning = self._conversation.returning
        sampling = self.sampling.uncut() if returning.again else self.sampling
        tired = returning.tired(self._listener.logits())
        led = onward(tired, permitted, self._grammar.allowed())
        led = homeward(led, permitted, self._grammar, limiter.goal)
        chances = distribution(led, permitted, sampling)
        if not self._revocable and self._grammar.section is not Section.MADE:
            # Not beside given parts: they were heard alone, so memory says that nothing comes beside them.
            if self.sampling.memory:
                self.recollections.remember(self._conversation.tokens, self._conversation.answered)
            chances = self.recollections.mixed(chances, permitted, self.sampling)
        chances = invited(chances, permitted, self._grammar.position, limiter.awaited)
        return self._pick(chances)

    def _plan(self) -> None:
        """Decide on which chord the bar stands whose line was told."""
        self._conversation.say([])  # the bar is the model's from here on
        self.catch_up()
        scale, logits = self.limits.rules.scale, self._listener.logits()
        chances = self._conversation.progression.expected(logits, self.sampling, scale)
        self._conversation.say([self._pick(chances)])

    def _pick(self, chances: Chances) -> int:
        return likeliest(chances) if self.sampling.temperature == 0 else choose(chances, self._random)

    def _recollect(self) -> None:
        """Learn by heart what has been heard, once nobody takes it back."""
        if not self._revocable:
            self.recollections.follow(self._conversation.tokens, self._conversation.answered)
