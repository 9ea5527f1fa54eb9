"""What a person decides when starting the bridge, checked and frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

from meloformer.bridge.errors import BridgeError

Backend = Literal["auto", "alsa", "jack", "coremidi", "winmm", "none"]
ClockName = Literal["auto", "internal", "midi", "osc", "link"]
Device = Literal["auto", "cpu", "cuda"]
DEVICES: Final[tuple[Device, ...]] = ("auto", "cpu", "cuda")

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port; port 0 takes any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `HOST:PORT`, such as `127.0.0.1:7400` or `[::1]:7400`; raises BridgeError."""
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not (colon and host and port.isdecimal() and int(port) <= 65_535):
            raise BridgeError(f"{text!r} is no address; write HOST:PORT, such as {LOOPBACK}:7400")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long what is sent takes to sound, in milliseconds (0 to 250): notes leave so much earlier."""

    osc_ms: float = 0.0
    midi_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run the bridge. `presets` is a folder of preset files; `seed` None takes the preset's own.

    `takes` is the folder in which the session is kept; None: it is not.
    `engine` is where one on another machine is reached, with `key`; None: it is a process of this machine.
    """

    presets: Path
    preset: str
    osc: Endpoint = field(default=Endpoint(LOOPBACK, 7400))
    reply: Endpoint = field(default=Endpoint(LOOPBACK, 7401))
    midi: Backend = "auto"
    midi_in: str | None = None
    midi_out: str | None = None
    clock: ClockName = "auto"
    send_clock: bool = False
    latency: Latency = field(default=Latency())
    device: Device = "auto"
    seed: int | None = None
    takes: Path | None = None
    engine: Endpoint | None = None
    key: Path | None = None
