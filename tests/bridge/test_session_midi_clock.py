"""A MIDI clock leads the transport, takes over without a jump, and may stop in mid-bar."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.errors import Code
from meloformer.bridge.midi import (
    MidiContinue,
    MidiNote,
    MidiPosition,
    MidiStart,
    MidiStop,
    MidiTick,
)
from meloformer.bridge.outgoing import Error, OutEnd, Status
from meloformer.bridge.pulse import SILENCE_S
from meloformer.bridge.session.phases import Phase
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.score import Meter
from rehearsal import Rehearsal, sounding


def ticks(session: Rehearsal, beats: float, bpm: float = 90.0) -> None:
    """A MIDI clock ticks, beginning now, and a tick's time passes after each."""
    for _ in range(round(beats * 24)):
        session.midi(MidiTick())
        session.waits(60 / 24 / bpm)


def following(clock: str = "auto", bpm: float = 90.0) -> Rehearsal:
    """A session that follows this clock, which has been started by MIDI and is at beat 4."""
    session = Rehearsal()
    session.receives(osc.TransportClock(clock))
    session.midi(MidiStart())
    ticks(session, 4, bpm)
    return session


def beat(session: Rehearsal) -> float:
    return session.state.clock.beat_at(session.now)


def error(session: Rehearsal) -> Error:
    return session.sent(Error)[-1]


@pytest.mark.parametrize("clock", ["auto", "midi"])
def test_the_first_tick_after_a_start_is_beat_0_and_the_ticks_are_the_tempo(clock: str) -> None:
    session = following(clock)
    assert beat(session) == pytest.approx(4.0, abs=0.001)
    assert session.state.clock.bpm == pytest.approx(90.0, abs=0.1)
    session.receives(osc.AskStatus())
    pairs = session.sent(Status)[0].pairs
    status = dict(zip(pairs[::2], pairs[1::2], strict=True))
    assert (status["clock"], status["clock_source"]) == (clock, "midi")


def test_ticks_without_a_start_are_a_tempo_for_music_that_starts_by_itself() -> None:
    session = Rehearsal()
    ticks(session, 4)
    assert not session.state.clock.running
    session.midi(MidiNote(1, 60, 80))
    ticks(session, 4)
    assert beat(session) == pytest.approx(4.0, abs=0.001)


def test_a_clock_that_ticks_while_it_stands_begins_anew_with_the_tick_after_the_start() -> None:
    session = Rehearsal()
    ticks(session, 4)
    session.waits(0.011)
    session.midi(MidiStart())
    assert not session.state.clock.running
    ticks(session, 4)
    assert beat(session) == pytest.approx(4.0, abs=0.01)


def test_a_start_before_the_first_tick_of_all_counts_from_that_tick() -> None:
    session = Rehearsal()
    session.midi(MidiStart())
    session.waits(0.2)
    ticks(session, 4)
    assert beat(session) == pytest.approx(4.0, abs=0.001)


def test_stop_stands_still_and_continue_goes_on_with_the_next_tick() -> None:
    session = following()
    session.midi(MidiStop())
    ticks(session, 1)
    assert not session.state.clock.running
    assert beat(session) == pytest.approx(4.0, abs=0.001)
    session.midi(MidiContinue())
    ticks(session, 1)
    assert beat(session) == pytest.approx(5.0, abs=0.001)


def test_a_song_position_is_where_the_next_tick_is() -> None:
    session = following()
    session.midi(MidiStop(), MidiPosition(64), MidiContinue())
    ticks(session, 1)
    assert beat(session) == pytest.approx(17.0, abs=0.001)
    session.midi(MidiPosition(8))
    ticks(session, 1)
    assert beat(session) == pytest.approx(3.0, abs=0.001)


def test_the_song_position_where_the_clock_is_interrupts_nothing() -> None:
    session = following()
    session.midi(MidiNote(1, 60, 80))
    session.midi(MidiPosition(16), MidiContinue())
    ticks(session, 0.5)
    assert session.state.phase is Phase.LISTENING
    assert beat(session) == pytest.approx(4.5, abs=0.001)


@pytest.mark.parametrize("clock", ["internal", "osc", "midi", "auto"])
def test_changing_the_clock_in_mid_run_makes_no_jump(clock: str) -> None:
    session = following()
    before = beat(session)
    session.receives(osc.TransportClock(clock))
    assert beat(session) == before
    ticks(session, 2)
    assert beat(session) == pytest.approx(6.0, abs=0.005)
    session.receives(osc.TransportClock("auto"))
    ticks(session, 1)
    assert beat(session) == pytest.approx(7.0, abs=0.005)


def test_a_clock_that_begins_while_the_transport_runs_takes_over_without_a_jump() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart())
    session.waits(2.6)
    before = beat(session)
    ticks(session, 3, bpm=120.0)
    assert beat(session) == pytest.approx(before + 3.0, abs=0.005)


def test_internal_and_osc_leave_ticks_alone_and_osc_leaves_midi_buttons_alone() -> None:
    for clock, runs in (("internal", True), ("osc", False)):
        session = Rehearsal()
        session.receives(osc.TransportClock(clock))
        session.midi(MidiStart())
        ticks(session, 4)
        assert session.state.clock.running is runs
        assert session.state.clock.bpm == 120.0


@pytest.mark.parametrize("message", [osc.TransportStart(), osc.TransportTempo(99.0), osc.TransportStop()])
def test_bound_to_midi_the_transport_takes_no_osc_and_says_how_it_would(message: osc.Incoming) -> None:
    session = following("midi")
    session.receives(message)
    assert error(session).code == Code.NOT_NOW
    assert "/melo/transport/clock internal" in error(session).reason
    assert session.state.clock.running


def test_while_a_clock_ticks_the_tempo_is_its_own() -> None:
    session = following()
    session.receives(osc.TransportTempo(99.0))
    assert error(session).code == Code.NOT_NOW
    ticks(session, 1)
    assert session.state.clock.bpm == pytest.approx(90.0, abs=0.1)


def test_without_its_extra_link_is_refused_with_those_that_can_be_followed() -> None:
    session = Rehearsal()
    session.receives(osc.TransportClock("link"))
    assert error(session).code == Code.CLOCK
    assert "pip install 'meloformer[link]'" in error(session).reason
    assert "auto, internal, midi, osc" in error(session).reason
    assert session.state.following == "auto"


def test_a_second_clock_at_the_port_is_told_of_once_and_the_first_is_kept() -> None:
    session = following()
    begin, ends = session.now, session.now + 8.0
    for at in sorted([begin + n / 36 for n in range(288)] + [begin + 0.011 + n / 40 for n in range(320)]):
        session.waits(at - session.now)
        session.midi(MidiTick())
    session.waits(ends - session.now)
    (told,) = session.sent(Error)
    assert told.code == Code.CLOCK
    assert "--midi-in" in told.reason and "90.0" in told.reason
    assert session.state.clock.bpm == pytest.approx(90.0, abs=0.5)
    assert beat(session) == pytest.approx(4.0 + 12.0, abs=0.05)


def test_a_second_clock_that_presses_start_starts_the_music_anew_at_the_tempo_of_the_first() -> None:
    session = following()
    begin, starts = session.now, session.now + 2.0
    others = [starts + 0.011 + n / 40 for n in range(240)]
    for at in sorted([begin + n / 36 for n in range(288)] + others):
        session.waits(at - session.now)
        if at == others[0]:
            session.midi(MidiStart())
        session.midi(MidiTick())
    assert session.state.clock.bpm == pytest.approx(90.0, abs=0.5)
    assert beat(session) == pytest.approx((session.now - others[0]) * 1.5, abs=0.05)
    assert [told.code for told in session.sent(Error)] == [Code.CLOCK]


def test_a_second_clock_is_of_no_interest_to_who_follows_none() -> None:
    session = Rehearsal()
    session.receives(osc.TransportClock("internal"))
    for at in sorted([100 + n / 36 for n in range(288)] + [104.011 + n / 40 for n in range(160)]):
        session.waits(at - session.now)
        session.midi(MidiTick())
    assert not session.sent(Error)
    assert session.state.clock.bpm == 120.0


def playing(clock: str) -> Rehearsal:
    """An answer of four notes, one a beat, has begun at beat 8 of this clock."""
    session = following(clock)
    session.midi(MidiNote(1, 60, 80))
    ticks(session, 0.5)
    session.midi(MidiNote(1, 60, 0))
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), *(NoteOn(96 + 24 * n, 128, 40, 20) for n in range(4)), end="done")
    ticks(session, 4)
    assert session.state.phase is Phase.PLAYING
    return session


def onsets(session: Rehearsal) -> list[float]:
    return [at for at, _, velocity in session.midi_notes if velocity]


def test_a_clock_that_changes_its_tempo_moves_the_notes_that_have_not_left() -> None:
    session = playing("midi")
    began = session.now - 0.5 * 60 / 90
    ticks(session, 4, bpm=60.0)
    assert onsets(session)[0] == pytest.approx(began, abs=0.002)
    # half a beat at 90, then beats at 60; a sixth of a second later at first, until the change is believed
    assert onsets(session)[2:] == [pytest.approx(began + 1 / 3 + 0.5 + n, abs=0.03) for n in (1, 2)]


def test_in_auto_a_clock_that_stops_in_mid_bar_leaves_the_music_to_play_to_its_end() -> None:
    session = playing("auto")
    began = onsets(session)[0]
    session.waits(10.0)
    assert error(session).code == Code.CLOCK
    assert onsets(session) == [pytest.approx(began + n * 60 / 90, abs=0.005) for n in range(4)]
    assert session.sent(OutEnd)[-1].reason == "done"
    assert session.state.clock.running


def test_a_clock_that_comes_back_from_a_gap_is_where_it_would_have_been() -> None:
    session = following("auto")
    session.waits(1.5 + 1 / 36)
    assert error(session).code == Code.CLOCK
    ticks(session, 3)
    assert beat(session) == pytest.approx(4.0 + 1.5 * 1.5 + 3.0, abs=0.05)


def test_bound_to_midi_a_clock_that_stops_in_mid_bar_stops_the_music() -> None:
    session = playing("midi")
    session.waits(10.0)
    assert error(session).code == Code.CLOCK
    assert session.sent(OutEnd)[-1].reason == "stopped"
    assert onsets(session)[-1] < onsets(session)[0] + 0.5 * 60 / 90 + SILENCE_S
    assert sounding([action for _, action in session.done]) == (set(), set())
    assert not session.state.clock.running


def test_300_ticks_at_once_lose_no_note_and_hurry_none() -> None:
    session = playing("auto")
    began = onsets(session)[0]
    session.midi(*[MidiTick()] * 300)
    ticks(session, 5)
    assert onsets(session) == [pytest.approx(began + n * 60 / 90, abs=0.02) for n in range(4)]


def test_a_phrase_is_heard_on_the_beats_of_the_clock() -> None:
    session = following()
    told: Iterable[object] = session.heard
    for pitch in (60, 62, 64):
        session.midi(MidiNote(1, pitch, 80))
        ticks(session, 1)
        session.midi(MidiNote(1, pitch, 0))
    told = [event.tick for event in session.heard if isinstance(event, NoteOn)]
    assert told == [0, 24, 48]
