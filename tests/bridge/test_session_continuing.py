"""Continuing: more of the same conversation, after an answer or seamlessly inside one."""

from __future__ import annotations

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Reset, Stop
from meloformer.bridge.errors import Code
from meloformer.bridge.outgoing import Error, OutBegin, OutEnd, OutNote
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.score import Meter
from rehearsal import Rehearsal, sounding

COMMON = Meter(4, 4)
BAR = BarStart(96, COMMON)


def asked() -> Rehearsal:
    """A session in which one bar was played at 120 and an answer was asked for, at beat 1."""
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    return session


def silent(session: Rehearsal) -> bool:
    return sounding([action for _, action in session.done]) == (set(), set())


def test_continue_goes_on_without_a_new_conversation() -> None:
    session = asked()
    session.says(BAR, NoteOn(96, 0, 64, 20), end="done")
    session.waits(beats=10)
    session.receives(osc.Continue(2))
    assert [ask.bars for ask in session.told(Ask)] == [4, 2]
    assert len(session.told(Reset)) == 1
    session.says(BarStart(192, COMMON), NoteOn(192, 0, 65, 20))
    assert session.sent(OutNote)[-1].pitch == 65


def test_continue_while_listening_ends_the_phrase() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.Continue(3))
    assert [ask.bars for ask in session.told(Ask)] == [3]


def test_continue_while_playing_goes_on_without_a_gap() -> None:
    session = asked()
    session.says(BAR, NoteOn(96, 0, 64, 20))
    session.receives(osc.Continue(1))
    assert len(session.told(Ask)) == 1
    session.says(end="done")
    assert len(session.told(Ask)) == 2
    session.says(BarStart(192, COMMON), NoteOn(192, 0, 65, 20), end="done")
    session.waits(beats=12)
    assert [(note.pitch, note.beat) for note in session.sent(OutNote)] == [(64, 4.0), (65, 8.0)]
    assert session.state.counts.late == 0
    ends = [type(message).__name__ + message.request for message in brackets(session)]
    assert ends == ["OutBegin1", "OutEnd1", "OutBegin2", "OutEnd2"]
    assert silent(session)


def brackets(session: Rehearsal) -> list[OutBegin | OutEnd]:
    messages = [getattr(action, "message", None) for _, action in session.done]
    return [message for message in messages if isinstance(message, OutBegin | OutEnd)]


def test_only_one_continuation_waits() -> None:
    session = asked()
    session.receives(osc.Continue(1), osc.Continue(1))
    assert [error.code for error in session.sent(Error)] == [Code.NOT_NOW]


def test_a_stop_ends_the_continuation_that_waits_too() -> None:
    session = asked()
    session.says(BAR, end="done")
    session.receives(osc.Continue(1), osc.Stop())
    assert session.told(Stop) == [Stop("2")]
    assert session.state.next_answer is None
