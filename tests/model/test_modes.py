"""Accompanying and filling in: whatever the score and the seed, only what was asked for is made."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.accompany import accompany
from meloformer.model.chords import label
from meloformer.model.companion import Companion
from meloformer.model.decoder import decode
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.infill import around, infill
from meloformer.model.network import Network
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.score import Meter, Note, Score
from meloformer.model.successor import Successor
from meloformer.model.telling import Telling, encode
from music import COMMON, TINY, arrays, network, piece, scores, told

DARING = Sampling(temperature=1.5, top_p=1.0, min_p=0.0)  # an untrained network then tries everything
BAND = frozenset({7, 40, v.DRUMS})


@pytest.fixture(scope="module")
def model() -> Network:
    return network(TINY)


def played(events: list[Event], start: int, end: int) -> set[int]:
    """Who plays; fails where a note is not ended inside the span, or ended twice."""
    sounding: set[tuple[int, int]] = set()
    for event in events:
        assert start <= event.tick <= end
        if isinstance(event, NoteOn) and event.instrument != v.DRUMS:
            assert (event.instrument, event.pitch) not in sounding
            sounding.add((event.instrument, event.pitch))
        elif isinstance(event, NoteOff):
            sounding.remove((event.instrument, event.pitch))
    assert not sounding
    assert [event.tick for event in events] == sorted(event.tick for event in events)
    return {event.instrument for event in events if isinstance(event, NoteOn)}


def without(score: Score, instruments: frozenset[int]) -> Score:
    kept = tuple(note for note in score.notes if note.instrument not in instruments)
    return Score(score.meters, score.tempos, kept)


@settings(max_examples=8)
@given(score=scores(most_bars=3, most_notes=10), seed=st.integers(0, 2**32))
def test_an_accompaniment_is_whole_and_leaves_the_given_parts_alone(
    model: Network, score: Score, seed: int
) -> None:
    heard = without(score, BAND)
    performer = Performer(model, DARING, seed)
    assert played(list(accompany(performer, heard, BAND)), 0, heard.ticks) <= BAND
    together = decode(performer.tokens)
    assert without(together, BAND) == heard


def test_an_accompaniment_is_told_as_training_tells_it(model: Network) -> None:
    score = without(piece(3, bars=4), BAND)
    performer = Performer(model, DARING, 1)
    list(accompany(performer, score, BAND))
    telling = Telling(label(score), [frozenset(score.instruments())] * len(score.meters))
    assert list(performer.tokens) == encode(decode(performer.tokens), telling, end=False)


def test_the_same_seed_gives_the_same_accompaniment_and_another_seed_another(model: Network) -> None:
    heard = without(piece(1, bars=2), BAND)
    made = [list(accompany(Performer(model, DARING, seed), heard, BAND)) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


@settings(max_examples=8)
@given(score=scores(most_bars=3, most_notes=10), seed=st.integers(0, 2**32), data=st.data())
def test_missing_bars_are_filled_in_their_meters_and_the_others_are_heard_as_they_are(
    model: Network, score: Score, seed: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(score.meters) - 1))
    stop = data.draw(st.integers(first + 1, len(score.meters)))
    performer = Performer(model, DARING, seed)
    events = list(infill(performer, score, first, stop, BAND))
    assert played(events, score.bar_starts[first], score.bar_starts[stop]) <= BAND
    lines = [(event.tick, event.meter) for event in events if isinstance(event, BarStart)]
    assert lines == list(zip(score.bar_starts, score.meters, strict=False))[first:stop]
    assert decode(performer.tokens).meters == score.meters


@pytest.mark.parametrize("missing", [(0, 2), (1, 3), (2, 3)])
def test_what_stands_around_is_told_as_training_tells_it(missing: tuple[int, int]) -> None:
    score = piece(1, bars=4)
    tokens = encode(score, Telling(label(score), missing=missing))
    heard = around(score, *missing)
    assert tokens[: len(heard)] == heard
    assert heard[-1] == v.PRESENT


def test_filling_in_twice_gives_two_answers_and_both_again_with_the_same_seed(model: Network) -> None:
    def twice() -> list[list[Event]]:
        performer = Performer(model, DARING, 5)
        return [list(infill(performer, piece(1, bars=4), 1, 3, BAND)) for _ in range(2)]

    first, second = twice()
    assert first != second
    assert twice() == [first, second]


@pytest.mark.parametrize("plain", [True, False], ids=["arrays", "torch"])
def test_going_back_to_a_point_forgets_what_came_after_it(model: Network, plain: bool) -> None:
    """With the same dice the same answer."""
    performer = Performer(arrays(model) if plain else model, DARING, 1)
    for event in told(piece(1, bars=2)):
        performer.hear(event)
    point, before = performer.point(), performer.tokens
    answers = []
    for dice in (1, 2, 1):
        performer.go_back(point)
        assert performer.tokens == before
        performer.throw(dice)
        answers.append(list(performer.answer(2)))
    assert answers[0] == answers[2] != answers[1]


def test_after_going_back_another_network_goes_on_from_there(model: Network) -> None:
    performer = Performer(model, DARING, 1)
    for event in told(piece(1, bars=2)):
        performer.hear(event)
    point = performer.point()
    list(performer.answer(2))
    other = network(TINY, seed=9)
    performer.continue_with(Successor(other))
    performer.go_back(point)
    performer.throw()
    alone = Performer(other, DARING, 1)
    for event in told(piece(1, bars=2)):
        alone.hear(event)
    assert list(performer.answer(1)) == list(alone.answer(1))


def companion(model: Network, seed: int = 1) -> tuple[Performer, Companion]:
    performer = Performer(model, DARING, seed)
    return performer, Companion(performer)


TINY_BARS = Score((Meter(1, 16), Meter(1, 16), COMMON), (), (Note(0, 0, 60, 1, 20), Note(12, 0, 62, 90, 20)))


@settings(max_examples=8)
@example(score=TINY_BARS, seed=1, lead=11)
@given(score=scores(most_bars=4, most_notes=12), seed=st.integers(0, 2**32), lead=st.integers(0, 30))
def test_a_companion_remembers_what_both_really_played(
    model: Network, score: Score, seed: int, lead: int
) -> None:
    """Whenever it is asked for a bar before the one before it is over, and whatever is played until then."""
    player = without(score, BAND)
    performer, along = companion(model, seed)
    made: list[Event] = []
    asked = 1
    for event in told(player):
        while asked < len(score.meters) and event.tick >= score.bar_starts[asked] - lead:
            for bar in range(1, asked + 1):
                along.hear(BarStart(score.bar_starts[bar - 1], score.meters[bar - 1]))
            made += along.bar(BarStart(score.bar_starts[asked], score.meters[asked]), BAND)
            asked += 1
        along.hear(event)
    along.leave()
    assert {event.instrument for event in made if isinstance(event, NoteOn)} <= BAND
    together = performer.told()
    last = score.ticks - 1  # where what still sounds is released
    assert [note._replace(end=min(note.end, last)) for note in without(together, BAND).notes] == [
        note._replace(end=min(note.end, last)) for note in player.notes
    ]
    strikes = [(event.tick, event.instrument, event.pitch) for event in made if isinstance(event, NoteOn)]
    band = [note for note in together.notes if note.instrument in BAND]
    assert sorted(strikes) == sorted((note.onset, note.instrument, note.pitch) for note in band)


def test_whom_the_player_plays_the_companion_leaves_at_the_bar_line(model: Network) -> None:
    _, along = companion(model)
    for event in (BarStart(0, COMMON), NoteOn(0, 0, 60, 20)):
        along.hear(event)
    first = list(along.bar(BarStart(96, COMMON), BAND))
    sounding = {(event.instrument, event.pitch) for event in first if isinstance(event, NoteOn)}
    sounding -= {(event.instrument, event.pitch) for event in first if isinstance(event, NoteOff)}
    second = list(along.bar(BarStart(192, COMMON), frozenset()))
    offs = {(event.instrument, event.pitch) for event in second if isinstance(event, NoteOff)}
    assert {key for key in sounding if key[0] != v.DRUMS} <= offs
    assert not [event for event in second if isinstance(event, NoteOn)]


def test_a_meter_that_changes_after_a_bar_was_made_cuts_it(model: Network) -> None:
    performer, along = companion(model)
    for event in (BarStart(0, COMMON), NoteOn(0, 0, 60, 20)):
        along.hear(event)
    list(along.bar(BarStart(96, COMMON), BAND))
    along.hear(BarStart(96, Meter(2, 4)))
    list(along.bar(BarStart(144, Meter(2, 4)), BAND))
    along.leave()
    assert performer.told().meters == (COMMON, Meter(2, 4), Meter(2, 4))
