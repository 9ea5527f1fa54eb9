"""Who is asked for by name comes in although nobody heard them; at a close the bass comes home."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from meloformer.model import vocabulary as v
from meloformer.model.encoder import bar_line
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.grammar import Grammar
from meloformer.model.leaning import HOMEWARD, HOMEWARD_ALONE, LATER, WITH_A_BAR, homeward, invited, onward
from meloformer.model.limiter import Limiter
from meloformer.model.limits import Limits, Rules
from meloformer.model.manner import Manner
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.weights import load_to_play
from meloformer.presets import SHIPPED
from meloformer.scripts.phrase import ELECTRIC_PIANO, phrase
from meloformer.training.bars import in_bars
from music import COMMON, told

PIANO, BASS = 0, 33
EVEN = np.full(v.SIZE, 1 / v.SIZE)
FLAT = np.zeros(v.SIZE, np.float32)
EVERYTHING = np.ones(v.SIZE, np.bool_)


@pytest.mark.parametrize(("position", "share"), [(0, WITH_A_BAR), (12, LATER)])
def test_those_who_are_waited_for_share_a_part_of_the_choice(position: int, share: float) -> None:
    chances = invited(EVEN, EVERYTHING, position, {BASS, v.DRUMS})
    assert chances.sum() == pytest.approx(1)
    for player in (BASS, v.DRUMS):
        assert chances[v.INST.id(player)] == pytest.approx(share / 2 + (1 - share) / v.SIZE)


def test_nobody_is_named_who_may_not_be_and_where_nobody_is_nothing_changes() -> None:
    permitted = EVERYTHING.copy()
    permitted[v.INST.id(BASS)] = False
    assert invited(EVEN, permitted, 0, {BASS}) is EVEN
    assert invited(EVEN, EVERYTHING, 0, set()) is EVEN
    chances = invited(EVEN * permitted, permitted, 0, {BASS, v.DRUMS})
    assert chances[v.INST.id(BASS)] == 0


def test_a_moment_is_over_as_likely_as_ever_whatever_moments_are_not_permitted() -> None:
    moments = np.isin(np.arange(v.SIZE), [v.BAR, *map(v.POS.id, range(v.POS.size))])
    logits = np.random.default_rng(1).normal(size=v.SIZE).astype(np.float32)
    before = np.exp(logits)[moments].sum()
    for left in ([v.BAR], [v.BAR, v.POS.id(12)], [v.POS.id(12), v.POS.id(24)]):
        permitted = ~moments | np.isin(np.arange(v.SIZE), left)
        led = np.exp(onward(logits, permitted, EVERYTHING))
        assert led[left].sum() == pytest.approx(before, rel=1e-5)
        assert led[left] / led[left].sum() == pytest.approx(np.exp(logits)[left] / np.exp(logits)[left].sum())
        assert np.array_equal(led[~moments], np.exp(logits)[~moments])


def test_where_every_moment_is_permitted_or_none_nothing_changes() -> None:
    assert onward(FLAT, EVERYTHING, EVERYTHING) is FLAT
    nowhere = EVERYTHING.copy()
    nowhere[[v.BAR, *map(v.POS.id, range(v.POS.size))]] = False
    assert onward(FLAT, nowhere, EVERYTHING) is FLAT
    assert onward(FLAT, nowhere, nowhere) is FLAT


def test_drums_do_not_gather_where_a_last_bar_has_its_last_moment() -> None:
    """Over ten answers; ten strokes at once came where what was not permitted was only left out."""
    weights = load_to_play(SHIPPED / "band.safetensors", "cpu")
    heard = phrase()
    heard = replace(heard, notes=tuple(note for note in heard.notes if note.instrument == v.DRUMS))
    middle = heard.ticks + COMMON.ticks + COMMON.ticks // 2
    for seed in range(1, 11):
        performer = Performer(weights, Sampling(), seed, Limits(rules=Rules(closes=True)))
        for event in told(heard):
            performer.hear(event)
        struck = [event for event in performer.answer(2) if isinstance(event, NoteOn)]
        assert sum(event.tick == middle for event in struck) <= 3
        assert max(event.tick for event in struck) <= middle


def test_who_was_named_is_waited_for_from_a_bar_line_on_until_their_first_note() -> None:
    limiter = Limiter(Limits(frozenset({PIANO, BASS})), {PIANO})
    assert limiter.awaited == set()  # a bar that somebody else began
    limiter.saw([BarStart(0, COMMON)])
    assert limiter.awaited == {PIANO, BASS}
    limiter.saw([NoteOn(0, PIANO, 60, 20)])
    assert limiter.awaited == {BASS}
    limiter.saw([BarStart(96, COMMON)])
    assert limiter.awaited == {BASS}
    limiter.saw([NoteOn(96, BASS, 40, 20), BarStart(192, COMMON), BarStart(288, COMMON)])
    assert limiter.awaited == {PIANO, BASS}


def test_where_nobody_was_named_nobody_is_waited_for() -> None:
    limiter = Limiter(Limits(), {PIANO})
    limiter.saw([BarStart(0, COMMON)])
    assert limiter.awaited == set()


def test_a_band_that_is_asked_for_comes_in_behind_a_piano() -> None:
    """Each in at least three of four bars, over five answers."""
    band = frozenset({ELECTRIC_PIANO, BASS, v.DRUMS})
    weights = load_to_play(SHIPPED / "band.safetensors", "cpu")
    heard = phrase()
    heard = replace(heard, notes=tuple(note for note in heard.notes if note.instrument == ELECTRIC_PIANO))
    bars = []
    for seed in range(1, 6):
        performer = Performer(weights, Sampling(), seed, Limits(band))
        for event in told(heard):
            performer.hear(event)
        list(performer.answer(8))
        bars += in_bars(performer.told())[len(heard.meters) :]
    for player in band:
        assert sum(any(note.instrument == player for note in bar) for bar in bars) >= 30


def in_c(*parts: int) -> Manner:
    """How a piece in C major goes, each part two octaves below the one before."""
    manner = Manner()
    for up, instrument in zip((72, 48), parts, strict=False):
        manner.take([v.POS.id(0), v.INST.id(instrument)])
        manner.take([v.ON.id(up + each) for each in (0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0)])
    return manner


def reading(instrument: int, *sounding: int) -> Grammar:
    """A bar in which a piano sounds, where an instrument may begin notes."""
    grammar = Grammar()
    piano = [v.INST.id(PIANO), v.VEL.id(20), *map(v.ON.id, sounding)] if sounding else []
    for token in (*bar_line(COMMON, None), v.POS.id(0), *piano, v.POS.id(24), v.INST.id(instrument)):
        grammar.take(token)
    return grammar


@pytest.mark.parametrize(("parts", "odds"), [((PIANO, BASS), HOMEWARD), ((BASS,), HOMEWARD_ALONE)])
def test_the_lowest_part_rather_begins_the_root_and_as_much_as_before(
    parts: tuple[int, ...], odds: float
) -> None:
    led = homeward(FLAT, EVERYTHING, reading(BASS), in_c(*parts).goal)
    onsets, roots = np.exp(led[v.ON.start : v.ON.stop]), np.arange(0, 128, 12)
    assert onsets[roots].mean() / onsets[roots[1:] - 1].mean() == pytest.approx(odds, rel=1e-4)
    assert onsets.sum() == pytest.approx(128)
    assert not led[: v.ON.start].any()
    assert not led[v.ON.stop :].any()


def test_above_what_sounds_the_lowest_part_begins_what_it_likes() -> None:
    led = homeward(FLAT, EVERYTHING, reading(BASS, 64, 67), in_c(PIANO, BASS).goal)
    assert not led[v.ON.id(64) : v.ON.stop].any()
    assert led[v.ON.id(60)] > led[v.ON.id(62)]


def test_other_parts_phrases_in_no_key_and_where_no_root_may_be_are_left_alone() -> None:
    assert homeward(FLAT, EVERYTHING, reading(PIANO), in_c(PIANO, BASS).goal) is FLAT
    assert homeward(FLAT, EVERYTHING, reading(BASS), Manner().goal) is FLAT
    assert homeward(FLAT, EVERYTHING, reading(BASS), None) is FLAT
    permitted = EVERYTHING.copy()
    permitted[v.ON.start : v.ON.stop : 12] = False
    assert homeward(FLAT, permitted, reading(BASS), in_c(PIANO, BASS).goal) is FLAT


def test_only_the_last_bar_of_an_answer_that_closes_comes_home_and_to_no_other_chord() -> None:
    for chords, comes in (((), True), ((5,), False)):
        manner = in_c(PIANO, BASS)
        limiter = Limiter(Limits(rules=Rules(closes=True, chords=chords)), {PIANO}, manner)
        limiter.saw([BarStart(0, COMMON)])
        assert limiter.goal is None
        limiter.close()
        limiter.saw([BarStart(96, COMMON)])
        assert limiter.goal == (manner.goal if comes else None)
