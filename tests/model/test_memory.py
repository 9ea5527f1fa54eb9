"""The memory knows what came next the last time, in any key, and never says what may not be said."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.automaton import Automaton
from meloformer.model.memory import EXACT_SHARES, LENGTHS, MOVED_SHARES, Exact, Memory, Moved, Recall
from meloformer.model.score import Score
from meloformer.model.telling import encode
from music import scores

EVERYTHING = np.ones(v.SIZE, dtype=np.bool_)
NOTHING_KNOWN = np.full(v.SIZE, 1 / v.SIZE)


def automaton(said: list[int] | str) -> Automaton:
    made = Automaton()
    for symbol in said:
        made.push(ord(symbol) if isinstance(symbol, str) else symbol)
    return made


def longest_before(said: list[int]) -> int:
    """The slow twin: the longest end of what was said that was said before."""
    ends = range(len(said) - 1, 0, -1)
    return next((n for n in ends if any(said[at : at + n] == said[-n:] for at in range(len(said) - n))), 0)


def came_after(said: list[int], length: int) -> Counter[int]:
    """The slow twin: what followed the last `length` symbols earlier on."""
    stretch = said[len(said) - length :]
    return Counter(said[at + length] for at in range(len(said) - length) if said[at : at + length] == stretch)


@given(st.lists(st.integers(0, 2), max_size=40))
def test_it_finds_the_longest_stretch_that_was_there_before(said: list[int]) -> None:
    assert automaton(said).matched == longest_before(said)


@given(st.lists(st.integers(0, 2), max_size=30))
def test_it_counts_what_came_after_that_stretch(said: list[int]) -> None:
    made = automaton(said)
    assert Counter(dict(made.followers())) == came_after(said, made.matched)


@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=20), st.lists(st.integers(0, 3), min_size=1, max_size=20)
)
def test_it_follows_what_it_does_not_learn(said: list[int], followed: list[int]) -> None:
    made, whole = automaton(said), said + followed
    for symbol in followed:
        made.follow(symbol)
    there = [n for n in range(len(whole) + 1) if whole[len(whole) - n :] in stretches(said, n)]
    assert made.matched == max(there)
    stretch = whole[len(whole) - made.matched :]
    ends = [at + made.matched for at in range(len(said)) if said[at : at + made.matched] == stretch]
    assert Counter(dict(made.followers())) == Counter(said[end] for end in ends if end < len(said))
    made.rewind()
    assert made.matched == longest_before(said)


def stretches(said: list[int], length: int) -> list[list[int]]:
    """The slow twin: all of that length."""
    return [said[at : at + length] for at in range(len(said) - length + 1)]


def test_what_came_next_the_last_time_is_expected() -> None:
    made = automaton("abracadabra")
    assert made.matched == len("abra")
    assert [chr(symbol) for symbol, _ in made.followers()] == ["c"]


def told(*tokens: int, telling: Exact | Moved, most: int = 1000) -> Recall:
    recall = Recall(telling, (1.0,) * (len(LENGTHS) + 1), most)
    for token in tokens:
        recall.push(token)
    return recall


def test_a_phrase_is_known_again_in_another_key() -> None:
    phrase = [v.ON.id(pitch) for pitch in (60, 64, 67, 72)]
    moved = [v.ON.id(pitch) for pitch in (65, 69, 72)]
    assert told(*phrase, *moved, telling=Moved()).expected() == {v.ON.id(77): 1}
    assert v.ON.id(77) not in told(*phrase, *moved, telling=Exact()).expected()


def test_a_step_off_the_keyboard_is_not_expected() -> None:
    up = [v.ON.id(pitch) for pitch in (60, 70, 100)]
    assert told(*up, *(v.ON.id(pitch) for pitch in (100, 110)), telling=Moved()).expected() == {}


def test_drums_and_positions_are_never_moved() -> None:
    beat = [v.POS.id(0), v.D.id(36), v.POS.id(24), v.D.id(38)]
    assert told(*beat, *beat[:3], telling=Moved()).expected() == {v.D.id(38): 1}


@given(scores(most_bars=3))
def test_a_moved_telling_can_always_be_told_back(score: Score) -> None:
    telling, tokens = Moved(), encode(score)
    for token in tokens:
        probe = Moved()
        probe._pitch = telling._pitch
        symbol = telling.symbol(token)
        assert probe.token(symbol) == token


def test_it_forgets_what_is_long_ago_but_never_the_last_half() -> None:
    recall = told(*range(100), telling=Exact(), most=40)
    recall.push(85)
    assert recall.expected() == {86: 1}
    recall.push(5)
    assert recall.length_class == 0


@given(scores(most_bars=3), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_mixed_chances_sum_to_one_and_keep_to_what_is_allowed(
    score: Score, seed: int, strength: float
) -> None:
    random, memory = np.random.default_rng(seed), Memory()
    for token in encode(score):
        memory.push(token)
    allowed = random.random(v.SIZE) < 0.5
    allowed[0] = True
    chances = np.where(allowed, random.random(v.SIZE), 0)
    mixed = memory.mixed(chances / chances.sum(), allowed, strength)
    assert mixed.sum() == pytest.approx(1)
    assert (mixed[~allowed] == 0).all()
    assert (mixed >= 0).all()


def test_without_strength_nothing_changes() -> None:
    memory = Memory()
    for token in (v.BOS, v.BAR, v.BAR, v.BAR):
        memory.push(token)
    assert (memory.mixed(NOTHING_KNOWN, EVERYTHING, 0.0) == NOTHING_KNOWN).all()


def test_the_longer_the_remembered_stretch_the_surer_it_is() -> None:
    memory, sure = Memory(), []
    phrase = [token for pitch in range(40, 70) for token in (v.POS.id(pitch), v.ON.id(pitch))]
    for token in (*phrase, *phrase):
        memory.push(token)
        sure.append(memory.mixed(NOTHING_KNOWN, EVERYTHING, 1.0).max())
    short, long, longer = len(phrase) + LENGTHS[0] - 2, len(phrase) + LENGTHS[0], len(sure) - 2
    assert sure[longer] > sure[long] > sure[short] == NOTHING_KNOWN.max()


def test_there_is_a_share_for_each_class_of_length() -> None:
    assert len(MOVED_SHARES) == len(EXACT_SHARES) == len(LENGTHS) + 1
    assert all(0 <= share < 1 for share in (*MOVED_SHARES, *EXACT_SHARES))
