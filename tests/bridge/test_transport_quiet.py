"""The whole bridge without a wire: its loop, its session and its engine on the quiet transport."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from kit import PATIENCE_S, wait_until
from meloformer.bridge import incoming as osc
from meloformer.bridge import now, running
from meloformer.bridge.library import Library
from meloformer.bridge.loop import Inbox, Loop, Outside
from meloformer.bridge.midi import MidiNote, MidiOut
from meloformer.bridge.outgoing import OutEnd, Outgoing, OutNote, OutOff
from meloformer.bridge.session.events import Closing, Played, Received
from meloformer.bridge.session.machine import begin
from meloformer.bridge.transports.quiet import QuietWire
from playing import SCALE

Kind = TypeVar("Kind")


class QuietBridge:
    """A bridge that opens nothing; what it sends is kept."""

    def __init__(self, presets: Path) -> None:
        self.inbox: Inbox = SimpleQueue()
        self.sent: list[Outgoing] = []
        self.sounded: list[MidiOut] = []
        self._engine = running.EngineProcess(self.inbox.put)
        library = Library(presets, 1, self.inbox.put)
        outside = Outside(
            QuietWire(lambda message, _: self.sent.append(message)),
            QuietWire(lambda message, _: self.sounded.append(message)),
            self._engine,
            library,
        )
        ready = threading.Event()
        state = begin(library.get("band"), "1.2.3", "cpu", now.seconds())
        loop = Loop(state, self.inbox, outside, lambda _: ready.set())
        self._thread = threading.Thread(target=loop.run)
        self._thread.start()
        self._engine.start()
        assert ready.wait(PATIENCE_S)

    def __enter__(self) -> QuietBridge:
        return self

    def __exit__(self, *_: object) -> None:
        self.inbox.put(Closing())
        self._thread.join(PATIENCE_S)
        self._engine.stop()

    def receive(self, message: osc.Incoming) -> None:
        self.inbox.put(Received(message, "127.0.0.1", now.seconds()))

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [message for message in self.sent if isinstance(message, kind)]


def test_a_phrase_is_answered_without_a_wire(presets: Path) -> None:
    with QuietBridge(presets) as bridge:
        bridge.receive(osc.TransportTempo(240.0))
        for pitch in SCALE:
            bridge.inbox.put(Played(MidiNote(1, pitch, 90), now.seconds()))
            bridge.inbox.put(Played(MidiNote(1, pitch, 0), now.seconds()))
        bridge.receive(osc.PhraseEnd())
        wait_until(lambda: bridge.all(OutEnd), "the end of the answer")
        assert bridge.all(OutEnd)[0].reason == "done"
        struck = [note.id for note in bridge.all(OutNote)]
        assert struck and sorted(struck) == sorted(off.id for off in bridge.all(OutOff))


def test_a_loop_that_is_closed_in_an_answer_leaves_silence(presets: Path) -> None:
    with QuietBridge(presets) as bridge:
        bridge.receive(osc.PhraseBegin())
        for place, pitch in enumerate(SCALE):
            bridge.receive(osc.PhraseNote(place / 2, 0.5, 1, pitch, 90))
        bridge.receive(osc.PhraseEnd())
        wait_until(lambda: bridge.sounded, "a note")
    sounding = {
        (note.channel, note.pitch): note.velocity for note in bridge.sounded if isinstance(note, MidiNote)
    }
    assert sounding and not any(sounding.values())
