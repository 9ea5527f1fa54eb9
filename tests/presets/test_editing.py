"""A knob that was learnt is kept in the preset's file, and everything else in it stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.presets import SHIPPED
from meloformer.presets.controls import CONTROLS
from meloformer.presets.editing import keep, mapped, with_mapping
from meloformer.presets.errors import BrokenPresetError, PresetError
from meloformer.presets.preset import DEFAULT_MIDI_MAP, MidiMapping
from meloformer.presets.reader import parsed, read

HEAD = "format: 1\nname: band\nweights: band.safetensors\n"
LAYOUTS = {
    "no list": HEAD,
    "no list and no last line end": HEAD + "description: mine",
    "an empty list": HEAD + "midi_map: []  # none yet\nanswer: {bars: 2}\n",
    "a list in one line": HEAD + "midi_map: [{cc: 20, control: bars}, {cc: 102, action: stop}] # two\n",
    "a list in one line with a comma at its end": HEAD + "midi_map: [{cc: 20, control: bars},]\n",
    "a row a line": HEAD
    + "midi_map:\n  - {cc: 20, control: bars}  # knob\n\n  # last\n  - {cc: 21, action: stop}\n",
    "rows as blocks": HEAD + "midi_map:\n- cc: 20\n  control: bars  # knob\n\n# end\nanswer:\n  bars: 2\n",
    "a program": HEAD + "midi_map:\n    - program: 3\n      action: stop",
    "the list first": "midi_map:\n- {cc: 7, action: stop}\n" + HEAD,
    "CRLF": (HEAD + "midi_map:\n  - {cc: 20, control: bars}\nanswer: {bars: 2}\n").replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + HEAD + "midi_map:\n  - {cc: 20, control: bars}\n",
    "the default preset": (SHIPPED / "band.yaml").read_text(encoding="utf-8"),
}
layouts = pytest.mark.parametrize("text", LAYOUTS.values(), ids=list(LAYOUTS))
NEW = MidiMapping(cc=20, control="temperature")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "band.safetensors").touch()
    return tmp_path / "band.yaml"


@layouts
@pytest.mark.parametrize("cc", [20, 99])
def test_the_file_says_the_knob_and_keeps_every_other_word(file: Path, text: str, cc: int) -> None:
    file.write_bytes(text.encode())
    before, mapping = read(file), MidiMapping(cc=cc, control="density", channel=3)
    keep(file, mapping)
    assert read(file).midi_map == mapped(before.midi_map, mapping)
    after = file.read_bytes().decode()
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    assert [line.partition("#")[2] for line in after.splitlines() if "#" in line] == comments
    assert after.count("\r") in (0, after.count("\n"))


@layouts
def test_a_knob_that_is_learnt_again_changes_its_own_line_alone(text: str) -> None:
    once = with_mapping(text, NEW)
    twice = with_mapping(once, MidiMapping(cc=20, control="bars"))
    assert len(once.splitlines()) == len(twice.splitlines())
    changed = [pair for pair in zip(once.splitlines(), twice.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(changed) == 1
    assert with_mapping(twice, NEW) == once


@given(st.lists(st.tuples(st.integers(0, 63), st.sampled_from(["bars", "density", "velocity"])), max_size=8))
def test_any_number_of_knobs_can_be_learnt_one_after_the_other(knobs: list[tuple[int, str]]) -> None:
    text, midi_map = HEAD, DEFAULT_MIDI_MAP
    for cc, control in knobs:
        mapping = MidiMapping(cc=cc, control=control)
        text, midi_map = with_mapping(text, mapping), mapped(midi_map, mapping)
        assert parsed(text.encode(), SHIPPED / "band.yaml").midi_map == midi_map


def test_the_file_keeps_its_mode_and_leaves_nothing_beside_it(file: Path) -> None:
    file.write_text(HEAD)
    file.chmod(0o640)
    keep(file, NEW)
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in file.parent.iterdir()) == ["band.safetensors", "band.yaml"]


def test_a_link_stays_a_link(file: Path) -> None:
    real = file.with_name("real.txt")
    real.write_text(HEAD)
    file.symlink_to(real)
    keep(file, NEW)
    assert file.is_symlink() and "temperature" in real.read_text()


def test_a_file_that_is_broken_meanwhile_is_left_as_it_is(file: Path) -> None:
    file.write_text(HEAD + "midi_map:\n  - {cc: 20}\n")
    with pytest.raises(BrokenPresetError):
        keep(file, NEW)
    assert file.read_text().endswith("{cc: 20}\n")


def test_a_document_that_is_closed_cannot_be_added_to_and_stays(file: Path) -> None:
    file.write_text(HEAD + "...\n")
    with pytest.raises(PresetError, match=r"band\.yaml"):
        keep(file, NEW)
    assert file.read_text() == HEAD + "...\n"


def test_a_folder_that_cannot_be_written_is_said_with_the_way_out(file: Path) -> None:
    with pytest.raises(PresetError, match=r"cannot be written.*until the bridge ends"):
        keep(file.parent / "gone" / "band.yaml", NEW)


def test_a_position_is_where_the_knob_stands_for_a_value() -> None:
    for control in CONTROLS.values():
        if control.turns:
            mapping = MidiMapping(cc=1, control=control.name)
            assert mapping.position(mapping.value(0)) == 0
            assert mapping.position(mapping.value(127)) == 127
    turned = MidiMapping(cc=1, control="temperature", low=1.5, high=0.5)
    assert (turned.position(1.5), turned.position(0.5), turned.position(2.0)) == (0, 127, 0)


@given(st.sampled_from(["temperature", "velocity", "density"]), st.integers(0, 127))
def test_a_knob_stays_where_it_was_put(control: str, position: int) -> None:
    mapping = MidiMapping(cc=1, control=control)
    assert mapping.position(mapping.value(position)) == position
