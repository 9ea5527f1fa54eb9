"""What a hand plays is heard where it was meant; what a sequencer plays is heard where it is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.bridge.hand import Hand

TICK_S = 60 / 100 / 24  # at 100 beats a minute
MELODY = [0, 24, 36, 48, 60, 66, 72, 78, 84, 96, 120, 132, 144, 150, 156, 168]


def heard(strikes: list[float], tick_s: float = TICK_S) -> list[int]:
    """The ticks at which these strikes were meant."""
    hand, found = Hand(), []
    for at in strikes:
        meant, hand = hand.strikes(at, tick_s)
        found.append(meant)
    return found


@pytest.mark.parametrize("seed", range(10))
def test_a_melody_that_a_hand_plays_is_heard_on_the_grid(seed: int) -> None:
    chance = random.Random(seed)
    meant = [*MELODY, *(192 + tick for tick in MELODY)]
    got = heard([tick + chance.gauss(0, 0.012) / TICK_S for tick in meant])
    assert sum(a == b for a, b in zip(got, meant, strict=True)) >= len(meant) - 2


def test_triplets_that_a_hand_plays_stay_triplets() -> None:
    chance = random.Random(1)
    meant = [8 * step for step in range(24)]
    got = heard([tick + chance.gauss(0, 0.01) / TICK_S for tick in meant])
    assert sum(a == b for a, b in zip(got, meant, strict=True)) >= len(meant) - 1


def test_a_chord_is_one_moment() -> None:
    for spread_s in (0.0, 0.01, 0.02):
        chord = [48 + spread_s / TICK_S * note / 3 for note in range(4)]
        assert set(heard([0, 24, *chord])[2:]) == {48}


@given(st.lists(st.integers(0, 23), min_size=8, max_size=8), st.floats(60.0, 160.0))
def test_a_sequencer_is_heard_to_the_tick_wherever_it_strikes(odd: list[int], bpm: float) -> None:
    steady = [24 * beat for beat in range(8)]
    strange = [24 * (8 + beat) + tick for beat, tick in enumerate(odd)]
    assert heard([*map(float, steady + strange)], 60 / bpm / 24)[8:] == strange


def loudness(velocities: list[int], scatter_s: float) -> list[int]:
    """The velocities that were meant by notes struck now early, now late."""
    hand, found = Hand(), []
    for number in range(16):
        _, hand = hand.strikes(24 * number + (-1) ** number * scatter_s / TICK_S, TICK_S)
    for velocity in velocities:
        meant, hand = hand.hits(velocity, 0)
        found.append(meant)
    return found


def test_what_is_about_as_loud_is_as_loud_and_an_accent_is_an_accent() -> None:
    assert loudness([80, 87, 74, 81, 110, 104, 80], 0.012) == [80, 80, 80, 80, 110, 110, 80]


def test_a_sequencer_means_every_step_of_loudness() -> None:
    assert loudness([80, 87, 74, 81], 0.001) == [80, 87, 74, 81]


def test_every_instrument_has_its_own_loudness() -> None:
    hand = Hand()
    _, hand = hand.hits(100, 0)
    meant, hand = hand.hits(90, 33)
    assert meant == 90
    assert hand.hits(92, 0)[0] == 100


@given(st.lists(st.floats(0.0, 400.0), min_size=2, max_size=40), st.floats(0.01, 0.06))
def test_nothing_is_heard_far_from_where_it_is_struck(strikes: list[float], tick_s: float) -> None:
    for at, meant in zip(sorted(strikes), heard(sorted(strikes), tick_s), strict=True):
        assert abs(meant - at) <= 8.5


@given(st.floats(0.0, 100.0), st.floats(0.01, 200.0), st.floats(0.01, 0.06))
def test_a_note_ends_after_it_began(at: float, length: float, tick_s: float) -> None:
    meant, hand = Hand().strikes(at, tick_s)
    assert hand.lets_go(at + length, tick_s, meant)[0] > meant
