"""What comes after a MIDI file: the file as it is, and new bars behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symusic.core import ScoreTick

from meloformer.model.decoder import collect
from meloformer.model.midi import from_symusic
from meloformer.model.score import Note, Score
from meloformer.model.telling import told
from meloformer.scripts.tracks import FileTicks, Tracks

if TYPE_CHECKING:
    from meloformer.model.performer import Performer

HEARD_BARS = 64  # of a longer piece only its end is heard: what came earlier says little about the next bar


@dataclass(frozen=True, slots=True)
class Continuation:
    """A file with new bars behind it, and how many bars it had before and how many notes are new."""

    raw: ScoreTick
    bars_before: int
    notes: int


def continuation(
    raw: ScoreTick, performer: Performer, bars: int, loudness: float = 1.0, name: str = "score"
) -> Continuation:
    """Let the performer hear `raw`, and put its answer behind it.

    `loudness` multiplies every new velocity. Raises MidiError for a file without notes, called by its `name`.
    """
    score = from_symusic(raw, name)
    heard = score.bars(max(0, len(score.meters) - HEARD_BARS), len(score.meters))
    hear(performer, heard)
    notes = answer(performer, heard, bars)
    return Continuation(extended(raw, score, notes, loudness), len(score.meters), len(notes))


def extended(raw: ScoreTick, score: Score, notes: list[Note], loudness: float = 1.0) -> ScoreTick:
    """A copy of `raw` with these notes, in ticks from the end of its last bar; nothing before that changes.

    `score` is `raw` on the grid. The last bar is completed to its bar line.
    """
    ticks = FileTicks(raw, score)
    longer = _ended_at(raw, ticks(score.ticks))
    tracks = Tracks(longer, ticks, loudness)
    for note in notes:
        tracks.put(note._replace(onset=score.ticks + note.onset, end=score.ticks + note.end))
    return longer


def hear(performer: Performer, heard: Score) -> None:
    """A new conversation that begins with this score."""
    performer.reset()
    for event in told(heard):
        performer.hear(event)


def answer(performer: Performer, heard: Score, bars: int) -> list[Note]:
    """The notes that the performer answers to the score it just heard, in ticks from that score's end.

    None is longer than the answer: a drum struck at its very end would open one more bar.
    """
    stop = heard.ticks + bars * heard.meters[-1].ticks
    return [
        note._replace(onset=note.onset - heard.ticks, end=min(note.end, stop) - heard.ticks)
        for note in collect(performer.answer(bars)).notes
    ]


def _ended_at(raw: ScoreTick, end: int) -> ScoreTick:
    """A copy without the meters and tempi that a file may have noted down after its last bar."""
    copy = raw.copy()
    copy.time_signatures.filter(lambda change: change.time < end)
    copy.tempos.filter(lambda change: change.time < end)
    return copy
