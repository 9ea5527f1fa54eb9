"""Bars that come back, and bars that are stuck."""

from __future__ import annotations

import numpy as np
import pytest

from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.training.form import repeated_bars, similarity_curve, similarity_error
from meloformer.training.hazards import Hazards, hazards_of, runs_away
from meloformer.training.journey import journeys
from meloformer.training.prompts import Prompt, repeated
from tunes import tune


def form(bars: str) -> Score:
    """One bar for each letter, the same for the same letter; a blank is an empty bar."""
    notes = [
        Note(96 * bar + 24 * beat, 0, 40 + ord(letter) % 32 + beat, 96 * bar + 24 * beat + 24, 16)
        for bar, letter in enumerate(bars)
        for beat in range(4)
        if letter != " "
    ]
    return Score((Meter(4, 4),) * len(bars), (TempoChange(0, 70),), tuple(notes))


def test_bars_that_come_back_every_second_bar_are_alike_at_even_offsets() -> None:
    curve = similarity_curve([form("aHaHaH")], offsets=4)
    assert curve == pytest.approx([0, 1, 0, 1])


def test_where_no_two_bars_lie_so_far_apart_there_is_no_likeness() -> None:
    curve = similarity_curve([form("aa")], offsets=3)
    assert curve[0] == 1
    assert np.isnan(curve[1:]).all()


def test_the_error_of_a_curve_is_its_mean_distance() -> None:
    real = np.array([0.5, 0.25, np.nan])
    assert similarity_error(real, real) == 0
    assert similarity_error(np.array([0.25, 0.5, 1.0]), real) == pytest.approx(0.25)


def test_the_longest_run_of_the_same_bar_is_counted_and_silence_is_none() -> None:
    assert repeated_bars(form("abbbcbb")) == 3
    assert repeated_bars(form("    ")) == 0


def test_a_score_is_repeated_from_its_beginning() -> None:
    assert repeated(form("abc"), 5) == form("abcab")
    assert repeated(form("abc"), 2) == form("ab")


def test_hazards_are_counted() -> None:
    heard, fine, stuck, empty = form("ab"), form("abcabcabcabc"), form("aaaaaaaaaaaa"), form("            ")
    assert hazards_of([heard] * 3, [fine, stuck, empty]) == Hazards(3, empty=1, runaway=0, stuck=1)
    assert hazards_of([heard] * 2, [fine, stuck]).rate("stuck") == 0.5


def test_a_bar_far_fuller_than_all_that_was_heard_runs_away() -> None:
    crowd = tuple(Note(tick, 0, 60, tick + 1, 16) for tick in range(33))
    answer = Score((Meter(4, 4),), (TempoChange(0, 70),), crowd)
    assert runs_away(answer, form("a"))
    assert not runs_away(answer, answer)
    assert not runs_away(form("ab"), Score((Meter(4, 4),), (TempoChange(0, 70),), ()))


def test_a_long_answer_like_real_music_has_no_error_and_keeps_its_parts() -> None:
    piece = tune(0, bars=80)
    prompt = Prompt("", "tune", 0, piece.bars(0, 16), piece.bars(16, 80))
    lost = Score(prompt.real.meters, prompt.real.tempos, tuple(n for n in prompt.real.notes if n.instrument))
    journey = journeys([prompt], {"same": [prompt.real], "lost": [lost]})
    assert (journey.error("same"), journey.parts["same"]) == (0, 1)
    assert journey.parts["lost"] == pytest.approx(2 / 3)
    assert 0 < journey.error("copy") < 1
