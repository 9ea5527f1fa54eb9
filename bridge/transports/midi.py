"""MIDI ports: python-rtmidi opens them, mido builds and parses the messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import mido
import rtmidi

from meloformer.bridge import now
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.midi import (
    MidiContinue,
    MidiControl,
    MidiIn,
    MidiNote,
    MidiOut,
    MidiPosition,
    MidiProgram,
    MidiStart,
    MidiStop,
    MidiTick,
)
from meloformer.bridge.session.events import Played
from meloformer.bridge.settings import Backend
from meloformer.bridge.transports.hush import hushed
from meloformer.bridge.transports.jack import when_server_ends

IN_NAME: Final = "MeloFormer In"
OUT_NAME: Final = "MeloFormer Out"
_APIS: Final[dict[Backend, int]] = {
    "coremidi": rtmidi.API_MACOSX_CORE,
    "winmm": rtmidi.API_WINDOWS_MM,
    "alsa": rtmidi.API_LINUX_ALSA,
    "jack": rtmidi.API_UNIX_JACK,
}
_JACK_PERIODS_S: Final = 0.1
_abandoned: list[tuple[Any, Any]] = []  # ports of servers that are no more, or stand still
_WINDOWS_HINT: Final = (
    "Windows has no virtual MIDI ports of its own: install loopMIDI, "
    f"add the ports {IN_NAME!r} and {OUT_NAME!r} in it, and start the bridge again"
)


@dataclass(frozen=True, slots=True)
class MidiChoice:
    """Which system and which existing ports; a port None is a virtual one of our own."""

    backend: Backend
    port_in: str | None
    port_out: str | None


class NoSystemError(BridgeError):
    """A MIDI system does not answer."""


class MidiWire:
    """One port in, one port out. What arrives is told to `arrived` on the MIDI system's own thread."""

    def __init__(
        self,
        system: Backend,
        choice: MidiChoice,
        arrived: Callable[[Played], None],
        lost: Callable[[str], None],
    ) -> None:
        """Opens both ports; raises BridgeError where that fails. `lost`: told once why they are no more."""
        self.system = system
        self._lost = lost
        self.gone = ""
        self._closed = False
        self._sounding: set[tuple[int, int]] = set()
        self._arrived = arrived
        try:
            self._in = rtmidi.MidiIn(_APIS[system], IN_NAME)
            self._out = rtmidi.MidiOut(_APIS[system], OUT_NAME)
            self.port_in = _open(self._in, choice.port_in, IN_NAME, system)
            self.port_out = _open(self._out, choice.port_out, OUT_NAME, system)
        except (rtmidi.RtMidiError, OSError) as error:
            reason = str(error).rstrip(".")
            raise NoSystemError(
                f"MIDI by {system} cannot be opened ({reason}); `meloformer doctor` says what to do"
            ) from None
        self._in.ignore_types(sysex=True, timing=False, active_sense=True)
        self._in.set_callback(self._take)
        self._end_watch = when_server_ends(self._lose_server) if system == "jack" else _unwatched

    def send(self, message: MidiOut) -> None:
        """Send now; once the MIDI system is gone, nothing happens."""
        if self.gone:
            return
        try:
            self._out.send_message(_message(message).bytes())
        except rtmidi.RtMidiError as error:  # the device was unplugged, say
            self._lose(f"{self.port_out!r} takes no more ({error})")
            return
        if isinstance(message, MidiNote):
            keep = self._sounding.add if message.velocity else self._sounding.discard
            keep((message.channel, message.pitch))

    def close(self) -> None:
        """End what still sounds, whatever brought us here, and close both ports, or leave them behind."""
        if self._closed:
            return
        self._closed = True
        for channel, pitch in sorted(self._sounding):
            self.send(MidiNote(channel, pitch, 0))
        if self.system == "jack" and not self._server_lets_go():
            # RtMidi would wait for it, a second or for ever, while it holds Python's lock
            _abandoned.append((self._in, self._out))
            return
        for port in (self._in, self._out):
            port.close_port()
            port.delete()

    def _server_lets_go(self) -> bool:
        if not self.gone:  # closing a port takes back what it has not handed over yet
            now.pause(_JACK_PERIODS_S)
        return self._end_watch() and not self.gone

    def _take(self, stamped: tuple[list[int], float], _: Any) -> None:
        at = now.seconds()
        message = _value(stamped[0])
        if message is not None:
            self._arrived(Played(message, at))

    def _lose_server(self) -> None:
        # RtMidi would wait in `send_message` for ever, with everything else of the bridge.
        self._lose("the JACK server ended")

    def _lose(self, reason: str) -> None:
        if not self.gone:
            self.gone = f"{reason}; MIDI is off until it is back, the rest goes on"
            self._lost(self.gone)


def _unwatched() -> bool:
    return True


def untold(_: str) -> None:
    """Nobody wants to know."""


def open_midi(
    choice: MidiChoice, arrived: Callable[[Played], None], lost: Callable[[str], None] = untold
) -> MidiWire:
    """The first MIDI system that works (or the one asked for); raises BridgeError with the reason."""
    compiled = rtmidi.get_compiled_api()
    wanted = [choice.backend] if choice.backend in _APIS else list(_APIS)
    systems = [system for system in wanted if _APIS[system] in compiled]
    if not systems:
        raise BridgeError(f"no MIDI by {choice.backend} on this system; there is {_names(compiled)}")
    reasons = []
    for system in systems:
        try:
            with hushed():
                return MidiWire(system, choice, arrived, lost)
        except NoSystemError:
            if choice.backend in _APIS:
                raise
        except BridgeError as error:
            reasons.append(str(error))
    nothing = f"no MIDI system works here (tried {', '.join(systems)}); `meloformer doctor` says what to do"
    raise BridgeError("; ".join(reasons) or nothing)


def _names(compiled: list[int]) -> str:
    return ", ".join(system for system, api in _APIS.items() if api in compiled) or "none"


def _open(port: Any, existing: str | None, own: str, system: Backend) -> str:
    """Open a virtual port of our own, or the existing one of that name; returns the name it has."""
    if existing is None and system != "winmm":
        port.open_virtual_port(own)
        return own
    names: list[str] = port.get_ports()
    wanted = own if existing is None else existing
    found = [name for name in names if name == wanted] or [n for n in names if wanted.lower() in n.lower()]
    if not found:
        hint = _WINDOWS_HINT if existing is None else f"there are {', '.join(names) or 'no ports'}"
        raise BridgeError(f"no MIDI port {wanted!r}; {hint}")
    port.open_port(names.index(found[0]), own)
    return found[0]


def _value(data: list[int]) -> MidiIn | None:
    """The typed value of a MIDI message; None for what the bridge has no use for."""
    try:
        message = mido.Message.from_bytes(data)
    except ValueError:
        return None
    reader = _READERS.get(message.type)
    return None if reader is None else reader(message)


_READERS: Final[dict[str, Callable[[Any], MidiIn]]] = {
    "note_on": lambda m: MidiNote(m.channel + 1, m.note, m.velocity),
    "note_off": lambda m: MidiNote(m.channel + 1, m.note, 0),
    "control_change": lambda m: MidiControl(m.channel + 1, m.control, m.value),
    "program_change": lambda m: MidiProgram(m.channel + 1, m.program),
    "clock": lambda m: MidiTick(),
    "start": lambda m: MidiStart(),
    "continue": lambda m: MidiContinue(),
    "stop": lambda m: MidiStop(),
    "songpos": lambda m: MidiPosition(m.pos),
}


def _message(value: MidiOut) -> mido.Message:
    """The mido message of a typed value."""
    match value:
        case MidiNote(channel, pitch, 0):
            return mido.Message("note_off", channel=channel - 1, note=pitch, velocity=0)
        case MidiNote(channel, pitch, velocity):
            return mido.Message("note_on", channel=channel - 1, note=pitch, velocity=velocity)
        case MidiControl(channel, control, position):
            return mido.Message("control_change", channel=channel - 1, control=control, value=position)
        case MidiProgram(channel, program):
            return mido.Message("program_change", channel=channel - 1, program=program)
        case MidiPosition(sixteenths):
            return mido.Message("songpos", pos=sixteenths)
        case _:
            return mido.Message(_NAMES[type(value)])


_NAMES: Final[dict[type, str]] = {
    MidiTick: "clock",
    MidiStart: "start",
    MidiContinue: "continue",
    MidiStop: "stop",
}
