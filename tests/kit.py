"""What the tests of the bridge share: patience, real clients, and a real bridge process.

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
from pathlib import Path
from typing import Any

from meloformer.bridge.transports.packing import bundle, pack, unpack

PATIENCE_S = 30.0  # a shared core can be slow; nothing here is a claim about speed
_RECEIVE_BYTES = 1 << 22  # as a client must: the system drops what does not fit


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
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
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
        return _ended(self.process)


@contextmanager
def running_bridge(*arguments: str, midi: str = "none") -> Iterator[Bridge]:
    """A real bridge on ports of its own, listening; ended with SIGTERM if it has not ended before."""
    with osc_client() as client:
        command = [sys.executable, "-m", "meloformer.scripts.cli", "bridge", "--midi", midi]
        ports = ["--osc", "127.0.0.1:0", "--reply", f"127.0.0.1:{client.port}"]
        process = subprocess.Popen(
            [*command, *ports, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONFAULTHANDLER": "1"},  # so that SIGABRT says where every thread is
        )
        bridge = Bridge(process, client)
        readers = [_keep(process.stdout, bridge.lines), _keep(process.stderr, bridge.errors)]
        try:
            wait_until(lambda: _listens(bridge), "the bridge to listen", 2 * PATIENCE_S)
            yield bridge
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                _ended(process)
            finally:
                for reader in readers:
                    reader.join(PATIENCE_S)
                print("the bridge said:", *bridge.errors, file=sys.stderr)  # shown where the test fails


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


def _ended(process: subprocess.Popen[str]) -> int:
    """Its exit code; one that does not end is ended, and its last words are where it hangs."""
    try:
        return process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        process.wait()
        raise
