"""`meloformer bench clock`: the DAW's grid, and notes beside it. The measurement itself takes minutes."""

from __future__ import annotations

import pytest

from meloformer.bridge.transports.packing import Message
from meloformer.scripts.bench_clock import compared, ramp, steady
from meloformer.scripts.daw import Grid
from meloformer.scripts.served import Arrival


def told(*notes: tuple[int, float]) -> list[Arrival]:
    """What OSC told of notes, by pitch and beat."""
    return [Arrival(Message("/melo/out/note", (0, 1, pitch, 90, beat), None), 0.0) for pitch, beat in notes]


def test_a_grid_of_a_steady_tempo_is_even_and_begins_where_the_song_does() -> None:
    grid = Grid.of(steady(120.0), 8, first_beat=64.0)
    assert grid.seconds_at(66.5) == pytest.approx(1.25)
    assert grid.holds(64.0) and not grid.holds(72.0)


def test_a_ramp_gets_faster_beat_by_beat_until_it_is_over() -> None:
    grid = Grid.of(ramp(60.0, 180.0, begin=0.0, beats=8.0), 12)
    lengths = [grid.seconds_at(beat + 1.0) - grid.seconds_at(float(beat)) for beat in range(11)]
    assert lengths[:8] == sorted(lengths[:8], reverse=True)
    assert lengths[9] == pytest.approx(1 / 3)


def test_notes_are_held_against_the_grid_and_those_that_never_came_are_counted() -> None:
    grid = Grid.of(steady(120.0), 8)
    heard = {(1, 60): [11.003, 12.001]}
    record = compared(grid, 10.0, told((60, 2.0), (62, 3.0), (60, 4.0)), heard).record("steady")
    assert record["samples"] == 2
    assert record["worst_ms"] == pytest.approx(3.0, abs=0.01)
    assert record["lost"] == 1
