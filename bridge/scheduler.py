"""What is to happen later, in order: a queue that is a value, and a function of now.

The queue does not know its unit. Notes of an answer wait in beats, so a tempo change moves every note that
has not left and none that has; what has left waits in seconds.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")


class Cue(NamedTuple, Generic[Item]):
    """`item` at the moment `at`; of one moment, the lower `rank` first, then first come first served."""

    at: float
    rank: int
    serial: int
    item: Item


@dataclass(frozen=True, slots=True)
class Schedule(Generic[Item]):
    """Cues in order. Every change gives a new schedule."""

    cues: tuple[Cue[Item], ...] = ()
    serial: int = 0

    def __len__(self) -> int:
        return len(self.cues)

    @property
    def next_at(self) -> float | None:
        """When the first cue is; None when there is none."""
        return self.cues[0].at if self.cues else None

    def plus(self, at: float, item: Item, rank: int = 0) -> Schedule[Item]:
        """With one more item."""
        cues = list(self.cues)
        # the serial is unique, so items are never compared
        insort(cues, Cue(at, rank, self.serial, item))
        return Schedule(tuple(cues), self.serial + 1)

    def due(self, until: float) -> tuple[tuple[Cue[Item], ...], Schedule[Item]]:
        """The cues at or before `until`, earliest first, and the schedule without them."""
        count = 0
        while count < len(self.cues) and self.cues[count].at <= until:
            count += 1
        return self.cues[:count], Schedule(self.cues[count:], self.serial)

    def split(self, at: float) -> tuple[Schedule[Item], tuple[Cue[Item], ...]]:
        """The schedule without the cues at or after `at`, and these."""
        count = sum(cue.at < at for cue in self.cues)
        return Schedule(self.cues[:count], self.serial), self.cues[count:]

    def without(self, unwanted: Callable[[Item], bool]) -> Schedule[Item]:
        """Without the cues of these items."""
        return Schedule(tuple(cue for cue in self.cues if not unwanted(cue.item)), self.serial)

    def changed(self, change: Callable[[Item], Item]) -> Schedule[Item]:
        """Each item as `change` makes it, at the same moment."""
        return Schedule(tuple(cue._replace(item=change(cue.item)) for cue in self.cues), self.serial)

    def moved(self, by: float) -> Schedule[Item]:
        """Every cue so much later."""
        return Schedule(tuple(cue._replace(at=cue.at + by) for cue in self.cues), self.serial)

    def cleared(self) -> Schedule[Item]:
        """Empty."""
        return Schedule((), self.serial)
