"""A DAW that loops over whole bars takes the music along; any other jump ends it."""

from __future__ import annotations

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, NextBar
from meloformer.bridge.midi import MidiPosition, MidiStart, MidiTick
from meloformer.bridge.outgoing import OutEnd, OutNote
from meloformer.bridge.session.phases import Phase
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from rehearsal import Rehearsal, sounding

COMMON = Meter(4, 4)


def answering() -> Rehearsal:
    """At beat 9 of a running transport, in an answer of two bars that began at beat 8."""
    session = Rehearsal()
    session.receives(osc.TransportStart())
    session.waits(beats=4)
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, COMMON), NoteOn(96, 0, 64, 20), NoteOff(132, 0, 64), NoteOn(144, 0, 67, 20))
    session.says(NoteOff(168, 0, 67), BarStart(192, COMMON), NoteOn(192, 0, 71, 20), end="done")
    session.waits(beats=4)
    assert session.state.phase is Phase.PLAYING
    return session


def tags(session: Rehearsal) -> list[float]:
    """When each answered note sounds, in beats of 120 since the transport started."""
    return [(tag - 100) * 2 for tag in session.tags(OutNote) if tag is not None]


@pytest.mark.parametrize("to", [1.0, 5.0, 101.0])
def test_an_answer_plays_on_over_a_jump_of_whole_bars(to: float) -> None:
    session = answering()
    session.receives(osc.TransportPosition(to))
    session.waits(beats=20)
    assert tags(session) == [pytest.approx(beat) for beat in (8, 10, 12)]
    assert session.sent(OutEnd)[-1].reason == "done"
    assert session.sent(OutNote)[-1].beat == pytest.approx(to + 3)
    assert sounding([action for _, action in session.done]) == (set(), set())


@pytest.mark.parametrize("to", [0.0, 6.5, 8.0])
def test_any_other_jump_ends_it(to: float) -> None:
    session = answering()
    session.receives(osc.TransportPosition(to))
    assert session.state.phase is Phase.IDLE
    assert session.sent(OutEnd)[-1].reason == "stopped"
    assert sounding([action for _, action in session.done]) == (set(), set())


def test_a_phrase_that_is_being_played_is_heard_as_one_over_the_jump() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart())
    session.waits(beats=4)
    session.plays(60, 62)
    session.receives(osc.TransportPosition(2.0))
    session.plays(64)
    session.waits(beats=4)
    assert [event.tick for event in session.heard if isinstance(event, NoteOn)] == [0, 24, 48]
    assert session.told(Ask)


def test_the_band_plays_along_over_the_jump() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart(), osc.Accompany(1))
    session.plays(60, 62, 64, 65)
    session.says(session.told(NextBar)[0].start, NoteOn(120, 128, 36, 20), end="done")
    session.receives(osc.TransportPosition(0.0))
    session.plays(60, 62, 64, 65)
    assert [asked.start.tick for asked in session.told(NextBar)] == [96, 192]
    assert session.sent(OutNote)[0].beat == pytest.approx(1.0)


def test_the_loop_of_a_midi_clock_is_such_a_jump() -> None:
    session = Rehearsal()
    session.midi(MidiStart())
    for tick in range(24 * 12):
        if tick == 24 * 4:
            session.receives(osc.LiveNote(1, 60, 80))
        elif tick == 24 * 5:
            session.receives(osc.LiveNote(1, 60, 0), osc.PhraseEnd())
            session.says(BarStart(96, COMMON), NoteOn(96, 0, 64, 20), NoteOff(182, 0, 64), end="done")
        elif tick == 24 * 10:
            session.midi(MidiPosition(24))  # from beat 10 back to beat 6
        session.midi(MidiTick())
        session.waits(60 / 24 / 120)
    assert session.state.clock.beat_at(session.now) == pytest.approx(8.0, abs=0.01)
    assert [end.reason for end in session.sent(OutEnd)] == ["done"]
