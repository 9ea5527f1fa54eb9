"""The chord of a bar is chosen before its notes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.arrays import Arrays
from meloformer.model.chords import label
from meloformer.model.events import BarStart, NoteOn, TempoSet
from meloformer.model.harmony import progression, scale
from meloformer.model.limits import Limits, Rules
from meloformer.model.performer import Performer
from meloformer.model.progression import SURELY, next_chord
from meloformer.model.sampling import Sampling
from music import COMMON, TINY, arrays, network, piece, told

C_MAJOR = scale("C major")
FREE = Sampling(1.0, 1.0, 0.0)


@pytest.fixture(scope="module")
def model() -> Arrays:
    return arrays(network(TINY))


def after(model: Arrays, rules: Rules, seed: int = 1) -> Performer:
    performer = Performer(model, Sampling(1.5, 1.0, 0.0), seed, Limits(rules=rules))
    for event in told(piece(1, bars=2)):
        performer.hear(event)
    return performer


@given(st.integers(0, 2**31), st.none() | st.just(C_MAJOR))
def test_every_chord_has_its_chance_and_nothing_else(seed: int, tones: tuple[int, ...] | None) -> None:
    chances = next_chord(np.random.default_rng(seed).normal(size=v.SIZE).astype(np.float32), FREE, tones)
    assert chances.sum() == pytest.approx(1)
    assert chances[v.CHORD.start : v.CHORD.stop].sum() == pytest.approx(1)
    assert tones is not None or (chances[v.CHORD.start : v.CHORD.stop] > 0).all()


def test_chords_are_chosen_more_surely_than_notes() -> None:
    logits = np.zeros(v.SIZE, np.float32)
    logits[v.CHORD.id(7)] = 3.0
    odds = [
        float(np.divide(*next_chord(logits, Sampling(t, 1.0, 0.0))[[v.CHORD.id(7), v.CHORD.id(0)]]))
        for t in (1.0, 2.0)
    ]
    assert odds == pytest.approx([np.exp(3 / SURELY), np.exp(3 / SURELY / 2)], rel=1e-5)


def test_in_a_scale_chords_lie_in_it_or_have_no_name() -> None:
    logits = np.zeros(v.SIZE, np.float32)
    possible = set(np.flatnonzero(next_chord(logits, FREE, C_MAJOR)) - v.CHORD.start)
    assert set(progression("C Dm Em F G Am N")) <= possible
    assert not possible & set(progression("D E A Bm"))


def test_every_bar_of_an_answer_stands_on_a_chord_that_is_said_with_its_line(model: Arrays) -> None:
    performer = after(model, Rules(scale=C_MAJOR))
    lines = [event for event in performer.answer(4) if isinstance(event, BarStart)]
    told_chords = [token - v.CHORD.start for token in performer.tokens if token in v.CHORD]
    assert [line.chord for line in lines] == told_chords[2:]
    assert all(
        chord in np.flatnonzero(next_chord(np.zeros(v.SIZE, np.float32), FREE, C_MAJOR)) - v.CHORD.start
        for chord in told_chords[2:]
    )


def test_a_chord_that_is_prescribed_is_not_chosen(model: Arrays) -> None:
    wanted = progression("Am F C G")
    lines = [event for event in after(model, Rules(chords=wanted)).answer(4) if isinstance(event, BarStart)]
    assert tuple(line.chord for line in lines) == wanted


def test_a_bar_that_is_filled_from_its_line_on_gets_a_chord_and_one_that_was_begun_does_not(
    model: Arrays,
) -> None:
    for begun in (False, True):
        performer = after(model, Rules())
        performer.hear(BarStart(192, COMMON))
        performer.hear(TempoSet(192, 20))
        if begun:
            performer.hear(NoteOn(192, 0, 60, 20))
            performer.hear(NoteOn(216, 0, 60, 20))
        list(performer.fill_bar({33}, set()))
        assert sum(token in v.CHORD for token in performer.tokens) == (2 if begun else 3)


def test_what_was_heard_is_told_with_the_chords_it_stands_on(model: Arrays) -> None:
    performer = after(model, Rules())
    score = performer.told()
    assert [token - v.CHORD.start for token in performer.tokens if token in v.CHORD] == label(score)
