"""Which chord a bar stands on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model.chords import INTERVALS, chord_name, label, transposed
from meloformer.model.score import Note, Score, TempoChange
from meloformer.model.vocabulary import CHORD, CHORD_QUALITIES, DRUMS, NO_CHORD, UNKNOWN_CHORD
from music import COMMON, scores

TEMPO = (TempoChange(0, 70),)
chords = st.integers(0, CHORD.size - 1)


def sounding(*pitches: int, instrument: int = 0) -> Score:
    """A bar of these pitches."""
    return Score((COMMON,), TEMPO, tuple(Note(0, instrument, pitch, 96, 20) for pitch in sorted(pitches)))


@pytest.mark.parametrize("quality", [name for name in CHORD_QUALITIES if name != "aug"])
@pytest.mark.parametrize("root", range(12))
def test_a_chord_in_root_position_is_named(root: int, quality: str) -> None:
    found = label(sounding(*(48 + root + interval for interval in INTERVALS[quality])))
    assert found == [root * len(CHORD_QUALITIES) + CHORD_QUALITIES.index(quality)]


def test_an_augmented_chord_is_named_by_its_bass() -> None:
    assert chord_name(label(sounding(52, 56, 60))[0]) == "E aug"


def test_an_inversion_keeps_its_name() -> None:
    assert chord_name(label(sounding(52, 55, 60))[0]) == "C maj"


def test_a_bar_of_drums_or_silence_has_no_chord() -> None:
    assert label(sounding(60, 64, 67, instrument=DRUMS)) == [NO_CHORD]
    assert label(Score((COMMON,), TEMPO, ())) == [NO_CHORD]


def test_a_cluster_is_no_chord_that_has_a_name() -> None:
    assert label(sounding(*range(60, 72))) == [UNKNOWN_CHORD]


def test_a_held_chord_stands_in_every_bar_that_it_sounds_in() -> None:
    notes = tuple(Note(0, 0, pitch, 250, 20) for pitch in (57, 60, 64))
    found = label(Score((COMMON,) * 4, TEMPO, notes))
    assert [chord_name(chord) for chord in found] == ["A min", "A min", "A min", "N"]


@given(scores(most_notes=10))
def test_every_bar_has_a_chord_that_can_be_told(score: Score) -> None:
    found = label(score)
    assert len(found) == len(score.meters)
    assert all(0 <= chord < CHORD.size for chord in found)


@given(chords, st.integers(-12, 12), st.integers(-12, 12))
def test_transposing_twice_is_transposing_by_the_sum(chord: int, first: int, second: int) -> None:
    assert transposed(transposed(chord, first), second) == transposed(chord, first + second)
    assert transposed(chord, 12) == chord


@pytest.mark.parametrize("semitones", range(-5, 7))
def test_the_chord_of_transposed_music_is_the_transposed_chord(semitones: int) -> None:
    here = label(sounding(50, 54, 57, 60))[0]
    there = label(sounding(*(pitch + semitones for pitch in (50, 54, 57, 60))))[0]
    assert transposed(here, semitones) == there


def test_chords_are_written_as_musicians_write_them() -> None:
    assert [chord_name(chord) for chord in (0, 10, NO_CHORD, UNKNOWN_CHORD)] == ["C maj", "C# min", "N", "?"]
    assert len({chord_name(chord) for chord in range(CHORD.size)}) == CHORD.size
