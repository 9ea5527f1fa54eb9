"""A knob learns what it turns by being moved, and a knob that can is told where it stands."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import pytest

from jack_room import JackPlayer
from kit import PATIENCE_S, running_bridge, wait_until
from meloformer.bridge import incoming as osc
from meloformer.bridge import running
from meloformer.bridge.border import read
from meloformer.bridge.engine.messages import Loaded
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.library import Library, Saved
from meloformer.bridge.midi import MidiControl, MidiProgram
from meloformer.bridge.outgoing import Error, Learned
from meloformer.bridge.session.actions import KeepMapping, ReadPreset
from meloformer.bridge.session.events import EngineStarted, MappingLost, PresetRead
from meloformer.bridge.transports.midi import IN_NAME
from meloformer.presets import SHIPPED
from meloformer.presets.editing import mapped
from meloformer.presets.preset import MidiMapping
from playing import save_preset
from rehearsal import BAND, Rehearsal


def kept(session: Rehearsal) -> list[KeepMapping]:
    return [action for _, action in session.done if isinstance(action, KeepMapping)]


def test_the_next_controller_that_moves_turns_the_control_at_once_and_from_then_on() -> None:
    session = Rehearsal()
    session.receives(osc.Learn("density"))
    session.midi(MidiControl(1, 70, 0))
    assert session.sent(Learned) == [Learned("density", 70)]
    assert session.state.controls["density"] == 0.25
    session.midi(MidiControl(1, 70, 127), MidiControl(1, 71, 0))
    assert session.state.controls["density"] == 32.0
    assert kept(session) == [KeepMapping("band", MidiMapping(cc=70, control="density"))]


def test_a_controller_that_did_something_else_does_that_no_more() -> None:
    session = Rehearsal()
    before = session.state.controls["temperature"]
    session.receives(osc.Learn("density"))
    session.midi(MidiControl(1, 20, 64))
    assert session.state.controls["temperature"] == before
    assert [each.control for each in session.state.preset.midi_map if each.cc == 20] == ["density"]


def test_notes_pedals_and_channel_modes_are_no_knobs() -> None:
    session = Rehearsal()
    session.receives(osc.Learn("bars"))
    session.plays(60)
    session.midi(
        MidiControl(1, 64, 127), MidiControl(1, 64, 0), MidiControl(1, 123, 0), MidiControl(1, 121, 0)
    )
    assert session.state.learning == "bars" and not kept(session)


def test_a_knob_that_turns_it_already_keeps_its_ends() -> None:
    mapping = MidiMapping(cc=20, control="temperature", low=0.6, high=1.4)
    session = Rehearsal(replace(BAND, midi_map=(mapping,)))
    session.receives(osc.Learn("temperature"))
    session.midi(MidiControl(1, 20, 127))
    assert session.state.preset.midi_map == (mapping,)
    assert session.state.controls["temperature"] == 1.4


@pytest.mark.parametrize("name", ["scale", "pitch_range", "nothing"])
def test_what_no_knob_can_turn_cannot_be_learnt(name: str) -> None:
    with pytest.raises(Refused, match="control must be one of temperature, top_p") as caught:
        read("/melo/learn", (name,))
    assert caught.value.code is Code.NOT_FOUND


def test_an_engine_that_comes_back_meanwhile_does_not_undo_it() -> None:
    session = Rehearsal()
    session.happens(EngineStarted())
    session.receives(osc.Learn("density"), osc.SetControl("bars", 7))
    session.midi(MidiControl(1, 70, 127))
    session.happens(Loaded("band", 1.0))
    assert session.state.preset.midi_map[-1].control == "density"
    assert session.state.controls["bars"] == 7


def test_a_file_that_cannot_be_written_is_an_error_and_the_knob_works() -> None:
    session = Rehearsal()
    session.happens(MappingLost("band.yaml cannot be written (Permission denied); write it by hand"))
    (error,) = session.sent(Error)
    assert (error.code, error.address) == (Code.NOT_KEPT, "/melo/learn")


def test_a_knob_is_told_of_changes_only_where_the_preset_asks_for_it() -> None:
    for feedback, told in (("none", []), ("changes", [MidiControl(1, 20, 64)])):
        session = Rehearsal(replace(BAND, feedback=feedback))
        session.receives(osc.SetControl("temperature", 1.0))
        assert [message for _, message in session.midi_sent] == told


def test_a_knob_is_not_told_what_it_did_itself() -> None:
    session = Rehearsal(replace(BAND, feedback="changes"))
    session.midi(MidiControl(1, 20, 64))
    assert session.midi_sent == []


def test_a_preset_that_comes_into_use_tells_every_knob() -> None:
    session = Rehearsal()
    other = replace(BAND, name="other", feedback="changes")
    session.happens(PresetRead(other), Loaded("other", 1.0))
    told = {
        message.control: message.value for _, message in session.midi_sent if isinstance(message, MidiControl)
    }
    assert told.keys() == {mapping.cc for mapping in other.midi_map}
    assert told[20] == 64


def test_a_knob_of_one_channel_turns_that_channel_s() -> None:
    mapping = MidiMapping(cc=30, control="silence", channel=10)
    session = Rehearsal(replace(BAND, midi_map=(mapping,), feedback="changes"))
    session.midi(MidiControl(1, 30, 127))
    assert session.state.channel_controls == {("silence", 10): 1.0}
    session.receives(osc.SetControl("silence", 0, 10))
    assert session.midi_sent[-1][1] == MidiControl(10, 30, 0)


def test_program_changes_and_buttons_load_the_presets_that_the_preset_names() -> None:
    rows = (MidiMapping(program=3, preset="evening"), MidiMapping(cc=40, preset="morning"))
    session = Rehearsal(replace(BAND, midi_map=rows))
    assert session.midi(MidiProgram(1, 3)) == [ReadPreset("evening")]
    assert session.midi(MidiControl(1, 40, 127), MidiControl(1, 40, 0)) == [ReadPreset("morning")]


@pytest.mark.needs("jackd")
def test_a_knob_that_was_learnt_is_in_the_file_and_the_bridge_plays_on(jack: str, tmp_path: Path) -> None:
    """Really: a JACK client moves it, the file is written, the watcher sees it and disturbs nothing."""
    save_preset(tmp_path)
    file = tmp_path / "band.yaml"
    shutil.copy(SHIPPED / "band.safetensors", tmp_path)
    with running_bridge("--presets", str(tmp_path), midi="jack") as bridge, JackPlayer(IN_NAME) as player:
        bridge.send("/melo/learn", "density")
        bridge.ask("/melo/ping", "/melo/pong")
        player.send(0xB0, 70, 127)
        bridge.client.wait_for("/melo/learned")
        wait_until(lambda: "{cc: 70, control: density}" in file.read_text(), "the file")
        loaded = len(bridge.client.all("/melo/preset/loaded"))
        file.write_text(file.read_text() + "surprise: true\n")  # seen after what was written before it
        bridge.client.wait_for("/melo/preset/failed")
        assert len(bridge.client.all("/melo/preset/loaded")) == loaded
        assert not bridge.client.all("/melo/error")


def test_a_saved_file_is_told_with_what_was_kept_in_it(presets: Path, tmp_path: Path) -> None:
    for file in presets.iterdir():
        shutil.copy(file, tmp_path)
    told: SimpleQueue[object] = SimpleQueue()
    library = Library(tmp_path, None, told.put)
    running.start(library.serve, "presets")
    before, mapping = library.get("band"), MidiMapping(cc=70, control="density")
    after = replace(before, midi_map=mapped(before.midi_map, mapping))
    library.keep("band", mapping)
    library.saved(tmp_path / "band.yaml", before)
    assert told.get(timeout=PATIENCE_S) == Saved(after)
    library.keep("nobody", mapping)
    assert isinstance(told.get(timeout=PATIENCE_S), MappingLost)
