"""What the two ends of a far engine's wire tell each other, each as frames, and back.

Beside the lines of `lines.py`, which travel in a `Line` as they are: who is there, how long the way is, and
weights that the far machine does not hold. Frames are a kind and its fields, each a few bytes of text or the
bytes themselves; what is not exactly one of these is refused with `ParcelError`, whoever sent it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from meloformer.bridge.engine.lines import LONGEST_LINE
from meloformer.bridge.settings import DEVICES, Device

CHUNK_BYTES: Final = 65_536
LARGEST_PARCEL: Final = max(LONGEST_LINE, CHUNK_BYTES)  # of any one frame
LARGEST_WEIGHTS: Final = 2 << 30
_LONGEST_TEXT: Final = 1000
Sha256 = str  # in 64 hexadecimal digits
_HASH: Final = re.compile("[0-9a-f]{64}")


class ParcelError(ValueError):
    """Frames that are none of these messages."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The bridge's first word. `bridge` names its process; these two fields stay as they are for ever."""

    version: int
    bridge: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """The answer to hello: an empty engine is there for you alone."""

    version: int


@dataclass(frozen=True, slots=True)
class Farewell:
    """From either side: it is over, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there? Every bridge asks now and then; one that is silent is taken for gone."""

    number: int


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to the ping of this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Line:
    """A message of `messages.py` as its line; never a `Load`, which carries a path."""

    line: bytes


@dataclass(frozen=True, slots=True)
class Offer:
    """Instead of a `Load`: weights by their SHA-256 and their size, which the far machine may hold."""

    name: str
    sha256: Sha256
    size: int
    device: Device


@dataclass(frozen=True, slots=True)
class Want:
    """The far machine does not hold them: send the chunk of these weights that begins at `offset`."""

    sha256: Sha256
    offset: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """That chunk, `CHUNK_BYTES` long, or what is left."""

    sha256: Sha256
    offset: int
    data: bytes


Parcel = Hello | Welcome | Farewell | Ping | Pong | Line | Offer | Want | Chunk


def to_frames(parcel: Parcel) -> list[bytes]:
    """One message as frames."""
    values = (getattr(parcel, field.name) for field in fields(parcel))
    return [_KIND_OF[type(parcel)], *(v if isinstance(v, bytes) else str(v).encode() for v in values)]


def from_frames(frames: Sequence[bytes]) -> Parcel:
    """The message of these frames; raises ParcelError for anything else."""
    kind = _KINDS.get(frames[0]) if frames else None
    if kind is None:
        raise ParcelError(f"unknown kind of parcel; known are {b', '.join(_KINDS).decode()}")
    expected = fields(kind)
    if len(frames) - 1 != len(expected):
        raise ParcelError(f"{kind.__name__.lower()} has {len(expected)} fields, not {len(frames) - 1}")
    values = zip(expected, frames[1:], strict=True)
    return kind(*(_READERS[str(field.type)](frame) for field, frame in values))


def _text(frame: bytes) -> str:
    try:
        text = frame.decode()
    except UnicodeDecodeError:
        raise ParcelError(f"expected a text, not {frame!r:.40}") from None
    if len(text) > _LONGEST_TEXT:
        raise ParcelError(f"a text of {len(text)} characters; at most {_LONGEST_TEXT}")
    return text


def _whole(frame: bytes) -> int:
    if not (frame.isdigit() and len(frame) <= 18):
        raise ParcelError(f"expected a whole number, not {frame!r:.40}")
    return int(frame)


def _bytes(frame: bytes) -> bytes:
    if len(frame) > LARGEST_PARCEL:
        raise ParcelError(f"a frame of {len(frame)} bytes; at most {LARGEST_PARCEL}")
    return frame


def _sha256(frame: bytes) -> str:
    """It names a file on the far machine, so nothing else may pass."""
    text = _text(frame)
    if not _HASH.fullmatch(text):
        raise ParcelError(f"expected a SHA-256 in 64 hexadecimal digits, not {text!r:.80}")
    return text


def _device(frame: bytes) -> str:
    if (text := _text(frame)) not in DEVICES:
        raise ParcelError(f"a device is one of {', '.join(DEVICES)}, not {text!r:.40}")
    return text


_KINDS: Final[dict[bytes, type[Parcel]]] = {
    kind.__name__.lower().encode(): kind
    for kind in (Hello, Welcome, Farewell, Ping, Pong, Line, Offer, Want, Chunk)
}
_KIND_OF: Final = {kind: name for name, kind in _KINDS.items()}
_READERS: Final[dict[str, Callable[[bytes], Any]]] = {
    "str": _text,
    "int": _whole,
    "bytes": _bytes,
    "Sha256": _sha256,
    "Device": _device,
}
