"""The engine: one conversation with the model, a new model loaded beside the old, everything as messages.

The only part of the bridge that runs a model. One thread, this one, plays; another one loads. A model that is
ready takes over at once, and inside an answer at the next bar line to be decided.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Final

from meloformer.bridge import now
from meloformer.bridge.engine.messages import (
    Ask,
    Choose,
    Ended,
    FromEngine,
    Heard,
    Infill,
    Load,
    Loaded,
    LoadFailed,
    NextBar,
    PlayAlong,
    Question,
    Quit,
    Reset,
    Revise,
    Said,
    Stop,
    ToEngine,
    Trouble,
    Vary,
    Weigh,
    Weighed,
)
from meloformer.bridge.engine.warming import Warm, in_short, loaded
from meloformer.model.companion import Companion
from meloformer.model.events import BarStart, Event, NoteOn
from meloformer.model.infill import rewrite
from meloformer.model.limits import Limits
from meloformer.model.listener import Weights
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.surprise import surprises
from meloformer.model.variations import Variations

_PAUSE_S: Final = 0.005  # longer than between the notes of a chord


def on_a_thread(work: Callable[[], None]) -> None:
    """Do it beside the conversation."""
    threading.Thread(target=work, daemon=True).start()


class Worker:
    """Takes messages from `inbox` until Quit; a model is loaded `beside` that."""

    def __init__(
        self,
        inbox: SimpleQueue[ToEngine | Warm | LoadFailed],
        beside: Callable[[Callable[[], None]], None] = on_a_thread,
    ) -> None:
        self._inbox = inbox
        self._beside = beside
        self._waiting: deque[ToEngine | Warm | LoadFailed] = deque()  # came while an answer was being given
        self._performer: Performer | None = None
        self._network: Weights | None = None  # of the performer
        self._seed = 0
        self._unheard: list[Event] = []  # of the conversation, while there is no model yet
        self._variations: Variations | None = None  # while they are made and chosen from
        self._companion: Companion | None = None  # while it plays along

    def run(self, tell: Callable[[FromEngine], None]) -> None:
        """Play until told to leave."""
        for said in self.said():
            if said is not None:
                tell(said)

    def said(self) -> Iterator[FromEngine | None]:
        """All there is to say, each as soon as it is decided; None: what a message asked for is done."""
        while True:
            message = self._waiting.popleft() if self._waiting else self._next()
            if isinstance(message, Quit):
                return
            try:
                yield from self._do(message)
                self._catch_up()
            except Exception as error:
                yield Trouble(f"{type(message).__name__.lower()} failed in the engine: {in_short(error)}")
            yield None

    def _next(self) -> ToEngine | Warm | LoadFailed:
        """What comes next; when nothing does for a moment, the end of a phrase is prepared for."""
        try:
            return self._inbox.get(timeout=_PAUSE_S)
        except Empty:
            self.read_ahead()
            return self._inbox.get()

    def read_ahead(self) -> None:
        """Read what stands before an answer, should one be asked for now."""
        if self._performer is not None and self._variations is None and self._companion is None:
            self._performer.read_ahead()

    @property
    def has_more(self) -> bool:
        """Messages came while an answer was being given."""
        return bool(self._waiting)

    def _do(self, message: ToEngine | Warm | LoadFailed) -> Iterator[FromEngine]:
        match message:
            case Load():
                self._load_beside(message)
            case LoadFailed():
                yield message
            case Warm():
                yield self._switched(message)
            case Reset(seed):
                self._begin(seed)
            case Heard(event):
                self._hear(event)
            case Ask() | Vary() | Infill() | NextBar() | Revise():
                yield from self._answer(message)
            case PlayAlong():
                self._play_along()
            case Choose(request):
                self._choose(request)
            case Weigh(request, tellings):
                yield Weighed(request, self._weighed(tellings))

    def _begin(self, seed: int) -> None:
        self._seed = seed
        self._unheard = []
        self._variations = self._companion = None
        if self._performer is not None:
            self._performer.seed = seed
            self._performer.reset()
            _give_back()

    def _hear(self, event: Event) -> None:
        if self._performer is None:
            self._unheard.append(event)
        elif self._companion is not None:
            self._companion.hear(event)
        else:
            self._leave_mode()
            self._performer.hear(event)

    def _weighed(self, tellings: Sequence[Sequence[Event]]) -> tuple[float, ...]:
        """How much each telling surprises; of none, where there is no model, or something else to do."""
        network, nats = self._network, [0.0] * len(tellings)
        for index, telling in enumerate(tellings):
            for of_bar in surprises(network, telling) if network is not None else ():
                if self._waiting or not self._inbox.empty():
                    return ()
                nats[index] += of_bar
        return tuple(nats) if network is not None else ()

    def _play_along(self) -> None:
        if self._performer is None:
            raise RuntimeError("no model is loaded; load a preset first")
        self._leave_mode()
        self._companion = Companion(self._performer)

    def _choose(self, request: str) -> None:
        if self._variations is None:
            raise RuntimeError("there are no variations; ask for some first")
        self._variations.choose(request)

    def _leave_mode(self) -> None:
        """Go on as in any conversation."""
        for mode in (self._variations, self._companion):
            if mode is not None:
                mode.leave()
        self._variations = self._companion = None

    def _catch_up(self) -> None:
        """Read what was heard as it comes, unless more has come already: then all of it at once."""
        if self._performer is not None and not self._waiting and self._inbox.empty():
            self._performer.catch_up()

    def _answer(self, asked: Question) -> Iterator[FromEngine]:
        """Every event as it is decided; the reason for the end comes last, whatever happens."""
        notes, reason, failure = 0, "failed", None
        try:
            with _steady_hands(), closing(self._events(asked)) as events:
                for event in events:
                    if self._is_stopped(asked.request):
                        reason = "stopped"
                        break
                    if isinstance(event, BarStart) and not isinstance(asked, Infill):
                        yield from self._take_over()
                    notes += isinstance(event, NoteOn)
                    yield Said(asked.request, event)
                else:
                    reason = "done"
        except Exception as error:
            failure = error
        yield Ended(asked.request, notes, reason)
        if failure is not None:
            raise failure

    def _events(self, asked: Question) -> Generator[Event, None, None]:
        if self._performer is None:
            raise RuntimeError("no model is loaded; load a preset first")
        self._performer.sampling = asked.sampling
        players = None if asked.instruments is None else frozenset(asked.instruments)
        self._performer.limits = Limits(players, asked.rules)
        if isinstance(asked, Vary):
            self._variations = self._variations or Variations(self._performer)
            return self._variations.answer(asked.request, asked.bars)
        if isinstance(asked, NextBar):
            if self._companion is None:
                raise RuntimeError("nobody plays whom one could play along with; begin with that")
            return self._companion.bar(asked.start, frozenset(asked.instruments))
        self._leave_mode()
        if isinstance(asked, Ask):
            return self._performer.answer(asked.bars)
        if isinstance(asked, Revise):
            return self._performer.revise(asked.tick, asked.bars, asked.meter)
        return rewrite(self._performer, asked.first, asked.last + 1, asked.of)

    def _is_stopped(self, request: str) -> bool:
        """Look at what came meanwhile; only a stop, the end and a load are not for later."""
        while not self._inbox.empty():
            message = self._inbox.get()
            if isinstance(message, Load):
                self._load_beside(message)
            else:
                self._waiting.append(message)
        return any(each == Stop(request) or isinstance(each, Quit) for each in self._waiting)

    def _take_over(self) -> Iterator[FromEngine]:
        """At a bar line of an answer: a model that is ready decides what follows."""
        ready = [message for message in self._waiting if isinstance(message, Warm | LoadFailed)]
        for message in ready:
            self._waiting.remove(message)
            yield from self._do(message)

    def _load_beside(self, message: Load) -> None:
        self._beside(lambda: self._inbox.put(loaded(message, self._told)))

    def _told(self) -> tuple[int, ...]:
        """The conversation as it is at this moment; for the thread that loads."""
        return () if self._performer is None else self._performer.tokens

    def _switched(self, warm: Warm) -> Loaded | LoadFailed:
        try:
            return self._switch(warm)
        except Exception as error:
            return LoadFailed(warm.name, f"it cannot go on with this conversation ({in_short(error)})")

    def _switch(self, warm: Warm) -> Loaded:
        """Go on with the new model, which reads what it has missed."""
        if self._performer is None:
            self._performer = Performer(warm.successor.network, Sampling(), self._seed)
            for event in self._unheard:
                self._performer.hear(event)
        else:
            self._performer.continue_with(warm.successor)
        self._network = warm.successor.network
        gc.collect()
        gc.freeze()  # the model stays: the collector need not walk through it again
        return Loaded(warm.name, (now.seconds() - warm.began_s) * 1000)


@contextmanager
def _steady_hands() -> Iterator[None]:
    """Nothing collects garbage while an answer is being given."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _give_back() -> None:
    """What a long conversation held goes back to the system, within a millisecond or two.

    GNU's C library would keep it in pieces for later: the engine would stay as large as it ever was.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library, which has no such thing
            ctypes.CDLL(None).malloc_trim(0)
