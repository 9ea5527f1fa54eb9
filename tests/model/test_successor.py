"""A network that takes over a conversation knows it as if it had read along, wherever one goes back to."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.events import Event
from meloformer.model.listener import Listener, Weights
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.successor import MOST_BARS, Successor
from meloformer.model.telling import encode
from meloformer.model.variations import Variations
from music import COMMON, TINY, arrays, network, piece, told

DARING = Sampling(temperature=1.5, top_p=1.0, min_p=0.0)  # an untrained network then tries everything
PLAYED = piece(1, bars=2)
TOKENS = encode(piece(2, bars=12), end=False)
BEGIN, BAR = 2 * COMMON.ticks, COMMON.ticks


@pytest.fixture(scope="module", params=["arrays", "torch"])
def models(request: pytest.FixtureRequest) -> tuple[Weights, Weights]:
    old, new = network(TINY), network(TINY, seed=9)
    return (arrays(old), arrays(new)) if request.param == "arrays" else (old, new)


def performer(model: Weights) -> Performer:
    made = Performer(model, DARING, seed=1)
    for event in told(PLAYED):
        made.hear(event)
    return made


def knows(listener: Listener, tokens: list[int]) -> None:
    """The listener knows what a fresh one knows after these tokens."""
    fresh = Listener(listener.network)
    fresh.read(tokens)
    np.testing.assert_allclose(listener.logits(), fresh.logits(), atol=2e-4)


@given(
    cuts=st.lists(st.tuples(st.integers(1, len(TOKENS)), st.booleans()), min_size=1, max_size=4),
    at=st.integers(1, len(TOKENS)),
)
@settings(max_examples=40)
def test_whatever_it_has_read_before_it_knows_the_conversation_up_to_any_point(
    cuts: list[tuple[int, bool]], at: int
) -> None:
    successor = Successor(arrays(network(TINY)))
    for cut, other_way in cuts:
        successor.read([*TOKENS[:cut], v.BAR, v.BAR] if other_way else TOKENS[:cut])
    successor.read(TOKENS)
    assert successor.missing(TOKENS) == 0
    knows(successor.listener, TOKENS)
    reading = Listener(successor.network)
    reading.read(TOKENS[:at])
    assert successor.bookmark_like(reading.bookmark(), at) is not None
    knows(successor.listener, TOKENS[:at])


def test_it_misses_what_it_has_not_read_and_what_it_has_read_otherwise() -> None:
    successor = Successor(arrays(network(TINY)))
    successor.read(TOKENS[:40])
    assert successor.missing(TOKENS) == len(TOKENS) - 40
    assert successor.missing(TOKENS[:40]) == 0
    assert successor.missing([*TOKENS[:30], v.BAR, v.BAR]) == 2


@pytest.mark.parametrize("bars", [1, 3])
def test_of_a_long_conversation_it_reads_the_last_bars_as_if_it_began_there(bars: int) -> None:
    score = piece(3, bars=MOST_BARS + bars, density=2)
    tokens = encode(score, end=False)
    lines = [at for at, token in enumerate(tokens) if token == v.BAR]
    successor = Successor(arrays(network(TINY)))
    successor.read(tokens)
    start = lines[-MOST_BARS]
    assert tokens[start + 1] not in v.NUM
    knows(successor.listener, [v.BOS, v.BAR, *tokens[2:4], *tokens[start + 1 :]])
    assert successor.bookmark_like(Listener(successor.network).bookmark(), start - 5) is None


@pytest.mark.parametrize("bars", [1, 2, 3])
def test_inside_an_answer_what_is_decided_stays_and_the_other_network_decides_the_rest(
    models: tuple[Weights, Weights], bars: int
) -> None:
    old, new = models
    unswapped = list(performer(old).answer(4))
    conversation, events = performer(old), list[Event]()
    for event in conversation.answer(4):
        events.append(event)
        if event[:2] == (BEGIN + bars * BAR, COMMON):
            conversation.continue_with(Successor(new))
    line = [event[:2] for event in events].index((BEGIN + bars * BAR, COMMON))
    assert events[: line + 1] == unswapped[: line + 1]
    assert events[line + 1 :] != unswapped[line + 1 :]
    conversation.catch_up()
    assert conversation._listener.network is new
    knows(conversation._listener, list(conversation.tokens))


def test_bars_that_the_network_before_has_made_are_made_anew_as_the_other_one_would(
    models: tuple[Weights, Weights],
) -> None:
    old, new = models
    conversation, successor = performer(old), Successor(new)
    list(conversation.answer(4))
    successor.read(conversation.tokens)
    conversation.continue_with(successor)
    again = list(conversation.revise(BEGIN + BAR, 3, COMMON))

    alone = performer(old)
    list(alone.answer(4))
    alone.continue_with(Successor(new))
    assert list(alone.revise(BEGIN + BAR, 3, COMMON)) == again
    conversation.catch_up()
    knows(conversation._listener, list(conversation.tokens))


def test_after_a_swap_nobody_holds_the_network_before(models: tuple[Weights, Weights]) -> None:
    old, new = models
    conversation = performer(old)
    list(islice(conversation.answer(4), 30))
    conversation.continue_with(Successor(new))
    bookmarks = [line.point.bookmark for line in conversation._lines.values()]
    conversation.go_back(next(iter(conversation._lines.values())).point)
    assert None not in bookmarks
    knows(conversation._listener, list(conversation.tokens))


def test_a_network_comes_after_a_longer_variation_was_left(models: tuple[Weights, Weights]) -> None:
    """The bar lines of what was given up belong to no conversation any more."""
    old, new = models
    conversation = performer(old)
    variations = Variations(conversation)
    list(variations.answer("long", 4))
    list(variations.answer("short", 1))
    variations.choose("short")
    conversation.continue_with(Successor(new))
    variations.leave()
    conversation.catch_up()
    knows(conversation._listener, list(conversation.tokens))
