"""What there is to read: MIDI and MusicXML files in folders and archives, each with a way to its bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from meloformer.training import archives
from meloformer.training.archives import DAMAGE, Member, TooLargeError, bounded, members, suffix_of
from meloformer.training.errors import StoreError

MIDI = (".mid", ".midi", ".kar")
MUSICXML = (".musicxml", ".mxl", ".xml")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was left out, and why; `repeats` names the file whose notes it has, where that is why."""

    path: Path
    reason: str
    repeats: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One music file: `path` leads to it, through the archive `file` where it lies in one.

    `place` is its path below the folder, or in the archive, that was asked for; `size` in bytes, `changed`
    in nanoseconds.
    """

    file: Path
    path: Path
    place: PurePosixPath
    size: int
    changed: int

    @property
    def is_member(self) -> bool:
        return self.file != self.path

    @property
    def collection(self) -> str:
        """The first folder on the way to it, or nothing; an archive is a folder without its suffix."""
        return _text(_bare(self.place.parts[0])) if len(self.place.parts) > 1 else ""

    @property
    def name(self) -> str:
        """Its path inside the collection, without the suffix."""
        inside = PurePosixPath(*self.place.parts[1:]) if len(self.place.parts) > 1 else self.place
        return _text(str(inside.with_suffix("")))

    @property
    def label(self) -> str:
        """Its path below what was asked for, as text that any file can hold."""
        return _text(str(self.place))


Content = tuple[Source, bytes | Refusal | None]
"""A source with its bytes, where they are at hand already, or with the reason why there are none."""


def _text(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


def _bare(name: str) -> str:
    return name[: len(name) - len(suffix_of(name))]


def is_midi(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in MIDI


def is_music(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in MIDI + MUSICXML


def sources(given: Path) -> tuple[list[Source], list[Refusal]]:
    """Every music file below a folder or in an archive, sorted, those of an archive in its own order.

    The second list tells what could not be looked into. Raises StoreError where there is no music file.
    """
    found: list[Source] = []
    refusals: list[Refusal] = []
    for file in _files(given, refusals):
        if suffix_of(file.name):
            _look_into(file, given, found, refusals)
        else:
            found.append(plain(file, given))
    if not found:
        first = (
            refusals[0].reason if refusals else f"{given}: there is no .mid file and no .musicxml file in it"
        )
        raise StoreError(
            first
            if refusals
            else f"{first}; choose a folder of MIDI or MusicXML files, or an archive of some"
        )
    return found, refusals


def _files(given: Path, refusals: list[Refusal]) -> list[Path]:
    """Music files and archives, sorted; a folder that cannot be listed is refused."""
    if given.is_file():
        if not suffix_of(given.name):
            raise StoreError(
                f"{given} is no folder and no archive; choose one ({', '.join(archives.SUFFIXES)})"
            )
        return [given]

    def refuse(error: OSError) -> None:
        folder = Path(error.filename)
        refusals.append(Refusal(folder, f"{folder}: {said(error)}; make it readable, or leave it out"))

    paths = (Path(at, name) for at, _, names in os.walk(given, onerror=refuse) for name in names)
    return sorted(path for path in paths if (is_music(path.name) or suffix_of(path.name)) and path.is_file())


def plain(file: Path, folder: Path) -> Source:
    """A music file below a folder."""
    return _source(file, PurePosixPath(file.relative_to(folder).as_posix()), file)


def _source(file: Path, place: PurePosixPath, path: Path, size: int | None = None) -> Source:
    status = file.stat()
    return Source(file, path, place, status.st_size if size is None else size, status.st_mtime_ns)


def _look_into(file: Path, given: Path, found: list[Source], refusals: list[Refusal]) -> None:
    inside = PurePosixPath() if file == given else PurePosixPath(file.relative_to(given).as_posix())
    try:
        for name, size in ((member.name, member.size) for member in members(file)):
            path = file / _harmless(name)
            if is_music(name):
                found.append(_source(file, inside / _harmless(name), path, size))
            elif suffix_of(name):
                refusals.append(
                    Refusal(path, f"{path}: an archive in an archive is not opened; unpack it first")
                )
    except DAMAGE as error:
        reason = (
            f"{file}: the archive is damaged ({said(error)}); what stands before that is read; pack it again"
        )
        refusals.append(Refusal(file, reason))


def _harmless(name: str) -> PurePosixPath:
    """A member's name as a path that stays inside, for we only show it."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return PurePosixPath(*(part for part in parts if part not in ("/", "..", ".")))


def said(error: BaseException) -> str:
    """An error in a few words."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(words.split()) or type(error).__name__


def contents(wanted: Iterable[Source]) -> Iterator[Content]:
    """Sources with their bytes where they lie in an archive; a plain file's reader opens it himself."""
    for file, group in groupby(wanted, lambda source: source.file):
        together = list(group)
        if together[0].is_member:
            yield from _unpacked(file, together)
        else:
            yield from ((source, None) for source in together)


def _unpacked(file: Path, wanted: list[Source]) -> Iterator[tuple[Source, bytes | Refusal]]:
    waiting = wanted[::-1]
    try:
        for member in members(file):
            if waiting and file / _harmless(member.name) == waiting[-1].path:
                yield waiting[-1], _bytes(member, waiting[-1])
                waiting.pop()
    except DAMAGE as error:
        for source in waiting[::-1]:
            yield source, Refusal(source.path, f"{source.path}: {said(error)}; pack the archive again")
        waiting = []
    if waiting:
        raise StoreError(f"{file} changed while it was read; prepare again")


def _bytes(member: Member, source: Source) -> bytes | Refusal:
    try:
        if member.size > archives.MOST_BYTES:
            raise TooLargeError(member.size)
        return member.read()
    except TooLargeError as error:
        return Refusal(source.path, f"{source.path}: {error}; cut it into pieces")
    except DAMAGE as error:
        return Refusal(source.path, f"{source.path}: it cannot be unpacked ({said(error)}); pack it again")


def read_file(path: Path) -> bytes:
    """All of a plain file. Raises OSError, and TooLargeError before it reads what is too large."""
    return bounded(path.open("rb"))
