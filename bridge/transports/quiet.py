"""A transport with no wire: what the bridge sends is handed over, and nothing is opened.

The bridge runs on it where there is no MIDI system; a rehearsal or a test listens to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Message = TypeVar("Message")


class QuietWire(Generic[Message]):
    """Stands in for an OSC or a MIDI wire; `heard` gets each message and the instant it carries, if any."""

    def __init__(self, heard: Callable[[Message, float | None], None] | None = None) -> None:
        self.clients: frozenset[tuple[str, int]] = frozenset()
        self._heard = heard

    def send(self, message: Message, at: float | None = None, asker: object = None) -> None:
        if self._heard is not None:
            self._heard(message, at)

    def close(self) -> None:
        """There is nothing to close."""
