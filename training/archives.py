"""What stands in a zip or tar archive, read member by member and in memory.

Nothing is unpacked onto the disk, so a member's path leads nowhere; and nothing is read without a bound.
"""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

TAR_SUFFIXES: Mapping[str, Callable[..., Any]] = {
    ".tar": open,
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.xz": lzma.open,
    ".txz": lzma.open,
}
SUFFIXES = (".zip", *TAR_SUFFIXES)
MOST_BYTES = 16 * 2**20  # of one member, and of one file; a million notes take about eight
MOST_UNPACKED_BYTES = 64 * 2**30  # of all that an archive holds
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # a zip that wants a password, or is packed in a way that Python does not know
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
)


class Member(NamedTuple):
    """A file in an archive; `read` gives its bytes, before the next member is asked for. Raises of DAMAGE."""

    name: str
    size: int
    read: Callable[[], bytes]


class TooLargeError(ValueError):
    """More than any piece of music takes."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"{size / 2**20:.0f} MiB are more than the {MOST_BYTES // 2**20} that a file may have"
        )


def suffix_of(name: str) -> str:
    """The suffix that makes a file an archive, as it is written in the name; nothing for any other file."""
    known = max((s for s in SUFFIXES if name.lower().endswith(s)), key=len, default="")
    return name[len(name) - len(known) :]


def members(archive: Path) -> Iterator[Member]:
    """The files in an archive, in its own order; links and devices are none. Raises of DAMAGE."""
    suffix = suffix_of(archive.name).lower()
    yield from _in_zip(archive) if suffix == ".zip" else _in_tar(archive, TAR_SUFFIXES[suffix])


def _in_zip(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if not info.is_dir():
                yield Member(info.filename, info.file_size, partial(_of_zip, opened, info))


def _of_zip(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    return bounded(opened.open(info))


def _in_tar(archive: Path, unpack: Callable[..., Any]) -> Iterator[Member]:
    with unpack(archive, "rb") as stream, tarfile.open(fileobj=Sips(stream), mode="r:") as opened:
        for info in opened:
            if info.offset_data + info.size > MOST_UNPACKED_BYTES:
                raise ValueError(f"it unpacks to more than {MOST_UNPACKED_BYTES // 2**30} GiB")
            if info.isfile():
                file = opened.extractfile(info)
                assert file is not None, "a regular member has bytes"
                yield Member(info.name, info.size, partial(bounded, file))
            opened.members.clear()  # type: ignore[attr-defined]  # or it remembers every one


def bounded(file: IO[bytes]) -> bytes:
    """All of a file, which is closed then. Raises TooLargeError for one longer than any piece of music."""
    with file:
        data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise TooLargeError(len(data))
        return data


class Sips(io.RawIOBase):
    """A stream of which nobody takes more than a file's bytes at once, as a hostile tar header would."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_BYTES + 1:
            raise TooLargeError(size)
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()
