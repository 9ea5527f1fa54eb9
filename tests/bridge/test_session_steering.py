"""What a player changes while an answer plays is taken up by its next bars."""

from __future__ import annotations

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Ended, Revise, Said, Stop
from meloformer.bridge.outgoing import Error, OutBar, OutEnd, OutNote, OutOff
from meloformer.bridge.session.events import Closing
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.parts import DRUMS
from rehearsal import Rehearsal, sounding

COMMON = Meter(4, 4)


def bar(number: int, pitch: int, instrument: int = 0) -> list[Event]:
    """A bar of the answer with one note that is held over its end."""
    tick = 96 * number
    note = [NoteOn(tick, instrument, pitch, 20)]
    return [BarStart(tick, COMMON), *note]


def playing(bars: int = 4, end: str | None = "done") -> Rehearsal:
    """A session in which an answer of four bars from beat 4 on has begun to play; now is beat 4.5."""
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    for number in range(1, bars + 1):
        held = [] if number == 1 else [NoteOff(96 * number, 0, 60 + number - 1)]
        first, note = bar(number, 60 + number)
        session.says(first, *held, note)
    session.says(end=end)
    session.waits(beats=3.5)
    return session


def silent(session: Rehearsal) -> bool:
    return sounding([action for _, action in session.done]) == (set(), set())


def test_a_control_turned_in_mid_answer_is_taken_up_by_the_first_bar_after_the_lookahead() -> None:
    session = playing()
    session.receives(osc.SetControl("temperature", 0.5))
    session.waits(beats=2.9)
    assert not session.told(Revise)
    session.waits(beats=0.2)  # half a beat before the bar line
    (revise,) = session.told(Revise)
    assert (revise.tick, revise.bars, revise.sampling.temperature) == (192, 3, 0.5)
    assert revise.request != session.told(Ask)[0].request


@pytest.mark.parametrize("late_s", [0.0001, 0.01, 0.3])
def test_a_bridge_that_wakes_late_takes_it_up_at_that_bar_all_the_same(late_s: float) -> None:
    session = playing()
    session.late_s = late_s
    session.receives(osc.SetControl("temperature", 0.5))
    session.waits(beats=4)
    assert [revise.tick for revise in session.told(Revise)] == [192]


def test_what_was_planned_from_that_bar_on_is_given_up_and_the_new_bars_sound_in_its_place() -> None:
    session = playing()
    session.receives(osc.SetControl("temperature", 0.5))
    session.waits(beats=3.1)
    session.says(BarStart(192, COMMON), NoteOff(192, 0, 61), NoteOn(192, 0, 72, 20), end="done")
    session.waits(beats=20)
    assert [note.pitch for note in session.sent(OutNote)] == [61, 72]
    assert [end.reason for end in session.sent(OutEnd)] == ["done"]
    assert silent(session)


def test_a_note_held_over_the_line_sounds_on_until_the_new_bars_end_it() -> None:
    session = playing()
    session.receives(osc.SetControl("top_p", 0.5))
    session.waits(beats=3.1)
    session.says(BarStart(192, COMMON), NoteOff(216, 0, 61), end="done")
    session.waits(beats=20)
    (off,) = session.sent(OutOff)
    assert off.beat == pytest.approx(9.0)


def test_a_drum_struck_just_before_the_line_gets_its_off_all_the_same() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, COMMON), NoteOn(96, 0, 60, 20), NoteOn(190, DRUMS, 38, 20))
    session.says(BarStart(192, COMMON), NoteOn(192, DRUMS, 36, 20), end="done")
    session.waits(beats=3.5)
    session.receives(osc.SetControl("temperature", 0.5))
    session.waits(beats=3.1)
    session.says(BarStart(192, COMMON), end="done")
    session.waits(beats=20)
    assert [note.pitch for note in session.sent(OutNote)] == [60, 38]
    assert silent(session)


def test_a_knob_that_is_turned_to_and_fro_changes_nothing() -> None:
    session = playing()
    before = session.state.controls["temperature"]
    session.receives(osc.SetControl("temperature", 0.5), osc.SetControl("temperature", before))
    session.waits(beats=20)
    assert not session.told(Revise)


def test_a_knob_that_is_being_turned_makes_one_new_plan_a_bar() -> None:
    session = playing()
    for step in range(40):
        session.receives(osc.SetControl("temperature", 0.5 + step / 100))
        session.waits(beats=0.075)
    session.waits(beats=0.2)
    (revise,) = session.told(Revise)
    assert revise.sampling.temperature == pytest.approx(0.89)


@pytest.mark.parametrize("control", [osc.SetControl("bars", 8), osc.SetControl("seed", 9)])
def test_what_the_next_answer_is_to_be_leaves_this_one_as_it_is(control: osc.SetControl) -> None:
    session = playing()
    session.receives(control)
    session.waits(beats=20)
    assert not session.told(Revise)


def test_in_the_last_bar_there_is_nothing_to_be_made_anew() -> None:
    session = playing()
    session.waits(beats=12)
    session.receives(osc.SetControl("temperature", 0.5))
    session.waits(beats=20)
    assert not session.told(Revise)
    assert silent(session)


def test_an_answer_that_is_still_being_made_is_stopped_first() -> None:
    session = playing(bars=3, end=None)
    session.receives(osc.SetControl("temperature", 0.5))
    session.waits(beats=3.1)
    assert session.told(Stop) == [Stop(session.told(Ask)[0].request)]
    session.happens()  # what the engine says of the old plan is not wanted any more
    session.says(BarStart(192, COMMON), end="done")
    session.receives(osc.Stop())
    assert silent(session)


def test_a_new_meter_begins_with_the_answers_next_bar() -> None:
    session = playing()
    session.receives(osc.TransportMeter(3, 4))
    session.waits(beats=3.1)
    (revise,) = session.told(Revise)
    assert revise.meter == Meter(3, 4)
    session.says(
        BarStart(192, Meter(3, 4)), BarStart(264, Meter(3, 4)), BarStart(336, Meter(3, 4)), end="done"
    )
    session.waits(beats=20)
    assert session.tags(OutBar)[-2:] == [pytest.approx(100 + beat / 2) for beat in (11, 14)]


def test_a_continuation_that_waits_is_asked_for_again_after_the_new_plan() -> None:
    session = playing()
    session.receives(osc.Continue(2))
    session.says(BarStart(480, COMMON), NoteOn(480, 0, 80, 20), end="done")
    session.receives(osc.SetControl("temperature", 0.5))
    session.waits(beats=3.1)
    assert len(session.told(Ask)) == 2
    session.says(BarStart(192, COMMON), BarStart(288, COMMON), BarStart(384, COMMON), end="done")
    assert len(session.told(Ask)) == 3
    session.says(BarStart(480, COMMON), NoteOn(480, 0, 81, 20), end="done")
    session.waits(beats=30)
    assert [note.pitch for note in session.sent(OutNote)][-1] == 81
    assert silent(session)


def test_music_without_end_goes_on_until_it_is_stopped_and_takes_up_what_is_turned() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.Continue(0))
    for chunk in range(3):
        tick = 96 * (1 + 8 * chunk)
        lines = [BarStart(tick + 96 * number, COMMON) for number in range(8)]
        session.says(lines[0], NoteOn(tick, 0, 60 + chunk, 20), *lines[1:], end="done")
        session.waits(beats=31)
    assert [note.pitch for note in session.sent(OutNote)] == [60, 61, 62]
    assert len(session.told(Ask)) > 3
    session.receives(osc.Stop())
    session.happens(Closing())
    asked = len(session.told(Ask))
    session.waits(beats=100)
    assert len(session.told(Ask)) == asked
    assert silent(session)


def test_a_number_of_bars_lets_music_without_end_come_to_one_and_close() -> None:
    session = playing()
    session.receives(osc.Continue(0))
    assert len(session.told(Ask)) == 2
    session.receives(osc.Continue(4))
    session.says(*(BarStart(480 + 96 * number, COMMON) for number in range(8)), end="done")
    session.waits(beats=19.5)
    (revise,) = session.told(Revise)
    assert revise.rules.closes and not session.told(Ask)[-1].rules.closes
    lines = range(revise.tick, revise.tick + 96 * revise.bars, 96)
    session.says(*(BarStart(line, COMMON) for line in lines), end="done")
    session.waits(beats=60)
    assert len(session.told(Ask)) == 2
    assert [end.reason for end in session.sent(OutEnd)] == ["done", "done"]


def test_a_continuation_in_the_making_is_stopped_and_asked_for_again_and_nothing_fails() -> None:
    """What the engine says of it in the meantime, and that it was stopped, is of no interest."""
    session = playing()
    session.receives(osc.Continue(2))
    (_, continuation) = session.told(Ask)
    session.receives(osc.SetControl("temperature", 0.5))
    session.waits(beats=3.1)
    assert session.told(Stop) == [Stop(continuation.request)]
    session.says(BarStart(192, COMMON), BarStart(288, COMMON), BarStart(384, COMMON))
    session.happens(
        Said(continuation.request, BarStart(480, COMMON)), Ended(continuation.request, 0, "stopped")
    )
    session.says(end="done")
    assert len(session.told(Ask)) == 3
    session.says(BarStart(480, COMMON), NoteOn(480, 0, 81, 20), end="done")
    session.waits(beats=30)
    assert not session.sent(Error)
    assert [note.pitch for note in session.sent(OutNote)][-1] == 81
    assert [end.reason for end in session.sent(OutEnd)] == ["done", "done"]
