"""The bridge's own tempo as a MIDI clock: in time, and told of every start, jump and stop."""

from __future__ import annotations

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.midi import (
    MidiClock,
    MidiContinue,
    MidiOut,
    MidiPosition,
    MidiStart,
    MidiStop,
    MidiTick,
)
from meloformer.bridge.session.events import Closing
from rehearsal import Rehearsal


def clock(session: Rehearsal) -> list[tuple[float, MidiOut]]:
    return [(at - 100.0, message) for at, message in session.midi_sent if isinstance(message, MidiClock)]


def buttons(session: Rehearsal) -> list[MidiOut]:
    return [message for _, message in clock(session) if not isinstance(message, MidiTick)]


def ticks(session: Rehearsal) -> list[float]:
    return [at for at, message in clock(session) if isinstance(message, MidiTick)]


def running(beats: float = 0.0) -> Rehearsal:
    session = Rehearsal(sends_clock=True)
    session.receives(osc.TransportStart())
    session.waits(beats=beats)
    return session


def test_it_is_silent_unless_asked_for() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart())
    session.waits(2.0)
    assert clock(session) == []


def test_a_start_and_24_ticks_to_a_beat_each_at_its_time() -> None:
    session = running(beats=1.01)
    assert buttons(session) == [MidiStart()]
    assert ticks(session) == [pytest.approx(number / 48, abs=1e-6) for number in range(25)]


def test_a_tempo_change_moves_the_ticks_to_come() -> None:
    session = running(beats=1.01)
    session.receives(osc.TransportTempo(60.0))
    session.waits(beats=1.0)
    assert len(ticks(session)) == 25 + 24
    assert ticks(session)[-1] - ticks(session)[-2] == pytest.approx(1 / 24, abs=1e-6)


def test_a_stop_is_told_and_a_continue_names_the_place_of_the_tick_after_it() -> None:
    session = running(beats=2.1)
    session.receives(osc.TransportStop())
    session.waits(1.0)
    before = len(ticks(session))
    session.receives(osc.TransportContinue())
    session.waits(beats=0.1)
    assert buttons(session) == [MidiStart(), MidiStop(), MidiPosition(9), MidiContinue()]
    assert len(ticks(session)) == before
    session.waits(beats=0.16)
    assert len(ticks(session)) == before + 3


def test_a_jump_is_a_stop_and_a_new_place() -> None:
    session = running(beats=2.1)
    session.receives(osc.TransportPosition(16.0))
    assert buttons(session) == [MidiStart(), MidiStop(), MidiPosition(64), MidiContinue()]
    session.receives(osc.TransportStart())
    assert buttons(session)[-2:] == [MidiStop(), MidiStart()]


def test_one_of_two_clocks_leads_the_one_that_was_there_first() -> None:
    session = running(beats=1.0)
    _other_clock(session)
    assert buttons(session) == [MidiStart()]
    assert session.state.clock.bpm == 120.0
    session = Rehearsal(sends_clock=True)
    _other_clock(session)
    session.receives(osc.TransportStart())
    _other_clock(session)
    assert clock(session) == []


def _other_clock(session: Rehearsal) -> None:
    for _ in range(48):
        session.midi(MidiTick())
        session.waits(1 / 40)


def test_a_clock_that_a_loop_brings_back_leads_nobody() -> None:
    session = running()
    for _ in range(30):
        session.waits(beats=1 / 24)
        session.midi(MidiTick())
    assert session.state.clock.bpm == 120.0
    assert buttons(session) == [MidiStart()]


def test_on_the_way_out_those_who_follow_are_stopped() -> None:
    session = running(beats=1.0)
    session.happens(Closing())
    assert buttons(session) == [MidiStart(), MidiStop()]
