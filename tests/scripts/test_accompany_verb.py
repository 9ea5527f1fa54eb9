"""`meloformer accompany`: from file to file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from meloformer.model.midi import read, read_raw, write
from meloformer.model.vocabulary import DRUMS
from meloformer.presets import SHIPPED
from meloformer.scripts.accompany_verb import programs
from meloformer.scripts.phrase import BASS, ELECTRIC_PIANO, TRUMPET, phrase
from meloformer.training.bars import in_bars
from meloformer.training.prompts import repeated


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    """Our phrase as a MIDI file."""
    write(phrase(), tmp_path / "heard.mid")
    return tmp_path / "heard.mid"


def test_the_default_preset_plays_new_parts_beside_those_that_stay_as_they_are(
    meloformer, heard: Path, tmp_path: Path
) -> None:
    target = tmp_path / "fuller.mid"
    outcome = meloformer("accompany", heard, target, "--add", "24,48", "--presets", SHIPPED)
    assert (outcome.code, outcome.err) == (0, "")
    before, after = read_raw(heard), read_raw(target)
    for old, new in zip(before.tracks, after.tracks, strict=False):
        assert (new.program, new.is_drum, list(new.notes)) == (old.program, old.is_drum, list(old.notes))
    added = after.tracks[len(before.tracks) :]
    assert {track.program for track in added} == {24, 48}
    assert all(len(track.notes) for track in added)
    assert read(target).meters == read(heard).meters
    assert read(target).tempos == read(heard).tempos


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    meloformer, tiny: Path, heard: Path, tmp_path: Path
) -> None:
    for name, seed in (("a.mid", 1), ("b.mid", 1), ("c.mid", 2)):
        said = ["accompany", heard, tmp_path / name, "--add", "48", "--seed", seed, "--presets", tiny]
        assert meloformer(*said).code == 0
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    assert (tmp_path / "a.mid").read_bytes() != (tmp_path / "c.mid").read_bytes()


def test_programs_are_numbers_and_drums() -> None:
    assert programs("0, 33,drums") == {0, 33, DRUMS}


@pytest.mark.parametrize("add", ["", "128", "-1", "piano", "33,", "33,33", "drums,drums", "1.5"])
def test_what_is_no_program_is_refused_with_those_that_are(
    meloformer, heard: Path, tiny: Path, tmp_path: Path, add: str
) -> None:
    outcome = meloformer("accompany", heard, tmp_path / "out.mid", "--add", add, "--presets", tiny)
    assert outcome.code == 2
    assert "--add" in outcome.err
    assert not (tmp_path / "out.mid").exists()


@pytest.mark.parametrize("there", [BASS, ELECTRIC_PIANO, TRUMPET, "drums"])
def test_a_program_that_the_file_has_already_is_refused(
    meloformer, heard: Path, tiny: Path, tmp_path: Path, there: int | str
) -> None:
    outcome = meloformer("accompany", heard, tmp_path / "out.mid", "--add", f"48,{there}", "--presets", tiny)
    assert outcome.code == 2
    assert "already" in outcome.err
    assert str(there) in outcome.err


def test_without_parts_to_add_nothing_is_done(meloformer, heard: Path, tmp_path: Path) -> None:
    assert meloformer("accompany", heard, tmp_path / "out.mid").code == 2


@pytest.mark.parametrize("verb", [("continue",), ("accompany", "--add", "48"), ("infill", "--bars", "2")])
def test_what_is_heard_is_never_written_over(
    meloformer, heard: Path, tiny: Path, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    before, same = heard.read_bytes(), tmp_path / "." / heard.name
    outcome = meloformer(verb[0], heard, same, *verb[1:], "--presets", tiny)
    assert outcome.code == 2
    assert "Invalid value for OUT.mid" in outcome.err
    assert heard.read_bytes() == before


@pytest.mark.parametrize("seed", [1, 2])
def test_a_song_that_comes_round_again_is_accompanied_to_its_end(
    meloformer, tmp_path: Path, seed: int
) -> None:
    """What was heard alone before is no reason to be silent beside it now."""
    song, target = tmp_path / "song.mid", tmp_path / "band.mid"
    once = phrase()
    piano = replace(once, notes=tuple(note for note in once.notes if note.instrument == ELECTRIC_PIANO))
    write(repeated(piano, 12), song)
    assert meloformer("accompany", song, target, "--add", "drums", "--seed", seed).code == 0
    drums = [[note for note in bar if note.instrument == DRUMS] for bar in in_bars(read(target))]
    assert len(drums) == 12
    assert all(drums)
