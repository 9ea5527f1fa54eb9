"""Buttons for the moments between the music: pause, mute, reset, playing along."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Heard
from meloformer.bridge.errors import Code
from meloformer.bridge.midi import MidiControl
from meloformer.bridge.outgoing import Error, OutNote
from meloformer.bridge.session.phases import Phase
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.preset import MidiMapping
from rehearsal import BAND, Rehearsal, sounding

ACTIONS = ("accompany", "pause", "mute", "reset")
BUTTONS = replace(
    BAND, midi_map=tuple(MidiMapping(cc=80 + at, action=each) for at, each in enumerate(ACTIONS))
)


def press(session: Rehearsal, action: str) -> None:
    controller = 80 + ACTIONS.index(action)
    session.midi(MidiControl(1, controller, 127), MidiControl(1, controller, 0))


def playing() -> Rehearsal:
    """The answer's first note sounds."""
    session = Rehearsal(BUTTONS)
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), NoteOn(96, 0, 64, 20), NoteOff(180, 0, 64), end="done")
    session.waits(beats=4)
    return session


def silent(session: Rehearsal) -> bool:
    return sounding([action for _, action in session.done]) == (set(), set())


def test_in_a_pause_nothing_that_is_played_is_heard() -> None:
    session = Rehearsal(BUTTONS)
    press(session, "pause")
    session.plays(60, 62)
    assert not session.told(Heard)
    assert session.state.phase is Phase.IDLE
    press(session, "pause")
    session.plays(60)
    assert session.told(Heard)


def test_a_pause_gives_up_the_phrase_and_lets_the_answer_play() -> None:
    session = playing()
    session.receives(osc.Pause(1), osc.LiveNote(1, 50, 80))
    assert session.state.phase is Phase.PLAYING
    session = Rehearsal(BUTTONS)
    session.plays(60)
    session.receives(osc.Pause(1))
    assert session.state.phase is Phase.IDLE


def test_what_is_asked_for_in_a_pause_is_answered() -> None:
    session = playing()
    session.receives(osc.Pause(1), osc.Continue(2))
    assert not session.sent(Error)


@pytest.mark.parametrize("by_midi", [True, False])
def test_a_muted_band_is_silent_and_plays_again_when_it_is_not(by_midi: bool) -> None:
    session = Rehearsal(BUTTONS)
    if by_midi:
        press(session, "mute")
    else:
        session.receives(osc.Mute(1))
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), NoteOn(96, 0, 64, 20), NoteOff(180, 0, 64), end="done")
    session.waits(beats=9)
    assert not session.sent(OutNote)
    session.receives(osc.Mute(0))
    assert session.state.controls["silence"] == 0


def test_a_reset_forgets_everything_and_puts_the_controls_back() -> None:
    session = playing()
    session.receives(
        osc.SetControl("temperature", 0.3), osc.SetControl("polyphony", 2, channel=3), osc.Pause(1)
    )
    press(session, "reset")
    assert silent(session)
    assert session.state.phase is Phase.IDLE
    assert session.state.controls["temperature"] == BAND.sampling.temperature
    assert not session.state.channel_controls
    assert not session.state.paused
    session.receives(osc.Continue(2))
    assert session.sent(Error)[-1].code == Code.NOT_NOW


def test_a_button_lets_the_band_play_along_and_no_more() -> None:
    session = Rehearsal(BUTTONS)
    press(session, "accompany")
    assert session.state.along is not None
    press(session, "accompany")
    assert session.state.along is None
