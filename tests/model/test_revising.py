"""An answer under way may be made anew from any of its bar lines on."""

from __future__ import annotations

import numpy as np
import pytest

from meloformer.model.arrays import Arrays
from meloformer.model.decoder import decode
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.limits import Limits, Playing, Rules
from meloformer.model.listener import Listener, Weights
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.score import Meter
from music import COMMON, TINY, arrays, network, piece, told

DARING = Sampling(temperature=1.5, top_p=1.0, min_p=0.0)  # an untrained network then tries everything
PLAYED = piece(1, bars=2)
BEGIN, BAR = 2 * COMMON.ticks, COMMON.ticks
WALTZ = Meter(3, 4)


@pytest.fixture(scope="module", params=["arrays", "torch"])
def model(request: pytest.FixtureRequest) -> Weights:
    made = network(TINY)
    return arrays(made) if request.param == "arrays" else made


@pytest.fixture
def performer(model: Weights) -> Performer:
    made = Performer(model, DARING, seed=1)
    for event in told(PLAYED):
        made.hear(event)
    return made


def valid(events: list[Event]) -> None:
    """In time order, every note ended, no end without a note."""
    assert [event.tick for event in events] == sorted(event.tick for event in events)
    sounding: set[tuple[int, int]] = set()
    for event in events:
        if isinstance(event, NoteOn) and event.instrument != 128:
            assert (event.instrument, event.pitch) not in sounding
            sounding.add((event.instrument, event.pitch))
        elif isinstance(event, NoteOff):
            sounding.remove((event.instrument, event.pitch))
    assert not sounding


def before(events: list[Event], tick: int) -> list[Event]:
    """What happened before a bar line; releases on the line are for the bar after it to tell."""
    return [event for event in events if event.tick < tick]


@pytest.mark.parametrize("bar", [1, 2, 3])
def test_what_was_said_before_the_line_and_the_new_bars_make_one_whole_answer(
    performer: Performer, bar: int
) -> None:
    first = list(performer.answer(4))
    tick = BEGIN + bar * BAR
    again = list(performer.revise(tick, 4 - bar, COMMON))
    assert again[0][:2] == (tick, COMMON)
    joined = [*before(first, tick), *again]
    valid(joined)
    assert sum(isinstance(event, BarStart) for event in joined) == 4
    assert [note.onset for note in decode(performer.tokens).notes if note.onset >= BEGIN] == [
        event.tick for event in joined if isinstance(event, NoteOn)
    ]


def test_after_going_back_the_network_has_read_what_a_fresh_one_reads(performer: Performer) -> None:
    list(performer.answer(4))
    list(performer.revise(BEGIN + 2 * BAR, 2, COMMON))
    performer.catch_up()
    fresh = Listener(performer._network)
    fresh.read(performer.tokens)
    np.testing.assert_allclose(performer._listener.logits(), fresh.logits(), atol=2e-4)


def test_the_bars_are_the_same_whenever_they_are_made_anew(model: Arrays) -> None:
    def revised(bars_said: int) -> list[Event]:
        made = Performer(model, DARING, seed=1)
        for event in told(PLAYED):
            made.hear(event)
        answer = made.answer(8)
        while bars_said:
            bars_said -= isinstance(next(answer), BarStart)
        answer.close()
        return list(made.revise(BEGIN + BAR, 2, COMMON))

    assert revised(bars_said=3) == revised(bars_said=6)


def test_new_limits_hold_from_the_line_on(performer: Performer) -> None:
    list(performer.answer(3))
    performer.limits = Limits(rules=Rules(others=Playing(silent=True)))
    silent = list(performer.revise(BEGIN + BAR, 2, COMMON))
    assert not [event for event in silent if isinstance(event, NoteOn)]


def test_another_meter_begins_at_the_line(performer: Performer) -> None:
    list(performer.answer(3))
    tick = BEGIN + BAR
    again = list(performer.revise(tick, 2, WALTZ))
    lines = [event for event in again if isinstance(event, BarStart)]
    assert [(line.tick, line.meter) for line in lines] == [(tick, WALTZ), (tick + WALTZ.ticks, WALTZ)]
    assert decode(performer.tokens).meters[-2:] == (WALTZ, WALTZ)


def test_bars_can_be_made_anew_again_and_again_and_in_an_answer_before_the_last(performer: Performer) -> None:
    list(performer.answer(2))
    list(performer.answer(2))
    list(performer.revise(BEGIN + 3 * BAR, 1, COMMON))
    list(performer.revise(BEGIN + BAR, 3, COMMON))
    list(performer.revise(BEGIN + BAR, 3, COMMON))
    assert len(decode(performer.tokens).meters) == 6


def test_a_line_that_no_answer_has_cannot_be_gone_back_to(performer: Performer) -> None:
    list(performer.answer(2))
    with pytest.raises(KeyError):
        next(performer.revise(BEGIN + BAR + 1, 1, COMMON))
