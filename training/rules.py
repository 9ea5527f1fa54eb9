"""Other attention rules than the model's own: what it is compared with, for speed and for what it learns."""

from __future__ import annotations

from torch import Tensor

from meloformer.model.masks import Columns, Rule, both, either, related_bars, same_document


def causal(columns: Columns) -> Rule:
    """Every position sees all before it; summaries are positions like others, documents one text."""
    return lambda b, h, q, kv: q >= kv


def all_before(columns: Columns) -> Rule:
    """A token sees every earlier token of its document and no summary: what the two levels stand in for."""
    return both(same_document(columns), _alone(columns, causal(columns)))


def fine(columns: Columns) -> Rule:
    """The fine level alone."""
    return both(same_document(columns), _alone(columns, related_bars(columns)))


def _alone(columns: Columns, rule: Rule) -> Rule:
    """Tokens among themselves by this rule. No token sees a summary, and each summary sees itself."""
    summaries = columns.summaries

    def among_tokens(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return (q >= summaries) & (kv >= summaries)

    def itself(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return (q < summaries) & (q == kv)

    return either(both(among_tokens, rule), itself)
