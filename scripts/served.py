"""A bridge in a process of its own, and an OSC client of it: what the measurements are made with."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

import yaml

from meloformer.bridge.settings import LOOPBACK
from meloformer.bridge.transports.packing import Message, pack, unpack
from meloformer.presets.reader import find, read

PATIENCE_S: Final = 120.0
ENDED_WITHIN_S: Final = 20.0
# Linux notes when a datagram came: a busy machine then delays no measurement by waking us late.
_SO_TIMESTAMPNS: Final = 35
_NOTE_BYTES: Final = 64
_LARGEST: Final = 65_535
LOOKAHEAD_BEATS: Final = 0.25
# Every note leaves as soon as it is decided: what is measured is the model and the bridge, not the waiting.
AT_ONCE: Final = {"answer": {"bars": 8, "quantise": "now", "lookahead": 64}, "listen": {"end": "signal"}}
# Notes leave shortly before they sound, so most of them wait for their time.
IN_TIME: Final = {
    "answer": {"bars": 64, "quantise": "now", "lookahead": LOOKAHEAD_BEATS},
    "listen": {"end": "signal"},
}


class SilentBridgeError(Exception):
    """The bridge did not do what a measurement waits for."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message from the bridge and when it came: seconds since 1970, as its time tag counts."""

    message: Message
    epoch_s: float


class Served:
    """A running bridge, spoken to over loopback."""

    def __init__(self, process: subprocess.Popen[str], wire: socket.socket, port: int) -> None:
        self.process = process
        self._wire = wire
        self._bridge = (LOOPBACK, port)
        self._arrivals: SimpleQueue[Arrival] = SimpleQueue()
        self.passed: list[Arrival] = []  # what came before the last arrival that was waited for
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, address: str, *arguments: Any) -> None:
        self._wire.sendto(pack(address, arguments), self._bridge)

    def arrival(self, address: str, patience_s: float = PATIENCE_S) -> Arrival:
        """The next message of this address; all that come before it are passed over."""
        deadline = time.monotonic() + patience_s
        self.passed = []
        while True:
            try:
                arrival = self._arrivals.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise SilentBridgeError(
                    f"no {address} within {patience_s:g} s; run `meloformer bridge` and see what it says"
                ) from None
            if arrival.message.address == address:
                return arrival
            self.passed.append(arrival)

    def forget(self) -> None:
        """Pass over everything that came until now."""
        self.send("/melo/ping")
        self.arrival("/melo/pong")

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                datagram, epoch_s = _received(self._wire)
                for message in unpack(datagram):
                    self._arrivals.put(Arrival(message, epoch_s))


def _received(wire: socket.socket) -> tuple[bytes, float]:
    """A datagram, and when it came: as the kernel noted it, where it does, else now."""
    if sys.platform != "linux":
        return wire.recv(_LARGEST), time.time()
    datagram, notes, _, _ = wire.recvmsg(_LARGEST, _NOTE_BYTES)
    seconds, nanoseconds = struct.unpack("ll", notes[0][2])
    return datagram, seconds + nanoseconds / 1e9


@contextmanager
def served(preset: str, presets: Path, changes: dict[str, Any], *options: str) -> Iterator[Served]:
    """A bridge on ports of its own, with a preset changed in the fields of `changes`, from ready to ended.

    Without MIDI, unless `options` say otherwise, which are those of `meloformer bridge`.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_changed(preset, presets, Path(folder), changes)
        with served_from(preset, Path(folder), *options) as bridge:
            yield bridge


@contextmanager
def served_from(preset: str, presets: Path, *options: str) -> Iterator[Served]:
    """The same with the presets of a folder as they are."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((LOOPBACK, 0))
        if sys.platform == "linux":
            wire.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        process = start(preset, presets, wire.getsockname()[1], *options)
        try:
            yield Served(process, wire, listening_port(process))
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask it to end, and see that it does."""
    process.terminate()
    try:
        process.communicate(timeout=ENDED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def write_changed(preset: str, presets: Path, folder: Path, changes: dict[str, Any]) -> None:
    """A copy of a preset in another folder, with other values in some of its fields."""
    file = find(preset, presets)
    weights = read(file).weights
    shutil.copy(weights, folder)
    fields = {**yaml.safe_load(file.read_text(encoding="utf-8")), **changes, "weights": weights.name}
    (folder / file.name).write_text(yaml.safe_dump(fields), encoding="utf-8")


def start(preset: str, presets: Path, reply_port: int, *options: str) -> subprocess.Popen[str]:
    ports = ["--osc", f"{LOOPBACK}:0", "--reply", f"{LOOPBACK}:{reply_port}", "--midi", "none"]
    command = [sys.executable, "-m", "meloformer.scripts.cli", "bridge", *ports, *options]
    return subprocess.Popen(
        [*command, "--preset", preset, "--presets", str(presets)], stdout=subprocess.PIPE, text=True
    )


def listening_port(process: subprocess.Popen[str]) -> int:
    """The OSC port of a bridge, once it listens."""
    assert process.stdout is not None
    port = 0
    for line in process.stdout:
        if line.startswith("OSC in "):
            port = int(line.split(",")[0].rpartition(":")[2])
        elif line.startswith("listening"):
            return port
    raise SilentBridgeError("the bridge ended before it listened; its reason stands above")


def spread(times_ms: Sequence[float]) -> dict[str, Any]:
    """Milliseconds in the middle, at the 90th and 99th of a hundred, and at the worst."""
    ordered = sorted(times_ms)
    marks = {"median_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "worst_ms": 1.0}
    at = {name: ordered[min(len(ordered) - 1, int(mark * len(ordered)))] for name, mark in marks.items()}
    return {"samples": len(ordered)} | {name: round(value, 2) for name, value in at.items()}
