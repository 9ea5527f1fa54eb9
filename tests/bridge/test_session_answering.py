"""How an answer is placed in time, sounds, goes on and ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Reset, Said, Stop
from meloformer.bridge.errors import Code
from meloformer.bridge.midi import MidiControl
from meloformer.bridge.outgoing import Error, OutBar, OutEnd, OutNote, OutOff, State
from meloformer.bridge.session.events import Closing, EngineGone
from meloformer.bridge.session.phases import Phase
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.score import Meter
from rehearsal import BAND, Rehearsal, band, sounding

COMMON = Meter(4, 4)
BAR = BarStart(96, COMMON)


def asked(session: Rehearsal | None = None) -> Rehearsal:
    """A session in which one bar was played at 120 and an answer was asked for, at beat 1."""
    session = session or Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    return session


def playing() -> Rehearsal:
    """A session in which the answer's first note sounds."""
    session = asked()
    session.says(BAR, NoteOn(96, 0, 64, 20), NoteOff(144, 0, 64), NoteOn(144, 0, 67, 20))
    session.waits(beats=3.5)
    assert session.state.phase is Phase.PLAYING
    return session


def silent(session: Rehearsal) -> bool:
    return sounding([action for _, action in session.done]) == (set(), set())


@pytest.mark.parametrize(("quantise", "beat"), [("now", 1.35), ("beat", 2.0), ("bar", 4.0)])
def test_an_answer_begins_at_the_next_point_of_the_presets_grid(quantise: str, beat: float) -> None:
    session = Rehearsal(band(quantise=quantise))  # type: ignore[arg-type]
    session.plays(60, beats=1.25)
    session.receives(osc.PhraseEnd())
    session.waits(beats=0.1)
    session.says(BAR, NoteOn(96, 0, 64, 20))
    session.waits(beats=4)
    assert session.sent(OutNote)[0].beat == pytest.approx(beat)


def test_a_note_leaves_by_osc_ahead_of_its_time_and_by_midi_when_it_sounds() -> None:
    session = asked()
    start = session.now - 0.5
    session.says(BAR, NoteOn(96, 0, 64, 20), NoteOff(120, 0, 64))
    session.waits(beats=6)
    sent_at = [
        at for at, action in session.done if getattr(action, "message", None) == session.sent(OutNote)[0]
    ]
    assert sent_at == [pytest.approx(start + 2.0 - 0.05)]
    assert session.tags(OutNote) == [pytest.approx(start + 2.0)]
    assert session.midi_notes == [(pytest.approx(start + 2.0), 64, 82), (pytest.approx(start + 2.5), 64, 0)]


def test_a_note_that_is_late_leaves_at_once_and_is_counted() -> None:
    session = asked()
    session.waits(beats=2.9)
    session.says(BAR, NoteOn(96, 0, 64, 20))
    session.waits(beats=0.5)
    session.says(NoteOn(97, 0, 67, 20))
    assert session.tags(OutNote)[1] == session.now
    assert session.state.counts.late == 1
    assert session.state.counts.sent == 2


def test_an_answer_that_would_begin_much_too_late_begins_a_bar_later() -> None:
    session = asked()
    session.waits(beats=3.5)
    session.says(BAR, NoteOn(96, 0, 64, 20))
    session.waits(beats=4)
    assert session.sent(OutNote)[0].beat == 8.0
    assert session.state.counts.late == 0


def test_the_answer_to_a_score_starts_the_clock_with_its_first_note() -> None:
    session = Rehearsal()
    session.receives(osc.PhraseBegin(), osc.PhraseNote(0.0, 1.0, 1, 60, 80), osc.PhraseEnd())
    session.waits(0.3)
    session.says(BAR, NoteOn(96, 0, 64, 20))
    assert session.tags(OutNote) == [session.now]
    assert session.sent(OutNote)[0].beat == 0.0
    assert session.state.counts.late == 0


def test_an_answer_that_begins_with_a_rest_has_had_it_while_the_model_thought() -> None:
    session = Rehearsal()
    session.receives(osc.PhraseBegin(), osc.PhraseNote(0.0, 1.0, 1, 60, 80), osc.PhraseEnd())
    asked_at = session.now
    session.waits(0.3)
    session.says(BAR, NoteOn(120, 0, 64, 20))
    session.waits(1.0)
    assert session.tags(OutNote) == [pytest.approx(asked_at + 0.5)]


def test_bars_are_told_with_their_chords() -> None:
    session = asked()
    session.says(BarStart(96, COMMON, 1), NoteOn(96, 0, 64, 20), BarStart(192, COMMON), end="done")
    session.waits(beats=12)
    assert session.sent(OutBar) == [OutBar(0, "C min"), OutBar(1, "")]


def test_an_answer_ends_with_its_last_bar_and_says_how_many_notes_it_had() -> None:
    session = asked()
    session.says(BAR, NoteOn(96, 0, 64, 20), NoteOff(120, 0, 64), NoteOn(130, 128, 36, 20), end="done")
    session.waits(beats=6.9)
    assert not session.sent(OutEnd)
    session.waits(beats=0.2)
    assert session.sent(OutEnd) == [OutEnd("1", 2, "done")]
    assert session.sent(State)[-2:] == [State("playing"), State("idle")]
    assert silent(session)


def test_a_struck_drum_gets_its_off_too() -> None:
    session = asked()
    session.says(BAR, NoteOn(96, 128, 36, 20))
    session.waits(beats=4)
    assert [(off.channel, off.beat) for off in session.sent(OutOff)] == [(10, 4.25)]


def test_an_end_of_a_note_that_the_answer_did_not_begin_is_not_sent() -> None:
    session = asked()
    session.says(BAR, NoteOff(96, 0, 60), NoteOn(96, 0, 64, 20))
    session.waits(beats=4)
    assert not session.sent(OutOff)


def test_what_the_engine_left_sounding_ends_with_the_last_bar() -> None:
    session = asked()
    session.says(BAR, NoteOn(96, 0, 64, 20), end="done")
    session.waits(beats=8)
    assert [off.beat for off in session.sent(OutOff)] == [8.0]
    assert silent(session)


def test_two_instruments_on_one_key_never_sound_at_once() -> None:
    session = asked()
    session.says(BAR, NoteOn(96, 0, 64, 20), NoteOn(108, 5, 64, 20), NoteOff(120, 0, 64), NoteOff(132, 5, 64))
    session.waits(beats=6)
    assert [(off.id, off.beat) for off in session.sent(OutOff)] == [(0, 4.5), (1, 5.5)]
    assert silent(session)


def test_the_velocity_control_scales_what_leaves_from_now_on() -> None:
    session = asked()
    session.receives(osc.SetControl("velocity", 0.5))
    session.says(BAR, NoteOn(96, 0, 64, 20))
    session.waits(beats=3.1)
    assert session.sent(OutNote)[0].velocity == 41


def test_the_sampling_controls_reach_the_engine_with_the_next_answer() -> None:
    session = Rehearsal()
    session.receives(osc.SetControl("temperature", 0.0), osc.SetControl("seed", 7))
    asked(session)
    assert session.told(Reset)[-1].seed == 7
    assert session.told(Ask)[-1].sampling.temperature == 0.0


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (osc.Stop(), "stopped"),
        (osc.Panic(), "stopped"),
        (osc.TransportStop(), "stopped"),
        (osc.TransportPosition(0.0), "stopped"),
        (osc.TransportStart(), "stopped"),
        (osc.LiveNote(1, 60, 80), "interrupted"),
        (osc.PhraseBegin(), "interrupted"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_whatever_stops_an_answer_silences_it(message: osc.Incoming, reason: str) -> None:
    session = playing()
    session.receives(message)
    assert silent(session)
    assert session.told(Stop) == [Stop("1")]
    assert session.sent(OutEnd) == [OutEnd("1", 1, reason)]
    late = session.says(NoteOn(150, 0, 72, 20))
    assert late == []


def test_the_end_of_the_bridge_silences_everything() -> None:
    session = playing()
    session.happens(Closing())
    assert silent(session)


def test_a_crash_of_the_engine_ends_the_answer_and_says_why() -> None:
    session = playing()
    session.happens(EngineGone("the engine ended by itself (exit code 1); it is started again"))
    assert silent(session)
    assert session.sent(OutEnd)[0].reason == "failed"
    assert session.sent(Error)[0].code == Code.ENGINE
    assert session.state.phase is Phase.IDLE


def test_an_answer_that_fails_ends_and_says_so() -> None:
    session = playing()
    session.says(end="failed")
    assert silent(session)
    assert session.sent(OutEnd)[0].reason == "failed"
    assert session.sent(Error)[0].code == Code.ENGINE


def test_panic_hushes_every_midi_channel_even_when_nothing_is_known_to_sound() -> None:
    session = Rehearsal()
    session.receives(osc.Panic())
    controls = {(m.channel, m.control) for _, m in session.midi_sent if isinstance(m, MidiControl)}
    assert controls == {(channel, control) for channel in range(1, 17) for control in (120, 123)}


def test_panic_forgets_the_phrase_and_what_was_to_come() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.LiveNote(1, 62, 80), at=session.now + 1)
    session.receives(osc.Panic())
    session.waits(5)
    assert session.state.phase is Phase.IDLE
    assert not session.told(Ask)


def test_stop_leaves_a_phrase_alone() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.Stop())
    assert session.state.phase is Phase.LISTENING


def test_a_note_that_already_left_and_has_not_sounded_is_ended_after_it_began() -> None:
    session = asked()
    session.says(BAR, NoteOn(96, 0, 64, 20))
    session.waits(beats=2.95)
    session.receives(osc.Stop())
    assert session.tags(OutOff) == session.tags(OutNote)
    assert session.midi_notes == []


def test_what_an_answer_of_long_ago_still_says_is_not_played() -> None:
    session = asked()
    late: list[Event] = [BAR, NoteOn(96, 0, 64, 20)]
    session.happens(*(Said("77", event) for event in late))
    session.waits(beats=8)
    assert not session.sent(OutNote)


def test_an_answer_keeps_its_parts_when_the_velocity_and_preset_change() -> None:
    session = asked()
    session.says(BAR, NoteOn(96, 0, 64, 20))
    assert session.state.answer is not None
    assert session.state.answer.parts == session.state.preset.parts


def gently() -> Rehearsal:
    """An answer at beat 5.5 of a preset whose answers, when interrupted, end on the next beat."""
    session = asked(Rehearsal(replace(BAND, answer=replace(BAND.answer, interrupt="beat", commit_beats=0.1))))
    session.says(BAR, NoteOn(96, 0, 64, 20), NoteOn(138, 0, 67, 20), NoteOn(150, 0, 71, 20))
    session.waits(beats=4.5)
    assert session.state.phase is Phase.PLAYING
    return session


def test_an_interrupted_answer_can_sound_on_to_the_next_beat_while_the_player_is_heard() -> None:
    session = gently()
    session.receives(osc.LiveNote(1, 50, 80))
    assert session.state.phase is Phase.LISTENING
    assert not silent(session)
    session.waits(beats=0.6)
    assert silent(session)
    assert [note.pitch for note in session.sent(OutNote)] == [64, 67]
    assert {off.beat for off in session.sent(OutOff)} == {6.0}
    (end,) = session.sent(OutEnd)
    assert (end.notes, end.reason) == (2, "interrupted")


def test_more_notes_of_the_player_do_not_end_it_any_sooner() -> None:
    session = gently()
    session.receives(osc.LiveNote(1, 50, 80), osc.LiveNote(1, 52, 80))
    assert not silent(session)


@pytest.mark.parametrize("message", [osc.Stop(), osc.Panic(), osc.TransportStop(), osc.PhraseEnd()])
def test_what_ends_it_at_once_does_so_at_once_even_then(message: osc.Incoming) -> None:
    session = gently()
    session.receives(osc.LiveNote(1, 50, 80), message)
    assert silent(session)
    assert session.sent(OutEnd)[0].reason == "interrupted"
