"""A Link session leads the transport: its tempo, its bars, its start and stop. What it says is made up."""

from __future__ import annotations

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.midi import MidiNote, MidiStart, MidiTick
from meloformer.bridge.outgoing import Error, Status
from meloformer.bridge.session.actions import JoinLink, LeaveLink, LinkPlaying, LinkTempo
from meloformer.bridge.session.events import Linked
from meloformer.bridge.session.phases import Phase
from meloformer.bridge.tempo import Tempo
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.score import Meter
from rehearsal import Rehearsal

APART_S = 0.25


class Jam:
    """Others in a Link session: their tempo and beat, and what our session hears of them."""

    def __init__(self, session: Rehearsal, bpm: float = 90.0, beat: float = 1001.7) -> None:
        self.session = session
        self.tempo = Tempo(bpm, beat, session.now)
        self.quantum = 4.0

    def changes(self, bpm: float) -> None:
        self.tempo = self.tempo.changed(bpm, self.session.now)

    def says(self, pressed: bool | None = None) -> None:
        now = self.session.now
        self.session.happens(Linked(self.tempo.changed(self.tempo.bpm, now), self.quantum, 1, pressed))

    def goes_on(self, seconds: float) -> None:
        """So long, and says a few times a second where it is."""
        for _ in range(round(seconds / APART_S)):
            self.says()
            self.session.waits(APART_S)
        self.says()

    @property
    def phase(self) -> float:
        return self.tempo.beat_at(self.session.now) % self.quantum


def beat(session: Rehearsal) -> float:
    return session.state.clock.beat_at(session.now)


def off(session: Rehearsal, jam: Jam) -> float:
    """How far our place in the bar is from theirs, in beats."""
    return (beat(session) - jam.phase + 2) % 4 - 2


def asked(session: Rehearsal, kind: type) -> list[object]:
    return [action for _, action in session.done if isinstance(action, kind)]


@pytest.fixture
def session() -> Rehearsal:
    session = Rehearsal(has_link=True)
    session.receives(osc.TransportClock("link"))
    return session


@pytest.fixture
def jam(session: Rehearsal) -> Jam:
    jam = Jam(session)
    jam.says()
    return jam


def test_choosing_link_joins_a_session_and_choosing_another_leaves_it(session: Rehearsal) -> None:
    assert asked(session, JoinLink) == [JoinLink(120.0, 4.0)]
    session.receives(osc.TransportClock("internal"))
    assert len(asked(session, LeaveLink)) == 1
    assert session.state.link is None


def test_the_meter_is_as_long_as_a_bar_of_the_session(session: Rehearsal) -> None:
    session.receives(osc.TransportMeter(3, 4))
    assert asked(session, JoinLink)[-1] == JoinLink(120.0, 3.0)


def test_a_transport_that_stands_takes_the_tempo_and_starts_in_the_bar_of_the_others(
    session: Rehearsal, jam: Jam
) -> None:
    assert session.state.clock.bpm == 90.0
    session.receives(osc.TransportStart())
    assert off(session, jam) == pytest.approx(0.0, abs=1e-6)
    assert 0 <= beat(session) < 4
    jam.goes_on(5.0)
    assert off(session, jam) == pytest.approx(0.0, abs=1e-6)


def test_music_that_starts_the_clock_is_heard_in_the_bar_of_the_others(session: Rehearsal, jam: Jam) -> None:
    session.waits(0.5)
    session.midi(MidiNote(1, 60, 80))
    assert off(session, jam) == pytest.approx(0.0, abs=1e-6)
    told = [event.tick for event in session.heard if isinstance(event, NoteOn)]
    jam.goes_on(1.0)
    told = [event.tick for event in session.heard if isinstance(event, NoteOn)]
    assert told == [60]  # beat 2.45 is meant for 2.5


def test_a_transport_that_runs_does_not_jump_while_something_is_played(session: Rehearsal) -> None:
    session.receives(osc.TransportStart())
    session.waits(0.3)
    session.midi(MidiNote(1, 60, 80))
    before = beat(session)
    jam = Jam(session)
    jam.says()
    assert beat(session) == pytest.approx(before)
    session.waits(1.0)
    assert beat(session) == pytest.approx(before + 1.5)
    assert session.state.phase is Phase.LISTENING
    session.midi(MidiNote(1, 60, 0))
    session.receives(osc.Panic())
    jam.says()
    assert off(session, jam) == pytest.approx(0.0, abs=1e-6)
    assert abs(beat(session) - (before + 1.5)) <= 2.0


def test_an_answer_begins_on_a_bar_line_of_the_others(session: Rehearsal, jam: Jam) -> None:
    session.midi(MidiNote(1, 60, 80))
    jam.goes_on(0.5)
    session.midi(MidiNote(1, 60, 0))
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), NoteOn(96, 128, 40, 20), end="done")
    jam.goes_on(4.0)
    (onset,) = [at for at, _, velocity in session.midi_notes if velocity]
    assert jam.tempo.beat_at(onset) % 4 == pytest.approx(0.0, abs=0.01)


def test_an_answer_to_a_score_begins_on_a_bar_line_of_the_others(session: Rehearsal, jam: Jam) -> None:
    session.receives(osc.PhraseBegin(), osc.PhraseNote(0.0, 1.0, 1, 60, 80), osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), NoteOn(96, 128, 40, 20), end="done")
    jam.goes_on(4.0)
    (onset,) = [at for at, _, velocity in session.midi_notes if velocity]
    assert jam.tempo.beat_at(onset) % 4 == pytest.approx(0.0, abs=0.01)


def test_a_change_of_their_tempo_is_ours_and_keeps_the_bar(session: Rehearsal, jam: Jam) -> None:
    session.receives(osc.TransportStart())
    session.midi(MidiNote(1, 60, 80))
    jam.goes_on(1.0)
    jam.changes(132.0)
    session.waits(0.04)
    jam.goes_on(2.0)
    assert session.state.clock.bpm == 132.0
    assert off(session, jam) == pytest.approx(0.0, abs=1e-6)


def test_a_tempo_by_osc_is_told_to_everybody_and_comes_back_from_there(session: Rehearsal, jam: Jam) -> None:
    session.receives(osc.TransportTempo(99.0))
    assert asked(session, LinkTempo) == [LinkTempo(99.0, session.now)]
    assert session.state.clock.bpm == 90.0
    jam.changes(99.0)
    jam.says()
    assert session.state.clock.bpm == 99.0


def test_a_session_that_is_moved_moves_nothing_that_is_played(session: Rehearsal, jam: Jam) -> None:
    session.receives(osc.TransportStart())
    session.midi(MidiNote(1, 60, 80))
    before = beat(session)
    jam.tempo = Tempo(90.0, 7.2, session.now)
    jam.says()
    assert beat(session) == pytest.approx(before)


def test_whoever_starts_or_stops_is_heard_by_everybody(session: Rehearsal, jam: Jam) -> None:
    session.receives(osc.TransportStart())
    session.receives(osc.TransportStop())
    told = [action.playing for action in asked(session, LinkPlaying) if isinstance(action, LinkPlaying)]
    assert told == [True, False]
    jam.says(pressed=True)
    assert session.state.clock.running
    jam.says(pressed=False)
    assert not session.state.clock.running
    session.midi(MidiStart())
    assert session.state.clock.running
    assert len(asked(session, LinkPlaying)) == 3


def test_a_start_by_somebody_else_leaves_what_is_played_alone(session: Rehearsal, jam: Jam) -> None:
    session.midi(MidiNote(1, 60, 80))
    before = beat(session)
    jam.says(pressed=True)
    assert beat(session) == pytest.approx(before)
    assert session.state.phase is Phase.LISTENING
    assert not session.state.clock.lent


def test_joining_a_session_starts_and_stops_nobody(session: Rehearsal) -> None:
    other = Rehearsal(has_link=True)
    other.receives(osc.TransportStart(), osc.TransportClock("link"))
    Jam(other).goes_on(1.0)
    assert other.state.clock.running
    assert not asked(other, LinkPlaying)
    Jam(session).goes_on(1.0)
    assert not session.state.clock.running
    assert not asked(session, LinkPlaying)


def test_a_midi_clock_beside_link_is_passed_over(session: Rehearsal, jam: Jam) -> None:
    session.receives(osc.TransportStart())
    for _ in range(96):
        session.midi(MidiTick())
        session.waits(60 / 24 / 140)
    jam.says()
    assert session.state.clock.bpm == 90.0
    assert not session.sent(Error)


def test_leaving_goes_on_as_fast_and_makes_no_jump(session: Rehearsal, jam: Jam) -> None:
    session.receives(osc.TransportStart())
    before = beat(session)
    session.receives(osc.TransportClock("internal"))
    jam.says()  # said before it was left
    session.waits(2.0)
    assert beat(session) == pytest.approx(before + 3.0)


def test_status_says_who_leads_and_how_many_others_there_are(session: Rehearsal, jam: Jam) -> None:
    session.receives(osc.AskStatus())
    pairs = session.sent(Status)[0].pairs
    status = dict(zip(pairs[::2], pairs[1::2], strict=True))
    assert (status["clock"], status["clock_source"], status["link_peers"]) == ("link", "link", 1)


def test_with_send_clock_gear_without_link_ticks_with_the_session() -> None:
    session = Rehearsal(sends_clock=True, has_link=True)
    session.receives(osc.TransportClock("link"))
    jam = Jam(session)
    jam.says()
    session.receives(osc.TransportStart())
    jam.goes_on(4.0)
    ticks = [at for at, message in session.midi_sent if isinstance(message, MidiTick)]
    places = [jam.tempo.beat_at(at) * 24 for at in ticks]
    assert len(ticks) > 100
    assert max(abs(place - round(place)) for place in places) < 0.01
