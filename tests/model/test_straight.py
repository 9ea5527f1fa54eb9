"""Who plays straight is answered straight; who plays live is answered as freely."""

from __future__ import annotations

import pytest

from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.straight import LEAST_NOTES, STRAIGHT, Places
from music import COMMON, TINY, arrays, network

DARING = Sampling(temperature=1.5, top_p=1.0, min_p=0.0)  # an untrained network then tries everything


def places(*ticks: int) -> Places:
    taken = Places()
    for tick in ticks:
        taken.take([v.POS.id(tick), v.ON.id(60)])
    return taken


def test_sixteenths_triplets_and_their_halves_are_straight_and_what_lies_beside_them_is_not() -> None:
    assert [tick for tick in range(25) if STRAIGHT[tick]] == [0, 3, 4, 6, 8, 9, 12, 15, 16, 18, 20, 21, 24]


def test_enough_notes_in_their_places_are_straight() -> None:
    assert places(*[0, 6, 8] * 3).are_straight
    assert not places(*[0] * (LEAST_NOTES - 1)).are_straight
    assert not places(*[0] * 20, 1).are_straight
    assert places(*[0] * 99, 1).are_straight


def test_releases_say_nothing() -> None:
    taken = places(*[0] * LEAST_NOTES)
    for tick in range(23, 60, 12):
        taken.take([v.POS.id(tick), v.OFF.id(60)])
    assert taken.are_straight


@pytest.mark.parametrize("late", [0, 1])
def test_an_answer_begins_its_notes_where_the_phrase_does(late: int) -> None:
    """Notes of the phrase end beside the grid, as those of any player do."""
    performer = Performer(arrays(network(TINY)), DARING, 1)
    performer.hear(BarStart(0, COMMON))
    for beat in range(0, 96, 12):
        performer.hear(NoteOn(beat + late, 0, 60, 20))
        performer.hear(NoteOff(beat + 10, 0, 60))
    events = list(performer.answer(4))
    begun = [event.tick % 96 for event in events if isinstance(event, NoteOn)]
    ended = [event.tick % 96 for event in events if isinstance(event, NoteOff)]
    assert all(STRAIGHT[tick] for tick in begun) == (late == 0)
    assert not all(STRAIGHT[tick] for tick in ended)
