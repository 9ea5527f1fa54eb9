"""Music in an Arrow data set, memory-mapped: one row a piece, on the grid, with its bars' chords."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, Features, Sequence, Value, concatenate_datasets, load_from_disk
from datasets.utils.logging import disable_progress_bar

from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.vocabulary import fingerprint
from meloformer.training.errors import StoreError

FEATURES = Features(
    {
        "collection": Value("string"),
        "name": Value("string"),
        "meters": Sequence(Value("uint8")),  # numerator, denominator of each bar
        "chords": Sequence(Value("uint8")),
        "tempos": Sequence(Value("int32")),  # tick, step
        "notes": Sequence(Value("int32")),  # onset, instrument, pitch, end, velocity
    }
)
MARK = "dataset_info.json"  # the file that makes a folder a data set
ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Piece:
    """One row of a store."""

    collection: str
    name: str
    score: Score
    chords: tuple[int, ...]


def row_of(piece: Piece) -> dict[str, Any]:
    """A piece as a row of flat numbers."""
    score = piece.score
    return {
        "collection": piece.collection,
        "name": piece.name,
        "meters": np.array(score.meters, dtype=np.uint8).reshape(-1),
        "chords": np.array(piece.chords, dtype=np.uint8),
        "tempos": np.array(score.tempos, dtype=np.int32).reshape(-1),
        "notes": np.array(score.notes, dtype=np.int32).reshape(-1),
    }


def piece_of(row: dict[str, Any]) -> Piece:
    """A row as a piece again."""
    meters = tuple(Meter(*pair) for pair in _groups(row["meters"], 2))
    tempos = tuple(TempoChange(*pair) for pair in _groups(row["tempos"], 2))
    notes = tuple(Note(*five) for five in _groups(row["notes"], 5))
    return Piece(
        row["collection"],
        row["name"],
        Score(meters, tempos, notes),
        tuple(np.asarray(row["chords"]).tolist()),
    )


def _groups(flat: Any, size: int) -> list[list[int]]:
    grouped: list[list[int]] = np.asarray(flat, dtype=np.int64).reshape(-1, size).tolist()
    return grouped


def is_store(path: Path) -> bool:
    """Whether a folder is a data set, and not a folder of MIDI files."""
    return (path / MARK).is_file()


def write(pieces: Iterable[Piece], out: Path) -> int:
    """Pieces to a new data set at `out`, in one rename; gives how many there were, and writes none for none.

    Raises StoreError where something is at `out` already.
    """
    if out.exists():
        raise StoreError(f"{out} is there already; remove it, or choose another folder for the data set")
    parts = list(_parts(iter(pieces)))
    if not parts:
        return 0
    dataset = concatenate_datasets(parts)
    dataset.info.description = _description()
    unfinished = out.with_name(f"{out.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)  # what a killed run left behind
    disable_progress_bar()
    dataset.save_to_disk(str(unfinished))
    os.replace(unfinished, out)
    return len(dataset)


def _parts(pieces: Iterator[Piece]) -> Iterator[Dataset]:
    """Some pieces at a time as Arrow tables: their notes as Python numbers would take ten times the room."""
    while rows := [row_of(piece) for piece in islice(pieces, ROWS_AT_ONCE)]:
        yield Dataset.from_dict({name: [row[name] for row in rows] for name in FEATURES}, features=FEATURES)


def open_store(path: Path) -> Dataset:
    """The data set at `path`. Raises StoreError for anything else, and for one of another vocabulary."""
    if not is_store(path):
        raise StoreError(f"{path} is no data set; `meloformer prepare FOLDER --out {path}` makes one")
    try:
        store = load_from_disk(str(path))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be opened ({error}); prepare it again") from error
    if not isinstance(store, Dataset) or set(FEATURES) - set(store.column_names):
        raise StoreError(f"{path} holds other data than MeloFormer's; prepare a folder of MIDI files")
    if store.info.description != _description():
        raise StoreError(f"{path} was prepared for another vocabulary than {fingerprint()}; prepare it again")
    return store


def _description() -> str:
    return f"MeloFormer pieces on the grid, vocabulary {fingerprint()}"
