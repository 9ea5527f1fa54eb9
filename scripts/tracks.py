"""New notes in a copy of a MIDI file: at which tick, on which track, and never over a note that stays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from symusic.core import NoteTick, ScoreTick, TrackTick

from meloformer.model.midi import file_bars
from meloformer.model.score import Note, Score, velocity_of
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER


class FileTicks:
    """Where the grid's ticks lie in a file; `score` is `raw` on the grid."""

    def __init__(self, raw: ScoreTick, score: Score) -> None:
        bars = file_bars(raw)
        added = (self._length(raw, meter.ticks) for meter in score.meters[len(bars) :])
        end = round(bars[-1].start + bars[-1].length)
        self._raw, self._score = raw, score
        self._starts = [*(bar.start for bar in bars), *accumulate(added, initial=end)]

    def __call__(self, tick: int) -> int:
        """The file tick of a grid tick; never behind the line where its bar ends."""
        if tick >= self._score.ticks:
            return self._starts[-1] + self._length(self._raw, tick - self._score.ticks)
        bar = self._score.bar_of(tick)
        into = self._length(self._raw, tick - self._score.bar_starts[bar])
        return min(self._starts[bar] + into, self._starts[bar + 1])

    @staticmethod
    def _length(raw: ScoreTick, ticks: int) -> int:
        return round(ticks * raw.ticks_per_quarter / TICKS_PER_QUARTER)


class Tracks:
    """Writes notes into `raw`; `ticks` says where. `loudness` multiplies every velocity."""

    def __init__(self, raw: ScoreTick, ticks: FileTicks, loudness: float) -> None:
        self._raw, self._ticks, self._loudness = raw, ticks, loudness
        self._middles = [_middle(track) for track in raw.tracks]  # None: it has no notes

    def put(self, note: Note, kept: Sequence[tuple[int, int]] = ()) -> bool:
        """Write one note, in ticks of the grid, into the track of its instrument.

        `kept` are spans, in file ticks, in which its key is down already: a note that begins in one is left
        out (False), and one that lasts into one is cut.
        """
        onset, end = self._ticks(note.onset), self._ticks(note.end)
        if any(start <= onset < stop for start, stop in kept):
            return False
        end = min([max(end, onset + 1), *(start for start, _ in kept if start > onset)])
        velocity = max(1, min(127, round(velocity_of(note.velocity) * self._loudness)))
        track = self._raw.tracks[self.home(note)]
        track.notes.append(NoteTick(onset, end - onset, note.pitch, velocity))
        return True

    def home(self, note: Note) -> int:
        """The track that plays this instrument; of several the one that plays nearest to this pitch."""
        homes = [
            (abs(middle - note.pitch), index)
            for index, middle in enumerate(self._middles)
            if middle is not None and instrument_of(self._raw.tracks[index]) == note.instrument
        ]
        return min(homes)[1] if homes else self.add(note.instrument, note.pitch)

    def add(self, instrument: int, middle: float) -> int:
        """A new track for an instrument, which is to play around the pitch `middle`."""
        drums = instrument == DRUMS
        self._raw.tracks.append(TrackTick("drums" if drums else "", 0 if drums else instrument, drums))
        self._middles.append(middle)
        return len(self._middles) - 1


def instrument_of(track: TrackTick) -> int:
    """0 to 127, or 128 for drums."""
    return DRUMS if track.is_drum else int(track.program)


def _middle(track: TrackTick) -> float | None:
    """The mean pitch of a track."""
    return sum(note.pitch for note in track.notes) / len(track.notes) if len(track.notes) else None
