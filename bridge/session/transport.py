"""The transport's buttons, as a DAW means them."""

from __future__ import annotations

from dataclasses import replace

from meloformer.bridge.border import address_of
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import (
    TransportContinue,
    TransportMeter,
    TransportPosition,
    TransportStart,
    TransportStop,
    TransportTempo,
)
from meloformer.bridge.session import free
from meloformer.bridge.session.actions import LinkTempo
from meloformer.bridge.session.along import meter_changed
from meloformer.bridge.session.jumping import cut_time, jump
from meloformer.bridge.session.turn import Turn
from meloformer.model.score import Meter
from meloformer.model.vocabulary import MAX_BAR_TICKS, TICKS_PER_QUARTER


def start(turn: Turn, _: TransportStart) -> None:
    """Run from beat 0, whatever was before."""
    cut_time(turn)
    turn.change(clock=turn.state.clock.started(0.0, turn.at))


def halt(turn: Turn, _: TransportStop) -> None:
    """Stand still; what sounds is silenced."""
    cut_time(turn)
    turn.change(clock=turn.state.clock.stopped(turn.at))


def go_on(turn: Turn, _: TransportContinue) -> None:
    """Run from where it stood still; a clock that music had started belongs to the person now."""
    turn.change(clock=turn.state.clock.resumed(turn.at))


def locate(turn: Turn, message: TransportPosition) -> None:
    """Go to a beat. While running, over whole bars, the music goes on; over anything else it ends."""
    if turn.state.clock.running:
        jump(turn, message.beat)
    turn.change(clock=turn.state.clock.moved(message.beat, turn.at))


def set_tempo(turn: Turn, message: TransportTempo) -> None:
    """The same beat, another tempo; notes that have not left move, those that have left stay.

    In a Link session the tempo is everybody's: it is told there, and comes back from there.
    """
    if turn.state.following == "link":
        turn.actions.append(LinkTempo(message.bpm, turn.at))
        return
    turn.change(clock=turn.state.clock.at_tempo(message.bpm, turn.at))
    free.set_tempo(turn, message.bpm)


def set_meter(turn: Turn, message: TransportMeter) -> None:
    """Another meter from the next bar line on."""
    meter = Meter(message.numerator, message.denominator)
    if not meter.is_encodable:
        most = MAX_BAR_TICKS // TICKS_PER_QUARTER
        reason = f"a bar of {message.numerator}/{message.denominator} cannot be; "
        reason += f"the denominator is 1, 2, 4, 8, 16 or 32, and a bar has at most {most} quarters"
        raise Refused(Code.OUT_OF_RANGE, address_of(TransportMeter), reason)
    clock = turn.state.clock.in_meter(meter, turn.at)
    turn.change(clock=clock)
    free.set_meter(turn, meter)
    listening = turn.state.listening
    if listening is not None and listening.live is not None:
        turn.change(listening=replace(listening, live=replace(listening.live, bars=clock.bars)))
    meter_changed(turn)
