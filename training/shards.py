"""Rows as .pt shards: tensors and lists of strings, read with weights_only=True: no shard can run code.

Torch is imported only where there is a shard: who reads Arrow never waits for it.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from meloformer.training.errors import StoreError
from meloformer.training.rows import COLUMNS, NUMBERS, SCHEMA, STRINGS

SHARD_BYTES = 64 * 2**20
DAMAGE = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    pickle.PickleError,
)


def write(tables: Iterable[pa.Table], folder: Path) -> None:
    """Tables to shards of about SHARD_BYTES each, in order."""
    waiting: list[pa.Table] = []
    number = 0
    for table in tables:
        waiting.append(table)
        if sum(one.nbytes for one in waiting) >= SHARD_BYTES:
            _write_shard(waiting, folder, number)
            waiting, number = [], number + 1
    if waiting:
        _write_shard(waiting, folder, number)


def _write_shard(tables: Sequence[pa.Table], folder: Path, number: int) -> None:
    import torch

    table = pa.concat_tables(tables).combine_chunks()
    shard: dict[str, Any] = {name: table[name].to_pylist() for name in STRINGS}
    for name in NUMBERS:
        (column,) = table[name].chunks
        lengths = column.value_lengths().to_numpy(zero_copy_only=False)
        shard[name] = torch.from_numpy(column.flatten().to_numpy().copy())
        shard[f"{name} before"] = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths, dtype=np.int32)]))
    torch.save(shard, folder / f"pieces-{number:05d}.pt")


def read(folder: Path, names: Sequence[str]) -> pa.Table:
    """Shards as one Arrow table over their mapped memory. Raises StoreError for what is no shard."""
    return pa.concat_tables([_read_shard(folder / name) for name in sorted(names)])


def _read_shard(path: Path) -> pa.Table:
    import torch

    try:
        shard = torch.load(path, mmap=True, weights_only=True)
        columns = {name: pa.array(shard[name], pa.string()) for name in STRINGS}
        for name in NUMBERS:
            before, values = (pa.array(shard[key].numpy()) for key in (f"{name} before", name))
            columns[name] = pa.ListArray.from_arrays(before, values, type=SCHEMA.field(name).type)
        table = pa.table([columns[name] for name in COLUMNS], schema=SCHEMA)
        table.validate()
    except DAMAGE as error:
        raise StoreError(f"{path} is no shard of a data set ({error}); prepare it again") from error
    return table
