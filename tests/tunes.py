"""Small tunes for tests of training, as scores and as folders of MIDI files: the same each time."""

from __future__ import annotations

import random
from pathlib import Path

from meloformer.model import midi
from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.vocabulary import DRUMS


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
