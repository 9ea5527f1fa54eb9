"""A bar that goes as an earlier one did is known by its beginning."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.returning import LEAST_TOKENS, MOST_BARS, Returning

BAR = v.BAR
SHORT, LONG = LEAST_TOKENS - 2, LEAST_TOKENS + 2
NOTES = st.lists(st.sampled_from([v.ON.id(60), v.ON.id(62)]), min_size=SHORT, max_size=LONG)


@given(st.lists(NOTES, max_size=40), NOTES)
def test_a_bar_comes_again_while_an_earlier_one_began_just_so(
    earlier: list[list[int]], now: list[int]
) -> None:
    told = [token for bar in [*earlier, now] for token in (BAR, *bar)]
    began_so = any(bar[: len(now)] == now for bar in earlier)
    assert Returning(told).again == (began_so and 1 + len(now) >= LEAST_TOKENS)


def test_bars_of_long_ago_are_forgotten() -> None:
    long_ago, since = ([BAR, *[v.ON.id(pitch)] * LONG] for pitch in (60, 62))
    assert Returning([*long_ago, *since * (MOST_BARS - 1), *long_ago]).again
    assert not Returning([*long_ago, *since * MOST_BARS, *long_ago]).again
