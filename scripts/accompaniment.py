"""A MIDI file as it is, and new parts beside its own."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from symusic.core import ScoreTick

from meloformer.model.decoder import collect
from meloformer.model.score import Note, Score
from meloformer.scripts.tracks import FileTicks, Tracks

if TYPE_CHECKING:
    from meloformer.model.performer import Performer


@dataclass(frozen=True, slots=True)
class Accompaniment:
    """A file with new parts, and how many notes they have."""

    raw: ScoreTick
    notes: int


def accompaniment(
    raw: ScoreTick, score: Score, performer: Performer, instruments: Set[int], loudness: float = 1.0
) -> Accompaniment:
    """Let the performer hear `raw` bar by bar and play along in these instruments, none of which is in it.

    One after the other, the drums first: each hears those before it, and none is passed over for the others.
    `score` is `raw` on the grid; `loudness` multiplies every new velocity.
    """
    from meloformer.model.accompany import accompany

    fuller, notes = score, list[Note]()
    for instrument in sorted(instruments, reverse=True):
        made = collect(accompany(performer, fuller, {instrument})).notes
        notes += made
        fuller = replace(score, notes=tuple(sorted((*fuller.notes, *made))))
    return Accompaniment(beside(raw, score, notes, instruments, loudness), len(notes))


def beside(
    raw: ScoreTick, score: Score, notes: Sequence[Note], instruments: Set[int], loudness: float = 1.0
) -> ScoreTick:
    """A copy of `raw` with one new track for each instrument, drums last, and these notes in them."""
    fuller = raw.copy()
    tracks = Tracks(fuller, FileTicks(raw, score), loudness)
    for instrument in sorted(instruments):
        tracks.add(instrument, middle=64)
    for note in notes:
        tracks.put(note._replace(end=min(note.end, score.ticks)))
    return fuller
