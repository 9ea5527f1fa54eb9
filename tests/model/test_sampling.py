"""Choosing a token: what may be chosen, how likely, and the same again with the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from meloformer.model.sampling import Sampling, choose, distribution

SIZE = 12
PLAIN = Sampling(temperature=1.0, top_p=1.0, min_p=0.0)

logits = st.lists(st.floats(-1e4, 1e4, width=32), min_size=SIZE, max_size=SIZE).map(
    lambda values: np.array(values, dtype=np.float32)
)
masks = st.lists(st.booleans(), min_size=SIZE, max_size=SIZE).filter(any).map(np.array)
samplings = st.builds(
    Sampling, temperature=st.floats(0, 4), top_p=st.floats(1e-6, 1), min_p=st.floats(0, 0.999)
)


def likelihoods(*chances: float) -> NDArray[np.float32]:
    return np.array(np.log(chances), dtype=np.float32)


EVERYTHING = np.ones(4, dtype=np.bool_)
FOUR = likelihoods(0.5, 0.25, 0.2, 0.05)


@given(logits, masks, samplings)
def test_chances_sum_to_one_and_nothing_forbidden_has_any(
    values: NDArray[np.float32], allowed: NDArray[np.bool_], sampling: Sampling
) -> None:
    chances = distribution(values, allowed, sampling)
    assert chances.sum() == pytest.approx(1.0)
    assert (chances >= 0).all()
    assert not chances[~allowed].any()
    best = np.where(allowed, values, -np.inf).max()
    assert values[chances.argmax()] == pytest.approx(
        best
    )  # others may be as likely, as near as floats can tell


@given(logits, masks, samplings, st.integers(0, 2**32))
def test_what_is_chosen_had_a_chance(
    values: NDArray[np.float32], allowed: NDArray[np.bool_], sampling: Sampling, seed: int
) -> None:
    chances = distribution(values, allowed, sampling)
    assert chances[choose(chances, np.random.default_rng(seed))] > 0


def test_without_any_narrowing_chances_are_the_softmax() -> None:
    assert distribution(FOUR, EVERYTHING, PLAIN) == pytest.approx([0.5, 0.25, 0.2, 0.05])


def test_a_mask_shares_what_it_takes_among_the_rest() -> None:
    allowed = np.array([False, True, True, True])
    assert distribution(FOUR, allowed, PLAIN) == pytest.approx([0, 0.5, 0.4, 0.1])


def test_temperature_nought_takes_the_likeliest() -> None:
    chances = distribution(FOUR, np.array([False, True, True, True]), Sampling(temperature=0))
    assert chances.tolist() == [0, 1, 0, 0]


def test_a_low_temperature_sharpens_and_a_high_one_flattens() -> None:
    sharp = distribution(FOUR, EVERYTHING, Sampling(0.5, 1.0, 0.0))
    flat = distribution(FOUR, EVERYTHING, Sampling(2.0, 1.0, 0.0))
    assert sharp[0] > 0.5 > flat[0]
    assert sharp == pytest.approx(np.square([0.5, 0.25, 0.2, 0.05]) / 0.355)


@pytest.mark.parametrize(("top_p", "kept"), [(0.4, 1), (0.5, 1), (0.51, 2), (0.76, 3), (1.0, 4)])
def test_top_p_keeps_the_fewest_tokens_that_together_reach_it(top_p: float, kept: int) -> None:
    chances = distribution(likelihoods(0.5, 0.25, 0.2, 0.05), EVERYTHING, Sampling(1.0, top_p, 0.0))
    assert np.count_nonzero(chances) == kept


def test_min_p_drops_what_is_less_likely_than_its_share_of_the_likeliest() -> None:
    assert np.count_nonzero(distribution(FOUR, EVERYTHING, Sampling(1.0, 1.0, 0.39))) == 3
    assert np.count_nonzero(distribution(FOUR, EVERYTHING, Sampling(1.0, 1.0, 0.41))) == 2


def test_the_same_seed_chooses_the_same() -> None:
    chances = distribution(FOUR, EVERYTHING, PLAIN)
    runs = [[choose(chances, rng) for _ in range(50)] for rng in map(np.random.default_rng, (3, 3, 4))]
    assert runs[0] == runs[1] != runs[2]


def test_choices_come_as_often_as_their_chance() -> None:
    chances, rng = distribution(FOUR, EVERYTHING, PLAIN), np.random.default_rng(0)
    counts = np.bincount([choose(chances, rng) for _ in range(20_000)], minlength=4)
    assert counts / 20_000 == pytest.approx([0.5, 0.25, 0.2, 0.05], abs=0.015)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("temperature", (-0.1, 4.1)),
        ("top_p", (0.0, 1.1)),
        ("min_p", (-1, 1.0)),
        ("echo", (-0.1, 1.1)),
        ("memory", (-0.1, 1.1)),
    ],
)
def test_a_setting_out_of_range_is_refused_with_both_sides(field: str, values: tuple[float, ...]) -> None:
    for value in values:
        with pytest.raises(ValueError, match=rf"{field} is .* to .*, not {value}"):
            Sampling(**{field: value})


@pytest.mark.parametrize("field", ["temperature", "top_p", "min_p", "echo", "memory"])
def test_what_is_no_number_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match="not nan"):
        Sampling(**{field: float("nan")})
