"""How music ends: whether it comes home, and how long it rests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import isnan
from statistics import fmean

from meloformer.model.chords import TEMPLATES
from meloformer.model.manner import Manner
from meloformer.model.score import Note, Score
from meloformer.model.telling import encode
from meloformer.model.vocabulary import CHORD_QUALITIES, DRUMS, TICKS_PER_QUARTER

LAST_TICKS = 12  # what sounds in the last eighth is the end


@dataclass(frozen=True, slots=True)
class Ending:
    """The mean over some ends of music; NaN where there were none.

    `bass`: the share whose lowest last note is the root of the key's own triad. `home`: the share of the last
    notes that belong to that triad. `rest`: beats from the last onset to the end.
    """

    bass: float
    home: float
    rest: float

    def as_json(self) -> dict[str, float | None]:
        """NaN as null."""
        return {name: None if isnan(value) else round(value, 4) for name, value in asdict(self).items()}


NONE = Ending(*3 * (float("nan"),))


def ending_of(pairs: Iterable[tuple[Score, Score]]) -> Ending:
    """How answers end, each after what was heard; those without a pitch, or to no clear key, do not count."""
    found = [one for heard, answer in pairs if (one := _ending(heard, answer)) is not None]
    return Ending(*map(fmean, zip(*found, strict=True))) if found else NONE


def _ending(heard: Score, answer: Score) -> tuple[float, float, float] | None:
    manner = Manner()
    manner.take(encode(heard))
    notes = [note for note in answer.notes if note.instrument != DRUMS]
    if manner.home is None or not notes:
        return None
    root, triad = manner.home // len(CHORD_QUALITIES), TEMPLATES[manner.home]
    last = _last(notes, answer.ticks)
    bass = float(min(note.pitch for note in last) % 12 == root)
    rest = (answer.ticks - max(note.onset for note in notes)) / TICKS_PER_QUARTER
    return bass, fmean(triad[note.pitch % 12] for note in last), rest


def _last(notes: list[Note], end: int) -> list[Note]:
    """The notes that sound at the end; where it is silent by then, those that sound latest."""
    latest = min(end, max(note.end for note in notes))
    return [note for note in notes if note.end >= latest - LAST_TICKS]
