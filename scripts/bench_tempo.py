"""How well the tempo of free playing is found: 8-beat phrases of human takes, and of scores played like one.

Of each collection only files that the estimator was not fitted to are read: those whose name hashes to an odd
number. A file whose notes lie off the grid was played by a human, and is heard as it was played. Any other is
a score, and is played here: every note early or late by chance, the tempo drifting from beat to beat.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from symusic.core import ScoreTick

from meloformer.bridge.beat_grid import Grid
from meloformer.bridge.beats import FASTEST_BPM, SLOWEST_BPM, Onset, estimate
from meloformer.model.midi import MidiError, read_raw

Record = dict[str, Any]

BEATS: Final = 8
SEED: Final = 1
TOLERANCE: Final = 0.04
SAME_BEAT: Final = 0.15  # beats are found where they are nearer than this, on average
SAME_LINE: Final = 0.25
ON_LINE: Final = 0.75  # so many phrases begin on a bar line, the others on any beat
FEWEST_ONSETS: Final = 6
LEAST_SPAN: Final = 5.0  # beats; what is shorter is no phrase of eight
JITTER_S: Final = (0.010, 0.020)  # standard deviation of a note's time, by phrase
DRIFT: Final = 0.01  # standard deviation of the step that a beat's length takes from beat to beat
EARLY: Final = 0.12  # a human may play so many beats before the first line
ON_GRID: Final = 1 / 24  # of a quarter note
OCTAVES: Final = (2.0, 0.5)
RATIOS: Final = (1.5, 2 / 3, 3.0, 1 / 3, 0.75, 4 / 3, 4.0, 0.25)


class Struck(NamedTuple):
    """A note of a file, in its beats."""

    beat: float
    pitch: int
    velocity: int
    is_drum: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A file as it is counted: a beat of 6/8, 9/8 and 12/8 is a dotted quarter, any other a quarter."""

    notes: tuple[Struck, ...]
    beats_per_bar: int
    bpm: float
    is_played: bool


@dataclass(frozen=True, slots=True)
class Phrase:
    """Onsets, and the truth: the seconds of beats 0 to 8, and the first of them that begins a bar."""

    onsets: tuple[Onset, ...]
    beats: tuple[float, ...]
    line: int
    beats_per_bar: int

    @property
    def bpm(self) -> float:
        return 60.0 * BEATS / (self.beats[-1] - self.beats[0])


class Found(NamedTuple):
    """How an estimate compares with the truth."""

    error: float  # of the tempo, as a share
    ratio: float  # of the tempi
    beat: bool
    line: bool
    confidence: float
    ms: float


def measure(folder: Path, most: int) -> Iterator[Record]:
    """One record for each collection (a folder in `folder`, or itself), of at most so many phrases."""
    collections = sorted(path for path in folder.iterdir() if path.is_dir()) or [folder]
    for collection in collections:
        for kind, found in found_in(collection, most).items():
            yield {
                "measure": "tempo of free playing",
                "collection": collection.name,
                "played": kind,
                **summary(found),
            }


def found_in(collection: Path, most: int) -> dict[str, list[Found]]:
    """What was found in a collection's phrases, by how they were played."""
    kinds: dict[str, list[Found]] = {}
    for _, (is_played, phrase) in zip(range(most), phrases_of(collection, is_unseen), strict=False):
        kinds.setdefault("as it is" if is_played else "with jitter and drift", []).append(compared(phrase))
    return kinds


def phrases_of(collection: Path, is_wanted: Callable[[str], bool]) -> Iterator[tuple[bool, Phrase]]:
    """Phrases of the files below a folder whose names are wanted, each with whether a human played it."""
    chance = random.Random(SEED)
    files = sorted(path for path in collection.rglob("*") if path.suffix.lower() in (".mid", ".midi"))
    chance.shuffle(files)
    for file in files:
        piece = piece_of(file) if is_wanted(file.name) else None
        if piece is not None:
            for phrase in cut(piece, chance):
                yield piece.is_played, phrase


def is_unseen(name: str) -> bool:
    """Whether a file was left out when the estimator was fitted."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 1


def piece_of(file: Path) -> Piece | None:
    """A file up to its first change of meter; None where its beat or its tempo is none that we look for."""
    try:
        raw = read_raw(file)
    except MidiError:
        return None
    per_quarter = raw.ticks_per_quarter
    meters = [(m.time / per_quarter, m.numerator, m.denominator) for m in raw.time_signatures]
    numerator, denominator = meters[0][1:] if meters else (4, 4)
    end = min((at for at, *meter in meters if meter != [numerator, denominator]), default=float("inf"))
    if denominator not in (2, 4) and (numerator, denominator) not in ((6, 8), (9, 8), (12, 8)):
        return None
    beat = 1.5 if denominator == 8 else 1.0
    bpm = (raw.tempos[0].qpm if raw.tempos else 120.0) / beat
    notes = notes_of(raw, beat, end)
    if not notes or not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        return None
    beats_per_bar = numerator // 3 if denominator == 8 else numerator * 4 // denominator
    on_grid = sum(is_on_grid(note.beat * beat) for note in notes)
    return Piece(notes, beats_per_bar, bpm, is_played=on_grid < len(notes) / 2)


def notes_of(raw: ScoreTick, beat: float, end: float) -> tuple[Struck, ...]:
    per_beat = raw.ticks_per_quarter * beat
    notes = [
        Struck(note.time / per_beat, note.pitch, note.velocity, track.is_drum)
        for track in raw.tracks
        for note in track.notes
        if note.time < end * raw.ticks_per_quarter
    ]
    return tuple(sorted(notes))


def is_on_grid(quarter: float) -> bool:
    steps = quarter / ON_GRID
    return abs(steps - round(steps)) < 0.1


def cut(piece: Piece, chance: random.Random) -> Iterator[Phrase]:
    """At most two phrases of a piece."""
    starts = range(max(1, int(piece.notes[-1].beat) - BEATS + 2))
    firsts = {start_in(starts, piece, chance) for _ in range(2)}
    for first in sorted(firsts):
        early = EARLY if piece.is_played else 0.001
        notes = [n for n in piece.notes if first - early <= n.beat < first + BEATS - early]
        if len(notes) >= FEWEST_ONSETS and notes[-1].beat - notes[0].beat >= LEAST_SPAN:
            yield phrase_of(piece, notes, first, chance)


def start_in(starts: range, piece: Piece, chance: random.Random) -> int:
    start = chance.choice(starts)
    return start - start % piece.beats_per_bar if chance.random() < ON_LINE else start


def phrase_of(piece: Piece, notes: Sequence[Struck], first: int, chance: random.Random) -> Phrase:
    """These notes as they were played, or as a human might play them."""
    period = 60.0 / piece.bpm
    grid, jitter = Grid(0, tuple(beat * period for beat in range(BEATS + 1))), 0.0
    if not piece.is_played:
        grid, jitter = drifting(period, chance), chance.uniform(*JITTER_S)
    times = [grid.seconds_at(note.beat - first) + chance.gauss(0.0, jitter) for note in notes]
    onsets = sorted(
        Onset(at, note.pitch, note.velocity, note.is_drum) for at, note in zip(times, notes, strict=True)
    )
    return Phrase(tuple(onsets), grid.seconds, -first % piece.beats_per_bar, piece.beats_per_bar)


def drifting(period: float, chance: random.Random, beats: int = BEATS) -> Grid:
    """So many beats, and the line behind them, at a tempo that walks at random."""
    seconds, drift = [0.0], 0.0
    for _ in range(beats):
        drift += chance.gauss(0.0, DRIFT)
        seconds.append(seconds[-1] + period * (1.0 + drift))
    return Grid(0, tuple(seconds))


def compared(phrase: Phrase) -> Found:
    """The estimate of a phrase, beside the truth."""
    began_s = time.thread_time()  # of a core: others may be at work beside it
    guess = estimate(phrase.onsets)
    ms = (time.thread_time() - began_s) * 1000
    if guess is None:
        return Found(1.0, 0.0, False, False, 0.0, ms)
    at = [guess.grid.beat_at(seconds) for seconds in phrase.beats]
    ratio = (at[-1] - at[0]) / BEATS
    right = abs(ratio - 1.0) < TOLERANCE
    beat = right and sum(abs(each - round(each)) for each in at) / len(at) < SAME_BEAT
    bar = guess.beats_per_bar
    into = at[phrase.line] % bar
    return Found(
        abs(ratio - 1.0), ratio, beat, beat and min(into, bar - into) < SAME_LINE, guess.confidence, ms
    )


def summary(found: Sequence[Found]) -> Record:
    """Shares of all phrases; `apart` leaves those out that are found an octave off."""

    def is_at(each: Found, ratios: Sequence[float]) -> bool:
        return any(abs(each.ratio / ratio - 1.0) < TOLERANCE for ratio in ratios)

    right = [each for each in found if each.error < TOLERANCE]
    octaves = sum(is_at(each, OCTAVES) for each in found)
    return {
        "phrases": len(found),
        "within_4_percent": share(len(right), len(found)),
        "octave_errors": share(octaves, len(found)),
        "within_4_percent_octaves_apart": share(len(right), len(found) - octaves),
        "other_ratios": share(sum(is_at(each, RATIOS) for each in found), len(found)),
        "beats_found": share(sum(each.beat for each in found), len(found)),
        "bar_lines_found": share(sum(each.line for each in found), len(found)),
        "median_error_percent": round(100 * median(each.error for each in right or found), 2),
        "mean_confidence": round(sum(each.confidence for each in found) / len(found), 3),
        "median_ms": round(median(each.ms for each in found), 2),
    }


def share(part: int, whole: int) -> float:
    return round(part / max(whole, 1), 3)
