"""The transport's buttons, as a DAW means them."""

from __future__ import annotations

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.errors import Code
from meloformer.bridge.midi import MidiContinue, MidiPosition, MidiStart, MidiStop
from meloformer.bridge.outgoing import Error, OutNote, OutOff
from meloformer.bridge.session.phases import Phase
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from rehearsal import Rehearsal

COMMON = Meter(4, 4)


def answered(*events: BarStart | NoteOn | NoteOff) -> Rehearsal:
    """A session at beat 1 of 120 bpm whose answer begins at beat 4 with these events."""
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, COMMON), *events)
    return session


def test_start_runs_from_beat_zero() -> None:
    session = Rehearsal()
    session.receives(osc.TransportPosition(8.0), osc.TransportStart())
    session.waits(1.0)
    assert session.state.clock.beat_at(session.now) == 2.0


def test_continue_runs_from_where_it_stood_still() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart())
    session.waits(1.0)
    session.receives(osc.TransportStop())
    session.waits(5.0)
    session.receives(osc.TransportContinue())
    session.waits(1.0)
    assert session.state.clock.beat_at(session.now) == pytest.approx(4.0)


def test_the_transport_of_a_person_runs_on_when_the_music_is_over() -> None:
    session = answered(NoteOn(96, 0, 64, 20))
    session.receives(osc.TransportContinue())
    session.says(end="done")
    session.waits(beats=20)
    assert session.state.phase is Phase.IDLE
    assert session.state.clock.running


def test_a_tempo_change_moves_the_notes_that_have_not_left() -> None:
    session = answered(NoteOn(96, 0, 64, 20), NoteOff(120, 0, 64), NoteOn(120, 0, 65, 20))
    start = session.now
    session.waits(beats=3.5)
    session.receives(osc.TransportTempo(60.0))
    session.waits(beats=4)
    sounded = [at - start for at, _, velocity in session.midi_notes if velocity]
    assert sounded == [pytest.approx(1.5), pytest.approx(1.75 + 0.5)]


def test_a_tempo_change_leaves_a_note_that_has_left() -> None:
    session = answered(NoteOn(96, 0, 64, 20), NoteOff(100, 0, 64))
    session.waits(beats=2.95)
    (tag,) = session.tags(OutNote)
    session.receives(osc.TransportTempo(400.0))
    session.waits(beats=4)
    assert session.tags(OutNote) == [tag]
    assert [at for at, _, velocity in session.midi_notes if velocity] == [pytest.approx(tag)]
    off = session.tags(OutOff)[0]
    assert off is not None
    assert tag is not None
    assert off >= tag


def test_stop_gives_up_a_phrase_that_is_being_played() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.TransportStop())
    assert session.state.phase is Phase.IDLE
    assert not session.state.clock.running


def test_start_leaves_a_phrase_that_has_only_begun() -> None:
    session = Rehearsal()
    session.receives(osc.PhraseBegin(), osc.TransportStart())
    assert session.state.phase is Phase.LISTENING


def test_a_meter_holds_from_the_next_bar_and_so_does_the_phrase() -> None:
    session = Rehearsal()
    session.receives(osc.LiveNote(1, 60, 80), osc.TransportMeter(3, 4))
    session.waits(beats=7.5)
    session.receives(osc.LiveNote(1, 62, 80))
    bars = [event for event in session.heard if isinstance(event, BarStart)]
    assert bars == [BarStart(0, COMMON), BarStart(96, Meter(3, 4)), BarStart(168, Meter(3, 4))]


def test_the_meter_asked_for_last_is_that_of_every_new_run() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart())
    session.waits(beats=5)
    session.receives(osc.TransportMeter(3, 4), osc.TransportStop(), osc.TransportStart())
    assert session.state.clock.bars.line_after(0.5) == 3.0


def test_a_score_is_in_the_meter_asked_for_last() -> None:
    session = Rehearsal()
    session.receives(osc.TransportMeter(3, 4), osc.PhraseBegin(), osc.PhraseNote(3.0, 1.0, 1, 60, 80))
    session.receives(osc.PhraseEnd())
    assert [event for event in session.heard if isinstance(event, BarStart)] == [
        BarStart(0, Meter(3, 4)),
        BarStart(72, Meter(3, 4)),
    ]


@pytest.mark.parametrize(("numerator", "denominator"), [(4, 3), (32, 1), (17, 4)])
def test_a_meter_that_cannot_be_is_refused(numerator: int, denominator: int) -> None:
    session = Rehearsal()
    session.receives(osc.TransportMeter(numerator, denominator))
    (error,) = session.sent(Error)
    assert error.code == Code.OUT_OF_RANGE
    assert f"{numerator}/{denominator}" in error.reason


def test_midi_buttons_are_the_same_buttons() -> None:
    session = Rehearsal()
    session.midi(MidiPosition(32), MidiContinue())
    session.waits(0.5)
    assert session.state.clock.beat_at(session.now) == 9.0
    session.midi(MidiStop())
    assert not session.state.clock.running
    session.midi(MidiStart())
    assert session.state.clock.beat_at(session.now) == 0.0
