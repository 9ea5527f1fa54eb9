"""What time it is: the only file of the bridge that reads a clock.

Everything else takes seconds as a value, so it can be run live, offline or in a test without sleeping.
Seconds are monotonic and start anywhere; OSC time tags are wall-clock time, and are converted here.
"""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")

# A wait longer than this gains nothing, and some systems refuse very long ones.
LONGEST_WAIT_S = 3600.0


def seconds() -> float:
    """Monotonic seconds; not `time.monotonic`, which steps by 16 ms on Windows before Python 3.13."""
    return time.perf_counter()


def from_epoch(epoch_s: float) -> float:
    """The monotonic seconds of a wall-clock time (seconds since 1970), as the wall clock stands now."""
    return epoch_s - time.time() + time.perf_counter()


def to_epoch(monotonic_s: float) -> float:
    """The wall-clock time (seconds since 1970) of monotonic seconds, as the wall clock stands now."""
    return monotonic_s - time.perf_counter() + time.time()


def wait(inbox: queue.SimpleQueue[Item], until_s: float | None) -> Item | None:
    """The next item of the inbox, or None when none has come by `until_s` (None: no deadline)."""
    if until_s is None:
        return inbox.get()
    left_s = until_s - time.perf_counter()
    try:
        return inbox.get_nowait() if left_s <= 0 else inbox.get(timeout=min(left_s, LONGEST_WAIT_S))
    except queue.Empty:
        return None


def pause(duration_s: float) -> None:
    """Do nothing for a while; for the way out only, since nothing of the bridge may wait while it plays."""
    time.sleep(duration_s)


@contextmanager
def fine_grained() -> Iterator[None]:
    """Waits inside are exact to about a millisecond; Windows alone must be asked for that."""
    if sys.platform != "win32":
        yield
        return
    import ctypes

    ctypes.windll.winmm.timeBeginPeriod(1)
    try:
        yield
    finally:
        ctypes.windll.winmm.timeEndPeriod(1)
