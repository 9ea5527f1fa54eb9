"""Pieces as rows of a store: flat numbers of 16 bits, from which any stretch of bars is read by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER

FORMAT = 2
COLUMNS: Mapping[str, Any] = {
    "collection": pa.string(),
    "name": pa.string(),
    "source": pa.string(),  # the file's path below the folder that was prepared
    "sha256": pa.string(),  # of the file's bytes
    "content": pa.string(),  # a hash of the notes, whatever their key
    "meters": pa.list_(pa.uint8()),  # numerator, denominator of each bar
    "chords": pa.list_(pa.uint8()),
    "tempos": pa.list_(pa.int32()),  # tick, step
    "bars": pa.list_(pa.uint32()),  # how many notes stand before each bar, and how many there are
    "notes": pa.list_(pa.uint16()),  # NOTE for each
}
SCHEMA: pa.Schema = pa.schema(COLUMNS)
NOTE = ("onset in its bar", "instrument", "pitch", "velocity", "length % 65536", "length // 65536")
STRINGS = tuple(name for name, kind in COLUMNS.items() if kind == pa.string())
NUMBERS = tuple(name for name in COLUMNS if name not in STRINGS)

Row = dict[str, Any]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Piece:
    """One row of a store, as music. `source` and `sha256` tell the file that it was read from."""

    collection: str
    name: str
    score: Score
    chords: tuple[int, ...]
    source: str = ""
    sha256: str = ""

    def sheet(self) -> Sheet:
        """The same as it lies in a store."""
        return Sheet.of(row_of(self))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One row of a store, as it lies there: views into the file, none of them read before it is needed."""

    meters: NDArray[np.uint8]  # [bars, 2]
    chords: NDArray[np.uint8]
    tempos: NDArray[np.int32]  # [changes, 2]
    bars: NDArray[np.uint32]  # [bars + 1]
    notes: NDArray[np.uint16]  # [notes, NOTE]

    def __len__(self) -> int:
        """How many bars it has."""
        return len(self.meters)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Sheet:
        """From a row of flat numbers, of any format."""
        row = upgraded(row)
        flat = {name: np.asarray(row[name], str(COLUMNS[name].value_type)) for name in NUMBERS}
        return cls(
            flat["meters"].reshape(-1, 2),
            flat["chords"],
            flat["tempos"].reshape(-1, 2),
            flat["bars"],
            flat["notes"].reshape(-1, len(NOTE)),
        )

    @classmethod
    def at(cls, table: pa.Table) -> Sheet:
        """From one row of a store in Arrow's own format, without a copy."""
        names = [name for name in NUMBERS if name in table.column_names]
        return cls.of({name: table.column(name).chunk(0).flatten().to_numpy() for name in names})

    def stretch(self, first: int, stop: int) -> tuple[Score, tuple[int, ...]]:
        """The bars from `first` up to, not including, `stop` as `Score.bars` gives them, and their chords."""
        starts = _starts(self.meters)
        low, high = int(starts[first]), int(starts[stop])
        columns = self.columns(first, stop)
        meters = tuple(map(Meter._make, self.meters[first:stop].tolist()))
        score = Score(meters, self._tempos(low, high), tuple(map(Note._make, columns.tolist())))
        return score, tuple(self.chords[first:stop].tolist())

    def columns(self, first: int, stop: int) -> Ints:
        """The notes of these bars [notes, 5], in the order and with the fields of a score of theirs."""
        starts = _starts(self.meters)
        low, high = int(starts[first]), int(starts[stop])
        notes = self.notes[self.bars[first] : self.bars[stop]].astype(np.int64)
        before = self.bars[first : stop + 1].astype(np.int64)
        onset = np.repeat(starts[first:stop], before[1:] - before[:-1]) + notes[:, 0] - low
        end = onset + notes[:, 4] + (notes[:, 5] << 16)
        end = np.where(notes[:, 1] == DRUMS, end, np.minimum(end, high - low))
        return np.stack([onset, notes[:, 1], notes[:, 2], end, notes[:, 3]], axis=1)

    def _tempos(self, low: int, high: int) -> tuple[TempoChange, ...]:
        ticks = self.tempos[:, 0]
        before = max(0, int(np.searchsorted(ticks, low, side="right")) - 1)
        inside = self.tempos[(ticks > low) & (ticks < high)] - np.array([low, 0])
        return (TempoChange(0, int(self.tempos[before, 1])), *map(TempoChange._make, inside.tolist()))


def piece_of(row: Mapping[str, Any]) -> Piece:
    """A row of any format as a piece again."""
    sheet = Sheet.of(row)
    score, chords = sheet.stretch(0, len(sheet))
    return Piece(row["collection"], row["name"], score, chords, row.get("source", ""), row.get("sha256", ""))


def row_of(piece: Piece) -> Row:
    """A piece as a row of flat numbers."""
    score = piece.score
    meters = np.array(score.meters, dtype=np.uint8).reshape(-1, 2)
    flat = chain.from_iterable(score.notes)
    notes = np.fromiter(flat, np.int64, 5 * len(score.notes)).reshape(-1, 5)
    return {
        "collection": piece.collection,
        "name": piece.name,
        "source": piece.source,
        "sha256": piece.sha256,
        "meters": meters.reshape(-1),
        "chords": np.array(piece.chords, dtype=np.uint8),
        "tempos": np.array(score.tempos, dtype=np.int32).reshape(-1),
        "content": content_of(notes),
        **_placed(notes, meters),
    }


def _placed(notes: Ints, meters: NDArray[np.uint8]) -> Row:
    """Notes as rows of (onset, instrument, pitch, end, velocity), told bar by bar."""
    onset, instrument, pitch, end, velocity = notes.T
    starts = _starts(meters)
    before = np.searchsorted(onset, starts)
    inside = onset - np.repeat(starts[:-1], np.diff(before))
    length = end - onset
    columns = [inside, instrument, pitch, velocity, length & 0xFFFF, length >> 16]
    return {
        "bars": before.astype(np.uint32),
        "notes": np.stack(columns, axis=1).astype(np.uint16).reshape(-1),
    }


def _starts(meters: NDArray[np.uint8]) -> Ints:
    """Ticks at which bars start, and one more: the end of the piece."""
    numerator, denominator = meters.T.astype(np.int64)
    starts: Ints = np.concatenate([[0], np.cumsum(numerator * 4 * TICKS_PER_QUARTER // denominator)])
    return starts


def content_of(notes: Ints) -> str:
    """A hash of when which instrument plays what and for how long, whatever the key and the loudness."""
    onset, instrument, pitch, end, _ = notes.T
    moved = pitch - np.where(instrument == DRUMS, 0, lowest(instrument, pitch))
    heard = np.stack([onset, instrument, moved, end - onset], axis=1).astype("<i4")
    return hashlib.blake2b(heard.tobytes(), digest_size=16).hexdigest()


def lowest(instrument: NDArray[Any], pitch: NDArray[Any]) -> int:
    """The lowest pitch of all but the drums; 0 where there is none."""
    tuned = pitch[instrument != DRUMS]
    return int(tuned.min()) if len(tuned) else 0


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Rows as an Arrow table: as Python numbers their notes would take ten times the room."""
    return pa.Table.from_pydict({name: [row[name] for row in rows] for name in COLUMNS}, schema=SCHEMA)


def upgraded(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row in today's format, whatever it was written in."""
    for format_ in range(1 if "bars" not in row else FORMAT, FORMAT):
        row = UPGRADES[format_](row)
    return row


def _v1_to_v2(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Format 1 had five numbers of 32 bits for a note (onset, instrument, pitch, end, velocity)."""
    notes = np.asarray(row["notes"], np.int64).reshape(-1, 5)
    meters = np.asarray(row["meters"], np.uint8).reshape(-1, 2)
    return {**row, **_placed(notes, meters)}


UPGRADES: Mapping[int, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {1: _v1_to_v2}
