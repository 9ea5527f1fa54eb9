"""Scales and chords as they are written, and as the model knows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model.chords import INTERVALS, PITCH_CLASS_NAMES, chord_name
from meloformer.model.harmony import ROOTS, SCALES, SUFFIXES, chord, progression, scale
from meloformer.model.vocabulary import CHORD_QUALITIES, NO_CHORD


def test_a_scale_is_its_pitch_classes() -> None:
    assert scale("C major") == (0, 2, 4, 5, 7, 9, 11)
    assert scale("A minor") == scale("C major")
    assert scale("Bb minor pentatonic") == (1, 3, 5, 8, 10)


def test_every_scale_has_its_root_and_no_pitch_class_twice() -> None:
    for root, pitch_class in ROOTS.items():
        for kind in SCALES:
            steps = scale(f"{root} {kind}")
            assert pitch_class in steps and list(steps) == sorted(set(steps))


def test_a_progression_is_read_chord_by_chord() -> None:
    assert [chord_name(each) for each in progression("Am F C G7")] == ["A min", "F maj", "C maj", "G 7"]
    assert progression("Am, F,C  G7") == progression("Am F C G7")


def test_a_richer_chord_is_the_one_that_it_colours_whatever_its_bass() -> None:
    rich, plain = "C6 Fmaj9 G13 Am9 Dm6/A C/E", "C Fmaj7 G7 Am7 Dm C"
    assert progression(rich) == progression(plain)


def test_no_chord_is_a_chord_too() -> None:
    assert progression("N Bbmaj7")[0] == NO_CHORD


@given(st.sampled_from(sorted(ROOTS)), st.sampled_from(sorted(SUFFIXES)))
def test_every_chord_that_can_be_written_is_one_that_the_model_knows(root: str, suffix: str) -> None:
    named = chord_name(chord(root + suffix))
    assert named == f"{PITCH_CLASS_NAMES[ROOTS[root]]} {SUFFIXES[suffix]}"


def test_every_quality_can_be_written() -> None:
    assert set(SUFFIXES.values()) == set(CHORD_QUALITIES) == set(INTERVALS)


@pytest.mark.parametrize("text", ["", "H", "Am/H", "Am/", "/G", "am", "C11", "A m"])
def test_what_is_no_chord_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="is no chord; a root and one of"):
        progression(text)


@pytest.mark.parametrize("text", ["", "C", "major", "H major", "C majr"])
def test_what_is_no_scale_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="is no scale; a root and one of major, minor"):
        scale(text)
