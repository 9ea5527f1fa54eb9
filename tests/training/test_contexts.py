"""One network under several attention rules: nothing differs but what it may see."""

from __future__ import annotations

import pytest
import torch
from datasets import Dataset

from meloformer.model.attention import RuleOf
from meloformer.model.layout import pack
from meloformer.model.masks import FINE_BARS, dense, hid_attention
from meloformer.model.shape import Shape
from meloformer.training import contexts, rules
from meloformer.training.contexts import RULES, trials
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


@pytest.mark.parametrize("kind", RULES)
def test_every_query_sees_something(kind: str) -> None:
    assert seen(RULES[kind]).any(dim=-1).all()


def test_each_seed_is_learnt_under_each_rule_and_goes_on_in_longer_rows(store: Dataset) -> None:
    found = list(trials(store, [128, 256], 8, 2, SMALLEST))
    said = [(one.seed, one.rule, one.tokens) for one in found]
    assert said == [(seed, kind, tokens) for kind in RULES for seed in (1, 2) for tokens in (128, 256)]
    assert len({one.seen for one in found if one.seed == 1 and one.tokens == 128}) == 1
    assert len({one.bits.notes for one in found if one.tokens == 256}) == 1
    # fine attention sees all there is of shorter rows, as dense attention does
    longer = [one.bits.bits for one in found if one.tokens == 256]
    assert len(set(longer)) == len(longer)


def test_the_same_rule_learns_the_same_again(store: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(contexts.RULES, "again", hid_attention)  # type: ignore[misc]
    one, again = trials(store, [128], 5, 1, SMALLEST, ("fine + coarse", "again"))
    assert one.bits == again.bits


def test_a_network_that_knows_something_goes_on_and_is_left_as_it_was(store: Dataset) -> None:
    known = network(SMALLEST)
    before = {name: tensor.clone() for name, tensor in known.state_dict().items()}
    dense, sparse = trials(store, [128], 20, 1, kinds=("dense", "fine + coarse"), start=known)
    assert dense.bits.notes == sparse.bits.notes
    assert dense.bits.bits != sparse.bits.bits
    assert all(torch.equal(tensor, before[name]) for name, tensor in known.state_dict().items())
