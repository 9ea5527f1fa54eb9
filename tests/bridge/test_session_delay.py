"""An engine far away: what leaves and what is asked for is earlier by the way there and back."""

from __future__ import annotations

from dataclasses import replace

from meloformer.bridge import addresses as osc
from meloformer.bridge.engine.messages import NextBar
from meloformer.bridge.session.events import EngineDelay
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.parts import Part
from rehearsal import BAND, Rehearsal

BAR = Meter(4, 4)


def asked_at(delay_s: float) -> float:
    """The beat at which the band's next bar is asked for, at 120, after a first beat of the player."""
    session = Rehearsal(replace(BAND, parts=(*BAND.parts, Part(2, 33, "bass"))))
    session.happens(EngineDelay(delay_s))
    session.receives(osc.Accompany(1))
    session.plays(60)
    while not session.told(NextBar):
        session.waits(beats=1 / 64)
    return round(session.state.clock.beat_at(session.now) * 64) / 64


def left_at(delay_s: float) -> float:
    """The beat at which the second note of an answer leaves, that sounds at beat 1, at 120."""
    session = Rehearsal()
    session.happens(EngineDelay(delay_s))
    session.receives(osc.PhraseBegin(), osc.PhraseNote(0, 1, 1, 60, 90), osc.PhraseEnd())
    notes = [event for tick, pitch in ((96, 60), (120, 62)) for event in note(tick, pitch)]
    session.says(BarStart(96, BAR), *notes, end="done")
    while len(session.sent(osc.OutNote)) < 2:
        session.waits(beats=1 / 64)
    return session.state.clock.beat_at(session.now)


def note(tick: int, pitch: int) -> tuple[NoteOn, NoteOff]:
    return NoteOn(tick, 0, pitch, 20), NoteOff(tick + 20, 0, pitch)


def test_the_next_bar_is_asked_for_earlier_by_the_delay() -> None:
    assert asked_at(0.0) - asked_at(0.125) == 0.25


def test_notes_leave_earlier_by_the_delay() -> None:
    assert round(left_at(0.0) - left_at(0.125), 6) == 0.25


def test_status_tells_the_delay() -> None:
    session = Rehearsal()
    session.happens(EngineDelay(0.03))
    session.receives(osc.AskStatus())
    pairs = session.sent(osc.Status)[0].pairs
    assert dict(zip(pairs[::2], pairs[1::2], strict=True))["engine_delay_ms"] == 30.0
