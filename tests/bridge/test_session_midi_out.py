"""What leaves by MIDI beside the notes, where the preset asks for it: programs, and the phase."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from jack_room import JackRecorder
from kit import running_bridge, wait_until
from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Loaded
from meloformer.bridge.midi import MidiControl, MidiOut, MidiProgram
from meloformer.bridge.session.events import EngineStarted, MidiBack, PresetRead
from meloformer.bridge.session.phases import POSITIONS, Phase
from meloformer.bridge.transports.midi import OUT_NAME
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.parts import DRUMS, Part
from meloformer.presets.preset import MidiOutput, Preset
from meloformer.presets.shape import PRESET
from playing import save_preset
from rehearsal import BAND, Rehearsal

SPLIT = (
    Part(1, 32, "bass", 0, 59),
    Part(1, 4, "chords", 60, 127),
    Part(3, 40, "any"),
    Part(10, DRUMS, "drums"),
)
PROGRAMS = replace(BAND, name="other", parts=SPLIT, midi_out=MidiOutput(programs=True))
SENT = [MidiProgram(1, 32), MidiProgram(3, 40)]
SHOWN = replace(BAND, midi_out=MidiOutput(state_cc=119))


def sent(session: Rehearsal) -> list[MidiOut]:
    return [message for _, message in session.midi_sent]


def loaded(session: Rehearsal, preset: Preset) -> list[MidiOut]:
    """What leaves when a preset is asked for and its weights are ready."""
    before = len(session.midi_sent)
    session.happens(PresetRead(preset), Loaded(preset.name, 1.0))
    return sent(session)[before:]


def test_a_preset_that_asks_for_neither_sends_neither() -> None:
    session = Rehearsal(ready=False)
    session.happens(EngineStarted(), Loaded("band", 1.0))
    session.receives(osc.PhraseBegin())
    assert sent(session) == []


def test_each_part_s_program_leaves_on_its_channel_at_the_start() -> None:
    session = Rehearsal(PROGRAMS, ready=False)
    assert sent(session) == []
    session.happens(EngineStarted(), Loaded("other", 1.0))
    assert sent(session) == SENT


def test_they_leave_when_the_preset_comes_into_use_and_when_it_is_loaded_again() -> None:
    session = Rehearsal()
    assert loaded(session, PROGRAMS) == SENT
    assert loaded(session, PROGRAMS) == SENT
    assert loaded(session, BAND) == []


def test_they_leave_again_when_the_ports_are_back() -> None:
    session = Rehearsal(PROGRAMS)
    session.happens(MidiBack("in 'a', out 'b' (jack)"))
    assert sent(session) == SENT


def test_programs_that_a_loop_brings_back_are_not_taken_for_the_player_s() -> None:
    session = Rehearsal()
    loaded(session, PROGRAMS)
    session.midi(*SENT)
    assert session.state.programs == {}


def test_every_phase_of_the_conversation_is_shown_by_its_controller() -> None:
    session = Rehearsal(SHOWN)
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), NoteOn(96, 0, 64, 20))
    session.waits(beats=3.01)
    session.receives(osc.Stop())
    shown = [message for message in sent(session) if isinstance(message, MidiControl)]
    assert shown == [MidiControl(1, 119, value) for value in (32, 64, 96, 0)]


def test_a_preset_that_comes_into_use_shows_the_phase_at_once() -> None:
    session = Rehearsal()
    session.receives(osc.PhraseBegin())
    assert loaded(session, replace(SHOWN, name="shown")) == [MidiControl(1, 119, POSITIONS[Phase.LISTENING])]


def test_the_text_of_the_field_tells_every_position() -> None:
    field = PRESET.schema()["properties"]["midi_out"]["properties"]["state_cc"]
    told = ", ".join(f"{POSITIONS[phase]} {phase.value}" for phase in Phase)
    assert told in field["description"]


@pytest.mark.needs("jackd")
def test_a_synth_is_told_the_programs_and_the_state(jack: str, presets: Path, tmp_path: Path) -> None:
    """Really: a JACK client hears them when the preset is loaded again, and when a phrase begins."""
    save_preset(tmp_path)
    shutil.copy(presets / "band.safetensors", tmp_path)
    with (tmp_path / "band.yaml").open("a") as file:
        file.write("parts: [{channel: 2, program: 33}]\nmidi_out: {programs: true, state_cc: 119}\n")
    with running_bridge("--presets", str(tmp_path), midi="jack") as bridge, JackRecorder(OUT_NAME) as synth:
        bridge.send("/melo/preset/load", "band")
        wait_until(lambda: len(synth.heard) == 2, "the program and the state")
        bridge.send("/melo/phrase/begin")
        wait_until(lambda: len(synth.heard) == 3, "the new state")
    assert [message for _, message in synth.heard] == [[0xC1, 33], [0xB0, 119, 0], [0xB0, 119, 32]]
