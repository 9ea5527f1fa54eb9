"""Pieces in Arrow: what goes in comes out, and nothing else is taken for a data set."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from meloformer.training import store as stores
from meloformer.training.errors import StoreError
from meloformer.training.rows import NOTE, Piece, piece_of, row_of, table_of
from meloformer.training.store import is_store, open_store, write, write_tables
from tunes import tune


def piece(seed: int) -> Piece:
    return Piece("c", f"tune{seed}", tune(seed), (0,) * 8)


def test_a_data_set_opens_with_all_its_pieces_in_order(tmp_path: Path) -> None:
    assert write(map(piece, range(300)), tmp_path / "data") == 300
    assert [piece_of(row) for row in open_store(tmp_path / "data")] == [piece(seed) for seed in range(300)]


def test_a_killed_write_leaves_nothing_that_looks_like_a_data_set(tmp_path: Path) -> None:
    def pieces() -> Iterator[Piece]:
        yield piece(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(pieces(), tmp_path / "data")
    assert not is_store(tmp_path / "data")


def test_the_rest_of_a_killed_write_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "data.part" / "junk").mkdir(parents=True)
    write([piece(1)], tmp_path / "data")
    assert len(open_store(tmp_path / "data")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_no_data_set_is_opened_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="meloformer prepare"):
        open_store(tmp_path)


def test_a_damaged_data_set_is_refused_by_name(tmp_path: Path) -> None:
    write([piece(1)], tmp_path / "data")
    next((tmp_path / "data").glob("*.arrow")).write_bytes(b"no Arrow")
    with pytest.raises(StoreError, match="prepare it again"):
        open_store(tmp_path / "data")


def test_a_data_set_of_another_vocabulary_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write([piece(1)], tmp_path / "data")
    monkeypatch.setattr(stores, "fingerprint", lambda: "another")
    with pytest.raises(StoreError, match="another vocabulary"):
        open_store(tmp_path / "data")


def test_ten_million_notes_are_open_in_less_than_a_second(tmp_path: Path) -> None:
    """Of the processor's time, which a busy machine does not stretch; it takes a twentieth of that."""
    row = row_of(Piece("c", "long", tune(1, bars=64), (0,) * 64))
    notes = len(row["notes"]) // len(NOTE)
    table = table_of([row] * 256)
    times = -(-10_000_000 // (256 * notes))
    write_tables((table for _ in range(times)), tmp_path / "data")
    began = time.process_time()
    store = open_store(tmp_path / "data")
    assert time.process_time() - began < 1.0
    assert len(store) * notes >= 10_000_000
    assert piece_of(store[len(store) - 1]).score == tune(1, bars=64)
