"""What the person who started the bridge reads: one line for what matters, made from what happened."""

from __future__ import annotations

import sys
from typing import Final

from meloformer.bridge.engine.messages import Loaded, LoadFailed, Trouble
from meloformer.bridge.session.events import (
    EngineGone,
    MappingLost,
    MidiBack,
    MidiGone,
    PresetRefused,
    Rejected,
    SessionEvent,
    TakeLost,
)

REFUSALS_APART_S: Final = 1.0


class Console:
    """Good news goes to standard output, bad news to standard error; refusals at most one a second."""

    def __init__(self) -> None:
        self._quiet_until_s = 0.0
        self._untold = 0

    def tell(self, event: SessionEvent, moment: float) -> None:
        """Print what there is to say about an event that happened at `moment`, in monotonic seconds."""
        if isinstance(event, Rejected) and moment < self._quiet_until_s:
            self._untold += 1
            return
        if line := good_news(event):
            print(line, flush=True)
        if line := bad_news(event):
            print(line + self._others(event, moment), file=sys.stderr, flush=True)

    def _others(self, event: SessionEvent, moment: float) -> str:
        if not isinstance(event, Rejected):
            return ""
        untold, self._untold = self._untold, 0
        self._quiet_until_s = moment + REFUSALS_APART_S
        return f" (and {untold} more before)" if untold else ""


def good_news(event: SessionEvent) -> str | None:
    """A line for standard output."""
    match event:
        case Loaded(name, milliseconds):
            return f"preset {name} loaded in {milliseconds / 1000:.1f} s"
        case MidiBack(ports):
            return f"MIDI {ports} again"
    return None


def bad_news(event: SessionEvent) -> str | None:
    """A line for standard error."""
    match event:
        case LoadFailed(name, reason) | PresetRefused(name, reason):
            return f"preset {name} cannot be used, the one before stays: {reason}"
        case EngineGone(reason) | Trouble(reason) | TakeLost(reason) | MappingLost(reason) | MidiGone(reason):
            return reason
        case Rejected(refused):
            return f"refused: {refused}"
    return None
