"""What is heard is learnt by heart and comes back in the answer; an answer does not learn from itself."""

from __future__ import annotations

import numpy as np
import pytest

from meloformer.model import vocabulary as v
from meloformer.model.arrays import Arrays
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.memory import LENGTHS, Exact, Memory, Recall
from meloformer.model.performer import Performer
from meloformer.model.recollection import Recollection, Recollections
from meloformer.model.sampling import Sampling
from music import COMMON, arrays, network

FIGURE = [v.ON.id(int(pitch)) for pitch in np.random.default_rng(0).permutation(range(36, 84))[:20]]
NOTHING_KNOWN = np.full(v.SIZE, 1 / v.SIZE)
EVERYTHING = np.ones(v.SIZE, dtype=np.bool_)


def sure() -> Memory:
    """A memory that is nearly all of the choice, however short the stretch is."""
    memory = Memory()
    memory.recalls = (Recall(Exact(), (0.999,) * (len(LENGTHS) + 1)),)
    return memory


def expected(recollection: Recollection) -> int | None:
    """What it is sure of, if of anything."""
    mixed = recollection.memory.mixed(NOTHING_KNOWN, EVERYTHING, 1.0)
    return int(mixed.argmax()) if mixed.max() > 0.5 else None


def followed(*turns: tuple[list[int], bool]) -> Recollection:
    """Of a conversation of these stretches, each heard (False) or answered (True)."""
    recollection = Recollection(sure())
    tokens: list[int] = []
    answered: list[bool] = []
    for stretch, is_answer in turns:
        tokens += stretch
        answered += [is_answer] * len(stretch)
        recollection.follow(tokens, answered)
    return recollection


def test_an_answer_that_takes_up_a_heard_figure_is_led_on() -> None:
    assert expected(followed((FIGURE, False), (FIGURE[3:9], True))) == FIGURE[9]


def test_an_answer_does_not_learn_from_itself() -> None:
    assert expected(followed((FIGURE, True), (FIGURE[3:9], True))) is None


def test_an_answer_is_led_along_a_figure_once_until_something_is_heard_again() -> None:
    once, twice = FIGURE[3:9], FIGURE[3:12] + FIGURE[3:9]
    assert expected(followed((FIGURE, False), (once, True))) == FIGURE[9]
    assert expected(followed((FIGURE, False), (twice, True))) is None
    assert expected(followed((FIGURE, False), (twice, True), (FIGURE[3:9], False))) == FIGURE[9]


def test_where_tokens_are_taken_back_it_follows_the_other_ones_from_there() -> None:
    tokens, answered = FIGURE + FIGURE[3:9], [False] * len(FIGURE) + [True] * 6
    recollection = Recollection(sure())
    recollection.follow(tokens, answered)
    recollection.go_back(len(FIGURE) + 2)
    assert expected(recollection) is None
    recollection.follow([*tokens[: len(FIGURE) + 2], FIGURE[12]], answered[: len(FIGURE) + 3])
    assert expected(recollection) == FIGURE[13]


def test_a_new_conversation_knows_nothing_but_what_the_sitting_does() -> None:
    heard = [False] * len(FIGURE)
    for remembers in (False, True):
        recollections = Recollections()
        if remembers:
            recollections.remember(FIGURE, heard)
        recollections.follow(FIGURE, heard)
        recollections.begin(0)
        recollections.follow(FIGURE[:15], heard[:15])
        mixed = recollections.mixed(NOTHING_KNOWN, EVERYTHING, Sampling(1.0, 1.0, 0.0, 1.0, 1.0))
        assert (mixed[FIGURE[15]] > 0.1) == remembers


@pytest.fixture(scope="module")
def model() -> Arrays:
    return arrays(network())


def phrase() -> list[Event]:
    """Four bars: a figure of four notes, from another pitch in each bar."""
    events: list[Event] = []
    for bar, first in enumerate((50, 57, 53, 60)):
        events.append(BarStart(96 * bar, COMMON))
        for beat, step in enumerate((0, 4, 7, 2)):
            tick = 96 * bar + 24 * beat
            events += [NoteOn(tick, 0, first + step, 16), NoteOff(tick + 12, 0, first + step)]
    return events


def known_notes(model: Arrays, echo: float) -> int:
    """How many tokens of an answer stand in the conversation as they were heard before, in runs of eight."""
    performer = Performer(model, Sampling(1.0, 1.0, 0.0, echo), seed=1)
    for _ in range(3):
        for event in phrase():
            performer.hear(event._replace(tick=event.tick + _ * 4 * 96))
    heard = list(performer.tokens)
    list(performer.answer(4))
    answered = performer.tokens[len(heard) :]
    runs = {tuple(heard[at : at + 8]) for at in range(len(heard))}
    return sum(tuple(answered[at : at + 8]) in runs for at in range(len(answered)))


def test_what_was_heard_comes_back_in_the_answer_as_far_as_echo_says(model: Arrays) -> None:
    assert known_notes(model, echo=1.0) > 10 * known_notes(model, echo=0.0)


def test_at_temperature_0_the_dice_have_no_say(model: Arrays) -> None:
    answers = []
    for seed in (1, 2):
        performer = Performer(model, Sampling(temperature=0, echo=1.0), seed)
        for event in phrase():
            performer.hear(event)
        answers.append(list(performer.answer(2)))
    assert answers[0] == answers[1]
