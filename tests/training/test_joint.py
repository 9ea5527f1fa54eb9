"""What a stream costs is summed over all that it says, and the chances of all streams add up to one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest

from meloformer.model import vocabulary as v
from meloformer.model.grammar import Grammar, GrammarError
from meloformer.model.listener import Listener
from meloformer.model.reading import Last
from meloformer.model.telling import encode
from meloformer.training.bits import bits_of
from meloformer.training.chorales import chorale
from meloformer.training.heldout import batched
from meloformer.training.joint import NOTHING, Joint, joint, masks
from meloformer.training.loader import Rows
from music import network
from tunes import CHORALE

NETWORK = network()
STREAM = encode(chorale(CHORALE).score)
# a bar of three ticks in which two notes sound, told up to its second tick
SHORT_BAR = [v.BOS, v.BAR, v.NUM.id(0), v.DEN.id(5), v.POS.id(0), v.INST.id(40), v.VEL.id(9), v.ON.id(60)]
SHORT_BAR += [v.ON.id(64), v.POS.id(1)]


def read_by(tokens: list[int]) -> Grammar:
    grammar = Grammar()
    for token in tokens:
        grammar.push(token)
    return grammar


def chances(listener: Listener, grammar: Grammar) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """[V]: those of the next token, of which only what is allowed has any."""
    raised = np.where(grammar.allowed(), np.exp(listener.logits().astype(np.float64)), 0.0)
    return np.asarray(raised / raised.sum())


def test_unmasked_it_is_the_bits_of_the_whole_stream() -> None:
    found = joint(NETWORK, STREAM)
    said = bits_of(NETWORK, batched([STREAM], Rows(2048, 40)))
    assert found.unmasked == pytest.approx(said.bits * math.log(2), rel=1e-5)
    assert found.tokens == said.tokens == len(STREAM) - 1


def test_masked_it_is_what_a_sampler_that_reads_token_by_token_would_pay() -> None:
    listener, grammar, nats = Listener(NETWORK), Grammar(), 0.0
    for token in STREAM:
        if grammar.last is not Last.NOTHING:
            nats -= math.log(chances(listener, grammar)[token])
        grammar.push(token)
        listener.read([token])
    assert joint(NETWORK, STREAM).masked == pytest.approx(nats, rel=1e-5)


def test_every_kind_of_token_that_a_chorale_says_is_paid_for() -> None:
    """Bars, meter, tempo, velocities and the end too: the stream less its last token costs less."""
    paid = {v.describe(token).split()[0] for token in STREAM[1:]}
    assert paid == {"BAR", "NUM", "DEN", "POS", "TEMPO", "INST", "VEL", "ON", "OFFALL", "EOS"}
    costs = [joint(NETWORK, STREAM[:length]) for length in range(2, 60)]
    assert all(more.unmasked > less.unmasked for less, more in pairwise(costs))
    assert joint(NETWORK, STREAM[:-1]).masked < joint(NETWORK, STREAM).masked


def test_the_beginning_of_a_long_chorale_is_in_sight_at_its_end() -> None:
    """Its last token costs something else when its first notes were others: nothing is cut off."""

    def cost_of_the_end(first: int) -> float:
        stream = encode(chorale([(first, 67, 64, 48)] + CHORALE * 10).score)
        return joint(NETWORK, stream).unmasked - joint(NETWORK, stream[:-1]).unmasked

    assert len(CHORALE) * 10 >= 640
    assert cost_of_the_end(72) != pytest.approx(cost_of_the_end(74), abs=1e-9)


def test_masked_it_costs_less_for_nothing_is_lost_to_what_means_nothing() -> None:
    found = joint(NETWORK, STREAM)
    assert 0 < found.masked < found.unmasked


def test_sums_are_over_all_streams() -> None:
    assert Joint(1.0, 0.5, 3) + Joint(2.0, 0.25, 4) + NOTHING == Joint(3.0, 0.75, 7)


def test_a_stream_that_cannot_be_sampled_has_no_cost() -> None:
    with pytest.raises(GrammarError):
        joint(NETWORK, [v.BOS, v.BAR, v.EOS])


def test_at_every_step_what_is_allowed_is_what_is_taken_and_its_chances_add_up_to_one() -> None:
    listener, grammar = Listener(NETWORK), Grammar()
    for at, token in enumerate(STREAM[:60]):
        if at % 10 == 0:
            taken = [each for each in range(v.SIZE) if takes(grammar, each)]
            assert taken == np.flatnonzero(grammar.allowed()).tolist()
        grammar.push(token)
        listener.read([token])
        assert chances(listener, grammar).sum() == pytest.approx(1.0, abs=1e-12)
    assert np.array_equal(masks(STREAM[:61])[-1], grammar.allowed())


def takes(grammar: Grammar, token: int) -> bool:
    """Whether a copy takes the token; if so, it can go on or has ended."""
    copy = deepcopy(grammar)
    try:
        copy.push(token)
    except GrammarError:
        return False
    assert copy.allowed().any() or copy.last is Last.END
    return True


def leaves(tokens: list[int], depth: int) -> Iterator[list[int]]:
    """Every stream that goes on for `depth` tokens, or ends before: tried with every token there is."""
    grammar = read_by(tokens)
    if depth == 0 or grammar.last is Last.END:
        yield tokens
        return
    for token in range(v.SIZE):
        if takes(grammar, token):
            yield from leaves([*tokens, token], depth - 1)


@pytest.mark.parametrize(
    ("beginning", "depth"), [([v.BOS], 3), ([*SHORT_BAR, v.ON.id(120)], 1)], ids=["from BOS", "in music"]
)
def test_tried_out_all_streams_of_one_depth_add_up_to_one(beginning: list[int], depth: int) -> None:
    before = joint(NETWORK, beginning) if len(beginning) > 1 else NOTHING
    paid = [joint(NETWORK, leaf) for leaf in leaves(beginning, depth)]
    assert len(paid) > 100
    assert math.fsum(math.exp(before.masked - one.masked) for one in paid) == pytest.approx(1.0, abs=1e-6)
    assert math.fsum(math.exp(before.unmasked - one.unmasked) for one in paid) < 1.0


def test_two_tokens_deep_in_music_all_streams_add_up_to_one_those_that_end_included() -> None:
    listener = Listener(NETWORK)
    listener.read(SHORT_BAR[:-1])
    sums = list(products(listener, read_by(SHORT_BAR[:-1]), 2, 1.0))
    assert len(sums) > 10_000
    assert math.fsum(sums) == pytest.approx(1.0, abs=1e-9)


def products(listener: Listener, grammar: Grammar, depth: int, chance: float) -> Iterator[float]:
    """The product of chances of each stream that goes on for `depth` tokens or ends before."""
    if depth == 0 or grammar.last is Last.END:
        yield chance
        return
    each, mark = chances(listener, grammar), listener.bookmark()
    for token in np.flatnonzero(grammar.allowed()).tolist():
        following = deepcopy(grammar)
        following.push(token)
        if depth > 1 and following.last is not Last.END:
            listener.read([token])
        yield from products(listener, following, depth - 1, chance * float(each[token]))
        listener.go_back(mark)
