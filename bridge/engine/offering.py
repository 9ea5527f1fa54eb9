"""Weights of this machine, offered to a far engine: hashed a piece at a time, then read chunk by chunk."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from meloformer.bridge.engine.messages import Load
from meloformer.bridge.engine.parcels import CHUNK_BYTES, Chunk, Offer, Want

# About a millisecond: no note waits longer for it.
_PIECE_BYTES: Final = 1 << 19


class Offering:
    """One file, open as long as it is offered, so that it stays what it was. Raises OSError."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self._file = Path(load.weights).open("rb")  # noqa: SIM115 - open until `close`
        self._hash = hashlib.sha256()
        self._size = 0
        self.offered = False

    def hash_on(self) -> Offer | None:
        """Hash one piece more; after the last one, what is to be offered."""
        piece = self._file.read(_PIECE_BYTES)
        self._hash.update(piece)
        self._size += len(piece)
        if piece:
            return None
        self.offered = True
        return Offer(self.load.name, self._hash.hexdigest(), self._size, self.load.device)

    def chunk(self, want: Want) -> Chunk | None:
        """What is wanted; None where it is of other weights."""
        if not self.offered or want.sha256 != self._hash.hexdigest():
            return None
        self._file.seek(want.offset)
        return Chunk(want.sha256, want.offset, self._file.read(CHUNK_BYTES))

    def close(self) -> None:
        self._file.close()
