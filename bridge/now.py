"""What time it is: the only file of the bridge that reads a clock.

Everything else takes seconds as a value, so it can be run live, offline or in a test without sleeping.
Seconds are monotonic and start anywhere; OSC time tags are wall-clock time, and are converted here.
"""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

Item = TypeVar("Item")

# A wait longer than this gains nothing, and some systems refuse very long ones.
LONGEST_WAIT_S = 3600.0
TURN_S: Final = 0.5  # of a wait without an end, where it is to be had in turns alone
TOLERANCE_S: Final = 0.001  # so far the wall clock may drift before it is read anew


def seconds() -> float:
    """Monotonic seconds; not `time.monotonic`, which steps by 16 ms on Windows before Python 3.13."""
    return time.perf_counter()


class _WallClock:
    """By how much the wall clock is ahead of the monotonic one: one number until it is set or drifts.

    Read anew for each message, two of one moment would get time tags in either order: the end of a note after
    the next one on its key. A reading that was interrupted between both clocks does not count.
    """

    def __init__(self) -> None:
        self._ahead_s = time.time() - time.perf_counter()

    def ahead_s(self) -> float:
        before_s = time.perf_counter()
        ahead_s = time.time() - before_s
        in_one_go = time.perf_counter() - before_s < TOLERANCE_S / 2
        if in_one_go and abs(ahead_s - self._ahead_s) > TOLERANCE_S:
            self._ahead_s = ahead_s
        return self._ahead_s


_WALL: Final = _WallClock()


def from_epoch(epoch_s: float) -> float:
    """The monotonic seconds of a wall-clock time (seconds since 1970), as the wall clock stands now."""
    return epoch_s - _WALL.ahead_s()


def to_epoch(monotonic_s: float) -> float:
    """The wall-clock time (seconds since 1970) of monotonic seconds, as the wall clock stands now."""
    return monotonic_s + _WALL.ahead_s()


def wait(inbox: queue.SimpleQueue[Item], until_s: float | None) -> Item | None:
    """The next item of the inbox, or None when none has come by `until_s` (None: no deadline)."""
    if until_s is None:
        return _first(inbox)
    left_s = until_s - time.perf_counter()
    try:
        return inbox.get_nowait() if left_s <= 0 else inbox.get(timeout=min(left_s, LONGEST_WAIT_S))
    except queue.Empty:
        return None


def _first(inbox: queue.SimpleQueue[Item]) -> Item:
    """Waits for ever; on Windows in turns, since Ctrl-C does not end a wait for a lock there."""
    while sys.platform == "win32":
        with suppress(queue.Empty):
            return inbox.get(timeout=TURN_S)
    return inbox.get()


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
