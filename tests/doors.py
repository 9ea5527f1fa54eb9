"""An engine for other machines in a process of its own, and who talks to it over the wire."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit import PATIENCE_S, wait_until
from meloformer.bridge.engine.messages import Load
from meloformer.bridge.session.events import EngineStarted
from meloformer.bridge.settings import Endpoint
from meloformer.bridge.transports import keys
from meloformer.bridge.transports.far_engine import FarEngine
from meloformer.bridge.transports.keys import LaptopKey
from meloformer.presets import DEFAULT
from talking import WEIGHTS, Talk

_COMMAND = "from meloformer.bridge.engine import lines; {}; from meloformer.scripts import cli; cli.main()"


@dataclass
class Door:
    """A running `meloformer engine`."""

    process: subprocess.Popen[str]
    folder: Path
    lines: list[str] = field(default_factory=list)

    @property
    def place(self) -> Endpoint:
        line = next(line for line in self.lines if line.startswith("engine on "))
        return Endpoint.parse(line.split("tcp://")[1].split(",")[0])

    @property
    def key(self) -> Path:
        return self.folder / "keys" / keys.LAPTOP_FILE

    @property
    def held(self) -> list[Path]:
        return sorted((self.folder / "held").glob("*"))

    def children(self) -> list[int]:
        """The process ids of its engines."""
        pid = self.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


@contextmanager
def open_door(folder: Path, port: int = 0, patched: str = "pass", host: str = "127.0.0.1") -> Iterator[Door]:
    """An engine for other machines, with its keys and what it holds in `folder`; killed at the end."""
    options = ["--keys", str(folder / "keys"), "--cache", str(folder / "held")]
    command = [sys.executable, "-c", _COMMAND.format(patched), "engine", "--listen", f"{host}:{port}"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    door = Door(process, folder)
    reader = threading.Thread(target=keep, args=(process.stdout, door.lines), daemon=True)
    reader.start()
    try:
        wait_until(lambda: any(line.startswith("engine on ") for line in door.lines), "the engine to listen")
        yield door
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(PATIENCE_S)


def keep(stream: Any, lines: list[str]) -> None:
    with stream:
        lines.extend(iter(stream.readline, ""))


def dial(place: Endpoint, key: Path) -> Callable[[Callable[[Any], None]], FarEngine]:
    """What begins an engine that is at that place."""

    def begins(arrived: Callable[[Any], None]) -> FarEngine:
        engine = FarEngine(place, LaptopKey.read(key), arrived)
        threading.Thread(target=engine.serve, daemon=True).start()
        return engine

    return begins


@contextmanager
def talking(place: Endpoint, key: Path) -> Iterator[Talk]:
    talk = Talk(dial(place, key))
    try:
        yield talk
    finally:
        talk.engine.stop()


def load(talk: Talk, weights: str = WEIGHTS, name: str = DEFAULT) -> None:
    talk.wait_for(EngineStarted)
    talk.engine.tell(Load(name, weights, "cpu"))
