"""A MIDI file with some of its bars made anew; whatever begins outside them stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from symusic.core import ScoreTick, TrackTick

from meloformer.model.decoder import collect
from meloformer.model.midi import Grid, file_bars
from meloformer.model.score import Note, Score
from meloformer.scripts.tracks import FileTicks, Tracks

if TYPE_CHECKING:
    from meloformer.model.performer import Performer

HEARD_BARS = 32  # on either side: what is farther away says little about these bars


class Span(NamedTuple):
    """Bars from `first` up to, not including, `stop`, counted from 0."""

    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A file with new bars in it, and how many notes these have."""

    raw: ScoreTick
    notes: int


def rewriting(
    raw: ScoreTick, score: Score, performer: Performer, span: Span, loudness: float = 1.0
) -> Rewriting:
    """Let the performer hear what stands before and after the span, and play it anew.

    `score` is `raw` on the grid; `loudness` multiplies every new velocity.
    """
    from meloformer.model.infill import infill

    low = max(0, span.first - HEARD_BARS)
    heard = score.bars(low, min(len(score.meters), span.stop + HEARD_BARS))
    made = infill(performer, heard, span.first - low, span.stop - low, set(heard.instruments()))
    shift, end = score.bar_starts[low], score.bar_starts[span.stop]
    notes = [
        note._replace(onset=note.onset + shift, end=min(note.end + shift, end))
        for note in collect(made).notes
    ]
    return rewritten(raw, score, span, notes, loudness)


def rewritten(
    raw: ScoreTick, score: Score, span: Span, notes: Iterable[Note], loudness: float = 1.0
) -> Rewriting:
    """A copy of `raw` with these notes in place of those of the span.

    A key that is held from before, or struck early for the bar that follows, is not struck over.
    """
    copy, ticks = raw.copy(), FileTicks(raw, score)
    tracks = Tracks(copy, ticks, loudness)
    grid = Grid(file_bars(raw), raw.ticks_per_quarter)
    for track in copy.tracks:
        _clear(track, grid, ticks, Span(score.bar_starts[span.first], score.bar_starts[span.stop]))
    low, high = ticks(score.bar_starts[span.first]), ticks(score.bar_starts[span.stop])
    kept = [_reaching_into(track, low, high) for track in copy.tracks]
    count = 0
    for note in notes:
        home = tracks.home(note)
        count += tracks.put(note, kept[home].get(note.pitch, ()) if home < len(kept) else ())
    return Rewriting(copy, count)


def _clear(track: TrackTick, grid: Grid, ticks: FileTicks, span: Span) -> None:
    """Take out what begins in the span, both as written and on the grid: else it belongs to a neighbour."""
    if not len(track.notes):
        return
    times = track.notes.numpy()["time"].astype(np.int64)
    places = grid(times)
    written = (times >= ticks(span.first)) & (times < ticks(span.stop))
    inside = set(times[written & (places >= span.first) & (places < span.stop)].tolist())
    track.notes.filter(lambda note: note.time not in inside)


def _reaching_into(track: TrackTick, low: int, high: int) -> dict[int, list[tuple[int, int]]]:
    """Where keys are down between two file ticks, by pitch."""
    down: dict[int, list[tuple[int, int]]] = {}
    for note in track.notes:
        if note.time < high and note.time + note.duration > low:
            down.setdefault(note.pitch, []).append((note.time, note.time + note.duration))
    return down
