"""A store: pieces of music in a folder, as an Arrow data set or as .pt shards, memory-mapped either way.

What is opened is a `datasets.Dataset`, one row a piece, whatever lies in the folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
from datasets import Dataset, DatasetInfo, Features, load_from_disk
from datasets.table import InMemoryTable, MemoryMappedTable
from datasets.utils.logging import disable_progress_bar

from meloformer.model.vocabulary import fingerprint
from meloformer.training import shards
from meloformer.training.errors import StoreError
from meloformer.training.meta import META, NOT_TOLD, Kind, Meta, Tally, meta_of
from meloformer.training.rows import COLUMNS, SCHEMA, Piece, row_of, table_of

MARK = "dataset_info.json"  # the file that makes a folder an Arrow data set
FORMAT_1 = {"collection", "name", "meters", "chords", "tempos", "notes"}
FEATURES = Features.from_arrow_schema(SCHEMA)
ROWS_AT_ONCE = 256


def is_store(path: Path) -> bool:
    """Whether a folder is a data set, and not a folder of MIDI files."""
    return (path / META).is_file() or (path / MARK).is_file()


def unfinished(out: Path) -> Path:
    """Where a store that is to be `out` is made, until it is whole."""
    return out.with_name(f"{out.name}.part")


def write(pieces: Iterable[Piece], out: Path, terms: str = NOT_TOLD) -> int:
    """Pieces to a new data set at `out`; gives how many there were, and writes none for none."""
    shutil.rmtree(unfinished(out), ignore_errors=True)  # what a killed run left behind
    meta = write_tables(_tables(iter(pieces)), out, terms)
    return meta.pieces if meta else 0


def _tables(pieces: Iterator[Piece]) -> Iterator[pa.Table]:
    while rows := [row_of(piece) for piece in islice(pieces, ROWS_AT_ONCE)]:
        yield table_of(rows)


def write_tables(
    tables: Iterable[pa.Table], out: Path, terms: str = NOT_TOLD, kind: Kind = "arrow"
) -> Meta | None:
    """Tables of rows to a new store at `out`, in one rename; None, and nothing written, where no row comes.

    The same rows make the same bytes. Raises StoreError where something is at `out`, or there is no room.
    """
    refuse_if_there(out)
    filled = (table for table in tables if len(table))
    if (first := next(filled, None)) is None:
        shutil.rmtree(unfinished(out), ignore_errors=True)
        return None
    making = unfinished(out) / "store"
    shutil.rmtree(making, ignore_errors=True)
    try:
        making.mkdir(parents=True)
        tally = Tally()
        WRITERS[kind](tally.over(chain([first], filled)), making, terms)
        meta = tally.meta(kind, making, terms)
        meta.write(making)
        os.replace(making, out)
    except OSError as error:
        raise StoreError(f"{out} cannot be written ({error.strerror or error}); make room there") from error
    shutil.rmtree(unfinished(out), ignore_errors=True)
    return meta


def refuse_if_there(out: Path) -> None:
    if out.exists():
        raise StoreError(f"{out} is there already; remove it, or choose another folder for the data set")


def _write_arrow(tables: Iterable[pa.Table], folder: Path, terms: str) -> None:
    """As `datasets` saves one, by way of one long file, so that memory does not grow with the music."""
    long = folder.with_name("rows.arrow")
    with pa.OSFile(str(long), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as stream:
        for table in tables:
            stream.write_table(table.combine_chunks())
    disable_progress_bar()
    dataset = _dataset(MemoryMappedTable.from_file(str(long)), terms)
    dataset.save_to_disk(str(folder))


def _dataset(table: InMemoryTable | MemoryMappedTable, terms: str) -> Dataset:
    about = DatasetInfo(description=_description(), license=terms, features=FEATURES)
    return Dataset(table, info=about, fingerprint=fingerprint())  # a chance one would change the file's bytes


def in_memory(pieces: Iterable[Piece]) -> Dataset:
    """Pieces as a data set that lies in no file."""
    return _dataset(InMemoryTable(table_of([row_of(piece) for piece in pieces])), NOT_TOLD)


WRITERS: dict[Kind, Callable[[Iterable[pa.Table], Path, str], None]] = {
    "arrow": _write_arrow,
    "pt": lambda tables, folder, terms: shards.write(tables, folder),
}


def open_store(path: Path) -> Dataset:
    """The store at `path`; `info.license` tells its terms. Formats that were written before open as well.

    Every file's checksum is compared first. Raises StoreError for anything else, and for another vocabulary.
    """
    if not is_store(path):
        raise StoreError(f"{path} is no data set; `meloformer prepare FOLDER --out {path}` makes one")
    if not (path / META).is_file():
        return _opened_arrow(path, FORMAT_1)
    meta = meta_of(path)
    meta.check(path)
    if meta.kind == "pt":
        return _dataset(InMemoryTable(shards.read(path, list(meta.files))), meta.terms)
    return _opened_arrow(path, set(COLUMNS))


def _opened_arrow(path: Path, columns: set[str]) -> Dataset:
    try:
        store = load_from_disk(str(path))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be opened ({error}); prepare it again") from error
    if not isinstance(store, Dataset) or columns - set(store.column_names):
        raise StoreError(f"{path} holds other data than MeloFormer's; prepare a folder of MIDI files")
    if store.info.description != _description():
        raise StoreError(f"{path} was prepared for another vocabulary than {fingerprint()}; prepare it again")
    return store


def _description() -> str:
    return f"MeloFormer pieces on the grid, vocabulary {fingerprint()}"
