"""A data set in the making: what has been read, part by part. A killed reading goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from meloformer.model.vocabulary import fingerprint
from meloformer.training.errors import StoreError
from meloformer.training.rows import FORMAT, Row, table_of
from meloformer.training.sources import Refusal, Source

SOURCES_IN_A_PART = 256
MANIFEST = "manifest.json"
REFUSED = b"refused"  # where a part's table tells of the files that gave no row


@dataclass(slots=True)
class Outcomes:
    """What some sources came to: rows and refusals."""

    rows: list[Row] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def add(self, read: Row | Refusal) -> None:
        if isinstance(read, Refusal):
            self.refusals.append(read)
        else:
            self.rows.append(read)


class Parts:
    """The parts of one reading, in a folder of their own; each is there whole or not at all."""

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        """Goes on with what is there of the same sources, and forgets what is there of others."""
        self._folder = folder
        self._all = [sources[at : at + SOURCES_IN_A_PART] for at in range(0, len(sources), SOURCES_IN_A_PART)]
        manifest = {"format": FORMAT, "vocabulary": fingerprint(), "sources": _digest(sources)}
        if _said(folder / MANIFEST) != manifest:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / MANIFEST, json.dumps(manifest).encode())

    def missing(self) -> Iterator[tuple[int, Sequence[Source]]]:
        """The number and the sources of every part that is not there yet."""
        for number, sources in enumerate(self._all):
            if not self._is_whole(number):
                yield number, sources

    def keep(self, number: int, outcomes: Outcomes) -> None:
        refused = json.dumps([(str(one.path), one.reason) for one in outcomes.refusals])
        table = table_of(outcomes.rows)
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), REFUSED: refused.encode()})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as file:
            file.write_table(table)
        _write(self._path(number), sink.getvalue())

    def read(self) -> Iterator[tuple[pa.Table, list[Refusal]]]:
        """Every part in order: its rows, mapped rather than loaded, and its refusals."""
        for number in range(len(self._all)):
            table = self._table(number)
            refused = json.loads(table.schema.metadata[REFUSED])
            yield table, [Refusal(Path(path), reason) for path, reason in refused]

    def _is_whole(self, number: int) -> bool:
        try:
            return bool(self._table(number).schema.metadata[REFUSED])
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _table(self, number: int) -> pa.Table:
        return pa.ipc.open_file(pa.memory_map(str(self._path(number)))).read_all()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.arrow"


def _digest(sources: Sequence[Source]) -> str:
    told = hashlib.sha256()
    for source in sources:
        told.update(
            repr((source.label, str(source.path), source.size, source.changed)).encode(errors="replace")
        )
    return told.hexdigest()


def _said(manifest: Path) -> object:
    try:
        return json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write(path: Path, data: bytes | pa.Buffer) -> None:
    """All of a file, or an error and none of it."""
    making = path.with_name(f"{path.name}.new")
    try:
        making.write_bytes(data)
        os.replace(making, path)
    except OSError as error:
        reason = f"{path} cannot be written ({error.strerror or error})"
        raise StoreError(f"{reason}; make room and prepare again: what has been read is kept") from error
