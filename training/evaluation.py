"""Bits per note, bar and token on held-out music, collection by collection, of a model and whatever else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meloformer.model.network import Network
from meloformer.training.baselines import Baseline, bits_of_baseline
from meloformer.training.bits import NONE, Bits, bits_of
from meloformer.training.heldout import Excerpt, batched
from meloformer.training.loader import Rows

Measure = Callable[[Sequence[Sequence[int]]], Bits]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`bits[who][collection]`; every `who` was measured on the same excerpts."""

    bits: Mapping[str, Mapping[str, Bits]]

    @property
    def collections(self) -> list[str]:
        return sorted(next(iter(self.bits.values())))

    def overall(self, who: str) -> Bits:
        """Over all collections, each by its number of tokens and notes."""
        return sum(self.bits[who].values(), NONE)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers: who, then each collection and `overall`."""
        return {
            who: {name: _numbers(bits) for name, bits in of_one.items()}
            | {"overall": _numbers(self.overall(who))}
            for who, of_one in self.bits.items()
        }


def _numbers(bits: Bits) -> dict[str, float]:
    return {
        "bits_per_note": round(bits.per_note, 4),
        "bits_per_bar": round(bits.per_bar, 4),
        "bits_per_token": round(bits.per_token, 4),
        "bars": bits.bars,
        "notes": bits.notes,
        "tokens": bits.tokens,
    }


def of_network(network: Network, rows: Rows) -> Measure:
    """How to measure a network: with one excerpt in a row, and no mask of the grammar."""

    def measure(documents: Sequence[Sequence[int]]) -> Bits:
        return bits_of(network, batched(documents, rows))

    return measure


def of_baseline(baseline: Baseline) -> Measure:
    """How to measure a baseline: it has no mask of the grammar either."""

    def measure(documents: Sequence[Sequence[int]]) -> Bits:
        return bits_of_baseline(baseline, documents)

    return measure


def evaluate(excerpts: Sequence[Excerpt], measures: Mapping[str, Measure]) -> Evaluation:
    """Everyone's bits over the same excerpts."""
    documents: dict[str, list[Sequence[int]]] = {}
    for one in excerpts:
        documents.setdefault(one.collection, []).append(one.tokens)
    return Evaluation(
        {
            who: {name: measure(of_one) for name, of_one in documents.items()}
            for who, measure in measures.items()
        }
    )
