"""Who is there, how it is going, what can be sent: answers that change no music."""

from __future__ import annotations

from typing import Final

from meloformer.bridge.arguments import Value
from meloformer.bridge.border import address_of, suggestion
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import AskHelp, AskStatus, Bye, Hello, Ping, SetControl
from meloformer.bridge.outgoing import Error, Pong, Status, Welcome
from meloformer.bridge.reference import help_for
from meloformer.bridge.rows import ROOT
from meloformer.bridge.session.events import TakeLost
from meloformer.bridge.session.following import is_led
from meloformer.bridge.session.state import Client
from meloformer.bridge.session.turn import Turn
from meloformer.presets.control import Setting, shown

MOST_CLIENTS: Final = 32


def hello(turn: Turn, message: Hello, host: str) -> None:
    """Somebody wants replies."""
    clients = turn.state.clients | {Client(host, message.port)}
    if len(clients) > MOST_CLIENTS:
        reason = f"{MOST_CLIENTS} clients are here already; one of them must send {address_of(Bye)} first"
        raise Refused(Code.TOO_MUCH, address_of(Hello), reason)
    turn.change(clients=clients)
    turn.send(Welcome(turn.state.version, turn.state.preset.name))


def bye(turn: Turn, message: Bye, host: str) -> None:
    """Somebody wants no more replies."""
    turn.change(clients=turn.state.clients - {Client(host, message.port)})


def ping(turn: Turn, _: Ping) -> None:
    """Is anybody there? The answer's time tag is now, for clients that do not know the time of day."""
    turn.send(Pong(), turn.now)


def set_control(turn: Turn, message: SetControl) -> None:
    """A control is set, for one channel or for all; notes from now on and the next answer go by it."""
    own = turn.state.channel_controls
    if message.channel is not None:
        turn.change(channel_controls={**own, (message.name, message.channel): message.value})
        return
    own = {key: value for key, value in own.items() if key[0] != message.name}
    turn.change(controls={**turn.state.controls, message.name: message.value}, channel_controls=own)


def help_asked(turn: Turn, message: AskHelp) -> None:
    """What can be sent?"""
    entries = help_for(message.address)
    if not entries:
        raise Refused(Code.UNKNOWN_ADDRESS, address_of(AskHelp), suggestion(message.address))
    for entry in entries:
        turn.send(entry)


def status(turn: Turn, _: AskStatus) -> None:
    """How is it going?"""
    state = turn.state
    clock, counts = state.clock, state.counts
    meter = clock.bars.meter_at(turn.beat)
    values: dict[str, Value] = {
        "version": state.version,
        "preset": state.preset.name,
        "loading": state.loading.name if state.loading is not None else "",
        "state": state.phase.value,
        "engine": state.engine.value,
        "engine_delay_ms": state.engine_delay_s * 1000,
        "clock": state.following,
        "clock_source": _source(turn),
        "link_peers": _peers(turn),
        "paused": int(state.paused),
        "running": int(clock.running),
        "free": int(state.free.on),
        "bpm": clock.bpm,
        "meter": f"{meter.numerator}/{meter.denominator}",
        "beat": turn.beat,
        "bar": clock.bars.bar_at(turn.beat),
        "clients": len(state.clients),
        "notes_heard": counts.heard,
        "notes_sent": counts.sent,
        "notes_late": counts.late,
        "notes_dropped": counts.dropped,
        "answers_shifted": counts.shifted,
        "refused": counts.refused,
        "sounding": len(state.osc),
        "uptime_s": turn.now - state.started,
        **{name: _plain(value) for name, value in state.controls.items()},
        **{f"{name}/{channel}": _plain(value) for (name, channel), value in state.channel_controls.items()},
    }
    turn.send(Status(tuple(item for pair in values.items() for item in pair)))


def _source(turn: Turn) -> str:
    """Whose tempo the transport has."""
    if is_led(turn):
        return "midi"
    return "link" if turn.state.link is not None and turn.state.link.last is not None else "internal"


def _peers(turn: Turn) -> int:
    """How many others are in the Link session."""
    link = turn.state.link
    return 0 if link is None or link.last is None else link.last.peers


def take_lost(turn: Turn, event: TakeLost) -> None:
    """The take that is being kept ends here."""
    turn.send(Error(Code.NOT_KEPT, ROOT, event.reason))


def _plain(value: Setting) -> Value:
    return shown(value) if isinstance(value, tuple) else value
