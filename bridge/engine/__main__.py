"""The engine process: messages come on standard input and go on standard output, one line each."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, BinaryIO

from meloformer.bridge.engine.lines import LONGEST_LINE, MessageError, to_engine, to_line
from meloformer.bridge.engine.messages import Ended, FromEngine, Quit, ToEngine, Trouble
from meloformer.model.threads import use_one_thread


def main() -> None:
    """Serve until told to quit, or until the bridge is gone."""
    _stand_back()
    use_one_thread()
    tell = _teller(_own_standard_output())
    inbox: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, inbox, tell), daemon=True).start()
    # Imported only now: meanwhile, what the bridge has to say is being read.
    from meloformer.bridge.engine.worker import Worker

    try:
        Worker(inbox).run(tell)
    except OSError:
        sys.exit(1)  # the bridge is gone, and with it whoever could be told


def _stand_back() -> None:
    """The bridge may go before other programs; its child the engine, which fills a core, must not."""
    if hasattr(os, "sched_setscheduler") and os.sched_getscheduler(0) == os.SCHED_RR:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _own_standard_output() -> BinaryIO:
    """Standard output for the messages alone: what any library prints goes to standard error."""
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return own


def _teller(out: BinaryIO) -> Callable[[FromEngine], None]:
    """Messages come from the thread that plays, the one that loads and the one that reads."""
    one_at_a_time = threading.Lock()

    def tell(message: FromEngine) -> None:
        with one_at_a_time:
            out.write(to_line(message))
            out.flush()

    return tell


def _read(lines: BinaryIO, inbox: SimpleQueue[Any], tell: Callable[[FromEngine], None]) -> None:
    """Hand on what the bridge says; when it says no more, it is gone.

    Nothing is read after a Quit: a thread that reads while Python ends makes it crash.
    """
    message: ToEngine | None = None
    while not isinstance(message, Quit):
        line = lines.readline(LONGEST_LINE + 1)
        try:
            message = to_engine(line) if line else Quit()
            inbox.put(message)
        except MessageError as error:
            tell(Trouble(f"a message was not understood: {error}"))
            if error.request is not None:
                tell(Ended(error.request, 0, "failed"))


if __name__ == "__main__":
    main()
