"""Runs of notes that an answer has from the training pieces, and those that it only seems to have."""

from __future__ import annotations

import random

import numpy as np
from datasets import Dataset

from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.vocabulary import DRUMS
from meloformer.training import copied
from meloformer.training.copied import Learnt, learn, symbols_of
from meloformer.training.rows import piece_of
from meloformer.training.split import split


def melody(seed: int, count: int, instrument: int = 0, up: int = 0) -> Score:
    """A melody by chance: no two seeds share four notes."""
    chance, tick, notes = random.Random(seed), 0, []
    for _ in range(count):
        tick += 6 * chance.randint(1, 30)
        notes.append(Note(tick, instrument, chance.randint(10, 110) + up, tick + 6, 16))
    return Score((Meter(4, 4),) * (tick // 96 + 1), (TempoChange(0, 70),), tuple(notes))


def learnt(*pieces: Score) -> Learnt:
    return Learnt(np.concatenate([symbols_of(np.array(one.notes, dtype=np.int64)) for one in pieces]))


def part(score: Score, first: int, stop: int) -> Score:
    return Score(score.meters, score.tempos, score.notes[first:stop])


def test_a_run_of_training_notes_is_found_in_any_key_and_on_any_instrument() -> None:
    knows = learnt(melody(1, 40), melody(2, 40))
    assert knows.longest_runs([part(melody(2, 40), 10, 26)]) == [16]
    assert knows.longest_runs([part(melody(2, 40, instrument=73, up=5), 10, 26)]) == [16]


def test_other_music_shares_no_run() -> None:
    assert learnt(melody(1, 200)).longest_runs([melody(3, 200), melody(4, 0)]) == [0, 0]


def test_a_run_does_not_go_on_from_one_piece_into_the_next() -> None:
    first, second = part(melody(1, 20), 0, 10), part(melody(1, 20), 10, 20)
    assert learnt(first, second).longest_runs([melody(1, 20)]) == [10]
    assert learnt(melody(1, 20)).longest_runs([first, second]) == [10, 10]


def test_runs_are_told_by_the_longest_length_they_reach() -> None:
    assert learnt(melody(1, 40)).longest_runs([part(melody(1, 40), 0, 19)]) == [16]


def test_what_was_heard_before_is_not_from_training() -> None:
    knows, answer = learnt(melody(1, 40)), part(melody(1, 40), 10, 34)
    assert knows.longest_runs([answer, answer], [melody(2, 40), melody(1, 40)]) == [24, 0]


def test_a_longer_run_than_the_one_that_was_heard_is_from_training() -> None:
    knows, answer = learnt(melody(1, 40)), part(melody(1, 40), 10, 34)
    assert knows.longest_runs([answer], [part(melody(1, 40), 10, 30)]) == [24]


def test_drums_are_nobodys() -> None:
    drums = melody(1, 40, instrument=DRUMS)
    assert learnt(drums).longest_runs([drums]) == [0]


def test_it_makes_no_difference_how_many_notes_are_looked_at_at_once(monkeypatch) -> None:
    knows, asked = learnt(melody(1, 90), melody(2, 90)), [part(melody(2, 90), 5, 69), melody(1, 30)]
    expected = knows.longest_runs(asked)
    monkeypatch.setattr(copied, "AT_ONCE", 7)
    assert knows.longest_runs(asked) == expected == [64, 24]


def test_what_a_store_teaches_is_its_training_pieces(store: Dataset) -> None:
    told: list[int] = []
    knows = learn(store, told.append)
    training = [piece_of(store[index]).score for index in split(store).training]
    assert told[-1] == len(training)
    assert set(knows.longest_runs(training)) == {48}  # of the 56 that a tune has
