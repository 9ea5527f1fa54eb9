"""Saved files: the many events of one save become one.

Editors save in many ways: in place and in pieces, or beside the file and then moved over it, with backups
that come and go. What they share is that it is soon quiet. So a file counts as saved once nothing has touched
it for a moment; the time is told by whoever asks, and nothing here waits.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler

SETTLED_AFTER_S: Final = 0.15
# Not "deleted": what is in use stays. Not "opened" and its like: reading is no reason to read again.
_TOUCHES: Final = frozenset({"created", "modified", "moved", "closed"})


class TouchHandler(FileSystemEventHandler):
    """Tells `touched` of every file that was written in a watched folder, under the name it has now.

    It runs on the observer's thread, so `touched` should only put the path into a queue.
    """

    def __init__(self, touched: Callable[[Path], None]) -> None:
        self._touched = touched

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in _TOUCHES and not event.is_directory:
            # A file that was moved here counts under its new name.
            self._touched(Path(os.fsdecode(event.dest_path or event.src_path)))


class Settling:
    """The files that were touched and are not quiet yet. All times are monotonic seconds."""

    def __init__(self, settled_after_s: float = SETTLED_AFTER_S) -> None:
        self._after_s = settled_after_s
        self._quiet_at: dict[Path, float] = {}

    def touch(self, file: Path, now: float) -> None:
        """The file was touched at `now`: its quiet time begins again."""
        self._quiet_at[file] = now + self._after_s

    def wake_at(self) -> float | None:
        """When the next file will be quiet if nothing more happens; None if there is nothing to wait for."""
        return min(self._quiet_at.values(), default=None)

    def settled(self, now: float) -> list[Path]:
        """Take out the files that are quiet by `now`, in the order of their last touch."""
        quiet = sorted((at, file) for file, at in self._quiet_at.items() if at <= now)
        for _, file in quiet:
            del self._quiet_at[file]
        return [file for _, file in quiet]
