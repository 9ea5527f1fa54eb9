"""How a phrase begins, is heard, and ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Heard, LoadFailed, Reset
from meloformer.bridge.errors import Code
from meloformer.bridge.midi import MidiControl, MidiNote
from meloformer.bridge.outgoing import Error, OutBegin, OutEnd, OutNote, State
from meloformer.bridge.session.events import EngineStarted, MidiBack, MidiGone
from meloformer.bridge.session.phases import Phase
from meloformer.model.events import BarStart, NoteOff, NoteOn, TempoSet
from meloformer.model.score import Meter
from rehearsal import BAND, Rehearsal, band

COMMON = Meter(4, 4)


def refusals(session: Rehearsal) -> list[tuple[int, str]]:
    return [(error.code, error.address) for error in session.sent(Error)]


def test_the_first_note_starts_the_clock_and_the_listening() -> None:
    session = Rehearsal()
    session.receives(osc.LiveNote(1, 60, 80))
    assert session.sent(State) == [State("listening")]
    assert session.state.clock.beat_at(session.now) == 0.0
    assert session.told(Reset) == [Reset(seed=1)]
    assert session.heard == [BarStart(0, COMMON), TempoSet(0, 70), NoteOn(0, 0, 60, 20)]


def test_notes_are_heard_by_the_engine_while_the_player_plays() -> None:
    session = Rehearsal()
    session.plays(60, 62)
    assert session.state.phase is Phase.LISTENING
    assert session.heard[2:] == [
        NoteOn(0, 0, 60, 20),
        NoteOff(24, 0, 60),
        NoteOn(24, 0, 62, 20),
        NoteOff(48, 0, 62),
    ]


def test_a_running_transport_says_where_in_the_bar_the_phrase_begins() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart())
    session.waits(beats=9.5)
    session.plays(60)
    assert NoteOn(36, 0, 60, 20) in session.heard


def test_a_note_means_the_instant_it_was_played_not_the_one_it_came() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart())
    session.waits(beats=1.25)
    session.receives(osc.LiveNote(1, 60, 80), at=session.now - 0.125)
    assert session.heard[-1] == NoteOn(24, 0, 60, 20)


def test_a_silence_ends_the_phrase() -> None:
    session = Rehearsal()
    session.plays(60, 62)
    session.waits(beats=1.9)
    assert not session.told(Ask)
    session.waits(beats=0.2)
    assert [ask.bars for ask in session.told(Ask)] == [4]
    assert session.sent(State)[-1] == State("generating")


def test_a_held_key_is_no_silence() -> None:
    session = Rehearsal()
    session.receives(osc.LiveNote(1, 60, 80))
    session.waits(beats=12)
    assert session.state.phase is Phase.LISTENING
    session.receives(osc.LiveNote(1, 60, 0))
    session.waits(beats=2)
    assert session.told(Ask)


def test_a_held_pedal_is_no_silence() -> None:
    session = Rehearsal()
    session.midi(MidiControl(1, 64, 127), MidiNote(1, 60, 80), MidiNote(1, 60, 0))
    session.waits(beats=12)
    assert session.state.phase is Phase.LISTENING
    session.midi(MidiControl(1, 64, 0))
    session.waits(beats=2)
    assert session.told(Ask)


def test_a_phrase_of_so_many_bars_is_answered_on_the_very_next_bar_line() -> None:
    session = Rehearsal(band(end="bars", bars=2))
    session.plays(60)
    session.waits(beats=6.9)
    assert not session.told(Ask)
    session.waits(beats=0.1)
    assert [event.tick for event in session.heard if isinstance(event, BarStart)] == [0, 96]
    session.says(BarStart(192, COMMON), NoteOn(192, 0, 64, 20))
    assert session.sent(OutNote)[0].beat == 8.0


def test_a_phrase_of_so_many_bars_may_land_on_the_next_downbeat() -> None:
    session = Rehearsal(band(end="bars", bars=1))
    session.plays(60, 62, 64, 65)
    session.plays(67, beats=0.4)
    assert session.state.phase is Phase.GENERATING
    session.waits(beats=0.2)
    session.plays(69)
    assert session.sent(OutEnd)[0].reason == "interrupted"


def test_a_downbeat_that_is_struck_a_little_early_is_not_part_of_the_phrase_before() -> None:
    session = Rehearsal(band(end="bars", bars=1))
    session.plays(60, 62, 64)
    session.waits(beats=0.94)
    session.receives(osc.LiveNote(1, 65, 80))
    session.waits(beats=0.2)
    assert [event.pitch for event in session.heard if isinstance(event, NoteOn)] == [60, 62, 64]
    assert [event.tick for event in session.heard if isinstance(event, BarStart)] == [0]
    assert session.told(Ask)


def test_a_phrase_that_a_client_began_ends_when_the_client_says_so() -> None:
    session = Rehearsal()
    session.receives(osc.PhraseBegin())
    session.plays(60)
    session.waits(beats=20)
    assert session.state.phase is Phase.LISTENING
    session.receives(osc.PhraseEnd())
    assert session.told(Ask)


def test_a_preset_that_waits_for_a_signal_waits_for_it() -> None:
    session = Rehearsal(band(end="signal"))
    session.plays(60)
    session.waits(beats=50)
    assert session.state.phase is Phase.LISTENING
    session.receives(osc.PhraseEnd())
    assert session.told(Ask)


def test_begin_forgets_the_phrase_so_far() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseBegin())
    session.plays(72)
    assert len(session.told(Reset)) == 2
    assert session.heard[-2].pitch == 72  # type: ignore[union-attr]


def test_a_score_is_heard_and_answered_at_once() -> None:
    session = Rehearsal()
    notes = [osc.PhraseNote(0.0, 1.0, 1, 60, 80), osc.PhraseNote(1.0, 1.0, 10, 36, 100)]
    session.receives(osc.PhraseBegin(), *notes, osc.PhraseEnd())
    assert session.heard == [
        BarStart(0, COMMON),
        TempoSet(0, 70),
        NoteOn(0, 0, 60, 20),
        NoteOff(24, 0, 60),
        NoteOn(24, 128, 36, 25),
    ]
    assert session.sent(OutBegin) == [OutBegin("1", 4)]
    assert session.sent(State)[-1] == State("generating")


def test_the_bars_control_says_how_long_answers_are() -> None:
    session = Rehearsal()
    session.receives(osc.SetControl("bars", 7))
    session.plays(60)
    session.receives(osc.PhraseEnd())
    assert session.told(Ask)[0].bars == 7


def test_every_new_phrase_is_a_new_conversation() -> None:
    session = Rehearsal()
    for _ in range(2):
        session.plays(60)
        session.receives(osc.PhraseEnd())
        session.says(BarStart(96, COMMON), end="done")
        session.waits(beats=20)
    assert len(session.told(Reset)) == 2


def test_the_clock_that_a_note_started_rests_when_the_music_is_over() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, COMMON), end="done")
    assert session.state.clock.running
    session.waits(beats=20)
    assert not session.state.clock.running
    session.plays(60)
    assert session.state.clock.beat_at(session.now) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("messages", "address"),
    [
        ([osc.PhraseEnd()], "/melo/phrase/end"),
        ([osc.PhraseBegin(), osc.PhraseEnd()], "/melo/phrase/end"),
        ([osc.PhraseNote(0.0, 1.0, 1, 60, 80)], "/melo/phrase/note"),
        ([osc.LiveNote(1, 60, 80), osc.PhraseNote(0.0, 1.0, 1, 60, 80)], "/melo/phrase/note"),
        ([osc.PhraseBegin(), osc.LiveNote(1, 60, 80), osc.PhraseNote(0, 1, 1, 60, 80)], "/melo/phrase/note"),
        ([osc.PhraseBegin(), osc.PhraseNote(0, 1, 1, 60, 80), osc.LiveNote(1, 60, 80)], "/melo/note"),
        ([osc.Continue(4)], "/melo/continue"),
    ],
    ids=["end of nothing", "end of silence", "no begin", "played", "played after begin", "score", "unheard"],
)
def test_what_makes_no_sense_now_is_refused(messages: list[osc.Incoming], address: str) -> None:
    session = Rehearsal()
    session.receives(*messages)
    assert refusals(session) == [(Code.NOT_NOW, address)]


def test_a_score_has_an_end() -> None:
    session = Rehearsal()
    session.receives(osc.PhraseBegin(), *[osc.PhraseNote(0.0, 1.0, 1, 60, 80)] * 10_001)
    assert refusals(session) == [(Code.TOO_MUCH, "/melo/phrase/note")]


def test_a_note_before_there_is_an_engine_is_heard_when_there_is_one() -> None:
    session = Rehearsal(ready=False)
    session.receives(osc.LiveNote(1, 60, 80))
    assert not session.told(Heard)
    session.happens(EngineStarted())
    assert session.heard[-1] == NoteOn(0, 0, 60, 20)


def test_a_note_while_no_model_can_be_had_is_refused_with_the_reason() -> None:
    session = Rehearsal(ready=False)
    session.happens(EngineStarted(), LoadFailed("band", "another vocabulary"))
    session.receives(osc.LiveNote(1, 60, 80))
    assert refusals(session) == [(Code.ENGINE, "/melo/note")]
    assert session.state.phase is Phase.IDLE
    assert not session.told(Heard)


def test_a_pitch_is_heard_as_the_part_that_owns_its_key() -> None:
    session = Rehearsal(BAND)
    session.plays(36, channel=10)
    assert session.heard[-1] == NoteOn(0, 128, 36, 20)


def test_a_message_of_the_future_waits_for_its_time() -> None:
    session = Rehearsal()
    session.receives(osc.LiveNote(1, 60, 80), at=session.now + 0.5)
    assert session.state.phase is Phase.IDLE
    session.waits(0.5)
    assert session.state.phase is Phase.LISTENING


def test_a_message_of_the_far_future_is_refused() -> None:
    session = Rehearsal()
    session.receives(osc.SetControl("bars", 2), at=session.now + 3600)
    assert refusals(session) == [(Code.OUT_OF_RANGE, "/melo/control/bars")]


def test_more_messages_of_the_future_than_can_wait_are_refused() -> None:
    session = Rehearsal()
    session.receives(*[osc.Ping()] * 4097, at=session.now + 1)
    assert refusals(session) == [(Code.TOO_MUCH, "/melo/ping")]


@pytest.mark.parametrize("tempo", ["clock", "free"])
def test_keys_and_pedals_that_were_down_when_the_midi_ports_went_hold_no_phrase_open(tempo: str) -> None:
    session = Rehearsal(replace(BAND, listen=replace(BAND.listen, tempo=tempo)))
    for pitch in (60, 64, 67, 72):
        session.midi(MidiNote(1, pitch, 80))
        session.waits(beats=1)
    session.midi(MidiControl(1, 64, 127))
    session.happens(MidiGone("the JACK server ended"))
    assert refusals(session) == [(Code.MIDI, "/melo")]
    assert not session.state.pedals
    session.waits(seconds=10)
    assert session.told(Ask)


def test_when_midi_is_back_knobs_that_can_are_told_where_they_stand() -> None:
    session = Rehearsal(replace(BAND, feedback="changes"))
    session.happens(MidiGone("the JACK server ended"), MidiBack("in, out"))
    assert MidiControl in {type(message) for _, message in session.midi_sent}
