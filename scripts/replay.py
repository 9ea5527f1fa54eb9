"""A take is answered again: the engine is told what it was told, and its answers are compared."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from meloformer.bridge.engine.lines import from_line
from meloformer.bridge.engine.messages import (
    Ended,
    FromEngine,
    Load,
    Loaded,
    LoadFailed,
    Message,
    Question,
    Quit,
    Said,
    Stop,
    ToEngine,
)
from meloformer.model.events import Event, NoteOn
from meloformer.scripts.kept_takes import TakeError

Answers = dict[str, list[Event]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One answer once more: how many notes it has now, and whether all of it is as it was."""

    request: str
    notes: int
    same: bool


def replay(lines: Iterable[dict[str, Any]]) -> Iterator[Replayed]:
    """Every answer of a take; raises TakeError where its weights cannot be loaded."""
    for messages in _engines(lines):
        script = _Script(messages)
        script.run()
        for request, before in script.before.items():
            now = script.now[request]
            yield Replayed(request, sum(isinstance(event, NoteOn) for event in now), now == before)


def _engines(lines: Iterable[dict[str, Any]]) -> Iterator[list[Message]]:
    """What each engine process of a take was told and said; after a crash there is another one."""
    messages: list[Message] = []
    for line in lines:
        if line["kind"] in ("tell", "engine"):
            messages.append(from_line(json.dumps(line["message"]).encode()))
        elif line["kind"] == "engine_gone":
            yield messages
            messages = []
    yield messages


@dataclass
class _Script:
    """A worker's inbox that hands out what was told in a take, and stops each answer where it was stopped.

    A model that was ready while a question waited was in use for its answer: it comes before the question.
    One that was ready inside an answer comes there.
    """

    messages: Sequence[Message]
    before: Answers = field(default_factory=dict)
    now: Answers = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._warm: SimpleQueue[Any] = SimpleQueue()
        self._asked: str | None = None
        self._inside: dict[str, list[int]] = defaultdict(list)  # after so many events, a model was ready
        told: list[ToEngine | Loaded] = []
        for message in self.messages:
            self._keep(message, told)
        self._told = iter([each for each in told if self._is_for_now(each)])

    def run(self) -> None:
        """Let a worker answer it all."""
        from meloformer.bridge.engine.worker import Worker

        Worker(self).run(self.tell)  # type: ignore[arg-type]  # as much of a queue as a worker needs

    def tell(self, message: FromEngine) -> None:
        """What the worker says."""
        if isinstance(message, Said):
            self.now[message.request].append(message.event)

    def put(self, warm: Any) -> None:
        """A model is ready, or cannot be."""
        self._warm.put(warm)

    def empty(self) -> bool:
        """Whether the answer under way is to go on."""
        request = self._asked
        if request is None:
            return True
        if len(self.now[request]) in self._inside[request]:
            return False
        if self._reasons.get(request) == "done":
            return True
        return len(self.now[request]) < len(self.before[request])

    def get(self, timeout: float = 0.0) -> Any:
        """The next message, without a wait; a model once it is ready."""
        if self._asked is not None and not self.empty():
            request, at = self._asked, len(self.now[self._asked])
            if at in self._inside[request]:
                self._inside[request].remove(at)
                return self._loaded()
            self._asked = None
            return Stop(request)
        message = next(self._told, Quit())
        self._asked = message.request if isinstance(message, Question) else None
        return self._loaded() if isinstance(message, Loaded) else message

    def _loaded(self) -> Any:
        warm = self._warm.get()
        if isinstance(warm, LoadFailed):
            raise TakeError(f"the preset {warm.name} of this take cannot be loaded now: {warm.reason}")
        return warm

    def _keep(self, message: Message, told: list[ToEngine | Loaded]) -> None:
        if isinstance(message, Said):
            self.before.setdefault(message.request, []).append(message.event)
        elif isinstance(message, Ended):
            self.before.setdefault(message.request, [])
            self._reasons[message.request] = message.reason
        elif isinstance(message, Loaded) and (request := self._under_way()) is not None:
            self._inside[request].append(len(self.before[request]))
            _load_before(request, message.name, told)
        elif isinstance(message, Loaded):
            waiting = (place for place, each in enumerate(told) if self._waits(each))
            told.insert(next(waiting, len(told)), message)
        elif isinstance(message, ToEngine) and not isinstance(message, Stop | Quit):
            told.append(message)

    def _under_way(self) -> str | None:
        """The answer that has begun and not ended."""
        last = next(reversed(self.before), None)
        return None if last in self._reasons else last

    def _waits(self, message: ToEngine | Loaded) -> bool:
        return isinstance(message, Question) and message.request not in self.before

    def _is_for_now(self, message: ToEngine | Loaded) -> bool:
        """Not a question that was never answered, nor a model that never was ready."""
        if isinstance(message, Question):
            return message.request in self.before and self._reasons.get(message.request) != "failed"
        return not isinstance(message, Load) or self._was_ready(message)

    def _was_ready(self, load: Load) -> bool:
        return any(isinstance(each, Loaded) and each.name == load.name for each in self.messages)


def _load_before(request: str, name: str, told: list[ToEngine | Loaded]) -> None:
    """Have a model loaded before the question inside whose answer it was ready."""
    asked = next(at for at, each in enumerate(told) if isinstance(each, Question) and each.request == request)
    later = (at for at in range(asked, len(told)) if isinstance(each := told[at], Load) and each.name == name)
    place = next(later, None)
    if place is not None:
        told.insert(asked, told.pop(place))
