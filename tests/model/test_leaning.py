"""Who is asked for by name comes in, and plays on, although nobody heard them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.inviting import LATER, WITH_A_BAR, invited
from meloformer.model.limiter import Limiter
from meloformer.model.limits import Limits
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.weights import load_to_play
from meloformer.presets import SHIPPED
from meloformer.scripts.phrase import ELECTRIC_PIANO, phrase
from meloformer.training.bars import in_bars
from music import COMMON, told

PIANO, BASS = 0, 33
EVEN = np.full(v.SIZE, 1 / v.SIZE)
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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_band_that_is_asked_for_comes_in_behind_a_piano(seed: int) -> None:
    """Each in at least half of the bars."""
    band = frozenset({ELECTRIC_PIANO, BASS, v.DRUMS})
    weights = load_to_play(SHIPPED / "band.safetensors", "cpu")
    performer = Performer(weights, Sampling(), seed, Limits(band))
    heard = phrase()
    heard = replace(heard, notes=tuple(note for note in heard.notes if note.instrument == ELECTRIC_PIANO))
    for event in told(heard):
        performer.hear(event)
    list(performer.answer(8))
    answered = in_bars(performer.told())[len(heard.meters) :]
    for player in band:
        assert sum(any(note.instrument == player for note in bar) for bar in answered) >= 4
