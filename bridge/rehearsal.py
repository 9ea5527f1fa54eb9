"""A session over events that are known beforehand, faster than time: the same machine and the same model.

Nothing is sent and nobody is waited for; time is what the events, the session and the engine say it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, NamedTuple

from meloformer.bridge.engine.messages import FromEngine, ToEngine
from meloformer.bridge.session.actions import Action, ListPresets, ReadPreset, Tell
from meloformer.bridge.session.events import (
    Closing,
    EngineStarted,
    PresetRead,
    PresetRefused,
    PresetsListed,
    SessionEvent,
    Tick,
)
from meloformer.bridge.session.machine import step, wake_at
from meloformer.bridge.session.state import State
from meloformer.bridge.takes.noted import Noted
from meloformer.presets import reader
from meloformer.presets.errors import PresetError

SAYS_EVERY_S: Final = 0.005  # about as fast as a laptop's processor decides events
LONGEST_END_S: Final = 300.0  # what is still going on so long after the last event is cut off


class Moment(NamedTuple):
    """What happens, and when, in seconds since the session began."""

    seconds: float
    event: SessionEvent


@dataclass(frozen=True, slots=True)
class Presets:
    """Where the session finds presets while it is rehearsed."""

    read: Callable[[str], PresetRead | PresetRefused]
    names: Callable[[], tuple[str, ...]]


def presets_of(folder: Path) -> Presets:
    """Those of a folder, as the bridge would find them."""

    def look_up(name: str) -> PresetRead | PresetRefused:
        try:
            return PresetRead(reader.read(reader.find(name, folder)))
        except PresetError as error:
            return PresetRefused(name, str(error))

    return Presets(look_up, lambda: tuple(reader.names(folder)))


class RehearsedEngine:
    """The engine's worker in this process, which says one thing at a time."""

    def __init__(self) -> None:
        from meloformer.bridge.engine.worker import Worker  # only here: it brings the model

        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._worker = Worker(self._inbox, beside=lambda work: work())
        self._said = self._worker.said()
        self._is_saying = False
        self.next_at: float | None = None  # when it will say something, or be done with something

    def tell(self, message: ToEngine, seconds: float) -> None:
        """A message to it."""
        self._inbox.put(message)
        if self.next_at is None:
            self.next_at = seconds

    def says(self) -> FromEngine | None:
        """What it says at `next_at`, if anything."""
        assert self.next_at is not None
        said = next(self._said)
        self._is_saying = said is not None
        has_more = self._is_saying or self._worker.has_more or not self._inbox.empty()
        self.next_at = self.next_at + (SAYS_EVERY_S if self._is_saying else 0.0) if has_more else None
        return said


class Rehearsal:
    """One session from its beginning; `steps` gives everything that it does, as a take notes it."""

    def __init__(self, state: State, presets: Presets) -> None:
        self._state = state
        self._presets = presets
        self._engine = RehearsedEngine()
        self._answers: deque[SessionEvent] = deque([EngineStarted()])

    def steps(self, moments: Iterable[Moment]) -> Iterator[Noted]:
        """Take the moments, in time order; then wait until the music is over, and close."""
        seconds = self._state.now
        for moment in moments:
            yield from self._pass(moment.seconds)
            seconds = max(seconds, moment.seconds)
            yield self._step(moment.event, seconds)
        yield from self._pass(seconds + LONGEST_END_S)
        yield self._step(Closing(), self._state.now)

    def _pass(self, until: float) -> Iterator[Noted]:
        """Whatever happens by itself until then."""
        while True:
            if self._answers:
                yield self._step(self._answers.popleft(), self._state.now)
                continue
            wake, says_at = wake_at(self._state), self._engine.next_at
            due = [at for at in (wake, says_at) if at is not None and at <= until]
            if not due:
                return
            if says_at is not None and says_at == min(due):
                said = self._engine.says()
                if said is not None:
                    yield self._step(said, max(says_at, self._state.now))
            else:
                yield self._step(Tick(), max(min(due), self._state.now))

    def _step(self, event: SessionEvent, seconds: float) -> Noted:
        self._state, actions = step(self._state, event, seconds)
        for action in actions:
            self._do(action, seconds)
        return Noted(seconds, event, actions, self._state)

    def _do(self, action: Action, seconds: float) -> None:
        match action:
            case Tell(message):
                self._engine.tell(message, seconds)
            case ReadPreset(name):
                self._answers.append(self._presets.read(name))
            case ListPresets():
                self._answers.append(PresetsListed(self._presets.names()))
