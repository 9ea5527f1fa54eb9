"""The beat of a phrase that was played without a clock."""

from __future__ import annotations

import math
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.bridge.beat_grid import Grid
from meloformer.bridge.beats import Onset, estimate

KICK, SNARE, HAT = 36, 38, 42


def clicks(bpm: float, count: int = 16, pitch: int = 60) -> list[Onset]:
    return [Onset(60 / bpm * beat, pitch, 90, False) for beat in range(count)]


def groove(bpm: float, bars: int = 2, jitter_s: float = 0.0, seed: int = 1) -> list[Onset]:
    """Kick on one and three, snare on two and four, a hat on each eighth."""
    chance, found = random.Random(seed), []
    for eighth in range(8 * bars):
        drum = (KICK, None, SNARE, None)[eighth % 4]
        for pitch in (HAT, drum):
            if pitch is not None:
                at = eighth * 30 / bpm + chance.gauss(0.0, jitter_s)
                found.append(Onset(at, pitch, 90, True))
    return sorted(found)


onsets = st.lists(
    st.builds(
        Onset,
        st.floats(0.0, 1e4, allow_nan=False),
        st.integers(0, 127),
        st.integers(1, 127),
        st.booleans(),
    ),
    max_size=60,
).map(sorted)


@given(st.floats(45.0, 200.0))
def test_steady_clicks_have_their_tempo_up_to_an_octave(bpm: float) -> None:
    found = estimate(clicks(bpm))
    assert found is not None
    octaves = math.log2(found.bpm / bpm)
    assert abs(octaves - round(octaves)) < 0.01
    assert 40 <= found.bpm <= 212


@given(st.floats(72.0, 150.0), st.integers(0, 1000))
def test_a_groove_has_its_tempo_and_its_bar_lines(bpm: float, seed: int) -> None:
    found = estimate(groove(bpm, bars=2, jitter_s=0.01, seed=seed))
    assert found is not None
    assert found.bpm == pytest.approx(bpm, rel=0.03)
    assert found.beats_per_bar == 4
    assert found.grid.beat_at(240 / bpm) % 4 == pytest.approx(0.0, abs=0.15) or found.grid.beat_at(
        240 / bpm
    ) % 4 == pytest.approx(4.0, abs=0.15)


@given(st.floats(0.0, 1e5), st.floats(70.0, 150.0))
def test_it_is_the_same_beat_whenever_it_is_played(since: float, bpm: float) -> None:
    played = groove(bpm)
    later = [onset._replace(seconds=onset.seconds + since) for onset in played]
    one, other = estimate(played), estimate(later)
    assert one is not None and other is not None
    assert other.bpm == pytest.approx(one.bpm, rel=1e-3)
    assert other.beats_per_bar == one.beats_per_bar


@given(st.floats(0.9, 1.1))
def test_what_is_played_faster_has_a_tempo_that_is_as_much_faster(faster: float) -> None:
    played = groove(105.0)
    one = estimate(played)
    other = estimate([onset._replace(seconds=onset.seconds / faster) for onset in played])
    assert one is not None and other is not None
    assert other.bpm == pytest.approx(one.bpm * faster, rel=0.01)


@given(
    onsets, st.none() | st.floats(20.0, 400.0), st.none() | st.sampled_from((2.0, 3.0, 3.5, 4.0, 5.0, 6.0))
)
def test_whatever_is_played_nothing_fails(played: list[Onset], bpm: float | None, bar: float | None) -> None:
    found = estimate(played, bpm, bar)
    if found is None:
        return
    assert math.isfinite(found.bpm) and 0.0 <= found.confidence <= 1.0
    assert list(found.grid.seconds) == sorted(found.grid.seconds)
    beats = [found.grid.beat_at(onset.seconds) for onset in played]
    assert beats == sorted(beats)
    assert beats[0] > -0.2
    assert bpm is None or found.bpm == bpm


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_few_notes_have_no_beat(count: int) -> None:
    assert estimate(clicks(100.0, count)) is None


def test_a_chord_has_no_beat() -> None:
    assert estimate([Onset(0.0, pitch, 90, False) for pitch in range(40, 60)]) is None


def test_a_phrase_that_gets_slower_ends_at_the_slower_tempo() -> None:
    played, at = [], 0.0
    for eighth in range(64):
        played.append(Onset(at, KICK if eighth % 4 == 0 else SNARE if eighth % 4 == 2 else HAT, 90, True))
        at += 30 / (120 - 0.3 * eighth)
    found = estimate(played)
    assert found is not None
    assert found.bpm == pytest.approx(102, rel=0.03)
    assert [round(found.grid.beat_at(onset.seconds) * 2) for onset in played] == list(range(64))


def test_a_known_tempo_is_kept_to() -> None:
    found = estimate(groove(93.0, jitter_s=0.01), bpm=93.0)
    assert found is not None
    assert found.bpm == 93.0
    assert found.grid.beat_at(240 / 93) == pytest.approx(4.0, abs=0.1)


def test_a_known_bar_is_kept_to() -> None:
    found = estimate(clicks(100.0, 12), bar=3.0)
    assert found is not None
    assert found.beats_per_bar == 3


def test_beats_and_seconds_are_each_other_turned_round() -> None:
    grid = Grid(-1, (0.0, 0.5, 1.1, 1.6))
    for beat in (-2.5, -1.0, -0.3, 0.0, 0.7, 1.0, 2.0, 4.5):
        assert grid.beat_at(grid.seconds_at(beat)) == pytest.approx(beat)


def test_two_hundred_onsets_take_a_few_milliseconds() -> None:
    played = groove(100.0, bars=17)[:200]
    spent = []
    for _ in range(5):
        began_s = time.thread_time()
        estimate(played)
        spent.append(time.thread_time() - began_s)
    assert min(spent) < 0.02
