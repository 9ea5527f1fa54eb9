"""What comes after a MIDI file: the file as it is, and new bars behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symusic.core import NoteTick, ScoreTick, TrackTick

from meloformer.model.decoder import collect
from meloformer.model.encoder import by_bar
from meloformer.model.events import BarStart, Event
from meloformer.model.midi import file_bars, from_symusic
from meloformer.model.score import Note, Score, velocity_of
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER

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
    end = _end(raw, score)
    longer = _ended_at(raw, end)
    for note in notes:
        onset, off = end + _file_ticks(raw, note.onset), end + _file_ticks(raw, note.end)
        velocity = max(1, min(127, round(velocity_of(note.velocity) * loudness)))
        _track(longer, note).notes.append(NoteTick(onset, max(1, off - onset), note.pitch, velocity))
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


def told(score: Score) -> Iterator[Event]:
    """All events of a score with its bar lines, in time order."""
    for start, meter, events in zip(score.bar_starts, score.meters, by_bar(score), strict=False):
        yield BarStart(start, meter)
        yield from events


def _end(raw: ScoreTick, score: Score) -> int:
    """The file tick of the bar line where the answer begins."""
    bars = file_bars(raw)
    added = sum(meter.ticks for meter in score.meters[len(bars) :])
    return round(bars[-1].start + bars[-1].length) + _file_ticks(raw, added)


def _ended_at(raw: ScoreTick, end: int) -> ScoreTick:
    """A copy without the meters and tempi that a file may have noted down after its last bar."""
    copy = raw.copy()
    copy.time_signatures.filter(lambda change: change.time < end)
    copy.tempos.filter(lambda change: change.time < end)
    return copy


def _track(raw: ScoreTick, note: Note) -> TrackTick:
    """The track that plays this instrument; of several the one that plays nearest to this pitch."""
    tracks = [track for track in raw.tracks if _instrument(track) == note.instrument and len(track.notes)]
    if tracks:
        return min(tracks, key=lambda track: abs(_middle(track) - note.pitch))
    drums = note.instrument == DRUMS
    raw.tracks.append(TrackTick("", 0 if drums else note.instrument, drums))
    return raw.tracks[-1]


def _instrument(track: TrackTick) -> int:
    return DRUMS if track.is_drum else track.program


def _middle(track: TrackTick) -> float:
    """The mean pitch of a track."""
    return sum(note.pitch for note in track.notes) / len(track.notes)


def _file_ticks(raw: ScoreTick, ticks: int) -> int:
    return round(ticks * raw.ticks_per_quarter / TICKS_PER_QUARTER)
