"""How music ends is told by where its bass stands, what sounds last, and how long it rests."""

from __future__ import annotations

import math

import pytest

from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.training.endings import ending_of

COMMON = Meter(4, 4)


def score(*notes: Note) -> Score:
    return Score((COMMON,) * 2, (TempoChange(0, 70),), tuple(sorted(notes)))


def chord(onset: int, end: int, *pitches: int) -> list[Note]:
    return [Note(onset, 0, pitch, end, 20) for pitch in pitches]


SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60)
HEARD = score(*(Note(12 * at, 0, pitch, 12 * at + 12, 20) for at, pitch in enumerate(SCALE)))
DRUM = Note(186, 128, 38, 192, 20)


def test_a_long_chord_of_the_key_comes_home_and_rests() -> None:
    end = ending_of([(HEARD, score(*chord(0, 96, 62, 65), *chord(96, 192, 48, 64, 67), DRUM))])
    assert (end.bass, end.home, end.rest) == (1.0, 1.0, 4.0)


def test_what_sounds_last_counts_where_the_end_is_silent() -> None:
    end = ending_of([(HEARD, score(*chord(96, 120, 60), *chord(120, 144, 50, 67)))])
    assert end.bass == 0.0
    assert end.home == pytest.approx(0.5)
    assert end.rest == 3.0


def test_ends_are_taken_together_and_those_without_a_pitch_are_left_out() -> None:
    home, away = score(*chord(96, 192, 48)), score(*chord(96, 192, 50))
    assert ending_of([(HEARD, home), (HEARD, away), (HEARD, score(DRUM))]).bass == 0.5
    nothing = ending_of([(score(DRUM), home)])
    assert math.isnan(nothing.bass)
    assert nothing.as_json() == {"bass": None, "home": None, "rest": None}
