"""The musician's interface: what goes in, what comes out, and what always holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.arrays import Arrays
from meloformer.model.decoder import decode
from meloformer.model.encoder import EncodeError
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn, TempoSet
from meloformer.model.limits import Limits
from meloformer.model.memory import LENGTHS, Exact, Memory, Recall
from meloformer.model.performer import Performer
from meloformer.model.recollection import Recollection
from meloformer.model.sampling import Sampling
from meloformer.model.score import Score
from meloformer.model.sounding import HELD_BARS
from meloformer.model.successor import Successor
from music import COMMON, TINY, arrays, network, piece, scores, told

DARING = Sampling(temperature=1.5, top_p=1.0, min_p=0.0)  # an untrained network then tries everything
PLAYED = piece(1, bars=2)


@pytest.fixture(scope="module")
def model() -> Arrays:
    return arrays(network(TINY))


def performer(model: Arrays, seed: int = 1, heard: Iterable[Event] = (), **limits: object) -> Performer:
    made = Performer(model, DARING, seed, Limits(**limits))  # type: ignore[arg-type]
    for event in heard:
        made.hear(event)
    return made


def notes_of(events: Iterable[Event]) -> Iterator[NoteOn]:
    return (event for event in events if isinstance(event, NoteOn))


def check(events: list[Event], begin: int, bars: int) -> None:
    """What every whole answer is: its bars, in time order, each note ended inside them."""
    starts = [event.tick for event in events if isinstance(event, BarStart)]
    length = events[0].meter.ticks  # type: ignore[union-attr]
    assert starts == [begin + bar * length for bar in range(bars)]
    assert [event.tick for event in events] == sorted(event.tick for event in events)
    sounding: set[tuple[int, int]] = set()
    for event in events:
        assert begin <= event.tick <= begin + bars * length
        if isinstance(event, NoteOn) and event.instrument != v.DRUMS:
            assert (event.instrument, event.pitch) not in sounding
            sounding.add((event.instrument, event.pitch))
        elif isinstance(event, NoteOff):
            sounding.remove((event.instrument, event.pitch))
    assert not sounding


def in_the_grammar(conversation: Performer) -> Score:
    """All that the network was told is a stream that training could have shown it."""
    return decode(conversation.tokens)


@settings(max_examples=25)
@given(score=scores(most_bars=2, most_notes=10), seed=st.integers(0, 2**32))
def test_every_answer_is_whole_whatever_was_heard(model: Arrays, score: Score, seed: int) -> None:
    conversation = performer(model, seed, told(score))
    check(list(conversation.answer(2)), begin=score.ticks, bars=2)
    in_the_grammar(conversation)


@pytest.mark.parametrize("seed", range(5))
def test_no_note_of_an_answer_is_held_for_three_bars(model: Arrays, seed: int) -> None:
    """The network sees a bar's notes 1, 2 and 4 bars later, but not 3: it would forget to end them."""
    conversation = performer(model, seed, told(PLAYED))
    since: dict[tuple[int, int], int] = {}
    longest = 0
    for event in conversation.answer(8):
        if isinstance(event, NoteOn):
            since[event.instrument, event.pitch] = event.tick
        elif isinstance(event, NoteOff):
            longest = max(longest, event.tick - since[event.instrument, event.pitch])
    assert 96 < longest < (HELD_BARS + 1) * 96
    in_the_grammar(conversation)


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(model: Arrays) -> None:
    answers = [list(performer(model, seed, told(PLAYED)).answer(2)) for seed in (1, 1, 2)]
    assert answers[0] == answers[1] != answers[2]


def test_a_new_conversation_after_a_reset_is_the_first_one_again(model: Arrays) -> None:
    conversation = performer(model, 1, told(PLAYED))
    first = list(conversation.answer(2))
    conversation.reset()
    for event in told(PLAYED):
        conversation.hear(event)
    assert list(conversation.answer(2)) == first


def test_reading_along_while_it_is_played_changes_nothing(model: Arrays) -> None:
    conversation = performer(model, 1)
    for event in told(PLAYED):
        conversation.hear(event)
        conversation.catch_up()
    assert list(conversation.answer(2)) == list(performer(model, 1, told(PLAYED)).answer(2))


def test_an_event_leaves_before_the_next_is_decided(model: Arrays) -> None:
    answer = performer(model, 1, told(PLAYED)).answer(50)
    assert isinstance(next(answer), BarStart)
    assert len(list(islice(answer, 5))) == 5


def test_only_instruments_that_were_heard_are_played(model: Arrays) -> None:
    heard: list[Event] = [BarStart(0, COMMON), NoteOn(0, 40, 60, 20), NoteOn(0, v.DRUMS, 38, 20)]
    answer = list(performer(model, 1, heard).answer(8))
    assert {note.instrument for note in notes_of(answer)} == {40, v.DRUMS}


def test_limits_name_who_plays_whoever_was_heard(model: Arrays) -> None:
    conversation = performer(model, 1, told(PLAYED), instruments=frozenset({7, 11}))
    answer = list(conversation.answer(8))
    assert {note.instrument for note in notes_of(answer)} == {7, 11}
    in_the_grammar(conversation)


def test_after_silence_anybody_may_play(model: Arrays) -> None:
    conversation = performer(model, 1)
    answer = list(conversation.answer(4))
    check(answer, begin=COMMON.ticks, bars=4)
    assert len({note.instrument for note in notes_of(answer)}) > 3


def test_an_empty_heard_bar_is_no_bar_of_the_answer(model: Arrays) -> None:
    heard: list[Event] = [
        BarStart(0, COMMON),
        TempoSet(0, 70),
        NoteOn(0, 0, 60, 20),
        NoteOff(24, 0, 60),
        BarStart(96, COMMON),
    ]
    conversation = performer(model, 1, heard)
    check(list(conversation.answer(2)), begin=192, bars=2)


def test_nothing_heard_but_a_bar_line_is_silence(model: Arrays) -> None:
    check(list(performer(model, 1, [BarStart(0, COMMON)]).answer(2)), begin=96, bars=2)


@pytest.mark.parametrize("onset", [0, 50, 95])
def test_heard_notes_that_still_sound_are_not_the_answer_s_business(model: Arrays, onset: int) -> None:
    """Even one struck in the bar's very last tick, which has no later tick to be released in."""
    heard: list[Event] = [
        BarStart(0, COMMON),
        TempoSet(0, 70),
        NoteOn(onset, 0, 60, 20),
        NoteOn(onset, 0, 64, 20),
    ]
    conversation = performer(model, 1, heard)
    check(list(conversation.answer(3)), begin=96, bars=3)
    in_the_grammar(conversation)


def test_a_release_that_comes_with_its_onset_in_the_last_tick_breaks_nothing(model: Arrays) -> None:
    heard: list[Event] = [BarStart(0, COMMON), NoteOn(95, 0, 60, 20), NoteOff(95, 0, 60)]
    conversation = performer(model, 1, heard)
    check(list(conversation.answer(2)), begin=96, bars=2)
    in_the_grammar(conversation)


def test_an_answer_can_be_continued(model: Arrays) -> None:
    conversation = performer(model, 1, told(PLAYED))
    for turn in range(4):
        check(list(conversation.answer(1)), begin=PLAYED.ticks + 96 * turn, bars=1)
    in_the_grammar(conversation)


def test_what_is_played_after_an_answer_is_heard(model: Arrays) -> None:
    conversation = performer(model, 1, told(PLAYED))
    list(conversation.answer(2))
    line = PLAYED.ticks + 2 * COMMON.ticks
    for event in (BarStart(line, COMMON), NoteOn(line, 5, 60, 20), NoteOff(line + 24, 5, 60)):
        conversation.hear(event)
    check(list(conversation.answer(2)), begin=line + 96, bars=2)
    score = in_the_grammar(conversation)
    assert [note for note in score.notes if note.onset == line][-1].instrument == 5


def test_what_an_answer_left_sounding_ends_at_its_bar_line(model: Arrays) -> None:
    """As its listeners were told: the model hears its own notes end where they ended."""
    conversation = performer(model, 3, told(PLAYED))
    list(conversation.answer(2))
    line = PLAYED.ticks + 2 * COMMON.ticks
    conversation.hear(BarStart(line, COMMON))
    conversation.hear(NoteOn(line + 50, 0, 60, 20))
    list(conversation.answer(1))
    for note in in_the_grammar(conversation).notes:
        if note.onset < line and note.instrument != v.DRUMS:
            assert note.end <= line


@pytest.mark.parametrize("events", range(1, 34, 3))
def test_an_answer_stopped_anywhere_can_be_gone_on_from(model: Arrays, events: int) -> None:
    conversation = performer(model, 1, told(PLAYED))
    answer = conversation.answer(4)
    last = list(islice(answer, events))[-1]
    answer.close()
    conversation.hear(NoteOn(last.tick, 0, 60, 20))
    in_the_grammar(conversation)
    following = list(conversation.answer(1))
    check(following, begin=-(-(last.tick + 1) // 96) * 96, bars=1)
    in_the_grammar(conversation)


def test_an_answer_stopped_early_leaves_nothing_after_a_reset(model: Arrays) -> None:
    conversation = performer(model, 1, told(PLAYED))
    answer = conversation.answer(4)
    list(islice(answer, 7))
    answer.close()
    conversation.reset()
    assert conversation.tokens == ()
    for event in told(PLAYED):
        conversation.hear(event)
    assert list(conversation.answer(2)) == list(performer(model, 1, told(PLAYED)).answer(2))


def test_a_refused_event_leaves_the_conversation_as_it_was(model: Arrays) -> None:
    conversation = performer(model, 1, told(PLAYED))
    with pytest.raises(EncodeError, match="outside its bar"):
        conversation.hear(NoteOn(PLAYED.ticks, 99, 60, 20))
    assert list(conversation.answer(2)) == list(performer(model, 1, told(PLAYED)).answer(2))


def test_temperature_nought_needs_no_luck(model: Arrays) -> None:
    answers = []
    for seed in (1, 2):
        conversation = performer(model, seed, told(PLAYED))
        conversation.sampling = Sampling(temperature=0)
        answers.append(list(conversation.answer(1)))
    assert answers[0] == answers[1]


def test_another_network_goes_on_with_the_conversation(model: Arrays) -> None:
    other = arrays(network(TINY, seed=9))
    conversation = performer(model, 1, told(PLAYED))
    successor = Successor(other)
    successor.read(conversation.tokens[:10])
    conversation.continue_with(successor)
    assert list(conversation.answer(2)) == list(performer(other, 1, told(PLAYED)).answer(2))


def test_a_memory_that_is_sure_plays_what_came_next_in_an_earlier_conversation(model: Arrays) -> None:
    melody = [
        NoteOn(96 * bar + 24 * beat, 0, 50 + 4 * bar + beat, 16) for bar in range(4) for beat in range(4)
    ]
    bars: list[Event] = [BarStart(96 * bar, COMMON) for bar in range(4)]
    offs = [NoteOff(note.tick + 12, 0, note.pitch) for note in melody]
    phrase = sorted([*bars, *melody, *offs], key=lambda event: event.tick)
    conversation = performer(model)
    memory = Memory()
    memory.recalls = (Recall(Exact(), (0.999,) * (len(LENGTHS) + 1)),)
    conversation.recollections.sitting = Recollection(memory)
    conversation.sampling = Sampling(1.0, 1.0, 0.0, echo=0.0, memory=1.0)
    for event in phrase:
        conversation.hear(event)
    conversation.reset()
    for event in phrase[: len(phrase) // 2]:
        conversation.hear(event)
    answered = [(event.tick, event.pitch) for event in notes_of(conversation.answer(2))]
    assert answered[:8] == [(note.tick, note.pitch) for note in melody[8:]]


@pytest.mark.parametrize("memory", [0.0, 1.0])
@pytest.mark.parametrize("echo", [0.0, 1.0])
def test_every_answer_is_whole_with_or_without_memory(model: Arrays, echo: float, memory: float) -> None:
    conversation = performer(model, heard=told(PLAYED))
    conversation.sampling = Sampling(1.5, 1.0, 0.0, echo, memory)
    check(list(conversation.answer(2)), begin=PLAYED.ticks, bars=2)
    check(list(conversation.answer(2)), begin=PLAYED.ticks + 2 * 96, bars=2)
    in_the_grammar(conversation)
