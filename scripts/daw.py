"""What a DAW does to the bridge, over a JACK server of our own: clock and phrase out, notes in."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import rtmidi

from meloformer.bridge.transports.midi import IN_NAME, OUT_NAME
from meloformer.scripts.served import SilentBridgeError

TICKS_PER_BEAT: Final = 24
RATE: Final = 48_000
PERIOD: Final = 128  # frames; JACK hands messages over once in each, so this bounds how exact it can be
PATIENCE_S: Final = 20.0
START, CONTINUE, STOP, TICK, POSITION = 0xFA, 0xFB, 0xFC, 0xF8, 0xF2

Pace = Callable[[float], float]  # the tempo at a beat


@dataclass(frozen=True, slots=True)
class Grid:
    """When each tick is meant to be, in seconds from the first; that one is beat `first_beat`."""

    ticks: tuple[float, ...]
    first_beat: float = 0.0

    @classmethod
    def of(cls, pace: Pace, beats: int, first_beat: float = 0.0) -> Grid:
        ticks, at = [], 0.0
        for number in range(beats * TICKS_PER_BEAT + 1):
            ticks.append(at)
            at += 60 / TICKS_PER_BEAT / pace(number / TICKS_PER_BEAT)
        return cls(tuple(ticks), first_beat)

    def seconds_at(self, beat: float) -> float:
        """The moment of a beat within the grid, between two ticks in proportion."""
        place = (beat - self.first_beat) * TICKS_PER_BEAT
        below = min(int(place), len(self.ticks) - 2)
        return self.ticks[below] + (place - below) * (self.ticks[below + 1] - self.ticks[below])

    def holds(self, beat: float) -> bool:
        return self.first_beat <= beat < self.first_beat + (len(self.ticks) - 1) / TICKS_PER_BEAT


class Daw:
    """A JACK client connected to the bridge, both ways."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, list[int]]] = []  # monotonic seconds, and the message
        self._out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "DAW")
        self._in = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "DAW")
        _connect(self._out, IN_NAME)
        _connect(self._in, OUT_NAME)
        self._in.set_callback(lambda stamped, _: self.heard.append((time.monotonic(), stamped[0])))

    def play(self, grid: Grid, notes: list[tuple[float, list[int]]], jitter_s: float = 0.0) -> float:
        """Send the grid's ticks, each up to so much late or early, and notes on beats.

        Returns the monotonic second of the first tick, as it was meant.
        """
        chance = random.Random(1)
        began = time.monotonic() + 0.2
        events = [(at + chance.uniform(-jitter_s, jitter_s), [TICK]) for at in grid.ticks]
        events += [(grid.seconds_at(beat), message) for beat, message in notes]
        for at, message in sorted(events, key=lambda event: event[0]):
            time.sleep(max(0.0, began + at - time.monotonic()))
            self.send(*message)
        return began

    def send(self, *message: int) -> None:
        self._out.send_message(list(message))

    def locate(self, beat: float) -> None:
        sixteenths = round(beat * 4)
        self.send(POSITION, sixteenths % 128, sixteenths // 128)

    def close(self) -> None:
        for port in (self._out, self._in):
            port.close_port()
            port.delete()


def _connect(client: Any, port: str) -> None:
    names = client.get_ports()
    found = [number for number, name in enumerate(names) if port in name]
    if not found:
        raise SilentBridgeError(f"the bridge has no port {port!r} on JACK; there are {names}")
    client.open_port(found[0])


@contextmanager
def jack_server() -> Iterator[None]:
    """A JACK server without hardware, which every client started from here on finds."""
    name = f"meloformer-bench-{os.getpid()}"
    options = ["--no-realtime", "--sync", "--timeout", "5000", "--name", name]
    command = ["jackd", *options, "-d", "dummy", "--rate", str(RATE), "--period", str(PERIOD)]
    with tempfile.TemporaryFile() as log:
        try:
            server = subprocess.Popen(command, stdout=log, stderr=log)
        except FileNotFoundError:
            raise SilentBridgeError("no jackd here; install JACK (jackd2) to measure a clock") from None
        os.environ["JACK_DEFAULT_SERVER"] = name
        try:
            _await(server)
            yield
        finally:
            server.terminate()
            server.wait()


def _await(server: subprocess.Popen[bytes]) -> None:
    """Until clients can connect. A server that will not come is told of by a client's own error."""
    deadline = time.monotonic() + PATIENCE_S
    while subprocess.run(["jack_lsp"], capture_output=True).returncode != 0:
        if time.monotonic() > deadline or server.poll() is not None:
            raise SilentBridgeError(
                "the JACK server did not start; run `jackd -d dummy` and see what it says"
            )
        time.sleep(0.05)
