"""A real JACK server without hardware, and who plays and listens at its MIDI ports."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import rtmidi
from rtmidi import _rtmidi

from kit import PATIENCE_S, wait_until

PERIOD = 256  # frames
SETTLED_PERIODS = 4
_SERVERS = count()


@contextmanager
def jack_server(name: str = "") -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A JACK server without hardware: its name (a new one if none is given) and its process.

    Mark the test `needs("jackd")`.

    A process may be a client of one JACK server in its life, more make it crash: for this one that is the
    fixture `jack`, so clients of any other must be processes of their own.
    """
    name = name or f"meloformer-{os.getpid()}-{next(_SERVERS)}"
    # In sync mode it waits for a client that is late on a busy machine, where else its cycle would be lost.
    options = ["--no-realtime", "--sync", "--timeout", "5000", "--name", name]
    command = ["jackd", *options, "-d", "dummy", "--rate", "48000", "--period", str(PERIOD)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        subprocess.run(
            [sys.executable, "-c", _KNOCK, name], timeout=PATIENCE_S, check=True, capture_output=True
        )
        yield name, server
    finally:
        server.terminate()
        server.wait()


_KNOCK = """
import os, sys, time, rtmidi
os.environ["JACK_DEFAULT_SERVER"] = sys.argv[1]
while True:
    try:
        rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "Knock").delete()
        break
    except rtmidi.SystemError:
        time.sleep(0.02)
"""


class JackRecorder:
    """A real JACK client that keeps every MIDI message of a port, with when it came (monotonic seconds)."""

    def __init__(self, port: str) -> None:
        self.heard: list[tuple[float, list[int]]] = []
        self._in = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "Recorder")
        _connect(self._in, port)
        self._in.set_callback(lambda stamped, _: self.heard.append((time.monotonic(), stamped[0])))

    def __enter__(self) -> JackRecorder:
        return self

    def __exit__(self, *_: object) -> None:
        self._in.close_port()
        self._in.delete()

    def notes(self) -> list[tuple[float, int, int, int]]:
        """(seconds, channel 1 to 16, pitch, velocity; 0 for an off)."""
        return [
            (at, (status & 15) + 1, pitch, velocity if status & 0xF0 == 0x90 else 0)
            for at, (status, pitch, velocity) in ((at, m) for at, m in self.heard if m[0] & 0xE0 == 0x80)
        ]


class JackPlayer:
    """A real JACK client that plays into a port."""

    def __init__(self, port: str) -> None:
        self._out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "Player")
        self._one_at_a_time = threading.Lock()
        _connect(self._out, port)

    def __enter__(self) -> JackPlayer:
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close_port()
        self._out.delete()

    def send(self, *message: int) -> None:
        with self._one_at_a_time:
            self._out.send_message(list(message))


class MidiClock:
    """What a DAW sends while it plays: a start, 24 ticks to a beat in a steady tempo, a stop."""

    def __init__(self, player: JackPlayer, bpm: float) -> None:
        self._player = player
        self._bpm = bpm
        self._began = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> MidiClock:
        self._player.send(0xFA)
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(PATIENCE_S)
        self._player.send(0xFC)

    def beat_at(self, seconds: float) -> float:
        """The DAW's beat at that monotonic second."""
        return (seconds - self._began) * self._bpm / 60

    def until(self, beat: float) -> None:
        """Play on until that beat."""
        time.sleep(max(0.0, self._began + beat * 60 / self._bpm - time.monotonic()))

    def _tick(self) -> None:
        for number in count():
            if self._ended.is_set():
                return
            self.until(number / 24)
            self._player.send(0xF8)


def _connect(client: Any, port: str) -> None:
    names = wait_until(lambda: [name for name in client.get_ports() if port in name], f"the port {port}")
    client.open_port(client.get_ports().index(names[0]))
    _let_periods_pass()


def _let_periods_pass() -> None:
    """JACK takes a connection up some periods after it was made: what was sent before would be lost."""
    jack = ctypes.CDLL(_rtmidi.__file__)
    jack.jack_client_open.restype = ctypes.c_void_p
    for function in (jack.jack_activate, jack.jack_last_frame_time, jack.jack_client_close):
        function.argtypes = [ctypes.c_void_p]
    jack.jack_last_frame_time.restype = ctypes.c_uint32
    client = jack.jack_client_open(b"Watch", 0, ctypes.byref(ctypes.c_int()))
    jack.jack_activate(client)
    began = jack.jack_last_frame_time(client)
    wait_until(
        lambda: (jack.jack_last_frame_time(client) - began) % 2**32 >= SETTLED_PERIODS * PERIOD,
        "some periods of JACK",
    )
    jack.jack_client_close(client)
