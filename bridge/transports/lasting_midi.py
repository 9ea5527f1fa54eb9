"""MIDI ports that are opened again, by themselves, when their system was gone and is back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Final

from meloformer.bridge.errors import BridgeError
from meloformer.bridge.midi import MidiOut
from meloformer.bridge.session.events import MidiBack, MidiGone, Played
from meloformer.bridge.transports.jack import server_is_there
from meloformer.bridge.transports.midi import MidiChoice, MidiWire, open_midi

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0


class LastingMidi:
    """Has the face of a `MidiWire`; `serve` runs on a thread of its own, and only that one waits."""

    def __init__(self, choice: MidiChoice, arrived: Callable[[Played | MidiGone | MidiBack], None]) -> None:
        """Opens both ports; raises BridgeError where that fails."""
        self._arrived = arrived
        self._losses: SimpleQueue[str | None] = SimpleQueue()  # None: the bridge ends
        self._wire = open_midi(choice, arrived, self._losses.put)
        self._choice = replace(choice, backend=self._wire.system)

    def __str__(self) -> str:
        return f"in {self._wire.port_in!r}, out {self._wire.port_out!r} ({self._wire.system})"

    def send(self, message: MidiOut) -> None:
        """Send now; while the ports are gone, nothing happens."""
        self._wire.send(message)

    def serve(self) -> None:
        """Tell of every loss once, and open the ports again, until the bridge ends."""
        while (reason := self._losses.get()) is not None:
            self._arrived(MidiGone(reason))
            self._wire.close()
            wire = self._again()
            if wire is None:
                return
            self._wire = wire
            self._arrived(MidiBack(str(self)))

    def close(self) -> None:
        """End what still sounds, and close both ports."""
        self._losses.put(None)
        self._wire.close()

    def _again(self) -> MidiWire | None:
        """The same ports, as soon as they can be had; None when the bridge ends before that."""
        pause_s = FIRST_PAUSE_S
        while not self._ends_within(pause_s):
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            # RtMidi would hold Python's lock, and thereby every note, while it looks for a server.
            if self._choice.backend != "jack" or server_is_there():
                try:
                    return open_midi(self._choice, self._arrived, self._losses.put)
                except BridgeError:  # a port of this name is not there yet
                    continue
        return None

    def _ends_within(self, seconds: float) -> bool:
        try:
            return self._losses.get(timeout=seconds) is None
        except Empty:
            return False
