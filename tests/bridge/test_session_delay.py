"""An engine far away: what is asked for is asked for earlier by the way there and back."""

from __future__ import annotations

from dataclasses import replace

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import NextBar, Revise
from meloformer.bridge.outgoing import Status
from meloformer.bridge.session.events import EngineDelay
from meloformer.model.events import BarStart, NoteOn
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


def revised_at(delay_s: float) -> float:
    """The beat at which an answer that begins at beat 4 is made anew from its second bar on, at 120."""
    session = Rehearsal()
    session.happens(EngineDelay(delay_s))
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, BAR), NoteOn(96, 0, 60, 20), BarStart(192, BAR), end="done")
    session.waits(beats=4)
    session.receives(osc.SetControl("temperature", 0.5))
    while not session.told(Revise):
        session.waits(beats=1 / 64)
    return round(session.state.clock.beat_at(session.now) * 64) / 64


def test_the_next_bar_is_asked_for_earlier_by_the_delay() -> None:
    assert asked_at(0.0) - asked_at(0.125) == 0.25


def test_what_a_player_changes_is_asked_for_earlier_by_the_delay() -> None:
    assert revised_at(0.0) - revised_at(0.125) == 0.25


def test_status_tells_the_delay() -> None:
    session = Rehearsal()
    session.happens(EngineDelay(0.03))
    session.receives(osc.AskStatus())
    pairs = session.sent(Status)[0].pairs
    assert dict(zip(pairs[::2], pairs[1::2], strict=True))["engine_delay_ms"] == 30.0
