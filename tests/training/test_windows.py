"""Stretches of music as documents: they fit, they decode, and they say no more than the music does."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.chords import label
from meloformer.model.decoder import decode
from meloformer.model.layout import pack
from meloformer.model.score import Score
from meloformer.training.rows import Piece
from meloformer.training.windows import Budget, Chances, whole, window
from music import scores
from tunes import tune

ALWAYS = Chances(given_parts=1.0, missing_bars=1.0, dropped_parts=1.0)
PLAIN = Chances(0.0, 0.0, 0.0, semitones=(0, 0), velocity_bins=0, tempo_steps=0)
budgets = st.builds(Budget, st.integers(64, 600), st.integers(2, 20))


def piece_of(score: Score) -> Piece:
    return Piece("c", "a piece", score, tuple(label(score)))


@given(scores(), budgets, st.sampled_from((Chances(), ALWAYS, PLAIN)), st.randoms(use_true_random=False))
def test_any_window_decodes_and_fits_its_budget(
    score: Score, budget: Budget, chances: Chances, rng: random.Random
) -> None:
    document = window(piece_of(score).sheet(), budget, chances, rng)
    decode(document.tokens)
    pack([document], budget.bars, budget.tokens)


@given(st.integers(0, 50), st.randoms(use_true_random=False))
def test_a_window_ends_the_piece_only_where_the_piece_ends(seed: int, rng: random.Random) -> None:
    piece = piece_of(tune(seed, bars=12))
    document = window(piece.sheet(), Budget(600, 4), PLAIN, rng)
    if v.EOS in document.tokens:
        told = decode(document.tokens)
        assert told.notes == piece.score.bars(12 - len(told.meters), 12).notes


def test_a_moved_window_is_the_same_music_in_another_key() -> None:
    piece = piece_of(tune(1, bars=2))
    fifth = Chances(0.0, 0.0, 0.0, semitones=(5, 5), velocity_bins=0, tempo_steps=0)
    moved = decode(window(piece.sheet(), Budget(600, 4), fifth, random.Random(1)).tokens)
    for before, after in zip(piece.score.notes, moved.notes, strict=False):
        assert after.pitch - before.pitch == (0 if before.instrument == v.DRUMS else 5)


def test_a_key_that_leaves_the_keyboard_is_not_taken() -> None:
    piece = piece_of(tune(1))
    far = Chances(0.0, 0.0, 0.0, semitones=(120, 120), velocity_bins=0, tempo_steps=0)
    pitches = {
        note.pitch
        for note in decode(window(piece.sheet(), Budget(600, 8), far, random.Random(1)).tokens).notes
    }
    assert pitches <= {note.pitch for note in piece.score.notes}


def test_every_part_of_the_grammar_is_told_sooner_or_later() -> None:
    piece, rng = piece_of(tune(1)), random.Random(1)
    told = {
        token for _ in range(60) for token in window(piece.sheet(), Budget(400, 8), Chances(), rng).tokens
    }
    assert {v.GIVEN, v.MADE, v.FUTURE, v.PRESENT, v.EOS} <= told
    assert any(token in v.CHORD for token in told)


def test_told_plainly_a_piece_comes_back_whole() -> None:
    piece = piece_of(tune(1))
    assert decode(whole(piece, 0, 8)) == piece.score
    assert whole(piece, 0, 8)[-1] == v.EOS
    assert v.EOS not in whole(piece, 0, 7)
