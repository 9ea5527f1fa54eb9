"""Pieces that are there twice: the same notes, in the same key or in another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from meloformer.training.rows import Sheet, lowest
from meloformer.training.sources import Refusal


@dataclass(slots=True)
class Seen:
    """The first piece with each content: its file, and its lowest pitch."""

    first: dict[str, tuple[str, int]] = field(default_factory=dict)

    def sift(self, table: pa.Table) -> tuple[pa.Table, list[Refusal]]:
        """The rows whose notes are new, and for each other one the file that it repeats."""
        kept: list[int] = []
        repeats: list[Refusal] = []
        for index, (content, source) in enumerate(
            zip(table["content"].to_pylist(), table["source"].to_pylist(), strict=True)
        ):
            low = _lowest(table.slice(index, 1))
            if content in self.first:
                repeats.append(_repeat(source, low, *self.first[content]))
            else:
                self.first[content] = source, low
                kept.append(index)
        return table.take(kept) if repeats else table, repeats


def _lowest(row: pa.Table) -> int:
    notes = Sheet.at(row).notes
    return lowest(notes[:, 1], notes[:, 2])


def _repeat(source: str, low: int, first: str, first_low: int) -> Refusal:
    moved = low - first_low
    where = f", {abs(moved)} semitones {'higher' if moved > 0 else 'lower'}" if moved else ""
    return Refusal(Path(source), f"{source} repeats {first}{where}; the first stays", repeats=first)
