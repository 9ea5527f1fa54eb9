"""Music on the grid as a value: its bars, its tempi, and pieces cut from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model.score import (
    Meter,
    Note,
    Score,
    TempoChange,
    bpm_of,
    tempo_step,
    velocity_bin,
    velocity_of,
)
from meloformer.model.vocabulary import DRUMS, TEMPOS, VELOCITIES
from music import COMMON, METERS, scores


@pytest.mark.parametrize(
    ("meter", "ticks"), [((4, 4), 96), ((6, 8), 72), ((7, 8), 84), ((1, 32), 3), ((16, 4), 384)]
)
def test_a_meter_has_24_ticks_in_a_quarter(meter: tuple[int, int], ticks: int) -> None:
    assert Meter(*meter).ticks == ticks


@pytest.mark.parametrize("meter", [(0, 4), (33, 4), (4, 3), (4, 64), (17, 4), (5, 1), (-3, 4)])
def test_a_meter_without_tokens_is_known(meter: tuple[int, int]) -> None:
    assert not Meter(*meter).is_encodable


def test_there_are_bars_of_every_common_meter() -> None:
    assert {Meter(2, 4), COMMON, Meter(2, 2), Meter(5, 8), Meter(12, 8), Meter(15, 16)} <= set(METERS)


@given(st.data())
def test_cutting_a_score_keeps_the_notes_that_begin_inside(data: st.DataObject) -> None:
    score = data.draw(scores())
    first = data.draw(st.integers(0, len(score.meters) - 1))
    stop = data.draw(st.integers(first + 1, len(score.meters)))
    cut = score.bars(first, stop)
    low, high = score.bar_starts[first], score.bar_starts[stop]
    assert cut.meters == score.meters[first:stop]
    assert len(cut.notes) == sum(low <= note.onset < high for note in score.notes)
    assert all(note.end <= cut.ticks for note in cut.notes if note.instrument != DRUMS)
    for tick in range(0, cut.ticks, 7):
        assert cut.tempo_at(tick) == score.tempo_at(tick + low)


@given(scores())
def test_every_tick_lies_in_the_bar_that_holds_it(score: Score) -> None:
    for tick in range(0, score.ticks, 5):
        bar = score.bar_of(tick)
        assert score.bar_starts[bar] <= tick < score.bar_starts[bar + 1]
    assert score.bar_of(score.ticks + 10) == len(score.meters) - 1


def test_a_note_held_into_a_cut_is_left_out_and_one_held_out_of_it_ends_there() -> None:
    notes = (Note(0, 0, 60, 200, 20), Note(100, 0, 64, 300, 20))
    cut = Score((COMMON,) * 4, (TempoChange(0, 70),), notes).bars(1, 2)
    assert cut.notes == (Note(4, 0, 64, 96, 20),)


@given(st.integers(0, TEMPOS - 1))
def test_a_tempo_step_is_the_step_of_its_tempo(step: int) -> None:
    assert tempo_step(bpm_of(step)) == step


@given(st.floats(16, 600))
def test_a_tempo_is_kept_to_within_a_48th_of_an_octave(bpm: float) -> None:
    assert bpm_of(tempo_step(bpm)) == pytest.approx(bpm, rel=0.0146)


@pytest.mark.parametrize("bpm", [0.0, -1.0, float("nan"), float("inf")])
def test_a_tempo_that_is_none_is_refused(bpm: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        tempo_step(bpm)


@given(st.integers(1, 127))
def test_a_velocity_is_kept_to_within_two(velocity: int) -> None:
    assert abs(velocity_of(velocity_bin(velocity)) - velocity) <= 2
    assert 0 <= velocity_bin(velocity) < VELOCITIES


@given(st.integers(0, VELOCITIES - 1))
def test_a_velocity_bin_is_the_bin_of_its_velocity(bin_: int) -> None:
    assert velocity_bin(velocity_of(bin_)) == bin_
