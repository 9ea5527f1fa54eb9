"""What the tests of the bridge share: real clients, a real JACK server, and a real bridge process.

Everything is on loopback and on ports that the system chose; every wait has a deadline and a reason.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import rtmidi

from meloformer.bridge.transports.packing import bundle, pack, unpack

_SERVERS = count()
PATIENCE_S = 30.0  # a shared core can be slow; nothing here is a claim about speed


def wait_until(true: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """The first true value of `true`, asked every few milliseconds; fails with `what` after the patience."""
    deadline = time.monotonic() + patience_s
    while not (value := true()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_s:.0f} s in vain for {what}")
        time.sleep(0.005)
    return value


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """A disk on which no file gets longer than so many bytes. Not on Windows."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)


@dataclass(frozen=True, slots=True)
class Heard:
    """An OSC message that came, when (monotonic seconds), and its time tag (seconds since 1970)."""

    address: str
    arguments: tuple[Any, ...]
    seconds: float
    epoch_s: float | None


class OscClient:
    """A real UDP client on loopback; everything that comes is kept, in order."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.heard: list[Heard] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, port: int, address: str, *arguments: Any, epoch_s: float | None = None) -> None:
        packet = pack(address, arguments)
        self.send_bytes(port, packet if epoch_s is None else bundle(epoch_s, packet))

    def send_bytes(self, port: int, datagram: bytes) -> None:
        self._socket.sendto(datagram, ("127.0.0.1", port))

    def all(self, address: str) -> list[Heard]:
        return [message for message in self.heard if message.address == address]

    def wait_for(self, address: str, number: int = 1, patience_s: float = PATIENCE_S) -> Heard:
        """The `number`th message of this address, counted from 1."""
        wait_until(lambda: len(self.all(address)) >= number, f"{number} of {address}", patience_s)
        return self.all(address)[number - 1]

    def close(self) -> None:
        """Wake the thread with an empty datagram and free the port, which is bound while the thread reads."""
        self.send_bytes(self.port, b"")
        self._listener.join(PATIENCE_S)
        self._socket.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while datagram := self._socket.recv(65_535):
                now = time.monotonic()
                self.heard += [Heard(m.address, m.arguments, now, m.epoch_s) for m in unpack(datagram)]


@contextmanager
def osc_client() -> Iterator[OscClient]:
    client = OscClient()
    try:
        yield client
    finally:
        client.close()


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
    command = ["jackd", *options, "-d", "dummy", "--rate", "48000", "--period", "256"]
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


@dataclass
class Bridge:
    """A bridge process: its OSC port, its client, what it printed."""

    process: subprocess.Popen[str]
    client: OscClient
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        line = next(line for line in self.lines if line.startswith("OSC in "))
        return int(line.split(",")[0].rpartition(":")[2])

    def send(self, address: str, *arguments: Any, epoch_s: float | None = None) -> None:
        self.client.send(self.port, address, *arguments, epoch_s=epoch_s)

    def ask(self, address: str, answer: str) -> Heard:
        """Send a message and wait for the next answer to it."""
        number = len(self.client.all(answer)) + 1
        self.send(address)
        return self.client.wait_for(answer, number)

    def engine(self) -> int:
        """The process id of the engine."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        assert len(children) == 1
        return int(children[0])

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; returns its exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


@contextmanager
def running_bridge(*arguments: str, midi: str = "none") -> Iterator[Bridge]:
    """A real bridge on ports of its own, listening; ended with SIGTERM if it has not ended before."""
    with osc_client() as client:
        command = [sys.executable, "-m", "meloformer.scripts.cli", "bridge", "--midi", midi]
        ports = ["--osc", "127.0.0.1:0", "--reply", f"127.0.0.1:{client.port}"]
        process = subprocess.Popen(
            [*command, *ports, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        bridge = Bridge(process, client)
        readers = [_keep(process.stdout, bridge.lines), _keep(process.stderr, bridge.errors)]
        try:
            wait_until(lambda: _listens(bridge), "the bridge to listen", 2 * PATIENCE_S)
            yield bridge
        finally:
            _end(process)
            for reader in readers:
                reader.join(PATIENCE_S)


def _listens(bridge: Bridge) -> bool:
    assert bridge.process.poll() is None, f"the bridge ended: {''.join(bridge.errors)}"
    return any("listening" in line for line in bridge.lines)


def _keep(stream: Any, lines: list[str]) -> threading.Thread:
    def read() -> None:
        with stream:
            lines.extend(iter(stream.readline, ""))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
