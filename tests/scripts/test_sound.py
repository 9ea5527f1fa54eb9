"""Sound from a MIDI file."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from meloformer.model.midi import write
from meloformer.model.score import bpm_of
from meloformer.scripts import sound
from meloformer.scripts.phrase import phrase


@pytest.mark.needs("fluidsynth")
def test_a_file_is_rendered_as_long_as_it_plays_and_is_not_silent(tmp_path: Path) -> None:
    write(phrase(), tmp_path / "phrase.mid")
    sound.render(tmp_path / "phrase.mid", tmp_path / "phrase.wav")
    with wave.open(str(tmp_path / "phrase.wav")) as rendered:
        seconds = rendered.getnframes() / rendered.getframerate()
        assert any(rendered.readframes(rendered.getnframes()))
    assert seconds >= 15 * 60 / bpm_of(phrase().tempos[0].step)


def test_without_fluidsynth_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sound.SoundError, match="install fluidsynth"):
        sound.render(tmp_path / "a.mid", tmp_path / "a.wav")


@pytest.mark.needs("fluidsynth")
def test_without_a_soundfont_the_places_for_one_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sound, "FOLDERS", (str(tmp_path / "empty"),))
    with pytest.raises(sound.SoundError, match="empty"):
        sound.render(tmp_path / "a.mid", tmp_path / "a.wav")


def test_of_several_soundfonts_the_largest_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "flute.sf2").write_bytes(b"1")
    (tmp_path / "general.SF2").write_bytes(b"123")
    (tmp_path / "readme.txt").write_bytes(b"12345")
    monkeypatch.setattr(sound, "FOLDERS", (str(tmp_path),))
    assert sound.soundfont() == (tmp_path / "general.SF2").resolve()
