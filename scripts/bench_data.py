"""Whether a collection of MIDI files comes through its tokens: each is read, encoded, decoded, compared."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meloformer.model.decoder import decode
from meloformer.model.midi import NORMALISATIONS, MidiError, read
from meloformer.model.telling import encode
from meloformer.model.vocabulary import fingerprint
from meloformer.scripts.bench_ingest import speeds

SUFFIXES = (".mid", ".midi")


class DataError(ValueError):
    """A collection does not come through; the message names it, what happened and the way out."""


@dataclass
class Tally:
    """What has been found so far; `seconds` of encoding and decoding, without reading."""

    files: int = 0
    equal: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    notes: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def record(self) -> dict[str, Any]:
        """The whole as one line."""
        return {
            "measure": "data",
            "vocabulary": fingerprint(),
            "files": self.files,
            "equal": self.equal,
            "different": self.files - self.equal - self.refused.total(),
            "refused": dict(self.refused.most_common()),
            "notes": self.notes,
            "tokens": self.tokens,
            "tokens_per_note": round(self.tokens / max(1, self.notes), 3),
            "notes_per_second": round(self.notes / max(1e-9, self.seconds)),
            "normalisations": list(NORMALISATIONS),
        }


def measure(folder: Path, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """A record for each file that came back different, and one for all; at most `limit` files, by name.

    Raises DataError where there are no files, and at the end where one was different.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise DataError(f"{folder}: there are no MIDI files in it; choose a folder with .mid files")
    tally, paths = Tally(), paths[:limit]
    for path in paths:
        if not comes_back(path, tally):
            yield {"measure": "data", "different": str(path)}
    yield {**tally.record(), **speeds(folder, paths)}
    if different := tally.record()["different"]:
        raise DataError(
            f"{folder}: {different} files came back different; please report one of those named above"
        )


def comes_back(path: Path, tally: Tally) -> bool:
    """Whether a file's score is the same behind its tokens; a file that cannot be read has none."""
    tally.files += 1
    try:
        score = read(path)
    except MidiError as error:
        tally.refused[_reason(error, path)] += 1
        return True
    began_s = time.perf_counter()
    tokens = encode(score)
    equal = decode(tokens) == score
    tally.seconds += time.perf_counter() - began_s
    tally.notes += len(score.notes)
    tally.tokens += len(tokens)
    tally.equal += equal
    return equal


def _reason(error: MidiError, path: Path) -> str:
    """What was wrong, without the name of the file and without the way out."""
    return str(error).removeprefix(f"{path}: ").rpartition(";")[0]
