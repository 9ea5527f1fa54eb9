"""How long the way to a far engine is."""

from __future__ import annotations

from meloformer.bridge.engine.way import Way


def told(way: Way, *trips_s: float) -> list[float]:
    """What is told of these round trips, one after the other."""
    heard, now_s = [], 100.0
    for trip_s in trips_s:
        now_s += way.pause_s(now_s)
        number = way.ping(now_s)
        assert number is not None
        now_s += trip_s
        if (seconds := way.pong(number, now_s)) is not None:
            heard.append(round(seconds, 6))
    return heard


def test_it_is_known_after_five_round_trips() -> None:
    assert told(Way(), *[0.03] * 4) == []
    assert told(Way(), *[0.03] * 5) == [0.03]


def test_packets_that_were_sent_again_do_not_count() -> None:
    assert told(Way(), 0.03, 0.25, 0.03, 0.03, 0.24, 0.03, 0.03, 0.23, 0.03) == [0.03]


def test_a_way_that_becomes_longer_is_told_again() -> None:
    assert told(Way(), *[0.03] * 20, *[0.05] * 20) == [0.03, 0.05]


def test_pings_wait_for_their_time() -> None:
    way = Way()
    number = way.ping(100.0)
    assert number is not None
    assert way.ping(100.1) is None
    assert round(way.pause_s(100.1), 6) == 0.4
    assert way.pong(number + 1, 100.1) is None
