"""A bar that goes as an earlier one did is known by its beginning."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.performer import Performer
from meloformer.model.returning import LEAST_TOKENS, MOST_BARS, Returning
from meloformer.model.sampling import Chances, Sampling, distribution
from music import COMMON, TINY, arrays, network

BAR = v.BAR
SHORT, LONG = LEAST_TOKENS - 2, LEAST_TOKENS + 2
FEW = st.lists(st.sampled_from([v.ON.id(60), v.ON.id(62)]), max_size=2)
NOTES = st.lists(st.sampled_from([v.ON.id(60), v.ON.id(62)]), min_size=SHORT, max_size=LONG)


def after(*bars: list[int]) -> Returning:
    """What is known after these bars, which were heard."""
    told = [token for bar in bars for token in (BAR, *bar)]
    return Returning(told, [False] * len(told))


@given(st.lists(NOTES, max_size=40), NOTES)
def test_a_bar_comes_again_while_an_earlier_one_began_just_so(
    earlier: list[list[int]], now: list[int]
) -> None:
    began_so = any(bar[: len(now)] == now for bar in earlier)
    assert after(*earlier, now).again == (began_so and 1 + len(now) >= LEAST_TOKENS)


def test_bars_of_long_ago_are_forgotten() -> None:
    long_ago, since = ([v.ON.id(pitch)] * LONG for pitch in (60, 62))
    assert after(long_ago, *[since] * (MOST_BARS - 1), long_ago).again
    assert not after(long_ago, *[since] * MOST_BARS, long_ago).again


@given(st.lists(st.tuples(FEW, st.integers(1, 5)), max_size=4), st.lists(FEW, max_size=6), FEW)
def test_a_bar_is_too_often_there_once_it_comes_in_a_row_more_often_than_it_was_heard_to(
    heard: list[tuple[list[int], int]], answered: list[list[int]], now: list[int]
) -> None:
    played = [bar for bar, times in heard for _ in range(times)]
    runs = [len(list(run)) for _, run in groupby(played)]
    *_, (last, run) = [(None, 0), *((bar, len(list(run))) for bar, run in groupby([*played, *answered]))]
    goes_on = last is not None and last[: len(now)] == now
    returning = after(*played)
    for bar in [*answered, now]:
        returning.take([BAR, *bar], answered=True)
    assert returning.times == (max(0, run - max(runs, default=1)) if goes_on else 0)
    assert not returning.times or returning.again


def test_each_time_too_many_the_next_token_of_the_same_bar_gets_a_tenth_of_its_odds() -> None:
    chances = np.zeros(v.SIZE)
    chances[[v.ON.id(60), v.ON.id(62)]] = 0.8, 0.2
    once, thrice = after([v.ON.id(60)]), after([v.ON.id(60)])
    for returning, times in ((once, 1), (thrice, 3)):
        returning.take([BAR, v.ON.id(60)] * times + [BAR], answered=True)
    for returning, odds in ((once, 0.4), (thrice, 0.004)):
        tired = returning.tired(chances)
        assert tired.sum() == pytest.approx(1)
        assert tired[v.ON.id(60)] / tired[v.ON.id(62)] == pytest.approx(odds)


def test_of_what_came_otherwise_nobody_tires() -> None:
    chances = np.full(v.SIZE, 1 / v.SIZE)
    returning = after([v.ON.id(60)])
    returning.take([BAR, v.ON.id(60)] * 3 + [BAR, v.ON.id(62)], answered=True)
    assert returning.tired(chances) is chances


def test_a_performer_cuts_off_nothing_while_a_bar_goes_as_an_earlier_one_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cutting = Sampling(temperature=1.5)
    heard: list[int] = []  # all that stood before the first choice
    chosen: list[tuple[bool, Sampling]] = []

    def watched(logits: NDArray[np.float32], allowed: NDArray[np.bool_], sampling: Sampling) -> Chances:
        heard.append(len(performer.tokens))
        told = Returning(performer.tokens, (at >= heard[0] for at in range(heard[-1])))
        chosen.append((told.again, sampling))
        return distribution(logits, allowed, sampling)

    monkeypatch.setattr("meloformer.model.performer.distribution", watched)
    performer = Performer(arrays(network(TINY)), cutting, 1)
    scale = [NoteOn(tick, v.DRUMS, 36 + tick, 20) for tick in range(0, 40, 4)]
    for bar, strikes in enumerate((scale, scale, scale[:-1])):  # only the first one says how loud it is
        performer.hear(BarStart(96 * bar, COMMON))
        for strike in strikes:
            performer.hear(strike._replace(tick=strike.tick + 96 * bar))
    list(performer.fill_bar({v.DRUMS}, set()))
    list(performer.answer(1))
    assert {again for again, _ in chosen} == {True, False}
    assert all(sampling == (cutting.uncut() if again else cutting) for again, sampling in chosen)


def test_a_bar_is_the_same_bar_however_loud_it_is() -> None:
    note, loud, soft = v.ON.id(60), v.VEL.id(30), v.VEL.id(10)
    returning = after([loud, note, note])
    returning.take([BAR, soft, note, note, BAR, note, loud, note, BAR], answered=True)
    assert returning.times == 2
    returning.take([soft], answered=True)
    assert returning.times == 2
    tired = returning.tired(np.full(v.SIZE, 1 / v.SIZE))
    assert tired.argmin() == note


def test_however_often_a_bar_has_come_chances_stay_chances() -> None:
    returning = after()
    returning.take([BAR] * 3000, answered=True)
    tired = returning.tired(np.full(v.SIZE, 1 / v.SIZE))
    assert tired.sum() == pytest.approx(1)
    assert 0 < tired[BAR] < 1e-15


@given(st.lists(FEW, max_size=6), st.lists(FEW, max_size=6), FEW)
def test_a_copy_goes_its_own_way(before: list[list[int]], after_it: list[list[int]], now: list[int]) -> None:
    one = after(*before)
    other, unchanged = one.copy(), after(*before)
    other.take([token for bar in after_it for token in (BAR, *bar)], answered=True)
    for each in (one, unchanged):
        each.take([BAR, *now], answered=True)
    assert (one.times, one.again) == (unchanged.times, unchanged.again)
