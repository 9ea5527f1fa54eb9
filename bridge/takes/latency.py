"""How long an answer took: from asking to the first event, to the first note, and to its leaving."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from meloformer.bridge.engine.messages import Ask, Ended, Said
from meloformer.bridge.outgoing import OutNote
from meloformer.bridge.session.actions import Send, Tell
from meloformer.bridge.takes.noted import Noted
from meloformer.model.events import NoteOn


class Latencies:
    """Takes steps in order; gives one line for each answer, when the engine has ended it."""

    def __init__(self) -> None:
        self._asked_s: dict[str, float] = {}
        self._after_ms: dict[str, dict[str, float]] = {}

    def lines_of(self, noted: Noted, since: float) -> Iterator[dict[str, Any]]:
        """The lines that this step completes, with their seconds since `since`."""
        if isinstance(noted.event, Said):
            self._say(noted.event.request, "first_event_ms", noted.seconds)
            if isinstance(noted.event.event, NoteOn):
                self._say(noted.event.request, "first_note_ms", noted.seconds)
        for action in noted.actions:
            if isinstance(action, Tell) and isinstance(action.message, Ask):
                self._asked_s[action.message.request] = noted.seconds
                self._after_ms[action.message.request] = {}
            elif isinstance(action, Send) and isinstance(action.message, OutNote) and noted.state.answer:
                self._say(noted.state.answer.request, "first_note_leaves_ms", noted.seconds)
        if isinstance(noted.event, Ended) and noted.event.request in self._after_ms:
            del self._asked_s[noted.event.request]
            yield {
                "s": round(noted.seconds - since, 6),
                "kind": "latency",
                "request": noted.event.request,
                "late": noted.state.counts.late,
                **self._after_ms.pop(noted.event.request),
            }

    def _say(self, request: str, name: str, seconds: float) -> None:
        if request in self._asked_s:
            self._after_ms[request].setdefault(name, round((seconds - self._asked_s[request]) * 1000, 3))
