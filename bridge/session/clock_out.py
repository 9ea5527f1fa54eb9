"""A MIDI clock for others, if asked for: while the transport runs by its own tempo, they can follow it."""

from __future__ import annotations

import math
from typing import Final

from meloformer.bridge.midi import MidiContinue, MidiPosition, MidiStart, MidiStop, MidiTick
from meloformer.bridge.session.following import is_led
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import SAME_BEAT
from meloformer.bridge.ticks import TICKS_PER_BEAT

TICKS_PER_SIXTEENTH: Final = TICKS_PER_BEAT // 4
MOST_SIXTEENTHS: Final = 16_383  # a song position that MIDI can tell
# Ticks that are late by more than this are no delay: the transport has jumped.
LATEST_TICKS: Final = 12


def attend(turn: Turn) -> None:
    """Send the ticks that are due; a start, a jump and a stop of the transport go before them."""
    if not turn.state.sends_clock:
        return
    if not turn.state.clock.running or is_led(turn):
        _stop(turn)
        return
    here, following = (turn.beat + SAME_BEAT) * TICKS_PER_BEAT, turn.state.next_tick
    if following is None or not following - 1.5 <= here < following + LATEST_TICKS:
        _begin(turn, here)
    _tick(turn, here)


def next_beat(turn: Turn) -> float | None:
    """The beat of the next tick; None where none is to come."""
    number = turn.state.next_tick
    return None if number is None else number / TICKS_PER_BEAT


def end(turn: Turn) -> None:
    """Stop whoever follows, and send no more."""
    _stop(turn)
    turn.change(sends_clock=False)


def _stop(turn: Turn) -> None:
    if turn.state.next_tick is not None:
        turn.send_midi(MidiStop())
        turn.change(next_tick=None)


def _begin(turn: Turn, here: float) -> None:
    """From the song's start, or from the next sixteenth, since MIDI can name no other place."""
    _stop(turn)
    sixteenth = math.ceil(max(0.0, here - 2 * SAME_BEAT * TICKS_PER_BEAT) / TICKS_PER_SIXTEENTH)
    if sixteenth == 0:
        turn.send_midi(MidiStart())
    else:
        turn.send_midi(MidiPosition(min(sixteenth, MOST_SIXTEENTHS)))
        turn.send_midi(MidiContinue())
    turn.change(next_tick=sixteenth * TICKS_PER_SIXTEENTH)


def _tick(turn: Turn, here: float) -> None:
    number = turn.state.next_tick
    assert number is not None
    while number <= here:
        turn.send_midi(MidiTick())
        number += 1
    turn.change(next_tick=number)
