"""Endless packed batches of random windows from a store, in worker processes of torch's own loader."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from meloformer.model.layout import Document, Row, pack
from meloformer.model.vocabulary import BAR
from meloformer.training.rows import Sheet
from meloformer.training.split import split
from meloformer.training.windows import Budget, Chances, window

BARS_PER_TOKEN = 48 / 512
LEAST_BARS = 4
LEAST_ROOM = 64  # a rest of a row smaller than this stays empty
# Shares of the windows that the default preset learns from: by purpose, not by size. They are guesses.
COLLECTION_SHARES: Mapping[str, float] = {
    "freedoom": 0.14,
    "simutrans": 0.05,
    "easyrpg_rtp": 0.01,
    "band_synth": 0.35,
    "groove_midi": 0.06,
    "openscore_quartets": 0.05,
    "openscore_lieder": 0.06,
    "hauptstimme": 0.05,
    "polish_scores": 0.13,
    "mutopia_pd": 0.05,
    "mutopia_by": 0.02,
    "chopin_first_editions": 0.02,
    "open_hymnal": 0.01,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """The size of a row: tokens, and bars (one summary each)."""

    tokens: int
    bars: int

    @classmethod
    def of(cls, tokens: int) -> Rows:
        """Rows of so many tokens, with as many bars as such music usually needs."""
        return cls(tokens, max(LEAST_BARS, round(tokens * BARS_PER_TOKEN)))


@dataclass(frozen=True, slots=True)
class Pieces:
    """Which rows of the store belong to which collection, training pieces only."""

    by_collection: Mapping[str, list[int]]
    shares: Mapping[str, float]

    @classmethod
    def of(cls, store: Dataset, shares: Mapping[str, float] = COLLECTION_SHARES) -> Pieces:
        """Collections without a share of their own get one by their number of pieces."""
        collections = store["collection"]
        found: dict[str, list[int]] = {}
        for index in split(store).training:
            found.setdefault(collections[index], []).append(index)
        return cls(found, {name: shares.get(name, len(rows) / len(store)) for name, rows in found.items()})

    def draw(self, rng: random.Random) -> int:
        """A random row: the collection by its share, then any piece of it."""
        names = list(self.by_collection)
        collection = rng.choices(names, [self.shares[name] for name in names])[0]
        return rng.choice(self.by_collection[collection])


class Windows:
    """Packed rows without end; row n depends on (seed, n) alone, so a run resumes at the same next row."""

    def __init__(self, store: Dataset, rows: Rows, chances: Chances, seed: int, first: int) -> None:
        self._store = store.with_format("arrow")
        self._pieces = Pieces.of(store)
        self._rows, self._chances, self._seed, self._first = rows, chances, seed, first

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for number in count(self._first):
            row = self.row(number)
            yield torch.from_numpy(row.columns), torch.from_numpy(row.targets)

    def batch(self, number: int, size: int) -> tuple[Tensor, Tensor]:
        """The batch of this number, from the first row on: columns [size, 6, S + T], targets [size, T]."""
        first = self._first + number * size
        rows = [self.row(first + index) for index in range(size)]
        columns = np.stack([row.columns for row in rows])
        return torch.from_numpy(columns), torch.from_numpy(np.stack([row.targets for row in rows]))

    def row(self, number: int) -> Row:
        """Windows until the row of this number is full."""
        rng = random.Random(f"{self._seed}/{number}")
        documents: list[Document] = []
        tokens, bars = self._rows.tokens, self._rows.bars
        while tokens >= LEAST_ROOM and bars >= 2:
            sheet = Sheet.at(self._store[self._pieces.draw(rng)])
            document = window(sheet, Budget(tokens, bars), self._chances, rng)
            documents.append(document)
            tokens -= len(document.tokens)
            bars -= sum(1 for token in document.tokens if token == BAR) + 1
        return pack(documents, self._rows.bars, self._rows.tokens)


class Batches(IterableDataset[tuple[Tensor, Tensor]]):
    """Batches without end. Of several workers each makes every so manieth, and they come in order again."""

    def __init__(self, windows: Windows, size: int) -> None:
        self._windows, self._size = windows, size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = torch.utils.data.get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        for number in count(first, step):
            yield self._windows.batch(number, self._size)


def batches(windows: Windows, batch: int, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Columns [B, 6, S + T] and targets [B, T], in the order of the rows' numbers, however many workers.

    Workers are processes that stay two batches ahead each. Where there is a GPU, memory is pinned.
    """
    pinned = torch.cuda.is_available()
    yield from DataLoader[Any](
        Batches(windows, batch), batch_size=None, num_workers=workers, pin_memory=pinned
    )
