"""One network learnt in several ways: nothing differs but the one thing that is said."""

from __future__ import annotations

import pytest
import torch
from datasets import Dataset

from meloformer.model.attention import RuleOf
from meloformer.model.layout import pack
from meloformer.model.masks import FINE_BARS, dense, hid_attention
from meloformer.model.shape import Shape
from meloformer.training import rules
from meloformer.training.trials import trials
from meloformer.training.variants import ABLATIONS, CONTEXTS, TokenRotation, Variant
from music import columns, document, network

SMALLEST = Shape(width=64, layers=1, kv_heads=1)
SUMMARIES, TOKENS = 12, 200


def seen(rule: RuleOf) -> torch.Tensor:
    """Two documents in one row; who sees whom."""
    row = columns(
        [pack([document(0, bars=5, density=2), document(1, bars=4, density=2)], SUMMARIES, TOKENS)], 12
    )
    return dense(rule(row), 1, SUMMARIES + TOKENS)[0, 0]


def test_dense_attention_sees_every_earlier_token_of_its_document_and_nothing_else() -> None:
    row = columns(
        [pack([document(0, bars=5, density=2), document(1, bars=4, density=2)], SUMMARIES, TOKENS)], 12
    )
    mask = seen(rules.all_before)
    for q in range(SUMMARIES, SUMMARIES + TOKENS):
        for kv in range(SUMMARIES + TOKENS):
            earlier = SUMMARIES <= kv <= q and bool(row.document[0, q] == row.document[0, kv])
            assert bool(mask[q, kv]) == earlier


def test_the_fine_level_alone_is_the_models_own_rule_without_summaries() -> None:
    among_tokens = (slice(SUMMARIES, None), slice(SUMMARIES, None))
    assert max(FINE_BARS) >= 5
    assert torch.equal(seen(rules.fine)[among_tokens], seen(hid_attention)[among_tokens])
    assert not seen(rules.fine)[SUMMARIES:, :SUMMARIES].any()


@pytest.mark.parametrize("variant", [*CONTEXTS.values(), *ABLATIONS.values()])
def test_every_query_sees_something(variant: Variant) -> None:
    assert seen(variant.rule).any(dim=-1).all()


def test_each_seed_is_learnt_under_each_rule_and_goes_on_in_longer_rows(store: Dataset) -> None:
    found = list(trials(store, CONTEXTS, [128, 256], 3, 2, SMALLEST))
    said = [(one.seed, one.variant, one.tokens) for one in found]
    assert said == [(seed, kind, tokens) for kind in CONTEXTS for seed in (1, 2) for tokens in (128, 256)]
    assert len({one.seen for one in found if one.seed == 1 and one.tokens == 128}) == 1
    assert len({one.bits.notes for one in found if one.tokens == 256}) == 1
    # fine attention sees all there is of shorter rows, as dense attention does
    longer = [one.bits.bits for one in found if one.tokens == 256]
    assert len(set(longer)) == len(longer)


def test_the_same_variant_learns_the_same_again(store: Dataset) -> None:
    one, again = trials(store, {"one": Variant(), "again": Variant()}, [128], 1, 1, SMALLEST)
    assert one.bits == again.bits


def test_each_variant_learns_something_else_of_the_same_held_out_music(store: Dataset) -> None:
    """But fine sets: these few bars are all near each other."""
    found = {one.variant: one for one in trials(store, ABLATIONS, [256], 2, 1, SMALLEST)}
    assert list(found) == list(ABLATIONS)
    assert len({one.bits.notes for one in found.values()}) == 1
    other = {name: one.bits.bits for name, one in found.items() if name != "nine nearest bars finely"}
    assert len(set(other.values())) == len(other)


def test_positions_in_tokens_know_no_bars() -> None:
    """Each token turns as far from the one before as any other does, wherever bar lines are."""
    row = columns([pack([document(0, bars=5, density=2)], SUMMARIES, TOKENS)], SUMMARIES)
    cos, sin = TokenRotation(SMALLEST).turn(row)
    turns = torch.complex(cos, sin)[0, 0]
    steps = turns[SUMMARIES + 1 :] * turns[SUMMARIES:-1].conj()
    assert torch.allclose(steps, steps[:1].expand_as(steps), atol=1e-4)
    told = torch.where(row.document[0] == 0, row.segment[0], -1)[SUMMARIES:]
    ends = [int((told == bar).nonzero()[-1]) for bar in range(4)]
    assert torch.allclose(turns[:4], turns[[SUMMARIES + end for end in ends]], atol=1e-4)


def test_a_network_that_knows_something_goes_on_and_is_left_as_it_was(store: Dataset) -> None:
    known = network(SMALLEST)
    before = {name: tensor.clone() for name, tensor in known.state_dict().items()}
    both = {name: CONTEXTS[name] for name in ("dense", "fine + coarse")}
    dense, sparse = trials(store, both, [128], 2, 1, start=known)
    assert dense.bits.notes == sparse.bits.notes
    assert dense.bits.bits != sparse.bits.bits
    assert all(torch.equal(tensor, before[name]) for name, tensor in known.state_dict().items())
