"""Who plays straight is answered straight; who plays live is answered as freely."""

from __future__ import annotations

from collections import Counter

import pytest

from meloformer.model import vocabulary as v
from meloformer.model.chords import PITCH_CLASS_NAMES, chord_name
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.limiter import Limiter
from meloformer.model.limits import Limits
from meloformer.model.manner import ANY_NOTES, LEAST_NOTES, STRAIGHT, Goal, Manner
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from music import COMMON, TINY, arrays, network

DARING = Sampling(temperature=1.5, top_p=1.0, min_p=0.0)  # an untrained network then tries everything


def manner(*ticks: int) -> Manner:
    taken = Manner()
    for tick in ticks:
        taken.take([v.POS.id(tick), v.ON.id(60)])
    return taken


def test_sixteenths_triplets_and_their_halves_is_straight_and_what_lies_beside_them_is_not() -> None:
    assert [tick for tick in range(25) if STRAIGHT[tick]] == [0, 3, 4, 6, 8, 9, 12, 15, 16, 18, 20, 21, 24]


def test_enough_notes_in_their_places_is_straight() -> None:
    assert manner(*[0, 6, 8] * 3).is_straight
    assert not manner(*[0] * (LEAST_NOTES - 1)).is_straight
    assert not manner(*[0] * 20, 1).is_straight
    assert manner(*[0] * 99, 1).is_straight


def test_releases_say_nothing() -> None:
    taken = manner(*[0] * LEAST_NOTES)
    for tick in range(23, 60, 12):
        taken.take([v.POS.id(tick), v.OFF.id(60)])
    assert taken.is_straight


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


def of_pitches(*pitches: int) -> Manner:
    taken = Manner()
    taken.take([token for pitch in pitches for token in (v.POS.id(0), v.ON.id(pitch))])
    return taken


@pytest.mark.parametrize("up", range(12))
def test_home_is_the_triad_of_the_key(up: int) -> None:
    major = of_pitches(*(60 + up + each for each in (0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0)))
    minor = of_pitches(*(57 + up + each for each in (0, 2, 3, 5, 7, 8, 11, 12, 7, 3, 0)))
    root = (PITCH_CLASS_NAMES[up % 12], PITCH_CLASS_NAMES[(up + 9) % 12])
    assert [chord_name(home) for home in (major.home, minor.home) if home is not None] == [
        f"{root[0]} maj",
        f"{root[1]} min",
    ]


def test_few_notes_all_notes_and_drums_have_no_home() -> None:
    assert of_pitches(60, 64, 67).home is None
    assert of_pitches(*range(60, 72)).home is None
    drums = Manner()
    drums.take([v.POS.id(0), *map(v.D.id, range(36, 60))])
    assert drums.home is None


def test_at_an_ending_the_bass_is_whoever_plays_lowest_in_the_mean() -> None:
    assert Manner().goal is None
    taken = of_pitches(*[60, 64, 67] * 3)
    taken.take([v.INST.id(0), v.ON.id(24), *[v.ON.id(72)] * 9, v.INST.id(v.DRUMS), v.D.id(20)])
    taken.take([v.INST.id(33), v.ON.id(60)])
    assert taken.goal == Goal(root=0, bass=33, is_alone=False)
    assert of_pitches(*[60, 64, 67] * 3).goal == Goal(root=0, bass=-1, is_alone=True)


def test_a_copy_goes_its_own_way() -> None:
    taken = of_pitches(*[60, 64, 67] * 3)
    other = taken.copy()
    other.take([token for pitch in [62, 66, 69] * 9 for token in (v.POS.id(0), v.ON.id(pitch))])
    other.take([v.INST.id(33), v.ON.id(20)])
    assert taken.goal == of_pitches(*[60, 64, 67] * 3).goal
    assert other.goal is not None
    assert other.goal.bass == 33
    assert (taken.home, other.home) == (of_pitches(*[60, 64, 67] * 3).home, 2 * len(v.CHORD_QUALITIES))


def test_the_room_of_a_bar_is_four_times_the_fullest_that_was_heard_or_enough_for_anything() -> None:
    bars = (4, 20, 0, 10)
    taken = Manner()
    for notes in bars:
        taken.take([v.BAR, v.POS.id(0), *[v.ON.id(60)] * notes])
    assert taken.room == 80
    assert of_pitches(60).room == ANY_NOTES


def test_a_bar_that_is_full_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Manner, "room", 5)
    performer = Performer(arrays(network(TINY)), DARING, 1)
    performer.hear(BarStart(0, COMMON))
    performer.hear(NoteOn(0, 0, 60, 20))
    begun = Counter(event.tick // 96 for event in performer.answer(8) if isinstance(event, NoteOn))
    assert max(begun.values()) == 5


def test_everybody_who_was_named_and_not_heard_has_some_room_more() -> None:
    limiter = Limiter(Limits(frozenset({0, 33})), {0}, of_pitches(60))
    limiter.saw([NoteOn(0, 0, 60, 20)] * (2 * ANY_NOTES - 1))
    assert not limiter.is_crowded
    limiter.saw([NoteOn(0, 33, 40, 20)])
    assert limiter.is_crowded
