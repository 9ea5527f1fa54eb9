"""Infill and variations: bars of the phrase anew, and several answers to choose from."""

from __future__ import annotations

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Choose, Infill, Reset, Stop, Vary
from meloformer.bridge.errors import Code
from meloformer.bridge.outgoing import Error, OutBegin, OutEnd, OutNote, Variation
from meloformer.bridge.session.events import EngineGone
from meloformer.bridge.session.phases import Phase
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from rehearsal import Rehearsal, sounding

COMMON = Meter(4, 4)
FIRST = (BarStart(96, COMMON), NoteOn(96, 0, 64, 20), NoteOff(120, 0, 64))
SECOND = (BarStart(96, COMMON), NoteOn(96, 0, 67, 20))


def given(bars: int = 3) -> Rehearsal:
    """A session in which a phrase of so many bars was given as a score, and not answered yet."""
    session = Rehearsal()
    notes = [osc.PhraseNote(4.0 * bar, 1.0, 1, 60 + bar, 80) for bar in range(bars)]
    session.receives(osc.PhraseBegin(), *notes)
    return session


def varied() -> Rehearsal:
    """One in which two variations of one bar are ready."""
    session = given()
    session.receives(osc.Variations(2, 1))
    session.says(*FIRST, end="done")
    session.says(*SECOND, end="done")
    return session


def errors(session: Rehearsal) -> list[int]:
    return [error.code for error in session.sent(Error)]


def silent(session: Rehearsal) -> bool:
    return sounding([action for _, action in session.done]) == (set(), set())


def test_an_infill_ends_the_phrase_and_plays_its_new_bars_as_an_answer() -> None:
    session = given()
    session.receives(osc.Infill(2, 3))
    told = session.told(Infill)[0]
    assert (told.first, told.last, told.of) == (1, 2, 3)
    session.says(*FIRST, BarStart(192, COMMON), end="done")
    session.waits(beats=12)
    assert [note.pitch for note in session.sent(OutNote)] == [64]
    assert [begin.bars for begin in session.sent(OutBegin)] == [2]
    assert [end.reason for end in session.sent(OutEnd)] == ["done"]
    assert silent(session)


def test_an_infill_can_be_asked_for_again_and_continued() -> None:
    session = given()
    for _ in range(2):
        session.receives(osc.Infill(1, 1))
        session.says(*FIRST, end="done")
        session.waits(beats=12)
    session.receives(osc.Continue(1))
    assert len(session.told(Infill)) == 2
    assert len(session.told(Ask)) == len(session.told(Reset)) == 1


def test_an_infill_interrupts_an_answer() -> None:
    session = given()
    session.receives(osc.PhraseEnd())
    session.says(*FIRST)
    session.waits(beats=0.5)
    session.receives(osc.Infill(1, 2))
    assert [end.reason for end in session.sent(OutEnd)] == ["interrupted"]
    assert len(session.told(Stop)) == 1
    assert session.state.phase is Phase.GENERATING


def test_bars_outside_the_phrase_are_refused_and_the_phrase_goes_on() -> None:
    session = given()
    session.receives(osc.Infill(2, 4), osc.Infill(3, 2))
    assert errors(session) == [Code.OUT_OF_RANGE, Code.OUT_OF_RANGE]
    assert "choose from 1 to 3" in session.sent(Error)[0].reason
    assert session.state.phase is Phase.LISTENING
    assert not session.told(Infill)


def test_with_nothing_heard_there_is_nothing_to_fill_in_vary_or_choose() -> None:
    session = Rehearsal()
    session.receives(osc.Infill(1, 1), osc.Variations(2, 1), osc.Choose(1))
    assert errors(session) == [Code.NOT_NOW] * 3


def test_variations_are_made_one_after_the_other_and_each_is_told_when_it_is_ready() -> None:
    session = given()
    session.receives(osc.Variations(2, 1))
    assert len(session.told(Vary)) == 1
    session.says(*FIRST, end="done")
    assert session.sent(Variation) == [Variation(1, 1)]
    assert len(session.told(Vary)) == 2
    assert session.state.phase is Phase.GENERATING
    session.says(*SECOND, end="done")
    assert session.sent(Variation)[-1] == Variation(2, 1)
    assert session.state.phase is Phase.IDLE
    assert not session.sent(OutNote)


def test_the_chosen_variation_plays_and_the_conversation_goes_on_from_it() -> None:
    session = varied()
    session.receives(osc.Choose(2))
    assert session.told(Choose) == [Choose(session.told(Vary)[1].request)]
    session.waits(beats=5)
    assert [note.pitch for note in session.sent(OutNote)] == [67]
    assert [end.reason for end in session.sent(OutEnd)] == ["done"]
    assert silent(session)
    session.receives(osc.Continue(1))
    assert len(session.told(Ask)) == len(session.told(Reset)) == 1


def test_another_variation_can_be_chosen_while_one_plays() -> None:
    session = varied()
    session.receives(osc.Choose(2))
    session.waits(beats=0.5)
    session.receives(osc.Choose(1))
    session.waits(beats=6)
    assert [note.pitch for note in session.sent(OutNote)] == [67, 64]
    assert [end.reason for end in session.sent(OutEnd)] == ["interrupted", "done"]
    assert silent(session)


def test_choosing_early_gives_up_those_that_are_not_ready() -> None:
    session = given()
    session.receives(osc.Variations(3, 1))
    session.says(*FIRST, end="done")
    session.says(*SECOND)
    session.receives(osc.Choose(1))
    assert session.told(Stop) == [Stop(session.told(Vary)[1].request)]
    session.receives(osc.Choose(2))
    assert errors(session) == [Code.NOT_NOW]


def test_a_stop_keeps_the_variations_that_are_ready() -> None:
    session = varied()
    session.receives(osc.Choose(1))
    session.waits(beats=0.5)
    session.receives(osc.Stop(), osc.Panic(), osc.Choose(2))
    session.waits(beats=6)
    assert session.sent(OutNote)[-1].pitch == 67
    assert silent(session)


def test_a_new_phrase_forgets_the_variations() -> None:
    session = varied()
    session.plays(60)
    session.receives(osc.Choose(1))
    assert errors(session) == [Code.NOT_NOW]
    assert session.state.phase is Phase.LISTENING


def test_a_continuation_forgets_the_variations() -> None:
    session = varied()
    session.receives(osc.Continue(1), osc.Stop(), osc.Choose(1))
    assert errors(session) == [Code.NOT_NOW]


def test_an_engine_that_ends_takes_the_variations_with_it() -> None:
    session = given()
    session.receives(osc.Variations(2, 1))
    session.says(*FIRST, end="done")
    session.happens(EngineGone("killed"))
    assert session.state.phase is Phase.IDLE
    session.receives(osc.Choose(1))
    assert errors(session)[-1] == Code.NOT_NOW


def test_while_an_answer_is_under_way_there_are_no_variations() -> None:
    session = given()
    session.receives(osc.PhraseEnd(), osc.Variations(2, 1))
    assert errors(session) == [Code.NOT_NOW]
    assert session.state.answer is not None


def test_a_variation_that_fails_is_told_and_those_before_it_can_be_chosen() -> None:
    session = given()
    session.receives(osc.Variations(2, 1))
    session.says(*FIRST, end="done")
    session.says(end="failed")
    assert errors(session) == [Code.ENGINE]
    session.receives(osc.Choose(1))
    assert session.state.answer is not None
