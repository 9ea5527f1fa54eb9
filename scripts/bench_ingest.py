"""How fast a collection is read and fed to training, on one core; beside MidiTok where that is installed.

Seconds are those that this process had the processor, so that other programs on the machine do not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from meloformer.model import midi
from meloformer.model.telling import encode

TOKENS = 512  # in a row
ROWS = 50


def speeds(folder: Path, paths: Sequence[Path]) -> dict[str, Any]:
    """Notes a second to a row of a store, to our tokens and to MidiTok's; rows and tokens a second back.

    What a reader refuses counts as no notes for it. The rows come from a store of these files alone.
    """
    from meloformer.training.reader import read_piece
    from meloformer.training.rows import NOTE, Row
    from meloformer.training.sources import Refusal, plain

    rows: list[Row] = []

    def to_row(path: Path) -> int:
        row = read_piece(plain(path, folder))
        if isinstance(row, Refusal):
            return 0
        rows.append(row)
        return len(row["notes"]) // len(NOTE)

    record = {"ingest_notes_per_second": notes_per_second(to_row, paths)}
    record["token_notes_per_second"] = notes_per_second(_to_tokens, paths)
    if find_spec("miditok"):
        record["miditok_notes_per_second"] = notes_per_second(_miditok(), paths)
    return {**record, **(_fed(rows) if rows else {})}


def notes_per_second(read: Callable[[Path], int], paths: Iterable[Path]) -> int:
    """The speed of a reader that tells how many notes it found in a file."""
    began_s = time.process_time()
    notes = sum(map(read, paths))
    return round(notes / max(1e-9, time.process_time() - began_s))


def _to_tokens(path: Path) -> int:
    try:
        score = midi.read(path)
    except midi.MidiError:
        return 0
    encode(score)
    return len(score.notes)


def _miditok() -> Callable[[Path], int]:
    """MidiTok's REMI with what HID has: programs, tempi, meters, 32 velocities, 24 positions a quarter."""
    from miditok import REMI, TokenizerConfig

    config = TokenizerConfig(
        num_velocities=32,
        beat_res={(0, 4): 24, (4, 12): 12},
        use_programs=True,
        one_token_stream_for_programs=True,
        use_tempos=True,
        use_time_signatures=True,
    )
    tokenizer = REMI(config)

    def read(path: Path) -> int:
        try:
            raw = midi.read_raw(path)
            notes = raw.note_num()
            tokenizer.encode(raw)
        except Exception:  # it raises many kinds; a file that it cannot read counts as no notes
            return 0
        return notes

    return read


def _fed(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Rows that the loader packs in a second, out of a store on the disk."""
    from meloformer.training.loader import Rows, Windows
    from meloformer.training.rows import table_of
    from meloformer.training.store import open_store, write_tables
    from meloformer.training.windows import Chances

    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        write_tables([table_of(rows)], Path(folder, "data"))
        began_s = time.process_time()
        store = open_store(Path(folder, "data"))
        opened_s = time.process_time() - began_s
        windows = Windows(store, Rows.of(TOKENS), Chances(), seed=1, first=0)
        windows.row(0)
        began_s = time.process_time()
        for number in range(1, ROWS + 1):
            windows.row(number)
        per_second = ROWS / max(1e-9, time.process_time() - began_s)
    return {
        "open_seconds": round(opened_s, 3),
        "loader_rows_per_second": round(per_second, 1),
        "loader_tokens_per_second": round(per_second * TOKENS),
    }
