"""Free playing: without a clock and without a click, the beat is the player's."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Heard, Loaded, Reset, Weigh, Weighed
from meloformer.bridge.errors import Code
from meloformer.bridge.midi import MidiControl, MidiStart, MidiTick
from meloformer.bridge.outgoing import Error, OutEnd, OutNote, OutOff, TransportEstimate
from meloformer.bridge.readings import READINGS, Reading
from meloformer.bridge.session.events import EngineGone, EngineStarted
from meloformer.bridge.session.phases import Phase
from meloformer.model.events import BarStart, NoteOff, NoteOn, TempoSet
from meloformer.model.score import Meter, tempo_step
from meloformer.presets.preset import PhraseEnd, Preset
from rehearsal import BAND, Rehearsal, band

COMMON = Meter(4, 4)
JITTER_S = 0.012


def free(end: PhraseEnd = "silence", bars: int = 2) -> Preset:
    """The test's preset, in free playing."""
    preset = band(end=end, bars=bars)
    return replace(preset, listen=replace(preset.listen, tempo="free"))


def struck(bpm: float, bars: int = 2, seed: int = 1) -> list[tuple[float, int, int]]:
    """A groove as a human plays it: seconds, channel and pitch of each note."""
    chance, found = random.Random(seed), []
    for eighth in range(8 * bars):
        at = max(0.0, eighth * 30 / bpm + (chance.gauss(0.0, JITTER_S) if eighth else 0.0))
        found.append((at, 10, 42))
        if eighth % 2 == 0:
            found.append((at, 10, 36 if eighth % 4 == 0 else 38))
        if eighth % 8 == 0:
            found.append((at, 1, 40 + 5 * (eighth % 16 // 8)))
    return found


def play(session: Rehearsal, notes: list[tuple[float, int, int]], held_s: float = 0.2) -> float:
    """Play them, each so long, and say when the first one was struck."""
    began = session.now
    moves = [(at, 90, channel, pitch) for at, channel, pitch in notes]
    moves += [(at + held_s, 0, channel, pitch) for at, channel, pitch in notes]
    for at, velocity, channel, pitch in sorted(moves):
        session.waits(max(0.0, began + at - session.now))
        session.receives(osc.LiveNote(channel, pitch, velocity))
    return began


def weighing(session: Rehearsal, likeliest: Reading) -> None:
    """Play a groove in four to an engine that finds another reading of it likelier, each time it is asked."""
    began, asked = session.now, 0
    for at, channel, pitch in struck(93.0, bars=3):
        session.waits(max(0.0, began + at - session.now))
        session.receives(osc.LiveNote(channel, pitch, 90), osc.LiveNote(channel, pitch, 0))
        for weigh in session.told(Weigh)[asked:]:
            nats = tuple(100.0 * (reading != likeliest) for reading in READINGS)
            session.happens(Weighed(weigh.request, nats))
        asked = len(session.told(Weigh))


def answered(session: Rehearsal) -> None:
    """Silence ends the phrase, and the engine says an answer of one bar."""
    for _ in range(100):
        if session.told(Ask):
            break
        session.waits(0.05)
    tick = max(event.tick for event in session.heard if isinstance(event, BarStart)) + 96
    session.says(BarStart(tick, COMMON), NoteOn(tick, 0, 60, 20), NoteOff(tick + 24, 0, 60), end="done")


@pytest.mark.parametrize("bpm", [76.0, 93.0, 141.0])
def test_a_phrase_is_answered_at_its_own_tempo_on_its_own_bar_line(bpm: float) -> None:
    session = Rehearsal(free())
    began = play(session, struck(bpm))
    answered(session)
    session.waits(6.0)
    assert session.tags(OutNote)
    first = session.tags(OutNote)[0]
    assert first is not None
    bars = (first - began) * bpm / 240
    assert session.sent(TransportEstimate)[-1].bpm == pytest.approx(bpm, rel=0.02)
    assert session.sent(TransportEstimate)[-1].beats_per_bar == 4
    assert bars == pytest.approx(3, abs=0.04)
    length = session.tags(OutOff)[0]
    assert length is not None and length - first == pytest.approx(60 / bpm, rel=0.02)


def test_the_engine_hears_the_phrase_on_its_own_grid() -> None:
    session = Rehearsal(free())
    play(session, struck(93.0))
    assert not session.heard
    answered(session)
    onsets = [event for event in session.heard if isinstance(event, NoteOn)]
    assert [event.tick for event in onsets if event.pitch == 36] == [0, 48, 96, 144]
    assert [event.tick for event in onsets if event.pitch == 38] == [24, 72, 120, 168]
    assert all(abs(event.tick / 12 - round(event.tick / 12)) * 12 <= 1 for event in onsets)
    assert len(onsets) == len(struck(93.0))
    assert session.heard[:2] == [BarStart(0, COMMON), TempoSet(0, tempo_step(93.0))]
    assert len(session.told(Reset)) == 1


def test_the_engine_says_how_the_beats_are_counted() -> None:
    session = Rehearsal(free())
    weighing(session, Reading(3, 0))
    assert session.sent(TransportEstimate)[-1].beats_per_bar == 3
    answered(session)
    assert session.state.clock.meter == Meter(3, 4)
    assert session.state.clock.bpm == pytest.approx(93, rel=0.03)


def test_the_engine_says_where_a_bar_begins() -> None:
    session = Rehearsal(free())
    weighing(session, Reading(4, 1))
    answered(session)
    kicks = [event.tick % 96 for event in session.heard if isinstance(event, NoteOn) and event.pitch == 36]
    assert set(kicks) == {24, 72}


def test_a_meter_that_is_set_is_not_counted_otherwise() -> None:
    session = Rehearsal(free())
    session.receives(osc.TransportMeter(4, 4))
    weighing(session, Reading(3, 0))
    answered(session)
    assert session.state.clock.meter == Meter(4, 4)


def test_the_engine_is_not_asked_again_before_it_has_said_nor_when_the_phrase_is_over() -> None:
    session = Rehearsal(free(end="bars", bars=2))
    play(session, struck(93.0))
    answered(session)
    assert len(session.told(Weigh)) == 1
    kinds = [type(message) for message in session.told(object)]
    assert kinds.index(Weigh) < kinds.index(Heard)


def test_an_engine_that_had_something_else_to_do_is_asked_again() -> None:
    session = Rehearsal(free())
    play(session, struck(93.0, bars=1))
    (first,) = session.told(Weigh)
    session.happens(Weighed(first.request, ()), Weighed("another", (0.0,) * len(READINGS)))
    play(session, struck(93.0, bars=1))
    assert len(session.told(Weigh)) == 2


def test_what_is_weighed_is_the_phrase_on_an_even_grid_in_every_meter() -> None:
    session = Rehearsal(free())
    play(session, struck(93.0))
    tellings = session.told(Weigh)[-1].tellings
    assert [telling[0] for telling in tellings] == [BarStart(0, Meter(beats, 4)) for beats, _ in READINGS]
    for telling in tellings:
        assert all(event.tick % 12 == 0 for event in telling if isinstance(event, NoteOn))


def test_notes_keep_their_length_their_velocity_and_their_pedal() -> None:
    session = Rehearsal(free())
    began = session.now
    session.midi(MidiControl(1, 64, 127))
    for beat in range(8):
        session.waits(max(0.0, began + beat * 60 / 93 - session.now))
        session.receives(osc.LiveNote(1, 48 if beat % 4 == 0 else 60, 5 + 17 * beat))
        session.waits(0.1)
        session.receives(osc.LiveNote(1, 48 if beat % 4 == 0 else 60, 0))
        if beat == 3:
            session.waits(0.2)
            session.midi(MidiControl(1, 64, 0))
    answered(session)
    onsets = [event for event in session.heard if isinstance(event, NoteOn)]
    ends = [event.tick for event in session.heard if isinstance(event, NoteOff)]
    loud = [event.velocity for event in onsets]
    assert [event.tick for event in onsets] == [24 * beat for beat in range(8)]
    assert loud == sorted(loud) and len(set(loud)) == 8
    pedal_up = 84  # to the nearest sixteenth
    assert ends.count(pedal_up) == 2  # the low note and the last of the others, which were struck again
    assert all(end % 24 in (3, 4, 6) for end in ends if end > 96)


def test_the_estimate_is_shown_as_it_settles() -> None:
    session = Rehearsal(free())
    play(session, struck(93.0, bars=3))
    shown = session.sent(TransportEstimate)
    assert shown
    assert shown[-1].bpm == pytest.approx(93, rel=0.03)
    assert all(0 <= each.confidence <= 1 for each in shown)


def test_the_silence_that_ends_a_phrase_is_of_its_own_beats() -> None:
    session = Rehearsal(free())
    began = play(session, struck(80.0), held_s=0.1)
    last_end = began + 15 * 60 / 160 + 0.1
    session.waits(last_end + 1.3 - session.now)  # at 120 the two beats were over after a second
    assert session.state.phase is Phase.LISTENING
    session.waits(0.4)
    assert session.told(Ask)


def test_a_phrase_of_some_bars_ends_with_its_own_bars() -> None:
    session = Rehearsal(free(end="bars", bars=2))
    began = play(session, struck(93.0, bars=2))
    session.waits(began + 8 * 60 / 93 + 0.02 - session.now)
    assert session.told(Ask)
    assert [event.tick for event in session.heard if isinstance(event, BarStart)] == [0, 96]


def test_a_client_can_end_a_free_phrase() -> None:
    session = Rehearsal(free(end="signal"))
    session.receives(osc.PhraseBegin())
    play(session, struck(93.0))
    session.receives(osc.PhraseEnd())
    assert session.told(Ask)
    assert session.state.clock.bpm == pytest.approx(93, rel=0.03)


def test_a_tempo_that_is_set_overrules_the_estimate() -> None:
    session = Rehearsal(free())
    session.receives(osc.TransportTempo(186.0))
    began = play(session, struck(93.0))
    answered(session)
    session.waits(6.0)
    assert session.state.clock.bpm == 186.0
    first = session.tags(OutNote)[0]
    assert first is not None
    beats = (first - began) * 186 / 60
    assert beats == pytest.approx(round(beats), abs=0.15)
    assert session.sent(TransportEstimate)[-1].bpm == 186.0


def test_a_meter_that_is_set_overrules_the_estimate() -> None:
    session = Rehearsal(free())
    session.receives(osc.TransportMeter(3, 4))
    play(session, struck(93.0, bars=3))
    answered(session)
    assert session.state.clock.meter == Meter(3, 4)


def test_switched_on_again_the_estimate_is_free_of_what_was_set() -> None:
    session = Rehearsal(free())
    session.receives(osc.TransportTempo(186.0), osc.TransportFree(1))
    play(session, struck(93.0))
    answered(session)
    assert session.state.clock.bpm == pytest.approx(93, rel=0.03)


def test_a_client_switches_it_on_and_off() -> None:
    session = Rehearsal()
    session.receives(osc.TransportFree(1))
    play(session, struck(93.0))
    assert not session.heard
    session.receives(osc.Panic(), osc.TransportFree(0))
    session.receives(osc.LiveNote(1, 60, 80))
    assert session.told(Heard)


def test_a_running_transport_is_played_to() -> None:
    session = Rehearsal(free())
    session.receives(osc.TransportStart())
    session.waits(beats=1.0)
    session.receives(osc.LiveNote(1, 60, 80))
    assert session.heard[-1] == NoteOn(24, 0, 60, 20)
    assert not session.sent(TransportEstimate)


def test_a_midi_clock_wins() -> None:
    session = Rehearsal(free())
    session.midi(MidiStart())
    for tick in range(96):
        session.midi(MidiTick())
        if tick == 48:
            session.receives(osc.LiveNote(1, 60, 80))
        session.waits(60 / 24 / 90)
    assert session.heard[-1] == NoteOn(48, 0, 60, 20)
    assert session.state.clock.bpm == pytest.approx(90, rel=0.01)
    assert not session.sent(TransportEstimate)


def test_a_clock_that_is_started_in_mid_phrase_gives_the_phrase_up_as_any_other() -> None:
    session = Rehearsal(free())
    play(session, struck(93.0, bars=1))
    session.receives(osc.TransportStart())
    assert session.state.listening is None
    assert session.state.phase is Phase.IDLE


def test_a_transport_that_goes_on_in_mid_phrase_is_the_beat_of_the_phrase() -> None:
    session = Rehearsal(free())
    play(session, struck(93.0, bars=1))
    session.receives(osc.TransportContinue())
    session.waits(3.0)
    assert session.told(Ask)
    assert session.state.clock.bpm == 120.0
    assert session.state.clock.running and not session.state.clock.lent


def test_a_few_notes_are_heard_at_the_transports_tempo() -> None:
    session = Rehearsal(free())
    session.plays(60, 62)
    session.waits(2.0)
    assert session.told(Ask)
    assert session.state.clock.bpm == 120.0
    assert [event.tick for event in session.heard if isinstance(event, NoteOn)] == [0, 24]
    assert not session.sent(TransportEstimate)


def test_each_phrase_has_its_own_tempo() -> None:
    session = Rehearsal(free())
    for bpm in (93.0, 120.0):
        play(session, struck(bpm))
        session.waits(3.0)
        assert session.state.clock.bpm == pytest.approx(bpm, rel=0.03)
        session.receives(osc.Stop())


def test_a_phrase_interrupts_an_answer_and_is_heard_at_its_own_tempo() -> None:
    session = Rehearsal(free())
    play(session, struck(93.0))
    answered(session)
    session.waits(2.5)
    play(session, struck(125.0))
    assert session.sent(OutEnd)
    session.waits(3.0)
    assert session.state.clock.bpm == pytest.approx(125, rel=0.03)


def test_an_engine_that_is_gone_leaves_the_phrase_to_the_next_one() -> None:
    session = Rehearsal(free())
    play(session, struck(93.0, bars=2))
    session.happens(EngineGone("it crashed"), EngineStarted(), Loaded("band", 80.0))
    session.waits(beats=6)
    assert session.told(Ask)
    assert sum(isinstance(event, NoteOn) for event in session.heard) > 8


def test_a_free_phrase_and_a_score_exclude_each_other() -> None:
    session = Rehearsal(free())
    session.receives(osc.PhraseBegin(), osc.LiveNote(1, 60, 80), osc.PhraseNote(0.0, 1.0, 1, 60, 80))
    assert session.sent(Error)[-1].code == Code.NOT_NOW


def test_without_it_every_phrase_is_heard_as_before() -> None:
    session = Rehearsal(BAND)
    play(session, struck(93.0))
    session.waits(3.0)
    assert session.state.clock.bpm == 120.0
    assert not session.sent(TransportEstimate)
    assert session.heard[:3] == [BarStart(0, COMMON), TempoSet(0, 70), NoteOn(0, 0, 40, 22)]
