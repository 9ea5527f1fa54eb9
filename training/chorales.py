"""JSB chorales at sixteenths: the user's own copy of the public file, as scores.

The file is JSON: {"train" | "valid" | "test": [chorale]}, a chorale is a list of sixteenths, and each of
these the MIDI pitches of soprano, alto, tenor and bass, with -1 (or NaN) where a voice is silent; fewer
pitches than four leave the lower voices silent. `Jsb16thSeparated.json` and `jsb-chorales-16th.json` are told
to be such files (github.com/czhuang/JSB-Chorales-dataset, the split of Boulanger-Lewandowski et al. 2012).

What the file does not say is chosen here, the same for every chorale. It does not tell a held note from a
repeated one: equal pitches in a row of one voice are one held note. It has no bar lines: the first
sixteenth begins a bar of 4/4, upbeat or not. Tempo and loudness stay at one value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from meloformer.model.layout import TOLD_BARS
from meloformer.model.score import DEFAULT_BPM, Meter, Note, Score, TempoChange, tempo_step, velocity_bin
from meloformer.model.vocabulary import TICKS_PER_QUARTER
from meloformer.training.errors import ChoraleError

SPLITS: Final = ("train", "valid", "test")
# Violin, viola, cello, double bass: each voice has its own, so that voices may cross and share a pitch and
# nothing is lost; in this order, so that a moment is told from the soprano down.
PROGRAMS: Final = (40, 41, 42, 43)
COMMON: Final = Meter(4, 4)
SIXTEENTH: Final = TICKS_PER_QUARTER // 4  # in ticks
SIXTEENTHS_PER_BAR: Final = COMMON.ticks // SIXTEENTH
MOST_SIXTEENTHS: Final = TOLD_BARS * SIXTEENTHS_PER_BAR  # of a longer one no model sees the beginning
LOUDNESS: Final = velocity_bin(80)
SILENT: Final = -1

Step = tuple[int, ...]
"""The pitches of the four voices in one sixteenth, or SILENT."""


@dataclass(frozen=True, slots=True)
class Chorale:
    """One chorale; `sixteenths` is how long it is, `score` has whole bars and may end in silence."""

    sixteenths: int
    score: Score

    @property
    def notes(self) -> int:
        """Struck notes: a held one counts once."""
        return len(self.score.notes)

    @property
    def frames(self) -> int:
        """Sounding cells of the grid: a voice in a sixteenth counts one, struck or held; silence none."""
        return sum(note.end - note.onset for note in self.score.notes) // SIXTEENTH


def read(path: Path) -> dict[str, list[Chorale]]:
    """The chorales of each split that the file has; raises ChoraleError for any other file."""
    if path.suffix.lower() != ".json":
        raise ChoraleError(
            f"{path}: only .json is read, for a pickle (.pkl, .npz) can run anything as it is opened; "
            "take Jsb16thSeparated.json of the same collection"
        )
    try:
        said = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ChoraleError(f"{path} is no JSON ({error}); get the file anew") from None
    splits = [name for name in SPLITS if isinstance(said, dict) and name in said]
    if not splits:
        raise ChoraleError(f"{path} has none of {', '.join(SPLITS)}; each is a list of chorales")
    return {name: list(_chorales(said[name], f"{path}: {name}")) for name in splits}


def chorale(steps: Sequence[Step]) -> Chorale:
    """Sixteenths of four voices as a score."""
    notes = tuple(sorted(note for voice in range(len(PROGRAMS)) for note in _notes(steps, voice)))
    bars = -(-len(steps) // SIXTEENTHS_PER_BAR)
    return Chorale(len(steps), Score((COMMON,) * bars, (TempoChange(0, tempo_step(DEFAULT_BPM)),), notes))


def _notes(steps: Sequence[Step], voice: int) -> Iterator[Note]:
    """Equal pitches in a row are one note."""
    at = 0
    for pitch, run in groupby(step[voice] for step in steps):
        stop = at + sum(1 for _ in run)
        if pitch != SILENT:
            yield Note(at * SIXTEENTH, PROGRAMS[voice], pitch, stop * SIXTEENTH, LOUDNESS)
        at = stop


def _chorales(said: Any, where: str) -> Iterator[Chorale]:
    """`where` says in each error what was being read; chorales and sixteenths are counted from 1."""
    if not isinstance(said, list) or not said:
        raise ChoraleError(f"{where} is no list of chorales; get the file anew")
    for number, steps in enumerate(said, 1):
        here = f"{where}, chorale {number}"
        if not isinstance(steps, list) or not 0 < len(steps) <= MOST_SIXTEENTHS:
            raise ChoraleError(f"{here} is no list of 1 to {MOST_SIXTEENTHS} sixteenths; leave it out")
        yield chorale([_step(step, f"{here}, sixteenth {at}") for at, step in enumerate(steps, 1)])


def _step(said: Any, where: str) -> Step:
    voices = len(PROGRAMS)
    if not isinstance(said, list) or len(said) > voices:
        raise ChoraleError(f"{where} is no list of up to {voices} pitches; take a file of four-part chorales")
    return tuple(_pitch(one, where) for one in said) + (SILENT,) * (voices - len(said))


def _pitch(said: Any, where: str) -> int:
    """Some copies write pitches as 63.0, and silence as NaN."""
    if type(said) in (int, float):
        if said == SILENT or math.isnan(said):
            return SILENT
        if 0 <= said <= 127 and said == int(said):
            return int(said)
    raise ChoraleError(f"{where}: {said!r} is no pitch; write 0 to 127, or {SILENT} for silence")
