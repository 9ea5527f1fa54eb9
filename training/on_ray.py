"""A collection is read on a Ray cluster, by the function that reads it here, and in the same order.

What Ray Data carries is pickled: through its columns a row's numbers would come back as others.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import chain
from typing import Any

from meloformer.training.errors import StoreError
from meloformer.training.reader import FILES_AT_ONCE, read_some
from meloformer.training.rows import Row
from meloformer.training.sources import Content, Refusal

ADDRESS = "RAY_ADDRESS"  # where Ray itself looks for the cluster
ANSWER_S = 5.0
MOST_FILES = 16_384  # in one lot: the end of each waits for its slowest task
MOST_BYTES = 256 * 2**20  # of files from archives in one lot: they lie in the cluster's memory
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}  # or it tells its makers
ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # or it listens to every network that this machine is on


def refuse_if_missing() -> None:
    """Raises StoreError where Ray is not installed."""
    if find_spec("ray") is None:
        raise StoreError(
            "reading on Ray needs Ray Data; run `pip install meloformer[ray]`, or leave --ray out and "
            "say --workers"
        )


@contextmanager
def cluster(workers: int) -> Iterator[None]:
    """The cluster that RAY_ADDRESS names; without it one of `workers` processes, on this machine only."""
    is_here = ADDRESS not in os.environ
    if not is_here:
        _refuse_if_silent(os.environ[ADDRESS])
    for name, value in {**QUIET, **(ALONE if is_here else {})}.items():
        os.environ.setdefault(name, value)  # before Ray is imported, which is when it looks
    import ray

    where: dict[str, Any] = {"address": "local", "num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(log_to_driver=False, logging_level="error", **(where if is_here else {}))
    except (OSError, RuntimeError, ValueError) as error:
        raise StoreError(f"Ray does not start ({error}); check {ADDRESS}, or leave --ray out") from error
    try:
        yield
    finally:
        ray.shutdown()


def _refuse_if_silent(address: str) -> None:
    """Ray itself tries for minutes. Raises StoreError where nobody listens at HOST:PORT."""
    host, colon, port = address.rpartition(":")
    if "/" in address or not colon or not port.isdigit():
        return  # one of the other ways to name a cluster, which Ray knows
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise StoreError(
            f"no Ray cluster at {address} ({error}); start it, or correct {ADDRESS}, or leave --ray out"
        ) from None


def spread(wanted: Iterable[Content]) -> Iterator[Row | Refusal]:
    """The outcomes in order; a task whose process dies is begun again elsewhere."""
    for lot in _lots(wanted):
        yield from _read_lot(lot)


def _lots(wanted: Iterable[Content]) -> Iterator[list[Content]]:
    """So many files that a cluster is worth starting, and so few that their bytes find room."""
    lot: list[Content] = []
    held = 0
    for one in wanted:
        lot.append(one)
        held += len(one[1]) if isinstance(one[1], bytes) else 0
        if len(lot) >= MOST_FILES or held >= MOST_BYTES:
            yield lot
            lot, held = [], 0
    if lot:
        yield lot


def _read_lot(lot: list[Content]) -> Iterator[Row | Refusal]:
    from ray.data import DataContext, from_items

    context = DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    handfuls = [lot[at : at + FILES_AT_ONCE] for at in range(0, len(lot), FILES_AT_ONCE)]
    items = [{"wanted": pickle.dumps(handful)} for handful in handfuls]
    read = from_items(items, override_num_blocks=len(items)).map(_read_handful)
    return chain.from_iterable(pickle.loads(row["read"]) for row in read.iter_rows())


def _read_handful(item: dict[str, Any]) -> dict[str, Any]:
    return {"read": pickle.dumps(read_some(pickle.loads(item["wanted"])))}
