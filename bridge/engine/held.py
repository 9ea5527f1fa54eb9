"""Weights that came by wire, held in a bounded folder under their SHA-256 and nothing else."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from meloformer.bridge.engine.parcels import CHUNK_BYTES, LARGEST_WEIGHTS, Chunk, Offer, Want

MOST_BYTES: Final = 2 * LARGEST_WEIGHTS
# So many chunks are asked for before the first has come: a long way then costs little time.
_UNDER_WAY: Final = 8
_GIVEN_UP_S: Final = 3600.0  # a half that has not grown for so long was left by an engine that crashed


class HoldingError(ValueError):
    """Offered weights cannot be taken: why, and the way out."""


class Held:
    """The folder. What has not been used for the longest time goes first when there is no more room."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def find(self, sha256: str) -> Path | None:
        """The file of these weights, used just now; None where they are not held."""
        file = self._file(sha256)
        if not file.is_file():
            return None
        with suppress(OSError):  # a folder that can only be read still plays
            os.utime(file)
        return file

    def expect(self, offer: Offer) -> Arriving:
        """Make room for what is offered, and begin to take it. Raises HoldingError."""
        if not 0 < offer.size <= min(LARGEST_WEIGHTS, self._most_bytes):
            raise HoldingError(
                f"the weights have {offer.size} bytes; an engine elsewhere takes up to {LARGEST_WEIGHTS}"
            )
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make_room(offer.size)
            return Arriving(offer, self._file(offer.sha256))
        except OSError as error:
            raise _not_kept(error) from None

    def _file(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.safetensors"

    def _make_room(self, size: int) -> None:
        for half in self._folder.glob("*.part"):
            if time.time() - half.stat().st_mtime > _GIVEN_UP_S:  # a younger one may be another engine's
                half.unlink()
        newest_first = sorted(self._folder.glob("*.safetensors"), key=lambda file: -file.stat().st_mtime)
        for file in newest_first:
            size += file.stat().st_size
            if size > self._most_bytes:
                file.unlink()


class Arriving:
    """Weights on their way: asked for chunk by chunk, in order, and checked as a whole at the end."""

    def __init__(self, offer: Offer, file: Path) -> None:
        self.offer = offer
        self._file = file
        self._part = file.with_suffix(f".{os.getpid()}.part").open("wb")
        self._hash = hashlib.sha256()
        self._has = 0
        self._asked = 0

    def wants(self) -> list[Want]:
        """What to ask for now."""
        end = min(self.offer.size, self._has + _UNDER_WAY * CHUNK_BYTES)
        offsets = range(self._asked, end, CHUNK_BYTES)
        self._asked += len(offsets) * CHUNK_BYTES
        return [Want(self.offer.sha256, offset) for offset in offsets]

    def take(self, chunk: Chunk) -> Path | None:
        """The next chunk; with the last one, the whole file. Raises HoldingError."""
        if chunk.sha256 != self.offer.sha256:
            return None  # of weights that are no longer wanted
        if chunk.offset != self._has or len(chunk.data) != min(CHUNK_BYTES, self.offer.size - self._has):
            raise HoldingError("the weights came in another order than asked for; load the preset again")
        self._hash.update(chunk.data)
        self._has += len(chunk.data)
        try:
            self._part.write(chunk.data)
            return self._whole() if self._has == self.offer.size else None
        except OSError as error:
            raise _not_kept(error) from None

    def close(self) -> None:
        """No more will come."""
        self._part.close()
        Path(self._part.name).unlink(missing_ok=True)

    def _whole(self) -> Path:
        self._part.close()
        if self._hash.hexdigest() != self.offer.sha256:
            raise HoldingError("the weights changed while they were sent; load the preset again")
        os.replace(self._part.name, self._file)
        return self._file


def _not_kept(error: OSError) -> HoldingError:
    return HoldingError(f"the other machine cannot keep the weights ({error.strerror}); make room there")
