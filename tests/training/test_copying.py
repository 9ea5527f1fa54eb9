"""The copy of the last bar is a proper model too, and follows along in the bar before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.telling import encode
from meloformer.training.copying import NOTHING, STREAKS, Copying, copies, fit_copying
from meloformer.training.ngram import count_ngrams
from music import scores
from tunes import tune

CLASSES = len(v.TABLE) * (len(STREAKS) + 1)


def bars(*pitches: list[int]) -> list[int]:
    """Bars of quarter notes, told plainly."""
    notes = [
        Note(96 * bar + 24 * beat, 0, pitch, 96 * bar + 24 * beat + 24, 16)
        for bar, inside in enumerate(pitches)
        for beat, pitch in enumerate(inside)
    ]
    return encode(Score((Meter(4, 4),) * len(pitches), (TempoChange(0, 70),), tuple(sorted(notes))))


def misses(tokens: list[int]) -> list[str]:
    """What was not expected in the third bar."""
    third = [at for at, token in enumerate(tokens) if token == v.BAR][2]
    expected = copies(tokens).expected
    return [v.describe(tokens[at]) for at in range(third + 1, len(tokens)) if expected[at - 1] != tokens[at]]


def test_a_third_equal_bar_is_expected_to_the_last_token() -> None:
    assert misses(bars([60, 64, 67, 72], [60, 64, 67, 72], [60, 64, 67, 72])) == ["EOS"]


def test_in_the_first_bar_nothing_is_expected() -> None:
    tokens = bars([60, 64])
    assert set(copies(tokens).expected.tolist()) == {NOTHING}


def test_after_a_wrong_note_the_copy_catches_up() -> None:
    assert misses(bars([60, 64, 67, 72], [60, 64, 67, 72], [60, 62, 67, 72])) == ["ON 62", "EOS"]


def test_after_a_left_out_moment_the_copy_finds_its_place_by_position() -> None:
    missing = bars([60, 60, 60, 60], [60, 60, 60, 60])
    at = [index for index, token in enumerate(missing) if token == v.POS.id(24)][-1]
    after = [index for index, token in enumerate(missing) if token == v.POS.id(48)][-1]
    shorter = missing[:at] + missing[after:]
    expected = copies(shorter).expected
    last = [index for index, token in enumerate(shorter) if token == v.POS.id(72)][-1]
    assert expected[last - 1] == shorter[last]


@given(scores())
def test_it_follows_any_music(score: Score) -> None:
    tokens = encode(score)
    found = copies(tokens)
    assert len(found.expected) == len(found.classes) == len(tokens) - 1
    assert ((found.classes >= 0) & (found.classes < CLASSES)).all()


@settings(max_examples=20)
@given(scores(most_bars=3, most_notes=8), st.integers(0, 2**32 - 1))
def test_at_every_place_the_chances_of_all_tokens_sum_to_one(score: Score, seed: int) -> None:
    tokens = np.array(encode(score), dtype=np.uint16)
    shares = np.random.default_rng(seed).random(CLASSES)
    model = Copying(shares, count_ngrams([tokens], 2))
    total = sum(
        model.chances(tokens, np.full(len(tokens) - 1, token, dtype=np.uint16)) for token in range(v.SIZE)
    )
    assert total == pytest.approx(np.ones(len(tokens) - 1))


def test_fitted_shares_are_better_than_none_on_music_that_repeats() -> None:
    told = [np.array(encode(tune(seed)), dtype=np.uint16) for seed in range(6)]
    bigram = count_ngrams(told, 2)
    fitted = fit_copying(told[:3], bigram)
    heard = told[4]
    assert fitted.surprise(heard).sum() < bigram.surprise(heard).sum()
    assert ((fitted.shares >= 0) & (fitted.shares <= 1)).all()
