"""Who sees whom: each attention rule is a small predicate over a row's columns, and can draw itself.

A token sees its own bar and related bars finely and causally, and of every bar told before only the summary.
A summary sees its own bar and the summaries up to itself. Documents never see each other, and nothing reaches
back more than TOLD_BARS bars as they are told, so that an endless conversation costs no more than a long one.

Legend: B rows, N = S + T positions (S summaries, then T tokens), q and kv positions of query and key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from meloformer.model.layout import COLUMNS, FINE_BARS, TOLD_BARS

Rule = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Columns:
    """A batch of rows as tensors [B, N], and how many of the N are summaries."""

    token: Tensor
    document: Tensor
    segment: Tensor
    bar: Tensor
    tick: Tensor
    instrument: Tensor
    summaries: int

    @classmethod
    def of(cls, columns: Tensor, summaries: int) -> Columns:
        """From [B, 6, N] in the order of layout.COLUMNS."""
        assert columns.shape[1] == len(COLUMNS), columns.shape
        token, document, segment, bar, tick, instrument = columns.unbind(1)
        return cls(token, document, segment, bar, tick, instrument, summaries)


def both(*rules: Rule) -> Rule:
    """What every rule allows."""

    def rule(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        seen = rules[0](b, h, q, kv)
        for other in rules[1:]:
            seen = seen & other(b, h, q, kv)
        return seen

    return rule


def either(*rules: Rule) -> Rule:
    """What any rule allows."""

    def rule(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        seen = rules[0](b, h, q, kv)
        for other in rules[1:]:
            seen = seen | other(b, h, q, kv)
        return seen

    return rule


def same_document(columns: Columns) -> Rule:
    """Documents packed together never see each other."""
    document = columns.document

    def rule(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return document[b, q] == document[b, kv]

    return rule


def related_bars(columns: Columns) -> Rule:
    """A token sees earlier tokens of its own bar and of the bars 1, 2, 4, 8, 12, 16, 24 or 32 away."""
    bar, summaries = columns.bar, columns.summaries
    related = fine_table(bar.device)
    farthest = len(related) - 1

    def rule(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        distance = (bar[b, q] - bar[b, kv]).abs().clamp(max=farthest)
        return (kv >= summaries) & (q >= kv) & related[distance]

    return rule


def ended_bars(columns: Columns) -> Rule:
    """A token sees the summaries of the bars told before its own."""
    segment, summaries = columns.segment, columns.summaries

    def rule(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return (q >= summaries) & (kv < summaries) & (segment[b, kv] < segment[b, q])

    return rule


def own_bar(columns: Columns) -> Rule:
    """A summary sees the tokens of its own bar."""
    segment, summaries = columns.segment, columns.summaries

    def rule(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return (q < summaries) & (kv >= summaries) & (segment[b, kv] == segment[b, q])

    return rule


def earlier_summaries(columns: Columns) -> Rule:
    """A summary sees itself and the summaries before it."""
    summaries = columns.summaries

    def rule(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return (q < summaries) & (kv <= q)

    return rule


def recently_told(columns: Columns) -> Rule:
    """Nothing is seen of bars that were told more than TOLD_BARS ago."""
    segment = columns.segment

    def rule(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        return segment[b, q] - segment[b, kv] <= TOLD_BARS

    return rule


def hid_attention(columns: Columns) -> Rule:
    """The whole mask."""
    seen = either(related_bars(columns), ended_bars(columns), own_bar(columns), earlier_summaries(columns))
    return both(same_document(columns), recently_told(columns), seen)


def fine_table(device: torch.device | str = "cpu") -> Tensor:
    """[34] booleans: whether bars so far apart see each other finely; the last entry is for any farther."""
    table = torch.zeros(FINE_BARS[-1] + 2, dtype=torch.bool)
    table[list(FINE_BARS)] = True
    return table.to(device)


def dense(rule: Rule, rows: int, length: int, device: torch.device | str = "cpu") -> Tensor:
    """The rule as booleans [B, 1, N, N]."""
    return part(rule, rows, range(length), length, device)


def part(rule: Rule, rows: int, queries: range, keys: int, device: torch.device | str) -> Tensor:
    """The rule as booleans [B, 1, queries, keys], of the first so many keys."""
    b = torch.arange(rows, device=device)[:, None, None]
    q = torch.arange(queries.start, queries.stop, device=device)[None, :, None]
    kv = torch.arange(keys, device=device)[None, None, :]
    return rule(b, torch.zeros_like(b), q, kv)[:, None]


def draw(rule: Rule, length: int, row: int = 0) -> str:
    """The rule as a picture, one line per query: `#` where it sees a key, `.` where it does not."""
    mask = dense(rule, row + 1, length)[row, 0]
    return "\n".join("".join("#" if seen else "." for seen in line) for line in mask.tolist())
