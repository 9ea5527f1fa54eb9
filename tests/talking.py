"""An engine that a test talks to, and everything that it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kit import wait_until
from meloformer.bridge.engine.messages import Ask, Ended, FromEngine, Heard, Reset, Said
from meloformer.bridge.running import EngineProcess
from meloformer.bridge.session.events import EngineDelay, EngineGone, EngineStarted
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.sampling import Sampling
from meloformer.model.score import Meter
from meloformer.presets import DEFAULT, SHIPPED

WEIGHTS = str(SHIPPED / f"{DEFAULT}.safetensors")
NATURAL = Sampling(temperature=1.0, top_p=0.95, min_p=0.02, echo=0.0, memory=0.0)
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)

Arrival = FromEngine | EngineStarted | EngineGone | EngineDelay
Kind = TypeVar("Kind", bound=Arrival)


class Talk:
    """An engine and everything that it has said."""

    def __init__(self, begins: Callable[[Callable[[Arrival], None]], Any] = EngineProcess) -> None:
        self.heard: list[Arrival] = []
        self.engine = begins(self.heard.append)
        self.engine.start()

    def wait_for(self, kind: type[Kind], fits: Callable[[Kind], bool] = lambda _: True) -> Kind:
        def found() -> list[Kind]:
            return [each for each in tuple(self.heard) if isinstance(each, kind) and fits(each)]

        first: Kind = wait_until(found, kind.__name__)[0]
        return first

    def play(self, seed: int = 1) -> None:
        """A bar of a scale, in a new conversation."""
        self.engine.tell(Reset(seed))
        self.engine.tell(Heard(BarStart(0, Meter(4, 4))))
        for place, pitch in enumerate(SCALE):
            self.engine.tell(Heard(NoteOn(12 * place, 0, pitch, 20)))
            self.engine.tell(Heard(NoteOff(12 * place + 11, 0, pitch)))

    def answer(self, request: str, bars: int = 1) -> list[Event]:
        self.engine.tell(Ask(request, bars, NATURAL, None))
        ended = self.wait_for(Ended, lambda ended: ended.request == request)
        assert ended.reason == "done"
        return self.said(request)

    def said(self, request: str) -> list[Event]:
        return [each.event for each in self.heard if isinstance(each, Said) and each.request == request]
