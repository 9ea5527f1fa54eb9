"""Musical time: pinned tempi, bar lines, a clock that runs or stands still."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from meloformer.bridge.tempo import Bars, Clock, Tempo, quarters
from meloformer.model.score import Meter

BPMS = some.floats(20, 400)
SECONDS = some.floats(0, 1e5)
METERS = some.builds(Meter, some.integers(1, 16), some.sampled_from([2, 4, 8, 16])).filter(
    lambda meter: meter.is_encodable
)


@given(BPMS, BPMS, SECONDS, some.floats(0, 1e4))
def test_a_tempo_change_leaves_the_current_beat_where_it_was(
    old: float, new: float, pinned: float, later: float
) -> None:
    tempo = Tempo(old, beat=0.0, seconds=pinned)
    now = pinned + later
    assert tempo.changed(new, now).beat_at(now) == tempo.beat_at(now)


@given(BPMS, SECONDS, some.floats(0, 1e4))
def test_a_beat_and_its_second_are_each_others_inverse(bpm: float, pinned: float, beat: float) -> None:
    tempo = Tempo(bpm, beat=0.0, seconds=pinned)
    assert tempo.beat_at(tempo.seconds_at(beat)) == pytest.approx(beat, abs=1e-6)


@given(some.lists(some.tuples(METERS, some.floats(0, 200)), max_size=5), some.floats(0, 500))
def test_every_beat_lies_between_two_bar_lines_a_bar_apart(
    changes: list[tuple[Meter, float]], beat: float
) -> None:
    bars = Bars.of(Meter(4, 4))
    for meter, where in changes:
        bars = bars.changed(meter, where)
    before = bars.line_before(beat)
    length = quarters(bars.meter_at(before))
    assert before - 1e-6 <= beat < before + length
    assert bars.line_after(beat) in (before, pytest.approx(before + length))
    assert bars.line_after(before) == before
    assert bars.bar_at(before + length / 2) + 1 == bars.bar_at(before + length)


def test_a_meter_change_waits_for_the_next_bar_line() -> None:
    bars = Bars.of(Meter(4, 4)).changed(Meter(3, 4), 1.5)
    assert bars.meter_at(3.9) == Meter(4, 4)
    assert bars.meter_at(4.0) == Meter(3, 4)
    assert bars.line_after(4.5) == 7.0


def test_a_meter_change_takes_the_place_of_one_that_has_not_come_yet() -> None:
    bars = Bars.of(Meter(4, 4)).changed(Meter(3, 4), 1.5).changed(Meter(5, 4), 2.0)
    assert bars.line_after(4.5) == 9.0
    assert len(bars.changes) == 2


def test_bars_are_counted_across_meters() -> None:
    bars = Bars.of(Meter(4, 4)).changed(Meter(3, 4), 5.0)
    assert [bars.bar_at(beat) for beat in (0.0, 7.9, 8.0, 10.9, 11.0)] == [0, 1, 2, 2, 3]
    assert bars.after(3, 4.0) == 14.0


def test_a_standing_clock_stays_on_its_beat() -> None:
    clock = Clock.standing(100.0).started(0.0, 100.0).stopped(101.0)
    assert clock.beat_at(500.0) == 2.0
    assert clock.seconds_at(3.0) is None


def test_a_clock_can_be_moved_and_goes_on_from_there() -> None:
    clock = Clock.standing(0.0).started(0.0, 0.0).moved(16.0, 10.0)
    assert clock.beat_at(10.5) == 17.0


@pytest.mark.parametrize(
    ("quantise", "point"), [("now", 5.3), ("beat", 6.0), ("bar", 8.0)], ids=["now", "beat", "bar"]
)
def test_an_answer_may_begin_at_the_next_point_of_its_grid(quantise: str, point: float) -> None:
    assert Clock.standing(0.0).next_point(quantise, 5.3) == point  # type: ignore[arg-type]


@pytest.mark.parametrize("quantise", ["now", "beat", "bar"])
def test_a_point_of_the_grid_is_its_own_next(quantise: str) -> None:
    assert Clock.standing(0.0).next_point(quantise, 8.0 + 1e-9) == pytest.approx(8.0)  # type: ignore[arg-type]
