"""Two clocks beside each other: what happens at one moment is tagged with one time."""

from __future__ import annotations

import time

import pytest

from meloformer.bridge import now


def test_one_moment_has_one_time_tag_however_often_it_is_told() -> None:
    """Each reading of both clocks would differ by some microseconds, or by milliseconds on a busy machine."""
    moment = now.seconds()
    assert len({now.to_epoch(moment) for _ in range(2000)}) <= 2  # a wall clock may be set meanwhile


def test_a_time_tag_is_the_wall_clock_and_comes_back_as_its_moment() -> None:
    moment = now.seconds()
    assert now.to_epoch(moment) == pytest.approx(time.time(), abs=0.5)
    assert now.from_epoch(now.to_epoch(moment)) == pytest.approx(moment, abs=2 * now.TOLERANCE_S)


def test_a_wall_clock_that_is_set_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, real = now._WallClock(), time.time
    before_s = clock.ahead_s()
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    ahead_s = next(each for _ in range(1000) if (each := clock.ahead_s()) != before_s)
    assert ahead_s - before_s == pytest.approx(3600, abs=0.5)
