"""How fast a run learns, and when it ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.training.errors import RecipeError
from meloformer.training.plan import BySteps, ByTime, plan_from, rate
from meloformer.training.recipe import Recipe, gentler, recipe_for


def test_a_run_by_steps_keeps_its_speed_and_slows_down_over_the_last_fifth() -> None:
    plan = BySteps.of(1000, 100)
    assert [plan.left(step, 0.0) for step in (1000, 1079, 1080, 1090, 1099, 1100)] == [1, 1, 1, 0.5, 0.05, 0]


def test_a_run_by_time_keeps_its_speed_and_slows_down_over_the_last_fifth() -> None:
    plan = ByTime.of(minutes=10)
    assert [plan.left(7, second) for second in (0, 480, 540, 600, 700)] == [1, 1, 0.5, 0, 0]


def test_a_cooldown_begins_at_full_speed_and_ends_at_none() -> None:
    assert [BySteps.cooling(50, 4).left(step, 0.0) for step in range(50, 55)] == [1, 0.75, 0.5, 0.25, 0]
    assert [ByTime.cooling(1).left(0, second) for second in (0, 30, 60)] == [1, 0.5, 0]


def test_a_run_without_cooldown_ends_at_full_speed() -> None:
    assert [BySteps(10, 0).left(step, 0.0) for step in (0, 9, 10)] == [1, 1, 0]


def test_the_rate_rises_first_and_falls_last() -> None:
    plan = BySteps(10, 2)
    rates = [rate(step, 4, plan.left(step, 0.0)) for step in range(10)]
    assert rates == [0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 0.5]


def test_a_plan_comes_back_from_the_log_with_what_was_spent() -> None:
    assert plan_from(repr(BySteps(100, 20)), 7.0) == BySteps(100, 20)
    assert plan_from(repr(ByTime(60.0, 12.0)), 50.0) == ByTime(60.0, 12.0, 50.0)
    assert plan_from(repr(ByTime(60.0, 12.0, 50.0)), 4.0).left(9, 3.0) == 0.25
    with pytest.raises(RecipeError, match="--minutes or --steps"):
        plan_from("until dawn", 0.0)


def test_how_much_is_done_is_a_share_of_this_start() -> None:
    assert [BySteps(110, 0).share(10, step, 0.0) for step in (10, 60, 110)] == [0, 0.5, 1]
    assert [ByTime(60.0, 6.0, 20.0).share(10, 11, second) for second in (0.0, 20.0, 50.0)] == [0, 0.5, 1]


@given(st.integers(0, 10**6), st.integers(0, 1000), st.floats(0, 1))
def test_the_rate_is_a_share(step: int, warmup: int, left: float) -> None:
    assert 0 <= rate(step, warmup, left) <= 1


def test_only_a_long_run_is_worth_compiling_for() -> None:
    assert BySteps.of(0, 10_000).is_long(0)
    assert not BySteps.of(0, 10_000).is_long(9_900)
    assert ByTime.of(60).is_long(0)
    assert not ByTime.of(1).is_long(0)


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ({"warmup": 500, "steps": 100}, "warmup \\(500 steps\\)"),
        ({"cooldown": 2, "steps": 3, "warmup": 2}, "cooldown \\(2\\)"),
        ({"size": "huge"}, "huge"),
        ({"tokens": 10}, "64 tokens"),
    ],
    ids=str,
)
def test_numbers_that_do_not_go_together_are_refused_by_name(numbers: dict[str, int], named: str) -> None:
    with pytest.raises(RecipeError, match=named):
        Recipe(**numbers)


def test_longer_rows_make_no_larger_steps() -> None:
    for tokens in (256, 512, 1024, 8192):
        recipe = recipe_for("small", tokens)
        assert recipe.batch * recipe.tokens == max(4096, tokens)


def test_weights_that_know_music_are_changed_more_gently() -> None:
    usual = recipe_for("small", 512)
    assert gentler(usual).matrix_rate < usual.matrix_rate
    assert gentler(usual).other_rate < usual.other_rate
