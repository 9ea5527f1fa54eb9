"""A preset file to a preset: what is taken, and what a musician is told about what is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meloformer.presets.controls import CONTROLS
from meloformer.presets.errors import WAY_OUT, BrokenPresetError, PresetError
from meloformer.presets.parts import DRUMS, Part
from meloformer.presets.preset import DEFAULT_MIDI_MAP, Answer, Listen, MidiMapping, MidiOutput, Preset
from meloformer.presets.reader import read, upgraded

GOLDEN = Path(__file__).parent.parent / "golden"
WEIGHTS = "tune.safetensors"
SMALLEST = f"format: 1\nname: tune\nweights: {WEIGHTS}\n"  # three lines: what a test adds begins in line 4

Reads = Callable[[str], Preset]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a weights file, for presets that name it."""
    (tmp_path / WEIGHTS).touch()
    return tmp_path


@pytest.fixture
def reads(folder: Path) -> Reads:
    """Reads a text as the preset `tune`."""

    def reads(text: str) -> Preset:
        file = folder / "tune.yaml"
        file.write_text(text, encoding="utf-8", newline="\n")
        return read(file)

    return reads


def refusal(reads: Reads, addition: str) -> BrokenPresetError:
    with pytest.raises(BrokenPresetError) as caught:
        reads(SMALLEST + addition)
    return caught.value


def test_three_lines_make_a_preset_with_every_control_at_its_default(reads: Reads, folder: Path) -> None:
    preset = reads(SMALLEST)
    assert preset.name == "tune"
    assert preset.weights == folder / WEIGHTS
    assert {name: preset.value(name) for name in CONTROLS} == {
        name: control.default for name, control in CONTROLS.items()
    }
    assert preset.midi_map == DEFAULT_MIDI_MAP
    assert preset.listen == Listen("silence", 2.0, 4)
    assert preset.answer == Answer(4, "bar", 0.5, 0.5)


def test_a_file_of_format_1_still_opens(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "trio.safetensors").touch()
    preset = read(Path(shutil.copy(GOLDEN / "preset_format_1.yaml", tmp_path)))
    assert preset.description == "A trio for the evening."
    said = {"temperature": 0.9, "top_p": 0.9, "min_p": 0.05, "seed": 7, "bars": 16, "velocity": 0.8}
    usual = {name: control.default for name, control in CONTROLS.items()}
    assert {name: preset.value(name) for name in CONTROLS} == usual | said
    assert preset.parts == (
        Part(1, 32, "bass", 28, 59),
        Part(1, 4, "chords", 60, 127),
        Part(10, DRUMS, "drums", 0, 127),
    )
    assert preset.midi_map == (
        MidiMapping(cc=1, control="temperature", low=1.3, high=0.7),
        MidiMapping(cc=66, action="phrase/end"),
        MidiMapping(program=12, action="continue"),
    )
    assert preset.listen == Listen("bars", 1.5, 8)
    assert preset.answer == Answer(16, "now", 2.0, 2.0)


def test_programs_and_the_state_are_sent_by_midi_only_where_a_preset_says_so(reads: Reads) -> None:
    assert reads(SMALLEST).midi_out == MidiOutput(programs=False, state_cc=None)
    said = reads(SMALLEST + "midi_out: {programs: true, state_cc: 119}")
    assert said.midi_out == MidiOutput(programs=True, state_cc=119)


def test_a_whole_number_may_be_written_with_a_point(reads: Reads) -> None:
    bars = reads(SMALLEST + "answer: {bars: 8.0}").answer.bars
    assert (bars, type(bars)) == (8, int)


@pytest.mark.parametrize(
    ("addition", "field", "said", "allowed"),
    [
        (
            "sampling: {temprature: 1}",
            "sampling.temprature",
            "did you mean temperature?",
            "temperature, top_p",
        ),
        ("sampling: {temperature: 2.5}", "sampling.temperature", "2.5", "a number from 0 to 2"),
        ("sampling: {temperature: .nan}", "sampling.temperature", "nan", "a number from 0 to 2"),
        ("sampling: {seed: -.inf}", "sampling.seed", "-inf", "a whole number from 0 to 2147483647"),
        ("sampling: {seed: true}", "sampling.seed", "True", "a whole number"),
        ("sampling: {seed: 1.5}", "sampling.seed", "1.5", "a whole number"),
        ("sampling: {top_p: '0.9'}", "sampling.top_p", "'0.9'", "a number from 0.05 to 1"),
        ("sampling: hot", "sampling", "'hot'", "temperature, top_p"),
        (
            "controls: {temperature: 1}",
            "controls.temperature",
            "its place is sampling.temperature",
            "velocity",
        ),
        ("controls: {bars: 8}", "controls.bars", "its place is answer.bars", "velocity"),
        ("parts:", "parts", "nothing is not allowed", "[] for none"),
        ("parts: [{channel: 1}]", "parts[1].program", "missing", "0 to 127, or the word drums"),
        ("parts: [{channel: 0, program: 1}]", "parts[1].channel", "0", "1 to 16"),
        ("parts: [{channel: 1, program: piano}]", "parts[1].program", "'piano'", "or the word drums"),
        ("parts: [{channel: 1, program: 1, range: [60]}]", "parts[1].range", "[60]", "two whole numbers"),
        ("parts: [{channel: 1, program: 1, range: [0, 128]}]", "parts[1].range[2]", "128", "0 to 127"),
        ("parts: [{channel: 1, program: 1, range: [60, 48]}]", "parts[1].range", "too small", "12 keys"),
        (
            "parts: [{channel: 1, program: 1, role: drums}]",
            "parts[1].role",
            "drums does not",
            "any other role",
        ),
        ("parts: [{channel: 1, program: drums, role: bass}]", "parts[1].role", "bass does not", "drums"),
        ("midi_map: [{cc: 64, action: stop}]", "midi_map[1].cc", "64", "not 64 (the sustain pedal)"),
        ("midi_map: [{cc: 120, action: stop}]", "midi_map[1].cc", "120", "0 to 119"),
        ("midi_map: [{action: stop}]", "midi_map[1]", "missing", "exactly one of cc, program"),
        ("midi_map: [{cc: 1}]", "midi_map[1]", "missing", "exactly one of control, action"),
        ("midi_map: [{cc: 1, program: 1, action: stop}]", "midi_map[1]", "exclude each other", "one of cc"),
        ("midi_map: [{cc: 1, control: tempo}]", "midi_map[1].control", "'tempo'", "temperature"),
        ("midi_map: [{cc: 1, control: bars, low: 0}]", "midi_map[1].low", "0", "from 1 to 64 for bars"),
        ("midi_map: [{cc: 1, action: stop, low: 0}]", "midi_map[1].low", "no range", "beside a control"),
        ("midi_map: [{program: 1, control: bars}]", "midi_map[1].program", "no value", "an action"),
        ("midi_out: {programs: 1}", "midi_out.programs", "1 is not allowed", "true or false"),
        ("midi_out: {programs: 'no'}", "midi_out.programs", "'no'", "true or false"),
        ("midi_out: {state_cc: 64}", "midi_out.state_cc", "64", "not 64 (the sustain pedal)"),
        ("midi_out: {state_cc: 120}", "midi_out.state_cc", "120", "0 to 119"),
        ("midi_out: {state: 119}", "midi_out.state", "did you mean state_cc?", "programs, state_cc"),
        ("listen: {end: silent}", "listen.end", "did you mean silence?", "silence, bars, signal"),
        ("listen: {silence: 0}", "listen.silence", "0", "a number from 0.25 to 64 beats"),
        ("answer: {quantise: on}", "answer.quantise", "True", "now, beat, bar"),
        ("answer: {bars: 65}", "answer.bars", "65", "a whole number from 1 to 64 bars"),
        ("description: 5", "description", "5 is not text", "1000 characters"),
        ("colour: red", "colour", "not known", "format, name"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_way_out(
    reads: Reads, addition: str, field: str, said: str, allowed: str
) -> None:
    error = refusal(reads, addition)
    (mistake,) = error.mistakes
    assert (mistake.line, mistake.field) == (4, field)
    assert said in mistake.problem
    assert allowed in mistake.allowed
    assert str(error) == f"tune.yaml, {mistake}. {WAY_OUT}"
    assert "\n" not in str(error)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(reads: Reads) -> None:
    error = refusal(reads, "answer:\n  bars: 0\n  quantise: soon\nlisten:\n  end: never\n")
    assert [(mistake.line, mistake.field) for mistake in error.mistakes] == [
        (5, "answer.bars"),
        (6, "answer.quantise"),
        (8, "listen.end"),
    ]


def test_a_file_full_of_mistakes_still_makes_one_short_message(reads: Reads) -> None:
    error = refusal(reads, "parts:\n" + "- {channel: 99, program: drums}\n" * 60)
    assert len(error.mistakes) == 60
    assert "and 55 more" in str(error)
    assert len(str(error)) < 800


def test_what_is_missing_is_told_where_it_is_missing(reads: Reads) -> None:
    with pytest.raises(BrokenPresetError) as caught:
        reads("format: 1\nname: tune\n")
    assert str(caught.value.mistakes[0]).startswith("line 1, weights: this field is missing")


def test_a_text_that_is_no_group_of_fields_is_refused(reads: Reads) -> None:
    with pytest.raises(BrokenPresetError, match="line 1: 'just words' is not a group of fields"):
        reads("just words")


def test_a_format_of_the_future_is_told_once_and_asks_for_an_update(reads: Reads) -> None:
    with pytest.raises(BrokenPresetError, match="update MeloFormer") as caught:
        reads(SMALLEST.replace("format: 1", "format: 2") + "holograms: {bright: true}\n")
    assert len(caught.value.mistakes) == 1


def test_an_older_format_is_brought_up_one_step_at_a_time() -> None:
    steps = {
        1: lambda data: data | {"format": 2, "speed": data["tempo"]},
        2: lambda data: data | {"format": 3, "pace": data["speed"]},
    }
    assert upgraded({"format": 1, "tempo": 90}, steps, newest=3)["pace"] == 90


@pytest.mark.parametrize("data", [None, [], {}, {"format": None}, {"format": [1]}, {"format": True}])
def test_what_names_no_format_is_left_for_the_reader_to_refuse(data: Any) -> None:
    assert upgraded(data, {1: lambda _: pytest.fail("there is nothing to upgrade")}, newest=2) == data


def test_a_copied_preset_that_kept_its_old_name_is_told_which_two_names_differ(reads: Reads) -> None:
    with pytest.raises(BrokenPresetError, match="line 2, name: 'band' is not the name of the file") as caught:
        reads(SMALLEST.replace("name: tune", "name: band"))
    assert caught.value.mistakes[0].allowed.startswith("tune, or")


def test_weights_that_are_not_there_are_refused_by_name(reads: Reads) -> None:
    with pytest.raises(BrokenPresetError, match=r"line 3, weights: there is no file 'gone\.safetensors'"):
        reads(SMALLEST.replace(WEIGHTS, "gone.safetensors"))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/tune.safetensors",
        "C:/tune.safetensors",
        "C:\\tune.safetensors",
        "\\\\host\\share\\tune.safetensors",
        "../tune.safetensors",
        "models/../../tune.safetensors",
        "~/tune.safetensors",
        "./tune.safetensors",
        "tune.bin",
        ".safetensors",
        "models//tune.safetensors",
        "https://host/tune.safetensors",
    ],
)
def test_weights_outside_the_folder_of_their_preset_are_refused(reads: Reads, path: str) -> None:
    with pytest.raises(BrokenPresetError, match=r"line 3, weights: .* is not allowed"):
        reads(SMALLEST.replace(WEIGHTS, f"'{path}'"))


def test_a_preset_that_cannot_be_opened_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match=r"tune\.yaml cannot be read"):
        read(tmp_path / "tune.yaml")


def test_a_part_may_say_what_its_channel_keeps_to(reads: Reads) -> None:
    bass = "{channel: 2, program: 33, polyphony: 1, velocity_range: [40, 90]}"
    preset = reads(SMALLEST + f"parts:\n- {bass}\n- {{channel: 3, program: 0}}\n")
    assert preset.channel_controls == {("polyphony", 2): 1, ("velocity_range", 2): (40, 90)}


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (
            "{channel: 2, program: 0, polyphony: 3}",
            r"parts\[2\].polyphony: 3 .*1, as another part",
        ),
        ("{channel: 3, program: 0, polyphony: 99}", r"parts\[2\].polyphony: 99 is not allowed"),
        ("{channel: 3, program: 0, velocity_range: [90, 40]}", r"parts\[2\].velocity_range"),
        ("{channel: 3, program: 0, pitch_range: [40, 90]}", r"its place is range"),
    ],
)
def test_what_a_part_says_of_its_channel_must_be_possible(reads: Reads, second: str, words: str) -> None:
    with pytest.raises(BrokenPresetError, match=words):
        reads(SMALLEST + f"parts:\n- {{channel: 2, program: 33, polyphony: 1}}\n- {second}\n")


def test_notes_are_sent_as_far_ahead_as_they_are_planned_unless_the_preset_says_less(reads: Reads) -> None:
    assert reads(SMALLEST + "answer: {lookahead: 2}").answer.commit_beats == 2.0
    assert reads(SMALLEST + "answer: {lookahead: 2, commit: 0}").answer.commit_beats == 0.0


def test_a_note_cannot_be_sent_before_it_is_planned_for_good(reads: Reads) -> None:
    with pytest.raises(
        BrokenPresetError, match=r"answer.commit: 3 is not allowed; .*at most the lookahead.* 2"
    ):
        reads(SMALLEST + "answer: {lookahead: 2, commit: 3}")
