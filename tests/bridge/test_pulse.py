"""A MIDI clock as it comes: jitter, ramps, jumps, lost ticks, bursts, two at once. Time is made up here."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from meloformer.bridge.pulse import SILENCE_S, Pulse
from meloformer.bridge.ticks import FASTEST_BPM, SLOWEST_BPM, TICKS_PER_BEAT

Pace = Callable[[float], float]  # the tempo at a beat
SETTLED_BEATS = 2
JITTER_S = 0.003


def grid(pace: Pace, beats: int) -> Iterator[float]:
    """When a sender of this tempo means to tick."""
    at = 100.0
    for tick in range(beats * TICKS_PER_BEAT):
        yield at
        at += 60 / TICKS_PER_BEAT / pace(tick / TICKS_PER_BEAT)


def late(times: Iterable[float], seed: int, jitter_s: float = JITTER_S) -> list[float]:
    """Those times as they arrive: up to so much late or early, and in order."""
    chance = random.Random(seed)
    arrived = [0.0]
    for at in times:
        arrived.append(max(arrived[-1], at + chance.uniform(-jitter_s, jitter_s)))
    return arrived[1:]


def pulses(times: Iterable[float], pulse: Pulse | None = None) -> list[Pulse]:
    """The pulse after each tick."""
    after = [Pulse() if pulse is None else pulse]
    for at in times:
        after.append(after[-1].ticked(at))
    return after[1:]


def steady(bpm: float, beats: int = 24, seed: int = 1) -> list[Pulse]:
    return pulses(late(grid(lambda _: bpm, beats), seed))


def errors_s(after: list[Pulse], pace: Pace, beats: int) -> list[float]:
    """How far each pulse's idea of the present is from the sender's, in seconds, once there is one."""
    meant = enumerate(zip(after, grid(pace, beats), strict=True))
    return [
        (pulse.beats_at(at) - (tick + 1) / TICKS_PER_BEAT) * 60 / pace(tick / TICKS_PER_BEAT)
        for tick, (pulse, at) in meant
        if pulse.bpm is not None
    ]


def jump(before: float, after: float, at: float = 8.0) -> Pace:
    return lambda beat: before if beat < at else after


def ramp(low: float, high: float, begin: float, beats: float) -> Pace:
    return lambda beat: low + (high - low) * min(1.0, max(0.0, (beat - begin) / beats))


@pytest.mark.parametrize("bpm", [40.0, 60.0, 90.0, 120.0, 180.0])
@pytest.mark.parametrize("seed", range(3))
def test_with_3_ms_of_jitter_a_steady_tempo_is_known_to_1_bpm_within_2_beats(bpm: float, seed: int) -> None:
    settled = steady(bpm, seed=seed)[SETTLED_BEATS * TICKS_PER_BEAT :]
    assert max(abs((pulse.bpm or 0.0) - bpm) for pulse in settled) < 1.0


@pytest.mark.parametrize(("before", "after"), [(120.0, 132.0), (120.0, 150.0), (150.0, 100.0), (60.0, 180.0)])
def test_a_jump_of_the_tempo_is_followed_within_2_beats_and_no_beat_is_lost(
    before: float, after: float
) -> None:
    pace = jump(before, after)
    told = pulses(late(grid(pace, 16), seed=2))
    settled = told[(8 + SETTLED_BEATS) * TICKS_PER_BEAT :]
    assert max(abs((pulse.bpm or 0.0) - after) for pulse in settled) < 1.0
    assert max(map(abs, errors_s(told, pace, 16)[-5 * TICKS_PER_BEAT :])) < 0.003


def test_a_ramp_from_60_to_180_is_followed_within_3_ms_in_the_middle() -> None:
    pace = ramp(60.0, 180.0, begin=4.0, beats=32.0)
    errors = sorted(map(abs, errors_s(pulses(late(grid(pace, 40), seed=3)), pace, 40)))
    assert errors[len(errors) // 2] < 0.0015
    assert errors[int(0.99 * len(errors))] < 0.010


@given(some.sets(some.integers(2, 13), max_size=8), some.integers(1, 5), some.integers(0, 99))
@settings(max_examples=20)
def test_ticks_that_get_lost_cost_no_beat(where: set[int], number: int, seed: int) -> None:
    lost = {30 * place + tick for place in where for tick in range(number)}
    times = late(grid(lambda _: 120.0, 20), seed)
    kept = [at for tick, at in enumerate(times) if tick not in lost]
    pulse = pulses(kept)[-1]
    assert pulse.beats_at(times[-1]) == pytest.approx(20.0, abs=0.01)
    assert pulse.bpm == pytest.approx(120.0, abs=1.0)


def test_300_ticks_at_once_move_nothing() -> None:
    times = late(grid(lambda _: 120.0, 20), seed=4)
    burst = [times[239]] * 300
    before = pulses(times[:240])
    during = pulses(burst, before[-1])
    after = pulses(times[240:], during[-1])
    at = times[239]
    assert max(abs(pulse.beats_at(at) - 10.0) for pulse in during) < 0.1
    assert max(abs((pulse.bpm or 0.0) - 120.0) for pulse in after) < 1.0
    assert after[-1].beats_at(times[-1]) == pytest.approx(20.0, abs=0.01)


def test_ticks_held_up_and_then_sent_all_at_once_are_all_counted() -> None:
    times = late(grid(lambda _: 120.0, 20), seed=5)
    held_up = [max(at, times[260]) if tick >= 240 else at for tick, at in enumerate(times)]
    told = pulses(held_up)
    assert max(abs((pulse.bpm or 0.0) - 120.0) for pulse in told[48:]) < 1.0
    assert told[-1].beats_at(times[-1]) == pytest.approx(20.0, abs=0.01)


@pytest.mark.parametrize(("other_bpm", "shift"), [(120.0, 0.3), (120.0, 0.7)])
def test_of_two_clocks_at_once_the_one_that_was_there_first_is_followed(
    other_bpm: float, shift: float
) -> None:
    first = late(grid(lambda _: 120.0, 24), seed=6, jitter_s=0.0005)
    second = [at + 4.0 + shift / 48 for at in late(grid(lambda _: other_bpm, 8), seed=7, jitter_s=0.0005)]
    told = pulses(sorted(first + second))
    assert max(abs((pulse.bpm or 0.0) - 120.0) for pulse in told[48:]) < 1.0
    assert told[-1].beats_at(first[-1]) == pytest.approx(24.0, abs=0.01)


def both(bpm: float, other_bpm: float, jitter_s: float, seed: int, shift: float = 0.3) -> list[Pulse]:
    """The pulse after each tick of a clock of 32 beats, in the middle of which another one ticks too."""
    times = late(grid(lambda _: bpm, 32), seed, jitter_s)
    begin, beats = 8 * 60 / bpm, round(16 * other_bpm / bpm)
    others = late(grid(lambda _: other_bpm, beats), seed + 1, jitter_s)
    return pulses(sorted(times + [at + begin + shift * 60 / bpm / 24 for at in others]))


PAIRS = [
    *((120.0, 97.0), (97.0, 120.0), (60.0, 180.0), (180.0, 60.0), (120.0, 121.0), (120.0, 125.0)),
    *((120.0, 120.0), (120.0, 60.0), (60.0, 120.0), (140.0, 70.0), (100.0, 150.0), (90.0, 110.0)),
]


@pytest.mark.parametrize(("bpm", "other_bpm"), PAIRS)
@pytest.mark.parametrize("jitter_s", [0.001, 0.003])
def test_two_clocks_at_once_do_not_add_up_and_the_first_is_kept(
    bpm: float, other_bpm: float, jitter_s: float
) -> None:
    told = both(bpm, other_bpm, jitter_s, seed=9)
    settled = told[2 * TICKS_PER_BEAT :]
    assert max(abs((pulse.bpm or 0.0) / bpm - 1) for pulse in settled) < 0.02
    assert told[-1].beats_at(told[-1].last.seconds) == pytest.approx(32.0, abs=0.1)
    assert any(pulse.is_crowded for pulse in told)


@given(some.floats(60, 150), some.floats(0.6, 1.8), some.integers(1, 3), some.integers(0, 99))
@settings(max_examples=20)
def test_whatever_two_tempi_come_together_the_tempo_stays_that_of_the_first(
    bpm: float, ratio: float, jitter_ms: int, seed: int
) -> None:
    assume(abs(ratio - 1) > 0.05)  # nearer ones may begin half a tick apart, as a doubled tempo would
    told = both(bpm, bpm * ratio, jitter_ms / 1000, seed)
    assert max(abs((pulse.bpm or 0.0) / bpm - 1) for pulse in told[2 * TICKS_PER_BEAT :]) < 0.05


def test_when_the_first_of_two_clocks_stops_the_other_is_followed() -> None:
    first = late(grid(lambda _: 120.0, 16), seed=10)
    second = [at + 4.003 for at in late(grid(lambda _: 97.0, 24), seed=11)]
    told = pulses(sorted(first + second))
    assert told[-1].bpm == pytest.approx(97.0, abs=1.0)
    assert not told[-1].is_crowded


@pytest.mark.parametrize("other_bpm", [97.0, 110.0, 180.0])
def test_a_second_clock_that_begins_with_a_start_is_no_new_tempo(other_bpm: float) -> None:
    times = [(at, False) for at in late(grid(lambda _: 120.0, 32), seed=15)]
    others = [at + 8.007 for at in late(grid(lambda _: other_bpm, 12), seed=16)]
    told = [Pulse()]
    for at, starts in sorted([*times, (others[0], True), *((at, False) for at in others[1:])]):
        told.append(told[-1].restarted(at) if starts else told[-1].ticked(at))
    settled = [pulse.bpm for pulse in told[2 * TICKS_PER_BEAT :] if pulse.bpm is not None]
    assert max(abs(bpm - 120.0) for bpm in settled) < 2.0
    assert any(pulse.is_crowded for pulse in told)


@pytest.mark.parametrize("after", [60.0, 90.0, 118.0, 120.0, 150.0, 240.0])
def test_a_clock_that_begins_anew_has_its_own_tempo_within_2_beats(after: float) -> None:
    pulse = steady(120.0)[-1]
    times = [at + 12.011 for at in late(grid(lambda _: after, 8), seed=17)]
    anew = pulses(times[1:], pulse.restarted(times[0]))
    settled = anew[SETTLED_BEATS * TICKS_PER_BEAT + 2 :]  # a doubled one is believed only then
    assert max(abs((pulse.bpm or 0.0) - after) for pulse in settled) < 1.0
    assert anew[-1].last.number - pulse.last.number == len(times)


def test_when_the_second_of_two_clocks_has_stopped_there_is_only_one() -> None:
    told = both(120.0, 97.0, 0.002, seed=12)
    assert not told[-1].is_crowded


@pytest.mark.parametrize("after", [60.0, 97.0, 132.0, 150.0, 180.0, 240.0, 300.0])
def test_one_clock_is_never_taken_for_two_whatever_its_tempo_does(after: float) -> None:
    told = pulses(late(grid(jump(120.0, after), 24), seed=13, jitter_s=0.001))
    assert not any(pulse.is_crowded for pulse in told)
    settled = told[(8 + 4) * TICKS_PER_BEAT :]
    assert max(abs((pulse.bpm or 0.0) - after) for pulse in settled) < 1.0


def test_two_clocks_of_one_tempo_half_a_tick_apart_are_the_ticks_of_a_doubled_one() -> None:
    told = both(120.0, 120.0, 0.001, seed=14, shift=0.5)
    assert max(pulse.bpm or 0.0 for pulse in told) == pytest.approx(240.0, abs=2.0)


@given(some.lists(some.floats(0, 0.7), min_size=1, max_size=150))
def test_whatever_comes_the_tempo_is_one_that_can_be(gaps: list[float]) -> None:
    pulse, at = Pulse(), 100.0
    for gap in gaps:
        at += gap
        pulse = pulse.ticked(at)
        assert pulse.bpm is None or SLOWEST_BPM <= pulse.bpm <= FASTEST_BPM
        assert pulse.ends_at == at + SILENCE_S


def test_a_clock_that_begins_anew_may_have_any_tempo_and_phase() -> None:
    pulse = steady(60.0)[-1]
    times = [at + 24.3 for at in late(grid(lambda _: 120.0, 8), seed=8)]
    anew = pulses(times[1:], pulse.restarted(times[0]))
    assert anew[-1].bpm == pytest.approx(120.0, abs=1.0)
    assert anew[-1].last.number - pulse.last.number == len(times)
