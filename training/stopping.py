"""Being asked to stop: a run ends after the step it is at, and a second request ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)

Asked = Callable[[], bool]


@contextmanager
def listening() -> Iterator[Asked]:
    """Gives a function that tells whether Ctrl-C or SIGTERM has come. Only a main thread hears them."""
    heard = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield heard.is_set
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def hear(_: int, __: FrameType | None) -> None:
        heard.set()
        _restore(before)

    try:
        for number in SIGNALS:
            signal.signal(number, hear)
        yield heard.is_set
    finally:
        _restore(before)


def _restore(handlers: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
