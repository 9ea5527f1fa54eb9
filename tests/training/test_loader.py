"""Packed rows without end: of training pieces only, and the same after a restart."""

from __future__ import annotations

import random
from itertools import islice

import numpy as np
import torch
from datasets import Dataset

from meloformer.model import vocabulary as v
from meloformer.training.heldout import excerpts, held_out_rows
from meloformer.training.loader import Pieces, Rows, Windows, batches
from meloformer.training.split import split
from meloformer.training.windows import Chances

ROWS = Rows(256, 16)


def windows(store: Dataset, first: int = 0) -> Windows:
    return Windows(store, ROWS, Chances(), seed=1, first=first)


def test_a_run_that_goes_on_at_row_n_sees_the_rows_that_follow(store: Dataset) -> None:
    whole = [columns for columns, _ in islice(windows(store), 6)]
    rest = [columns for columns, _ in islice(windows(store, first=4), 2)]
    assert all(torch.equal(one, other) for one, other in zip(whole[4:], rest, strict=True))


def test_batches_are_the_rows_in_order(store: Dataset) -> None:
    columns, targets = next(batches(windows(store), batch=3, workers=0))
    rows = list(islice(windows(store), 3))
    assert torch.equal(columns, torch.stack([one for one, _ in rows]))
    assert torch.equal(targets, torch.stack([one for _, one in rows]))


def test_rows_are_filled_with_several_documents(store: Dataset) -> None:
    tokens = torch.stack([columns[0, ROWS.bars :] for columns, _ in islice(windows(store), 20)])
    assert ((tokens == v.BOS).sum(1) > 1).any()
    assert (tokens != v.PAD).float().mean() > 0.75


def test_no_held_out_piece_is_ever_drawn(store: Dataset) -> None:
    pieces = Pieces.of(store)
    drawn = {pieces.draw(random.Random(seed)) for seed in range(300)}
    assert drawn == set(split(store).training)


def test_collections_are_drawn_by_their_shares(store: Dataset) -> None:
    pieces = Pieces.of(store, shares={"first": 0.9, "second": 0.1})
    rng = random.Random(1)
    first = [pieces.draw(rng) in pieces.by_collection["first"] for _ in range(1000)]
    assert 0.85 < np.mean(first) < 0.95


def test_held_out_rows_are_one_excerpt_each_and_always_the_same(store: Dataset) -> None:
    once, again = held_out_rows(store, ROWS), held_out_rows(store, ROWS)
    assert all(
        torch.equal(a, b)
        for one, other in zip(once, again, strict=True)
        for a, b in zip(one, other, strict=True)
    )
    tokens = torch.cat([columns[:, 0, ROWS.bars :] for columns, _ in once])
    assert ((tokens == v.BOS).sum(1) == 1).all()
    assert [row[row != v.PAD].tolist() for row in tokens] == [one.tokens for one in excerpts(store, ROWS)]


def test_so_many_pieces_of_each_collection_are_measured() -> None:
    names = [f"piece {number}" for number in range(400)]
    many = Dataset.from_dict({"collection": ["c"] * 400, "name": names})
    assert len(split(many).held_out) > 2
    assert excerpts(many.select([]), ROWS) == []
