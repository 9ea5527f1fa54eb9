"""Presets and the engine: a swap leaves no gap and nothing stuck, and a broken preset changes nothing."""

from __future__ import annotations

from dataclasses import replace

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Load, Loaded, LoadFailed, Trouble
from meloformer.bridge.outgoing import Error, OutEnd, OutNote, PresetFailed, PresetLoaded, Presets
from meloformer.bridge.session.actions import ListPresets, ReadPreset, Send, Tell
from meloformer.bridge.session.events import (
    EngineGone,
    EngineStarted,
    PresetRead,
    PresetRefused,
    PresetsListed,
)
from meloformer.bridge.session.phases import Phase
from meloformer.bridge.session.state import Engine
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.parts import Part
from rehearsal import BAND, Rehearsal, band, sounding

SOLO = replace(band("solo", end="signal"), parts=(Part(5, 0, "any"),))
BAR = BarStart(96, Meter(4, 4))


def test_an_engine_that_starts_loads_the_preset_in_use() -> None:
    session = Rehearsal(ready=False)
    session.happens(EngineStarted())
    assert session.told(Load) == [Load("band", "band.safetensors", "cpu")]
    session.happens(Loaded("band", 1234.0))
    assert session.sent(PresetLoaded) == [PresetLoaded("band", 1234.0)]
    assert session.state.engine is Engine.READY


def test_a_preset_is_read_loaded_and_then_in_use() -> None:
    session = Rehearsal()
    assert session.receives(osc.LoadPreset("solo")) == [ReadPreset("solo")]
    session.happens(PresetRead(SOLO))
    assert session.state.preset == BAND
    session.happens(Loaded("solo", 80.0))
    assert session.state.preset == SOLO
    assert session.sent(PresetLoaded) == [PresetLoaded("solo", 80.0)]


def test_a_swap_leaves_what_sounds_and_what_is_to_sound_as_it_is() -> None:
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BAR, NoteOn(96, 0, 64, 20))
    session.waits(beats=3.5)
    swap = session.happens(PresetRead(SOLO), Loaded("solo", 80.0))
    assert swap == [Tell(session.told(Load)[-1]), Send(PresetLoaded("solo", 80.0))]
    session.says(NoteOff(144, 0, 64), NoteOn(144, 0, 67, 20), end="done")
    session.waits(beats=10)
    assert [note.channel for note in session.sent(OutNote)] == [1, 1]
    assert sounding([action for _, action in session.done]) == (set(), set())
    assert session.sent(OutEnd)[0].reason == "done"


def test_after_a_swap_the_next_phrase_is_the_new_presets() -> None:
    session = Rehearsal()
    session.happens(PresetRead(SOLO), Loaded("solo", 80.0))
    session.plays(60)
    session.waits(beats=20)
    assert not session.told(Ask)
    session.receives(osc.PhraseEnd())
    session.says(BAR, NoteOn(96, 0, 64, 20))
    session.waits(beats=4)
    assert session.sent(OutNote)[0].channel == 5


def test_a_phrase_keeps_the_way_of_listening_with_which_it_began() -> None:
    session = Rehearsal()
    session.plays(60)
    session.happens(PresetRead(SOLO), Loaded("solo", 80.0))
    session.waits(beats=2)
    assert session.told(Ask)


def test_a_new_preset_brings_its_own_controls_and_the_same_one_keeps_them() -> None:
    session = Rehearsal()
    session.receives(osc.SetControl("bars", 9))
    session.happens(EngineGone("it ended by itself"), EngineStarted(), Loaded("band", 80.0))
    assert session.state.controls["bars"] == 9
    session.happens(PresetRead(SOLO), Loaded("solo", 80.0))
    assert session.state.controls["bars"] == 4


def test_a_broken_preset_is_told_and_changes_nothing() -> None:
    session = Rehearsal()
    before = session.state
    session.happens(PresetRefused("solo", "solo.yaml:4: answer.bars must be 1 to 64"))
    assert session.sent(PresetFailed) == [PresetFailed("solo", "solo.yaml:4: answer.bars must be 1 to 64")]
    assert session.state == before


def test_weights_that_cannot_be_used_leave_the_old_preset_in_use() -> None:
    session = Rehearsal()
    session.happens(PresetRead(SOLO), LoadFailed("solo", "another vocabulary"))
    assert session.sent(PresetFailed) == [PresetFailed("solo", "another vocabulary")]
    assert session.state.preset == BAND
    session.plays(60)
    assert session.heard


def test_while_one_preset_loads_the_last_one_asked_for_waits() -> None:
    session = Rehearsal()
    session.happens(*(PresetRead(band(name)) for name in ("one", "two", "three")))
    assert [load.name for load in session.told(Load)] == ["one"]
    assert [failed.name for failed in session.sent(PresetFailed)] == ["two"]
    session.happens(Loaded("one", 1.0))
    assert [load.name for load in session.told(Load)] == ["one", "three"]


def test_without_any_model_notes_are_refused_until_a_preset_loads() -> None:
    session = Rehearsal(ready=False)
    session.happens(EngineStarted(), LoadFailed("band", "band.safetensors is not there"))
    session.receives(osc.LiveNote(1, 60, 80))
    assert "no model is loaded" in session.sent(Error)[0].reason
    session.happens(PresetRead(SOLO), Loaded("solo", 1.0))
    session.receives(osc.LiveNote(1, 60, 80))
    assert session.heard


def test_an_engine_that_is_gone_loads_the_preset_in_use_again() -> None:
    session = Rehearsal()
    session.happens(PresetRead(SOLO), EngineGone("it ended by itself"))
    assert session.sent(PresetFailed) == [PresetFailed("solo", "it ended by itself")]
    session.happens(EngineStarted())
    assert [load.name for load in session.told(Load)] == ["solo", "band"]


def test_trouble_in_the_engine_is_told() -> None:
    session = Rehearsal()
    session.happens(Trouble("out of memory; use a smaller preset"))
    assert session.sent(Error)[0].reason == "out of memory; use a smaller preset"


def test_the_presets_there_are_are_told() -> None:
    session = Rehearsal()
    assert session.receives(osc.AskPresets()) == [ListPresets()]
    session.happens(PresetsListed(("band", "solo")))
    assert session.sent(Presets) == [Presets(("band", "solo"))]


def test_a_phrase_played_while_the_first_model_loads_is_answered_when_it_is_there() -> None:
    session = Rehearsal(ready=False)
    session.happens(EngineStarted())
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.waits(5.0)
    assert not session.told(Ask)
    session.happens(Loaded("band", 5000.0))
    assert session.told(Ask)


def test_a_phrase_that_waits_for_a_model_that_cannot_be_loaded_has_an_end() -> None:
    session = Rehearsal(ready=False)
    session.happens(EngineStarted())
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.happens(LoadFailed("band", "another vocabulary"))
    assert session.sent(OutEnd) == [OutEnd("1", 0, "failed")]
    assert session.state.phase is Phase.IDLE
