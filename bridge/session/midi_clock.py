"""A MIDI clock leads: its ticks are the beats, its buttons start, stop and move the transport."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from meloformer.bridge.border import address_of
from meloformer.bridge.errors import Code
from meloformer.bridge.incoming import (
    TransportClock,
    TransportContinue,
    TransportPosition,
    TransportStart,
    TransportStop,
)
from meloformer.bridge.midi import MidiClock, MidiContinue, MidiPosition, MidiStart, MidiTick
from meloformer.bridge.outgoing import Error
from meloformer.bridge.pulse import Pulse
from meloformer.bridge.session import transport
from meloformer.bridge.session.following import OBEYED, is_led
from meloformer.bridge.session.jumping import SAME_PLACE_BEATS, jump
from meloformer.bridge.session.state import Armed
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.ticks import TICKS_PER_BEAT

SIXTEENTHS_PER_BEAT: Final = 4
# A clock that begins to tick this soon after a start has started with it.
JOINS_S: Final = 1.0


def heard(turn: Turn, message: MidiClock) -> None:
    """The clock ticks, or one of MIDI's buttons is pressed. While we send a clock, we follow none."""
    if isinstance(message, MidiTick):
        if turn.state.next_tick is None:
            _tick(turn)
    elif not OBEYED[turn.state.following].buttons:
        return
    elif isinstance(message, MidiStart):
        _run_from(turn, 0.0)
    elif isinstance(message, MidiContinue):
        _go_on(turn)
    elif isinstance(message, MidiPosition):
        _locate(turn, message.sixteenths / SIXTEENTHS_PER_BEAT)
    else:
        turn.change(armed=None)
        transport.halt(turn, TransportStop())


def attend(turn: Turn) -> None:
    """Notice that the clock has stopped ticking."""
    pulse = turn.state.pulse
    if pulse is None or pulse.silent or turn.now < pulse.ends_at:
        return
    was_led = is_led(turn)
    turn.change(pulse=pulse.stopped())
    if was_led and turn.state.clock.running:
        _lose(turn)


def _run_from(turn: Turn, beat: float) -> None:
    """Start at a beat: with the next tick where a clock ticks, else now, or with a tick that comes soon."""
    if turn.state.following == "midi" or is_led(turn):
        transport.halt(turn, TransportStop())
        turn.change(clock=turn.state.clock.moved(beat, turn.at), armed=Armed(beat, math.inf))
    else:
        transport.start(turn, TransportStart())
        turn.change(clock=turn.state.clock.moved(beat, turn.at), armed=Armed(beat, turn.at + JOINS_S))


def _go_on(turn: Turn) -> None:
    clock = turn.state.clock
    if not clock.running:
        _run_from(turn, clock.beat_at(turn.at))
    elif clock.lent:
        transport.go_on(turn, TransportContinue())


def _locate(turn: Turn, beat: float) -> None:
    """A running clock is there with its next tick, any other now."""
    if turn.state.clock.running and is_led(turn):
        turn.change(armed=Armed(beat, math.inf))
    else:
        transport.locate(turn, TransportPosition(beat))
        if turn.state.armed is not None:
            turn.change(armed=turn.state.armed._replace(beat=beat))


def _tick(turn: Turn) -> None:
    pulse, armed = turn.state.pulse or Pulse(), turn.state.armed
    if armed is None or turn.at > armed.until or not OBEYED[turn.state.following].ticks:
        turn.change(pulse=pulse.ticked(turn.at))
    else:
        goes_on = turn.state.clock.running and turn.state.clock.ahead is not None
        turn.change(pulse=pulse.ticked(turn.at) if goes_on else pulse.restarted(turn.at))
        _be_at(turn, armed.beat)
    turn.change(armed=None)
    if OBEYED[turn.state.following].ticks:
        _go_by_it(turn)
        if turn.state.pulse is not None and turn.state.pulse.is_crowded and not pulse.is_crowded:
            _tell_of_others(turn)


def _be_at(turn: Turn, beat: float) -> None:
    """This tick is that beat. Where a clock that is led is elsewhere, time jumps."""
    clock, pulse = turn.state.clock, turn.state.pulse
    assert pulse is not None
    jumps = abs(clock.beat_at(turn.at) - beat) > SAME_PLACE_BEATS
    if jumps and clock.ahead is not None:
        jump(turn, beat)
    if jumps or not clock.running:
        clock = turn.state.clock.started(beat, turn.at)
    turn.change(clock=replace(clock, ahead=beat - pulse.last.number / TICKS_PER_BEAT))


def _go_by_it(turn: Turn) -> None:
    clock, pulse = turn.state.clock, turn.state.pulse
    assert pulse is not None
    bpm = pulse.bpm or clock.bpm
    if clock.running:
        turn.change(clock=clock.led(pulse.beats_at(turn.at), bpm, turn.at))
    else:
        turn.change(clock=clock.at_tempo(bpm, turn.at))


def _tell_of_others(turn: Turn) -> None:
    reason = (
        "two MIDI clocks tick at the same port, each at its own pace; the bridge keeps to the one that was "
        f"there first, at {turn.state.clock.bpm:.1f}. Let only one of them send, or choose its port "
        "with --midi-in"
    )
    turn.send(Error(Code.CLOCK, address_of(TransportClock), reason))


def _lose(turn: Turn) -> None:
    """The clock is gone in mid-run: our own goes on as fast; bound to it, we stop."""
    if turn.state.following == "midi":
        transport.halt(turn, TransportStop())
        what = "the transport stands still"
    else:
        turn.change(clock=turn.state.clock.alone(turn.now))
        what = "the bridge's own clock goes on at the last tempo"
    reason = (
        f"the MIDI clock stopped ticking without a stop; {what}. Is its cable in, and does it still send?"
    )
    turn.send(Error(Code.CLOCK, address_of(TransportClock), reason))
