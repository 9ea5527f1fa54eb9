"""`meloformer continue`: from file to file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from meloformer.model.midi import read, read_raw, write
from meloformer.presets import SHIPPED
from meloformer.presets.reader import read as read_preset
from meloformer.scripts.limiting import limits
from meloformer.scripts.options import said
from meloformer.scripts.phrase import phrase


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    """Our phrase as a MIDI file."""
    write(phrase(), tmp_path / "heard.mid")
    return tmp_path / "heard.mid"


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    meloformer, tiny: Path, heard: Path, tmp_path: Path
) -> None:
    for name, seed in (("a.mid", 1), ("b.mid", 1), ("c.mid", 2)):
        said = ["continue", heard, tmp_path / name, "--bars", 1, "--seed", seed, "--presets", tiny]
        assert meloformer(*said).code == 0
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    assert (tmp_path / "a.mid").read_bytes() != (tmp_path / "c.mid").read_bytes()


def test_the_default_preset_continues_the_phrase_in_its_bars_meter_tempo_and_programs(
    meloformer, heard: Path, tmp_path: Path
) -> None:
    outcome = meloformer("continue", heard, tmp_path / "longer.mid", "--bars", 2, "--presets", SHIPPED)
    assert (outcome.code, outcome.err) == (0, "")
    before, after = read(heard), read(tmp_path / "longer.mid")
    assert after.bars(0, len(before.meters)) == before
    assert len(before.meters) < len(after.meters) <= len(before.meters) + 2
    assert set(after.meters) == set(before.meters)
    assert after.tempos == before.tempos
    assert set(after.instruments()) == set(before.instruments())
    raw_before, raw_after = read_raw(heard), read_raw(tmp_path / "longer.mid")
    for old, new in zip(raw_before.tracks, raw_after.tracks, strict=True):
        assert list(new.notes)[: len(old.notes)] == list(old.notes)


def test_new_bars_close_unless_they_are_told_to_go_on(meloformer, heard: Path, tmp_path: Path) -> None:
    line = read(heard).ticks + 3 * 96
    latest = []
    for cadence in (1, 0):
        told = ["continue", heard, tmp_path / "longer.mid", "--bars", 4, "--cadence", cadence]
        assert meloformer(*told, "--presets", SHIPPED).code == 0
        latest.append(max(note.onset for note in read(tmp_path / "longer.mid").notes) - line)
    assert latest[0] <= 48 < latest[1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not music",
        b"MThd",
        b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\xff\xff\xff\xff",
        b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\x04\x00\xff\x2f\x00",
        b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x00\x00MTrk\x00\x00\x00\x04\x00\xff\x2f\x00",
    ],
    ids=["empty", "text", "truncated", "endless", "no-notes", "no-resolution"],
)
def test_a_file_that_is_no_music_is_refused_on_one_line_and_nothing_is_written(
    meloformer, tiny: Path, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "in.mid").write_bytes(data)
    outcome = meloformer("continue", tmp_path / "in.mid", tmp_path / "out.mid", "--presets", tiny)
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "in.mid" in outcome.err
    assert not (tmp_path / "out.mid").exists()


def test_a_cut_file_is_read_or_refused(meloformer, heard: Path, tiny: Path, tmp_path: Path) -> None:
    data = heard.read_bytes()
    for stop in range(14, len(data), 97):
        (tmp_path / "cut.mid").write_bytes(data[:stop])
        cut = ["continue", tmp_path / "cut.mid", tmp_path / "out.mid", "--bars", 1, "--presets", tiny]
        outcome = meloformer(*cut)
        assert outcome.code == 0 or (outcome.code == 1 and outcome.err.count("\n") == 1)
        assert "unexpected" not in outcome.err


def test_a_folder_that_is_not_there_is_named(meloformer, heard: Path, tiny: Path, tmp_path: Path) -> None:
    there = tmp_path / "none" / "out.mid"
    outcome = meloformer("continue", heard, there, "--bars", 1, "--presets", tiny)
    assert outcome.code == 1
    assert str(there) in outcome.err
    assert outcome.err.count("\n") == 1


def test_unfit_weights_are_refused_by_name(meloformer, heard: Path, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.safetensors").write_bytes(b"\x80\x04not a tensor")
    (tmp_path / "odd.yaml").write_text((tiny / "band.yaml").read_text().replace("band", "odd"))
    asked = ["--preset", "odd", "--presets", tmp_path]
    outcome = meloformer("continue", heard, tmp_path / "out.mid", *asked)
    assert outcome.code == 1
    assert "odd.safetensors" in outcome.err
    assert outcome.err.count("\n") == 1


def test_an_answer_from_the_command_line_keeps_to_its_limits(
    meloformer, tiny: Path, heard: Path, tmp_path: Path
) -> None:
    said = [
        "--scale",
        "C major",
        "--pitch-range",
        "48-60",
        "--grid",
        "eighth",
        "--programs",
        "0",
        "--polyphony",
        2,
    ]
    longer = tmp_path / "longer.mid"
    assert meloformer("continue", heard, longer, "--bars", 2, *said, "--presets", tiny).code == 0
    before, after = read(heard), read(longer)
    new = [note for note in after.notes if note.onset >= before.ticks]
    assert new
    for note in new:
        assert note.instrument == 0 and 48 <= note.pitch <= 60
        assert note.pitch % 12 in (0, 2, 4, 5, 7, 9, 11)
        assert note.onset % 12 == 0


@pytest.mark.parametrize(
    "said", [("--scale", "H major"), ("--pitch-range", "72-48"), ("--pitch-range", "x"), ("--chords", "Am X")]
)
def test_a_limit_that_is_none_is_a_wrong_argument(meloformer, heard: Path, tmp_path: Path, said) -> None:
    outcome = meloformer("continue", heard, tmp_path / "longer.mid", *said)
    assert outcome.code == 2
    assert "is not" in outcome.err


@pytest.mark.parametrize("verb", [("accompany", "--add", "48"), ("infill", "--bars", "2")])
def test_new_parts_and_new_bars_keep_to_limits_too(
    meloformer, tiny: Path, heard: Path, tmp_path: Path, verb
) -> None:
    name, *how = verb
    limits = ["--scale", "C major pentatonic", "--grid", "quarter", "--pitch-range", "40-50"]
    assert meloformer(name, heard, tmp_path / "new.mid", *how, *limits, "--presets", tiny).code == 0
    new = [note for note in read(tmp_path / "new.mid").notes if note not in read(heard).notes]
    for note in new:
        assert note.onset % 24 == 0
        assert note.instrument == 128 or (note.pitch % 12 in (0, 2, 4, 7, 9) and 40 <= note.pitch <= 50)


def test_a_file_is_continued_by_what_the_parts_say_of_their_channels_unless_the_command_line_says_otherwise(
    tiny: Path, tmp_path: Path
) -> None:
    shutil.copy(tiny / "band.safetensors", tmp_path)
    bass = "{channel: 2, program: 33, polyphony: 1}"
    text = f"format: 1\nname: solo\nweights: band.safetensors\nparts: [{bass}]\n"
    (tmp_path / "solo.yaml").write_text(text)
    preset = read_preset(tmp_path / "solo.yaml")
    assert limits(preset.controls, preset).rules.of(33).polyphony == 1
    assert limits(preset.controls, preset).rules.of(0).polyphony is None
    assert limits(said(preset.controls, polyphony=3), preset).rules.of(33).polyphony == 3


def test_a_gpu_that_is_not_there_is_refused_on_one_line(
    meloformer, tiny: Path, heard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    said = ["continue", heard, tmp_path / "longer.mid", "--presets", tiny, "--device", "cuda"]
    outcome = meloformer(*said)
    assert outcome.code == 1
    assert outcome.err.startswith("meloformer: no device cuda: ")
    assert outcome.err.endswith("; choose --device auto\n")
