"""Threads, processes and signals: the only file of the bridge that starts or meets any."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from meloformer.bridge.engine.lines import LONGEST_LINE, MessageError, from_engine, to_line
from meloformer.bridge.engine.messages import FromEngine, Quit, ToEngine, Trouble
from meloformer.bridge.session.events import EngineGone, EngineStarted
from meloformer.bridge.watching import TouchHandler

_Lines = SimpleQueue[bytes | None]
_HIGH_PRIORITY_CLASS: Final = 0x80
_QUIT_WITHIN_S: Final = 1.0
_END_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def start(work: Callable[[], None], name: str) -> None:
    """Run `work` on a thread that does not keep the process alive."""
    threading.Thread(target=work, name=name, daemon=True).start()


def done_within(work: Callable[[], None], seconds: float, name: str) -> bool:
    """Whether `work` on such a thread has an end in time; after that, nobody waits for it any more."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def steady_hands() -> None:
    """Let as little as possible hold up the thread that sends notes; to be called before any other starts.

    No other thread of ours keeps it waiting for more than half a millisecond, and no other program at all
    where the system lets us go first: on Linux with the rights that audio programs are given, on Windows.
    """
    sys.setswitchinterval(0.0005)
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _HIGH_PRIORITY_CLASS)
    elif hasattr(os, "sched_setscheduler"):
        with suppress(PermissionError):
            lowest = os.sched_get_priority_min(os.SCHED_RR)
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(lowest))


def on_end(ended: Callable[[], None]) -> None:
    """Call `ended` at the first signal to end (Ctrl-C, kill, a closed terminal); the second ends at once."""

    def handler(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        ended()

    for name in _END_SIGNALS:
        number = getattr(signal, name, None)  # Windows has fewer
        if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):  # nohup
            continue
        signal.signal(number, handler)


@contextmanager
def watching(touched: Callable[[Path], None]) -> Iterator[Callable[[Path], None]]:
    """Tell `touched`, on another thread, of every file that is written in a folder that is watched.

    Gives what watches a folder: not those in it, and not twice. It raises OSError where that is impossible.
    """
    observer, handler = Observer(), TouchHandler(touched)
    observer.daemon = True
    observer.start()
    try:
        yield lambda folder: _watch(observer, handler, folder)
    finally:
        observer.stop()


def _watch(observer: BaseObserver, handler: TouchHandler, folder: Path) -> None:
    observer.schedule(handler, str(folder))


class EngineProcess:
    """The engine, in a process of its own; what it says and its coming and going are told to `arrived`.

    `start`, `tell` and `stop` belong to one thread, and none of them waits for the engine (but `stop`).
    """

    def __init__(self, arrived: Callable[[FromEngine | EngineStarted | EngineGone], None]) -> None:
        self._arrived = arrived
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: _Lines = SimpleQueue()
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The process id of the present engine; None before the first."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """A new, empty engine; nothing that was told to an earlier one reaches it."""
        self._lines.put(None)  # the earlier one's writer may rest
        lines = self._lines = SimpleQueue()
        process = self._process = _engine_apart()
        start(lambda: _write(lines, process), "to the engine")
        start(lambda: self._read(process), "from the engine")
        self._arrived(EngineStarted())

    def tell(self, message: ToEngine) -> None:
        """Queue a message; the engine may be busy or gone."""
        self._lines.put(to_line(message))

    def stop(self) -> None:
        """Send the engine home, and make it go if it does not."""
        self._stopping = True
        if self._process is None:
            return
        self.tell(Quit())
        self._lines.put(None)
        try:
            self._process.wait(_QUIT_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            while line := lines.readline(LONGEST_LINE + 1):
                try:
                    self._arrived(from_engine(line))
                except MessageError as error:
                    self._arrived(Trouble(f"the engine said something else: {error}"))
        code = process.wait()
        if not self._stopping:
            self._arrived(EngineGone(f"the engine ended by itself ({_ending(code)}); it is started again"))


def _engine_apart() -> subprocess.Popen[bytes]:
    """The process, in a group of its own: Ctrl-C is for the bridge, which has notes to end before that."""
    return subprocess.Popen(
        (sys.executable, "-m", "meloformer.bridge.engine"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0 if os.name == "posix" else None,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def _write(lines: _Lines, process: subprocess.Popen[bytes]) -> None:
    """Hand lines to the engine; on a thread, since a pipe to a busy engine may be full."""
    assert process.stdin is not None
    with suppress(OSError), process.stdin as stdin:  # an engine that is gone is told of by its reader
        while (line := lines.get()) is not None:
            stdin.write(line)
            stdin.flush()


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
