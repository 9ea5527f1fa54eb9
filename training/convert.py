"""A store from one kind into the other, without loss; one of an older format into today's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
from datasets import Dataset

from meloformer.training.meta import META, NOT_TOLD, Kind, Meta, meta_of
from meloformer.training.rows import COLUMNS, SCHEMA, piece_of, row_of, table_of
from meloformer.training.store import ROWS_AT_ONCE, open_store, write_tables


def convert(data: Path, out: Path, to: Kind | None = None) -> Meta:
    """The rows of the store `data` as a new store at `out`; without `to`, of the other kind.

    Raises StoreError where `data` is no whole store, or something is at `out` already.
    """
    store = open_store(data)
    is_new = (data / META).is_file()
    kind = meta_of(data).kind if is_new else "arrow"
    tables = _tables(store) if is_new else _upgraded(store)
    meta = write_tables(tables, out, store.info.license or NOT_TOLD, to or OTHER[kind])
    assert meta is not None, "a store has pieces"
    return meta


OTHER: dict[Kind, Kind] = {"arrow": "pt", "pt": "arrow"}


def _tables(store: Dataset) -> Iterator[pa.Table]:
    for table in store.with_format("arrow").iter(ROWS_AT_ONCE):
        yield table.select(list(COLUMNS)).cast(SCHEMA)


def _upgraded(store: Dataset) -> Iterator[pa.Table]:
    rows = (row_of(piece_of(row)) for row in store.with_format("numpy"))
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield table_of(some)
