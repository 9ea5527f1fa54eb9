"""What music is like by itself, on music whose answer is known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.vocabulary import DRUMS
from meloformer.training.style import (
    density,
    groove_consistency,
    pitch_class_entropy,
    polyphony,
    scale_consistency,
)
from music import scores


def line(*pitches: int, instrument: int = 0, beats: int = 4) -> Score:
    """Quarter notes in bars of so many beats."""
    notes = [Note(24 * at, instrument, pitch, 24 * at + 24, 16) for at, pitch in enumerate(pitches)]
    bars = -(-len(pitches) // beats)
    return Score((Meter(beats, 4),) * bars, (TempoChange(0, 70),), tuple(notes))


def test_one_pitch_class_has_no_entropy_and_all_twelve_have_the_most() -> None:
    assert pitch_class_entropy(line(60, 72, 48, 60)) == 0
    assert pitch_class_entropy(line(*range(60, 72))) == pytest.approx(math.log2(12))


def test_four_pitch_classes_alike_have_two_bits() -> None:
    assert pitch_class_entropy(line(60, 62, 64, 65)) == pytest.approx(2)


def test_a_minor_scale_is_consistent_and_a_chromatic_one_is_not() -> None:
    assert scale_consistency(line(57, 59, 60, 62, 64, 65, 67)) == 1
    assert scale_consistency(line(*range(60, 72))) == pytest.approx(7 / 12)


def test_drums_have_no_key_and_no_polyphony() -> None:
    drums = line(36, 38, 36, 38, instrument=DRUMS)
    assert all(math.isnan(of(drums)) for of in (pitch_class_entropy, scale_consistency, polyphony))


def test_a_groove_that_repeats_is_consistent() -> None:
    assert groove_consistency(line(36, 38, 36, 38, 40, 41, 42, 43, instrument=DRUMS)) == 1


def test_a_bar_with_one_other_onset_of_sixteen_is_a_sixteenth_less_consistent() -> None:
    assert groove_consistency(line(60, 62, 64, 65, 60, 62, 64)) == pytest.approx(1 - 1 / 16)


def test_a_single_bar_has_no_groove_to_keep() -> None:
    assert math.isnan(groove_consistency(line(60, 62, 64, 65)))


def test_density_is_notes_in_a_bar() -> None:
    assert density(line(60, 62, 64, 65, 67, 69)) == 3


def test_polyphony_counts_only_while_something_sounds() -> None:
    chord = (Note(0, 0, 60, 24, 16), Note(0, 0, 64, 48, 16))
    assert polyphony(Score((Meter(4, 4),), (TempoChange(0, 70),), chord)) == pytest.approx(1.5)


@given(scores())
def test_every_value_is_in_its_range(score: Score) -> None:
    for of, low, high in (
        (pitch_class_entropy, 0, math.log2(12) + 1e-9),
        (scale_consistency, 7 / 12 - 1e-9, 1),
        (groove_consistency, 0, 1),
        (density, 0, math.inf),
        (polyphony, 1, math.inf),
    ):
        assert math.isnan(value := of(score)) or low <= value <= high
