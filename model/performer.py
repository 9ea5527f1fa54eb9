"""The musician's interface to a model: feed it what was played, ask it what comes next."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence, Set
from copy import deepcopy
from dataclasses import replace
from weakref import WeakSet

import numpy as np

from meloformer.model import vocabulary as v
from meloformer.model.decoder import decode
from meloformer.model.encoder import Encoder, bar_line
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.grammar import Grammar
from meloformer.model.leaning import homeward, invited
from meloformer.model.limiter import Limiter
from meloformer.model.limits import Limits
from meloformer.model.listener import Listener, Weights
from meloformer.model.manner import Manner
from meloformer.model.points import Key, Line, Point
from meloformer.model.reading import Section
from meloformer.model.recollection import Recollections
from meloformer.model.returning import Returning
from meloformer.model.sampling import Sampling, choose, distribution, likeliest
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
        self._network = network
        self._tokens: list[int] = []  # of the whole conversation
        self._answered: list[bool] = []  # which of them were answered, not heard
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
        self._grammar = Grammar()
        self._recollect()
        self._tokens, self._answered = [], []
        self._returning, self._manner = Returning(), Manner()
        self._read = 0  # how many of them the network has read; the rest when the next choice needs it
        self.recollections.begin(len(tokens))
        self._revocable = False
        self._lines: dict[int, Line] = {}  # by tick, the latest ones inside answers
        self._points = WeakSet[Point]()  # to which somebody may want to go back
        self._take(tokens)
        self._encoder = Encoder.after(self._grammar)
        self._heard: set[int] = set(self._grammar.voices)
        self._in_step = True  # the encoder stands where the grammar does

    def hear(self, event: Event) -> None:
        """Take one event, in time order, a BarStart first; `catch_up` lets the network read it.

        Raises EncodeError for an event outside its bar or back in time.
        """
        self._step_in()
        self._take(self._encoder.push(event))
        if isinstance(event, NoteOn):
            self._heard.add(event.instrument)

    def section(self, token: int) -> None:
        """GIVEN or MADE: what is heard next is told as that part of the present bar."""
        self._step_in()
        self._take(self._encoder.mark(token))

    def say(self, tokens: Sequence[int]) -> None:
        """Take what this conversation once answered here, as if it answered it again."""
        self._take(tokens, answered=True)
        self._in_step = False

    def point(self) -> Point:
        """This moment, to go back to until `settle`; meanwhile nothing is learnt by heart, nor comes back."""
        self._revocable = True
        return self._here()

    def _here(self) -> Point:
        self.catch_up()
        point = Point(
            tokens=len(self._tokens),
            grammar=deepcopy(self._grammar),
            encoder=deepcopy(self._encoder),
            heard=frozenset(self._heard),
            in_step=self._in_step,
            returning=self._returning.copy(),
            manner=self._manner.copy(),
            bookmark=self._listener.bookmark(),
        )
        self._points.add(point)
        return point

    def settle(self) -> None:
        """Nothing is taken back any more: what has been played may be learnt by heart."""
        self._revocable = False
        self._recollect()

    def go_back(self, point: Point) -> None:
        """Forget all that came after a point of this conversation; the dice roll on."""
        del self._tokens[point.tokens :], self._answered[point.tokens :]
        self._lines = {at: line for at, line in self._lines.items() if line.point.tokens <= point.tokens}
        self._returning, self._manner = point.returning.copy(), point.manner.copy()
        self.recollections.go_back(point.tokens)
        self._grammar, self._encoder = deepcopy(point.grammar), deepcopy(point.encoder)
        self._heard, self._in_step = set(point.heard), point.in_step
        if point.bookmark is None:
            self._listener, self._read = Listener(self._network), 0
        else:
            self._listener.go_back(point.bookmark)
            self._read = point.tokens

    def catch_up(self) -> None:
        """Let the network read all that was heard and said, in one go; an answer can then begin at once."""
        self._listener.read(self._tokens[self._read :])
        self._read = len(self._tokens)
        self._recollect()

    def read_ahead(self) -> None:
        """Let the network read what stands before an answer that is asked for now: that one begins sooner."""
        self.catch_up()
        if self._in_step and self._grammar.meter is not None:
            closing = deepcopy(self._encoder).close_bar()
            self._listener.read_ahead([*closing, *bar_line(None, self.limits.rules.chord(0))])

    @property
    def tokens(self) -> tuple[int, ...]:
        """The conversation so far, as a network reads it."""
        return tuple(self._tokens)

    def told(self) -> Score:
        """The conversation so far as music; what was heard is closed at its bar line."""
        self._close_heard()
        return decode(self._tokens)

    def continue_with(self, successor: Successor) -> None:
        """Go on with another network, from the next token on, also inside an answer, but not in an infill."""
        successor.read(self._tokens)
        for point in self._points:
            if point.bookmark is not None:
                point.bookmark = successor.bookmark_like(point.bookmark, point.tokens)
        successor.read(self._tokens)
        self._network, self._listener = successor.network, successor.listener
        self._read = len(self._tokens)

    def answer(self, bars: int) -> Generator[Event, None, None]:
        """The next `bars` bars, each event as soon as it is decided.

        What was heard is closed at its bar line. Every NoteOn but a drum's gets its NoteOff, the last ones at
        the final bar line. Closing the generator early leaves the conversation where it stopped.
        """
        self._close_heard()
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
        self._step_in()
        self._take(self._encoder.flush())
        self._grammar.open_bar()  # whoever began it knows of it
        limits = replace(self.limits, instruments=frozenset(instruments))
        limiter = Limiter(limits, self._heard, self._manner)
        try:
            yield from self._fill(limiter, sounding, owed)
        finally:
            self._encoder.follow(self._grammar)

    def _bars(
        self, bars: range, sounding: set[Key], meter: Meter | None = None
    ) -> Generator[Event, None, None]:
        """These bars of an answer, counted from its first; what sounds at the end of the last ends there."""
        limiter = Limiter(self.limits, self._heard, self._manner)
        for bar in bars:
            if bar > 0:
                self._remember_line(bar, sounding)
            new = None if meter == self._grammar.meter else meter
            chord = self.limits.rules.chord(bar)
            if self.limits.rules.closes and 0 < bar == bars.stop - 1:
                limiter.close()
                chord = self._manner.home if chord is None else chord
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
        self._take(line, answered=True)
        opened = self._grammar.open_bar()
        limiter.saw(opened)
        yield from opened
        yield from self._fill(limiter, sounding)

    def _fill(self, limiter: Limiter, sounding: set[Key], owed: bool = False) -> Iterator[Event]:
        """The present bar from here, up to where the next one would begin."""
        if self._grammar.position < 0:
            yield from own(self._take(let_go(self._grammar, sounding), answered=True), sounding)
        length = 0
        while (token := self._choose(limiter, length > MOST_TOKENS_IN_A_BAR, owed)) != v.BAR:
            length += 1
            events = self._take([token], answered=True)
            owed = owed and not any(isinstance(event, NoteOn) for event in events)
            limiter.saw(events)
            yield from own(events, sounding)

    def _step_in(self) -> None:
        """After an answer the encoder goes on where the grammar stands; what sounds ends with its bar."""
        if not self._in_step:
            self._encoder, self._in_step = Encoder.after(self._grammar), True
            self._encoder.release_at_bar_line()

    def _close_heard(self) -> None:
        """Tell what still waits, release what sounds just before the bar line, and hand over to the model."""
        if self._grammar.meter is None:
            self.hear(BarStart(0, COMMON_TIME))
        self._step_in()
        self._take(self._encoder.close_bar())
        self._grammar.open_bar()  # that of a heard bar in which nothing happened: no event of the answer
        self._in_step = False

    def _choose(self, limiter: Limiter, crowded: bool, owed: bool) -> int:
        permitted = limiter.allowed(self._grammar)
        if owed and permitted.sum() > 1:
            permitted[v.BAR] = False
        if (crowded or limiter.is_crowded) and permitted[v.BAR]:
            return v.BAR
        self.catch_up()
        sampling = self.sampling.uncut() if self._returning.again else self.sampling
        led = homeward(self._returning.tired(self._listener.logits()), permitted, self._grammar, limiter.goal)
        chances = distribution(led, permitted, sampling)
        if not self._revocable and self._grammar.section is not Section.MADE:
            # Not beside given parts: they were heard alone, so memory says that nothing comes beside them.
            if self.sampling.memory:
                self.recollections.remember(self._tokens, self._answered)
            chances = self.recollections.mixed(chances, permitted, self.sampling)
        chances = invited(chances, permitted, self._grammar.position, limiter.awaited)
        return likeliest(chances) if self.sampling.temperature == 0 else choose(chances, self._random)

    def _recollect(self) -> None:
        """Learn by heart what has been heard, once nobody takes it back."""
        if not self._revocable:
            self.recollections.follow(self._tokens, self._answered)

    def _take(self, tokens: Sequence[int], answered: bool = False) -> list[Event]:
        self._tokens += tokens
        self._returning.take(tokens, answered)
        if not answered:
            self._manner.take(tokens)
        self._answered += [answered] * len(tokens)
        return [event for token in tokens for event in self._grammar.take(token)]
