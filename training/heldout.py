"""A fixed sample of the held-out pieces, in packed rows: the same music at every step of every run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from datasets import Dataset
from torch import Tensor

from meloformer.model.layout import Document, pack
from meloformer.training.loader import Rows
from meloformer.training.rows import Piece, piece_of
from meloformer.training.split import split
from meloformer.training.store import in_memory
from meloformer.training.windows import whole

ROWS_AT_ONCE = 8
PIECES_OF_EACH = 10
FEW = 8  # of fewer pieces than these an excerpt each would be too little to go by
MOST_STRETCHES = 32
PARTS = 4  # of a piece that is alone


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a held-out piece, told plainly."""

    collection: str
    tokens: Sequence[int]


def excerpts(store: Dataset, rows: Rows, most_of_each: int = PIECES_OF_EACH) -> list[Excerpt]:
    """One excerpt from up to so many held-out pieces of each collection, in the store's order.

    Where that is only a few pieces, as of a musician's own, they are taken whole.
    """
    pieces = list(_pieces(store, most_of_each))
    if len(pieces) >= FEW:
        return [Excerpt(piece.collection, excerpt(piece, rows)) for piece in pieces]
    whole_ones = [Excerpt(piece.collection, tokens) for piece in pieces for tokens in stretches(piece, rows)]
    return whole_ones[:MOST_STRETCHES]


def parted(store: Dataset) -> Dataset:
    """The same music, but a piece that is alone is cut into four, so that one part can be held out."""
    if len(store) != 1:
        return store
    piece = piece_of(store[0])
    bars = len(piece.score.meters)
    edges = sorted({bars * quarter // PARTS for quarter in range(PARTS + 1)})
    return in_memory(
        replace(
            piece,
            name=f"{piece.name}, bars {first + 1} to {stop}",
            score=piece.score.bars(first, stop),
            chords=piece.chords[first:stop],
        )
        for first, stop in pairwise(edges)
    )


def _pieces(store: Dataset, most_of_each: int) -> Iterator[Piece]:
    collections, taken = store["collection"], dict[str, int]()
    for index in split(store).held_out:
        collection = collections[index]
        taken[collection] = taken.get(collection, 0) + 1
        if taken[collection] <= most_of_each:
            yield piece_of(store[index])


def excerpt(piece: Piece, rows: Rows) -> list[int]:
    """A stretch from a bar chosen by the piece's name, as long as fits a row."""
    first = random.Random(piece.name).randrange(max(1, len(piece.score.meters) // 2))
    return _from(piece, first, rows)[0]


def stretches(piece: Piece, rows: Rows) -> Iterator[list[int]]:
    """The whole piece in stretches, each as long as fits a row."""
    first = 0
    while first < len(piece.score.meters):
        tokens, first = _from(piece, first, rows)
        yield tokens


def _from(piece: Piece, first: int, rows: Rows) -> tuple[list[int], int]:
    """As many bars from `first` on as fit a row, and the bar behind them."""
    stop = min(len(piece.score.meters), first + rows.bars)
    tokens = whole(piece, first, stop)
    while len(tokens) > rows.tokens and stop > first + 1:
        stop = first + max(1, (stop - first) * 7 // 8)
        tokens = whole(piece, first, stop)
    return tokens[: rows.tokens], stop


def held_out_rows(
    store: Dataset, rows: Rows, most_of_each: int = PIECES_OF_EACH
) -> list[tuple[Tensor, Tensor]]:
    """Batches of columns [B, 6, S + T] and targets [B, T], one excerpt a row."""
    return batched([one.tokens for one in excerpts(store, rows, most_of_each)], rows)


def batched(documents: Sequence[Sequence[int]], rows: Rows) -> list[tuple[Tensor, Tensor]]:
    """Batches of rows that hold one document each."""
    packed = [pack([Document(tokens)], rows.bars, rows.tokens) for tokens in documents]
    return [
        (
            torch.stack([torch.from_numpy(row.columns) for row in packed[at : at + ROWS_AT_ONCE]]),
            torch.stack([torch.from_numpy(row.targets) for row in packed[at : at + ROWS_AT_ONCE]]),
        )
        for at in range(0, len(packed), ROWS_AT_ONCE)
    ]
