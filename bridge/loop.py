"""The bridge's loop: one thread takes what happened, lets the session decide, and does what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Protocol

from meloformer.bridge import now
from meloformer.bridge.console import Console
from meloformer.bridge.engine.messages import Loaded, LoadFailed, ToEngine
from meloformer.bridge.library import Saved
from meloformer.bridge.midi import MidiOut
from meloformer.bridge.outgoing import Outgoing
from meloformer.bridge.session.actions import (
    Action,
    JoinLink,
    KeepMapping,
    LeaveLink,
    LinkAction,
    LinkPlaying,
    LinkTempo,
    ListPresets,
    ReadPreset,
    Send,
    SendMidi,
    Tell,
)
from meloformer.bridge.session.events import Closing, EngineGone, PresetRead, SessionEvent, Tick
from meloformer.bridge.session.machine import step, wake_at
from meloformer.bridge.session.state import State
from meloformer.bridge.takes.noted import Noted
from meloformer.bridge.watching import Settling
from meloformer.presets.preset import MidiMapping, Preset

LONGEST_PAUSE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Touched:
    """A file in a folder that is watched is being written."""

    file: Path


Arrival = SessionEvent | Touched | Saved
Inbox = SimpleQueue[Arrival]


class OscOut(Protocol):
    clients: frozenset[tuple[str, int]]

    def send(
        self, message: Outgoing, at: float | None = None, asker: tuple[str, int] | None = None
    ) -> None: ...


class MidiOutPort(Protocol):
    def send(self, message: MidiOut) -> None: ...


class Engine(Protocol):
    def start(self) -> None: ...

    def tell(self, message: ToEngine) -> None: ...

    def stop(self) -> None: ...


class Presets(Protocol):
    def read(self, name: str) -> None: ...

    def saved(self, file: Path, preset: Preset) -> None: ...

    def keep(self, name: str, mapping: MidiMapping) -> None: ...

    def look(self) -> None: ...


def unnoted(_: Noted) -> None:
    """No take is kept."""


def unlinked(_: LinkAction) -> None:
    """There is no Link session to join."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that the session's actions reach."""

    osc: OscOut
    midi: MidiOutPort
    engine: Engine
    presets: Presets
    noted: Callable[[Noted], None] = unnoted
    link: Callable[[LinkAction], None] = unlinked


class Loop:
    """Runs one session until it is told Closing; `ready` hears of it once an engine can answer, or cannot."""

    def __init__(self, state: State, inbox: Inbox, outside: Outside, ready: Callable[[State], None]) -> None:
        self._state = state
        self._inbox = inbox
        self._outside = outside
        self._ready = ready
        self._console = Console()
        self._settling = Settling()
        self._restart_at: float | None = None
        self._pause_s = 0.0
        self._open = True

    def run(self) -> None:
        """Silences what sounds on every way out."""
        try:
            while self._open:
                self._turn()
        finally:
            self._step(Closing(), now.seconds())

    def _turn(self) -> None:
        """Wait for whatever comes first, then do first what is due: a flood of messages delays no note."""
        arrival = now.wait(self._inbox, self._wake_at())
        moment = now.seconds()
        self._restart_engine(moment)
        self._read_settled(moment)
        if _is_due(wake_at(self._state), moment):
            self._step(Tick(), moment)
        match arrival:
            case None:
                pass
            case Closing():
                self._open = False
            case Touched(file):
                self._settling.touch(file, moment)
            case Saved(preset):
                if preset != latest(self._state):
                    self._take(PresetRead(preset), moment)
            case _:
                self._take(arrival, moment)

    def _wake_at(self) -> float | None:
        times = (wake_at(self._state), self._settling.wake_at(), self._restart_at)
        return min((time for time in times if time is not None), default=None)

    def _restart_engine(self, moment: float) -> None:
        if _is_due(self._restart_at, moment):
            self._restart_at = None
            self._outside.engine.start()

    def _read_settled(self, moment: float) -> None:
        """Read the preset in use, or about to be, again when it, or its weights, has been saved."""
        for file in self._settling.settled(moment):
            self._outside.presets.saved(file, latest(self._state))

    def _take(self, event: SessionEvent, moment: float) -> None:
        """Step the session, tell the person who watches, and bring back an engine that is gone."""
        self._step(event, moment)
        self._console.tell(event, moment, self._state)
        match event:
            case Loaded():
                self._pause_s = 0.0
                self._ready(self._state)
            case LoadFailed():
                self._ready(self._state)
            case EngineGone():
                self._restart_at = moment + self._pause_s
                self._pause_s = min(max(1.0, 2 * self._pause_s), LONGEST_PAUSE_S)
                self._ready(self._state)

    def _step(self, event: SessionEvent, moment: float) -> None:
        self._state, actions = step(self._state, event, moment)
        self._outside.osc.clients = frozenset(self._state.clients)
        for action in actions:
            self._do(action)
        self._console.tell_answers(actions, self._state)
        if actions or not isinstance(event, Tick):
            self._outside.noted(Noted(moment, event, actions, self._state))

    def _do(self, action: Action) -> None:
        match action:
            case Send(message, at, asker):
                self._outside.osc.send(message, at, asker)
            case SendMidi(message):
                self._outside.midi.send(message)
            case Tell(message):
                self._outside.engine.tell(message)
            case ReadPreset(name):
                self._outside.presets.read(name)
            case ListPresets():
                self._outside.presets.look()
            case KeepMapping(name, mapping):
                self._outside.presets.keep(name, mapping)
            case JoinLink() | LeaveLink() | LinkTempo() | LinkPlaying():
                self._outside.link(action)


def latest(state: State) -> Preset:
    """The preset that comes into use last, as far as is known."""
    return state.wanted or state.loading or state.preset


def _is_due(at: float | None, moment: float) -> bool:
    return at is not None and at <= moment
