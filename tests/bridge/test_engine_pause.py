"""The engine between messages: a moment without any is used, and longer silence costs nothing."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import Any

from meloformer.bridge.engine.messages import Heard, Load, Loaded, Quit, Reset, Weigh, Weighed
from meloformer.bridge.engine.worker import Worker
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.presets.reader import find, read

PLAYED = (BarStart(0, Meter(4, 4)), NoteOn(0, 0, 60, 20), NoteOff(24, 0, 60))


class Timeless(SimpleQueue[Any]):
    """A queue whose waits are over at once; who would wait for ever is told to quit."""

    def __init__(self) -> None:
        self.waits: list[float | None] = []

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if not self.empty():
            return super().get()
        self.waits.append(timeout)
        if timeout is None:
            return Quit()
        raise Empty


def test_a_pause_is_used_once_to_read_on_and_then_nothing_is_done_until_a_message_comes() -> None:
    inbox = Timeless()
    worker = Worker(inbox, beside=lambda work: work())
    weights = str(read(find(DEFAULT, SHIPPED)).weights)
    for message in (Load(DEFAULT, weights, "cpu"), Reset(1), *map(Heard, PLAYED)):
        inbox.put(message)
    assert Loaded in map(type, list(worker.said()))
    assert worker._performer is not None
    ahead = worker._performer._listener._ahead
    assert ahead is not None
    assert len(ahead.tokens) > 1
    assert [wait is None for wait in inbox.waits] == [False, True]


def test_what_is_to_be_weighed_is_weighed_unless_something_else_is_to_be_done() -> None:
    inbox = Timeless()
    worker = Worker(inbox, beside=lambda work: work())
    weights = str(read(find(DEFAULT, SHIPPED)).weights)
    weigh = Weigh("w", (PLAYED, PLAYED[:2]))
    for message in (weigh, Load(DEFAULT, weights, "cpu"), weigh, Reset(1)):
        inbox.put(message)
    said = [each for each in worker.said() if isinstance(each, Weighed)]
    assert said == [Weighed("w", ()), Weighed("w", ())]
    inbox.put(weigh)
    (answer,) = [each for each in worker.said() if isinstance(each, Weighed)]
    both, begun = answer.nats
    assert 0.0 < begun < both


def test_with_no_model_yet_a_pause_is_a_pause() -> None:
    assert list(Worker(Timeless()).said()) == []
