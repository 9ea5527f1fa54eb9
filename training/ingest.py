"""Music files in folders and archives to a data set, with the reason for every file that was left out."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pyarrow as pa

from meloformer.training import on_ray
from meloformer.training.errors import StoreError
from meloformer.training.meta import NOT_TOLD
from meloformer.training.parts import Outcomes, Parts
from meloformer.training.reader import FILES_AT_ONCE, read_piece, read_some
from meloformer.training.repeats import Seen
from meloformer.training.report import write_report
from meloformer.training.rows import Row
from meloformer.training.sources import Content, Refusal, contents, sources
from meloformer.training.store import refuse_if_there, unfinished, write_tables

ReadAll = Callable[[Iterable[Content]], Iterable["Row | Refusal"]]


def music_files(given: Path) -> list[Path]:
    """Every music file below a folder or in an archive, sorted. Raises StoreError where there is none."""
    return [source.path for source in sources(given)[0]]


def prepare(
    given: Path,
    out: Path,
    workers: int = 1,
    progress: Callable[[int], None] = lambda done: None,
    terms: str = NOT_TOLD,
    ray: bool = False,
) -> list[Refusal]:
    """Every music file below a folder or in an archive to a data set at `out`; gives what was left out.

    A reading that was stopped goes on where it was. The same files make the same data set, byte for byte,
    however many workers read them, with `ray` on a cluster of machines, and however often they were stopped.
    Of pieces with the same notes, in any key, the first stays. `progress` is told how many files are done;
    `terms` are those of the music. Raises StoreError when nothing could be read, or something is at `out`
    already.
    """
    refuse_if_there(out)
    if ray:
        on_ray.refuse_if_missing()
    found, refusals = sources(given)
    parts = Parts(unfinished(out), found)
    with _readers(workers, ray) as read_all:
        _read_missing(parts, len(found), read_all, progress)
    seen = Seen()
    meta = write_tables(_firsts(parts, seen, refusals), out, terms)
    if not meta:
        raise StoreError(f"{given}: none of its {len(found)} files could be read: {refusals[0].reason}")
    left_out = sorted(refusals, key=lambda one: (one.repeats != "", str(one.path)))
    write_report(out, meta, left_out)
    return left_out


def _read_missing(parts: Parts, total: int, read_all: ReadAll, progress: Callable[[int], None]) -> None:
    missing = list(parts.missing())
    done = total - sum(len(wanted) for _, wanted in missing)
    reads = iter(read_all(contents(source for _, wanted in missing for source in wanted)))
    for number, wanted in missing:
        outcomes = Outcomes()
        for read in islice(reads, len(wanted)):
            outcomes.add(read)
            done += 1
            progress(done)
        parts.keep(number, outcomes)


def _firsts(parts: Parts, seen: Seen, refusals: list[Refusal]) -> Iterator[pa.Table]:
    """The rows of every part that no row before them has the notes of."""
    for table, refused in parts.read():
        refusals += refused
        kept, repeats = seen.sift(table)
        refusals += repeats
        yield kept


@contextmanager
def _readers(workers: int, ray: bool) -> Iterator[ReadAll]:
    """`map`, in this process, in several, or on a Ray cluster."""
    if ray:
        with on_ray.cluster(workers):
            yield on_ray.spread
        return
    if workers == 1:
        yield lambda wanted: (read_piece(*one) for one in wanted)
        return
    context = multiprocessing.get_context("spawn")  # what every system has
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield lambda wanted: _spread(pool, workers, wanted)


def _spread(pool: ProcessPoolExecutor, workers: int, wanted: Iterable[Content]) -> Iterator[Row | Refusal]:
    """The outcomes in order, with no more than a few handfuls of files on their way at once."""
    wanted = iter(wanted)
    waiting: deque[Future[list[Row | Refusal]]] = deque()
    while True:
        while len(waiting) < 2 * workers and (some := list(islice(wanted, FILES_AT_ONCE))):
            waiting.append(pool.submit(read_some, some))
        if not waiting:
            return
        yield from waiting.popleft().result()
