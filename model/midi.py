"""MIDI files to scores on the grid, and back, through symusic.

What reading normalises is said in NORMALISATIONS, and nothing else is changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from symusic.core import NoteTick, ScoreTick, TempoTick, TimeSignatureTick, TrackTick

from meloformer.model.score import (
    DEFAULT_BPM,
    DRUM_TICKS,
    Meter,
    Note,
    Score,
    TempoChange,
    bpm_of,
    tempo_step,
    velocity_of,
)
from meloformer.model.vocabulary import (
    DENOMINATORS,
    DRUMS,
    MAX_BAR_TICKS,
    NUMERATORS,
    TICKS_PER_QUARTER,
    VELOCITIES,
)

NORMALISATIONS = (
    "notes, meters, tempi, programs and the sustain pedal are read, and nothing else",
    "where none is written, the meter is 4/4, the tempo 120 and the program 0",
    "time goes to the nearest 1/24 quarter inside its bar, and a note is at least one such tick long",
    "velocity goes to 32 bins, tempo to 24 steps an octave; a tempo that changes nothing or is 0 is left out",
    "the sustain pedal extends releases; a note that never ends in the file is left out",
    "tracks of one program become one part, in which a pitch that is struck again ends there; "
    "of several equal onsets the longest stays",
    "drums have no length",
    "a meter change inside a bar ends that bar; less than half a 32nd before it is no bar",
    "a bar longer than 16 quarters is split, and a meter that has no tokens becomes the nearest that has",
    "the piece ends with the bar in which its last note ends",
)

FILE_TICKS_PER_QUARTER = 480
MAX_BARS = 20_000  # a hostile file may claim millions of empty bars
FURTHEST_HEADER = 64  # where a RIFF wrapper stands around the MIDI data, the header comes behind its own
SHORTEST_BAR_TICKS = 3  # a 32nd is the smallest unit that a meter can say
LONGEST_NOTE_TICKS = 2**31 - 1

Ints = NDArray[np.int64]


class MidiError(ValueError):
    """A MIDI file cannot be read; the message names the file, the reason and the way out."""


@dataclass(frozen=True, slots=True)
class FileBar:
    """A bar of the file: where it starts and how long it is in file ticks, and its meter on the grid."""

    start: int
    length: Fraction
    meter: Meter


def read(path: Path) -> Score:
    """A MIDI file as a score on the grid. Raises MidiError for what is no MIDI file, or holds no notes."""
    return from_symusic(read_raw(path), str(path))


def read_raw(path: Path) -> ScoreTick:
    """The file as symusic reads it, in its own ticks. Raises MidiError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MidiError(f"{path}: {error.strerror or error}; check the path") from None
    return parse(data, str(path))


def parse(data: bytes, name: str) -> ScoreTick:
    """The bytes of a MIDI file as symusic reads them; `name` is what errors call it. Raises MidiError."""
    if (start := data.find(b"MThd", 0, FURTHEST_HEADER)) < 0:
        raise MidiError(f"{name}: this is no MIDI file (it does not begin with MThd); export it as .mid")
    try:
        raw = ScoreTick.from_midi(data[start:])
    except Exception as error:  # symusic raises many kinds, all of which mean the same to a user
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MidiError(f"{name}: the MIDI data is damaged ({reason}); export the file again") from None
    if raw.ticks_per_quarter <= 0:
        raise MidiError(f"{name}: a quarter note has no ticks in it; export the file again")
    return raw


def from_symusic(raw: ScoreTick, name: str = "score") -> Score:
    """A symusic score in file ticks, put on the grid. Raises MidiError for no notes and for endless bars."""
    bars = file_bars(raw, name)
    grid = Grid(bars, raw.ticks_per_quarter)
    notes = _notes(raw, grid)
    if not notes:
        raise MidiError(f"{name}: there are no notes in it; choose a file that has some")
    meters = [bar.meter for bar in bars]
    while notes[-1].onset >= grid.ticks + sum(meter.ticks for meter in meters[len(bars) :]):
        meters.append(meters[-1])  # the last note was rounded up to the bar line
    end = sum(meter.ticks for meter in meters)
    cut = tuple(n if n.end <= end or n.instrument == DRUMS else n._replace(end=end) for n in notes)
    return Score(tuple(meters), tuple(_tempos(raw, grid)), cut)


def file_bars(raw: ScoreTick, name: str = "score") -> list[FileBar]:
    """The bars of a file, up to the last note's end; a meter change in mid-bar begins a new bar."""
    end = max((_end(track) for track in raw.tracks if len(track.notes)), default=0)
    changes = {0: (4, 4)} | {
        int(c.time): (int(c.numerator), int(c.denominator))
        for c in sorted(raw.time_signatures, key=lambda c: c.time)
        if c.numerator > 0 and c.denominator > 0
    }
    starts = sorted(time for time in changes if time < end or time == 0)
    bars: list[FileBar] = []
    for start, stop in zip(starts, [*starts[1:], max(end, 1)], strict=True):
        last = stop == max(end, 1)
        _fill(bars, start, stop, changes[start], raw.ticks_per_quarter, whole=last)
        if len(bars) > MAX_BARS:
            raise MidiError(f"{name}: it has more than {MAX_BARS} bars; cut it into pieces")
    return bars


def _end(track: TrackTick) -> int:
    """File ticks up to which a track sounds; drums have no length."""
    soa = track.notes.numpy()
    if track.is_drum:
        return int(soa["time"].max()) + 1
    return int(_pedalled(track, soa["time"].astype(np.int64) + soa["duration"]).max())


def _fill(bars: list[FileBar], start: int, stop: int, meter: tuple[int, int], tpq: int, whole: bool) -> None:
    """Bars of one meter from `start` to `stop`; the last is kept `whole` or cut at `stop`."""
    length = Fraction(4 * tpq * meter[0], meter[1])
    pieces = _encodable(length / tpq * TICKS_PER_QUARTER, meter)
    tick = length / sum(piece.ticks for piece in pieces)
    at = Fraction(start)
    while at < stop and len(bars) <= MAX_BARS:
        if not whole and at + length > stop:
            left = (stop - at) / tpq * TICKS_PER_QUARTER
            pieces = _encodable(left) if left >= SHORTEST_BAR_TICKS / 2 else []
        inside = at
        for piece in pieces:
            bars.append(FileBar(round(inside), tick * piece.ticks, piece))
            inside += tick * piece.ticks
        at += length


def _encodable(ticks: Fraction, meter: tuple[int, int] = (0, 0)) -> list[Meter]:
    """A bar of so many grid ticks as one meter that has tokens, or several where it is too long."""
    written = Meter(*meter)
    if meter[0] and written.is_encodable:
        return [written]
    left = max(round(ticks / SHORTEST_BAR_TICKS), 1) * SHORTEST_BAR_TICKS
    pieces = []
    while left > MAX_BAR_TICKS:
        pieces.append(_meter_of(MAX_BAR_TICKS))
        left -= MAX_BAR_TICKS
    return [*pieces, _meter_of(left)]


def _meter_of(ticks: int) -> Meter:
    """The meter with the largest unit up to a quarter that is so many ticks long, or the nearest below."""
    for denominator in (d for d in DENOMINATORS if d >= 4):
        unit = 4 * TICKS_PER_QUARTER // denominator
        if ticks % unit == 0 and ticks // unit <= NUMERATORS:
            return Meter(ticks // unit, denominator)
    return _meter_of(ticks // 6 * 6 if ticks % 6 else ticks // 12 * 12)


class Grid:
    """Maps file ticks to grid ticks, bar by bar, so that bar lines fall on bar lines."""

    def __init__(self, bars: list[FileBar], ticks_per_quarter: int) -> None:
        self.per_quarter = ticks_per_quarter
        self.file_starts: Ints = np.array([bar.start for bar in bars], dtype=np.int64)
        lengths: Ints = np.array([bar.meter.ticks for bar in bars], dtype=np.int64)
        self.starts: Ints = np.concatenate([[0], np.cumsum(lengths)])
        self.ticks = int(self.starts[-1])

    def __call__(self, times: Ints) -> Ints:
        """File ticks to the nearest grid ticks, inside their bar."""
        bar = np.maximum(np.searchsorted(self.file_starts, times, side="right") - 1, 0)
        inside = np.maximum(times - self.file_starts[bar], 0) * TICKS_PER_QUARTER / self.per_quarter
        ticks = self.starts[bar] + np.floor(inside + 0.5).astype(np.int64)
        nearest: Ints = np.minimum(ticks, self.starts[bar + 1])
        return nearest


def _notes(raw: ScoreTick, grid: Grid) -> list[Note]:
    columns = [_columns(track, grid) for track in raw.tracks if len(track.notes)]
    if not columns:
        return []
    table = np.concatenate(columns)
    order = np.lexsort((-table[:, 4], -table[:, 3], table[:, 0], table[:, 2], table[:, 1]))
    return sorted(_one_at_a_time(map(Note._make, table[order].tolist())))


def _columns(track: TrackTick, grid: Grid) -> Ints:
    """A track's notes as rows of (onset, instrument, pitch, end, velocity bin)."""
    soa = track.notes.numpy()
    time, duration, pitch, velocity = (
        soa[name].astype(np.int64) for name in ("time", "duration", "pitch", "velocity")
    )
    keep = (velocity > 0) & (duration >= 0) & (time >= 0) & (duration < LONGEST_NOTE_TICKS)
    end = time + duration
    onset, instrument = grid(time), np.full_like(time, DRUMS if track.is_drum else track.program)
    off = onset + DRUM_TICKS if track.is_drum else np.maximum(grid(_pedalled(track, end)), onset + 1)
    rows: Ints = np.stack([onset, instrument, pitch, off, velocity * VELOCITIES // 128], axis=1)
    kept: Ints = rows[keep & (pitch >= 0) & (pitch < 128)]
    return kept


def _pedalled(track: TrackTick, end: Ints) -> Ints:
    """Ends of notes, put off to the release of a sustain pedal that is down at them."""
    if not len(track.pedals):
        return end
    down = np.array([int(p.time) for p in track.pedals], dtype=np.int64)
    up = down + np.array([int(p.duration) for p in track.pedals], dtype=np.int64)
    pedal = np.searchsorted(down, end, side="right") - 1
    held = (pedal >= 0) & (end < up[pedal])
    return np.where(held, up[pedal], end)


def _one_at_a_time(notes: Iterable[Note]) -> list[Note]:
    """Notes sorted by instrument, pitch and onset, the longest first: end each where the next begins."""
    kept: list[Note] = []
    last = Note(-1, -1, -1, -1, -1)
    for note in notes:
        if last.pitch == note.pitch and last.instrument == note.instrument:
            if last.onset == note.onset:
                continue
            if last.end > note.onset and note.instrument != DRUMS:
                kept[-1] = last._replace(end=note.onset)
        kept.append(note)
        last = note
    return kept


def _tempos(raw: ScoreTick, grid: Grid) -> list[TempoChange]:
    steps = {0: tempo_step(DEFAULT_BPM)}
    for tempo in sorted(raw.tempos, key=lambda t: t.time):
        tick = int(grid(np.array([int(tempo.time)]))[0])
        if tick < grid.ticks and 0 < tempo.qpm < math.inf:
            steps[tick] = tempo_step(tempo.qpm)
    changes = [TempoChange(0, steps[0])]
    for tick in sorted(steps):
        if steps[tick] != changes[-1].step:
            changes.append(TempoChange(tick, steps[tick]))
    return changes


def to_symusic(score: Score) -> ScoreTick:
    """A score as symusic's own, one track per instrument, 480 ticks per quarter."""
    scale = FILE_TICKS_PER_QUARTER // TICKS_PER_QUARTER
    raw = ScoreTick(FILE_TICKS_PER_QUARTER)
    for index, meter in enumerate(score.meters):
        if index == 0 or meter != score.meters[index - 1]:
            time = score.bar_starts[index] * scale
            raw.time_signatures.append(TimeSignatureTick(time, meter.numerator, meter.denominator))
    for tick, step in score.tempos:
        raw.tempos.append(TempoTick(tick * scale, bpm_of(step)))
    for instrument in score.instruments():
        track = TrackTick("drums" if instrument == DRUMS else "", instrument % DRUMS, instrument == DRUMS)
        for onset, _, pitch, end, velocity in (n for n in score.notes if n.instrument == instrument):
            note = NoteTick(onset * scale, (end - onset) * scale, pitch, velocity_of(velocity))
            track.notes.append(note)
        raw.tracks.append(track)
    return raw


def write(score: Score, path: Path) -> None:
    """Write a score as a standard MIDI file, type 1."""
    path.write_bytes(to_symusic(score).dumps_midi())
