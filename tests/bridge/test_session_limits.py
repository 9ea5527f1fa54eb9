"""Limits are set by channel, while the music plays, and the next answer keeps to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.bridge import incoming as osc
from meloformer.bridge.border import read
from meloformer.bridge.channels import way_out
from meloformer.bridge.engine.messages import Ask, Loaded
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.midi import MidiControl
from meloformer.bridge.outgoing import Error, OutNote, OutOff, Status
from meloformer.bridge.session.events import PresetRead
from meloformer.model.chords import chord_name
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.limits import Playing, Rules, playable
from meloformer.model.score import Meter
from meloformer.presets.parts import Part
from meloformer.presets.preset import MidiMapping
from rehearsal import BAND, Rehearsal

DUO = replace(BAND, parts=(Part(1, 0, "chords"), Part(2, 33, "bass", 24, 67), Part(10, 128, "drums")))


def asked(*settings: tuple[object, ...]) -> Ask:
    """What the engine is asked for after a phrase on channels 1, 2 and 10, under these settings."""
    rehearsal = played(*settings)
    return rehearsal.told(Ask)[-1]


def played(*settings: tuple[object, ...]) -> Rehearsal:
    rehearsal = Rehearsal(DUO)
    rehearsal.receives(*(read(f"/melo/control/{name}", values) for name, *values in settings))
    rehearsal.receives(osc.PhraseBegin())
    for channel, pitch in ((1, 60), (2, 40), (10, 38)):
        rehearsal.receives(osc.PhraseNote(0, 1, channel, pitch, 90))
    rehearsal.receives(osc.PhraseEnd())
    return rehearsal


def test_nothing_is_limited_until_somebody_says_so() -> None:
    ask = asked()
    assert (ask.instruments, ask.rules) == (None, Rules(closes=True))


def test_a_range_for_all_channels_leaves_drums_alone() -> None:
    rules = asked(("pitch_range", 48, 60)).rules
    assert rules.of(0).pitches == ((48, 60),)
    assert rules.of(128).pitches == ((0, 127),)


def test_a_range_for_one_channel_is_for_the_instrument_that_leaves_there() -> None:
    rules = asked(("pitch_range", 2, 30, 50)).rules
    assert rules.of(0) == Playing()
    assert rules.of(33).pitches[0][0] <= 30


@given(st.integers(0, 127), st.integers(0, 127), st.integers(0, 127))
def test_no_pitch_that_may_be_played_leaves_outside_its_range(one: int, other: int, pitch: int) -> None:
    low, high = min(one, other), max(one, other)
    rules = asked(("pitch_range", low, high)).rules
    pitches, gave_way = playable(rules, 33)
    _, out = way_out(DUO.parts, {}, 33, pitch)
    if gave_way is None:
        assert bool(pitches[pitch]) == (low <= out <= high)


def test_all_channels_once_more_overrules_each_of_them() -> None:
    rules = asked(("polyphony", 1, 2), ("polyphony", 4)).rules
    assert {rules.of(instrument).polyphony for instrument in (0, 33, 128)} == {4}


def test_the_top_of_polyphony_and_density_is_no_limit() -> None:
    rules = asked(("polyphony", 1, 32), ("density", 1, 32.0), ("polyphony", 2, 3)).rules
    assert (rules.of(0).polyphony, rules.of(0).density, rules.of(33).polyphony) == (None, None, 3)


def test_a_scale_chords_a_grid_and_programs_are_of_the_whole_answer() -> None:
    ask = asked(("scale", "A minor"), ("chords", "Am F"), ("grid", "eighth"), ("programs", "0, 33 drums"))
    assert ask.instruments == (0, 33, 128)
    assert ask.rules.scale == (0, 2, 4, 5, 7, 9, 11)
    assert [chord_name(each) for each in ask.rules.chords] == ["A min", "F maj"]
    assert ask.rules.grid == "eighth"


def test_a_text_may_come_in_pieces_as_patches_send_it() -> None:
    assert asked(("chords", "Am", "F")).rules.chords == asked(("chords", "Am F")).rules.chords
    assert asked(("programs", 0, 33.0, "drums")).instruments == (0, 33, 128)


def test_free_takes_a_limit_back() -> None:
    ask = asked(("scale", "C major"), ("scale", "free"), ("programs", "7"), ("programs", "heard"))
    assert (ask.instruments, ask.rules) == (None, Rules(closes=True))


def test_an_answer_closes_unless_that_is_switched_off_or_it_has_no_end() -> None:
    assert asked().rules.closes
    assert not asked(("cadence", 0)).rules.closes
    rehearsal = played()
    rehearsal.receives(osc.Continue(0))
    rehearsal.says(BarStart(96, Meter(4, 4)), NoteOn(96, 0, 60, 20), end="done")
    assert [ask.rules.closes for ask in rehearsal.told(Ask)] == [True, False]


def test_a_velocity_range_counts_after_the_velocity_control() -> None:
    assert asked(("velocity_range", 40, 80), ("velocity", 2.0)).rules.of(0).velocities == (20, 40)


def test_a_limit_that_cannot_be_kept_gives_way_and_is_named() -> None:
    rehearsal = played(("pitch_range", 1, 61, 61), ("scale", "C major"))
    (error,) = rehearsal.sent(Error)
    assert (error.code, error.address) == (Code.GAVE_WAY, "/melo/control/scale")
    assert "instrument 0" in error.reason
    assert rehearsal.told(Ask)


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("scale", ("H major",), Code.NOT_FOUND),
        ("chords", ("Am", "X"), Code.NOT_FOUND),
        ("programs", (128,), Code.NOT_FOUND),
        ("scale", (), Code.WRONG_COUNT),
        ("pitch_range", (60, 48), Code.OUT_OF_RANGE),
        ("pitch_range", (60,), Code.WRONG_COUNT),
        ("pitch_range", (17, 48, 60), Code.OUT_OF_RANGE),
        ("polyphony", (1, 2, 3), Code.WRONG_COUNT),
        ("polyphony", ("two",), Code.WRONG_TYPE),
    ],
)
def test_a_setting_that_is_none_is_refused(name: str, values: tuple[object, ...], code: Code) -> None:
    with pytest.raises(Refused) as caught:
        read(f"/melo/control/{name}", values)
    assert caught.value.code is code


def test_a_silent_channel_is_silent_in_the_next_answer() -> None:
    rules = asked(("silence", 2, 1)).rules
    assert rules.of(33).silent and not rules.of(0).silent


def test_a_channel_silenced_meanwhile_begins_no_more_notes_and_ends_those_it_has() -> None:
    rehearsal = played()
    notes = [(NoteOn(tick, 0, 60, 20), NoteOff(tick + 12, 0, 60)) for tick in (96, 144)]
    rehearsal.says(BarStart(96, Meter(4, 4)), *notes[0], *notes[1], end="done")
    rehearsal.waits(beats=0.25)
    rehearsal.receives(osc.SetControl("silence", 1, 1))
    rehearsal.waits(beats=4)
    assert [velocity > 0 for _, _, velocity in rehearsal.midi_notes] == [True, False]
    assert len(rehearsal.sent(OutNote)) == len(rehearsal.sent(OutOff)) == 1


def test_status_tells_ranges_and_what_differs_by_channel() -> None:
    rehearsal = played(("pitch_range", 48, 72), ("polyphony", 3, 2), ("scale", "C major"))
    rehearsal.receives(osc.AskStatus())
    pairs = rehearsal.sent(Status)[-1].pairs
    told = dict(zip(pairs[::2], pairs[1::2], strict=True))
    assert (told["pitch_range"], told["polyphony/3"], told["scale"]) == ("48-72", 2, "C major")


def test_a_channel_begins_with_what_its_part_says_and_a_preset_brings_its_own() -> None:
    quiet = replace(BAND, channel_controls={("polyphony", 1): 1})
    session = Rehearsal(quiet)
    session.plays(60)
    session.receives(osc.PhraseEnd())
    assert session.told(Ask)[0].rules.of(0).polyphony == 1
    session.receives(osc.SetControl("polyphony", 4))
    assert not session.state.channel_controls
    session.receives(osc.Reset())
    assert session.state.channel_controls == {("polyphony", 1): 1}
    session.happens(PresetRead(BAND), Loaded("band", 1.0))
    assert not session.state.channel_controls


def test_a_knob_limits_an_answer_as_a_message_does() -> None:
    session = Rehearsal(replace(BAND, midi_map=(MidiMapping(cc=26, control="polyphony", low=1, high=8),)))
    session.midi(MidiControl(1, 26, 64))
    session.plays(60)
    session.receives(osc.PhraseEnd())
    ((_, piano),) = session.told(Ask)[-1].rules.playing
    assert piano.polyphony == 5
