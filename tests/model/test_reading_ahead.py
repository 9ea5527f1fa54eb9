"""A pause is used: the network reads on as if the phrase were over, and an answer then begins sooner."""

from __future__ import annotations

import random

import pytest

from meloformer.model.arrays import Arrays
from meloformer.model.decoder import decode
from meloformer.model.events import Event
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from music import TINY, arrays, counted_reads, network, piece, told

PLAYED = told(piece(1, bars=3))


@pytest.fixture(scope="module")
def model() -> Arrays:
    return arrays(network(TINY))


def performer(model: Arrays) -> Performer:
    return Performer(model, Sampling(1.2, 1.0, 0.0), seed=1)


@pytest.mark.parametrize("seed", range(4))
def test_it_changes_no_answer_wherever_the_pauses_were(model: Arrays, seed: int) -> None:
    chance, plain, pausing = random.Random(seed), performer(model), performer(model)
    for _ in range(2):
        for event in later(PLAYED, plain):
            plain.hear(event)
            pausing.hear(event)
            if chance.random() < 0.5:
                pausing.read_ahead()
        assert list(plain.answer(2)) == list(pausing.answer(2))
        pausing.read_ahead()
    assert plain.tokens == pausing.tokens


def later(events: list[Event], conversation: Performer) -> list[Event]:
    """The same events behind what this conversation has had so far."""
    shift = decode(conversation.tokens).ticks if conversation.tokens else 0
    return [event._replace(tick=event.tick + shift) for event in events]


def test_an_answer_then_reads_nothing_but_its_own_tokens(model: Arrays) -> None:
    assert first_reads(performer(model), pause=False)[0] > 1
    assert set(first_reads(performer(model), pause=True)) <= {1}


def first_reads(conversation: Performer, pause: bool) -> list[int]:
    """How many tokens are read at a time from the question to the first event behind the bar line."""
    for event in PLAYED:
        conversation.hear(event)
    conversation.catch_up()
    if pause:
        conversation.read_ahead()
    reads = counted_reads(conversation._listener)
    answer = conversation.answer(1)
    next(answer)
    next(answer)
    return reads


def test_before_anything_was_heard_there_is_nothing_to_read(model: Arrays) -> None:
    conversation = performer(model)
    conversation.read_ahead()
    assert conversation.tokens == ()
    conversation.hear(PLAYED[0])
    conversation.read_ahead()
    assert list(conversation.answer(1))
