"""A bar that goes as an earlier one did is known by its beginning."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.performer import Performer
from meloformer.model.returning import ALIKE, LEAST_TOKENS, MOST_BARS, TIRING, Returning
from meloformer.model.sampling import Chances, Sampling, distribution
from music import COMMON, TINY, arrays, network

BAR = v.BAR
SHORT, LONG = LEAST_TOKENS - 2, LEAST_TOKENS + 2
PITCHES = st.lists(st.sampled_from([60, 62]), min_size=1, max_size=3)
EVEN = np.zeros(v.SIZE, np.float32)
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


def bar_of(pitches: list[int], instrument: int = 0) -> list[int]:
    """A bar in which a part begins these notes, a quarter apart."""
    named = [v.INST.id(instrument)]
    return [BAR] + [
        token
        for beat, pitch in enumerate(pitches)
        for token in (v.POS.id(24 * beat), *(named if beat == 0 else []), v.ON.id(pitch))
    ]


def at_the_next_note(bars: list[list[int]], beat: int = 0, instrument: int = 0) -> list[int]:
    """These bars, and another one up to where a note may begin at this beat, after those of the last bar."""
    told = [token for bar in bars for token in bar_of(bar, instrument)]
    return [*told, *bar_of(bars[-1][:beat], instrument), v.POS.id(24 * beat), v.INST.id(instrument)]


@given(st.lists(PITCHES, max_size=6), st.lists(PITCHES, min_size=1, max_size=6), st.integers(0, 2))
def test_a_part_tires_of_nearly_one_bar_once_that_comes_in_a_row_more_often_than_it_was_heard_to(
    heard: list[list[int]], answered: list[list[int]], beat: int
) -> None:
    returning = Returning()
    returning.take([token for bar in heard for token in bar_of(bar)], answered=False)
    returning.take(
        at_the_next_note([*heard, *answered], beat)[sum(len(bar_of(bar)) for bar in heard) :], True
    )
    last = [*heard, *answered][-1]
    times = max(0, runs([*heard, *answered])[-1] - max(runs(heard), default=1))
    tired = returning.tired(EVEN)
    assert set(np.flatnonzero(tired)) == (set(map(v.ON.id, last)) if times else set())
    assert tired.min() == pytest.approx(times * log(TIRING))


def runs(bars: list[list[int]]) -> list[int]:
    """For each bar, how many in a row up to it have nearly the pitches of the one before."""
    found: list[int] = []
    for before, bar in zip([[], *bars], bars, strict=False):
        pitches, earlier = set(bar), set(before)
        is_alike = bool(found) and len(pitches & earlier) >= ALIKE * len(pitches | earlier)
        found.append(found[-1] + 1 if is_alike else 1)
    return found


def test_however_its_notes_are_put_a_bar_of_nearly_the_same_pitches_is_nearly_the_same() -> None:
    returning = Returning()
    for bar in ([60, 64, 67, 71], [71, 64, 60], [64, 60, 71, 67], [60, 71, 67, 64]):
        returning.take(bar_of(bar), answered=True)
    returning.take([BAR, v.POS.id(0), v.INST.id(0)], answered=True)
    assert set(np.flatnonzero(returning.tired(EVEN))) == set(map(v.ON.id, [60, 64, 67, 71]))
    returning.take([v.ON.id(60), v.POS.id(6), v.ON.id(62)], answered=True)  # it goes another way
    assert returning.tired(EVEN) is EVEN


def test_who_was_not_heard_may_go_on_as_long_as_anybody_who_was() -> None:
    heard = [token for _ in range(5) for token in bar_of([60, 64])]
    for times in range(1, 8):
        returning = Returning()
        returning.take(heard, answered=False)
        returning.take(at_the_next_note([[40]] * times, instrument=33), answered=True)
        assert returning.tired(EVEN)[v.ON.id(40)] == pytest.approx(max(0, times - 5) * log(TIRING))


@pytest.mark.parametrize(("strikes", "is_tired"), [((0, 24, 48, 72), True), ((0, 24, 48, 66), False)])
def test_of_drums_that_are_not_just_the_same_nobody_tires(strikes: tuple[int, ...], is_tired: bool) -> None:
    returning = Returning()
    usual = (0, 24, 48, 72)
    for bar in (usual, strikes, usual, strikes, usual):
        returning.take(
            [BAR, *(token for at in bar for token in (v.POS.id(at), v.INST.id(v.DRUMS), v.D.id(36)))], True
        )
    returning.take([BAR, v.POS.id(0), v.INST.id(v.DRUMS)], True)
    assert (returning.tired(EVEN).argmin() == v.D.id(36)) == is_tired


def test_each_time_too_many_the_next_note_of_the_same_bar_gets_a_tenth_of_its_odds() -> None:
    for times, odds in ((1, 0.4), (3, 0.004)):
        returning = Returning()
        returning.take(at_the_next_note([[60]] * (1 + times)), answered=True)
        logits = np.full(v.SIZE, -np.inf, np.float32)
        logits[[v.ON.id(60), v.ON.id(62)]] = np.log([0.8, 0.2])
        chances = distribution(returning.tired(logits), np.isfinite(logits), Sampling(top_p=1.0, min_p=0.0))
        assert chances[v.ON.id(60)] / chances[v.ON.id(62)] == pytest.approx(odds, rel=1e-5)


def test_of_what_came_otherwise_nobody_tires() -> None:
    returning = Returning()
    told = at_the_next_note([[60, 64]] * 4, beat=1)
    told[told.index(v.ON.id(60), len(told) - 8)] = v.ON.id(62)
    returning.take(told, answered=True)
    assert returning.tired(EVEN) is EVEN


def test_every_part_tires_by_itself() -> None:
    """One goes on and on with its figure while the other moves; and a part that waits is not meant."""
    returning = Returning()
    for number in range(4):
        returning.take(
            bar_of([60, 64], instrument=0) + bar_of([40 + number], instrument=33)[1:], answered=True
        )
    returning.take([BAR, v.POS.id(0), v.INST.id(33)], answered=True)
    assert returning.tired(EVEN) is EVEN
    returning.take([v.INST.id(0)], answered=True)
    assert returning.tired(EVEN).argmin() == v.ON.id(60)
    returning.take([v.ON.id(62), v.POS.id(12)], answered=True)
    assert returning.tired(EVEN) is EVEN


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


def test_a_bar_is_the_same_bar_however_loud_and_long_its_notes_are() -> None:
    returning = Returning()
    begins = [BAR, v.POS.id(0), v.INST.id(0)]
    for loud, end in ((30, 20), (10, 12), (20, 16)):
        returning.take([*begins, v.VEL.id(loud), v.ON.id(60), v.POS.id(end), v.OFFALL], answered=True)
    returning.take(begins, answered=True)
    assert returning.tired(EVEN).argmin() == v.ON.id(60)


def test_however_often_a_bar_has_come_logits_stay_numbers() -> None:
    returning = Returning()
    returning.take(at_the_next_note([[60]] * 3000), answered=True)
    tired = returning.tired(EVEN)
    assert np.isfinite(tired).all()
    assert tired[v.ON.id(60)] < log(1e-15)


@given(st.lists(PITCHES, min_size=1, max_size=6), st.lists(PITCHES, max_size=6), PITCHES)
def test_a_copy_goes_its_own_way(before: list[list[int]], after_it: list[list[int]], now: list[int]) -> None:
    one, unchanged = Returning(), Returning()
    for each in (one, unchanged):
        each.take([token for bar in before for token in bar_of(bar)], answered=False)
    other = one.copy()
    other.take([token for bar in after_it for token in bar_of(bar)], answered=True)
    for each in (one, unchanged):
        each.take([*bar_of(now), v.POS.id(72), v.INST.id(0)], answered=True)
    assert one.again == unchanged.again
    assert (one.tired(EVEN) == unchanged.tired(EVEN)).all()
