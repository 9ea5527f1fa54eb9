"""Writes a take as it is played, on a thread of its own: what is lost in a crash is less than a second."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from meloformer.bridge import now
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.session.events import TakeLost
from meloformer.bridge.session.state import State
from meloformer.bridge.takes.latency import Latencies
from meloformer.bridge.takes.noted import Noted, heading, lines_of
from meloformer.bridge.takes.taping import Taping

SAVED_EVERY_S: Final = 0.5
CLOSED_WITHIN_S: Final = 5.0
LINES: Final = ".jsonl"
MIDI: Final = ".mid"


class End:
    """Nothing more will be noted; all is written."""


class Recorder:
    """One take: `note` belongs to the loop and never waits, `serve` to a thread, `close` to the way out."""

    def __init__(self, folder: Path, state: State, arrived: Callable[[TakeLost], None]) -> None:
        """Raises BridgeError where the folder cannot be written."""
        self._arrived = arrived
        self._queue: SimpleQueue[Noted | End] = SimpleQueue()
        self._closed: SimpleQueue[End] = SimpleQueue()
        self._began_s = self._latest_s = state.now
        self._taping, self._latencies = Taping(state), Latencies()
        began = datetime.fromtimestamp(now.to_epoch(state.now))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _free(folder, began)
            self._lines = self._file.with_suffix(LINES).open("x", encoding="utf-8")
            self._write([heading(state, began.isoformat(timespec="seconds"))])
        except OSError as error:
            raise BridgeError(
                f"no takes can be kept in {folder} ({error.strerror}); name another folder"
            ) from None

    @property
    def file(self) -> Path:
        """The take's MIDI file."""
        return self._file.with_suffix(MIDI)

    def note(self, noted: Noted) -> None:
        """Keep one step."""
        self._queue.put(noted)

    def close(self) -> None:
        """Write what is left; the take is complete."""
        self._queue.put(End())
        now.wait(self._closed, now.seconds() + CLOSED_WITHIN_S)

    def serve(self) -> None:
        """Write what is noted, until closed; a disk that is full ends the take, and nothing else."""
        try:
            self._serve()
        except OSError as error:
            reason = f"the take {self.file.name} ends here ({error.strerror}); the bridge goes on without it"
            self._arrived(TakeLost(f"{reason}: make room, and start the bridge again to keep takes"))
            while not isinstance(self._queue.get(), End):
                pass
        finally:
            with suppress(OSError):
                self._lines.close()
            self._closed.put(End())

    def _serve(self) -> None:
        open_, save_at = True, None
        while open_:
            arrival = now.wait(self._queue, save_at)
            if isinstance(arrival, Noted):
                self._take(arrival)
                save_at = save_at or now.seconds() + SAVED_EVERY_S
            open_ = not isinstance(arrival, End)
            if not open_ or (save_at is not None and now.seconds() >= save_at):
                self._save()
                save_at = None

    def _take(self, noted: Noted) -> None:
        self._latest_s = noted.seconds
        self._taping.take(noted)
        self._write([*lines_of(noted, self._began_s), *self._latencies.lines_of(noted, self._began_s)])

    def _save(self) -> None:
        """The lines are handed to the system; the MIDI file is replaced at once, so it is always whole."""
        self._lines.flush()
        beside = self._file.with_suffix(".tmp")
        beside.write_bytes(self._taping.tape.content(self._latest_s))
        with suppress(PermissionError):  # on Windows somebody reads it; the next save replaces it
            os.replace(beside, self.file)

    def _write(self, lines: Iterable[dict[str, Any]]) -> None:
        self._lines.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def _free(folder: Path, began: datetime) -> Path:
    """A name that no take has yet, without a suffix: the second at which it began."""
    name = f"{began:%Y-%m-%d-%H-%M-%S}"
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(folder / each for each in names if not (folder / f"{each}{LINES}").exists())
