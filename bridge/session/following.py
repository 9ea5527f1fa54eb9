"""Whom the transport follows, and what each may tell it."""

from __future__ import annotations

from typing import Final, NamedTuple

from meloformer.bridge.border import address_of
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import (
    Incoming,
    TransportClock,
    TransportContinue,
    TransportPosition,
    TransportStart,
    TransportStop,
    TransportTempo,
)
from meloformer.bridge.session.turn import Turn


class Obeyed(NamedTuple):
    """What moves the transport: the ticks of a MIDI clock, MIDI's buttons, OSC's messages.

    A Link session is moved by both of the last, and moves it.
    """

    ticks: bool
    buttons: bool
    messages: bool


OBEYED: Final = {
    "auto": Obeyed(ticks=True, buttons=True, messages=True),
    "internal": Obeyed(ticks=False, buttons=True, messages=True),
    "midi": Obeyed(ticks=True, buttons=True, messages=False),
    "osc": Obeyed(ticks=False, buttons=False, messages=True),
    "link": Obeyed(ticks=False, buttons=True, messages=True),
}
NO_LINK: Final = "Ableton Link is an extra, and not installed (pip install 'meloformer[link]')"
_MOVES: Final = (TransportStart, TransportStop, TransportContinue, TransportPosition, TransportTempo)


def is_led(turn: Turn) -> bool:
    """Whether the tempo is that of a MIDI clock."""
    pulse = turn.state.pulse
    return OBEYED[turn.state.following].ticks and pulse is not None and not pulse.silent


def check(turn: Turn, message: Incoming) -> None:
    """Raises Refused for a message that would move the transport, where somebody else moves it."""
    if not isinstance(message, _MOVES):
        return
    address, way_out = address_of(type(message)), f"{address_of(TransportClock)} internal lets you"
    if not OBEYED[turn.state.following].messages:
        raise Refused(Code.NOT_NOW, address, f"the transport follows the MIDI clock alone; {way_out}")
    if isinstance(message, TransportTempo) and is_led(turn):
        raise Refused(Code.NOT_NOW, address, f"the tempo is that of the MIDI clock that ticks; {way_out}")


def follow(turn: Turn, message: TransportClock) -> None:
    """Follow another clock from here on; the beat does not jump."""
    if message.clock == "link" and not turn.state.has_link:
        reason = f"{NO_LINK}; {', '.join(clock for clock in OBEYED if clock != 'link')} can be followed"
        raise Refused(Code.CLOCK, address_of(TransportClock), reason)
    turn.change(following=message.clock, armed=None)
    if not is_led(turn):
        turn.change(clock=turn.state.clock.alone(turn.now))
