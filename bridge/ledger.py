"""What is sounding on one way out, so that every note that was sent gets its note-off, and only one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Sounding(NamedTuple):
    """A note that was sent: `since` and `beat` tell when it begins to sound."""

    id: int
    channel: int
    pitch: int
    since: float
    beat: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """At most one note sounds at a channel and pitch: that is all a note-off can name."""

    notes: Mapping[tuple[int, int], Sounding] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.notes)

    def __iter__(self) -> Iterator[Sounding]:
        """What sounds, in the order in which it was sent."""
        return iter(self.notes.values())

    def moved(self, by: float) -> Ledger:
        """Every note's beat so much later: beats are counted otherwise now."""
        return Ledger({key: note._replace(beat=note.beat + by) for key, note in self.notes.items()})

    def struck(self, note: Sounding) -> tuple[Ledger, Sounding | None]:
        """With `note`; and the note it strikes over, which must be ended first."""
        ended = self.notes.get((note.channel, note.pitch))
        rest, _ = self.released(ended.id, ended.channel, ended.pitch) if ended else (self, None)
        return Ledger({**rest.notes, (note.channel, note.pitch): note}), ended

    def released(self, id_: int, channel: int, pitch: int) -> tuple[Ledger, Sounding | None]:
        """Without that note; with None when it does not sound (any more), so that nothing is sent."""
        note = self.notes.get((channel, pitch))
        if note is None or note.id != id_:
            return self, None
        rest = {key: value for key, value in self.notes.items() if value is not note}
        return Ledger(rest), note
