"""A folder of MIDI files to an Arrow data set, with the reason for every file that was left out."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meloformer.model import chords, midi
from meloformer.training.errors import StoreError
from meloformer.training.store import Piece, write

SUFFIXES = (".mid", ".midi")
FILES_AT_ONCE = 16  # what a worker is handed at a time

Read = Callable[[Path, str], "Piece | Refusal"]
ReadAll = Callable[[Read, Iterable[Path], Iterable[str]], Iterable["Piece | Refusal"]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was left out, and why."""

    path: Path
    reason: str


def midi_files(folder: Path) -> list[Path]:
    """Every MIDI file below a folder, sorted. Raises StoreError where there is none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise StoreError(f"{folder}: there is no .mid file in it; choose a folder of MIDI files")
    return found


def collection_of(path: Path, folder: Path) -> str:
    """The first folder below `folder` that the file lies in, or nothing."""
    inside = path.relative_to(folder).parts
    return inside[0] if len(inside) > 1 else ""


def read_piece(path: Path, collection: str) -> Piece | Refusal:
    """One file as a piece, or the reason why not."""
    try:
        score = midi.read(path)
        return Piece(collection, path.stem, score, tuple(chords.label(score)))
    except midi.MidiError as error:
        return Refusal(path, str(error))
    except Exception as error:  # one strange file must not end the reading of thousands
        return Refusal(path, f"{path}: it cannot be read ({type(error).__name__}: {error}); export it again")


def prepare(
    folder: Path, out: Path, workers: int = 1, progress: Callable[[int], None] = lambda done: None
) -> list[Refusal]:
    """Every MIDI file below `folder` to an Arrow data set at `out`; gives the refused files.

    `progress` is told how many files are done. The same files make the same data set, however many workers
    read them. Raises StoreError when nothing could be read, or something is at `out` already.
    """
    paths = midi_files(folder)
    refusals: list[Refusal] = []

    def pieces(read_all: ReadAll) -> Iterator[Piece]:
        collections = [collection_of(path, folder) for path in paths]
        for done, read in enumerate(read_all(read_piece, paths, collections), 1):
            if isinstance(read, Refusal):
                refusals.append(read)
            else:
                yield read
            progress(done)

    with _readers(workers) as read_all:
        count = write(pieces(read_all), out)
    if not count:
        raise StoreError(f"{folder}: none of its {len(paths)} files could be read: {refusals[0].reason}")
    return refusals


@contextmanager
def _readers(workers: int) -> Iterator[ReadAll]:
    """`map`, in this process or in several."""
    if workers == 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")  # what every system has
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield lambda read, paths, names: pool.map(read, paths, names, chunksize=FILES_AT_ONCE)
