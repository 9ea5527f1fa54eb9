"""A copy gives itself away by its echo, another piece by having none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.vocabulary import DRUMS
from meloformer.training.likeness import chroma_similarity, echo, motif_overlap, onset_f1
from music import scores
from tunes import tune

HEARD = tune(0)


def line(*pitches: int, instrument: int = 0, step: int = 24) -> Score:
    """Notes `step` ticks apart in bars of four quarters."""
    notes = [Note(step * at, instrument, pitch, step * at + step, 16) for at, pitch in enumerate(pitches)]
    bars = max(1, -(-len(pitches) * step // 96))
    return Score((Meter(4, 4),) * bars, (TempoChange(0, 70),), tuple(notes))


def test_a_copy_has_all_the_echo_there_is() -> None:
    assert echo(HEARD.bars(4, 8), HEARD) == 1


def test_music_that_shares_no_note_has_no_echo() -> None:
    assert echo(line(61, 63, 66, 68), line(60, 62, 64, 65)) == 0


def test_a_bar_with_one_of_four_notes_changed_echoes_three_of_five() -> None:
    assert echo(line(60, 62, 64, 69), line(60, 62, 64, 65)) == pytest.approx(3 / 5)


def test_the_best_heard_bar_counts_and_empty_bars_do_not() -> None:
    heard = line(60, 62, 64, 65, 72, 71, 69, 67)
    answer = Score((Meter(4, 4),) * 2, (TempoChange(0, 70),), line(72, 71, 69, 67).notes)
    assert echo(answer, heard) == 1


def test_a_drum_is_no_pitch() -> None:
    assert echo(line(60, 62, instrument=DRUMS), line(60, 62)) == 0


def test_silence_has_no_echo_to_measure() -> None:
    assert math.isnan(echo(line(), HEARD))


def test_onsets_agree_whatever_the_pitches() -> None:
    assert onset_f1(line(60, 60, 60, 60), line(71, 72, 73, 74)) == 1
    assert onset_f1(line(60, 60), line(60, 60, 60, 60)) == pytest.approx(2 * 2 / 6)
    assert onset_f1(line(), line()) == 0


def test_chroma_knows_no_octaves_and_tells_keys_apart() -> None:
    assert chroma_similarity(line(60, 64, 67, 72), line(48, 52, 55, 60)) == pytest.approx(1)
    assert chroma_similarity(line(60, 64, 67, 72), line(61, 65, 68, 73)) == 0
    assert math.isnan(chroma_similarity(line(36, instrument=DRUMS), line(38, instrument=DRUMS)))


def test_motifs_are_known_again_in_another_key_but_not_in_another_rhythm() -> None:
    heard = line(60, 62, 64, 65, 67, 65, 64, 62)
    assert motif_overlap(line(67, 69, 71, 72, 74), heard) == 1
    assert motif_overlap(line(60, 62, 64, 65, 67, step=12), heard) == 0
    assert motif_overlap(line(60, 62, 64, 65, 60), heard) == pytest.approx(1 / 2)


def test_a_copy_has_every_motif_and_drums_have_none() -> None:
    assert motif_overlap(HEARD.bars(2, 6), HEARD) == 1
    assert math.isnan(motif_overlap(line(36, 38, 36, 38, 36, instrument=DRUMS), HEARD))


@given(scores(), scores())
def test_likeness_is_a_share(one: Score, other: Score) -> None:
    for likeness in (echo, onset_f1, chroma_similarity, motif_overlap):
        assert math.isnan(value := likeness(one, other)) or 0 <= value <= 1 + 1e-9
