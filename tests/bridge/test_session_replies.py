"""Who is there, how it is going, and MIDI that means something else than notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.midi import MidiControl, MidiNote, MidiProgram
from meloformer.bridge.outgoing import Error, Help, Pong, Status, Welcome
from meloformer.bridge.session.actions import Send
from meloformer.bridge.session.events import Received, Rejected
from meloformer.bridge.session.phases import Phase
from meloformer.bridge.session.state import Client
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.preset import DEFAULT_MIDI_MAP, MidiMapping
from rehearsal import BAND, HOST, Rehearsal

COMMON = Meter(4, 4)


def test_hello_is_welcomed_and_remembered_until_bye() -> None:
    session = Rehearsal()
    session.receives(osc.Hello(9000))
    assert session.sent(Welcome) == [Welcome("1.2.3", "band")]
    assert session.state.clients == {Client(HOST, 9000)}
    session.receives(osc.Bye(9000))
    assert not session.state.clients


def test_there_is_room_for_so_many_clients() -> None:
    session = Rehearsal()
    session.receives(*(osc.Hello(9000 + number) for number in range(33)))
    assert len(session.state.clients) == 32
    assert session.sent(Error)[0].code == Code.TOO_MUCH
    session.receives(osc.Hello(9000))
    assert len(session.sent(Error)) == 1


def test_status_tells_names_and_values_in_turn() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart(), osc.SetControl("bars", 2))
    session.waits(2.5)
    session.receives(osc.AskStatus())
    pairs = session.sent(Status)[0].pairs
    status = dict(zip(pairs[::2], pairs[1::2], strict=True))
    assert status["state"] == "idle"
    assert status["beat"] == 5.0
    assert status["bar"] == 1
    assert status["bars"] == 2
    assert status["meter"] == "4/4"
    assert status["uptime_s"] == 2.5


def test_ping_is_answered() -> None:
    session = Rehearsal()
    session.receives(osc.Ping())
    assert session.sent(Pong) == [Pong()]


def test_help_tells_every_address_or_one() -> None:
    session = Rehearsal()
    session.receives(osc.AskHelp())
    assert len(session.sent(Help)) == len(INCOMING)
    session.receives(osc.AskHelp("/melo/noote"))
    assert "/melo/note" in session.sent(Error)[0].reason


def test_what_the_border_refused_is_told() -> None:
    session = Rehearsal()
    session.happens(Rejected(Refused(Code.NOT_OSC, "/", "not OSC; send OSC 1.0")))
    assert session.sent(Error) == [Error(Code.NOT_OSC, "/", "not OSC; send OSC 1.0")]


@pytest.mark.parametrize(
    "message",
    [
        osc.TransportMeter(7, 5),
        osc.AskHelp("/nope"),
        osc.Infill(5, 2),
        osc.PhraseEnd(),
        osc.Hello(9999),
        osc.Continue(4),
    ],
    ids=lambda message: type(message).__name__,
)
def test_who_sent_what_the_session_refuses_is_told_so_besides_the_clients(message: osc.Incoming) -> None:
    session = Rehearsal()
    session.receives(*(osc.Hello(9000 + number) for number in range(32)))
    (refusal,) = session.happens(Received(message, "10.0.0.9", session.now, 50123))
    assert isinstance(refusal, Send) and isinstance(refusal.message, Error)
    assert refusal.asker == ("10.0.0.9", 50123)


def test_who_sent_a_bundle_of_the_future_is_told_when_its_time_has_come() -> None:
    session = Rehearsal()
    session.happens(Received(osc.PhraseEnd(), "10.0.0.9", session.now + 1.0, 50123))
    assert not session.sent(Error)
    (refusal,) = session.waits(1.0)
    assert isinstance(refusal, Send) and refusal.asker == ("10.0.0.9", 50123)


def test_a_stranger_is_told_nothing_but_refusals() -> None:
    session = Rehearsal()
    done = session.happens(Received(osc.Ping(), "10.0.0.9", session.now, 50123))
    assert [action.asker for action in done if isinstance(action, Send)] == [None]


def test_a_knob_turns_the_control_that_the_preset_maps_to_it() -> None:
    session = Rehearsal()
    session.midi(MidiControl(1, 20, 127), MidiControl(1, 23, 0), MidiControl(1, 99, 5))
    assert session.state.controls["temperature"] == 2.0
    assert session.state.controls["bars"] == 1


def test_a_pedal_may_be_a_button_that_acts_when_it_goes_down() -> None:
    mapping = (*DEFAULT_MIDI_MAP, MidiMapping(cc=66, action="phrase/begin"))
    session = Rehearsal(replace(BAND, midi_map=mapping))
    session.midi(MidiControl(1, 66, 0))
    assert session.state.phase is Phase.IDLE
    session.midi(MidiControl(1, 66, 127))
    assert session.state.phase is Phase.LISTENING


@pytest.mark.parametrize("action", ["continue", "panic", "stop"])
def test_a_program_change_may_be_a_button(action: str) -> None:
    session = Rehearsal(replace(BAND, midi_map=(MidiMapping(program=3, action=action),)))
    session.plays(60)
    session.midi(MidiProgram(1, 3))
    expected = {"continue": Phase.GENERATING, "panic": Phase.IDLE, "stop": Phase.LISTENING}
    assert session.state.phase is expected[action]


def test_another_program_change_says_what_is_played_on_its_channel() -> None:
    session = Rehearsal()
    session.midi(MidiProgram(3, 40), MidiNote(3, 60, 80))
    assert session.heard[-1] == NoteOn(0, 40, 60, 20)


@pytest.mark.parametrize("control", [120, 123])
def test_all_notes_off_is_a_panic(control: int) -> None:
    session = Rehearsal()
    session.plays(60)
    session.midi(MidiControl(1, control, 0))
    assert session.state.phase is Phase.IDLE


def test_a_panic_that_comes_back_through_a_loop_does_not_go_round_for_ever() -> None:
    session = Rehearsal()
    session.receives(osc.Panic())
    sent = [message for _, message in session.midi_sent]
    session.waits(0.01)
    session.midi(*(message for message in sent if isinstance(message, MidiControl)))
    assert [message for _, message in session.midi_sent] == sent


def test_what_the_bridge_played_is_not_heard_when_a_loop_brings_it_back() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, COMMON), NoteOn(96, 0, 64, 20))
    session.waits(beats=3.01)
    (played,) = [message for _, message in session.midi_sent]
    assert isinstance(played, MidiNote)
    session.midi(played)
    assert session.state.phase is Phase.PLAYING
    session.midi(played)
    assert session.state.phase is Phase.LISTENING
