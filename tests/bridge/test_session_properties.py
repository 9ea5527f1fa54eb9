"""Whatever happens in whatever order: nothing hangs, nothing runs backwards, nothing impossible is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ended, Loaded, LoadFailed, Said
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.midi import MidiIn, MidiTick
from meloformer.bridge.session.actions import Action, Send, Tell
from meloformer.bridge.session.events import (
    Closing,
    EngineGone,
    EngineStarted,
    Linked,
    PresetRead,
    PresetRefused,
    Rejected,
)
from meloformer.bridge.session.phases import Phase
from meloformer.bridge.session.state import Engine
from meloformer.bridge.tempo import Tempo, quarters
from meloformer.model.events import NoteOn
from rehearsal import Rehearsal, sounding
from repertoire import MESSAGES, MIDI, PRESETS
from strict import StrictClient, StrictEngine

CHANNELS = some.sampled_from([1, 2, 10])
PITCHES = some.integers(60, 63)


class Conversation(RuleBasedStateMachine):
    """A player, clients, an engine and the clock, all at once."""

    @initialize(
        preset=some.sampled_from(sorted(PRESETS)),
        ready=some.sampled_from([True, True, True, False]),
        late_s=some.sampled_from([0.0, 0.0, 0.002]),
    )
    def begins(self, preset: str, ready: bool, late_s: float) -> None:
        self.session = Rehearsal(PRESETS[preset], ready, has_link=True)
        self.session.late_s = late_s
        self.engine, self.client = StrictEngine(), StrictClient()
        self.band = self.engine.band
        self.seen = 0

    # What may happen

    @rule(channel=CHANNELS, pitch=PITCHES, velocity=some.integers(0, 127), lag=some.floats(0, 0.02))
    def a_note_is_played(self, channel: int, pitch: int, velocity: int, lag: float) -> None:
        self.session.receives(osc.LiveNote(channel, pitch, velocity), at=self.session.now - lag)

    @rule(message=some.sampled_from(MIDI))
    def midi_comes(self, message: MidiIn) -> None:
        self.session.midi(message)

    @rule(number=some.integers(1, 60), bpm=some.floats(20, 400))
    def a_midi_clock_ticks(self, number: int, bpm: float) -> None:
        for _ in range(number):
            self.session.midi(MidiTick())
            self.session.waits(60 / 24 / bpm)

    @rule(
        bpm=some.floats(20, 400),
        beat=some.floats(-100, 100),
        quantum=some.sampled_from([4.0, 4.0, 4.0, 3.0]),
        pressed=some.sampled_from([None, None, True, False]),
    )
    def a_link_session_says_where_it_is(
        self, bpm: float, beat: float, quantum: float, pressed: bool | None
    ) -> None:
        self.session.happens(Linked(Tempo(bpm, beat, self.session.now), quantum, 1, pressed))

    @rule(message=some.sampled_from(MESSAGES), ahead=some.sampled_from([0.0, 0.0, 0.0, 0.3, 100.0]))
    def a_client_says(self, message: osc.Incoming, ahead: float) -> None:
        self.session.receives(message, at=self.session.now + ahead)

    @rule(bars=some.integers(0, 3))
    def a_client_wants_more(self, bars: int) -> None:
        self.session.receives(osc.Continue(bars))

    @rule(bpm=some.floats(20, 400))
    def the_tempo_changes(self, bpm: float) -> None:
        before = self.session.state.clock.beat_at(self.session.now)
        self.session.receives(osc.TransportTempo(bpm))
        assert self.session.state.clock.beat_at(self.session.now) == pytest.approx(before, abs=1e-9)

    @rule(bars=some.integers(-2, 2))
    def the_daw_loops(self, bars: int) -> None:
        clock = self.session.state.clock
        beat = clock.beat_at(self.session.now) + bars * quarters(clock.meter)
        self.session.receives(osc.TransportPosition(max(0.0, beat)))

    @rule(onset=some.floats(0, 9), duration=some.floats(0, 9), channel=CHANNELS, pitch=PITCHES)
    def a_score_note_comes(self, onset: float, duration: float, channel: int, pitch: int) -> None:
        self.session.receives(osc.PhraseNote(onset, duration, channel, pitch, 80))

    @rule()
    def a_whole_score_comes(self) -> None:
        notes = [osc.PhraseNote(beat, 1.0, 1, 60 + beat, 80) for beat in range(3)]
        self.session.receives(osc.PhraseBegin(), *notes, osc.PhraseEnd())

    @rule(gap=some.integers(6, 60), pitch=PITCHES, drum=some.booleans())
    def a_whole_score_is_answered(self, gap: int, pitch: int, drum: bool) -> None:
        self.a_whole_score_comes()
        self.keep_up()
        self.the_engine_says_all(gap, pitch, drum)

    @precondition(lambda self: self.session.state.answer is not None)
    @rule(value=some.floats(0, 2), seconds=some.floats(0, 3))
    def a_knob_is_turned_in_mid_answer(self, value: float, seconds: float) -> None:
        self.session.receives(osc.SetControl("temperature", value))
        self.session.waits(seconds)

    @rule(seconds=some.floats(0.001, 3))
    def time_passes(self, seconds: float) -> None:
        self.session.waits(seconds)

    @precondition(lambda self: self.band.asked is not None)
    @rule(gap=some.integers(0, 20), pitch=PITCHES, drum=some.booleans(), number=some.integers(1, 9))
    def the_engine_says_more(self, gap: int, pitch: int, drum: bool, number: int) -> None:
        for step in range(number):
            self.the_engine_says_one(gap, 60 + (pitch + step) % 4, drum)

    @precondition(lambda self: self.band.asked is not None)
    @rule(gap=some.integers(6, 60), pitch=PITCHES, drum=some.booleans())
    def the_engine_says_all(self, gap: int, pitch: int, drum: bool) -> None:
        request = self.band.asked
        while request is not None and self.band.asked is request:
            self.the_engine_says_one(gap, pitch, drum)

    @precondition(lambda self: self.session.state.loading is not None)
    @rule(works=some.sampled_from([True, True, False]))
    def the_engine_has_loaded(self, works: bool) -> None:
        loading = self.session.state.loading
        assert loading is not None
        answer = Loaded(loading.name, 10.0) if works else LoadFailed(loading.name, "another vocabulary")
        self.session.happens(answer)

    @precondition(lambda self: self.session.state.engine is Engine.STARTING)
    @rule()
    def the_engine_starts(self) -> None:
        self.session.happens(EngineStarted())

    @rule(preset=some.sampled_from(sorted(PRESETS)))
    def a_preset_is_saved(self, preset: str) -> None:
        self.session.happens(PresetRead(PRESETS[preset]))

    @rule(what=some.sampled_from(["engine", "answer", "preset", "packet", "long ago"]))
    def something_goes_wrong(self, what: str) -> None:
        asked, state = self.band.asked, self.session.state
        if what == "engine" and state.engine is not Engine.STARTING:
            self.band.asked = None
            self.session.happens(EngineGone("the engine ended by itself; it is started again"))
        elif what == "answer" and asked is not None:
            self.band.asked = None
            self.session.happens(Ended(asked.request, 0, "failed"))
        elif what == "preset":
            self.session.happens(PresetRefused("broken", "broken.yaml:3: bars must be 1 to 64"))
            assert self.session.state.preset is state.preset
        elif what == "packet":
            self.session.happens(Rejected(Refused(Code.NOT_OSC, "/", "not OSC; send OSC 1.0")))
        else:
            self.session.happens(Said("0", NoteOn(0, 0, 60, 20)), Ended("0", 1, "stopped"))

    def the_engine_says_one(self, gap: int, pitch: int, drum: bool) -> None:
        asked = self.band.asked
        if asked is None:
            return
        event = self.band.goes_on(gap, pitch, drum)
        if event is not None:
            self.session.happens(Said(asked.request, event))
            return
        self.session.happens(*(Said(asked.request, off) for off in self.band.lets_go()))
        self.band.asked = None
        self.session.happens(Ended(asked.request, 0, "done"))
        self.keep_up()  # it may be asked for more at once

    # What always holds

    @invariant()
    def every_note_has_at_most_one_end_and_in_idle_nothing_sounds(self) -> None:
        ids, keys = sounding([action for _, action in self.session.done])
        state = self.session.state
        assert ids == {note.id for note in state.osc}
        assert keys == {(note.channel, note.pitch) for note in state.midi}
        if state.phase in (Phase.IDLE, Phase.LISTENING) and state.ending is None:
            assert not ids
            assert not keys
            assert not state.cues
            assert not state.departures

    @invariant()
    def the_phase_tells_what_there_is(self) -> None:
        state = self.session.state
        assert (state.phase is Phase.LISTENING) == (state.listening is not None)
        busy = state.phase in (Phase.GENERATING, Phase.PLAYING)
        assert busy == (state.answer is not None or state.is_making)
        assert state.answer is None or not state.is_making
        assert state.along is None or state.listening is None
        assert not state.clock.lent or state.phase is not Phase.IDLE

    @invariant()
    def what_is_told_and_sent_makes_sense(self) -> None:
        self.keep_up()

    def keep_up(self) -> None:
        """Follow the actions since last time, as an engine and a client would."""
        new, self.seen = self.session.done[self.seen :], len(self.session.done)
        for at, action in new:
            if isinstance(action, Tell):
                self.engine.takes(action.message, self.session.state.engine is Engine.READY)
            elif isinstance(action, Send):
                self.client.takes(at, action)

    def teardown(self) -> None:
        if not hasattr(self, "session"):
            return
        self.session.waits(30.0)
        self.session.happens(Closing())
        self.keep_up()
        everything: list[Action] = [action for _, action in self.session.done]
        assert sounding(everything) == (set(), set())
        assert self.client.open_request is None


Conversation.TestCase.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
TestAnyConversation = Conversation.TestCase


def test_time_never_goes_back_even_when_it_is_told_to() -> None:
    session = Rehearsal()
    session.receives(osc.TransportStart())
    session.waits(2.0)
    session.now -= 1.0
    session.receives(osc.Ping())
    assert session.state.clock.beat_at(session.state.now) == 4.0


def test_a_refused_message_changes_nothing() -> None:
    session = Rehearsal()
    session.plays(60, 62)
    for message in (osc.PhraseNote(0.0, 1.0, 1, 60, 80), osc.TransportMeter(32, 1), osc.AskHelp("/melo/x")):
        before = session.state
        actions = session.receives(message)
        assert [type(action) for action in actions] == [Send]
        assert replace(session.state, counts=before.counts) == before
        assert session.state.counts.refused == before.counts.refused + 1
