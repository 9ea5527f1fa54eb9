"""An engine and a client that follow what a session does, and object to whatever makes no sense."""

from __future__ import annotations

from meloformer.bridge.border import write
from meloformer.bridge.engine.messages import (
    Ask,
    Choose,
    Heard,
    Infill,
    NextBar,
    Reset,
    Revise,
    Stop,
    ToEngine,
    Vary,
)
from meloformer.bridge.outgoing import OutBegin, OutEnd, OutNote, OutOff
from meloformer.bridge.session.actions import Send
from meloformer.model.encoder import Encoder
from meloformer.model.events import BarStart
from rehearsal import FakeBand


class StrictEngine:
    """Takes what an engine is told, and fails where a real one could make nothing of it."""

    def __init__(self) -> None:
        self.band = FakeBand()
        self._line = 0  # the tick where the next bar has to start
        self._varied: set[str] = set()
        self._encoder: Encoder | None = None

    def takes(self, message: ToEngine, ready: bool) -> None:
        """`ready`: whether there is a model that can be asked."""
        if isinstance(message, Reset):
            self._encoder, self._varied = Encoder(), set()
            self.band.begins()
        elif isinstance(message, Heard):
            self._hears(message)
        elif isinstance(message, NextBar):
            assert self.band.asked is None, "asked while a bar was being made"
            assert message.start.tick == self._line, "a bar line was not told"
            self.band.takes(message)
        elif isinstance(message, Choose):
            assert message.request in self._varied, "chosen, and never made"
            assert self.band.asked is None, "chosen while an answer was under way"
        elif isinstance(message, Ask | Vary | Infill):
            assert self.band.asked is None, "asked while an answer was under way"
            assert ready, "asked without a model"
            self._varied = {*self._varied, message.request} if isinstance(message, Vary) else set()
            self.band.takes(message)
        elif isinstance(message, Revise):
            assert self.band.asked is None, "made anew while an answer was under way"
            assert message.tick in self.band.open_at, "made anew from where no bar begins"
            self.band.takes(message)
        elif isinstance(message, Stop):
            assert self.band.asked is not None
            assert self.band.asked.request == message.request
            self.band.asked = None

    def _hears(self, message: Heard) -> None:
        assert self._encoder is not None, "heard before a conversation was begun"
        self._encoder.push(message.event)  # raises where the event is out of place
        self._varied = set()
        if isinstance(message.event, BarStart):
            self.band.heard.append(message.event)
            self._line = message.event.tick + message.event.meter.ticks


class StrictClient:
    """Takes what a client is sent; one answer at a time, never back in time, and no note's end before it."""

    def __init__(self) -> None:
        self.open_request: str | None = None
        self._last_tag = 0.0
        self._tags: dict[int, float] = {}  # of the notes that sound

    def takes(self, at: float, action: Send) -> None:
        """`at`: when it was sent, in seconds."""
        address, values = write(action.message)
        assert address.startswith("/melo/")
        assert all(type(value) in (int, float, str) for value in values)
        assert action.at is None or action.at >= at
        match action:
            case Send(OutBegin(request, _), _):
                assert self.open_request is None
                self.open_request, self._last_tag = request, 0.0
            case Send(OutEnd(request), _):
                assert self.open_request == request
                self.open_request = None
            case Send(OutNote(note), tag):
                assert self.open_request is not None
                assert tag is not None
                assert tag >= self._last_tag
                self._last_tag = self._tags[note] = tag
            case Send(OutOff(note), tag):
                assert tag is not None
                assert tag >= self._tags.pop(note)
