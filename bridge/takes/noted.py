"""One step of a session, as a take notes it, and its JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any, Final, NamedTuple

from meloformer.bridge.border import arguments, sent_to, write
from meloformer.bridge.engine.lines import to_line
from meloformer.bridge.engine.messages import FromEngine
from meloformer.bridge.outgoing import OutBar, OutNote, OutOff
from meloformer.bridge.session.actions import Action, Send, Tell
from meloformer.bridge.session.events import EngineGone, Played, Received, Rejected, SessionEvent
from meloformer.bridge.session.state import State

FORMAT: Final = 1
Line = dict[str, Any]


class Noted(NamedTuple):
    """What happened at `seconds` (monotonic), what the session did about it, and how it stands since."""

    seconds: float
    event: SessionEvent
    actions: tuple[Action, ...]
    state: State


def heading(state: State, began: str) -> Line:
    """The first line of a take; `began` is the wall-clock time."""
    preset = state.preset
    return {
        "kind": "take",
        "format": FORMAT,
        "meloformer": state.version,
        "began": began,
        "preset": preset.name,
        "weights": str(preset.weights),
        "seed": preset.sampling.seed,
    }


def lines_of(noted: Noted, since: float) -> Iterator[Line]:
    """The lines of one step, each with its seconds since `since`."""
    at = {"s": round(noted.seconds - since, 6)}
    for line in _happened(noted.event, since):
        yield at | line
    for action in noted.actions:
        for line in _done(action):
            yield at | line


def _happened(event: SessionEvent, since: float) -> Iterator[Line]:
    """`at` is the instant that a message means, in the same seconds."""
    match event:
        case Received(message, host, at):
            means = {"at": round(at - since, 6), "host": host}
            yield {"kind": "osc_in", "address": sent_to(message), "arguments": arguments(message), **means}
        case Played(message, at):
            said = [type(message).__name__, *astuple(message)]
            yield {"kind": "midi_in", "message": said, "at": round(at - since, 6)}
        case Rejected(refused):
            yield {"kind": "refused", "address": refused.address, "reason": refused.reason}
        case EngineGone(reason):
            yield {"kind": "engine_gone", "reason": reason}
        case _ if isinstance(event, FromEngine):
            yield {"kind": "engine", "message": json.loads(to_line(event))}


def _done(action: Action) -> Iterator[Line]:
    """What is sent note by note stands in the MIDI file, and what the engine said in its own lines."""
    if isinstance(action, Tell):
        yield {"kind": "tell", "message": json.loads(to_line(action.message))}
    elif isinstance(action, Send) and not isinstance(action.message, OutNote | OutOff | OutBar):
        address, arguments = write(action.message)
        yield {"kind": "osc_out", "address": address, "arguments": arguments}
