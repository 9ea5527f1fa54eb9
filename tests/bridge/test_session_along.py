"""Playing along: the band makes each bar just before its line, in the parts that nobody plays."""

from __future__ import annotations

from dataclasses import replace

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Heard, NextBar, PlayAlong, Reset, Stop
from meloformer.bridge.errors import Code
from meloformer.bridge.outgoing import Error, OutBegin, OutEnd, OutNote, OutOff
from meloformer.bridge.session.events import EngineGone, PresetRead
from meloformer.bridge.session.phases import Phase
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.parts import Part
from rehearsal import BAND, Rehearsal, sounding

COMMON = Meter(4, 4)


def bar(number: int, *, held: bool = False) -> list[Event]:
    """A bar of the band: a drum, and a bass note that ends in it or is held."""
    line = 96 * number
    events: list[Event] = [BarStart(line, COMMON), NoteOn(line, 128, 36, 20), NoteOn(line, 33, 40, 20)]
    return events if held else [*events, NoteOff(line + 48, 33, 40)]


def along() -> Rehearsal:
    """A session in which the band plays along with a piano that has played one beat at 120."""
    session = Rehearsal(replace(BAND, parts=(*BAND.parts, Part(2, 33, "bass"))))
    session.receives(osc.Accompany(1))
    session.plays(60)
    return session


def silent(session: Rehearsal) -> bool:
    return sounding([action for _, action in session.done]) == (set(), set())


def test_it_begins_with_the_first_note_and_asks_for_the_next_bar_before_its_line() -> None:
    session = along()
    assert [type(message) for message in session.told(object)[:3]] == [Reset, PlayAlong, Heard]
    assert [begin.bars for begin in session.sent(OutBegin)] == [0]
    assert not session.told(NextBar)
    session.waits(beats=2.5)
    assert [asked.start for asked in session.told(NextBar)] == [BarStart(96, COMMON)]


def test_the_parts_that_the_player_plays_are_the_player_s() -> None:
    session = along()
    session.waits(beats=2.5)
    session.says(*bar(1), end="done")
    session.plays(40, channel=2)
    session.waits(beats=3)
    assert [asked.instruments for asked in session.told(NextBar)] == [(33, 128), (128,)]


def test_the_band_plays_bar_by_bar_on_the_line_and_nothing_is_late() -> None:
    session = along()
    for number in range(1, 4):
        session.waits(beats=2.5 if number == 1 else 4)
        session.says(*bar(number), end="done")
    session.waits(beats=3)
    assert [note.beat for note in session.sent(OutNote)] == [4.0, 4.0, 8.0, 8.0, 12.0, 12.0]
    assert session.state.counts.late == 0
    assert session.state.phase is Phase.PLAYING
    assert len(session.told(Reset)) == 1


def test_every_bar_line_is_told_even_where_the_player_rests() -> None:
    session = along()
    for number in range(1, 4):
        session.waits(beats=2.5 if number == 1 else 4)
        session.says(*bar(number), end="done")
    lines = [event.tick for event in session.heard if isinstance(event, BarStart)]
    assert lines == [0, 96, 192]


def test_a_note_may_sound_on_over_the_bar_line() -> None:
    session = along()
    session.waits(beats=2.5)
    session.says(*bar(1, held=True), end="done")
    session.waits(beats=4)
    session.says(BarStart(192, COMMON), NoteOff(216, 33, 40), end="done")
    session.waits(beats=3)
    assert [off.beat for off in session.sent(OutOff) if off.pitch == 40] == [9.0]


def test_a_bar_that_the_engine_did_not_make_in_time_is_left_out() -> None:
    session = along()
    session.waits(beats=2.5)
    session.waits(beats=6)
    session.says(*bar(1), end="done")
    session.waits(beats=4)
    assert [asked.start.tick for asked in session.told(NextBar)] == [96, 288]


def test_whatever_else_is_asked_for_ends_it_and_all_is_silent() -> None:
    for end in (osc.Accompany(0), osc.Stop(), osc.Panic(), osc.TransportStop(), osc.PhraseBegin()):
        session = along()
        session.waits(beats=2.5)
        session.says(*bar(1, held=True))
        session.waits(beats=2)
        session.receives(end)
        assert session.state.along is None
        assert silent(session)
        assert len(session.told(Stop)) == 1
        session.waits(beats=8)
        assert len(session.told(NextBar)) == 1


def test_the_conversation_can_be_continued_afterwards() -> None:
    session = along()
    session.waits(beats=2.5)
    session.says(*bar(1), end="done")
    session.receives(osc.Continue(2))
    assert [ask.bars for ask in session.told(Ask)] == [2]
    assert len(session.told(Reset)) == 1


def test_a_meter_that_changes_is_the_next_bar_s_though_it_was_asked_for() -> None:
    session = along()
    session.waits(beats=2.5)
    session.says(*bar(1), end="done")
    session.receives(osc.TransportMeter(2, 4))
    session.waits(beats=2.2)
    assert [asked.start for asked in session.told(NextBar)][1] == BarStart(144, Meter(2, 4))
    assert [event for event in session.heard if isinstance(event, BarStart)][1] == BarStart(96, Meter(2, 4))


def test_another_preset_plays_on_in_its_own_parts() -> None:
    session = along()
    session.waits(beats=2.5)
    session.says(*bar(1), end="done")
    session.happens(PresetRead(replace(BAND, name="other", parts=(Part(4, 48, "strings"),))))
    session.state = session.state.with_(preset=session.state.loading, loading=None)
    session.waits(beats=4)
    assert session.told(NextBar)[-1].instruments == (48,)


def test_an_engine_that_ends_takes_the_band_with_it() -> None:
    session = along()
    session.waits(beats=2.5)
    session.says(*bar(1, held=True))
    session.waits(beats=2)
    session.happens(EngineGone("killed"))
    assert silent(session)
    assert session.state.along is None
    assert [end.reason for end in session.sent(OutEnd)] == ["failed"]


def test_without_parts_or_a_model_there_is_no_band() -> None:
    for session in (Rehearsal(replace(BAND, parts=())), Rehearsal(ready=False)):
        session.receives(osc.Accompany(1))
        assert session.sent(Error)[0].code in (Code.NOT_NOW, Code.ENGINE)
        assert session.state.along is None
