"""The 5-gram is a proper model: its chances sum to one, and it is what the paper says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.training import ngram
from meloformer.training.ngram import Tokens, count_ngrams, estimated_discounts, packed

documents = st.lists(st.lists(st.integers(1, 12), min_size=2, max_size=40), min_size=1, max_size=6)
ALL = np.arange(v.SIZE, dtype=np.uint16)


def arrays(told: list[list[int]]) -> list[Tokens]:
    return [np.array(tokens, dtype=np.uint16) for tokens in told]


@given(documents, st.lists(st.integers(1, 14), min_size=2, max_size=8), st.integers(1, 5))
def test_after_any_context_the_chances_of_all_tokens_sum_to_one(
    told: list[list[int]], context: list[int], order: int
) -> None:
    model = count_ngrams(arrays(told), order)
    for key in packed(np.array(context, dtype=np.uint16), order - 1):
        chances = model.chances_after(np.full(v.SIZE, key), ALL)
        assert chances.sum() == pytest.approx(1)
        assert chances.min() > 0


@given(documents)
def test_it_counts_every_ngram_that_ends_after_the_first_token(told: list[list[int]]) -> None:
    trigrams = count_ngrams(arrays(told), 3).levels[-1]
    expected: dict[tuple[int, ...], int] = {}
    for tokens in told:
        padded = [v.PAD, *tokens]
        for at in range(2, len(padded)):
            gram = tuple(padded[at - 2 : at + 1])
            expected[gram] = expected.get(gram, 0) + 1
    assert dict(zip(map(unpacked, trigrams.keys), np.diff(trigrams.counted), strict=True)) == expected


def unpacked(key: np.uint64) -> tuple[int, ...]:
    return tuple(int(key) >> shift & 2047 for shift in (22, 11, 0))


@given(documents)
def test_shorter_contexts_count_how_many_longer_ones_there_are(told: list[list[int]]) -> None:
    bigrams, trigrams = count_ngrams(arrays(told), 3).levels[1:]
    found: dict[int, int] = {}
    for key in trigrams.keys:
        found[int(key) & (1 << 22) - 1] = found.get(int(key) & (1 << 22) - 1, 0) + 1
    assert dict(zip(map(int, bigrams.keys), np.diff(bigrams.counted), strict=True)) == found


@given(documents)
def test_counting_in_parts_is_counting_at_once(told: list[list[int]]) -> None:
    at_once = count_ngrams(arrays(told))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngram, "LEAST_AT_ONCE", 3)
        in_parts = count_ngrams(arrays(told))
    for one, other in zip(at_once.levels, in_parts.levels, strict=True):
        assert np.array_equal(one.keys, other.keys)
        assert np.array_equal(one.counted, other.counted)


def test_a_key_holds_the_latest_tokens_in_order() -> None:
    keys = packed(np.array([5, 6, 7, 8], dtype=np.uint16), 3)
    assert [unpacked(key) for key in keys] == [(0, 0, 5), (0, 5, 6), (5, 6, 7), (6, 7, 8)]


def test_five_of_the_largest_tokens_fit_a_key_and_stay_apart() -> None:
    largest = v.SIZE - 1
    model = count_ngrams([np.full(9, largest, dtype=np.uint16), np.full(9, largest - 1, dtype=np.uint16)])
    assert len(model.levels[-1].keys) == 8
    assert (
        model.chances(np.full(9, largest, dtype=np.uint16), np.full(8, largest, dtype=np.uint16)) > 0.2
    ).all()


def test_a_longer_context_helps_where_it_matters() -> None:
    rng = np.random.default_rng(1)
    told = [np.tile(rng.permutation(np.array([3, 3, 4, 5], dtype=np.uint16)), 10) for _ in range(50)]
    bits = [sum(count_ngrams(told, order).surprise(one).sum() for one in told) for order in (1, 3, 5)]
    assert bits[0] > bits[1] > bits[2]


def test_discounts_are_those_of_the_paper() -> None:
    counts = np.repeat([1, 2, 3, 4, 9], [400, 100, 50, 20, 7])
    share = 400 / (400 + 2 * 100)
    assert estimated_discounts(counts).tolist() == pytest.approx(
        [0, 1 - 2 * share * 100 / 400, 2 - 3 * share * 50 / 100, 3 - 4 * share * 20 / 50]
    )


def test_with_too_little_to_estimate_from_the_discount_is_the_usual_one() -> None:
    assert estimated_discounts(np.array([1, 1, 2])).tolist() == [0, 0.75, 0.75, 0.75]
