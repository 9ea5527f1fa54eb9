"""Other attention rules than the model's own: what it is compared with, for speed and for what it learns."""

from __future__ import annotations

from torch import Tensor

from meloformer.model.layout import FINE_BARS
from meloformer.model.masks import (
    Columns,
    Rule,
    both,
    earlier_summaries,
    either,
    ended_bars,
    own_bar,
    recently_told,
    related_bars,
    same_document,
)


def causal(columns: Columns) -> Rule:
    """Every position sees all before it; summaries are positions like others, documents one text."""
    return lambda b, h, q, kv: q >= kv


def all_before(columns: Columns) -> Rule:
    """A token sees every earlier token of its document and no summary: what the two levels stand in for."""
    return both(same_document(columns), _alone(columns, causal(columns)))


def fine(columns: Columns) -> Rule:
    """The fine level alone."""
    return both(same_document(columns), _alone(columns, related_bars(columns)))


def nearest(columns: Columns) -> Rule:
    """The model's own rule, but with fine attention to the present bar and the eight before it."""
    bar, summaries = columns.bar, columns.summaries

    def near(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return (kv >= summaries) & (q >= kv) & ((bar[b, q] - bar[b, kv]).abs() < len(FINE_BARS))

    seen = either(near, ended_bars(columns), own_bar(columns), earlier_summaries(columns))
    return both(same_document(columns), recently_told(columns), seen)


def _alone(columns: Columns, rule: Rule) -> Rule:
    """Tokens among themselves by this rule. No token sees a summary, and each summary sees itself."""
    summaries = columns.summaries

    def among_tokens(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return (q >= summaries) & (kv >= summaries)

    def itself(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return (q < summaries) & (q == kv)

    return either(both(among_tokens, rule), itself)
