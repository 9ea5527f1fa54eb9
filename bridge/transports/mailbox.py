"""A queue that a poller can wait for beside its sockets."""

from __future__ import annotations

import socket
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
_RINGS: Final = 4096


class Mailbox(Generic[Item]):
    """Anything may be put in from any thread; one thread takes it out."""

    def __init__(self) -> None:
        self._items: SimpleQueue[Item] = SimpleQueue()
        self._bell, self.wakes = socket.socketpair()  # `wakes` can be read from when there is something
        self._bell.setblocking(False)
        self.wakes.setblocking(False)

    def put(self, item: Item) -> None:
        self._items.put(item)
        with suppress(BlockingIOError):  # it rings already
            self._bell.send(b"\0")

    def take(self) -> list[Item]:
        """Everything that is in it now."""
        with suppress(BlockingIOError):
            self.wakes.recv(_RINGS)
        items = []
        with suppress(Empty):
            while True:
                items.append(self._items.get_nowait())
        return items

    def close(self) -> None:
        self._bell.close()
        self.wakes.close()
