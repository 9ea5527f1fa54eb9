"""Small tunes for tests of training, as scores and as folders of MIDI files: the same each time."""

from __future__ import annotations

import json
import random
from pathlib import Path

from meloformer.model import midi
from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.vocabulary import DRUMS

# Four bars of our own in four voices, a beat each: I, IV, V and back, with tenor and alto that meet once.
BEATS = [(72, 67, 64, 48), (72, 69, 65, 53), (74, 67, 59, 55), (72, 67, 64, 48)]
BEATS += [(76, 67, 60, 48), (77, 69, 60, 53), (76, 67, 60, 55), (74, 67, 59, 55)]
BEATS += [(72, 64, 57, 45), (74, 65, 57, 50), (74, 62, 62, 55), (71, 62, 55, 43)]
BEATS += [(72, 64, 55, 48), (71, 62, 55, 43), (72, 64, 55, 48), (72, 64, 55, 48)]
# The bass goes on to the next chord by an eighth, and the soprano is silent for a sixteenth before the end.
CHORALE = [
    (-1 if at == 59 else soprano, alto, tenor, bass + (2 if beat % 4 == 1 and at % 4 >= 2 else 0))
    for beat, (soprano, alto, tenor, bass) in enumerate(BEATS)
    for at in range(beat * 4, beat * 4 + 4)
]


def tune(seed: int, bars: int = 8) -> Score:
    """A bass, chords and drums that repeat with a little chance: something can be learnt from it."""
    rng = random.Random(seed)
    notes: list[Note] = []
    for bar in range(bars):
        at, root = bar * 96, 48 + rng.choice((0, 5, 7))
        notes += [Note(at + beat * 24, 33, root - 12, at + beat * 24 + 20, 20) for beat in range(4)]
        notes += [Note(at, 0, root + step, at + 90, 16) for step in (0, 4, 7)]
        notes += [Note(at + eighth * 12, DRUMS, 42, at + eighth * 12 + 6, 18) for eighth in range(8)]
    return Score((Meter(4, 4),) * bars, (TempoChange(0, 70),), tuple(sorted(notes)))


def write_tunes(folder: Path, count: int, first: int = 0, bars: int = 8) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        midi.write(tune(seed, bars), folder / f"tune{seed}.mid")


def write_chorales(path: Path, splits: dict[str, int]) -> Path:
    """A file as the public one of the chorales is, with so many in each split: ours, higher and higher."""
    made = {
        split: [
            [[pitch if pitch < 0 else pitch + up for pitch in step] for step in CHORALE]
            for up in range(count)
        ]
        for split, count in splits.items()
    }
    path.write_text(json.dumps(made), encoding="utf-8")
    return path
