"""The chord of a bar is chosen before its notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.model.arrays import Arrays
from meloformer.model.chords import label
from meloformer.model.events import BarStart, NoteOn, TempoSet
from meloformer.model.harmony import progression, scale
from meloformer.model.limits import Limits, Rules
from meloformer.model.performer import Performer
from meloformer.model.progression import PERIODS, SURELY, TIRING, Progression
from meloformer.model.sampling import Sampling
from music import COMMON, TINY, arrays, network, piece, told

C_MAJOR = scale("C major")


@pytest.fixture(scope="module")
def model() -> Arrays:
    return arrays(network(TINY))


def after(model: Arrays, rules: Rules, seed: int = 1) -> Performer:
    performer = Performer(model, Sampling(1.5, 1.0, 0.0), seed, Limits(rules=rules))
    for event in told(piece(1, bars=2)):
        performer.hear(event)
    return performer


def chances(
    logits: NDArray[np.float32],
    *kept: int,
    more: int = 0,
    answered: Sequence[int] = (),
    temperature: float = 1.0,
    tones: tuple[int, ...] | None = None,
) -> NDArray[np.float64]:
    """Of each CHORD row value after these were heard, and some answered or the last one so often again."""
    before = Progression()
    before.take([v.CHORD.id(chord) for chord in kept], answered=False)
    before.take([v.CHORD.id(chord) for chord in answered or kept[-1:] * more], answered=True)
    of_all = before.expected(logits, Sampling(temperature, 0.9, 0.1), tones)
    assert of_all.sum() == pytest.approx(of_all[v.CHORD.start : v.CHORD.stop].sum()) == pytest.approx(1)
    return of_all[v.CHORD.start : v.CHORD.stop]


def liking(*chords: int) -> NDArray[np.float32]:
    """Logits of which these chords' are higher, by 3."""
    logits = np.zeros(v.SIZE, np.float32)
    logits[[v.CHORD.id(chord) for chord in chords]] = 3.0
    return logits


@given(st.integers(0, 2**31), st.lists(st.integers(0, v.CHORD.size - 1), max_size=3))
def test_every_chord_has_its_chance_and_nothing_else(seed: int, kept: list[int]) -> None:
    found = chances(np.random.default_rng(seed).normal(size=v.SIZE).astype(np.float32), *kept, v.NO_CHORD)
    assert (found > 0).all()


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_where_the_harmony_moves_to_is_chosen_more_surely_than_notes(temperature: float) -> None:
    found = chances(liking(7), 5, temperature=temperature)
    assert found[7] / found[8] == pytest.approx(np.exp(3 / SURELY / temperature), rel=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_whether_it_moves_is_not(temperature: float) -> None:
    odds = np.exp(3 / temperature)
    assert chances(liking(7), 7, temperature=temperature)[7] == pytest.approx(
        odds / (odds + v.CHORD.size - 2),
        rel=1e-5,  # all chords but silence
    )


def test_it_moves_the_more_readily_the_longer_it_has_not() -> None:
    def odds(*heard: int, more: int) -> float:
        found = chances(liking(7), *heard, more=more)[7]
        return float(found / (1 - found))

    assert odds(7, more=1) / odds(7, more=0) == pytest.approx(TIRING)
    assert odds(7, more=3) / odds(7, more=0) == pytest.approx(TIRING**3)
    assert odds(7, 7, more=1) / odds(7, more=0) == pytest.approx(TIRING)


@pytest.mark.parametrize("period", PERIODS[1:])
@pytest.mark.parametrize("heard", [1, 2])
def test_of_chords_that_came_back_once_as_a_whole_it_tires_too(period: int, heard: int) -> None:
    def odds(answered: int) -> float:
        """That it goes on, against another chord, after so many chords of the cycle were answered."""
        found = chances(liking(), *cycle * heard, answered=(cycle * 3)[:answered])
        return float(found[cycle[answered % period]] / found[99])

    cycle = tuple(range(period))
    assert [odds(answered) for answered in range(1, period)] == pytest.approx([1] * (period - 1))
    assert odds(period) == pytest.approx(TIRING ** (1 / SURELY))
    assert odds(period + 1) == pytest.approx(TIRING ** (2 / SURELY))


@pytest.mark.parametrize("nothing", [v.NO_CHORD, v.UNKNOWN_CHORD])
def test_of_drums_alone_and_of_sounds_without_a_name_nobody_tires(nothing: int) -> None:
    assert chances(liking(), nothing, more=9)[nothing] == chances(liking(), nothing)[nothing]


def test_a_bar_without_pitches_comes_only_after_one_was_heard_and_does_not_stay() -> None:
    silence = v.NO_CHORD
    assert chances(liking(silence), 7)[silence] == 0
    assert chances(liking(silence), silence, 7)[silence] > 0
    now, later = (chances(liking(silence), 7, silence, more=more)[silence] for more in (0, 3))
    assert later < now


def test_at_temperature_0_the_likeliest_is_taken_be_it_the_last_one_or_not() -> None:
    for last in (7, 8):
        assert chances(liking(7), last, temperature=0).argmax() == 7


def test_in_a_scale_chords_lie_in_it_or_have_no_name() -> None:
    possible = set(np.flatnonzero(chances(liking(), 2, v.NO_CHORD, tones=C_MAJOR)))
    assert set(progression("C Dm Em F G Am N")) <= possible
    assert not possible & set(progression("D E A Bm"))


def test_where_a_scale_leaves_nothing_else_it_stays_without_a_name() -> None:
    assert chances(liking(7), v.UNKNOWN_CHORD, tones=(0,))[v.UNKNOWN_CHORD] == 1


def test_every_bar_of_an_answer_stands_on_a_chord_that_is_said_with_its_line(model: Arrays) -> None:
    performer = after(model, Rules(scale=C_MAJOR))
    lines = [event for event in performer.answer(4) if isinstance(event, BarStart)]
    chosen = [token - v.CHORD.start for token in performer.tokens if token in v.CHORD][2:]
    assert [line.chord for line in lines] == chosen
    assert set(chosen) <= set(np.flatnonzero(chances(liking(), tones=C_MAJOR)))


@pytest.mark.parametrize("seed", range(4))
def test_a_bar_that_stands_on_a_chord_is_not_silent(model: Arrays, seed: int) -> None:
    performer = after(model, Rules(chords=progression("Am N F")), seed)
    lines = {
        event.tick
        for event in performer.answer(6)
        if isinstance(event, BarStart) and event.chord != v.NO_CHORD
    }
    notes = performer.told().notes
    assert len(lines) == 4
    for line in lines:
        assert any(note.onset < line + COMMON.ticks and note.end > line - 1 for note in notes)


def test_a_chord_that_is_prescribed_is_not_chosen(model: Arrays) -> None:
    wanted = progression("Am F C G")
    lines = [event for event in after(model, Rules(chords=wanted)).answer(4) if isinstance(event, BarStart)]
    assert tuple(line.chord for line in lines) == wanted


def test_a_bar_that_is_filled_from_its_line_on_gets_a_chord_and_one_that_was_begun_does_not(
    model: Arrays,
) -> None:
    for begun in (False, True):
        performer = after(model, Rules())
        performer.hear(BarStart(192, COMMON))
        performer.hear(TempoSet(192, 20))
        if begun:
            performer.hear(NoteOn(192, 0, 60, 20))
            performer.hear(NoteOn(216, 0, 60, 20))
        list(performer.fill_bar({33}, set()))
        assert sum(token in v.CHORD for token in performer.tokens) == (2 if begun else 3)


def test_what_was_heard_is_told_with_the_chords_it_stands_on(model: Arrays) -> None:
    performer = after(model, Rules())
    score = performer.told()
    assert [token - v.CHORD.start for token in performer.tokens if token in v.CHORD] == label(score)
