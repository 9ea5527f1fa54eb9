"""An engine that crashes takes what it was saying with it, and nothing else."""

from __future__ import annotations

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Choose, Heard, Infill, Loaded, Reset
from meloformer.bridge.outgoing import Error, OutEnd
from meloformer.bridge.session.events import EngineGone, EngineStarted
from meloformer.bridge.session.phases import Phase
from meloformer.model.encoder import Encoder
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.score import Meter
from rehearsal import Rehearsal, sounding

COMMON = Meter(4, 4)
GONE = EngineGone("the engine ended by itself (signal 9); it is started again")


def answered() -> Rehearsal:
    """One bar was played, and answered by one bar that has sounded."""
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, COMMON), NoteOn(96, 0, 64, 20), NoteOff(144, 0, 64), end="done")
    session.waits(beats=10)
    return session


def crashed(session: Rehearsal) -> list[Event]:
    """The engine crashes and another one is there; what that one is told."""
    session.happens(GONE)
    session.done.clear()
    session.happens(EngineStarted(), Loaded("band", 80.0))
    heard = session.heard
    encoder = Encoder()
    for event in heard:
        encoder.push(event)  # raises where an event is out of place
    return heard


def notes(events: list[Event]) -> list[tuple[int, int]]:
    return [(event.tick, event.pitch) for event in events if isinstance(event, NoteOn)]


def test_the_next_engine_is_told_the_phrase_and_its_answer_and_can_continue_them() -> None:
    session = answered()
    assert notes(crashed(session)) == [(0, 60), (96, 64)]
    session.receives(osc.Continue(2))
    assert session.told(Ask)[0].bars == 2
    assert not session.sent(Error)


def test_what_was_held_when_the_answer_began_is_held_no_longer() -> None:
    session = Rehearsal()
    session.receives(osc.LiveNote(1, 60, 80))
    session.waits(beats=1)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, COMMON), NoteOn(96, 0, 64, 20), NoteOff(144, 0, 64), end="done")
    assert NoteOff(96, 0, 60) in crashed(session)


def test_a_phrase_that_is_being_played_goes_on_being_heard() -> None:
    session = Rehearsal()
    session.plays(60, 62)
    session.happens(GONE)
    assert session.state.phase is Phase.LISTENING
    session.plays(64, beats=0.5)  # while there is no engine
    session.happens(EngineStarted(), Loaded("band", 80.0))
    session.plays(65, beats=0.5)
    session.waits(beats=3)
    assert notes(session.heard)[-4:] == [(0, 60), (24, 62), (48, 64), (60, 65)]
    assert session.told(Ask)


def test_a_phrase_that_ends_while_there_is_no_engine_is_answered_when_there_is_one() -> None:
    session = Rehearsal()
    session.plays(60, 62)
    session.happens(GONE)
    session.waits(beats=3)
    assert session.state.phase is Phase.GENERATING
    assert not session.told(Ask)
    session.happens(EngineStarted())
    session.happens(Loaded("band", 80.0))
    assert session.told(Ask)


def test_bars_that_were_made_anew_are_told_as_they_are_now() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, COMMON), NoteOn(96, 0, 64, 20), NoteOff(144, 0, 64))
    session.says(BarStart(192, COMMON), NoteOn(192, 0, 65, 20), NoteOff(240, 0, 65), end="done")
    session.waits(beats=3.5)
    session.receives(osc.SetControl("temperature", 0.5))
    session.waits(beats=3.2)
    session.says(BarStart(192, COMMON), NoteOn(192, 0, 70, 20), NoteOff(240, 0, 70), end="done")
    assert notes(crashed(session)) == [(0, 60), (96, 64), (192, 70)]


def test_a_bar_that_was_filled_in_is_told_as_it_is_now() -> None:
    session = Rehearsal()
    session.plays(60, 62, 64, 65, 67)
    session.receives(osc.Infill(1, 1))
    assert session.told(Infill)
    session.says(BarStart(0, COMMON), NoteOn(0, 0, 72, 20), NoteOff(48, 0, 72), end="done")
    assert notes(crashed(session)) == [(0, 72), (96, 67)]


def test_the_variation_that_was_chosen_is_told_and_the_others_are_not() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.Variations(2, 1))
    session.says(BarStart(96, COMMON), NoteOn(96, 0, 64, 20), NoteOff(144, 0, 64), end="done")
    session.says(BarStart(96, COMMON), NoteOn(96, 0, 69, 20), NoteOff(144, 0, 69), end="done")
    session.receives(osc.Choose(2))
    assert session.told(Choose)
    assert notes(crashed(session)) == [(0, 60), (96, 69)]


def test_a_long_conversation_is_told_from_its_last_bars_on() -> None:
    session = answered()
    for chunk in range(40):
        session.receives(osc.Continue(2))
        tick = 192 * (chunk + 1)
        session.says(BarStart(tick, COMMON), NoteOn(tick, 0, 60, 20), NoteOff(tick + 24, 0, 60))
        session.says(BarStart(tick + 96, COMMON), end="done")
        session.waits(beats=20)
    told = crashed(session)
    assert told[0] == BarStart(0, COMMON)
    assert sum(isinstance(event, BarStart) for event in told) == 64


def test_a_conversation_that_was_too_much_for_an_engine_is_not_told_to_a_third_one() -> None:
    session = answered()
    session.happens(GONE, EngineStarted(), GONE)
    session.done.clear()
    session.happens(EngineStarted(), Loaded("band", 80.0))
    assert not session.told(Reset)
    assert not session.told(Heard)


def test_nothing_sounds_after_a_crash_in_mid_answer() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, COMMON), NoteOn(96, 0, 64, 20), NoteOn(144, 0, 67, 20))
    session.waits(beats=4)
    session.happens(GONE)
    assert sounding([action for _, action in session.done]) == (set(), set())
    assert session.sent(OutEnd)[0].reason == "failed"


def test_a_phrase_that_grows_too_long_while_there_is_no_engine_is_forgotten() -> None:
    session = Rehearsal()
    session.receives(osc.PhraseBegin())
    session.plays(*[60] * 200)
    session.happens(GONE)
    session.plays(*[60] * 200)
    session.done.clear()
    session.happens(EngineStarted(), Loaded("band", 80.0))
    session.plays(62)
    encoder = Encoder()
    for event in session.heard:
        encoder.push(event)  # raises where an event is out of place
    assert notes(session.heard) == [(0, 62)]
