"""The two key files of a far engine: one stays with it, one is copied to the laptop; each is one line.

Nothing is asked of the musician but to carry that line. Whoever deletes both files has new keys at the next
start, and the old ones open nothing any more.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import zmq

from meloformer.bridge.errors import BridgeError

ENGINE_FILE: Final = "engine.key"
LAPTOP_FILE: Final = "laptop.key"
_WORD: Final = "meloformer-{}-key-1"
_Z85: Final = r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}"


@dataclass(frozen=True, slots=True)
class EngineKey:
    """The engine's own secret, and the public key of the one laptop that it lets in."""

    secret: bytes
    laptop_public: bytes

    @classmethod
    def read(cls, file: Path) -> Self:
        """Raises BridgeError."""
        return cls(*_read(file, "engine"))


@dataclass(frozen=True, slots=True)
class LaptopKey:
    """The public key by which the laptop knows the engine, and its own secret."""

    engine_public: bytes
    secret: bytes

    @classmethod
    def read(cls, file: Path) -> Self:
        """Raises BridgeError."""
        return cls(*_read(file, "laptop"))

    @property
    def public(self) -> bytes:
        return zmq.curve_public(self.secret)


def make(folder: Path) -> str | None:
    """Make both files where the engine's is not there yet; the laptop's line, where it is new."""
    if (folder / ENGINE_FILE).exists():
        return None
    engine_public, engine_secret = zmq.curve_keypair()
    laptop_public, laptop_secret = zmq.curve_keypair()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = _write(folder / LAPTOP_FILE, "laptop", engine_public, laptop_secret)
        _write(folder / ENGINE_FILE, "engine", engine_secret, laptop_public)
    except OSError as error:
        raise BridgeError(
            f"{folder}: no key can be kept here ({error.strerror}); choose --keys DIR"
        ) from None
    return line


def _write(file: Path, whose: str, *keys: bytes) -> str:
    """For this user's eyes only, from the first moment on."""
    file.unlink(missing_ok=True)
    line = " ".join((_WORD.format(whose), *(key.decode() for key in keys)))
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(f"{line}\n")
    return line


def _read(file: Path, whose: str) -> tuple[bytes, ...]:
    try:
        if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise BridgeError(f"{file}: others can read this key; run `chmod 600 {file}`")
        text = file.read_text(encoding="ascii")
    except OSError as error:
        raise BridgeError(
            f"{file}: {error.strerror}; copy {LAPTOP_FILE} here from the engine's machine"
        ) from None
    except UnicodeDecodeError:
        text = ""
    found = re.fullmatch(rf"{_WORD.format(whose)} ({_Z85}) ({_Z85})\s*", text)
    if found is None:
        raise BridgeError(
            f"{file}: this is no {whose} key; copy the whole line that `meloformer engine` made"
        )
    return tuple(key.encode() for key in found.groups())
