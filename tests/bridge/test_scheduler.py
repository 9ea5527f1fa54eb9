"""The queue of what is to happen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from meloformer.bridge.scheduler import Schedule

MOMENTS = some.floats(0, 100)


@given(some.lists(some.tuples(MOMENTS, some.integers(0, 2))), MOMENTS)
def test_everything_due_comes_once_and_in_order(entries: list[tuple[float, int]], until: float) -> None:
    schedule: Schedule[int] = Schedule()
    for number, (at, rank) in enumerate(entries):
        schedule = schedule.plus(at, number, rank)
    due, rest = schedule.due(until)
    expected = sorted((at, rank, number) for number, (at, rank) in enumerate(entries))
    assert [(cue.at, cue.rank, cue.item) for cue in due + rest.cues] == expected
    assert all(cue.at <= until for cue in due)
    assert rest.next_at is None or rest.next_at > until


def test_of_one_moment_the_lower_rank_comes_first_and_then_the_first_that_came() -> None:
    empty: Schedule[str] = Schedule()
    schedule = empty.plus(1.0, "on", 2).plus(1.0, "off", 0).plus(1.0, "on too", 2)
    assert [cue.item for cue in schedule.due(1.0)[0]] == ["off", "on", "on too"]


def test_a_schedule_is_a_value() -> None:
    empty: Schedule[str] = Schedule()
    one = empty.plus(1.0, "a")
    assert (len(empty), len(one), len(one.cleared())) == (0, 1, 0)
